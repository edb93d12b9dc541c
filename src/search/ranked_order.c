/*
 * ranked_order.c -- rows that come nearly in the order of a distance, in it.
 *
 * An index knows of each row how far it is at least, and returns rows in the order of
 * that.  A row waits until no row that is still to come can be nearer.
 *
 * An Index Scan does that itself, for rows as they are in the table: before their
 * conditions are checked, for all of their columns, and in PostgreSQL up to 18 they lose
 * their ctid.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "compat.h"
#include "search/ranked_order.h"

typedef struct WaitingRow
{
	pairingheap_node node;
	double		distance;
	MinimalTuple row;
} WaitingRow;

/* The nearest is the first, that is the greatest. */
static int
compare_waiting(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	return float8_cmp_internal(pairingheap_const_container(WaitingRow, node, b)->distance,
							   pairingheap_const_container(WaitingRow, node, a)->distance);
}

void
mv_row_order_begin(MvRowOrder *order, PlanState *rows)
{
	order->context =
		AllocSetContextCreate(CurrentMemoryContext, "rows that wait", ALLOCSET_DEFAULT_SIZES);
	order->waiting = pairingheap_allocate(compare_waiting, NULL);
	order->slot =
		ExecInitExtraTupleSlot(rows->state, ExecGetResultType(rows), &TTSOpsMinimalTuple);
	order->ended = false;
}

void
mv_row_order_start(MvRowOrder *order)
{
	ExecClearTuple(order->slot);
	MemoryContextReset(order->context);
	pairingheap_reset(order->waiting);
	order->ended = false;
}

/* The nearest of those that wait, or NULL. */
static WaitingRow *
first_waiting(const MvRowOrder *order)
{
	if (pairingheap_is_empty(order->waiting))
		return NULL;
	return pairingheap_container(WaitingRow, node, pairingheap_first(order->waiting));
}

bool
mv_row_order_must_wait(const MvRowOrder *order, double distance)
{
	const WaitingRow *first = first_waiting(order);

	return float8_cmp_internal(distance, order->bound) > 0 ||
		(first != NULL && float8_cmp_internal(first->distance, distance) < 0);
}

void
mv_row_order_add(MvRowOrder *order, TupleTableSlot *row, double distance)
{
	MemoryContext old = MemoryContextSwitchTo(order->context);
	WaitingRow *waiting = palloc(sizeof(WaitingRow));

	waiting->distance = distance;
	waiting->row = ExecCopySlotMinimalTuple(row);
	pairingheap_add(order->waiting, &waiting->node);
	MemoryContextSwitchTo(old);
}

TupleTableSlot *
mv_row_order_take(MvRowOrder *order, double *distance)
{
	WaitingRow *first = first_waiting(order);

	if (first == NULL ||
		(!order->ended && float8_cmp_internal(first->distance, order->bound) > 0))
		return NULL;
	pairingheap_remove_first(order->waiting);
	*distance = first->distance;
	ExecStoreMinimalTuple(first->row, order->slot, true);
	pfree(first);
	return order->slot;
}
