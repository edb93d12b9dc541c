/*
 * ranked_scan.c -- the node Ranked Scan at run time.
 *
 * It takes the rows of an Index Scan of ours and
 *
 * - tells the scan which rows are wanted, where a bitmap of other indexes knows that, at
 *   once or where checking rows as they come goes badly; there a pass over the table can
 *   tell it, too;
 * - tells it what LIMIT and OFFSET are, for core does not: so many rows are searched
 *   for at once.  That is a hint, the scan goes on beyond;
 * - tells it the distance up to which a condition lets rows pass, where it ends;
 * - tells a bm25 index by which of its columns to sort;
 * - corrects the order of what comes from a vector index: see ranked_order.c;
 * - adds the value that the row was ordered by.  Core would evaluate the expression
 *   again for its target list, even where only the order is asked for: analysing a
 *   text takes longer than the search, and so does fetching a vector.
 *
 * EvalPlanQual may ask about another version of a row.  Then that comes from the Index
 * Scan, which checks its conditions, and no index is read.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/relscan.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "am/bm25.h"
#include "compat.h"
#include "guc.h"
#include "index/counters.h"
#include "search/ranked.h"
#include "search/ranked_order.h"
#include "search/row_scores.h"

/* Where the rows wanted are known from: the later, the dearer, and the more certain. */
typedef enum Source
{
	NOWHERE,					/* rows are checked as they come */
	BITMAP,
	HEAP
} Source;

typedef struct RankedScan
{
	CustomScanState css;
	MvRankedPlan plan;
	PlanState  *child;			/* the Index Scan, or what stands above it */
	IndexScanState *index;
	MvTidFilter own;
	MvTidFilter *filter;		/* that, or what the node above gave; NULL: none */
	MvHeapFilter heap;
	Source		source;			/* of the set that the scan was told */
	bool		limited;		/* settings say how far it goes: it does not start over */
	double		wanted;			/* rows, in this run; 0: unknown */
	double		returned;		/* by the child */
	double		found,			/* when the scan was told of the set: rows that it had found, */
				passed;			/* and returned */
	List	   *limit;			/* of ExprState */
	ExprState  *within;			/* or NULL */
	double		expected;		/* rows, by the node above; 0: it did not say */
	bool		started;		/* the index scan knows what we know */
	MvRowOrder	order;			/* if rows come from a vector index in it */
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
	if (scan->plan.n.value && !scan->plan.n.text)
		mv_row_order_begin(&scan->order, scan->child);
	mv_heap_filter_begin(&scan->heap, scan->index);
	if (scan->index->ss.ss_currentRelation->rd_tableam != GetHeapamTableAmRoutine())
		scan->plan.n.costs.heap = 0;
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

/* Rows that will be asked for; 0: unknown. */
static double
rows_wanted(RankedScan *scan)
{
	return scan->expected > 0 ? scan->expected :
		mv_rows_wanted(scan->limit, scan->css.ss.ps.ps_ExprContext);
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
	switch (scan->source)
	{
		case BITMAP:
			if (scan->filter == NULL)
				elog(ERROR, "ranked scan was not given its rows");
			return mv_tid_filter_run(scan->filter, scan->index->ss.ss_currentRelation);
		case HEAP:
			return mv_heap_filter_run(&scan->heap);
		default:
			return NULL;
	}
}

/* Rows of the index that will be read for them, the source being what it is. */
static double
rows_to_read(const RankedScan *scan, double wanted)
{
	switch (scan->source)
	{
		case BITMAP:
			return wanted * scan->plan.n.reads_of_set;
		case HEAP:
			return wanted;
		default:
			return wanted * scan->plan.n.reads;
	}
}

/* ---- where checking rows goes badly ---- */

/* What could be asked next which rows are wanted, and what it costs; or NOWHERE. */
static Source
next_source(const RankedScan *scan, double *cost)
{
	const MvFilterCosts *costs = &scan->plan.n.costs;
	Source		source = scan->source == NOWHERE && costs->bitmap > 0 ? BITMAP : HEAP;

	*cost = source == BITMAP ? costs->bitmap : costs->heap;
	return *cost > 0 && source > scan->source && !scan->limited &&
		mv_filter_strategy != MV_FILTER_POST ? source : NOWHERE;
}

/* A set that was made for another run may still hold. */
static bool
has_set(const RankedScan *scan, Source source)
{
	return source == HEAP ? scan->heap.tids != NULL :
		scan->own.tids != NULL && scan->own.bitmap->chgParam == NULL;
}

/* Where to begin: with what is known, or if the planner's estimate promises no good. */
static Source
first_source(RankedScan *scan, double wanted)
{
	double		cost;
	Source		next;

	if (has_set(scan, HEAP))
		return HEAP;
	if (scan->plan.n.given > 0 || (scan->plan.bitmap != NULL && !scan->plan.n.later))
		return BITMAP;
	scan->source = NOWHERE;
	scan->limited = scan->plan.n.costs.row > 0 && mv_am_has_limits(scan->index->iss_RelationDesc);
	next = next_source(scan, &cost);
	if (next == BITMAP && has_set(scan, BITMAP))
		return BITMAP;
	return next != NOWHERE && wanted > 0 && scan->within == NULL &&
		wanted * (scan->plan.n.reads - 1) * scan->plan.n.costs.row > cost ? next : NOWHERE;
}

static bool ask(void *arg, double rows);

/* Tell a scan of a vector index what is wanted. */
static void
tell(RankedScan *scan, double wanted)
{
	IndexScanDesc index = scan->index->iss_ScanDesc;
	double		cost;

	mv_am_expect(index, rows_to_read(scan, wanted), wanted_tids(scan), wanted_distance(scan));
	mv_am_watch(index, next_source(scan, &cost) == NOWHERE ? NULL : ask, scan);
}

/*
 * The scan has found so many rows in this run.  Should it start over with another source?
 * A limit to the distance may end it after the next.
 */
static bool
ask(void *arg, double rows)
{
	RankedScan *scan = arg;
	MvScanCounters counts = mv_last_scan;
	double		passed = scan->returned - scan->passed;
	double		failed = rows - scan->found - passed;
	double		wanted = scan->within != NULL ? passed + 1 : scan->wanted - scan->passed;
	double		cost;
	Source		next = next_source(scan, &cost);

	if (!mv_filter_goes_badly(failed, passed, wanted, scan->plan.n.costs.row, cost))
		return false;
	scan->source = next;
	scan->found = rows;
	scan->passed = scan->returned;
	tell(scan, Max(scan->wanted, 2 * scan->returned));
	/* To find the set other indexes may have been scanned. */
	mv_last_scan = counts;
	return true;
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
	scan->found = scan->passed = scan->returned = 0;
	scan->wanted = rows_wanted(scan);
	scan->source = first_source(scan, scan->wanted);
	if (scan->plan.sort != NIL)
		mv_bm25_sort(index->iss_ScanDesc, linitial_int(scan->plan.sort),
					 lsecond_int(scan->plan.sort), lthird_int(scan->plan.sort));
	if (scan->plan.n.text || scan->plan.sort != NIL)
		mv_bm25_expect(index->iss_ScanDesc, rows_to_read(scan, scan->wanted), wanted_tids(scan));
	else
	{
		tell(scan, scan->wanted);
		mv_am_leave_order(index->iss_ScanDesc);
	}
	scan->started = true;
}

/*
 * For EXPLAIN ANALYZE: what is done between these is told apart from what other scans of
 * the query do.
 */
static MvScanCounters
begin_counts(void)
{
	MvScanCounters before = mv_last_scan;

	mv_counters_begin(before.index);
	return before;
}

static void
end_counts(RankedScan *scan, MvScanCounters before, bool first)
{
	mv_counters_add(&scan->counts, &mv_last_scan);
	if (first)
		return;
	mv_counters_add(&before, &mv_last_scan);
	mv_last_scan = before;
}

static TupleTableSlot *
counted_row(RankedScan *scan, bool first)
{
	MvScanCounters before = begin_counts();
	TupleTableSlot *row = ExecProcNode(scan->child);

	end_counts(scan, before, first);
	return row;
}

static TupleTableSlot *
child_row(RankedScan *scan)
{
	bool		first = !scan->started;
	TupleTableSlot *row;

	if (first)
		start(scan);
	row = scan->css.ss.ps.instrument ? counted_row(scan, first) : ExecProcNode(scan->child);
	if (!TupIsNull(row))
		scan->returned++;
	return row;
}

/* ---- rows and their values ---- */

/* The table's place in arrays of those of the query. */
static Index
table_number(const RankedScan *scan)
{
	return ((Scan *) scan->index->ss.ps.plan)->scanrelid - 1;
}

/* Does EvalPlanQual say which row of the table there is? */
static bool
is_replaced(const RankedScan *scan)
{
	const EPQState *epq = scan->css.ss.ps.state->es_epq_active;
	Index		table = table_number(scan);

	return epq != NULL && (epq->relsubs_done[table] || epq->relsubs_slot[table] != NULL ||
						   epq->relsubs_rowmark[table] != NULL);
}

/* The distance of the child's row, which is still where its scan has put it. */
static NullableDatum
distance_of_row(RankedScan *scan)
{
	IndexScanState *index = scan->index;
	const EPQState *epq = scan->css.ss.ps.state->es_epq_active;
	ExprContext *context = index->ss.ps.ps_ExprContext;
	NullableDatum distance;

	context->ecxt_scantuple = index->ss.ss_ScanTupleSlot;
	if (epq != NULL && epq->relsubs_slot[table_number(scan)] != NULL)
		context->ecxt_scantuple = epq->relsubs_slot[table_number(scan)];
	distance.value = ExecEvalExprSwitchContext(linitial(index->indexorderbyorig), context,
											   &distance.isnull);
	return distance;
}

/* The next row in the order of the distance.  All are as far from a NULL query. */
static TupleTableSlot *
next_in_order(RankedScan *scan, NullableDatum *distance)
{
	MvRowOrder *order = &scan->order;
	TupleTableSlot *row;
	double		waited;

	for (;;)
	{
		row = mv_row_order_take(order, &waited);
		if (row != NULL)
		{
			*distance = (NullableDatum){.value = Float8GetDatum(waited)};
			return row;
		}
		if (order->ended)
			return NULL;
		row = child_row(scan);
		order->ended = TupIsNull(row);
		if (order->ended)
			continue;
		*distance = distance_of_row(scan);
		if (distance->isnull || !mv_am_bound(scan->index->iss_ScanDesc, &order->bound) ||
			!mv_row_order_must_wait(order, DatumGetFloat8(distance->value)))
			return row;
		mv_row_order_add(order, row, DatumGetFloat8(distance->value));
	}
}

/* The next row, and the value by which it was ordered, if there is one. */
static TupleTableSlot *
next_row(RankedScan *scan, NullableDatum *value)
{
	bool		replaced = is_replaced(scan);
	TupleTableSlot *row;

	if (scan->plan.n.value && !scan->plan.n.text && !replaced && scan->expected == 0)
		return next_in_order(scan, value);
	row = replaced ? ExecProcNode(scan->child) : child_row(scan);
	if (TupIsNull(row) || !scan->plan.n.value)
		return row;
	if (scan->plan.n.text)
		*value = (NullableDatum){scan->index->iss_ScanDesc->xs_orderbyvals[0],
								 scan->index->iss_ScanDesc->xs_orderbynulls[0]};
	else
		*value = distance_of_row(scan);
	return row;
}

static TupleTableSlot *
next(CustomScanState *node)
{
	RankedScan *scan = (RankedScan *) node;
	NullableDatum value = {0};
	TupleTableSlot *row = next_row(scan, &value);
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ExprContext *context = node->ss.ps.ps_ExprContext;
	int			n;

	ExecClearTuple(slot);
	if (TupIsNull(row))
		return slot;
	slot_getallattrs(row);
	n = row->tts_tupleDescriptor->natts;
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * n);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * n);
	if (scan->plan.n.value)
	{
		slot->tts_values[n] = value.value;
		slot->tts_isnull[n] = value.isnull;
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
	if (scan->order.slot != NULL)
		mv_row_order_start(&scan->order);
	mv_heap_filter_rescan(&scan->heap, node->ss.ps.chgParam);
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
	if (scan->own.bitmap != NULL && scan->plan.n.later)
		ExplainPropertyText("Filter In Reserve", "bitmap", es);
	if (!es->analyze)
		return;
	if (scan->source != NOWHERE)
		ExplainPropertyText("Filter From", scan->source == HEAP ? "heap" : "bitmap", es);
	if (counts->filter != NULL)
		ExplainPropertyText("Filter Strategy", counts->filter, es);
	explain_count("Strategy Switches", counts->switches, es);
	explain_count("Rows Matching", counts->matches, es);
	explain_count("Rows Tested", counts->tested, es);
	explain_count("Searches Resumed", counts->resumed, es);
	explain_count("Index Pages Read", counts->pages, es);
	if (scan->plan.n.text || scan->plan.sort != NIL)
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

/* Add the nodes that return rows to a plan of a leg. */
static List *
add_scans(List *scans, PlanState *plan)
{
	if (IsA(plan, MergeAppendState))
	{
		MergeAppendState *merge = (MergeAppendState *) plan;

		for (int i = 0; i < merge->ms_nplans; i++)
			scans = add_scans(scans, merge->mergeplans[i]);
	}
	else if (IsA(plan, ResultState) && outerPlanState(plan) != NULL)
		scans = add_scans(scans, outerPlanState(plan));
	else if (IsA(plan, CustomScanState) && ((CustomScanState *) plan)->methods == &exec_methods)
		scans = lappend(scans, plan);
	return scans;
}

void
mv_ranked_expect(PlanState *plan, double rows, MvTidFilter *filters)
{
	List	   *scans = add_scans(NIL, plan);
	ListCell   *lc;

	foreach(lc, scans)
	{
		RankedScan *scan = lfirst(lc);

		scan->expected = rows;
		if (scan->plan.n.given > 0)
			scan->filter = &filters[scan->plan.n.given - 1];
	}
	list_free(scans);
}

/* Can the node's index tell scores of the table's rows? */
static bool
has_scores(const RankedScan *scan, Oid table)
{
	return scan->plan.n.text && scan->started &&
		RelationGetRelid(scan->index->ss.ss_currentRelation) == table;
}

void
mv_ranked_scores(PlanState *plan, Oid table, const ItemPointerData *tids, int n, double *scores)
{
	List	   *scans = add_scans(NIL, plan);
	ListCell   *lc;

	for (int i = 0; i < n; i++)
		scores[i] = -1;
	foreach(lc, scans)
	{
		RankedScan *scan = lfirst(lc);
		MvScanCounters before;

		if (!has_scores(scan, table))
			continue;
		before = begin_counts();
		mv_row_scores(scan->index->iss_ScanDesc, scan->index->ss.ss_currentRelation, tids, n,
					  scores);
		end_counts(scan, before, false);
	}
	list_free(scans);
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
