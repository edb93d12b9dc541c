/*
 * core_bench.c -- nanoseconds per distance of every kernel.
 *
 * Three columns per dimension: "hot", one pair of vectors in the first-level
 * cache; "stream", rows of a 256 MB buffer in order through mv_dist_batch;
 * "random", the same rows in random order, as a graph walk visits them.  Each
 * is the minimum over several repeats.
 *
 *	usage: core_bench [level [kind]]	kind: f32 f16 bf16 i8 bit sparse
 *
 * Build as the product is: -O2, and for src/core/dist_*.c also -O3
 * -fassociative-math -fno-signed-zeros -fno-trapping-math.
 */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/dist.h"

#define BUFFER_BYTES ((size_t) 256 << 20)
#define BATCH 256
#define REPEATS 7
#define HOT_NS 2e6				/* per repeat */

static const int dims[] = {128, 768, 1536};

#define NDIMS 3

static const char *const kind_names[MV_ELEM_KINDS] = {"f32", "f16", "bf16", "i8"};
static const char *const metric_names[MV_METRICS] = {"l2sq", "ip", "cosine", "l1"};

static char *buffer;
static const void **rows;
static volatile double sink;

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static uint64_t
next_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Numbers in [-1, 1) (int8: all values), valid for each kind. */
static void
fill_buffer(MvElemKind kind)
{
	float		x[1024];
	char		pattern[4096];
	size_t		bytes = mv_elem_size(kind) * 1024,
				at;
	int			i;

	for (i = 0; i < 1024; i++)
		x[i] = ((float) (next_random() >> 40) / (1 << 23) - 1) * (kind == MV_I8 ? 128 : 1);
	mv_kernels.from_f32[kind] (x, pattern, 1024);
	for (at = 0; at + bytes <= BUFFER_BYTES; at += bytes)
		memcpy(buffer + at, pattern, bytes);
}

/* One pair in the cache, over and over; calls overlap as they do in a scan. */
static double
time_hot(MvDistFn dist, const void *a, const void *b, int dim)
{
	double		best = 1e30;
	int			calls = 1000,
				r,
				i;

	for (r = 0; r < REPEATS + 1; r++)
	{
		double		start = now_ns(),
					ns,
					sum = 0;

		for (i = 0; i < calls; i++)
			sum += dist(a, b, dim);
		ns = now_ns() - start;
		sink = sum;
		if (r > 0 && ns / calls < best)
			best = ns / calls;
		if (r == 0)
			calls = (int) (HOT_NS / (ns / calls)) + 1;
	}
	return best;
}

static double
time_hot_bits(MvBitFn dist, size_t n)
{
	double		best = 1e30;
	int			calls = 20000,
				r,
				i;

	for (r = 0; r < REPEATS; r++)
	{
		double		start = now_ns(),
					ns,
					sum = 0;

		for (i = 0; i < calls; i++)
			sum += dist((uint8_t *) buffer, (uint8_t *) buffer + 4096, n);
		ns = (now_ns() - start) / calls;
		sink = sum;
		best = ns < best ? ns : best;
	}
	return best;
}

static int
set_rows(size_t row_bytes, int shuffled)
{
	int			n = (int) (BUFFER_BYTES / row_bytes),
				i;

	for (i = 0; i < n; i++)
		rows[i] = buffer + (size_t) i * row_bytes;
	for (i = n - 1; shuffled && i > 0; i--)
	{
		int			j = (int) (next_random() % (uint64_t) (i + 1));
		const void *t = rows[i];

		rows[i] = rows[j];
		rows[j] = t;
	}
	return n;
}

static double
time_rows(MvElemKind kind, MvMetric metric, const void *query, int nrows, int dim)
{
	float		out[BATCH];
	double		best = 1e30;
	int			r,
				i;

	for (r = 0; r < REPEATS; r++)
	{
		double		start = now_ns(),
					ns;

		for (i = 0; i + BATCH <= nrows; i += BATCH)
			mv_dist_batch(kind, metric, query, rows + i, BATCH, dim, out);
		ns = (now_ns() - start) / i;
		sink = out[0];
		best = ns < best ? ns : best;
	}
	return best;
}

static void
bench_kind(MvElemKind kind)
{
	double		ns[MV_METRICS][NDIMS][3];
	char	   *query = malloc(1536 * sizeof(float) + 64);
	int			m,
				d;

	fill_buffer(kind);
	memcpy(query, buffer, 1536 * mv_elem_size(kind));
	for (d = 0; d < NDIMS; d++)
	{
		int			column;

		for (m = 0; m < MV_METRICS; m++)
			ns[m][d][0] = time_hot(mv_kernels.dist[kind][m], query, buffer, dims[d]);
		for (column = 1; column < 3; column++)
		{
			int			n = set_rows((size_t) dims[d] * mv_elem_size(kind), column == 2);

			for (m = 0; m < MV_METRICS; m++)
				ns[m][d][column] = time_rows(kind, (MvMetric) m, query, n, dims[d]);
		}
	}
	for (m = 0; m < MV_METRICS; m++)
	{
		printf("%-7s %-5s %-7s", mv_kernels.level, kind_names[kind], metric_names[m]);
		for (d = 0; d < NDIMS; d++)
			printf(" |%7.1f %7.1f %7.1f", ns[m][d][0], ns[m][d][1], ns[m][d][2]);
		printf("\n");
	}
	free(query);
}

static void
bench_bits(void)
{
	int			d;

	printf("%-7s %-5s %-7s", mv_kernels.level, "bit", "hamming");
	for (d = 0; d < NDIMS; d++)
		printf(" |%7.1f %15s", time_hot_bits(mv_kernels.hamming, (size_t) dims[d] / 8), "");
	printf("\n%-7s %-5s %-7s", mv_kernels.level, "bit", "jaccard");
	for (d = 0; d < NDIMS; d++)
		printf(" |%7.1f %15s", time_hot_bits(mv_kernels.jaccard, (size_t) dims[d] / 8), "");
	printf("\n");
}

/* One list of nnz_a indices of 30000 against many of nnz_b; ns per pair. */
static double
time_sparse(MvMetric metric, int nnz_a, int nnz_b)
{
	int			stride = 2 * nnz_b,
				n = 2000,		/* at most 80 MB */
				r,
				i,
				v;
	int32_t    *a = malloc(2 * (size_t) nnz_a * sizeof(int32_t));
	int32_t    *b = (int32_t *) buffer;
	double		best = 1e30;

	for (v = -1; v < n; v++)
	{
		int			nnz = v < 0 ? nnz_a : nnz_b;
		int32_t    *idx = v < 0 ? a : b + (size_t) v * stride;
		float	   *val = (float *) (idx + nnz);
		int			k = 0;

		for (i = 0; i < 30000 && k < nnz; i++)
			if (next_random() % (uint64_t) (30000 - i) < (uint64_t) (nnz - k))
			{
				val[k] = (float) i;
				idx[k++] = i;
			}
	}
	for (r = 0; r < REPEATS; r++)
	{
		double		start = now_ns(),
					ns,
					sum = 0;

		for (v = 0; v < n; v++)
			sum += mv_sparse_dist(metric, a, (float *) (a + nnz_a), nnz_a, b + (size_t) v * stride,
								  (float *) (b + (size_t) v * stride + nnz_b), nnz_b);
		ns = (now_ns() - start) / n;
		sink = sum;
		best = ns < best ? ns : best;
	}
	free(a);
	return best;
}

static void
bench_sparse(void)
{
	static const int nnz[][2] = {
		{30, 120}, {30, 200}, {30, 1000}, {30, 5000}, {100, 100}, {1000, 1000}
	};
	int			i;

	printf("\nsparse, nnz       ip    l2sq\n");
	for (i = 0; i < 6; i++)
		printf("%5d x %-5d %7.0f %7.0f\n", nnz[i][0], nnz[i][1],
			   time_sparse(MV_IP, nnz[i][0], nnz[i][1]),
			   time_sparse(MV_L2SQ, nnz[i][0], nnz[i][1]));
}

int
main(int argc, char **argv)
{
	const char *const *level;
	int			kind,
				d;

	buffer = malloc(BUFFER_BYTES);
	rows = malloc(BUFFER_BYTES / 128 * sizeof(*rows));
	if (buffer == NULL || rows == NULL)
		return 1;
	printf("ns per distance\n%-21s", "level   kind  metric");
	for (d = 0; d < NDIMS; d++)
		printf(" |%5d   hot  stream  random", dims[d]);
	printf("\n");
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		if (argc > 1 && strcmp(argv[1], *level) != 0)
			continue;
		mv_kernels_init(*level);
		for (kind = 0; kind < MV_ELEM_KINDS; kind++)
			if (argc < 3 || strcmp(argv[2], kind_names[kind]) == 0)
				bench_kind((MvElemKind) kind);
		if (argc < 3 || strcmp(argv[2], "bit") == 0)
			bench_bits();
	}
	if (argc < 3 || strcmp(argv[2], "sparse") == 0)
		bench_sparse();
	free(rows);
	free(buffer);
	return 0;
}
