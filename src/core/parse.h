/*
 * parse.h -- text to vectors.
 *
 * Dense   [1, 2.5, 3]
 * Sparse  {1:1.5, 3:2}/5     indices from 1, in any order; zeros are dropped
 *
 * White space (blank, \t \n \r \v \f) may stand between tokens.  Numbers are
 * what strtof() reads in the C locale.
 */
#pragma once

#include "core/status.h"

/* The number a text was refused for. */
typedef struct MvToken
{
	const char *start;
	int			len;			/* bytes */
} MvToken;

typedef struct MvSparseEntry
{
	int32_t		index;			/* from 0 */
	float		value;
} MvSparseEntry;

/*
 * mv_parse_dense -- read a dense literal.
 *
 * text		NUL-terminated
 * kind		elements are checked to fit; MV_I8 takes whole numbers only
 * x		out: float[MV_MAX_DIM]
 * dim		out: number of elements, 1 .. MV_MAX_DIM
 * bad		out: the offending number, on MV_OUT_OF_RANGE
 */
MvStatus	mv_parse_dense(const char *text, MvElemKind kind, float *x, int *dim, MvToken *bad);

/* mv_parse_sparse_bound -- entries a sparse literal has at most (commas + 1). */
size_t		mv_parse_sparse_bound(const char *text);

/*
 * mv_parse_sparse -- read a sparse literal.
 *
 * entries	out: MvSparseEntry[mv_parse_sparse_bound(text)], ascending by index
 * nnz		out: their number
 * dim		out: as written, clamped to int
 *
 * dim and the indices are not validated: the caller first compares dim with
 * what it expects, then calls mv_check_dim() and mv_check_index().
 */
MvStatus	mv_parse_sparse(const char *text, MvSparseEntry *entries, int *nnz, int *dim,
							MvToken *bad);
