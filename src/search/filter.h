/*
 * filter.h -- rows that other indexes find, before an index scan of ours begins.
 */
#pragma once

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "index/tidset.h"

/* ---- filter_path.c: planning ---- */

/*
 * mv_filter_path -- a bitmap scan for conditions of the relation that the index scan
 * leaves to its caller; NULL: there is none.
 */
BitmapHeapPath *mv_filter_path(PlannerInfo *root, RelOptInfo *rel, const IndexPath *index);

/* The share of the relation's rows that the bitmap holds. */
double		mv_filter_share(const BitmapHeapPath *filter);

/*
 * mv_filter_cost -- what the index scan costs when it returns those alone, the bitmap
 * included.
 *
 * text		the index is one of text, not of vectors
 */
void		mv_filter_cost(const BitmapHeapPath *filter, const IndexPath *index, bool text,
						   Cost *startup, Cost *total);

/* ---- filter_tids.c: execution ---- */

/*
 * mv_filter_tids -- run a bitmap scan, or an And or Or of some.
 *
 * table	whose rows they are
 * returns	a set in the current memory context
 */
MvTidSet   *mv_filter_tids(PlanState *bitmap, Relation table);
