/*
 * score_avx2.c -- score kernels over AVX2.
 */
#include "core/score_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx2")

#define load(p) _mm256_loadu_si256((const __m256i *) (p))
#define store(p, v) _mm256_storeu_si256((__m256i *) (p), v)

static void
score(const MvTermScore *term, const uint32_t *docs, const uint32_t *tfs, int n,
	  const uint8_t *lengths, uint32_t base, int32_t *points)
{
	const __m256 weight = _mm256_set1_ps(term->weight);
	const __m256 one = _mm256_set1_ps(1.0f);
	const __m256i origin = _mm256_set1_epi32((int) base);
	int			i;

	for (i = 0; i + 8 <= n; i += 8)
	{
		__m256i		at = _mm256_sub_epi32(load(docs + i), origin);
		__m256		tf = _mm256_cvtepi32_ps(load(tfs + i));
		__m256i		length = _mm256_i32gather_epi32((const int *) (const void *) lengths, at, 1);
		__m256		inverse;
		__m256		value;

		length = _mm256_and_si256(length, _mm256_set1_epi32(255));
		inverse = _mm256_i32gather_ps(term->inverse, length, 4);
		value = _mm256_div_ps(weight, _mm256_add_ps(one, _mm256_mul_ps(tf, inverse)));
		value = _mm256_sub_ps(weight, value);
		store(points + i, _mm256_max_epi32(_mm256_cvttps_epi32(value), _mm256_set1_epi32(1)));
	}
	for (; i < n; i++)
		points[i] = mv_points_of(term->weight, (float) (int32_t) tfs[i],
								 term->inverse[lengths[docs[i] - base]]);
}

static int
collect(int32_t *window, const uint64_t *wanted, int32_t floor, uint32_t base, uint32_t *docs,
		int32_t *points)
{
	const __m256i below = _mm256_set1_epi32(floor - 1);
	int			n = 0,
				i;

	for (i = 0; i < MV_WINDOW; i += 8)
	{
		__m256i		above = _mm256_cmpgt_epi32(load(window + i), below);
		unsigned	lanes = (unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(above));

		if (wanted != NULL)
			lanes &= (unsigned) (wanted[i / 64] >> i % 64);
		for (; lanes != 0; lanes &= lanes - 1)
		{
			int			lane = i + __builtin_ctz(lanes);

			docs[n] = base + (uint32_t) lane;
			points[n++] = window[lane];
		}
		store(window + i, _mm256_setzero_si256());
	}
	return n;
}

/* Of 32 bytes of codes, a bit for each: those not more than span above low. */
MV_INLINE uint32_t
between_some(const uint8_t *codes, int width, __m256i low, __m256i span)
{
	__m256i		x = load(codes);

	if (width == 1)
	{
		x = _mm256_sub_epi8(x, low);
		return (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(x, span), x));
	}
	if (width == 2)
	{
		x = _mm256_sub_epi16(x, low);
		x = _mm256_cmpeq_epi16(_mm256_min_epu16(x, span), x);
		x = _mm256_permute4x64_epi64(_mm256_packs_epi16(x, x), 0x08);
		return (uint32_t) _mm256_movemask_epi8(x) & 0xffff;
	}
	if (width == 4)
	{
		x = _mm256_sub_epi32(x, low);
		x = _mm256_cmpeq_epi32(_mm256_min_epu32(x, span), x);
		return (uint32_t) _mm256_movemask_ps(_mm256_castsi256_ps(x));
	}
	/* There is only a signed comparison of 64 bits: both have their signs turned. */
	x = _mm256_sub_epi64(x, low);
	x = _mm256_cmpgt_epi64(_mm256_xor_si256(x, _mm256_set1_epi64x(INT64_MIN)), span);
	return ~(uint32_t) _mm256_movemask_pd(_mm256_castsi256_pd(x)) & 15;
}

/* Whole words; width is a constant. */
MV_INLINE void
between_words(const uint8_t *codes, int width, int nwords, __m256i low, __m256i span,
			  uint64_t *bits)
{
	int			per_load = 32 / width;
	int			i,
				j;

	for (i = 0; i < nwords; i++)
	{
		uint64_t	word = 0;

		for (j = 0; j < 64; j += per_load)
			word |= (uint64_t) between_some(codes + (64 * i + j) * width, width, low, span) << j;
		bits[i] = word;
	}
}

static void
between(const void *codes, int width, int n, uint64_t low, uint64_t high, uint64_t *bits)
{
	int			nwords = n / 64;
	uint64_t	span = high - low;

	if (width == 1)
		between_words(codes, 1, nwords, _mm256_set1_epi8((char) low), _mm256_set1_epi8((char) span),
					  bits);
	else if (width == 2)
		between_words(codes, 2, nwords, _mm256_set1_epi16((short) low),
					  _mm256_set1_epi16((short) span), bits);
	else if (width == 4)
		between_words(codes, 4, nwords, _mm256_set1_epi32((int) low),
					  _mm256_set1_epi32((int) span), bits);
	else
		between_words(codes, 8, nwords, _mm256_set1_epi64x((long long) low),
					  _mm256_set1_epi64x((long long) span ^ INT64_MIN), bits);
	if (n % 64 > 0)
		mv_between_plain((const uint8_t *) codes + 64 * nwords * width, width, n % 64, low, high,
						 bits + nwords);
}

MV_TARGET_END

bool
mv_scores_add_avx2(MvScoreKernels *table)
{
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2"))
		return false;
	table->score = score;
	table->collect = collect;
	table->between = between;
	return true;
}

#else

bool
mv_scores_add_avx2(MvScoreKernels *table)
{
	(void) table;
	return false;
}

#endif
