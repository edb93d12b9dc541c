/*
 * graph_connect.c -- the entry table, full lists, and a way to every row.
 */
#include <math.h>
#include <string.h>

#include "core/graph_part.h"
#include "core/rng.h"

/* The row nearest to each centroid that has rows. */
void
mv_graph_choose_entries(MvGraph *g)
{
	const MvGraphPlan *p = &g->head->plan;
	uint32_t   *best = g->reverse;	/* not in use yet; [k] */
	int			n = 0,
				i,
				j;

	for (j = 0; j < p->k; j++)
		best[j] = MV_GRAPH_NONE;
	for (i = 0; i < p->n; i++)
	{
		uint32_t   *b = best + g->assign[(size_t) i * (size_t) p->fan_out];

		if (*b == MV_GRAPH_NONE || g->assign_dist[i] < g->assign_dist[*b])
			*b = (uint32_t) i;
	}
	for (j = 0; j < p->k; j++)
		if (best[j] != MV_GRAPH_NONE)
			g->entries[n++] = best[j];
	g->head->n_entries = n;
}

/* Random rows where a list is still short; only n - 1 < degree leaves it so. */
static void
fill_lists(MvGraph *g)
{
	const MvGraphPlan *p = &g->head->plan;
	int			degree = p->degree < p->n - 1 ? p->degree : p->n - 1,
				i,
				j,
				k;

	for (i = 0; i < p->n; i++)
	{
		uint32_t   *list = mv_graph_list(g, g->neighbors, (uint32_t) i);
		uint64_t	rng = p->seed * 0x9e3779b97f4a7c15u + (uint64_t) i;
		uint32_t	id;

		for (j = 0; j < degree && list[j] != MV_GRAPH_NONE; j++)
			;
		if (j == degree)
			continue;
		/* from a random place on, whatever is not there yet */
		for (id = mv_rng_below(&rng, (uint32_t) p->n); j < degree; id = (id + 1) % (uint32_t) p->n)
		{
			for (k = 0; k < j && list[k] != id; k++)
				;
			if (k == j && id != (uint32_t) i)
				list[j++] = id;
		}
	}
}

/* Visit all that can be reached from the queue's rows from `from` on; returns its new end. */
static int
spread(MvGraph *g, uint32_t *queue, int from, int end)
{
	const MvGraphPlan *p = &g->head->plan;

	for (; from < end; from++)
	{
		const uint32_t *list = mv_graph_list(g, g->neighbors, queue[from]);
		int			j;

		for (j = 0; j < p->degree && list[j] != MV_GRAPH_NONE; j++)
			if (g->parent[list[j]] == MV_GRAPH_NONE)
			{
				g->parent[list[j]] = queue[from];
				queue[end++] = list[j];
			}
	}
	return end;
}

/* Give one of row's neighbors that can be reached an edge to it, in place of one not needed. */
static bool
attach(MvGraph *g, uint32_t row)
{
	const MvGraphPlan *p = &g->head->plan;
	const uint32_t *list = mv_graph_list(g, g->neighbors, row);
	int			i,
				j;

	for (i = 0; i < p->degree && list[i] != MV_GRAPH_NONE; i++)
	{
		uint32_t	from = list[i];
		uint32_t   *edges = mv_graph_list(g, g->neighbors, from);

		if (g->parent[from] == MV_GRAPH_NONE)
			continue;
		for (j = p->degree - 1; j >= 0; j--)
			if (edges[j] != MV_GRAPH_NONE && g->parent[edges[j]] != from)
			{
				edges[j] = row;
				g->parent[row] = from;
				return true;
			}
	}
	return false;
}

void
mv_graph_connect(MvGraph *g)
{
	MvGraphHead *h = g->head;
	uint32_t   *queue = g->reverse;
	int			end = 0,
				i;

	fill_lists(g);
	memset(g->parent, 0xff, (size_t) h->plan.n * sizeof(uint32_t));
	for (i = 0; i < h->n_entries; i++)
	{
		g->parent[g->entries[i]] = g->entries[i];
		queue[end++] = g->entries[i];
	}
	end = spread(g, queue, 0, end);
	for (i = 0; i < h->plan.n; i++)
	{
		uint32_t	row = (uint32_t) i;

		if (g->parent[row] != MV_GRAPH_NONE)
			continue;
		if (!attach(g, row))
		{
			g->parent[row] = row;
			g->entries[h->n_entries++] = row;
		}
		queue[end] = row;
		end = spread(g, queue, end, end + 1);
	}
}
