/*
 * range.h -- range_path.c: rows nearer than a limit.
 */
#pragma once

#include "nodes/pathnodes.h"

/*
 * mv_range_limit -- the limit that a condition of the relation sets to a distance by
 * which the index can order its rows; NULL: there is none.
 *
 * order	in: that distance, or NULL for any; out: if there is a limit, the distance
 */
Node	   *mv_range_limit(PlannerInfo *root, IndexOptInfo *index, OpExpr **order);

/*
 * mv_range_path -- a scan in that order, for a query that asks for none.
 *
 * plain	a path of the index for the relation's conditions, or NULL; may be forbidden
 *
 * Its pathkeys are no canonical ones: it can only stand below a path of ours.
 */
IndexPath  *mv_range_path(PlannerInfo *root, IndexOptInfo *index, OpExpr *order,
						  const IndexPath *plain);
