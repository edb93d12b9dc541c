/*
 * fused_call.c -- what a query is ordered by, taken apart: legs, parameters, factors.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "utils/fmgroids.h"

#include "compat.h"
#include "search/fused_call.h"
#include "search/fused_func.h"

static bool
is_call(Node *node, PGFunction function, int nargs)
{
	FmgrInfo	found;

	if (!IsA(node, FuncExpr) || ((FuncExpr *) node)->funcresulttype != FLOAT8OID ||
		list_length(((FuncExpr *) node)->args) != nargs)
		return false;
	fmgr_info(((FuncExpr *) node)->funcid, &found);
	return found.fn_addr == function;
}

static bool
is_product(Node *node)
{
	return IsA(node, OpExpr) && ((OpExpr *) node)->opfuncid == F_FLOAT8MUL;
}

const char *
mv_fusion_name(const MvFusion *fusion)
{
	return fusion->ranker == MV_RANK_RRF ? "rrf" : "weighted";
}

/* ---- factors ---- */

static bool
is_decay(Node *node)
{
	static const PGFunction decays[] = {
		mv_decay_gauss, mv_decay_exp, mv_decay_linear,
		mv_decay_gauss_time, mv_decay_exp_time, mv_decay_linear_time
	};

	for (int i = 0; i < (int) lengthof(decays); i++)
		if (is_call(node, decays[i], MV_DECAY_ARGS))
			return true;
	return false;
}

static double most_of(Node *node, FuncExpr *cast);

static double
most_of_all(List *nodes, FuncExpr *cast)
{
	double		most = 0;
	ListCell   *lc;

	foreach(lc, nodes)
		most = Max(most, most_of(lfirst(lc), cast));
	return most;
}

/* A constant, perhaps still to be cast; what is NULL makes no row the first. */
static double
most_of_const(Const *value, FuncExpr *cast)
{
	if (value->constisnull)
		return 0;
	if (cast != NULL)
	{
		FuncExpr   *call = copyObject(cast);

		call->args = list_make1(value);
		value = (Const *) eval_const_expressions(NULL, (Node *) call);
	}
	if (!IsA(value, Const) || value->consttype != FLOAT8OID || value->constisnull)
		return INFINITY;
	return DatumGetFloat8(value->constvalue);
}

/* The most that a factor can be; INFINITY if that is not known.  cast: to be done to it, or NULL */
static double
most_of(Node *node, FuncExpr *cast)
{
	if (is_decay(node))
		return 1;
	if (is_product(node))
		return most_of(linitial(((OpExpr *) node)->args), NULL) *
			most_of(lsecond(((OpExpr *) node)->args), NULL);
	if (IsA(node, Const))
		return most_of_const((Const *) node, cast);
	if (IsA(node, CoalesceExpr))
		return most_of_all(((CoalesceExpr *) node)->args, cast);
	if (IsA(node, CaseExpr))
	{
		CaseExpr   *choice = (CaseExpr *) node;
		double		most = choice->defresult ? most_of((Node *) choice->defresult, cast) : 0;
		ListCell   *lc;

		foreach(lc, choice->args)
			most = Max(most, most_of((Node *) lfirst_node(CaseWhen, lc)->result, cast));
		return most;
	}
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CALL &&
		list_length(((FuncExpr *) node)->args) == 1 && cast == NULL)
		return most_of(linitial(((FuncExpr *) node)->args), (FuncExpr *) node);
	return INFINITY;
}

/* The call of a ranker, perhaps below factors. */
static FuncExpr *
find_ranker(Node *node, MvFusion *fusion)
{
	List	   *args;
	FuncExpr   *call;

	if (is_call(node, mv_rrf, MV_RRF_ARGS))
		fusion->ranker = MV_RANK_RRF;
	else if (is_call(node, mv_weighted, MV_WEIGHTED_ARGS))
		fusion->ranker = MV_RANK_WEIGHTED;
	else if (is_product(node))
	{
		args = ((OpExpr *) node)->args;
		call = find_ranker(linitial(args), fusion);
		if (call != NULL)
			fusion->most *= most_of(lsecond(args), NULL);
		else if ((call = find_ranker(lsecond(args), fusion)) != NULL)
			fusion->most *= most_of(linitial(args), NULL);
		return call;
	}
	else
		return NULL;
	return (FuncExpr *) node;
}

/* ---- legs ---- */

static bool
is_null_constant(Node *node)
{
	return IsA(node, Const) && ((Const *) node)->constisnull;
}

/* Take apart leg(); a leg that is NULL is none. */
static void
add_leg(MvFusion *fusion, Node *node, int argument)
{
	MvFusionLeg *leg = &fusion->legs[fusion->nlegs];
	Node	   *filter;

	if (is_null_constant(node))
		return;
	*leg = (MvFusionLeg){ .expr = (Expr *) node, .argument = argument };
	if (is_call(node, mv_leg, MV_LEG_ARGS))
	{
		List	   *args = ((FuncExpr *) node)->args;

		leg->expr = list_nth(args, MV_LEG_EXPR);
		filter = list_nth(args, MV_LEG_FILTER);
		leg->filter = make_ands_implicit(canonicalize_qual((Expr *) filter, false));
		if (!is_null_constant(list_nth(args, MV_LEG_DEPTH)))
			leg->depth = list_nth(args, MV_LEG_DEPTH);
		if (contain_var_clause((Node *) leg->depth))
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("depth of leg() cannot depend on the row")));
	}
	fusion->nlegs++;
	fusion->narguments = argument + 1;
}

static void
parse_rrf(MvFusion *fusion, List *args)
{
	for (int i = 0; i < MV_MAX_LEGS; i++)
		add_leg(fusion, list_nth(args, i), i);
	fusion->params = list_make2(list_nth(args, MV_RRF_K), list_nth(args, MV_RRF_WEIGHTS));
	if (contain_var_clause((Node *) fusion->params))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("k and weights of rrf() cannot depend on the row")));
}

static void
parse_weighted(MvFusion *fusion, List *args)
{
	ArrayExpr  *legs = list_nth(args, MV_WEIGHTED_LEGS);

	if (!IsA(legs, ArrayExpr) || legs->multidims)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("legs of weighted() must be written as an array"),
						errhint("Write weighted(ARRAY[embedding <=> $1, body <@> $2], ...).")));
	if (list_length(legs->elements) > MV_MAX_LEGS)
		ereport(ERROR, (errcode(ERRCODE_TOO_MANY_ARGUMENTS),
						errmsg("weighted() has %d legs, can have up to %d",
							   list_length(legs->elements), MV_MAX_LEGS)));
	for (int i = 0; i < list_length(legs->elements); i++)
		add_leg(fusion, list_nth(legs->elements, i), i);
	fusion->narguments = list_length(legs->elements);
	fusion->params = list_make2(list_nth(args, MV_WEIGHTED_WEIGHTS),
								list_nth(args, MV_WEIGHTED_NORM));
	if (contain_var_clause((Node *) fusion->params))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("weights and norm of weighted() cannot depend on the row")));
}

/* ---- sums ---- */

static bool
is_fixed(Node *node)
{
	return !contain_var_clause(node) && !contain_volatile_functions(node) &&
		!contain_subplans(node);
}

/* One that is not known to be negative; it is looked at again at run time. */
static bool
take_factor(MvFusion *fusion, Node *node)
{
	if (!is_fixed(node))
		return false;
	if (IsA(node, Const) && (((Const *) node)->constisnull ||
							 !(DatumGetFloat8(((Const *) node)->constvalue) >= 0)))
		return false;
	fusion->params = lappend(fusion->params, node);
	return true;
}

/* A value that an operator computes from the row is a leg; the same one twice is one. */
static bool
take_leg(MvFusion *fusion, Node *node)
{
	if (!contain_var_clause(node) || contain_volatile_functions(node) || contain_subplans(node))
		return false;
	for (int i = 0; i < fusion->nlegs; i++)
		if (equal(fusion->legs[i].expr, node))
			return true;
	if (fusion->nlegs == MV_MAX_LEGS)
		return false;
	add_leg(fusion, node, fusion->nlegs);
	return true;
}

/* Does the expression grow with each of its legs, whatever the values of the others? */
static bool
parse_sum(MvFusion *fusion, Node *node)
{
	OpExpr	   *op = (OpExpr *) node;
	Node	   *left;
	Node	   *right;

	if (!IsA(node, OpExpr) || op->opresulttype != FLOAT8OID || list_length(op->args) != 2)
		return false;
	left = linitial(op->args);
	right = lsecond(op->args);
	switch (op->opfuncid)
	{
		case F_FLOAT8PL:
			return (is_fixed(left) || parse_sum(fusion, left)) &&
				(is_fixed(right) || parse_sum(fusion, right));
		case F_FLOAT8MI:
			return is_fixed(right) && parse_sum(fusion, left);
		case F_FLOAT8MUL:
			return (take_factor(fusion, left) && parse_sum(fusion, right)) ||
				(take_factor(fusion, right) && parse_sum(fusion, left));
		case F_FLOAT8DIV:
			return take_factor(fusion, right) && parse_sum(fusion, left);
		default:
			return take_leg(fusion, node);
	}
}

MvFusion *
mv_fusion_parse(Expr *order)
{
	MvFusion   *fusion = palloc0(sizeof(MvFusion));

	fusion->order = order;
	fusion->most = 1;
	fusion->call = (Expr *) find_ranker((Node *) order, fusion);
	if (fusion->call == NULL)
	{
		fusion->ranker = MV_RANK_SUM;
		return parse_sum(fusion, (Node *) order) && fusion->nlegs > 1 ? fusion : NULL;
	}
	if (contain_volatile_functions((Node *) order))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("%s() cannot rank by volatile functions", mv_fusion_name(fusion))));
	if (fusion->ranker == MV_RANK_RRF)
		parse_rrf(fusion, ((FuncExpr *) fusion->call)->args);
	else
		parse_weighted(fusion, ((FuncExpr *) fusion->call)->args);
	if (fusion->nlegs == 0)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("%s() has no legs", mv_fusion_name(fusion))));
	return fusion;
}
