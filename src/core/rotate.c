/*
 * rotate.c -- seeds to signs, and the frame around the kernel that rotates.
 *
 * The kernel is in code_float.h.
 */
#include "core/rotate.h"

#include <string.h>

#include "core/code.h"
#include "core/rng.h"

size_t
mv_rotation_size(int dim)
{
	size_t		words = (size_t) mv_padded_dim(dim) / 64;

	return offsetof(MvRotation, signs) + MV_ROTATE_ROUNDS * words * sizeof(uint64_t);
}

void
mv_rotation_init(MvRotation *rotation, int dim, uint64_t seed)
{
	int			words = MV_ROTATE_ROUNDS * mv_padded_dim(dim) / 64;
	int			i;

	rotation->dim = dim;
	rotation->padded = mv_padded_dim(dim);
	for (i = 0; i < words; i++)
		rotation->signs[i] = mv_rng_next(&seed);
}

void
mv_rotate(const MvRotation *rotation, const float *x, const float *mean, float *out)
{
	int			dim = rotation->dim;
	int			i;

	if (mean == NULL)
		memcpy(out, x, (size_t) dim * sizeof(float));
	else
		for (i = 0; i < dim; i++)
			out[i] = x[i] - mean[i];
	memset(out + dim, 0, (size_t) (rotation->padded - dim) * sizeof(float));
	mv_code_kernels.rotate(out, rotation->padded, rotation->signs);
}

void
mv_mean_add(double *sum, const float *x, int dim)
{
	int			i;

	for (i = 0; i < dim; i++)
		sum[i] += x[i];
}

void
mv_mean_of(const double *sum, int64_t n, int dim, float *mean)
{
	int			i;

	for (i = 0; i < dim; i++)
		mean[i] = n > 0 ? (float) (sum[i] / (double) n) : 0;
}
