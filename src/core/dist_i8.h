/*
 * dist_i8.h -- the loop of the int8 kernels, written once for all levels.
 *
 * A level file defines I8_LANES, the operations below and I8Acc, then includes
 * this inside its MV_TARGET region.  With nothing defined they are plain C.
 *
 *	vi					I8_LANES elements in the form the level likes
 *	vi_load(p)			I8_LANES elements
 *	vi_load_n(p, n)		the first n < I8_LANES of them, then zeros; reads no more
 *	I8Acc				the sums; I8_UNROLL of them side by side; all zero = empty
 *	i8_step(metric, acc, x, y)	add the terms of one pair
 *	i8_result(metric, acc)	the distance, from I8_UNROLL of them
 *
 * Exact: MV_MAX_DIM terms of at most 255 * 255 stay below 2^31.
 */
#pragma once

#include <string.h>

#include "core/dist_level.h"

#ifndef I8_LANES
#define I8_LANES 1
#define I8_UNROLL 1

typedef int vi;

typedef struct I8Acc
{
	int32_t		sum,
				aa,
				bb;
} I8Acc;

#define vi_load(p) (*(p))
#define vi_load_n(p, n) ((void) (n), *(p))

MV_INLINE void
i8_step(MvMetric metric, I8Acc *acc, vi x, vi y)
{
	int			d = x - y;

	if (metric == MV_L2SQ)
		acc->sum += d * d;
	else if (metric == MV_L1)
		acc->sum += d < 0 ? -d : d;
	else
		acc->sum += x * y;
	if (metric == MV_COSINE)
	{
		acc->aa += x * x;
		acc->bb += y * y;
	}
}

MV_INLINE double
i8_result(MvMetric metric, const I8Acc *acc)
{
	if (metric == MV_COSINE)
		return mv_cosine_of_sums(acc->sum, acc->aa, acc->bb);
	return acc->sum;
}
#endif

MV_INLINE double
i8_dist(MvMetric metric, const int8_t *a, const int8_t *b, int dim)
{
	I8Acc		acc[I8_UNROLL];
	int			i = 0,
				u;

	memset(acc, 0, sizeof(acc));
	for (; i + I8_UNROLL * I8_LANES <= dim; i += I8_UNROLL * I8_LANES)
		for (u = 0; u < I8_UNROLL; u++)
			i8_step(metric, &acc[u], vi_load(a + i + u * I8_LANES), vi_load(b + i + u * I8_LANES));
	for (; i + I8_LANES <= dim; i += I8_LANES)
		i8_step(metric, &acc[0], vi_load(a + i), vi_load(b + i));
	if (i < dim)
		i8_step(metric, &acc[0], vi_load_n(a + i, dim - i), vi_load_n(b + i, dim - i));
	return i8_result(metric, acc);
}

#define I8_KERNEL(name, metric) \
	static double name(const void *a, const void *b, int dim) \
	{ \
		return i8_dist(metric, a, b, dim); \
	}

I8_KERNEL(l2sq_i8, MV_L2SQ)
I8_KERNEL(ip_i8, MV_IP)
I8_KERNEL(cosine_i8, MV_COSINE)
I8_KERNEL(l1_i8, MV_L1)

/* Row MV_I8 of MvKernels.dist. */
#define I8_ROW {l2sq_i8, ip_i8, cosine_i8, l1_i8}
