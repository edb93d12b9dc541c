/*
 * filter_heap.c -- from conditions that no index has to the set of TIDs that an index
 * scan is told: a pass over the table.
 *
 * It evaluates what the Index Scan would, in the same order, for the same snapshot; so
 * it sees no rows that the scan must not, and security barriers hold.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "compat.h"
#include "search/filter.h"

/* ---- parameters ---- */

/* What a subquery depends on is not looked for. */
static bool
collect_params(Node *node, MvHeapFilter *filter)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan))
		filter->any_param = true;
	else if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		filter->params = bms_add_member(filter->params, ((Param *) node)->paramid);
	return expression_tree_walker(node, collect_params, filter);
}

void
mv_heap_filter_begin(MvHeapFilter *filter, IndexScanState *scan)
{
	const IndexScan *plan = (IndexScan *) scan->ss.ps.plan;

	memset(filter, 0, sizeof(*filter));
	filter->scan = scan;
	collect_params((Node *) plan->indexqualorig, filter);
	collect_params((Node *) plan->scan.plan.qual, filter);
}

void
mv_heap_filter_rescan(MvHeapFilter *filter, const Bitmapset *params)
{
	if (filter->tids == NULL || params == NULL ||
		(!filter->any_param && !bms_overlap(params, filter->params)))
		return;
	MemoryContextReset(filter->context);
	filter->tids = NULL;
}

/* ---- the pass ---- */

/* A page's rows that pass, by the roots of their HOT chains, as indexes have them. */
typedef struct PageRows
{
	BlockNumber block;			/* InvalidBlockNumber: none */
	int			n;
	OffsetNumber offsets[MaxHeapTuplesPerPage];
	bool		has_roots;
	OffsetNumber roots[MaxHeapTuplesPerPage];	/* by offset, from 1 */
} PageRows;

static void
flush(PageRows *page, MvTidSet *set)
{
	if (page->block != InvalidBlockNumber)
		mv_tid_set_add(set, page->block, page->offsets, page->n);
}

/* The scan has the page pinned, so its chains stay as they are. */
static void
find_roots(PageRows *page, Buffer buffer)
{
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	heap_get_root_tuples(BufferGetPage(buffer), page->roots);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	page->has_roots = true;
}

static void
add_row(PageRows *page, TupleTableSlot *slot, MvTidSet *set)
{
	BlockNumber block = ItemPointerGetBlockNumber(&slot->tts_tid);
	OffsetNumber offset = ItemPointerGetOffsetNumber(&slot->tts_tid);
	BufferHeapTupleTableSlot *row = (BufferHeapTupleTableSlot *) slot;

	Assert(TTS_IS_BUFFERTUPLE(slot));
	if (block != page->block)
	{
		flush(page, set);
		page->block = block;
		page->n = 0;
		page->has_roots = false;
	}
	if (HeapTupleIsHeapOnly(row->base.tuple))
	{
		if (!page->has_roots)
			find_roots(page, row->buffer);
		offset = page->roots[offset - 1];
		if (!OffsetNumberIsValid(offset))
			elog(ERROR, "no root of heap-only tuple (%u,%u)", block,
				 ItemPointerGetOffsetNumber(&slot->tts_tid));
	}
	page->offsets[page->n++] = offset;
}

/* In the order of the table's pages, not where another scan is just now. */
static void
add_rows(MvHeapFilter *filter, MvTidSet *set)
{
	IndexScanState *node = filter->scan;
	Relation	table = node->ss.ss_currentRelation;
	EState	   *estate = node->ss.ps.state;
	TableScanDesc scan = table_beginscan_strat(table, estate->es_snapshot, 0, NULL, true, false);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	ExprContext *context = CreateExprContext(estate);
	PageRows	page;

	page.block = InvalidBlockNumber;
	context->ecxt_scantuple = slot;
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (ExecQual(node->indexqualorig, context) && ExecQual(node->ss.ps.qual, context))
			add_row(&page, slot, set);
		ResetExprContext(context);
	}
	flush(&page, set);
	FreeExprContext(context, true);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
}

const MvTidSet *
mv_heap_filter_run(MvHeapFilter *filter)
{
	Relation	table = filter->scan->ss.ss_currentRelation;
	MemoryContext old;
	MvTidSet   *set;

	if (filter->tids != NULL)
		return filter->tids;
	if (filter->context == NULL)
		filter->context = AllocSetContextCreate(filter->scan->ss.ps.state->es_query_cxt,
												"rows wanted", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(filter->context);
	set = mv_tid_set_create(RelationGetNumberOfBlocks(table));
	MemoryContextSwitchTo(old);
	add_rows(filter, set);
	filter->tids = set;
	return set;
}
