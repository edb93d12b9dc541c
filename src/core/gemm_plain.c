/*
 * gemm_plain.c -- the level every CPU runs: 4 rows by 8 columns, vectors of
 * four floats where the compiler has them for the architecture's baseline.
 */
#include "core/gemm_level.h"

#define VF_LANES 4
#define GEMM_MR 4
#define GEMM_NV 2

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vf_mask __attribute__((vector_size(16)));

MV_INLINE vf
vf_load(const float *p)
{
	vf			x;

	memcpy(&x, p, sizeof(x));
	return x;
}

MV_INLINE void
vf_store(float *p, vf x)
{
	memcpy(p, &x, sizeof(x));
}

#define vf_zero() ((vf) {0, 0, 0, 0})
#define vf_set1(x) ((vf) {(x), (x), (x), (x)})
#define vf_add(x, y) ((x) + (y))
#define vf_fma(x, y, z) ((x) * (y) + (z))
#define vf_less(x, y) ((vf_mask) ((x) < (y)))
#define vf_pick(mask, yes, no) ((vf) (((mask) & (vf_mask) (yes)) | (~(mask) & (vf_mask) (no))))

#include "core/gemm_kernel.h"
#include "core/gemm_pack.h"

const MvGemmLevel mv_gemm_plain = {"plain", GEMM_MR, GEMM_NR, micro, pack, argmin};
