/*
 * am.h -- the access methods as PostgreSQL sees them, once for all methods.
 */
#pragma once

#include "access/amapi.h"
#include "nodes/pathnodes.h"

#include "index/method.h"

/* Where a scan ends before the last row; zeros: nowhere. */
typedef struct MvScanLimits
{
	double		rows;			/* after so many */
	Size		memory;			/* or that many bytes, */
	double		first_rows;		/* but never before these */
	int			ahead;			/* rows read ahead, so that late ones find their places */
	bool		ascending;		/* a row that comes even later is left out */
} MvScanLimits;

/* What our access methods differ in. */
typedef struct MvAccessMethod
{
	const char *name;			/* in messages */
	const MvIndexMethod *method;

	/* Options, of a relopt kind of its own.  Also tells whose an IndexAmRoutine is. */
	amoptions_function options;

	/* How far the settings in force let a scan go, and where it ends (NULL: after the last row). */
	void		(*effort) (Relation index, MvEffort *effort);
	void		(*limits) (MvScanLimits *limits);

	bool		as_pgvector;	/* words its messages as pgvector does, without hints of ours */
	bool		as_ivfflat;		/* refuses and warns where pgvector's does, with no need of ours */
	bool		as_hnsw;		/* warns where pgvector's does */
} MvAccessMethod;

/* am_options.c: the access methods, and the one of an index; NULL if it is not ours. */
extern const MvAccessMethod mv_am_ivf;
extern const MvAccessMethod mv_am_ivfflat;
extern const MvAccessMethod mv_am_hnsw;
extern const MvAccessMethod mv_am_cagra;
const MvAccessMethod *mv_access_method(Relation index);

/* The method of an index of ours. */
const MvIndexMethod *mv_method_of(Relation index);

/* How far the settings in force let a scan of this index go. */
void		mv_am_effort(Relation index, MvEffort *effort);
void		mv_am_limits(Relation index, MvScanLimits *limits);

/* Do they stop it before the last row, as pgvector's iterative scans are? */
bool		mv_am_has_limits(Relation index);

/* Define the kinds of options; once, when the library is loaded. */
void		mv_options_init(void);

/*
 * mv_am_check_index -- refuse what cannot be indexed: the type and dimensions of
 * the column, options that are not for that type.
 */
void		mv_am_check_index(Relation index);

/*
 * A NOTICE where a build within that memory goes through files, as pgvector's
 * hnsw words it.  rows: to be indexed.
 */
void		mv_am_check_memory(Relation index, double rows, Size memory);

/* A NOTICE where the rows indexed by the build are too few for its lists. */
void		mv_am_check_rows(Relation index, double rows);

/* am_build.c */
IndexBuildResult *mv_am_build(Relation heap, Relation index, IndexInfo *info);
void		mv_am_buildempty(Relation index);
char	   *mv_am_buildphasename(int64 phase);

/* am_scan.c */
IndexScanDesc mv_am_beginscan(Relation index, int nkeys, int norderbys);
void mv_am_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
bool		mv_am_gettuple(IndexScanDesc scan, ScanDirection direction);
void		mv_am_endscan(IndexScanDesc scan);

/*
 * mv_am_expect -- what the scan's caller knows, for the runs that begin after it, until
 * it is told anew.
 *
 * rows		that will perhaps be fetched: a LIMIT, for instance; 0: not known.  A hint,
 *			the scan goes on beyond
 * tids		rows that are wanted, or NULL: all.  Others are not returned.  Valid until
 *			the last of these runs has ended
 * within	distance up to which rows are wanted, or infinity.  The scan ends when it
 *			is beyond; rows a little farther may be returned
 */
void		mv_am_expect(IndexScanDesc scan, double rows, const MvTidSet *tids, double within);

/*
 * mv_am_watch -- have the caller asked, before each row, whether to go on like this.
 *
 * ask		rows: that the scan has found in this run.  True: it has called mv_am_expect()
 *			anew.  The scan starts over with that, and leaves out what it has found already
 *
 * Until it is told anew; NULL: it goes on.
 */
typedef bool (*MvWatchFn) (void *arg, double rows);
void		mv_am_watch(IndexScanDesc scan, MvWatchFn ask, void *arg);

/*
 * mv_am_leave_order -- what is above sorts the rows itself: the executor is not to
 * compute distances, nor to hold rows back.
 */
void		mv_am_leave_order(IndexScanDesc scan);

/*
 * mv_am_bound -- what the distance of the row returned last is at least, and with few
 * exceptions those of all that follow.
 *
 * returns	false if it is an estimate, by which the order stays as it is
 */
bool		mv_am_bound(IndexScanDesc scan, double *bound);

/* am_cost.c */
void		mv_am_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
							   Cost *startup, Cost *total, Selectivity *selectivity,
							   double *correlation, double *pages);

/* am_validate.c */
bool		mv_am_validate(Oid opclass);
