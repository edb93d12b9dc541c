/*
 * test_rotate.c -- the rotation against an oracle in double, on every level.
 *
 * The oracle is the definition, a factor 1/sqrt(t) per transform and 1/sqrt(2)
 * per step between the halves; it shares the signs alone.
 */
#include <math.h>
#include <string.h>

#include "core/code.h"
#include "core/dist.h"
#include "core/rng.h"
#include "core/rotate.h"
#include "unit.h"

#define STABLE_SIGNS 0x63cbe1e459320dd7u
#define STABLE_HASH 0xbbcdf54d5c408baau

static const int dims[] = {1, 3, 63, 64, 65, 100, 128, 192, 384, 768, 1000, 1536, 4096, 16000};

#define NDIMS ((int) (sizeof(dims) / sizeof(dims[0])))

static void
slow_rotate(const MvRotation *rotation, double *x)
{
	int			n = rotation->padded,
				t = 64,
				round,
				i,
				h;

	while (2 * t <= n)
		t *= 2;
	for (round = 0; round < 4; round++)
	{
		double	   *y = round % 2 == 0 ? x : x + n - t;

		for (i = 0; i < n; i++)
			if (rotation->signs[round * n / 64 + i / 64] >> i % 64 & 1)
				x[i] = -x[i];
		for (h = 1; h < t; h *= 2)
			for (i = 0; i < t; i++)
				if ((i & h) == 0)
				{
					double		a = y[i],
								b = y[i + h];

					y[i] = (a + b) / sqrt(2);
					y[i + h] = (a - b) / sqrt(2);
				}
		for (i = 0; t < n && i < n / 2; i++)
		{
			double		a = x[i],
						b = x[i + n / 2];

			x[i] = (a + b) / sqrt(2);
			x[i + n / 2] = (a - b) / sqrt(2);
		}
	}
}

static double
dot(const float *a, const float *b, int n)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += (double) a[i] * b[i];
	return sum;
}

/* Distance and products are kept, the oracle agrees, and all levels to the bit. */
static void
test_dim(int dim, double magnitude)
{
	MvRotation *rotation = unit_alloc(mv_rotation_size(dim));
	int			padded = mv_padded_dim(dim);
	size_t		bytes = (size_t) padded * sizeof(float);
	float	   *x = unit_alloc((size_t) dim * sizeof(float)),
			   *y = unit_alloc((size_t) dim * sizeof(float)),
			   *rx = unit_alloc(bytes),
			   *ry = unit_alloc(bytes),
			   *first = unit_alloc(bytes);
	double	   *slow = unit_alloc((size_t) padded * sizeof(double));
	const char *const *level;
	double		xx,
				worst = 0;
	int			i;

	mv_rotation_init(rotation, dim, 42);
	for (i = 0; i < dim; i++)
	{
		x[i] = (float) (magnitude * unit_random_real());
		y[i] = (float) (magnitude * unit_random_real());
		slow[i] = x[i];
	}
	xx = dot(x, x, dim);
	slow_rotate(rotation, slow);
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		mv_rotate(rotation, x, NULL, rx);
		mv_rotate(rotation, x, y, ry);
		CHECK(fabs(dot(rx, rx, padded) / xx - 1) < 1e-6, "%s, %d: norm off by %g",
			  *level, dim, dot(rx, rx, padded) / xx - 1);
		for (i = 0; i < dim; i++)
			first[i] = x[i] - y[i];
		CHECK(fabs(dot(ry, ry, padded) / dot(first, first, dim) - 1) < 1e-6,
			  "%s, %d: norm without mean", *level, dim);
		CHECK(fabs(dot(rx, ry, padded) - dot(x, first, dim)) <
				  1e-6 * sqrt(xx * dot(first, first, dim)),
			  "%s, %d: product", *level, dim);
		for (i = 0; i < padded; i++)
			worst = fmax(worst, fabs(rx[i] - slow[i]));
		CHECK(worst < 1e-6 * sqrt(xx), "%s, %d: off by %g of %g", *level, dim, worst, sqrt(xx));
		mv_kernels_init("plain");
		mv_rotate(rotation, x, NULL, first);
		CHECK(memcmp(rx, first, bytes) == 0, "%s, %d: other bits than plain", *level, dim);
	}
	free(rotation);
	free(x);
	free(y);
	free(rx);
	free(ry);
	free(first);
	free(slow);
}

/* Even of two coordinates the rotated vector looks Gaussian: fourth moment 3, not 768 / 2. */
static void
test_spread(void)
{
	enum
	{
		DIM = 768, SEEDS = 200
	};
	MvRotation *rotation = unit_alloc(mv_rotation_size(DIM));
	float	   *x = unit_alloc(DIM * sizeof(float)),
			   *rx = unit_alloc(DIM * sizeof(float));
	double		fourth = 0;
	int			seed,
				i;

	x[5] = 1;
	x[6] = -1;
	for (seed = 0; seed < SEEDS; seed++)
	{
		mv_rotation_init(rotation, DIM, (uint64_t) seed);
		mv_rotate(rotation, x, NULL, rx);
		for (i = 0; i < DIM; i++)
			fourth += pow(rx[i] * rx[i] * DIM / 2, 2) / DIM / SEEDS;
	}
	CHECK(fabs(fourth - 3) < 0.3, "fourth moment %g", fourth);
	free(rotation);
	free(x);
	free(rx);
}

/* Rotations are part of index formats: these numbers never change. */
static void
test_stable(void)
{
	MvRotation *rotation = unit_alloc(mv_rotation_size(192));
	float		x[192] = {1, 2, 3},
				rx[192];
	uint64_t	state = 0,
				hash = 0;
	uint32_t	bits;
	int			i;

	CHECK(mv_rng_next(&state) == 0xe220a8397b1dcdafu, "splitmix64 of seed 0");
	mv_rotation_init(rotation, 192, 7);
	CHECK(rotation->signs[0] == STABLE_SIGNS, "signs %llx",
		  (unsigned long long) rotation->signs[0]);
	mv_rotate(rotation, x, NULL, rx);
	for (i = 0; i < 192; i++)
	{
		memcpy(&bits, rx + i, sizeof(bits));
		hash = (hash ^ bits) * 0x100000001b3u;
	}
	CHECK(hash == STABLE_HASH, "rotated bits hash to %llx", (unsigned long long) hash);
	free(rotation);
}

static void
test_mean(void)
{
	double		sum[3] = {0};
	float		rows[2][3] = {{1, 2, -3}, {2, 2, 5}},
				mean[3];

	mv_mean_of(sum, 0, 3, mean);
	CHECK(mean[0] == 0 && mean[2] == 0, "mean of nothing");
	mv_mean_add(sum, rows[0], 3);
	mv_mean_add(sum, rows[1], 3);
	mv_mean_of(sum, 2, 3, mean);
	CHECK(mean[0] == 1.5f && mean[1] == 2 && mean[2] == 1, "mean of two");
}

int
main(void)
{
	int			i;

	for (i = 0; i < NDIMS; i++)
	{
		test_dim(dims[i], 1);
		test_dim(dims[i], 1e30);
		test_dim(dims[i], 1e-20);
	}
	test_spread();
	test_stable();
	test_mean();
	return unit_result("rotate");
}
