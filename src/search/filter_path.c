/*
 * filter_path.c -- conditions of a query that other indexes can answer first.
 *
 * Core makes bitmap scans of a relation's indexes, for conditions of any form, but
 * throws them away where another path is better for its own ends.  So it is asked
 * again, for a copy of the relation that has no other paths.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "miscadmin.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"

#include "search/filter.h"

/*
 * In units of cpu_operator_cost, about 10 ns: a row of the bitmap joins the set; a
 * row of the index is looked up in it; a vector is compared.
 */
#define COST_OF_MEMBER 2.0
#define COST_OF_LOOKUP 0.2
#define COST_OF_VECTOR 50.0

/*
 * A row of the index that is ranked, read from the table and does not pass, beside what
 * the conditions cost.  A bitmap, however few its rows; each of them.
 * In a pass over the table, a page; a row, beside what the conditions cost.
 */
#define COST_OF_ROW 900.0
#define COST_OF_BITMAP 5000.0
#define COST_OF_BIT 18.0
#define COST_OF_PAGE 60.0
#define COST_OF_TUPLE 8.0

/* Waste, in parts of what the set costs, that tells something. */
#define TELLING_PART 0.1

/* Rows asked for by a query that does not say. */
#define NOMINAL_ROWS 10

/* Bytes that a page takes in the set, and those that it may have, in parts of work_mem. */
#define BYTES_PER_PAGE 64.0
#define MEMORY_FACTOR 16.0

/* A search of text by bounds costs so much less than one that looks at all postings. */
#define BOUNDS_SAVE 4.0

/* Of the conditions those that are not known from what the index is for. */
static List *
conditions_of(const IndexOptInfo *index, List *conditions)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, index->indrestrictinfo)
		if (list_member_ptr(conditions, lfirst(lc)))
			found = lappend(found, lfirst(lc));
	return found;
}

/* The relation's indexes, for bitmap scans by the conditions alone. */
static List *
bitmap_indexes(const RelOptInfo *rel, List *conditions)
{
	List	   *indexes = NIL;
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(lc);
		IndexOptInfo *copy;

		if (!index->amhasgetbitmap)
			continue;
		copy = makeNode(IndexOptInfo);
		*copy = *index;
		copy->amhasgettuple = false;
		copy->indrestrictinfo = conditions_of(index, conditions);
		indexes = lappend(indexes, copy);
	}
	return indexes;
}

/* Conditions that the index scan does not answer itself. */
static List *
other_conditions(const IndexPath *index)
{
	List	   *conditions = NIL;
	ListCell   *lc;

	foreach(lc, index->indexinfo->indrestrictinfo)
	{
		RestrictInfo *condition = lfirst(lc);
		bool		answered = condition->pseudoconstant;
		ListCell   *c;

		foreach(c, index->indexclauses)
			answered = answered || ((IndexClause *) lfirst(c))->rinfo == condition;
		if (!answered)
			conditions = lappend(conditions, condition);
	}
	return conditions;
}

BitmapHeapPath *
mv_filter_path(PlannerInfo *root, RelOptInfo *rel, const IndexPath *index)
{
	RelOptInfo *copy;
	ListCell   *lc;
	List	   *conditions = other_conditions(index);

	if (conditions == NIL || rel->lateral_relids != NULL)
		return NULL;
	/* Paths point at it. */
	copy = makeNode(RelOptInfo);
	*copy = *rel;
	copy->pathlist = copy->partial_pathlist = NIL;
	copy->baserestrictinfo = conditions;
	copy->joininfo = NIL;
	copy->has_eclass_joins = false;
	copy->consider_parallel = false;
	copy->indexlist = bitmap_indexes(rel, conditions);
	create_index_paths(root, copy);
	foreach(lc, copy->pathlist)
	{
		BitmapHeapPath *path = lfirst(lc);

		if (!IsA(path, BitmapHeapPath) || path->path.param_info != NULL)
			continue;
		path->path.parent = rel;
		return path;
	}
	return NULL;
}

static bool is_same_bitmap(const Path *a, const Path *b);

static bool
are_same_bitmaps(const List *a, const List *b)
{
	if (list_length(a) != list_length(b))
		return false;
	for (int i = 0; i < list_length(a); i++)
		if (!is_same_bitmap(list_nth(a, i), list_nth(b, i)))
			return false;
	return true;
}

static bool
are_same_clauses(const List *a, const List *b)
{
	if (list_length(a) != list_length(b))
		return false;
	for (int i = 0; i < list_length(a); i++)
	{
		const IndexClause *x = list_nth(a, i);
		const IndexClause *y = list_nth(b, i);

		if (x->indexcol != y->indexcol || !equal(x->rinfo->clause, y->rinfo->clause))
			return false;
	}
	return true;
}

static bool
is_same_bitmap(const Path *a, const Path *b)
{
	if (nodeTag(a) != nodeTag(b))
		return false;
	if (IsA(a, BitmapAndPath))
		return are_same_bitmaps(((const BitmapAndPath *) a)->bitmapquals,
								((const BitmapAndPath *) b)->bitmapquals);
	if (IsA(a, BitmapOrPath))
		return are_same_bitmaps(((const BitmapOrPath *) a)->bitmapquals,
								((const BitmapOrPath *) b)->bitmapquals);
	return ((const IndexPath *) a)->indexinfo->indexoid ==
		((const IndexPath *) b)->indexinfo->indexoid &&
		are_same_clauses(((const IndexPath *) a)->indexclauses,
						 ((const IndexPath *) b)->indexclauses);
}

bool
mv_filter_is_same(const BitmapHeapPath *a, const BitmapHeapPath *b)
{
	return a->path.parent->relid == b->path.parent->relid &&
		is_same_bitmap(a->bitmapqual, b->bitmapqual);
}

double
mv_filter_share(const BitmapHeapPath *filter)
{
	Cost		cost;
	Selectivity share;

	cost_bitmap_tree_node(filter->bitmapqual, &cost, &share);
	return Max(share, 1e-9);
}

/*
 * The bitmap is made and becomes a set.  In that of vectors all rows of the index are
 * looked up; then the scan costs what it does without, or a distance for each member, if
 * that is less.  Text looks its matches up, and the fewer are members, the less do bounds
 * save.  After the first row it is the share of the scan's cost that members have.
 */
void
mv_filter_cost(const BitmapHeapPath *filter, const IndexPath *index, bool text, Cost *startup,
			   Cost *total)
{
	double		rows = index->indexinfo->tuples;
	double		members;
	Cost		bitmap;
	Selectivity share;

	cost_bitmap_tree_node(filter->bitmapqual, &bitmap, &share);
	members = rows * share;
	*startup = bitmap + cpu_operator_cost * members * COST_OF_MEMBER;
	if (text)
		*startup += index->path.startup_cost * Min(1 / Max(share, 1e-9), BOUNDS_SAVE);
	else
		*startup += cpu_operator_cost * rows * COST_OF_LOOKUP +
			Min(index->path.startup_cost, members * COST_OF_VECTOR * cpu_operator_cost);
	*total = *startup + (index->path.total_cost - index->path.startup_cost) * share;
}

/* Do rows that the conditions hide stay hidden where all rows of the table are checked? */
static bool
may_check_all(const PlannerInfo *root, const RelOptInfo *rel, const IndexPath *index,
			  List *conditions)
{
	/* What a partial index implies is no longer checked, be it a security barrier. */
	if (index->indexinfo->indpred != NIL && root->qual_security_level > 0)
		return false;
	return index->path.param_info == NULL && !contain_volatile_functions((Node *) conditions) &&
		rel->pages * BYTES_PER_PAGE <= work_mem * 1024.0 * MEMORY_FACTOR;
}

static int
as_cost(double operators)
{
	return (int) Min(ceil(operators), INT_MAX);
}

MvFilterCosts
mv_filter_costs(PlannerInfo *root, RelOptInfo *rel, const IndexPath *index,
				const BitmapHeapPath *filter, bool within)
{
	List	   *conditions = other_conditions(index);
	MvFilterCosts costs = {0};
	QualCost	quals;

	if (list_length(conditions) <= within)
		return costs;
	cost_qual_eval(&quals, conditions, root);
	costs.row = as_cost(COST_OF_ROW + quals.per_tuple / cpu_operator_cost);
	if (may_check_all(root, rel, index, conditions))
		costs.heap = as_cost(COST_OF_BITMAP + rel->pages * COST_OF_PAGE + rel->tuples *
							 (COST_OF_TUPLE + quals.per_tuple / cpu_operator_cost));
	if (filter != NULL)
		costs.bitmap = as_cost(COST_OF_BITMAP +
							   COST_OF_BIT * rel->tuples * mv_filter_share(filter));
	if (costs.heap > 0 && costs.bitmap > costs.heap)
		costs.bitmap = 0;
	return costs;
}

bool
mv_filter_goes_badly(double failed, double passed, double wanted, double row, double set)
{
	double		wasted = failed * row;

	/* Who does not say how many, or wants more than that, may want as many again. */
	if (wanted <= passed)
		wanted = 2 * passed + NOMINAL_ROWS;
	return wasted > set ||
		(wasted > TELLING_PART * set && wasted * (wanted - passed) / (passed + 1) > set);
}
