/*
 * code.h -- kernels over RaBitQ codes: the second dispatch table.
 *
 * mv_kernels_init() of dist.h fills both.  Every kernel gives the same bits on
 * every level: integer sums are exact, float arithmetic has a fixed order and
 * no fused multiply-add.  So what an index stores does not depend on the CPU.
 *
 * dim is a padded dimension here, a multiple of 64.  Pointers need the
 * alignment of their element, but are fastest at 64 bytes.
 */
#pragma once

#include "core/core.h"

#define MV_BLOCK 32				/* codes of a FastScan block */

/* Most that an entry of a query's table is: four of them add up in a byte. */
#define MV_LUT_MOST 63

/* How codes lie in memory; 2 and 3 bits are stored in 4, 5 to 7 in 8. */
typedef enum MvCodeForm
{
	MV_CODE_1,					/* row: uint64[dim / 64], bit i of word i / 64 */
	MV_CODE_4,					/* row: planar nibbles, see mv_code_group() in code_level.h */
	MV_CODE_8,					/* row: a byte per dimension */
	MV_CODE_BLOCK,				/* 1 bit, 32 codes together; fastscan.h */
	MV_CODE_FORMS
} MvCodeForm;

#define MV_ROW_FORMS 3

/* Dimensions mv_code_kernels.quantise takes at once, a multiple of 64. */
#define MV_QUANTISE_CHUNK 1024

/* Sums over r = o - c and its half-integer code y. */
typedef struct MvCodeSums
{
	float		rr,				/* <r, r> */
				rc,				/* <r, c + mean> */
				ry,				/* <r, y> */
				cy,				/* <c, y> */
				yy;				/* <y, y> */
} MvCodeSums;

/*
 * From the integer sum of a code and a query to an estimate:
 * est = (add + g_add) + rescale * (delta * sum + bias), low = est - |rescale| * err.
 */
typedef struct MvRabitqTerms
{
	float		delta,
				bias,
				g_add,
				err;
} MvRabitqTerms;

/* What a block gives. */
typedef struct MvBlockResult
{
	float		est[MV_BLOCK],
				low[MV_BLOCK];
} MvBlockResult;

/*
 * sums[i] = <x_u, query> of codes[i], i < n, rows of one form.  The query is
 * int8 within +-127 (forms 1 and 4) or int16 within +-32767 (form 8).
 */
typedef void (*MvCodeSumsFn)(const void *const *codes, int n, const void *query, int dim,
							 int64_t *sums);

typedef struct MvCodeKernels
{
	/* x[dim] in place by signs[4][dim / 64]; rotate.h. */
	void		(*rotate) (float *x, int dim, const uint64_t *signs);

	/* Sets rr and rc of at most MV_QUANTISE_CHUNK dimensions; c and mean may be NULL. */
	void (*residual)(const float *o, const float *c, const float *mean, int dim, MvCodeSums *s);

	/*
	 * x_u[i] = code of r_i = o_i - c_i in 0 .. 2^bits - 1 with the scale t, a
	 * byte each; sets ry, cy and yy.  dim and c as before.
	 */
	void		(*quantise) (const float *o, const float *c, int dim, int bits, float t,
							 uint8_t *x_u, MvCodeSums *s);

	MvCodeSumsFn sums[MV_ROW_FORMS];

	/*
	 * Entry m of a group of four, lut[dim / 4][16]: sum of its q whose bit in m
	 * is set, from the group's least such sum, times scale, rounded.
	 */
	void		(*fill_lut) (const float *q, int dim, float scale, uint8_t *lut);

	/*
	 * Of a block, its factors being add[32] and rescale[32]: sums of the table entries,
	 * which are at most MV_LUT_MOST, of each code, and estimates from them; bit v of
	 * what is returned: low[v] < limit.
	 */
	uint32_t	(*fastscan) (const uint8_t *codes, const float *factors, const uint8_t *lut,
							 int dim, const MvRabitqTerms *terms, float limit,
							 MvBlockResult *result);
} MvCodeKernels;

/* The table in use; see mv_kernels. */
extern MvCodeKernels mv_code_kernels;
