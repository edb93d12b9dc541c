/*
 * several_path.c -- WHERE a query for several columns of a bm25 index matches.
 *
 * One column's text does not tell: neither a sequential scan can evaluate the condition, nor
 * can a bitmap scan check it again for the rows of lossy pages.  So all that is left of the
 * relation's paths are Index Scans with it.
 */
#include "postgres.h"

#include <math.h>

#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/lsyscache.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "fts/schema.h"
#include "search/ranked.h"
#include "search/search.h"

/* Has the operator, of a column of the index, a query for one or several columns on its right? */
static bool
is_match(const IndexOptInfo *index, int column, Oid operator)
{
	Oid			family = index->opfamily[column];
	Oid			type = index->opcintype[column];

	return OidIsValid(get_opfamily_proc(family, type, type, MV_FIELD_PROC)) &&
		get_op_opfamily_strategy(operator, family) == MV_FIELD_MATCH;
}

/* Is it such a condition, for the index to answer? */
static bool
is_for_several(IndexOptInfo *index, const RestrictInfo *rinfo)
{
	OpExpr	   *op = (OpExpr *) rinfo->clause;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2)
		return false;
	for (int column = 0; column < index->nkeycolumns; column++)
		if (is_match(index, column, op->opno) &&
			match_index_to_operand(linitial(op->args), column, index))
			return mv_bm25query_is_for_several(lsecond(op->args));
	return false;
}

static bool
asks_several(const RelOptInfo *rel, IndexOptInfo *index)
{
	ListCell   *lc;

	foreach(lc, rel->baserestrictinfo)
		if (is_for_several(index, lfirst_node(RestrictInfo, lc)))
			return true;
	return false;
}

/* A path can have the condition only if its index is the query's: costs see to that. */
static bool
is_scan_of(const Path *path, const IndexOptInfo *index)
{
	const IndexPath *scan = (const IndexPath *) path;

	return IsA(path, IndexPath) && scan->indexinfo->indexoid == index->indexoid &&
		!isinf(path->total_cost);
}

void
mv_several_paths(PlannerInfo *root, RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(lc);
		IndexPath  *plain;
		ListCell   *other;

		if ((void *) index->amcostestimate != (void *) mv_bm25_costestimate ||
			index->hypothetical || !asks_several(rel, index))
			continue;
		plain = mv_index_path(root, rel, index);
		if (plain == NULL || !is_scan_of(&plain->path, index))
			continue;
		foreach(other, rel->pathlist)
			if (!is_scan_of(lfirst(other), index))
				rel->pathlist = foreach_delete_current(rel->pathlist, other);
		rel->partial_pathlist = NIL;
		add_path(rel, &plain->path);
		return;
	}
}
