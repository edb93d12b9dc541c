/*
 * ivf_list.c -- centroids and chains of codes: reading them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "index/ivf/ivf.h"

MvIvfList *
mv_ivf_copy_lists(Relation index, MvIvf **ivf)
{
	MvIvfList  *lists = NULL;

	do
	{
		if (lists)
			pfree(lists);
		*ivf = mv_ivf_open(index);
		lists = palloc(sizeof(MvIvfList) * ((*ivf)->nused + 1));
		for (int i = 0; i < (*ivf)->nused; i++)
		{
			int			offset;
			BlockNumber block = mv_ivf_list_place(*ivf, (*ivf)->used[i], &offset);
			Buffer		buffer = mv_page_read(index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);

			lists[i] = *mv_ivf_list_at(BufferGetPage(buffer), offset);
			UnlockReleaseBuffer(buffer);
		}
	} while ((*ivf)->meta.version != mv_ivf_current_version(index));
	return lists;
}

MvIvfList
mv_ivf_list_header(Relation index, const MvIvf *ivf, uint32 list)
{
	int			at;
	BlockNumber block = mv_ivf_list_place(ivf, list, &at);
	Buffer		buffer = mv_page_read(index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);
	MvIvfList	header = *mv_ivf_list_at(BufferGetPage(buffer), at);

	UnlockReleaseBuffer(buffer);
	return header;
}

void
mv_ivf_read_centroid(Relation index, const MvIvf *ivf, const MvIvfList *list, float *c)
{
	mv_ivf_read_run(index, list->centroid, MV_PAGE_CENTROID, (int) list->centroid_offset,
					(char *) c, ivf->shape.centroid_size);
}

static void
next_page(MvIvfWalk *walk)
{
	BlockNumber block = walk->first;

	if (BufferIsValid(walk->buffer))
	{
		block = MV_PAGE_TAIL(BufferGetPage(walk->buffer))->next;
		UnlockReleaseBuffer(walk->buffer);
	}
	walk->buffer = InvalidBuffer;
	CHECK_FOR_INTERRUPTS();
	walk->buffer = mv_page_read_quick(walk->index, block, MV_PAGE_CODE);
	walk->at = 0;
}

void
mv_ivf_walk_begin(MvIvfWalk *walk, Relation index, const MvIvfShape *shape, char *crossing)
{
	walk->index = index;
	walk->shape = shape;
	walk->crossing = crossing;
	walk->buffer = InvalidBuffer;
	walk->left = 0;
}

void
mv_ivf_walk_start(MvIvfWalk *walk, BlockNumber first, uint32 ncodes)
{
	Assert(!BufferIsValid(walk->buffer));
	walk->first = first;
	walk->left = ncodes;
	walk->at = MV_BODY_SIZE;
	walk->n = 0;
}

void
mv_ivf_walk_touch(const MvIvfWalk *walk, BlockNumber first, uint32 ncodes)
{
	uint64		bytes = (ncodes + MV_BLOCK - 1) / MV_BLOCK * (uint64) walk->shape->block_size;

	mv_page_touch_guess(walk->index, first, MV_BODY_OFFSET + (int) Min(bytes, MV_BODY_SIZE) - 1);
}

void
mv_ivf_walk_ahead(const MvIvfWalk *walk, BlockNumber first)
{
	mv_page_prefetch_guess(walk->index, first, MV_BODY_OFFSET,
						   Min(walk->shape->block_size, MV_BODY_SIZE));
}

int
mv_ivf_walk_resume(MvIvfWalk *walk, const MvIvfList *seen, const MvIvfList *now)
{
	uint32		block = seen->ncodes > 0 ? (seen->ncodes - 1) / MV_BLOCK : 0;

	Assert(now->ncodes >= seen->ncodes);
	if (seen->ncodes == 0)
	{
		mv_ivf_walk_start(walk, now->first, now->ncodes);
		return 0;
	}
	mv_ivf_walk_start(walk, seen->tail, now->ncodes - block * MV_BLOCK);
	next_page(walk);
	walk->at = (int) ((uint64) block * walk->shape->block_size % MV_BODY_SIZE);
	return (int) (seen->ncodes - block * MV_BLOCK);
}

const char *
mv_ivf_walk_next(MvIvfWalk *walk)
{
	int			size = walk->shape->block_size;
	int			have = 0;
	const char *block;

	walk->left -= walk->n;
	if (walk->left == 0)
	{
		if (BufferIsValid(walk->buffer))
			UnlockReleaseBuffer(walk->buffer);
		walk->buffer = InvalidBuffer;
		return NULL;
	}
	walk->n = (int) Min(walk->left, MV_BLOCK);
	if (walk->at == MV_BODY_SIZE)
		next_page(walk);
	if (walk->at + size <= MV_BODY_SIZE)
	{
		block = MV_PAGE_BODY(BufferGetPage(walk->buffer)) + walk->at;
		walk->at += size;
		if (walk->left > MV_BLOCK && walk->at + size <= MV_BODY_SIZE)
			mv_block_prefetch((const uint8_t *) block + size, size);
		return block;
	}
	for (;;)
	{
		int			part = Min(size - have, MV_BODY_SIZE - walk->at);

		memcpy(walk->crossing + have, MV_PAGE_BODY(BufferGetPage(walk->buffer)) + walk->at, part);
		have += part;
		walk->at += part;
		if (have == size)
			return walk->crossing;
		next_page(walk);
	}
}
