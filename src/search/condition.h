/*
 * condition.h -- condition.c: conditions that a node checks itself.
 */
#pragma once

#include "nodes/pathnodes.h"

/* Is it such a condition?  about: expressions that it may contain */
typedef bool (*MvConditionTest) (Node *clause, List *about);

/*
 * mv_take_conditions -- take such conditions from a relation and its children: no path
 * that is made after it checks them.  Its rows come with the columns that these contain.
 *
 * returns	the conditions
 */
List	   *mv_take_conditions(PlannerInfo *root, RelOptInfo *rel, MvConditionTest test,
							   List *about);
