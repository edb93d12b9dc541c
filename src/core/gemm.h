/*
 * gemm.h -- products of two sets of rows: all dot products at once.
 *
 * An own blocked and packed sgemm (after BLIS: Van Zee and van de Geijn 2015)
 * with a micro-kernel per level.  mv_gemm may be pointed at another one;
 * index/blas.c does so when OpenBLAS is there.
 */
#pragma once

#include "core/core.h"

/*
 * c = a * b', all row-major without gaps.
 *
 * m, n, k	>= 0; k = 0 gives zeros
 * a		float[m][k]
 * b		float[n][k]
 * c		out: float[m][n], c[i][j] = <a[i], b[j]>; overlaps nothing
 * work		MV_GEMM_WORK bytes, float-aligned (64 is faster), contents undefined
 *
 * Sums in f32 in an order that depends on the level and k alone: a row gives
 * the same products whatever is computed beside it (the own kernel; others
 * need not).
 */
typedef void (*MvGemmFn) (int m, int n, int k, const float *a, const float *b,
						  float *c, void *work);

/* The one in use; mv_gemm_own until somebody sets it. */
extern MvGemmFn mv_gemm;

/* The own kernel, of the level that mv_kernels_init chose. */
void		mv_gemm_own(int m, int n, int k, const float *a, const float *b,
						float *c, void *work);

/*
 * mv_gemm_bytes -- the same of int8: c[i][j] = <a[i] + 128, b[j]>.
 *
 * That is what an instruction multiplies.  Callers take 128 times the sum of b[j] away, for
 * which a norm has room; see mv_argmin().
 *
 * k		a multiple of 4; rows aligned to 4
 */
void		mv_gemm_bytes(int m, int n, int k, const int8_t *a, const int8_t *b,
						  float *c, void *work);

/* Does this CPU have it?  Four times as fast as floats, then. */
bool		mv_gemm_has_bytes(void);

/*
 * mv_argmin -- the least of norm[j] - 2 * dot[j], j < n: the nearest of n
 * centroids by their squared norms and dot products with a row.
 *
 * n		0 .. 2^24
 * best		in and out: only a value below it is taken
 * returns	the lowest such j, or -1 if none is below *best
 */
int			mv_argmin(const float *dot, const float *norm, int n, float *best);

/*
 * mv_add_rows -- add n rows of float[dim] to sum, one after the other: the same
 * bits on every level.
 */
void		mv_add_rows(double *sum, const float *const *rows, int n, int dim);

/* Rows of A and of B in a block, depth of a block; see gemm.c. */
#define MV_GEMM_MC 336
#define MV_GEMM_NC 768
#define MV_GEMM_KC 192
#define MV_GEMM_LDA (MV_GEMM_KC + 16)	/* rows of packed A fall into different cache sets */

#define MV_GEMM_MAX_TILE 512	/* floats in the largest micro-tile */

#define MV_GEMM_WORK \
	(sizeof(float) * (MV_GEMM_MC * MV_GEMM_LDA + MV_GEMM_NC * MV_GEMM_KC + MV_GEMM_MAX_TILE))
