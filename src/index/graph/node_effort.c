/*
 * node_effort.c -- how large a pool a recall takes, and whether a walk or the
 * lists give it for less.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "guc.h"
#include "index/graph/node.h"

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

double
mv_node_ef(const MvNodes *nodes, const MvEffort *effort, double k)
{
	const MvNodeRoot *root = &nodes->root;
	double		few,
				many,
				part;

	if (!root->calibrated)
		return Max(EF_OF_MISSES / Max(1 - effort->recall, 1e-4), MIN_EF) + 1.2 * Max(k - 10, 0);
	few = pool_of_curve(root, 0, effort->recall);
	many = Max(pool_of_curve(root, 1, effort->recall), few);
	if (k <= mv_ivf_curve_k(0) || isinf(few))
		return Max(few, MIN_EF);
	if (isinf(many))
		many = few * mv_ivf_curve_k(1) / mv_ivf_curve_k(0);
	part = (k - mv_ivf_curve_k(0)) / (mv_ivf_curve_k(1) - mv_ivf_curve_k(0));
	return Max(few + (many - few) * part, MIN_EF);
}

/*
 * Costs in nanoseconds, from bench/results: a step of a walk with its page, and what a
 * dimension adds to it; a list, a code of it per dimension, and the rows re-ranked.
 */
#define STEP 400.0
#define STEP_PER_DIM 0.3
#define LIST 150.0
#define CODE 0.6
#define CODE_PER_DIM 0.002
#define RERANKED 150.0
#define RERANK 600.0

bool
mv_node_walks(const MvNodes *nodes, const MvEffort *effort)
{
	const MvIvf *ivf = nodes->ivf;
	double		lists = mv_ivf_lists_wanted(ivf, effort);
	double		rows = nodes->capacity;
	double		codes = rows * lists / Max(ivf->nused, 1);
	double		by_lists = lists * LIST + codes * (CODE + CODE_PER_DIM * ivf->shape.padded) +
		RERANKED * RERANK;
	double		by_walk =
		mv_node_ef(nodes, effort, 10) * (STEP + STEP_PER_DIM * ivf->shape.padded);

	if (nodes->root.entries.ncodes == 0 || mv_graph_walk == MV_WALK_OFF)
		return false;
	return mv_graph_walk == MV_WALK_ON || by_walk < by_lists;
}
