/*
 * node_check.c -- is the graph as node.h says?
 *
 * The ivf index is checked first.  Then every node is read while maintenance, which
 * alone changes nodes, waits.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "compat.h"
#include "index/graph/node.h"

typedef struct Check
{
	Relation	index;
	MvIvf	   *ivf;
	MvNodes		nodes;
	MvIvfIds	ids;
	uint32		nids;
	uint8	   *state;			/* [nids]: bits below */
	uint32	   *queue;			/* [nids], nodes reached */
	char	   *node;
	char	   *copy;
	char	   *stored;
	float	   *center;
	float	   *rotated;
} Check;

#define LIVE 1
#define LINKED 2
#define PENDING 4
#define REACHED 8

static void
begin(Check *c, Relation index)
{
	memset(c, 0, sizeof(*c));
	c->index = index;
	c->ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	mv_node_open(&c->nodes, index, c->ivf);
	mv_ivf_ids_begin(&c->ids, index, c->ivf);
	c->nids = mv_ivf_ids_count(&c->ids);
	c->state = palloc_extended(c->nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	c->queue = palloc_extended(sizeof(uint32) * (Size) (c->nids + 1), MCXT_ALLOC_HUGE);
	c->node = palloc(c->nodes.shape.size);
	c->copy = palloc(c->nodes.shape.size);
	c->stored = palloc(c->ivf->shape.vector_size);
	c->center = palloc(sizeof(float) * c->ivf->shape.padded);
	c->rotated = palloc(sizeof(float) * c->ivf->shape.padded);
}

/* A copy of a node; false if it is not linked. */
static bool
copy_node(const Check *c, uint32 id, char *copy)
{
	MvNodeRef	ref;

	mv_node_get(&c->nodes, id, copy, &ref);
	if (ref.node == NULL)
		return false;
	if (ref.node != copy)
		memcpy(copy, ref.node, c->nodes.shape.size);
	mv_node_release(&ref);
	return true;
}

/* An edge: to another row that is there, once, with the code that its vector gives. */
static void
check_edge(Check *c, uint32 id, int place)
{
	const MvNodeShape *shape = &c->nodes.shape;
	const uint32 *ids = mv_node_ids(shape, c->node);
	uint32		to = ids[place];
	int			slot = place % MV_BLOCK;
	const float *factors = mv_node_factors(shape, c->node, place / MV_BLOCK);
	uint64		have[MV_MAX_DIM / 64 + 1];
	uint64		want[MV_MAX_DIM / 64 + 1];
	MvRabitqFactors f;

	if (to == MV_NODE_NONE)
	{
		if (factors[slot] != INFINITY)
			mv_index_corrupted(c->index, "node %u has a code where it has no neighbor", id);
		return;
	}
	if (to == id || to >= c->nids)
		mv_index_corrupted(c->index, "node %u has an edge to %u", id, to);
	for (int i = 0; i < place; i++)
		if (ids[i] == to)
			mv_index_corrupted(c->index, "node %u has two edges to %u", id, to);
	if (mv_ivf_read_vector(&c->ids, to, c->stored).flags & MV_ID_FREE)
		mv_index_corrupted(c->index, "node %u has an edge to %u, which is free", id, to);
	mv_ivf_rotate_stored(c->ivf, c->stored, c->rotated);
	mv_rabitq_encode(&c->ivf->format, c->rotated, c->center, want, &f);
	mv_block_get(mv_node_codes(shape, c->node, place / MV_BLOCK), slot, shape->padded, have);
	if (memcmp(have, want, shape->padded / 8) != 0 || factors[slot] != f.add ||
		factors[MV_BLOCK + slot] != f.rescale)
		mv_index_corrupted(c->index, "node %u has a wrong code of %u", id, to);
}

static void
check_node(Check *c, uint32 id)
{
	BlockNumber block;
	int			offset;
	uint16		flags = mv_ivf_id(&c->ids, id, &block, &offset).flags;

	if (!(flags & (MV_ID_DEAD | MV_ID_FREE)))
		c->state[id] |= LIVE;
	if (id >= c->nodes.capacity || !copy_node(c, id, c->node))
		return;
	if (flags & MV_ID_FREE)
		mv_index_corrupted(c->index, "node %u is there, but its id is free", id);
	c->state[id] |= LINKED;
	mv_ivf_read_vector(&c->ids, id, c->stored);
	if (memcmp(c->stored, mv_node_vector(&c->nodes.shape, c->node), c->ivf->shape.vector_size) != 0)
		mv_index_corrupted(c->index, "node %u has another vector than its row", id);
	mv_ivf_rotate_stored(c->ivf, c->stored, c->center);
	for (int i = 0; i < c->nodes.shape.degree; i++)
		check_edge(c, id, i);
}

/* Mark the ids of a list of codes; those of entries begin the queue. */
static uint32
mark_list(Check *c, const MvIvfList *seen, const MvIvfList *list, const char *what, uint8 mark)
{
	MvIvfWalk	walk;
	const char *block;
	int			skip;
	uint32		n = 0;

	if ((uint64) list->npages * MV_BODY_SIZE <
		((uint64) list->ncodes + MV_BLOCK - 1) / MV_BLOCK * c->ivf->shape.block_size)
		mv_index_corrupted(c->index, "the list of %s has %u codes on %u pages", what,
						   list->ncodes, list->npages);
	mv_ivf_walk_begin(&walk, c->index, &c->ivf->shape, palloc(c->ivf->shape.block_size));
	skip = mv_ivf_walk_resume(&walk, seen, list);
	for (; (block = mv_ivf_walk_next(&walk)) != NULL; skip = 0)
		for (int i = skip; i < walk.n; i++)
		{
			uint32		id = mv_ivf_block_id(block, i);

			if (id >= c->nids)
				mv_index_corrupted(c->index, "row %u is one of %s, but has no id", id, what);
			if (c->state[id] & mark)
				mv_index_corrupted(c->index, "row %u is one of %s twice", id, what);
			c->state[id] |= mark;
			c->queue[n++] = id;
		}
	return n;
}

/* Follow all edges from the entry table; returns how many live nodes are not reached. */
static double
count_unreached(Check *c)
{
	MvIvfList	nothing;
	uint32		end;
	double		unreached = 0;

	mv_ivf_list_clear(&nothing);
	end = mark_list(c, &nothing, &c->nodes.root.entries, "entries", REACHED);
	for (uint32 i = 0; i < end; i++)
	{
		const uint32 *ids = mv_node_ids(&c->nodes.shape, c->node);

		if (!copy_node(c, c->queue[i], c->node))
			mv_index_corrupted(c->index, "entry or neighbor %u is no node", c->queue[i]);
		for (int j = 0; j < c->nodes.shape.degree; j++)
		{
			uint8		state = ids[j] < c->nids ? c->state[ids[j]] : REACHED;

			if ((state & (LIVE | LINKED | PENDING)) == LIVE && !c->nodes.root.growing)
				mv_index_corrupted(c->index, "node %u has an edge to %u, which has no node",
								   c->queue[i], ids[j]);
			if ((state & (LINKED | REACHED)) == LINKED)
			{
				c->state[ids[j]] |= REACHED;
				c->queue[end++] = ids[j];
			}
		}
	}
	for (uint32 id = 0; id < c->nids; id++)
		unreached += (c->state[id] & (LIVE | LINKED | REACHED)) == (LIVE | LINKED);
	return unreached;
}

/* One node in so many, and so many at all, may be found by no walk: the lists have them. */
#define UNREACHED_PART 50
#define UNREACHED 50

static void
check_graph(Relation index, double rows)
{
	Check		c;
	double		lost = 0;
	double		unreached;

	begin(&c, index);
	for (uint32 id = 0; id < c.nids; id++)
	{
		check_node(&c, id);
		CHECK_FOR_INTERRUPTS();
	}
	mark_list(&c, &c.nodes.root.linked, &c.nodes.root.pending, "pending rows", PENDING);
	for (uint32 id = 0; id < c.nids; id++)
		lost += (c.state[id] & (LIVE | LINKED | PENDING)) == LIVE;
	if (lost > 0 && c.nodes.root.entries.ncodes > 0 && !c.nodes.root.growing)
		ereport(WARNING,
				(errmsg("%.0f rows of index \"%s\" are not in its graph", lost,
						RelationGetRelationName(index)),
				 errdetail("They are being inserted, or a crash left them for VACUUM.")));
	unreached = count_unreached(&c);
	if (unreached > rows / UNREACHED_PART + UNREACHED)
		ereport(WARNING,
				(errmsg("no walk reaches %.0f rows of index \"%s\"", unreached,
						RelationGetRelationName(index)),
				 errdetail("Searches find them through its lists."),
				 errhint("REINDEX makes searches faster.")));
	mv_ivf_ids_end(&c.ids);
}

double
mv_node_check(Relation index)
{
	double		rows = mv_ivf_check(index);

	mv_ivf_maintain_begin(index);
	if (BlockNumberIsValid(mv_ivf_open(index)->meta.graph))
		check_graph(index, rows);
	mv_ivf_maintain_end(index);
	return rows;
}
