/*
 * ranked_order.h -- ranked_order.c: rows that come nearly in the order of a distance, in it.
 */
#pragma once

#include "lib/pairingheap.h"
#include "nodes/execnodes.h"

typedef struct MvRowOrder
{
	MemoryContext context;		/* of rows that wait */
	pairingheap *waiting;		/* by distance */
	TupleTableSlot *slot;		/* one that has waited */
	double		bound;			/* of rows that are still to come; known from the first on */
	bool		ended;			/* none is */
} MvRowOrder;

/* rows		the node that returns them */
void		mv_row_order_begin(MvRowOrder *order, PlanState *rows);

/* A run begins: no row waits. */
void		mv_row_order_start(MvRowOrder *order);

/* Must a row wait for others, given the bound of those that follow it? */
bool		mv_row_order_must_wait(const MvRowOrder *order, double distance);

/* Let it wait. */
void		mv_row_order_add(MvRowOrder *order, TupleTableSlot *row, double distance);

/*
 * mv_row_order_take -- the first of those that wait, if nothing nearer is to come; else NULL.
 * It is valid until the next one is taken.
 */
TupleTableSlot *mv_row_order_take(MvRowOrder *order, double *distance);
