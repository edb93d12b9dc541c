/*
 * topk.h -- the k nearest of many, and exact order out of bounded estimates.
 *
 * All memory is the caller's.  Neighbors are ordered by distance, then by id,
 * so results do not depend on the order of arrival.
 */
#pragma once

#include <math.h>

#include "core/core.h"

typedef struct MvNeighbor
{
	uint64_t	id;
	float		dist;
} MvNeighbor;

/* Without branches: in heaps either is as likely as the other. */
static inline bool
mv_nearer(MvNeighbor a, MvNeighbor b)
{
	return (bool) ((a.dist < b.dist) | ((a.dist == b.dist) & (a.id < b.id)));
}

/* ---- top k: a heap with the farthest on top ---- */

typedef struct MvTopK
{
	MvNeighbor *items;			/* [k], the caller's */
	int			k,
				n;
} MvTopK;

/* mv_topk_init -- k >= 1; items[k] is the caller's. */
static inline void
mv_topk_init(MvTopK *top, MvNeighbor *items, int k)
{
	top->items = items;
	top->k = k;
	top->n = 0;
}

/* Nothing farther can enter: the k-th distance, INFINITY before there are k. */
static inline float
mv_topk_limit(const MvTopK *top)
{
	return top->n < top->k ? INFINITY : top->items[0].dist;
}

/* mv_topk_push -- takes a neighbor if it is among the k nearest; NaN never is. */
void		mv_topk_push(MvTopK *top, uint64_t id, float dist);

/* mv_topk_sort -- nearest first; returns their number.  Only mv_topk_init may follow. */
int			mv_topk_sort(MvTopK *top);

/* ---- re-ranking by the bound ---- */

/*
 * Candidates come in with a lower bound, in any order and at any time; the next
 * one to compute exactly goes out, the one of the lowest bound; its exact
 * distance comes in; neighbors go out in exact order, each as soon as no
 * candidate could be nearer.
 *
 *	for (;;)
 *		if (mv_rerank_result(r, &neighbor))
 *			emit it; after k of them stop
 *		else if (mv_rerank_next(r, &candidate))
 *			mv_rerank_exact(r, candidate.id, exact distance);
 *		else
 *			add more candidates and set the floor, or stop
 *
 * Several candidates may be taken out before their distances go in.  A bound
 * that was wrong (estimates are probable, not certain) makes a neighbor come
 * late, never vanish.  No k: a scan goes on as long as it is asked.
 */
typedef struct MvRerank
{
	MvNeighbor *candidates,		/* the first n_ordered a heap, lowest bound on top */
			   *exact;			/* heap, nearest on top */
	int			n_candidates,
				n_ordered,
				n_exact,
				max_candidates,
				max_exact,
				pending;		/* taken out, distance not yet in */
	float		floor;			/* no candidate still to be added is below */
} MvRerank;

/*
 * mv_rerank_init -- empty, with a floor of INFINITY: all candidates are added
 * before the first result is asked for, unless mv_rerank_floor says otherwise.
 *
 * candidates, exact	the caller's arrays and their sizes; the second holds
 *						those re-ranked and not yet emitted
 */
void		mv_rerank_init(MvRerank *r, MvNeighbor *candidates, int max_candidates,
						   MvNeighbor *exact, int max_exact);

/* mv_rerank_grow -- the same arrays, moved or enlarged, contents kept (realloc). */
void		mv_rerank_grow(MvRerank *r, MvNeighbor *candidates, int max_candidates,
						   MvNeighbor *exact, int max_exact);

/* mv_rerank_floor -- results wait while a candidate added later might be nearer. */
static inline void
mv_rerank_floor(MvRerank *r, float floor)
{
	r->floor = floor;
}

/*
 * mv_rerank_add -- false if the array is full: grow it and call again.  A NaN
 * bound counts as lowest.
 */
static inline bool
mv_rerank_add(MvRerank *r, uint64_t id, float low)
{
	MvNeighbor	item = {id, isnan(low) ? -INFINITY : low};

	if (r->n_candidates == r->max_candidates)
		return false;
	r->candidates[r->n_candidates++] = item;
	return true;
}

/* mv_rerank_cut -- forget the candidates whose bound is not below the limit. */
void		mv_rerank_cut(MvRerank *r, float limit);

/* mv_rerank_next -- takes out the candidate of the lowest bound; false if there is none. */
bool		mv_rerank_next(MvRerank *r, MvNeighbor *candidate);

/* The lowest bound of what is left, INFINITY if nothing is. */
float		mv_rerank_low(MvRerank *r);

/*
 * mv_rerank_exact -- the distance of a candidate taken out; NaN sorts last.
 * False, and nothing is changed, if the array is full.
 */
bool		mv_rerank_exact(MvRerank *r, uint64_t id, float dist);

/* mv_rerank_skip -- a candidate taken out is no result (a dead row). */
static inline void
mv_rerank_skip(MvRerank *r)
{
	r->pending--;
}

/* mv_rerank_result -- takes out the nearest if that is certain; false if not yet, or none. */
bool		mv_rerank_result(MvRerank *r, MvNeighbor *neighbor);
