/*
 * method.h -- what an index method is to the access methods of am/.
 *
 * am/ speaks to PostgreSQL's planner and executor and knows no page; a method
 * knows pages and no planner.  Vectors arrive here as floats, those of the code
 * space (metric.h).
 */
#pragma once

#include "access/genam.h"
#include "nodes/execnodes.h"

#include "index/filter.h"
#include "index/metric.h"
#include "index/page.h"
#include "index/team.h"

typedef struct MvBuild MvBuild;
typedef struct MvSearch MvSearch;

/* What a build knows before it reads the table; the same in all its processes. */
typedef struct MvBuildPlan
{
	int			dim;			/* of the code space */
	double		rows;			/* to be indexed; an estimate */
	int			processes;		/* at most */
	Size		memory;			/* bytes that all of them may use together */
} MvBuildPlan;

/* What the planner asks; see am_cost.c. */
typedef struct MvIndexShape
{
	double		lists;			/* that a scan may read */
	double		probed;			/* that it reads at first */
	double		steps;			/* if it walks a graph instead: from node to node; or 0 */
	int			code_bytes;		/* of a row, read for each row of a probed list */
	int			vector_bytes;	/* of a row, read for each row re-ranked */
	int			dim;
} MvIndexShape;

/* How far a scan goes; from settings, by am_scan.c. */
typedef struct MvEffort
{
	int			probes;			/* lists read before the first row; 0: what the recall needs */
	double		recall;			/* wanted, in (0, 1], if probes is 0 */
	int			min_probes;		/* then: lists read before the first row in any case */
	int			max_probes;		/* the scan ends after so many lists; 0: after the last row */
	int			ef_search;		/* rows a walk of a graph keeps in view; 0: what the recall takes */
	double		rows;			/* that will perhaps be fetched, a hint; 0: not known */
} MvEffort;

/* A row that a search returns. */
typedef struct MvFound
{
	ItemPointerData tid;
	double		distance;		/* in the unit of the operator */
	bool		estimated;		/* else distance is not above the operator's value */
} MvFound;

/* What a measured recall costs. */
typedef struct MvCurvePoint
{
	double		effort;			/* lists read */
	double		recall;
} MvCurvePoint;

/* What milvus_index_stats() shows beside options and settings. */
typedef struct MvIndexStats
{
	int			version;		/* of the format */
	double		lists;
	double		codes;			/* in all lists, of live and dead rows */
	double		largest_list;	/* codes */
	double		rows;			/* live */
	double		dead_rows;		/* vacuumed away, still taking space */
	BlockNumber pages[MV_PAGE_KINDS];	/* by kind; [0]: free ones, or empty */
	double		drift;			/* mean squared distance of rows to their lists, then = 1 */
	bool		graph;			/* is there one?  Then: */
	double		linked;			/* rows with a node */
	double		pending;		/* rows that have none yet */
	int			ncurve;			/* 0: not calibrated */
	MvCurvePoint *curve;		/* [ncurve], ascending; palloc'd */
} MvIndexStats;

typedef void (*MvTidFn) (ItemPointer tid, void *arg);

typedef struct MvIndexMethod
{
	const char *name;

	/*
	 * Building, by every process of a team, in this order.  All see the same
	 * memory of build_size() bytes, aligned to 64.
	 *
	 * build_begin	the leader's comes first and initialises the memory
	 * sample_size	rows to train on
	 * sample		place for float[dim] of one of them, or NULL if there are enough
	 * train		when the table has been sampled; the processes meet in it
	 * add			a row; keys: of its attributes, mv_attribute_keys()
	 * finish		when all rows of this process were added; the leader's writes the
	 *				pages, and says how far it is as PROGRESS_CREATEIDX_TUPLES_DONE;
	 *				returns the rows of all, in other processes 0
	 */
	Size		(*build_size) (Relation index, const MvBuildPlan *plan);
	MvBuild    *(*build_begin) (Relation index, const MvBuildPlan *plan, MvTeam *team,
								void *memory);
	int			(*sample_size) (const MvBuild *build);
	float	   *(*sample) (MvBuild *build);
	void		(*train) (MvBuild *build);
	void		(*add) (MvBuild *build, ItemPointer tid, const float *x, const int64 *keys);
	double		(*finish) (MvBuild *build, ForkNumber fork);

	/* x: float[dim].  No lock is held on return. */
	void		(*insert) (Relation index, Relation heap, ItemPointer tid, const float *x,
						   const int64 *keys);

	/*
	 * Searching: begin once, start for every query, next until it returns
	 * false: then every row of the index has been returned.
	 *
	 * heap, snapshot	valid until the end, for rows that the index did not keep;
	 *					the snapshot is an MVCC one
	 * query, value		in code space, and of the column's type, detoasted, valid until
	 *					the next start; value is 0 if the query is NULL
	 * filter			valid until the next start, or NULL.  Rows that do not fulfil its
	 *					conditions are not returned; those that are not of its TIDs may
	 *					be, the caller leaves them out
	 */
	MvSearch   *(*search_begin) (Relation index, Relation heap, Snapshot snapshot);
	void (*search_start)(MvSearch *search, const float *query, Datum value,
						 const MvEffort *effort, const MvFilter *filter);
	bool		(*search_next) (MvSearch *search, MvFound *found);
	void		(*search_end) (MvSearch *search);

	IndexBulkDeleteResult *(*bulkdelete) (IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
										  IndexBulkDeleteCallback dead, void *arg);

	/* After all bulkdelete calls of a vacuum, or without any; returns stats. */
	IndexBulkDeleteResult *(*cleanup) (IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

	/* effort: of the scan that is planned, or NULL: probed and steps are not set. */
	void (*shape)(Relation index, const MvEffort *effort, MvIndexShape *shape);

	/* Learn from queries, float[n][dim] as search_start takes them, what recall costs. */
	void		(*calibrate) (Relation index, const float *queries, int n);

	/* Raises XX002 at the first broken invariant; returns the number of live rows. */
	double		(*check) (Relation index);

	/*
	 * Calls each for the heap TID of every row that a scan with the caller's
	 * snapshot can return.  Of rows added or vacuumed away meanwhile it gives some.
	 */
	void		(*tids) (Relation index, MvTidFn each, void *arg);

	/* stats: zeroed by the caller. */
	void		(*stats) (Relation index, MvIndexStats *stats);
} MvIndexMethod;

extern const MvIndexMethod mv_ivf_method;
extern const MvIndexMethod mv_graph_method;

/*
 * Should an index of mv_graph_method that has so many rows have a graph?  By its options,
 * its class, and milvus.graph_min_rows; without one it is an index of mv_ivf_method.
 */
bool		mv_graph_wanted(Relation index, double rows);
