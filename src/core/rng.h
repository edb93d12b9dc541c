/*
 * rng.h -- numbers from a seed, the same on every machine and for ever.
 *
 * Index formats depend on this sequence: an index stores a seed, not what was
 * drawn from it.  Never change it; add another generator instead.
 */
#pragma once

#include <stdint.h>

/*
 * mv_rng_next -- 64 uniform bits.  Any value of *state is a valid seed.
 * Source: splitmix64 (Steele, Lea, Flood, OOPSLA 2014), constants by Stafford.
 */
static inline uint64_t
mv_rng_next(uint64_t *state)
{
	uint64_t	z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* mv_rng_below -- uniform in 0 .. n - 1; n > 0.  Biased by less than n / 2^32. */
static inline uint32_t
mv_rng_below(uint64_t *state, uint32_t n)
{
	return (uint32_t) ((mv_rng_next(state) >> 32) * n >> 32);
}
