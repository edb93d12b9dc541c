/*
 * am_handler.c -- the handlers, and the callbacks that need no file of their own.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "commands/vacuum.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "compat.h"
#include "guc.h"

static bool
insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
	   IndexUniqueCheck unique, bool unchanged, IndexInfo *info)
{
	const MvIndexMethod *method = mv_method_of(index);
	MemoryContext context;
	MemoryContext old;
	MvSpace		space;
	float	   *x;
	int64		keys[INDEX_MAX_KEYS];

	if (isnull[0])
		return false;
	context = AllocSetContextCreate(CurrentMemoryContext, "index insert", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	space = mv_index_space(index);
	x = palloc(sizeof(float) * space.dim);
	if (mv_index_key(&space, values[0], x))
	{
		mv_attribute_keys(index, values, isnull, keys);
		method->insert(index, heap, tid, x, keys);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return false;
}

static IndexBulkDeleteResult *
bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats, IndexBulkDeleteCallback dead,
		   void *arg)
{
	return mv_method_of(info->index)->bulkdelete(info, stats, dead, arg);
}

static IndexBulkDeleteResult *
cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	if (info->analyze_only)
		return stats;
	if (stats == NULL)
	{
		/* Nothing was deleted: the heap's count is the better one. */
		stats = palloc0(sizeof(IndexBulkDeleteResult));
		stats->num_index_tuples = info->num_heap_tuples;
		stats->estimated_count = true;
	}
	stats = mv_method_of(info->index)->cleanup(info, stats);
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	return stats;
}

static IndexAmRoutine *
routine(const MvAccessMethod *method)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amstrategies = 0;
	am->amsupport = MV_NPROCS;
	am->amcanorderbyop = true;
	am->amcanmulticol = true;
	am->amoptionalkey = true;
	am->amsearcharray = true;
	am->amsearchnulls = true;
	am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL | VACUUM_OPTION_PARALLEL_CLEANUP;
	am->amkeytype = InvalidOid;
	mv_can_build_parallel(am);

	am->ambuild = mv_am_build;
	am->ambuildempty = mv_am_buildempty;
	am->ambuildphasename = mv_am_buildphasename;
	am->aminsert = insert;
	am->ambulkdelete = bulkdelete;
	am->amvacuumcleanup = cleanup;
	am->amcostestimate = mv_am_costestimate;
	am->amoptions = method->options;
	am->amvalidate = mv_am_validate;
	am->ambeginscan = mv_am_beginscan;
	am->amrescan = mv_am_rescan;
	am->amgettuple = mv_am_gettuple;
	am->amendscan = mv_am_endscan;
	return am;
}

/* ivf_handler(internal) returns index_am_handler */
PG_FUNCTION_INFO_V1(mv_ivf_handler);
Datum
mv_ivf_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(routine(&mv_am_ivf));
}

/* ivfflathandler(internal) returns index_am_handler */
PG_FUNCTION_INFO_V1(mv_ivfflat_handler);
Datum
mv_ivfflat_handler(PG_FUNCTION_ARGS)
{
	mv_guc_ivfflat();
	PG_RETURN_POINTER(routine(&mv_am_ivfflat));
}

/* hnswhandler(internal) returns index_am_handler */
PG_FUNCTION_INFO_V1(mv_hnsw_handler);
Datum
mv_hnsw_handler(PG_FUNCTION_ARGS)
{
	mv_guc_hnsw();
	PG_RETURN_POINTER(routine(&mv_am_hnsw));
}

/* cagra_handler(internal) returns index_am_handler */
PG_FUNCTION_INFO_V1(mv_cagra_handler);
Datum
mv_cagra_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(routine(&mv_am_cagra));
}
