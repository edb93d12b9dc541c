/*
 * ranked_path.c -- where the planner puts a Ranked Scan.
 *
 * It stands above every Index Scan in the order of body <@> query.  Where the
 * expression is wanted it comes with the row, and nothing is charged for it: the
 * path's target has it.  A score of several columns cannot be computed from one:
 * there the other paths are taken away.
 *
 * Plans with row locks keep the plain Index Scan: they may evaluate other
 * versions of a row than the scan has returned.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"

#include "am/bm25.h"
#include "fts/bm25query.h"
#include "guc.h"
#include "search/ranked.h"
#include "search/search.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/* ---- the plan ---- */

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
	MvRankedPlan plan = {
		.index = linitial(plans), .text = true, .limit = limit_of(root)
	};

	/* The child checks all conditions. */
	node->scan.plan.targetlist = tlist;
	node->scan.scanrelid = 0;
	node->flags = path->flags;
	node->custom_scan_tlist =
		lappend(columns, makeTargetEntry(copyObject(linitial(index->indexorderbys)),
										 list_length(columns) + 1, NULL, false));
	mv_ranked_put(node, &plan);
	return (Plan *) node;
}

static const CustomPathMethods path_methods = {
	.CustomName = "Ranked Scan",
	.PlanCustomPath = make_plan,
};

/* ---- paths ---- */

/* Is it a scan of a bm25 index in its order? */
static bool
is_ranked_text(Path *path)
{
	IndexPath  *index = (IndexPath *) path;

	return IsA(path, IndexPath) && list_length(index->indexorderbys) == 1 &&
		(void *) index->indexinfo->amcostestimate == (void *) mv_bm25_costestimate;
}

/*
 * The relation's columns, and the score.  What is above finds it there and computes
 * nothing.  Children of an Append must be alike: these stay as they are.
 */
static PathTarget *
target_with_score(PlannerInfo *root, RelOptInfo *rel, IndexPath *index)
{
	PathTarget *target;

	if (rel->reloptkind != RELOPT_BASEREL)
		return rel->reltarget;
	target = copy_pathtarget(rel->reltarget);
	add_column_to_pathtarget(target, linitial(index->indexorderbys), 0);
	return set_pathtarget_cost_width(root, target);
}

static Path *
wrap(PlannerInfo *root, RelOptInfo *rel, IndexPath *index)
{
	CustomPath *path = makeNode(CustomPath);

	path->path = index->path;
	path->path.type = T_CustomPath;
	path->path.pathtype = T_CustomScan;
	path->path.pathtarget = target_with_score(root, rel, index);
	path->path.parallel_safe = false;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(index);
	path->methods = &path_methods;
	return (Path *) path;
}

/* Is the path the only way to an order by a query for several columns? */
static bool
is_the_only_way(IndexPath *path)
{
	OpExpr	   *order = linitial(path->indexorderbys);

	return IsA(order, OpExpr) && mv_bm25query_is_for_several(lsecond(order->args));
}

static void
add_ranked_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	List	   *only = NIL;
	ListCell   *lc;

	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || root->parse->commandType != CMD_SELECT ||
		root->rowMarks != NIL || !mv_enable_ranked_scan)
		return;
	foreach(lc, rel->pathlist)
	{
		IndexPath  *path = lfirst(lc);

		if (!is_ranked_text(&path->path))
			continue;
		lfirst(lc) = wrap(root, rel, path);
		if (is_the_only_way(path))
			only = lappend(only, lfirst(lc));
	}
	if (only == NIL)
		return;
	rel->pathlist = only;
	rel->partial_pathlist = NIL;
}

void
mv_ranked_init(void)
{
	RegisterCustomScanMethods(&mv_ranked_scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_ranked_paths;
}
