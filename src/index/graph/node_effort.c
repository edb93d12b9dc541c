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
#define EF_OF_MISSES 2.2
#define MIN_EF 24

int
mv_node_ef(const MvNodes *nodes, const MvEffort *effort, double k)
{
	double		ef = EF_OF_MISSES / Max(1 - effort->recall, 1e-4);

	return (int) Min(Max(ef, MIN_EF) + 1.2 * Max(k - 10, 0), 1000000);
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
