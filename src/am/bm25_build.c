/*
 * bm25_build.c -- CREATE INDEX ... USING bm25.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/backend_progress.h"

#include "am/bm25.h"
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

/* All rows are indexed, those without text, too: an ordered scan returns them last. */
static void
add_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	mv_fts_build_row(arg, values, isnull, tid);
}

IndexBuildResult *
mv_bm25_build(Relation heap, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	MvFtsBuild *build;

	if (RelationGetNumberOfBlocks(index) != 0)
		elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
	build = mv_fts_build_begin(index, (Size) maintenance_work_mem * 1024);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_READ);
	result->heap_tuples = table_index_build_scan(heap, index, info, true, true, add_row, build,
												 NULL);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_WRITE);
	result->index_tuples = mv_fts_build_finish(build, MAIN_FORKNUM);
	return result;
}

void
mv_bm25_buildempty(Relation index)
{
	mv_fts_build_finish(mv_fts_build_begin(index, 0), INIT_FORKNUM);
}
