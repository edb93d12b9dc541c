/*
 * condition.c -- conditions that a node checks itself, for no row has them by itself: they
 * depend on its rank, or on the rows before it.
 */
#include "postgres.h"

#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"

#include "search/condition.h"

/* Divide conditions; returns the clauses of those that are taken. */
static List *
take_from(List **conditions, MvConditionTest test, List *about)
{
	List	   *taken = NIL;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, *conditions)
	{
		Expr	   *clause = lfirst_node(RestrictInfo, lc)->clause;

		if (test((Node *) clause, about))
			taken = lappend(taken, clause);
		else
			others = lappend(others, lfirst(lc));
	}
	*conditions = others;
	return taken;
}

static List *
take_from_relation(RelOptInfo *rel, MvConditionTest test, List *about)
{
	ListCell   *lc;

	foreach(lc, rel->indexlist)
		take_from(&lfirst_node(IndexOptInfo, lc)->indrestrictinfo, test, about);
	return take_from(&rel->baserestrictinfo, test, about);
}

/* The columns in the expressions that the relation's rows do not come with. */
static List *
missing_columns(const RelOptInfo *rel, List *exprs)
{
	List	   *missing = NIL;
	ListCell   *lc;

	foreach(lc, pull_var_clause((Node *) exprs, PVC_INCLUDE_PLACEHOLDERS))
		if (!list_member(rel->reltarget->exprs, lfirst(lc)))
			missing = list_append_unique(missing, lfirst(lc));
	return missing;
}

/* For the relation and its children, whose columns are in the same order. */
static List *
take(PlannerInfo *root, RelOptInfo *rel, MvConditionTest test, List *about, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
		add_column_to_pathtarget(rel->reltarget, lfirst(lc), 0);
	foreach(lc, root->append_rel_list)
	{
		AppendRelInfo *link = lfirst(lc);
		RelOptInfo *child = root->simple_rel_array[link->child_relid];

		if (link->parent_relid == rel->relid && child != NULL)
			take(root, child, test,
				 (List *) adjust_appendrel_attrs(root, (Node *) about, 1, &link),
				 (List *) adjust_appendrel_attrs(root, (Node *) columns, 1, &link));
	}
	return take_from_relation(rel, test, about);
}

List *
mv_take_conditions(PlannerInfo *root, RelOptInfo *rel, MvConditionTest test, List *about)
{
	List	   *conditions = list_copy(rel->baserestrictinfo);
	List	   *found = take_from(&conditions, test, about);

	return found == NIL ? NIL : take(root, rel, test, about, missing_columns(rel, found));
}
