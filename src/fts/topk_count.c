/*
 * topk_count.c -- how many rows match and are seen, without looking at rows that
 * everybody sees.
 *
 * The visibility map says of a page of the table that everybody sees all its
 * rows; but between the index and it a vacuum may come, which takes a row out of
 * both and then sets the page's bit.  So there is an order to keep: the set of
 * segments is read first (by mv_search_begin()), then the map, then live bits.
 * Rows that came meanwhile are in no segment of the set; a bit of the map that
 * vacuum has set was set after the live bits of what it removed were cleared.
 * Those are the bits of the index's own segments: one that was merged away in
 * the meantime knows nothing of it, and its rows are looked at in the table.  So
 * are pending documents, whose state was read too early.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/visibilitymap.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "port/pg_bitutils.h"
#include "storage/bufmgr.h"

#include "fts/topk.h"
#include "index/counters.h"

#define WORDS (MV_WINDOW / 64)

/* The table, as it is asked for rows. */
typedef struct Table
{
	Relation	heap;
	Snapshot	snapshot;
	bool		all_visible;	/* everybody sees all rows of all its pages */
	bool		trusted;		/* what the map says, counts */
	Buffer		map;			/* pinned, or invalid */
	BlockNumber block;			/* last page that the map was asked for */
	bool		visible;		/* what it said */
	IndexFetchTableData *fetch;
	TupleTableSlot *slot;
	int64		fetched;		/* rows looked at */
} Table;

/* The map is read before the size, so that a page it does not know is not missed. */
static bool
is_all_visible(Relation heap)
{
	BlockNumber visible;

	visibilitymap_count(heap, &visible, NULL);
	pg_read_barrier();
	return visible == RelationGetNumberOfBlocks(heap);
}

/* Does everybody see all rows of the page?  They are asked for page by page. */
static bool
page_is_visible(Table *table, BlockNumber block)
{
	if (table->block != block)
	{
		table->block = block;
		table->visible = (visibilitymap_get_status(table->heap, block, &table->map) &
						  VISIBILITYMAP_ALL_VISIBLE) != 0;
	}
	return table->visible;
}

static bool
row_is_visible(Table *table, ItemPointer tid)
{
	ItemPointerData at = *tid;
	bool		again = false;
	bool		found;

	table->fetched++;
	found = table_index_fetch_tuple(table->fetch, &at, table->snapshot, table->slot, &again, NULL);
	ExecClearTuple(table->slot);
	return found;
}

/* ---- a window ---- */

static int
count_bits(const MvBits *bits)
{
	return (int) pg_popcount((const char *) bits->words, sizeof(bits->words));
}

/* The documents of the window at base whose bits are set and whose rows are seen. */
static int64
count_rows(MvFtsSearch *search, Table *table, uint32 base, const MvBits *bits, ItemPointer tids)
{
	uint32		n = Min(MV_WINDOW, search->segment->ndocs - base);
	MvBits		seen = { 0 };
	MvBits		asked = { 0 };
	MvBits		live = { 0 };
	int64		rows = 0;

	mv_fts_tids(search->segment, base, n, tids);
	for (uint32 i = 0; i < n; i++)
	{
		uint64		bit = UINT64CONST(1) << i % 64;

		if (!(bits->words[i / 64] & bit))
			continue;
		if (table->trusted && page_is_visible(table, ItemPointerGetBlockNumber(&tids[i])))
			seen.words[i / 64] |= bit;
		else
			asked.words[i / 64] |= bit;
	}
	/* Again: those in `bits` were read before the map.  Neither is read under a lock. */
	pg_read_barrier();
	mv_fts_live(search->segment, base, n, live.words);
	for (int word = 0; word < WORDS; word++)
	{
		rows += pg_popcount64(seen.words[word] & live.words[word]);
		for (uint64 left = asked.words[word]; left != 0; left &= left - 1)
			rows += row_is_visible(table, &tids[word * 64 + pg_rightmost_one_pos64(left)]);
	}
	return rows;
}

/* ---- a segment ---- */

static int64
count_segment(MvFtsSearch *search, Table *table, int number, ItemPointer tids)
{
	uint32		doc = 0;
	int64		rows = 0;

	mv_topk_enter(search, number);
	while ((doc = mv_topk_filtered(search, doc)) < search->segment->ndocs)
	{
		uint32		base = doc / MV_WINDOW * MV_WINDOW;
		const MvBits *bits = mv_topk_mask(search, base);

		CHECK_FOR_INTERRUPTS();
		mv_last_scan.windows++;
		rows += table->trusted && table->all_visible ? count_bits(bits) :
			count_rows(search, table, base, bits, tids);
		if (base > MV_NO_DOC - MV_WINDOW)
			break;
		doc = base + MV_WINDOW;
	}
	mv_topk_leave(search);
	return rows;
}

int64
mv_search_count(MvFtsSearch *search, Relation heap, Snapshot snapshot, int64 *fetched)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);
	Table		table = {.heap = heap, .snapshot = snapshot, .all_visible = is_all_visible(heap),
						 .map = InvalidBuffer, .block = InvalidBlockNumber};
	ItemPointer tids = palloc(sizeof(ItemPointerData) * MV_WINDOW);
	int64		sum = 0;

	Assert(search->root == NULL);
	table.fetch = table_index_fetch_begin(heap);
	table.slot = table_slot_create(heap, NULL);
	for (int i = 0; i < search->snapshot->nsegments; i++)
	{
		MvFtsSegment *segment = &search->snapshot->segments[i];
		int64		rows;

		table.trusted = !segment->pending;
		rows = count_segment(search, &table, i, tids);
		if (table.trusted && !mv_fts_is_current(segment))
		{
			table.trusted = false;
			rows = count_segment(search, &table, i, tids);
		}
		sum += rows;
	}
	search->stage = MV_STAGE_END;
	ExecDropSingleTupleTableSlot(table.slot);
	table_index_fetch_end(table.fetch);
	if (BufferIsValid(table.map))
		ReleaseBuffer(table.map);
	pfree(tids);
	MemoryContextSwitchTo(old);
	*fetched += table.fetched;
	return sum;
}
