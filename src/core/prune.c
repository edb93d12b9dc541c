/*
 * prune.c -- candidates: the nearest of them, and RobustPrune.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/dist.h"
#include "core/prune.h"

#define FEW 16					/* are sorted by insertion */
#define PROBE_STEP 16			/* of every so many scores one tells where the nearest end */

/*
 * Divide n > 2 in two: none of the first part is behind any of the second.
 * Returns the length of the first, 1 .. n - 1.
 */
static int
divide(MvCandidate *c, int n)
{
	MvCandidate pivot = c[n / 2],
				swap;
	int			i = 0,
				j = n - 1;

	for (;;)
	{
		while (mv_candidate_before(c[i], pivot))
			i++;
		while (mv_candidate_before(pivot, c[j]))
			j--;
		if (i >= j)
			return i;
		swap = c[i];
		c[i++] = c[j];
		c[j--] = swap;
	}
}

static void
sort_few(MvCandidate *c, int n)
{
	int			i,
				j;

	for (i = 1; i < n; i++)
	{
		MvCandidate x = c[i];

		for (j = i; j > 0 && mv_candidate_before(x, c[j - 1]); j--)
			c[j] = c[j - 1];
		c[j] = x;
	}
}

/* Quicksort; the shorter part by recursion, so that its depth is bounded. */
static void
sort(MvCandidate *c, int n)
{
	while (n > FEW)
	{
		int			first = divide(c, n);

		if (first < n - first)
		{
			sort(c, first);
			c += first;
			n -= first;
		}
		else
		{
			sort(c + first, n - first);
			n = first;
		}
	}
	sort_few(c, n);
}

float
mv_candidates_nearest(MvCandidate *c, int n, int k)
{
	while (n > FEW)
	{
		int			first = divide(c, n);

		if (k <= first)
			n = first;
		else
		{
			c += first;
			n -= first;
			k -= first;
		}
	}
	sort_few(c, n);
	return c[k - 1].dist;
}

void
mv_candidates_order(MvCandidate *c, int n)
{
	sort(c, n);
}

static int
compare_ids(const void *x, const void *y)
{
	MvCandidate a = *(const MvCandidate *) x,
				b = *(const MvCandidate *) y;

	if (a.id != b.id)
		return a.id < b.id ? -1 : 1;
	return (a.dist > b.dist) - (a.dist < b.dist);
}

int
mv_candidates_sort(MvCandidate *c, int n)
{
	int			kept = 0,
				i;

	qsort(c, (size_t) n, sizeof(*c), compare_ids);
	for (i = 0; i < n; i++)
		if (kept == 0 || c[kept - 1].id != c[i].id)
			c[kept++] = c[i];
	sort(c, kept);
	return kept;
}

/* A score that some more than `wanted` of n are likely to be below. */
static float
likely_limit(const float *dot, const float *norm, int n, int wanted, MvCandidate *c)
{
	int			some = n / PROBE_STEP,
				rank = wanted / PROBE_STEP * 5 / 4 + 8,
				i;

	if (rank >= some)
		return INFINITY;
	for (i = 0; i < some; i++)
	{
		c[i].id = 0;
		c[i].dist = norm[i * PROBE_STEP] - 2 * dot[i * PROBE_STEP];
	}
	return mv_candidates_nearest(c, some, rank);
}

int
mv_candidates_by_dots(const float *dot, const float *norm, int n, int wanted, MvCandidate *c)
{
	float		limit = n > wanted ? likely_limit(dot, norm, n, wanted, c) : INFINITY;
	int			found,
				i;

	for (;;)
	{
		for (i = found = 0; i < n; i++)
		{
			float		score = norm[i] - 2 * dot[i];

			c[found].id = (uint32_t) i;
			c[found].dist = score;
			found += score <= limit;
		}
		if (found >= wanted || limit == INFINITY)
			break;
		limit = INFINITY;
	}
	if (found > wanted)
	{
		mv_candidates_nearest(c, found, wanted);
		found = wanted;
	}
	return found;
}

/*
 * Is a candidate nearer to one taken than the rule allows?  The one that it is nearer to moves to
 * the front of `taken`: what makes one candidate unnecessary is likely to do so for the next.
 */
static bool
is_occluded(const MvPruneRule *rule, const MvCandidate *c, const void *const *rows, int candidate,
			int *taken, int ntaken)
{
	MvDistFn	l2sq = mv_kernels.dist[rule->kind][MV_L2SQ];
	float		alpha = rule->alpha * rule->alpha;
	int			i;

	for (i = 0; i < ntaken; i++)
	{
		int			by = taken[i];
		float		dist = (float) l2sq(rows[by], rows[candidate], rule->dim);

		if (alpha * dist < c[candidate].dist || dist == 0)
		{
			memmove(taken + 1, taken, (size_t) i * sizeof(int));
			taken[0] = by;
			return true;
		}
	}
	return false;
}

int
mv_robust_prune(const MvPruneRule *rule, const MvCandidate *c, const void *const *rows, int n,
				float *occluded, int *keep)
{
	int			taken = 0,
				seen,
				kept = 0,
				i;

	for (seen = 0; seen < n && taken < rule->degree; seen++)
	{
		bool		passed_over = is_occluded(rule, c, rows, seen, keep, taken);

		occluded[seen] = passed_over ? 1 : MV_PRUNE_TAKEN;
		if (!passed_over)
			keep[taken++] = seen;
	}
	for (i = 0; kept < taken; i++)
		if (occluded[i] == MV_PRUNE_TAKEN)
			keep[kept++] = i;
	if (rule->fill)
		for (i = 0; i < seen && kept < rule->degree; i++)
			if (occluded[i] == 1)
				keep[kept++] = i;
	return kept;
}
