/*
 * node_vacuum.c -- VACUUM of a graph index.
 *
 * The ivf index marks the ids of rows that are gone.  Before it frees them no
 * node may lead to them any more: all pending rows are linked, then one pass over
 * the nodes gives each that has dead neighbors others instead, out of what the
 * dead ones know; then dead nodes are struck.  A vacuum that was cut off left
 * ids that are dead and not free, so the next does all of it again.
 */
#include "postgres.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/prune.h"
#include "index/graph/node.h"

/* Rows that a node is offered instead of its dead neighbors: so many, and for each of these. */
#define OFFERS 8
#define OFFERS_PER_DEAD 1

typedef struct Repair
{
	Relation	index;
	Relation	heap;			/* or NULL */
	MvIvf	   *ivf;
	MvNodes		nodes;
	MvIvfIds	ids;
	uint32		nids;
	uint8	   *dead;			/* [nids / 8 + 1] */
	uint32		ndead;
	char	   *node;			/* [nodes.shape.size] */
	char	   *copy;			/* the same, of a dead neighbor */
	char	   *stored;
	float	   *x;				/* [dim] */
	float	   *rotated;		/* [2 * degree][padded] */
	MvIvfQuery	query;
	MvRabitqScan scan;
	MvNodeEdges *edges;
	MvNodeOffer *offers;		/* [2 * degree] */
	MvCandidate *candidates;	/* [degree * degree] */
} Repair;

static inline bool
is_dead(const Repair *r, uint32 id)
{
	return id < r->nids && (r->dead[id / 8] >> id % 8 & 1);
}

static void
find_dead(Repair *r)
{
	r->nids = mv_ivf_ids_count(&r->ids);
	r->dead = palloc_extended(r->nids / 8 + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 id = 0; id < r->nids; id++)
	{
		BlockNumber block;
		int			offset;
		uint16		flags = mv_ivf_id(&r->ids, id, &block, &offset).flags;

		if ((flags & MV_ID_DEAD) && !(flags & MV_ID_FREE))
		{
			r->dead[id / 8] |= 1 << id % 8;
			r->ndead++;
		}
		if (id % 1024 == 0)
			mv_vacuum_delay_point();
	}
}

static void
begin(Repair *r, Relation index, Relation heap)
{
	int			degree;

	memset(r, 0, sizeof(*r));
	r->index = index;
	r->heap = heap;
	r->ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	mv_node_open(&r->nodes, index, r->ivf);
	mv_ivf_ids_begin(&r->ids, index, r->ivf);
	degree = r->nodes.shape.degree;
	r->node = palloc(r->nodes.shape.size);
	r->copy = palloc(r->nodes.shape.size);
	r->stored = palloc(r->ivf->shape.vector_size);
	r->x = palloc(sizeof(float) * r->ivf->shape.dim);
	r->rotated = palloc_extended(2 * sizeof(float) * degree * (Size) r->ivf->shape.padded,
								 MCXT_ALLOC_HUGE);
	r->edges = mv_node_edges_begin(&r->nodes);
	r->offers = palloc(2 * sizeof(MvNodeOffer) * degree);
	r->candidates = palloc(sizeof(MvCandidate) * degree * degree);
	mv_ivf_query_begin(&r->query, r->ivf);
	find_dead(r);
}

/* A copy of a node; false if it is not linked. */
static bool
copy_node(const Repair *r, uint32 id, char *copy)
{
	MvNodeRef	ref;

	mv_node_get(&r->nodes, id, copy, &ref);
	if (ref.node == NULL)
		return false;
	if (ref.node != copy)
		memcpy(copy, ref.node, r->nodes.shape.size);
	mv_node_release(&ref);
	return true;
}

static bool
has_neighbor(const Repair *r, const char *node, uint32 id)
{
	const uint32 *ids = mv_node_ids(&r->nodes.shape, node);

	for (int i = 0; i < r->nodes.shape.degree; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Append the live neighbors of a dead node, as far as they seem from the query; returns n. */
static int
add_candidates(Repair *r, uint32 self, uint32 dead, int n)
{
	const MvNodeShape *shape = &r->nodes.shape;
	const uint32 *ids = mv_node_ids(shape, r->copy);
	MvMetric	metric = r->ivf->format.metric;
	double		dist;

	if (!copy_node(r, dead, r->copy))
		return n;
	dist = mv_kernels.dist[MV_F16][metric] (mv_node_vector(shape, r->node),
											mv_node_vector(shape, r->copy), shape->dim);
	mv_rabitq_scan_center(&r->scan, (float) (metric == MV_IP ? -dist : dist), 0);
	for (int b = 0; b < shape->degree / MV_BLOCK; b++, ids += MV_BLOCK)
	{
		const float *factors = mv_node_factors(shape, r->copy, b);
		MvBlockResult result;

		mv_block_scan(&r->scan, mv_node_codes(shape, r->copy, b), factors, INFINITY,
					  &result);
		for (int i = 0; i < MV_BLOCK; i++)
		{
			if (ids[i] == MV_NODE_NONE || ids[i] == self || is_dead(r, ids[i]) ||
				has_neighbor(r, r->node, ids[i]))
				continue;
			r->candidates[n].id = ids[i];
			r->candidates[n++].dist = result.est[i];
		}
	}
	return n;
}

/* Take a node's dead neighbors away, and offer it the nearest rows that these knew. */
static void
repair_node(Repair *r, uint32 id)
{
	const MvNodeShape *shape = &r->nodes.shape;
	const uint32 *ids = mv_node_ids(shape, r->node);
	MvDistFn	l2sq = mv_kernels.dist[MV_F16][MV_L2SQ];
	int			dead = 0;
	int			n = 0;

	mv_kernels.to_f32[MV_F16] (mv_node_vector(shape, r->node), r->x, shape->dim);
	mv_ivf_query_start(&r->query, r->x);
	mv_rabitq_scan_init(&r->scan, &r->query.query, MV_CODE_BLOCK, 1, 0);
	for (int i = 0; i < shape->degree; i++)
		if (ids[i] != MV_NODE_NONE && is_dead(r, ids[i]))
		{
			n = add_candidates(r, id, ids[i], n);
			dead++;
		}
	n = Min(mv_candidates_sort(r->candidates, n), OFFERS + OFFERS_PER_DEAD * dead);
	for (int i = 0; i < shape->degree; i++)
		if (ids[i] != MV_NODE_NONE && is_dead(r, ids[i]))
			mv_node_empty(shape, r->node, i);
	for (int i = 0; i < n; i++)
	{
		float	   *rotated = r->rotated + (Size) shape->padded * i;

		mv_ivf_read_vector(&r->ids, r->candidates[i].id, r->stored);
		mv_ivf_rotate_stored(r->ivf, r->stored, rotated);
		r->offers[i].id = r->candidates[i].id;
		r->offers[i].dist = (float) l2sq(mv_node_vector(shape, r->node), r->stored, shape->dim);
		r->offers[i].must = false;
		r->offers[i].rotated = rotated;
	}
	mv_node_offer(r->edges, r->node, r->offers, n);
	mv_node_write(&r->nodes, id, r->node);
}

static void
repair_nodes(Repair *r)
{
	const uint32 *ids = mv_node_ids(&r->nodes.shape, r->node);

	for (uint32 id = 0; id < r->nids && id < r->nodes.capacity; id++)
	{
		bool		broken = false;

		if (id % 64 == 0)
			mv_vacuum_delay_point();
		if (is_dead(r, id) || !copy_node(r, id, r->node))
			continue;
		for (int i = 0; i < r->nodes.shape.degree && !broken; i++)
			broken = ids[i] != MV_NODE_NONE && is_dead(r, ids[i]);
		if (broken)
			repair_node(r, id);
	}
}

/* A live neighbor of a dead node that is no entry yet, or MV_NODE_NONE. */
static uint32
stand_in(Repair *r, uint32 dead, const uint8 *entry)
{
	const uint32 *ids = mv_node_ids(&r->nodes.shape, r->node);

	if (!copy_node(r, dead, r->node))
		return MV_NODE_NONE;
	for (int i = 0; i < r->nodes.shape.degree; i++)
		if (ids[i] < r->nids && !is_dead(r, ids[i]) && !(entry[ids[i] / 8] >> ids[i] % 8 & 1))
			return ids[i];
	return MV_NODE_NONE;
}

/* Write the entry table anew, without dead nodes. */
static void
repair_entries(Repair *r)
{
	const MvIvfList old = r->nodes.root.entries;
	uint8	   *entry = palloc0(r->nids / 8 + 1);
	uint32	   *ids = palloc(sizeof(uint32) * (old.ncodes + 1));
	char	   *row = palloc(r->ivf->shape.row_size);
	uint32		n = 0;
	bool		any = false;
	MvIvfWalk	walk;
	const char *block;
	MvIvfChain	chain;
	Buffer		buffer;
	MvChange	change;

	mv_ivf_walk_begin(&walk, r->index, &r->ivf->shape, palloc(r->ivf->shape.block_size));
	mv_ivf_walk_start(&walk, old.first, old.ncodes);
	while ((block = mv_ivf_walk_next(&walk)) != NULL)
		for (int i = 0; i < walk.n; i++)
			ids[n++] = mv_ivf_block_id(block, i);
	for (uint32 i = 0; i < n; i++)
		any |= is_dead(r, ids[i]);
	if (!any)
		return;
	mv_ivf_chain_begin(&chain, r->index, r->heap, r->ivf);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		id = is_dead(r, ids[i]) ? stand_in(r, ids[i], entry) : ids[i];

		if (id == MV_NODE_NONE || id >= r->nids || (entry[id / 8] >> id % 8 & 1))
			continue;
		entry[id / 8] |= 1 << id % 8;
		mv_ivf_read_vector(&r->ids, id, r->stored);
		mv_ivf_rotate_stored(r->ivf, r->stored, r->rotated);
		mv_ivf_encode(r->ivf, r->rotated, NULL, row);
		mv_ivf_chain_put(&chain, row, id);
	}
	mv_ivf_chain_finish(&chain);
	buffer = mv_page_read(r->index, r->ivf->meta.graph, MV_PAGE_GRAPH, BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, r->index);
	((MvNodeRoot *) MV_PAGE_BODY(mv_change_page(&change, buffer)))->entries = chain.list;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	mv_ivf_chain_delete(r->index, &old);
}

/* Strike the dead nodes, page by page. */
static void
unlink_dead(Repair *r)
{
	int			per_page = Max(r->nodes.shape.nodes_per_page, 1);

	for (uint32 first = 0; first < r->nids && first < r->nodes.capacity; first += per_page)
	{
		uint32		slots = 0;

		for (int i = 0; i < per_page; i++)
			if (is_dead(r, first + i) && copy_node(r, first + i, r->node))
				slots |= UINT32_C(1) << i;
		if (slots != 0)
			mv_node_unlink(&r->nodes, mv_node_block(&r->nodes, first), slots);
	}
}

IndexBulkDeleteResult *
mv_node_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	Relation	heap = mv_vacuum_heap(info);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "graph cleanup",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Repair		r;

	mv_ivf_maintain_begin(info->index);
	mv_node_grow(info->index, heap, stats->num_index_tuples);
	if (BlockNumberIsValid(mv_ivf_open(info->index)->meta.graph))
	{
		while (mv_node_link(info->index, heap, PG_UINT32_MAX) > 0)
			mv_vacuum_delay_point();
		begin(&r, info->index, heap);
		if (r.ndead > 0)
		{
			repair_nodes(&r);
			repair_entries(&r);
			unlink_dead(&r);
		}
		mv_node_calibrate_again(info->index, stats->num_index_tuples, r.ndead);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	stats = mv_ivf_cleanup(info, stats);
	mv_ivf_maintain_end(info->index);
	return stats;
}
