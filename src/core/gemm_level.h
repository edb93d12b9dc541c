/*
 * gemm_level.h -- what the levels of gemm supply; for gemm*.c only.
 */
#pragma once

#include "core/dist_level.h"
#include "core/gemm.h"

typedef struct MvGemmLevel
{
	const char *level;			/* as in MvKernels */
	int			mr,				/* micro-tile: mr divides MV_GEMM_MC, */
				nr;				/* nr divides MV_GEMM_NC; mr * nr <= MV_GEMM_MAX_TILE */

	/*
	 * c[mr][nr] = or += a * b; rows of c are ldc floats apart, a is float[mr]
	 * rows MV_GEMM_LDA apart, b is float[kc][nr].
	 */
	void		(*micro) (int kc, const float *a, const float *b, float *c, size_t ldc, bool add);

	/* out[p][j] = b[j * ldb + p] for p < kc, j < nr. */
	void		(*pack) (int kc, const float *b, size_t ldb, float *out);
	int			(*argmin) (const float *dot, const float *norm, int n, float *best);
} MvGemmLevel;

extern const MvGemmLevel mv_gemm_plain;

/* A null name: not of this architecture. */
extern const MvGemmLevel mv_gemm_avx2;
extern const MvGemmLevel mv_gemm_avx512;
extern const MvGemmLevel mv_gemm_neon;

/*
 * mv_gemm_use -- take the kernels of the best level not above the one named;
 * for dispatch.c, which has asked the CPU.
 */
void		mv_gemm_use(const char *level);
