/*
 * fts_vacuum.c -- clearing live bits, and what vacuum does at its end.
 */
#include "postgres.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "fts/fts_check.h"
#include "fts/fts_maintain.h"
#include "fts/fts_pending.h"
#include "fts/store.h"
#include "index/inspect.h"

/* What a pass of vacuum carries along. */
typedef struct Pass
{
	Relation	index;
	IndexBulkDeleteCallback dead;
	void	   *arg;
	double		kept,
				removed;
} Pass;

/* ---- segments ---- */

/* Which of some live documents are dead now; true if any is. */
static bool
find_dead(Pass *pass, const ItemPointerData *tids, uint32 n, uint64 *live, uint64 *clear)
{
	bool		any = false;

	memset(clear, 0, sizeof(uint64) * ((n + 63) / 64));
	for (uint32 i = 0; i < n; i++)
	{
		ItemPointerData tid = tids[i];

		if (!((live[i / 64] >> i % 64) & 1))
			continue;
		if (pass->dead(&tid, pass->arg))
		{
			clear[i / 64] |= UINT64CONST(1) << i % 64;
			any = true;
			pass->removed++;
		}
		else
			pass->kept++;
	}
	return any;
}

/* Clear bits of documents [from, from + n); from is a multiple of 64. */
static void
clear_live(Pass *pass, MvFtsSegmentStore *store, uint32 from, uint32 n, const uint64 *clear)
{
	uint32		page_number = store->first_page[MV_FTS_STREAM_LIVE] + from / MV_FTS_LIVE_PER_PAGE;
	Buffer		buffer = mv_page_read(pass->index, mv_fts_segment_page(store, page_number),
									  MV_PAGE_LIVE, BUFFER_LOCK_EXCLUSIVE);
	MvChange	change;
	uint64	   *words;

	mv_change_begin(&change, pass->index);
	words = (uint64 *) MV_PAGE_BODY(mv_change_page(&change, buffer)) +
		from % MV_FTS_LIVE_PER_PAGE / 64;
	for (uint32 i = 0; i < (n + 63) / 64; i++)
		words[i] &= ~clear[i];
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

/* Documents looked at at once: a divisor of those of a page of live bits. */
#define CHUNK 1152

StaticAssertDecl(MV_FTS_LIVE_PER_PAGE % CHUNK == 0 && CHUNK % 64 == 0,
				 "a chunk is on one page");

static uint32
vacuum_segment(Pass *pass, MvFtsSegment *segment)
{
	double		before = pass->removed;
	ItemPointerData tids[CHUNK];
	uint64		live[CHUNK / 64];
	uint64		clear[CHUNK / 64];

	for (uint32 from = 0; from < segment->ndocs; from += CHUNK)
	{
		uint32		n = Min(CHUNK, segment->ndocs - from);

		mv_vacuum_delay_point();
		mv_fts_tids(segment, from, n, tids);
		mv_fts_live(segment, from, n, live);
		if (find_dead(pass, tids, n, live, clear))
			clear_live(pass, segment->store, from, n, clear);
	}
	return (uint32) (pass->removed - before);
}

/* Tell the meta page how many documents of a segment are dead. */
static void
count_dead(Relation index, BlockNumber root, uint32 dead)
{
	Buffer		buffer = mv_page_read(index, MV_FTS_META_BLOCK, MV_PAGE_META,
									  BUFFER_LOCK_EXCLUSIVE);
	MvChange	change;
	MvFtsMeta  *meta;

	mv_change_begin(&change, index);
	meta = (MvFtsMeta *) MV_PAGE_BODY(mv_change_page(&change, buffer));
	for (uint32 i = 0; i < meta->nsegments; i++)
		if (meta->segments[i].root == root)
			meta->segments[i].dead += dead;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

/* ---- pending documents ---- */

/* Who keeps what is known of them must read them again, before their rows are removed. */
static void
tell_marked(Relation index)
{
	MvChange	change;

	mv_fts_change_meta(&change, index)->generation++;
	mv_fts_end_change(&change);
}

/* Mark documents [from, to) of a chain's walk that are dead; all are on one page. */
static void
mark_dead(Pass *pass, const MvFtsWaiting *waiting, uint32 from, uint32 to)
{
	BlockNumber block = waiting->docs[from].place.block;
	Buffer		buffer = InvalidBuffer;
	MvChange	change;
	char	   *body = NULL;

	for (uint32 i = from; i < to; i++)
	{
		ItemPointerData tid = waiting->docs[i].tid;

		if (waiting->docs[i].flags & MV_FTS_PENDING_DEAD)
			continue;
		if (!pass->dead(&tid, pass->arg))
		{
			pass->kept++;
			continue;
		}
		pass->removed++;
		waiting->docs[i].flags |= MV_FTS_PENDING_DEAD;
	}
	for (uint32 i = from; i < to; i++)
	{
		if (!(waiting->docs[i].flags & MV_FTS_PENDING_DEAD))
			continue;
		if (body == NULL)
		{
			buffer = mv_page_read(pass->index, block, MV_PAGE_PENDING, BUFFER_LOCK_EXCLUSIVE);
			mv_change_begin(&change, pass->index);
			body = MV_PAGE_BODY(mv_change_page(&change, buffer));
		}
		((MvFtsPending *) (body + waiting->docs[i].place.offset))->flags |= MV_FTS_PENDING_DEAD;
	}
	if (body != NULL)
	{
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
	}
}

static void
vacuum_waiting(Pass *pass, const MvFtsWaiting *waiting)
{
	bool		any = false;

	for (uint32 from = 0, to; from < waiting->n; from = to)
	{
		for (to = from + 1; to < waiting->n &&
			 waiting->docs[to].place.block == waiting->docs[from].place.block;
			 to++)
			;
		mv_vacuum_delay_point();
		mark_dead(pass, waiting, from, to);
	}
	/* Those of a vacuum that did not come that far, too. */
	for (uint32 i = 0; i < waiting->n; i++)
		any |= (waiting->docs[i].flags & MV_FTS_PENDING_DEAD) != 0;
	if (any)
		tell_marked(pass->index);
}

/* ---- callbacks ---- */

/*
 * Nobody flushes or merges: documents are where they were.  Documents that come to
 * wait meanwhile are not dead: their rows are younger than the vacuum.
 */
IndexBulkDeleteResult *
mv_fts_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
				  IndexBulkDeleteCallback dead, void *arg)
{
	Pass		pass = {.index = info->index, .dead = dead, .arg = arg};
	MvFtsSnapshot *snapshot;

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	mv_fts_maintain_begin(info->index);
	snapshot = mv_fts_open_documents(info->index);
	for (int i = 0; i < snapshot->nsegments; i++)
	{
		MvFtsSegment *segment = &snapshot->segments[i];
		uint32		n;

		if (segment->pending)
			vacuum_waiting(&pass, segment->store->waiting);
		else if ((n = vacuum_segment(&pass, segment)) > 0)
			count_dead(info->index, segment->store->root_block, n);
	}
	mv_fts_close(snapshot);
	mv_fts_maintain_end(info->index);
	stats->num_index_tuples = pass.kept;
	stats->tuples_removed += pass.removed;
	return stats;
}

/* ---- pages that a crash left without use ---- */

/* Blocks that are not deleted, a bit each. */
static uint8 *
list_used(IndexVacuumInfo *info, BlockNumber nblocks)
{
	uint8	   *used = palloc_extended(nblocks / 8 + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (BlockNumber block = 0; block < nblocks; block++)
	{
		Buffer		buffer = ReadBufferExtended(info->index, MAIN_FORKNUM, block, RBM_NORMAL,
												info->strategy);
		Page		page = BufferGetPage(buffer);

		mv_vacuum_delay_point();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		if (PageIsNew(page) || !mv_page_is_free(page))
			used[block / 8] |= (uint8) (1 << block % 8);
		UnlockReleaseBuffer(buffer);
	}
	return used;
}

/* May the page belong to a document that is about to be linked? */
static bool
on_its_way(Relation index, Relation heap, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(index, block);
	Page		page = BufferGetPage(buffer);
	bool		young;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	young = mv_page_kind(page) == MV_PAGE_LONG &&
		!GlobalVisCheckRemovableFullXid(heap, ((MvPageDeleted *) MV_PAGE_HEAD(page))->xid);
	UnlockReleaseBuffer(buffer);
	return young;
}

/*
 * Pending pages are linked when they are made, those of segments are made by who flushes
 * or merges, which nobody else does now: what was in use before nothing led to it, is without use.
 */
static void
delete_lost(IndexVacuumInfo *info, Relation heap)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(info->index);
	uint8	   *used = list_used(info, nblocks);
	MvFtsReached reached;

	mv_fts_reach(info->index, &reached);
	for (BlockNumber block = 0; block < nblocks; block++)
		if ((used[block / 8] & 1 << block % 8) && !mv_fts_is_reached(&reached, block) &&
			!on_its_way(info->index, heap, block))
			mv_fts_delete_page(info->index, block, mv_page_deletion_xid());
	pfree(used);
	pfree(reached.pages);
}

/* ---- the end of the file ---- */

/* The block after the last one in use. */
static BlockNumber
find_end(Relation index)
{
	BlockNumber end = RelationGetNumberOfBlocks(index);

	for (; end > 1; end--)
	{
		Buffer		buffer = ReadBuffer(index, end - 1);
		bool		is_free;

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		is_free = mv_page_is_free(BufferGetPage(buffer));
		UnlockReleaseBuffer(buffer);
		if (!is_free)
			break;
	}
	return end;
}

/* Share of the file for which VACUUM keeps others off the index, as it does for a table. */
#define CUT_SHARE 16

static void
cut_off(Relation index)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);

	if (nblocks - find_end(index) <= nblocks / CUT_SHARE || !mv_page_may_truncate(index) ||
		!ConditionalLockRelation(index, AccessExclusiveLock))
		return;
	mv_page_truncate(index, find_end(index));
	UnlockRelation(index, AccessExclusiveLock);
}

/* ---- VACUUM's end ---- */

/* Inserters may flush while segments are merged, as long as that takes. */
static void
flush_here(Relation index, Relation heap)
{
	bool		flushed;

	mv_fts_work_begin(index, MV_FTS_FLUSHING);
	flushed = mv_fts_flush(index, heap);
	mv_fts_work_end(index, MV_FTS_FLUSHING);
	if (!flushed)
		mv_fts_merge_dead(index, heap, true);
}

IndexBulkDeleteResult *
mv_fts_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	Relation	heap = mv_vacuum_heap(info);

	if (info->analyze_only)
		return stats;
	if (stats == NULL)
	{
		stats = palloc0(sizeof(IndexBulkDeleteResult));
		stats->num_index_tuples = info->num_heap_tuples;
		stats->estimated_count = true;
	}
	mv_fts_work_begin(info->index, MV_FTS_MERGING);
	flush_here(info->index, heap);
	mv_fts_merge_dead(info->index, heap, false);
	mv_fts_merge_some(info->index, heap, MV_FTS_ALL_DOCS);
	mv_fts_retired_here(info->index);
	mv_fts_work_begin(info->index, MV_FTS_FLUSHING);
	delete_lost(info, heap);
	mv_fts_maintain_end(info->index);
	cut_off(info->index);
	stats->pages_free = mv_page_recycle_all(info->index, info->strategy);
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	return stats;
}
