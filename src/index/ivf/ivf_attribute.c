/*
 * ivf_attribute.c -- the keys of attributes, by id.
 *
 * Each id page has a page for each attribute: those of the build follow it, others
 * are a chain that it leads to.  A key is written before its id is in use, so
 * who reads the key of a row that its snapshot can see reads the right one.
 */
#include "postgres.h"

#include "storage/bufmgr.h"

#include "compat.h"
#include "core/score.h"
#include "index/ivf/ivf.h"

BlockNumber
mv_ivf_new_attributes(Relation index, Relation heap, const MvIvf *ivf)
{
	BlockNumber next = InvalidBlockNumber;

	for (int a = 0; a < ivf->shape.nattributes; a++)
	{
		Buffer		buffer = mv_page_alloc(index, heap);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, index);
		page = mv_change_new_page(&change, buffer, MV_PAGE_ATTRIBUTE);
		mv_page_set_used(page, (int) sizeof(int64) * ivf->shape.ids_per_page);
		MV_PAGE_TAIL(page)->next = next;
		mv_change_commit(&change);
		next = BufferGetBlockNumber(buffer);
		UnlockReleaseBuffer(buffer);
	}
	return next;
}

void
mv_ivf_put_keys(Relation index, const MvIvf *ivf, Page ids, int slot, const int64 *keys)
{
	BlockNumber block = ((MvIvfIdHead *) MV_PAGE_HEAD(ids))->attributes;

	for (int a = 0; a < ivf->shape.nattributes; a++)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_ATTRIBUTE, BUFFER_LOCK_EXCLUSIVE);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, index);
		page = mv_change_page(&change, buffer);
		((uint64 *) MV_PAGE_BODY(page))[slot] = mv_key_code(keys[a]);
		block = MV_PAGE_TAIL(page)->next;
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
	}
}

/* The page of an attribute's keys, of the ids of an id page; pinned, and locked to be read. */
static Buffer
key_page(MvIvfIds *ids, int page_no, int attribute)
{
	const MvIvf *ivf = ids->ivf;
	BlockNumber block;
	Buffer		buffer;

	if ((uint32) page_no * (uint32) ivf->shape.ids_per_page < ivf->meta.nbuilt)
		return mv_page_read(ids->index, ivf->meta.id_start + 1 + (BlockNumber) attribute +
							(BlockNumber) page_no * (BlockNumber) ivf->shape.id_stride,
							MV_PAGE_ATTRIBUTE, BUFFER_LOCK_SHARE);
	if (page_no >= ids->npages && page_no >= mv_ivf_ids_refresh(ids))
		mv_index_corrupted(ids->index, "id page %d does not exist", page_no);
	buffer = mv_page_read(ids->index, ids->blocks[page_no], MV_PAGE_ID, BUFFER_LOCK_SHARE);
	block = ((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer)))->attributes;
	UnlockReleaseBuffer(buffer);
	for (;; attribute--)
	{
		buffer = mv_page_read(ids->index, block, MV_PAGE_ATTRIBUTE, BUFFER_LOCK_SHARE);
		if (attribute == 0)
			return buffer;
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
}

/* So many ranges are compared with all keys one after the other; more are looked up. */
#define FEW_RANGES 8

void
mv_ivf_mask_keys(MvIvfIds *ids, int page_no, int from, int n, const MvCondition *condition,
				 uint64 *words)
{
	Buffer		buffer = key_page(ids, page_no, condition->attribute);
	const uint64 *codes = (const uint64 *) MV_PAGE_BODY(BufferGetPage(buffer)) + from;
	int			nwords = (n + 63) / 64;
	int			whole = Min(nwords * 64, MV_IVF_MAX_IDS_PER_PAGE - from);
	uint64		any[MV_IVF_MAX_IDS_PER_PAGE / 64 + 1] = {0},
				bits[MV_IVF_MAX_IDS_PER_PAGE / 64 + 1];

	/* Whole words are compared, where there is room for as many keys. */
	for (int r = 0; r < condition->nranges && condition->nranges <= FEW_RANGES; r++)
	{
		mv_score_kernels.between(codes, sizeof(uint64), whole,
								 mv_key_code(condition->ranges[r].low),
								 mv_key_code(condition->ranges[r].high), bits);
		for (int w = 0; w < nwords; w++)
			any[w] |= bits[w];
	}
	for (int i = 0; i < n && condition->nranges > FEW_RANGES; i++)
	{
		int64		key = (int64) mv_key_code((int64) codes[i]);

		any[i / 64] |= (uint64) mv_condition_holds(condition, key) << i % 64;
	}
	UnlockReleaseBuffer(buffer);
	for (int w = 0; w < nwords; w++)
		words[w] &= any[w];
}
