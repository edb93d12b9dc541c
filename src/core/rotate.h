/*
 * rotate.h -- the random rotation before a vector becomes a code, and the
 * global mean that is taken away before it.
 *
 * The rotation makes the coordinates of any vector look Gaussian, which is all
 * RaBitQ needs to know about the data.  It is the FHT-Kac rotation: four
 * rounds of random signs, a fast Hadamard transform of a power of two of the
 * coordinates, and a butterfly between the halves.  The order of operations is
 * fixed, so that all levels give the same bits.
 */
#pragma once

#include "core/core.h"

/* Coordinates after the rotation: dim rounded up to a multiple of 64. */
static inline int
mv_padded_dim(int dim)
{
	return (dim + 63) & ~63;
}

#define MV_ROTATE_ROUNDS 4

/* A rotation, in mv_rotation_size(dim) bytes of the caller's; plain data. */
typedef struct MvRotation
{
	int			dim;			/* of the vectors, 1 .. MV_MAX_DIM */
	int			padded;			/* mv_padded_dim(dim) */
	uint64_t signs[]; /* [MV_ROTATE_ROUNDS][padded / 64]; bit set: coordinate is negated */
} MvRotation;

size_t		mv_rotation_size(int dim);

/* mv_rotation_init -- the rotation of a seed: the same for ever. */
void		mv_rotation_init(MvRotation *rotation, int dim, uint64_t seed);

/*
 * mv_rotate -- out = rotation of (x - mean), the end padded with zeros.
 *
 * x		float[dim], of a norm below 2^118, beyond which the sums overflow
 * mean		float[dim] to take away first, or NULL
 * out		float[padded]; has the norm of x - mean within 1e-6; not x or mean;
 *			fastest when aligned to 64 bytes
 */
void		mv_rotate(const MvRotation *rotation, const float *x, const float *mean, float *out);

/* mv_mean_add -- sum[i] += x[i]; one caller's sum may be added to another's. */
void		mv_mean_add(double *sum, const float *x, int dim);

/* mv_mean_of -- mean[i] = sum[i] / n; zeros if n is 0. */
void		mv_mean_of(const double *sum, int64_t n, int dim, float *mean);
