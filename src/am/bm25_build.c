/*
 * bm25_build.c -- CREATE INDEX ... USING bm25: each process of a build reads rows
 * to terms, the leader writes the index.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "tcop/tcopprot.h"
#include "utils/backend_progress.h"
#include "utils/snapmgr.h"

#include "am/bm25.h"
#include "am/build.h"
#include "compat.h"
#include "fts/store.h"

/* Phases of pg_stat_progress_create_index. */
enum
{
	PHASE_READ = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
	PHASE_WRITE
};

char *
mv_bm25_buildphasename(int64 phase)
{
	static char *const names[] = {
		[PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE] = "initializing",
		[PHASE_READ] = "reading documents",
		[PHASE_WRITE] = "writing index",
	};

	return phase > 0 && phase < lengthof(names) ? names[phase] : NULL;
}

/* ---- reading rows: every process ---- */

/* All rows are indexed, those without text, too: an ordered scan returns them last. */
static void
add_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	mv_fts_build_row(arg, values, isnull, tid);
}

static double
read_rows(Relation heap, Relation index, IndexInfo *info, MvFtsBuild *build,
		  ParallelTableScanDesc parallel, bool leader)
{
	TableScanDesc scan = parallel != NULL ? table_beginscan_parallel(heap, parallel) : NULL;

	return table_index_build_scan(heap, index, info, true, leader, add_row, build, scan);
}

/* ---- workers ---- */

/* Keys of the table of contents. */
enum
{
	KEY_SHARED = 1,
	KEY_SCAN,
	KEY_WAL,
	KEY_BUFFERS,
	KEY_QUERY
};

/* What a worker leaves behind. */
typedef struct WorkerResult
{
	double		heap_rows;
	int			nparts;
} WorkerResult;

typedef struct Shared
{
	Oid			heap,
				index;
	bool		concurrent;		/* CREATE INDEX CONCURRENTLY */
	Size		memory;			/* of each process */
	SharedFileSet files;
	WorkerResult		results[FLEXIBLE_ARRAY_MEMBER]; /* of each worker */
} Shared;

typedef struct Team
{
	ParallelContext *context;
	Snapshot	snapshot;
	Shared	   *shared;
	ParallelTableScanDesc scan;
	WalUsage   *wal;
	BufferUsage *buffers;
} Team;

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

static void
end_team(Team *team)
{
	if (IsMVCCSnapshot(team->snapshot))
		UnregisterSnapshot(team->snapshot);
	DestroyParallelContext(team->context);
	ExitParallelMode();
}

static void
fill_segment(Team *team, Relation heap, Relation index, bool concurrent, Size scan_size)
{
	ParallelContext *context = team->context;
	Size		size = offsetof(Shared, results) + sizeof(WorkerResult) * context->nworkers;
	const char *query = debug_query_string ? debug_query_string : "";
	Shared	   *shared = team->shared = allocate(context, KEY_SHARED, size);

	memset(shared, 0, size);
	shared->heap = RelationGetRelid(heap);
	shared->index = RelationGetRelid(index);
	shared->concurrent = concurrent;
	shared->memory = (Size) maintenance_work_mem * 1024 / (context->nworkers + 1);
	SharedFileSetInit(&shared->files, context->seg);
	team->scan = allocate(context, KEY_SCAN, scan_size);
	table_parallelscan_initialize(heap, team->scan, team->snapshot);
	team->wal = allocate(context, KEY_WAL, sizeof(WalUsage) * context->nworkers);
	team->buffers = allocate(context, KEY_BUFFERS, sizeof(BufferUsage) * context->nworkers);
	strcpy(allocate(context, KEY_QUERY, strlen(query) + 1), query);
}

/* Start workers; false: there can be none, and nothing has happened. */
static bool
begin_team(Team *team, Relation heap, Relation index, bool concurrent)
{
	int			wanted = mv_workers_wanted(heap, index);
	ParallelContext *context;
	Size		scan_size;

	if (wanted == 0)
		return false;
	EnterParallelMode();
	context = team->context = CreateParallelContext("$libdir/milvus_pg", "mv_bm25_build_worker",
													wanted);
	team->snapshot = concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
	scan_size = table_parallelscan_estimate(heap, team->snapshot);
	estimate(context, offsetof(Shared, results) + sizeof(WorkerResult) * wanted);
	estimate(context, scan_size);
	estimate(context, sizeof(WalUsage) * wanted);
	estimate(context, sizeof(BufferUsage) * wanted);
	estimate(context, debug_query_string ? strlen(debug_query_string) + 1 : 1);
	InitializeParallelDSM(context);
	if (context->seg == NULL)
	{
		end_team(team);
		return false;
	}
	fill_segment(team, heap, index, concurrent, scan_size);
	LaunchParallelWorkers(context);
	WaitForParallelWorkersToAttach(context);
	ereport(DEBUG1, (errmsg("using %d parallel workers", context->nworkers_launched)));
	return true;
}

/* Wait for the workers, and take what they made; returns the rows they read. */
static double
take_results(Team *team, MvFtsBuild *build)
{
	double		rows = 0;

	WaitForParallelWorkersToFinish(team->context);
	for (int i = 0; i < team->context->nworkers_launched; i++)
	{
		const WorkerResult *result = &team->shared->results[i];

		InstrAccumParallelQuery(&team->buffers[i], &team->wal[i]);
		rows += result->heap_rows;
		mv_fts_build_take(build, &team->shared->files, i, result->nparts);
	}
	return rows;
}

/* The worker's main function. */
PGDLLEXPORT void mv_bm25_build_worker(dsm_segment *segment, shm_toc *toc);

void
mv_bm25_build_worker(dsm_segment *segment, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	WalUsage   *wal = shm_toc_lookup(toc, KEY_WAL, false);
	BufferUsage *buffers = shm_toc_lookup(toc, KEY_BUFFERS, false);
	LOCKMODE	heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
	LOCKMODE	index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
	WorkerResult	   *result = &shared->results[ParallelWorkerNumber];
	Relation	heap,
				index;
	IndexInfo  *info;
	MvFtsBuild *build;

	debug_query_string = shm_toc_lookup(toc, KEY_QUERY, false);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	heap = table_open(shared->heap, heap_lock);
	index = index_open(shared->index, index_lock);
	info = BuildIndexInfo(index);
	info->ii_Concurrent = shared->concurrent;
	SharedFileSetAttach(&shared->files, segment);

	InstrStartParallelQuery();
	build = mv_fts_build_begin(index, shared->memory, &shared->files, ParallelWorkerNumber);
	result->heap_rows = read_rows(heap, index, info, build,
								  shm_toc_lookup(toc, KEY_SCAN, false), false);
	result->nparts = mv_fts_build_hand_over(build);
	InstrEndParallelQuery(&buffers[ParallelWorkerNumber], &wal[ParallelWorkerNumber]);
	index_close(index, index_lock);
	table_close(heap, heap_lock);
}

/* ---- the leader ---- */

IndexBuildResult *
mv_bm25_build(Relation heap, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	Team		team;
	bool		parallel;
	MvFtsBuild *build;

	if (RelationGetNumberOfBlocks(index) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
	parallel = begin_team(&team, heap, index, info->ii_Concurrent);
	build = mv_fts_build_begin(index, parallel ? team.shared->memory :
							   (Size) maintenance_work_mem * 1024, NULL, 0);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_READ);
	result->heap_tuples = read_rows(heap, index, info, build, parallel ? team.scan : NULL, true);
	if (parallel)
		result->heap_tuples += take_results(&team, build);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_WRITE);
	result->index_tuples = mv_fts_build_finish(build, MAIN_FORKNUM);
	if (parallel)
		end_team(&team);
	return result;
}

void
mv_bm25_buildempty(Relation index)
{
	mv_fts_build_finish(mv_fts_build_begin(index, 0, NULL, 0), INIT_FORKNUM);
}
