/*
 * dist_plain.c -- the level every CPU runs: portable C, vectorised by the
 * compiler for the baseline of the architecture.
 */
#include "core/dist_float.h"
#include "core/dist_bits.h"

static double
l2sq_i8(const void *va, const void *vb, int dim)
{
	const int8_t *a = va,
			   *b = vb;
	int32_t		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static double
ip_i8(const void *va, const void *vb, int dim)
{
	const int8_t *a = va,
			   *b = vb;
	int32_t		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
		sum += a[i] * b[i];
	return sum;
}

static double
cosine_i8(const void *a, const void *b, int dim)
{
	return mv_cosine_of_sums(ip_i8(a, b, dim), ip_i8(a, a, dim), ip_i8(b, b, dim));
}

static double
l1_i8(const void *va, const void *vb, int dim)
{
	const int8_t *a = va,
			   *b = vb;
	int32_t		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
		sum += a[i] < b[i] ? b[i] - a[i] : a[i] - b[i];
	return sum;
}

#define PLAIN_KERNELS \
	{ \
		.level = "plain", \
		.dist = {FLOAT_ROWS, KERNEL_ROW(i8)}, \
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
