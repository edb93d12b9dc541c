/*
 * sparsevec.h -- SQL type sparsevec(n): the non-zero elements of long vectors.
 *
 * On disk, native byte order, int4 aligned, never compressed:
 *
 *   OFFSET       SIZE     DESCRIPTION
 *        0       4        varlena header
 *        4       4        dim, 1 .. 1 000 000 000
 *        8       4        nnz, 0 .. 16 000
 *       12       4        unused, 0
 *       16       4 * nnz  indices from 0, ascending, distinct, < dim
 *   16 + 4*nnz   4 * nnz  values, finite, not zero
 */
#pragma once

#include "fmgr.h"

#include "types/dense.h"

typedef struct MvSparse
{
	int32		vl_len_;		/* do not touch directly */
	int32		dim;
	int32		nnz;
	int32		unused;
	int32		idx[FLEXIBLE_ARRAY_MEMBER];
} MvSparse;

#define MV_SPARSE_VALUES(v) ((float *) ((v)->idx + (v)->nnz))
#define MV_SPARSE_SIZE(nnz) (offsetof(MvSparse, idx) + \
	(sizeof(int32) + sizeof(float)) * (Size) (nnz))
#define MV_GETARG_SPARSE(n) ((MvSparse *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

extern const char mv_sparsevec_type[];
extern const MvElem mv_sparsevec_elem;

/* A zeroed sparse vector; raises on counts out of range. */
MvSparse   *mv_sparse_new(int dim, int nnz);

/* The non-zero ones of dim floats, each checked to be finite. */
MvSparse   *mv_sparse_from_floats(const float *x, int dim);
