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
#include "commands/progress.h"
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
	KEY_SHARED = 1,
	KEY_SCAN,
	KEY_MEMORY,
	KEY_WAL,
	KEY_BUFFERS,
	KEY_QUERY
};

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

/* What the segment holds; the method's memory can be moved by up to 64 bytes. */
static void
estimate_all(ParallelContext *context, Size scan_size, Size size, Size query_size)
{
	estimate(context, sizeof(MvBuildShared));
	estimate(context, scan_size);
	estimate(context, size + 64);
	estimate(context, mul_size(sizeof(WalUsage), context->nworkers));
	estimate(context, mul_size(sizeof(BufferUsage), context->nworkers));
	estimate(context, query_size);
}

static void *
aligned(void *p)
{
	return (void *) TYPEALIGN(64, p);
}

/* End what mv_workers_begin() began. */
static void
release(MvWorkers *workers)
{
	if (IsMVCCSnapshot(workers->snapshot))
		UnregisterSnapshot(workers->snapshot);
	DestroyParallelContext(workers->context);
	ExitParallelMode();
}

static void
fill(MvWorkers *workers, MvBuildPart *part, const MvBuildShared *shared, Size scan_size, Size size)
{
	ParallelContext *context = workers->context;
	const char *query = debug_query_string ? debug_query_string : "";

	part->shared = allocate(context, KEY_SHARED, sizeof(MvBuildShared));
	*part->shared = *shared;
	mv_team_init(&part->shared->team, context->nworkers + 1);
	part->scan = allocate(context, KEY_SCAN, scan_size);
	table_parallelscan_initialize(part->heap, part->scan, workers->snapshot);
	part->memory = aligned(allocate(context, KEY_MEMORY, size + 64));
	workers->wal = allocate(context, KEY_WAL, sizeof(WalUsage) * context->nworkers);
	workers->buffers = allocate(context, KEY_BUFFERS, sizeof(BufferUsage) * context->nworkers);
	strcpy(allocate(context, KEY_QUERY, strlen(query) + 1), query);
	part->team = (MvTeam){.shared = &part->shared->team, .segment = context->seg, .leader = true};
}

bool
mv_workers_begin(MvWorkers *workers, MvBuildPart *part, const MvBuildShared *shared, Size size)
{
	ParallelContext *context;
	Size		query_size = debug_query_string ? strlen(debug_query_string) + 1 : 1;
	Size		scan_size;

	EnterParallelMode();
	context = CreateParallelContext("$libdir/milvus_pg", "mv_build_worker",
									shared->plan.processes - 1);
	workers->context = context;
	workers->snapshot =
		shared->concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
	scan_size = table_parallelscan_estimate(part->heap, workers->snapshot);
	estimate_all(context, scan_size, size, query_size);
	InitializeParallelDSM(context);
	if (context->seg == NULL)
	{
		release(workers);
		return false;
	}
	fill(workers, part, shared, scan_size, size);
	return true;
}

void
mv_workers_launch(MvWorkers *workers, MvBuildPart *part)
{
	ParallelContext *context = workers->context;

	LaunchParallelWorkers(context);
	/* one that cannot start is an error from here on, not somebody to wait for */
	WaitForParallelWorkersToAttach(context);
	mv_team_absent(part->team.shared, context->nworkers - context->nworkers_launched);
	ereport(DEBUG1, (errmsg("using %d parallel workers", context->nworkers_launched)));
}

void
mv_workers_end(MvWorkers *workers)
{
	WaitForParallelWorkersToFinish(workers->context);
	for (int i = 0; i < workers->context->nworkers_launched; i++)
		InstrAccumParallelQuery(&workers->buffers[i], &workers->wal[i]);
	release(workers);
}

void
mv_build_worker(dsm_segment *segment, shm_toc *toc)
{
	MvBuildShared *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	WalUsage   *wal = shm_toc_lookup(toc, KEY_WAL, false);
	BufferUsage *buffers = shm_toc_lookup(toc, KEY_BUFFERS, false);
	LOCKMODE	heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
	LOCKMODE	index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
	MvBuildPart part = {.shared = shared};

	debug_query_string = shm_toc_lookup(toc, KEY_QUERY, false);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	part.heap = table_open(shared->heap, heap_lock);
	part.index = index_open(shared->index, index_lock);
	part.info = BuildIndexInfo(part.index);
	part.info->ii_Concurrent = shared->concurrent;
	part.memory = aligned(shm_toc_lookup(toc, KEY_MEMORY, false));
	part.scan = shm_toc_lookup(toc, KEY_SCAN, false);
	part.team = (MvTeam){.shared = &shared->team, .segment = segment};

	InstrStartParallelQuery();
	part.build = mv_method_of(part.index)->build_begin(part.index, &shared->plan, &part.team,
													   part.memory);
	mv_build_part(&part, MAIN_FORKNUM);
	InstrEndParallelQuery(&buffers[ParallelWorkerNumber], &wal[ParallelWorkerNumber]);
	index_close(part.index, index_lock);
	table_close(part.heap, heap_lock);
}
