/*
 * store.h -- a bm25 index as its access method builds, fills and cleans it.
 */
#pragma once

#include "access/genam.h"
#include "common/relpath.h"
#include "nodes/execnodes.h"
#include "storage/sharedfileset.h"

#include "fts/analyze.h"

/* ---- rows ---- */

/* What it takes to read rows, for many of them; lives in a memory context. */
typedef struct MvFtsRows MvFtsRows;

/* In the current memory context. */
MvFtsRows  *mv_fts_rows_begin(Relation index);

/*
 * mv_fts_insert -- a row joins the index.
 *
 * heap		the table, or NULL if it is not at hand
 *
 * May make a segment of what waits, and merge segments.  55000 if the text search
 * configuration is not any more what the index was built with.
 */
void		mv_fts_insert(Relation index, Relation heap, MvFtsRows *rows, Datum *values,
						  bool *isnull, ItemPointer tid);

/* ---- building ---- */

typedef struct MvFtsBuild MvFtsBuild;

/*
 * mv_fts_build_begin -- in the current memory context.
 *
 * memory	bytes to use before a part goes to a file
 * files	for those of a worker; NULL: a leader's
 * worker	its number, for their names
 */
MvFtsBuild *mv_fts_build_begin(Relation index, Size memory, SharedFileSet *files, int worker);
void		mv_fts_build_row(MvFtsBuild *build, Datum *values, bool *isnull, ItemPointer tid);

/* A worker's end: all its rows are in files; the number of these. */
int			mv_fts_build_hand_over(MvFtsBuild *build);

/* The leader's: the rows of a worker that has ended. */
void		mv_fts_build_take(MvFtsBuild *build, SharedFileSet *files, int worker, int nparts);

/* Write the index; returns the number of rows. */
double		mv_fts_build_finish(MvFtsBuild *build, ForkNumber fork);

/* ---- vacuum ---- */

IndexBulkDeleteResult *mv_fts_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
										 IndexBulkDeleteCallback dead, void *arg);
IndexBulkDeleteResult *mv_fts_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

/*
 * mv_fts_optimize -- all documents to one segment, dead ones dropped.
 *
 * Others go on reading and inserting.
 */
void		mv_fts_optimize(Relation index, Relation heap);

/* ---- tools ---- */

/*
 * mv_fts_check -- read every page; XX002 where something is not as it must be.
 *
 * Returns the number of live rows.  Waits for a merge under way; readers and
 * inserters do not wait.
 */
double		mv_fts_check(Relation index);

/* Each live row. */
void		mv_fts_visit_tids(Relation index, void (*visit) (ItemPointer tid, void *arg),
							  void *arg);

typedef struct MvFtsStats
{
	uint32		version;
	double		docs,
				dead;			/* of them; those that wait are counted when they no more do */
} MvFtsStats;

void		mv_fts_stats(Relation index, MvFtsStats *stats);
