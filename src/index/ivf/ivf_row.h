/*
 * ivf_row.h -- rows by id, to be ranked.
 */
#pragma once

#include "core/topk.h"
#include "index/fetch.h"
#include "index/ivf/ivf.h"

/* For one query at a time. */
typedef struct MvIvfRowReader
{
	/* Set by the owner, once. */
	Relation	index;
	Relation	heap;
	Snapshot	snapshot;
	MemoryContext context;		/* of what lives as long as the reader */

	MvFetch    *fetch;			/* once a row of the table was wanted, or NULL */
	const MvIvf *ivf;
	MvIvfIds	ids;
	MvIvfRanker ranker;
	Datum		value;			/* the query, of the column's type; 0: NULL */
	void	   *vector;			/* [dim], of several pages */
} MvIvfRowReader;

/* For that version of the index, until the next call.  Allocates in the current context. */
void		mv_ivf_rows_begin(MvIvfRowReader *r, const MvIvf *ivf);

/* A query, float[dim], and as it is. */
void		mv_ivf_rows_start(MvIvfRowReader *r, const float *query, Datum value);

/* Gives up what the table's reader holds. */
void		mv_ivf_rows_end(MvIvfRowReader *r);

/* A row whose distance is wanted, and where its vector is. */
typedef struct MvIvfRow
{
	uint32		id;
	float		bound;			/* of its code */
	ItemPointerData tid;		/* for the table's vector */
	BlockNumber block;
	int			offset;
} MvIvfRow;

/*
 * mv_ivf_row_find -- look up a candidate.
 *
 * False: its row is gone; of stored vectors that is seen when the row is to be returned.
 */
bool		mv_ivf_row_find(MvIvfRowReader *r, const MvNeighbor *candidate, MvIvfRow *row);

/* mv_ivf_rows_ahead -- have the processor fetch the vectors of n rows, which are ranked next. */
void		mv_ivf_rows_ahead(const MvIvfRowReader *r, const MvIvfRow *rows, int n);

/*
 * mv_ivf_row_rank -- what a row is ranked by.
 *
 * A value not above its distance, comparable with bounds, or its code's bound, where
 * nothing else is known.  False: there is no such row.
 */
bool		mv_ivf_row_rank(MvIvfRowReader *r, const MvIvfRow *row, float *dist);

/* mv_ivf_row_tid -- the TID of an id; false if its row is gone. */
bool		mv_ivf_row_tid(MvIvfRowReader *r, uint32 id, ItemPointer tid);
