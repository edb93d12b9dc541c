/*
 * node_write.c -- changing nodes and adding places for them.
 *
 * Only the maintainer does (mv_ivf_maintain_begin), so a node that it has read
 * stays as it is until it writes it.  Readers see a node on one page whole.  Of
 * one that takes several pages they may see codes of two states, which misleads
 * a step of a walk and no more: the vector of a node stays as long as its row.
 */
#include "postgres.h"

#include "storage/bufmgr.h"

#include "compat.h"
#include "index/graph/node.h"

/* Pages that an index gets at least when it has no place for a node. */
#define MIN_EXTENT 16

/* Then also one for so many that it has. */
#define EXTENT_PART 16

/* Set or clear the bit of a node in the head of its page. */
static void
set_linked(Page page, int slot, bool linked)
{
	MvNodeHead *head = MV_PAGE_HEAD(page);

	if (linked)
		head->linked |= UINT32_C(1) << slot;
	else
		head->linked &= ~(UINT32_C(1) << slot);
}

/* A page of nodes in a change, or page i of those of one, made if it never was; its first node. */
static Page
change_page(MvChange *change, const MvNodeShape *shape, Buffer buffer, uint32 first, int i)
{
	Page		page = BufferGetPage(buffer);

	if (!PageIsNew(page))
		return mv_change_page(change, buffer);
	page = mv_change_new_page(change, buffer, MV_PAGE_NODE);
	mv_page_set_used(page, mv_node_page_size(shape, i));
	((MvNodeHead *) MV_PAGE_HEAD(page))->first = first;
	return page;
}

static Buffer
lock_page(const MvNodes *nodes, BlockNumber block)
{
	Buffer		buffer = mv_page_pin(nodes->index, block);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	if (!PageIsNew(BufferGetPage(buffer)))
		mv_page_expect(nodes->index, buffer, MV_PAGE_NODE);
	return buffer;
}

/* The first node of a node page, by the page's number. */
static uint32
first_of_page(const MvNodeShape *shape, BlockNumber number)
{
	return shape->nodes_per_page > 0 ? number * shape->nodes_per_page :
		number / shape->pages_per_node;
}

/*
 * The last page of the extent is written in the record that says of it: so the file is
 * long enough after a crash, too, and nobody else is given these pages.
 */
void
mv_node_make_room(MvNodes *nodes, uint32 id)
{
	const MvNodeShape *shape = &nodes->shape;
	BlockNumber have = mv_node_pages(shape, nodes->capacity);
	BlockNumber want = mv_node_pages(shape, id + 1);
	MvNodeExtent extent;
	Buffer		buffer;
	Buffer		last;
	MvChange	change;
	MvNodeRoot *root;

	if (id < nodes->capacity)
		return;
	if (id >= MV_NODE_MAX_ROWS || nodes->root.nextents == MV_NODE_EXTENTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("index \"%s\" has no room for more nodes",
						RelationGetRelationName(nodes->index)),
				 errhint("Please REINDEX it.")));
	extent.npages = Max(Max(want - have, have / EXTENT_PART), MIN_EXTENT);
	if (shape->nodes_per_page == 0)
		extent.npages += shape->pages_per_node - extent.npages % shape->pages_per_node;
	extent.start = mv_page_extend_run(nodes->index, extent.npages);

	buffer = mv_page_read(nodes->index, nodes->ivf->meta.graph, MV_PAGE_GRAPH,
						  BUFFER_LOCK_EXCLUSIVE);
	last = lock_page(nodes, extent.start + extent.npages - 1);
	mv_change_begin(&change, nodes->index);
	root = (MvNodeRoot *) MV_PAGE_BODY(mv_change_page(&change, buffer));
	root->extents[root->nextents++] = extent;
	change_page(&change, shape, last, first_of_page(shape, have + extent.npages - 1),
				shape->pages_per_node - 1);
	mv_change_commit(&change);
	UnlockReleaseBuffer(last);
	UnlockReleaseBuffer(buffer);
	mv_node_open(nodes, nodes->index, nodes->ivf);
}

/* The last page first, so that a node is there when all of it is. */
static void
write_long(const MvNodes *nodes, uint32 id, const char *node)
{
	BlockNumber block = mv_node_block(nodes, id);

	for (int i = nodes->shape.pages_per_node - 1; i >= 0; i--)
	{
		int			at = i * MV_BODY_SIZE;
		Buffer		buffer = lock_page(nodes, block + i);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, nodes->index);
		page = change_page(&change, &nodes->shape, buffer, id, i);
		memcpy(MV_PAGE_BODY(page), node + at, mv_node_page_size(&nodes->shape, i));
		if (i == 0)
			set_linked(page, 0, true);
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
	}
}

void
mv_node_write_page(const MvNodes *nodes, uint32 first, const char *const *images)
{
	const MvNodeShape *shape = &nodes->shape;
	Buffer		buffer;
	MvChange	change;
	Page		page;

	if (shape->nodes_per_page == 0)
	{
		write_long(nodes, first, images[0]);
		return;
	}
	buffer = lock_page(nodes, mv_node_block(nodes, first));
	mv_change_begin(&change, nodes->index);
	page = change_page(&change, shape, buffer, first, 0);
	for (int i = 0; i < shape->nodes_per_page; i++)
		if (images[i] != NULL)
		{
			memcpy(MV_PAGE_BODY(page) + i * shape->size, images[i], shape->size);
			set_linked(page, i, true);
		}
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

void
mv_node_write(const MvNodes *nodes, uint32 id, const char *node)
{
	const char *images[MV_NODE_SLOTS] = {NULL};
	int			slot = mv_node_slot(&nodes->shape, id);

	images[slot] = node;
	mv_node_write_page(nodes, id - slot, images);
}

void
mv_node_unlink(const MvNodes *nodes, BlockNumber block, uint32 slots)
{
	Buffer		buffer = lock_page(nodes, block);
	MvChange	change;
	MvNodeHead *head;

	mv_change_begin(&change, nodes->index);
	head = MV_PAGE_HEAD(mv_change_page(&change, buffer));
	head->linked &= ~slots;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}
