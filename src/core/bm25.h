/*
 * bm25.h -- lengths as Lucene keeps them: one byte, exact up to 39.
 *
 * Of larger numbers a code keeps the highest four bits.  Codes are ordered as
 * the lengths are.
 */
#pragma once

#include "core/core.h"

/* Below it a length is its own code. */
#define MV_LENGTH_EXACT 24

/* No document is that long: what has no length. */
#define MV_LENGTH_NULL 255

/* Four highest bits and where they are: exact below 16. */
static inline uint32_t
mv_length_mantissa(uint32_t x)
{
	int			bits = x == 0 ? 0 : 32 - __builtin_clz(x);

	if (bits < 4)
		return x;
	return ((x >> (bits - 4)) & 7) | (uint32_t) (bits - 3) << 3;
}

/* The code of a length, rounded down; at most 254. */
static inline uint8_t
mv_length_code(uint32_t length)
{
	uint32_t	code;

	if (length < MV_LENGTH_EXACT)
		return (uint8_t) length;
	if (length > INT32_MAX)
		length = INT32_MAX;
	code = MV_LENGTH_EXACT + mv_length_mantissa(length - MV_LENGTH_EXACT);
	return (uint8_t) (code < MV_LENGTH_NULL ? code : MV_LENGTH_NULL - 1);
}

/* The length that a code stands for. */
static inline uint32_t
mv_length_of(uint8_t code)
{
	uint32_t	x = code - (uint32_t) MV_LENGTH_EXACT;
	int			shift;

	if (code < MV_LENGTH_EXACT)
		return code;
	shift = (int) (x >> 3) - 1;
	return MV_LENGTH_EXACT + (shift < 0 ? x & 7 : ((x & 7) | 8) << shift);
}
