/*
 * dist_plain.c -- the level every CPU runs: portable C, vectorised by the
 * compiler for the baseline of the architecture.
 */
#include "core/dist_float.h"
#include "core/dist_bits.h"
#include "core/dist_i8.h"

#define PLAIN_KERNELS \
	{ \
		.level = "plain", \
		.dist = {FLOAT_ROWS, I8_ROW}, \
		.hamming = hamming, \
		.jaccard = jaccard, \
		.to_f32 = TO_F32_ROW, \
		.from_f32 = FROM_F32_ROW, \
	}

/* Here, not in dispatch.c, for its initial value is this level. */
MvKernels	mv_kernels = PLAIN_KERNELS;

bool
mv_kernels_add_plain(MvKernels *table)
{
	static const MvKernels plain = PLAIN_KERNELS;

	*table = plain;
	return true;
}
