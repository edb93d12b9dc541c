/*
 * ivf_rewrite.c -- moving the rows of lists to other lists.
 *
 * The rows of some lists are coded anew for other centroids and written to new
 * chains, and one record puts these in the place of the old ones and raises the
 * version of the list table.  Scans that began before go on in the old chains,
 * whose pages are deleted but keep their content until no snapshot can want
 * it.  The work is done without locks; only what was appended meanwhile is
 * added while the list pages are locked.
 *
 * Locks: maintainer (heavyweight) < meta < list pages < id pages < vector pages,
 * and list pages < centroid and code pages.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "index/ivf/ivf_rewrite.h"

MvIvfRewrite *
mv_ivf_rewrite_begin(Relation index, Relation heap, const MvIvf *ivf, int max_parts)
{
	MvIvfRewrite    *r = palloc0(sizeof(MvIvfRewrite));

	r->index = index;
	r->heap = heap;
	r->ivf = ivf;
	mv_ivf_ids_begin(&r->ids, index, ivf);
	mv_ivf_walk_begin(&r->walk, index, &ivf->shape, palloc(ivf->shape.block_size));
	r->stored = palloc(ivf->shape.vector_size);
	r->rotated = palloc(ivf->shape.centroid_size);
	r->row = palloc(ivf->shape.row_size);
	r->parts = palloc0(sizeof(MvIvfPart) * Max(max_parts, 1));
	return r;
}

void
mv_ivf_rewrite_source(MvIvfRewrite *r, uint32 list)
{
	MvIvfSource	   *source = &r->sources[r->nsources++];

	source->list = list;
	mv_ivf_list_clear(&source->seen);
}

void
mv_ivf_rewrite_part(MvIvfRewrite *r, uint32 list, BlockNumber page, float *center)
{
	MvIvfPart	   *part = &r->parts[r->nparts++];

	part->list = list;
	part->page = page;
	part->center = center;
	mv_ivf_chain_begin(&part->chain, r->index, r->heap, r->ivf);
}

void
mv_ivf_rewrite_members(MvIvfRewrite *r, const MvIvfList *seen, const MvIvfList *now,
					   MvIvfMembers *members)
{
	const MvIvfShape *shape = &r->ivf->shape;
	Size		size = shape->row_size;
	Size		n = now->ncodes - seen->ncodes;
	int			skip = mv_ivf_walk_resume(&r->walk, seen, now);
	const char *block;

	members->n = 0;
	members->ids = palloc_extended(sizeof(uint32) * (n + 1), MCXT_ALLOC_HUGE);
	members->codes = shape->strings ? palloc_extended(size * n, MCXT_ALLOC_HUGE) : NULL;
	for (; (block = mv_ivf_walk_next(&r->walk)) != NULL; skip = 0)
		for (int i = skip; i < r->walk.n; i++, members->n++)
		{
			members->ids[members->n] = mv_ivf_block_id(block, i);
			if (members->codes != NULL)
				mv_ivf_block_get(shape, block, i, members->codes + size * members->n);
		}
}

void
mv_ivf_members_free(MvIvfMembers *members)
{
	pfree(members->ids);
	if (members->codes != NULL)
		pfree(members->codes);
}

bool
mv_ivf_rewrite_row(MvIvfRewrite *r, const MvIvfMembers *members, uint32 i, float *rotated)
{
	int			row_size = r->ivf->shape.row_size;
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(&r->ids, members->ids[i], &block, &offset);

	if (entry.flags & (MV_ID_DEAD | MV_ID_FREE))
		return false;
	if (members->codes != NULL)
	{
		memcpy(r->row, members->codes + (Size) row_size * i, row_size);
		mv_ivf_rotate_string(r->ivf, r->row, rotated);
		return true;
	}
	mv_ivf_read_run(r->index, block, MV_PAGE_VECTOR, offset, r->stored, r->ivf->shape.vector_size);
	mv_ivf_rotate_stored(r->ivf, r->stored, rotated);
	return true;
}

/* Give a row to the part with the nearest centroid, of equally near ones the shortest. */
static void
place_row(MvIvfRewrite *r, const MvIvfMembers *members, uint32 number)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	MvIvfPart	   *best = NULL;
	double		best_dist = 0;

	if (!mv_ivf_rewrite_row(r, members, number, r->rotated))
		return;
	for (int i = 0; i < r->nparts; i++)
	{
		MvIvfPart	   *part = &r->parts[i];
		double		dist = l2sq(r->rotated, part->center, r->ivf->shape.padded);

		if (best == NULL || dist < best_dist ||
			(dist == best_dist && part->chain.list.ncodes < best->chain.list.ncodes))
		{
			best = part;
			best_dist = dist;
		}
	}
	best->distances += best_dist;
	mv_ivf_encode(r->ivf, r->rotated, best->center, r->row);
	mv_ivf_chain_put(&best->chain, r->row, members->ids[number]);
}

/* Take the codes that a list has got since. */
static void
take_codes(MvIvfRewrite *r, MvIvfSource *source, const MvIvfList *now)
{
	MvIvfMembers members;

	if (now->ncodes == source->seen.ncodes)
		return;
	mv_ivf_rewrite_members(r, &source->seen, now, &members);
	for (uint32 i = 0; i < members.n; i++)
		place_row(r, &members, i);
	mv_ivf_members_free(&members);
	source->seen = *now;
}

/* The list pages of sources and parts, exclusively locked, each once. */
typedef struct ListPages
{
	int			n;
	Buffer		buffers[MV_CHANGE_PAGES - 1];
} ListPages;

static Buffer
list_page(ListPages *pages, Relation index, BlockNumber block)
{
	for (int i = 0; i < pages->n; i++)
		if (BufferGetBlockNumber(pages->buffers[i]) == block)
			return pages->buffers[i];
	Assert(pages->n < lengthof(pages->buffers));
	return pages->buffers[pages->n++] = mv_page_read(index, block, MV_PAGE_LIST,
													  BUFFER_LOCK_EXCLUSIVE);
}

/* Offset of a list in its page. */
static inline int
list_offset(uint32 list)
{
	return (int) (list % MV_IVF_LISTS_PER_PAGE * sizeof(MvIvfList));
}

/* The one record that puts the new lists in the place of the old. */
static void
change_table(MvIvfRewrite *r, Buffer meta_buffer, ListPages *pages)
{
	MvChange	change;
	MvIvfMeta  *meta;
	MvIvfList	unused;
	int			at;

	mv_ivf_list_clear(&unused);
	mv_change_begin(&change, r->index);
	meta = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta_buffer));
	meta->version++;
	for (int i = 0; i < r->nsources; i++)
	{
		BlockNumber block = mv_ivf_list_place(r->ivf, r->sources[i].list, &at);
		Page		page = mv_change_page(&change, list_page(pages, r->index, block));

		*mv_ivf_list_at(page, at) = unused;
	}
	for (int i = 0; i < r->nparts; i++)
	{
		MvIvfPart	   *part = &r->parts[i];
		Page		page = mv_change_page(&change, list_page(pages, r->index, part->page));

		part->chain.list.changed = meta->version;
		*mv_ivf_list_at(page, list_offset(part->list)) = part->chain.list;
		meta->nlists = Max(meta->nlists, part->list + 1);
	}
	mv_change_commit(&change);
}

/* Take what came last, and let everybody see the new lists. */
static void
publish(MvIvfRewrite *r)
{
	Buffer		meta;
	ListPages	pages = {0};

	meta = mv_page_read(r->index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	for (int i = 0; i < r->nsources; i++)
	{
		int			at;
		BlockNumber block = mv_ivf_list_place(r->ivf, r->sources[i].list, &at);
		Buffer		buffer = list_page(&pages, r->index, block);
		MvIvfList	now = *mv_ivf_list_at(BufferGetPage(buffer), at);

		take_codes(r, &r->sources[i], &now);
		r->sources[i].seen = now;
	}
	for (int i = 0; i < r->nparts; i++)
	{
		list_page(&pages, r->index, r->parts[i].page);
		mv_ivf_chain_finish(&r->parts[i].chain);
		r->parts[i].chain.list.spread =
			(float) (r->parts[i].distances / Max(r->parts[i].chain.list.ncodes, 1));
	}
	change_table(r, meta, &pages);
	while (pages.n > 0)
		UnlockReleaseBuffer(pages.buffers[--pages.n]);
	UnlockReleaseBuffer(meta);
}

/* Move the rows of the sources to the parts. */
void
mv_ivf_rewrite_lists(MvIvfRewrite *r)
{
	for (int i = 0; i < r->nsources; i++)
	{
		MvIvfList	now = mv_ivf_list_header(r->index, r->ivf, r->sources[i].list);

		take_codes(r, &r->sources[i], &now);
	}
	publish(r);
	for (int i = 0; i < r->nsources; i++)
		mv_ivf_chain_delete(r->index, &r->sources[i].seen);
}

/* ---- room for lists and centroids ---- */

static BlockNumber
extend_table(Relation index, BlockNumber last)
{
	Buffer		before = mv_page_read(index, last, MV_PAGE_LIST, BUFFER_LOCK_EXCLUSIVE);
	Buffer		buffer = mv_page_alloc(index, NULL);
	BlockNumber block = BufferGetBlockNumber(buffer);
	MvChange	change;
	Page		page;

	mv_change_begin(&change, index);
	page = mv_change_new_page(&change, buffer, MV_PAGE_LIST);
	mv_page_set_used(page, MV_BODY_SIZE);
	for (int i = 0; i < MV_IVF_LISTS_PER_PAGE; i++)
		mv_ivf_list_clear((MvIvfList *) MV_PAGE_BODY(page) + i);
	MV_PAGE_TAIL(mv_change_page(&change, before))->next = block;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(before);
	return block;
}

/* Find unused slots of one page; returns it. */
BlockNumber
mv_ivf_find_slots(Relation index, const MvIvf *ivf, int wanted, uint32 *slots)
{
	BlockNumber block = ivf->meta.list_start;

	for (uint32 first = 0;; first += MV_IVF_LISTS_PER_PAGE)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);
		Page		page = BufferGetPage(buffer);
		BlockNumber next = MV_PAGE_TAIL(page)->next;
		int			n = 0;

		for (uint32 i = 0; i < MV_IVF_LISTS_PER_PAGE && n < wanted; i++)
			if (!BlockNumberIsValid(((MvIvfList *) MV_PAGE_BODY(page))[i].centroid))
				slots[n++] = first + i;
		UnlockReleaseBuffer(buffer);
		if (n == wanted)
			return block;
		block = BlockNumberIsValid(next) ? next : extend_table(index, block);
	}
}

/* A centroid that is larger than a page: a chain of its own, last page first. */
static void
write_long_centroid(Relation index, const char *centroid, int size, MvIvfList *list)
{
	BlockNumber next = InvalidBlockNumber;

	for (int at = (size - 1) / MV_BODY_SIZE * MV_BODY_SIZE; at >= 0; at -= MV_BODY_SIZE)
	{
		Buffer		buffer = mv_page_alloc(index, NULL);
		int			n = Min(size - at, MV_BODY_SIZE);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, index);
		page = mv_change_new_page(&change, buffer, MV_PAGE_CENTROID);
		mv_page_set_used(page, n);
		memcpy(MV_PAGE_BODY(page), centroid + at, n);
		MV_PAGE_TAIL(page)->next = next;
		mv_change_commit(&change);
		next = BufferGetBlockNumber(buffer);
		UnlockReleaseBuffer(buffer);
	}
	list->centroid = next;
	list->centroid_offset = 0;
}

/* Write a centroid where none was before, and note in a header where it is. */
void
mv_ivf_write_centroid(Relation index, const char *centroid, int size, MvIvfList *list)
{
	Buffer		meta_buffer;
	MvIvfMeta  *meta;
	Buffer		buffer = InvalidBuffer;
	int			used = 0;
	MvChange	change;
	Page		page;

	if (size > MV_BODY_SIZE)
	{
		write_long_centroid(index, centroid, size, list);
		return;
	}
	meta_buffer = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	meta = (MvIvfMeta *) MV_PAGE_BODY(BufferGetPage(meta_buffer));
	if (BlockNumberIsValid(meta->last_centroid))
	{
		buffer = mv_page_read(index, meta->last_centroid, MV_PAGE_CENTROID, BUFFER_LOCK_EXCLUSIVE);
		used = mv_page_used(BufferGetPage(buffer));
		if (used + size > MV_BODY_SIZE)
		{
			UnlockReleaseBuffer(buffer);
			buffer = InvalidBuffer;
		}
	}
	mv_change_begin(&change, index);
	if (BufferIsValid(buffer))
		page = mv_change_page(&change, buffer);
	else
	{
		buffer = mv_page_alloc(index, NULL);
		used = 0;
		page = mv_change_new_page(&change, buffer, MV_PAGE_CENTROID);
		meta = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta_buffer));
		meta->last_centroid = BufferGetBlockNumber(buffer);
	}
	mv_page_set_used(page, used + size);
	memcpy(MV_PAGE_BODY(page) + used, centroid, size);
	list->centroid = BufferGetBlockNumber(buffer);
	list->centroid_offset = (uint32) used;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
}
