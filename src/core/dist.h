/*
 * dist.h -- distance kernels: one dispatch table, filled once.
 *
 * Levels: plain C, AVX2 (+FMA +F16C), AVX-512 (F BW DQ VL, with VNNI and
 * VPOPCNTDQ where the CPU has them), NEON.  Integer kernels give equal results
 * on every level; float kernels sum in f32 in any order, within 1e-6 of the
 * sum of magnitudes.
 */
#pragma once

#include "core/core.h"

/*
 * One distance between dim >= 0 elements; a and b need element alignment only.
 * Finite input gives a finite result, inf or NaN on overflow of the f32 sums,
 * or NaN (cosine of a zero vector).
 */
typedef double (*MvDistFn) (const void *a, const void *b, int dim);

/* Distance of two strings of n bytes, any alignment. */
typedef double (*MvBitFn) (const uint8_t *a, const uint8_t *b, size_t n);

typedef void (*MvToF32Fn) (const void *x, float *out, int n);
typedef void (*MvFromF32Fn) (const float *x, void *out, int n);

typedef struct MvKernels
{
	const char *level;			/* "plain", "avx2", "avx512", "neon" */
	MvDistFn	dist[MV_ELEM_KINDS][MV_METRICS];
	MvBitFn		hamming;		/* number of different bits */
	MvBitFn		jaccard;		/* 1 - popcount(a & b) / popcount(a | b); 1 when no bit is shared */
	MvToF32Fn	to_f32[MV_ELEM_KINDS];	/* exact */

	/*
	 * Round to nearest even.  f16 and bf16 overflow to infinity, i8 saturates;
	 * NaN stays NaN (i8: 0).  Callers that must refuse check before or after.
	 */
	MvFromF32Fn from_f32[MV_ELEM_KINDS];
} MvKernels;

/* The table in use.  Plain until mv_kernels_init(); read-only afterwards. */
extern MvKernels mv_kernels;

/*
 * mv_kernels_init -- choose the best level this CPU runs, or the one named.
 *
 * level	name of a level, or NULL for the best
 * returns	false, and leaves the table alone, if the CPU or the build lacks it
 */
bool		mv_kernels_init(const char *level);

/* Names of the levels this CPU runs, best last; NULL-terminated. */
const char *const *mv_kernel_levels(void);

/*
 * mv_dist_batch -- out[i] = distance of the query to rows[i], i < n.
 *
 * Prefetches the rows ahead of their use; rows may lie anywhere.
 */
void		mv_dist_batch(MvElemKind kind, MvMetric metric, const void *query,
						  const void *const *rows, int n, int dim, float *out);

/*
 * mv_sparse_dist -- distance of two sparse vectors by merging their ascending
 * index lists.  idx[nnz] ascending and distinct, val[nnz] float.
 */
double		mv_sparse_dist(MvMetric metric,
						   const int32_t *idx_a, const float *val_a, int nnz_a,
						   const int32_t *idx_b, const float *val_b, int nnz_b);
