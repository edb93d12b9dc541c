/*
 * ivf_shrink.c -- a file that is longer than its rows need is cut off.
 *
 * Vacuum leaves free ids everywhere.  The rows of the last id pages move to those
 * in front, code pages at the end of the file to deleted ones, and the file ends
 * where the first page is that nothing can move.
 *
 * Scans hold ids and know pages by their numbers.  So rows move under an
 * AccessExclusiveLock on the index, which vacuum takes only if nobody is in its way and
 * gives back when somebody waits, as it does to cut off the table.  A standby takes the
 * lock from the WAL, before it replays what was done under it, so its scans
 * neither miss a row nor meet one twice.
 *
 * Where things are is found out before the lock is taken.  The maintainer is alone
 * in moving codes and freeing ids; what inserts have added since has no known place, and stays.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "index/ivf/ivf.h"

/* Nothing is done for less than this part of the file. */
#define WORTH 50

/* How often the lock is tried, and the time between in ms. */
#define LOCK_TRIES 10
#define LOCK_INTERVAL 50

/* Where the id of a code is written; an id that stands in no list has page InvalidBlockNumber. */
typedef struct Place
{
	BlockNumber page;
	uint32		at;				/* in its body */
} Place;

/* What becomes of a page. */
enum
{
	STAYS,
	GOES,						/* of an id page to be emptied, or of its vectors */
	GONE						/* and nothing leads to it any more */
};

typedef struct Shrink
{
	Relation	index;
	const MvIvf *ivf;
	MvIvfIds	ids;

	/* The plan: */
	uint32		first_id;		/* ids from here on go, */
	uint32		end_id;			/* of which those below are known */
	BlockNumber nblocks;		/* of the file */
	BlockNumber end;			/* it shall have so many */
	uint8	   *fate;			/* [nblocks] */
	Place	   *places;			/* [end_id - first_id] */
	uint32	   *lists;			/* [nused]: with code pages from `end` on, */
	int			nlists;
	BlockNumber *moved;			/* [nblocks - end]: where these are now */

	/* Under the lock: the id page that rows leave, locked, and as it was. */
	int			from_page;
	Buffer		from_buffer;
	PGAlignedBlock from;

	/* The one that they move to, as it was, and its free entries. */
	int			to_page;
	PGAlignedBlock to;
	int			nfree;
	int			next_free;
	uint16	   *free_slots;		/* [ids_per_page] */

	/* A record in the making, about one page of codes and one of ids. */
	bool		open;
	MvChange	change;
	Buffer		code_buffer,
				to_buffer;
	void	   *vector;
} Shrink;

/* An id page, locked as said, with a possible number of entries. */
static Buffer
read_ids(const Shrink *s, BlockNumber block, int lock)
{
	Buffer		buffer = mv_page_read(s->index, block, MV_PAGE_ID, lock);
	MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(buffer));

	if (head->count > (uint32) s->ivf->shape.ids_per_page || head->nfree > head->count)
		mv_index_corrupted(s->index, "id page %u has %u entries, %u of them free", block,
						   head->count, head->nfree);
	return buffer;
}

static void
copy_ids(const Shrink *s, int page_no, PGAlignedBlock *copy)
{
	Buffer		buffer = read_ids(s, s->ids.blocks[page_no], BUFFER_LOCK_SHARE);

	memcpy(copy->data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
}

static uint32
first_of_page(const Shrink *s, int page_no)
{
	return (uint32) page_no * (uint32) s->ivf->shape.ids_per_page;
}

/* ---- the plan ---- */

/* Free entries of an id page; *nused: others, live or dead. */
static uint32
count_free(Shrink *s, int page_no, uint32 *nused)
{
	Buffer		buffer = read_ids(s, s->ids.blocks[page_no], BUFFER_LOCK_SHARE);
	MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(buffer));
	uint32		nfree = head->nfree;

	*nused = head->count - nfree;
	UnlockReleaseBuffer(buffer);
	return nfree;
}

/*
 * The first id to go of a page that can not go as a whole.
 *
 * room, rows	free ids up to the end of the page, and the rows behind it
 */
static uint32
choose_slot(const Shrink *s, int page_no, double room, double rows)
{
	uint32		per_group = (uint32) Max(s->ivf->shape.vectors_per_page, 1);
	PGAlignedBlock page;
	const MvIvfIdHead *head = MV_PAGE_HEAD(page.data);
	const MvIvfId *entry = (MvIvfId *) MV_PAGE_BODY(page.data);
	uint32		count;

	copy_ids(s, page_no, &page);
	for (count = head->count; count > 0;)
	{
		uint32		group = (count - 1) / per_group * per_group;

		for (uint32 i = group; i < count; i++)
			if (entry[i].flags & MV_ID_FREE)
				room--;
			else
				rows++;
		if (rows > room)
			break;
		count = group;
	}
	return first_of_page(s, page_no) + count;
}

/*
 * As many ids are to go as the free ones in front of them allow: id pages, and of one more
 * as many vector pages.
 */
static void
choose_cut(Shrink *s)
{
	int			npages = mv_ivf_ids_refresh(&s->ids);
	uint32	   *nfree = palloc(sizeof(uint32) * (npages + 1));
	uint32	   *nused = palloc(sizeof(uint32) * (npages + 1));
	double		room = 0,
				rows = 0;
	int			cut;

	for (int i = 0; i < npages; i++)
	{
		mv_vacuum_delay_point();
		nfree[i] = count_free(s, i, &nused[i]);
		room += nfree[i];
	}
	for (cut = npages; cut > 0; cut--)
	{
		room -= nfree[cut - 1];
		rows += nused[cut - 1];
		if (rows > room)
			break;
	}
	s->first_id = first_of_page(s, cut);
	s->end_id = first_of_page(s, npages);
	if (cut > 0)
		s->first_id =
			choose_slot(s, cut - 1, room + nfree[cut - 1], rows - nused[cut - 1]);
	pfree(nfree);
	pfree(nused);
}

/* The slot from which on ids of a page go, 0: all. */
static uint32
first_to_go(const Shrink *s, int page_no)
{
	uint32		first = first_of_page(s, page_no);

	return s->first_id > first ? s->first_id - first : 0;
}

/* Say of what goes of an id page and its vectors what becomes of it. */
static void
set_fate(Shrink *s, int page_no, uint8 fate)
{
	const MvIvfShape *shape = &s->ivf->shape;
	uint32		per_group = (uint32) Max(shape->vectors_per_page, 1);
	uint32		from = first_to_go(s, page_no);
	PGAlignedBlock page;
	const BlockNumber *groups = (BlockNumber *) (MV_PAGE_BODY(page.data) + shape->groups_offset);
	uint32		count;

	copy_ids(s, page_no, &page);
	count = ((MvIvfIdHead *) MV_PAGE_HEAD(page.data))->count;
	if (from == 0)
		s->fate[s->ids.blocks[page_no]] = fate;
	for (uint32 i = from; shape->vector_size > 0 && i < count; i += per_group)
	{
		BlockNumber block = groups[i / per_group];

		for (int j = 0; j < shape->pages_per_vector; j++)
		{
			Buffer		buffer = mv_page_read(s->index, block, MV_PAGE_VECTOR, BUFFER_LOCK_SHARE);

			if (block < s->nblocks)
				s->fate[block] = fate;
			block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
			UnlockReleaseBuffer(buffer);
		}
	}
}

/* Does nothing lead to this page?  What is empty was leaked. */
static bool
is_unused(Relation index, BlockNumber block, bool *is_code)
{
	Buffer		buffer = mv_page_pin(index, block);
	Page		page = BufferGetPage(buffer);
	bool		unused;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	unused = PageIsNew(page) || (MV_PAGE_TAIL(page)->kind & MV_PAGE_DELETED) != 0;
	*is_code = !unused && MV_PAGE_TAIL(page)->kind == MV_PAGE_CODE;
	UnlockReleaseBuffer(buffer);
	return unused;
}

/*
 * Where the file can end: pages of codes move to the places of deleted ones, other pages
 * are in the way.
 */
static void
choose_end(Shrink *s, BlockNumber ndeleted)
{
	BlockNumber end;
	BlockNumber removable = ndeleted;
	bool		is_code;

	for (BlockNumber block = 0; block < s->nblocks; block++)
		removable += s->fate[block] == GOES;
	end = s->nblocks - Min(removable, s->nblocks - 1);
	for (s->end = s->nblocks; s->end > end; s->end--)
	{
		mv_vacuum_delay_point();
		if (s->fate[s->end - 1] != GOES && !is_unused(s->index, s->end - 1, &is_code) && !is_code)
			break;
	}
}

/* Note where the ids of the codes of a list are, and if pages of it must move. */
static void
note_list(Shrink *s, uint32 number)
{
	uint64		block_size = s->ivf->shape.block_size;
	MvIvfList	list = mv_ivf_list_header(s->index, s->ivf, number);
	BlockNumber page = list.first;
	uint32		code = 0;
	bool		moves = false;

	for (uint32 i = 0; i < list.npages; i++)
	{
		Buffer		buffer = mv_page_read(s->index, page, MV_PAGE_CODE, BUFFER_LOCK_SHARE);
		uint64		begin = (uint64) i * MV_BODY_SIZE;
		uint64		at = code / MV_BLOCK * block_size;

		for (; code < list.ncodes && at < begin + MV_BODY_SIZE; at += block_size)
			for (int j = 0; j < MV_BLOCK && code < list.ncodes; j++, code++)
			{
				uint32		offset = (uint32) (at - begin) + j * (uint32) sizeof(uint32);
				uint32		id = *(uint32 *) (MV_PAGE_BODY(BufferGetPage(buffer)) + offset);

				if (id >= s->first_id && id < s->end_id && page < s->nblocks)
					s->places[id - s->first_id] = (Place){page, offset};
			}
		moves |= page >= s->end;
		page = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
	if (moves)
		s->lists[s->nlists++] = number;
}

/* Find out what there is to do; false if it is not worth while. */
static bool
plan(Shrink *s, BlockNumber ndeleted)
{
	uint32		nplaces;

	choose_cut(s);
	s->nblocks = RelationGetNumberOfBlocks(s->index);
	s->fate = palloc_extended(s->nblocks, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = s->ids.npages - 1; i >= 0 && first_of_page(s, i + 1) > s->first_id; i--)
	{
		mv_vacuum_delay_point();
		set_fate(s, i, GOES);
	}
	choose_end(s, ndeleted);
	if (s->nblocks - s->end < Max(s->nblocks / WORTH, 1))
		return false;

	nplaces = s->end_id - s->first_id;
	s->places = palloc_extended(sizeof(Place) * ((Size) nplaces + 1), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < nplaces; i++)
		s->places[i].page = InvalidBlockNumber;
	s->lists = palloc_extended(sizeof(uint32) * (Size) s->ivf->nused, MCXT_ALLOC_HUGE);
	for (int i = 0; i < s->ivf->nused; i++)
	{
		mv_vacuum_delay_point();
		note_list(s, s->ivf->used[i]);
	}
	s->moved = palloc_extended(sizeof(BlockNumber) * (Size) (s->nblocks - s->end),
							   MCXT_ALLOC_HUGE);
	for (BlockNumber i = 0; i < s->nblocks - s->end; i++)
		s->moved[i] = s->end + i;
	s->free_slots = palloc(sizeof(uint16) * s->ivf->shape.ids_per_page);
	s->vector = palloc(s->ivf->shape.vector_size);
	return true;
}

/* ---- pages of codes ---- */

/* Move a page of a chain, both locked as the list's page is, to a deleted one. */
static void
move_code_page(Shrink *s, Buffer table, int at, Buffer before, Buffer from, Buffer to)
{
	BlockNumber old = BufferGetBlockNumber(from);
	BlockNumber new = BufferGetBlockNumber(to);
	MvChange	change;
	Page		page;
	MvIvfList  *list;

	mv_change_begin(&change, s->index);
	page = mv_change_new_page(&change, to, MV_PAGE_CODE);
	memcpy(page, BufferGetPage(from), BLCKSZ);
	list = mv_ivf_list_at(mv_change_page(&change, table), at);
	list->first = list->first == old ? new : list->first;
	list->last = list->last == old ? new : list->last;
	list->tail = list->tail == old ? new : list->tail;
	if (BufferIsValid(before))
		MV_PAGE_TAIL(mv_change_page(&change, before))->next = new;
	mv_change_delete_page(&change, from, mv_page_deletion_xid());
	mv_change_commit(&change);
	if (old < s->nblocks)
		s->moved[old - s->end] = new;
}

/* Move all pages of a list that lie beyond the end; false if no page is left for them. */
static bool
move_codes(Shrink *s, uint32 number)
{
	int			at;
	BlockNumber table_block = mv_ivf_list_place(s->ivf, number, &at);
	Buffer		table = mv_page_read(s->index, table_block, MV_PAGE_LIST, BUFFER_LOCK_EXCLUSIVE);
	MvIvfList	list = *mv_ivf_list_at(BufferGetPage(table), at);
	BlockNumber block = list.first;
	Buffer		before = InvalidBuffer;
	bool		room = true;

	for (uint32 i = 0; i < list.npages && room; i++)
	{
		Buffer		buffer = mv_page_read(s->index, block, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);

		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		if (BufferGetBlockNumber(buffer) >= s->end)
		{
			Buffer		to = mv_page_alloc_below(s->index, s->end);

			room = BufferIsValid(to);
			if (room)
			{
				move_code_page(s, table, at, before, buffer, to);
				UnlockReleaseBuffer(buffer);
				buffer = to;
			}
		}
		if (BufferIsValid(before))
			UnlockReleaseBuffer(before);
		before = buffer;
	}
	if (BufferIsValid(before))
		UnlockReleaseBuffer(before);
	UnlockReleaseBuffer(table);
	return room;
}

/* ---- rows ---- */

/*
 * Take the id pages that go out of the chain of those with free ids.  What was
 * free there is dead then, for vacuum to free once more if the page stays.
 */
static void
unlink_free_ids(Shrink *s)
{
	Buffer		before = mv_page_read(s->index, MV_IVF_META_BLOCK, MV_PAGE_META,
									  BUFFER_LOCK_EXCLUSIVE);
	BlockNumber block = ((MvIvfMeta *) MV_PAGE_BODY(BufferGetPage(before)))->free_ids;
	bool		in_meta = true;

	for (int n = 0; BlockNumberIsValid(block); n++)
	{
		Buffer		buffer;
		MvIvfIdHead *head;
		MvChange	change;
		Page		page;

		if (n == s->ids.npages || block == BufferGetBlockNumber(before))
			mv_index_corrupted(s->index, "the chain of free ids does not end");
		buffer = read_ids(s, block, BUFFER_LOCK_EXCLUSIVE);
		head = MV_PAGE_HEAD(BufferGetPage(buffer));
		block = head->next_free;
		if (head->first < s->first_id)
		{
			UnlockReleaseBuffer(before);
			before = buffer;
			in_meta = false;
			continue;
		}
		mv_change_begin(&change, s->index);
		page = mv_change_page(&change, buffer);
		head = MV_PAGE_HEAD(page);
		for (uint32 i = 0; i < head->count; i++)
			((MvIvfId *) MV_PAGE_BODY(page))[i].flags &= ~MV_ID_FREE;
		head->next_free = InvalidBlockNumber;
		head->nfree = head->in_chain = 0;
		page = mv_change_page(&change, before);
		if (in_meta)
			((MvIvfMeta *) MV_PAGE_BODY(page))->free_ids = block;
		else
			((MvIvfIdHead *) MV_PAGE_HEAD(page))->next_free = block;
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
	}
	UnlockReleaseBuffer(before);
}

static void
commit_moves(Shrink *s)
{
	if (!s->open)
		return;
	mv_change_commit(&s->change);
	UnlockReleaseBuffer(s->code_buffer);
	if (s->to_buffer != s->from_buffer)
		UnlockReleaseBuffer(s->to_buffer);
	s->open = false;
}

/* Find a free entry in front of what goes; false if there is none. */
static bool
find_free(Shrink *s)
{
	while (s->to_page < s->from_page && s->next_free == s->nfree)
	{
		const MvIvfIdHead *head = MV_PAGE_HEAD(s->to.data);
		const MvIvfId *entry = (MvIvfId *) MV_PAGE_BODY(s->to.data);

		commit_moves(s);
		if (++s->to_page == s->from_page)
			s->to = s->from;
		else
			copy_ids(s, s->to_page, &s->to);
		s->next_free = s->nfree = 0;
		for (uint32 i = 0; i < head->count; i++)
			if ((entry[i].flags & MV_ID_FREE) && first_of_page(s, s->to_page) + i < s->first_id)
				s->free_slots[s->nfree++] = (uint16) i;
	}
	return s->to_page <= s->from_page && s->next_free < s->nfree;
}

/* Copy the vector of a slot to that of the free entry. */
static void
copy_vector(Shrink *s, int slot)
{
	const MvIvfShape *shape = &s->ivf->shape;
	int			per_group = Max(shape->vectors_per_page, 1);
	int			to = s->free_slots[s->next_free];
	const BlockNumber *groups = (BlockNumber *) (MV_PAGE_BODY(s->from.data) + shape->groups_offset);
	const BlockNumber *to_groups =
		(BlockNumber *) (MV_PAGE_BODY(s->to.data) + shape->groups_offset);

	mv_ivf_read_run(s->index, groups[slot / per_group], MV_PAGE_VECTOR,
					slot % per_group * shape->vector_size, s->vector, shape->vector_size);
	mv_ivf_overwrite_vector(s->index, to_groups[to / per_group],
							to % per_group * shape->vector_size, s->vector, shape->vector_size);
}

/* Open a record about the page of a code, unless it is the one in the making. */
static void
begin_move(Shrink *s, BlockNumber code_page)
{
	if (s->open && BufferGetBlockNumber(s->code_buffer) == code_page)
		return;
	commit_moves(s);
	s->code_buffer = mv_page_read(s->index, code_page, MV_PAGE_CODE, BUFFER_LOCK_EXCLUSIVE);
	s->to_buffer = s->to_page == s->from_page ? s->from_buffer :
		read_ids(s, s->ids.blocks[s->to_page], BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&s->change, s->index);
	s->open = true;
}

/* Give the free entry that TID and those flags, and its id; returns that. */
static uint32
take_free(Shrink *s, const MvIvfId *entry)
{
	Page		page = mv_change_page(&s->change, s->to_buffer);
	MvIvfIdHead *head = MV_PAGE_HEAD(page);
	uint16		slot = s->free_slots[s->next_free++];

	((MvIvfId *) MV_PAGE_BODY(page))[slot] = *entry;
	head->nfree--;
	return first_of_page(s, s->to_page) + slot;
}

/*
 * Give the row of a slot a free id in front of what goes, a dead one too while a list
 * has it.  False if none is left.
 */
static bool
move_row(Shrink *s, int slot)
{
	const MvIvfId *entry = (MvIvfId *) MV_PAGE_BODY(s->from.data) + slot;
	uint32		old = first_of_page(s, s->from_page) + (uint32) slot;
	Place		place = s->places[old - s->first_id];
	Page		page;
	uint32	   *id;

	if (!BlockNumberIsValid(place.page))
		return true;
	if (!find_free(s))
		return false;
	if (!mv_ivf_id_is_dead(*entry) && s->ivf->shape.vector_size > 0)
		copy_vector(s, slot);
	begin_move(s, place.page < s->end ? place.page : s->moved[place.page - s->end]);
	page = mv_change_page(&s->change, s->code_buffer);
	id = (uint32 *) (MV_PAGE_BODY(page) + place.at);
	if (*id != old)
		elog(ERROR, "code of id %u has id %u", old, *id);
	*id = take_free(s, entry);
	page = mv_change_page(&s->change, s->from_buffer);
	((MvIvfId *) MV_PAGE_BODY(page))[slot].flags |= MV_ID_DEAD;
	return true;
}

/* Has a row come to what goes since the plan was made?  Or a crash left one without a code. */
static bool
has_stranger(const Shrink *s)
{
	const MvIvfIdHead *head = MV_PAGE_HEAD(s->from.data);
	const MvIvfId *entry = (MvIvfId *) MV_PAGE_BODY(s->from.data);

	for (uint32 i = first_to_go(s, s->from_page); i < head->count; i++)
	{
		uint32		id = first_of_page(s, s->from_page) + i;

		if (!mv_ivf_id_is_dead(entry[i]) && !BlockNumberIsValid(s->places[id - s->first_id].page))
			return true;
	}
	return false;
}

/* The page of the directory that names an id page, the last one, exclusively locked. */
static Buffer
directory_page(Shrink *s, BlockNumber block, int page_no, int *entries)
{
	int			before = 0;

	for (;;)
	{
		Buffer		buffer = mv_page_read(s->index, block, MV_PAGE_DIRECTORY,
										  BUFFER_LOCK_EXCLUSIVE);

		*entries = mv_page_used(BufferGetPage(buffer)) / (int) sizeof(BlockNumber);
		before += *entries;
		if (page_no < before)
		{
			Assert(page_no == before - 1);
			return buffer;
		}
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
}

/* Forget the ids that go of the last id page, whose rows have been moved, or all of it. */
static void
drop_ids(Shrink *s, int page_no)
{
	uint32		from = first_to_go(s, page_no);
	Buffer		meta_buffer = mv_page_read(s->index, MV_IVF_META_BLOCK, MV_PAGE_META,
										   BUFFER_LOCK_EXCLUSIVE);
	MvIvfMeta  *meta = (MvIvfMeta *) MV_PAGE_BODY(BufferGetPage(meta_buffer));
	Buffer		buffer;
	int			entries;
	MvChange	change;
	Page		page;

	set_fate(s, page_no, GONE);
	buffer = from > 0 ?
		read_ids(s, s->ids.blocks[page_no], BUFFER_LOCK_EXCLUSIVE) :
		directory_page(s, meta->directory, page_no, &entries);
	mv_change_begin(&change, s->index);
	page = mv_change_page(&change, buffer);
	if (from > 0)
	{
		MvIvfIdHead *head = MV_PAGE_HEAD(page);

		for (uint32 i = from; i < head->count; i++)
			head->nfree -= (((MvIvfId *) MV_PAGE_BODY(page))[i].flags & MV_ID_FREE) != 0;
		head->count = from;
	}
	else
		mv_page_set_used(page, (entries - 1) * (int) sizeof(BlockNumber));
	meta = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta_buffer));
	meta->nbuilt = Min(meta->nbuilt, first_of_page(s, page_no) + from);
	meta->version++;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
}

/* Move the rows that go of the last id page; false if that is not possible. */
static bool
empty_page(Shrink *s, int page_no)
{
	const MvIvfIdHead *head = MV_PAGE_HEAD(s->from.data);
	bool		moved;

	if (first_of_page(s, page_no) >= s->end_id)
		return false;
	s->from_page = page_no;
	s->from_buffer = read_ids(s, s->ids.blocks[page_no], BUFFER_LOCK_EXCLUSIVE);
	memcpy(s->from.data, BufferGetPage(s->from_buffer), BLCKSZ);
	moved = !has_stranger(s);
	for (uint32 i = first_to_go(s, page_no); moved && i < head->count; i++)
		moved = move_row(s, (int) i);
	commit_moves(s);
	UnlockReleaseBuffer(s->from_buffer);
	if (moved)
		drop_ids(s, page_no);
	return moved;
}

/* ---- the end of the file ---- */

/* Pages that are gone, but not at the end, are for others. */
static void
delete_gone(Shrink *s, BlockNumber end)
{
	for (BlockNumber block = 0; block < Min(end, s->nblocks); block++)
	{
		Buffer		buffer;
		MvChange	change;

		if (s->fate[block] != GONE)
			continue;
		buffer = mv_page_pin(s->index, block);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		mv_change_begin(&change, s->index);
		mv_change_delete_page(&change, buffer, mv_page_deletion_xid());
		mv_change_commit(&change);
		UnlockReleaseBuffer(buffer);
		mv_page_recycle(s->index, block);
		s->fate[block] = STAYS;
	}
}

/* Cut off what is not used any more. */
static void
cut_off(Shrink *s)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(s->index);
	BlockNumber end = nblocks;
	bool		is_code;

	while (end > 1 && ((end <= s->nblocks && s->fate[end - 1] == GONE) ||
					   is_unused(s->index, end - 1, &is_code)))
		end--;
	delete_gone(s, end);
	if (end < nblocks)
		mv_page_truncate(s->index, end);
}

static bool
lock_index(Relation index)
{
	for (int i = 0; i < LOCK_TRIES; i++)
	{
		if (ConditionalLockRelation(index, AccessExclusiveLock))
			return true;
		CHECK_FOR_INTERRUPTS();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOCK_INTERVAL,
						 WAIT_EVENT_VACUUM_TRUNCATE);
		ResetLatch(MyLatch);
	}
	return false;
}

/* What the plan says, page by page until somebody waits; what is done is done. */
static void
carry_out(Shrink *s)
{
	int			page_no = mv_ivf_ids_refresh(&s->ids);

	for (int i = 0; i < s->nlists && move_codes(s, s->lists[i]); i++)
		;
	unlink_free_ids(s);
	s->to_page = -1;
	s->nfree = s->next_free = 0;
	while (page_no > 0 && first_of_page(s, page_no) > s->first_id &&
		   !LockHasWaitersRelation(s->index, AccessExclusiveLock) && empty_page(s, page_no - 1))
		page_no--;
	cut_off(s);
}

void
mv_ivf_shrink(Relation index, BlockNumber ndeleted)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivf shrink",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Shrink		s = {.index = index, .ivf = mv_ivf_open_for(index, context)};

	/* The nodes of a graph know ids, and so do pages of attributes. */
	if (!BlockNumberIsValid(s.ivf->meta.graph) && s.ivf->shape.nattributes == 0 &&
		mv_page_may_truncate(index))
	{
		mv_ivf_ids_begin(&s.ids, index, s.ivf);
		if (plan(&s, ndeleted) && lock_index(index))
		{
			carry_out(&s);
			UnlockRelation(index, AccessExclusiveLock);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
