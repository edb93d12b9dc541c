/*
 * fused_call.h -- what a query is ordered by, taken apart: for the planner.
 */
#pragma once

#include "nodes/pathnodes.h"

#include "search/fused.h"

/* A leg as the query has it. */
typedef struct MvFusionLeg
{
	Expr	   *expr;
	int			argument;		/* of the ranker, from 0 */
	List	   *filter;			/* conditions of its own, all of which must hold */
	Expr	   *depth;			/* its own, or NULL */
} MvFusionLeg;

typedef struct MvFusion
{
	MvRankerKind ranker;
	Expr	   *order;			/* the expression */
	Expr	   *call;			/* in it, of the ranker; a sum has none */
	double		most;			/* the order is so many times what the ranker says, at most */
	List	   *params;			/* as MvRankerKind says */
	int			narguments;		/* up to the last leg */
	int			nlegs;
	MvFusionLeg legs[MV_MAX_LEGS];
} MvFusion;

/*
 * mv_fusion_parse -- is it rrf(), weighted(), one of them times factors, or a sum of
 * distances?  NULL if not.
 *
 * 0A000 if rrf() or weighted() cannot be computed as it is written.
 */
MvFusion   *mv_fusion_parse(Expr *order);

/* The function of the ranker; not of a sum. */
const char *mv_fusion_name(const MvFusion *fusion);
