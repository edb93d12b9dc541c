/*
 * graph.h -- building a flat graph of near neighbors in bounded steps.
 *
 * Every row gets exactly `degree` neighbors, and every row can be reached from
 * the entry table.  A row's candidates are its nearest in overlapping leaves
 * (the clusters of centroids that the caller has) and, for the way from afar,
 * its nearest in a random sample of all rows.  Pruning takes edges out of them,
 * and each edge is offered in reverse.
 *
 * The work comes as passes of independent units, as in kmeans.h; any number of
 * processes may share the units of a pass, and the result does not depend on
 * how they do:
 *
 *	mv_graph_begin(&plan, shared);
 *	mv_graph_attach(&graph, shared, &rows, &centroids, work);	-- each process
 *	while ((units = mv_graph_units(&graph)) > 0)
 *	{
 *		for each unit < units, anywhere: mv_graph_unit(&graph, unit);
 *		-- all done, and seen by the leader (barrier)
 *		mv_graph_next(&graph);					-- leader only, then a barrier
 *	}
 *	mv_graph_neighbors(&graph, i), mv_graph_entries(&graph, &count)
 *
 * The shared memory holds no pointers and may be mapped anywhere.
 */
#pragma once

#include "core/core.h"
#include "core/nearest.h"

#define MV_GRAPH_NONE UINT32_MAX	/* no neighbor: only where n - 1 < degree */
#define MV_GRAPH_MAX_ROWS (INT32_MAX / 16)

/*
 * The rows: squared L2 between them is what the graph is of, and rows are
 * compared with queries in the same space.  Rotated (rotate.h) with the mean
 * taken away, so that codes can be made of them; unit length for cosine.
 */
typedef struct MvGraphRows
{
	const void *rows;
	size_t		stride;			/* bytes from one to the next */
} MvGraphRows;

typedef struct MvGraphPlan
{
	int			n,				/* rows, 0 .. MV_GRAPH_MAX_ROWS */
				dim;			/* padded: a multiple of 64 */
	MvElemKind	kind;			/* of the rows: MV_F32 or MV_F16 */
	int			k;				/* centroids that will be there, 1 .. n */
	int			degree;			/* a multiple of 32 */
	int			fan_out;		/* leaves that a row is in, 1 .. 16 */
	int			leaf_nearest;	/* candidates that a row takes out of each */
	int			sample;			/* rows of the sample; each unit of work draws its own */
	int			sample_nearest; /* candidates that a row takes out of it */
	float		alpha;			/* of pruning */
	uint64_t	seed;
} MvGraphPlan;

/*
 * mv_graph_plan -- the usual plan; fields may then be changed.
 *
 * degree	32 * ceil(2 m / 32) for pgvector's m; at most 1024
 * effort	pgvector's ef_construction: how well candidates are sought; 64 is usual
 */
void		mv_graph_plan(MvGraphPlan *plan, int n, int dim, int k, int degree, int effort);

typedef struct MvGraphHead MvGraphHead;

/* One process's view of the graph.  Fields are private. */
typedef struct MvGraph
{
	MvGraphHead *head;
	MvGraphRows rows;
	const MvCentroids *set;
	uint32_t   *neighbors,		/* [n][degree] */
			   *chosen,			/* [n][degree], before edges are offered in reverse */
			   *entries,		/* [n_entries], room for n */
			   *candidates,		/* [n][fan_out * leaf_nearest] */
			   *reverse,		/* [n * degree], rows with an edge to a row, by that row */
			   *parent;			/* [n], when reachability is sought */
	int32_t    *assign,			/* [n][fan_out], clusters of a row */
			   *member,			/* [n * fan_out], rows by cluster, as row * fan_out + place */
			   *leaf;			/* [..], where leaves begin in member, and the end */
	uint16_t   *taken;			/* [n], how many of chosen the rule took; the others fill */
	float	   *assign_dist,	/* [n], to the nearest centroid */
			   *norm;			/* [n], squared; of bytes as mv_gemm_bytes() wants it */
	int8_t	   *small;			/* [n][dim], the rows rounded */
	uint64_t   *reverse_start;	/* [n + 1] */
	struct MvGraphWork *work;	/* the process's own */
} MvGraph;

/* Bytes of shared memory.  Align it to 64. */
size_t		mv_graph_size(const MvGraphPlan *plan);

/* Bytes of each process's work memory.  Align it to 64. */
size_t		mv_graph_work_size(const MvGraphPlan *plan);

void		mv_graph_begin(const MvGraphPlan *plan, void *shared);

/*
 * mv_graph_attach -- view a graph that was begun.
 *
 * rows		of plan->n rows; they are needed, and must not change, until the
 *			last pass is done
 * set		plan->k centroids in the space of the rows, with dim = plan->dim; as
 *			well
 */
void		mv_graph_attach(MvGraph *graph, void *shared, const MvGraphRows *rows,
							const MvCentroids *set, void *work);

/* Units of the current pass, 0 when all is done. */
int			mv_graph_units(const MvGraph *graph);

/* mv_graph_unit -- do one unit of the pass: some milliseconds. */
void		mv_graph_unit(MvGraph *graph, int unit);

/* End a pass whose units are all done; O(n degree), some 10 ns per edge. */
void		mv_graph_next(MvGraph *graph);

/* For progress reports: passes done, and of how many. */
int			mv_graph_pass(const MvGraph *graph);
int			mv_graph_passes(const MvGraphPlan *plan);

/* ---- the result, when no units are left ---- */

/*
 * uint32[degree]: the neighbors of a row; none twice, never the row itself.
 * The first ones matter most.
 */
const uint32_t *mv_graph_neighbors(const MvGraph *graph, uint32_t row);

/*
 * The entry table: the row nearest to each centroid that has one, each once, and
 * any rows that no other way leads to.
 */
const uint32_t *mv_graph_entries(const MvGraph *graph, int *count);
