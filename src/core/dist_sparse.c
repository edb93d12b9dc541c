/*
 * dist_sparse.c -- distances of sparse vectors by merging index lists.
 *
 * Sums are doubles rounded to f32 once at the end, so that they overflow to
 * infinity where the sums of dense vectors do.  The merges advance without a
 * branch on the comparison, which is random for real data; only the test for
 * equal indices is a branch.
 */
#include "core/dist_level.h"

/*
 * From this ratio of lengths on a dot product searches the longer list for
 * each index of the shorter one.  Measured with 30 indices against n, ns:
 *
 *	n			120		200		500		1000	5000
 *	merge		390		590		1310	2570	12650
 *	search		400		480		620		920		2700
 */
#define SEARCH_RATIO 6

/* The first place at or after `from` with idx >= want, or nnz. */
static inline int
seek(const int32_t *idx, int from, int nnz, int32_t want)
{
	int			step = 1,
				end;

	while (step < nnz - from && idx[from + step] < want)
	{
		from += step;
		step *= 2;
	}
	end = step < nnz - from ? from + step : nnz;
	while (from < end)
	{
		int			middle = (from + end) / 2;

		if (idx[middle] < want)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

/* a is the shorter list. */
static double
search_dot(const int32_t *idx_a, const float *val_a, int nnz_a,
		   const int32_t *idx_b, const float *val_b, int nnz_b)
{
	double		sum = 0;
	int			i,
				j = 0;

	for (i = 0; i < nnz_a; i++)
	{
		j = seek(idx_b, j, nnz_b, idx_a[i]);
		if (j == nnz_b)
			break;
		if (idx_b[j] == idx_a[i])
			sum += (double) val_a[i] * val_b[j];
	}
	return (float) sum;
}

static double
merge_dot(const int32_t *idx_a, const float *val_a, int nnz_a,
		   const int32_t *idx_b, const float *val_b, int nnz_b)
{
	double		sum = 0;
	int			i = 0,
				j = 0;

	while (i < nnz_a && j < nnz_b)
	{
		int32_t		ia = idx_a[i];
		int32_t		ib = idx_b[j];

		if (ia == ib)
			sum += (double) val_a[i] * val_b[j];
		i += ia <= ib;
		j += ib <= ia;
	}
	return (float) sum;
}

static double
sparse_dot(const int32_t *idx_a, const float *val_a, int nnz_a,
		   const int32_t *idx_b, const float *val_b, int nnz_b)
{
	if (nnz_b / SEARCH_RATIO > nnz_a)
		return search_dot(idx_a, val_a, nnz_a, idx_b, val_b, nnz_b);
	if (nnz_a / SEARCH_RATIO > nnz_b)
		return search_dot(idx_b, val_b, nnz_b, idx_a, val_a, nnz_a);
	return merge_dot(idx_a, val_a, nnz_a, idx_b, val_b, nnz_b);
}

static double
norm_squared(const float *val, int nnz)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < nnz; i++)
		sum += (double) val[i] * val[i];
	return (float) sum;
}

static inline double
term(MvMetric metric, double d)
{
	return metric == MV_L1 ? fabs(d) : d * d;
}

/* L2SQ and L1: every index of either list adds a term. */
static inline double
sparse_difference(MvMetric metric,
				  const int32_t *idx_a, const float *val_a, int nnz_a,
				  const int32_t *idx_b, const float *val_b, int nnz_b)
{
	double		sum = 0;
	int			i = 0,
				j = 0;

	while (i < nnz_a && j < nnz_b)
	{
		int32_t		ia = idx_a[i];
		int32_t		ib = idx_b[j];
		double		x = ia <= ib ? val_a[i] : 0;
		double		y = ib <= ia ? val_b[j] : 0;

		sum += term(metric, x - y);
		i += ia <= ib;
		j += ib <= ia;
	}
	for (; i < nnz_a; i++)
		sum += term(metric, val_a[i]);
	for (; j < nnz_b; j++)
		sum += term(metric, val_b[j]);
	return (float) sum;
}

double
mv_sparse_dist(MvMetric metric,
			   const int32_t *idx_a, const float *val_a, int nnz_a,
			   const int32_t *idx_b, const float *val_b, int nnz_b)
{
	double		dot;

	switch (metric)
	{
		case MV_L2SQ:
			return sparse_difference(MV_L2SQ, idx_a, val_a, nnz_a, idx_b, val_b, nnz_b);
		case MV_L1:
			return sparse_difference(MV_L1, idx_a, val_a, nnz_a, idx_b, val_b, nnz_b);
		default:
			dot = sparse_dot(idx_a, val_a, nnz_a, idx_b, val_b, nnz_b);
			if (metric == MV_IP)
				return dot;
			return mv_cosine_of_sums(dot, norm_squared(val_a, nnz_a), norm_squared(val_b, nnz_b));
	}
}
