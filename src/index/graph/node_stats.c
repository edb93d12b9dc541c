/*
 * node_stats.c -- what the planner and the tools of am/ ask about a graph index.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "compat.h"
#include "index/graph/node.h"

void
mv_node_shape_of(Relation index, const MvEffort *effort, MvIndexShape *shape)
{
	MvNodes		nodes;

	mv_ivf_index_shape(index, effort, shape);
	if (effort != NULL && mv_node_open(&nodes, index, mv_ivf_open(index)) &&
		mv_node_walks(&nodes, effort))
		shape->steps = mv_node_pool(&nodes, effort, MV_NODE_NOMINAL_ROWS);
}

/* Nodes there are, live and dead. */
static double
count_linked(const MvNodes *nodes)
{
	double		linked = 0;

	for (uint32 i = 0; i < nodes->root.nextents; i++)
	{
		const MvNodeExtent *extent = &nodes->root.extents[i];

		for (BlockNumber page = 0; page < extent->npages; page++)
		{
			Buffer		buffer = mv_page_pin(nodes->index, extent->start + page);

			LockBuffer(buffer, BUFFER_LOCK_SHARE);
			if (!PageIsNew(BufferGetPage(buffer)))
			{
				const MvNodeHead *head = MV_PAGE_HEAD(BufferGetPage(buffer));

				mv_page_expect(nodes->index, buffer, MV_PAGE_NODE);
				linked += pg_popcount32(head->linked);
			}
			UnlockReleaseBuffer(buffer);
			CHECK_FOR_INTERRUPTS();
		}
	}
	return linked;
}

void
mv_node_stats(Relation index, MvIndexStats *stats)
{
	MvIvf	   *ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	MvNodes		nodes;

	mv_ivf_stats(index, stats);
	stats->graph = mv_node_open(&nodes, index, ivf);
	if (!stats->graph)
		return;
	stats->linked = count_linked(&nodes);
	stats->pending = nodes.root.pending.ncodes - nodes.root.linked.ncodes;
}
