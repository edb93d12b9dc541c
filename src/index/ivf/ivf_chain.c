/*
 * ivf_chain.c -- chains of codes that replace others: written to new pages, of
 * which nobody knows until a list's header leads to them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "index/ivf/ivf.h"

/* Pages written in one record, beside the one before them. */
#define BATCH (MV_CHANGE_PAGES - 1)

void
mv_ivf_chain_begin(MvIvfChain *chain, Relation index, Relation heap, const MvIvf *ivf)
{
	chain->index = index;
	chain->heap = heap;
	chain->shape = &ivf->shape;
	mv_ivf_list_clear(&chain->list);
	chain->block = palloc(chain->shape->block_size);
	mv_ivf_block_clear(chain->shape, chain->block);
	chain->bodies = palloc(BATCH * MV_BODY_SIZE);
	chain->used = 0;
	chain->written = 0;
	chain->last_block = 0;
}

/* Write the bodies in memory, the last of them perhaps not full, as the chain's next pages. */
static void
flush_bodies(MvIvfChain *chain)
{
	MvIvfList  *list = &chain->list;
	int			n = (chain->used + MV_BODY_SIZE - 1) / MV_BODY_SIZE;
	Buffer		buffers[BATCH];
	Buffer		before = InvalidBuffer;
	MvChange	change;

	if (n == 0)
		return;
	memset(chain->bodies + chain->used, 0, (Size) n * MV_BODY_SIZE - chain->used);
	for (int i = 0; i < n; i++)
		buffers[i] = mv_page_alloc(chain->index, chain->heap);
	if (list->npages > 0)
		before = mv_page_read(chain->index, list->last, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, chain->index);
	for (int i = 0; i < n; i++)
	{
		Page		page = mv_change_new_page(&change, buffers[i], MV_PAGE_CODE);

		mv_page_set_used(page, MV_BODY_SIZE);
		memcpy(MV_PAGE_BODY(page), chain->bodies + (Size) i * MV_BODY_SIZE, MV_BODY_SIZE);
		if (i + 1 < n)
			MV_PAGE_TAIL(page)->next = BufferGetBlockNumber(buffers[i + 1]);
		if (list->npages++ == chain->last_block / MV_BODY_SIZE)
			list->tail = BufferGetBlockNumber(buffers[i]);
	}
	if (BufferIsValid(before))
		MV_PAGE_TAIL(mv_change_page(&change, before))->next = BufferGetBlockNumber(buffers[0]);
	else
		list->first = BufferGetBlockNumber(buffers[0]);
	list->last = BufferGetBlockNumber(buffers[n - 1]);
	mv_change_commit(&change);
	if (BufferIsValid(before))
		UnlockReleaseBuffer(before);
	for (int i = 0; i < n; i++)
		UnlockReleaseBuffer(buffers[i]);
	chain->written += chain->used;
	chain->used = 0;
}

static void
append_block(MvIvfChain *chain)
{
	const char *src = chain->block;
	int			left = chain->shape->block_size;

	chain->last_block = chain->written + chain->used;
	while (left > 0)
	{
		int			part = Min(left, BATCH * MV_BODY_SIZE - chain->used);

		memcpy(chain->bodies + chain->used, src, part);
		chain->used += part;
		src += part;
		left -= part;
		if (chain->used == BATCH * MV_BODY_SIZE)
			flush_bodies(chain);
	}
	mv_ivf_block_clear(chain->shape, chain->block);
}

void
mv_ivf_chain_put(MvIvfChain *chain, const char *row, uint32 id)
{
	mv_ivf_block_put(chain->shape, chain->block, (int) (chain->list.ncodes++ % MV_BLOCK), row, id);
	if (chain->list.ncodes % MV_BLOCK == 0)
		append_block(chain);
}

void
mv_ivf_chain_finish(MvIvfChain *chain)
{
	if (chain->list.ncodes % MV_BLOCK != 0)
		append_block(chain);
	flush_bodies(chain);
	pfree(chain->block);
	pfree(chain->bodies);
}

void
mv_ivf_chain_delete(Relation index, const MvIvfList *list)
{
	BlockNumber block = list->first;
	uint32		left = list->npages;

	while (left > 0)
	{
		Buffer		buffers[MV_CHANGE_PAGES];
		MvChange	change;
		int			n = 0;

		mv_change_begin(&change, index);
		for (; left > 0 && n < MV_CHANGE_PAGES; n++, left--)
		{
			buffers[n] = mv_page_read(index, block, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);
			block = MV_PAGE_TAIL(BufferGetPage(buffers[n]))->next;
			mv_change_delete_page(&change, buffers[n], mv_page_deletion_xid());
		}
		mv_change_commit(&change);
		while (n > 0)
		{
			BlockNumber deleted = BufferGetBlockNumber(buffers[--n]);

			UnlockReleaseBuffer(buffers[n]);
			mv_page_recycle(index, deleted);
		}
	}
}
