/*
 * text_scan.c -- scores come from the index, not from the row.
 *
 * A scan in the order of body <@> query knows the score of each row it returns,
 * but core evaluates the expression again for its target list, even where only
 * the order is asked for: the text is analysed once more, which takes longer
 * than the search.  So a node of ours stands above the Index Scan, takes its
 * rows, and adds the value that the row was ordered by.  What is above finds the
 * expression in the node's list and computes nothing.
 *
 * The node also tells the scan what LIMIT and OFFSET are, for core does not: so
 * many rows are searched for at once.  That is a hint, the scan goes on beyond.
 *
 * A score of several columns cannot be computed from one: there the other paths
 * are taken away.
 *
 * Plans with row locks keep the plain Index Scan: they may evaluate other
 * versions of a row than the scan has returned.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/rel.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "search/search.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/* ---- executor ---- */

typedef struct TextScan
{
	CustomScanState css;
	IndexScanState *scan;		/* the child, or below it */
	List	   *limit;			/* of ExprState, to be added up; NIL: unknown */
	bool		started;		/* the scan knows it */
} TextScan;

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	TextScan   *scan = (TextScan *) node;
	Plan	   *plan = linitial(((CustomScan *) node->ss.ps.plan)->custom_plans);
	PlanState  *child = ExecInitNode(plan, estate, eflags);

	node->custom_ps = list_make1(child);
	/* Above it may be a Result with conditions that are the same for all rows. */
	while (!IsA(child, IndexScanState))
		child = outerPlanState(child);
	scan->scan = (IndexScanState *) child;
	scan->limit =
		ExecInitExprList(((CustomScan *) node->ss.ps.plan)->custom_exprs, (PlanState *) node);
}

/* As LIMIT and OFFSET say; 0: unknown. */
static double
rows_wanted(TextScan *scan)
{
	double		rows = 0;
	ListCell   *lc;

	foreach(lc, scan->limit)
	{
		bool		isnull;
		Datum		n = ExecEvalExprSwitchContext(lfirst(lc), scan->css.ss.ps.ps_ExprContext,
												  &isnull);

		if (isnull)
			return 0;
		rows += Max(DatumGetInt64(n), 0);
	}
	return rows;
}

/* Begin the child's scan, as the child does before its first row, to tell it more. */
static void
start(TextScan *scan)
{
	IndexScanState *child = scan->scan;

	if (child->iss_ScanDesc == NULL)
	{
		child->iss_ScanDesc = mv_index_beginscan(child, child->ss.ps.state->es_snapshot);
		if (child->iss_NumRuntimeKeys == 0 || child->iss_RuntimeKeysReady)
			index_rescan(child->iss_ScanDesc, child->iss_ScanKeys, child->iss_NumScanKeys,
						 child->iss_OrderByKeys, child->iss_NumOrderByKeys);
	}
	mv_bm25_expect(child->iss_ScanDesc, rows_wanted(scan));
	scan->started = true;
}

/* The child's row, and the value by which it was ordered. */
static TupleTableSlot *
next(CustomScanState *node)
{
	TextScan   *scan = (TextScan *) node;
	TupleTableSlot *row;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ExprContext *context = node->ss.ps.ps_ExprContext;
	int			n;

	if (!scan->started)
		start(scan);
	row = ExecProcNode(linitial(node->custom_ps));
	ExecClearTuple(slot);
	if (TupIsNull(row))
		return slot;
	slot_getallattrs(row);
	n = row->tts_tupleDescriptor->natts;
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * n);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * n);
	slot->tts_values[n] = scan->scan->iss_ScanDesc->xs_orderbyvals[0];
	slot->tts_isnull[n] = scan->scan->iss_ScanDesc->xs_orderbynulls[0];
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
	ExecEndNode(linitial(node->custom_ps));
}

static void
rescan(CustomScanState *node)
{
	PlanState  *child = linitial(node->custom_ps);

	((TextScan *) node)->started = false;
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, node->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "BM25 Score",
	.BeginCustomScan = begin,
	.ExecCustomScan = next,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
};

static Node *
create_state(CustomScan *plan)
{
	TextScan   *scan = palloc0(sizeof(TextScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

static const CustomScanMethods scan_methods = {
	.CustomName = "BM25 Score",
	.CreateCustomScanState = create_state,
};

/* ---- planner ---- */

/* LIMIT and OFFSET, where these are about the rows of one relation. */
static List *
limit_of(PlannerInfo *root)
{
	Query	   *query = root->parse;
	List	   *limit;

	if (query->limitCount == NULL || bms_membership(root->all_baserels) != BMS_SINGLETON ||
		query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs ||
		query->groupClause != NIL || query->groupingSets != NIL ||
		query->distinctClause != NIL || query->setOperations != NULL)
		return NIL;
	limit = list_make1(query->limitCount);
	if (query->limitOffset != NULL)
		limit = lappend(limit, query->limitOffset);
	/* They are evaluated once more. */
	if (contain_volatile_functions((Node *) limit) || contain_subplans((Node *) limit))
		return NIL;
	return copyObject(limit);
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *plans)
{
	CustomScan *node = makeNode(CustomScan);
	IndexPath  *index = linitial(path->custom_paths);
	List	   *columns = copyObject(((Plan *) linitial(plans))->targetlist);

	/* The child checks all conditions. */
	node->scan.plan.targetlist = tlist;
	node->scan.scanrelid = 0;
	node->flags = path->flags;
	node->custom_plans = plans;
	node->custom_scan_tlist =
		lappend(columns, makeTargetEntry(copyObject(linitial(index->indexorderbys)),
										 list_length(columns) + 1, NULL, false));
	node->custom_exprs = limit_of(root);
	node->methods = &scan_methods;
	return (Plan *) node;
}

static const CustomPathMethods path_methods = {
	.CustomName = "BM25 Score",
	.PlanCustomPath = make_plan,
};

static bool
is_ranked(Path *path)
{
	IndexPath  *index = (IndexPath *) path;
	Relation	relation;
	bool		ours;

	if (!IsA(path, IndexPath) || list_length(index->indexorderbys) != 1)
		return false;
	relation = index_open(index->indexinfo->indexoid, NoLock);
	ours = mv_is_fts_index(relation);
	index_close(relation, NoLock);
	return ours;
}

static Path *
wrap(Path *index)
{
	CustomPath *path = makeNode(CustomPath);

	path->path = *index;
	path->path.type = T_CustomPath;
	path->path.pathtype = T_CustomScan;
	path->path.parallel_safe = false;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(index);
	path->methods = &path_methods;
	return (Path *) path;
}

/* Is the path the only way to an order by a query for several columns? */
static bool
is_the_only_way(Path *path)
{
	OpExpr	   *order = linitial(((IndexPath *) path)->indexorderbys);

	return IsA(order, OpExpr) && mv_bm25query_is_for_several(lsecond(order->args));
}

static void
wrap_ranked_scans(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	List	   *only = NIL;
	ListCell   *lc;

	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || root->parse->commandType != CMD_SELECT ||
		root->rowMarks != NIL)
		return;
	foreach(lc, rel->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (!is_ranked(path))
			continue;
		lfirst(lc) = wrap(path);
		if (is_the_only_way(path))
			only = lappend(only, lfirst(lc));
	}
	if (only == NIL)
		return;
	rel->pathlist = only;
	rel->partial_pathlist = NIL;
}

void
mv_text_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = wrap_ranked_scans;
}
