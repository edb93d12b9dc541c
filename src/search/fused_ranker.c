/*
 * fused_ranker.c -- rankers of a Fused Scan: what a leg gives to a row.
 *
 * rrf		weight / (k + rank), rank being the row's place in the leg, from 1
 *			(Cormack, Clarke, Buettcher, SIGIR 2009)
 * weighted	weight * norm(value), by one of the norms
 *	atan	in 0 .. 1 for any value, as in Milvus; see similarity()
 *	none	- value
 *	minmax	(last - value) / (last - first), of the rows that the leg ranks
 *	zscore	(mean - value) / (standard deviation), of these as well
 * sum		nothing: the score is an expression of the values
 *
 * A row that a leg does not rank gets nothing of it, by zscore what the last one gets.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "compat.h"
#include "search/fused_run.h"

/* ---- what they give ---- */

static double
rrf_points(const MvFusedScan *scan, const MvLeg *leg, int rank, double value)
{
	return leg->weight / (scan->k + rank);
}

static double
rrf_unread(const MvFusedScan *scan, const MvLeg *leg)
{
	if (mv_leg_is_read(scan, leg))
		return 0;
	return rrf_points(scan, leg, mv_leg_ranks(scan, leg) + 1, 0);
}

/* As Milvus' WeightedRanker normalises a similarity, or the square of an L2 distance. */
static double
similarity(MvLegKind kind, double value)
{
	switch (kind)
	{
		case MV_LEG_COSINE:
			return 1 - value / 2;
		case MV_LEG_PRODUCT:
			return 0.5 - atan(value) / M_PI;
		case MV_LEG_TEXT:
			return -2 * atan(value) / M_PI;
		case MV_LEG_L2:
			return 1 - 2 * atan(value * fabs(value)) / M_PI;
		case MV_LEG_DISTANCE:
			break;
	}
	return 1 - 2 * atan(value) / M_PI;
}

static double
atan_points(const MvFusedScan *scan, const MvLeg *leg, int rank, double value)
{
	return leg->weight * similarity(leg->plan->kind, value);
}

static double
plain_points(const MvFusedScan *scan, const MvLeg *leg, int rank, double value)
{
	return leg->weight * -value;
}

static double
scaled_points(const MvFusedScan *scan, const MvLeg *leg, int rank, double value)
{
	return leg->weight * ((leg->shift - value) * leg->scale);
}

static void
prepare_minmax(MvFusedScan *scan)
{
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		MvLeg	   *leg = &scan->legs[i];
		int			n = mv_leg_ranks(scan, leg);
		double		first = n > 0 ? leg->rows[0].value : 0;
		double		last = n > 0 ? leg->rows[n - 1].value : 0;

		/* If all are equal each gets 1. */
		leg->shift = last > first ? last : first + 1;
		leg->scale = 1 / (leg->shift - first);
		leg->absent = 0;
	}
}

static void
prepare_zscore(MvFusedScan *scan)
{
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		MvLeg	   *leg = &scan->legs[i];
		int			n = mv_leg_ranks(scan, leg);
		double		first = n > 0 ? leg->rows[0].value : 0;
		double		sum = 0;
		double		squares = 0;

		/* Of equal values the deviation is to be 0, whatever rounding does to their sum. */
		for (int j = 0; j < n; j++)
			sum += leg->rows[j].value - first;
		leg->shift = n > 0 ? first + sum / n : 0;
		for (int j = 0; j < n; j++)
			squares += (leg->rows[j].value - leg->shift) * (leg->rows[j].value - leg->shift);
		leg->scale = squares > 0 ? 1 / sqrt(squares / n) : 0;
		leg->absent = n > 0 ? scaled_points(scan, leg, n, leg->rows[n - 1].value) : 0;
	}
}

static const MvRanker rrf = {.deepens = true, .points = rrf_points, .unread = rrf_unread};
static const MvRanker by_sum = {.by_value = true, .needs_all = true, .deepens = true};

static const struct
{
	const char *name;
	MvRanker	ranker;
}			norms[] = {
	{"atan", {.by_value = true, .deepens = true, .points = atan_points}},
	{"none", {.by_value = true, .needs_all = true, .deepens = true, .points = plain_points}},
	{"minmax", {.prepare = prepare_minmax, .points = scaled_points}},
	{"zscore", {.prepare = prepare_zscore, .points = scaled_points}},
};

/* ---- parameters ---- */

static Datum
parameter(MvFusedScan *scan, int number, bool *isnull)
{
	return ExecEvalExprSwitchContext(list_nth(scan->params, number),
									 scan->css.ss.ps.ps_ExprContext, isnull);
}

static void
set_k(MvFusedScan *scan, int number)
{
	bool		isnull;
	Datum		k = parameter(scan, number, &isnull);

	scan->k = isnull ? -1 : DatumGetInt32(k);
	if (scan->k < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("k of rrf() must be 0 or more")));
}

/* rrf() takes more weights than legs, for some of those may be NULL. */
static void
set_weights(MvFusedScan *scan, int number, const char *function)
{
	bool		isnull;
	Datum		value = parameter(scan, number, &isnull);
	ArrayType  *weights = isnull ? NULL : DatumGetArrayTypeP(value);
	int			least = scan->plan.narguments;
	int			most = scan->plan.ranker == MV_RANK_RRF ? MV_MAX_LEGS : least;
	double	   *weight;

	if (weights == NULL)
		return;
	if (ARR_NDIM(weights) != 1 || ARR_HASNULL(weights) || ARR_DIMS(weights)[0] < least ||
		ARR_DIMS(weights)[0] > most)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("weights of %s() must be one number for each leg", function)));
	weight = (double *) ARR_DATA_PTR(weights);
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		MvLeg	   *leg = &scan->legs[i];

		leg->weight = weight[leg->plan->argument];
		if (!(leg->weight >= 0) || isinf(leg->weight))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("weight %d of %s() is %g, must be a number from 0 on",
								   leg->plan->argument + 1, function, leg->weight)));
	}
}

static void
set_norm(MvFusedScan *scan, int number)
{
	bool		isnull;
	Datum		value = parameter(scan, number, &isnull);
	char	   *name = isnull ? "NULL" : TextDatumGetCString(value);

	for (int i = 0; i < (int) lengthof(norms); i++)
		if (strcmp(name, norms[i].name) == 0)
			scan->ranker = &norms[i].ranker;
	if (scan->ranker == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("norm of weighted() is \"%s\"", name),
						errhint("There are atan, minmax, zscore, none.")));
}

/* By a factor that is not positive a sum is in no order of its legs. */
static void
check_factors(MvFusedScan *scan)
{
	for (int i = 0; i < list_length(scan->params); i++)
	{
		bool		isnull;
		Datum		factor = parameter(scan, i, &isnull);

		if (isnull || !(DatumGetFloat8(factor) >= 0) || isinf(DatumGetFloat8(factor)))
			scan->monotone = false;
	}
}

void
mv_ranker_start(MvFusedScan *scan)
{
	scan->ranker = NULL;
	scan->monotone = true;
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		scan->legs[i].weight = 1;
		scan->legs[i].absent = 0;
	}
	switch (scan->plan.ranker)
	{
		case MV_RANK_RRF:
			scan->ranker = &rrf;
			set_k(scan, 0);
			set_weights(scan, 1, "rrf");
			break;
		case MV_RANK_WEIGHTED:
			set_weights(scan, 0, "weighted");
			set_norm(scan, 1);
			break;
		case MV_RANK_SUM:
			scan->ranker = &by_sum;
			check_factors(scan);
			break;
	}
}
