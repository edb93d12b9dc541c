/*
 * graph.c -- the graph builder: plan, memory, and the order of its passes.
 */
#include <string.h>

#include "core/carve.h"
#include "core/gemm.h"
#include "core/graph_part.h"

void
mv_graph_plan(MvGraphPlan *plan, int n, int dim, int k, int degree, int effort)
{
	memset(plan, 0, sizeof(*plan));
	plan->n = n;
	plan->dim = dim;
	plan->kind = MV_F16;
	plan->k = k;
	plan->degree = degree;
	plan->fan_out = k < 8 ? k : 8;
	plan->leaf_nearest = degree <= 32 ? 12 : 16;
	plan->candidates = 8 * degree;
	plan->alpha = 1.1f;
	plan->passes = 0;
	plan->ef = effort;
	plan->seed = 1;
}

/* ---- memory ---- */

static size_t
max_leaves(const MvGraphPlan *p)
{
	return (size_t) p->k +
		(size_t) p->n * (size_t) p->fan_out / (size_t) mv_graph_leaf_rows(p->dim);
}

static size_t
lay_out_shared(MvGraph *g, const MvGraphPlan *p, void *base)
{
	size_t		at = 0,
				n = (size_t) p->n,
				edges = n * (size_t) p->degree,
				places = n * (size_t) p->fan_out;

	g->head = mv_carve(base, &at, sizeof(MvGraphHead));
	g->neighbors = mv_carve(base, &at, edges * sizeof(uint32_t));
	g->chosen = mv_carve(base, &at, edges * sizeof(uint32_t));
	g->entries = mv_carve(base, &at, n * sizeof(uint32_t));
	g->candidates = mv_carve(base, &at, places * (size_t) p->leaf_nearest * sizeof(uint32_t));
	g->reverse = mv_carve(base, &at, edges * sizeof(uint32_t));
	g->parent = mv_carve(base, &at, n * sizeof(uint32_t));
	g->assign = mv_carve(base, &at, places * sizeof(int32_t));
	g->member = mv_carve(base, &at, places * sizeof(int32_t));
	g->leaf = mv_carve(base, &at, (max_leaves(p) + 1) * sizeof(int32_t));
	g->assign_dist = mv_carve(base, &at, n * sizeof(float));
	g->reverse_start = mv_carve(base, &at, (n + 1) * sizeof(uint64_t));
	return at;
}

static size_t
lay_out_work(MvGraph *g, const MvGraphPlan *p, const MvCentroids *set, void *base)
{
	size_t		at = 0,
				leaf = (size_t) mv_graph_leaf_rows(p->dim),
				gathered = leaf > MV_GRAPH_ASSIGN_ROWS ? leaf : MV_GRAPH_ASSIGN_ROWS,
				dists = (size_t) p->leaf_nearest,
				list = (size_t) p->fan_out * (size_t) p->leaf_nearest,
				reverse = (MV_GRAPH_OFFERS + 1) * (size_t) p->degree;
	MvGraphWork *w = mv_carve(base, &at, sizeof(MvGraphWork)),
				nowhere;

	g->work = w;
	if (w == NULL)
		w = &nowhere;
	if (dists < (size_t) MV_GRAPH_ASSIGN_ROWS * (size_t) p->fan_out)
		dists = (size_t) MV_GRAPH_ASSIGN_ROWS * (size_t) p->fan_out;
	if (list < reverse)
		list = reverse;
	(void) set;
	w->nearest = mv_carve(base, &at, mv_nearest_size(p->dim, p->k, MV_NEAREST_MAX));
	w->gathered = mv_carve(base, &at, gathered * (size_t) p->dim * sizeof(float));
	w->norm = mv_carve(base, &at, leaf * sizeof(float));
	w->dots = mv_carve(base, &at, MV_GRAPH_TILE * leaf * sizeof(float));
	w->dist = mv_carve(base, &at, dists * sizeof(float));
	w->gemm = mv_carve(base, &at, MV_GEMM_WORK);
	w->list = mv_carve(base, &at, list * sizeof(MvCandidate));
	w->row = mv_carve(base, &at, list * sizeof(void *));
	w->occluded = mv_carve(base, &at, list * sizeof(float));
	w->keep = mv_carve(base, &at, list * sizeof(int));
	return at;
}

size_t
mv_graph_size(const MvGraphPlan *plan)
{
	MvGraph		g;

	return lay_out_shared(&g, plan, NULL);
}

size_t
mv_graph_work_size(const MvGraphPlan *plan)
{
	MvGraph		g;

	return lay_out_work(&g, plan, NULL, NULL);
}

void
mv_graph_begin(const MvGraphPlan *plan, void *shared)
{
	MvGraph		g;

	lay_out_shared(&g, plan, shared);
	memset(g.head, 0, sizeof(*g.head));
	g.head->plan = *plan;
	g.head->phase = plan->n > 0 ? GRAPH_ASSIGN : GRAPH_DONE;
}

void
mv_graph_attach(MvGraph *graph, void *shared, const MvGraphRows *rows, const MvCentroids *set,
				void *work)
{
	const MvGraphPlan *plan = &((MvGraphHead *) shared)->plan;

	lay_out_shared(graph, plan, shared);
	lay_out_work(graph, plan, set, work);
	graph->rows = *rows;
	graph->set = set;
}

/* ---- passes ---- */

int
mv_graph_units(const MvGraph *graph)
{
	int			n = graph->head->plan.n;

	switch (graph->head->phase)
	{
		case GRAPH_ASSIGN:
			return mv_graph_pieces(n, MV_GRAPH_ASSIGN_ROWS);
		case GRAPH_LEAF:
			return graph->head->leaves;
		case GRAPH_PRUNE:
		case GRAPH_REVERSE:
			return mv_graph_pieces(n, MV_GRAPH_ROWS);
		case GRAPH_DONE:
			break;
	}
	return 0;
}

void
mv_graph_unit(MvGraph *graph, int unit)
{
	switch (graph->head->phase)
	{
		case GRAPH_ASSIGN:
			mv_graph_assign(graph, unit);
			break;
		case GRAPH_LEAF:
			mv_graph_leaf(graph, unit);
			break;
		case GRAPH_PRUNE:
			mv_graph_prune(graph, unit);
			break;
		case GRAPH_REVERSE:
			mv_graph_reverse(graph, unit);
			break;
		case GRAPH_DONE:
			break;
	}
}

void
mv_graph_next(MvGraph *graph)
{
	MvGraphHead *h = graph->head;

	switch (h->phase)
	{
		case GRAPH_ASSIGN:
			mv_graph_choose_entries(graph);
			mv_graph_form_leaves(graph);
			h->phase = GRAPH_LEAF;
			break;
		case GRAPH_LEAF:
			h->phase = GRAPH_PRUNE;
			break;
		case GRAPH_PRUNE:
			mv_graph_offer(graph);
			h->phase = GRAPH_REVERSE;
			break;
		case GRAPH_REVERSE:
			mv_graph_connect(graph);
			h->phase = GRAPH_DONE;
			break;
		case GRAPH_DONE:
			return;
	}
	h->pass++;
}

int
mv_graph_pass(const MvGraph *graph)
{
	return graph->head->pass;
}

int
mv_graph_passes(const MvGraphPlan *plan)
{
	return plan->n > 0 ? (int) GRAPH_DONE : 0;
}

const uint32_t *
mv_graph_neighbors(const MvGraph *graph, uint32_t row)
{
	return mv_graph_list(graph, graph->neighbors, row);
}

const uint32_t *
mv_graph_entries(const MvGraph *graph, int *count)
{
	*count = graph->head->n_entries;
	return graph->entries;
}
