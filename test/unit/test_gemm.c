/*
 * test_gemm.c -- the own sgemm, mv_argmin and mv_add_rows of every level against double.
 *
 * Each matrix is a malloc block of its own size, so the sanitizer sees every
 * read or write beyond it.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/dist.h"
#include "core/gemm.h"
#include "unit.h"

static void *work;

static float *
random_matrix(int rows, int columns)
{
	size_t		n = (size_t) rows * (size_t) columns,
				i;
	float	   *x = unit_alloc(n * sizeof(float));

	for (i = 0; i < n; i++)
		x[i] = (float) unit_random_real();
	return x;
}

/* The largest error of row i in units of its bound, k eps sum |a||b|. */
static double
row_error(int i, int n, int k, const float *a, const float *b, const float *c)
{
	double		worst = 0;
	int			j,
				p;

	for (j = 0; j < n; j++)
	{
		double		sum = 0,
					size = 0,
					error;

		for (p = 0; p < k; p++)
		{
			double		product = (double) a[(size_t) i * (size_t) k + (size_t) p] *
				b[(size_t) j * (size_t) k + (size_t) p];

			sum += product;
			size += fabs(product);
		}
		error = fabs(sum - c[(size_t) i * (size_t) n + (size_t) j]);
		error /= (k + 2) * FLT_EPSILON * size + DBL_MIN;
		worst = error > worst || isnan(error) ? error : worst;
	}
	return worst;
}

/* Every stride-th row is compared; all must have been written. */
static void
check_shape(int m, int n, int k, int stride)
{
	float	   *a = random_matrix(m, k),
			   *b = random_matrix(n, k),
			   *c = random_matrix(m, n);
	double		worst = 0;
	int			i;

	for (i = 0; i < m; i++)
		c[(size_t) i * (size_t) n + (size_t) (n - 1)] = NAN;
	mv_gemm_own(m, n, k, a, b, c, work);
	for (i = 0; i < m; i += i + stride < m ? stride : 1)
	{
		double		error = row_error(i, n, k, a, b, c);

		worst = error > worst || isnan(error) ? error : worst;
	}
	CHECK(worst <= 1, "%s %dx%dx%d: error %g of the bound", mv_kernels.level, m, n, k, worst);
	free(a);
	free(b);
	free(c);
}

static void
check_shapes(void)
{
	int			i;

	for (i = 1; i <= 130; i++)
		check_shape(1 + (int) (unit_random() % 40), i, 1 + (int) (unit_random() % 40), 1);
	for (i = 1; i <= 130; i++)
		check_shape(i, 1 + (int) (unit_random() % 40), 1 + (int) (unit_random() % 40), 1);
	for (i = 1; i <= 130; i++)
		check_shape(1 + (int) (unit_random() % 20), 1 + (int) (unit_random() % 40), i, 1);
	check_shape(1, 1, 1, 1);
	check_shape(1, 3, MV_GEMM_KC, 1);
	check_shape(3, 1, MV_GEMM_KC + 1, 1);
	check_shape(3, 5, 2 * MV_GEMM_KC + 7, 1);
	check_shape(3, MV_GEMM_NC, 5, 1);
	check_shape(3, MV_GEMM_NC + 1, 5, 1);
	check_shape(MV_GEMM_MC, 2, 5, 1);
	check_shape(MV_GEMM_MC + 1, 2, 5, 1);
	check_shape(2 * MV_GEMM_MC + 13, MV_GEMM_NC + 35, MV_GEMM_KC + 5, 61);
}

/* Bytes: exact where floats hold the sums. */
static void
check_bytes(int m, int n, int k)
{
	int8_t	   *a = unit_alloc((size_t) m * (size_t) k),
			   *b = unit_alloc((size_t) n * (size_t) k);
	float	   *c = random_matrix(m, n);
	int			wrong = 0,
				i,
				j,
				p;

	for (i = 0; i < m * k; i++)
		a[i] = (int8_t) unit_random();
	for (i = 0; i < n * k; i++)
		b[i] = (int8_t) unit_random();
	mv_gemm_bytes(m, n, k, a, b, c, work);
	for (i = 0; i < m; i++)
		for (j = 0; j < n; j++)
		{
			int			sum = 0;

			for (p = 0; p < k; p++)
				sum += (a[(size_t) i * (size_t) k + (size_t) p] + 128) *
					b[(size_t) j * (size_t) k + (size_t) p];
			wrong += fabs(c[(size_t) i * (size_t) n + (size_t) j] - sum) > fabs(sum * 1e-6);
		}
	CHECK(wrong == 0, "%s bytes %dx%dx%d: %d wrong", mv_kernels.level, m, n, k, wrong);
	free(a);
	free(b);
	free(c);
}

static void
check_bytes_shapes(void)
{
	int			i;

	for (i = 1; i <= 70; i++)
	{
		check_bytes(i, 1 + (int) (unit_random() % 40), 4 * (1 + (int) (unit_random() % 40)));
		check_bytes(1 + (int) (unit_random() % 40), i, 64);
	}
	check_bytes(3, MV_GEMM_NC + 35, 64);
	check_bytes(MV_GEMM_MC + 13, 5, 64);
	check_bytes(3, 5, 4 * MV_GEMM_KC + 20);
}

/* A row's products depend on nothing beside it. */
static void
check_rows_alone(void)
{
	enum
	{
		M = 37,
		N = 41,
		K = 250
	};
	float	   *a = random_matrix(M, K),
			   *b = random_matrix(N, K),
			   *c = random_matrix(M, N),
			   *one = random_matrix(1, N);
	int			i;

	mv_gemm_own(M, N, K, a, b, c, work);
	for (i = 0; i < M; i++)
	{
		mv_gemm_own(1, N, K, a + i * K, b, one, work);
		CHECK(memcmp(one, c + i * N, N * sizeof(float)) == 0,
			  "%s: row %d alone differs", mv_kernels.level, i);
	}
	free(a);
	free(b);
	free(c);
	free(one);
}

static void
check_empty(void)
{
	float		c[6] = {1, 2, 3, 4, 5, 6};
	int			i;

	mv_gemm_own(0, 3, 2, c, c, c, work);
	mv_gemm_own(3, 0, 2, c, c, c, work);
	for (i = 0; i < 6; i++)
		CHECK(c[i] == (float) (i + 1), "%s: written to without rows", mv_kernels.level);
	mv_gemm_own(2, 3, 0, c, c, c, work);
	for (i = 0; i < 6; i++)
		CHECK(c[i] == 0, "%s: not zero without depth", mv_kernels.level);
}

static void
check_argmin(int n, int ties)
{
	float	   *dot = random_matrix(1, n),
			   *norm = random_matrix(1, n),
				least = INFINITY,
				best = INFINITY;
	int			expected = -1,
				found,
				j;

	for (j = 0; ties && j < n; j++)
	{
		dot[j] = (float) (unit_random() % 3);
		norm[j] = (float) (unit_random() % 3);
	}
	for (j = 0; j < n; j++)
	{
		float		score = (float) (norm[j] - 2 * (double) dot[j]);

		if (score < least)
		{
			least = score;
			expected = j;
		}
	}
	found = mv_argmin(dot, norm, n, &best);
	CHECK(found == expected, "%s argmin of %d: %d not %d", mv_kernels.level, n, found, expected);
	CHECK(n == 0 || fabs(best - least) < 1e-6, "%s argmin of %d: value %g",
		  mv_kernels.level, n, best);
	found = mv_argmin(dot, norm, n, &best);
	CHECK(found == -1, "%s argmin of %d: took what is not below", mv_kernels.level, n);
	free(dot);
	free(norm);
}

/* Every level adds in the same order: equal to the bit. */
static void
check_add_rows(int n, int dim)
{
	float	   *x = random_matrix(n, dim);
	const float *rows[10];
	double		sum[50],
				expected[50];
	int			i,
				j;

	for (j = 0; j < dim; j++)
		sum[j] = expected[j] = 1.0 / (j + 3);
	for (i = 0; i < n; i++)
	{
		rows[i] = x + (size_t) (n - 1 - i) * (size_t) dim;
		for (j = 0; j < dim; j++)
			expected[j] += rows[i][j];
	}
	mv_add_rows(sum, rows, n, dim);
	CHECK(memcmp(sum, expected, (size_t) dim * sizeof(double)) == 0, "%s: sum of %d rows of %d",
		  mv_kernels.level, n, dim);
	free(x);
}

int
main(void)
{
	const char *const *level;

	work = unit_alloc(MV_GEMM_WORK);
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		int			n;

		mv_kernels_init(*level);
		check_shapes();
		if (mv_gemm_has_bytes())
			check_bytes_shapes();
		check_rows_alone();
		check_empty();
		for (n = 0; n <= 10; n++)
		{
			check_add_rows(n, 1);
			check_add_rows(n, 37);
			check_add_rows(n, 50);
		}
		for (n = 0; n <= 130; n++)
		{
			check_argmin(n, 0);
			check_argmin(n, 1);
		}
	}
	free(work);
	return unit_result("gemm");
}
