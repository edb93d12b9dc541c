/*
 * half.h -- one number between f32 and the narrow element kinds.
 *
 * Scalar and branch-light, so that a loop over them vectorises.  Narrowing
 * rounds to nearest even; the results equal those of the conversion
 * instructions (F16C, NEON) bit for bit, NaN payloads included.  All but two
 * steps are integer arithmetic: -fassociative-math has nothing to rearrange,
 * since a bit cast stands on each side of the two float operations.
 */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t
mv_f32_bits(float f)
{
	uint32_t	u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static inline float
mv_f32_from_bits(uint32_t u)
{
	float		f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

/*
 * Exact; a signalling NaN becomes quiet.  Comparisons as factors, for gcc does
 * not vectorise nested conditions.
 */
static inline float
mv_f16_to_f32(uint16_t h)
{
	uint32_t	mag = h & 0x7fff;
	uint32_t	infinite = (mag >= 0x7c00) * (112u << 23);	/* exponent 143 to 255 */
	uint32_t	quiet = (mag > 0x7c00) * 0x400000u;
	uint32_t	normal = ((mag << 13) + (112u << 23) + infinite) | quiet; /* 112 = 127 - 15 */
	uint32_t	subnormal = mv_f32_bits((float) (int32_t) mag * 0x1p-24f);
	uint32_t	bits = mag < 0x0400 ? subnormal : normal;

	return mv_f32_from_bits(bits | (uint32_t) (h & 0x8000) << 16);
}

/* Infinity from 65520 on; values of at most 2^-25 become zero. */
static inline uint16_t
mv_f16_from_f32(float f)
{
	uint32_t	u = mv_f32_bits(f);
	uint32_t	mag = u & 0x7fffffff;
	uint32_t	normal = (mag + 0xfff + (mag >> 13 & 1) - (112u << 23)) >> 13;

	/* Below 2^-14 the unit is 2^-24, as it is in f32 from 0.5 to 1. */
	uint32_t	subnormal = mv_f32_bits(mv_f32_from_bits(mag) + 0.5f) - 0x3f000000;
	uint32_t	special = mag > 0x7f800000 ? 0x7e00 | (mag >> 13 & 0x3ff) : 0x7c00;
	uint32_t	bits = mag < 0x38800000 ? subnormal : mag < 0x47800000 ? normal : special;

	return (uint16_t) (bits | (u >> 16 & 0x8000));
}

/* Exact; the bits of a NaN are kept. */
static inline float
mv_bf16_to_f32(uint16_t h)
{
	return mv_f32_from_bits((uint32_t) h << 16);
}

/* Infinity from halfway past the largest finite value on. */
static inline uint16_t
mv_bf16_from_f32(float f)
{
	uint32_t	u = mv_f32_bits(f);
	uint32_t	rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
	uint32_t	nan = u >> 16 | 0x40;

	return (uint16_t) ((u & 0x7fffffff) > 0x7f800000 ? nan : rounded);
}

/* Saturates; NaN becomes 0. */
static inline int8_t
mv_i8_from_f32(float f)
{
	float		low = f > -128.0f ? f : -128.0f;
	float		x = low < 127.0f ? low : 127.0f;

	return (int8_t) (f == f ? rintf(x) : 0.0f);
}
