/*
 * fused_path.c -- ORDER BY rrf(leg, leg, ...) and its like: where the planner puts a
 * Fused Scan.
 *
 * Each leg is an expression of the relation, most often a distance or a score, and
 * gets the path that returns the relation's rows by it: an Index Scan in its order,
 * below a Ranked Scan where that helps, or a sort.  All have the relation's
 * conditions, and so has the last child, for rows that no leg ranks.
 *
 * No other plan can compute rrf() or weighted(), so the relation has no other path.
 * A sum of distances any plan can compute; there the node is a path among others.
 *
 * The paths of a leg are made by core: a copy of the relation that is said to be
 * wanted in the leg's order.
 */
#include "postgres.h"

#include <math.h>

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
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "am/am.h"
#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "guc.h"
#include "search/fused_call.h"
#include "search/ranked.h"
#include "search/search.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/* ---- the query ---- */

/* What the query is ordered by first, if that is ours and of this relation; or NULL. */
static MvFusion *
find_fusion(PlannerInfo *root, RelOptInfo *rel)
{
	PathKey    *key;
	ListCell   *lc;

	if (root->query_pathkeys == NIL)
		return NULL;
	key = linitial(root->query_pathkeys);
	foreach(lc, key->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);
		MvFusion   *fusion;

		if (!bms_equal(member->em_relids, rel->relids) ||
			(fusion = mv_fusion_parse(member->em_expr)) == NULL)
			continue;
		if (mv_path_key_is_ascending(key) && !key->pk_nulls_first)
			return fusion;
		if (fusion->ranker == MV_RANK_SUM)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s() is ordered by ascending, NULLS LAST, only", mv_fusion_name(fusion)),
				 errhint("The best rows come first: leave out DESC and NULLS FIRST.")));
	}
	return NULL;
}

/* What such a query may not have; NULL: it has none of that. */
static const char *
find_unsupported(PlannerInfo *root, RangeTblEntry *rte)
{
	if (rte->inh)
		return "partitioned tables and tables with children";
	if (rte->relkind == RELKIND_FOREIGN_TABLE || rte->tablesample != NULL)
		return "foreign tables and samples";
	if (root->rowMarks != NIL)
		return "queries that lock rows";
	if (root->parse->commandType != CMD_SELECT)
		return "INSERT, UPDATE and DELETE themselves";
	return NULL;
}

/* ---- conditions on the score ---- */

/* Has the expression what only the node computes? */
static bool
mentions(Node *node, MvFusion *fusion)
{
	if (node == NULL)
		return false;
	return equal(node, fusion->call) || expression_tree_walker(node, mentions, fusion);
}

/* Divide conditions into those on the score and others. */
static List *
take_from(List **conditions, MvFusion *fusion)
{
	List	   *taken = NIL;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, *conditions)
	{
		if (mentions((Node *) lfirst_node(RestrictInfo, lc)->clause, fusion))
			taken = lappend(taken, lfirst(lc));
		else
			others = lappend(others, lfirst(lc));
	}
	*conditions = others;
	return taken;
}

/*
 * Take the conditions on the score from the relation: the node checks them, no leg can.
 * Rows are to have what these refer to.
 */
static List *
take_conditions(RelOptInfo *rel, MvFusion *fusion)
{
	List	   *taken = extract_actual_clauses(take_from(&rel->baserestrictinfo, fusion), false);
	ListCell   *lc;

	if (taken == NIL)
		return NIL;
	foreach(lc, rel->indexlist)
		take_from(&lfirst_node(IndexOptInfo, lc)->indrestrictinfo, fusion);
	foreach(lc, pull_var_clause((Node *) taken, PVC_INCLUDE_PLACEHOLDERS))
		if (!list_member(rel->reltarget->exprs, lfirst(lc)))
			add_column_to_pathtarget(rel->reltarget, lfirst(lc), 0);
	return taken;
}

/* Is it score < limit, so that no row passes after one that does not? */
static bool
is_limit(Node *clause, const MvFusion *fusion)
{
	OpExpr	   *op = (OpExpr *) clause;
	bool		less;
	bool		greater;
	Node	   *left;
	Node	   *right;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2)
		return false;
	less = op->opfuncid == F_FLOAT8LT || op->opfuncid == F_FLOAT8LE;
	greater = op->opfuncid == F_FLOAT8GT || op->opfuncid == F_FLOAT8GE;
	left = linitial(op->args);
	right = lsecond(op->args);
	return (less && equal(left, fusion->order) && !contain_var_clause(right)) ||
		(greater && equal(right, fusion->order) && !contain_var_clause(left));
}

/* ---- legs ---- */

/* Is it a score of a bm25 index, whose rows of value 0 do not match? */
static bool
is_score(RelOptInfo *rel, Expr *expr)
{
	ListCell   *lc;

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

/* The name of an operator says what it measures, whoever made it. */
static MvLegKind
leg_kind(RelOptInfo *rel, Expr *expr)
{
	const char *name;

	if (!IsA(expr, OpExpr))
		return MV_LEG_DISTANCE;
	if (is_score(rel, expr))
		return MV_LEG_TEXT;
	name = get_opname(((OpExpr *) expr)->opno);
	return strcmp(name, "<->") == 0 ? MV_LEG_L2 :
		strcmp(name, "<=>") == 0 ? MV_LEG_COSINE :
		strcmp(name, "<#>") == 0 || strcmp(name, "<@@>") == 0 ? MV_LEG_PRODUCT : MV_LEG_DISTANCE;
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

/* The leg's own conditions, as if the query had them; core's choice of indexes follows. */
static void
add_filter(PlannerInfo *root, RelOptInfo *copy, List *filter)
{
	List	   *conditions = NIL;
	List	   *indexes = NIL;
	ListCell   *lc;

	if (filter == NIL)
		return;
	foreach(lc, filter)
		conditions = lappend(conditions, mv_make_condition(root, lfirst(lc)));
	foreach(lc, copy->indexlist)
	{
		IndexOptInfo *index = palloc(sizeof(IndexOptInfo));

		*index = *lfirst_node(IndexOptInfo, lc);
		index->rel = copy;
		indexes = lappend(indexes, index);
	}
	copy->indexlist = indexes;
	copy->rows = clamp_row_est(copy->rows * clauselist_selectivity(root, conditions, copy->relid,
																   JOIN_INNER, NULL));
	copy->baserestrictinfo = list_concat_copy(copy->baserestrictinfo, conditions);
	check_index_predicates(root, copy);
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
relation_for(PlannerInfo *root, RelOptInfo *rel, List *pathkeys, List *filter)
{
	RelOptInfo *copy = copy_relation(rel);
	List	   *wanted = root->query_pathkeys;
	ListCell   *lc;

	add_filter(root, copy, filter);
	root->query_pathkeys = pathkeys;
	create_index_paths(root, copy);
	foreach(lc, copy->pathlist)
		((Path *) lfirst(lc))->pathtarget = copy->reltarget;
	mv_ranked_wrap(root, copy, true);
	root->query_pathkeys = wanted;
	return copy;
}

/* The path by which a leg's first `depth` rows come cheapest; NULL: there is none. */
static Path *
leg_path(PlannerInfo *root, RelOptInfo *rel, const MvFusionLeg *leg, double depth)
{
	Expr	   *expr = leg->expr;
	List	   *pathkeys = mv_expression_pathkey(root, expr, Float8LessOperator, rel->relids);
	RelOptInfo *copy = relation_for(root, rel, pathkeys, leg->filter);
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
	if (best != NULL)
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
	const MvFusion *fusion;
} Search;

/* Does the query want the expression, beside what it is ordered by? */
static bool
occurs(Node *node, Search *search)
{
	if (node == NULL || equal(node, search->fusion->order) || equal(node, search->fusion->call))
		return false;
	return equal(node, search->expr) || expression_tree_walker(node, occurs, search);
}

/* The expression with the node's columns for what these compute. */
static Node *
on_columns(Node *node, List *tlist)
{
	int			column;

	if (node == NULL)
		return NULL;
	column = column_of(tlist, (Expr *) node);
	if (column > 0)
		return (Node *) makeVar(INDEX_VAR, column, exprType(node), exprTypmod(node),
								exprCollation(node), 0);
	if (IsA(node, Var))
		elog(ERROR, "fused scan lacks column %d", ((Var *) node)->varattno);
	return expression_tree_mutator(node, on_columns, tlist);
}

/* The expression where all conditions hold, else NULL. */
static Node *
where(List *conditions, Expr *expr)
{
	CaseWhen   *when;
	CaseExpr   *choice;

	if (conditions == NIL)
		return (Node *) expr;
	when = makeNode(CaseWhen);
	when->expr = make_ands_explicit(conditions);
	when->result = expr;
	when->location = -1;
	choice = makeNode(CaseExpr);
	choice->casetype = exprType((Node *) expr);
	choice->casecollid = exprCollation((Node *) expr);
	choice->args = list_make1(when);
	choice->defresult = (Expr *) makeNullConst(choice->casetype, -1, choice->casecollid);
	choice->location = -1;
	return (Node *) choice;
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

/*
 * computed		its values are wanted of rows that it does not return
 * columns		those of the table
 */
static MvFusedLeg
plan_leg(RelOptInfo *rel, const MvFusionLeg *from, Plan *plan, bool computed, List *columns)
{
	MvFusedLeg	leg = {
		.argument = from->argument, .kind = leg_kind(rel, from->expr),
		.value = column_of(plan->targetlist, from->expr), .whole = needs_index(from->expr),
		.depth = from->depth
	};

	if (leg.value == 0)
		elog(ERROR, "leg of a fused scan lacks its value");
	if (!computed)
		return leg;
	leg.missing = (Expr *) on_columns((Node *) from->expr, columns);
	if (from->filter != NIL)
		leg.lookup = (Expr *) on_columns(where(from->filter, from->expr), columns);
	if (leg.kind == MV_LEG_TEXT)
	{
		List	   *args = ((OpExpr *) from->expr)->args;

		leg.operand = (Expr *) on_columns(where(from->filter, linitial(args)), columns);
		leg.query = (Expr *) on_columns(lsecond(args), columns);
	}
	return leg;
}

/* Let the node have one more column. */
static int
give(List **columns, Expr *expr, int number)
{
	*columns = lappend(*columns, makeTargetEntry(expr, number, NULL, false));
	return number;
}

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *plans)
{
	CustomScan *node = makeNode(CustomScan);
	MvFusion   *fusion = mv_fusion_parse(linitial(path->custom_private));
	/* Not those of rel->reltarget, which by now may be the query's. */
	List	   *columns = add_to_flat_tlist(NIL, lsecond(path->custom_private));
	MvFusedPlan plan = {
		.plans = plans, .ranker = fusion->ranker, .params = fusion->params,
		.narguments = fusion->narguments, .nlegs = fusion->nlegs,
		.ncolumns = list_length(columns), .most = fusion->most, .exact = mv_hybrid_exact,
		.limit = mv_ranked_limit(root)
	};
	List	   *given = list_copy(columns);
	int			number = give(&given, fusion->order, plan.ncolumns + 1);
	List	   *inputs;
	ListCell   *lc;

	if (fusion->call != NULL && fusion->call != fusion->order)
		plan.fused = give(&given, fusion->call, ++number);
	for (int i = 0; i < plan.nlegs; i++)
	{
		Search		search = {.expr = fusion->legs[i].expr, .fusion = fusion};
		bool		wanted = fusion->ranker == MV_RANK_SUM ||
			occurs((Node *) root->processed_tlist, &search);

		check_columns(list_nth(plans, i), &plan);
		plan.legs[i] = plan_leg(rel, &fusion->legs[i], list_nth(plans, i),
								wanted || fusion->ranker != MV_RANK_RRF, columns);
		if (wanted)
			plan.legs[i].column = give(&given, search.expr, ++number);
	}
	check_columns(llast(plans), &plan);
	node->scan.plan.qual = lthird(path->custom_private);
	foreach(lc, node->scan.plan.qual)
		if (is_limit(lfirst(lc), fusion))
			plan.bounds = lappend(plan.bounds, on_columns(lfirst(lc), given));
	inputs = list_delete_nth_cell(list_copy(given), plan.ncolumns);
	if (fusion->call != fusion->order)
		plan.score = (Expr *) on_columns((Node *) fusion->order, inputs);
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

/*
 * Rows of each leg that will be read.  For a sum, until the first `wanted` are certain:
 * so many where the legs have nothing to do with each other (Fagin, PODS 1996).
 */
static double
rows_to_read(PlannerInfo *root, const RelOptInfo *rel, const MvFusion *fusion)
{
	double		wanted = Max(root->limit_tuples, 1);
	double		depth = Max(mv_hybrid_depth, wanted);

	if (fusion->ranker != MV_RANK_SUM)
		return depth;
	return Max(depth, pow(rel->rows, 1 - 1.0 / fusion->nlegs) * pow(wanted, 1.0 / fusion->nlegs));
}

/*
 * The node above paths of the legs; NULL: a leg has none, or a sum one that has no index.
 *
 * conditions	on the score, that it is to check
 */
static Path *
fused_path(PlannerInfo *root, RelOptInfo *rel, MvFusion *fusion, List *conditions)
{
	CustomPath *path = makeNode(CustomPath);
	double		depth = rows_to_read(root, rel, fusion);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = copy_pathtarget(rel->reltarget);
	add_column_to_pathtarget(path->path.pathtarget, fusion->order, 0);
	path->path.pathkeys = list_make1(linitial(root->query_pathkeys));
	path->path.rows = rel->rows;
	path->path.total_cost = rel->rows * cpu_tuple_cost;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_private = list_make3(fusion->order, rel->reltarget->exprs, conditions);
	path->methods = &path_methods;
	for (int i = 0; i < fusion->nlegs; i++)
	{
		Path	   *leg = leg_path(root, rel, &fusion->legs[i], depth);
		QualCost	lookup;

		if (leg == NULL || (fusion->ranker == MV_RANK_SUM && IsA(leg, SortPath)))
			return NULL;
		path->custom_paths = lappend(path->custom_paths, leg);
		path->path.startup_cost += cost_of_rows(leg, depth);
		path->path.total_cost += leg->total_cost;
		if (fusion->ranker != MV_RANK_SUM)
			continue;
		/* Of rows that the other legs have returned. */
		cost_qual_eval_node(&lookup, (Node *) fusion->legs[i].expr, root);
		path->path.startup_cost += lookup.startup + Min(depth, rel->rows) * lookup.per_tuple;
		path->path.total_cost += lookup.startup + rel->rows * lookup.per_tuple;
	}
	path->custom_paths = lappend(path->custom_paths,
								 unordered_path(root, relation_for(root, rel, NIL, NIL)));
	return (Path *) path;
}

/* The order is one that only the node has. */
static void
replace_paths(PlannerInfo *root, RelOptInfo *rel, MvFusion *fusion, const char *unsupported)
{
	Path	   *path;

	if (unsupported != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s() is not supported in %s", mv_fusion_name(fusion), unsupported),
				 errhint("Let a subquery find the rows: ... WHERE id IN (SELECT id FROM one_table "
						 "ORDER BY %s(...) LIMIT n).", mv_fusion_name(fusion))));
	path = fused_path(root, rel, fusion, take_conditions(rel, fusion));
	if (path == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a leg of %s() has no index that it could be read from",
						mv_fusion_name(fusion)),
				 errhint("A query for several columns needs a scan of its bm25 index.")));
	rel->pathlist = list_make1(path);
	rel->partial_pathlist = NIL;
}

/* Other paths have it too, unless they could not compute a leg from a row. */
static void
add_sum_path(PlannerInfo *root, RelOptInfo *rel, MvFusion *fusion)
{
	Path	   *path = fused_path(root, rel, fusion, NIL);
	bool		only = false;

	for (int i = 0; i < fusion->nlegs; i++)
		only |= needs_index(fusion->legs[i].expr);
	if (path == NULL)
		return;
	if (only)
	{
		rel->pathlist = NIL;
		rel->partial_pathlist = NIL;
	}
	add_path(rel, path);
}

static void
add_fused_path(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	MvFusion   *fusion;
	const char *unsupported;

	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (rte->rtekind != RTE_RELATION || rel->reloptkind != RELOPT_BASEREL || IS_DUMMY_REL(rel) ||
		(fusion = find_fusion(root, rel)) == NULL)
		return;
	unsupported = find_unsupported(root, rte);
	if (fusion->ranker != MV_RANK_SUM)
		replace_paths(root, rel, fusion, unsupported);
	else if (unsupported == NULL && mv_enable_ranked_scan && rel->indexlist != NIL)
		add_sum_path(root, rel, fusion);
}

void
mv_fused_init(void)
{
	RegisterCustomScanMethods(&mv_fused_scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_fused_path;
}
