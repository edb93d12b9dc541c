/*
 * leg.h -- leg_path.c: a relation's rows by an expression, for a Fused Scan.
 */
#pragma once

#include "search/fused_call.h"

/*
 * mv_leg_path -- the path by which the first `depth` rows come cheapest, ascending.
 *
 * Its columns are those of the relation, the row's ctid and tableoid, the expression.
 * Only rows that pass the leg's own conditions come.
 *
 * returns	NULL if the expression can only come from an index, and there is none
 */
Path	   *mv_leg_path(PlannerInfo *root, RelOptInfo *rel, const MvFusionLeg *leg, double depth);

/* All rows in any order, with these columns but the expression. */
Path	   *mv_leg_rest(PlannerInfo *root, RelOptInfo *rel);

/* What the values are; can they not be computed from a row? */
MvLegKind	mv_leg_kind(PlannerInfo *root, RelOptInfo *rel, Expr *expr);
bool		mv_leg_needs_index(Expr *expr);

/* What the first rows of a path cost. */
Cost		mv_leg_cost(const Path *path, double rows);
