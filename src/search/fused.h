/*
 * fused.h -- the node Fused Scan: what its planner part tells its executor part.
 */
#pragma once

#include "fmgr.h"
#include "nodes/extensible.h"

/* Legs that rrf() takes. */
#define MV_MAX_LEGS 8

/* Arguments of rrf() after the legs. */
#define MV_RRF_K MV_MAX_LEGS
#define MV_RRF_WEIGHTS (MV_MAX_LEGS + 1)
#define MV_RRF_ARGS (MV_MAX_LEGS + 2)

/* fused_func.c */
extern Datum mv_rrf(PG_FUNCTION_ARGS);

/* fused_scan.c */
extern const CustomScanMethods mv_fused_scan_methods;

/*
 * A leg: a plan that returns the rows that pass the relation's conditions by
 * ascending value.  Its columns are those of the table, the row's ctid, the value.
 */
typedef struct MvFusedLeg
{
	int			argument;		/* of rrf(), from 0 */
	int			value;			/* column of the plan, from 1 */
	bool		matches;		/* rows of a value below 0 only: those that a text search found */
	int			column;			/* of the node, that is to have the value; 0: none */
	Expr	   *missing;		/* computes it from the node's other columns */
} MvFusedLeg;

/* What a CustomScan of the node holds. */
typedef struct MvFusedPlan
{
	List	   *plans;			/* of the legs, and one that returns all rows in any order */
	int			nlegs;
	MvFusedLeg	legs[MV_MAX_LEGS];
	int			ncolumns;		/* of the table: the node's first; the next is the score */
	bool		exact;
	Expr	   *k;
	Expr	   *weights;
	List	   *limit;			/* expressions that add up to the rows wanted; NIL: unknown */
} MvFusedPlan;

void		mv_fused_put(CustomScan *node, const MvFusedPlan *plan);
void		mv_fused_get(const CustomScan *node, MvFusedPlan *plan);
