/*
 * keys.h -- keys of attributes as numbers of few bytes.
 *
 * A chunk of keys is coded by one of two rules, both of which keep the order, so that a
 * range of keys is one of codes: how far a key is above the lowest, or, where there are few
 * different ones far apart, its place among them.  If some are null, these have code 0 and
 * the others one more.  Codes are of 1, 2, 4 or 8 bytes, or none if all are the same.
 */
#pragma once

#include "core/core.h"

#define MV_KEY_CHUNK 4096		/* keys that are coded together, at most */
#define MV_NULL_KEY INT64_MIN	/* of a null */
#define MV_KEY_DISTINCT 256		/* codes by the second rule, at most */

/* Bytes of a coded chunk at most. */
#define MV_KEY_BYTES (MV_KEY_CHUNK * 8)

/* How the keys of a chunk are coded. */
typedef struct MvKeyCode
{
	int64_t		low,
				high;			/* of those not null; low > high: all are null */
	uint16_t	ndistinct;		/* the different ones not null; 0: the first rule */
	uint8_t		width;			/* bytes of a code: 0, 1, 2, 4, 8 */
	uint8_t		nulls;			/* 1: there are some */
	uint32_t	spare;
} MvKeyCode;

/* Is this what mv_keys_encode() could say? */
bool		mv_keys_valid(const MvKeyCode *code);

/*
 * mv_keys_encode -- a chunk.
 *
 * keys		[n], 1 <= n <= MV_KEY_CHUNK
 * out		[MV_KEY_BYTES]: int64_t distinct[ndistinct], ascending, then the codes
 * returns	bytes written
 */
size_t		mv_keys_encode(const int64_t *keys, int n, MvKeyCode *code, uint8_t *out);

/*
 * mv_keys_decode -- the keys of n codes.
 *
 * distinct	[ndistinct]
 * returns	false if a code is none
 */
bool		mv_keys_decode(const MvKeyCode *code, const int64_t *distinct, const void *codes, int n,
						   int64_t *out);

typedef enum MvKeyMatch
{
	MV_KEYS_NONE,
	MV_KEYS_SOME,				/* or none, or all */
	MV_KEYS_ALL
} MvKeyMatch;

/*
 * mv_keys_range -- which keys lie in a range?  Those not null are above MV_NULL_KEY.
 *
 * distinct	[ndistinct]; or NULL: not at hand, and no codes are wanted
 * from, to	out: of codes, inclusive, if only some do
 */
MvKeyMatch	mv_keys_range(const MvKeyCode *code, const int64_t *distinct, int64_t low,
						  int64_t high, uint64_t *from, uint64_t *to);
