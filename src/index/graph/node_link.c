/*
 * node_link.c -- rows that are pending: inserted ones, and those that a build had no
 * memory for.
 *
 * A new row is pending: its code joins a list that every walk is followed by.  When that
 * list has become long, the inserter links the oldest of its rows, if nobody else does;
 * VACUUM links all.  Rows get their nodes and edges (node_batch.c), then they are struck
 * from the list: whatever of this a crash leaves is a valid graph.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "index/graph/node.h"

/*
 * Rows that may be pending before an inserter links some, as every scan compares them all:
 * one in so many (ids are about as many as rows) within these limits; and how many it links.
 */
#define PENDING_PART 16
#define PENDING_LEAST 4096
#define PENDING_MOST 16384
#define SLICE 256

/* Codes of linked rows at the head of the list before it is written anew. */
#define STALE_LIMIT 16384

/* The share of maintenance_work_mem that a batch may use, and its rows at most. */
#define MEMORY_PART 4
#define MAX_BATCH 4096

typedef struct Linker
{
	Relation	index;
	Relation	heap;			/* or NULL: see mv_page_alloc() */
	MvIvf	   *ivf;
	MvNodes		nodes;
} Linker;

/*
 * As many entries as lists of an index of that size; new rows become some, evenly spaced
 * in the order of ids.
 */
static void
add_entries(MvNodes *nodes, Relation heap, const MvNodeBatch *batch)
{
	const MvIvf *ivf = nodes->ivf;
	const uint32 *ids;
	const float *rotated;
	uint32		n = mv_node_batch_members(batch, &ids, &rotated);
	double		most = 4 * sqrt((double) nodes->capacity) - nodes->root.entries.ncodes;
	uint32		wanted = (uint32) Min(Max(most, 0), n);
	char	   *row = palloc(ivf->shape.row_size);

	for (uint32 i = 0; i < wanted; i++)
	{
		uint32		member = (uint32) ((uint64) i * n / wanted);
		Buffer		buffer = mv_page_read(nodes->index, ivf->meta.graph, MV_PAGE_GRAPH,
										  BUFFER_LOCK_EXCLUSIVE);

		mv_ivf_encode(ivf, rotated + (Size) ivf->shape.padded * member, NULL, row);
		mv_ivf_append(nodes->index, heap, ivf, buffer, offsetof(MvNodeRoot, entries), ids[member],
					  row);
		UnlockReleaseBuffer(buffer);
	}
	mv_node_open(nodes, nodes->index, ivf);
	pfree(row);
}

uint32
mv_node_link_most(const MvNodes *nodes)
{
	return Min(MAX_BATCH,
			   mv_node_batch_rows(nodes, (Size) maintenance_work_mem * 1024 / MEMORY_PART));
}

void
mv_node_link_ids(MvNodes *nodes, Relation heap, uint32 *ids, uint32 n)
{
	MvNodeBatch *batch = mv_node_batch_begin(nodes, heap, n);

	mv_node_batch_link(batch, ids, n);
	add_entries(nodes, heap, batch);
	mv_node_batch_end(batch);
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
	Linker		l = {.index = index, .heap = heap};
	uint32		n;

	l.ivf = mv_ivf_open_for(index, context);
	mv_node_open(&l.nodes, index, l.ivf);
	n = Min(l.nodes.root.pending.ncodes - l.nodes.root.linked.ncodes,
			Min(most, mv_node_link_most(&l.nodes)));
	if (n > 0)
	{
		mv_node_link_ids(&l.nodes, heap, oldest(&l, n), n);
		strike(&l, n);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return n;
}

/* ---- inserting ---- */

/* A row becomes pending; are more than may be? */
static bool
append_pending(Relation index, Relation heap, const MvIvf *ivf, uint32 id, const float *x)
{
	float	   *rotated = palloc(sizeof(float) * ivf->shape.padded);
	char	   *row = palloc(ivf->shape.row_size);
	Buffer		buffer;
	const MvNodeRoot *root;
	bool		full;

	mv_rotate(ivf->rotation, x, ivf->mean, rotated);
	mv_ivf_encode(ivf, rotated, NULL, row);
	buffer = mv_page_read(index, ivf->meta.graph, MV_PAGE_GRAPH, BUFFER_LOCK_EXCLUSIVE);
	mv_ivf_append(index, heap, ivf, buffer, offsetof(MvNodeRoot, pending), id, row);
	root = (const MvNodeRoot *) MV_PAGE_BODY(BufferGetPage(buffer));
	full = root->pending.ncodes - root->linked.ncodes >
		Min(Max(id / PENDING_PART, PENDING_LEAST), PENDING_MOST);
	UnlockReleaseBuffer(buffer);
	return full;
}

void
mv_node_insert(Relation index, Relation heap, ItemPointer tid, const float *x, const int64 *keys)
{
	uint32		id = mv_ivf_insert_row(index, heap, tid, x, keys);
	const MvIvf *ivf = mv_ivf_open(index);

	if (!BlockNumberIsValid(ivf->meta.graph))
		return;
	if (!append_pending(index, heap, ivf, id, x) || !mv_ivf_maintain_try(index))
		return;
	mv_node_link(index, heap, SLICE);
	mv_ivf_maintain_end(index);
}
