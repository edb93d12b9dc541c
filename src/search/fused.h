/*
 * fused.h -- the node Fused Scan: what its planner part tells its executor part.
 */
#pragma once

#include "nodes/extensible.h"

/* Legs that are fused. */
#define MV_MAX_LEGS 8

/* fused_scan.c */
extern const CustomScanMethods mv_fused_scan_methods;

typedef enum MvRankerKind
{
	MV_RANK_RRF,				/* rrf(); its parameters are k, weights */
	MV_RANK_WEIGHTED,			/* weighted(); weights, norm */
	MV_RANK_SUM					/* an expression that grows with its legs; the factors in it */
} MvRankerKind;

/* What the value of a leg is, as far as a ranker has to know. */
typedef enum MvLegKind
{
	MV_LEG_DISTANCE,			/* from 0 on; or anything else that sorts */
	MV_LEG_L2,
	MV_LEG_COSINE,
	MV_LEG_PRODUCT,				/* a negative inner product */
	MV_LEG_TEXT					/* a negative score, 0 where nothing matches */
} MvLegKind;

/*
 * A leg: a plan that returns the rows that pass the relation's conditions by
 * ascending value.  Its columns are those of the table, ctid, tableoid, the value.
 *
 * What is computed from a row refers to the node's columns of the table.
 */
typedef struct MvFusedLeg
{
	int			argument;		/* of the ranker, from 0 */
	MvLegKind	kind;
	int			value;			/* column of the plan, from 1 */
	int			column;			/* of the node, that is to have the value; 0: none */
	bool		whole;			/* its values cannot be computed from a row */
	Expr	   *missing;		/* computes the value from a row */
	Expr	   *lookup;			/* for the ranker: NULL if the leg may not have the row */
	Expr	   *operand;		/* of MV_LEG_TEXT: the text, NULL as lookup */
	Expr	   *query;			/* and what is searched for */
	Expr	   *depth;			/* rows that it may rank; NULL: the setting says */
} MvFusedLeg;

/* What a CustomScan of the node holds. */
typedef struct MvFusedPlan
{
	List	   *plans;			/* of the legs, one of all rows, bitmaps that legs share */
	MvRankerKind ranker;
	List	   *params;			/* the ranker's */
	int			narguments;		/* of it that may be legs, up to the last that is one */
	int			nlegs;
	MvFusedLeg	legs[MV_MAX_LEGS];
	int			ncolumns;		/* of the table: the node's first; the next is the score */
	int			fused;			/* column of what the ranker says; 0: none */
	Expr	   *score;			/* computed from other columns; NULL: it is what the ranker says */
	double		most;			/* ... of which it is so many times at most */
	List	   *bounds;			/* conditions that no row passes after one that does not */
	bool		exact;
	Expr	   *group;			/* value of which not all rows are wanted; NULL: none */
	Expr	   *group_limit;	/* but so many */
	List	   *limit;			/* expressions that add up to the rows wanted; NIL: unknown */
} MvFusedPlan;

/* fused_plan.c */
void		mv_fused_put(CustomScan *node, const MvFusedPlan *plan);
void		mv_fused_get(const CustomScan *node, MvFusedPlan *plan);
