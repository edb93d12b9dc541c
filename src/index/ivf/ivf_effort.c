/*
 * ivf_effort.c -- which lists a scan reads for a recall.
 *
 * Lists come in the order of a key, the squared distance of the centroid and a
 * share of the list's spread: rows of a wide list may be nearer than its
 * centroid tells.  A scan reads the lists whose key is at most that of the first
 * one plus a reach.  What lies off the lists altogether, as a short question does,
 * adds the same to all keys and takes no part.  So a reach that was found with
 * rows as queries holds for real queries, which a number of lists does not.
 *
 * A curve tells the reach for a recall.  It follows from true neighbours alone:
 * a neighbour is found at the reach at which its list is read, so the reach of a
 * recall is that quantile of theirs.
 *
 * Inner products: keys are negated products with the centroids, in units of the
 * query's length.  Jaccard: keys are distances that Hamming's keys
 * amount to.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "index/ivf/ivf.h"

static const double knots[MV_IVF_KNOTS] = {
	.5, .7, .8, .85, .88, .9, .92, .94, .95, .96, .97, .98, .985, .99, .995, .999
};

static const int curve_k[MV_IVF_CURVES] = {10, 100};

int
mv_ivf_curve_k(int curve)
{
	return curve_k[curve];
}

double
mv_ivf_knot(int i)
{
	return knots[i];
}

static float
spread_share(const MvIvf *ivf)
{
	MvMetric	metric = ivf->opclass->metric;

	return metric == MV_IP || metric == MV_JACCARD ? 0 : MV_IVF_SPREAD_SHARE;
}

float
mv_ivf_key(const MvIvf *ivf, int list, float g_add)
{
	return g_add + spread_share(ivf) * ivf->spread[list];
}

void
mv_ivf_keys(const MvIvf *ivf, const float *g_add, int n, float *keys)
{
	float		share = spread_share(ivf);

	for (int i = 0; i < n; i++)
		keys[i] = g_add[i] + share * ivf->spread[i];
}

float
mv_ivf_key_scale(const MvIvf *ivf, float query_norm)
{
	return ivf->format.metric == MV_IP ? Max(query_norm, 1e-30f) : 1;
}

double
mv_ivf_at_recall(const float *values, double recall)
{
	int			i = 1;
	double		from,
				to,
				part;

	while (i < MV_IVF_KNOTS - 1 && knots[i] < recall)
		i++;
	from = -log(1 - knots[i - 1]);
	to = -log(1 - knots[i]);
	part = (-log(1 - Min(recall, knots[MV_IVF_KNOTS - 1])) - from) / (to - from);
	return values[i - 1] + Max(part, 0) * (values[i] - values[i - 1]);
}

/*
 * Linear in the logarithm of k between the curves; never below the first.  Beyond
 * them a power of k, as distances are: in few dimensions they grow fast.
 */
static double
at_k(double first, double last, double k)
{
	double		part = log(k / curve_k[0]) / log((double) curve_k[1] / curve_k[0]);

	if (part > 1 && first > 0 && last > first)
		return last * pow(last / first, part - 1);
	return first + Max(part, 0) * Max(last - first, 0);
}

float
mv_ivf_reach(const MvIvf *ivf, double recall, double k)
{
	const MvIvfCurve *curves = ivf->meta.curves;

	if (recall > knots[MV_IVF_KNOTS - 1])
		return INFINITY;
	return (float) at_k(mv_ivf_at_recall(curves[0].reach, recall),
						mv_ivf_at_recall(curves[1].reach, recall), k);
}

/* Lists read where no curve tells; they are short, or the index would have been calibrated. */
#define UNCALIBRATED_LISTS 128

double
mv_ivf_lists_wanted(const MvIvf *ivf, const MvEffort *effort)
{
	double		lists;

	if (effort->probes > 0)
		return Min(effort->probes, ivf->nused);
	if (ivf->meta.calibration == MV_IVF_UNCALIBRATED)
		return Min(Max(ivf->nused / 4, UNCALIBRATED_LISTS), ivf->nused);
	if (effort->recall > knots[MV_IVF_KNOTS - 1])
		return ivf->nused;
	lists = at_k(mv_ivf_at_recall(ivf->meta.curves[0].lists, effort->recall),
				 mv_ivf_at_recall(ivf->meta.curves[1].lists, effort->recall),
				 Max(effort->rows, curve_k[0]));
	return Min(Max(Max(lists, effort->min_probes), 1), ivf->nused);
}

static int
compare_floats(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

void
mv_ivf_draw_curve(float *reaches, int n, double margin, int nqueries, MvIvfCurve *curve)
{
	qsort(reaches, n, sizeof(float), compare_floats);
	for (int i = 0; i < MV_IVF_KNOTS; i++)
	{
		double		missing = (1 - knots[i]) * (1 - margin);

		/*
		 * Some half a percent of the rows are misjudged by their codes, fewer at a
		 * high recall, for which their bounds are wider.  Recalls of single queries
		 * vary by some .4 sqrt(1 - recall) about their mean; two standard errors of
		 * that are made up for, so that other queries have the recall as well.
		 */
		if (nqueries > 0)
		{
			missing -= Min(0.005, missing / 8);
			missing -= Min(2 * 0.4 * sqrt(missing / nqueries), missing / 2);
		}
		curve->reach[i] = reaches[Min((int) ceil((1 - missing) * n), n - 1)];
		curve->lists[i] = 0;
	}
}
