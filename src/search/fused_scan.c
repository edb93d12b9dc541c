/*
 * fused_scan.c -- the node Fused Scan at run time: reciprocal rank fusion.
 *
 * score = - sum over the legs of weight / (k + rank)
 * (Cormack, Clarke, Buettcher, SIGIR 2009), rank being the row's place in the leg,
 * from 1, rows of equal value in the order of their ctid.  Only the first `depth`
 * rows of a leg count: milvus.hybrid_depth, or as many as are wanted if these are
 * more.  Of a text search only rows that match have a rank.
 *
 * The legs are read to that depth, rows are found again by ctid, and the best are
 * returned first.  When all have been returned and more are asked for, the legs are
 * read on to twice the depth; rows that were returned stay where they were.  At
 * last come those that no leg ranks, with score 0.
 *
 * With milvus.hybrid_exact the legs are read on until nothing that is still unread
 * can change the rows wanted or their scores.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "compat.h"
#include "guc.h"
#include "search/fused.h"
#include "search/ranked.h"

/* A row that some leg has returned. */
typedef struct FusedRow
{
	ItemPointerData tid;		/* the key */
	MinimalTuple tuple;			/* of the leg that it came from first */
	double		score;			/* positive: the more the better */
	uint32		legs;			/* that have it within their depth, a bit each */
	bool		returned;
	double		values[MV_MAX_LEGS];	/* of the legs that have it */
} FusedRow;

typedef struct LegRow
{
	double		value;
	FusedRow   *row;
} LegRow;

typedef struct Leg
{
	const MvFusedLeg *plan;
	PlanState  *state;
	ExprState  *missing;
	double		weight;
	LegRow	   *rows;			/* [n], ranked */
	int			n;
	int			max;			/* allocated */
	bool		ended;			/* there are no more */
} Leg;

typedef struct FusedScan
{
	CustomScanState css;
	MvFusedPlan plan;
	Leg			legs[MV_MAX_LEGS];
	PlanState  *rest;			/* returns all rows */
	ExprState  *k_expr;
	ExprState  *weights_expr;
	List	   *limit;			/* of ExprState */
	TupleTableSlot *columns;	/* what a leg returns, for tuples kept */

	MemoryContext context;		/* of what follows, a run's */
	HTAB	   *rows;			/* FusedRow by ctid; NULL: not begun */
	double		k;
	double		wanted;			/* rows; 0: unknown */
	double		depth;
	FusedRow  **ranked;			/* [nranked], not yet returned, best first */
	int			nranked;
	int			next;			/* of them, to be returned */
	bool		proven;			/* nothing unread can change the rows wanted */
} FusedScan;

/* ---- plan to and fro ---- */

void
mv_fused_put(CustomScan *node, const MvFusedPlan *plan)
{
	List	   *numbers = list_make2_int(plan->ncolumns, plan->exact);
	List	   *missing = NIL;

	for (int i = 0; i < plan->nlegs; i++)
	{
		const MvFusedLeg *leg = &plan->legs[i];

		numbers = lappend_int(numbers, leg->argument);
		numbers = lappend_int(numbers, leg->value);
		numbers = lappend_int(numbers, leg->matches);
		numbers = lappend_int(numbers, leg->column);
		missing = lappend(missing, leg->missing);
	}
	node->custom_plans = plan->plans;
	node->custom_exprs = list_concat(list_make2(plan->k, plan->weights), plan->limit);
	node->custom_private = list_make2(numbers, missing);
	node->methods = &mv_fused_scan_methods;
}

void
mv_fused_get(const CustomScan *node, MvFusedPlan *plan)
{
	List	   *numbers = linitial(node->custom_private);
	List	   *missing = lsecond(node->custom_private);
	int			at = 0;

	plan->plans = node->custom_plans;
	plan->nlegs = list_length(missing);
	plan->ncolumns = list_nth_int(numbers, at++);
	plan->exact = list_nth_int(numbers, at++);
	for (int i = 0; i < plan->nlegs; i++)
	{
		MvFusedLeg *leg = &plan->legs[i];

		leg->argument = list_nth_int(numbers, at++);
		leg->value = list_nth_int(numbers, at++);
		leg->matches = list_nth_int(numbers, at++);
		leg->column = list_nth_int(numbers, at++);
		leg->missing = list_nth(missing, i);
	}
	plan->k = linitial(node->custom_exprs);
	plan->weights = lsecond(node->custom_exprs);
	plan->limit = list_copy_tail(node->custom_exprs, 2);
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	FusedScan  *scan = (FusedScan *) node;
	PlanState  *parent = &node->ss.ps;
	TupleDesc	columns;

	mv_fused_get((CustomScan *) node->ss.ps.plan, &scan->plan);
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		Leg		   *leg = &scan->legs[i];

		leg->plan = &scan->plan.legs[i];
		leg->state = ExecInitNode(list_nth(scan->plan.plans, i), estate, eflags);
		leg->missing = ExecInitExpr(leg->plan->missing, parent);
		node->custom_ps = lappend(node->custom_ps, leg->state);
	}
	scan->rest = ExecInitNode(llast(scan->plan.plans), estate, eflags);
	node->custom_ps = lappend(node->custom_ps, scan->rest);
	scan->k_expr = ExecInitExpr(scan->plan.k, parent);
	scan->weights_expr = ExecInitExpr(scan->plan.weights, parent);
	scan->limit = ExecInitExprList(scan->plan.limit, parent);
	columns = ExecTypeFromTL(((CustomScan *) parent->plan)->custom_scan_tlist);
	scan->columns = ExecInitExtraTupleSlot(estate, columns, &TTSOpsMinimalTuple);
	scan->context =
		AllocSetContextCreate(CurrentMemoryContext, "fused scan", ALLOCSET_DEFAULT_SIZES);
}

/* ---- parameters ---- */

static void
set_k(FusedScan *scan)
{
	bool		isnull;
	Datum		k = ExecEvalExprSwitchContext(scan->k_expr, scan->css.ss.ps.ps_ExprContext,
											  &isnull);

	scan->k = isnull ? -1 : DatumGetInt32(k);
	if (scan->k < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("k of rrf() must be 0 or more")));
}

static void
set_weights(FusedScan *scan)
{
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(scan->weights_expr,
												  scan->css.ss.ps.ps_ExprContext, &isnull);
	ArrayType  *weights = isnull ? NULL : DatumGetArrayTypeP(value);
	int			last = scan->plan.legs[scan->plan.nlegs - 1].argument;
	double	   *weight;

	for (int i = 0; i < scan->plan.nlegs; i++)
		scan->legs[i].weight = 1;
	if (weights == NULL)
		return;
	if (ARR_NDIM(weights) != 1 || ARR_HASNULL(weights) || ARR_DIMS(weights)[0] <= last ||
		ARR_DIMS(weights)[0] > MV_MAX_LEGS)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("weights of rrf() must be one number for each leg")));
	weight = (double *) ARR_DATA_PTR(weights);
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		Leg		   *leg = &scan->legs[i];

		leg->weight = weight[leg->plan->argument];
		if (!(leg->weight >= 0) || isinf(leg->weight))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("weight %d of rrf() is %g, must be a number from 0 on",
								   leg->plan->argument + 1, leg->weight)));
	}
}

/* ---- legs ---- */

/*
 * By its ctid a row is known again.  In some releases of PostgreSQL an Index Scan
 * that had to correct the order of its rows gives them none.
 */
static ItemPointer
slot_tid(const FusedScan *scan, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		tid = slot_getattr(slot, scan->plan.ncolumns + 1, &isnull);

	if (isnull || !ItemPointerIsValid((ItemPointer) DatumGetPointer(tid)))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("an index returned rows without ctid to rrf()"),
						errhint("Update PostgreSQL, or set enable_indexscan to off.")));
	return (ItemPointer) DatumGetPointer(tid);
}

/* The row of a slot, new or known. */
static FusedRow *
find_row(FusedScan *scan, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	bool		found;
	FusedRow   *row = hash_search(scan->rows, slot_tid(scan, slot), HASH_ENTER, &found);

	if (!found)
	{
		row->tuple = ExecCopySlotMinimalTuple(slot);
		row->returned = false;
	}
	MemoryContextSwitchTo(old);
	return row;
}

/* Take the next row of a leg; false if there is none. */
static bool
pull(FusedScan *scan, Leg *leg)
{
	TupleTableSlot *slot = ExecProcNode(leg->state);
	bool		isnull = true;
	Datum		value = 0;
	LegRow	   *row;

	if (!TupIsNull(slot))
		value = slot_getattr(slot, leg->plan->value, &isnull);
	if (isnull || (leg->plan->matches && DatumGetFloat8(value) >= 0))
	{
		leg->ended = true;
		return false;
	}
	if (leg->n == leg->max)
	{
		leg->max = Max(leg->max * 2, 128);
		leg->rows = leg->rows == NULL ?
			MemoryContextAlloc(scan->context, sizeof(LegRow) * leg->max) :
			repalloc_huge(leg->rows, sizeof(LegRow) * (Size) leg->max);
	}
	row = &leg->rows[leg->n++];
	row->value = DatumGetFloat8(value);
	row->row = find_row(scan, slot);
	row->row->values[leg - scan->legs] = row->value;
	return true;
}

static int
compare_leg_rows(const void *a, const void *b)
{
	const LegRow *x = a;
	const LegRow *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return ItemPointerCompare(&x->row->tid, &y->row->tid);
}

/* Rows of a leg that are read for a depth: an index returns them a little out of order. */
static double
rows_read(double depth)
{
	return depth + ceil(depth / 8) + 8;
}

/*
 * Read a leg beyond the depth, and on among rows of the same value, twice as many at
 * most; sort them.
 */
static void
read_leg(FusedScan *scan, Leg *leg)
{
	double		least = rows_read(scan->depth);
	double		most = 2 * least;

	if (leg->ended)
		return;
	while (leg->n < least && pull(scan, leg))
		CHECK_FOR_INTERRUPTS();
	while (!leg->ended && leg->n < most && leg->n >= 2 &&
		   leg->rows[leg->n - 1].value == leg->rows[leg->n - 2].value && pull(scan, leg))
		CHECK_FOR_INTERRUPTS();
	qsort(leg->rows, leg->n, sizeof(LegRow), compare_leg_rows);
}

/* Rows of a leg that have a rank. */
static int
leg_depth(const FusedScan *scan, const Leg *leg)
{
	return (int) Min(leg->n, scan->depth);
}

/* ---- fusion ---- */

/* What a row gets of a leg for its rank, from 1. */
static double
points(const FusedScan *scan, const Leg *leg, int rank)
{
	return leg->weight / (scan->k + rank);
}

static int
compare_rows(const void *a, const void *b)
{
	FusedRow   *x = *(FusedRow *const *) a;
	FusedRow   *y = *(FusedRow *const *) b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return ItemPointerCompare(&x->tid, &y->tid);
}

/* Give all rows their scores, and put those that are still to be returned in order. */
static void
rank_rows(FusedScan *scan)
{
	HASH_SEQ_STATUS all;
	FusedRow   *row;

	hash_seq_init(&all, scan->rows);
	while ((row = hash_seq_search(&all)) != NULL)
	{
		row->score = 0;
		row->legs = 0;
	}
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		Leg		   *leg = &scan->legs[i];
		int			n = leg_depth(scan, leg);

		for (int j = 0; j < n; j++)
		{
			leg->rows[j].row->score += points(scan, leg, j + 1);
			leg->rows[j].row->legs |= 1u << i;
		}
	}
	if (scan->ranked != NULL)
		pfree(scan->ranked);
	scan->ranked =
		MemoryContextAllocHuge(scan->context,
							   sizeof(FusedRow *) * (hash_get_num_entries(scan->rows) + 1));
	scan->nranked = scan->next = 0;
	hash_seq_init(&all, scan->rows);
	while ((row = hash_seq_search(&all)) != NULL)
		if (!row->returned && row->legs != 0)
			scan->ranked[scan->nranked++] = row;
	qsort(scan->ranked, scan->nranked, sizeof(FusedRow *), compare_rows);
}

/* What a row may still get of the legs that do not have it. */
static double
still_possible(const FusedScan *scan, uint32 legs)
{
	double		sum = 0;

	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const Leg  *leg = &scan->legs[i];
		int			n = leg_depth(scan, leg);

		if (!(legs & 1u << i) && !(leg->ended && n == leg->n))
			sum += points(scan, leg, n + 1);
	}
	return sum;
}

/*
 * Are the rows wanted, their order and their scores what they would be if all legs
 * were read to the end?
 */
static bool
is_proven(const FusedScan *scan)
{
	int			n = (int) Min(scan->wanted > 0 ? scan->wanted : scan->depth, scan->nranked);
	double		least = n > 0 ? scan->ranked[n - 1]->score : 0;

	if (still_possible(scan, 0) == 0)
		return true;
	if (scan->nranked < (scan->wanted > 0 ? scan->wanted : scan->depth) ||
		still_possible(scan, 0) >= least)
		return false;
	for (int i = 0; i < scan->nranked; i++)
	{
		const FusedRow *row = scan->ranked[i];
		double		more = still_possible(scan, row->legs);

		if (more > 0 && (i < n || row->score + more >= least))
			return false;
	}
	return true;
}

static bool
all_read(const FusedScan *scan)
{
	for (int i = 0; i < scan->plan.nlegs; i++)
		if (!scan->legs[i].ended || scan->legs[i].n > scan->depth)
			return false;
	return true;
}

/* Read all legs to the depth, and on if the result is to be proven. */
static void
fuse(FusedScan *scan)
{
	for (;; scan->depth *= 2)
	{
		for (int i = 0; i < scan->plan.nlegs; i++)
			read_leg(scan, &scan->legs[i]);
		rank_rows(scan);
		scan->proven = is_proven(scan);
		if (scan->proven || !scan->plan.exact || all_read(scan))
			break;
	}
}

static void
start(FusedScan *scan)
{
	HASHCTL		control = {
		.keysize = sizeof(ItemPointerData), .entrysize = sizeof(FusedRow), .hcxt = scan->context
	};

	set_k(scan);
	set_weights(scan);
	scan->wanted = mv_rows_wanted(scan->limit, scan->css.ss.ps.ps_ExprContext);
	scan->depth = Max(mv_hybrid_depth, scan->wanted);
	scan->rows = hash_create("rows of a fused scan", 256, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < scan->plan.nlegs; i++)
		mv_ranked_expect(scan->legs[i].state, rows_read(scan->depth));
	fuse(scan);
}

/* ---- rows ---- */

/* The next row by score; NULL: all rows that any leg has were returned. */
static FusedRow *
next_ranked(FusedScan *scan)
{
	while (scan->next == scan->nranked)
	{
		if (all_read(scan))
			return NULL;
		scan->depth *= 2;
		fuse(scan);
	}
	scan->ranked[scan->next]->returned = true;
	return scan->ranked[scan->next++];
}

/* The next row that no leg has; an empty slot: there is none. */
static TupleTableSlot *
next_unranked(FusedScan *scan)
{
	TupleTableSlot *slot;

	do
	{
		CHECK_FOR_INTERRUPTS();
		slot = ExecProcNode(scan->rest);
	} while (!TupIsNull(slot) &&
			 hash_search(scan->rows, slot_tid(scan, slot), HASH_FIND, NULL) != NULL);
	return slot;
}

/*
 * The row in the node's slot: its columns, its score, values of legs that are asked
 * for.  columns: a slot with those of the table first.
 */
static void
store_row(FusedScan *scan, const FusedRow *row, TupleTableSlot *columns, TupleTableSlot *slot)
{
	ExprContext *context = scan->css.ss.ps.ps_ExprContext;
	int			n = scan->plan.ncolumns;

	slot_getsomeattrs(columns, n);
	memcpy(slot->tts_values, columns->tts_values, sizeof(Datum) * n);
	memcpy(slot->tts_isnull, columns->tts_isnull, sizeof(bool) * n);
	memset(slot->tts_isnull + n, true, slot->tts_tupleDescriptor->natts - n);
	slot->tts_values[n] = Float8GetDatum(-row->score);
	slot->tts_isnull[n] = false;
	ExecStoreVirtualTuple(slot);
	context->ecxt_scantuple = slot;
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const Leg  *leg = &scan->legs[i];
		int			column = leg->plan->column - 1;

		if (column < 0)
			continue;
		slot->tts_isnull[column] = false;
		if (row->legs & 1u << i)
			slot->tts_values[column] = Float8GetDatum(row->values[i]);
		else
			slot->tts_values[column] = ExecEvalExprSwitchContext(leg->missing, context,
																 &slot->tts_isnull[column]);
	}
}

static TupleTableSlot *
next(CustomScanState *node)
{
	static const FusedRow unranked;
	FusedScan  *scan = (FusedScan *) node;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	const FusedRow *row;
	TupleTableSlot *columns = scan->columns;

	ResetExprContext(node->ss.ps.ps_ExprContext);
	ExecClearTuple(slot);
	if (scan->rows == NULL)
		start(scan);
	row = next_ranked(scan);
	if (row != NULL)
		ExecForceStoreMinimalTuple(row->tuple, columns, false);
	else
	{
		row = &unranked;
		columns = next_unranked(scan);
		if (TupIsNull(columns))
			return slot;
	}
	store_row(scan, row, columns, slot);
	if (node->ss.ps.ps_ProjInfo == NULL)
		return slot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

static void
forget(FusedScan *scan)
{
	ExecClearTuple(scan->columns);
	MemoryContextReset(scan->context);
	scan->rows = NULL;
	scan->ranked = NULL;
	scan->nranked = scan->next = 0;
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		Leg		   *leg = &scan->legs[i];

		leg->rows = NULL;
		leg->n = leg->max = 0;
		leg->ended = false;
	}
}

static void
end(CustomScanState *node)
{
	ListCell   *lc;

	forget((FusedScan *) node);
	foreach(lc, node->custom_ps)
		ExecEndNode(lfirst(lc));
}

static void
rescan(CustomScanState *node)
{
	ListCell   *lc;

	forget((FusedScan *) node);
	foreach(lc, node->custom_ps)
	{
		PlanState  *state = lfirst(lc);

		if (node->ss.ps.chgParam != NULL)
			UpdateChangedParamSet(state, node->ss.ps.chgParam);
		if (state->chgParam == NULL)
			ExecReScan(state);
	}
}

static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	FusedScan  *scan = (FusedScan *) node;

	if (!es->analyze || scan->rows == NULL)
		return;
	ExplainPropertyFloat("Depth", NULL, scan->depth, 0, es);
	ExplainPropertyInteger("Rows Fused", NULL, hash_get_num_entries(scan->rows), es);
	ExplainPropertyBool("Proven", scan->proven, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "Fused Scan",
	.BeginCustomScan = begin,
	.ExecCustomScan = next,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain,
};

static Node *
create_state(CustomScan *plan)
{
	FusedScan  *scan = palloc0(sizeof(FusedScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

const CustomScanMethods mv_fused_scan_methods = {
	.CustomName = "Fused Scan",
	.CreateCustomScanState = create_state,
};
