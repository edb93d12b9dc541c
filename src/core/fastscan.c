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

/*
 * Whole blocks, 64 dimensions of all codes at a time.  A byte of a group has nibbles of two
 * codes, so eight bytes of the even groups and of the odd ones have what two words of codes
 * have: to get from one to the other, bytes are transposed and nibbles exchanged.
 */
#define LOW_NIBBLES UINT64_C(0x0f0f0f0f0f0f0f0f)
#define CHUNK 256				/* bytes of a block: 16 groups, 64 dimensions */

/* Rows of 8 bytes, the first in the low bits, become columns. */
static inline void
transpose_bytes(uint64_t w[8])
{
	static const uint64_t masks[] = {
		UINT64_C(0x00ff00ff00ff00ff), UINT64_C(0x0000ffff0000ffff), UINT64_C(0x00000000ffffffff)
	};
	int			level,
				i;

	for (level = 0; level < 3; level++)
		for (i = 0; i < 8; i++)
		{
			int			step = 1 << level;
			uint64_t	t;

			if ((i & step) != 0)
				continue;
			t = (w[i] >> 8 * step ^ w[i + step]) & masks[level];
			w[i + step] ^= t;
			w[i] ^= t << 8 * step;
		}
}

/* One half, 0 or 1, of the bytes of the even (odd: 0) or odd groups of a chunk. */
static inline void
read_groups(const uint8_t *chunk, int half, int odd, uint64_t w[8])
{
	int			i;

	for (i = 0; i < 8; i++)
		memcpy(&w[i], chunk + 16 * (2 * i + odd) + 8 * half, sizeof(w[i]));
}

static inline void
write_groups(uint8_t *chunk, int half, int odd, const uint64_t w[8])
{
	int			i;

	for (i = 0; i < 8; i++)
		memcpy(chunk + 16 * (2 * i + odd) + 8 * half, &w[i], sizeof(w[i]));
}

/* The slot of the low nibbles of a byte; that of the high ones is 16 beyond. */
static inline int
slot_of(int byte)
{
	return byte / 2 + byte % 2 * 8;
}

void
mv_block_pack(uint8_t *block, int dim, const void *codes, size_t stride, int n)
{
	int			at,
				half,
				i;

	for (at = 0; at < dim; at += 64, block += CHUNK)
	{
		uint64_t	word[MV_BLOCK] = {0};

		for (i = 0; i < n; i++)
			memcpy(&word[i], (const char *) codes + (size_t) i * stride + at / 8, sizeof(word[i]));
		for (half = 0; half < 2; half++)
		{
			uint64_t	even[8],
						odd[8];

			for (i = 0; i < 8; i++)
			{
				uint64_t	low = word[slot_of(8 * half + i)],
							high = word[slot_of(8 * half + i) + 16];

				even[i] = (low & LOW_NIBBLES) | (high & LOW_NIBBLES) << 4;
				odd[i] = (low >> 4 & LOW_NIBBLES) | (high & ~LOW_NIBBLES);
			}
			transpose_bytes(even);
			transpose_bytes(odd);
			write_groups(block, half, 0, even);
			write_groups(block, half, 1, odd);
		}
	}
}

void
mv_block_unpack(const uint8_t *block, int dim, void *codes, size_t stride, int n)
{
	int			at,
				half,
				i;

	for (at = 0; at < dim; at += 64, block += CHUNK)
	{
		uint64_t	word[MV_BLOCK];

		for (half = 0; half < 2; half++)
		{
			uint64_t	even[8],
						odd[8];

			read_groups(block, half, 0, even);
			read_groups(block, half, 1, odd);
			transpose_bytes(even);
			transpose_bytes(odd);
			for (i = 0; i < 8; i++)
			{
				int			slot = slot_of(8 * half + i);

				word[slot] = (even[i] & LOW_NIBBLES) | (odd[i] & LOW_NIBBLES) << 4;
				word[slot + 16] = (even[i] >> 4 & LOW_NIBBLES) | (odd[i] & ~LOW_NIBBLES);
			}
		}
		for (i = 0; i < n; i++)
			memcpy((char *) codes + (size_t) i * stride + at / 8, &word[i], sizeof(word[i]));
	}
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
