/*
 * gemm_level.h -- what the levels of gemm supply; for gemm*.c only.
 */
#pragma once

#include "core/dist_level.h"
#include "core/gemm.h"

/*
 * c[mr][nr] = or += a * b: rows of c are ldc floats apart, those of a
 * MV_GEMM_LDA; b is float[kc][nr].
 */
typedef void (*MvGemmMicro) (int kc, const float *a, const float *b, float *c, size_t ldc,
							 bool add);

typedef struct MvGemmLevel
{
	const char *level;			/* as in MvKernels */
	int			mr,				/* micro-tile: mr divides MV_GEMM_MC, */
				nr,				/* nr divides MV_GEMM_NC; mr * nr <= MV_GEMM_MAX_TILE */
				narrow;			/* columns of its narrow form, for the last ones */
	MvGemmMicro micro,
				micro_narrow;

	/* out[p][j] = b[j * ldb + p] for p < kc, j < nr; nr is that of a micro-tile. */
	void		(*pack) (int nr, int kc, const float *b, size_t ldb, float *out);

	/* Rows of kc floats, lda apart, to rows MV_GEMM_LDA apart. */
	void		(*copy) (int rows, int kc, const float *a, size_t lda, float *out);
	int			(*argmin) (const float *dot, const float *norm, int n, float *best);
	void		(*add_rows) (double *sum, const float *const *rows, int n, int dim);
} MvGemmLevel;

extern const MvGemmLevel mv_gemm_plain;

/* A null name: not of this architecture. */
extern const MvGemmLevel mv_gemm_avx2;
extern const MvGemmLevel mv_gemm_avx512;
extern const MvGemmLevel mv_gemm_neon;

/*
 * Micro-kernels of the level avx512 for bytes, four in the place of a float: of a without a
 * sign, of b with one.  Null: this CPU lacks them.
 */
typedef struct MvGemmBytes
{
	MvGemmMicro micro,
				micro_narrow;
} MvGemmBytes;

MvGemmBytes mv_gemm_vnni(void);

/*
 * mv_gemm_use -- take the kernels of the best level not above the one named;
 * for dispatch.c, which has asked the CPU.
 */
void		mv_gemm_use(const char *level);
