/*
 * fetch.h -- rows of the table by TID, for what an index has not kept itself.
 */
#pragma once

#include "utils/snapshot.h"

#include "index/metric.h"

typedef struct MvFetch MvFetch;

/*
 * mv_fetch_begin -- a reader of an index's rows, in the current context.
 *
 * The relations and the snapshot must outlive it; a page of the table stays
 * pinned between calls.
 */
MvFetch    *mv_fetch_begin(Relation index, Relation heap, Snapshot snapshot);

/* mv_fetch_ahead -- the row of this TID is wanted soon. */
void		mv_fetch_ahead(MvFetch *fetch, const ItemPointerData *tid);

/*
 * mv_fetch_distance -- what the index's operator gives for a row and the query.
 *
 * tid		as the index has it: the root of a HOT chain
 * query	of the column's type
 * returns	false if the snapshot sees no such row, or its key is NULL
 */
bool		mv_fetch_distance(MvFetch *fetch, const ItemPointerData *tid, Datum query,
							  double *distance);

/* mv_fetch_end -- gives up the pin and the memory. */
void		mv_fetch_end(MvFetch *fetch);
