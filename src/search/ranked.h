/*
 * ranked.h -- the node Ranked Scan: what its planner part tells its executor part.
 *
 * The node stands above an Index Scan of one of our indexes in its order and takes
 * its rows.  The Index Scan still checks every condition; the node adds what core
 * cannot do: see ranked_scan.c.
 */
#pragma once

#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

#include "search/filter.h"

/* ranked_scan.c */
extern const CustomScanMethods mv_ranked_scan_methods;

/* What paths and plans of the node have in numbers, all of them int: a list holds them. */
typedef struct MvRankedNumbers
{
	int			text;			/* of a bm25 index, by a score of it */
	int			value;			/* custom_scan_tlist ends with what rows are ordered by */
	int			given;			/* number of the set that a node above gives, from 1; 0: none */
	int			later;			/* the bitmap runs only where checking rows goes badly */
	int			reads;			/* rows of the index for one that passes the conditions */
	int			reads_of_set;	/* of those in the bitmap */
	MvFilterCosts costs;		/* zeros: nothing is done where it goes badly */
} MvRankedNumbers;

static inline List *
mv_ranked_list(const MvRankedNumbers *numbers)
{
	List	   *list = NIL;

	for (int i = 0; i < (int) (sizeof(*numbers) / sizeof(int)); i++)
		list = lappend_int(list, ((const int *) numbers)[i]);
	return list;
}

static inline MvRankedNumbers
mv_ranked_numbers(const List *list)
{
	MvRankedNumbers numbers;

	for (int i = 0; i < (int) (sizeof(numbers) / sizeof(int)); i++)
		((int *) &numbers)[i] = list_nth_int(list, i);
	return numbers;
}

/* What a CustomScan of the node holds. */
typedef struct MvRankedPlan
{
	Plan	   *index;			/* an Index Scan, perhaps below a Result */
	Plan	   *bitmap;			/* makes the set of rows wanted; NULL: the node does not */
	MvRankedNumbers n;
	List	   *limit;			/* expressions that add up to the rows wanted; NIL: unknown */
	Node	   *within;			/* the distance up to which rows are wanted; NULL: any */
	List	   *sort;			/* a bm25 index's column, descending, nulls first; NIL: none */
} MvRankedPlan;

static inline void
mv_ranked_put(CustomScan *node, const MvRankedPlan *plan)
{
	node->custom_plans = plan->bitmap ? list_make2(plan->index, plan->bitmap) :
		list_make1(plan->index);
	node->custom_private = list_make2(mv_ranked_list(&plan->n), plan->sort);
	node->custom_exprs = list_make2(plan->limit, plan->within);
	node->methods = &mv_ranked_scan_methods;
}

static inline MvRankedPlan
mv_ranked_get(const CustomScan *node)
{
	return (MvRankedPlan){
		.index = linitial(node->custom_plans),
		.bitmap = list_length(node->custom_plans) > 1 ? lsecond(node->custom_plans) : NULL,
		.n = mv_ranked_numbers(linitial(node->custom_private)),
		.limit = linitial(node->custom_exprs),
		.within = lsecond(node->custom_exprs),
		.sort = lsecond(node->custom_private),
	};
}

/* A path above an index's without an order, which sorts by a column of it, from 0. */
CustomPath *mv_ranked_sorted(PlannerInfo *root, RelOptInfo *rel, IndexPath *index,
							 PathKey *key, int column);

/* ---- sorted_path.c ---- */

/* The path of an index for the relation's conditions, without an order, or NULL. */
IndexPath  *mv_index_path(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *index);

/* Add paths in the order that is wanted, if that is of an attribute. */
void		mv_sorted_paths(PlannerInfo *root, RelOptInfo *rel);

/* ---- several_path.c ---- */

/* Leave no path that could not evaluate a condition of a query for several columns. */
void		mv_several_paths(PlannerInfo *root, RelOptInfo *rel);

/* ---- for nodes above ---- */

/* LIMIT and OFFSET of the query, if these are about the rows of one relation; else NIL. */
List	   *mv_ranked_limit(PlannerInfo *root);

/* mv_rows_wanted -- what these are when it runs, together; 0: unknown. */
double		mv_rows_wanted(List *limit, ExprContext *context);

/*
 * Put the node above those of rel's paths that gain by it, or, if what is above will
 * say how many rows it expects, above all it could be.
 */
void		mv_ranked_wrap(PlannerInfo *root, RelOptInfo *rel, bool expects);

/*
 * mv_ranked_share -- find bitmaps that several nodes in some paths would make alike, and
 * leave them to the node above.
 *
 * returns	their BitmapHeapPaths, numbered from 1
 */
List	   *mv_ranked_share(List *paths);

/* The part of a bitmap heap scan that makes the bitmap. */
Plan	   *mv_ranked_bitmap(Plan *plan);

/*
 * mv_ranked_expect -- what the node above has to tell those in a plan of a path of these,
 * before the first row of a run.
 *
 * rows		that it will fetch; it sorts them itself
 * filters	the bitmaps that were left to it
 */
void		mv_ranked_expect(PlanState *plan, double rows, MvTidFilter *filters);

/*
 * mv_ranked_scores -- full-text scores of some rows of a table, from the index that such a
 * plan reads the table's rows from.  What the plan returns next stays the same.
 *
 * tids		[n], ascending, no two alike
 * scores	out: [n], >= 0; below 0 where no index tells
 */
void		mv_ranked_scores(PlanState *plan, Oid table, const ItemPointerData *tids, int n,
							 double *scores);
