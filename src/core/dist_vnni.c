/*
 * dist_vnni.c -- int8 kernels over AVX512_VNNI.
 *
 * VPDPBUSD multiplies unsigned by signed bytes and adds four products to a
 * 32-bit lane, without saturation.  A signed x becomes unsigned as x + 128,
 * which is x with its top bit flipped; what this adds to the sum is summed
 * beside it and taken away at the end.
 */
#include "core/dist_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define I8_LANES 64
#define I8_UNROLL 4

typedef __m512i vi;

/* Wanted sum = main + factor * bias; see i8_step. */
typedef struct I8Acc
{
	vi			sum,
				aa,
				bb,
				bias_a,
				bias_b;
} I8Acc;

#define vi_load(p) _mm512_loadu_si512(p)
#define vi_load_n(p, n) _mm512_maskz_loadu_epi8(((__mmask64) 1 << (n)) - 1, p)
#define flip(x) _mm512_xor_si512(x, _mm512_set1_epi8(-128))

/*
 * Products with the constant 128 sum up what x + 128 in place of x adds.  For
 * L2SQ, d = |x - y| is unsigned already and d - 128 is signed.  Lanes that are
 * zero in both x and y add nothing to any result.
 */
MV_INLINE void
i8_step(MvMetric metric, I8Acc *acc, vi x, vi y)
{
	vi			c128 = _mm512_set1_epi8(-128);

	if (metric == MV_L2SQ)
	{
		vi			d = _mm512_sub_epi8(_mm512_max_epi8(x, y), _mm512_min_epi8(x, y));

		acc->sum = _mm512_dpbusd_epi32(acc->sum, d, flip(d));
		acc->bias_b = _mm512_dpbusd_epi32(acc->bias_b, d, _mm512_set1_epi8(64));
		return;
	}
	if (metric == MV_L1)
	{
		acc->sum = _mm512_add_epi32(acc->sum, _mm512_sad_epu8(flip(x), flip(y)));
		return;
	}
	acc->sum = _mm512_dpbusd_epi32(acc->sum, flip(x), y);
	acc->bias_b = _mm512_dpbusd_epi32(acc->bias_b, c128, y);
	if (metric == MV_COSINE)
	{
		acc->aa = _mm512_dpbusd_epi32(acc->aa, flip(x), x);
		acc->bb = _mm512_dpbusd_epi32(acc->bb, flip(y), y);
		acc->bias_a = _mm512_dpbusd_epi32(acc->bias_a, c128, x);
	}
}

MV_INLINE int32_t
vi_sum(vi x0, vi x1, vi x2, vi x3)
{
	return _mm512_reduce_add_epi32(
		_mm512_add_epi32(_mm512_add_epi32(x0, x1), _mm512_add_epi32(x2, x3)));
}

#define SUM(field) vi_sum(acc[0].field, acc[1].field, acc[2].field, acc[3].field)

MV_INLINE double
i8_result(MvMetric metric, const I8Acc *acc)
{
	switch (metric)
	{
		case MV_L1:
			return SUM(sum);
		case MV_L2SQ:
			return SUM(sum) + 2 * SUM(bias_b);
		case MV_COSINE:
			return mv_cosine_of_sums(SUM(sum) - SUM(bias_b), SUM(aa) - SUM(bias_a),
									 SUM(bb) - SUM(bias_b));
		default:
			return SUM(sum) - SUM(bias_b);
	}
}

#include "core/dist_i8.h"

MV_TARGET_END

bool
mv_kernels_add_vnni(MvKernels *table)
{
	static const MvDistFn row[MV_METRICS] = I8_ROW;

	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx512vnni"))
		return false;
	memcpy(table->dist[MV_I8], row, sizeof(row));
	return true;
}

#else

bool
mv_kernels_add_vnni(MvKernels *table)
{
	(void) table;
	return false;
}

#endif
