/*
 * fused_path.c -- ORDER BY rrf(leg, leg, ...) and its like: where the planner puts a
 * Fused Scan.
 *
 * Each leg is an expression of the relation, most often a distance or a score, and
 * gets the path that returns the relation's rows by it (leg_path.c).  All have the
 * relation's conditions, and so has the child after them, for rows that no leg ranks.
 * Where several legs would begin with the same bitmap, that comes last, once.
 *
 * No other plan can compute rrf() or weighted(), so the relation has no other path,
 * and joins take the scores along.  A sum of distances any plan can compute; there
 * the node is a path among others.
 */
#include "postgres.h"

#include <math.h>

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"

#include "compat.h"
#include "guc.h"
#include "search/carry.h"
#include "search/condition.h"
#include "search/fused_call.h"
#include "search/fused_group.h"
#include "search/leg.h"
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
	if (rte->relkind == RELKIND_FOREIGN_TABLE || rte->tablesample != NULL)
		return "foreign tables and samples";
	if (root->rowMarks != NIL)
		return "queries that lock rows";
	if (root->parse->commandType != CMD_SELECT)
		return "INSERT, UPDATE and DELETE themselves";
	return NULL;
}

/* ---- conditions on the score ---- */

/* Has a condition what only the node computes? */
static bool
mentions(Node *node, List *call)
{
	if (node == NULL)
		return false;
	return equal(node, linitial(call)) || expression_tree_walker(node, mentions, call);
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

static bool
is_system_column(const Plan *plan, int column, AttrNumber number)
{
	const TargetEntry *entry = list_nth(plan->targetlist, column);

	return IsA(entry->expr, Var) && ((Var *) entry->expr)->varattno == number;
}

/* After the table's columns come the ctid and the tableoid. */
static void
check_columns(const Plan *plan, const MvFusedPlan *fused)
{
	if (!is_system_column(plan, fused->ncolumns, SelfItemPointerAttributeNumber) ||
		!is_system_column(plan, fused->ncolumns + 1, TableOidAttributeNumber))
		elog(ERROR, "leg of a fused scan lacks ctid or tableoid");
}

/*
 * computed		its values are wanted of rows that it does not return
 * columns		those of the table
 */
static MvFusedLeg
plan_leg(MvLegKind kind, const MvFusionLeg *from, Plan *plan, bool computed, List *columns)
{
	MvFusedLeg	leg = {
		.argument = from->argument, .kind = kind,
		.value = column_of(plan->targetlist, from->expr),
		.whole = mv_leg_needs_index(from->expr), .depth = from->depth
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
	List	   *group = lfourth(path->custom_private);
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
		plan.legs[i] = plan_leg(mv_leg_kind(root, rel, search.expr), &fusion->legs[i],
								list_nth(plans, i), wanted || fusion->ranker != MV_RANK_RRF,
								columns);
		if (wanted)
			plan.legs[i].column = give(&given, search.expr, ++number);
	}
	check_columns(list_nth(plans, plan.nlegs), &plan);
	for (int i = plan.nlegs + 1; i < list_length(plans); i++)
		lfirst(list_nth_cell(plans, i)) = mv_ranked_bitmap(list_nth(plans, i));
	node->scan.plan.qual = lthird(path->custom_private);
	foreach(lc, node->scan.plan.qual)
		if (is_limit(lfirst(lc), fusion))
			plan.bounds = lappend(plan.bounds, on_columns(lfirst(lc), given));
	inputs = list_delete_nth_cell(list_copy(given), plan.ncolumns);
	if (group != NIL)
	{
		plan.group = (Expr *) on_columns(linitial(group), columns);
		plan.group_limit = lsecond(group);
	}
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

/* Can only the node compute what the query is ordered by? */
static bool
needs_node(const MvFusion *fusion)
{
	for (int i = 0; i < fusion->nlegs; i++)
		if (mv_leg_needs_index(fusion->legs[i].expr))
			return true;
	return fusion->ranker != MV_RANK_SUM;
}

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
 * group		arguments of group_limit(), or NIL
 */
static Path *
fused_path(PlannerInfo *root, RelOptInfo *rel, MvFusion *fusion, List *conditions, List *group)
{
	CustomPath *path = makeNode(CustomPath);
	double		depth = rows_to_read(root, rel, fusion);
	List	   *shared;

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = copy_pathtarget(rel->reltarget);
	add_column_to_pathtarget(path->path.pathtarget, fusion->order, 0);
	path->path.pathkeys = list_make1(linitial(root->query_pathkeys));
	path->path.rows = rel->rows;
	path->path.total_cost = rel->rows * cpu_tuple_cost;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_private =
		list_make4(fusion->order, list_copy(rel->reltarget->exprs), conditions, group);
	path->methods = &path_methods;
	for (int i = 0; i < fusion->nlegs; i++)
	{
		Path	   *leg = mv_leg_path(root, rel, &fusion->legs[i], depth);
		QualCost	lookup;

		if (leg == NULL || (IsA(leg, SortPath) && !needs_node(fusion)))
			return NULL;
		path->custom_paths = lappend(path->custom_paths, leg);
		path->path.startup_cost += mv_leg_cost(leg, depth);
		path->path.total_cost += leg->total_cost;
		if (fusion->ranker != MV_RANK_SUM)
			continue;
		/* Of rows that the other legs have returned. */
		cost_qual_eval_node(&lookup, (Node *) fusion->legs[i].expr, root);
		path->path.startup_cost += lookup.startup + Min(depth, rel->rows) * lookup.per_tuple;
		path->path.total_cost += lookup.startup + rel->rows * lookup.per_tuple;
	}
	shared = mv_ranked_share(path->custom_paths);
	path->custom_paths = lappend(path->custom_paths, mv_leg_rest(root, rel));
	path->custom_paths = list_concat(path->custom_paths, shared);
	return (Path *) path;
}

/* Let joins above take along what only the node can compute. */
static void
carry_scores(PlannerInfo *root, RelOptInfo *rel, const MvFusion *fusion, Path *path)
{
	List	   *scores = list_make2(fusion->order, fusion->call);

	for (int i = 0; i < fusion->nlegs; i++)
		scores = lappend(scores, fusion->legs[i].expr);
	mv_carry(root, rel, scores);
	path->pathtarget = copy_pathtarget(rel->reltarget);
}

/* The order is one that only the node has. */
static void
replace_paths(PlannerInfo *root, RelOptInfo *rel, MvFusion *fusion, const char *unsupported)
{
	List	   *conditions;
	Path	   *path;

	if (unsupported != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s() is not supported in %s", mv_fusion_name(fusion), unsupported),
				 errhint("Let a subquery find the rows: ... WHERE id IN (SELECT id FROM one_table "
						 "ORDER BY %s(...) LIMIT n).", mv_fusion_name(fusion))));
	conditions = mv_take_conditions(root, rel, mentions, list_make1(fusion->call));
	path = fused_path(root, rel, fusion, conditions, mv_group_take(root, rel));
	if (path == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a leg of %s() has no index that it could be read from",
						mv_fusion_name(fusion)),
				 errhint("A query for several columns needs a scan of its bm25 index.")));
	if (bms_membership(root->all_baserels) == BMS_MULTIPLE)
		carry_scores(root, rel, fusion, path);
	rel->pathlist = list_make1(path);
	rel->partial_pathlist = NIL;
	/* No partition alone knows the ranks of all: core is not to make paths of theirs again. */
	rel->part_scheme = NULL;
}

/* Other paths have it too, unless they could not compute a leg from a row. */
static void
add_sum_path(PlannerInfo *root, RelOptInfo *rel, MvFusion *fusion)
{
	Path	   *path = fused_path(root, rel, fusion, NIL, NIL);

	if (path == NULL)
		return;
	if (needs_node(fusion))
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
		mv_is_nullable(root, rel) || (fusion = find_fusion(root, rel)) == NULL)
		return;
	unsupported = find_unsupported(root, rte);
	if (fusion->ranker != MV_RANK_SUM)
		replace_paths(root, rel, fusion, unsupported);
	else if (unsupported == NULL && mv_enable_ranked_scan &&
			 (rel->indexlist != NIL || rte->inh))
		add_sum_path(root, rel, fusion);
}

void
mv_fused_init(void)
{
	RegisterCustomScanMethods(&mv_fused_scan_methods);
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_fused_path;
}
