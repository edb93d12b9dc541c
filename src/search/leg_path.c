/*
 * leg_path.c -- the path of a leg of a Fused Scan: a relation's rows by an expression.
 *
 * It is an Index Scan in the order of the expression, below a Ranked Scan where that
 * helps, or a sort.  Core makes these, for a copy of the relation that is said to be
 * wanted in that order, so they have the relation's conditions and all else that core
 * does.  Of a table with children each child has such a path, and a MergeAppend is above.
 *
 * The columns are those of the relation, the row's ctid and tableoid, the expression.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "am/am.h"
#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "guc.h"
#include "search/leg.h"
#include "search/ranked.h"

/* ---- what it costs ---- */

Cost
mv_leg_cost(const Path *path, double rows)
{
	double		share = path->rows > 0 ? Min(rows / path->rows, 1) : 1;

	return path->startup_cost + share * (path->total_cost - path->startup_cost);
}

static bool
is_cheaper(const Path *a, const Path *b, double rows)
{
	if (mv_disabled_nodes(a) != mv_disabled_nodes(b))
		return mv_disabled_nodes(a) < mv_disabled_nodes(b);
	return mv_leg_cost(a, rows) < mv_leg_cost(b, rows);
}

/* ---- columns ---- */

static Expr *
system_column(const RelOptInfo *rel, AttrNumber number, Oid type)
{
	return (Expr *) makeVar(rel->relid, number, type, -1, InvalidOid, 0);
}

/* The relation's columns, and what a row is known by. */
static PathTarget *
target_of(const RelOptInfo *rel)
{
	PathTarget *target = copy_pathtarget(rel->reltarget);

	add_column_to_pathtarget(target, system_column(rel, SelfItemPointerAttributeNumber, TIDOID),
							 0);
	add_column_to_pathtarget(target, system_column(rel, TableOidAttributeNumber, OIDOID), 0);
	return target;
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

/* ---- one table ---- */

/* Are these rows in an order that is not exact?  Of a vector index of ours. */
static bool
is_approximate(Path *path)
{
	if (IsA(path, CustomPath))
		path = linitial(((CustomPath *) path)->custom_paths);
	return IsA(path, IndexPath) &&
		(void *) ((IndexPath *) path)->indexinfo->amcostestimate == (void *) mv_am_costestimate;
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

/*
 * A copy of the relation with the paths that core makes if it is wanted in an order.
 *
 * filter	conditions that are its own
 */
static RelOptInfo *
relation_for(PlannerInfo *root, RelOptInfo *rel, List *pathkeys, List *filter)
{
	RelOptInfo *copy = makeNode(RelOptInfo);
	List	   *wanted = root->query_pathkeys;
	ListCell   *lc;

	*copy = *rel;
	copy->pathlist = copy->partial_pathlist = NIL;
	copy->consider_parallel = false;
	copy->reltarget = target_of(rel);
	add_filter(root, copy, filter);
	root->query_pathkeys = pathkeys;
	create_index_paths(root, copy);
	foreach(lc, copy->pathlist)
		((Path *) lfirst(lc))->pathtarget = copy->reltarget;
	mv_ranked_wrap(root, copy, true);
	root->query_pathkeys = wanted;
	return copy;
}

/* The cheapest path of all rows, in any order. */
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
sort_path(PlannerInfo *root, RelOptInfo *copy, Expr *expr, List *order)
{
	Path	   *path = unordered_path(root, copy);

	add_value(root, path, expr);
	return (Path *) create_sort_path(root, copy, path, order, -1.0);
}

/*
 * An index of one table returns rows of the same value by their table as well, as far as
 * core need know for merging them with those of others.
 */
static void
add_table_order(Path *path, List *order)
{
	if (IsA(path, SortPath) ||
		(IsA(path, IndexPath) && ((IndexPath *) path)->indexorderbys != NIL))
		return;
	path->pathkeys = list_make2(linitial(order), lsecond(order));
}

/*
 * The path by which the first `depth` rows come cheapest; NULL: there is none.
 *
 * order	by value, table, ctid
 */
static Path *
ordered_path(PlannerInfo *root, RelOptInfo *rel, const MvFusionLeg *leg, List *order, double depth)
{
	List	   *by_value = list_make1(linitial(order));
	RelOptInfo *copy = relation_for(root, rel, by_value, leg->filter);
	Path	   *best = NULL;
	ListCell   *lc;

	if (!mv_leg_needs_index(leg->expr))
		best = sort_path(root, copy, leg->expr, order);
	foreach(lc, copy->pathlist)
	{
		Path	   *path = lfirst(lc);

		if (path->param_info != NULL || !pathkeys_contained_in(by_value, path->pathkeys) ||
			(mv_hybrid_exact && is_approximate(path)))
			continue;
		if (best == NULL || is_cheaper(path, best, depth))
			best = path;
	}
	if (best == NULL)
		return NULL;
	add_value(root, best, leg->expr);
	add_table_order(best, order);
	return best;
}

/* ---- tables with children ---- */

static bool
has_children(PlannerInfo *root, const RelOptInfo *rel)
{
	return planner_rt_fetch(rel->relid, root)->inh;
}

/*
 * Core has told the children which of their expressions are the same as those of the
 * parent's that the query is ordered by; tell one the same about an order of ours.
 */
static void
translate_order(PlannerInfo *root, RelOptInfo *parent, AppendRelInfo *link, RelOptInfo *child,
				List *order)
{
	RelOptInfo	with_keys = *parent;
	Bitmapset  *numbers = NULL;
	ListCell   *lc;

	for (int i = 0; i < list_length(root->eq_classes); i++)
		foreach(lc, order)
			if (list_nth(root->eq_classes, i) == lfirst_node(PathKey, lc)->pk_eclass)
				numbers = bms_add_member(numbers, i);
	with_keys.eclass_indexes = bms_difference(numbers, child->eclass_indexes);
	add_child_rel_equivalences(root, link, &with_keys, child);
}

/* The order of a leg: rows of the same value by their table and their ctid. */
static List *
order_of_leg(PlannerInfo *root, RelOptInfo *rel, Expr *expr)
{
	Expr	   *table = system_column(rel, TableOidAttributeNumber, OIDOID);
	Expr	   *tid = system_column(rel, SelfItemPointerAttributeNumber, TIDOID);
	Oid			less = lookup_type_cache(OIDOID, TYPECACHE_LT_OPR)->lt_opr;
	List	   *order = mv_expression_pathkey(root, expr, Float8LessOperator, rel->relids);

	order = list_concat(order, mv_expression_pathkey(root, table, less, rel->relids));
	return list_concat(order, mv_expression_pathkey(root, tid, TIDLessOperator, rel->relids));
}

static void
check_table(PlannerInfo *root, const RelOptInfo *table)
{
	if (planner_rt_fetch(table->relid, root)->relkind == RELKIND_FOREIGN_TABLE)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a Fused Scan cannot rank rows of foreign tables")));
}

/* The leg of a child. */
static MvFusionLeg
translate_leg(PlannerInfo *root, const MvFusionLeg *leg, AppendRelInfo *link)
{
	MvFusionLeg translated = *leg;

	translated.expr = (Expr *) adjust_appendrel_attrs(root, (Node *) leg->expr, 1, &link);
	translated.filter = (List *) adjust_appendrel_attrs(root, (Node *) leg->filter, 1, &link);
	return translated;
}

/*
 * The paths of the tables of which a relation consists, itself or its children.
 *
 * leg		by which they are ordered, or NULL: not at all
 */
static List *
paths_of(PlannerInfo *root, RelOptInfo *rel, const MvFusionLeg *leg, List *order, double depth)
{
	List	   *paths = NIL;
	ListCell   *lc;

	if (IS_DUMMY_REL(rel))
		return NIL;
	if (!has_children(root, rel))
	{
		check_table(root, rel);
		return list_make1(leg != NULL ? ordered_path(root, rel, leg, order, depth) :
						  unordered_path(root, relation_for(root, rel, NIL, NIL)));
	}
	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *link = lfirst(lc);
		RelOptInfo *child = root->simple_rel_array[link->child_relid];
		MvFusionLeg own;

		if (link->parent_relid != rel->relid || child == NULL)
			continue;
		if (leg != NULL)
		{
			own = translate_leg(root, leg, link);
			translate_order(root, rel, link, child, order);
		}
		paths = list_concat(paths, paths_of(root, child, leg != NULL ? &own : NULL, order, depth));
	}
	return paths;
}

Path *
mv_leg_path(PlannerInfo *root, RelOptInfo *rel, const MvFusionLeg *leg, double depth)
{
	List	   *order = order_of_leg(root, rel, leg->expr);
	List	   *paths = paths_of(root, rel, leg, order, depth);
	Path	   *path;

	if (list_member_ptr(paths, NULL))
		return NULL;
	if (!has_children(root, rel))
		return linitial(paths);
	order = list_make2(linitial(order), lsecond(order));
	path = (Path *) create_merge_append_path(root, rel, paths, order, NULL);
	path->pathtarget = target_of(rel);
	add_value(root, path, leg->expr);
	return path;
}

Path *
mv_leg_rest(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *paths = paths_of(root, rel, NULL, NIL, 0);
	Path	   *path;

	if (!has_children(root, rel))
		return linitial(paths);
	path = (Path *) create_append_path(root, rel, paths, NIL, NIL, NULL, 0, false, -1);
	path->pathtarget = target_of(rel);
	return path;
}

/* ---- what a leg is ---- */

/* Is it a score of a bm25 index, whose rows of value 0 do not match? */
static bool
is_score(PlannerInfo *root, RelOptInfo *rel, Oid opno)
{
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(lc);

		if ((void *) index->amcostestimate != (void *) mv_bm25_costestimate)
			continue;
		for (int i = 0; i < index->nkeycolumns; i++)
			if (OidIsValid(get_op_opfamily_sortfamily(opno, index->opfamily[i])))
				return true;
	}
	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *link = lfirst(lc);
		RelOptInfo *child = root->simple_rel_array[link->child_relid];

		if (link->parent_relid == rel->relid && child != NULL && is_score(root, child, opno))
			return true;
	}
	return false;
}

/* The name of an operator says what it measures, whoever made it. */
MvLegKind
mv_leg_kind(PlannerInfo *root, RelOptInfo *rel, Expr *expr)
{
	Oid			opno;
	const char *name;

	if (!IsA(expr, OpExpr))
		return MV_LEG_DISTANCE;
	opno = ((OpExpr *) expr)->opno;
	if (is_score(root, rel, opno))
		return MV_LEG_TEXT;
	name = get_opname(opno);
	return strcmp(name, "<->") == 0 ? MV_LEG_L2 :
		strcmp(name, "<=>") == 0 ? MV_LEG_COSINE :
		strcmp(name, "<#>") == 0 || strcmp(name, "<@@>") == 0 ? MV_LEG_PRODUCT :
		MV_LEG_DISTANCE;
}

bool
mv_leg_needs_index(Expr *expr)
{
	OpExpr	   *op = (OpExpr *) expr;

	return IsA(expr, OpExpr) && list_length(op->args) == 2 &&
		mv_bm25query_is_for_several(lsecond(op->args));
}
