/*
 * node_effort.c -- whether an index has a graph, how large a pool a recall takes, and
 * whether a walk or the lists give it for less.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "guc.h"
#include "index/graph/node.h"
#include "index/ivf/ivf_filter.h"

bool
mv_graph_wanted(Relation index, double rows)
{
	int			graph = mv_index_options(index)->graph;

	if (graph == MV_GRAPH_NEVER || !mv_node_suits(mv_index_opclass(index)))
		return false;
	return graph == MV_GRAPH_ALWAYS || rows >= mv_graph_min_rows;
}

/* A pool of so many over the share that may be missed; of graphs that were not measured. */
#define EF_OF_MISSES 8.0
#define MIN_EF 16

/* The pool of a curve; INFINITY where none was large enough. */
static double
pool_of_curve(const MvNodeRoot *root, int curve, double recall)
{
	double		ef = mv_ivf_at_recall(root->curves[curve].ef, recall);

	return recall > mv_ivf_knot(MV_IVF_KNOTS - 1) || isnan(ef) ? INFINITY : ef;
}

static double
ef_for_recall(const MvNodeRoot *root, double recall, double k)
{
	double		few,
				many,
				part;

	if (root->calibration == MV_IVF_UNCALIBRATED)
		return EF_OF_MISSES / Max(1 - recall, 1e-4) + 1.2 * Max(k - 10, 0);
	few = pool_of_curve(root, 0, recall);
	many = Max(pool_of_curve(root, 1, recall), few);
	if (k <= mv_ivf_curve_k(0) || isinf(few))
		return few;
	if (isinf(many))
		many = few * mv_ivf_curve_k(1) / mv_ivf_curve_k(0);
	part = (k - mv_ivf_curve_k(0)) / (mv_ivf_curve_k(1) - mv_ivf_curve_k(0));
	return few + (many - few) * part;
}

/* INFINITY if no pool tried was large enough. */
static double
ef_of(const MvNodes *nodes, const MvEffort *effort, double k)
{
	double		ef = ef_for_recall(&nodes->root, effort->recall, k);

	return Max(Max(ef, effort->ef_search), MIN_EF);
}

/* Pools are not larger but for more rows; lists are better by then. */
#define MAX_POOL 4096

int
mv_node_pool(const MvNodes *nodes, const MvEffort *effort, double k)
{
	return (int) Max(Min(ef_of(nodes, effort, k), MAX_POOL), k);
}

/* One row in so many, and so many at all. */
#define MOST_PART 16
#define MOST_ROWS 100

double
mv_node_most_rows(const MvNodes *nodes)
{
	return Max((double) nodes->capacity / MOST_PART, MOST_ROWS);
}

/*
 * What takes how long, in ns, as the costs of lists (ivf_filter.c); see README.md, "Walk or
 * lists".  A walk goes to three quarters of its pool: a node may be there several times.
 */
#define HOP_COST 600.0
#define NODE_BYTE_COST 0.2
#define HOPS_OF_POOL 0.75

static double
cost_of_walk(const MvNodes *nodes, const MvEffort *effort, double k)
{
	const MvNodeShape *shape = &nodes->shape;
	double		hop = HOP_COST * shape->pages_per_node + NODE_BYTE_COST * shape->size;

	return mv_ivf_read_cost(nodes->ivf, 1, nodes->root.entries.ncodes) +
		ef_of(nodes, effort, k) * HOPS_OF_POOL * hop;
}

/* The choice of lists, in all and for each there is. */
#define CHOICE_COST 40000.0
#define CHOICE_COST_OF_LIST 30.0

/*
 * Rows ranked: by the square root of the codes compared, more where codes are short; and
 * for each that is wanted beyond the nominal ones.
 */
#define RANKED_ROWS 50.0
#define RANKED_BITS 260.0
#define RANKED_A_ROW 4.0

static double
cost_of_lists(const MvNodes *nodes, const MvEffort *effort, double k)
{
	const MvIvf *ivf = nodes->ivf;
	double		lists = mv_ivf_lists_wanted(ivf, effort);
	double		codes = nodes->capacity * lists / Max(ivf->nused, 1);
	double		ranked = RANKED_ROWS + RANKED_BITS / ivf->shape.padded * sqrt(codes) +
		RANKED_A_ROW * (k - MV_NODE_NOMINAL_ROWS);

	return CHOICE_COST + CHOICE_COST_OF_LIST * ivf->nused + mv_ivf_read_cost(ivf, lists, codes) +
		mv_ivf_rank_cost(ivf, ranked);
}

bool
mv_node_walks(const MvNodes *nodes, const MvEffort *effort)
{
	double		k = Max(effort->rows, MV_NODE_NOMINAL_ROWS);

	if (nodes->root.entries.ncodes == 0 || nodes->root.growing ||
		k > mv_node_most_rows(nodes) || mv_graph_walk == MV_WALK_OFF)
		return false;
	return mv_graph_walk == MV_WALK_ON ||
		cost_of_walk(nodes, effort, k) < cost_of_lists(nodes, effort, k);
}
