/*
 * ivf_vacuum.c -- removing the rows that vacuum found dead.
 *
 * bulkdelete() marks the ids of rows that are gone; scans pass over them.
 * cleanup() takes their codes out of the lists, frees the ids that are in no
 * list any more, splits and joins lists, and cuts off the file.  Everything that one needs to know
 * is on the pages, so both may run in a parallel worker, and a vacuum goes on where
 * another was cut off.
 */
#include "postgres.h"

#include "access/genam.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/smgr.h"
#include "utils/memutils.h"

#include "compat.h"
#include "index/ivf/ivf.h"

/* Mark the dead ones of a page; counts those that stay and go. */
static void
clean_page(Relation index, const MvIvf *ivf, BlockNumber block, IndexBulkDeleteCallback dead,
		   void *arg, IndexBulkDeleteResult *stats)
{
	Buffer		buffer = mv_page_read(index, block, MV_PAGE_ID, BUFFER_LOCK_EXCLUSIVE);
	MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(buffer));
	MvChange	change;
	Page		page = NULL;

	if (head->count > (uint32) ivf->shape.ids_per_page)
		mv_index_corrupted(index, "id page %u has %u entries", block, head->count);
	for (uint32 i = 0; i < head->count; i++)
	{
		MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer)) + i;

		if (entry->flags & (MV_ID_DEAD | MV_ID_FREE))
			continue;
		if (!dead(&entry->tid, arg))
		{
			stats->num_index_tuples++;
			continue;
		}
		if (page == NULL)
		{
			mv_change_begin(&change, index);
			page = mv_change_page(&change, buffer);
		}
		((MvIvfId *) MV_PAGE_BODY(page))[i].flags |= MV_ID_DEAD;
		stats->tuples_removed++;
	}
	if (page != NULL)
		mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

IndexBulkDeleteResult *
mv_ivf_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
				  IndexBulkDeleteCallback dead, void *arg)
{
	MvIvf	   *ivf = mv_ivf_open(info->index);
	MvIvfIds	ids;
	int			n;

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	stats->num_index_tuples = 0;
	mv_ivf_ids_begin(&ids, info->index, ivf);
	n = mv_ivf_ids_refresh(&ids);
	for (int i = 0; i < n; i++)
	{
		mv_vacuum_delay_point();
		clean_page(info->index, ivf, ids.blocks[i], dead, arg, stats);
	}
	mv_ivf_ids_end(&ids);
	return stats;
}

/* ---- cleaning up ---- */

typedef struct Cleanup
{
	Relation	index,
				heap;			/* or NULL */
	MvIvf	   *ivf;
	MvIvfIds	ids;
	double		live;			/* rows */
	uint32		ndead;			/* ids marked dead when the cleanup began: */
	MvIdSet		dead;
	MvIdSet		kept;			/* of them, those that stay in a list */
	MvIvfWalk	walk;
	char	   *row;			/* a code */
} Cleanup;

/* Which ids are dead. */
static void
find_dead(Cleanup *c)
{
	int			npages = mv_ivf_ids_refresh(&c->ids);
	uint32		per_page = c->ivf->shape.ids_per_page;

	mv_id_set_init(&c->dead, npages * per_page);
	mv_id_set_init(&c->kept, npages * per_page);
	for (int i = 0; i < npages; i++)
	{
		Buffer		buffer;
		uint32		count;
		MvIvfId    *entry;

		mv_vacuum_delay_point();
		buffer = mv_page_read(c->index, c->ids.blocks[i], MV_PAGE_ID, BUFFER_LOCK_SHARE);
		count = ((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer)))->count;
		entry = (MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer));
		for (uint32 j = 0; j < Min(count, per_page); j++)
		{
			c->live += !(entry[j].flags & (MV_ID_DEAD | MV_ID_FREE));
			if ((entry[j].flags & MV_ID_DEAD) && !(entry[j].flags & MV_ID_FREE))
			{
				mv_id_set_add(&c->dead, i * per_page + j);
				c->ndead++;
			}
		}
		UnlockReleaseBuffer(buffer);
	}
}

/* How many codes of a list are dead; remembers these as kept, if told so. */
static uint32
count_dead(Cleanup *c, const MvIvfList *list, bool keep)
{
	uint32		n = 0;
	const char *block;

	mv_ivf_walk_start(&c->walk, list->first, list->ncodes);
	while ((block = mv_ivf_walk_next(&c->walk)) != NULL)
		for (int i = 0; i < c->walk.n; i++)
		{
			uint32		id = mv_ivf_block_id(block, i);

			if (!mv_id_set_has(&c->dead, id))
				continue;
			n++;
			if (keep)
				mv_id_set_add(&c->kept, id);
		}
	return n;
}

/* Copy the live codes that a list has got since it was seen. */
static void
copy_codes(Cleanup *c, const MvIvfList *seen, const MvIvfList *now, MvIvfChain *chain)
{
	const char *block;
	int			skip;

	if (now->ncodes == seen->ncodes)
		return;
	skip = mv_ivf_walk_resume(&c->walk, seen, now);
	for (; (block = mv_ivf_walk_next(&c->walk)) != NULL; skip = 0)
		for (int i = skip; i < c->walk.n; i++)
		{
			uint32		id = mv_ivf_block_id(block, i);

			if (mv_id_set_has(&c->dead, id))
				continue;
			mv_ivf_block_get(&c->ivf->shape, block, i, c->row);
			mv_ivf_chain_put(chain, c->row, id);
		}
}

/*
 * Write the live codes of a list to a new chain.  Its rows stay its rows, so
 * the list table keeps its version: a scan that begins finds the one or the
 * other chain.
 */
static void
compact_list(Cleanup *c, uint32 number, const MvIvfList *seen)
{
	MvIvfList	nothing;
	MvIvfList	old;
	MvIvfList  *list;
	MvIvfChain	chain;
	int			at;
	BlockNumber block = mv_ivf_list_place(c->ivf, number, &at);
	Buffer		buffer;
	MvChange	change;

	mv_ivf_list_clear(&nothing);
	mv_ivf_chain_begin(&chain, c->index, c->heap, c->ivf);
	copy_codes(c, &nothing, seen, &chain);
	buffer = mv_page_read(c->index, block, MV_PAGE_LIST, BUFFER_LOCK_EXCLUSIVE);
	old = *mv_ivf_list_at(BufferGetPage(buffer), at);
	copy_codes(c, seen, &old, &chain);
	mv_ivf_chain_finish(&chain);
	chain.list.centroid = old.centroid;
	chain.list.centroid_offset = old.centroid_offset;
	chain.list.changed = old.changed;
	chain.list.spread = old.spread;
	mv_change_begin(&change, c->index);
	list = mv_ivf_list_at(mv_change_page(&change, buffer), at);
	*list = chain.list;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	mv_ivf_chain_delete(c->index, &old);
}

/*
 * All codes of a list are dead: it is emptied and keeps its pages, for as many
 * rows may come again.  Returns false if some came meanwhile.
 *
 * Scans that noted more codes read on: what they find are dead rows, or rows
 * newer than they are (see begin_block() in ivf_insert.c).
 */
static bool
empty_list(Cleanup *c, uint32 number, const MvIvfList *seen)
{
	int			at;
	BlockNumber block = mv_ivf_list_place(c->ivf, number, &at);
	Buffer		buffer = mv_page_read(c->index, block, MV_PAGE_LIST, BUFFER_LOCK_EXCLUSIVE);
	bool		same = mv_ivf_list_at(BufferGetPage(buffer), at)->ncodes == seen->ncodes;
	MvChange	change;

	if (same)
	{
		mv_change_begin(&change, c->index);
		mv_ivf_list_at(mv_change_page(&change, buffer), at)->ncodes = 0;
		mv_change_commit(&change);
	}
	UnlockReleaseBuffer(buffer);
	return same;
}

/* A list with at least one dead code in so many is compacted. */
#define COMPACT_PART 8

static void
clean_list(Cleanup *c, uint32 number)
{
	MvIvfList	list = mv_ivf_list_header(c->index, c->ivf, number);
	uint32		ndead = c->ndead > 0 ? count_dead(c, &list, false) : 0;

	if (list.ncodes - ndead > mv_ivf_split_limit(c->index, c->live) &&
		mv_ivf_split(c->index, c->heap, number, c->live))
		return;
	if (ndead == 0 || (ndead == list.ncodes && empty_list(c, number, &list)))
		return;
	if ((uint64) ndead * COMPACT_PART >= list.ncodes)
		compact_list(c, number, &list);
	else
		count_dead(c, &list, true);
}

/* Free the ids of a page that are dead and in no list, and put the page into the chain of such. */
static void
free_page_ids(Cleanup *c, int page_no)
{
	uint32		first = (uint32) page_no * c->ivf->shape.ids_per_page;
	uint32		n = c->ivf->shape.ids_per_page;
	Buffer		meta;
	Buffer		ids;
	MvChange	change;
	MvIvfIdHead *head;
	MvIvfId    *entry;
	uint32		i = 0;

	while (i < n && (!mv_id_set_has(&c->dead, first + i) || mv_id_set_has(&c->kept, first + i)))
		i++;
	if (i == n)
		return;
	meta = mv_page_read(c->index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	ids = mv_page_read(c->index, c->ids.blocks[page_no], MV_PAGE_ID, BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, c->index);
	head = MV_PAGE_HEAD(mv_change_page(&change, ids));
	entry = (MvIvfId *) MV_PAGE_BODY(mv_change_page(&change, ids));
	for (; i < n; i++)
		if (mv_id_set_has(&c->dead, first + i) && !mv_id_set_has(&c->kept, first + i))
		{
			entry[i].flags = MV_ID_DEAD | MV_ID_FREE;
			head->nfree++;
		}
	if (!head->in_chain)
	{
		MvIvfMeta  *body = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta));

		head->next_free = body->free_ids;
		head->in_chain = true;
		body->free_ids = c->ids.blocks[page_no];
	}
	mv_change_commit(&change);
	UnlockReleaseBuffer(ids);
	UnlockReleaseBuffer(meta);
}

/* Have pages that are deleted used again; an index that never had one has no map of them. */
static void
recycle_pages(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	if (!smgrexists(RelationGetSmgr(info->index), FSM_FORKNUM))
		return;
	stats->pages_deleted = mv_page_recycle_all(info->index, info->strategy);
	stats->pages_free = stats->pages_deleted;
}

IndexBulkDeleteResult *
mv_ivf_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivf cleanup",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Cleanup		c = {.index = info->index, .heap = mv_vacuum_heap(info)};

	mv_ivf_maintain_begin(info->index);
	c.ivf = mv_ivf_open_for(info->index, context);
	mv_ivf_ids_begin(&c.ids, info->index, c.ivf);
	mv_ivf_walk_begin(&c.walk, info->index, &c.ivf->shape, palloc(c.ivf->shape.block_size));
	c.row = palloc(c.ivf->shape.row_size);
	find_dead(&c);
	for (int i = 0; i < c.ivf->nused; i++)
	{
		mv_vacuum_delay_point();
		clean_list(&c, c.ivf->used[i]);
	}
	mv_ivf_merge(info->index, c.heap, c.live);
	/* The chain begins with what was put into it last: ids in front are used first. */
	for (int i = c.ids.npages - 1; i >= 0 && c.ndead > 0; i--)
		free_page_ids(&c, i);
	recycle_pages(info, stats);
	mv_ivf_calibrate_again(info->index, c.live);
	mv_ivf_shrink(info->index, stats->pages_deleted);
	mv_ivf_maintain_end(info->index);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return stats;
}
