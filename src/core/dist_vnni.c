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
#include <string.h>

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define I8_LANES 64

typedef __m512i vi;

/* The wanted sum is that of `sum` - `bias_b` and so on; see i8_step. */
typedef struct I8Sums
{
	vi			sum,
				aa,
				bb,
				bias_a,
				bias_b;
} I8Sums;

#define vi_load(p) _mm512_loadu_si512(p)
#define vi_load_n(p, n) _mm512_maskz_loadu_epi8(((__mmask64) 1 << (n)) - 1, p)

/*
 * No instruction: x is in a register from here on.  gcc would read a vector
 * from memory once per use, and loads are the limit (9.7 against 6.0 ns for
 * IP at 768 dimensions on Zen 5).
 */
#define hold(x) __asm__("" : "+v" (x))

#define flip(x) _mm512_xor_si512(x, _mm512_set1_epi8(-128))

/*
 * Products with the constant 128 sum up what x + 128 in place of x adds.  For
 * L2SQ, d = |x - y| is unsigned already and d - 128 is signed.  Lanes that are
 * zero in both x and y add nothing to any result.
 */
MV_INLINE I8Sums
i8_step(MvMetric metric, I8Sums s, vi x, vi y)
{
	vi			c128 = _mm512_set1_epi8(-128);

	hold(x);
	hold(y);
	if (metric == MV_L2SQ)
	{
		vi			d = _mm512_sub_epi8(_mm512_max_epi8(x, y), _mm512_min_epi8(x, y));

		s.sum = _mm512_dpbusd_epi32(s.sum, d, flip(d));
		s.bias_b = _mm512_dpbusd_epi32(s.bias_b, d, _mm512_set1_epi8(64));
		return s;
	}
	if (metric == MV_L1)
	{
		s.sum = _mm512_add_epi32(s.sum, _mm512_sad_epu8(flip(x), flip(y)));
		return s;
	}
	s.sum = _mm512_dpbusd_epi32(s.sum, flip(x), y);
	s.bias_b = _mm512_dpbusd_epi32(s.bias_b, c128, y);
	if (metric == MV_COSINE)
	{
		s.aa = _mm512_dpbusd_epi32(s.aa, flip(x), x);
		s.bb = _mm512_dpbusd_epi32(s.bb, flip(y), y);
		s.bias_a = _mm512_dpbusd_epi32(s.bias_a, c128, x);
	}
	return s;
}

MV_INLINE I8Sums
i8_zero(void)
{
	vi			zero = _mm512_setzero_si512();
	I8Sums		s = {zero, zero, zero, zero, zero};

	return s;
}

MV_INLINE I8Sums
i8_add(I8Sums s, I8Sums t)
{
	s.sum = _mm512_add_epi32(s.sum, t.sum);
	s.aa = _mm512_add_epi32(s.aa, t.aa);
	s.bb = _mm512_add_epi32(s.bb, t.bb);
	s.bias_a = _mm512_add_epi32(s.bias_a, t.bias_a);
	s.bias_b = _mm512_add_epi32(s.bias_b, t.bias_b);
	return s;
}

#define difference(main, bias) _mm512_reduce_add_epi32(_mm512_sub_epi32(main, bias))

MV_INLINE double
i8_result(MvMetric metric, I8Sums s)
{
	if (metric == MV_L1)
		return _mm512_reduce_add_epi32(s.sum);
	if (metric == MV_L2SQ)
		return _mm512_reduce_add_epi32(_mm512_add_epi32(s.sum, _mm512_slli_epi32(s.bias_b, 1)));
	if (metric == MV_IP)
		return difference(s.sum, s.bias_b);
	return mv_cosine_of_sums(difference(s.sum, s.bias_b), difference(s.aa, s.bias_a),
							 difference(s.bb, s.bias_b));
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
