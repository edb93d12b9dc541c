/*
 * build.h -- a build's processes: am_build.c is what each does, am_workers.c
 * how they come to be.
 */
#pragma once

#include "access/relscan.h"
#include "nodes/execnodes.h"

#include "index/method.h"

/* Of one build, seen by all its processes. */
typedef struct MvBuildShared
{
	MvTeamShared team;
	MvBuildPlan plan;

	/* the sample: runs of blocks, and of their rows those whose hash is lower */
	BlockNumber nblocks;
	int			runs,
				run_blocks;
	uint32		chance;

	pg_atomic_uint64 heap_rows, /* scanned */
				index_rows;		/* indexed so far */
} MvBuildShared;

/* A process's part in a build. */
typedef struct MvBuildPart
{
	Relation	heap,
				index;
	IndexInfo  *info;
	MvBuildShared *shared;
	void	   *memory;			/* the method's */
	ParallelTableScanDesc scan; /* NULL: a team of one */
	MvTeam		team;
	MvBuild    *build;			/* begun */
} MvBuildPart;

/* Sample, train, scan, finish; returns the rows indexed, in a worker 0. */
double		mv_build_part(MvBuildPart *part, ForkNumber fork);

/* ---- am_workers.c: of any build, bm25's too ---- */

/* How many workers a build of this index may have. */
int			mv_workers_wanted(Relation heap, Relation index);

/* As the leader knows them. */
typedef struct MvWorkers
{
	struct ParallelContext *context;
	Snapshot	snapshot;
	ParallelTableScanDesc scan;
	void	   *shared;			/* the build's memory, aligned to 64 */
	struct WalUsage *wal;
	struct BufferUsage *buffers;
} MvWorkers;

/*
 * mv_workers_begin -- lay out what n workers and the leader are to share.  The
 * snapshot, if there must be one, is taken here.
 *
 * main		name of the workers' main function
 * size		of the build's memory
 * returns	false, and nothing has happened, if there can be no workers
 */
bool		mv_workers_begin(MvWorkers *workers, const char *main, Relation heap, Relation index,
							 bool concurrent, int n, Size size);

/* Start them: what they share is filled in. */
void		mv_workers_launch(MvWorkers *workers);

/* Wait until they are done. */
void		mv_workers_wait(MvWorkers *workers);

/* What they shared is gone. */
void		mv_workers_end(MvWorkers *workers);

/* As a worker knows itself. */
typedef struct MvWorker
{
	Relation	heap,
				index;			/* locked as the leader has them */
	IndexInfo  *info;
	ParallelTableScanDesc scan;
	void	   *shared;
	struct dsm_segment *segment;
	struct WalUsage *wal;		/* for its own */
	struct BufferUsage *buffers;
} MvWorker;

struct shm_toc;

/* The first and the last that a worker's main function does. */
void		mv_worker_begin(MvWorker *worker, struct dsm_segment *segment, struct shm_toc *toc);
void		mv_worker_end(MvWorker *worker);
