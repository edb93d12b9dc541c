/*
 * carry.h -- carry.c: values of a scan that joins take along.
 */
#pragma once

#include "nodes/pathnodes.h"

/*
 * mv_carry -- from now on the query takes the values of some expressions from the
 * relation's paths, whatever joins are above; to be called while its paths are made.
 *
 * exprs	of the relation's columns alone, which no outer join replaces by NULL.  Those that
 *			the query does not ask for stay as they are.
 *
 * The others are in rel->reltarget afterwards, and its paths are to have them.
 */
void		mv_carry(PlannerInfo *root, RelOptInfo *rel, List *exprs);
