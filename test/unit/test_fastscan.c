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

/* A block by scalar arithmetic, group by group; returns the mask. */
static uint32_t
expected_block(const uint8_t *block, const float *factors, const uint8_t *lut, int dim,
			   const MvRabitqTerms *terms, float limit, MvBlockResult *result)
{
	uint32_t	mask = 0;
	int			v,
				g;

	for (v = 0; v < MV_BLOCK; v++)
	{
		volatile float product,
					sum;		/* volatile: no fused operation */
		uint32_t	entries = 0;

		for (g = 0; g < dim / 4; g++)
			entries += lut[16 * g + nibble_of(block, v, g)];
		product = (float) entries * terms->delta;
		sum = product + terms->bias;
		product = factors[MV_BLOCK + v] * sum;
		sum = factors[v] + terms->g_add;
		result->est[v] = sum + product;
		product = fabsf(factors[MV_BLOCK + v]) * terms->err;
		result->low[v] = result->est[v] - product;
		mask |= (uint32_t) (result->low[v] < limit) << v;
	}
	return mask;
}

/*
 * The estimates of a block are those of scalar arithmetic to the bit on every level,
 * mask included; extreme: the sums are as large as they can be.
 */
static void
test_estimates(int dim, bool extreme)
{
	uint8_t    *block = unit_alloc(mv_block_size(dim)),
			   *lut = unit_alloc(mv_block_size(dim));
	float		factors[2 * MV_BLOCK],
				limit;
	MvRabitqTerms terms;
	MvBlockResult expected,
				result;
	const char *const *level;
	uint32_t	mask,
				got;
	int			v;

	random_bytes(block, mv_block_size(dim));
	random_bytes(lut, mv_block_size(dim));
	for (v = 0; v < (int) mv_block_size(dim); v++)
		lut[v] = extreme ? MV_LUT_MOST : lut[v] % (MV_LUT_MOST + 1);
	terms.delta = (float) unit_random_real();
	terms.bias = (float) unit_random_real() * 1000;
	terms.g_add = (float) unit_random_real();
	terms.err = (float) fabs(unit_random_real());
	for (v = 0; v < MV_BLOCK; v++)
	{
		factors[v] = unit_random() % 8 == 0 ? INFINITY : (float) unit_random_real();
		factors[MV_BLOCK + v] = (float) unit_random_real();
	}
	expected_block(block, factors, lut, dim, &terms, 0, &expected);
	limit = unit_random() % 4 == 0 ? INFINITY : expected.low[unit_random() % MV_BLOCK];
	mask = expected_block(block, factors, lut, dim, &terms, limit, &expected);
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		got = mv_code_kernels.fastscan(block, factors, lut, dim, &terms, limit, &result);
		CHECK(memcmp(&result, &expected, sizeof(result)) == 0, "%s, dim %d: estimates", *level,
			  dim);
		CHECK(got == mask, "%s, dim %d: mask %x, not %x", *level, dim, got, mask);
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
				worst = 0,
				most = 0;
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
			most = fmax(most, query.lut[16 * g + m]);
			worst = fmax(
				worst,
				fabs(sum - lowest - (double) query.step[MV_CODE_BLOCK] * query.lut[16 * g + m]));
		}
	}
	CHECK(worst < 0.501 * query.step[MV_CODE_BLOCK], "dim %d: entry off by %g steps", dim,
		  worst / query.step[MV_CODE_BLOCK]);
	CHECK(most == MV_LUT_MOST, "dim %d: entries up to %g", dim, most);
	CHECK(fabs(least - query.lut_bias) < 1e-5 * fabs(least), "dim %d: bias %g, not %g", dim,
		  query.lut_bias, least);
	free(q);
	free(memory);
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
		mv_kernels_init(*level);
		mv_block_scan(&scan, block, factors, INFINITY, &result);
		if (level == mv_kernel_levels())
			first = result;
		CHECK(memcmp(&first, &result, sizeof(result)) == 0,
			  "%s, dim %d: other estimates than plain", *level, dim);
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
		mv_block_scan(&scan, block, factors, INFINITY, &result);
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
		for (i = 0; i < 100; i++)
			test_estimates(dims[d], i % 10 == 0);
		test_lut(dims[d]);
		test_scan(dims[d]);
	}
	return unit_result("fastscan");
}
