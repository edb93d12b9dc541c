/*
 * ivf_choose.c -- which lists a scan reads next, and in which order.
 *
 * One-bit codes of the centroids give a likely bound of every list's key.  Only lists
 * whose bound is within the limit are ranked by better codes: most never are.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "index/ivf/ivf.h"

/* The first few lists come in order and give a limit to the others, whose order does not matter. */
#define FEW_LISTS 8

void
mv_ivf_choice_begin(MvIvfChoice *c, MvIvfQuery *query)
{
	int			n = query->ivf->nused;

	c->query = query;
	c->g_add = palloc(sizeof(float) * n);
	c->g_dist = palloc(sizeof(float) * n);
	c->keys = palloc(sizeof(float) * n);
	c->lists = palloc(sizeof(uint32) * (n + 1));
	c->n = 0;
}

static inline bool
is_ranked(const MvIvfChoice *c, uint32 list)
{
	return !(c->g_dist[list] < 0);
}

/* Rank those of n lists that are not. */
static void
rank_lists(MvIvfChoice *c, const uint32 *lists, int n)
{
	float		g_add[MV_BLOCK],
				g_dist[MV_BLOCK];
	uint32		batch[MV_BLOCK];

	for (int i = 0; i < n;)
	{
		int			m = 0;

		for (; i < n && m < MV_BLOCK; i++)
			if (!is_ranked(c, lists[i]))
				batch[m++] = lists[i];
		mv_ivf_rank_some(c->query, batch, m, g_add, g_dist);
		for (int j = 0; j < m; j++)
		{
			float		key = mv_ivf_key(c->query->ivf, (int) batch[j], g_add[j]);

			c->g_add[batch[j]] = g_add[j];
			c->g_dist[batch[j]] = g_dist[j];
			c->keys[batch[j]] = isnan(key) ? -INFINITY : key;
		}
	}
}

/* Find the least key, and the nearest list, which comes first in any case: a row is found there. */
void
mv_ivf_choice_start(MvIvfChoice *c, float query_norm)
{
	const MvIvf *ivf = c->query->ivf;
	uint32		n = (uint32) ivf->nused,
				nearest = 0;
	float		least = INFINITY;

	mv_ivf_bound_lists(c->query, c->g_add, c->keys);
	mv_ivf_keys(ivf, c->keys, ivf->nused, c->keys);
	c->scale = mv_ivf_key_scale(ivf, query_norm);
	c->first_key = INFINITY;
	c->n = 0;
	for (uint32 i = 0; i < n; i++)
	{
		c->g_dist[i] = -1;
		if (isnan(c->keys[i]))
			c->keys[i] = -INFINITY;
		if (c->g_add[i] < c->g_add[nearest])
			nearest = i;
	}
	for (uint32 next = nearest, i = 0; i < n; next = i++)
	{
		if (!(c->keys[next] < c->first_key || c->g_add[next] < least))
			continue;
		rank_lists(c, &next, 1);
		c->first_key = Min(c->first_key, c->keys[next]);
		if (c->g_add[next] < least)
		{
			least = c->g_add[next];
			nearest = next;
		}
	}
	c->keys[nearest] = -INFINITY;
}

/* Move the `want` nearest of n lists to the front, by quickselect. */
static void
select_nearest(const float *keys, uint32 *lists, int n, int want)
{
	int			at = 0,
				end = n;

	while (end - at > 1 && want > at && want < end)
	{
		float		pivot = keys[lists[at + (end - at) / 2]];
		int			i = at,
					j = end - 1;

		while (i <= j)
		{
			while (keys[lists[i]] < pivot)
				i++;
			while (keys[lists[j]] > pivot)
				j--;
			if (i <= j)
			{
				uint32		swap = lists[i];

				lists[i++] = lists[j];
				lists[j--] = swap;
			}
		}
		if (want <= j + 1)
			end = j + 1;
		else if (want >= i)
			at = i;
		else
			break;
	}
}

/* Bring the nearest few of n lists to the front, in order. */
static void
bring_few(const float *keys, uint32 *lists, int n)
{
	for (int i = 1; i < n; i++)
	{
		uint32		list = lists[i];
		int			to = Min(i, FEW_LISTS);

		if (!(keys[list] < keys[lists[to - 1]]))
			continue;
		lists[i] = lists[to - 1];
		for (to--; to > 0 && keys[list] < keys[lists[to - 1]]; to--)
			lists[to] = lists[to - 1];
		lists[to] = list;
	}
}

int
mv_ivf_count_in_reach(const MvIvfChoice *c, float reach)
{
	float		limit = reach < INFINITY ? c->first_key + reach * c->scale : INFINITY;
	int			n = 0;

	for (int i = 0; i < c->query->ivf->nused; i++)
		n += c->keys[i] <= limit;
	return n;
}

int
mv_ivf_choose(MvIvfChoice *c, float reach, int max)
{
	float		limit = reach < INFINITY ? c->first_key + reach * c->scale : INFINITY;
	uint32	   *lists = c->lists + c->n;
	int			found = 0,
				n = 0;

	for (uint32 i = 0; i < (uint32) c->query->ivf->nused; i++)
	{
		lists[found] = i;
		found += c->keys[i] <= limit;
	}
	rank_lists(c, lists, found);
	for (int i = 0; i < found; i++)
		if (c->keys[lists[i]] <= limit)
			lists[n++] = lists[i];
	if (n > max)
		select_nearest(c->keys, lists, n, max);
	n = Min(n, max);
	bring_few(c->keys, lists, n);
	for (int i = 0; i < n; i++)
		c->keys[lists[i]] = NAN;
	c->n += n;
	return n;
}
