/*
 * fused_plan.c -- what a CustomScan of the node Fused Scan holds, in the lists that
 * PostgreSQL can copy.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"

#include "search/fused.h"

/*
 * Expressions over the node's own columns go into custom_private: the planner would
 * replace those in custom_exprs by the columns that they compute.
 */
void
mv_fused_put(CustomScan *node, const MvFusedPlan *plan)
{
	List	   *numbers = list_make5_int(plan->ranker, plan->narguments, plan->ncolumns,
										 plan->fused, plan->exact);
	Const	   *most = makeConst(FLOAT8OID, -1, InvalidOid, sizeof(float8),
								 Float8GetDatum(plan->most), false, FLOAT8PASSBYVAL);
	List	   *computed = list_make4(most, plan->score, plan->bounds, plan->group);
	List	   *depths = NIL;

	for (int i = 0; i < plan->nlegs; i++)
	{
		const MvFusedLeg *leg = &plan->legs[i];

		numbers = lappend_int(numbers, leg->argument);
		numbers = lappend_int(numbers, leg->kind);
		numbers = lappend_int(numbers, leg->value);
		numbers = lappend_int(numbers, leg->column);
		numbers = lappend_int(numbers, leg->whole);
		computed = lappend(computed, leg->missing);
		computed = lappend(computed, leg->lookup);
		computed = lappend(computed, leg->operand);
		computed = lappend(computed, leg->query);
		depths = lappend(depths, leg->depth);
	}
	node->custom_plans = plan->plans;
	node->custom_exprs = list_make4(plan->params, depths, plan->limit, plan->group_limit);
	node->custom_private = list_make2(numbers, computed);
	node->methods = &mv_fused_scan_methods;
}

void
mv_fused_get(const CustomScan *node, MvFusedPlan *plan)
{
	List	   *numbers = linitial(node->custom_private);
	List	   *computed = lsecond(node->custom_private);
	List	   *depths = lsecond(node->custom_exprs);
	int			number = 0;
	int			expr = 0;

	plan->plans = node->custom_plans;
	plan->params = linitial(node->custom_exprs);
	plan->limit = lthird(node->custom_exprs);
	plan->group_limit = lfourth(node->custom_exprs);
	plan->nlegs = list_length(depths);
	plan->ranker = list_nth_int(numbers, number++);
	plan->narguments = list_nth_int(numbers, number++);
	plan->ncolumns = list_nth_int(numbers, number++);
	plan->fused = list_nth_int(numbers, number++);
	plan->exact = list_nth_int(numbers, number++);
	plan->most = DatumGetFloat8(((Const *) list_nth(computed, expr++))->constvalue);
	plan->score = list_nth(computed, expr++);
	plan->bounds = list_nth(computed, expr++);
	plan->group = list_nth(computed, expr++);
	for (int i = 0; i < plan->nlegs; i++)
	{
		MvFusedLeg *leg = &plan->legs[i];

		leg->argument = list_nth_int(numbers, number++);
		leg->kind = list_nth_int(numbers, number++);
		leg->value = list_nth_int(numbers, number++);
		leg->column = list_nth_int(numbers, number++);
		leg->whole = list_nth_int(numbers, number++);
		leg->missing = list_nth(computed, expr++);
		leg->lookup = list_nth(computed, expr++);
		leg->operand = list_nth(computed, expr++);
		leg->query = list_nth(computed, expr++);
		leg->depth = list_nth(depths, i);
	}
}
