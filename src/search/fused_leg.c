/*
 * fused_leg.c -- legs of a Fused Scan: rows in the order of a value, to a depth.
 *
 * Rows are found again by ctid.  A vector index of ours returns them a little out of
 * order, so somewhat more are read than count, and all are sorted, rows of equal
 * value by their table's OID and their ctid.
 */
#include "postgres.h"

#include <math.h>

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "compat.h"
#include "search/fused_run.h"
#include "search/ranked.h"

void
mv_leg_begin(MvFusedScan *scan, int number, EState *estate, int eflags)
{
	PlanState  *parent = &scan->css.ss.ps;
	MvLeg	   *leg = &scan->legs[number];

	leg->number = number;
	leg->plan = &scan->plan.legs[number];
	leg->state = ExecInitNode(list_nth(scan->plan.plans, number), estate, eflags);
	leg->missing = ExecInitExpr(leg->plan->missing, parent);
	leg->lookup = ExecInitExpr(leg->plan->lookup, parent);
	leg->operand = ExecInitExpr(leg->plan->operand, parent);
	leg->query = ExecInitExpr(leg->plan->query, parent);
	leg->depth = ExecInitExpr(leg->plan->depth, parent);
}

/*
 * Rows that are read for a depth; of text, whose order is exact, one more, to see whether
 * there are rows of the same value.
 */
static double
rows_read(const MvLeg *leg, double depth)
{
	return leg->plan->kind == MV_LEG_TEXT ? depth + 1 : depth + ceil(depth / 8) + 8;
}

static double
own_depth(MvFusedScan *scan, const MvLeg *leg)
{
	bool		isnull;
	int32		depth;

	if (leg->depth == NULL)
		return INFINITY;
	depth = DatumGetInt32(ExecEvalExprSwitchContext(leg->depth, scan->css.ss.ps.ps_ExprContext,
													&isnull));
	if (isnull)
		return INFINITY;
	if (depth < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("depth of leg() is %d, must be 1 or more", depth)));
	return depth;
}

static double
depth_of(const MvFusedScan *scan, const MvLeg *leg)
{
	return isinf(leg->limit) ? scan->depth : leg->limit;
}

void
mv_leg_start(MvFusedScan *scan, MvLeg *leg)
{
	leg->limit = own_depth(scan, leg);
	leg->no_query = false;
	if (leg->query != NULL)
		ExecEvalExprSwitchContext(leg->query, scan->css.ss.ps.ps_ExprContext, &leg->no_query);
	mv_ranked_expect(leg->state, rows_read(leg, depth_of(scan, leg)), scan->filters);
}

void
mv_leg_forget(MvLeg *leg)
{
	leg->rows = NULL;
	leg->n = leg->max = 0;
	leg->ended = false;
}

/*
 * By its ctid a row is known again.  In some releases of PostgreSQL an Index Scan
 * that had to correct the order of its rows gives them none.
 */
static MvRowId
slot_row_id(const MvFusedScan *scan, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		table = slot_getattr(slot, scan->plan.ncolumns + 2, &isnull);
	Datum		tid = slot_getattr(slot, scan->plan.ncolumns + 1, &isnull);

	if (isnull || !ItemPointerIsValid((ItemPointer) DatumGetPointer(tid)))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("an index returned rows without ctid to a Fused Scan"),
						errhint("Update PostgreSQL, or set enable_indexscan to off.")));
	return (MvRowId){DatumGetObjectId(table), *(ItemPointer) DatumGetPointer(tid)};
}

MvFusedRow *
mv_leg_row(MvFusedScan *scan, TupleTableSlot *slot, bool make)
{
	MvRowId		id = slot_row_id(scan, slot);
	MemoryContext old;
	MvFusedRow *row;
	bool		found;

	if (!make)
		return hash_search(scan->rows, &id, HASH_FIND, NULL);
	row = hash_search(scan->rows, &id, HASH_ENTER, &found);
	if (found)
		return row;
	memset((char *) row + MV_ROW_ID_SIZE, 0, sizeof(*row) - MV_ROW_ID_SIZE);
	old = MemoryContextSwitchTo(scan->context);
	row->tuple = ExecCopySlotMinimalTuple(slot);
	MemoryContextSwitchTo(old);
	return row;
}

/* Take the next row; false if there is none. */
static bool
pull(MvFusedScan *scan, MvLeg *leg)
{
	TupleTableSlot *slot = ExecProcNode(leg->state);
	bool		isnull = true;
	double		value = 0;

	if (!TupIsNull(slot))
		value = DatumGetFloat8(slot_getattr(slot, leg->plan->value, &isnull));
	if (isnull || (leg->plan->kind == MV_LEG_TEXT && value >= 0))
	{
		leg->ended = true;
		return false;
	}
	if (leg->n == leg->max)
	{
		leg->max = Max(leg->max * 2, 128);
		leg->rows = leg->rows == NULL ?
			MemoryContextAlloc(scan->context, sizeof(MvLegRow) * leg->max) :
			repalloc_huge(leg->rows, sizeof(MvLegRow) * (Size) leg->max);
	}
	leg->rows[leg->n++] = (MvLegRow){value, mv_leg_row(scan, slot, true)};
	return true;
}

/* Numbers before NaN. */
static int
compare_rows(const void *a, const void *b)
{
	const MvLegRow *x = a;
	const MvLegRow *y = b;
	int			order = float8_cmp_internal(x->value, y->value);

	return order != 0 ? order : mv_row_id_compare(&x->row->id, &y->row->id);
}

/* Beyond the depth, and on among rows of the same value, twice as many at most. */
void
mv_leg_read(MvFusedScan *scan, MvLeg *leg)
{
	bool		whole = leg->plan->whole && scan->ranker->by_value;
	double		least = whole ? INFINITY : rows_read(leg, depth_of(scan, leg));
	double		most = 2 * least;

	if (leg->ended)
		return;
	while (leg->n < least && pull(scan, leg))
		CHECK_FOR_INTERRUPTS();
	while (!leg->ended && leg->n < most && leg->n >= 2 &&
		   leg->rows[leg->n - 1].value == leg->rows[leg->n - 2].value && pull(scan, leg))
		CHECK_FOR_INTERRUPTS();
	qsort(leg->rows, leg->n, sizeof(MvLegRow), compare_rows);
}

int
mv_leg_ranks(const MvFusedScan *scan, const MvLeg *leg)
{
	double		most = scan->ranker->by_value ? leg->limit : depth_of(scan, leg);

	return (int) Min(leg->n, most);
}

bool
mv_leg_is_read(const MvFusedScan *scan, const MvLeg *leg)
{
	int			n = mv_leg_ranks(scan, leg);

	return n >= leg->limit || (leg->ended && n == leg->n) || !scan->ranker->deepens;
}

/* ---- values of rows that the leg does not rank ---- */

static int
compare_ids(const void *a, const void *b)
{
	return mv_row_id_compare(&(*(MvFusedRow *const *) a)->id, &(*(MvFusedRow *const *) b)->id);
}

/* Have the leg's index tell the values of some rows of one table, [n] in order. */
static void
ask_index(const MvLeg *leg, MvFusedRow **rows, int n)
{
	uint32		bit = 1u << leg->number;
	ItemPointerData *tids = palloc(sizeof(ItemPointerData) * n);
	double	   *scores = palloc(sizeof(double) * n);

	for (int i = 0; i < n; i++)
		tids[i] = rows[i]->id.tid;
	mv_ranked_scores(leg->state, rows[0]->id.table, tids, n, scores);
	for (int i = 0; i < n; i++)
	{
		rows[i]->asked |= bit;
		if (scores[i] < 0)
			continue;
		rows[i]->told |= bit;
		rows[i]->values[leg->number] = 0 - scores[i];
	}
	pfree(tids);
	pfree(scores);
}

/*
 * All rows at once, when the text of the first of them would have to be analysed: that takes
 * longer than a search for all.
 */
static void
ask_indexes(MvFusedScan *scan, const MvLeg *leg)
{
	uint32		bit = 1u << leg->number;
	MvFusedRow **rows = palloc(sizeof(MvFusedRow *) * hash_get_num_entries(scan->rows));
	HASH_SEQ_STATUS all;
	MvFusedRow *row;
	int			n = 0;

	hash_seq_init(&all, scan->rows);
	while ((row = hash_seq_search(&all)) != NULL)
		if (!((row->known | row->asked) & bit))
			rows[n++] = row;
	qsort(rows, n, sizeof(MvFusedRow *), compare_ids);
	for (int from = 0, end; from < n; from = end)
	{
		for (end = from; end < n && rows[end]->id.table == rows[from]->id.table; end++)
			;
		ask_index(leg, rows + from, end - from);
	}
	pfree(rows);
}

/* The value of text, by other means than the text: false if there are none. */
static bool
text_value(MvFusedScan *scan, const MvLeg *leg, MvFusedRow *row, double *value)
{
	uint32		bit = 1u << leg->number;

	/* Where all that match are ranked, the others have the value 0. */
	*value = 0;
	if (leg->ended && mv_leg_ranks(scan, leg) == leg->n)
		return true;
	if (!(row->asked & bit))
		ask_indexes(scan, leg);
	if (!(row->told & bit))
		return false;
	scan->told++;
	*value = row->values[leg->number];
	return true;
}

static Datum
compute(MvFusedScan *scan, const MvLeg *leg, MvFusedRow *row, bool *isnull)
{
	ExprContext *context = scan->css.ss.ps.ps_ExprContext;
	double		value;

	if (leg->plan->kind == MV_LEG_TEXT && text_value(scan, leg, row, &value))
	{
		ExecEvalExprSwitchContext(leg->operand, context, isnull);
		*isnull |= leg->no_query;
		return Float8GetDatum(value);
	}
	scan->computed++;
	return ExecEvalExprSwitchContext(leg->lookup ? leg->lookup : leg->missing, context, isnull);
}

void
mv_leg_look_up(MvFusedScan *scan, const MvLeg *leg, MvFusedRow *row)
{
	uint32		bit = 1u << leg->number;
	bool		isnull = true;
	Datum		value = 0;

	/* A row beyond a depth of its own is none of the leg's. */
	if (isinf(leg->limit))
		value = compute(scan, leg, row, &isnull);
	row->known |= bit;
	row->nulls = isnull ? row->nulls | bit : row->nulls & ~bit;
	row->values[leg->number] = isnull ? 0 : DatumGetFloat8(value);
}

Datum
mv_leg_value(MvFusedScan *scan, const MvLeg *leg, MvFusedRow *row, bool *isnull)
{
	uint32		bit = 1u << leg->number;

	*isnull = false;
	if ((row->known & bit) && !(row->nulls & bit))
		return Float8GetDatum(row->values[leg->number]);
	if (leg->lookup == NULL)
		return compute(scan, leg, row, isnull);
	return ExecEvalExprSwitchContext(leg->missing, scan->css.ss.ps.ps_ExprContext, isnull);
}
