/*
 * fts_waiting.c -- pending documents as a snapshot sees them: one more segment.
 *
 * A backend keeps what it has read of them from one snapshot to the next, which then
 * reads only what has come since: as long as the meta page's generation is the same,
 * pages of pending documents are appended to, and nothing else happens to them.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "fts/fts_pending.h"

void
mv_fts_waiting_damaged(const MvFtsWaiting *waiting, BlockNumber block)
{
	mv_index_corrupted(waiting->index, "the pending documents on page %u", block);
}

/* ---- reading pages ---- */

void
mv_fts_waiting_init(MvFtsWaiting *waiting, Relation index, const MvFtsMeta *meta)
{
	memset(waiting, 0, sizeof(*waiting));
	waiting->context = CurrentMemoryContext;
	waiting->index = index;
	waiting->nfields = meta->nfields;
	waiting->nattributes = meta->nattributes;
	waiting->positions = meta->positions != 0;
}

static void *
grow(MemoryContext context, void *array, Size element, uint32 n)
{
	Size		size = Max(element, 1) * n;

	return array == NULL ? MemoryContextAllocHuge(context, size) : repalloc_huge(array, size);
}

/* Room for one more; it does not count until it is complete. */
static void
make_room(MvFtsWaiting *waiting)
{
	uint32		n = Max(64, waiting->allocated * 2);

	if (waiting->n < waiting->allocated)
		return;
	waiting->docs = grow(waiting->context, waiting->docs, sizeof(MvFtsWaitingDoc), n);
	waiting->lengths = grow(waiting->context, waiting->lengths,
							sizeof(uint32) * waiting->nfields, n);
	waiting->keys = grow(waiting->context, waiting->keys, sizeof(int64) * waiting->nattributes,
						 n);
	waiting->allocated = n;
}

static void
add_doc(MvFtsWaiting *waiting, const char *body, MvFtsPlace place)
{
	const char *record = body + place.offset;
	const MvFtsPending *head = (const MvFtsPending *) record;
	uint32		i = waiting->n;
	uint32	   *lengths;

	make_room(waiting);
	waiting->docs[i] = (MvFtsWaitingDoc){.place = place, .tid = head->tid, .flags = head->flags,
										 .size = head->size};
	lengths = waiting->lengths + (Size) i * waiting->nfields;
	memcpy(lengths, record + sizeof(MvFtsPending), sizeof(uint32) * waiting->nfields);
	memcpy(waiting->keys + (Size) i * waiting->nattributes,
		   record + mv_fts_pending_keys_offset(waiting->nfields),
		   sizeof(int64) * waiting->nattributes);
	for (int f = 0; f < waiting->nfields; f++)
		if (lengths[f] != 0 && lengths[f] != PG_UINT32_MAX)
		{
			waiting->fields[f].docs++;
			waiting->fields[f].length += lengths[f];
		}
	waiting->n++;
}

/* The documents of the chain's last page that are new.  Whatever fails, none is read twice. */
static void
read_page(MvFtsWaiting *waiting, MvFtsChain *chain, Page page)
{
	const char *body = MV_PAGE_BODY(page);
	Size		used = mv_page_used(page);
	Size		fixed = mv_fts_pending_content_offset(waiting->nfields, waiting->nattributes);

	while (chain->used < used)
	{
		Size		at = chain->used;
		Size		size;

		if (at + fixed + sizeof(uint32) > used)
			mv_fts_waiting_damaged(waiting, chain->last);
		size = mv_fts_pending_size((const MvFtsPending *) (body + at), waiting->nfields,
								   waiting->nattributes);
		if (size > used - at)
			mv_fts_waiting_damaged(waiting, chain->last);
		add_doc(waiting, body, (MvFtsPlace){.block = chain->last, .offset = (uint16) at});
		chain->used += (uint32) size;
	}
}

static MvFtsChain *
chain_from(MvFtsWaiting *waiting, BlockNumber first)
{
	MvFtsChain *chain = waiting->chains;

	for (; chain < waiting->chains + waiting->nchains; chain++)
		if (chain->first == first)
			return chain;
	if (waiting->nchains == lengthof(waiting->chains))
		mv_fts_waiting_damaged(waiting, first);
	waiting->nchains++;
	*chain = (MvFtsChain){.first = first, .last = first};
	return chain;
}

/* Pages after which a chain is asked whether it leads in a circle. */
#define LOOP_PAGES 256

void
mv_fts_waiting_chain(MvFtsWaiting *waiting, BlockNumber first)
{
	MvFtsChain *chain;
	BlockNumber next;

	if (!BlockNumberIsValid(first))
		return;
	chain = chain_from(waiting, first);
	while (!chain->closed)
	{
		Buffer		buffer;
		Page		page;

		CHECK_FOR_INTERRUPTS();
		buffer = mv_page_read(waiting->index, chain->last, MV_PAGE_PENDING, BUFFER_LOCK_SHARE);
		page = BufferGetPage(buffer);
		read_page(waiting, chain, page);
		next = MV_PAGE_TAIL(page)->next;
		chain->closed = !BlockNumberIsValid(next) &&
			((MvFtsPendingHead *) MV_PAGE_HEAD(page))->closed;
		UnlockReleaseBuffer(buffer);
		if (!BlockNumberIsValid(next))
			break;
		if (++chain->npages % LOOP_PAGES == 0 &&
			chain->npages > RelationGetNumberOfBlocks(waiting->index))
			mv_fts_waiting_damaged(waiting, next);
		chain->last = next;
		chain->used = 0;
	}
}

/* ---- keeping them ---- */

/* What a backend has read of an index's pending documents. */
typedef struct Kept
{
	dlist_node	node;			/* in kept, if linked */
	bool		linked;
	int			users;			/* segments */
	Oid			index;
	uint64		generation;
	MvFtsWaiting waiting;
} Kept;

static dlist_head kept = DLIST_STATIC_INIT(kept);	/* the last used first */

static void
free_unused(Kept *entry)
{
	if (!entry->linked && entry->users == 0)
		MemoryContextDelete(entry->waiting.context);
}

static void
unlink_kept(Kept *entry)
{
	dlist_delete(&entry->node);
	entry->linked = false;
	free_unused(entry);
}

static Kept *
find_kept(Oid index)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept)
	{
		Kept	   *entry = dlist_container(Kept, node, iter.cur);

		if (entry->index == index)
			return entry;
	}
	return NULL;
}

void
mv_fts_waiting_forget(Relation index)
{
	Kept	   *entry = find_kept(RelationGetRelid(index));

	if (entry != NULL)
		unlink_kept(entry);
}

/* What is kept of this generation, or the beginning of it. */
static Kept *
keep(Relation index, const MvFtsMeta *meta)
{
	Kept	   *entry = find_kept(RelationGetRelid(index));
	MemoryContext context;
	MemoryContext old;

	if (entry != NULL && entry->generation == meta->generation)
	{
		dlist_move_head(&kept, &entry->node);
		entry->waiting.index = index;
		return entry;
	}
	mv_fts_waiting_forget(index);
	context = AllocSetContextCreate(CacheMemoryContext, "bm25 pending documents",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	entry = palloc0(sizeof(Kept));
	mv_fts_waiting_init(&entry->waiting, index, meta);
	MemoryContextSwitchTo(old);
	entry->index = RelationGetRelid(index);
	entry->generation = meta->generation;
	entry->linked = true;
	dlist_push_head(&kept, &entry->node);
	return entry;
}

/* Of all indexes together no more is kept than work_mem. */
static void
keep_little(void)
{
	Size		room = (Size) work_mem * 1024;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &kept)
	{
		Kept	   *entry = dlist_container(Kept, node, iter.cur);
		Size		size = MemoryContextMemAllocated(entry->waiting.context, false);

		if (size > room)
			unlink_kept(entry);
		else
			room -= size;
	}
}

/* A segment is used no more: its memory context goes, perhaps because of an error. */
static void
leave(void *arg)
{
	Kept	   *entry = arg;

	entry->users--;
	if (entry->linked)
		keep_little();
	else
		free_unused(entry);
}

static void
enter(Kept *entry)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	callback->func = leave;
	callback->arg = entry;
	entry->users++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

static bool
any_waits(const MvFtsMeta *meta)
{
	for (int i = 0; i < MV_FTS_STRIPES; i++)
		if (BlockNumberIsValid(meta->stripes[i].old) || BlockNumberIsValid(meta->stripes[i].head))
			return true;
	return false;
}

MvFtsSegmentStore *
mv_fts_waiting_open(Relation index, const MvFtsMeta *meta)
{
	MvFtsWaiting *waiting;
	MvFtsSegmentStore *store;
	Kept	   *entry;

	if (!any_waits(meta))
	{
		mv_fts_waiting_forget(index);
		return NULL;
	}
	entry = keep(index, meta);
	enter(entry);
	waiting = &entry->waiting;
	for (int i = 0; i < MV_FTS_STRIPES; i++)
	{
		mv_fts_waiting_chain(waiting, meta->stripes[i].old);
		mv_fts_waiting_chain(waiting, meta->stripes[i].head);
	}
	store = palloc0(sizeof(MvFtsSegmentStore));
	store->index = index;
	store->root_block = InvalidBlockNumber;
	store->waiting = waiting;
	store->root = palloc0(sizeof(MvFtsRoot));
	store->root->ndocs = waiting->n;
	memcpy(store->root->fields, waiting->fields, sizeof(waiting->fields));
	return store;
}

/* ---- what a segment knows of documents ---- */

void
mv_fts_waiting_lengths(const MvFtsWaiting *waiting, int field, uint32 from, uint32 n, uint8 *out)
{
	for (uint32 i = 0; i < n; i++)
		out[i] = mv_fts_waiting_length(waiting, from + i, field);
}

void
mv_fts_waiting_tids(const MvFtsWaiting *waiting, uint32 from, uint32 n, ItemPointer out)
{
	for (uint32 i = 0; i < n; i++)
		out[i] = waiting->docs[from + i].tid;
}

void
mv_fts_waiting_keys(const MvFtsWaiting *waiting, int attribute, uint32 from, uint32 n, int64 *out)
{
	for (uint32 i = 0; i < n; i++)
		out[i] = waiting->keys[(Size) (from + i) * waiting->nattributes + attribute];
}

void
mv_fts_waiting_live(const MvFtsWaiting *waiting, uint32 from, uint32 n, uint64 *out)
{
	memset(out, 0, sizeof(uint64) * ((n + 63) / 64));
	for (uint32 i = 0; i < n; i++)
		if (!(waiting->docs[from + i].flags & MV_FTS_PENDING_DEAD))
			out[i / 64] |= UINT64CONST(1) << i % 64;
}
