/*
 * tidset.h -- a set of rows of a table, by TID: what a bitmap scan of other indexes
 * leaves.
 *
 * Made once, then only asked.  Some pages are in it as a whole, because the bitmap
 * did not know their rows any more, or not for certain.
 */
#pragma once

#include "storage/itemptr.h"

/*
 * A bit for each row, found without a branch: all rows of an index may be asked about.
 * Blocks of the table come in chunks, and those without members share one chunk of bits,
 * the first.  So few members take little memory, and many a bit for each row.
 */
#define MV_TID_CHUNK 16			/* blocks */

/* More members are not kept as a list. */
#define MV_TID_FEW 256

typedef struct MvTidSet
{
	BlockNumber nblocks;
	BlockNumber last;			/* that was added */
	int			shift;			/* a block has 1 << shift bits, by offset number; the last */
	uint32		rest;			/* of them, number `rest`, is for all offsets from there on */
	uint32	   *chunks;			/* [nblocks / MV_TID_CHUNK + 1]: chunks of bits, from 0 */
	uint64	   *bits;			/* [nchunks], of MV_TID_CHUNK << shift bits each */
	uint32		nchunks,
				max_chunks;
	BlockNumber whole_pages;
	double		count;
	ItemPointerData few[MV_TID_FEW];	/* the first members */
} MvTidSet;

/* mv_tid_set_create -- an empty set for a table of so many blocks, in the current context. */
MvTidSet   *mv_tid_set_create(BlockNumber nblocks);

/*
 * mv_tid_set_add -- the members of a page; pages come in ascending order, each once.
 * Pages from nblocks on are ignored: they are newer than the scan.
 *
 * offsets	[n]; n < 0: all rows of the page
 */
void mv_tid_set_add(MvTidSet *set, BlockNumber block, const OffsetNumber *offsets, int n);

/* mv_tid_set_has -- is it a member? */
static inline bool
mv_tid_set_has(const MvTidSet *set, const ItemPointerData *tid)
{
	BlockNumber block = Min(ItemPointerGetBlockNumberNoCheck(tid), set->nblocks);
	uint32		offset = Min((uint32) ItemPointerGetOffsetNumberNoCheck(tid), set->rest);
	uint64		chunk = set->chunks[block / MV_TID_CHUNK];
	uint64		bit = ((chunk * MV_TID_CHUNK + block % MV_TID_CHUNK) << set->shift) + offset;

	return set->bits[bit / 64] >> bit % 64 & 1;
}

/* mv_tid_set_has_near -- is there a member in the same chunk of blocks? */
static inline bool
mv_tid_set_has_near(const MvTidSet *set, const ItemPointerData *tid)
{
	BlockNumber block = Min(ItemPointerGetBlockNumberNoCheck(tid), set->nblocks);

	return set->chunks[block / MV_TID_CHUNK] != 0;
}

/* mv_tid_set_few -- a list of all members, in order; false: there are more, or whole pages. */
bool		mv_tid_set_few(const MvTidSet *set, const ItemPointerData **members, int *n);

/* Members that were added one by one, and pages that were as a whole. */
static inline double
mv_tid_set_members(const MvTidSet *set)
{
	return set->count;
}

static inline BlockNumber
mv_tid_set_whole_pages(const MvTidSet *set)
{
	return set->whole_pages;
}
