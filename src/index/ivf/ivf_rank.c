/*
 * ivf_rank.c -- what rows are ranked by: their distance from the stored vector, or
 * the table's.
 *
 * Stored vectors may be rounded to f16, and sums are rounded.  So a row's rank is
 * a value not above its distance, in the unit of bounds: squared distances, or
 * negated inner products.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "core/dist.h"
#include "index/ivf/ivf.h"

void
mv_ivf_ranker_begin(MvIvfRanker *r, const MvIvf *ivf)
{
	r->ivf = ivf;
	r->q = palloc(sizeof(float) * ivf->shape.dim);
}

void
mv_ivf_ranker_start(MvIvfRanker *r, const float *x)
{
	const MvIvf *ivf = r->ivf;

	r->vague = mv_ivf_vector(ivf, x, r->q) != 0;
	r->norm = sqrt(mv_kernels.dist[MV_F32][MV_IP] (x, x, ivf->shape.dim));
}

/* Rounding to f16, relative and absolute (subnormal numbers). */
#define F16_EPSILON 0x1.01p-11
#define F16_TINY 0x1p-25

/* Rounding of the sums of either side, relative. */
#define SUM_EPSILON 4e-6

/* Does an element look like one that did not fit f16?  norm: the vector's is not above. */
static bool
may_be_clamped(const MvIvfRanker *r, const void *vector, double norm)
{
	const uint16 *element = vector;

	if (r->ivf->shape.stored != MV_F16 || norm < 65000)
		return false;
	for (int i = 0; i < r->ivf->shape.dim; i++)
		if ((element[i] & 0x7fff) == 0x7bff)	/* 65,504 */
			return true;
	return false;
}

/* A value not above what the operator gives for this row, NaN if nothing is known. */
static double
lower_distance(const MvIvfRanker *r, const void *vector)
{
	int			dim = r->ivf->shape.dim;
	const MvDistFn *dist = mv_kernels.dist[r->ivf->shape.stored];
	bool		rounded = r->ivf->shape.stored == MV_F16;
	double		epsilon = rounded ? F16_EPSILON : 0;
	double		tiny = rounded ? F16_TINY * sqrt(dim) : 0;
	double		d,
				margin,
				norm;

	if (r->ivf->opclass->metric == MV_IP)
	{
		d = dist[MV_IP] (r->q, vector, dim);
		norm = sqrt(dist[MV_IP] (vector, vector, dim));
		if (may_be_clamped(r, vector, norm))
			return NAN;
		margin = (2 * epsilon + SUM_EPSILON) * r->norm * norm + tiny * (r->norm + norm);
		return -d - margin;
	}
	if (r->ivf->opclass->metric == MV_L1)
	{
		/* A sum of absolute values is at most so many times its Euclidean norm. */
		norm = sqrt(dim) * r->norm;
		d = dist[MV_L1] (r->q, vector, dim);
		margin = epsilon * (2 * norm + d) + 2 * F16_TINY * dim + SUM_EPSILON * d;
		return Max(d - margin, 0);
	}
	d = sqrt(dist[MV_L2SQ] (r->q, vector, dim));
	if (may_be_clamped(r, vector, r->norm + d))
		return NAN;
	margin = epsilon * (2 * r->norm + d) + 2 * tiny + SUM_EPSILON * d;
	d = Max(d - margin, 0);
	return r->ivf->opclass->metric == MV_COSINE ? Max(d * d / 2 - SUM_EPSILON, 0) : d;
}

/* Is the operator's distance that of the squared distances in code space? */
static bool
is_square(const MvIvf *ivf)
{
	return ivf->opclass->metric == MV_L1 && mv_space_sketches(ivf->opclass, ivf->shape.dim);
}

/* A share of the sketches has distances that are longer by more than this; see metric.h. */
#define SKETCH_DEVIATIONS 1.3

double
mv_ivf_rank_unit(const MvIvf *ivf)
{
	if (mv_space_sketches(ivf->opclass, ivf->shape.dim))
		return 1 / sqrt(1 + SKETCH_DEVIATIONS * sqrt(2.0 / ivf->shape.dim));
	return ivf->opclass->metric == MV_L1 && ivf->meta.unit > 1 ? ivf->meta.unit : 1;
}

/* Bounds are squared distances, or negated inner products; so must distances be. */
static float
comparable(const MvIvf *ivf, double low)
{
	double		u2 = ivf->unit * ivf->unit;

	switch (ivf->opclass->metric)
	{
		case MV_IP:
			return (float) low;
		case MV_COSINE:
			return (float) (2 * low / u2);
		default:
			return (float) (is_square(ivf) ? low / u2 : low * low / u2);
	}
}

float
mv_ivf_rank_unknown(const MvIvf *ivf)
{
	return ivf->opclass->metric == MV_IP ? -INFINITY : 0;
}

float
mv_ivf_rank(const MvIvfRanker *r, const void *vector)
{
	return r->vague ? mv_ivf_rank_unknown(r->ivf) :
		mv_ivf_rank_distance(r->ivf, lower_distance(r, vector));
}

float
mv_ivf_rank_distance(const MvIvf *ivf, double distance)
{
	return isnan(distance) ? mv_ivf_rank_unknown(ivf) : comparable(ivf, distance);
}

double
mv_ivf_in_units(const MvIvf *ivf, float dist)
{
	double		d = nextafterf(dist, -INFINITY);

	switch (ivf->opclass->metric)
	{
		case MV_IP:
			return d;
		case MV_HAMMING:
			return dist;
		case MV_JACCARD:
			return Max(d, 0);
		case MV_COSINE:
			return Max(d, 0) / 2 * (ivf->unit * ivf->unit);
		default:
			if (is_square(ivf))
				return Max(d, 0) * (ivf->unit * ivf->unit);
			return sqrt(Max(d, 0)) * ivf->unit * (1 - 1e-15);
	}
}
