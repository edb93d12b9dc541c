/*
 * graph_part.h -- what the files of the graph builder share; for graph*.c only.
 */
#pragma once

#include "core/dist.h"
#include "core/graph.h"
#include "core/pool.h"
#include "core/prune.h"

/* The passes, in order. */
typedef enum MvGraphPhase
{
	GRAPH_ASSIGN,				/* rows to the clusters whose leaves they join */
	GRAPH_ROUND,				/* rows to int8, in which they are compared from here on */
	GRAPH_LEAF,					/* the nearest of each row in each of its leaves */
	GRAPH_CHOOSE,				/* edges out of those and of the nearest in a sample */
	GRAPH_REVERSE,				/* edges offered in reverse */
	GRAPH_DONE
} MvGraphPhase;

struct MvGraphHead
{
	MvGraphPlan plan;
	MvGraphPhase phase;
	int			leaves,
				n_entries;
	bool		round;			/* rows are compared as int8, */
	bool		bytes;			/* also by products */
	float		step;			/* one of theirs */
};

/* The process's own memory. */
typedef struct MvGraphWork
{
	void	   *nearest;		/* of mv_nearest */
	float	   *gathered,		/* rows of a unit, a leaf, or a sample, [..][dim] */
			   *own,			/* [MV_GRAPH_ROWS][dim] */
			   *norm,			/* of those gathered */
			   *dots,			/* [MV_GRAPH_ROWS][leaf rows or sample] */
			   *dist;			/* of mv_nearest and of the nearest in a leaf */
	void	   *gemm;
	MvCandidate *sampled,		/* [sample] */
			   *list;			/* candidates of a row */
	const void **row;			/* their vectors */
	float	   *occluded;
	int		   *keep;
	MvVisited	listed;			/* rows in the list */
} MvGraphWork;

#define MV_GRAPH_ASSIGN_ROWS 4096	/* rows of a unit */
#define MV_GRAPH_ROWS 256			/* rows of a unit that prunes; compared with others at a time */
#define MV_GRAPH_OFFERS 4			/* offers that a row looks at, in multiples of the degree */

static inline int
mv_graph_pieces(int n, int size)
{
	return n / size + (n % size != 0);
}

/* The rows of a unit of `size`: from .. the result - 1. */
static inline int
mv_graph_unit_end(const MvGraph *g, int unit, int size, int *from)
{
	int			n = g->head->plan.n;

	*from = unit * size;
	return n - *from < size ? n : *from + size;
}

/* Most rows that one leaf compares: bounded memory; longer lists are divided. */
static inline int
mv_graph_leaf_rows(int dim)
{
	int			rows = (32 << 20) / (int) sizeof(float) / dim;

	return rows > 2048 ? 2048 : rows < 256 ? 256 : rows;
}

static inline const void *
mv_graph_row(const MvGraph *g, uint32_t row)
{
	return (const char *) g->rows.rows + row * g->rows.stride;
}

static inline void
mv_graph_floats(const MvGraph *g, uint32_t row, float *out)
{
	mv_kernels.to_f32[g->head->plan.kind](mv_graph_row(g, row), out, g->head->plan.dim);
}

/* Rows as they are compared when edges are chosen. */
static inline MvElemKind
mv_graph_compared_kind(const MvGraph *g)
{
	return g->head->round ? MV_I8 : g->head->plan.kind;
}

static inline const void *
mv_graph_compared(const MvGraph *g, uint32_t row)
{
	return g->head->round ? g->small + (size_t) row * (size_t) g->head->plan.dim :
		mv_graph_row(g, row);
}

static inline uint32_t *
mv_graph_list(const MvGraph *g, uint32_t *lists, uint32_t row)
{
	return lists + (size_t) row * (size_t) g->head->plan.degree;
}

/* graph_leaf.c */
void		mv_graph_assign(MvGraph *g, int unit);
void		mv_graph_form_leaves(MvGraph *g);
void		mv_graph_leaf(MvGraph *g, int unit);

/*
 * Compares the rows of a unit with a sample of its own, of mv_graph_sample() rows; then
 * mv_graph_sampled() leaves a row's nearest in w->sampled and returns how many.
 */
int			mv_graph_sample(MvGraph *g, int unit);
int			mv_graph_sampled(MvGraph *g, int unit, int n, int row_of_unit);

/* graph_link.c */
void		mv_graph_decide_round(MvGraph *g);
void		mv_graph_round(MvGraph *g, int unit);
void		mv_graph_choose(MvGraph *g, int unit);
void		mv_graph_offer(MvGraph *g);
void		mv_graph_reverse(MvGraph *g, int unit);

/* graph_connect.c */
void		mv_graph_choose_entries(MvGraph *g);
void		mv_graph_connect(MvGraph *g);
