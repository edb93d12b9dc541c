/*
 * code_avx512.c -- code kernels over AVX-512 F, BW, DQ and VL, and VNNI for
 * the sums over rows; a CPU without VNNI keeps those of AVX2.
 */
#include "core/code_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl")

#define VF_LANES 16
#define vf_less_mask(x, y) \
	((uint32_t) _mm512_cmp_ps_mask((__m512) (x), (__m512) (y), _CMP_LT_OQ))

#include "core/code_float.h"

#define load(p) _mm512_loadu_si512(p)
#define low_half(v) _mm512_castsi512_si256(v)
#define high_half(v) _mm512_extracti64x4_epi64(v, 1)

/* acc[8] += the four lanes of v, widened. */
MV_INLINE void
add_words(uint32_t *acc, __m512i v)
{
	__m512i		s = _mm512_add_epi32(_mm512_cvtepu16_epi32(low_half(v)), _mm512_cvtepu16_epi32(high_half(v)));
	__m256i		sum = _mm256_add_epi32(low_half(s), high_half(s));
	__m256i		before = _mm256_loadu_si256((const __m256i *) acc);

	_mm256_storeu_si256((__m256i *) acc, _mm256_add_epi32(before, sum));
}

/* As for AVX2; a lane takes every fourth group. */
static void
fastscan(const uint8_t *codes, const uint8_t *lut, int dim, uint32_t *acc)
{
	const __m512i nibble = _mm512_set1_epi8(15);
	int			bytes = dim * 4,
				i = 0;

	while (i < bytes)
	{
		int			end = bytes - i > 4 * 4096 ? i + 4 * 4096 : bytes;
		__m512i		s0 = _mm512_setzero_si512(),
					s1 = s0,
					s2 = s0,
					s3 = s0;

		for (; i < end; i += 64)
		{
			__m512i		c = load(codes + i);
			__m512i		table = load(lut + i);
			__m512i		a = _mm512_shuffle_epi8(table, _mm512_and_si512(c, nibble));
			__m512i		b = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(c, 4), nibble));

			s0 = _mm512_add_epi16(s0, a);
			s1 = _mm512_add_epi16(s1, _mm512_srli_epi16(a, 8));
			s2 = _mm512_add_epi16(s2, b);
			s3 = _mm512_add_epi16(s3, _mm512_srli_epi16(b, 8));
		}
		add_words(acc, _mm512_sub_epi16(s0, _mm512_slli_epi16(s1, 8)));
		add_words(acc + 8, s1);
		add_words(acc + 16, _mm512_sub_epi16(s2, _mm512_slli_epi16(s3, 8)));
		add_words(acc + 24, s3);
	}
}

MV_TARGET_END

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

/* 64 code bits are the mask under which query bytes are read. */
static int64_t
sum_1(const void *code, const void *query, int dim)
{
	const __m512i ones = _mm512_set1_epi8(1);
	const uint8_t *bits = code;
	const int8_t *q = query;
	__m512i		s0 = _mm512_setzero_si512(),
				s1 = s0;
	int			i = 0;

#define ADD(s, at) \
	do { \
		__mmask64	set; \
		memcpy(&set, bits + (at) / 8, sizeof(set)); \
		s = _mm512_dpbusd_epi32(s, ones, _mm512_maskz_loadu_epi8(set, q + (at))); \
	} while (0)
	for (; i + 128 <= dim; i += 128)
	{
		ADD(s0, i);
		ADD(s1, i + 64);
	}
	if (i < dim)
		ADD(s0, i);
#undef ADD
	return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}

static int64_t
sum_4(const void *code, const void *query, int dim)
{
	const __m512i nibble = _mm512_set1_epi8(15);
	const uint8_t *c = code;
	const int8_t *q = query;
	__m512i		s0 = _mm512_setzero_si512(),
				s1 = s0;
	int			i = 0;

	for (; i + 128 <= dim; i += 128, c += 64)
	{
		__m512i		x = load(c);

		s0 = _mm512_dpbusd_epi32(s0, _mm512_and_si512(x, nibble), load(q + i));
		s1 = _mm512_dpbusd_epi32(s1, _mm512_and_si512(_mm512_srli_epi16(x, 4), nibble), load(q + i + 64));
	}
	if (i < dim)
	{
		__m256i		x = _mm256_loadu_si256((const __m256i *) c);
		__m512i		both = _mm512_inserti64x4(_mm512_castsi256_si512(x), _mm256_srli_epi16(x, 4), 1);

		s0 = _mm512_dpbusd_epi32(s0, _mm512_and_si512(both, nibble), load(q + i));
	}
	return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}

#define bytes_to_words(p) _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *) (p)))

/* 2048 dimensions add at most 32 * 2 * 255 * 2^15 to a lane of either sum. */
static int64_t
sum_8(const void *code, const void *query, int dim)
{
	const uint8_t *c = code;
	const int16_t *q = query;
	__m512i		total = _mm512_setzero_si512();
	int			i = 0;

	while (i < dim)
	{
		int			end = dim - i > 2048 ? i + 2048 : dim;
		__m512i		s0 = _mm512_setzero_si512(),
					s1 = s0;

		for (; i < end; i += 64)
		{
			s0 = _mm512_dpwssd_epi32(s0, bytes_to_words(c + i), load(q + i));
			s1 = _mm512_dpwssd_epi32(s1, bytes_to_words(c + i + 32), load(q + i + 32));
		}
		total = _mm512_add_epi64(total, _mm512_add_epi64(_mm512_cvtepi32_epi64(low_half(s0)), _mm512_cvtepi32_epi64(high_half(s0))));
		total = _mm512_add_epi64(total, _mm512_add_epi64(_mm512_cvtepi32_epi64(low_half(s1)), _mm512_cvtepi32_epi64(high_half(s1))));
	}
	return _mm512_reduce_add_epi64(total);
}

MV_TARGET_END

bool
mv_codes_add_avx512(MvCodeKernels *table)
{
	static const MvCodeKernels avx512 = {
		CODE_FLOAT_KERNELS,
		.fastscan = fastscan,
	};
	static const MvCodeSumFn vnni[MV_ROW_FORMS] = {sum_1, sum_4, sum_8};
	MvCodeKernels below = *table;

	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
		!__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
		return false;
	*table = avx512;
	memcpy(table->sum, __builtin_cpu_supports("avx512vnni") ? vnni : below.sum, sizeof(vnni));
	return true;
}

#else

bool
mv_codes_add_avx512(MvCodeKernels *table)
{
	(void) table;
	return false;
}

#endif
