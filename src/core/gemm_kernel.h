/*
 * gemm_kernel.h -- the kernels of gemm, written once for all levels.
 *
 * A level file defines VF_LANES and the operations below, then includes this
 * inside its MV_TARGET region.  With nothing defined they are plain C.
 *
 *	vf, vf_mask			VF_LANES floats; what compares them
 *	vf_load(p) vf_store(p, x) vf_zero() vf_set1(x) vf_add(x, y)
 *	vf_fma(x, y, z)		x * y + z
 *	vf_less(x, y) vf_pick(mask, yes, no)
 *	GEMM_MR, GEMM_NV	the micro-tile: rows, and vectors of columns
 *	GEMM_AVX			packs by transposes of 8 x 8
 */
#pragma once

#include "core/gemm_level.h"

#ifndef VF_LANES
/* Vectors of four where the architecture's baseline has them. */
#define VF_LANES 4
#define GEMM_MR 4
#define GEMM_NV 2

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vf_mask __attribute__((vector_size(16)));

MV_INLINE vf
vf_load(const float *p)
{
	vf			x;

	memcpy(&x, p, sizeof(x));
	return x;
}

MV_INLINE void
vf_store(float *p, vf x)
{
	memcpy(p, &x, sizeof(x));
}

#define vf_zero() ((vf) {0, 0, 0, 0})
#define vf_set1(x) ((vf) {(x), (x), (x), (x)})
#define vf_add(x, y) ((x) + (y))
#define vf_fma(x, y, z) ((x) * (y) + (z))
#define vf_less(x, y) ((vf_mask) ((x) < (y)))
#define vf_pick(mask, yes, no) \
	((vf) (((mask) & (vf_mask) (yes)) | (~(mask) & (vf_mask) (no))))
#endif

#define GEMM_LEVEL(name) \
	{ \
		name, GEMM_MR, GEMM_NV * VF_LANES, GEMM_NV / 2 * VF_LANES, \
		micro, micro_narrow, pack, copy, argmin, add_rows \
	}

/*
 * All sums stay in registers: the loops must be unrolled in full.  nv, vectors
 * of columns, is constant after inlining.
 */
MV_INLINE void
micro_of(int nv, int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	vf			sum[GEMM_MR][GEMM_NV];
	int			i,
				p,
				v;

#pragma GCC unroll 16
	for (i = 0; i < GEMM_MR; i++)
#pragma GCC unroll 4
		for (v = 0; v < nv; v++)
			sum[i][v] = vf_zero();
	for (p = 0; p < kc; p++)
	{
		vf			y[GEMM_NV];

#pragma GCC unroll 4
		for (v = 0; v < nv; v++)
			y[v] = vf_load(b + p * nv * VF_LANES + v * VF_LANES);
#pragma GCC unroll 16
		for (i = 0; i < GEMM_MR; i++)
		{
			vf			x = vf_set1(a[i * MV_GEMM_LDA + p]);

#pragma GCC unroll 4
			for (v = 0; v < nv; v++)
				sum[i][v] = vf_fma(x, y[v], sum[i][v]);
		}
	}
#pragma GCC unroll 16
	for (i = 0; i < GEMM_MR; i++)
#pragma GCC unroll 4
		for (v = 0; v < nv; v++)
		{
			float	   *at = c + i * ldc + v * VF_LANES;

			vf_store(at, add ? vf_add(vf_load(at), sum[i][v]) : sum[i][v]);
		}
}

static void
micro(int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	micro_of(GEMM_NV, kc, a, b, c, ldc, add);
}

static void
micro_narrow(int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	micro_of(GEMM_NV / 2, kc, a, b, c, ldc, add);
}

/* By vectors: compilers make short memcpy's of unknown length slow. */
static void
copy(int rows, int kc, const float *a, size_t lda, float *out)
{
	int			i,
				p;

	for (i = 0; i < rows; i++, a += lda, out += MV_GEMM_LDA)
	{
		for (p = 0; p + VF_LANES <= kc; p += VF_LANES)
			vf_store(out + p, vf_load(a + p));
		for (; p < kc; p++)
			out[p] = a[p];
	}
}

/* Four rows at a time, for the sums are twice as wide as they. */
static void
add_rows(double *restrict sum, const float *const *rows, int n, int dim)
{
	int			i,
				j;

	for (i = 0; i + 4 <= n; i += 4)
	{
		const float *restrict a = rows[i],
				   *restrict b = rows[i + 1],
				   *restrict c = rows[i + 2],
				   *restrict d = rows[i + 3];

		for (j = 0; j < dim; j++)
			sum[j] = sum[j] + a[j] + b[j] + c[j] + d[j];
	}
	for (; i < n; i++)
	{
		const float *restrict a = rows[i];

		for (j = 0; j < dim; j++)
			sum[j] += a[j];
	}
}

/* Lanes keep their own least value and the number of its vector, as a float. */
static int
argmin(const float *dot, const float *norm, int n, float *best)
{
	vf			least = vf_set1(*best),
				at = vf_set1(-1),
				minus2 = vf_set1(-2);
	float		lane_least[VF_LANES],
				lane_at[VF_LANES];
	int			found = -1,
				j,
				i;

	for (j = 0; j + VF_LANES <= n; j += VF_LANES)
	{
		vf			score = vf_fma(vf_load(dot + j), minus2, vf_load(norm + j));
		vf_mask		less = vf_less(score, least);

		least = vf_pick(less, score, least);
		at = vf_pick(less, vf_set1((float) j), at);
	}
	vf_store(lane_least, least);
	vf_store(lane_at, at);
	for (i = 0; i < VF_LANES; i++)
	{
		int			where = (int) lane_at[i] + i;

		if (lane_at[i] >= 0 &&
			(lane_least[i] < *best || (lane_least[i] == *best && where < found)))
		{
			*best = lane_least[i];
			found = where;
		}
	}
	for (; j < n; j++)
	{
		float		score = norm[j] - 2 * dot[j];

		if (score < *best)
		{
			*best = score;
			found = j;
		}
	}
	return found;
}

#ifdef GEMM_AVX

/* out[p * nr + j] = b[j * ldb + p] for j, p < 8. */
MV_INLINE void
transpose8(int nr, const float *b, size_t ldb, float *out)
{
	__m256		r[8],
				s[8];
	int			i;

	/* Halves of rows j and j + 4 side by side, then a 4 x 4 transpose in each half. */
	for (i = 0; i < 4; i++)
	{
		const float *low = b + (size_t) i * ldb,
				   *high = b + (size_t) (i + 4) * ldb;

		r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)),
									_mm_loadu_ps(high), 1);
		r[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)),
										_mm_loadu_ps(high + 4), 1);
	}
	for (i = 0; i < 8; i += 4)
	{
		s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
		s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
		s[i + 2] = _mm256_unpacklo_ps(r[i + 2], r[i + 3]);
		s[i + 3] = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
	}
	for (i = 0; i < 8; i += 4)
	{
		float	   *to = out + i * nr;

		_mm256_storeu_ps(to, _mm256_shuffle_ps(s[i], s[i + 2], 0x44));
		_mm256_storeu_ps(to + nr, _mm256_shuffle_ps(s[i], s[i + 2], 0xee));
		_mm256_storeu_ps(to + 2 * nr, _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44));
		_mm256_storeu_ps(to + 3 * nr, _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee));
	}
}

static void
pack(int nr, int kc, const float *b, size_t ldb, float *out)
{
	int			p,
				j;

	for (p = 0; p + 8 <= kc; p += 8)
		for (j = 0; j < nr; j += 8)
			transpose8(nr, b + (size_t) j * ldb + p, ldb, out + p * nr + j);
	for (; p < kc; p++)
		for (j = 0; j < nr; j++)
			out[p * nr + j] = b[(size_t) j * ldb + p];
}

#else

static void
pack(int nr, int kc, const float *b, size_t ldb, float *out)
{
	int			p,
				j;

	for (j = 0; j < nr; j += 4)
		for (p = 0; p < kc; p++)
		{
			const float *from = b + (size_t) j * ldb + p;
			float	   *to = out + p * nr + j;

			to[0] = from[0];
			to[1] = from[ldb];
			to[2] = from[2 * ldb];
			to[3] = from[3 * ldb];
		}
}

#endif
