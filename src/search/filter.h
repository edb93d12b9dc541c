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

/* Are both of the same rows, by the same indexes? */
bool		mv_filter_is_same(const BitmapHeapPath *a, const BitmapHeapPath *b);

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

/* The rows that a bitmap scan, or an And or Or of some, leaves. */
typedef struct MvTidFilter
{
	PlanState  *bitmap;
	MvTidSet   *tids;			/* NULL: it has not run yet */
	MemoryContext context;		/* of these */
} MvTidFilter;

void		mv_tid_filter_begin(MvTidFilter *filter, PlanState *bitmap);

/*
 * mv_tid_filter_run -- the rows; the bitmap scan runs when they are first wanted, and again
 * only for other parameters.  They are valid until then.
 *
 * table	whose rows they are
 */
const MvTidSet *mv_tid_filter_run(MvTidFilter *filter, Relation table);
