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

	/* of the node at hand */
	char	   *node;			/* [nodes.shape.size] */
	char	   *copy;			/* the same, of a dead neighbor */
	char	   *stored;
	float	   *x;				/* [dim] */
	MvIvfQuery	query;			/* its vector */
	MvRabitqScan scan;
	MvVisited	listed;			/* it, its neighbors and candidates */
	MvCandidate *candidates;	/* [degree * degree] */
	float	   *rotated;		/* [degree][padded], of the offers */
	MvNodeOffer *offers;		/* [degree] */
	MvNodeEdges *edges;

	/* rotated vectors of rows that were offered: nodes nearby get the same offers */
	uint32		max_kept;
	uint32	   *kept;			/* [max_kept], ids by their place, or MV_NODE_NONE */
	float	   *kept_rotated;	/* [max_kept][padded] */
} Repair;

/* Bytes of rotated vectors kept.  Ids in a row are of rows nearby, and have places of their own. */
#define KEPT_SIZE (8 * 1024 * 1024)

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
	mv_ivf_query_begin(&r->query, r->ivf);
	r->candidates = palloc(sizeof(MvCandidate) * degree * degree);
	r->rotated = palloc_extended(sizeof(float) * degree * (Size) r->ivf->shape.padded,
								 MCXT_ALLOC_HUGE);
	r->offers = palloc(sizeof(MvNodeOffer) * degree);
	r->edges = mv_node_edges_begin(&r->nodes);
	r->max_kept = KEPT_SIZE / (sizeof(float) * r->ivf->shape.padded);
	r->kept = palloc(sizeof(uint32) * r->max_kept);
	memset(r->kept, 0xff, sizeof(uint32) * r->max_kept);
	r->kept_rotated = palloc(KEPT_SIZE);
	find_dead(r);
	mv_visited_init(&r->listed, r->nids,
					palloc_extended(mv_visited_size(r->nids), MCXT_ALLOC_HUGE));
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

/* Append the live neighbors of a dead node, as far as they seem from the query; returns n. */
static int
add_candidates(Repair *r, uint32 dead, int n)
{
	const MvNodeShape *shape = &r->nodes.shape;
	MvMetric	metric = r->ivf->format.metric;
	const uint32 *ids;
	MvNodeRef	ref;
	double		dist;

	mv_node_get(&r->nodes, dead, r->copy, &ref);
	if (ref.node == NULL)
		return n;
	ids = mv_node_ids(shape, ref.node);
	dist = mv_kernels.dist[MV_F16][metric] (mv_node_vector(shape, r->node),
											mv_node_vector(shape, ref.node), shape->dim);
	mv_rabitq_scan_center(&r->scan, (float) (metric == MV_IP ? -dist : dist), 0);
	for (int b = 0; b < shape->degree / MV_BLOCK; b++, ids += MV_BLOCK)
	{
		MvBlockResult result;

		mv_block_scan(&r->scan, mv_node_codes(shape, ref.node, b),
					  mv_node_factors(shape, ref.node, b), INFINITY, &result);
		for (int i = 0; i < MV_BLOCK; i++)
		{
			if (ids[i] >= r->nids || is_dead(r, ids[i]) || !mv_visit(&r->listed, ids[i]))
				continue;
			r->candidates[n].id = ids[i];
			r->candidates[n++].dist = result.est[i];
		}
	}
	mv_node_release(&ref);
	return n;
}

/*
 * The rows that are to be offered to a node: the nearest that its dead neighbors know, as far
 * as codes tell; takes these away.  Returns how many.
 */
static int
find_candidates(Repair *r, uint32 id)
{
	const MvNodeShape *shape = &r->nodes.shape;
	const uint32 *ids = mv_node_ids(shape, r->node);
	int			dead = 0;
	int			n = 0;
	int			wanted;

	mv_kernels.to_f32[MV_F16] (mv_node_vector(shape, r->node), r->x, shape->dim);
	mv_ivf_query_start(&r->query, r->x);
	mv_rabitq_scan_init(&r->scan, &r->query.query, MV_CODE_BLOCK, 1, 0);
	mv_visited_clear(&r->listed);
	mv_visit(&r->listed, id);
	for (int i = 0; i < shape->degree; i++)
		if (ids[i] < r->nids)
			mv_visit(&r->listed, ids[i]);
	for (int i = 0; i < shape->degree; i++)
		if (is_dead(r, ids[i]))
		{
			n = add_candidates(r, ids[i], n);
			mv_node_empty(shape, r->node, i);
			dead++;
		}
	wanted = Min(OFFERS + OFFERS_PER_DEAD * dead, shape->degree);
	if (n > wanted)
		mv_candidates_nearest(r->candidates, n, wanted);
	n = Min(n, wanted);
	mv_candidates_order(r->candidates, n);
	return n;
}

/* The rotated vector of a row, valid until the next call. */
static const float *
rotated_row(Repair *r, uint32 id)
{
	uint32		place = id % r->max_kept;
	float	   *rotated = r->kept_rotated + (Size) r->ivf->shape.padded * place;

	if (r->kept[place] != id)
	{
		mv_ivf_read_vector(&r->ids, id, r->stored);
		mv_ivf_rotate_stored(r->ivf, r->stored, rotated);
		r->kept[place] = id;
	}
	return rotated;
}

static void
repair_node(Repair *r, uint32 id)
{
	int			padded = r->ivf->shape.padded;
	int			n = find_candidates(r, id);

	for (int i = 0; i < n; i++)
	{
		float	   *rotated = r->rotated + (Size) padded * i;

		memcpy(rotated, rotated_row(r, r->candidates[i].id), sizeof(float) * padded);
		r->offers[i].id = r->candidates[i].id;
		r->offers[i].dist = (float) mv_kernels.dist[MV_F32][MV_L2SQ] (r->query.rotated, rotated,
																	  padded);
		r->offers[i].must = false;
		r->offers[i].rotated = rotated;
	}
	mv_node_offer(r->edges, r->node, r->offers, n);
	mv_node_write(&r->nodes, id, r->node);
}

/* Copy a node to r->node if it has dead neighbors. */
static bool
copy_if_broken(Repair *r, uint32 id)
{
	const MvNodeShape *shape = &r->nodes.shape;
	const uint32 *ids;
	bool		broken = false;
	MvNodeRef	ref;

	mv_node_get(&r->nodes, id, r->node, &ref);
	if (ref.node == NULL)
		return false;
	ids = mv_node_ids(shape, ref.node);
	for (int i = 0; i < shape->degree && !broken; i++)
		broken = is_dead(r, ids[i]);
	if (broken && ref.node != r->node)
		memcpy(r->node, ref.node, shape->size);
	mv_node_release(&ref);
	return broken;
}

static void
repair_nodes(Repair *r)
{
	for (uint32 id = 0; id < r->nids && id < r->nodes.capacity; id++)
	{
		if (id % 64 == 0)
			mv_vacuum_delay_point();
		if (!is_dead(r, id) && copy_if_broken(r, id))
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
