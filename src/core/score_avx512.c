/*
 * score_avx512.c -- score kernels over AVX-512 F, BW, DQ and VL.
 */
#include "core/score_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl")

/* The lanes below n, n > 0. */
MV_INLINE __mmask16
first(int n)
{
	return n >= 16 ? 0xffff : (__mmask16) ((1u << n) - 1);
}

static void
score(const MvTermScore *term, const uint32_t *docs, const uint32_t *tfs, int n,
	  const uint8_t *lengths, uint32_t base, int32_t *points)
{
	const __m512 weight = _mm512_set1_ps(term->weight);
	const __m512 one = _mm512_set1_ps(1.0f);
	const __m512i least = _mm512_set1_epi32(1);
	const __m512i zero = _mm512_setzero_si512();
	const __m512i origin = _mm512_set1_epi32((int) base);
	int			i;

	for (i = 0; i < n; i += 16)
	{
		__mmask16	m = first(n - i);
		__m512i		at = _mm512_sub_epi32(_mm512_maskz_loadu_epi32(m, docs + i), origin);
		__m512		tf = _mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(m, tfs + i));
		__m512i		length = _mm512_mask_i32gather_epi32(zero, m, at, lengths, 1);
		__m512		inverse;
		__m512		value;

		length = _mm512_and_si512(length, _mm512_set1_epi32(255));
		inverse = _mm512_i32gather_ps(length, term->inverse, 4);
		value = _mm512_div_ps(weight, _mm512_add_ps(one, _mm512_mul_ps(tf, inverse)));
		value = _mm512_sub_ps(weight, value);
		_mm512_mask_storeu_epi32(points + i, m,
								 _mm512_max_epi32(_mm512_cvttps_epi32(value), least));
	}
}

/* The lanes of m go to docs and points; returns their number. */
MV_INLINE int
put(__mmask16 m, __m512i doc, __m512i point, uint32_t *docs, int32_t *points)
{
	_mm512_storeu_si512(docs, _mm512_maskz_compress_epi32(m, doc));
	_mm512_storeu_si512(points, _mm512_maskz_compress_epi32(m, point));
	return __builtin_popcount(m);
}

static int
collect(int32_t *window, const uint64_t *wanted, int32_t floor, uint32_t base, uint32_t *docs,
		int32_t *points)
{
	const __m512i least = _mm512_set1_epi32(floor);
	const __m512i lanes =
		_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	int			n = 0,
				i;

	for (i = 0; i < MV_WINDOW; i += 16)
	{
		__m512i		point = _mm512_loadu_si512(window + i);
		__mmask16	asked = wanted == NULL ? 0xffff : (__mmask16) (wanted[i / 64] >> i % 64);
		__mmask16	m = _mm512_mask_cmpge_epi32_mask(asked, point, least);

		if (m != 0)
			n += put(m, _mm512_add_epi32(lanes, _mm512_set1_epi32((int) (base + (uint32_t) i))),
					 point, docs + n, points + n);
		_mm512_storeu_si512(window + i, _mm512_setzero_si512());
	}
	return n;
}

static int
keep(uint32_t *docs, int32_t *points, int n, int32_t floor)
{
	const __m512i least = _mm512_set1_epi32(floor);
	int			kept = 0,
				i;

	for (i = 0; i < n; i += 16)
	{
		__mmask16	m = first(n - i);
		__m512i		doc = _mm512_maskz_loadu_epi32(m, docs + i);
		__m512i		point = _mm512_maskz_loadu_epi32(m, points + i);

		kept += put(_mm512_mask_cmpge_epi32_mask(m, point, least), doc, point, docs + kept,
					points + kept);
	}
	return kept;
}

/* The lanes below n of 64 bytes of codes, a bit for each; width is a constant. */
MV_INLINE uint64_t
between_some(const uint8_t *codes, int width, int n, __m512i low, __m512i high)
{
	int			lanes = 64 / width;
	uint64_t	m = n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : (UINT64_C(1) << n) - 1;
	__m512i		x;

	if (width == 1)
	{
		x = _mm512_maskz_loadu_epi8(m, codes);
		return _mm512_mask_cmple_epu8_mask(_mm512_mask_cmpge_epu8_mask(m, x, low), x, high);
	}
	if (width == 2)
	{
		x = _mm512_maskz_loadu_epi16((__mmask32) m, codes);
		return _mm512_mask_cmple_epu16_mask(_mm512_mask_cmpge_epu16_mask((__mmask32) m, x, low), x,
											high);
	}
	if (width == 4)
	{
		x = _mm512_maskz_loadu_epi32((__mmask16) m, codes);
		return _mm512_mask_cmple_epu32_mask(_mm512_mask_cmpge_epu32_mask((__mmask16) m, x, low), x,
											high);
	}
	x = _mm512_maskz_loadu_epi64((__mmask8) m, codes);
	return _mm512_mask_cmple_epu64_mask(_mm512_mask_cmpge_epu64_mask((__mmask8) m, x, low), x,
										high);
}

MV_INLINE void
between_all(const uint8_t *codes, int width, int n, __m512i low, __m512i high, uint64_t *bits)
{
	int			lanes = 64 / width;
	int			i;

	for (i = 0; i < n; i += lanes)
	{
		uint64_t	some = between_some(codes + i * width, width, n - i, low, high);

		bits[i / 64] = (i % 64 == 0 ? 0 : bits[i / 64]) | some << i % 64;
	}
}

static void
between(const void *codes, int width, int n, uint64_t low, uint64_t high, uint64_t *bits)
{
	if (width == 1)
		between_all(codes, 1, n, _mm512_set1_epi8((char) low), _mm512_set1_epi8((char) high), bits);
	else if (width == 2)
		between_all(codes, 2, n, _mm512_set1_epi16((short) low), _mm512_set1_epi16((short) high),
					bits);
	else if (width == 4)
		between_all(codes, 4, n, _mm512_set1_epi32((int) low), _mm512_set1_epi32((int) high), bits);
	else
		between_all(codes, 8, n, _mm512_set1_epi64((long long) low),
					_mm512_set1_epi64((long long) high), bits);
}

MV_TARGET_END

bool
mv_scores_add_avx512(MvScoreKernels *table)
{
	static const MvScoreKernels avx512 = {
		.score = score,
		.collect = collect,
		.between = between,
		.keep = keep,
	};

	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
		!__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
		return false;
	*table = avx512;
	return true;
}

#else

bool
mv_scores_add_avx512(MvScoreKernels *table)
{
	(void) table;
	return false;
}

#endif
