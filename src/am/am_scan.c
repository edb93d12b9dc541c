/*
 * am_scan.c -- index scans: ORDER BY column <operator> query.
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "executor/instrument.h"
#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "am/am.h"
#include "am/few.h"
#include "compat.h"
#include "index/counters.h"

typedef struct MvScanState
{
	IndexScanDesc scan;
	const MvAccessMethod *am;
	const MvIndexMethod *method;
	MvSpace		space;
	MvSearch   *search;			/* NULL: none was needed yet */
	MvFew	   *few;			/* the same */
	bool		ranks_few;		/* that, not the search, has the rows of this run */
	MemoryContext context,		/* of both */
				held_context;
	bool		started;
	float	   *query;			/* in code space */
	Datum		value;			/* as it is, detoasted; 0: NULL */
	bool		indexed;		/* could it be a row's, in this index? */
	struct varlena *copy;		/* it, if it had to be copied for that */
	MvScanLimits limits;
	double		expected;		/* rows that will perhaps be fetched; 0: not known */
	MvFilter	filter;
	double		within;			/* rows farther are not wanted */
	double		inside;			/* rows returned that are not */
	bool		leave_order;	/* that of the lower bounds will do */
	bool		recheck;		/* rows are to be checked again: keys do not tell all */
	MemoryContext filter_context;
	double		rows;			/* that were read ahead */
	MvFound		last_found;		/* what the scan has returned last */
	MvWatchFn	ask;			/* before each row, whether to go on; or NULL */
	void	   *ask_arg;
	double		found;			/* rows that the search has returned */
	ItemPointerData *seen;		/* [nseen], those of them that were asked about */
	int			nseen,
				max_seen,
				nsorted;		/* the first ones, in order: rows found before it started over */
	pairingheap *held;			/* of them not yet returned here, HeldRow by distance */
	int			nheld;
	double		last;			/* the farthest distance of those returned */
} MvScanState;

/* A row read ahead. */
typedef struct HeldRow
{
	pairingheap_node node;
	MvFound		found;
} HeldRow;

/* The nearest is the first, that is the greatest. */
static int
compare_held(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	double		x = pairingheap_const_container(HeldRow, node, a)->found.distance;
	double		y = pairingheap_const_container(HeldRow, node, b)->found.distance;

	return (x < y) - (x > y);
}

static void
clear_held(MvScanState *state)
{
	while (!pairingheap_is_empty(state->held))
		pfree(pairingheap_container(HeldRow, node, pairingheap_remove_first(state->held)));
	state->nheld = 0;
}

IndexScanDesc
mv_am_beginscan(Relation index, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
	MvScanState  *state = palloc0(sizeof(MvScanState));

	state->scan = scan;
	state->am = mv_access_method(index);
	state->method = state->am->method;
	state->space = mv_index_space(index);
	state->context =
		AllocSetContextCreate(CurrentMemoryContext, "index search", ALLOCSET_DEFAULT_SIZES);
	state->held_context =
		AllocSetContextCreate(CurrentMemoryContext, "rows read ahead", ALLOCSET_DEFAULT_SIZES);
	state->filter_context =
		AllocSetContextCreate(CurrentMemoryContext, "index scan conditions", ALLOCSET_SMALL_SIZES);
	state->held = pairingheap_allocate(compare_held, NULL);
	state->within = INFINITY;
	scan->opaque = state;
	if (norderbys > 0)
	{
		scan->xs_orderbyvals = palloc0(sizeof(Datum) * norderbys);
		scan->xs_orderbynulls = palloc0(sizeof(bool) * norderbys);
	}
	return scan;
}

void
mv_am_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
	MvScanState  *state = scan->opaque;

	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderbys && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
	state->started = false;
}

void
mv_am_expect(IndexScanDesc scan, double rows, const MvTidSet *tids, double within)
{
	MvScanState *state = scan->opaque;

	state->expected = rows;
	state->filter.tids = tids;
	state->within = within;
}

void
mv_am_watch(IndexScanDesc scan, MvWatchFn ask, void *arg)
{
	MvScanState *state = scan->opaque;

	state->ask = ask;
	state->ask_arg = arg;
}

void
mv_am_leave_order(IndexScanDesc scan)
{
	((MvScanState *) scan->opaque)->leave_order = true;
}

bool
mv_am_bound(IndexScanDesc scan, double *bound)
{
	const MvFound *found = &((MvScanState *) scan->opaque)->last_found;

	*bound = found->distance;
	return !found->estimated;
}

/* A NULL query is as far from everything as from nothing: any order will do. */
static void
set_query(MvScanState *state, ScanKey key)
{
	struct varlena *value;

	if (state->copy != NULL)
		pfree(state->copy);
	state->copy = NULL;
	state->value = 0;
	state->indexed = false;
	if (key->sk_flags & SK_ISNULL)
	{
		memset(state->query, 0, sizeof(float) * state->space.dim);
		return;
	}
	value = PG_DETOAST_DATUM(key->sk_argument);
	if ((Pointer) value != DatumGetPointer(key->sk_argument))
		state->copy = value;
	state->value = PointerGetDatum(value);
	state->indexed = mv_index_key(&state->space, state->value, state->query);
}

/* A range is asked for as a whole, not as the best of many. */
#define RANGE_RECALL 0.995

/* The scan's keys, all but "the first column is not NULL", which holds for every row. */
static void
set_conditions(IndexScanDesc scan, MvScanState *state)
{
	MvCondition *conditions;
	int			n = 0;
	MemoryContext old;

	MemoryContextReset(state->filter_context);
	old = MemoryContextSwitchTo(state->filter_context);
	conditions = palloc(sizeof(MvCondition) * (scan->numberOfKeys + 1));
	state->recheck = false;
	for (int i = 0; i < scan->numberOfKeys; i++)
	{
		ScanKey		key = &scan->keyData[i];
		MvAttribute attribute;

		if (key->sk_attno == 1 && (key->sk_flags & SK_SEARCHNOTNULL))
			continue;
		if (key->sk_attno == 1)
			elog(ERROR, "%s indexes do not hold rows without a vector", state->am->name);
		attribute = mv_attribute(scan->indexRelation, key->sk_attno - 1);
		conditions[n].attribute = key->sk_attno - 2;
		mv_condition_set(&conditions[n++], &attribute, key, &state->recheck);
	}
	state->filter.conditions = conditions;
	state->filter.nconditions = n;
	MemoryContextSwitchTo(old);
}

static void
start_few(MvScanState *state)
{
	IndexScanDesc scan = state->scan;

	if (state->few == NULL)
		state->few = mv_few_begin(scan->indexRelation, scan->heapRelation, scan->xs_snapshot);
	mv_few_start(state->few, &state->space, state->filter.tids, state->value);
}

static void
start_method(MvScanState *state)
{
	IndexScanDesc scan = state->scan;
	MvEffort	effort;

	if (state->search == NULL)
		state->search = state->method->search_begin(scan->indexRelation, scan->heapRelation,
													 scan->xs_snapshot);
	mv_am_effort(scan->indexRelation, &effort);
	effort.rows = state->expected;
	if (state->within < INFINITY)
		effort.recall = Max(effort.recall, RANGE_RECALL);
	state->method->search_start(state->search, state->query, state->value, &effort,
								mv_filter_is_empty(&state->filter) ? NULL : &state->filter);
}

/* Begin the search, as far and for the rows as was told. */
static void
start_search(MvScanState *state)
{
	const MvTidSet *tids = state->filter.tids;
	MemoryContext old = MemoryContextSwitchTo(state->context);

	state->ranks_few = tids != NULL && state->indexed &&
		mv_few_fits(state->scan->indexRelation, &state->space, tids);
	if (state->ranks_few)
		start_few(state);
	else
		start_method(state);
	MemoryContextSwitchTo(old);
}

static void
start(IndexScanDesc scan, MvScanState *state)
{
	MemoryContext old;

	if (scan->orderByData == NULL || scan->numberOfOrderBys == 0)
		elog(ERROR, "cannot scan %s index without order", state->am->name);
	if (!IsMVCCSnapshot(scan->xs_snapshot))
		elog(ERROR, "non-MVCC snapshots are not supported with %s", state->am->name);
	pgstat_count_index_scan(scan->indexRelation);
	mv_counters_begin(RelationGetRelid(scan->indexRelation));

	old = MemoryContextSwitchTo(state->context);
	if (state->query == NULL)
		state->query = palloc(sizeof(float) * state->space.dim);
	set_query(state, scan->orderByData);
	MemoryContextSwitchTo(old);
	mv_am_limits(scan->indexRelation, &state->limits);
	set_conditions(scan, state);
	start_search(state);
	clear_held(state);
	state->rows = state->inside = state->found = 0;
	state->nseen = state->nsorted = 0;
	state->last = -INFINITY;
	state->started = true;
}

/* ---- starting over ---- */

static int
compare_tids(const void *a, const void *b)
{
	return ItemPointerCompare((ItemPointer) a, (ItemPointer) b);
}

static void
start_over(MvScanState *state)
{
	mv_last_scan.switches++;
	qsort(state->seen, state->nseen, sizeof(ItemPointerData), compare_tids);
	state->nsorted = state->nseen;
	start_search(state);
}

static void
remember(MvScanState *state, const ItemPointerData *tid)
{
	if (state->nseen == state->max_seen)
	{
		int			more = Max(2 * state->max_seen, 256);

		if (state->seen == NULL)
			state->seen = MemoryContextAllocHuge(state->held_context,
												 sizeof(ItemPointerData) * more);
		else
			state->seen = repalloc_huge(state->seen, sizeof(ItemPointerData) * more);
		state->max_seen = more;
	}
	state->seen[state->nseen++] = *tid;
}

static bool
is_wanted(const MvScanState *state, const ItemPointerData *tid)
{
	/* Methods may return more than is in the TID set. */
	if (state->filter.tids != NULL && !mv_tid_set_has(state->filter.tids, tid))
		return false;
	return state->nsorted == 0 || bsearch(tid, state->seen, state->nsorted,
										  sizeof(ItemPointerData), compare_tids) == NULL;
}

static bool
next_found(MvScanState *state, MvFound *found)
{
	return state->ranks_few ? mv_few_next(state->few, found) :
		state->method->search_next(state->search, found);
}

/* The search's next row. */
static bool
search_next(MvScanState *state, MvFound *found)
{
	do
	{
		if (state->ask != NULL && state->ask(state->ask_arg, state->found))
			start_over(state);
		if (!next_found(state, found))
			return false;
	} while (!is_wanted(state, &found->tid));
	state->found++;
	if (state->ask != NULL)
		remember(state, &found->tid);
	return true;
}

/* Rows between two looks at the memory in use. */
#define MEMORY_ROWS 256

/* Has the scan reached a limit? */
static bool
at_limit(const MvScanState *state)
{
	const MvScanLimits *limits = &state->limits;

	if (state->rows < limits->first_rows)
		return false;
	return (limits->rows > 0 && state->rows >= limits->rows) ||
		(limits->memory > 0 && fmod(state->rows, MEMORY_ROWS) == 0 &&
		 MemoryContextMemAllocated(state->context, true) > limits->memory);
}

/*
 * Beside limits->ahead: order is harder to come by the farther rows are.  Rows at hand
 * may take half as much again as the limit that the search has.
 */
#define AHEAD_SHARE 0.5

/* Have enough rows of the search at hand. */
static void
read_ahead(MvScanState *state)
{
	double		ahead = Max(state->limits.ahead, AHEAD_SHARE * state->rows);
	MvFound		found;

	if (state->limits.memory > 0)
		ahead = Min(ahead, (double) state->limits.memory / 2 / sizeof(HeldRow));
	while (state->nheld <= ahead && !at_limit(state) &&
		   search_next(state, &found))
	{
		HeldRow    *row = MemoryContextAlloc(state->held_context, sizeof(HeldRow));

		row->found = found;
		pairingheap_add(state->held, &row->node);
		state->nheld++;
		state->rows++;
	}
}

/* The nearest of the rows at hand, but for those that come too late. */
static bool
nearest_held(MvScanState *state, MvFound *found)
{
	for (;;)
	{
		HeldRow    *row;

		read_ahead(state);
		if (pairingheap_is_empty(state->held))
			return false;
		row = pairingheap_container(HeldRow, node, pairingheap_remove_first(state->held));
		*found = row->found;
		pfree(row);
		state->nheld--;
		if (state->limits.ascending && found->distance < state->last)
			continue;
		state->last = Max(state->last, found->distance);
		return true;
	}
}

static bool
next_row(MvScanState *state, MvFound *found)
{
	if (state->limits.ahead > 0)
		return nearest_held(state, found);
	return search_next(state, found);
}

/*
 * So many rows in a row that are beyond the distance end a scan: rows whose codes make
 * them look farther than they are come late.
 */
#define BEYOND_ROWS 64
#define BEYOND_SHARE 0.1

static bool
next_within(MvScanState *state, MvFound *found)
{
	int			beyond = 0;

	while (beyond < BEYOND_ROWS + BEYOND_SHARE * state->inside && next_row(state, found))
	{
		if (found->distance <= state->within)
		{
			state->inside++;
			return true;
		}
		beyond++;
	}
	return false;
}

bool
mv_am_gettuple(IndexScanDesc scan, ScanDirection direction)
{
	MvScanState  *state = scan->opaque;
	MvFound    *found = &state->last_found;
	uint64		before = mv_counters_pages_read();
	bool		any;

	Assert(ScanDirectionIsForward(direction));
	if (!state->started)
		start(scan, state);
	any = state->within < INFINITY ? next_within(state, found) : next_row(state, found);
	mv_last_scan.pages += mv_counters_pages_read() - before;
	if (!any)
		return false;
	mv_last_scan.rows++;
	scan->xs_heaptid = found->tid;
	scan->xs_recheck = state->recheck || state->ranks_few;
	scan->xs_recheckorderby = !found->estimated && !state->leave_order;
	scan->xs_orderbyvals[0] = Float8GetDatum(found->distance);
	scan->xs_orderbynulls[0] = false;
	return true;
}

void
mv_am_endscan(IndexScanDesc scan)
{
	MvScanState  *state = scan->opaque;

	if (state->search != NULL)
		state->method->search_end(state->search);
	if (state->few != NULL)
		mv_few_end(state->few);
	MemoryContextDelete(state->context);
	MemoryContextDelete(state->held_context);
	MemoryContextDelete(state->filter_context);
	pfree(state);
	scan->opaque = NULL;
}
