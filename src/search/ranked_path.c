/*
 * ranked_path.c -- where the planner puts a Ranked Scan.
 *
 * It stands above Index Scans in the order of a distance or a score where there are
 * conditions: a bitmap of other indexes may go before, a limit to the distance ends the
 * scan.
 *
 * It sorts by an attribute of a bm25 index: sorted_path.c.
 *
 * And above every one in the order of body <@> query, and where rows are wanted with
 * their ctid, to lock them for instance: an Index Scan loses it when it corrects the
 * order.
 *
 * Where the expression is wanted it comes with the row, and nothing is charged for it:
 * the path's target has it.  A score of several columns cannot be computed from one:
 * there the other paths are taken away.
 *
 * Plans that may evaluate other versions of a row than the scan has returned, with row
 * locks or changes, keep the plain Index Scan of text: only the index knows the score.
 */
#include "postgres.h"

#include <math.h>

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"

#include "am/am.h"
#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "guc.h"
#include "search/filter.h"
#include "search/range.h"
#include "search/ranked.h"
#include "search/search.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/* What an index is to the node. */
typedef enum Kind
{
	FOREIGN,					/* not ours */
	VECTORS,
	TEXT
} Kind;

static Kind
index_kind(const IndexOptInfo *index)
{
	void	   *cost = (void *) index->amcostestimate;

	return cost == (void *) mv_am_costestimate ? VECTORS :
		cost == (void *) mv_bm25_costestimate ? TEXT : FOREIGN;
}

/* ---- the plan ---- */

/* More are not asked for at once. */
#define MAX_READS 10000

List *
mv_ranked_limit(PlannerInfo *root)
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

static int
rows_per_result(const RelOptInfo *rel, const IndexPath *index, const BitmapHeapPath *filter)
{
	double		rows = rel->tuples * index->indexselectivity;

	if (filter != NULL)
		rows *= mv_filter_share(filter);
	return (int) Min(Max(rows / Max(index->path.rows, 1), 1), MAX_READS);
}

/* Above a bitmap heap scan may be a Result. */
Plan *
mv_ranked_bitmap(Plan *plan)
{
	while (!IsA(plan, BitmapHeapScan))
		plan = outerPlan(plan);
	return outerPlan(plan);
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *plans)
{
	CustomScan *node = makeNode(CustomScan);
	IndexPath  *index = linitial(path->custom_paths);
	List	   *columns = copyObject(((Plan *) linitial(plans))->targetlist);
	MvRankedPlan plan = {
		.index = linitial(plans),
		.bitmap = list_length(plans) > 1 ? mv_ranked_bitmap(lsecond(plans)) : NULL,
		.n = mv_ranked_numbers(lthird(path->custom_private)),
		.limit = mv_ranked_limit(root),
		.within = copyObject(linitial(path->custom_private)),
		.sort = copyObject(lsecond(path->custom_private))
	};

	if (plan.n.value)
		columns =
			lappend(columns, makeTargetEntry(copyObject(linitial(index->indexorderbys)),
											 list_length(columns) + 1, NULL, false));
	/* The child checks all conditions. */
	node->scan.plan.targetlist = tlist;
	node->scan.scanrelid = 0;
	node->flags = path->flags;
	node->custom_scan_tlist = columns;
	mv_ranked_put(node, &plan);
	return (Plan *) node;
}

static const CustomPathMethods path_methods = {
	.CustomName = "Ranked Scan",
	.PlanCustomPath = make_plan,
};

/* ---- paths ---- */

/*
 * The relation's columns, and the value of the order.  What is above finds it there and
 * computes nothing.  Children of an Append must be alike: these stay as they are.
 */
static PathTarget *
target_with_value(PlannerInfo *root, RelOptInfo *rel, IndexPath *index)
{
	PathTarget *target;

	if (rel->reloptkind != RELOPT_BASEREL)
		return rel->reltarget;
	target = copy_pathtarget(rel->reltarget);
	add_column_to_pathtarget(target, linitial(index->indexorderbys), 0);
	return set_pathtarget_cost_width(root, target);
}

/* The distance that a scan is in the order of, or NULL. */
static OpExpr *
order_of(const IndexPath *index)
{
	Node	   *order = linitial(index->indexorderbys);

	return IsA(order, OpExpr) ? (OpExpr *) order : NULL;
}

/*
 * The share of an index that a range takes, where nothing is known.  Core's guess, a
 * third of the table, is about numbers; a distance is asked for to find what is near.
 */
#define RANGE_SHARE 0.01

/* When the bitmap runs. */
typedef enum When
{
	FIRST,
	LATER						/* where checking rows goes badly, or never */
} When;

/*
 * A Ranked Scan.
 *
 * filter	rows that other indexes leave, or NULL
 * within	distance up to which rows are wanted, or NULL
 * ordered	rows are to come in the order that the index path has
 */
static CustomPath *
make_path(PlannerInfo *root, RelOptInfo *rel, IndexPath *index, BitmapHeapPath *filter,
		  When when, Node *within, bool ordered)
{
	CustomPath *path = makeNode(CustomPath);
	Cost	   *startup = &path->path.startup_cost;
	Cost	   *total = &path->path.total_cost;
	MvRankedNumbers n = {0};

	path->path = index->path;
	path->path.type = T_CustomPath;
	path->path.pathtype = T_CustomScan;
	path->path.parallel_safe = false;
	n.text = index_kind(index->indexinfo) == TEXT && index->indexorderbys != NIL;
	n.value = ordered;
	if (ordered)
		path->path.pathtarget = target_with_value(root, rel, index);
	else
		path->path.pathkeys = NIL;
	if (index_kind(index->indexinfo) == VECTORS)
		n.costs = mv_filter_costs(root, rel, index, when == LATER ? filter : NULL, within != NULL);
	if (when == LATER && n.costs.bitmap == 0)
		filter = NULL;
	n.later = when == LATER;
	n.reads = rows_per_result(rel, index, when == LATER ? NULL : filter);
	n.reads_of_set = rows_per_result(rel, index, filter);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(index);
	if (filter != NULL)
		path->custom_paths = lappend(path->custom_paths, filter);
	path->custom_private = list_make3(within, NIL, mv_ranked_list(&n));
	path->methods = &path_methods;
	if (filter != NULL && when == FIRST)
		mv_filter_cost(filter, index, n.text, startup, total);
	if (within != NULL)
		*total = *startup + (*total - *startup) * RANGE_SHARE;
	return path;
}

CustomPath *
mv_ranked_sorted(PlannerInfo *root, RelOptInfo *rel, IndexPath *index, PathKey *key, int column)
{
	CustomPath *path = make_path(root, rel, index, NULL, FIRST, NULL, false);

	path->path.pathkeys = list_make1(key);
	lsecond(path->custom_private) = list_make3_int(column + 1, !mv_path_key_is_ascending(key),
												   key->pk_nulls_first);
	return path;
}

/* Is the path the only way to an order by a query for several columns? */
static bool
is_the_only_way(IndexPath *path)
{
	OpExpr	   *order = order_of(path);

	return order != NULL && mv_bm25query_is_for_several(lsecond(order->args));
}

/* Above an index's path, with a bitmap run first or not, if there is any. */
static void
add_paths(PlannerInfo *root, RelOptInfo *rel, IndexPath *index, Node *within, bool ordered,
		  List **paths)
{
	BitmapHeapPath *filter = mv_filter_path(root, rel, index);

	*paths = lappend(*paths, make_path(root, rel, index, filter, LATER, within, ordered));
	if (filter != NULL)
		*paths = lappend(*paths, make_path(root, rel, index, filter, FIRST, within, ordered));
}

/* Scans up to a distance, where no path in its order is. */
static void
add_range_paths(PlannerInfo *root, RelOptInfo *rel, List **paths)
{
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *info = lfirst(lc);
		OpExpr	   *order = NULL;
		Node	   *within;
		IndexPath  *index;

		if (index_kind(info) != VECTORS || (info->indpred != NIL && !info->predOK))
			continue;
		within = mv_range_limit(root, info, &order);
		if (within == NULL)
			continue;
		index = mv_range_path(root, info, order, mv_index_path(root, rel, info));
		if (isfinite(index->path.total_cost))
			add_paths(root, rel, index, within, false, paths);
	}
}

/* Is a row's ctid wanted? */
static bool
wants_ctid(const RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->reltarget->exprs)
		if (IsA(lfirst(lc), Var) &&
			lfirst_node(Var, lc)->varattno == SelfItemPointerAttributeNumber)
			return true;
	return false;
}

/* May the query evaluate other versions of a row than its scan returned? */
static bool
may_recheck(const PlannerInfo *root)
{
	return root->rowMarks != NIL || root->parse->commandType != CMD_SELECT;
}

/*
 * Is the node of use above the path?
 *
 * expects	what is above tells how many rows it will fetch
 */
static bool
is_useful(PlannerInfo *root, RelOptInfo *rel, const IndexPath *index, bool expects)
{
	if (index_kind(index->indexinfo) == TEXT)
		return !may_recheck(root);
	return index->indexinfo->indrestrictinfo != NIL || expects || wants_ctid(rel);
}

static bool
has_our_index(const RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->indexlist)
		if (index_kind(lfirst(lc)) != FOREIGN)
			return true;
	return false;
}

void
mv_ranked_wrap(PlannerInfo *root, RelOptInfo *rel, bool expects)
{
	List	   *others = NIL;
	List	   *paths = NIL;
	bool		limited = expects;
	bool		only = false;
	ListCell   *lc;

	foreach(lc, rel->pathlist)
	{
		IndexPath  *index = lfirst(lc);
		Kind		kind = IsA(index, IndexPath) ? index_kind(index->indexinfo) : FOREIGN;
		OpExpr	   *order;
		Node	   *within;

		if (kind == FOREIGN || list_length(index->indexorderbys) != 1 ||
			!isfinite(index->path.total_cost) || !is_useful(root, rel, index, expects))
		{
			others = lappend(others, index);
			continue;
		}
		order = order_of(index);
		within = kind == VECTORS && order != NULL ?
			mv_range_limit(root, index->indexinfo, &order) : NULL;
		add_paths(root, rel, index, within, true, &paths);
		limited = limited || within != NULL;
		only = only || (kind == TEXT && is_the_only_way(index));
	}
	if (!limited && !only)
		add_range_paths(root, rel, &paths);
	if (paths == NIL)
		return;
	rel->pathlist = only ? NIL : others;
	if (only)
		rel->partial_pathlist = NIL;
	foreach(lc, paths)
		add_path(rel, lfirst(lc));
}

/* ---- bitmaps that a node above makes for several ---- */

/* The paths of the node in a path that begin with a bitmap. */
static List *
filtered_paths(Path *path)
{
	CustomPath *custom = (CustomPath *) path;
	List	   *found = NIL;
	ListCell   *lc;

	if (IsA(path, MergeAppendPath))
		foreach(lc, ((MergeAppendPath *) path)->subpaths)
			found = list_concat(found, filtered_paths(lfirst(lc)));
	else if (IsA(path, CustomPath) && custom->methods == &path_methods &&
			 list_length(custom->custom_paths) > 1 &&
			 !mv_ranked_numbers(lthird(custom->custom_private)).later)
		found = list_make1(path);
	return found;
}

static void
leave_filter(CustomPath *path, int number)
{
	MvRankedNumbers n = mv_ranked_numbers(lthird(path->custom_private));

	n.given = number;
	path->custom_paths = list_make1(linitial(path->custom_paths));
	lthird(path->custom_private) = mv_ranked_list(&n);
}

List *
mv_ranked_share(List *paths)
{
	List	   *filtered = NIL;
	List	   *shared = NIL;
	ListCell   *lc;

	foreach(lc, paths)
		filtered = list_concat(filtered, filtered_paths(lfirst(lc)));
	for (int i = 0; i < list_length(filtered); i++)
	{
		CustomPath *path = list_nth(filtered, i);
		BitmapHeapPath *filter;
		bool		alone = true;

		if (list_length(path->custom_paths) == 1)
			continue;
		filter = lsecond(path->custom_paths);
		for (int j = i + 1; j < list_length(filtered); j++)
		{
			CustomPath *other = list_nth(filtered, j);

			if (list_length(other->custom_paths) == 1 ||
				!mv_filter_is_same(filter, lsecond(other->custom_paths)))
				continue;
			leave_filter(other, list_length(shared) + 1);
			alone = false;
		}
		if (alone)
			continue;
		shared = lappend(shared, filter);
		leave_filter(path, list_length(shared));
	}
	return shared;
}

/*
 * What an index of ours cannot do has infinite costs.  From 17 on an incremental sort above it
 * would have NaN, which is less than anything.
 */
static void
drop_impossible_paths(RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->pathlist)
		if (IsA(lfirst(lc), IndexPath) && !isfinite(((Path *) lfirst(lc))->total_cost))
			rel->pathlist = foreach_delete_current(rel->pathlist, lc);
}

static void
add_ranked_paths(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || rte->tablesample != NULL || IS_DUMMY_REL(rel) ||
		!has_our_index(rel))
		return;
	drop_impossible_paths(rel);
	if (!rte->inh)
		mv_several_paths(root, rel);
	if (!mv_enable_ranked_scan)
		return;
	mv_ranked_wrap(root, rel, false);
	if (!may_recheck(root))
		mv_sorted_paths(root, rel);
}

void
mv_ranked_init(void)
{
	RegisterCustomScanMethods(&mv_ranked_scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_ranked_paths;
}
