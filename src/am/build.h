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
	Oid			heap,
				index;
	bool		concurrent;		/* CREATE INDEX CONCURRENTLY */
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

/* How many workers a build of this index may have. */
int			mv_workers_wanted(Relation heap, Relation index);

typedef struct MvWorkers
{
	struct ParallelContext *context;
	Snapshot	snapshot;
	struct WalUsage *wal;
	struct BufferUsage *buffers;
} MvWorkers;

/*
 * mv_workers_begin -- lay out in part, whose relations are given, what workers
 * and leader are to share.  The snapshot, if there must be one, is taken here.
 *
 * shared	copied
 * size		of the method's memory
 * returns	false, and nothing has happened, if there can be no workers
 */
bool		mv_workers_begin(MvWorkers *workers, MvBuildPart *part, const MvBuildShared *shared,
							 Size size);

/* Start them; the leader's part is begun. */
void		mv_workers_launch(MvWorkers *workers, MvBuildPart *part);

/* Wait until they are done; then what they shared is gone. */
void		mv_workers_end(MvWorkers *workers);

/* The worker's main function. */
struct shm_toc;
PGDLLEXPORT void mv_build_worker(struct dsm_segment *segment, struct shm_toc *toc);
