/*
 * ranked_scan.c -- the node Ranked Scan at run time.
 *
 * It takes the rows of an Index Scan of ours and
 *
 * - tells the scan which rows are wanted, where a bitmap of other indexes knows that;
 * - tells it what LIMIT and OFFSET are, for core does not: so many rows are searched
 *   for at once.  That is a hint, the scan goes on beyond;
 * - tells it the distance up to which a condition lets rows pass, where it ends;
 * - tells a bm25 index by which of its columns to sort;
 * - of full text, adds the value that the row was ordered by.  Core would evaluate
 *   the expression again for its target list, even where only the order is asked
 *   for: analysing the text takes longer than the search.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/relscan.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "am/bm25.h"
#include "compat.h"
#include "index/counters.h"
#include "search/ranked.h"

typedef struct RankedScan
{
	CustomScanState css;
	MvRankedPlan plan;
	PlanState  *child;			/* the Index Scan, or what stands above it */
	IndexScanState *index;
	MvTidFilter own;
	MvTidFilter *filter;		/* that, or what the node above gave; NULL: none */
	List	   *limit;			/* of ExprState */
	ExprState  *within;			/* or NULL */
	double		expected;		/* rows, by the node above; 0: it did not say */
	bool		started;		/* the index scan knows what we know */
	MvScanCounters counts;		/* for EXPLAIN ANALYZE */
} RankedScan;

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	RankedScan *scan = (RankedScan *) node;
	PlanState  *child;

	scan->plan = mv_ranked_get((CustomScan *) node->ss.ps.plan);
	scan->child = child = ExecInitNode(scan->plan.index, estate, eflags);
	node->custom_ps = list_make1(child);
	/* Above it may be a Result with conditions that are the same for all rows. */
	while (!IsA(child, IndexScanState))
		child = outerPlanState(child);
	scan->index = (IndexScanState *) child;
	scan->limit = ExecInitExprList(scan->plan.limit, (PlanState *) node);
	scan->within = ExecInitExpr((Expr *) scan->plan.within, (PlanState *) node);
	if (scan->plan.bitmap == NULL)
		return;
	mv_tid_filter_begin(&scan->own, ExecInitNode(scan->plan.bitmap, estate, eflags));
	scan->filter = &scan->own;
	node->custom_ps = lappend(node->custom_ps, scan->own.bitmap);
}

double
mv_rows_wanted(List *limit, ExprContext *context)
{
	double		rows = 0;
	ListCell   *lc;

	foreach(lc, limit)
	{
		bool		isnull;
		Datum		n = ExecEvalExprSwitchContext(lfirst(lc), context, &isnull);

		if (isnull)
			return 0;
		rows += Max(DatumGetInt64(n), 0);
	}
	return rows;
}

/* Rows of the index that will be wanted; 0: unknown. */
static double
rows_wanted(RankedScan *scan)
{
	double		rows = scan->expected;

	if (rows == 0)
		rows = mv_rows_wanted(scan->limit, scan->css.ss.ps.ps_ExprContext);
	return rows * scan->plan.reads;
}

/* How far rows may be.  Nothing is below NULL, and all numbers are below NaN. */
static double
wanted_distance(RankedScan *scan)
{
	bool		isnull;
	double		distance;

	if (scan->within == NULL)
		return INFINITY;
	distance = DatumGetFloat8(ExecEvalExprSwitchContext(scan->within,
														scan->css.ss.ps.ps_ExprContext,
														&isnull));
	return isnull ? -INFINITY : isnan(distance) ? INFINITY : distance;
}

/* The rows that are wanted; NULL: all. */
static const MvTidSet *
wanted_tids(RankedScan *scan)
{
	if (scan->plan.given > 0 && scan->filter == NULL)
		elog(ERROR, "ranked scan was not given its rows");
	return scan->filter == NULL ? NULL :
		mv_tid_filter_run(scan->filter, scan->index->ss.ss_currentRelation);
}

/* Begin the child's scan, as the child does before its first row, to tell it more. */
static void
start(RankedScan *scan)
{
	IndexScanState *index = scan->index;

	if (index->iss_ScanDesc == NULL)
	{
		index->iss_ScanDesc = mv_index_beginscan(index, index->ss.ps.state->es_snapshot);
		if (index->iss_NumRuntimeKeys == 0 || index->iss_RuntimeKeysReady)
			index_rescan(index->iss_ScanDesc, index->iss_ScanKeys, index->iss_NumScanKeys,
						 index->iss_OrderByKeys, index->iss_NumOrderByKeys);
	}
	if (scan->plan.sort != NIL)
		mv_bm25_sort(index->iss_ScanDesc, linitial_int(scan->plan.sort),
					 lsecond_int(scan->plan.sort), lthird_int(scan->plan.sort));
	if (scan->plan.text || scan->plan.sort != NIL)
		mv_bm25_expect(index->iss_ScanDesc, rows_wanted(scan), wanted_tids(scan));
	else
	{
		mv_am_expect(index->iss_ScanDesc, rows_wanted(scan), wanted_tids(scan),
					 wanted_distance(scan));
		if (scan->expected > 0)
			mv_am_leave_order(index->iss_ScanDesc);
	}
	scan->started = true;
}

/*
 * The child's row, for EXPLAIN ANALYZE: what was done for it is told apart from what
 * other scans of the query do.
 */
static TupleTableSlot *
counted_row(RankedScan *scan, bool first)
{
	MvScanCounters before = mv_last_scan;
	TupleTableSlot *row;

	mv_counters_begin(before.index);
	row = ExecProcNode(scan->child);
	mv_counters_add(&scan->counts, &mv_last_scan);
	if (first)
		return row;
	mv_counters_add(&before, &mv_last_scan);
	mv_last_scan = before;
	return row;
}

/* The child's row, and the value by which it was ordered. */
static TupleTableSlot *
next(CustomScanState *node)
{
	RankedScan *scan = (RankedScan *) node;
	TupleTableSlot *row;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ExprContext *context = node->ss.ps.ps_ExprContext;
	bool		first = !scan->started;
	int			n;

	if (first)
		start(scan);
	row = node->ss.ps.instrument ? counted_row(scan, first) : ExecProcNode(scan->child);
	ExecClearTuple(slot);
	if (TupIsNull(row))
		return slot;
	slot_getallattrs(row);
	n = row->tts_tupleDescriptor->natts;
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * n);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * n);
	if (scan->plan.text)
	{
		slot->tts_values[n] = scan->index->iss_ScanDesc->xs_orderbyvals[0];
		slot->tts_isnull[n] = scan->index->iss_ScanDesc->xs_orderbynulls[0];
	}
	ExecStoreVirtualTuple(slot);
	if (node->ss.ps.ps_ProjInfo == NULL)
		return slot;
	ResetExprContext(context);
	context->ecxt_scantuple = slot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

static void
end(CustomScanState *node)
{
	ListCell   *lc;

	foreach(lc, node->custom_ps)
		ExecEndNode(lfirst(lc));
}

static void
rescan(CustomScanState *node)
{
	RankedScan *scan = (RankedScan *) node;
	ListCell   *lc;

	scan->started = false;
	if (node->ss.ps.chgParam != NULL)
		foreach(lc, node->custom_ps)
			UpdateChangedParamSet(lfirst(lc), node->ss.ps.chgParam);
	if (scan->child->chgParam == NULL)
		ExecReScan(scan->child);
}

/* A number that is only worth a line if it is one. */
static void
explain_count(const char *what, uint64 n, ExplainState *es)
{
	if (n > 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyUInteger(what, NULL, n, es);
}

/* The column by which a bm25 index sorts, as in ORDER BY. */
static void
explain_sort(RankedScan *scan, ExplainState *es)
{
	bool		descending = lsecond_int(scan->plan.sort) != 0;
	bool		nulls_first = lthird_int(scan->plan.sort) != 0;
	const IndexScan *index = (IndexScan *) scan->index->ss.ps.plan;
	char	   *column = get_attname(index->indexid, linitial_int(scan->plan.sort), false);

	ExplainPropertyText("Sort Key",
						psprintf("%s%s%s", column, descending ? " DESC" : "",
								 nulls_first == descending ? "" :
								 nulls_first ? " NULLS FIRST" : " NULLS LAST"), es);
}

/* In all loops together. */
static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	RankedScan *scan = (RankedScan *) node;
	const MvScanCounters *counts = &scan->counts;

	if (scan->plan.sort != NIL)
		explain_sort(scan, es);
	if (!es->analyze)
		return;
	if (counts->filter != NULL)
		ExplainPropertyText("Filter Strategy", counts->filter, es);
	explain_count("Strategy Switches", counts->switches, es);
	explain_count("Rows Matching", counts->matches, es);
	explain_count("Rows Tested", counts->tested, es);
	explain_count("Searches Resumed", counts->resumed, es);
	explain_count("Index Pages Read", counts->pages, es);
	if (scan->plan.text || scan->plan.sort != NIL)
	{
		explain_count("Segments", counts->segments, es);
		explain_count("Windows", counts->windows, es);
		explain_count("Blocks Decoded", counts->blocks, es);
		explain_count("Blocks Skipped", counts->skipped, es);
		explain_count("Documents Scored", counts->documents, es);
		return;
	}
	explain_count("Graph Hops", counts->hops, es);
	explain_count("Lists Read", counts->lists, es);
	explain_count("Codes Compared", counts->codes, es);
	explain_count("Rows Re-ranked", counts->reranked, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "Ranked Scan",
	.BeginCustomScan = begin,
	.ExecCustomScan = next,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain,
};

void
mv_ranked_expect(PlanState *plan, double rows, MvTidFilter *filters)
{
	if (IsA(plan, MergeAppendState))
	{
		MergeAppendState *merge = (MergeAppendState *) plan;

		for (int i = 0; i < merge->ms_nplans; i++)
			mv_ranked_expect(merge->mergeplans[i], rows, filters);
	}
	else if (IsA(plan, ResultState) && outerPlanState(plan) != NULL)
		mv_ranked_expect(outerPlanState(plan), rows, filters);
	else if (IsA(plan, CustomScanState) && ((CustomScanState *) plan)->methods == &exec_methods)
	{
		RankedScan *scan = (RankedScan *) plan;

		scan->expected = rows;
		if (scan->plan.given > 0)
			scan->filter = &filters[scan->plan.given - 1];
	}
}

static Node *
create_state(CustomScan *plan)
{
	RankedScan *scan = palloc0(sizeof(RankedScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

const CustomScanMethods mv_ranked_scan_methods = {
	.CustomName = "Ranked Scan",
	.CreateCustomScanState = create_state,
};
