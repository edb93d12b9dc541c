/*
 * dist_avx2.c -- AVX2 with FMA and F16C (Haswell, Zen and later).
 *
 * Bit strings use the POPCNT instruction on words.
 */
#include "core/dist_level.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

#include "core/half.h"

MV_TARGET_BEGIN("avx2,fma,f16c,popcnt")

#define VF_LANES 8

typedef __m256 vf;

#define vf_load_f32(p) _mm256_loadu_ps(p)
#define vf_load_f16(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (p)))
#define vf_load_bf16(p) vf_from_bf16(_mm_loadu_si128((const __m128i *) (p)))
#define vf_load_f16_n(p, n) _mm256_cvtph_ps(load_n16(p, n))
#define vf_load_bf16_n(p, n) vf_from_bf16(load_n16(p, n))
#define vf_zero() _mm256_setzero_ps()
#define vf_add(x, y) _mm256_add_ps(x, y)
#define vf_sub(x, y) _mm256_sub_ps(x, y)
#define vf_abs(x) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x)
#define vf_fma(x, y, z) _mm256_fmadd_ps(x, y, z)
#define vf_store(p, x) _mm256_storeu_ps(p, x)
#define vf_store_f16(p, x) \
	_mm_storeu_si128((__m128i *) (p), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT))

MV_INLINE vf
vf_from_bf16(__m128i x)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
}

MV_INLINE vf
vf_load_f32_n(const float *p, int n)
{
	static const int32_t mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

	return _mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *) (mask + 8 - n)));
}

/* AVX2 has no masked load of 16-bit elements. */
MV_INLINE __m128i
load_n16(const uint16_t *p, int n)
{
	uint16_t	x[8] = {0};

	memcpy(x, p, (size_t) n * sizeof(uint16_t));
	return _mm_loadu_si128((const __m128i *) x);
}

MV_INLINE float
vf_sum(vf v)
{
	__m128		x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

	x = _mm_add_ps(x, _mm_movehl_ps(x, x));
	return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}

#define I8_LANES 16

/* Elements widened to 16 bits: VPMADDWD adds pairs of products exactly. */
typedef __m256i vi;

typedef struct I8Sums
{
	vi			sum,
				aa,
				bb;
} I8Sums;

#define vi_load(p) _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *) (p)))

MV_INLINE vi
vi_load_n(const int8_t *p, int n)
{
	int8_t		x[16] = {0};

	memcpy(x, p, (size_t) n);
	return vi_load(x);
}

MV_INLINE vi
add_products(vi sum, vi x, vi y)
{
	return _mm256_add_epi32(sum, _mm256_madd_epi16(x, y));
}

MV_INLINE I8Sums
i8_step(MvMetric metric, I8Sums s, vi x, vi y)
{
	vi			d = _mm256_sub_epi16(x, y);

	if (metric == MV_L2SQ)
		s.sum = add_products(s.sum, d, d);
	else if (metric == MV_L1)
		s.sum = add_products(s.sum, _mm256_abs_epi16(d), _mm256_set1_epi16(1));
	else
		s.sum = add_products(s.sum, x, y);
	if (metric == MV_COSINE)
	{
		s.aa = add_products(s.aa, x, x);
		s.bb = add_products(s.bb, y, y);
	}
	return s;
}

MV_INLINE I8Sums
i8_zero(void)
{
	vi			zero = _mm256_setzero_si256();
	I8Sums		s = {zero, zero, zero};

	return s;
}

MV_INLINE I8Sums
i8_add(I8Sums s, I8Sums t)
{
	s.sum = _mm256_add_epi32(s.sum, t.sum);
	s.aa = _mm256_add_epi32(s.aa, t.aa);
	s.bb = _mm256_add_epi32(s.bb, t.bb);
	return s;
}

MV_INLINE int32_t
vi_sum(vi v)
{
	__m128i		s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

	s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
	return _mm_cvtsi128_si32(s) + _mm_extract_epi32(s, 1);
}

MV_INLINE double
i8_result(MvMetric metric, I8Sums s)
{
	if (metric == MV_COSINE)
		return mv_cosine_of_sums(vi_sum(s.sum), vi_sum(s.aa), vi_sum(s.bb));
	return vi_sum(s.sum);
}

#define count_bits(x) ((uint64_t) __builtin_popcountll(x))

#include "core/dist_float.h"
#include "core/dist_bits.h"
#include "core/dist_i8.h"

MV_TARGET_END

/* Not known to __builtin_cpu_supports() of every compiler. */
static bool
cpu_has_f16c(void)
{
	unsigned int eax,
				ebx,
				ecx,
				edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
}

/* __builtin_cpu_supports("avx2") includes that the OS saves the registers. */
bool
mv_kernels_add_avx2(MvKernels *table)
{
	static const MvKernels avx2 = {
		.level = "avx2",
		.dist = {FLOAT_ROWS, I8_ROW},
		.hamming = hamming,
		.jaccard = jaccard,
		.to_f32 = TO_F32_ROW,
		.from_f32 = FROM_F32_ROW,
	};

	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
		!__builtin_cpu_supports("popcnt") || !cpu_has_f16c())
		return false;
	*table = avx2;
	return true;
}

#else

bool
mv_kernels_add_avx2(MvKernels *table)
{
	(void) table;
	return false;
}

#endif
