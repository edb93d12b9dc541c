/*
 * node.h -- a graph over the rows of an ivf index: page contents, shared by the
 * files of this folder.
 *
 * A graph index is an ivf index plus edges.  Ids, TIDs, vectors and lists are
 * those of ivf.h; here a row of id i also has a node, place i of the node pages,
 * with its own vector and one-bit codes of its neighbors, so that a step of a
 * walk reads one page.
 *
 * Rows that were added since are "pending": their codes lie in one more list,
 * until they are linked.
 */
#pragma once

#include "core/pool.h"
#include "core/topk.h"
#include "index/ivf/ivf.h"
#include "index/options.h"

#define MV_NODE_VERSION 2

/* What a recall takes: ef[i] is the pool for one of mv_ivf_knot(i); INFINITY: none does. */
typedef struct MvNodeCurve
{
	float		ef[MV_IVF_KNOTS];
} MvNodeCurve;

/* A run of node pages. */
typedef struct MvNodeExtent
{
	BlockNumber start;
	uint32		npages;
} MvNodeExtent;

#define MV_NODE_EXTENTS 512

/* Body of the graph page, which MvIvfMeta.graph says. */
typedef struct MvNodeRoot
{
	/* Of the build, never changed. */
	uint32		version;		/* of the format */
	uint16		degree;			/* neighbors of a node, a multiple of 32 */
	uint16		effort;			/* candidates of a new node */

	/* Changed by maintenance and, of pending, by inserts. */
	MvIvfList	entries;		/* codes of the nodes where walks begin, around the mean */
	MvIvfList	pending;		/* codes of rows, around the mean */
	MvIvfList	linked;			/* an older state of pending: the rows of those codes are linked */
	uint32		calibration;	/* MvIvfCalibration: how the curves were measured, if they were, */
	uint32		calibrated_rows;	/* and nodes there were then */
	uint32		growing;		/* are there rows that are neither linked nor pending? */
	MvNodeCurve curves[MV_IVF_CURVES];
	uint32		nextents;
	MvNodeExtent extents[MV_NODE_EXTENTS];	/* all node pages, in order */
} MvNodeRoot;

/*
 * Node pages.
 *
 * Head: MvNodeHead.  Body: nodes_per_page nodes, or a part of one that takes
 * pages_per_node consecutive pages.  A node, in shape.size bytes:
 *
 *   OFFSET     SIZE        DESCRIPTION
 *   0          degree / 32 blocks of
 *                4 * padded  codes of 32 neighbors around the node's vector, fastscan.h
 *                128         f_add, float[32]; INFINITY: there is no such neighbor
 *                128         f_rescale, float[32]
 *   ids_at     4 * degree  ids of the neighbors, uint32; MV_NODE_NONE
 *   vector_at  2 * dim     the row's vector, f16
 *
 * Codes are made from vectors as they are stored.
 */
typedef struct MvNodeHead
{
	uint32		first;			/* id of the first node */
	uint32		linked;			/* bit i: node first + i is there */
} MvNodeHead;

#define MV_NODE_NONE UINT32_MAX
#define MV_NODE_SLOTS 32		/* nodes of a page, at most */
#define MV_NODE_MAX_ROWS INT32_MAX	/* ids are below 2^31; see pool.h */

/* Neighbors of a node, for an option m: what pgvector's index has at the lowest level, or more. */
static inline int
mv_node_degree(const MvIndexOptions *options)
{
	return (2 * options->m + MV_BLOCK - 1) / MV_BLOCK * MV_BLOCK;
}

/* What follows from the dimensions and the degree. */
typedef struct MvNodeShape
{
	int			dim;
	int			padded;
	int			degree;
	int			block_size;		/* bytes: codes and factors of 32 neighbors */
	int			ids_at;
	int			vector_at;
	int			size;			/* bytes of a node */
	int			nodes_per_page; /* or 0: a node takes pages_per_node pages */
	int			pages_per_node;
} MvNodeShape;

void		mv_node_shape(MvNodeShape *shape, const MvIvf *ivf, int degree);

/*
 * Does an index of that class have a graph?  Where codes are exact (bit strings), or
 * rows are ranked by another distance than that of their vectors in code space, lists
 * serve alone.
 */
static inline bool
mv_node_suits(const MvOpclass *opclass)
{
	return opclass->elem->kind != MV_BIT && opclass->elem->kind != MV_SPARSE &&
		opclass->metric != MV_L1;
}

/* The graph of an index as it was at a moment. */
typedef struct MvNodes
{
	Relation	index;
	const MvIvf *ivf;
	MvNodeShape shape;
	uint32		capacity;		/* ids below have a place */
	float		alpha;			/* of pruning, as builds do */
	MvNodeRoot	root;
} MvNodes;

/* node_page.c: where nodes are */

/* The graph of an index; false if it has none.  ivf: must outlive it. */
bool		mv_node_open(MvNodes *nodes, Relation index, const MvIvf *ivf);

/* Image of the graph page of an index without nodes, as its options say. */
void		mv_node_root_image(Page image, Relation index);

/* The first page of a node that has a place. */
BlockNumber mv_node_block(const MvNodes *nodes, uint32 id);

/* Its bit in MvNodeHead.linked, and its offset in the body. */
static inline int
mv_node_slot(const MvNodeShape *shape, uint32 id)
{
	return shape->nodes_per_page > 0 ? (int) (id % (uint32) shape->nodes_per_page) : 0;
}

/* Bytes that are used of a page of nodes, or of page i of those of one. */
static inline int
mv_node_page_size(const MvNodeShape *shape, int i)
{
	return shape->nodes_per_page > 0 ? shape->nodes_per_page * shape->size :
		Min(shape->size - i * MV_BODY_SIZE, MV_BODY_SIZE);
}

/* Node pages that so many ids take. */
BlockNumber mv_node_pages(const MvNodeShape *shape, uint32 ids);

/*
 * A node being read: on its page, share-locked, or copied to memory of the caller.
 */
typedef struct MvNodeRef
{
	const char *node;			/* [shape.size], or NULL: it is not linked */
	Buffer		buffer;			/* locked and pinned, or invalid */
} MvNodeRef;

/* copy: char[shape.size], for nodes of several pages */
void		mv_node_get(const MvNodes *nodes, uint32 id, char *copy, MvNodeRef *ref);
void		mv_node_release(MvNodeRef *ref);

/* Have the processor fetch a node that is wanted soon. */
void		mv_node_prefetch(const MvNodes *nodes, uint32 id);

/* Parts of a node. */
static inline const uint32 *
mv_node_ids(const MvNodeShape *shape, const char *node)
{
	return (const uint32 *) (node + shape->ids_at);
}

static inline const void *
mv_node_vector(const MvNodeShape *shape, const char *node)
{
	return node + shape->vector_at;
}

/* Factors of block b: f_add[32], f_rescale[32]. */
static inline float *
mv_node_factors(const MvNodeShape *shape, const char *node, int b)
{
	return (float *) (node + (b + 1) * shape->block_size - 2 * MV_BLOCK * (int) sizeof(float));
}

static inline uint8_t *
mv_node_codes(const MvNodeShape *shape, const char *node, int b)
{
	return (uint8_t *) node + (Size) b * shape->block_size;
}

/* A node without neighbors, of that vector (f16). */
void		mv_node_clear(const MvNodeShape *shape, char *node, const void *vector);

/* Make a row a neighbor of a node: both float[padded], rotated; or one of that code. */
void		mv_node_set(const MvNodes *nodes, char *node, int place, const float *center,
						uint32 id, const float *rotated);
void		mv_node_put(const MvNodeShape *shape, char *node, int place, uint32 id,
						const void *code, const MvRabitqFactors *f);
void		mv_node_empty(const MvNodeShape *shape, char *node, int place);

/* node_edges.c: edges offered to a node */
typedef struct MvNodeOffer
{
	uint32		id;
	float		dist;			/* of the row, squared L2 */
	bool		must;			/* or no walk may find it */
	const float *rotated;		/* [padded] */
} MvNodeOffer;

typedef struct MvNodeEdges MvNodeEdges;

/* Allocates what it needs in the current context; nodes must outlive it. */
MvNodeEdges *mv_node_edges_begin(const MvNodes *nodes);

/*
 * mv_node_offer -- let a node take what is worth it of n offers, the best first, at most
 * `degree` of them, in the place of edges that are worth less; true if it took any.
 */
bool		mv_node_offer(MvNodeEdges *edges, char *node, const MvNodeOffer *offers, int n);

/*
 * Would a node take a row, whose distances from it and, by its codes, from its neighbors,
 * est[degree], are known?  Squared L2.
 */
bool		mv_node_wants(const MvNodes *nodes, const char *node, float dist, const float *est);

/* node_write.c: for the maintainer */

/* Have a place for the node of an id. */
void		mv_node_make_room(MvNodes *nodes, uint32 id);

/* Write a node, char[shape.size], as linked. */
void		mv_node_write(const MvNodes *nodes, uint32 id, const char *node);

/*
 * The same for those nodes of the page of `first`, its first id, that are not NULL, in one
 * record: images[slot], slot < MV_NODE_SLOTS.
 */
void		mv_node_write_page(const MvNodes *nodes, uint32 first, const char *const *images);

/* The nodes of these bits of a page are there no more. */
void		mv_node_unlink(const MvNodes *nodes, BlockNumber block, uint32 slots);

/* node_batch.c: for the maintainer, making nodes of many rows at once */
typedef struct MvNodeBatch MvNodeBatch;

/* How many rows a batch may have in so much memory, at least one. */
uint32		mv_node_batch_rows(const MvNodes *nodes, Size memory);

/* heap: see mv_page_alloc().  Allocates in the current context; nodes must outlive it. */
MvNodeBatch *mv_node_batch_begin(MvNodes *nodes, Relation heap, uint32 max);
void		mv_node_batch_end(MvNodeBatch *batch);

/* Make nodes of these rows, which it sorts, and edges to them; dead ones get none. */
void		mv_node_batch_link(MvNodeBatch *batch, uint32 *ids, uint32 n);

/* Its rows, after that; float[padded], rotated. */
uint32		mv_node_batch_members(const MvNodeBatch *batch, const uint32 **ids,
								  const float **rotated);

/*
 * node_link.c: for the maintainer, make nodes of rows that are pending longest, of at
 * most so many; returns of how many.
 */
uint32		mv_node_link(Relation index, Relation heap, uint32 most);

/* Rows that it takes at once; make nodes of so many, and of some of them entries. */
uint32		mv_node_link_most(const MvNodes *nodes);
void		mv_node_link_ids(MvNodes *nodes, Relation heap, uint32 *ids, uint32 n);
void		mv_node_insert(Relation index, Relation heap, ItemPointer tid, const float *x,
						   const int64 *keys);

/*
 * node_grow.c: for the maintainer, give the index a graph if it has none and so many rows
 * that it should, and go on with one that was not completed.
 */
void		mv_node_grow(Relation index, Relation heap, double rows);

/* node_vacuum.c, node_check.c, node_stats.c */
IndexBulkDeleteResult *mv_node_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);
double		mv_node_check(Relation index);
void		mv_node_shape_of(Relation index, const MvEffort *effort, MvIndexShape *shape);
void		mv_node_stats(Relation index, MvIndexStats *stats);

/* node_calibrate.c: measure the curves, from rows of the index (as the build does) or queries. */
void		mv_node_calibrate_rows(Relation index);
void		mv_node_calibrate(Relation index, const float *queries, int n);

/*
 * The first, if there are no curves, twice the rows since, or many dead just found, unless
 * they are of queries given.
 */
void		mv_node_calibrate_again(Relation index, double live, double dead);

/* Rows that a scan is expected to be asked for: PostgreSQL does not tell the LIMIT. */
#define MV_NODE_NOMINAL_ROWS 10

/* node_effort.c: the pool of a walk for k rows; is a walk the cheaper way to the rows expected? */
int			mv_node_pool(const MvNodes *nodes, const MvEffort *effort, double k);
bool		mv_node_walks(const MvNodes *nodes, const MvEffort *effort);

/* Rows that walks are made for at most; beyond, the lists are better. */
double		mv_node_most_rows(const MvNodes *nodes);

/* node_build.c */
Size		mv_node_build_size(Relation index, const MvBuildPlan *plan);
MvBuild    *mv_node_build_begin(Relation index, const MvBuildPlan *plan, MvTeam *team,
								void *memory);
int			mv_node_sample_size(const MvBuild *build);
float	   *mv_node_sample(MvBuild *build);
void		mv_node_train(MvBuild *build);
void		mv_node_add(MvBuild *build, ItemPointer tid, const float *x, const int64 *keys);
double		mv_node_finish(MvBuild *build, ForkNumber fork);

/* node_scan.c */
MvSearch   *mv_node_search_begin(Relation index, Relation heap, Snapshot snapshot);
void mv_node_search_start(MvSearch *search, const float *query, Datum value,
						  const MvEffort *effort, const MvFilter *filter);
bool		mv_node_search_next(MvSearch *search, MvFound *found);
void		mv_node_search_end(MvSearch *search);

/*
 * The n nearest nodes to x, float[dim], that a walk with a pool of n finds, nearest
 * first; of pending rows it knows nothing, and to `but` it does not go.  Returns how
 * many.  The search was begun, its snapshot may be NULL.
 */
int			mv_node_nearest(MvSearch *search, const float *x, int n, uint32 but, MvNeighbor *found);

/*
 * The rows that a walk to x with a pool of ef goes to, in that order, at most so many as
 * there is room for.  Returns how many.
 */
typedef struct MvNodeTrace
{
	int			max;
	int			n;
	uint32	   *ids;			/* [max] */
	bool	   *wants;			/* [max]: would they take an edge to x? */
	char	   *vectors;		/* [max][2 * dim], f16 */
} MvNodeTrace;

int			mv_node_trace(MvSearch *search, const float *x, int ef, MvNodeTrace *trace);
