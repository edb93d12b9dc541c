/*
 * pool.h -- the state of a walk through a graph: nodes to go to, nodes gone to.
 *
 * All memory is the caller's; nothing here allocates.
 */
#pragma once

#include <string.h>

#include "core/core.h"

/* ---- the pool: the nearest nodes seen, nearest first ---- */

/*
 * Distances are estimates; a node may be in the pool several times, each with
 * the estimate of another parent, and counts once it is popped as visited.
 */
typedef struct MvPool
{
	float	   *dist;			/* [capacity], ascending */
	uint32_t   *id;				/* [capacity]; MV_POOL_DONE is set in those popped */
	int			capacity,
				n,
				next;			/* none before it is still to be popped */
} MvPool;

#define MV_POOL_DONE 0x80000000u	/* so ids are below 2^31 */

static inline size_t
mv_pool_size(int capacity)
{
	return (size_t) capacity * (sizeof(float) + sizeof(uint32_t));
}

/* mv_pool_init -- an empty pool in mv_pool_size(capacity) bytes, capacity >= 1. */
static inline void
mv_pool_init(MvPool *pool, int capacity, void *memory)
{
	pool->dist = memory;
	pool->id = (uint32_t *) (pool->dist + capacity);
	pool->capacity = capacity;
	pool->n = 0;
	pool->next = 0;
}

/* Nothing at or above it can enter; INFINITY before the pool is full. */
static inline float
mv_pool_limit(const MvPool *pool)
{
	return pool->n < pool->capacity ? __builtin_inff() : pool->dist[pool->n - 1];
}

/*
 * mv_pool_push -- a node seen.  Behind those of the same distance.  NaN never enters.
 *
 * returns	false if it is too far.  If the pool was full, its last leaves; a
 *			walk that shall go on later takes it from there before the push.
 */
static inline bool
mv_pool_push(MvPool *pool, float dist, uint32_t id)
{
	int			low = 0,
				count = pool->n,
				move;

	if (!(dist < mv_pool_limit(pool)))
		return false;
	/* the first that is farther; without branches on the distances */
	while (count > 0)
	{
		int			half = count / 2;
		bool		right = pool->dist[low + half] <= dist;

		low = right ? low + half + 1 : low;
		count = right ? count - half - 1 : half;
	}
	if (pool->n < pool->capacity)
		pool->n++;
	move = pool->n - 1 - low;
	memmove(pool->dist + low + 1, pool->dist + low, (size_t) move * sizeof(float));
	memmove(pool->id + low + 1, pool->id + low, (size_t) move * sizeof(uint32_t));
	pool->dist[low] = dist;
	pool->id[low] = id;
	if (low < pool->next)
		pool->next = low;
	return true;
}

/* mv_pool_pop -- the nearest not yet popped, which stays as done; false if there is none. */
static inline bool
mv_pool_pop(MvPool *pool, uint32_t *id)
{
	int			i = pool->next;

	while (i < pool->n && (pool->id[i] & MV_POOL_DONE) != 0)
		i++;
	pool->next = i;
	if (i == pool->n)
		return false;
	*id = pool->id[i];
	pool->id[i] |= MV_POOL_DONE;
	pool->next = i + 1;
	return true;
}

/* mv_pool_peek -- what mv_pool_pop would give now, to prefetch it. */
static inline bool
mv_pool_peek(const MvPool *pool, uint32_t *id)
{
	int			i = pool->next;

	while (i < pool->n && (pool->id[i] & MV_POOL_DONE) != 0)
		i++;
	if (i < pool->n)
		*id = pool->id[i];
	return i < pool->n;
}

/* ---- visited nodes ---- */

/* A word serves 32 nodes: their bits below, above them the walk that set them. */
typedef struct MvVisited
{
	uint64_t   *words;
	uint32_t	n,				/* nodes */
				epoch;
} MvVisited;

static inline size_t
mv_visited_size(uint32_t n)
{
	return ((size_t) n + 31) / 32 * sizeof(uint64_t);
}

/* mv_visited_init -- memory: mv_visited_size(n) bytes. */
static inline void
mv_visited_init(MvVisited *visited, uint32_t n, void *memory)
{
	visited->words = memory;
	visited->n = n;
	visited->epoch = 0;
	memset(memory, 0, mv_visited_size(n));
}

/* mv_visited_clear -- no node is visited; call it before each walk. */
static inline void
mv_visited_clear(MvVisited *visited)
{
	if (++visited->epoch == 0)
	{
		memset(visited->words, 0, mv_visited_size(visited->n));
		visited->epoch = 1;
	}
}

static inline bool
mv_visited(const MvVisited *visited, uint32_t id)
{
	uint64_t	word = visited->words[id / 32];

	return (uint32_t) (word >> 32) == visited->epoch && (word >> (id % 32) & 1) != 0;
}

/* mv_visit -- false if it was visited before. */
static inline bool
mv_visit(MvVisited *visited, uint32_t id)
{
	uint64_t   *word = visited->words + id / 32,
				bit = UINT64_C(1) << id % 32;

	if ((uint32_t) (*word >> 32) != visited->epoch)
		*word = (uint64_t) visited->epoch << 32;
	if ((*word & bit) != 0)
		return false;
	*word |= bit;
	return true;
}
