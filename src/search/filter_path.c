/*
 * filter_path.c -- conditions of a query that other indexes can answer first.
 *
 * Core makes bitmap scans of a relation's indexes, for conditions of any form, but
 * throws them away where another path is better for its own ends.  So it is asked
 * again, for a copy of the relation that has no other paths.
 */
#include "postgres.h"

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

/* The relation's indexes, for bitmap scans alone. */
static List *
bitmap_indexes(const RelOptInfo *rel)
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
	copy->indexlist = bitmap_indexes(rel);
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

double
mv_filter_share(const BitmapHeapPath *filter)
{
	Cost		cost;
	Selectivity share;

	cost_bitmap_tree_node(filter->bitmapqual, &cost, &share);
	return Max(share, 1e-9);
}

/*
 * The bitmap is made and becomes a set, in which all rows of the index are looked up.
 * Then the scan costs what it does without, or a distance for each member, if that
 * is less; and after the first row, the share of its cost that members have.
 */
void
mv_filter_cost(const BitmapHeapPath *filter, const IndexPath *index, Cost *startup, Cost *total)
{
	double		rows = index->indexinfo->tuples;
	double		members;
	Cost		bitmap;
	Selectivity share;

	cost_bitmap_tree_node(filter->bitmapqual, &bitmap, &share);
	members = rows * share;
	*startup = bitmap + cpu_operator_cost * (members * COST_OF_MEMBER + rows * COST_OF_LOOKUP) +
		Min(index->path.startup_cost, members * COST_OF_VECTOR * cpu_operator_cost);
	*total = *startup + (index->path.total_cost - index->path.startup_cost) * share;
}
