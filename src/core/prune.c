/*
 * prune.c -- RobustPrune.
 */
#include <math.h>
#include <stdlib.h>

#include "core/dist.h"
#include "core/prune.h"

static int
compare_candidates(const void *x, const void *y)
{
	MvCandidate a = *(const MvCandidate *) x,
				b = *(const MvCandidate *) y;

	return mv_candidate_before(b, a) - mv_candidate_before(a, b);
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
	qsort(c, (size_t) kept, sizeof(*c), compare_candidates);
	return kept;
}

int
mv_robust_prune(const MvPruneRule *rule, const MvCandidate *c, const void *const *rows, int n,
				float *occluded, int *keep)
{
	MvDistFn	l2sq = mv_kernels.dist[rule->kind][MV_L2SQ];
	float		alpha = rule->alpha * rule->alpha;
	int			kept = 0,
				i,
				j;

	for (i = 0; i < n; i++)
		occluded[i] = 0;
	for (i = 0; i < n && kept < rule->degree; i++)
	{
		if (occluded[i] != 0)
			continue;
		occluded[i] = 2;		/* taken */
		keep[kept++] = i;
		if (kept == rule->degree)
			break;
		for (j = i + 1; j < n; j++)
			if (occluded[j] == 0)
			{
				float		dist = (float) l2sq(rows[i], rows[j], rule->dim);

				if (alpha * dist < c[j].dist || dist == 0)
					occluded[j] = 1;
			}
	}
	if (rule->fill)
		for (i = 0; i < n && kept < rule->degree; i++)
			if (occluded[i] == 1)
				keep[kept++] = i;
	return kept;
}
