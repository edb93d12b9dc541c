/*
 * tidset.c -- a bit for each page of the table says whether it has members, and the
 * count of such pages before it where their bits are.  Most rows are turned away by
 * the first, which stays in the processor's cache.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "port/pg_bitutils.h"

#include "compat.h"
#include "index/tidset.h"

#define PAGE_WORDS (MaxHeapTuplesPerPage / 64 + 1)

/* 64 pages of the table. */
typedef struct Pages
{
	uint64		any;			/* those with members */
	uint32		before;			/* pages with members before these */
} Pages;

/* A page with members. */
typedef struct Members
{
	uint64		bits[PAGE_WORDS];	/* by offset number */
	bool		whole;			/* all rows of the page, whatever the bits */
	bool		recheck;
} Members;

struct MvTidSet
{
	BlockNumber nblocks;
	BlockNumber last;			/* that was added */
	Pages	   *pages;			/* [nblocks / 64 + 1] */
	Members    *members;		/* [npages], of the pages with members, in order */
	uint32		npages,
				max_pages,
				whole_pages;
	double		count;
};

MvTidSet *
mv_tid_set_create(BlockNumber nblocks)
{
	MvTidSet   *set = palloc0(sizeof(MvTidSet));

	set->nblocks = nblocks;
	set->last = InvalidBlockNumber;
	set->pages = palloc_extended(sizeof(Pages) * (nblocks / 64 + 1),
								 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->max_pages = 64;
	set->members = palloc(sizeof(Members) * set->max_pages);
	return set;
}

void
mv_tid_set_free(MvTidSet *set)
{
	pfree(set->pages);
	pfree(set->members);
	pfree(set);
}

/* The words that were passed over have as many pages before them as there are now. */
static void
pass_words(MvTidSet *set, BlockNumber word)
{
	BlockNumber from = set->last == InvalidBlockNumber ? 0 : set->last / 64 + 1;

	for (; from <= word; from++)
		set->pages[from].before = set->npages;
}

void
mv_tid_set_add(MvTidSet *set, BlockNumber block, const OffsetNumber *offsets, int n, bool recheck)
{
	Members    *page;

	Assert(set->last == InvalidBlockNumber || block > set->last);
	if (block >= set->nblocks || n == 0)
		return;
	if (set->npages == set->max_pages)
	{
		set->max_pages *= 2;
		set->members = repalloc_huge(set->members, sizeof(Members) * (Size) set->max_pages);
	}
	pass_words(set, block / 64);
	page = &set->members[set->npages++];
	memset(page, 0, sizeof(Members));
	page->whole = n < 0;
	page->recheck = recheck;
	for (int i = 0; i < n; i++)
		if (offsets[i] < PAGE_WORDS * 64)
			page->bits[offsets[i] / 64] |= UINT64CONST(1) << offsets[i] % 64;
	set->pages[block / 64].any |= UINT64CONST(1) << block % 64;
	set->count += Max(n, 0);
	set->whole_pages += n < 0;
	set->last = block;
}

bool
mv_tid_set_has(const MvTidSet *set, const ItemPointerData *tid, bool *recheck)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);
	uint64		bit = UINT64CONST(1) << block % 64;
	const Pages *pages = &set->pages[block / 64];
	const Members *page;

	if (block >= set->nblocks || !(pages->any & bit))
		return false;
	page = &set->members[pages->before + pg_popcount64(pages->any & (bit - 1))];
	if (recheck != NULL)
		*recheck = page->recheck;
	return page->whole || (offset < PAGE_WORDS * 64 &&
						   (page->bits[offset / 64] >> offset % 64 & 1));
}

double
mv_tid_set_members(const MvTidSet *set)
{
	return set->count;
}

BlockNumber
mv_tid_set_whole_pages(const MvTidSet *set)
{
	return set->whole_pages;
}
