/*
 * code_level.h -- what the files of the code kernels share; for code_*.c,
 * rabitq.c and dispatch.c only.
 */
#pragma once

#include <string.h>

#include "core/code.h"
#include "core/dist_level.h"
#include "core/exact_fp.h"

/* As mv_kernels_add_<level>, for the table of codes. */
bool		mv_codes_add_plain(MvCodeKernels *table);
bool		mv_codes_add_avx2(MvCodeKernels *table);
bool		mv_codes_add_avx512(MvCodeKernels *table);
bool		mv_codes_add_neon(MvCodeKernels *table);

/*
 * Least and greatest sum of any of four numbers, added up in the order of
 * fill_lut, so that no entry is outside by a rounding.
 */
#define LESS_OR_0(x) (((x) - fabsf(x)) * 0.5f)	/* exact, and no branch to guess */
#define MORE_OR_0(x) (((x) + fabsf(x)) * 0.5f)

static inline float
mv_group_least(const float *q)
{
	return (LESS_OR_0(q[0]) + LESS_OR_0(q[1])) + (LESS_OR_0(q[2]) + LESS_OR_0(q[3]));
}

static inline float
mv_group_most(const float *q)
{
	return (MORE_OR_0(q[0]) + MORE_OR_0(q[1])) + (MORE_OR_0(q[2]) + MORE_OR_0(q[3]));
}

/*
 * mv_code_group -- where the nibbles of a 4-bit code lie.
 *
 * Dimensions in groups of 128, the last of 64 if need be.  A group of n takes
 * n / 2 bytes: byte i holds dimension i in its low half and i + n / 2 in its
 * high half.  Returns n for the group that begins at `at`.
 */
static inline int
mv_code_group(int at, int dim)
{
	return dim - at < 128 ? dim - at : 128;
}

/* name(codes, n, ...) = one(code, ...) for each, for levels that gain nothing by more at once. */
#define EACH_ROW(name, one) \
	static void name(const void *const *codes, int n, const void *query, int dim, int64_t *sums) \
	{ \
		int			i; \
		for (i = 0; i < n; i++) \
			sums[i] = one(codes[i], query, dim); \
	}
