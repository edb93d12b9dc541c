/*
 * range_path.c -- conditions that set a limit to a distance: v <-> query < limit.
 *
 * A scan in the order of the distance can end there.  Where no such order is asked
 * for, there is no path in it, and one is made.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "search/range.h"

static bool
is_fixed(PlannerInfo *root, Node *node)
{
	return bms_is_empty(pull_varnos(root, node)) && !contain_volatile_functions(node) &&
		!contain_subplans(node);
}

/* distance < limit, or limit > distance; <= and >= too: the scan's caller checks that. */
static bool
parse_limit(PlannerInfo *root, Expr *clause, Oid family, OpExpr **distance, Node **limit)
{
	OpExpr	   *op = (OpExpr *) clause;
	int			strategy;
	Node	   *left;
	Node	   *right;
	bool		reversed;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2)
		return false;
	strategy = get_op_opfamily_strategy(op->opno, family);
	if (strategy == 0 || strategy == BTEqualStrategyNumber)
		return false;
	reversed = strategy > BTEqualStrategyNumber;
	left = reversed ? lsecond(op->args) : linitial(op->args);
	right = reversed ? linitial(op->args) : lsecond(op->args);
	if (!IsA(left, OpExpr) || exprType(left) != FLOAT8OID || exprType(right) != FLOAT8OID ||
		list_length(((OpExpr *) left)->args) != 2 || !is_fixed(root, right))
		return false;
	*distance = (OpExpr *) left;
	*limit = right;
	return true;
}

/* The distance as the index orders by it, its column on the left; or NULL. */
static OpExpr *
as_order(PlannerInfo *root, IndexOptInfo *index, OpExpr *distance)
{
	Node	   *left = linitial(distance->args);
	Node	   *right = lsecond(distance->args);
	Oid			opno = distance->opno;
	bool		swapped = !match_index_to_operand(left, 0, index);
	OpExpr	   *order;

	if (swapped)
	{
		left = right;
		right = linitial(distance->args);
		opno = get_commutator(opno);
	}
	if (!OidIsValid(opno) || !match_index_to_operand(left, 0, index) ||
		!OidIsValid(get_op_opfamily_sortfamily(opno, index->opfamily[0])) ||
		!is_fixed(root, right))
		return NULL;
	if (!swapped)
		return distance;
	order = (OpExpr *) make_opclause(opno, FLOAT8OID, false, (Expr *) left, (Expr *) right,
									 InvalidOid, distance->inputcollid);
	set_opfuncid(order);
	return order;
}

Node *
mv_range_limit(PlannerInfo *root, IndexOptInfo *index, OpExpr **order)
{
	Oid			family = lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	ListCell   *lc;

	foreach(lc, index->rel->baserestrictinfo)
	{
		RestrictInfo *condition = lfirst(lc);
		OpExpr	   *distance;
		OpExpr	   *found;
		Node	   *limit;

		if (!parse_limit(root, condition->clause, family, &distance, &limit))
			continue;
		found = as_order(root, index, distance);
		if (found == NULL || (*order != NULL && !equal(found, *order)))
			continue;
		*order = found;
		return limit;
	}
	return NULL;
}

IndexPath *
mv_range_path(PlannerInfo *root, IndexOptInfo *index, OpExpr *order, const IndexPath *plain)
{
	List	   *clauses = plain != NULL ? plain->indexclauses : NIL;
	PathKey    *key = makeNode(PathKey);

	/* Of a path in an order, plans want to know by which operator rows compare. */
	key->pk_opfamily = lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	mv_path_key_ascending(key);
	return create_index_path(root, index, clauses, list_make1(order), list_make1_int(0),
							 list_make1(key), ForwardScanDirection, false, NULL, 1, false);
}
