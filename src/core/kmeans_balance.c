/*
 * kmeans_balance.c -- how k-means keeps its lists near the average length, and
 * how groups get their share of the clusters.
 */
#include <string.h>

#include "core/kmeans_part.h"

#define SPLIT_ROWS 1024			/* rows of a list that dividing it looks at */
#define SMALL 0.25				/* of the average length: moved towards a larger one */
#define LARGE 3					/* times the average length: divided at the end */

void
mv_part_twins(MvKmeans *km)
{
	MvCentroids set = mv_part_set(km);

	km->head->twins = mv_twins_find(set.k, set.dim, set.c, set.norm, km->twins);
}

/*
 * Move a small cluster towards a random member of one above the average, out of
 * the clusters [from, to), as cuVS does: c = (w large + x) / (w + 1), w = min(size, 7).
 */
static void
move_small(MvKmeans *km, int j, int from, int to, double average, uint64_t *rng)
{
	const MvKmeansPlan *p = &km->head->plan;
	bool		meso = mv_part_in_meso(km->head);
	float	   *c = meso ? km->meso : km->c,
			   *mine = c + (size_t) j * (size_t) p->dim;
	int			members = km->start[to] - km->start[from],
				w = mv_part_size(km, j) < 7 ? mv_part_size(km, j) : 7,
				tries,
				i;

	for (tries = 0; tries < 32 && members > 0; tries++)
	{
		int			m = km->order[km->start[from] + mv_part_below(rng, members)],
					large = km->assign[m];
		const float *x = mv_part_row_at(km, m),
				   *y = c + (size_t) large * (size_t) p->dim;

		if (mv_part_size(km, large) <= average)
			continue;
		for (i = 0; i < p->dim; i++)
			mine[i] = (float) (((double) w * y[i] + x[i]) / (w + 1));
		mv_part_set_norm(mine, (meso ? km->meso_norm : km->norm) + j, p->dim, p->spherical);
		return;
	}
}

/* After means: small clusters move, inside their group. */
void
mv_part_balance(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	bool		meso = mv_part_in_meso(h);
	int			groups = meso ? 1 : h->groups,
				g,
				j;
	uint64_t	rng = mv_part_rng(h, 0);

	for (g = 0; h->plan.balanced && g < groups; g++)
	{
		int			from = meso ? 0 : km->child[g],
					to = meso ? h->groups : km->child[g + 1];
		double		average = (double) (km->start[to] - km->start[from]) / (to - from);

		for (j = from; j < to; j++)
			if (mv_part_size(km, j) <= SMALL * average)
				move_small(km, j, from, to, average, &rng);
	}
	mv_part_twins(km);
}

/*
 * Groups that have members, and how many of the k clusters each gets: seats by
 * Webster (Sainte-Lague), at least one and at most one per row.
 */
void
mv_part_allot(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	size_t		dim = (size_t) h->plan.dim;
	int			groups = 0,
				left,
				g;

	for (g = 0; g < h->groups; g++)
		if (mv_part_size(km, g) > 0)
		{
			memmove(km->meso + (size_t) groups * dim, km->meso + (size_t) g * dim,
					dim * sizeof(float));
			km->meso_norm[groups] = km->meso_norm[g];
			km->group_start[groups] = km->start[g];
			km->sizes[groups++] = 1;
		}
	h->groups = groups;
	km->group_start[groups] = h->plan.n;
	for (left = h->plan.k - groups; left > 0; left--)
	{
		double		most = -1;
		int			winner = 0;

		for (g = 0; g < groups; g++)
		{
			int			size = km->group_start[g + 1] - km->group_start[g];
			double		claim = size / (2.0 * km->sizes[g] + 1);

			if (km->sizes[g] < size && claim > most)
			{
				most = claim;
				winner = g;
			}
		}
		km->sizes[winner]++;
	}
	km->child[0] = 0;
	for (g = 0; g < groups; g++)
		km->child[g + 1] = km->child[g] + km->sizes[g];
}

/* Meso centroids follow their children. */
void
mv_part_update_meso(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	const MvKmeansPlan *p = &h->plan;
	size_t		dim = (size_t) p->dim,
				i;
	int			g,
				j;

	for (g = 0; g < h->groups && h->groups > 1; g++)
	{
		int			members = km->start[km->child[g + 1]] - km->start[km->child[g]];
		float	   *meso = km->meso + (size_t) g * dim;

		if (members == 0)
			continue;
		memset(km->sums, 0, dim * sizeof(double));
		for (j = km->child[g]; j < km->child[g + 1]; j++)
			for (i = 0; i < dim; i++)
				km->sums[i] += (double) mv_part_size(km, j) * km->c[(size_t) j * dim + i];
		mv_part_mean(km->sums, members, p->dim, p->spherical, meso);
		km->meso_norm[g] = (float) mv_part_norm(meso, p->dim);
	}
}

/* Divide list `large` by 2-means of some of its rows; `small` gets the second half. */
static void
split_list(MvKmeans *km, int large, int small, uint64_t *rng)
{
	const MvKmeansPlan *p = &km->head->plan;
	size_t		dim = (size_t) p->dim;
	int			size = mv_part_size(km, large),
				n = size < SPLIT_ROWS ? size : SPLIT_ROWS,
				i;
	MvMembers	m = {km->rows, km->some, n, p->dim};
	MvSplitWork w = {km->sums, km->some_dist, km->some_copy, km->side};
	float	   *halves = km->gathered;

	for (i = 0; i < n; i++)
		km->some[i] = km->order[km->start[large] + (int) ((int64_t) i * size / n)];
	mv_part_split(&m, p->spherical, rng, &w, halves);
	memcpy(km->c + (size_t) large * dim, halves, dim * sizeof(float));
	memcpy(km->c + (size_t) small * dim, halves + dim, dim * sizeof(float));
	km->norm[large] = (float) mv_part_norm(halves, p->dim);
	km->norm[small] = (float) mv_part_norm(halves + dim, p->dim);
}

/*
 * At the end: empty lists take half of the longest of their group, and lists
 * over the limit are divided with the shortest.  False when there were none.
 */
bool
mv_part_split_large(MvKmeans *km)
{
	MvKmeansHead *h = km->head;
	double		limit = LARGE * (double) h->plan.n / h->plan.k;
	uint64_t	rng = mv_part_rng(h, h->split_rounds);
	bool		any = false;
	int			g,
				j;

	for (j = 0; j < h->plan.k; j++)
		km->sizes[j] = mv_part_size(km, j);
	for (g = 0; g < h->groups; g++)
		for (;;)
		{
			int			large = -1,
						small = -1;

			for (j = km->child[g]; j < km->child[g + 1]; j++)
			{
				if (km->sizes[j] < 0)	/* divided in this round */
					continue;
				if (large < 0 || km->sizes[j] > km->sizes[large])
					large = j;
				if (small < 0 || km->sizes[j] < km->sizes[small])
					small = j;
			}
			if (large < 0 || km->sizes[large] < 2 ||
				(km->sizes[small] > 0 &&
				 (km->sizes[large] <= limit || km->sizes[small] > km->sizes[large] / 4)))
				break;
			split_list(km, large, small, &rng);
			km->sizes[large] = km->sizes[small] = -1;
			any = true;
		}
	return any;
}
