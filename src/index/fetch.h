/*
 * fetch.h -- rows of the table by TID, for what an index has not kept itself.
 */
#pragma once

#include "utils/snapshot.h"

#include "index/metric.h"

typedef struct MvFetch MvFetch;

/*
 * mv_fetch_begin -- a reader of the index's keys, in the current context.
 *
 * The relations and the snapshot must outlive it; a page of the table stays
 * pinned between calls.
 */
MvFetch    *mv_fetch_begin(Relation index, Relation heap, Snapshot snapshot);

/* mv_fetch_ahead -- the row of this TID is wanted soon. */
void		mv_fetch_ahead(MvFetch *fetch, const ItemPointerData *tid);

/*
 * mv_fetch_key -- the key of a row, float[dim] as of mv_index_key().
 *
 * tid		as the index has it: the root of a HOT chain
 * returns	false if the snapshot sees no such row, or it has no key
 */
bool		mv_fetch_key(MvFetch *fetch, const ItemPointerData *tid, float *x);

/* mv_fetch_end -- gives up the pin and the memory. */
void		mv_fetch_end(MvFetch *fetch);
