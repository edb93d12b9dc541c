/*
 * node_grow.c -- VACUUM gives a graph to an index that has become large.
 *
 * The graph page comes first, with the meta page that says where it is, in one record.
 * Whoever inserts a row looks there after the row has got its id, and makes the row pending
 * if there is a graph.  So rows that never will be pending have ids below the number of
 * ids that is read after that record, and all of these are linked, by batches.  Until
 * they are, MvNodeRoot.growing is set and scans read lists; what an error or a crash
 * leaves is gone on with by the next VACUUM.
 */
#include "postgres.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "index/graph/node.h"

/*
 * One row in so many is linked first: they are spread over all, and each batch of them at
 * most doubles the graph, so that these have edges of all lengths.  The others follow in
 * order of their ids, which is that of lists.
 */
#define SPREAD_PART 8
#define FIRST_BATCH 256

static void
begin_graph(Relation index, Relation heap)
{
	Buffer		meta = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META,
									BUFFER_LOCK_EXCLUSIVE);
	Buffer		graph = mv_page_alloc(index, heap);
	MvChange	change;
	MvIvfMeta  *body;
	Page		page;

	mv_change_begin(&change, index);
	page = mv_change_new_page(&change, graph, MV_PAGE_GRAPH);
	mv_node_root_image(page, index);
	((MvNodeRoot *) MV_PAGE_BODY(page))->growing = true;
	body = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta));
	body->graph = BufferGetBlockNumber(graph);
	body->version++;
	mv_change_commit(&change);
	UnlockReleaseBuffer(graph);
	UnlockReleaseBuffer(meta);
}

static void
end_growing(const MvNodes *nodes)
{
	Buffer		buffer = mv_page_read(nodes->index, nodes->ivf->meta.graph, MV_PAGE_GRAPH,
									  BUFFER_LOCK_EXCLUSIVE);
	MvChange	change;

	mv_change_begin(&change, nodes->index);
	((MvNodeRoot *) MV_PAGE_BODY(mv_change_page(&change, buffer)))->growing = false;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

static uint32
common_divisor(uint32 a, uint32 b)
{
	return b == 0 ? a : common_divisor(b, a % b);
}

/* A step through n numbers that comes to each once, and soon everywhere. */
static uint32
spreading_step(uint32 n)
{
	uint32		step = (uint32) (n * 0.618) + 1;

	while (common_divisor(step, n) != 1)
		step++;
	return step;
}

/* Link the n ids that begin with number `from` of an order: by steps, modulo `all`. */
static void
link_batch(Relation index, Relation heap, uint32 from, uint32 n, uint32 step, uint32 all)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "growing a graph",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvIvf	   *ivf = mv_ivf_open_for(index, context);
	uint32	   *ids = palloc(sizeof(uint32) * n);
	MvNodes		nodes;

	mv_node_open(&nodes, index, ivf);
	for (uint32 i = 0; i < n; i++)
		ids[i] = (uint32) ((uint64) (from + i) * step % all);
	mv_node_link_ids(&nodes, heap, ids, n);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	mv_vacuum_delay_point();
}

static void
link_all(Relation index, Relation heap, uint32 all, uint32 most)
{
	uint32		step = spreading_step(all);
	uint32		spread = Min(Max(all / SPREAD_PART, most), all);
	uint32		n;

	for (uint32 from = 0; from < spread; from += n)
	{
		n = Min(Min(Max(from, FIRST_BATCH), most), spread - from);
		link_batch(index, heap, from, n, step, all);
	}
	for (uint32 from = 0; from < all; from += n)
	{
		n = Min(most, all - from);
		link_batch(index, heap, from, n, 1, all);
	}
}

void
mv_node_grow(Relation index, Relation heap, double rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "growing a graph",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvIvf	   *ivf = mv_ivf_open_for(index, context);
	MvNodes		nodes;

	/* The count of a partial index's rows may be that of the table's. */
	if (!BlockNumberIsValid(ivf->meta.graph) &&
		mv_graph_wanted(index, Min(rows, mv_ivf_count_ids(index, ivf))))
	{
		begin_graph(index, heap);
		ivf = mv_ivf_open_for(index, context);
	}
	if (mv_node_open(&nodes, index, ivf) && nodes.root.growing)
	{
		uint32		all = mv_ivf_count_ids(index, ivf);

		if (all > 0)
			link_all(index, heap, all, mv_node_link_most(&nodes));
		end_growing(&nodes);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
