/*
 * ivf_check.c -- are all pages as ivf.h says?
 *
 * Reads the whole index under share locks, one page at a time, while it may
 * be in use: what is added meanwhile is not looked at.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "index/ivf/ivf.h"

typedef struct Check
{
	Relation	index;
	const MvIvf *ivf;
	MvIvfIds	ids;
	uint32		nids;
	uint8	   *seen;			/* [nids]: codes found with this id, 0 or 1 */
	uint8	   *live;			/* [nids] */
	BlockNumber nblocks;
} Check;

/* Every id page is full but the last; every vector has its pages. */
static double
check_ids(Check *c)
{
	const MvIvfShape *shape = &c->ivf->shape;
	double		live = 0;

	for (int i = 0; i < c->ids.npages; i++)
	{
		Buffer buffer = mv_page_read(c->index, c->ids.blocks[i], MV_PAGE_ID, BUFFER_LOCK_SHARE);
		MvIvfIdHead head = *(MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer));
		MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer));
		BlockNumber *group = (BlockNumber *) ((char *) entry + shape->groups_offset);
		int			per_group = Max(shape->vectors_per_page, 1);

		if (head.first != (uint32) i * shape->ids_per_page)
			mv_index_corrupted(c->index, "id page %u begins with id %u", c->ids.blocks[i],
							   head.first);
		if (head.count > (uint32) shape->ids_per_page ||
			(i < c->ids.npages - 1 && head.count < (uint32) shape->ids_per_page))
			mv_index_corrupted(c->index, "id page %u has %u entries", c->ids.blocks[i], head.count);
		for (uint32 j = 0; j < head.count && head.first + j < c->nids; j++)
		{
			if (!ItemPointerIsValid(&entry[j].tid))
				mv_index_corrupted(c->index, "id %u has no heap row", head.first + j);
			if (group[j / per_group] >= c->nblocks)
				mv_index_corrupted(c->index, "vector of id %u is on page %u", head.first + j,
								   group[j / per_group]);
			c->live[head.first + j] = !(entry[j].flags & MV_ID_DEAD);
			live += c->live[head.first + j];
		}
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
	return live;
}

/* Vector pages exist, are of their kind, and hold finite numbers. */
static void
check_vectors(Check *c)
{
	int			dim = c->ivf->shape.dim;
	uint16_t   *vector = palloc(c->ivf->shape.vector_size);
	float	   *x = palloc(sizeof(float) * dim);

	for (uint32 id = 0; id < c->nids; id++)
	{
		BlockNumber block;
		int			offset;

		mv_ivf_id(&c->ids, id, &block, &offset);
		mv_ivf_read_run(c->index, block, MV_PAGE_VECTOR, offset, (char *) vector,
						c->ivf->shape.vector_size);
		mv_kernels.to_f32[MV_F16] (vector, x, dim);
		for (int i = 0; i < dim; i++)
			if (!isfinite(x[i]))
				mv_index_corrupted(c->index, "vector of id %u holds %g", id, x[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
check_block(Check *c, uint32 list, const char *block, int n)
{
	const float *head = (const float *) block;

	for (int i = 0; i < n; i++)
	{
		uint32		id = ((const uint32 *) head)[2 * MV_BLOCK + i];

		/* Beyond: added since the ids were counted. */
		if (id < c->nids && c->seen[id]++)
			mv_index_corrupted(c->index, "id %u stands twice in lists, once in %u", id, list);
		if (!isfinite(head[i]) || !isfinite(head[MV_BLOCK + i]) || head[MV_BLOCK + i] > 0)
			mv_index_corrupted(c->index, "factors of id %u in list %u are impossible", id, list);
	}
}

/* The chain of a list is as long as its header says, and its blocks are sound. */
static void
check_list(Check *c, uint32 list)
{
	const MvIvfShape *shape = &c->ivf->shape;
	int			offset;
	BlockNumber block = mv_ivf_list_block(&c->ivf->meta, shape, list, &offset);
	Buffer		buffer = mv_page_read(c->index, block, MV_PAGE_CENTROID, BUFFER_LOCK_SHARE);
	MvIvfList	header = *(MvIvfList *) (MV_PAGE_BODY(BufferGetPage(buffer)) + offset);
	char	   *bytes = palloc(shape->block_size);
	int			have = 0;
	uint32		left = header.ncodes;

	UnlockReleaseBuffer(buffer);
	if ((uint64) header.npages * MV_BODY_SIZE <
		((uint64) (header.ncodes + MV_BLOCK - 1) / MV_BLOCK) * shape->block_size)
		mv_index_corrupted(c->index, "list %u has %u codes on %u pages", list, header.ncodes,
						   header.npages);
	block = header.first;
	for (uint32 i = 0; i < header.npages; i++)
	{
		if (block >= c->nblocks)
			mv_index_corrupted(c->index, "chain of list %u leads to page %u", list, block);
		buffer = mv_page_read(c->index, block, MV_PAGE_CODE, BUFFER_LOCK_SHARE);
		for (int at = 0; at < MV_BODY_SIZE && left > 0;)
		{
			int			part = Min(shape->block_size - have, MV_BODY_SIZE - at);

			memcpy(bytes + have, MV_PAGE_BODY(BufferGetPage(buffer)) + at, part);
			have += part;
			at += part;
			if (have < shape->block_size)
				continue;
			check_block(c, list, bytes, (int) Min(left, MV_BLOCK));
			left -= Min(left, MV_BLOCK);
			have = 0;
		}
		if (i == header.npages - 1 && block != header.last)
			mv_index_corrupted(c->index, "last page of list %u is %u, not %u", list, block,
							   header.last);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(bytes);
}

double
mv_ivf_check(Relation index)
{
	Check		c = {.index = index, .ivf = mv_ivf_open(index)};
	double		live,
				lost = 0;
	Buffer		buffer;

	c.nblocks = RelationGetNumberOfBlocks(index);
	mv_ivf_ids_begin(&c.ids, index, c.ivf);
	if (mv_ivf_ids_refresh(&c.ids) > 0)
	{
		int			last = c.ids.npages - 1;

		buffer = mv_page_read(index, c.ids.blocks[last], MV_PAGE_ID, BUFFER_LOCK_SHARE);
		c.nids = last * c.ivf->shape.ids_per_page +
			Min(((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer)))->count,
				c.ivf->shape.ids_per_page);
		UnlockReleaseBuffer(buffer);
	}
	c.seen = palloc_extended(c.nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	c.live = palloc_extended(c.nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	live = check_ids(&c);
	check_vectors(&c);
	for (uint32 list = 0; list < c.ivf->meta.nlists; list++)
		check_list(&c, list);

	/* An insert that failed between its two steps leaves such an id until vacuum. */
	for (uint32 id = 0; id < c.nids; id++)
		lost += c.live[id] && !c.seen[id];
	if (lost > 0)
		ereport(WARNING,
				(errmsg("%.0f rows of index \"%s\" are in no list", lost,
						RelationGetRelationName(index)),
				 errdetail("They are being inserted, or a crash left them for VACUUM.")));
	mv_ivf_ids_end(&c.ids);
	return live;
}
