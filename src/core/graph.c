/*
 * graph.c -- the graph builder: plan, memory, and the order of its passes.
 */
#include <string.h>

#include "core/carve.h"
#include "core/gemm.h"
#include "core/graph_part.h"

#define FAN_OUT 6
#define LEAF_NEAREST 12
#define SAMPLE_PER_EFFORT 128	/* 8192 rows at the usual effort, 64 */
#define NEAREST_PER_EFFORT 6
#define MIN_SAMPLE 512
#define MAX_SAMPLE 16384
#define SAMPLE_BYTES (32 << 20)
#define MAX_NEAREST 768
#define ALPHA 1.05f

static int
between(int x, int low, int high)
{
	return x < low ? low : x > high ? high : x;
}

void
mv_graph_plan(MvGraphPlan *plan, int n, int dim, int k, int degree, int effort)
{
	memset(plan, 0, sizeof(*plan));
	plan->n = n;
	plan->dim = dim;
	plan->kind = MV_F16;
	plan->k = k;
	plan->degree = degree;
	plan->fan_out = k < FAN_OUT ? k : FAN_OUT;
	plan->leaf_nearest = LEAF_NEAREST;
	plan->sample = between(SAMPLE_PER_EFFORT * effort, MIN_SAMPLE, MAX_SAMPLE);
	plan->sample = between(plan->sample, 1, SAMPLE_BYTES / (int) sizeof(float) / dim);
	plan->sample_nearest = between(NEAREST_PER_EFFORT * effort, degree, MAX_NEAREST);
	plan->alpha = ALPHA;
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
	g->taken = mv_carve(base, &at, n * sizeof(uint16_t));
	g->assign_dist = mv_carve(base, &at, n * sizeof(float));
	g->norm = mv_carve(base, &at, n * sizeof(float));
	g->small = mv_carve(base, &at, n * (size_t) p->dim);
	g->reverse_start = mv_carve(base, &at, (n + 1) * sizeof(uint64_t));
	return at;
}

static size_t
most(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t
lay_out_work(MvGraph *g, const MvGraphPlan *p, void *base)
{
	size_t		at = 0,
				dim = (size_t) p->dim,
				leaf = (size_t) mv_graph_leaf_rows(p->dim),
				columns = most(leaf, (size_t) p->sample),
				near = (size_t) p->fan_out * (size_t) p->leaf_nearest,
				list = most(near + (size_t) p->sample_nearest,
							(MV_GRAPH_OFFERS + 1) * (size_t) p->degree);
	MvGraphWork *w = mv_carve(base, &at, sizeof(MvGraphWork)),
				nowhere;

	g->work = w;
	if (w == NULL)
		w = &nowhere;
	w->nearest = mv_carve(base, &at, mv_nearest_size(p->dim, p->k, MV_NEAREST_MAX));
	w->gathered = mv_carve(base, &at, most(columns, MV_GRAPH_ASSIGN_ROWS) * dim * sizeof(float));
	w->own = mv_carve(base, &at, MV_GRAPH_ROWS * dim * sizeof(float));
	w->norm = mv_carve(base, &at, columns * sizeof(float));
	w->dots = mv_carve(base, &at, MV_GRAPH_ROWS * columns * sizeof(float));
	w->dist = mv_carve(base, &at, most(MV_GRAPH_ASSIGN_ROWS * (size_t) p->fan_out,
									   (size_t) p->leaf_nearest) * sizeof(float));
	w->gemm = mv_carve(base, &at, MV_GEMM_WORK);
	w->sampled = mv_carve(base, &at, (size_t) p->sample * sizeof(MvCandidate));
	w->list = mv_carve(base, &at, list * sizeof(MvCandidate));
	w->row = mv_carve(base, &at, list * sizeof(void *));
	w->occluded = mv_carve(base, &at, list * sizeof(float));
	w->keep = mv_carve(base, &at, list * sizeof(int));
	w->listed.words = mv_carve(base, &at, mv_visited_size((uint32_t) p->n));
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

	return lay_out_work(&g, plan, NULL);
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
	lay_out_work(graph, plan, work);
	mv_visited_init(&graph->work->listed, (uint32_t) plan->n, graph->work->listed.words);
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
		case GRAPH_ROUND:
			return mv_graph_pieces(n, MV_GRAPH_ASSIGN_ROWS);
		case GRAPH_LEAF:
			return graph->head->leaves;
		case GRAPH_CHOOSE:
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
	static void (*const of[])(MvGraph *, int) = {
		[GRAPH_ASSIGN] = mv_graph_assign,
		[GRAPH_ROUND] = mv_graph_round,
		[GRAPH_LEAF] = mv_graph_leaf,
		[GRAPH_CHOOSE] = mv_graph_choose,
		[GRAPH_REVERSE] = mv_graph_reverse,
	};

	if (graph->head->phase != GRAPH_DONE)
		of[graph->head->phase] (graph, unit);
}

void
mv_graph_next(MvGraph *graph)
{
	switch (graph->head->phase)
	{
		case GRAPH_ASSIGN:
			mv_graph_decide_round(graph);
			mv_graph_choose_entries(graph);
			mv_graph_form_leaves(graph);
			break;
		case GRAPH_CHOOSE:
			mv_graph_offer(graph);
			break;
		case GRAPH_REVERSE:
			mv_graph_connect(graph);
			break;
		case GRAPH_ROUND:
		case GRAPH_LEAF:
			break;
		case GRAPH_DONE:
			return;
	}
	graph->head->phase++;
}

int
mv_graph_pass(const MvGraph *graph)
{
	return (int) graph->head->phase;
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
