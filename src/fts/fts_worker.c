/*
 * fts_worker.c -- merging in the background, so that no inserter waits for it.
 *
 * A worker is started when there is something to merge, merges, and exits.  One that is
 * not needed finds that somebody else merges, or nothing to do.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"

#include "compat.h"
#include "fts/fts_maintain.h"
#include "fts/schema.h"

bool
mv_fts_start_worker(Relation index)
{
	BackgroundWorker worker = {.bgw_flags = BGWORKER_SHMEM_ACCESS |
							   BGWORKER_BACKEND_DATABASE_CONNECTION,
							   .bgw_start_time = BgWorkerStart_RecoveryFinished,
							   .bgw_restart_time = BGW_NEVER_RESTART};

	/* It would not see the index, or not these files of it. */
	if (RelationUsesLocalBuffers(index) || index->rd_createSubid != InvalidSubTransactionId ||
		mv_new_files_subid(index) != InvalidSubTransactionId)
		return false;
	snprintf(worker.bgw_name, BGW_MAXLEN, "milvus_pg merge of index %u", RelationGetRelid(index));
	snprintf(worker.bgw_type, BGW_MAXLEN, "milvus_pg merge");
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "milvus_pg");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "mv_fts_merge_worker");
	worker.bgw_main_arg = ObjectIdGetDatum(RelationGetRelid(index));
	memcpy(worker.bgw_extra, &MyDatabaseId, sizeof(Oid));
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

static void
merge(Relation heap, Relation index)
{
	if (!mv_is_fts_index(index) || !index->rd_index->indisready ||
		!mv_fts_work_try(index, MV_FTS_MERGING))
		return;
	mv_fts_release(index, heap);
	mv_fts_merge_some(index, heap, MV_FTS_ALL_DOCS);
	mv_fts_retired_here(index);
	mv_fts_work_end(index, MV_FTS_MERGING);
}

/*
 * Locked, or NULL.  It is not waited for: while somebody keeps the table to himself, each
 * flush would leave one more worker waiting.
 */
static Relation
open_now(Oid relid, LOCKMODE lock)
{
	Relation	relation;

	if (!OidIsValid(relid) || !ConditionalLockRelationOid(relid, lock))
		return NULL;
	relation = try_relation_open(relid, NoLock);
	if (relation == NULL)
		UnlockRelationOid(relid, lock);
	return relation;
}

/* The worker's main function.  Merging runs no code of users. */
PGDLLEXPORT void mv_fts_merge_worker(Datum arg);

void
mv_fts_merge_worker(Datum arg)
{
	Oid			index_oid = DatumGetObjectId(arg);
	Oid			database;
	Relation	heap,
				index;

	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(Oid));
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	StartTransactionCommand();
	pgstat_report_activity(STATE_RUNNING, MyBgworkerEntry->bgw_name);
	heap = open_now(IndexGetRelation(index_oid, true), AccessShareLock);
	index = heap != NULL ? open_now(index_oid, RowExclusiveLock) : NULL;
	if (index != NULL)
	{
		merge(heap, index);
		relation_close(index, RowExclusiveLock);
	}
	if (heap != NULL)
		relation_close(heap, AccessShareLock);
	CommitTransactionCommand();
}
