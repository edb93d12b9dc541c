/*
 * bm25_build.c -- CREATE INDEX ... USING bm25: each process of a build reads rows
 * to terms, the leader writes the index.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/backend_progress.h"

#include "am/bm25.h"
#include "am/build.h"
#include "compat.h"
#include "fts/config.h"
#include "fts/schema.h"
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

/* What a worker leaves behind. */
typedef struct WorkerResult
{
	double		heap_rows;
	int			nparts;
} WorkerResult;

typedef struct Shared
{
	Size		memory;			/* of each process */
	SharedFileSet files;
	WorkerResult results[FLEXIBLE_ARRAY_MEMBER];	/* of each worker */
} Shared;

/* Start workers; false: there can be none, and nothing has happened. */
static bool
begin_team(MvWorkers *workers, Relation heap, Relation index, bool concurrent)
{
	int			wanted = mv_workers_wanted(heap, index);
	Size		size = offsetof(Shared, results) + sizeof(WorkerResult) * wanted;
	Shared	   *shared;

	if (wanted == 0 || !mv_workers_begin(workers, "mv_bm25_build_worker", heap, index,
										 concurrent, wanted, size))
		return false;
	shared = workers->shared;
	memset(shared, 0, size);
	shared->memory = (Size) maintenance_work_mem * 1024 / (workers->context->nworkers + 1);
	SharedFileSetInit(&shared->files, workers->context->seg);
	mv_workers_launch(workers);
	return true;
}

/* Wait for the workers, and take what they made; returns the rows they read. */
static double
take_results(MvWorkers *workers, MvFtsBuild *build)
{
	Shared	   *shared = workers->shared;
	double		rows = 0;

	mv_workers_wait(workers);
	for (int i = 0; i < workers->context->nworkers_launched; i++)
	{
		rows += shared->results[i].heap_rows;
		mv_fts_build_take(build, &shared->files, i, shared->results[i].nparts);
	}
	return rows;
}

/* The worker's main function. */
PGDLLEXPORT void mv_bm25_build_worker(dsm_segment *segment, shm_toc *toc);

void
mv_bm25_build_worker(dsm_segment *segment, shm_toc *toc)
{
	MvWorker	worker;
	Shared	   *shared;
	WorkerResult *result;
	MvFtsBuild *build;

	mv_worker_begin(&worker, segment, toc);
	shared = worker.shared;
	result = &shared->results[ParallelWorkerNumber];
	SharedFileSetAttach(&shared->files, segment);
	build = mv_fts_build_begin(worker.index, shared->memory, &shared->files,
							   ParallelWorkerNumber);
	result->heap_rows = read_rows(worker.heap, worker.index, worker.info, build, worker.scan,
								  false);
	result->nparts = mv_fts_build_hand_over(build);
	mv_worker_end(&worker);
}

/* ---- the leader ---- */

IndexBuildResult *
mv_bm25_build(Relation heap, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	MvWorkers	workers;
	bool		parallel;
	MvFtsBuild *build;

	if (RelationGetNumberOfBlocks(index) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
	parallel = begin_team(&workers, heap, index, info->ii_Concurrent);
	build = mv_fts_build_begin(index, parallel ? ((Shared *) workers.shared)->memory :
							   (Size) maintenance_work_mem * 1024, NULL, 0);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_READ);
	result->heap_tuples = read_rows(heap, index, info, build, parallel ? workers.scan : NULL, true);
	if (parallel)
		result->heap_tuples += take_results(&workers, build);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_WRITE);
	result->index_tuples = mv_fts_build_finish(build, MAIN_FORKNUM);
	if (parallel)
		mv_workers_end(&workers);
	mv_config_depend(index, mv_fts_schema(index)->config);
	return result;
}

void
mv_bm25_buildempty(Relation index)
{
	mv_fts_build_finish(mv_fts_build_begin(index, 0, NULL, 0), INIT_FORKNUM);
}
