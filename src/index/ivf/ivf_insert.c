/*
 * ivf_insert.c -- adding a row to a built index.
 *
 * First the row gets an id: the keys of its attributes, then its TID and vector are
 * written.  Then its code is appended to the list of the nearest centroid.  A crash
 * between the two leaves an id that no list knows: its row was never committed, and
 * vacuum finds it.
 *
 * Locks: meta < directory < id page < attribute or vector page while an id is taken, then list
 * page < centroid and code pages.  A list's page is locked for the whole append,
 * so that appends to a list do not meet; readers lock one page at a time, and
 * believe the list's count, which is written last.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "index/ivf/ivf.h"

/* The last page of the directory, exclusively locked; counts the entries of those before. */
static Buffer
last_directory_page(Relation index, const MvIvf *ivf, uint32 *before)
{
	BlockNumber block = ivf->meta.directory;

	*before = 0;
	for (;;)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);

		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		if (!BlockNumberIsValid(block))
			return buffer;
		*before += mv_page_used(BufferGetPage(buffer)) / (int) sizeof(BlockNumber);
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * An exclusively locked id page with room; makes one if the last is full.
 * The directory's last page is locked meanwhile, so one inserter makes it.
 */
static Buffer
id_page_with_room(Relation index, Relation heap, const MvIvf *ivf)
{
	uint32		before;
	Buffer		directory = last_directory_page(index, ivf, &before);
	Page		page = BufferGetPage(directory);
	int			n = mv_page_used(page) / (int) sizeof(BlockNumber);
	uint32		first = (before + (uint32) n) * (uint32) ivf->shape.ids_per_page;
	BlockNumber attributes;
	Buffer		buffer;
	MvChange	change;

	if (n > 0)
	{
		MvIvfIdHead *head;

		buffer = mv_page_read(index, ((BlockNumber *) MV_PAGE_BODY(page))[n - 1], MV_PAGE_ID,
							  BUFFER_LOCK_EXCLUSIVE);
		head = MV_PAGE_HEAD(BufferGetPage(buffer));
		if (head->count < (uint32) ivf->shape.ids_per_page)
		{
			UnlockReleaseBuffer(directory);
			return buffer;
		}
		UnlockReleaseBuffer(buffer);
	}

	if (n == MV_IVF_DIRECTORY_ENTRIES)
	{
		Buffer		next = mv_page_alloc(index, heap);

		mv_change_begin(&change, index);
		MV_PAGE_TAIL(mv_change_page(&change, directory))->next = BufferGetBlockNumber(next);
		mv_change_new_page(&change, next, MV_PAGE_DIRECTORY);
		mv_change_commit(&change);
		UnlockReleaseBuffer(directory);
		directory = next;
		n = 0;
	}
	attributes = mv_ivf_new_attributes(index, heap, ivf);
	buffer = mv_page_alloc(index, heap);
	mv_change_begin(&change, index);
	page = mv_change_page(&change, directory);
	mv_page_set_used(page, (n + 1) * (int) sizeof(BlockNumber));
	((BlockNumber *) MV_PAGE_BODY(page))[n] = BufferGetBlockNumber(buffer);
	page = mv_change_new_page(&change, buffer, MV_PAGE_ID);
	mv_page_set_used(page, MV_BODY_SIZE);
	((MvIvfIdHead *) MV_PAGE_HEAD(page))->first = first;
	((MvIvfIdHead *) MV_PAGE_HEAD(page))->next_free = InvalidBlockNumber;
	((MvIvfIdHead *) MV_PAGE_HEAD(page))->attributes = attributes;
	mv_change_commit(&change);
	UnlockReleaseBuffer(directory);
	return buffer;
}

/* Write a vector that takes several pages, last page first; returns the first. */
static BlockNumber
write_long_vector(Relation index, Relation heap, const char *vector, int size)
{
	BlockNumber next = InvalidBlockNumber;

	for (int at = (size - 1) / MV_BODY_SIZE * MV_BODY_SIZE; at >= 0; at -= MV_BODY_SIZE)
	{
		Buffer		buffer = mv_page_alloc(index, heap);
		int			n = Min(size - at, MV_BODY_SIZE);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, index);
		page = mv_change_new_page(&change, buffer, MV_PAGE_VECTOR);
		mv_page_set_used(page, n);
		memcpy(MV_PAGE_BODY(page), vector + at, n);
		MV_PAGE_TAIL(page)->next = next;
		mv_change_commit(&change);
		next = BufferGetBlockNumber(buffer);
		UnlockReleaseBuffer(buffer);
	}
	return next;
}

/* Take the first page, which has none, out of the chain of pages with free ids. */
static void
unlink_free_ids(Relation index, BlockNumber block)
{
	Buffer		meta = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	MvIvfMeta  *body = (MvIvfMeta *) MV_PAGE_BODY(BufferGetPage(meta));
	Buffer		ids = mv_page_read(index, block, MV_PAGE_ID, BUFFER_LOCK_EXCLUSIVE);
	MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(ids));

	if (body->free_ids == block && head->nfree == 0)
	{
		MvChange	change;

		mv_change_begin(&change, index);
		body = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta));
		head = MV_PAGE_HEAD(mv_change_page(&change, ids));
		body->free_ids = head->next_free;
		head->next_free = InvalidBlockNumber;
		head->in_chain = false;
		mv_change_commit(&change);
	}
	UnlockReleaseBuffer(ids);
	UnlockReleaseBuffer(meta);
}

/* An exclusively locked id page with a free entry, or InvalidBuffer. */
static Buffer
id_page_with_free(Relation index, const MvIvf *ivf, int *slot)
{
	for (;;)
	{
		BlockNumber block = mv_ivf_free_ids(index);
		Buffer		buffer;
		MvIvfIdHead *head;

		if (!BlockNumberIsValid(block))
			return InvalidBuffer;
		buffer = mv_page_read(index, block, MV_PAGE_ID, BUFFER_LOCK_EXCLUSIVE);
		head = MV_PAGE_HEAD(BufferGetPage(buffer));
		for (uint32 i = 0; head->nfree > 0 && i < head->count; i++)
		{
			MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer)) + i;

			if (entry->flags & MV_ID_FREE)
			{
				*slot = (int) i;
				return buffer;
			}
		}
		UnlockReleaseBuffer(buffer);
		unlink_free_ids(index, block);
	}
}

void
mv_ivf_overwrite_vector(Relation index, BlockNumber block, int offset, const char *vector, int size)
{
	while (size > 0)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_VECTOR, BUFFER_LOCK_EXCLUSIVE);
		int			part = Min(size, MV_BODY_SIZE - offset);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, index);
		page = mv_change_page(&change, buffer);
		memcpy(MV_PAGE_BODY(page) + offset, vector, part);
		block = MV_PAGE_TAIL(page)->next;
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
		vector += part;
		size -= part;
		offset = 0;
	}
}

/*
 * The page of the vector of a slot: *vectors, exclusively locked, or
 * InvalidBuffer if the vector is long, and written already, or none is stored.
 * Returns its number.
 */
static BlockNumber
vector_page(Relation index, Relation heap, const MvIvf *ivf, Buffer ids, int slot,
			const char *vector, Buffer *vectors)
{
	const MvIvfShape *shape = &ivf->shape;
	MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(ids));
	int			per_group = Max(shape->vectors_per_page, 1);
	bool		new_group = slot == (int) head->count && slot % per_group == 0;
	BlockNumber *groups = (BlockNumber *) (MV_PAGE_BODY(BufferGetPage(ids)) + shape->groups_offset);
	BlockNumber group;

	*vectors = InvalidBuffer;
	if (shape->vector_size == 0)
		return InvalidBlockNumber;
	group = groups[slot / per_group];
	if (shape->vectors_per_page == 0)
	{
		if (new_group)
			return write_long_vector(index, heap, vector, shape->vector_size);
		mv_ivf_overwrite_vector(index, group, 0, vector, shape->vector_size);
		return group;
	}
	if (!new_group)
	{
		*vectors = mv_page_read(index, group, MV_PAGE_VECTOR, BUFFER_LOCK_EXCLUSIVE);
		return group;
	}
	*vectors = mv_page_alloc(index, heap);
	return BufferGetBlockNumber(*vectors);
}

/* A row as it is stored, but for its code. */
typedef struct StoredRow
{
	ItemPointer tid;
	uint16		flags;
	const char *vector;
	const int64 *keys;
} StoredRow;

/* Write keys, then TID and vector; returns the id. */
static uint32
take_id(Relation index, Relation heap, const MvIvf *ivf, const StoredRow *row)
{
	const MvIvfShape *shape = &ivf->shape;
	int			per_group = Max(shape->vectors_per_page, 1);
	int			slot = 0;
	Buffer		ids = id_page_with_free(index, ivf, &slot);
	bool		reuse = BufferIsValid(ids);
	Buffer		vectors;
	BlockNumber group;
	MvChange	change;
	Page		page;
	MvIvfIdHead *head;
	char	   *body;
	uint32		id;

	if (!reuse)
	{
		ids = id_page_with_room(index, heap, ivf);
		slot = (int) ((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(ids)))->count;
	}
	mv_ivf_put_keys(index, ivf, BufferGetPage(ids), slot, row->keys);
	group = vector_page(index, heap, ivf, ids, slot, row->vector, &vectors);
	mv_change_begin(&change, index);
	if (BufferIsValid(vectors))
	{
		int			at = slot % per_group * shape->vector_size;

		page = !reuse && at == 0 ? mv_change_new_page(&change, vectors, MV_PAGE_VECTOR) :
			mv_change_page(&change, vectors);
		mv_page_set_used(page, Max(mv_page_used(page), at + shape->vector_size));
		memcpy(MV_PAGE_BODY(page) + at, row->vector, shape->vector_size);
	}
	page = mv_change_page(&change, ids);
	head = MV_PAGE_HEAD(page);
	body = MV_PAGE_BODY(page);
	((MvIvfId *) body)[slot].tid = *row->tid;
	((MvIvfId *) body)[slot].flags = row->flags;
	if (BlockNumberIsValid(group))
		((BlockNumber *) (body + shape->groups_offset))[slot / per_group] = group;
	if (reuse)
		head->nfree--;
	else
		head->count = slot + 1;
	id = head->first + slot;
	mv_change_commit(&change);
	if (BufferIsValid(vectors))
		UnlockReleaseBuffer(vectors);
	UnlockReleaseBuffer(ids);
	return id;
}

/* ---- the list ---- */

/* Add pages to the chain of a list, whose page is locked, until it has that many. */
static void
extend_list(Relation index, Relation heap, Buffer table, int at, uint32 npages)
{
	while (mv_ivf_list_at(BufferGetPage(table), at)->npages < npages)
	{
		MvIvfList  *list = mv_ivf_list_at(BufferGetPage(table), at);
		Buffer		buffer = mv_page_alloc(index, heap);
		Buffer		last = InvalidBuffer;
		MvChange	change;

		if (BlockNumberIsValid(list->last))
			last = mv_page_read(index, list->last, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);
		mv_change_begin(&change, index);
		mv_page_set_used(mv_change_new_page(&change, buffer, MV_PAGE_CODE), MV_BODY_SIZE);
		if (BufferIsValid(last))
			MV_PAGE_TAIL(mv_change_page(&change, last))->next = BufferGetBlockNumber(buffer);
		list = mv_ivf_list_at(mv_change_page(&change, table), at);
		if (list->npages == 0)
			list->first = BufferGetBlockNumber(buffer);
		list->last = BufferGetBlockNumber(buffer);
		list->npages++;
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
		if (BufferIsValid(last))
			UnlockReleaseBuffer(last);
	}
}

BlockNumber
mv_ivf_find_block(Relation index, const MvIvf *ivf, const MvIvfList *list, uint32 block,
				  int *offset)
{
	uint64		bs = ivf->shape.block_size;
	uint64		from = list->ncodes > 0 ? (list->ncodes - 1) / MV_BLOCK * bs / MV_BODY_SIZE : 0;
	uint64		to = block * bs / MV_BODY_SIZE;
	BlockNumber page = list->ncodes > 0 ? list->tail : list->first;

	for (; from < to; from++)
	{
		Buffer		buffer = mv_page_read(index, page, MV_PAGE_CODE, BUFFER_LOCK_SHARE);

		page = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
	*offset = (int) (block * bs % MV_BODY_SIZE);
	return page;
}

/*
 * Write a block back and count the code.  A long block takes several records;
 * until the last of them, with the count, nobody looks at the new slot.
 */
static void
write_block(Relation index, const MvIvf *ivf, Buffer table, int at, BlockNumber first, int offset,
			const char *block)
{
	MvChange	change;
	int			left = ivf->shape.block_size;
	BlockNumber page_no = first;

	while (left > 0)
	{
		Buffer		buffers[MV_CHANGE_PAGES];
		int			n = 0;

		mv_change_begin(&change, index);
		for (; left > 0 && n < MV_CHANGE_PAGES - 1; n++)
		{
			int			part = Min(left, MV_BODY_SIZE - offset);
			Page		page;

			buffers[n] = mv_page_read(index, page_no, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);
			page = mv_change_page(&change, buffers[n]);
			memcpy(MV_PAGE_BODY(page) + offset, block, part);
			page_no = MV_PAGE_TAIL(page)->next;
			block += part;
			left -= part;
			offset = 0;
		}
		if (left == 0)
		{
			MvIvfList  *list = mv_ivf_list_at(mv_change_page(&change, table), at);

			list->ncodes++;
			list->tail = first;
		}
		mv_change_commit(&change);
		while (n > 0)
			UnlockReleaseBuffer(buffers[--n]);
	}
}

/*
 * A block whose first code is that of a row.  Scans that began before vacuum
 * emptied the list may read it on to the end that they noted: all they find is
 * that row, which they can not see.
 */
static void
begin_block(const MvIvfShape *shape, char *block, uint32 id)
{
	mv_ivf_block_clear(shape, block);
	for (int i = 0; i < MV_BLOCK; i++)
		((uint32 *) block)[i] = id;
}

void
mv_ivf_append(Relation index, Relation heap, const MvIvf *ivf, Buffer table, int at, uint32 id,
			  const char *row)
{
	MvIvfList	list = *mv_ivf_list_at(BufferGetPage(table), at);
	uint32		block_no = list.ncodes / MV_BLOCK;
	int			slot = (int) (list.ncodes % MV_BLOCK);
	uint64		end = (uint64) (block_no + 1) * ivf->shape.block_size;
	uint32		npages;
	char	   *block = palloc(ivf->shape.block_size);
	int			offset;
	BlockNumber first;

	/* what is missing is one block's pages: a damaged count must not fill the disk */
	npages = (uint32) ((end + MV_BODY_SIZE - 1) / MV_BODY_SIZE);
	if (npages > list.npages + ivf->shape.block_size / MV_BODY_SIZE + 1)
		mv_index_corrupted(index, "a list has %u codes on %u pages", list.ncodes, list.npages);
	extend_list(index, heap, table, at, npages);
	list = *mv_ivf_list_at(BufferGetPage(table), at);
	first = mv_ivf_find_block(index, ivf, &list, block_no, &offset);
	if (slot > 0)
		mv_ivf_read_run(index, first, MV_PAGE_CODE, offset, block, ivf->shape.block_size);
	else
		begin_block(&ivf->shape, block, id);
	mv_ivf_block_put(&ivf->shape, block, slot, row, id);
	write_block(index, ivf, table, at, first, offset, block);
	pfree(block);
}

/*
 * Code a row for its nearest list and append it.  Maintenance may give a list
 * another centroid until its page is locked; then the row looks for its list
 * again.  Returns the number of codes in the list, and which it is.
 */
static uint32
add_to_list(Relation index, Relation heap, const float *x, uint32 id, uint32 *list_no)
{
	for (;;)
	{
		MvIvf	   *ivf = mv_ivf_open(index);
		float	   *centroid = palloc(ivf->shape.centroid_size);
		char	   *row = palloc(ivf->shape.row_size);
		MvIvfQuery	q;
		uint32		number;
		int			at;
		Buffer		table;
		MvIvfList  *list;
		uint32		ncodes;

		mv_ivf_query_begin(&q, ivf);
		mv_ivf_query_start(&q, x);
		number = ivf->used[mv_ivf_nearest_list(&q)];
		table = mv_page_read(index, mv_ivf_list_place(ivf, number, &at), MV_PAGE_LIST,
							 BUFFER_LOCK_EXCLUSIVE);
		list = mv_ivf_list_at(BufferGetPage(table), at);
		if (!BlockNumberIsValid(list->centroid) || list->changed > ivf->meta.version)
		{
			UnlockReleaseBuffer(table);
			continue;
		}
		mv_ivf_read_centroid(index, ivf, list, centroid);
		mv_ivf_encode_string(ivf, x, row);
		mv_ivf_encode(ivf, q.rotated, centroid, row);
		mv_ivf_append(index, heap, ivf, table, at, id, row);
		ncodes = mv_ivf_list_at(BufferGetPage(table), at)->ncodes;
		UnlockReleaseBuffer(table);
		*list_no = number;
		return ncodes;
	}
}

/*
 * Split a list that has become too long.  If another backend is the
 * maintainer, the next insert into the list tries again.
 */
static void
split_if_long(Relation index, Relation heap, uint32 list, uint32 ncodes)
{
	const MvIvf *ivf;
	double		rows;

	/* No limit is below that of an empty index. */
	if (ncodes <= mv_ivf_split_limit(index, 0))
		return;
	ivf = mv_ivf_open(index);
	rows = mv_ivf_count_ids(index, ivf);
	if (ncodes <= mv_ivf_split_limit(index, rows) || !mv_ivf_maintain_try(index))
		return;
	if (mv_ivf_list_header(index, ivf, list).ncodes > mv_ivf_split_limit(index, rows))
		mv_ivf_split(index, heap, list, rows);
	mv_ivf_maintain_end(index);
}

uint32
mv_ivf_insert_row(Relation index, Relation heap, ItemPointer tid, const float *x,
				  const int64 *keys)
{
	MvIvf	   *ivf = mv_ivf_open(index);
	char	   *vector = palloc(ivf->shape.vector_size);
	StoredRow	row = {.tid = tid, .flags = mv_ivf_vector(ivf, x, vector), .vector = vector,
					   .keys = keys};
	uint32		id = take_id(index, heap, ivf, &row);
	uint32		list;
	uint32		ncodes = add_to_list(index, heap, x, id, &list);

	split_if_long(index, heap, list, ncodes);
	return id;
}

void
mv_ivf_insert(Relation index, Relation heap, ItemPointer tid, const float *x, const int64 *keys)
{
	mv_ivf_insert_row(index, heap, tid, x, keys);
}
