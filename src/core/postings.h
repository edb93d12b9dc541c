/*
 * postings.h -- lists of documents and numbers of occurrences as bytes.
 *
 * A full block of 128 is, for documents and then for occurrences:
 *
 *   SIZE  DESCRIPTION
 *      1  bits of a value, b: 0 .. 32
 *      1  exceptions
 *   16 b  lower b bits of the values, in four lanes: value i is the (i / 4)-th of
 *         lane i % 4, whose j-th word of 32 bits is at 16 j + 4 lane, low bits first
 *      .  places of the exceptions, a byte each
 *      .  what they have above b bits, varints
 *
 * Values are the gaps between documents, and occurrences less one.  A shorter block
 * is a varint for each document: gap * 2 + 1 if it occurs once, else gap * 2, and
 * then occurrences - 2.
 *
 * Nothing depends on the CPU: vectors of 128 bits are to be had everywhere.
 */
#pragma once

#include "core/core.h"

#define MV_POSTINGS 128

/* Bytes of a block at most. */
#define MV_POSTINGS_BYTES 1400

/* Bytes of a varint at most. */
#define MV_VARINT_BYTES 5

/* 7 bits a byte, low ones first; the eighth says that more follow. */
static inline uint8_t *
mv_varint_put(uint8_t *p, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		*p++ = (uint8_t) (x | 0x80);
	*p++ = (uint8_t) x;
	return p;
}

/* The byte after it; NULL if it does not end before end or has too many bytes. */
static inline const uint8_t *
mv_varint_get(const uint8_t *p, const uint8_t *end, uint64_t *x)
{
	uint64_t	sum = 0;
	int			shift;

	for (shift = 0; shift < 7 * MV_VARINT_BYTES && p < end; shift += 7)
	{
		uint8_t		byte = *p++;

		sum |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			*x = sum;
			return p;
		}
	}
	return NULL;
}

/*
 * mv_postings_encode -- a block.
 *
 * from		no document is below it
 * docs		[n], ascending, 1 <= n <= MV_POSTINGS
 * tfs		[n], at least 1
 * out		MV_POSTINGS_BYTES
 * returns	bytes written
 */
size_t		mv_postings_encode(uint32_t from, const uint32_t *docs, const uint32_t *tfs, int n,
							   uint8_t *out);

/*
 * mv_postings_decode -- a block of n.
 *
 * docs		out: [MV_POSTINGS], ascending
 * tfs		out: [MV_POSTINGS]; NULL: not wanted
 * returns	the byte after it, or NULL if bytes [p, end) are none; with tfs NULL some
 *			byte of it
 *
 * Reads nothing outside of [p, end).
 */
const uint8_t *mv_postings_decode(const uint8_t *p, const uint8_t *end, uint32_t from, int n,
								  uint32_t *docs, uint32_t *tfs);
