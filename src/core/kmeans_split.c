/*
 * kmeans_split.c -- 2-means of one list, and seeding by k-means++.
 *
 * Both work on rows that lie anywhere (a list of row numbers) and compare by
 * the distance kernels, for there are too few columns for products of tiles.
 */
#include <string.h>

#include "core/carve.h"
#include "core/dist.h"
#include "core/kmeans_part.h"

#define SPLIT_ITERATIONS 6

static inline const float *
member(const MvMembers *m, int i)
{
	size_t		row = m->which != NULL ? (size_t) m->which[i] : (size_t) i;

	return m->rows + row * (size_t) m->dim;
}

/* Distances of all members to x: into d, or the lesser of that and d. */
static double
lower_distances(const MvMembers *m, const float *x, bool first, float *d)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	double		total = 0;
	int			i;

	for (i = 0; i < m->n; i++)
	{
		float		new = (float) l2sq(x, member(m, i), m->dim);

		if (first || new < d[i])
			d[i] = new;
		total += d[i];
	}
	return total;
}

/* A member drawn with probability d[i] / total, any if total is 0 or not finite. */
static int
draw(const MvMembers *m, const float *d, double total, uint64_t *rng)
{
	double		at = mv_part_real(rng) * total;
	int			i;

	if (!(total > 0 && total <= 1e300))
		return mv_part_below(rng, m->n);
	for (i = 0; i < m->n - 1; i++)
	{
		at -= d[i];
		if (at < 0)
			break;
	}
	while (i > 0 && d[i] == 0)	/* rounding may run past the last one drawable */
		i--;
	return i;
}

void
mv_part_seed(const MvMembers *m, int k, uint64_t *rng, float *d, float *c)
{
	size_t		bytes = (size_t) m->dim * sizeof(float);
	int			at = mv_part_below(rng, m->n),
				j;

	for (j = 0; j < k; j++)
	{
		float	   *seed = c + (size_t) j * (size_t) m->dim;

		memcpy(seed, member(m, at), bytes);
		if (j + 1 < k)
			at = draw(m, d, lower_distances(m, seed, j == 0, d), rng);
	}
}

/* The value of which `want` of the n values are not less.  Reorders x. */
static float
nth_largest(float *x, int n, int want, uint64_t *rng)
{
	int			low = 0,
				high = n - 1,
				target = want - 1;

	while (low < high)
	{
		float		pivot = x[low + mv_part_below(rng, high - low + 1)];
		int			i = low,
					j = high;

		while (i <= j)
		{
			while (x[i] > pivot)
				i++;
			while (x[j] < pivot)
				j--;
			if (i <= j)
			{
				float		t = x[i];

				x[i++] = x[j];
				x[j--] = t;
			}
		}
		if (target <= j)
			high = j;
		else if (target >= i)
			low = i;
		else
			break;
	}
	return x[target];
}

/* side[i] = 1 for the `want` members of the largest t. */
static void
divide(int n, int want, const float *t, float *copy, uint8_t *side, uint64_t *rng)
{
	float		least;
	int			ties = want,
				i;

	memcpy(copy, t, (size_t) n * sizeof(float));
	least = nth_largest(copy, n, want, rng);
	for (i = 0; i < n; i++)
	{
		side[i] = t[i] > least;
		ties -= side[i];
	}
	for (i = 0; i < n && ties > 0; i++)
		if (t[i] == least)
		{
			side[i] = 1;
			ties--;
		}
}

/* Sides by the nearer centroid, but none below a quarter. */
static void
choose_sides(const MvMembers *m, const float *c, MvSplitWork *w, uint64_t *rng)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	int			least = m->n / 4 > 0 ? m->n / 4 : 1,
				want = 0,
				i;

	for (i = 0; i < m->n; i++)
	{
		const float *x = member(m, i);
		double		t = l2sq(x, c, m->dim) - l2sq(x, c + m->dim, m->dim);

		w->t[i] = t == t ? (float) t : 0;
		want += w->t[i] > 0;
	}
	if (want < least)
		want = least;
	if (want > m->n - least)
		want = m->n - least;
	divide(m->n, want, w->t, w->copy, w->side, rng);
}

void
mv_part_split(const MvMembers *m, bool spherical, uint64_t *rng, MvSplitWork *w, float *c)
{
	int			round,
				i,
				j;

	mv_part_seed(m, 2, rng, w->t, c);
	for (round = 0; round < SPLIT_ITERATIONS; round++)
	{
		int			count[2] = {0, 0};

		choose_sides(m, c, w, rng);
		memset(w->sums, 0, 2 * (size_t) m->dim * sizeof(double));
		for (i = 0; i < m->n; i++)
		{
			mv_part_add(w->sums + w->side[i] * (size_t) m->dim, member(m, i), m->dim);
			count[w->side[i]]++;
		}
		for (j = 0; j < 2; j++)
			mv_part_mean(w->sums + (size_t) j * (size_t) m->dim, count[j], m->dim, spherical,
						 c + (size_t) j * (size_t) m->dim);
	}
}

static size_t
lay_out(MvSplitWork *w, void *base, int n, int dim)
{
	size_t		at = 0;

	w->sums = mv_carve(base, &at, 2 * (size_t) dim * sizeof(double));
	w->t = mv_carve(base, &at, (size_t) n * sizeof(float));
	w->copy = mv_carve(base, &at, (size_t) n * sizeof(float));
	return at;
}

size_t
mv_kmeans_split_size(int n, int dim)
{
	MvSplitWork w;

	return lay_out(&w, NULL, n, dim);
}

void
mv_kmeans_split(const float *rows, int n, int dim, bool spherical,
				float *c, uint8_t *side, void *work)
{
	MvMembers	all = {rows, NULL, n, dim};
	MvSplitWork w;
	uint64_t	rng = 1;

	lay_out(&w, work, n, dim);
	w.side = side;
	mv_part_split(&all, spherical, &rng, &w, c);
}
