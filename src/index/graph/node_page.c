/*
 * node_page.c -- where nodes are, and their parts.
 */
#include "postgres.h"

#include <math.h>

#include "storage/bufmgr.h"

#include "compat.h"
#include "core/graph.h"
#include "index/graph/node.h"

void
mv_node_shape(MvNodeShape *shape, const MvIvf *ivf, int degree)
{
	shape->dim = ivf->shape.dim;
	shape->padded = ivf->shape.padded;
	shape->degree = degree;
	shape->block_size = (int) mv_block_size(shape->padded) + 2 * MV_BLOCK * (int) sizeof(float);
	shape->ids_at = degree / MV_BLOCK * shape->block_size;
	shape->vector_at = shape->ids_at + degree * (int) sizeof(uint32);
	shape->size = (int) TYPEALIGN(64, shape->vector_at + 2 * shape->dim);
	shape->nodes_per_page = Min(MV_BODY_SIZE / shape->size, MV_NODE_SLOTS);
	shape->pages_per_node = (shape->size + MV_BODY_SIZE - 1) / MV_BODY_SIZE;
}

BlockNumber
mv_node_pages(const MvNodeShape *shape, uint32 ids)
{
	if (shape->nodes_per_page == 0)
		return ids * (BlockNumber) shape->pages_per_node;
	return (ids + shape->nodes_per_page - 1) / shape->nodes_per_page;
}

void
mv_node_root_image(Page image, Relation index)
{
	const MvIndexOptions *options = mv_index_options(index);
	MvNodeRoot *root = (MvNodeRoot *) MV_PAGE_BODY(image);

	mv_page_init(image, MV_PAGE_GRAPH);
	mv_page_set_used(image, sizeof(MvNodeRoot));
	root->version = MV_NODE_VERSION;
	root->degree = (uint16) mv_node_degree(options);
	root->effort = (uint16) options->ef_construction;
	mv_ivf_list_clear(&root->entries);
	mv_ivf_list_clear(&root->pending);
	mv_ivf_list_clear(&root->linked);
}

bool
mv_node_open(MvNodes *nodes, Relation index, const MvIvf *ivf)
{
	MvNodeRoot *root = &nodes->root;
	MvGraphPlan plan;
	uint64		npages = 0;
	uint64		capacity;
	Buffer		buffer;

	if (!BlockNumberIsValid(ivf->meta.graph))
		return false;
	buffer = mv_page_read(index, ivf->meta.graph, MV_PAGE_GRAPH, BUFFER_LOCK_SHARE);
	memcpy(root, MV_PAGE_BODY(BufferGetPage(buffer)), sizeof(MvNodeRoot));
	UnlockReleaseBuffer(buffer);
	if (root->version != MV_NODE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("graph of index \"%s\" has format %u, this milvus_pg reads format %u",
						RelationGetRelationName(index), root->version, MV_NODE_VERSION),
				 errhint("Please REINDEX it.")));
	if (root->degree < MV_BLOCK || root->degree % MV_BLOCK != 0 ||
		root->nextents > MV_NODE_EXTENTS)
		mv_index_corrupted(index, "impossible numbers in the graph page");
	nodes->index = index;
	nodes->ivf = ivf;
	mv_node_shape(&nodes->shape, ivf, root->degree);
	for (uint32 i = 0; i < root->nextents; i++)
		npages += root->extents[i].npages;
	capacity = nodes->shape.nodes_per_page > 0 ? npages * nodes->shape.nodes_per_page :
		npages / nodes->shape.pages_per_node;
	nodes->capacity = (uint32) Min(capacity, MV_NODE_MAX_ROWS);
	mv_graph_plan(&plan, 1, nodes->shape.padded, 1, root->degree, root->effort);
	nodes->alpha = plan.alpha;
	return true;
}

BlockNumber
mv_node_block(const MvNodes *nodes, uint32 id)
{
	const MvNodeShape *shape = &nodes->shape;
	uint32		page = shape->nodes_per_page > 0 ? id / shape->nodes_per_page :
		id * shape->pages_per_node;

	for (uint32 i = 0; i < nodes->root.nextents; i++)
	{
		if (page < nodes->root.extents[i].npages)
			return nodes->root.extents[i].start + page;
		page -= nodes->root.extents[i].npages;
	}
	mv_index_corrupted(nodes->index, "node %u has no place", id);
}

/* Copy a node of several pages; the first is locked. */
static void
copy_node(const MvNodes *nodes, Buffer first, char *copy)
{
	BlockNumber block = BufferGetBlockNumber(first);
	int			left = nodes->shape.size;

	memcpy(copy, MV_PAGE_BODY(BufferGetPage(first)), MV_BODY_SIZE);
	for (left -= MV_BODY_SIZE; left > 0; left -= MV_BODY_SIZE)
	{
		Buffer		buffer = mv_page_read(nodes->index, ++block, MV_PAGE_NODE, BUFFER_LOCK_SHARE);

		copy += MV_BODY_SIZE;
		memcpy(copy, MV_PAGE_BODY(BufferGetPage(buffer)), Min(left, MV_BODY_SIZE));
		UnlockReleaseBuffer(buffer);
	}
}

void
mv_node_get(const MvNodes *nodes, uint32 id, char *copy, MvNodeRef *ref)
{
	const MvNodeShape *shape = &nodes->shape;
	int			slot = mv_node_slot(shape, id);
	Buffer		buffer = mv_page_pin(nodes->index, mv_node_block(nodes, id));
	Page		page = BufferGetPage(buffer);
	MvNodeHead *head = MV_PAGE_HEAD(page);

	ref->node = NULL;
	ref->buffer = InvalidBuffer;
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	/* A place that was never used may be on a page that never was. */
	if (PageIsNew(page))
	{
		UnlockReleaseBuffer(buffer);
		return;
	}
	mv_page_expect(nodes->index, buffer, MV_PAGE_NODE);
	if ((head->linked >> slot & 1) == 0)
		UnlockReleaseBuffer(buffer);
	else if (shape->nodes_per_page > 0)
	{
		ref->buffer = buffer;
		ref->node = MV_PAGE_BODY(page) + slot * shape->size;
	}
	else
	{
		copy_node(nodes, buffer, copy);
		ref->node = copy;
		UnlockReleaseBuffer(buffer);
	}
}

void
mv_node_release(MvNodeRef *ref)
{
	if (BufferIsValid(ref->buffer))
		UnlockReleaseBuffer(ref->buffer);
	ref->buffer = InvalidBuffer;
	ref->node = NULL;
}

/* Of its codes; the processor finds the others by itself. */
#define PREFETCH_BYTES 512

void
mv_node_prefetch(const MvNodes *nodes, uint32 id)
{
	const MvNodeShape *shape = &nodes->shape;
	BlockNumber block = mv_node_block(nodes, id);
	int			at = mv_node_slot(shape, id) * shape->size;

	mv_page_prefetch_guess(nodes->index, block, MV_BODY_OFFSET + at, PREFETCH_BYTES);
	if (shape->nodes_per_page > 0)
		mv_page_prefetch_guess(nodes->index, block, MV_BODY_OFFSET + at + shape->ids_at,
						 shape->size - shape->ids_at);
}

void
mv_node_clear(const MvNodeShape *shape, char *node, const void *vector)
{
	memset(node, 0, shape->size);
	for (int b = 0; b < shape->degree / MV_BLOCK; b++)
		for (int i = 0; i < MV_BLOCK; i++)
			mv_node_factors(shape, node, b)[i] = INFINITY;
	memset(node + shape->ids_at, 0xff, shape->degree * sizeof(uint32));
	memcpy(node + shape->vector_at, vector, 2 * (Size) shape->dim);
}

void
mv_node_empty(const MvNodeShape *shape, char *node, int place)
{
	float	   *factors = mv_node_factors(shape, node, place / MV_BLOCK) + place % MV_BLOCK;

	((uint32 *) (node + shape->ids_at))[place] = MV_NODE_NONE;
	mv_block_clear(mv_node_codes(shape, node, place / MV_BLOCK), place % MV_BLOCK, shape->padded);
	factors[0] = INFINITY;
	factors[MV_BLOCK] = 0;
}

void
mv_node_put(const MvNodeShape *shape, char *node, int place, uint32 id,
			const void *code, const MvRabitqFactors *f)
{
	float	   *factors = mv_node_factors(shape, node, place / MV_BLOCK) + place % MV_BLOCK;
	uint8_t    *codes = mv_node_codes(shape, node, place / MV_BLOCK);

	((uint32 *) (node + shape->ids_at))[place] = id;
	mv_block_put(codes, place % MV_BLOCK, shape->padded, code);
	factors[0] = f->add;
	factors[MV_BLOCK] = f->rescale;
}

void
mv_node_set(const MvNodes *nodes, char *node, int place, const float *center, uint32 id,
			const float *rotated)
{
	uint64		code[MV_MAX_BITS / 64];
	MvRabitqFactors f;

	mv_rabitq_encode(&nodes->ivf->format, rotated, center, code, &f);
	mv_node_put(&nodes->shape, node, place, id, code, &f);
}
