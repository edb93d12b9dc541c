/*
 * dist_float.h -- the float kernels, written once for all levels.
 *
 * A level file defines VF_LANES and the operations below, then includes this
 * inside its MV_TARGET region.  With nothing defined they are plain C.
 *
 *	vf					VF_LANES floats; VF_UNROLL of them are summed side by side
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
 * Precision: a lane takes at most 16 terms before its block's sum goes into a
 * double.  A block is thus off by at most about 16/2 + log2(lanes) + 3 units
 * of 2^-24, below 1e-6 of the sum of magnitudes at any dimension; a running
 * f32 sum of 16000 equal terms would be off by 1e-4.
 */
#pragma once

#include <string.h>

#include "core/dist_level.h"
#include "core/half.h"

#ifndef VF_LANES
#define VF_LANES 1
#define VF_UNROLL 16

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

#define VF_STEP (VF_UNROLL * VF_LANES)
#define VF_BLOCK (16 * VF_STEP)

/* Elements i .. i + VF_LANES - 1. */
MV_INLINE vf
load(MvElemKind kind, const void *p, int i)
{
	if (kind == MV_F16)
		return vf_load_f16((const uint16_t *) p + i);
	if (kind == MV_BF16)
		return vf_load_bf16((const uint16_t *) p + i);
	return vf_load_f32((const float *) p + i);
}

/* Elements i .. end - 1, fewer than VF_LANES, and zeros. */
MV_INLINE vf
load_tail(MvElemKind kind, const void *p, int i, int end)
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
sum_of(vf *s)
{
	int			half,
				u;

	for (half = VF_UNROLL / 2; half > 0; half /= 2)
		for (u = 0; u < half; u++)
			s[u] = vf_add(s[u], s[u + half]);
	return vf_sum(s[0]);
}

/* L2SQ, IP and L1: the sum of one term per element. */
MV_INLINE double
float_dist(MvElemKind kind, MvMetric metric, const void *a, const void *b, int dim)
{
	double		total = 0;
	int			i = 0;

	do
	{
		int			end = dim - i > VF_BLOCK ? i + VF_BLOCK : dim;
		int			u;
		vf			s[VF_UNROLL];

		for (u = 0; u < VF_UNROLL; u++)
			s[u] = vf_zero();
		for (; i + VF_STEP <= end; i += VF_STEP)
			for (u = 0; u < VF_UNROLL; u++)
				s[u] = add_term(metric, s[u], load(kind, a, i + u * VF_LANES),
								load(kind, b, i + u * VF_LANES));
		for (; i + VF_LANES <= end; i += VF_LANES)
			s[0] = add_term(metric, s[0], load(kind, a, i), load(kind, b, i));
		if (i < end)
			s[0] = add_term(metric, s[0], load_tail(kind, a, i, end), load_tail(kind, b, i, end));
		i = end;
		total += sum_of(s);
	} while (i < dim);
	return total;
}

/* Three sums in one pass, for reading a vector costs more than adding it. */
MV_INLINE double
float_cosine(MvElemKind kind, const void *a, const void *b, int dim)
{
	double		dot = 0,
				aa = 0,
				bb = 0;
	int			i = 0;

	do
	{
		int			end = dim - i > VF_BLOCK ? i + VF_BLOCK : dim;
		int			u = 0;
		vf			x,
					y,
					sd[VF_UNROLL],
					sa[VF_UNROLL],
					sb[VF_UNROLL];

		for (u = 0; u < VF_UNROLL; u++)
			sd[u] = sa[u] = sb[u] = vf_zero();
		for (; i + VF_STEP <= end; i += VF_STEP)
			for (u = 0; u < VF_UNROLL; u++)
			{
				x = load(kind, a, i + u * VF_LANES);
				y = load(kind, b, i + u * VF_LANES);
				sd[u] = vf_fma(x, y, sd[u]);
				sa[u] = vf_fma(x, x, sa[u]);
				sb[u] = vf_fma(y, y, sb[u]);
			}
		for (; i < end; i += VF_LANES)
		{
			x = end - i < VF_LANES ? load_tail(kind, a, i, end) : load(kind, a, i);
			y = end - i < VF_LANES ? load_tail(kind, b, i, end) : load(kind, b, i);
			sd[0] = vf_fma(x, y, sd[0]);
			sa[0] = vf_fma(x, x, sa[0]);
			sb[0] = vf_fma(y, y, sb[0]);
		}
		i = end;
		dot += sum_of(sd);
		aa += sum_of(sa);
		bb += sum_of(sb);
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
