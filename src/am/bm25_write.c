/*
 * bm25_write.c -- rows come to a bm25 index and leave it.
 */
#include "postgres.h"

#include "am/bm25.h"
#include "fts/store.h"

bool
mv_bm25_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
			   IndexUniqueCheck unique, bool unchanged, IndexInfo *info)
{
	if (info->ii_AmCache == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(info->ii_Context);

		info->ii_AmCache = mv_fts_rows_begin(index);
		MemoryContextSwitchTo(old);
	}
	mv_fts_insert(index, heap, info->ii_AmCache, values, isnull, tid);
	return false;
}

IndexBulkDeleteResult *
mv_bm25_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
				   IndexBulkDeleteCallback dead, void *arg)
{
	return mv_fts_bulkdelete(info, stats, dead, arg);
}

IndexBulkDeleteResult *
mv_bm25_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	return mv_fts_cleanup(info, stats);
}
