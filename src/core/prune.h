/*
 * prune.h -- choosing the edges of a graph node among candidates.
 */
#pragma once

#include "core/core.h"

/* A candidate of a node; distances are squared L2 of whatever rows are compared. */
typedef struct MvCandidate
{
	uint32_t	id;
	float		dist;			/* from the node */
} MvCandidate;

/* Nearer first, then the lower id: so results do not depend on the order of arrival. */
static inline bool
mv_candidate_before(MvCandidate a, MvCandidate b)
{
	return a.dist < b.dist || (a.dist == b.dist && a.id < b.id);
}

/* mv_candidates_order -- nearest first. */
void		mv_candidates_order(MvCandidate *c, int n);

/* mv_candidates_sort -- the same, each id once with its least distance; returns how many. */
int			mv_candidates_sort(MvCandidate *c, int n);

/* mv_candidates_nearest -- the k nearest, 1 .. n, come first in any order; the k-th's distance. */
float		mv_candidates_nearest(MvCandidate *c, int n, int k);

/*
 * mv_candidates_by_dots -- the `wanted` nearest of n rows to one, in any order.
 *
 * dot		products of the rows with it
 * norm		squared norms of the rows
 * c		out: room for n; ids are positions, dist is norm - 2 dot
 * returns	how many: the lesser of n and wanted
 */
int			mv_candidates_by_dots(const float *dot, const float *norm, int n, int wanted,
								  MvCandidate *c);

#define MV_PRUNE_TAKEN 2.0f

typedef struct MvPruneRule
{
	MvElemKind	kind;			/* of the rows */
	int			dim,
				degree;			/* edges wanted */
	float		alpha;			/* >= 1, for distances, not their squares */
	bool		fill;			/* up to the degree, with those passed over; nearest first */
} MvPruneRule;

/*
 * mv_robust_prune -- edges of a node: a candidate is passed over if one taken
 * before is nearer to it, by a factor of alpha, than the node is.
 *
 * c		n candidates as sorted by mv_candidates_sort, without the node itself
 * rows		their vectors, rows[i] of c[i]
 * occluded	out: float[n], MV_PRUNE_TAKEN of those that the rule takes
 * keep		out: positions in c, those that the rule takes (nearest first), then
 *			those that fill
 * returns	how many: rule->degree, fewer only if there are no more (or without fill)
 *
 * Equal rows: of several candidates without distance between them one is taken,
 * the others only fill.  Source: Subramanya et al., "DiskANN" (NeurIPS 2019).
 */
int			mv_robust_prune(const MvPruneRule *rule, const MvCandidate *c,
							const void *const *rows, int n, float *occluded, int *keep);
