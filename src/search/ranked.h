/*
 * ranked.h -- the node Ranked Scan: what its planner part tells its executor part.
 *
 * The node stands above an Index Scan of one of our indexes in its order and takes
 * its rows.  The Index Scan still checks every condition; the node adds what core
 * cannot do: see ranked_scan.c.
 */
#pragma once

#include "nodes/extensible.h"

/* ranked_scan.c */
extern const CustomScanMethods mv_ranked_scan_methods;

/* What a CustomScan of the node holds. */
typedef struct MvRankedPlan
{
	Plan	   *index;			/* an Index Scan, perhaps below a Result */
	bool		text;			/* of a bm25 index: its value is the last of custom_scan_tlist */
	List	   *limit;			/* expressions that add up to the rows wanted; NIL: unknown */
} MvRankedPlan;

static inline void
mv_ranked_put(CustomScan *node, const MvRankedPlan *plan)
{
	node->custom_plans = list_make1(plan->index);
	node->custom_private = list_make1_int(plan->text);
	node->custom_exprs = plan->limit;
	node->methods = &mv_ranked_scan_methods;
}

static inline MvRankedPlan
mv_ranked_get(const CustomScan *node)
{
	return (MvRankedPlan){
		.index = linitial(node->custom_plans),
		.text = linitial_int(node->custom_private),
		.limit = node->custom_exprs,
	};
}
