/*
 * dist_i8.h -- the loop of the int8 kernels, written once for all levels.
 *
 * A level file with vectors defines I8_LANES and the operations below, then
 * includes this inside its MV_TARGET region.
 *
 *	vi					I8_LANES elements in the form the level likes
 *	vi_load(p)			I8_LANES elements
 *	vi_load_n(p, n)		the first n < I8_LANES of them, then zeros; reads no more
 *	I8Sums				the sums; four of them side by side
 *	i8_zero()			empty sums
 *	i8_step(metric, s, x, y)	s and the terms of one pair
 *	i8_add(s, t)		both
 *	i8_result(metric, s)	the distance
 *
 * Exact: MV_MAX_DIM terms of at most 255 * 255 stay below 2^31.
 */
#pragma once

#include "core/dist_level.h"

#ifdef I8_LANES

MV_INLINE double
i8_dist(MvMetric metric, const int8_t *a, const int8_t *b, ptrdiff_t dim)
{
	ptrdiff_t	i = 0;
	I8Sums		s0 = i8_zero(),
				s1 = i8_zero(),
				s2 = i8_zero(),
				s3 = i8_zero();

#define PAIR(at) vi_load(a + (at)), vi_load(b + (at))
	for (; i + 4 * I8_LANES <= dim; i += 4 * I8_LANES)
	{
		s0 = i8_step(metric, s0, PAIR(i));
		s1 = i8_step(metric, s1, PAIR(i + I8_LANES));
		s2 = i8_step(metric, s2, PAIR(i + 2 * I8_LANES));
		s3 = i8_step(metric, s3, PAIR(i + 3 * I8_LANES));
	}
	for (; i + I8_LANES <= dim; i += I8_LANES)
		s0 = i8_step(metric, s0, PAIR(i));
#undef PAIR
	if (i < dim)
		s1 = i8_step(metric, s1, vi_load_n(a + i, dim - i), vi_load_n(b + i, dim - i));
	return i8_result(metric, i8_add(i8_add(s0, s1), i8_add(s2, s3)));
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

#endif
