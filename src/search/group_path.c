/*
 * group_path.c -- WHERE group_limit(value, n): what the planner does with it.
 */
#include "postgres.h"

#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"

#include "search/condition.h"
#include "search/fused_func.h"
#include "search/fused_group.h"

static bool
is_group_limit(Node *clause, List *about)
{
	FuncExpr   *call = (FuncExpr *) clause;
	FmgrInfo	function;

	if (!IsA(call, FuncExpr) || list_length(call->args) != MV_GROUP_ARGS)
		return false;
	fmgr_info(call->funcid, &function);
	return function.fn_addr == mv_group_limit;
}

List *
mv_group_take(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *found = mv_take_conditions(root, rel, is_group_limit, NIL);
	List	   *args;

	if (found == NIL)
		return NIL;
	if (list_length(found) > 1)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a query can have one group_limit() only")));
	args = ((FuncExpr *) linitial(found))->args;
	if (contain_var_clause(lsecond(args)))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("the limit of group_limit() cannot depend on the row")));
	if (contain_volatile_functions((Node *) args) || contain_subplans((Node *) args))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("group_limit() cannot group by volatile functions or subqueries")));
	return args;
}
