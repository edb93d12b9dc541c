/*
 * fts_maintain.h -- changes of the set of segments; for the store only.
 *
 * One process at a time is the maintainer of an index: it makes segments, merges
 * them, and clears live bits.  Readers and inserters do not wait for it.
 */
#pragma once

#include "fts/fts.h"

void		mv_fts_maintain_begin(Relation index);
bool		mv_fts_maintain_try(Relation index);
void		mv_fts_maintain_end(Relation index);

/* ---- the maintainer's ---- */

/* Make a segment of all that waits. */
void		mv_fts_flush(Relation index, Relation heap);

/*
 * mv_fts_merge_some -- merge segments of about the same size, if there are many.
 *
 * max_docs		merge no more documents at once
 */
void		mv_fts_merge_some(Relation index, Relation heap, double max_docs);

/* Merge those segments that have too many dead documents, or, if wanted, all. */
void		mv_fts_merge_dead(Relation index, Relation heap, bool all);

/* Mark a page that nothing leads to; no lock is held. */
void		mv_fts_delete_page(Relation index, BlockNumber block);

/* Pending pages at which an inserter makes a segment. */
#define MV_FTS_PENDING_LIMIT 64
