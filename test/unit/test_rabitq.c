/*
 * test_rabitq.c -- codes, factors, bounds and quantised queries.
 *
 * Statistics are taken over independent triples: a row, a center and a query
 * of their own for each estimate, since estimates of one row or one query
 * share their error.  Numbers that say how good an estimate must be are those
 * of Gaussian coordinates (the table of errors per bit count).
 */
#include <math.h>
#include <string.h>

#include "core/dist.h"
#include "core/fastscan.h"
#include "core/rabitq.h"
#include "core/rotate.h"
#include "unit.h"

static const int dims[] = {64, 100, 128, 384, 768, 1536};

#define NDIMS ((int) (sizeof(dims) / sizeof(dims[0])))
#define MAX_DIM 1536

/* sqrt(dim) times the standard deviation of the cosine, per bit count. */
static const double sigma_of[] = {0, .7555, .3672, .1972, .1081, .05922, .03227, .01745, .00936};

static float
gauss(void)
{
	double		u = (unit_random_real() + 1) / 2 + 1e-12,
				v = unit_random_real();

	return (float) (sqrt(-2 * log(u)) * cos(3.14159265358979 * v));
}

/* Gaussian coordinates, by random steps through a long list. */
static void
fill(float *x, int dim, double length)
{
	enum
	{
		LIST = 1 << 17
	};
	static float list[LIST];
	static bool filled;
	uint64_t	at = unit_random(),
				step = unit_random() | 1;
	float		scale = (float) (length / sqrt(dim));
	int			i;

	for (i = 0; !filled && i < LIST; i++)
		list[i] = gauss();
	filled = true;
	for (i = 0; i < dim; i++)
		x[i] = scale * list[(at += step) % LIST];
}

/* Value of dimension i of a code, by the definition of its form. */
static int
level_of(const uint8_t *code, int bits, int dim, int i)
{
	int			at = i / 128 * 128,
				half = (dim - at < 128 ? dim - at : 128) / 2;
	uint64_t	word;

	switch (mv_code_form(bits))
	{
		case MV_CODE_1:
			memcpy(&word, code + i / 64 * 8, sizeof(word));
			return (int) (word >> i % 64 & 1);
		case MV_CODE_4:
			return i - at < half ? code[at / 2 + i - at] & 15 : code[at / 2 + i - at - half] >> 4;
		default:
			return code[i];
	}
}

/* ---- codes ---- */

/* Levels are the definition's; factors are its formulas in double. */
static void
test_encode(MvMetric metric, int bits, int dim, bool centered)
{
	float		o[MAX_DIM],
				c[MAX_DIM],
				m[MAX_DIM];
	uint8_t		code[MAX_DIM];
	MvRabitqFormat format = {metric, bits, dim, metric == MV_IP && centered ? m : NULL};
	MvRabitqFactors f;
	double		rr = 0,
				rc = 0,
				ry = 0,
				cy = 0,
				yy = 0,
				k = metric == MV_L2SQ ? 1 : 0.5,
				add;
	long		wrong = 0;
	int			i;

	fill(o, dim, 1.5);
	fill(c, dim, 1);
	fill(m, dim, 0.5);
	mv_rabitq_encode(&format, o, centered ? c : NULL, code, &f);
	for (i = 0; i < dim; i++)
		rr += pow(o[i] - (centered ? c[i] : 0.0f), 2);
	for (i = 0; i < dim; i++)
	{
		static const double grid[] = {0, 1.596, .9957, .586, .3352, .1881, .1041, .0569, .0308};
		double		center = centered ? c[i] : 0,
					r = o[i] - (float) center,
					t = sqrt(dim / rr) / grid[bits],
					y = level_of(code, bits, dim, i) - ((1 << bits) - 1) / 2.0,
					exact = fmin(fabs(r) * t, (1 << (bits - 1)) - 0.5);

		/* y is the middle of the cell of r, but for a rounding at its edge. */
		wrong += fabs(fabs(y) - exact) > 0.5 + 1e-4 || (y > 0) != (r >= 0);
		rc += r * (center + (format.mean != NULL ? m[i] : 0));
		ry += r * y;
		cy += center * y;
		yy += y * y;
	}
	CHECK(wrong == 0, "bits %d, dim %d: %ld levels", bits, dim, wrong);
	add = (metric == MV_L2SQ ? rr : -rc) + 2 * k * rr * cy / ry;
	CHECK(fabs(f.add - add) < 1e-5 * (rr + 2), "add %g, not %g", f.add, add);
	CHECK(fabs(f.rescale / (-2 * k * rr / ry) - 1) < 1e-5, "rescale %g", f.rescale);
	CHECK(fabs(f.err - 2 * k * sqrt(rr) * 1.9 * sqrt((rr * yy / ry / ry - 1) / (dim - 1))) <
			  1e-3 * f.err + 1e-4 * sqrt(rr / dim),
		  "bits %d, dim %d: err %g", bits, dim, f.err);
}

/* All levels write the same bytes and factors and compute the same estimates. */
static void
test_levels(int bits, int dim, bool block)
{
	MvRabitqFormat format = {MV_L2SQ, bits, dim, NULL};
	MvRabitqQuery query;
	MvRabitqScan scan;
	size_t		size = mv_code_row_size(bits, dim);
	void	   *memory = unit_alloc(mv_rabitq_query_size(dim));
	char	   *first = unit_alloc(size),
			   *row = unit_alloc(size);
	float	   *o = unit_alloc((size_t) dim * 4),
			   *c = unit_alloc((size_t) dim * 4),
			   *q = unit_alloc((size_t) dim * 4);
	float		est[2][2],
				low[2][2];
	const void *rows[2];
	const char *const *level;

	rows[0] = rows[1] = first;
	fill(o, dim, 1);
	fill(c, dim, 0.5);
	fill(q, dim, 1);
	mv_kernels_init("plain");
	mv_rabitq_encode_row(&format, o, block ? c : NULL, first);
	mv_rabitq_query_init(&query, q, dim, memory);
	mv_rabitq_scan_init(&scan, &query, mv_code_form(bits), bits, MV_RABITQ_EPSILON);
	mv_rabitq_scan_center(&scan, 0.75f, 0.9f);
	mv_rabitq_rows(&scan, rows, 2, est[0], low[0]);
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		mv_rabitq_encode_row(&format, o, block ? c : NULL, row);
		CHECK(memcmp(row, first, size) == 0, "%s, bits %d, dim %d: other row than plain", *level,
			  bits, dim);
		rows[0] = row;
		mv_rabitq_rows(&scan, rows, 2, est[1], low[1]);
		CHECK(memcmp(est[0], est[1], sizeof(est[0])) == 0 &&
				  memcmp(low[0], low[1], sizeof(low[0])) == 0,
			  "%s, bits %d, dim %d: other estimate than plain", *level, bits, dim);
	}
	free(memory);
	free(first);
	free(row);
	free(o);
	free(c);
	free(q);
}

/* Integer sums of every level against the definition, n rows at once, extreme numbers included. */
static void
test_sums(int bits, int dim, int n, bool extreme)
{
	size_t		size = mv_code_size(bits, dim);
	uint8_t    *codes[12];
	int8_t	   *q8 = unit_alloc((size_t) dim);
	int16_t    *q16 = unit_alloc((size_t) dim * 2);
	const char *const *level;
	int64_t		sums[12] = {0},
				got[12];
	size_t		j;
	int			i,
				k;

	for (i = 0; i < dim; i++)
	{
		q8[i] = extreme ? -127 : (int8_t) (unit_random() % 255 - 127);
		q16[i] = extreme ? -32767 : (int16_t) (unit_random() % 65535 - 32767);
	}
	for (k = 0; k < n; k++)
	{
		codes[k] = unit_alloc(size);
		for (j = 0; j < size; j++)
			codes[k][j] = extreme ? 0xff : (uint8_t) unit_random();
		for (i = 0; i < dim; i++)
			sums[k] += level_of(codes[k], bits, dim, i) * (bits > 4 ? q16[i] : q8[i]);
	}
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		got[n] = -1;
		mv_code_kernels.sums[mv_code_form(bits)]((const void *const *) codes, n,
												 bits > 4 ? (void *) q16 : q8, dim, got);
		CHECK(memcmp(got, sums, (size_t) n * sizeof(got[0])) == 0 && got[n] == -1,
			  "%s, bits %d, dim %d: sums of %d rows", *level, bits, dim, n);
	}
	for (k = 0; k < n; k++)
		free(codes[k]);
	free(q8);
	free(q16);
}

/* ---- estimates ---- */

typedef struct Stats
{
	double		sum,
				square;			/* of the error of the cosine */
	long		n,
				outside;		/* exact value not in [low, high] */
} Stats;

/*
 * One estimate of independent data.  The center is `far` from the origin, the
 * query and the row near it, as with a mean not taken away.
 */
static void
estimate_once(MvMetric metric, int bits, int dim, bool block, double far, Stats *stats)
{
	static float o[MAX_DIM],
				c[MAX_DIM],
				q[MAX_DIM],
				m[MAX_DIM];
	static uint8_t row[MAX_DIM + 8],
				codes[4 * MAX_DIM];
	static char memory[7 * MAX_DIM + 64];
	MvRabitqFormat format = {metric, bits, dim, m};
	MvRabitqQuery query;
	MvRabitqScan scan;
	MvBlockResult result;
	const void *rows = row;
	float		est,
				low,
				g_add,
				g_dist,
				factors[2 * MV_BLOCK] = {0};
	double		exact = 0,
				rr = 0,
				qq = 0,
				error;
	int			i;

	fill(c, dim, far);
	fill(o, dim, 0.8);
	fill(q, dim, 1);
	fill(m, dim, 0.3);
	for (i = 0; i < dim; i++)
	{
		o[i] += c[i];
		q[i] += c[i];
		double		r = o[i] - c[i],
					s = q[i] - c[i],
					d = (double) o[i] - q[i];

		rr += r * r;
		qq += s * s;
		exact += metric == MV_L2SQ ? d * d : -((double) o[i] + m[i]) * ((double) q[i] + m[i]);
	}
	mv_rabitq_encode_row(&format, o, c, row);
	mv_rabitq_query_init(&query, q, dim, memory);
	mv_rabitq_center(&format, q, c, &g_add, &g_dist);
	mv_rabitq_scan_init(&scan, &query, block ? MV_CODE_BLOCK : mv_code_form(bits), bits,
						MV_RABITQ_EPSILON);
	mv_rabitq_scan_center(&scan, g_add, g_dist);
	if (block)
	{
		int			slot = (int) (unit_random() % MV_BLOCK);

		mv_block_pack(codes, dim, NULL, 0, 0);
		mv_block_put(codes, slot, dim, row);
		memcpy(&factors[slot], row + mv_code_size(1, dim), 4);
		memcpy(&factors[MV_BLOCK + slot], row + mv_code_size(1, dim) + 4, 4);
		mv_block_scan(&scan, codes, factors, 0, &result);
		est = result.est[slot];
		low = result.low[slot];
	}
	else
		mv_rabitq_rows(&scan, &rows, 1, &est, &low);
	error = (est - exact) / sqrt(rr * qq) / (metric == MV_L2SQ ? 2 : 1);
	stats->sum += error;
	stats->square += error * error;
	stats->outside += exact < low || exact > 2.0 * est - low;
	stats->n++;
}

/*
 * Unbiased within 3 standard errors, sigma within 5 % of the table, bounds
 * violated by 6 +- 1 % two-sided.  The table is that of many dimensions; of 64
 * fewer are clipped, which makes sigma up to 6 % smaller from 6 bits on.
 */
static void
test_estimates(MvMetric metric, int bits, int dim, bool block, int n)
{
	Stats		s = {0, 0, 0, 0};
	double		mean,
				sigma,
				share,
				few;
	int			i;

	for (i = 0; i < n; i++)
		estimate_once(metric, bits, dim, block, 1, &s);
	mean = s.sum / n;
	sigma = sqrt(s.square / n - mean * mean);
	share = 100.0 * (double) s.outside / n;
	if (getenv("UNIT_VERBOSE"))
		printf("metric %d bits %d dim %4d %s: mean %6.2f se, sigma/table %.3f, outside %.2f %%\n",
			   metric, bits, dim, block ? "block" : "row  ", mean / (sigma / sqrt(n)),
			   sigma * sqrt(dim) / sigma_of[bits], share);
	CHECK(fabs(mean) < 3 * sigma / sqrt(n), "metric %d, bits %d, dim %d, block %d: mean %g of %g",
		  metric, bits, dim, block, mean, sigma / sqrt(n));
	few = dim < 100 && bits >= 6 ? 0.02 : 0;
	CHECK(fabs(sigma * sqrt(dim) / sigma_of[bits] - 1 + few) < 0.05,
		  "metric %d, bits %d, dim %d, block %d: sigma %g, not %g", metric, bits, dim, block,
		  sigma * sqrt(dim), sigma_of[bits]);
	CHECK(fabs(share - 6) <= 1, "metric %d, bits %d, dim %d, block %d: %g %% outside", metric, bits,
		  dim, block, share);
}

/*
 * Far from the origin the query's own rounding counts as much as the code:
 * the bound includes it, though not without error in a single query.
 */
static void
test_far(int bits, int dim, bool block, double far)
{
	Stats		s = {0, 0, 0, 0};
	double		sigma,
				share;
	int			i;

	for (i = 0; i < 5000; i++)
		estimate_once(MV_L2SQ, bits, dim, block, far, &s);
	sigma = sqrt(s.square / s.n) * sqrt(dim) / sigma_of[bits];
	share = 100.0 * (double) s.outside / s.n;
	if (getenv("UNIT_VERBOSE"))
		printf("far: bits %d dim %4d %s: sigma/table %.3f, outside %.2f %%\n", bits, dim,
			   block ? "block" : "row  ", sigma, share);
	CHECK(sigma > 1.2, "bits %d, dim %d, block %d: sigma %g of the table's, nothing tested", bits,
		  dim, block, sigma);
	CHECK(fabs(share - 6) <= 1.5, "far, bits %d, dim %d, block %d: %g %% outside", bits, dim, block,
		  share);
}

/* ---- corner cases ---- */

static void
test_degenerate(void)
{
	enum
	{
		DIM = 128
	};
	MvRabitqFormat format = {MV_L2SQ, 1, DIM, NULL};
	MvRabitqFactors f;
	MvRabitqQuery query;
	MvRabitqScan scan;
	float		zero[DIM] = {0},
				x[DIM],
				est,
				low;
	uint8_t		row[DIM + 8];
	char		memory[7 * DIM + 64];
	const void *rows = row;
	int			bits;

	fill(x, DIM, 1);
	for (bits = 1; bits <= 8; bits++)
	{
		format.bits = bits;
		mv_rabitq_encode(&format, x, x, row, &f);
		CHECK(f.add == 0 && f.rescale == 0 && f.err == 0, "bits %d: row at its center", bits);
		mv_rabitq_encode_row(&format, x, x, row);
		mv_rabitq_query_init(&query, zero, DIM, memory);
		mv_rabitq_scan_init(&scan, &query, mv_code_form(bits), bits, MV_RABITQ_EPSILON);
		mv_rabitq_scan_center(&scan, 2.5f, 1.5f);
		mv_rabitq_rows(&scan, &rows, 1, &est, &low);
		CHECK(est == 2.5f && low == 2.5f, "bits %d: estimate %g at the center, zero query", bits,
			  est);
	}
}

int
main(void)
{
	const char *const *level;
	int			bits,
				d,
				n;

	for (bits = 1; bits <= 8; bits++)
		for (d = 0; d < NDIMS; d++)
		{
			int			dim = mv_padded_dim(dims[d]);

			test_encode(MV_L2SQ, bits, dim, true);
			test_encode(MV_L2SQ, bits, dim, false);
			test_encode(MV_IP, bits, dim, true);
			test_encode(MV_IP, bits, dim, false);
			test_levels(bits, dim, true);
			test_levels(bits, dim, false);
			for (n = 0; n < 12; n++)
				test_sums(bits, dim, n, false);
			test_sums(bits, dim, 1, true);
		}
	for (bits = 1; bits <= 8; bits++)
	{
		test_levels(bits, 16000, true);
		test_sums(bits, 192, 5, false);
		test_sums(bits, 16000, 3, false);
		test_sums(bits, 16000, 4, true);
	}
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		test_degenerate();
	}

	/* Levels give the same bits (above), so statistics need one of them. */
	mv_kernels_init(NULL);
	for (d = 0; d < NDIMS; d++)
	{
		int			dim = mv_padded_dim(dims[d]);

		n = dim > 1000 ? 6000 : dim > 200 ? 8000 : 20000;

		if (d > 0 && dim == mv_padded_dim(dims[d - 1]))
			continue;
		for (bits = 1; bits <= 8; bits++)
			test_estimates(MV_L2SQ, bits, dim, false, n);
		test_estimates(MV_L2SQ, 1, dim, true, n);
		test_estimates(MV_IP, 1, dim, true, n);
		test_estimates(MV_IP, 4, dim, false, n);
	}
	test_far(1, 768, true, 80);
	test_far(1, 768, false, 80);
	test_far(4, 768, false, 12);
	test_far(8, 768, false, 400);
	return unit_result("rabitq");
}
