/*
 * ivf_build.h -- a build in progress; for ivf_build.c and ivf_train.c only.
 */
#pragma once

#include "port/atomics.h"
#include "utils/tuplesort.h"

#include "index/ivf/ivf.h"

/* At the start of the memory that the processes share. */
typedef struct MvIvfShared
{
	pg_atomic_uint32 sampled;	/* places given out; may be beyond max_sample */
	int			nsample;		/* once the sample is complete */
	uint32		nlists;			/* then too */
} MvIvfShared;

struct MvBuild
{
	Relation	index;
	MvBuildPlan plan;
	MvTeam	   *team;
	MvIvf		ivf;			/* what the finished index will be opened as */
	MvCentroids set;			/* after training */

	/* shared by all processes */
	MvIvfShared *shared;
	Sharedsort *sharedsort;		/* not in a team of one */
	float	   *mean;			/* [dim] */
	pg_atomic_uint32 *counts;	/* [nlists]: rows */
	int			max_sample;
	float	   *sample;			/* [max_sample][padded]; rotated in place by train */
	float	   *sample_norm;	/* [max_sample], squared */
	float	   *raw;			/* [max_sample][dim], not rotated; of MV_L1, or NULL */
	float	   *reaches[MV_IVF_CURVES]; /* see mv_ivf_sample_reaches() */
	void	   *kmeans;

	/* this process's rows, coded by tiles */
	Tuplesortstate *sort;
	Size		sort_memory;	/* of all processes */
	TupleDesc	desc;
	TupleTableSlot *slot;
	void	   *nearest_work;
	int			tile_rows;		/* at most MV_NEAREST_TILE */
	int			ntile;			/* of them in use */
	float	   *tile;			/* [tile_rows][padded], rotated */
	ItemPointerData *tids;
	char	   *payloads;		/* [tile_rows][payload_stride], see payload_of() */
	int			payload_size;	/* flags, vector, code row */
	int			payload_stride;
	uint64		nrows;

	Page		graph;			/* see MvIvfRows */
};

/* Everything that adding rows needs; after training. */
void		mv_ivf_begin_rows(MvBuild *build);
