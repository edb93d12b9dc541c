/*
 * fastscan.c -- moving codes into blocks and out; the kernels are in code_*.c.
 */
#include "core/fastscan.h"

#include <string.h>

#include "core/rotate.h"

/* Byte of a group and shift within it. */
static inline int
byte_of(int slot)
{
	return slot % 8 * 2 + slot / 8 % 2;
}

static inline int
shift_of(int slot)
{
	return slot / 16 * 4;
}

void
mv_block_put(uint8_t *block, int slot, int dim, const void *code)
{
	uint8_t    *at = block + byte_of(slot);
	int			shift = shift_of(slot);
	uint8_t		keep = (uint8_t) (0xf0 >> shift);
	int			i,
				g;

	for (i = 0; i < dim; i += 64)
	{
		uint64_t	word;

		memcpy(&word, (const char *) code + i / 8, sizeof(word));
		for (g = 0; g < 16; g++, at += 16)
			*at = (uint8_t) ((*at & keep) | (word >> 4 * g & 15) << shift);
	}
}

void
mv_block_get(const uint8_t *block, int slot, int dim, void *code)
{
	const uint8_t *at = block + byte_of(slot);
	int			shift = shift_of(slot);
	int			i,
				g;

	for (i = 0; i < dim; i += 64)
	{
		uint64_t	word = 0;

		for (g = 0; g < 16; g++, at += 16)
			word |= (uint64_t) (*at >> shift & 15) << 4 * g;
		memcpy((char *) code + i / 8, &word, sizeof(word));
	}
}

void
mv_block_clear(uint8_t *block, int slot, int dim)
{
	uint8_t    *at = block + byte_of(slot);
	uint8_t		keep = (uint8_t) (0xf0 >> shift_of(slot));
	int			g;

	for (g = 0; g < dim / 4; g++, at += 16)
		*at &= keep;
}

void
mv_block_pack(uint8_t *block, int dim, const void *codes, size_t stride, int n)
{
	int			i;

	memset(block, 0, mv_block_size(dim));
	for (i = 0; i < n; i++)
		mv_block_put(block, i, dim, (const char *) codes + (size_t) i * stride);
}

void
mv_block_unpack(const uint8_t *block, int dim, void *codes, size_t stride, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		mv_block_get(block, i, dim, (char *) codes + (size_t) i * stride);
}

/* ---- bit strings ---- */

void
mv_bits_encode_row(const float *x, int dim, void *row)
{
	char	   *to = row;
	float		factors[2] = {0, -2};
	int			at,
				i;

	for (at = 0; at < dim; at += 64, to += sizeof(uint64_t))
	{
		int			n = dim - at < 64 ? dim - at : 64;
		uint64_t	word = 0;

		for (i = 0; i < n; i++)
		{
			word |= (uint64_t) (x[at + i] != 0) << i;
			factors[0] += x[at + i] != 0;
		}
		memcpy(to, &word, sizeof(word));
	}
	memcpy(to, factors, sizeof(factors));
}

void
mv_bits_decode_row(const void *row, int dim, float *x)
{
	uint64_t	word = 0;
	int			i;

	for (i = 0; i < dim; i++)
	{
		if (i % 64 == 0)
			memcpy(&word, (const char *) row + i / 8, sizeof(word));
		x[i] = (float) (word >> i % 64 & 1);
	}
}

void
mv_bits_scan_init(MvRabitqScan *scan, MvRabitqQuery *query, const float *q, int dim, void *memory)
{
	uint8_t    *lut = (uint8_t *) (((uintptr_t) memory + 63) & ~(uintptr_t) 63);
	float		last[4] = {0, 0, 0, 0};
	int			whole = dim / 4 * 4,
				i;

	memset(query, 0, sizeof(*query));
	query->dim = mv_padded_dim(dim);
	query->lut = lut;
	mv_code_kernels.fill_lut(q, whole, 1, lut);
	memset(lut + mv_block_size(whole), 0, mv_block_size(query->dim - whole));
	if (whole < dim)
	{
		memcpy(last, q + whole, sizeof(float) * (size_t) (dim - whole));
		mv_code_kernels.fill_lut(last, 4, 1, lut + mv_block_size(whole));
	}

	memset(scan, 0, sizeof(*scan));
	scan->query = query;
	scan->form = MV_CODE_BLOCK;
	scan->terms.delta = 1;
	for (i = 0; i < dim; i++)
		scan->terms.g_add += q[i];
}
