/*
 * am_build.c -- CREATE INDEX: a sample of the table for training, then every row.
 */
#include "postgres.h"

#include <math.h>

#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"
#include "utils/sampling.h"

#include "am/am.h"
#include "compat.h"
#include "types/status.h"

/* What a heap scan hands to its callback. */
typedef struct BuildState
{
	const MvIndexMethod *method;
	const MvOpclass *opclass;
	MvBuild    *build;
	int			dim;
	double		nrows;
	float	   *x;
	MemoryContext row_context;	/* reset for each row */

	float	   *sample;			/* [max_sample][dim], a reservoir */
	int			nsample,
				max_sample;
	double		seen;
	ReservoirStateData reservoir;
} BuildState;

/* The dimensions of the column or expression: its typmod. */
static int
index_dimensions(Relation index)
{
	int32		typmod = TupleDescAttr(index->rd_att, 0)->atttypmod;

	if (typmod < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions"),
				 errhint("Declare it with its number of dimensions, such as vector(384).")));
	return typmod;
}

/* The column as floats in state->x; false if the row is not indexed. */
static bool
get_row(BuildState *state, Datum value, bool isnull)
{
	MemoryContext old;
	bool		indexed;

	if (isnull)
		return false;
	old = MemoryContextSwitchTo(state->row_context);
	indexed = mv_index_key(state->opclass, value, state->dim, state->x);
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->row_context);
	return indexed;
}

static void
sample_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	BuildState *state = arg;
	int			at = state->nsample;

	if (!get_row(state, values[0], isnull[0]))
		return;
	state->seen++;
	if (at < state->max_sample)
		state->nsample++;
	else
	{
		double		k = sampler_random_fract(&state->reservoir.randstate) * state->seen;

		if (k >= state->max_sample)
			return;
		at = (int) k;
	}
	memcpy(state->sample + (Size) state->dim * at, state->x, sizeof(float) * state->dim);
}

static void
add_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	BuildState *state = arg;

	if (!get_row(state, values[0], isnull[0]))
		return;
	state->method->add(state->build, tid, state->x);
	state->nrows++;
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) state->nrows);
}

/* Rows of a few blocks more than enough, spread over the table. */
static void
sample_table(Relation heap, Relation index, IndexInfo *info, BuildState *state, double rows)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(heap);
	double		want = nblocks * Min(1.5 * state->max_sample / Max(rows, 1), 1);
	BlockSamplerData sampler;
	uint32		seed = 42;

	if (nblocks == 0)
		return;
	reservoir_init_selection_state(&state->reservoir, state->max_sample);
	sampler_random_init_state(seed, &state->reservoir.randstate);
	BlockSampler_Init(&sampler, nblocks, (int) Max(ceil(want), Min(nblocks, 300)), seed);
	while (BlockSampler_HasMore(&sampler))
	{
		BlockNumber block = BlockSampler_Next(&sampler);

		table_index_build_range_scan(heap, index, info, false, true, false, block, 1,
									 sample_row, state, NULL);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
begin(BuildState *state, Relation index, double rows)
{
	state->method = mv_method_of(index);
	state->opclass = mv_index_opclass(index);
	state->dim = index_dimensions(index);
	state->nrows = 0;
	state->nsample = 0;
	state->seen = 0;
	state->x = palloc(sizeof(float) * state->dim);
	state->row_context = AllocSetContextCreate(CurrentMemoryContext, "index build row",
											   ALLOCSET_DEFAULT_SIZES);
	state->build = state->method->build_begin(index, state->dim, rows);
	state->max_sample = state->method->sample_size(state->build);
	state->sample = MemoryContextAllocHuge(CurrentMemoryContext,
										   sizeof(float) * state->dim * (Size) state->max_sample);
}

IndexBuildResult *
mv_am_build(Relation heap, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc(sizeof(IndexBuildResult));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "index build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BuildState	state;
	double		rows = heap->rd_rel->reltuples;
	double		heap_rows;

	/* Never analysed: as many rows as pages might hold. */
	if (rows < 0)
		rows = RelationGetNumberOfBlocks(heap) * 8.0;
	begin(&state, index, rows);
	sample_table(heap, index, info, &state, rows);
	state.method->train(state.build, state.sample, state.nsample);
	pfree(state.sample);
	heap_rows = table_index_build_scan(heap, index, info, true, true, add_row, &state, NULL);
	state.method->finish(state.build, MAIN_FORKNUM);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	result->heap_tuples = heap_rows;
	result->index_tuples = state.nrows;
	return result;
}

/* The init fork of an unlogged index: an empty index. */
void
mv_am_buildempty(Relation index)
{
	BuildState	state;

	begin(&state, index, 0);
	state.method->train(state.build, state.sample, 0);
	state.method->finish(state.build, INIT_FORKNUM);
}
