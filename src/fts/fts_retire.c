/*
 * fts_retire.c -- pages that have been replaced, until no scan uses them.
 *
 * Scans that copied the meta page before go on with them.  The change of the meta
 * page that takes pages out of use puts them on a list, with a transaction's number;
 * when that is old for every snapshot, they are marked deleted and the free space
 * map is told.  So it knows only of pages that can be used at once.
 *
 * Pages leave their list before they are deleted: a crash leaks them, no more.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/indexfsm.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "fts/fts_maintain.h"

void
mv_fts_delete_page(Relation index, BlockNumber block, FullTransactionId xid)
{
	Buffer		buffer = mv_page_pin(index, block);
	MvChange	change;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, index);
	if (PageIsNew(BufferGetPage(buffer)))
		mv_change_new_page(&change, buffer, MV_PAGE_DOCUMENT);
	mv_change_delete_page(&change, buffer, xid);
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	mv_page_recycle(index, block);
}

/* ---- lists ---- */

static void
add(MvFtsRetired *retired, BlockNumber block)
{
	if (retired->n == retired->allocated)
	{
		Size		n = retired->allocated = Max(256, retired->allocated * 2);

		retired->blocks = retired->blocks == NULL ? palloc(sizeof(BlockNumber) * n) :
			repalloc_huge(retired->blocks, sizeof(BlockNumber) * n);
	}
	retired->blocks[retired->n++] = block;
}

void
mv_fts_retire_segment(MvFtsRetired *retired, MvFtsSegmentStore *store)
{
	for (uint32 i = 0; i < store->root->npages; i++)
		add(retired, mv_fts_segment_page(store, i));
	for (uint32 i = 0; i < store->root->nmaps; i++)
		add(retired, store->root->maps[i]);
	add(retired, store->root_block);
}

/* Pages after which it is asked whether they are more than there can be. */
#define LOOP_PAGES 256

void
mv_fts_retire_chain(MvFtsRetired *retired, BlockNumber block, MvPageKind kind)
{
	while (BlockNumberIsValid(block))
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		buffer = mv_page_read(retired->index, block, kind, BUFFER_LOCK_SHARE);
		add(retired, block);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
		if (retired->n % LOOP_PAGES == 0 &&
			retired->n > RelationGetNumberOfBlocks(retired->index))
			mv_index_corrupted(retired->index, "page %u is in a circle of pages", block);
	}
}

/* The last list first, so that each knows the next. */
void
mv_fts_retire_write(MvFtsRetired *retired, Relation heap)
{
	uint32		nlists = (retired->n - 1) / MV_FTS_MAP_ENTRIES + 1;
	MvFtsSink	sink;
	PGAlignedBlock image;

	Assert(retired->n > 0);
	mv_fts_sink_begin(&sink, retired->index, heap, NULL);
	retired->first = InvalidBlockNumber;
	for (uint32 i = nlists; i-- > 0;)
	{
		uint32		from = i * MV_FTS_MAP_ENTRIES;
		Size		size = sizeof(BlockNumber) * Min(retired->n - from, MV_FTS_MAP_ENTRIES);
		BlockNumber block = mv_fts_sink_reserve(&sink);

		CHECK_FOR_INTERRUPTS();
		mv_page_init(image.data, MV_PAGE_DIRECTORY);
		memcpy(MV_PAGE_BODY(image.data), retired->blocks + from, size);
		mv_page_set_used(image.data, (int) size);
		MV_PAGE_TAIL(image.data)->next = retired->first;
		mv_fts_sink_put(&sink, block, image.data);
		if (i == nlists - 1)
			retired->last = block;
		retired->first = block;
	}
}

/*
 * The number is taken with the meta page locked: who copied it before has a snapshot
 * from before.
 */
void
mv_fts_retire_link(const MvFtsRetired *retired, MvChange *change, MvFtsMeta *meta)
{
	Relation	index = retired->index;
	Buffer		buffer;

	if (BlockNumberIsValid(meta->last_retired))
	{
		buffer = mv_page_read(index, meta->last_retired, MV_PAGE_DIRECTORY,
							  BUFFER_LOCK_EXCLUSIVE);
		MV_PAGE_TAIL(mv_change_page(change, buffer))->next = retired->first;
	}
	else
		meta->retired = retired->first;
	meta->last_retired = retired->last;
	meta->retired_pages += retired->n;
	buffer = mv_page_read(index, retired->first, MV_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);
	((MvFtsRetiredHead *) MV_PAGE_HEAD(mv_change_page(change, buffer)))->xid =
		mv_page_deletion_xid();
}

static bool number_wanted;

/* VACUUM may be in parallel mode, in which there are no numbers, but not when it commits. */
static void
take_number(XactEvent event, void *arg)
{
	if (number_wanted && event == XACT_EVENT_PRE_COMMIT)
		(void) GetTopTransactionId();
	number_wanted = false;
}

void
mv_fts_retired_here(Relation index)
{
	static bool registered = false;
	MvFtsMeta	meta;

	mv_fts_read_meta(index, &meta);
	number_wanted |= BlockNumberIsValid(meta.retired);
	if (!registered)
		RegisterXactCallback(take_number, NULL);
	registered = true;
}

/* ---- the end of their time ---- */

static uint32
count_blocks(Page list)
{
	return (uint32) mv_page_used(list) / sizeof(BlockNumber);
}

/* The next list is first; its pages are not younger than this one's. */
static void
unlink_first(Relation index, MvChange *change, MvFtsMeta *meta, Page list)
{
	FullTransactionId xid = ((MvFtsRetiredHead *) MV_PAGE_HEAD(list))->xid;
	Buffer		buffer;
	MvFtsRetiredHead *head;

	meta->retired = MV_PAGE_TAIL(list)->next;
	meta->retired_pages -= Min(count_blocks(list), meta->retired_pages);
	if (!BlockNumberIsValid(meta->retired))
	{
		meta->last_retired = InvalidBlockNumber;
		return;
	}
	buffer = mv_page_read(index, meta->retired, MV_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);
	head = MV_PAGE_HEAD(mv_change_page(change, buffer));
	if (!FullTransactionIdIsValid(head->xid))
		head->xid = xid;
}

/*
 * The first list, if its pages can be used again: a copy, and its block.  Invalid: there
 * is none.
 */
static BlockNumber
take_list(Relation index, Relation heap, Page list)
{
	MvChange	change;
	MvFtsMeta  *meta = mv_fts_change_meta(&change, index);
	BlockNumber block = meta->retired;

	if (BlockNumberIsValid(block))
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_DIRECTORY, BUFFER_LOCK_SHARE);

		memcpy(list, BufferGetPage(buffer), BLCKSZ);
		UnlockReleaseBuffer(buffer);
		if (GlobalVisCheckRemovableFullXid(heap, ((MvFtsRetiredHead *) MV_PAGE_HEAD(list))->xid))
			unlink_first(index, &change, meta, list);
		else
			block = InvalidBlockNumber;
	}
	mv_fts_end_change(&change);
	return block;
}

void
mv_fts_release(Relation index, Relation heap)
{
	PGAlignedBlock list;
	const BlockNumber *blocks = (const BlockNumber *) MV_PAGE_BODY(list.data);
	BlockNumber block;
	bool		any = false;

	while (BlockNumberIsValid(block = take_list(index, heap, list.data)))
	{
		FullTransactionId xid = ((MvFtsRetiredHead *) MV_PAGE_HEAD(list.data))->xid;

		for (uint32 i = 0; i < count_blocks(list.data); i++)
		{
			CHECK_FOR_INTERRUPTS();
			mv_fts_delete_page(index, blocks[i], xid);
		}
		mv_fts_delete_page(index, block, xid);
		any = true;
	}
	if (any)
		IndexFreeSpaceMapVacuum(index);
}
