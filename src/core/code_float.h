/*
 * code_float.h -- the float kernels over codes, written once for all levels.
 *
 * A level file includes this inside its MV_TARGET region after defining
 *
 *	VF_LANES			4, 8 or 16
 *	vf_less_mask(x, y)	optional: bit i set iff x[i] < y[i]
 *	vi_to_bytes(x)		optional: lanes of 0 .. 255 as a vb
 *
 * Vectors are those of gcc and clang, compiled to the instructions of the
 * region.  Results do not depend on VF_LANES: element i is always added to
 * partial sum i mod 16, and the 16 sums meet in one tree.
 */
#pragma once

#include "core/code_level.h"

#ifndef VF_LANES
#define VF_LANES 4				/* only to be read alone */
#endif
#define VF_BYTES (4 * VF_LANES)

typedef float vf __attribute__((vector_size(VF_BYTES)));
typedef int32_t vi __attribute__((vector_size(VF_BYTES)));
typedef uint8_t vb __attribute__((vector_size(VF_LANES)));

/* The same in memory, at any address. */
typedef float vf_memory __attribute__((vector_size(VF_BYTES), aligned(4), may_alias));
typedef int32_t vi_memory __attribute__((vector_size(VF_BYTES), aligned(4), may_alias));

#define vf_load(p) ((vf) *(const vf_memory *) (p))
#define vf_store(p, x) (*(vf_memory *) (p) = (x))
#define vi_load(p) ((vi) *(const vi_memory *) (p))
#define vf_splat(s) ((s) - (vf) {0})
#define vi_splat(s) ((s) - (vi) {0})
#define vf_xor(x, mask) ((vf) ((vi) (x) ^ (mask)))
#define vf_and(x, mask) ((vf) ((vi) (x) & (mask)))
#define vf_from_int(x) __builtin_convertvector(x, vf)
#define vf_truncate(x) __builtin_convertvector(x, vi)
#define SIGN_BIT INT32_MIN

#ifndef vi_to_bytes
#define vi_to_bytes(x) __builtin_convertvector(x, vb)
#endif

#ifdef __clang__
#define vf_shuffle(x, ...) __builtin_shufflevector(x, x, __VA_ARGS__)
#else
#define vf_shuffle(x, ...) __builtin_shuffle(x, (vi) {__VA_ARGS__})
#endif

/* clang-format off */
/* vf_swap<h>: lane i gets lane i ^ h.  EACH_PART: the parts of 16 elements. */
#if VF_LANES == 4
#define LANE_BITS {1, 2, 4, 8}
#define LANE_NUMBERS {0, 1, 2, 3}
#define vf_swap1(x) vf_shuffle(x, 1, 0, 3, 2)
#define vf_swap2(x) vf_shuffle(x, 2, 3, 0, 1)
#define NEGATE1 {0, SIGN_BIT, 0, SIGN_BIT}
#define NEGATE2 {0, 0, SIGN_BIT, SIGN_BIT}
#define EACH_PART(do_part) do_part(0); do_part(1); do_part(2); do_part(3)
#elif VF_LANES == 8
#define LANE_BITS {1, 2, 4, 8, 16, 32, 64, 128}
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7}
#define vf_swap1(x) vf_shuffle(x, 1, 0, 3, 2, 5, 4, 7, 6)
#define vf_swap2(x) vf_shuffle(x, 2, 3, 0, 1, 6, 7, 4, 5)
#define vf_swap4(x) vf_shuffle(x, 4, 5, 6, 7, 0, 1, 2, 3)
#define NEGATE1 {0, SIGN_BIT, 0, SIGN_BIT, 0, SIGN_BIT, 0, SIGN_BIT}
#define NEGATE2 {0, 0, SIGN_BIT, SIGN_BIT, 0, 0, SIGN_BIT, SIGN_BIT}
#define NEGATE4 {0, 0, 0, 0, SIGN_BIT, SIGN_BIT, SIGN_BIT, SIGN_BIT}
#define EACH_PART(do_part) do_part(0); do_part(1)
#else
#define LANE_BITS {1, 2, 4, 8, 16, 32, 64, 128, \
		1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15}
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#define vf_swap1(x) vf_shuffle(x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#define vf_swap2(x) vf_shuffle(x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define vf_swap4(x) vf_shuffle(x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define vf_swap8(x) vf_shuffle(x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define NEGATE1 {0, SIGN_BIT, 0, SIGN_BIT, 0, SIGN_BIT, 0, SIGN_BIT, \
		0, SIGN_BIT, 0, SIGN_BIT, 0, SIGN_BIT, 0, SIGN_BIT}
#define NEGATE2 {0, 0, SIGN_BIT, SIGN_BIT, 0, 0, SIGN_BIT, SIGN_BIT, \
		0, 0, SIGN_BIT, SIGN_BIT, 0, 0, SIGN_BIT, SIGN_BIT}
#define NEGATE4 {0, 0, 0, 0, SIGN_BIT, SIGN_BIT, SIGN_BIT, SIGN_BIT, \
		0, 0, 0, 0, SIGN_BIT, SIGN_BIT, SIGN_BIT, SIGN_BIT}
#define NEGATE8 {0, 0, 0, 0, 0, 0, 0, 0, SIGN_BIT, SIGN_BIT, SIGN_BIT, SIGN_BIT, \
		SIGN_BIT, SIGN_BIT, SIGN_BIT, SIGN_BIT}
#define EACH_PART(do_part) do_part(0)
#endif
/* clang-format on */

#define PARTS (16 / VF_LANES)

/* ---- rotation ---- */

/* x[i] *= scale for from <= i < to, and its sign changes where its bit is set. */
MV_INLINE void
flip(float *x, int from, int to, const uint64_t *signs, float scale)
{
	const vi	lane = LANE_BITS;
	int			i;

	for (i = from; i < to; i += VF_LANES)
	{
		int32_t		bits = (int32_t) (signs[i / 64] >> i % 64 & ((1u << VF_LANES) - 1));
		vi			set = (vi) ((vi_splat(bits) & lane) == lane);

		vf_store(x + i, vf_xor(vf_load(x + i) * vf_splat(scale), set & SIGN_BIT));
	}
}

/* The Hadamard steps between the lanes: -b + a is a - b to the bit. */
MV_INLINE vf
within(vf x)
{
	const vi	negate1 = NEGATE1,
				negate2 = NEGATE2;

	x = vf_xor(x, negate1) + vf_swap1(x);
	x = vf_xor(x, negate2) + vf_swap2(x);
#if VF_LANES >= 8
	{
		const vi	negate4 = NEGATE4;

		x = vf_xor(x, negate4) + vf_swap4(x);
	}
#endif
#if VF_LANES >= 16
	{
		const vi	negate8 = NEGATE8;

		x = vf_xor(x, negate8) + vf_swap8(x);
	}
#endif
	return x;
}

#define BUTTERFLY(a, b) \
	do { \
		vf			sum_ = (a) + (b); \
		(b) = (a) - (b); \
		(a) = sum_; \
	} while (0)

/* Steps h, 2h and 4h; before them, if first, those between lanes (h = VF_LANES). */
MV_INLINE void
pass8(float *x, int n, int h, bool first)
{
	int			base,
				j;

	for (base = 0; base < n; base += 8 * h)
		for (j = 0; j < h; j += VF_LANES)
		{
			float	   *p = x + base + j;
#define GET(k) first ? within(vf_load(p + (k) * h)) : vf_load(p + (k) * h)
			vf			a = GET(0),
						b = GET(1),
						c = GET(2),
						d = GET(3),
						e = GET(4),
						f = GET(5),
						g = GET(6),
						i = GET(7);

#undef GET
			BUTTERFLY(a, b);
			BUTTERFLY(c, d);
			BUTTERFLY(e, f);
			BUTTERFLY(g, i);
			BUTTERFLY(a, c);
			BUTTERFLY(b, d);
			BUTTERFLY(e, g);
			BUTTERFLY(f, i);
			BUTTERFLY(a, e);
			BUTTERFLY(b, f);
			BUTTERFLY(c, g);
			BUTTERFLY(d, i);
			vf_store(p, a);
			vf_store(p + h, b);
			vf_store(p + 2 * h, c);
			vf_store(p + 3 * h, d);
			vf_store(p + 4 * h, e);
			vf_store(p + 5 * h, f);
			vf_store(p + 6 * h, g);
			vf_store(p + 7 * h, i);
		}
}

/* Steps h and 2h. */
MV_INLINE void
pass4(float *x, int n, int h, bool first)
{
	int			base,
				j;

	for (base = 0; base < n; base += 4 * h)
		for (j = 0; j < h; j += VF_LANES)
		{
			float	   *p = x + base + j;
#define GET(k) first ? within(vf_load(p + (k) * h)) : vf_load(p + (k) * h)
			vf			a = GET(0),
						b = GET(1),
						c = GET(2),
						d = GET(3);

#undef GET
			BUTTERFLY(a, b);
			BUTTERFLY(c, d);
			BUTTERFLY(a, c);
			BUTTERFLY(b, d);
			vf_store(p, a);
			vf_store(p + h, b);
			vf_store(p + 2 * h, c);
			vf_store(p + 3 * h, d);
		}
}

/* (a, b) = (a + b, a - b) for the halves of x[n]. */
MV_INLINE void
halves(float *x, int n)
{
	int			i;

	for (i = 0; i < n / 2; i += VF_LANES)
	{
		vf			a = vf_load(x + i),
					b = vf_load(x + n / 2 + i);

		vf_store(x + i, a + b);
		vf_store(x + n / 2 + i, a - b);
	}
}

/* Unscaled Hadamard transform of n, a power of two from 64 on; steps ascend. */
MV_INLINE void
hadamard(float *x, int n)
{
	int			h;

	if (8 * VF_LANES <= n)
	{
		pass8(x, n, VF_LANES, true);
		h = 8 * VF_LANES;
	}
	else
	{
		pass4(x, n, VF_LANES, true);
		h = 4 * VF_LANES;
	}
	for (; 8 * h <= n; h *= 8)
		pass8(x, n, h, false);
	if (4 * h <= n)
		pass4(x, n, h, false);
	else if (2 * h <= n)
		halves(x, n);
}

/*
 * A transform lengthens its t coordinates by sqrt(t), taken away together with
 * the signs; the four steps between the halves lengthen x by 4, taken away in
 * the middle, as far from overflow as from underflow.
 */
static void
rotate(float *x, int dim, const uint64_t *signs)
{
	int			t = 64,
				round;
	float		root;

	while (2 * t <= dim)
		t *= 2;
	root = 1 / sqrtf((float) t);
	for (round = 0; round < 4; round++, signs += dim / 64)
	{
		float		all = round == 2 && t < dim ? 0.25f : 1;
		int			from = round % 2 == 0 ? 0 : dim - t;

		flip(x, 0, from, signs, all);
		flip(x, from, from + t, signs, all * root);
		flip(x, from + t, dim, signs, all);
		hadamard(x + from, t);
		if (t < dim)
			halves(x, dim);
	}
}

/* ---- encoding ---- */

/* Partial sum k of the 16 is lane k mod VF_LANES of part k / VF_LANES. */
MV_INLINE float
sum_parts(const vf *part)
{
	float		s[16];
	int			h,
				i;

	memcpy(s, part, sizeof(s));
	for (h = 8; h > 0; h /= 2)
		for (i = 0; i < h; i++)
			s[i] += s[i + h];
	return s[0];
}

MV_INLINE vf
load_or_zero(const float *p, int i)
{
	return p == NULL ? (vf){ 0 } : vf_load(p + i);
}

static void
residual(const float *o, const float *c, const float *mean, int dim, MvCodeSums *s)
{
	vf			rr[PARTS] = {{0}},
				rc[PARTS] = {{0}};
	int			i;

	for (i = 0; i < dim; i += 16)
	{
#define DO_PART(p) \
		do { \
			int			at = i + (p) * VF_LANES; \
			vf			center = load_or_zero(c, at); \
			vf			r = vf_load(o + at) - center; \
			rr[p] += r * r; \
			rc[p] += r * (center + load_or_zero(mean, at)); \
		} while (0)
		EACH_PART(DO_PART);
#undef DO_PART
	}
	s->rr = sum_parts(rr);
	s->rc = sum_parts(rc);
}

typedef struct QuantiseSums
{
	vf			ry,
				cy,
				yy;
} QuantiseSums;

MV_INLINE QuantiseSums
quantise_step(const float *o, const float *c, int bits, float t, uint8_t *x_u, QuantiseSums s)
{
	vf			center = load_or_zero(c, 0);
	vf			r = vf_load(o) - center;
	vi			negative = (vi) (r < 0);
	vi			m = vf_truncate(vf_and(r, INT32_MAX) * vf_splat(t));
	vi			top = vi_splat((1 << (bits - 1)) - 1);
	vi			fits = (vi) (m < top);
	vf			y;
	vb			bytes;

	m = (m & fits) | (top & ~fits);
	y = vf_xor(vf_from_int(m) + 0.5f, negative & SIGN_BIT);
	bytes = vi_to_bytes((m ^ negative) + vi_splat(1 << (bits - 1)));
	memcpy(x_u, &bytes, sizeof(bytes));
	s.ry += r * y;
	s.cy += center * y;
	s.yy += y * y;
	return s;
}

static void
quantise(const float *o, const float *c, int dim, int bits, float t, uint8_t *x_u, MvCodeSums *s)
{
	QuantiseSums q[PARTS];
	vf			part[PARTS];
	int			i;

	memset(q, 0, sizeof(q));
	for (i = 0; i < dim; i += 16)
	{
#define DO_PART(p) \
		do { \
			int			at = i + (p) * VF_LANES; \
			q[p] = quantise_step(o + at, c == NULL ? NULL : c + at, bits, t, x_u + at, q[p]); \
		} while (0)
		EACH_PART(DO_PART);
#undef DO_PART
	}
#define TOTAL(member) \
	do { \
		for (i = 0; i < PARTS; i++) \
			part[i] = q[i].member; \
		s->member = sum_parts(part); \
	} while (0)
	TOTAL(ry);
	TOTAL(cy);
	TOTAL(yy);
#undef TOTAL
}

/* ---- tables of a query ---- */

/* The lanes whose number has the bit keep x. */
#define where_bit(p, bit, x) \
	vf_and(vf_splat(x), (vi) (((vi_splat((p) *VF_LANES) + number) & (bit)) != 0))

static void
fill_lut(const float *q, int dim, float scale, uint8_t *lut)
{
	const vi	number = LANE_NUMBERS;
	int			i;

	for (i = 0; i < dim; i += 4, lut += 16)
	{
		float		a = q[i],
					b = q[i + 1],
					c = q[i + 2],
					d = q[i + 3];
		float		least = mv_group_least(q + i);

#define DO_PART(p) \
		do { \
			vf			low = where_bit(p, 1, a) + where_bit(p, 2, b); \
			vf			high = where_bit(p, 4, c) + where_bit(p, 8, d); \
			vf			entry = ((low + high) - least) * scale + 0.5f; \
			vb			bytes = vi_to_bytes(vf_truncate(entry)); \
			memcpy(lut + (p) * VF_LANES, &bytes, sizeof(bytes)); \
		} while (0)
		EACH_PART(DO_PART);
#undef DO_PART
	}
}

/* ---- estimates ---- */

#ifndef vf_less_mask
MV_INLINE uint32_t
vf_less_mask(vf x, vf y)
{
	uint32_t	mask = 0;
	int			i;

	for (i = 0; i < VF_LANES; i++)
		mask |= (uint32_t) (x[i] < y[i]) << i;
	return mask;
}
#endif

/* Codes v to v + VF_LANES - 1 of a block; their bits of the mask. */
MV_INLINE uint32_t
estimate(vi sums, const float *factors, int v, const MvRabitqTerms *terms, float limit,
		 MvBlockResult *result)
{
	vf			ip = vf_from_int(sums) * terms->delta + terms->bias;
	vf			r = vf_load(factors + MV_BLOCK + v);
	vf			e = (vf_load(factors + v) + terms->g_add) + r * ip;
	vf			l = e - vf_and(r, INT32_MAX) * terms->err;

	vf_store(result->est + v, e);
	vf_store(result->low + v, l);
	return vf_less_mask(l, vf_splat(limit)) << v;
}

/* fastscan for a level that has add_entries(codes, lut, dim, acc): acc[32] += the sums. */
#define FASTSCAN_BY_MEMORY \
	static uint32_t fastscan(const uint8_t *codes, const float *factors, const uint8_t *lut, \
							 int dim, const MvRabitqTerms *terms, float limit, \
							 MvBlockResult *result) \
	{ \
		uint32_t	acc[MV_BLOCK] = {0}, \
					mask = 0; \
		int			v; \
		add_entries(codes, lut, dim, acc); \
		for (v = 0; v < MV_BLOCK; v += VF_LANES) \
			mask |= estimate(vi_load(acc + v), factors, v, terms, limit, result); \
		return mask; \
	}

#define CODE_FLOAT_KERNELS \
	.rotate = rotate, \
	.residual = residual, \
	.quantise = quantise, \
	.fill_lut = fill_lut
