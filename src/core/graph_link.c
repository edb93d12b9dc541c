/*
 * graph_link.c -- edges out of candidates, and edges offered in reverse.
 */
#include <math.h>
#include <string.h>

#include "core/gemm.h"
#include "core/graph_part.h"

/*
 * Rows rounded to int8 cost a third to compare.  One step for all: coordinates
 * of a rotated row are as Gaussian ones, so five standard deviations of the
 * longest row hold nearly all.  Not where near rows are so near, or rows of
 * lengths so different, that rounding would hide their distances.
 */
void
mv_graph_decide_round(MvGraph *g)
{
	MvGraphHead *h = g->head;
	double		longest = 0,
				near = 0;
	int			i;

	for (i = 0; i < h->plan.n; i++)
	{
		near += g->assign_dist[i];
		if (g->norm[i] > longest)
			longest = g->norm[i];
	}
	h->step = (float) (sqrt(longest / h->plan.dim) * 5 / 127);
	h->round = near / h->plan.n > longest / 64;
	h->bytes = h->round && mv_gemm_has_bytes();
}

/* What is to be added to -2 times a product of bytes: the squared norm, and 2 * 128 a unit. */
static float
norm_of_bytes(const int8_t *x, int dim)
{
	int			sum = 0,
				i;

	for (i = 0; i < dim; i++)
		sum += x[i];
	return (float) (mv_kernels.dist[MV_I8][MV_IP](x, x, dim) + 256.0 * sum);
}

void
mv_graph_round(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	float	   *x = g->work->own;
	int			from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ASSIGN_ROWS, &from),
				i,
				j;

	for (i = from; i < end && g->head->round; i++)
	{
		int8_t	   *small = g->small + (size_t) i * (size_t) p->dim;

		mv_graph_floats(g, (uint32_t) i, x);
		for (j = 0; j < p->dim; j++)
			x[j] /= g->head->step;
		mv_kernels.from_f32[MV_I8](x, small, p->dim);
		if (g->head->bytes)
			g->norm[i] = norm_of_bytes(small, p->dim);
	}
}

/* Add a candidate of a row, once, to the list, whose end is n; returns the new end. */
static int
add_candidate(MvGraph *g, uint32_t row, uint32_t id, int n)
{
	if (id == MV_GRAPH_NONE || id == row || !mv_visit(&g->work->listed, id))
		return n;
	g->work->list[n].id = id;
	return n + 1;
}

/* The n candidates of the list in the order of their distances from a row. */
static void
order_candidates(MvGraph *g, uint32_t row, int n)
{
	MvGraphWork *w = g->work;
	float	   *dist = w->occluded; /* not in use yet */
	int			i;

	for (i = 0; i < n; i++)
		w->row[i] = mv_graph_compared(g, w->list[i].id);
	mv_dist_batch(mv_graph_compared_kind(g), MV_L2SQ, mv_graph_compared(g, row), w->row, n,
				  g->head->plan.dim, dist);
	for (i = 0; i < n; i++)
		w->list[i].dist = dist[i];
	mv_candidates_order(w->list, n);
	for (i = 0; i < n; i++)
		w->row[i] = mv_graph_compared(g, w->list[i].id);
}

/*
 * Prune the list of a row's n candidates into edges[degree]: first those that the
 * rule takes, whose number it returns, then the nearest of the others.
 */
static int
prune(MvGraph *g, uint32_t row, int n, uint32_t *edges)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	MvPruneRule rule = {mv_graph_compared_kind(g), p->dim, p->degree, p->alpha, false};
	int			taken,
				filled,
				i,
				j;

	order_candidates(g, row, n);
	taken = mv_robust_prune(&rule, w->list, w->row, n, w->occluded, w->keep);
	for (i = 0; i < taken; i++)
		edges[i] = w->list[w->keep[i]].id;
	filled = taken;
	for (i = j = 0; i < n && filled < p->degree; i++)
		if (j < taken && w->keep[j] == i)
			j++;
		else
			edges[filled++] = w->list[i].id;
	for (; filled < p->degree; filled++)
		edges[filled] = MV_GRAPH_NONE;
	return taken;
}

/* Edges of rows out of their candidates. */
void
mv_graph_choose(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	size_t		most = (size_t) p->fan_out * (size_t) p->leaf_nearest,
				j;
	int			from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ROWS, &from),
				sample = mv_graph_sample(g, unit),
				i;

	for (i = from; i < end; i++)
	{
		uint32_t	row = (uint32_t) i;
		const uint32_t *candidates = g->candidates + row * most;
		int			found = mv_graph_sampled(g, unit, sample, i - from),
					n = 0,
					k;

		mv_visited_clear(&w->listed);
		for (j = 0; j < most; j++)
			n = add_candidate(g, row, candidates[j], n);
		for (k = 0; k < found; k++)
			n = add_candidate(g, row, w->sampled[k].id, n);
		g->taken[row] = (uint16_t) prune(g, row, n, mv_graph_list(g, g->chosen, row));
	}
}

/* Sort the edges taken by target. */
void
mv_graph_offer(MvGraph *g)
{
	uint32_t	n = (uint32_t) g->head->plan.n,
				row;
	uint64_t   *start = g->reverse_start;
	int			j;

	memset(start, 0, (n + 1) * sizeof(*start));
	for (row = 0; row < n; row++)
		for (j = 0; j < g->taken[row]; j++)
			start[mv_graph_list(g, g->chosen, row)[j]]++;
	for (row = 1; row <= n; row++)
		start[row] += start[row - 1];
	for (row = n; row-- > 0;)
		for (j = 0; j < g->taken[row]; j++)
			g->reverse[--start[mv_graph_list(g, g->chosen, row)[j]]] = row;
}

/*
 * Rows take what they chose and what is offered to them, which pruning leaves
 * alone unless it is more than the degree; else those fill that were to fill.
 */
void
mv_graph_reverse(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	int			from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ROWS, &from),
				i,
				j;

	for (i = from; i < end; i++)
	{
		uint32_t	row = (uint32_t) i;
		const uint32_t *chosen = mv_graph_list(g, g->chosen, row);
		uint32_t   *edges = mv_graph_list(g, g->neighbors, row);
		uint64_t	offers = g->reverse_start[row + 1] - g->reverse_start[row],
					most = MV_GRAPH_OFFERS * (uint64_t) p->degree,
					k;
		int			n = 0;

		mv_visited_clear(&w->listed);
		for (j = 0; j < g->taken[row]; j++)
			n = add_candidate(g, row, chosen[j], n);
		/* of very many, some from all parts */
		for (k = 0; k < offers && k < most; k++)
			n = add_candidate(g, row, g->reverse[g->reverse_start[row] +
												 (offers > most ? k * offers / most : k)], n);
		for (j = g->taken[row]; j < p->degree && n < p->degree; j++)
			n = add_candidate(g, row, chosen[j], n);
		prune(g, row, n, edges);
	}
}
