/*
 * carry.c -- values of a scan that joins take along.
 *
 * Joins take columns from their inputs, and placeholders, which PostgreSQL makes for
 * expressions of subqueries that are to be computed below an outer join.  A value that
 * only a scan can compute, a rank for instance, is in the same position: so it gets
 * a placeholder, in the target list and in what the query is ordered by.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "optimizer/placeholder.h"
#include "optimizer/tlist.h"

#include "compat.h"
#include "search/carry.h"

typedef struct Replacement
{
	Expr	   *expr;
	PlaceHolderVar *by;
	int			found;			/* how often */
} Replacement;

static Node *
replace(Node *node, Replacement *replacement)
{
	if (node == NULL)
		return NULL;
	if (equal(node, replacement->expr))
	{
		replacement->found++;
		return (Node *) replacement->by;
	}
	return expression_tree_mutator(node, replace, replacement);
}

/* In what the query is ordered by. */
static void
replace_in_order(PlannerInfo *root, Replacement *replacement)
{
	ListCell   *lc;
	ListCell   *m;

	foreach(lc, root->query_pathkeys)
		foreach(m, ((PathKey *) lfirst(lc))->pk_eclass->ec_members)
		{
			EquivalenceMember *member = lfirst(m);

			member->em_expr = (Expr *) replace((Node *) member->em_expr, replacement);
		}
}

/* Joins at any height take it along, to where rows are returned. */
static void
register_placeholder(PlannerInfo *root, PlaceHolderVar *placeholder)
{
	PlaceHolderInfo *info;

	mv_allow_placeholders(root, true);
	info = mv_placeholder_info(root, placeholder);
	mv_allow_placeholders(root, false);
	info->ph_needed = bms_make_singleton(0);
}

void
mv_carry(PlannerInfo *root, RelOptInfo *rel, List *exprs)
{
	ListCell   *lc;

	foreach(lc, exprs)
	{
		Replacement replacement = {.expr = lfirst(lc)};

		replacement.by = make_placeholder_expr(root, copyObject(lfirst(lc)), rel->relids);
		root->processed_tlist = (List *) replace((Node *) root->processed_tlist, &replacement);
		replace_in_order(root, &replacement);
		if (replacement.found == 0)
			continue;
		register_placeholder(root, replacement.by);
		add_column_to_pathtarget(rel->reltarget, (Expr *) replacement.by, 0);
	}
	set_pathtarget_cost_width(root, rel->reltarget);
}
