/*
 * am.h -- the access methods as PostgreSQL sees them, once for all methods.
 */
#pragma once

#include "access/amapi.h"
#include "nodes/pathnodes.h"

#include "index/method.h"

/* The method of an index, by its access method's handler. */
const MvIndexMethod *mv_method_of(Relation index);

/* am_build.c */
IndexBuildResult *mv_am_build(Relation heap, Relation index, IndexInfo *info);
void		mv_am_buildempty(Relation index);
char	   *mv_am_buildphasename(int64 phase);

/* am_scan.c */

/* How far the settings in force let a scan of this index go. */
void		mv_am_effort(Relation index, MvEffort *effort);
IndexScanDesc mv_am_beginscan(Relation index, int nkeys, int norderbys);
void mv_am_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
bool		mv_am_gettuple(IndexScanDesc scan, ScanDirection direction);
void		mv_am_endscan(IndexScanDesc scan);

/* am_options.c */
void		mv_options_init(void);
bytea	   *mv_am_options(Datum reloptions, bool validate);

/* am_cost.c */
void		mv_am_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
							   Cost *startup, Cost *total, Selectivity *selectivity,
							   double *correlation, double *pages);

/* am_validate.c */
bool		mv_am_validate(Oid opclass);
