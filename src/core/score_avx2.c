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
collect(int32_t *window, int32_t floor, uint32_t base, uint32_t *docs, int32_t *points)
{
	const __m256i below = _mm256_set1_epi32(floor - 1);
	int			n = 0,
				i;

	for (i = 0; i < MV_WINDOW; i += 8)
	{
		__m256i		above = _mm256_cmpgt_epi32(load(window + i), below);
		unsigned	lanes = (unsigned) _mm256_movemask_ps(_mm256_castsi256_ps(above));

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

static void
between(const int64_t *keys, int n, int64_t low, int64_t high, uint64_t *bits)
{
	const __m256i least = _mm256_set1_epi64x(low);
	const __m256i most = _mm256_set1_epi64x(high);
	int			i;

	for (i = 0; i + 4 <= n; i += 4)
	{
		__m256i		key = load(keys + i);
		__m256i		out = _mm256_or_si256(_mm256_cmpgt_epi64(least, key),
										  _mm256_cmpgt_epi64(key, most));
		unsigned	m = ~(unsigned) _mm256_movemask_pd(_mm256_castsi256_pd(out)) & 15;

		if (i % 64 == 0)
			bits[i / 64] = 0;
		bits[i / 64] |= (uint64_t) m << i % 64;
	}
	for (; i < n; i++)
	{
		if (i % 64 == 0)
			bits[i / 64] = 0;
		bits[i / 64] |= (uint64_t) (keys[i] >= low && keys[i] <= high) << i % 64;
	}
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
