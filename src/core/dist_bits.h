/*
 * dist_bits.h -- the kernels of bit strings over 64-bit words.
 *
 * For levels without a vector popcount.  A level file may define
 * count_bits(uint64_t) before including this.
 */
#pragma once

#include <string.h>

#include "core/dist_level.h"

#ifndef count_bits
/* Adds neighbouring bits, pairs, nibbles, then all bytes by a multiplication. */
MV_INLINE uint64_t
count_bits(uint64_t x)
{
	x = x - (x >> 1 & 0x5555555555555555);
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return x * 0x0101010101010101 >> 56;
}
#endif

/* The n <= 8 bytes at p, then zeros. */
MV_INLINE uint64_t
load_word(const uint8_t *p, size_t n)
{
	uint64_t	x = 0;

	memcpy(&x, p, n);
	return x;
}

static double
hamming(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t	count = 0;
	size_t		i;

	for (i = 0; i + 8 <= n; i += 8)
		count += count_bits(load_word(a + i, 8) ^ load_word(b + i, 8));
	if (i < n)
		count += count_bits(load_word(a + i, n - i) ^ load_word(b + i, n - i));
	return (double) count;
}

static double
jaccard(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t	both = 0,
				any = 0,
				x,
				y;
	size_t		i;

	for (i = 0; i + 8 <= n; i += 8)
	{
		x = load_word(a + i, 8);
		y = load_word(b + i, 8);
		both += count_bits(x & y);
		any += count_bits(x | y);
	}
	if (i < n)
	{
		x = load_word(a + i, n - i);
		y = load_word(b + i, n - i);
		both += count_bits(x & y);
		any += count_bits(x | y);
	}
	return both == 0 ? 1 : 1 - (double) both / (double) any;
}
