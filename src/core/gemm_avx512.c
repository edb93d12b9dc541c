/*
 * gemm_avx512.c -- AVX-512 F: 14 rows by 32 columns in 28 registers.
 */
#include "core/gemm_level.h"

#ifdef __x86_64__

#include <immintrin.h>

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")

#define VF_LANES 16
#define GEMM_MR 14
#define GEMM_NV 2
#define GEMM_AVX

typedef __m512 vf;
typedef __mmask16 vf_mask;

#define vf_load(p) _mm512_loadu_ps(p)
#define vf_store(p, x) _mm512_storeu_ps(p, x)
#define vf_zero() _mm512_setzero_ps()
#define vf_set1(x) _mm512_set1_ps(x)
#define vf_add(x, y) _mm512_add_ps(x, y)
#define vf_fma(x, y, z) _mm512_fmadd_ps(x, y, z)
#define vf_less(x, y) _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ)
#define vf_pick(mask, yes, no) _mm512_mask_blend_ps(mask, no, yes)

#include "core/gemm_kernel.h"

MV_TARGET_END

const MvGemmLevel mv_gemm_avx512 = GEMM_LEVEL("avx512");

#else

const MvGemmLevel mv_gemm_avx512;

#endif
