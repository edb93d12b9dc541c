/*
 * gemm_avx2.c -- AVX2 with FMA: 6 rows by 16 columns in 12 registers.
 */
#include "core/gemm_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx2,fma,f16c")

#define VF_LANES 8
#define GEMM_MR 6
#define GEMM_NV 2
#define GEMM_AVX

typedef __m256 vf;
typedef __m256 vf_mask;

#define vf_load(p) _mm256_loadu_ps(p)
#define vf_store(p, x) _mm256_storeu_ps(p, x)
#define vf_zero() _mm256_setzero_ps()
#define vf_set1(x) _mm256_set1_ps(x)
#define vf_add(x, y) _mm256_add_ps(x, y)
#define vf_fma(x, y, z) _mm256_fmadd_ps(x, y, z)
#define vf_less(x, y) _mm256_cmp_ps(x, y, _CMP_LT_OQ)
#define vf_pick(mask, yes, no) _mm256_blendv_ps(no, yes, mask)

#include "core/gemm_kernel.h"

MV_TARGET_END

const MvGemmLevel mv_gemm_avx2 = GEMM_LEVEL("avx2");

#else

const MvGemmLevel mv_gemm_avx2;

#endif
