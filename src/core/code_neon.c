/*
 * code_neon.c -- code kernels over NEON of AArch64.
 */
#include "core/code_level.h"

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

#define VF_LANES 4

#include "core/code_float.h"

static int64_t
sum_1(const void *code, const void *query, int dim)
{
	static const uint8_t bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	const uint8x16_t bits = vld1q_u8(bit);
	const uint8_t *c = code;
	const int8_t *q = query;
	int32x4_t	sum = vdupq_n_s32(0);
	int			i;

	for (i = 0; i < dim; i += 16)
	{
		uint8x16_t	x = vcombine_u8(vdup_n_u8(c[i / 8]), vdup_n_u8(c[i / 8 + 1]));
		uint8x16_t	set = vtstq_u8(x, bits);

		sum = vpadalq_s16(sum, vpaddlq_s8(vandq_s8(vld1q_s8(q + i), vreinterpretq_s8_u8(set))));
	}
	return vaddvq_s32(sum);
}

MV_INLINE int32x4_t
add_products(int32x4_t sum, uint8x16_t x, int8x16_t q)
{
	int8x16_t	s = vreinterpretq_s8_u8(x);

	sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(s), vget_low_s8(q)));
	return vpadalq_s16(sum, vmull_high_s8(s, q));
}

static int64_t
sum_4(const void *code, const void *query, int dim)
{
	const uint8_t *c = code;
	const int8_t *q = query;
	int32x4_t	s0 = vdupq_n_s32(0),
				s1 = s0;
	int			at,
				n,
				i;

	for (at = 0; at < dim; at += n)
	{
		n = mv_code_group(at, dim);
		for (i = 0; i < n / 2; i += 16)
		{
			uint8x16_t	x = vld1q_u8(c + at / 2 + i);

			s0 = add_products(s0, vandq_u8(x, vdupq_n_u8(15)), vld1q_s8(q + at + i));
			s1 = add_products(s1, vshrq_n_u8(x, 4), vld1q_s8(q + at + n / 2 + i));
		}
	}
	return vaddvq_s32(vaddq_s32(s0, s1));
}

static int64_t
sum_8(const void *code, const void *query, int dim)
{
	const uint8_t *c = code;
	const int16_t *q = query;
	int64x2_t	total = vdupq_n_s64(0);
	int			i,
				j;

	for (i = 0; i < dim; i += 64)
	{
		int32x4_t	sum = vdupq_n_s32(0);	/* 16 products a lane: below 2^31 */

		for (j = i; j < i + 64; j += 8)
		{
			int16x8_t	x = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(c + j)));
			int16x8_t	y = vld1q_s16(q + j);

			sum = vmlal_s16(sum, vget_low_s16(x), vget_low_s16(y));
			sum = vmlal_high_s16(sum, x, y);
		}
		total = vpadalq_s32(total, sum);
	}
	return vaddvq_s64(total);
}

EACH_ROW(sums_1, sum_1)
EACH_ROW(sums_4, sum_4)
EACH_ROW(sums_8, sum_8)

MV_INLINE void
add_words(uint32_t *acc, uint16x8_t v)
{
	vst1q_u32(acc, vaddw_u16(vld1q_u32(acc), vget_low_u16(v)));
	vst1q_u32(acc + 4, vaddw_high_u16(vld1q_u32(acc + 4), v));
}

/* Add the entries of a group, of codes 0 to 15 and of the others. */
MV_INLINE void
look_up(const uint8_t *codes, const uint8_t *lut, uint8x16_t *low, uint8x16_t *high)
{
	uint8x16_t	c = vld1q_u8(codes);
	uint8x16_t	table = vld1q_u8(lut);

	*low = vaddq_u8(*low, vqtbl1q_u8(table, vandq_u8(c, vdupq_n_u8(15))));
	*high = vaddq_u8(*high, vqtbl1q_u8(table, vshrq_n_u8(c, 4)));
}

/* As for AVX2; 4096 dimensions are 1024 entries. */
static void
add_entries(const uint8_t *codes, const uint8_t *lut, int dim, uint32_t *acc)
{
	int			bytes = dim * 4,
				i = 0;

	while (i < bytes)
	{
		int			end = bytes - i > 4 * 4096 ? i + 4 * 4096 : bytes;
		uint16x8_t	s0 = vdupq_n_u16(0),
					s1 = s0,
					s2 = s0,
					s3 = s0;

		for (; i < end; i += 4 * 16)
		{
			uint8x16_t	low = vdupq_n_u8(0),
						high = low;
			uint16x8_t	a,
						b;

			look_up(codes + i, lut + i, &low, &high);
			look_up(codes + i + 16, lut + i + 16, &low, &high);
			look_up(codes + i + 32, lut + i + 32, &low, &high);
			look_up(codes + i + 48, lut + i + 48, &low, &high);
			a = vreinterpretq_u16_u8(low);
			b = vreinterpretq_u16_u8(high);
			s0 = vaddq_u16(s0, a);
			s1 = vsraq_n_u16(s1, a, 8);
			s2 = vaddq_u16(s2, b);
			s3 = vsraq_n_u16(s3, b, 8);
		}
		add_words(acc, vsubq_u16(s0, vshlq_n_u16(s1, 8)));
		add_words(acc + 8, s1);
		add_words(acc + 16, vsubq_u16(s2, vshlq_n_u16(s3, 8)));
		add_words(acc + 24, s3);
	}
}

FASTSCAN_BY_MEMORY

bool
mv_codes_add_neon(MvCodeKernels *table)
{
	static const MvCodeKernels neon = {
		CODE_FLOAT_KERNELS,
		.sums = {sums_1, sums_4, sums_8},
		.fastscan = fastscan,
	};

	*table = neon;
	return true;
}

#else

bool
mv_codes_add_neon(MvCodeKernels *table)
{
	(void) table;
	return false;
}

#endif
