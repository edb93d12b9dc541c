/*
 * am_handler.c -- the handlers, and the callbacks that need no file of their own.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "catalog/pg_class.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "compat.h"

/* One access method so far. */
const MvIndexMethod *
mv_method_of(Relation index)
{
	return &mv_ivf_method;
}

static bool
insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation heap,
	   IndexUniqueCheck unique, bool unchanged, IndexInfo *info)
{
	const MvIndexMethod *method = mv_method_of(index);
	MemoryContext context;
	MemoryContext old;
	MvIndexShape shape;
	float	   *x;

	if (isnull[0])
		return false;
	context = AllocSetContextCreate(CurrentMemoryContext, "index insert", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	method->shape(index, NULL, &shape);
	x = palloc(sizeof(float) * shape.dim);
	if (mv_index_key(mv_index_opclass(index), values[0], shape.dim, x))
		method->insert(index, heap, tid, x);
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

/* ivf_handler(internal) returns index_am_handler */
PG_FUNCTION_INFO_V1(mv_ivf_handler);
Datum
mv_ivf_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amstrategies = 0;
	am->amsupport = MV_NPROCS;
	am->amcanorderbyop = true;
	am->amoptionalkey = true;
	am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL | VACUUM_OPTION_PARALLEL_CLEANUP;
	am->amkeytype = InvalidOid;

	am->ambuild = mv_am_build;
	am->ambuildempty = mv_am_buildempty;
	am->aminsert = insert;
	am->ambulkdelete = bulkdelete;
	am->amvacuumcleanup = cleanup;
	am->amcostestimate = mv_am_costestimate;
	am->amoptions = mv_am_options;
	am->amvalidate = mv_am_validate;
	am->ambeginscan = mv_am_beginscan;
	am->amrescan = mv_am_rescan;
	am->amgettuple = mv_am_gettuple;
	am->amendscan = mv_am_endscan;
	PG_RETURN_POINTER(am);
}

/*
 * milvus_index_check(regclass) returns bigint
 *
 * Reads every page of an index of ours; returns the number of live rows, and
 * raises XX002 where something is not as it must be.  AccessShareLock.  Its owner's.
 */
PG_FUNCTION_INFO_V1(mv_index_check);
Datum
mv_index_check(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Relation	index = index_open(relid, AccessShareLock);
	double		rows;

	if (index->rd_indam->ambuild != mv_am_build)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an index of milvus_pg", RelationGetRelationName(index))));
	if (!mv_owns(relid))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, RelationGetRelationName(index));
	rows = mv_method_of(index)->check(index);
	index_close(index, AccessShareLock);
	PG_RETURN_INT64((int64) rows);
}
