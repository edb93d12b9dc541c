/*
 * graph_link.c -- edges out of candidates, and edges offered in reverse.
 */
#include <string.h>

#include "core/dist.h"
#include "core/graph_part.h"

/* Add a candidate of a row to the list, whose end is n; returns the new end. */
static int
add_candidate(MvGraph *g, uint32_t row, uint32_t id, int n)
{
	MvDistFn	l2sq = mv_kernels.dist[g->head->plan.kind][MV_L2SQ];

	if (id == MV_GRAPH_NONE || id == row)
		return n;
	g->work->list[n].id = id;
	g->work->list[n].dist = (float) l2sq(mv_graph_row(g, row), mv_graph_row(g, id),
										 g->head->plan.dim);
	return n + 1;
}

/* Prune the list of n candidates into edges[degree]. */
static void
choose(MvGraph *g, int n, bool fill, uint32_t *edges)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	MvPruneRule rule = {p->kind, p->dim, p->degree, p->alpha, fill};
	int			kept,
				i;

	n = mv_candidates_sort(w->list, n);
	for (i = 0; i < n; i++)
		w->row[i] = mv_graph_row(g, w->list[i].id);
	kept = mv_robust_prune(&rule, w->list, w->row, n, w->occluded, w->keep);
	for (i = 0; i < kept; i++)
		edges[i] = w->list[w->keep[i]].id;
	for (; i < p->degree; i++)
		edges[i] = MV_GRAPH_NONE;
}

/* Edges of rows out of their candidates from leaves. */
void
mv_graph_prune(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	size_t		most = (size_t) p->fan_out * (size_t) p->leaf_nearest,
				j;
	int			from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ROWS, &from),
				i;

	for (i = from; i < end; i++)
	{
		uint32_t	row = (uint32_t) i;
		const uint32_t *candidates = g->candidates + row * most;
		int			n = 0;

		for (j = 0; j < most; j++)
			n = add_candidate(g, row, candidates[j], n);
		choose(g, n, true, mv_graph_list(g, g->chosen, row));
	}
}

/* Sort the chosen edges by target. */
void
mv_graph_offer(MvGraph *g)
{
	size_t		n = (size_t) g->head->plan.n,
				degree = (size_t) g->head->plan.degree,
				i;
	uint64_t   *start = g->reverse_start;

	memset(start, 0, (n + 1) * sizeof(*start));
	for (i = 0; i < n * degree; i++)
		if (g->chosen[i] != MV_GRAPH_NONE)
			start[g->chosen[i]]++;
	for (i = 1; i <= n; i++)
		start[i] += start[i - 1];
	for (i = n * degree; i-- > 0;)
		if (g->chosen[i] != MV_GRAPH_NONE)
			g->reverse[--start[g->chosen[i]]] = (uint32_t) (i / degree);
}

/* Rows take the best of what they chose and of what is offered to them. */
void
mv_graph_reverse(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	int			from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ROWS, &from),
				i,
				j;

	for (i = from; i < end; i++)
	{
		uint32_t	row = (uint32_t) i;
		const uint32_t *chosen = mv_graph_list(g, g->chosen, row);
		uint64_t	offers = g->reverse_start[row + 1] - g->reverse_start[row],
					most = MV_GRAPH_OFFERS * (uint64_t) p->degree,
					step = offers > most ? offers / most : 1,
					k;
		int			n = 0;

		for (j = 0; j < p->degree; j++)
			n = add_candidate(g, row, chosen[j], n);
		for (k = 0; k < offers && k / step < most; k += step)
			n = add_candidate(g, row, g->reverse[g->reverse_start[row] + k], n);
		choose(g, n, true, mv_graph_list(g, g->neighbors, row));
	}
}
