/*
 * am_workers.c -- the parallel workers of a build and the memory they share.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/am.h"
#include "am/build.h"
#include "compat.h"

/* Keys of the table of contents; below 2^32 they are the application's. */
enum
{
	KEY_RELATIONS = 1,
	KEY_SCAN,
	KEY_SHARED,
	KEY_WAL,
	KEY_BUFFERS,
	KEY_QUERY
};

typedef struct Relations
{
	Oid			heap,
				index;
	bool		concurrent;		/* CREATE INDEX CONCURRENTLY */
} Relations;

/*
 * Whether workers may be had is the planner's to say.  How many it would take
 * for reading so many pages is beside the point: a row costs far more than that.
 */
int
mv_workers_wanted(Relation heap, Relation index)
{
	int			wanted = RelationGetParallelWorkers(heap, -1);

	if (RelationGetNumberOfBlocks(heap) == 0 ||
		plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index)) == 0)
		return 0;
	if (wanted < 0)
		wanted = max_parallel_maintenance_workers;
	return Min(wanted, max_parallel_maintenance_workers);
}

/* Room for one more thing in the segment. */
static void
estimate(ParallelContext *context, Size size)
{
	shm_toc_estimate_chunk(&context->estimator, size);
	shm_toc_estimate_keys(&context->estimator, 1);
}

static void *
allocate(ParallelContext *context, int key, Size size)
{
	void	   *p = shm_toc_allocate(context->toc, size);

	shm_toc_insert(context->toc, key, p);
	return p;
}

static void *
aligned(void *p)
{
	return (void *) TYPEALIGN(64, p);
}

void
mv_workers_end(MvWorkers *workers)
{
	if (IsMVCCSnapshot(workers->snapshot))
		UnregisterSnapshot(workers->snapshot);
	DestroyParallelContext(workers->context);
	ExitParallelMode();
}

static void
fill(MvWorkers *workers, Relation heap, const Relations *relations, Size scan_size, Size size)
{
	ParallelContext *context = workers->context;
	const char *query = debug_query_string ? debug_query_string : "";

	*(Relations *) allocate(context, KEY_RELATIONS, sizeof(Relations)) = *relations;
	workers->scan = allocate(context, KEY_SCAN, scan_size);
	table_parallelscan_initialize(heap, workers->scan, workers->snapshot);
	workers->shared = aligned(allocate(context, KEY_SHARED, size + 64));
	workers->wal = allocate(context, KEY_WAL, sizeof(WalUsage) * context->nworkers);
	workers->buffers = allocate(context, KEY_BUFFERS, sizeof(BufferUsage) * context->nworkers);
	strcpy(allocate(context, KEY_QUERY, strlen(query) + 1), query);
}

bool
mv_workers_begin(MvWorkers *workers, const char *main, Relation heap, Relation index,
				 bool concurrent, int n, Size size)
{
	Relations	relations = {RelationGetRelid(heap), RelationGetRelid(index), concurrent};
	ParallelContext *context;
	Size		scan_size;

	EnterParallelMode();
	context = workers->context = CreateParallelContext("$libdir/milvus_pg", main, n);
	workers->snapshot = concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
	scan_size = table_parallelscan_estimate(heap, workers->snapshot);
	estimate(context, sizeof(Relations));
	estimate(context, scan_size);
	estimate(context, size + 64);	/* it can be moved by so much */
	estimate(context, mul_size(sizeof(WalUsage), context->nworkers));
	estimate(context, mul_size(sizeof(BufferUsage), context->nworkers));
	estimate(context, debug_query_string ? strlen(debug_query_string) + 1 : 1);
	InitializeParallelDSM(context);
	if (context->seg == NULL)
	{
		mv_workers_end(workers);
		return false;
	}
	fill(workers, heap, &relations, scan_size, size);
	return true;
}

void
mv_workers_launch(MvWorkers *workers)
{
	LaunchParallelWorkers(workers->context);
	/* one that cannot start is an error from here on, not somebody to wait for */
	WaitForParallelWorkersToAttach(workers->context);
	ereport(DEBUG1,
			(errmsg("using %d parallel workers", workers->context->nworkers_launched)));
}

void
mv_workers_wait(MvWorkers *workers)
{
	WaitForParallelWorkersToFinish(workers->context);
	for (int i = 0; i < workers->context->nworkers_launched; i++)
		InstrAccumParallelQuery(&workers->buffers[i], &workers->wal[i]);
}

void
mv_worker_begin(MvWorker *worker, dsm_segment *segment, shm_toc *toc)
{
	const Relations *relations = shm_toc_lookup(toc, KEY_RELATIONS, false);
	bool		concurrent = relations->concurrent;

	debug_query_string = shm_toc_lookup(toc, KEY_QUERY, false);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	worker->heap = table_open(relations->heap, concurrent ? ShareUpdateExclusiveLock : ShareLock);
	worker->index = index_open(relations->index,
							   concurrent ? RowExclusiveLock : AccessExclusiveLock);
	worker->info = BuildIndexInfo(worker->index);
	worker->info->ii_Concurrent = concurrent;
	worker->scan = shm_toc_lookup(toc, KEY_SCAN, false);
	worker->shared = aligned(shm_toc_lookup(toc, KEY_SHARED, false));
	worker->segment = segment;
	worker->wal = (WalUsage *) shm_toc_lookup(toc, KEY_WAL, false) + ParallelWorkerNumber;
	worker->buffers =
		(BufferUsage *) shm_toc_lookup(toc, KEY_BUFFERS, false) + ParallelWorkerNumber;
	InstrStartParallelQuery();
}

void
mv_worker_end(MvWorker *worker)
{
	bool		concurrent = worker->info->ii_Concurrent;

	InstrEndParallelQuery(worker->buffers, worker->wal);
	index_close(worker->index, concurrent ? RowExclusiveLock : AccessExclusiveLock);
	table_close(worker->heap, concurrent ? ShareUpdateExclusiveLock : ShareLock);
}
