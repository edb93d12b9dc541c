/*
 * bm25_cost.c -- what a scan of a bm25 index costs.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "catalog/partition.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "fts/estimate.h"

/*
 * In units of cpu_operator_cost, about 10 ns: dictionary and analysis; a posting of a
 * condition; one of an order, of which most are passed over by their bounds; a row that
 * is returned.  A query of which nothing is known has so many postings for each row.
 */
#define COST_OF_QUERY 2000.0
#define COST_OF_POSTING 0.2
#define COST_OF_ORDERED_POSTING 0.05
#define POSTINGS_PER_ROW 0.05
#define COST_OF_ROW 10.0

/* Is the expression, of an order or a condition, a query for another index? */
static bool
is_for_another(const IndexOptInfo *index, Node *clause)
{
	int			field;
	Oid			oid;

	if (!IsA(clause, OpExpr) || list_length(((OpExpr *) clause)->args) != 2)
		return false;
	oid = mv_bm25query_of(lsecond(((OpExpr *) clause)->args), &field);

	/* A partition's index answers for its parents'. */
	return OidIsValid(oid) && oid != index->indexoid &&
		!list_member_oid(get_partition_ancestors(index->indexoid), oid);
}

static bool
is_field(const IndexOptInfo *index, int column)
{
	Oid			type = index->opcintype[column];

	return OidIsValid(get_opfamily_proc(index->opfamily[column], type, type, MV_FIELD_PROC));
}

/* Has it something to look for, in one order, and is all of that its own? */
static bool
is_useful(IndexPath *path)
{
	ListCell   *lc;

	if (list_length(path->indexorderbys) > 1)
		return false;
	foreach(lc, path->indexorderbys)
		if (is_for_another(path->indexinfo, lfirst(lc)))
			return false;
	foreach(lc, path->indexclauses)
	{
		IndexClause *clause = lfirst(lc);

		if (is_field(path->indexinfo, clause->indexcol) &&
			is_for_another(path->indexinfo, (Node *) clause->rinfo->clause))
			return false;
	}
	return path->indexorderbys != NIL || path->indexclauses != NIL;
}

/* What reading the postings of a condition or an order costs, for each row of the index. */
static double
cost_of_query(PlannerInfo *root, const IndexOptInfo *index, Node *clause, double cost_of_posting)
{
	MvMatchEstimate estimate;

	if (!IsA(clause, OpExpr) ||
		!mv_match_estimate(root, index->rel, lsecond(((OpExpr *) clause)->args), &estimate))
		estimate.postings = POSTINGS_PER_ROW;
	return estimate.postings * cost_of_posting;
}

static double
cost_of_queries(PlannerInfo *root, const IndexPath *path)
{
	const IndexOptInfo *index = path->indexinfo;
	double		cost = 0;
	ListCell   *lc;

	foreach(lc, path->indexorderbys)
		cost += cost_of_query(root, index, lfirst(lc), COST_OF_ORDERED_POSTING);
	foreach(lc, path->indexclauses)
	{
		const IndexClause *clause = lfirst(lc);

		if (is_field(index, clause->indexcol))
			cost += cost_of_query(root, index, (Node *) clause->rinfo->clause, COST_OF_POSTING);
	}
	return cost;
}

void
mv_bm25_costestimate(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup,
					 Cost *total, Selectivity *selectivity, double *correlation, double *pages)
{
	double		rows = path->indexinfo->tuples;
	double		returned;

	if (!is_useful(path))
	{
		*startup = *total = get_float8_infinity();
		*selectivity = *correlation = *pages = 0;
		mv_forbid_path(path);
		return;
	}
	*selectivity = clauselist_selectivity(root, get_quals_from_indexclauses(path->indexclauses),
										  path->indexinfo->rel->relid, JOIN_INNER, NULL);
	returned = rows * *selectivity;
	*startup = cpu_operator_cost * (COST_OF_QUERY + rows * cost_of_queries(root, path));
	*total = *startup + cpu_operator_cost * returned * COST_OF_ROW;
	*correlation = 0;
	*pages = ceil(path->indexinfo->pages * Min(*selectivity + POSTINGS_PER_ROW, 1));
}
