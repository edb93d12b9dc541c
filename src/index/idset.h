/*
 * idset.h -- a set of ids of an index's rows, a bit each.
 */
#pragma once

typedef struct MvIdSet
{
	uint32		n;				/* ids below may be members */
	uint64	   *words;			/* [n / 64 + 1] */
} MvIdSet;

/* Empty, in the current context. */
static inline void
mv_id_set_init(MvIdSet *set, uint32 n)
{
	set->n = n;
	set->words = palloc_extended(sizeof(uint64) * (n / 64 + 1),
								 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* All ids below n. */
static inline void
mv_id_set_fill(MvIdSet *set)
{
	memset(set->words, 0xff, sizeof(uint64) * (set->n / 64));
	set->words[set->n / 64] = (UINT64CONST(1) << set->n % 64) - 1;
}

static inline void
mv_id_set_add(MvIdSet *set, uint32 id)
{
	set->words[id / 64] |= UINT64CONST(1) << id % 64;
}

static inline void
mv_id_set_remove(MvIdSet *set, uint32 id)
{
	set->words[id / 64] &= ~(UINT64CONST(1) << id % 64);
}

/* Of ids first .. first + n - 1 leave those that have a bit in words. */
static inline void
mv_id_set_keep(MvIdSet *set, uint32 first, const uint64 *words, uint32 n)
{
	uint32		shift = first % 64;

	for (uint32 i = 0; i < n; i += 64)
	{
		uint64		go = ~words[i / 64];
		uint64	   *to = &set->words[(first + i) / 64];

		if (n - i < 64)
			go &= (UINT64CONST(1) << (n - i)) - 1;
		to[0] &= ~(go << shift);
		if (shift > 0 && go >> (64 - shift) != 0)
			to[1] &= ~(go >> (64 - shift));
	}
}

static inline bool
mv_id_set_has(const MvIdSet *set, uint32 id)
{
	return id < set->n && (set->words[id / 64] >> id % 64 & 1);
}

/* Which of the 32 ids from one on that is not above n are members, a bit each. */
static inline uint32
mv_id_set_32(const MvIdSet *set, uint32 first)
{
	uint32		word = first / 64,
				shift = first % 64;
	uint64		bits = set->words[word] >> shift;

	if (shift > 32 && word < set->n / 64)
		bits |= set->words[word + 1] << (64 - shift);
	return (uint32) bits;
}
