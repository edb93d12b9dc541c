/*
 * ivf_insert.c -- adding a row to a built index.
 *
 * First the row gets an id: its TID and vector are written.  Then its code is
 * appended to the list of the nearest centroid.  A crash between the two leaves
 * an id that no list knows: its row was never committed, and vacuum finds it.
 *
 * Locks: directory < id page < vector page while an id is taken, then list
 * page < code pages.  A list's page is locked for the whole append, so that
 * appends to a list do not meet; readers lock one page at a time, and believe
 * the list's count, which is written last.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "index/ivf/ivf.h"

/* The last page of the directory, exclusively locked. */
static Buffer
last_directory_page(Relation index, const MvIvf *ivf)
{
	BlockNumber block = ivf->meta.directory;

	for (;;)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);

		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		if (!BlockNumberIsValid(block))
			return buffer;
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * An exclusively locked id page with room; makes one if the last is full.
 * The directory's last page is locked meanwhile, so one inserter makes it.
 */
static Buffer
id_page_with_room(Relation index, const MvIvf *ivf)
{
	Buffer		directory = last_directory_page(index, ivf);
	Page		page = BufferGetPage(directory);
	int			n = mv_page_used(page) / (int) sizeof(BlockNumber);
	uint32		first = 0;
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
		first = head->first + head->count;
		UnlockReleaseBuffer(buffer);
	}

	if (n == MV_IVF_DIRECTORY_ENTRIES)
	{
		Buffer		next = mv_page_extend(index);

		mv_change_begin(&change, index);
		MV_PAGE_TAIL(mv_change_page(&change, directory))->next = BufferGetBlockNumber(next);
		mv_change_new_page(&change, next, MV_PAGE_DIRECTORY);
		mv_change_commit(&change);
		UnlockReleaseBuffer(directory);
		directory = next;
		n = 0;
	}
	buffer = mv_page_extend(index);
	mv_change_begin(&change, index);
	page = mv_change_page(&change, directory);
	mv_page_set_used(page, (n + 1) * (int) sizeof(BlockNumber));
	((BlockNumber *) MV_PAGE_BODY(page))[n] = BufferGetBlockNumber(buffer);
	page = mv_change_new_page(&change, buffer, MV_PAGE_ID);
	mv_page_set_used(page, MV_BODY_SIZE);
	((MvIvfIdHead *) MV_PAGE_HEAD(page))->first = first;
	mv_change_commit(&change);
	UnlockReleaseBuffer(directory);
	return buffer;
}

/* Write a vector that takes several pages, last page first; returns the first. */
static BlockNumber
write_long_vector(Relation index, const char *vector, int size)
{
	BlockNumber next = InvalidBlockNumber;

	for (int at = (size - 1) / MV_BODY_SIZE * MV_BODY_SIZE; at >= 0; at -= MV_BODY_SIZE)
	{
		Buffer		buffer = mv_page_extend(index);
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

/* Write TID and vector; returns the id. */
static uint32
take_id(Relation index, const MvIvf *ivf, ItemPointer tid, uint16 flags, const char *vector)
{
	const MvIvfShape *shape = &ivf->shape;
	Buffer		ids = id_page_with_room(index, ivf);
	MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(ids));
	int			slot = (int) head->count;
	uint32		id = head->first + slot;
	int			per_group = Max(shape->vectors_per_page, 1);
	bool		new_group = slot % per_group == 0;
	BlockNumber group;
	Buffer		vectors = InvalidBuffer;
	MvChange	change;
	Page		page;
	char	   *body;

	if (shape->vectors_per_page == 0)
		group = write_long_vector(index, vector, shape->vector_size);
	else if (new_group)
	{
		vectors = mv_page_extend(index);
		group = BufferGetBlockNumber(vectors);
	}
	else
	{
		body = MV_PAGE_BODY(BufferGetPage(ids));
		group = ((BlockNumber *) (body + shape->groups_offset))[slot / per_group];
		vectors = mv_page_read(index, group, MV_PAGE_VECTOR, BUFFER_LOCK_EXCLUSIVE);
	}

	mv_change_begin(&change, index);
	if (BufferIsValid(vectors))
	{
		int			at = slot % per_group * shape->vector_size;

		page = new_group ? mv_change_new_page(&change, vectors, MV_PAGE_VECTOR) :
			mv_change_page(&change, vectors);
		mv_page_set_used(page, at + shape->vector_size);
		memcpy(MV_PAGE_BODY(page) + at, vector, shape->vector_size);
	}
	page = mv_change_page(&change, ids);
	body = MV_PAGE_BODY(page);
	((MvIvfId *) body)[slot].tid = *tid;
	((MvIvfId *) body)[slot].flags = flags;
	((BlockNumber *) (body + shape->groups_offset))[slot / per_group] = group;
	((MvIvfIdHead *) MV_PAGE_HEAD(page))->count = slot + 1;
	mv_change_commit(&change);
	if (BufferIsValid(vectors))
		UnlockReleaseBuffer(vectors);
	UnlockReleaseBuffer(ids);
	return id;
}

/* ---- the list ---- */

/* The header of a list whose page is locked; in a page or in a changed copy. */
static MvIvfList *
list_header(Page page, int offset)
{
	return (MvIvfList *) (MV_PAGE_BODY(page) + offset);
}

/* Add pages to the chain until it has that many. */
static void
extend_list(Relation index, Buffer list, int offset, uint32 npages)
{
	while (list_header(BufferGetPage(list), offset)->npages < npages)
	{
		MvIvfList  *header = list_header(BufferGetPage(list), offset);
		Buffer		last = InvalidBuffer;
		Buffer		buffer;
		MvChange	change;

		if (BlockNumberIsValid(header->last))
			last = mv_page_read(index, header->last, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);
		buffer = mv_page_extend(index);
		mv_change_begin(&change, index);
		mv_page_set_used(mv_change_new_page(&change, buffer, MV_PAGE_CODE), MV_BODY_SIZE);
		if (BufferIsValid(last))
			MV_PAGE_TAIL(mv_change_page(&change, last))->next = BufferGetBlockNumber(buffer);
		header = list_header(mv_change_page(&change, list), offset);
		if (header->npages == 0)
			header->first = BufferGetBlockNumber(buffer);
		header->last = BufferGetBlockNumber(buffer);
		header->npages++;
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
		if (BufferIsValid(last))
			UnlockReleaseBuffer(last);
	}
}

/* The page where block number `block` of the stream begins, and the offset in it. */
static BlockNumber
find_block(Relation index, const MvIvf *ivf, const MvIvfList *header, uint32 block, int *offset)
{
	uint64		bs = ivf->shape.block_size;
	uint64		from = header->ncodes > 0 ? (header->ncodes - 1) / MV_BLOCK * bs / MV_BODY_SIZE : 0;
	uint64		to = block * bs / MV_BODY_SIZE;
	BlockNumber page = header->ncodes > 0 ? header->tail : header->first;

	for (; from < to; from++)
	{
		Buffer		buffer = mv_page_read(index, page, MV_PAGE_CODE, BUFFER_LOCK_SHARE);

		page = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
	*offset = (int) (block * bs % MV_BODY_SIZE);
	return page;
}

/* Put a code, its factors and its id into a slot of a block in memory. */
static void
fill_slot(const MvIvf *ivf, char *block, int slot, const char *row, uint32 id)
{
	int			dim = ivf->shape.padded;
	float	   *head = (float *) block;
	Size		code_size = mv_code_size(1, dim);

	if (slot == 0)
	{
		memset(block, 0, ivf->shape.block_size);
		for (int i = 0; i < MV_BLOCK; i++)
			head[i] = INFINITY;
	}
	memcpy(&head[slot], row + code_size, sizeof(float));
	memcpy(&head[MV_BLOCK + slot], row + code_size + sizeof(float), sizeof(float));
	((uint32 *) head)[2 * MV_BLOCK + slot] = id;
	mv_block_clear((uint8_t *) block + MV_IVF_BLOCK_HEAD, slot, dim);
	mv_block_put((uint8_t *) block + MV_IVF_BLOCK_HEAD, slot, dim, row);
}

/*
 * Write a block back and count the code.  A long block takes several records;
 * until the last of them, with the count, nobody looks at the new slot.
 */
static void
write_block(Relation index, const MvIvf *ivf, Buffer list, int list_offset,
			BlockNumber first, int offset, const char *block)
{
	MvChange	change;
	int			left = ivf->shape.block_size;
	BlockNumber page_no = first;
	MvIvfList  *header;

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
			header = list_header(mv_change_page(&change, list), list_offset);
			header->ncodes++;
			header->tail = first;
		}
		mv_change_commit(&change);
		while (n > 0)
			UnlockReleaseBuffer(buffers[--n]);
	}
}

static void
append_code(Relation index, const MvIvf *ivf, uint32 list, uint32 id, const char *row)
{
	int			list_offset;
	BlockNumber list_block = mv_ivf_list_block(&ivf->meta, &ivf->shape, list, &list_offset);
	Buffer		buffer = mv_page_read(index, list_block, MV_PAGE_CENTROID, BUFFER_LOCK_EXCLUSIVE);
	MvIvfList	header = *list_header(BufferGetPage(buffer), list_offset);
	uint32		block_no = header.ncodes / MV_BLOCK;
	int			slot = (int) (header.ncodes % MV_BLOCK);
	uint64		end = (uint64) (block_no + 1) * ivf->shape.block_size;
	char	   *block = palloc(ivf->shape.block_size);
	int			offset;
	BlockNumber first;

	extend_list(index, buffer, list_offset, (uint32) ((end + MV_BODY_SIZE - 1) / MV_BODY_SIZE));
	header = *list_header(BufferGetPage(buffer), list_offset);
	first = find_block(index, ivf, &header, block_no, &offset);
	if (slot > 0)
		mv_ivf_read_run(index, first, MV_PAGE_CODE, offset, block, ivf->shape.block_size);
	fill_slot(ivf, block, slot, row, id);
	write_block(index, ivf, buffer, list_offset, first, offset, block);
	UnlockReleaseBuffer(buffer);
	pfree(block);
}

void
mv_ivf_insert(Relation index, ItemPointer tid, const float *x)
{
	MvIvf	   *ivf = mv_ivf_open(index);
	int			padded = ivf->shape.padded;
	uint16_t   *vector = palloc(ivf->shape.vector_size);
	float	   *rotated = palloc(sizeof(float) * padded);
	char	   *row = palloc(mv_code_row_size(1, padded));
	uint16		flags = mv_ivf_vector(ivf, x, vector);
	uint32		list;
	uint32		id;

	mv_rotate(ivf->rotation, x, ivf->mean, rotated);
	list = mv_ivf_nearest_list(ivf, rotated);
	mv_rabitq_encode_row(&ivf->format, rotated, ivf->centroids + (Size) padded * list, row);
	id = take_id(index, ivf, tid, flags, (char *) vector);
	append_code(index, ivf, list, id, row);
}
