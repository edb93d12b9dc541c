/*
 * tidset.h -- a set of rows of a table, by TID: what a bitmap scan of other indexes
 * leaves.
 *
 * Made once, then only asked.  Some pages are in it as a whole, because the bitmap
 * did not know their rows any more, or not for certain.
 */
#pragma once

#include "storage/itemptr.h"

typedef struct MvTidSet MvTidSet;

/* mv_tid_set_create -- an empty set for a table of so many blocks, in the current context. */
MvTidSet   *mv_tid_set_create(BlockNumber nblocks);

/*
 * mv_tid_set_add -- the members of a page; pages come in ascending order, each once.
 * Pages from nblocks on are ignored: they are newer than the scan.
 *
 * offsets	[n]; n < 0: all rows of the page
 * recheck	they have to be checked again
 */
void		mv_tid_set_add(MvTidSet *set, BlockNumber block, const OffsetNumber *offsets, int n,
						   bool recheck);

/* mv_tid_set_has -- is it a member?  recheck: out, if it is; may be NULL. */
bool		mv_tid_set_has(const MvTidSet *set, const ItemPointerData *tid, bool *recheck);

/* Members that were added one by one, and pages that were as a whole. */
double		mv_tid_set_members(const MvTidSet *set);
BlockNumber mv_tid_set_whole_pages(const MvTidSet *set);

void		mv_tid_set_free(MvTidSet *set);
