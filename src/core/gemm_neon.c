/*
 * gemm_neon.c -- NEON of AArch64: 8 rows by 12 columns in 24 registers.
 */
#include "core/gemm_level.h"

#if defined(__aarch64__) && defined(__ARM_NEON)

#include <arm_neon.h>

#define VF_LANES 4
#define GEMM_MR 8
#define GEMM_NV 3

typedef float32x4_t vf;
typedef uint32x4_t vf_mask;

#define vf_load(p) vld1q_f32(p)
#define vf_store(p, x) vst1q_f32(p, x)
#define vf_zero() vdupq_n_f32(0)
#define vf_set1(x) vdupq_n_f32(x)
#define vf_add(x, y) vaddq_f32(x, y)
#define vf_fma(x, y, z) vfmaq_f32(z, x, y)
#define vf_less(x, y) vcltq_f32(x, y)
#define vf_pick(mask, yes, no) vbslq_f32(mask, yes, no)

#include "core/gemm_kernel.h"

const MvGemmLevel mv_gemm_neon = GEMM_LEVEL("neon");

#else

const MvGemmLevel mv_gemm_neon;

#endif
