/*
 * code_plain.c -- code kernels for every CPU.
 *
 * FastScan is sixteen table look-ups a byte row here, some twenty times slower
 * than a byte shuffle; it is there to give the same numbers.
 */
#define VF_LANES 4

#include "core/code_float.h"

static int64_t
sum_1(const void *code, const void *query, int dim)
{
	const uint8_t *bits = code;
	const int8_t *q = query;
	int32_t		sum = 0;
	int			i,
				j;

	for (i = 0; i < dim; i += 64)
	{
		uint64_t	word;

		memcpy(&word, bits + i / 8, sizeof(word));
		for (j = 0; j < 64; j++)
			sum += q[i + j] * (int32_t) (word >> j & 1);
	}
	return sum;
}

static int64_t
sum_4(const void *code, const void *query, int dim)
{
	const uint8_t *c = code;
	const int8_t *q = query;
	int32_t		sum = 0;
	int			at,
				n,
				i;

	for (at = 0; at < dim; at += n)
	{
		n = mv_code_group(at, dim);
		for (i = 0; i < n / 2; i++)
			sum += (c[at / 2 + i] & 15) * q[at + i] + (c[at / 2 + i] >> 4) * q[at + n / 2 + i];
	}
	return sum;
}

static int64_t
sum_8(const void *code, const void *query, int dim)
{
	const uint8_t *c = code;
	const int16_t *q = query;
	int64_t		sum = 0;
	int			i,
				j;

	for (i = 0; i < dim; i += 64)
	{
		int32_t		part = 0;	/* at most 64 * 255 * 2^15 */

		for (j = 0; j < 64; j++)
			part += c[i + j] * q[i + j];
		sum += part;
	}
	return sum;
}

EACH_ROW(sums_1, sum_1)
EACH_ROW(sums_4, sum_4)
EACH_ROW(sums_8, sum_8)

static void
add_entries(const uint8_t *codes, const uint8_t *lut, int dim, uint32_t *acc)
{
	int			g,
				j;

	for (g = 0; g < dim / 4; g++)
		for (j = 0; j < 8; j++)
		{
			const uint8_t *c = codes + 16 * g + 2 * j;
			const uint8_t *entry = lut + 16 * g;

			acc[j] += entry[c[0] & 15];
			acc[j + 8] += entry[c[1] & 15];
			acc[j + 16] += entry[c[0] >> 4];
			acc[j + 24] += entry[c[1] >> 4];
		}
}

FASTSCAN_BY_MEMORY

#define PLAIN_KERNELS \
	{ \
		CODE_FLOAT_KERNELS, \
		.sums = {sums_1, sums_4, sums_8}, \
		.fastscan = fastscan, \
	}

/* Here for its initial value is this level. */
MvCodeKernels mv_code_kernels = PLAIN_KERNELS;

bool
mv_codes_add_plain(MvCodeKernels *table)
{
	static const MvCodeKernels plain = PLAIN_KERNELS;

	*table = plain;
	return true;
}
