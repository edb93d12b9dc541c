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

/*
 * What filtering costs, in units of cpu_operator_cost: a row that is checked and does not
 * pass; the bitmap, and a pass over the table, as sets of rows for the index scan.
 */
typedef struct MvFilterCosts
{
	int			row;
	int			bitmap;			/* 0: there is none */
	int			heap;			/* 0: it must not be made */
} MvFilterCosts;

/*
 * mv_filter_costs -- the same for conditions that the index scan leaves to its caller.
 *
 * filter	or NULL
 * within	one of the conditions is a limit to the distance
 */
MvFilterCosts mv_filter_costs(PlannerInfo *root, RelOptInfo *rel, const IndexPath *index,
							  const BitmapHeapPath *filter, bool within);

/*
 * mv_filter_goes_badly -- has so much been spent on rows that failed, and will be, that a
 * set of those that pass should be made instead?
 *
 * failed, passed	rows checked so far
 * wanted			rows that will be asked for; 0: unknown
 * row, set			what a row and the set cost
 */
bool		mv_filter_goes_badly(double failed, double passed, double wanted, double row,
								 double set);

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

/* ---- filter_heap.c: execution ---- */

/* The rows that pass all conditions of an Index Scan, found by a pass over its table. */
typedef struct MvHeapFilter
{
	IndexScanState *scan;
	MvTidSet   *tids;			/* NULL: it was not made, or is out of date */
	MemoryContext context;		/* of these; NULL: none were made yet */
	Bitmapset  *params;			/* that the conditions depend on */
	bool		any_param;		/* perhaps on others, too */
} MvHeapFilter;

void		mv_heap_filter_begin(MvHeapFilter *filter, IndexScanState *scan);

/* mv_heap_filter_rescan -- these parameters have changed. */
void		mv_heap_filter_rescan(MvHeapFilter *filter, const Bitmapset *params);

/* mv_heap_filter_run -- the rows, for the scan's snapshot; valid until parameters change. */
const MvTidSet *mv_heap_filter_run(MvHeapFilter *filter);
