/*
 * method.h -- what an index method is to the access methods of am/.
 *
 * am/ speaks to PostgreSQL's planner and executor and knows no page; a method
 * knows pages and no planner.  Vectors arrive here as floats, of unit length
 * under MV_COSINE (metric.h).
 */
#pragma once

#include "access/genam.h"
#include "nodes/execnodes.h"

#include "index/metric.h"

typedef struct MvBuild MvBuild;
typedef struct MvSearch MvSearch;

/* What the planner asks; see am_cost.c. */
typedef struct MvIndexShape
{
	double		lists;			/* that a scan may read */
	double		probed;			/* that it reads at first */
	double		rows;			/* indexed by the build */
	int			code_bytes;		/* of a row, read for each row of a probed list */
	int			vector_bytes;	/* of a row, read for each row re-ranked */
	int			dim;
} MvIndexShape;

/* How far a scan goes; from settings, by am_scan.c. */
typedef struct MvEffort
{
	int			probes;			/* lists read before the first row; 0: what the recall needs */
	double		recall;			/* wanted, in (0, 1], if probes is 0 */
	int			max_probes;		/* the scan ends after so many lists; 0: after the last row */
} MvEffort;

typedef struct MvIndexMethod
{
	const char *name;

	/*
	 * Building.  rows: an estimate.  First the sample: up to sample_size()
	 * rows of float[dim] are handed over at once, by a pointer that stays valid until
	 * train() returns.  Then every row, then finish(), which writes all pages and
	 * returns the number of rows indexed.
	 */
	MvBuild    *(*build_begin) (Relation index, int dim, double rows);
	int			(*sample_size) (MvBuild *build);
	void		(*train) (MvBuild *build, float *sample, int n);
	void		(*add) (MvBuild *build, ItemPointer tid, const float *x);
	double		(*finish) (MvBuild *build, ForkNumber fork);

	/* x: float[dim].  No lock is held on return. */
	void		(*insert) (Relation index, Relation heap, ItemPointer tid, const float *x);

	/*
	 * Searching: begin once, start for every query, next until it returns
	 * false: then every row of the index has been returned.
	 *
	 * low		out: in the unit of the operator, not above its value for this row
	 */
	MvSearch   *(*search_begin) (Relation index);
	void (*search_start)(MvSearch *search, const float *query, const MvEffort *effort);
	bool		(*search_next) (MvSearch *search, ItemPointer tid, double *low);
	void		(*search_end) (MvSearch *search);

	IndexBulkDeleteResult *(*bulkdelete) (IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
										  IndexBulkDeleteCallback dead, void *arg);

	/* After all bulkdelete calls of a vacuum, or without any; returns stats. */
	IndexBulkDeleteResult *(*cleanup) (IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

	/* effort: of the scan that is planned, or NULL: probed is not set. */
	void (*shape)(Relation index, const MvEffort *effort, MvIndexShape *shape);

	/* Raises XX002 at the first broken invariant; returns the number of live rows. */
	double		(*check) (Relation index);
} MvIndexMethod;

extern const MvIndexMethod mv_ivf_method;
