/*
 * code_avx2.c -- code kernels over AVX2.
 */
#include "core/code_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx2")

#define VF_LANES 8
#define vf_less_mask(x, y) \
	((uint32_t) _mm256_movemask_ps((__m256) _mm256_cmp_ps((__m256) (x), (__m256) (y), _CMP_LT_OQ)))
#define vi_to_bytes(x) ((vb) _mm_cvtsi128_si64(narrow((__m256i) (x))))

/* gcc takes the lanes out one by one. */
MV_INLINE __m128i
narrow(__m256i x)
{
	__m128i		words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));

	return _mm_packus_epi16(words, words);
}

#include "core/code_float.h"

#define load(p) _mm256_loadu_si256((const __m256i *) (p))

MV_INLINE int32_t
sum_lanes(__m256i v)
{
	__m128i		s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

	s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
	return _mm_cvtsi128_si32(s) + _mm_extract_epi32(s, 1);
}

/* Bytes 0xff where a bit of the 32 is set. */
MV_INLINE __m256i
spread_bits(uint32_t bits)
{
	const __m256i byte =
		_mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
	const __m256i bit = _mm256_set1_epi64x((int64_t) 0x8040201008040201);
	__m256i		x = _mm256_shuffle_epi8(_mm256_set1_epi32((int32_t) bits), byte);

	return _mm256_cmpeq_epi8(_mm256_and_si256(x, bit), bit);
}

/* Pairs of query bytes within 16 bits: 4096 dimensions add at most 64 * 2 * 2 * 128. */
static int64_t
sum_1(const void *code, const void *query, int dim)
{
	const __m256i ones = _mm256_set1_epi8(1);
	const uint8_t *bits = code;
	const int8_t *q = query;
	__m256i		total = _mm256_setzero_si256();
	int			i = 0;

	while (i < dim)
	{
		int			end = dim - i > 4096 ? i + 4096 : dim;
		__m256i		s0 = _mm256_setzero_si256(),
					s1 = s0;

		for (; i < end; i += 64)
		{
			uint32_t	w[2];

			memcpy(w, bits + i / 8, sizeof(w));
			s0 = _mm256_add_epi16(
				s0, _mm256_maddubs_epi16(ones, _mm256_and_si256(load(q + i), spread_bits(w[0]))));
			s1 = _mm256_add_epi16(
				s1,
				_mm256_maddubs_epi16(ones, _mm256_and_si256(load(q + i + 32), spread_bits(w[1]))));
		}
		total = _mm256_add_epi32(total, _mm256_madd_epi16(s0, _mm256_set1_epi16(1)));
		total = _mm256_add_epi32(total, _mm256_madd_epi16(s1, _mm256_set1_epi16(1)));
	}
	return sum_lanes(total);
}

/* Products of 32 low and 32 high nibbles, in pairs: at most 2 * 2 * 15 * 128. */
MV_INLINE __m256i
nibble_products(const uint8_t *c, const int8_t *low, const int8_t *high)
{
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i		x = load(c);
	__m256i		a = _mm256_maddubs_epi16(_mm256_and_si256(x, nibble), load(low));
	__m256i b = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(x, 4), nibble), load(high));

	return _mm256_add_epi16(a, b);
}

static int64_t
sum_4(const void *code, const void *query, int dim)
{
	const __m256i ones = _mm256_set1_epi16(1);
	const uint8_t *c = code;
	const int8_t *q = query;
	__m256i		total = _mm256_setzero_si256();
	int			i = 0;

	for (; i + 128 <= dim; i += 128, c += 64)
	{
		__m256i		pairs = _mm256_add_epi16(nibble_products(c, q + i, q + i + 64),
											 nibble_products(c + 32, q + i + 32, q + i + 96));

		total = _mm256_add_epi32(total, _mm256_madd_epi16(pairs, ones));
	}
	if (i < dim)
		total =
			_mm256_add_epi32(total, _mm256_madd_epi16(nibble_products(c, q + i, q + i + 32), ones));
	return sum_lanes(total);
}

#define bytes_to_words(p) _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *) (p)))

/* 1024 dimensions add at most 32 * 2 * 255 * 2^15 to a lane of either sum. */
static int64_t
sum_8(const void *code, const void *query, int dim)
{
	const uint8_t *c = code;
	const int16_t *q = query;
	int64_t		total = 0;
	int			i = 0;

	while (i < dim)
	{
		int			end = dim - i > 1024 ? i + 1024 : dim;
		__m256i		s0 = _mm256_setzero_si256(),
					s1 = s0;

		for (; i < end; i += 32)
		{
			s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(bytes_to_words(c + i), load(q + i)));
			s1 = _mm256_add_epi32(s1,
								  _mm256_madd_epi16(bytes_to_words(c + i + 16), load(q + i + 16)));
		}
		{
			int32_t		s[16];
			int			j;

			memcpy(s, &s0, sizeof(s0));
			memcpy(s + 8, &s1, sizeof(s1));
			for (j = 0; j < 16; j++)
				total += s[j];
		}
	}
	return total;
}

EACH_ROW(sums_1, sum_1)
EACH_ROW(sums_4, sum_4)
EACH_ROW(sums_8, sum_8)

/* acc[8] += both lanes of v, widened. */
MV_INLINE void
add_words(uint32_t *acc, __m256i v)
{
	__m256i		a = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(v));
	__m256i		b = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(v, 1));

	_mm256_storeu_si256((__m256i *) acc, _mm256_add_epi32(load(acc), _mm256_add_epi32(a, b)));
}

/* Add the entries of two groups, of codes 0 to 15 and of the others. */
MV_INLINE void
look_up(const uint8_t *codes, const uint8_t *lut, __m256i *low, __m256i *high)
{
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i		c = load(codes);
	__m256i		h = _mm256_srli_epi16(c, 4);
	__m256i		table = load(lut);

	*low = _mm256_add_epi8(*low, _mm256_shuffle_epi8(table, _mm256_and_si256(c, nibble)));
	*high = _mm256_add_epi8(*high, _mm256_shuffle_epi8(table, _mm256_and_si256(h, nibble)));
}

/*
 * Four entries add up in a byte.  Sums of even bytes are those of words less 256 times
 * those of odd bytes, modulo 2^16.  A lane takes every second group, so 8192 dimensions
 * are 1024 entries of at most MV_LUT_MOST.
 */
static void
add_entries(const uint8_t *codes, const uint8_t *lut, int dim, uint32_t *acc)
{
	int			bytes = dim * 4,
				i = 0;

	while (i < bytes)
	{
		int			end = bytes - i > 4 * 8192 ? i + 4 * 8192 : bytes;
		__m256i		s0 = _mm256_setzero_si256(),
					s1 = s0,
					s2 = s0,
					s3 = s0;

		for (; i < end; i += 4 * 32)
		{
			__m256i		a = _mm256_setzero_si256(),
						b = a;

			look_up(codes + i, lut + i, &a, &b);
			look_up(codes + i + 32, lut + i + 32, &a, &b);
			look_up(codes + i + 64, lut + i + 64, &a, &b);
			look_up(codes + i + 96, lut + i + 96, &a, &b);
			s0 = _mm256_add_epi16(s0, a);
			s1 = _mm256_add_epi16(s1, _mm256_srli_epi16(a, 8));
			s2 = _mm256_add_epi16(s2, b);
			s3 = _mm256_add_epi16(s3, _mm256_srli_epi16(b, 8));
		}
		add_words(acc, _mm256_sub_epi16(s0, _mm256_slli_epi16(s1, 8)));
		add_words(acc + 8, s1);
		add_words(acc + 16, _mm256_sub_epi16(s2, _mm256_slli_epi16(s3, 8)));
		add_words(acc + 24, s3);
	}
}

FASTSCAN_BY_MEMORY

MV_TARGET_END

bool
mv_codes_add_avx2(MvCodeKernels *table)
{
	static const MvCodeKernels avx2 = {
		CODE_FLOAT_KERNELS,
		.sums = {sums_1, sums_4, sums_8},
		.fastscan = fastscan,
	};

	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2"))
		return false;
	*table = avx2;
	return true;
}

#else

bool
mv_codes_add_avx2(MvCodeKernels *table)
{
	(void) table;
	return false;
}

#endif
