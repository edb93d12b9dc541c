/*
 * bm25.h -- the access method bm25 as PostgreSQL sees it.
 */
#pragma once

#include "access/amapi.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "index/tidset.h"

/* bm25_build.c */
IndexBuildResult *mv_bm25_build(Relation heap, Relation index, IndexInfo *info);
void		mv_bm25_buildempty(Relation index);
char	   *mv_bm25_buildphasename(int64 phase);

/* bm25_write.c */
bool		mv_bm25_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid,
						   Relation heap, IndexUniqueCheck unique, bool unchanged,
						   IndexInfo *info);
IndexBulkDeleteResult *mv_bm25_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
										  IndexBulkDeleteCallback dead, void *arg);
IndexBulkDeleteResult *mv_bm25_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

/* bm25_scan.c */
IndexScanDesc mv_bm25_beginscan(Relation index, int nkeys, int norderbys);
void		mv_bm25_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys,
						   int norderbys);
bool		mv_bm25_gettuple(IndexScanDesc scan, ScanDirection direction);
int64		mv_bm25_getbitmap(IndexScanDesc scan, TIDBitmap *bitmap);
void		mv_bm25_endscan(IndexScanDesc scan);

/*
 * mv_bm25_expect -- what the scan's caller knows, for the runs that begin after it, until
 * it is told anew.
 *
 * rows		that will perhaps be fetched, so that they come of one search; 0: not known.
 *			Any number may be
 * tids		rows that are wanted, or NULL: all.  Others are not returned.  Valid until the
 *			last of these runs has ended
 */
void		mv_bm25_expect(IndexScanDesc scan, double rows, const MvTidSet *tids);

/*
 * mv_bm25_sort -- rows come in the order of an attribute, whose keys are exact and ordered.
 *
 * column	of the index, from 1
 *
 * Before the first row, or the first after a rescan, of a scan without an order.
 */
void		mv_bm25_sort(IndexScanDesc scan, int column, bool descending, bool nulls_first);

/*
 * mv_bm25_count -- how many rows the scan's keys select and the snapshot sees.
 *
 * scan		without an order, after a rescan
 * heap		the index's table
 * rows		out: their number
 * fetched	grows by the rows that had to be looked at in the table
 * returns	false if the index alone cannot tell: the scan is to be run and its rows counted
 */
bool		mv_bm25_count(IndexScanDesc scan, Relation heap, int64 *rows, int64 *fetched);

/*
 * mv_bm25_scores -- what the scan's order is by, of some rows; the scan stays where it is.
 *
 * scan		in the order of scores, after a rescan
 * tids		[n], ascending, no two alike
 * scores	out: [n], >= 0; below 0 where the index does not tell: it has not got the row, or
 *			it would take too long to find, or there is no query
 */
void		mv_bm25_scores(IndexScanDesc scan, const ItemPointerData *tids, int n, double *scores);

/* bm25_cost.c */
void		mv_bm25_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
								 Cost *startup, Cost *total, Selectivity *selectivity,
								 double *correlation, double *pages);

/* bm25_validate.c */
bool		mv_bm25_validate(Oid opclass);
