/*
 * gemm_vnni.c -- products of bytes by AVX512_VNNI, in the tiles of gemm_avx512.c.
 */
#include "core/gemm_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define LANES 16
#define ROWS 14
#define VECTORS 2

/* The loops must be unrolled in full, as in gemm_kernel.h. */
MV_INLINE void
micro_of(int nv, int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	__m512i		sum[ROWS][VECTORS];
	int			i,
				p,
				v;

#pragma GCC unroll 16
	for (i = 0; i < ROWS; i++)
#pragma GCC unroll 4
		for (v = 0; v < nv; v++)
			sum[i][v] = _mm512_setzero_si512();
	for (p = 0; p < kc; p++)
	{
		__m512i		y[VECTORS];

#pragma GCC unroll 4
		for (v = 0; v < nv; v++)
			y[v] = _mm512_loadu_si512(b + (p * nv + v) * LANES);
#pragma GCC unroll 16
		for (i = 0; i < ROWS; i++)
		{
			__m512i		x = _mm512_castps_si512(_mm512_set1_ps(a[i * MV_GEMM_LDA + p]));

#pragma GCC unroll 4
			for (v = 0; v < nv; v++)
				sum[i][v] = _mm512_dpbusd_epi32(sum[i][v], x, y[v]);
		}
	}
#pragma GCC unroll 16
	for (i = 0; i < ROWS; i++)
#pragma GCC unroll 4
		for (v = 0; v < nv; v++)
		{
			float	   *at = c + i * ldc + v * LANES;
			__m512		products = _mm512_cvtepi32_ps(sum[i][v]);

			_mm512_storeu_ps(at, add ? _mm512_add_ps(_mm512_loadu_ps(at), products) : products);
		}
}

static void
micro(int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	micro_of(VECTORS, kc, a, b, c, ldc, add);
}

static void
micro_narrow(int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	micro_of(VECTORS / 2, kc, a, b, c, ldc, add);
}

MV_TARGET_END

MvGemmBytes
mv_gemm_vnni(void)
{
	MvGemmBytes kernels = {micro, micro_narrow},
				none = {NULL, NULL};

	return __builtin_cpu_supports("avx512vnni") ? kernels : none;
}

#else

MvGemmBytes
mv_gemm_vnni(void)
{
	return (MvGemmBytes){ NULL, NULL };
}

#endif
