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

static inline bool
mv_id_set_has(const MvIdSet *set, uint32 id)
{
	return id < set->n && (set->words[id / 64] >> id % 64 & 1);
}
