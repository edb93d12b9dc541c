/*
 * am_build.c -- CREATE INDEX: what each process of a build does.
 *
 * A team of processes, often of one, reads a sample of the table, trains on it,
 * and then reads every row.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"

#include "am/am.h"
#include "am/build.h"
#include "compat.h"
#include "types/status.h"

/* Blocks that are looked at to learn how many rows there are. */
#define PEEK_BLOCKS 64

/* Places of the table that a sample is taken from at least; blocks of one at most. */
#define SAMPLE_RUNS 300
#define RUN_BLOCKS 32

/* Rows between two looks at the progress. */
#define PROGRESS_ROWS 64

/* Phases of pg_stat_progress_create_index, named as pgvector's. */
enum
{
	PHASE_SAMPLE = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
	PHASE_TRAIN,
	PHASE_ASSIGN,
	PHASE_LOAD
};

char *
mv_am_buildphasename(int64 phase)
{
	static char *const names[] = {
		[PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE] = "initializing",
		[PHASE_SAMPLE] = "sampling table",
		[PHASE_TRAIN] = "performing k-means",
		[PHASE_ASSIGN] = "assigning tuples",
		[PHASE_LOAD] = "loading tuples",
	};

	return phase > 0 && phase < lengthof(names) ? names[phase] : NULL;
}

/* What a heap scan hands to its callback. */
typedef struct RowState
{
	const MvIndexMethod *method;
	MvSpace		space;
	MvBuildPart *part;
	float	   *x;
	int64		keys[INDEX_MAX_KEYS];
	MemoryContext context;		/* reset for each row */
	int			rows;			/* not yet told to the others */
	bool		full;			/* the sample */
} RowState;

/* ---- planning: the leader ---- */

static void
count_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	if (!isnull[0])
		(*(double *) arg)++;
}

/*
 * Rows to index in a block, from a few blocks spread over the table: what
 * ANALYZE knows may be old, and does not know predicates.
 */
static double
rows_per_block(Relation heap, Relation index, IndexInfo *info, BlockNumber nblocks)
{
	BlockNumber n = Min(nblocks, PEEK_BLOCKS);
	double		rows = 0;

	for (BlockNumber i = 0; i < n; i++)
	{
		table_index_build_range_scan(heap, index, info, false, !info->ii_Concurrent, false,
									 (BlockNumber) ((uint64) nblocks * i / n), 1, count_row, &rows,
									 NULL);
		CHECK_FOR_INTERRUPTS();
	}
	return n > 0 ? rows / n : 0;
}

/*
 * Which blocks, and how many of their rows, give a sample of that size: a few
 * more than enough, from many places.
 */
static void
plan_sample(MvBuildShared *shared, double want)
{
	double		per_block = shared->plan.rows / Max(shared->nblocks, 1);
	double		blocks = ceil(1.1 * want / Max(per_block, 0.01));

	blocks = Min(Max(blocks, SAMPLE_RUNS), shared->nblocks);
	shared->run_blocks = (int) Min(Max(blocks / SAMPLE_RUNS, 1), RUN_BLOCKS);
	shared->runs = (int) ceil(blocks / shared->run_blocks);
	shared->chance =
		(uint32) (PG_UINT32_MAX * Min(1.1 * want / Max(blocks * per_block, 1), 1));
}

static void
plan_build(Relation heap, Relation index, IndexInfo *info, MvBuildShared *shared)
{
	memset(shared, 0, sizeof(*shared));
	mv_am_check_index(index);
	shared->plan.dim = mv_index_space(index).dim;
	shared->plan.memory = (Size) maintenance_work_mem * 1024;
	shared->plan.processes = mv_workers_wanted(heap, index) + 1;
	shared->nblocks = RelationGetNumberOfBlocks(heap);
	shared->plan.rows = shared->nblocks * rows_per_block(heap, index, info, shared->nblocks);
	mv_am_check_memory(index, shared->plan.rows, shared->plan.memory);
	pg_atomic_init_u64(&shared->heap_rows, 0);
	pg_atomic_init_u64(&shared->index_rows, 0);
}

/* ---- rows: every process ---- */

static void
begin_rows(RowState *state, MvBuildPart *part)
{
	memset(state, 0, sizeof(*state));
	state->method = mv_method_of(part->index);
	state->space = mv_index_space(part->index);
	state->part = part;
	state->x = palloc(sizeof(float) * state->space.dim);
	state->context = AllocSetContextCreate(CurrentMemoryContext, "index build row",
										   ALLOCSET_DEFAULT_SIZES);
}

/* The columns as floats in state->x and keys; false if the row is not indexed. */
static bool
get_row(RowState *state, const Datum *values, const bool *isnull)
{
	MemoryContext old;
	bool		indexed;

	if (isnull[0])
		return false;
	old = MemoryContextSwitchTo(state->context);
	indexed = mv_index_key(&state->space, values[0], state->x);
	if (indexed)
		mv_attribute_keys(state->part->index, values, isnull, state->keys);
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->context);
	return indexed;
}

static void
sample_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	RowState   *state = arg;
	uint32		hash = murmurhash32(ItemPointerGetBlockNumber(tid) * MaxHeapTuplesPerPage +
									ItemPointerGetOffsetNumber(tid));
	float	   *place;

	if (state->full || hash > state->part->shared->chance || !get_row(state, values, isnull))
		return;
	place = state->method->sample(state->part->build);
	if (place == NULL)
		state->full = true;
	else
		memcpy(place, state->x, sizeof(float) * state->space.dim);
}

/* Runs are taken in no order, so that a sample that is full early is fair too. */
static void
sample_table(MvBuildPart *part, RowState *state)
{
	const MvBuildShared *shared = part->shared;
	const uint64 prime = 2654435761;
	int			run;

	while (!state->full && (run = mv_team_unit(&part->team, shared->runs)) >= 0)
	{
		uint64		place = run * prime % shared->runs;
		BlockNumber from = (BlockNumber) (shared->nblocks * place / shared->runs);
		BlockNumber to = (BlockNumber) (shared->nblocks * (place + 1) / shared->runs);

		table_index_build_range_scan(part->heap, part->index, part->info, false,
									 !part->info->ii_Concurrent, false, from,
									 Min(to - from, (BlockNumber) shared->run_blocks), sample_row,
									 state, NULL);
	}
}

/* Tell the others of this process's rows; the leader tells the world of all. */
static void
report_rows(RowState *state)
{
	uint64		rows =
		pg_atomic_add_fetch_u64(&state->part->shared->index_rows, (int64) state->rows);

	state->rows = 0;
	if (state->part->team.leader)
		pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) rows);
}

static void
add_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	RowState   *state = arg;

	if (!get_row(state, values, isnull))
		return;
	state->method->add(state->part->build, tid, state->x, state->keys);
	if (++state->rows == PROGRESS_ROWS)
		report_rows(state);
}

static void
scan_table(MvBuildPart *part, RowState *state)
{
	bool		leader = part->team.leader;
	TableScanDesc scan = part->scan ? table_beginscan_parallel(part->heap, part->scan) : NULL;
	double		rows;

	rows = table_index_build_scan(part->heap, part->index, part->info, true, leader, add_row, state,
								  scan);
	report_rows(state);
	pg_atomic_fetch_add_u64(&part->shared->heap_rows, (int64) rows);
}

static void
begin_phase(const MvBuildPart *part, int phase, double total)
{
	const int	index[] = {PROGRESS_CREATEIDX_SUBPHASE, PROGRESS_CREATEIDX_TUPLES_TOTAL,
						   PROGRESS_CREATEIDX_TUPLES_DONE};
	const int64 values[] = {phase, (int64) total, 0};

	if (part->team.leader)
		pgstat_progress_update_multi_param(lengthof(index), index, values);
}

double
mv_build_part(MvBuildPart *part, ForkNumber fork)
{
	MvBuildShared *shared = part->shared;
	RowState	state;

	begin_rows(&state, part);
	begin_phase(part, PHASE_SAMPLE, 0);
	if (shared->nblocks > 0)
		sample_table(part, &state);
	begin_phase(part, PHASE_TRAIN, 0);
	state.method->train(part->build);
	begin_phase(part, PHASE_ASSIGN, shared->plan.rows);
	if (shared->nblocks > 0)
		scan_table(part, &state);
	mv_team_meet(&part->team, NULL, NULL);
	begin_phase(part, PHASE_LOAD, (double) pg_atomic_read_u64(&shared->index_rows));
	return state.method->finish(part->build, fork);
}

/* ---- the leader ---- */

/* What a team of one "shares". */
static void
begin_alone(MvBuildPart *part, MvBuildShared *shared)
{
	char	   *memory;
	Size		size;

	shared->plan.processes = 1;
	size = mv_method_of(part->index)->build_size(part->index, &shared->plan);
	part->shared = shared;
	memory = MemoryContextAllocHuge(CurrentMemoryContext, size + 64);
	part->memory = (void *) TYPEALIGN(64, memory);
	mv_team_init(&shared->team, 1);
	part->team = (MvTeam){.shared = &shared->team, .leader = true};
}

static void
begin_build(MvBuildPart *part)
{
	const MvIndexMethod *method = mv_method_of(part->index);

	part->build = method->build_begin(part->index, &part->shared->plan, &part->team, part->memory);
	plan_sample(part->shared, method->sample_size(part->build));
}

/* Where the method's memory begins in what the processes share. */
#define METHOD_OFFSET TYPEALIGN(64, sizeof(MvBuildShared))

/* The leader's part in a build with workers; false: there can be none. */
static bool
begin_team(MvWorkers *workers, MvBuildPart *part, const MvBuildShared *shared)
{
	Size		size = mv_method_of(part->index)->build_size(part->index, &shared->plan);
	int			n = shared->plan.processes - 1;

	if (!mv_workers_begin(workers, "mv_build_worker", part->heap, part->index,
						  part->info->ii_Concurrent, n, METHOD_OFFSET + size))
		return false;
	part->shared = workers->shared;
	*part->shared = *shared;
	mv_team_init(&part->shared->team, workers->context->nworkers + 1);
	part->memory = (char *) workers->shared + METHOD_OFFSET;
	part->scan = workers->scan;
	part->team = (MvTeam){.shared = &part->shared->team, .segment = workers->context->seg,
						  .leader = true};
	return true;
}

/* The workers' main function. */
PGDLLEXPORT void mv_build_worker(dsm_segment *segment, shm_toc *toc);

void
mv_build_worker(dsm_segment *segment, shm_toc *toc)
{
	MvWorker	worker;
	MvBuildPart part;

	mv_worker_begin(&worker, segment, toc);
	part = (MvBuildPart){.heap = worker.heap, .index = worker.index, .info = worker.info,
						 .shared = worker.shared,
						 .memory = (char *) worker.shared + METHOD_OFFSET,
						 .scan = worker.scan};
	part.team = (MvTeam){.shared = &part.shared->team, .segment = segment};
	part.build = mv_method_of(part.index)->build_begin(part.index, &part.shared->plan,
													   &part.team, part.memory);
	mv_build_part(&part, MAIN_FORKNUM);
	mv_worker_end(&worker);
}

IndexBuildResult *
mv_am_build(Relation heap, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc(sizeof(IndexBuildResult));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "index build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvBuildShared shared;
	MvBuildPart part = {.heap = heap, .index = index, .info = info};
	MvWorkers	workers;
	bool		parallel;

	plan_build(heap, index, info, &shared);
	parallel = shared.plan.processes > 1 && begin_team(&workers, &part, &shared);
	if (!parallel)
		begin_alone(&part, &shared);
	begin_build(&part);
	if (parallel)
	{
		mv_workers_launch(&workers);
		mv_team_absent(part.team.shared,
					   workers.context->nworkers - workers.context->nworkers_launched);
	}
	result->index_tuples = mv_build_part(&part, MAIN_FORKNUM);
	result->heap_tuples = (double) pg_atomic_read_u64(&part.shared->heap_rows);
	if (parallel)
	{
		mv_workers_wait(&workers);
		mv_workers_end(&workers);
	}
	mv_am_check_rows(index, result->index_tuples);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

/* The init fork of an unlogged index: an empty index. */
void
mv_am_buildempty(Relation index)
{
	MvBuildShared shared = {.plan.memory = (Size) maintenance_work_mem * 1024};
	MvBuildPart part = {.index = index};

	mv_am_check_index(index);
	shared.plan.dim = mv_index_space(index).dim;
	begin_alone(&part, &shared);
	begin_build(&part);
	mv_build_part(&part, INIT_FORKNUM);
}
