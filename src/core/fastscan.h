/*
 * fastscan.h -- one-bit codes in blocks of 32, read 32 at a time.
 *
 * A block holds dim / 4 groups of 16 bytes, dim * 4 bytes in all.  Group g has
 * a nibble for each code: bit b of it is dimension 4 * g + b.  Codes 0 to 7 are
 * the low nibbles of the even bytes, 8 to 15 those of the odd ones, 16 to 31
 * the high nibbles in the same order.
 *
 * Factors are two arrays float[32], one behind the other.  A slot without a code has
 * INFINITY as its `add`, so that no limit lets it pass.
 */
#pragma once

#include "core/rabitq.h"

/* Bytes of the codes of a block, or of a slab of that many dimensions. */
static inline size_t
mv_block_size(int dim)
{
	return (size_t) dim * 4;
}

/* mv_block_put -- code (row form, any alignment) replaces what is in slot 0 .. 31 of the block. */
void		mv_block_put(uint8_t *block, int slot, int dim, const void *code);

/* mv_block_get -- the code in a slot, as a row. */
void		mv_block_get(const uint8_t *block, int slot, int dim, void *code);

/* mv_block_clear -- zero bits in a slot. */
void		mv_block_clear(uint8_t *block, int slot, int dim);

/*
 * mv_block_pack -- a block of n <= 32 codes; the other slots become zero.
 * codes	first code; each next `stride` bytes further
 */
void		mv_block_pack(uint8_t *block, int dim, const void *codes, size_t stride, int n);

/* mv_block_unpack -- the first n codes, `stride` bytes apart. */
void		mv_block_unpack(const uint8_t *block, int dim, void *codes, size_t stride, int n);

/*
 * mv_block_prefetch -- a block to be scanned soon, before scanning this one.
 *
 * Codes with the factors behind them, in order through memory, take 2.6
 * instead of 6.5 ns a code at 768 dimensions on Zen 5.  Only the caller knows
 * whether what follows in memory is what it scans next.
 */
static inline void
mv_block_prefetch(const uint8_t *block, size_t bytes)
{
	size_t		i;

	for (i = 0; i < bytes; i += 64)
		__builtin_prefetch(block + i);
}

/*
 * mv_block_scan -- estimates of the 32 codes of a block.
 *
 * scan		of MV_CODE_BLOCK, with its center set
 * factors	add[32], then rescale[32]; any alignment of 4
 * returns	bit v set iff low[v] < limit
 */
static inline uint32_t
mv_block_scan(const MvRabitqScan *scan, const uint8_t *block, const float *factors, float limit,
			  MvBlockResult *result)
{
	return mv_code_kernels.fastscan(block, factors, scan->query->lut, scan->query->dim,
									&scan->terms, limit, result);
}

/*
 * Bit strings as their own codes: with add = set bits and rescale = -2, est and
 * low are the Hamming distance, exactly, up to 2^22 dimensions.
 */

/*
 * mv_bits_encode_row -- a bit string as a row of MV_CODE_1 with its factors.
 *
 * x		float[dim], zeros and ones
 * row		out: mv_code_row_size(1, mv_padded_dim(dim)) bytes
 */
void		mv_bits_encode_row(const float *x, int dim, void *row);

/* mv_bits_decode_row -- x again. */
void		mv_bits_decode_row(const void *row, int dim, float *x);

/*
 * mv_bits_scan_init -- a pass of a bit string over blocks of such codes.
 *
 * q		float[dim], zeros and ones; not needed afterwards
 * memory	mv_rabitq_query_size(mv_padded_dim(dim)) bytes, any alignment; must
 *			outlive *query, and that *scan, which needs no center
 */
void		mv_bits_scan_init(MvRabitqScan *scan, MvRabitqQuery *query, const float *q, int dim,
							  void *memory);

/* Set bits of the query. */
static inline float
mv_bits_of_query(const MvRabitqScan *scan)
{
	return scan->terms.g_add;
}
