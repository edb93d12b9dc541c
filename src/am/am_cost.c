/*
 * am_cost.c -- what an index scan costs.
 *
 * Before the first row: all centroids are compared, the codes of the lists
 * probed are read, and a few hundred rows are re-ranked.  After it: for each row
 * returned about one more is re-ranked.  When a scan needs more rows than the
 * lists probed hold, it reads on, so the whole index is what all rows cost, or
 * as much of it as a setting allows.
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
	double		page_cost;

	/* Never without an order to follow. */
	if (path->indexorderbys == NIL)
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

	probed = rows * shape.probed / shape.lists;
	reached = effort.max_probes > 0 ? rows * Min(effort.max_probes / shape.lists, 1) : rows;
	*startup = cpu_operator_cost *
			(shape.lists * shape.dim * CENTROID_PER_DIM + probed * CODE_COST +
			 Min(RERANKED_FIRST, rows) * RERANK_COST) +
		page_cost * probed * shape.code_bytes / BLCKSZ;
	*total = *startup + cpu_operator_cost * reached * (CODE_COST + ROW_COST) +
		page_cost * reached * (shape.code_bytes + shape.vector_bytes) / BLCKSZ;
	*selectivity = 1;
	*correlation = 0;
	*pages = ceil(reached * (shape.code_bytes + shape.vector_bytes) / BLCKSZ);
}
