/*
 * am_cost.c -- what an index scan costs.
 *
 * Before the first row: all centroids are compared, the codes of the lists
 * probed are read, and a few hundred rows are re-ranked.  After it: for each row
 * returned about one more is re-ranked.  When a scan needs more rows than the
 * lists probed hold, it reads on, so the whole index is what all rows cost, or
 * as much of it as a setting allows.
 *
 * A walk of a graph goes to one page a step instead, whose row it ranks.
 *
 * With conditions on attributes the keys of all rows are compared, and then either
 * every row that passes is ranked, or as many lists are read as probably hold enough
 * of them: the better of both.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"

#include "am/am.h"
#include "compat.h"

/* In units of cpu_operator_cost, about 10 ns. */
#define CODE_COST 0.3			/* a code in a FastScan block */
#define CENTROID_PER_DIM 0.003
#define RERANK_COST 50.0		/* two pages found, one vector compared */
#define ROW_COST 120.0			/* that, and the row put in order by the executor */
#define RERANKED_FIRST 200.0
#define KEY_COST 0.05			/* a key compared */

/* Is a row wanted whose vector is NULL?  The index has none. */
static bool
wants_nulls(const IndexPath *path)
{
	ListCell   *lc;

	foreach(lc, path->indexclauses)
	{
		const IndexClause *clause = lfirst(lc);

		if (clause->indexcol == 0 && IsA(clause->rinfo->clause, NullTest) &&
			((NullTest *) clause->rinfo->clause)->nulltesttype == IS_NULL)
			return true;
	}
	return false;
}

void
mv_am_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
				   Cost *startup, Cost *total, Selectivity *selectivity,
				   double *correlation, double *pages)
{
	MvIndexShape shape;
	MvEffort	effort;
	Relation	index;
	double		rows = path->indexinfo->tuples;
	double		probed;
	double		reached;
	double		read_on;
	double		page_cost;
	double		share = 1;
	List	   *quals = get_quals_from_indexclauses(path->indexclauses);

	/* Never without an order to follow, nor by more than one. */
	if (list_length(path->indexorderbys) != 1 || wants_nulls(path))
	{
		*startup = *total = get_float8_infinity();
		*selectivity = *correlation = *pages = 0;
		mv_forbid_path(path);
		return;
	}
	index = index_open(path->indexinfo->indexoid, NoLock);
	mv_am_effort(index, &effort);
	mv_method_of(index)->shape(index, &effort, &shape);
	index_close(index, NoLock);
	get_tablespace_page_costs(path->indexinfo->reltablespace, NULL, &page_cost);

	if (quals != NIL)
		share = clauselist_selectivity(root, add_predicate_to_index_quals(path->indexinfo, quals),
									   path->indexinfo->rel->relid, JOIN_INNER, NULL);
	probed = rows * Min(shape.probed / shape.lists / sqrt(Max(share, 1e-6)), 1);
	if (probed * CODE_COST > rows * share * RERANK_COST)
		probed = 0;
	reached = effort.max_probes > 0 ? rows * Min(effort.max_probes / shape.lists, 1) : rows;
	*startup = cpu_operator_cost *
			(shape.lists * shape.dim * CENTROID_PER_DIM + probed * CODE_COST +
			 rows * list_length(quals) * KEY_COST +
			 (probed > 0 ? Min(RERANKED_FIRST, rows * share) : rows * share) * RERANK_COST) +
		page_cost * probed * shape.code_bytes / BLCKSZ;
	if (shape.steps > 0 && quals == NIL)
		*startup = Min(*startup, shape.steps * (cpu_operator_cost * RERANK_COST + page_cost));
	read_on = probed > 0 ? reached : 0;
	*total = *startup + cpu_operator_cost * (read_on * CODE_COST + reached * share * ROW_COST) +
		page_cost * (read_on * shape.code_bytes + reached * share * shape.vector_bytes) / BLCKSZ;
	*selectivity = share;
	*correlation = 0;
	*pages = ceil(reached * (shape.code_bytes + shape.vector_bytes) / BLCKSZ);
}
