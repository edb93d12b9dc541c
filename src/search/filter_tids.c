/*
 * filter_tids.c -- from a bitmap scan to the set of TIDs that an index scan is told.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/tidbitmap.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "search/filter.h"

/*
 * A bitmap that has no memory for more forgets which rows of a page are in it, and all
 * rows of such pages are searched.  So bitmaps of ours may be larger than core's.
 */
#define BYTES_PER_PAGE 80
#define MEMORY_FACTOR 16

static Size
bitmap_memory(Relation table)
{
	Size		wanted = (Size) RelationGetNumberOfBlocks(table) * BYTES_PER_PAGE;
	Size		memory = (Size) work_mem * 1024;

	return Max(Min(wanted, memory * MEMORY_FACTOR), memory);
}

/*
 * Hand a bitmap of that memory to every scan that fills one of its own.  Those below
 * an Or share that of the Or, whose size core decides.
 */
static void
give_memory(PlanState *node, Size memory)
{
	if (IsA(node, BitmapIndexScanState))
		((BitmapIndexScanState *) node)->biss_result = tbm_create(memory, NULL);
	else if (IsA(node, BitmapAndState))
	{
		BitmapAndState *and = (BitmapAndState *) node;

		for (int i = 0; i < and->nplans; i++)
			give_memory(and->bitmapplans[i], memory);
	}
}

/*
 * The set is made in the current context, which lasts until the next one is.  The bitmap
 * scan runs in that of the query: indexes keep there what they need in their next run.
 */
static MvTidSet *
make_set(PlanState *node, Relation table)
{
	MvTidSet   *set = mv_tid_set_create(RelationGetNumberOfBlocks(table));
	MemoryContext context = MemoryContextSwitchTo(node->state->es_query_cxt);
	OffsetNumber room[MaxHeapTuplesPerPage];
	TIDBitmap  *bitmap;
	MvBitmapIterator *iterator;
	TBMIterateResult result;
	TBMIterateResult *page;

	give_memory(node, bitmap_memory(table));
	bitmap = (TIDBitmap *) MultiExecProcNode(node);
	if (bitmap == NULL || !IsA(bitmap, TIDBitmap))
		elog(ERROR, "unrecognized result from subplan");
	iterator = mv_bitmap_begin(bitmap);
	MemoryContextSwitchTo(context);
	while ((page = mv_bitmap_next(iterator, &result)) != NULL)
	{
		OffsetNumber *offsets;
		int			n = mv_bitmap_offsets(page, room, &offsets);

		mv_tid_set_add(set, page->blockno, offsets, n);
	}
	mv_bitmap_end(iterator);
	tbm_free(bitmap);
	return set;
}

void
mv_tid_filter_begin(MvTidFilter *filter, PlanState *bitmap)
{
	filter->bitmap = bitmap;
	filter->tids = NULL;
	filter->context =
		AllocSetContextCreate(CurrentMemoryContext, "rows wanted", ALLOCSET_DEFAULT_SIZES);
}

const MvTidSet *
mv_tid_filter_run(MvTidFilter *filter, Relation table)
{
	MemoryContext old;

	if (filter->tids != NULL && filter->bitmap->chgParam == NULL)
		return filter->tids;
	MemoryContextReset(filter->context);
	old = MemoryContextSwitchTo(filter->context);
	filter->tids = make_set(filter->bitmap, table);
	MemoryContextSwitchTo(old);
	return filter->tids;
}
