/*
 * fused_path.c -- ORDER BY rrf(leg, leg, ...): where the planner puts a Fused Scan.
 *
 * Each leg is an expression of the relation, most often a distance or a score, and
 * gets the path that returns the relation's rows by it: an Index Scan in its order,
 * below a Ranked Scan where that helps, or a sort.  All have the relation's
 * conditions, and so has the last child, for rows that no leg ranks.  Since no
 * other plan can compute rrf(), the relation has no other path.
 *
 * The paths of a leg are made by core: a copy of the relation that is said to be
 * wanted in the leg's order.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"

#include "am/am.h"
#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "guc.h"
#include "search/fused.h"
#include "search/ranked.h"
#include "search/search.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/* ---- the call ---- */

static bool
is_rrf(Node *node)
{
	FuncExpr   *call = (FuncExpr *) node;
	FmgrInfo	function;

	if (!IsA(node, FuncExpr) || call->funcresulttype != FLOAT8OID ||
		list_length(call->args) != MV_RRF_ARGS)
		return false;
	fmgr_info(call->funcid, &function);
	return function.fn_addr == mv_rrf;
}

/* The call of rrf() by which the query is ordered first, if it is of this relation; or NULL. */
static FuncExpr *
find_call(PlannerInfo *root, RelOptInfo *rel)
{
	PathKey    *key;
	ListCell   *lc;

	if (root->query_pathkeys == NIL)
		return NULL;
	key = linitial(root->query_pathkeys);
	foreach(lc, key->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);

		if (!bms_equal(member->em_relids, rel->relids) || !is_rrf((Node *) member->em_expr))
			continue;
		if (!mv_path_key_is_ascending(key) || key->pk_nulls_first)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("rrf() is ordered by ascending, NULLS LAST, only"),
					 errhint("The best rows come first: leave out DESC and NULLS FIRST.")));
		return (FuncExpr *) member->em_expr;
	}
	return NULL;
}

static bool
is_null_constant(Node *node)
{
	return IsA(node, Const) && ((Const *) node)->constisnull;
}

/* What a query may not have where rrf() orders its rows. */
static void
check_query(PlannerInfo *root, RangeTblEntry *rte, FuncExpr *call)
{
	const char *what = NULL;

	if (contain_var_clause((Node *) list_copy_tail(call->args, MV_MAX_LEGS)))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("k and weights of rrf() cannot depend on the row")));
	if (contain_volatile_functions((Node *) call->args))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("rrf() cannot rank by volatile functions")));

	if (rte->inh)
		what = "partitioned tables and tables with children";
	else if (rte->relkind == RELKIND_FOREIGN_TABLE || rte->tablesample != NULL)
		what = "foreign tables and samples";
	else if (root->rowMarks != NIL)
		what = "queries that lock rows";
	else if (root->parse->commandType != CMD_SELECT)
		what = "INSERT, UPDATE and DELETE themselves";
	if (what != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rrf() is not supported in %s", what),
				 errhint("Let a subquery find the rows: ... WHERE id IN (SELECT id FROM one_table "
						 "ORDER BY rrf(...) LIMIT n).")));
}

/* ---- legs ---- */

/* Is it a score of a bm25 index, whose rows of value 0 do not match? */
static bool
is_score(RelOptInfo *rel, Expr *expr)
{
	ListCell   *lc;

	if (!IsA(expr, OpExpr))
		return false;
	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(lc);

		if ((void *) index->amcostestimate != (void *) mv_bm25_costestimate)
			continue;
		for (int i = 0; i < index->nkeycolumns; i++)
			if (OidIsValid(get_op_opfamily_sortfamily(((OpExpr *) expr)->opno,
													  index->opfamily[i])))
				return true;
	}
	return false;
}

/* Can the value not be computed from a row? */
static bool
needs_index(Expr *expr)
{
	OpExpr	   *op = (OpExpr *) expr;

	return IsA(expr, OpExpr) && list_length(op->args) == 2 &&
		mv_bm25query_is_for_several(lsecond(op->args));
}

/* The relation without paths; its rows have their ctid. */
static RelOptInfo *
copy_relation(RelOptInfo *rel)
{
	RelOptInfo *copy = palloc(sizeof(RelOptInfo));

	*copy = *rel;
	copy->pathlist = NIL;
	copy->partial_pathlist = NIL;
	copy->consider_parallel = false;
	copy->reltarget = copy_pathtarget(rel->reltarget);
	add_column_to_pathtarget(copy->reltarget,
							 (Expr *) makeVar(rel->relid, SelfItemPointerAttributeNumber, TIDOID,
											  -1, InvalidOid, 0),
							 0);
	return copy;
}

/* Are these rows in an order that is not exact?  Of a vector index of ours. */
static bool
is_approximate(Path *path)
{
	if (IsA(path, CustomPath))
		path = linitial(((CustomPath *) path)->custom_paths);
	return IsA(path, IndexPath) &&
		(void *) ((IndexPath *) path)->indexinfo->amcostestimate == (void *) mv_am_costestimate;
}

static Cost
cost_of_rows(const Path *path, double rows)
{
	double		share = path->rows > 0 ? Min(rows / path->rows, 1) : 1;

	return path->startup_cost + share * (path->total_cost - path->startup_cost);
}

static bool
is_cheaper(const Path *a, const Path *b, double rows)
{
	if (mv_disabled_nodes(a) != mv_disabled_nodes(b))
		return mv_disabled_nodes(a) < mv_disabled_nodes(b);
	return cost_of_rows(a, rows) < cost_of_rows(b, rows);
}

/* The path's columns and the leg's value. */
static void
add_value(PlannerInfo *root, Path *path, Expr *expr)
{
	if (list_member(path->pathtarget->exprs, expr))
		return;
	path->pathtarget = copy_pathtarget(path->pathtarget);
	add_column_to_pathtarget(path->pathtarget, expr, 0);
	set_pathtarget_cost_width(root, path->pathtarget);
}

/* The cheapest path of the relation's rows, in any order. */
static Path *
unordered_path(PlannerInfo *root, RelOptInfo *copy)
{
	Path	   *best = create_seqscan_path(root, copy, NULL, 0);
	ListCell   *lc;

	foreach(lc, copy->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (path->param_info == NULL && path->pathkeys == NIL &&
			is_cheaper(path, best, path->rows))
			best = path;
	}
	return best;
}

static Path *
sort_path(PlannerInfo *root, RelOptInfo *copy, Expr *expr, List *pathkeys)
{
	Path	   *path = unordered_path(root, copy);

	add_value(root, path, expr);
	return (Path *) create_sort_path(root, copy, path, pathkeys, -1.0);
}

/* Let core make the paths of a copy of the relation that would be useful for an order. */
static RelOptInfo *
relation_for(PlannerInfo *root, RelOptInfo *rel, List *pathkeys)
{
	RelOptInfo *copy = copy_relation(rel);
	List	   *wanted = root->query_pathkeys;
	ListCell   *lc;

	root->query_pathkeys = pathkeys;
	create_index_paths(root, copy);
	foreach(lc, copy->pathlist)
		((Path *) lfirst(lc))->pathtarget = copy->reltarget;
	mv_ranked_wrap(root, copy, true);
	root->query_pathkeys = wanted;
	return copy;
}

/* The path by which a leg's first `depth` rows come cheapest. */
static Path *
leg_path(PlannerInfo *root, RelOptInfo *rel, Expr *expr, double depth)
{
	List	   *pathkeys = mv_expression_pathkey(root, expr, Float8LessOperator, rel->relids);
	RelOptInfo *copy = relation_for(root, rel, pathkeys);
	Path	   *best = NULL;
	ListCell   *lc;

	if (!needs_index(expr))
		best = sort_path(root, copy, expr, pathkeys);
	foreach(lc, copy->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (path->param_info != NULL || !pathkeys_contained_in(pathkeys, path->pathkeys) ||
			(mv_hybrid_exact && is_approximate(path)))
			continue;
		if (best == NULL || is_cheaper(path, best, depth))
			best = path;
	}
	if (best == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a leg of rrf() has no index that it could be read from"),
				 errhint("A query for several columns needs a scan of its bm25 index.")));
	add_value(root, best, expr);
	return best;
}

/* ---- the plan ---- */

/* Column of an expression in a target list, from 1; 0: none. */
static int
column_of(List *tlist, Expr *expr)
{
	TargetEntry *entry = tlist_member(expr, tlist);

	return entry != NULL ? entry->resno : 0;
}

typedef struct Search
{
	Expr	   *expr;
	FuncExpr   *call;
} Search;

/* Does the query want the expression outside the call? */
static bool
occurs(Node *node, Search *search)
{
	if (node == NULL || equal(node, search->call))
		return false;
	return equal(node, search->expr) || expression_tree_walker(node, occurs, search);
}

/* The expression with columns of the node for those of the table. */
static Node *
on_columns(Node *node, List *tlist)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) copyObject(node);

		var->varattno = column_of(tlist, (Expr *) node);
		var->varno = INDEX_VAR;
		return (Node *) var;
	}
	return expression_tree_mutator(node, on_columns, tlist);
}

/* The column after the table's is the ctid. */
static void
check_columns(Plan *plan, const MvFusedPlan *fused)
{
	TargetEntry *entry = list_nth(plan->targetlist, fused->ncolumns);

	if (!IsA(entry->expr, Var) ||
		((Var *) entry->expr)->varattno != SelfItemPointerAttributeNumber)
		elog(ERROR, "leg of a fused scan lacks ctid");
}

static void
plan_leg(MvFusedLeg *leg, const MvFusedPlan *fused, RelOptInfo *rel, Expr *expr)
{
	Plan	   *plan = list_nth(fused->plans, fused->nlegs);

	check_columns(plan, fused);
	leg->value = column_of(plan->targetlist, expr);
	leg->matches = is_score(rel, expr);
	if (leg->value == 0)
		elog(ERROR, "leg of a fused scan lacks its value");
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *plans)
{
	CustomScan *node = makeNode(CustomScan);
	FuncExpr   *call = linitial(path->custom_private);
	/* Not those of rel->reltarget, which by now may be the query's. */
	List	   *columns = add_to_flat_tlist(NIL, lsecond(path->custom_private));
	MvFusedPlan plan = {
		.plans = plans, .nlegs = 0, .ncolumns = list_length(columns), .exact = mv_hybrid_exact,
		.k = list_nth(call->args, MV_RRF_K), .weights = list_nth(call->args, MV_RRF_WEIGHTS),
		.limit = mv_ranked_limit(root)
	};
	List	   *given = lappend(columns, makeTargetEntry((Expr *) call, plan.ncolumns + 1, NULL,
														 false));

	for (int i = 0; i < MV_MAX_LEGS; i++)
	{
		Search		search = {.expr = list_nth(call->args, i), .call = call};
		MvFusedLeg *leg = &plan.legs[plan.nlegs];

		if (is_null_constant((Node *) search.expr))
			continue;
		*leg = (MvFusedLeg){ .argument = i };
		plan_leg(leg, &plan, rel, search.expr);
		plan.nlegs++;
		if (!occurs((Node *) root->processed_tlist, &search))
			continue;
		leg->missing = (Expr *) on_columns((Node *) search.expr, columns);
		given = lappend(given, makeTargetEntry(search.expr, list_length(given) + 1, NULL, false));
		leg->column = list_length(given);
	}
	check_columns(llast(plans), &plan);
	node->scan.plan.targetlist = tlist;
	node->scan.scanrelid = 0;
	node->flags = path->flags;
	node->custom_scan_tlist = copyObject(given);
	mv_fused_put(node, &plan);
	return (Plan *) node;
}

static const CustomPathMethods path_methods = {
	.CustomName = "Fused Scan",
	.PlanCustomPath = make_plan,
};

/* ---- the path ---- */

static Path *
fused_path(PlannerInfo *root, RelOptInfo *rel, FuncExpr *call)
{
	CustomPath *path = makeNode(CustomPath);
	double		depth = Max(mv_hybrid_depth, root->limit_tuples);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = copy_pathtarget(rel->reltarget);
	add_column_to_pathtarget(path->path.pathtarget, (Expr *) call, 0);
	path->path.pathkeys = list_make1(linitial(root->query_pathkeys));
	path->path.rows = rel->rows;
	path->path.total_cost = rel->rows * cpu_tuple_cost;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_private = list_make2(call, rel->reltarget->exprs);
	path->methods = &path_methods;
	for (int i = 0; i < MV_MAX_LEGS; i++)
	{
		Expr	   *expr = list_nth(call->args, i);
		Path	   *leg;

		if (is_null_constant((Node *) expr))
			continue;
		leg = leg_path(root, rel, expr, depth);
		path->custom_paths = lappend(path->custom_paths, leg);
		path->path.startup_cost += cost_of_rows(leg, depth);
		path->path.total_cost += leg->total_cost;
	}
	path->custom_paths = lappend(path->custom_paths,
								 unordered_path(root, relation_for(root, rel, NIL)));
	return (Path *) path;
}

static void
add_fused_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FuncExpr   *call;

	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || rel->reloptkind != RELOPT_BASEREL || IS_DUMMY_REL(rel) ||
		(call = find_call(root, rel)) == NULL)
		return;
	check_query(root, rte, call);
	rel->pathlist = list_make1(fused_path(root, rel, call));
	rel->partial_pathlist = NIL;
}

void
mv_fused_init(void)
{
	RegisterCustomScanMethods(&mv_fused_scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_fused_path;
}
