/*
 * code_bench.c -- nanoseconds per code of the RaBitQ kernels.
 *
 * Two columns per dimension: "hot", codes in the cache; "stream", a buffer of
 * 64 MB in order, blocks prefetched.  Estimates and bounds are part of each, and so is the check
 * against a limit of blocks.  Then what a vector and a query cost once:
 * rotation, encoding, quantising.  Minima over several repeats.
 *
 *	usage: code_bench [level]
 */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/dist.h"
#include "core/fastscan.h"
#include "core/rotate.h"

#define BUFFER_BYTES ((size_t) 64 << 20)
#define HOT_BYTES ((size_t) 24 << 10)
#define REPEATS 9
#define MAX_DIM 1536
#define BATCH 256
#define BLOCK_AHEAD 4096

static const int dims[] = {128, 768, 1536};

#define NDIMS 3

static uint8_t *buffer;
static volatile float sink;

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

static void
random_floats(float *x, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		x[i] = (float) (next_random() >> 40) / (1 << 23) - 1;
}

/* One pass over `bytes` of the buffer: blocks with their factors behind them. */
static int
pass_blocks(const MvRabitqScan *scan, size_t bytes, int dim)
{
	size_t		size = mv_block_size(dim) + 2 * MV_BLOCK * sizeof(float),
				at;
	uint32_t	any = 0;
	int			n = 0;
	MvBlockResult result;

	for (at = 0; at + size <= bytes; at += size, n += MV_BLOCK)
	{
		const float *factors = (const float *) (buffer + at + mv_block_size(dim));

		if (bytes == BUFFER_BYTES)
			mv_block_prefetch(buffer + at + BLOCK_AHEAD / size * size + size, size);
		any |= mv_block_scan(scan, buffer + at, factors, -1e30f, &result);
	}
	sink = (float) any;
	return n;
}

static int
pass_rows(const MvRabitqScan *scan, size_t bytes, int bits, int dim)
{
	size_t		size = mv_code_row_size(bits, dim);
	int			n = (int) (bytes / size),
				i,
				j;
	const void *rows[BATCH];
	float		est[BATCH],
				low[BATCH];

	for (i = 0; i < n; i += j)
	{
		for (j = 0; j < BATCH && i + j < n; j++)
			rows[j] = buffer + (size_t) (i + j) * size;
		mv_rabitq_rows(scan, rows, j, est, low);
	}
	sink = est[0];
	return n;
}

/* Least ns per code over passes of at least a millisecond. */
static double
time_codes(const MvRabitqScan *scan, MvCodeForm form, int bits, int dim, size_t bytes)
{
	double		best = 1e30;
	int			passes = (int) (BUFFER_BYTES / 16 / bytes) + 1,
				r,
				p;

	for (r = 0; r < REPEATS; r++)
	{
		double		start = now_ns(),
					ns;
		long		n = 0;

		for (p = 0; p < passes; p++)
			n += form == MV_CODE_BLOCK ? pass_blocks(scan, bytes, dim) :
										 pass_rows(scan, bytes, bits, dim);
		ns = (now_ns() - start) / (double) n;
		best = ns < best ? ns : best;
	}
	return best;
}

static void
bench_codes(const char *name, MvCodeForm form, int bits)
{
	static float q[MAX_DIM];
	void	   *memory = malloc(mv_rabitq_query_size(MAX_DIM));
	int			d;

	random_floats(q, MAX_DIM);
	printf("%-7s %-22s", mv_kernels.level, name);
	for (d = 0; d < NDIMS; d++)
	{
		MvRabitqQuery query;
		MvRabitqScan scan;

		mv_rabitq_query_init(&query, q, dims[d], memory);
		mv_rabitq_scan_init(&scan, &query, form, bits, MV_RABITQ_EPSILON);
		mv_rabitq_scan_center(&scan, 1, 1);
		printf(" |%7.2f %7.2f", time_codes(&scan, form, bits, dims[d], HOT_BYTES),
			   time_codes(&scan, form, bits, dims[d], BUFFER_BYTES));
	}
	printf("\n");
	free(memory);
}

/* ---- once per vector or query ---- */

typedef enum Work
{
	ROTATE,
	ENCODE_1,
	ENCODE_4,
	ENCODE_8,
	BLOCK_PUT,
	QUERY,
	WORKS
} Work;

static const char *const work_names[WORKS] = {
	"rotate", "encode 1 bit", "encode 4 bits", "encode 8 bits", "put into block", "quantise a query"
};

static void
do_work(Work work, int dim, const MvRotation *rotation, const float *x, const float *c, void *out)
{
	static const int bits[WORKS] = {0, 1, 4, 8};
	MvRabitqFormat format = {MV_L2SQ, bits[work], dim, NULL};
	MvRabitqQuery query;

	if (work == ROTATE)
		mv_rotate(rotation, x, NULL, out);
	else if (work == BLOCK_PUT)
		mv_block_put(out, 5, dim, x);
	else if (work == QUERY)
		mv_rabitq_query_init(&query, x, dim, out);
	else
		mv_rabitq_encode_row(&format, x, c, out);
}

static void
bench_work(Work work)
{
	static float x[MAX_DIM] __attribute__((aligned(64))),
				c[MAX_DIM] __attribute__((aligned(64))),
				out[8 * MAX_DIM] __attribute__((aligned(64)));
	MvRotation *rotation = malloc(mv_rotation_size(MAX_DIM));
	int			d,
				r,
				i;

	random_floats(x, MAX_DIM);
	random_floats(c, MAX_DIM);
	printf("%-7s %-22s", mv_kernels.level, work_names[work]);
	for (d = 0; d < NDIMS; d++)
	{
		double		best = 1e30;

		mv_rotation_init(rotation, dims[d], 1);
		for (r = 0; r < REPEATS; r++)
		{
			double		start = now_ns(),
						ns;

			for (i = 0; i < 500; i++)
				do_work(work, dims[d], rotation, x, c, out);
			ns = (now_ns() - start) / i;
			best = ns < best ? ns : best;
		}
		sink = out[0];
		printf(" |%7.0f %7s", best, "");
	}
	printf("\n");
	free(rotation);
}

int
main(int argc, char **argv)
{
	const char *const *level;
	int			d,
				work;
	size_t		i;

	buffer = aligned_alloc(64, BUFFER_BYTES);
	if (buffer == NULL)
		return 1;
	for (i = 0; i < BUFFER_BYTES; i += sizeof(float))
	{
		float		x = (float) (next_random() >> 40);

		memcpy(buffer + i, &x, sizeof(x));
	}
	printf("ns per code\n%-30s", "level   kernel");
	for (d = 0; d < NDIMS; d++)
		printf(" |%5d   hot stream", dims[d]);
	printf("\n");
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		if (argc > 1 && strcmp(argv[1], *level) != 0)
			continue;
		mv_kernels_init(*level);
		bench_codes("FastScan, block of 32", MV_CODE_BLOCK, 1);
		bench_codes("1 bit x int8", MV_CODE_1, 1);
		bench_codes("4 bits x int8", MV_CODE_4, 4);
		bench_codes("8 bits x int16", MV_CODE_8, 8);
		for (work = 0; work < WORKS; work++)
			bench_work((Work) work);
	}
	free(buffer);
	return 0;
}
