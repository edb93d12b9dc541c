/*
 * dist_float.h -- the float kernels, written once for all levels.
 *
 * A level file defines VF_LANES and the operations below, then includes this
 * inside its MV_TARGET region.  With nothing defined they are plain C.
 *
 *	vf					VF_LANES floats; four of them are summed side by side
 *	vf_load_KIND(p)		VF_LANES elements of the kind, as floats
 *	vf_load_KIND_n(p, n)	the first n < VF_LANES of them, then zeros; reads no more
 *	vf_zero vf_add vf_sub vf_abs vf_fma(x, y, z) = x * y + z
 *	vf_sum(v)			sum of the lanes
 *	vf_store(p, v)		VF_LANES floats
 *	vf_store_f16(p, v)	the same rounded to f16
 *
 * The kind and the metric are arguments that are constant after inlining, so
 * each kernel of the tables at the end is a loop of its own without a branch.
 *
 * Precision: a lane takes at most 18 terms before its block's sum goes into a
 * double (plain: 32).  Where all terms are alike and all roundings go one way,
 * a block is off by about half that, + log2(lanes) + 3, units of 2^-24: within
 * 1e-6 of the sum of magnitudes at any dimension.  Without blocks 16000 equal
 * terms miss it.
 */
#pragma once

#include <string.h>

#include "core/dist_level.h"
#include "core/half.h"

#ifndef VF_LANES
#define VF_LANES 1
#define VF_BLOCK 32

typedef float vf;

#define vf_load_f32(p) (*(p))
#define vf_load_f16(p) mv_f16_to_f32(*(p))
#define vf_load_bf16(p) mv_bf16_to_f32(*(p))
#define vf_load_f32_n(p, n) ((void) (n), vf_load_f32(p))
#define vf_load_f16_n(p, n) ((void) (n), vf_load_f16(p))
#define vf_load_bf16_n(p, n) ((void) (n), vf_load_bf16(p))
#define vf_zero() 0.0f
#define vf_add(x, y) ((x) + (y))
#define vf_sub(x, y) ((x) - (y))
#define vf_abs(x) fabsf(x)
#define vf_fma(x, y, z) ((x) * (y) + (z))
#define vf_sum(x) (x)
#define vf_store(p, x) (*(p) = (x))
#define vf_store_f16(p, x) (*(p) = mv_f16_from_f32(x))
#endif

#define VF_STEP (4 * VF_LANES)
#ifndef VF_BLOCK
#define VF_BLOCK (16 * VF_STEP)
#endif

/* Elements i .. i + VF_LANES - 1. */
MV_INLINE vf
load(MvElemKind kind, const void *p, ptrdiff_t i)
{
	if (kind == MV_F16)
		return vf_load_f16((const uint16_t *) p + i);
	if (kind == MV_BF16)
		return vf_load_bf16((const uint16_t *) p + i);
	return vf_load_f32((const float *) p + i);
}

/* Elements i .. end - 1, fewer than VF_LANES, and zeros. */
MV_INLINE vf
load_tail(MvElemKind kind, const void *p, ptrdiff_t i, ptrdiff_t end)
{
	if (kind == MV_F16)
		return vf_load_f16_n((const uint16_t *) p + i, end - i);
	if (kind == MV_BF16)
		return vf_load_bf16_n((const uint16_t *) p + i, end - i);
	return vf_load_f32_n((const float *) p + i, end - i);
}

MV_INLINE vf
add_term(MvMetric metric, vf sum, vf x, vf y)
{
	vf			d;

	if (metric == MV_IP)
		return vf_fma(x, y, sum);
	d = vf_sub(x, y);
	if (metric == MV_L1)
		return vf_add(sum, vf_abs(d));
	return vf_fma(d, d, sum);
}

MV_INLINE float
sum_of(vf s0, vf s1, vf s2, vf s3)
{
	return vf_sum(vf_add(vf_add(s0, s1), vf_add(s2, s3)));
}

/* L2SQ, IP and L1: the sum of one term per element. */
MV_INLINE double
float_dist(MvElemKind kind, MvMetric metric, const void *a, const void *b, ptrdiff_t dim)
{
	double		total = 0;
	ptrdiff_t	i = 0;

	do
	{
		ptrdiff_t	end = dim - i > VF_BLOCK ? i + VF_BLOCK : dim;
		vf			s0 = vf_zero(),
					s1 = vf_zero(),
					s2 = vf_zero(),
					s3 = vf_zero();

#define TERM(at) load(kind, a, at), load(kind, b, at)
		for (; VF_LANES > 1 && i + VF_STEP <= end; i += VF_STEP)
		{
			s0 = add_term(metric, s0, TERM(i));
			s1 = add_term(metric, s1, TERM(i + VF_LANES));
			s2 = add_term(metric, s2, TERM(i + 2 * VF_LANES));
			s3 = add_term(metric, s3, TERM(i + 3 * VF_LANES));
		}
		for (; i + VF_LANES <= end; i += VF_LANES)
			s0 = add_term(metric, s0, TERM(i));
#undef TERM
		if (i < end)
			s1 = add_term(metric, s1, load_tail(kind, a, i, end), load_tail(kind, b, i, end));
		i = end;
		total += sum_of(s0, s1, s2, s3);
	} while (i < dim);
	return total;
}

typedef struct CosineSums
{
	vf			dot,
				aa,
				bb;
} CosineSums;

MV_INLINE CosineSums
add_pair(CosineSums s, vf x, vf y)
{
	s.dot = vf_fma(x, y, s.dot);
	s.aa = vf_fma(x, x, s.aa);
	s.bb = vf_fma(y, y, s.bb);
	return s;
}

/* Three sums in one pass, for reading a vector costs more than adding it. */
MV_INLINE double
float_cosine(MvElemKind kind, const void *a, const void *b, ptrdiff_t dim)
{
	double		dot = 0,
				aa = 0,
				bb = 0;
	ptrdiff_t	i = 0;

	do
	{
		ptrdiff_t	end = dim - i > VF_BLOCK ? i + VF_BLOCK : dim;
		CosineSums	s0 = {vf_zero(), vf_zero(), vf_zero()};
		CosineSums	s1 = s0,
					s2 = s0,
					s3 = s0;

#define PAIR(at) load(kind, a, at), load(kind, b, at)
		for (; VF_LANES > 1 && i + VF_STEP <= end; i += VF_STEP)
		{
			s0 = add_pair(s0, PAIR(i));
			s1 = add_pair(s1, PAIR(i + VF_LANES));
			s2 = add_pair(s2, PAIR(i + 2 * VF_LANES));
			s3 = add_pair(s3, PAIR(i + 3 * VF_LANES));
		}
		for (; i + VF_LANES <= end; i += VF_LANES)
			s0 = add_pair(s0, PAIR(i));
#undef PAIR
		if (i < end)
			s1 = add_pair(s1, load_tail(kind, a, i, end), load_tail(kind, b, i, end));
		i = end;
		dot += sum_of(s0.dot, s1.dot, s2.dot, s3.dot);
		aa += sum_of(s0.aa, s1.aa, s2.aa, s3.aa);
		bb += sum_of(s0.bb, s1.bb, s2.bb, s3.bb);
	} while (i < dim);
	return mv_cosine_of_sums(dot, aa, bb);
}

#define FLOAT_KERNEL(name, value) \
	static double name(const void *a, const void *b, int dim) \
	{ \
		return value; \
	}
#define FLOAT_KERNELS(suffix, kind) \
	FLOAT_KERNEL(l2sq_##suffix, float_dist(kind, MV_L2SQ, a, b, dim)) \
	FLOAT_KERNEL(ip_##suffix, float_dist(kind, MV_IP, a, b, dim)) \
	FLOAT_KERNEL(cosine_##suffix, float_cosine(kind, a, b, dim)) \
	FLOAT_KERNEL(l1_##suffix, float_dist(kind, MV_L1, a, b, dim))

FLOAT_KERNELS(f32, MV_F32)
FLOAT_KERNELS(f16, MV_F16)
FLOAT_KERNELS(bf16, MV_BF16)

static void
f32_copy(const void *x, float *out, int n)
{
	memcpy(out, x, (size_t) n * sizeof(float));
}

static void
f32_from_f32(const float *x, void *out, int n)
{
	memcpy(out, x, (size_t) n * sizeof(float));
}

static void
f16_to_f32(const void *x, float *out, int n)
{
	const uint16_t *in = x;
	int			i;

	for (i = 0; i + VF_LANES <= n; i += VF_LANES)
		vf_store(out + i, vf_load_f16(in + i));
	for (; i < n; i++)
		out[i] = mv_f16_to_f32(in[i]);
}

static void
f16_from_f32(const float *x, void *out, int n)
{
	uint16_t   *to = out;
	int			i;

	for (i = 0; i + VF_LANES <= n; i += VF_LANES)
		vf_store_f16(to + i, vf_load_f32(x + i));
	for (; i < n; i++)
		to[i] = mv_f16_from_f32(x[i]);
}

/* The others are integer arithmetic, which the compiler vectorises. */
static void
bf16_to_f32(const void *x, float *out, int n)
{
	const uint16_t *in = x;
	int			i;

	for (i = 0; i < n; i++)
		out[i] = mv_bf16_to_f32(in[i]);
}

static void
bf16_from_f32(const float *x, void *out, int n)
{
	uint16_t   *to = out;
	int			i;

	for (i = 0; i < n; i++)
		to[i] = mv_bf16_from_f32(x[i]);
}

static void
i8_to_f32(const void *x, float *out, int n)
{
	const int8_t *in = x;
	int			i;

	for (i = 0; i < n; i++)
		out[i] = in[i];
}

static void
i8_from_f32(const float *x, void *out, int n)
{
	int8_t	   *to = out;
	int			i;

	for (i = 0; i < n; i++)
		to[i] = mv_i8_from_f32(x[i]);
}

/* Initialisers of the parts of an MvKernels, in the order of the enums. */
#define KERNEL_ROW(suffix) {l2sq_##suffix, ip_##suffix, cosine_##suffix, l1_##suffix}
#define FLOAT_ROWS KERNEL_ROW(f32), KERNEL_ROW(f16), KERNEL_ROW(bf16)
#define TO_F32_ROW {f32_copy, f16_to_f32, bf16_to_f32, i8_to_f32}
#define FROM_F32_ROW {f32_from_f32, f16_from_f32, bf16_from_f32, i8_from_f32}
