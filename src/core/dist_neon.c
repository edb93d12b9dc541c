/*
 * dist_neon.c -- NEON of AArch64, which every such CPU has.
 *
 * The optional dot-product instructions (SDOT) are not used.
 */
#include "core/dist_level.h"

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>
#include <string.h>

#define VF_LANES 4

typedef float32x4_t vf;

#define vf_load_f32(p) vld1q_f32(p)
#define vf_load_f16(p) vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)))
#define vf_load_bf16(p) vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16))
#define vf_load_f16_n(p, n) vcvt_f32_f16(vreinterpret_f16_u16(load_n16(p, n)))
#define vf_load_bf16_n(p, n) vreinterpretq_f32_u32(vshll_n_u16(load_n16(p, n), 16))
#define vf_zero() vdupq_n_f32(0)
#define vf_add(x, y) vaddq_f32(x, y)
#define vf_sub(x, y) vsubq_f32(x, y)
#define vf_abs(x) vabsq_f32(x)
#define vf_fma(x, y, z) vfmaq_f32(z, x, y)
#define vf_sum(x) vaddvq_f32(x)
#define vf_store(p, x) vst1q_f32(p, x)
#define vf_store_f16(p, x) vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x)))

MV_INLINE vf
vf_load_f32_n(const float *p, int n)
{
	float		x[4] = {0};

	memcpy(x, p, (size_t) n * sizeof(float));
	return vld1q_f32(x);
}

MV_INLINE uint16x4_t
load_n16(const uint16_t *p, int n)
{
	uint16_t	x[4] = {0};

	memcpy(x, p, (size_t) n * sizeof(uint16_t));
	return vld1_u16(x);
}

#define I8_LANES 16

typedef int8x16_t vi;

/* Lanes hold sums modulo 2^32; all are positive but those of products. */
typedef struct I8Sums
{
	uint32x4_t	sum,
				aa,
				bb;
} I8Sums;

#define vi_load(p) vld1q_s8(p)

MV_INLINE vi
vi_load_n(const int8_t *p, int n)
{
	int8_t		x[16] = {0};

	memcpy(x, p, (size_t) n);
	return vld1q_s8(x);
}

MV_INLINE uint32x4_t
add_products(uint32x4_t sum, vi x, vi y)
{
	int32x4_t	s = vreinterpretq_s32_u32(sum);

	s = vpadalq_s16(s, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
	s = vpadalq_s16(s, vmull_high_s8(x, y));
	return vreinterpretq_u32_s32(s);
}

MV_INLINE I8Sums
i8_step(MvMetric metric, I8Sums s, vi x, vi y)
{
	uint8x16_t	d = vreinterpretq_u8_s8(vabdq_s8(x, y));

	if (metric == MV_L1)
		s.sum = vpadalq_u16(s.sum, vpaddlq_u8(d));
	else if (metric == MV_L2SQ)
	{
		s.sum = vpadalq_u16(s.sum, vmull_u8(vget_low_u8(d), vget_low_u8(d)));
		s.sum = vpadalq_u16(s.sum, vmull_high_u8(d, d));
	}
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
	uint32x4_t	zero = vdupq_n_u32(0);
	I8Sums		s = {zero, zero, zero};

	return s;
}

MV_INLINE I8Sums
i8_add(I8Sums s, I8Sums t)
{
	s.sum = vaddq_u32(s.sum, t.sum);
	s.aa = vaddq_u32(s.aa, t.aa);
	s.bb = vaddq_u32(s.bb, t.bb);
	return s;
}

MV_INLINE int32_t
vi_sum(uint32x4_t v)
{
	return vaddvq_s32(vreinterpretq_s32_u32(v));
}

MV_INLINE double
i8_result(MvMetric metric, I8Sums s)
{
	if (metric == MV_COSINE)
		return mv_cosine_of_sums(vi_sum(s.sum), vi_sum(s.aa), vi_sum(s.bb));
	return vi_sum(s.sum);
}

/* Becomes CNT over 8 bytes and ADDV. */
#define count_bits(x) ((uint64_t) __builtin_popcountll(x))

#include "core/dist_float.h"
#include "core/dist_bits.h"
#include "core/dist_i8.h"

bool
mv_kernels_add_neon(MvKernels *table)
{
	static const MvKernels neon = {
		.level = "neon",
		.dist = {FLOAT_ROWS, I8_ROW},
		.hamming = hamming,
		.jaccard = jaccard,
		.to_f32 = TO_F32_ROW,
		.from_f32 = FROM_F32_ROW,
	};

	*table = neon;
	return true;
}

#else

bool
mv_kernels_add_neon(MvKernels *table)
{
	(void) table;
	return false;
}

#endif
