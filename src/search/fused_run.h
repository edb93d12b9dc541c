/*
 * fused_run.h -- the node Fused Scan at run time: what its parts know of each other.
 *
 *	fused_scan.c	the node: reads legs, asks for the order of rows, hands them out
 *	fused_leg.c		legs: rows in the order of a value, to a depth
 *	fused_rank.c	the order of rows: their scores, and what unread rows may have
 *	fused_ranker.c	rankers: what a leg gives to a row
 */
#pragma once

#include "nodes/execnodes.h"
#include "utils/hsearch.h"

#include "search/filter.h"
#include "search/fused.h"
#include "search/fused_group.h"

/* What a row is known by: partitions number theirs from the beginning. */
typedef struct MvRowId
{
	Oid			table;
	ItemPointerData tid;
} MvRowId;

/* Without what may follow for alignment. */
#define MV_ROW_ID_SIZE (offsetof(MvRowId, tid) + sizeof(ItemPointerData))

static inline int
mv_row_id_compare(MvRowId *a, MvRowId *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	return ItemPointerCompare(&a->tid, &b->tid);
}

/*
 * A row that some leg has returned.  The less its score the better; of a row that
 * is not complete it is the least that it can be.
 */
typedef struct MvFusedRow
{
	MvRowId		id;				/* the key */
	bool		returned;		/* by the node */
	bool		complete;		/* the score is final, as far as the legs were read */
	bool		isnull;			/* it has none */
	double		score;
	double		fused;			/* what the ranker says */
	MinimalTuple tuple;			/* of the leg that it came from first */
	uint32		known;			/* values: of legs that rank it, or looked up; a bit each */
	uint32		nulls;			/* of these */
	uint32		asked;			/* legs whose index was asked for the value */
	uint32		told;			/* of these, the ones that knew it: no text need be analysed */
	double		values[MV_MAX_LEGS];	/* that are known, or were told */
} MvFusedRow;

typedef struct MvLegRow
{
	double		value;
	MvFusedRow *row;
} MvLegRow;

typedef struct MvLeg
{
	const MvFusedLeg *plan;
	int			number;
	PlanState  *state;
	ExprState  *missing;
	ExprState  *lookup;			/* NULL: the same */
	ExprState  *operand;
	ExprState  *query;
	ExprState  *depth;

	bool		no_query;		/* that is NULL, and so are all values */
	double		limit;			/* its own depth; INFINITY: it has none */
	double		weight;
	double		shift;			/* points are (shift - value) * scale, where norms say so */
	double		scale;
	double		absent;			/* what it gives to a row that it does not rank */
	MvLegRow   *rows;			/* [n], in order */
	int			n;
	int			max;			/* allocated */
	bool		ended;			/* there are no more */
} MvLeg;

typedef struct MvFusedScan MvFusedScan;

/*
 * A ranker: a row's score is - sum over the legs of what they give to it.  Those of
 * places give for ranks among the rows that were read.  Those of values give for the
 * value alone, which is computed for a row that the leg has not returned.
 */
typedef struct MvRanker
{
	bool		by_value;
	bool		needs_all;		/* a row without a value of some leg has no score */
	bool		deepens;		/* ranks go on beyond the first depth */

	/* The legs have been read to another depth; may be NULL. */
	void		(*prepare) (MvFusedScan *scan);
	/* What the leg gives; rank counts from 1. */
	double		(*points) (const MvFusedScan *scan, const MvLeg *leg, int rank, double value);
	/* The most that it may give once it is read on, above what `absent` gives; NULL: nothing. */
	double		(*unread) (const MvFusedScan *scan, const MvLeg *leg);
} MvRanker;

struct MvFusedScan
{
	CustomScanState css;
	MvFusedPlan plan;
	MvLeg		legs[MV_MAX_LEGS];
	PlanState  *rest;			/* returns all rows */
	MvTidFilter *filters;		/* bitmaps that legs share */
	List	   *params;			/* of ExprState */
	List	   *limit;			/* of ExprState */
	ExprState  *score;			/* or NULL */
	ExprState  *bounds;			/* or NULL */
	MvGroups   *groups;			/* or NULL */
	TupleTableSlot *columns;	/* what a leg returns, for tuples kept */

	MemoryContext context;		/* of what follows, a run's */
	HTAB	   *rows;			/* MvFusedRow by id; NULL: not begun */
	const MvRanker *ranker;
	double		k;
	bool		monotone;		/* no factor is negative or NULL */
	double		batch;			/* rows to be ranked at once */
	double		depth;
	MvFusedRow **ranked;		/* [nranked], not yet returned, best first */
	int			nranked;
	int			next;			/* of them, to be returned */
	int			left;			/* rows that are neither returned nor in there */
	bool		proven;			/* nothing unread can change the rows wanted */
	bool		nulls;			/* rows without a score are being returned, the others were */
	bool		has_nulls;		/* there are some */
	uint64		computed;		/* values, from rows, for EXPLAIN ANALYZE */
	uint64		told;			/* and from indexes */
};

/* ---- fused_scan.c ---- */

/*
 * mv_fused_load -- the columns of the table into the node's slot; its other columns
 * are NULL.  They last as long as what `columns` holds.
 */
void		mv_fused_load(MvFusedScan *scan, TupleTableSlot *columns);

/* ---- fused_leg.c ---- */

void		mv_leg_begin(MvFusedScan *scan, int number, EState *estate, int eflags);

/* A run begins: depth and ranker are known, nothing has been read. */
void		mv_leg_start(MvFusedScan *scan, MvLeg *leg);

/* Read on to the scan's depth and sort. */
void		mv_leg_read(MvFusedScan *scan, MvLeg *leg);

/* How many of its rows it ranks. */
int			mv_leg_ranks(const MvFusedScan *scan, const MvLeg *leg);

/* Will it rank no more rows, however deep it is read? */
bool		mv_leg_is_read(const MvFusedScan *scan, const MvLeg *leg);

/* Find the value of a row that it does not rank; the row is in the node's slot. */
void		mv_leg_look_up(MvFusedScan *scan, const MvLeg *leg, MvFusedRow *row);

/*
 * mv_leg_value -- the value of a row as a query selects it, whatever the leg's own condition;
 * the row is in the node's slot.
 */
Datum		mv_leg_value(MvFusedScan *scan, const MvLeg *leg, MvFusedRow *row, bool *isnull);

void		mv_leg_forget(MvLeg *leg);

/* The entry of a slot's row, made if it is new; or NULL if it is not to be made. */
MvFusedRow *mv_leg_row(MvFusedScan *scan, TupleTableSlot *slot, bool make);

/* ---- fused_rank.c ---- */

/* Will no leg rank more rows? */
bool		mv_fused_all_read(const MvFusedScan *scan);

/* Must legs be read on until the rows wanted are proven? */
bool		mv_fused_must_prove(const MvFusedScan *scan);

/* Put the best of the rows that were not returned into scan->ranked; see what is proven. */
void		mv_fused_rank(MvFusedScan *scan);

/* The score of a row that no leg ranks, all being read; the row is in the node's slot. */
void		mv_fused_rank_other(MvFusedScan *scan, MvFusedRow *row);

/* ---- fused_ranker.c ---- */

/* Evaluate the ranker's parameters and choose it; 22023 if they make no sense. */
void		mv_ranker_start(MvFusedScan *scan);
