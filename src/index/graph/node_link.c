/*
 * node_link.c -- making nodes of rows: inserted ones, and those that a build had
 * no memory for.
 *
 * A new row is pending: its code joins a list that every walk is followed by.
 * When that list has become long, the inserter links the oldest of its rows, if
 * nobody else does; VACUUM links all.  A row gets its node first, with edges to
 * the nearest rows that a walk finds, then edges to it from those, then it is
 * struck from the list: whatever of this a crash leaves is a valid graph.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/graph.h"
#include "core/prune.h"
#include "index/graph/node.h"

/* Rows that may be pending before an inserter links some, and how many. */
#define PENDING_LIMIT 4096
#define SLICE 64

/* Codes of linked rows at the head of the list before it is written anew. */
#define STALE_LIMIT 16384

typedef struct Linker
{
	Relation	index;
	Relation	heap;			/* or NULL: see mv_page_alloc() */
	MvIvf	   *ivf;
	MvNodes		nodes;
	MvIvfIds	ids;
	MvSearch   *search;
	float		alpha;
	int			max;			/* candidates of a row */
	MvNeighbor *found;			/* [max] */
	MvCandidate *candidates;	/* [max] */
	char	   *vectors;		/* [max][vector_size], and where those of candidates are: */
	const void **rows;			/* [max] */
	float	   *occluded;		/* [max] */
	int		   *keep;			/* [max] */
	float	   *between;		/* [degree], of a node's neighbors and the row */
	float	   *x;				/* [dim], the row */
	float	   *rotated;		/* [padded] */
	float	   *center;			/* [padded] */
	char	   *stored;			/* its vector */
	char	   *node;			/* [nodes.shape.size] */
	char	   *copy;
	MvIvfQuery	query;			/* the row, compared with codes in nodes */
	MvRabitqScan scan;
} Linker;

static void
begin(Linker *l, Relation index, Relation heap)
{
	MvGraphPlan plan;

	memset(l, 0, sizeof(*l));
	l->index = index;
	l->heap = heap;
	l->ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	mv_node_open(&l->nodes, index, l->ivf);
	mv_ivf_ids_begin(&l->ids, index, l->ivf);
	l->search = mv_node_search_begin(index, heap, NULL);
	mv_graph_plan(&plan, 1000, l->ivf->shape.padded, 1, l->nodes.shape.degree,
				  l->nodes.root.effort);
	l->alpha = plan.alpha;
	l->max = Max((int) l->nodes.root.effort, 2 * l->nodes.shape.degree);
	l->found = palloc(sizeof(MvNeighbor) * l->max);
	l->candidates = palloc(sizeof(MvCandidate) * l->max);
	l->vectors = palloc_extended((Size) l->ivf->shape.vector_size * l->max, MCXT_ALLOC_HUGE);
	l->rows = palloc(sizeof(void *) * l->max);
	l->occluded = palloc(sizeof(float) * l->max);
	l->keep = palloc(sizeof(int) * l->max);
	l->between = palloc(sizeof(float) * l->nodes.shape.degree);
	l->x = palloc(sizeof(float) * l->ivf->shape.dim);
	l->rotated = palloc(sizeof(float) * l->ivf->shape.padded);
	l->center = palloc(sizeof(float) * l->ivf->shape.padded);
	l->stored = palloc(l->ivf->shape.vector_size);
	l->node = palloc(l->nodes.shape.size);
	l->copy = palloc(l->nodes.shape.size);
	mv_ivf_query_begin(&l->query, l->ivf);
}

static void
finish(Linker *l)
{
	mv_node_search_end(l->search);
	mv_ivf_ids_end(&l->ids);
}

/* ---- edges from a row ---- */

/* The candidates that a walk finds, nearest first, with their vectors; returns how many. */
static int
find_candidates(Linker *l, uint32 self)
{
	int			dim = l->ivf->shape.dim;
	Size		size = l->ivf->shape.vector_size;
	MvDistFn	dist = mv_kernels.dist[MV_F16][MV_L2SQ];
	int			found = mv_node_nearest(l->search, l->x, l->max, l->found);
	int			n = 0;

	for (int i = 0; i < found; i++)
	{
		char	   *vector = l->vectors + size * i;
		uint32		id = (uint32) l->found[i].id;

		if (id == self || mv_ivf_id_is_dead(mv_ivf_read_vector(&l->ids, id, vector)))
			continue;
		l->found[n].id = i;		/* of its vector, for the next loop */
		l->candidates[n].id = id;
		l->candidates[n++].dist = (float) dist(l->stored, vector, dim);
	}
	/* Nearly sorted already: by insertion, vectors along. */
	for (int i = 0; i < n; i++)
	{
		MvCandidate c = l->candidates[i];
		const void *vector = l->vectors + size * l->found[i].id;
		int			j = i;

		for (; j > 0 && mv_candidate_before(c, l->candidates[j - 1]); j--)
		{
			l->candidates[j] = l->candidates[j - 1];
			l->rows[j] = l->rows[j - 1];
		}
		l->candidates[j] = c;
		l->rows[j] = vector;
	}
	return n;
}

/* The row's node, with edges to the best of n candidates; returns how many, in l->keep. */
static int
make_node(Linker *l, int n)
{
	const MvIvfShape *shape = &l->ivf->shape;
	MvPruneRule rule = {.kind = MV_F16, .dim = shape->dim, .degree = l->nodes.shape.degree,
						.alpha = l->alpha, .fill = true};
	int			kept = mv_robust_prune(&rule, l->candidates, l->rows, n, l->occluded, l->keep);

	mv_node_clear(&l->nodes.shape, l->node, l->stored);
	for (int i = 0; i < kept; i++)
	{
		mv_ivf_rotate_stored(l->ivf, l->rows[l->keep[i]], l->center);
		mv_node_set(&l->nodes, l->node, i, l->rotated, l->candidates[l->keep[i]].id, l->center);
	}
	return kept;
}

/* ---- edges to it ---- */

/*
 * The squared distance of a neighbor from its node, from the factor of its code:
 * rescale is -2 |r|^2 / <r, y> (half of it for inner products), and <r, y> is .798 of
 * |r| |y|, give or take a percent.
 */
static float
edge_length(const MvNodes *nodes, float rescale)
{
	float		unit = nodes->ivf->format.metric == MV_IP ? 0.798f : 0.399f;
	float		r = -rescale * unit * 0.5f * sqrtf((float) nodes->shape.padded);

	return r * r;
}

/* How far the neighbors of a node at that squared distance are from the row; of L2 only. */
static void
estimate_neighbors(Linker *l, const char *node, float dist)
{
	const MvNodeShape *shape = &l->nodes.shape;

	mv_rabitq_scan_center(&l->scan, dist, 0);
	for (int b = 0; b < shape->degree / MV_BLOCK; b++)
	{
		const float *factors = mv_node_factors(shape, node, b);
		MvBlockResult result;

		mv_block_scan(&l->scan, mv_node_codes(shape, node, b), factors, INFINITY, &result);
		for (int i = 0; i < MV_BLOCK; i++)
			l->between[b * MV_BLOCK + i] =
				l->ivf->format.metric == MV_IP ? INFINITY : result.est[i];
	}
}

/*
 * The place in a node for an edge to the row, at that squared distance, or -1: a free
 * one; that of a neighbor which the row makes unnecessary; or the farthest's.  A
 * row that a neighbor makes unnecessary gets none, unless it must.
 */
static int
choose_place(Linker *l, const char *node, uint32 row, float dist, bool must)
{
	const MvNodeShape *shape = &l->nodes.shape;
	const uint32 *ids = mv_node_ids(shape, node);
	float		factor = l->alpha * l->alpha;
	bool		unnecessary = false;
	int			replaced = -1,
				farthest = -1;
	float		length_replaced = 0,
				length_farthest = 0;

	estimate_neighbors(l, node, dist);
	for (int i = 0; i < shape->degree; i++)
	{
		/* Of equal ones not always the same. */
		int			j = (int) ((i + row) % (uint32) shape->degree);
		const float *rescale = mv_node_factors(shape, node, j / MV_BLOCK) + MV_BLOCK;
		float		length = edge_length(&l->nodes, rescale[j % MV_BLOCK]);
		bool		close = factor * l->between[j] < Max(length, dist);

		if (ids[j] == MV_NODE_NONE)
			return j;
		unnecessary |= close && length < dist;
		if (close && length >= dist && (replaced < 0 || length > length_replaced))
		{
			replaced = j;
			length_replaced = length;
		}
		if (farthest < 0 || length > length_farthest)
		{
			farthest = j;
			length_farthest = length;
		}
	}
	if (unnecessary && !must)
		return -1;
	if (replaced >= 0)
		return replaced;
	return must || length_farthest > dist ? farthest : -1;
}

/* Give the node of a candidate an edge to the row, if it is worth it. */
static void
link_back(Linker *l, uint32 row, const MvCandidate *from, bool must)
{
	const MvNodeShape *shape = &l->nodes.shape;
	const uint32 *ids;
	MvNodeRef	ref;
	int			place;

	mv_node_get(&l->nodes, from->id, l->copy, &ref);
	if (ref.node == NULL)
		return;
	if (ref.node != l->copy)
		memcpy(l->copy, ref.node, shape->size);
	mv_node_release(&ref);
	ids = mv_node_ids(shape, l->copy);
	for (int i = 0; i < shape->degree; i++)
		if (ids[i] == row)
			return;
	place = choose_place(l, l->copy, row, from->dist, must);
	if (place < 0)
		return;
	mv_ivf_rotate_stored(l->ivf, mv_node_vector(shape, l->copy), l->center);
	mv_node_set(&l->nodes, l->copy, place, l->center, row, l->rotated);
	mv_node_write(&l->nodes, from->id, l->copy);
}

/* ---- rows ---- */

/* As many entries as lists of an index of that size; new rows become some. */
static void
add_entry(Linker *l, uint32 id)
{
	char	   *row;
	Buffer		buffer;

	if (l->nodes.root.entries.ncodes >= 4 * sqrt((double) l->nodes.capacity))
		return;
	row = palloc(l->ivf->shape.row_size);
	mv_ivf_encode(l->ivf, l->rotated, NULL, row);
	buffer = mv_page_read(l->index, l->ivf->meta.graph, MV_PAGE_GRAPH, BUFFER_LOCK_EXCLUSIVE);
	mv_ivf_append(l->index, l->heap, l->ivf, buffer, offsetof(MvNodeRoot, entries), id, row);
	UnlockReleaseBuffer(buffer);
	mv_node_open(&l->nodes, l->index, l->ivf);
	pfree(row);
}

/* Make a node of a row; dead ones get none. */
static void
link_row(Linker *l, uint32 id)
{
	MvNodeRef	ref;
	int			kept;

	if (mv_ivf_id_is_dead(mv_ivf_read_vector(&l->ids, id, l->stored)))
		return;
	mv_node_make_room(&l->nodes, id);
	mv_node_get(&l->nodes, id, l->copy, &ref);
	if (ref.node != NULL)
	{
		mv_node_release(&ref);	/* linked before a crash */
		return;
	}
	mv_kernels.to_f32[MV_F16] (l->stored, l->x, l->ivf->shape.dim);
	mv_rotate(l->ivf->rotation, l->x, l->ivf->mean, l->rotated);
	mv_ivf_query_start(&l->query, l->x);
	mv_rabitq_scan_init(&l->scan, &l->query.query, MV_CODE_BLOCK, 1, 0);
	kept = make_node(l, find_candidates(l, id));
	mv_node_write(&l->nodes, id, l->node);
	for (int i = 0; i < kept; i++)
		link_back(l, id, &l->candidates[l->keep[i]], i == 0);
	add_entry(l, id);
}

/* ---- the list of pending rows ---- */

/* Ids of the n oldest rows. */
static uint32 *
oldest(Linker *l, uint32 n)
{
	const MvNodeRoot *root = &l->nodes.root;
	uint32	   *ids = palloc(sizeof(uint32) * n);
	uint32		got = 0;
	MvIvfWalk	walk;
	const char *block;
	int			skip;

	mv_ivf_walk_begin(&walk, l->index, &l->ivf->shape, palloc(l->ivf->shape.block_size));
	skip = mv_ivf_walk_resume(&walk, &root->linked, &root->pending);
	for (; (block = mv_ivf_walk_next(&walk)) != NULL; skip = 0)
		for (int i = skip; i < walk.n && got < n; i++)
			ids[got++] = mv_ivf_block_id(block, i);
	Assert(got == n);
	return ids;
}

/* Copy the codes of rows still pending to a chain of their own. */
static void
copy_pending(Linker *l, const MvNodeRoot *root, MvIvfChain *chain)
{
	char	   *row = palloc(l->ivf->shape.row_size);
	MvIvfWalk	walk;
	const char *block;
	int			skip;

	mv_ivf_walk_begin(&walk, l->index, &l->ivf->shape, palloc(l->ivf->shape.block_size));
	skip = mv_ivf_walk_resume(&walk, &root->linked, &root->pending);
	for (; (block = mv_ivf_walk_next(&walk)) != NULL; skip = 0)
		for (int i = skip; i < walk.n; i++)
		{
			mv_ivf_block_get(&l->ivf->shape, block, i, row);
			mv_ivf_chain_put(chain, row, mv_ivf_block_id(block, i));
		}
}

/*
 * Strike the n oldest rows, which are linked: their codes stay at the head of the
 * list until that is empty but for them, or they are too many.
 */
static void
strike(Linker *l, uint32 n)
{
	BlockNumber block = l->ivf->meta.graph;
	Buffer		buffer = mv_page_read(l->index, block, MV_PAGE_GRAPH, BUFFER_LOCK_EXCLUSIVE);
	MvNodeRoot *root = (MvNodeRoot *) MV_PAGE_BODY(BufferGetPage(buffer));
	MvIvfList	seen = root->linked;
	MvIvfList	linked = root->pending;
	MvIvfList	old = root->pending;
	MvIvfChain	chain;
	bool		renew;
	MvChange	change;
	uint32		last;
	int			offset;

	if (seen.ncodes == 0)
		seen.first = old.first;
	linked.ncodes = seen.ncodes + n;
	last = (linked.ncodes - 1) / MV_BLOCK;
	linked.tail = mv_ivf_find_block(l->index, l->ivf, &seen, last, &offset);
	renew = linked.ncodes == old.ncodes || linked.ncodes >= STALE_LIMIT;
	if (renew)
	{
		MvNodeRoot	now = {.pending = old, .linked = linked};

		mv_ivf_chain_begin(&chain, l->index, l->heap, l->ivf);
		if (linked.ncodes < old.ncodes)
			copy_pending(l, &now, &chain);
		mv_ivf_chain_finish(&chain);
	}
	mv_change_begin(&change, l->index);
	root = (MvNodeRoot *) MV_PAGE_BODY(mv_change_page(&change, buffer));
	root->linked = linked;
	if (renew)
	{
		root->pending = chain.list;
		mv_ivf_list_clear(&root->linked);
	}
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	if (renew)
		mv_ivf_chain_delete(l->index, &old);
	mv_node_open(&l->nodes, l->index, l->ivf);
}

uint32
mv_node_link(Relation index, Relation heap, uint32 most)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "linking rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Linker		l;
	uint32		n;
	uint32	   *ids;

	begin(&l, index, heap);
	n = Min(l.nodes.root.pending.ncodes - l.nodes.root.linked.ncodes, most);
	if (n > 0)
	{
		ids = oldest(&l, n);
		for (uint32 i = 0; i < n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			link_row(&l, ids[i]);
		}
		strike(&l, n);
	}
	finish(&l);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return n;
}

/* ---- inserting ---- */

/* A row becomes pending; returns how many are. */
static uint32
append_pending(Relation index, Relation heap, const MvIvf *ivf, uint32 id, const float *x)
{
	float	   *rotated = palloc(sizeof(float) * ivf->shape.padded);
	char	   *row = palloc(ivf->shape.row_size);
	Buffer		buffer;
	const MvNodeRoot *root;
	uint32		n;

	mv_rotate(ivf->rotation, x, ivf->mean, rotated);
	mv_ivf_encode(ivf, rotated, NULL, row);
	buffer = mv_page_read(index, ivf->meta.graph, MV_PAGE_GRAPH, BUFFER_LOCK_EXCLUSIVE);
	mv_ivf_append(index, heap, ivf, buffer, offsetof(MvNodeRoot, pending), id, row);
	root = (const MvNodeRoot *) MV_PAGE_BODY(BufferGetPage(buffer));
	n = root->pending.ncodes - root->linked.ncodes;
	UnlockReleaseBuffer(buffer);
	return n;
}

void
mv_node_insert(Relation index, Relation heap, ItemPointer tid, const float *x)
{
	uint32		id = mv_ivf_insert_row(index, heap, tid, x);
	const MvIvf *ivf = mv_ivf_open(index);

	if (!BlockNumberIsValid(ivf->meta.graph))
		return;
	if (append_pending(index, heap, ivf, id, x) <= PENDING_LIMIT || !mv_ivf_maintain_try(index))
		return;
	mv_node_link(index, heap, SLICE);
	mv_ivf_maintain_end(index);
}
