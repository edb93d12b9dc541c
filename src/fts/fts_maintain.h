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

/* ---- a change of the meta page: fts_maintain.c ---- */

/* Locks the page; what the change is about besides it is locked after it. */
MvFtsMeta  *mv_fts_change_meta(MvChange *change, Relation index);

/* Commit, and let go of all pages of the change. */
void		mv_fts_end_change(MvChange *change);

/* ---- pages of no more use: fts_retire.c ---- */

/* Pages that a change of the meta page takes out of use. */
typedef struct MvFtsRetired
{
	Relation	index;
	uint32		n,
				allocated;
	BlockNumber *blocks;		/* [n] */
	BlockNumber first,			/* lists of them, to which nothing leads yet */
				last;
} MvFtsRetired;

void		mv_fts_retire_segment(MvFtsRetired *retired, MvFtsSegmentStore *store);

/* Of pending documents, or of a long one. */
void		mv_fts_retire_chain(MvFtsRetired *retired, BlockNumber block, MvPageKind kind);

/* Write the lists, and then, in the change that takes the pages out of use, link them. */
void		mv_fts_retire_write(MvFtsRetired *retired, Relation heap);
void		mv_fts_retire_link(const MvFtsRetired *retired, MvChange *change, MvFtsMeta *meta);

/*
 * mv_fts_release -- make pages free that no scan uses any more.
 *
 * Those that this transaction retires can be released when it is over.
 */
void		mv_fts_release(Relation index, Relation heap);

/*
 * mv_fts_retired_here -- for transactions that may have no number.
 *
 * Retired pages wait for a transaction that was not over.  If the index has some, this
 * one takes a number when it commits, so that it is the one.
 */
void		mv_fts_retired_here(Relation index);

/* Mark a page that nothing leads to; no lock is held. */
void		mv_fts_delete_page(Relation index, BlockNumber block, FullTransactionId xid);

/* Pending pages at which an inserter makes a segment. */
#define MV_FTS_PENDING_LIMIT 64
