/*
 * test_fastscan.c -- blocks: layout, round trips, sums and estimates bit by bit.
 *
 * The oracle walks the layout from its description in fastscan.h, one code
 * and one group at a time, and computes estimates with scalar arithmetic.
 */
#include <math.h>
#include <string.h>

#include "core/dist.h"
#include "core/fastscan.h"
#include "unit.h"

static const int dims[] = {64, 128, 192, 384, 768, 1024, 1088, 1536, 2112, 4160, 16000};

#define NDIMS ((int) (sizeof(dims) / sizeof(dims[0])))

/* Nibble of a slot in a group. */
static int
nibble_of(const uint8_t *block, int slot, int group)
{
	int			byte = slot % 16 < 8 ? 2 * (slot % 8) : 2 * (slot % 8) + 1;
	int			pair = block[16 * group + byte];

	return slot < 16 ? pair & 15 : pair >> 4;
}

static void
random_bytes(void *p, size_t n)
{
	uint8_t    *b = p;
	size_t		i;

	for (i = 0; i < n; i++)
		b[i] = (uint8_t) unit_random();
}

/* Codes of odd addresses go in and come out; one slot changes at a time. */
static void
test_layout(int dim)
{
	size_t		size = (size_t) dim / 8,
				stride = size + 5;
	uint8_t    *codes = unit_alloc(MV_BLOCK * stride),
			   *back = unit_alloc(MV_BLOCK * stride),
			   *block = unit_alloc(mv_block_size(dim)),
			   *one = unit_alloc(mv_block_size(dim));
	long		wrong = 0;
	int			n = 1 + (int) (unit_random() % MV_BLOCK),
				v,
				i;

	random_bytes(codes, MV_BLOCK * stride);
	random_bytes(block, mv_block_size(dim));
	mv_block_pack(block, dim, codes, stride, n);
	for (v = 0; v < MV_BLOCK; v++)
		for (i = 0; i < dim; i++)
		{
			uint64_t	word;

			memcpy(&word, codes + (size_t) v * stride + i / 64 * 8, sizeof(word));
			wrong += (nibble_of(block, v, i / 4) >> i % 4 & 1) != (v < n && (word >> i % 64 & 1));
		}
	CHECK(wrong == 0, "dim %d, %d codes: %ld bits", dim, n, wrong);
	mv_block_unpack(block, dim, back, stride, n);
	for (v = 0; v < n; v++)
		CHECK(memcmp(back + (size_t) v * stride, codes + (size_t) v * stride, size) == 0,
			  "dim %d: unpack %d", dim, v);

	/* Put over garbage what pack made; clear again. */
	random_bytes(one, mv_block_size(dim));
	for (v = MV_BLOCK - 1; v >= 0; v--)
		if (v < n)
			mv_block_put(one, v, dim, codes + (size_t) v * stride);
		else
			mv_block_clear(one, v, dim);
	CHECK(memcmp(one, block, mv_block_size(dim)) == 0, "dim %d: put and clear", dim);
	mv_block_clear(one, 0, dim);
	mv_block_pack(block, dim, codes, stride, n);
	mv_block_put(one, 0, dim, codes);
	CHECK(memcmp(one, block, mv_block_size(dim)) == 0, "dim %d: clear and put", dim);
	free(codes);
	free(back);
	free(block);
	free(one);
}

/* Every level's sums are the oracle's, added to what was there; slabs the same. */
static void
test_sums(int dim, bool extreme)
{
	uint8_t    *block = unit_alloc(mv_block_size(dim)),
			   *lut = unit_alloc(mv_block_size(dim));
	uint32_t	expected[MV_BLOCK],
				acc[MV_BLOCK];
	const char *const *level;
	int			v,
				g,
				cut = (int) (unit_random() % (uint64_t) (dim / 64 + 1)) * 64;

	random_bytes(block, mv_block_size(dim));
	random_bytes(lut, mv_block_size(dim));
	if (extreme)
		memset(lut, 255, mv_block_size(dim));
	for (v = 0; v < MV_BLOCK; v++)
	{
		expected[v] = (uint32_t) (7 * v);
		for (g = 0; g < dim / 4; g++)
			expected[v] += lut[16 * g + nibble_of(block, v, g)];
	}
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		for (v = 0; v < MV_BLOCK; v++)
			acc[v] = (uint32_t) (7 * v);
		mv_code_kernels.fastscan(block, lut, dim, acc);
		CHECK(memcmp(acc, expected, sizeof(acc)) == 0, "%s, dim %d: sums", *level, dim);
		for (v = 0; v < MV_BLOCK; v++)
			acc[v] = (uint32_t) (7 * v);
		mv_code_kernels.fastscan(block, lut, cut, acc);
		mv_code_kernels.fastscan(block + mv_block_size(cut), lut + mv_block_size(cut), dim - cut,
								 acc);
		CHECK(memcmp(acc, expected, sizeof(acc)) == 0, "%s, dim %d: slabs of %d and %d", *level,
			  dim, cut, dim - cut);
	}
	free(block);
	free(lut);
}

/* Table entries are sums of the query's elements, within half a step. */
static void
test_lut(int dim)
{
	float	   *q = unit_alloc((size_t) dim * 4);
	char	   *memory = unit_alloc(mv_rabitq_query_size(dim));
	MvRabitqQuery query;
	double		least = 0,
				worst = 0;
	int			g,
				m,
				b;

	for (g = 0; g < dim; g++)
		q[g] = (float) unit_random_real();
	mv_rabitq_query_init(&query, q, dim, memory);
	for (g = 0; g < dim / 4; g++)
	{
		double		lowest = 0;

		for (b = 0; b < 4; b++)
			lowest += fmin(q[4 * g + b], 0);
		least += lowest;
		for (m = 0; m < 16; m++)
		{
			double		sum = 0;

			for (b = 0; b < 4; b++)
				sum += (m >> b & 1) * (double) q[4 * g + b];
			worst = fmax(
				worst,
				fabs(sum - lowest - (double) query.step[MV_CODE_BLOCK] * query.lut[16 * g + m]));
		}
	}
	CHECK(worst < 0.501 * query.step[MV_CODE_BLOCK], "dim %d: entry off by %g steps", dim,
		  worst / query.step[MV_CODE_BLOCK]);
	CHECK(fabs(least - query.lut_bias) < 1e-5 * fabs(least), "dim %d: bias %g, not %g", dim,
		  query.lut_bias, least);
	free(q);
	free(memory);
}

/* The estimates of a block are those of scalar arithmetic to the bit, mask included. */
static void
test_estimates(void)
{
	uint32_t	acc[MV_BLOCK];
	float		add[MV_BLOCK],
				rescale[MV_BLOCK],
				limit;
	MvRabitqTerms terms;
	MvBlockResult expected,
				result;
	const char *const *level;
	uint32_t	mask = 0,
				got;
	int			v;

	terms.delta = (float) unit_random_real();
	terms.bias = (float) unit_random_real() * 1000;
	terms.g_add = (float) unit_random_real();
	terms.err = (float) fabs(unit_random_real());
	for (v = 0; v < MV_BLOCK; v++)
	{
		volatile float product,
					sum;		/* volatile: no fused operation */

		acc[v] = (uint32_t) (unit_random() % (4000 * 255));
		add[v] = unit_random() % 8 == 0 ? INFINITY : (float) unit_random_real();
		rescale[v] = (float) unit_random_real();
		product = (float) acc[v] * terms.delta;
		sum = product + terms.bias;
		product = rescale[v] * sum;
		sum = add[v] + terms.g_add;
		expected.est[v] = sum + product;
		product = fabsf(rescale[v]) * terms.err;
		expected.low[v] = expected.est[v] - product;
	}
	limit = unit_random() % 4 == 0 ? INFINITY : expected.low[unit_random() % MV_BLOCK];
	for (v = 0; v < MV_BLOCK; v++)
		mask |= (uint32_t) (expected.low[v] < limit) << v;
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		got = mv_code_kernels.estimate(acc, add, rescale, &terms, limit, result.est, result.low);
		CHECK(memcmp(&result, &expected, sizeof(result)) == 0, "%s: estimates", *level);
		CHECK(got == mask, "%s: mask %x, not %x", *level, got, mask);
	}
}

/* A whole scan: equal on all levels, close to the row form of the same codes. */
static void
test_scan(int dim)
{
	MvRabitqFormat format = {MV_L2SQ, 1, dim, NULL};
	size_t		row_size = mv_code_row_size(1, dim),
				code_size = mv_code_size(1, dim);
	float	   *x = unit_alloc((size_t) dim * 4);
	uint8_t    *row = unit_alloc(MV_BLOCK * row_size),
			   *block = unit_alloc(mv_block_size(dim));
	void	   *memory = unit_alloc(mv_rabitq_query_size(dim));
	const void *rows[MV_BLOCK];
	float		factors[2 * MV_BLOCK],
				est[MV_BLOCK];
	const char *const *level;
	MvRabitqQuery query;
	MvRabitqScan scan,
				row_scan;
	MvBlockResult first,
				result;
	double		worst = 0;
	int			v,
				i;

	for (v = 0; v <= MV_BLOCK; v++)
	{
		for (i = 0; i < dim; i++)
			x[i] = (float) unit_random_real();
		if (v == MV_BLOCK)
			break;
		rows[v] = row + (size_t) v * row_size;
		mv_rabitq_encode_row(&format, x, NULL, row + (size_t) v * row_size);
		memcpy(&factors[v], (const char *) rows[v] + code_size, 4);
		memcpy(&factors[MV_BLOCK + v], (const char *) rows[v] + code_size + 4, 4);
	}
	mv_block_pack(block, dim, row, row_size, MV_BLOCK);
	mv_rabitq_query_init(&query, x, dim, memory);
	mv_rabitq_scan_init(&scan, &query, MV_CODE_BLOCK, 1, MV_RABITQ_EPSILON);
	mv_rabitq_scan_init(&row_scan, &query, MV_CODE_1, 1, MV_RABITQ_EPSILON);
	mv_rabitq_scan_center(&scan, 1, 1);
	mv_rabitq_scan_center(&row_scan, 1, 1);
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		uint32_t	acc[MV_BLOCK] = {0};

		mv_kernels_init(*level);
		mv_block_scan(&scan, block, factors, factors + MV_BLOCK, INFINITY, &result);
		if (level == mv_kernel_levels())
			first = result;
		CHECK(memcmp(&first, &result, sizeof(result)) == 0,
			  "%s, dim %d: other estimates than plain", *level, dim);
		mv_block_add_slab(&scan, block, 0, 64, acc);
		mv_block_add_slab(&scan, block + mv_block_size(64), 64, dim - 64, acc);
		mv_block_finish(&scan, acc, factors, factors + MV_BLOCK, INFINITY, &result);
		CHECK(memcmp(&first, &result, sizeof(result)) == 0, "%s, dim %d: slabs", *level, dim);
	}
	mv_rabitq_rows(&row_scan, rows, MV_BLOCK, est, NULL);
	for (v = 0; v < MV_BLOCK; v++)
		worst = fmax(worst, fabs(est[v] - first.est[v]) / (-factors[MV_BLOCK + v]));

	/* Both roundings of the query together: 6 standard deviations. */
	CHECK(worst < 6 * sqrt(scan.query_var + row_scan.query_var) / MV_RABITQ_EPSILON,
		  "dim %d: block and rows differ by %g", dim, worst);
	free(x);
	free(row);
	free(block);
	free(memory);
}

/* Bit strings: estimates are Hamming distances as dist.h counts them, on every level. */
static void
test_bits(int dim)
{
	int			padded = (dim + 63) / 64 * 64,
				density,
				v,
				i;
	size_t		row_size = mv_code_row_size(1, padded),
				nbytes = (size_t) (dim + 7) / 8;
	float	   *x = unit_alloc((size_t) dim * 4),
			   *back = unit_alloc((size_t) dim * 4),
				factors[2 * MV_BLOCK];
	uint8_t    *strings = unit_alloc((MV_BLOCK + 1) * nbytes),
			   *block = unit_alloc(mv_block_size(padded));
	char	   *row = unit_alloc(row_size);
	void	   *memory = unit_alloc(mv_rabitq_query_size(padded));
	const char *const *level;
	MvRabitqQuery query;
	MvRabitqScan scan;
	MvBlockResult result;

	memset(strings, 0, (MV_BLOCK + 1) * nbytes);
	memset(block, 0, mv_block_size(padded));
	for (v = 0; v <= MV_BLOCK; v++)
	{
		/* From no bit to all of them. */
		density = v % 9 * 32;
		for (i = 0; i < dim; i++)
		{
			x[i] = (int) (unit_random() % 256) < density;
			strings[v * nbytes + (size_t) i / 8] |= (uint8_t) ((x[i] != 0) << (7 - i % 8));
		}
		mv_bits_encode_row(x, dim, row);
		mv_bits_decode_row(row, dim, back);
		CHECK(memcmp(x, back, (size_t) dim * 4) == 0, "dim %d: bits come back", dim);
		if (v == MV_BLOCK)
			break;
		mv_block_put(block, v, padded, row);
		memcpy(&factors[v], row + row_size - 8, 4);
		memcpy(&factors[MV_BLOCK + v], row + row_size - 4, 4);
	}
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		mv_bits_scan_init(&scan, &query, x, dim, memory);
		mv_block_scan(&scan, block, factors, factors + MV_BLOCK, INFINITY, &result);
		for (v = 0; v < MV_BLOCK; v++)
		{
			double		d = mv_kernels.hamming(strings + v * nbytes, strings + MV_BLOCK * nbytes,
											   nbytes);

			CHECK(result.est[v] == d && result.low[v] == d, "%s, dim %d: %g and %g for %g", *level,
				  dim, result.est[v], result.low[v], d);
		}
	}
	free(x);
	free(back);
	free(strings);
	free(block);
	free(row);
	free(memory);
}

int
main(void)
{
	static const int bit_dims[] = {1, 2, 5, 64, 65, 127, 1027, 4099, 63999, 64000};
	int			d,
				i;

	for (i = 0; i < (int) (sizeof(bit_dims) / sizeof(bit_dims[0])); i++)
		test_bits(bit_dims[i]);
	for (d = 0; d < NDIMS; d++)
	{
		for (i = 0; i < (dims[d] > 2000 ? 2 : 10); i++)
			test_layout(dims[d]);
		test_sums(dims[d], false);
		test_sums(dims[d], true);
		test_lut(dims[d]);
		test_scan(dims[d]);
	}
	for (i = 0; i < 1000; i++)
		test_estimates();
	return unit_result("fastscan");
}
