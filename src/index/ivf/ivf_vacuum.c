/*
 * ivf_vacuum.c -- removing the rows that vacuum found dead.
 *
 * An id whose row is gone is marked; scans pass over it.  Codes and vectors
 * stay, and ids are not used again, until REINDEX.
 */
#include "postgres.h"

#include "access/genam.h"
#include "commands/vacuum.h"
#include "miscadmin.h"

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

IndexBulkDeleteResult *
mv_ivf_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	return stats;
}
