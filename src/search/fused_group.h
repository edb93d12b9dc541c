/*
 * fused_group.h -- WHERE group_limit(value, n): of the rows of the same value the best n.
 *
 *	group_path.c	takes the condition out of the query
 *	fused_group.c	counts rows, for the node Fused Scan
 */
#pragma once

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

/* ---- group_path.c ---- */

/*
 * mv_group_take -- take the condition from a relation and its children, whose rows then
 * have the columns that the value is computed from.
 *
 * returns	its arguments; NIL: there is none
 */
List	   *mv_group_take(PlannerInfo *root, RelOptInfo *rel);

/* ---- fused_group.c ---- */

typedef struct MvGroups MvGroups;

/* To be kept as long as the node; value: of its columns. */
MvGroups   *mv_groups_begin(Expr *value, Expr *limit, PlanState *parent);

/* A run begins: no group has rows.  They are kept in `context`; 22023 for a bad limit. */
void		mv_groups_start(MvGroups *groups, MemoryContext context, ExprContext *row);

/* Is the next best row among those wanted of its group?  Counts it. */
bool		mv_groups_admit(MvGroups *groups, ExprContext *row);
