/*
 * fts_maintain.h -- changes of the set of segments; for the store only.
 *
 * One process at a time makes a segment of what waits (MV_FTS_FLUSHING), and one merges
 * segments (MV_FTS_MERGING): each in the other's time.  Who has both, as when live
 * bits are cleared, finds all documents where they were.  Readers and inserters do not
 * wait for either.
 */
#pragma once

#include "fts/fts.h"

/* Heavyweight locks on pages of the index, taken in this order. */
typedef enum MvFtsWork
{
	MV_FTS_MERGING,
	MV_FTS_FLUSHING
} MvFtsWork;

void		mv_fts_work_begin(Relation index, MvFtsWork work);
bool		mv_fts_work_try(Relation index, MvFtsWork work);
void		mv_fts_work_end(Relation index, MvFtsWork work);

/* Both. */
void		mv_fts_maintain_begin(Relation index);
void		mv_fts_maintain_end(Relation index);

/*
 * mv_fts_flush -- make a segment of all that waits.  For who is flushing.
 *
 * False if there are too many segments: nothing has happened, first they must be merged.
 */
bool		mv_fts_flush(Relation index, Relation heap);

/* ---- for who is merging ---- */

/*
 * mv_fts_merge_some -- merge segments of about the same size, if there are many.
 *
 * max_docs		merge no more documents at once
 */
void		mv_fts_merge_some(Relation index, Relation heap, double max_docs);
#define MV_FTS_ALL_DOCS 1e300

/* Merge those segments that have too many dead documents, or, if wanted, all. */
void		mv_fts_merge_dead(Relation index, Relation heap, bool all);

/* ---- an inserter's ---- */

/* Flush, if nobody else does, and see to it that segments are merged. */
void		mv_fts_maintain_some(Relation index, Relation heap);

/* Have a background worker merge; false if there can be none.  fts_worker.c */
bool		mv_fts_start_worker(Relation index);

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
