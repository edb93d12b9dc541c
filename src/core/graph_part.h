/*
 * graph_part.h -- what the files of the graph builder share; for graph*.c only.
 */
#pragma once

#include "core/graph.h"
#include "core/prune.h"

/* The passes, in order; REVERSE leads back to ENCODE while refinement is wanted. */
typedef enum MvGraphPhase
{
	GRAPH_ASSIGN,				/* rows to the clusters whose leaves they join */
	GRAPH_LEAF,					/* the nearest of each row in each of its leaves */
	GRAPH_PRUNE,				/* edges out of those */
	GRAPH_REVERSE,				/* edges offered in reverse */
	GRAPH_DONE
} MvGraphPhase;

struct MvGraphHead
{
	MvGraphPlan plan;
	MvGraphPhase phase;
	int			round,			/* of refinement */
				pass,			/* for progress */
				leaves,
				n_entries;
};

/* The process's own memory. */
typedef struct MvGraphWork
{
	void	   *nearest;		/* of mv_nearest */
	float	   *gathered,		/* [max(leaf rows, assign rows)][dim] */
			   *norm,			/* [leaf rows] */
			   *dots,			/* [LEAF_TILE][leaf rows] */
			   *dist;			/* [..] of mv_nearest and of the nearest in a leaf */
	void	   *gemm;
	MvCandidate *list;			/* [list_size], candidates of a row */
	const void **row;			/* [list_size], their vectors */
	float	   *occluded;		/* [list_size] */
	int		   *keep;			/* [list_size] */
} MvGraphWork;

#define MV_GRAPH_ASSIGN_ROWS 4096	/* rows of a unit */
#define MV_GRAPH_ROWS 256			/* rows of a unit that prunes or searches */
#define MV_GRAPH_TILE 64			/* rows of a leaf compared with all at a time */
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

static inline uint32_t *
mv_graph_list(const MvGraph *g, uint32_t *lists, uint32_t row)
{
	return lists + (size_t) row * (size_t) g->head->plan.degree;
}

/* graph_leaf.c */
void		mv_graph_assign(MvGraph *g, int unit);
void		mv_graph_form_leaves(MvGraph *g);
void		mv_graph_leaf(MvGraph *g, int unit);

/* graph_link.c */
void		mv_graph_prune(MvGraph *g, int unit);
void		mv_graph_offer(MvGraph *g);
void		mv_graph_reverse(MvGraph *g, int unit);

/* graph_connect.c */
void		mv_graph_choose_entries(MvGraph *g);
void		mv_graph_connect(MvGraph *g);
