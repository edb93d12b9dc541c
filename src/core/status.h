/*
 * status.h -- how core refuses a value, and the checks shared by text input,
 * binary input and casts.  src/types/status.c turns a status into an SQL error.
 */
#pragma once

#include <math.h>

#include "core/core.h"

typedef enum MvStatus
{
	MV_OK,

	/* text */
	MV_BAD_SYNTAX,
	MV_BAD_START,				/* does not begin with [ or { */
	MV_BAD_END,					/* something follows the closing bracket */
	MV_BAD_DIM_MARK,			/* sparse: no / after } */
	MV_OUT_OF_RANGE,			/* number does not fit the element type */

	/* elements */
	MV_NAN,
	MV_INFINITE,

	/* counts */
	MV_NO_DIMS,
	MV_TOO_MANY_DIMS,
	MV_NEGATIVE_NNZ,
	MV_TOO_MANY_NNZ,
	MV_NNZ_OVER_DIM,

	/* sparse entries */
	MV_INDEX_BOUNDS,
	MV_INDEX_ORDER,
	MV_INDEX_DUPLICATE,
	MV_ZERO_VALUE
} MvStatus;

/*
 * mv_check_elem -- can x be stored as an element?  An integer kind takes what
 * rounds (half to even) into its range.
 */
static inline MvStatus
mv_check_elem(MvElemKind kind, float x)
{
	/* Smallest magnitude that rounds to infinity. */
	static const float overflow[MV_ELEM_KINDS] = {
		[MV_F32] = INFINITY, [MV_F16] = 65520.0f, [MV_BF16] = 0x1.ffp127f,
	};

	if (isnan(x))
		return kind == MV_I8 ? MV_OUT_OF_RANGE : MV_NAN;
	if (kind == MV_I8)
		return x >= -128.5f && x < 127.5f ? MV_OK : MV_OUT_OF_RANGE;
	if (isinf(x))
		return MV_INFINITE;
	return fabsf(x) < overflow[kind] ? MV_OK : MV_OUT_OF_RANGE;
}

static inline MvStatus
mv_check_dim(int dim, int max)
{
	return dim < 1 ? MV_NO_DIMS : dim > max ? MV_TOO_MANY_DIMS : MV_OK;
}

static inline MvStatus
mv_check_nnz(int nnz, int dim)
{
	return nnz < 0 ? MV_NEGATIVE_NNZ :
		nnz > MV_SPARSE_MAX_NNZ ? MV_TOO_MANY_NNZ :
		nnz > dim ? MV_NNZ_OVER_DIM : MV_OK;
}

/* mv_check_index -- index of a sparse entry; prev is the one before, or -1. */
static inline MvStatus
mv_check_index(int32_t prev, int32_t index, int dim)
{
	return index < 0 || index >= dim ? MV_INDEX_BOUNDS :
		index < prev ? MV_INDEX_ORDER :
		index == prev ? MV_INDEX_DUPLICATE : MV_OK;
}
