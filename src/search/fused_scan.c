/*
 * fused_scan.c -- the node Fused Scan at run time.
 *
 * The legs are read to the first depth, milvus.hybrid_depth, or as many rows as are
 * wanted if these are more; rows are found again by ctid, and the best by what a
 * ranker says of them are returned first.  When all have been returned and more are
 * asked for, the legs are read on to twice the depth; rows that were returned stay
 * where they were.  Then come the rows that no leg ranks, and at last those without
 * a score.
 *
 * With milvus.hybrid_exact, and for sums, which any plan could compute, the legs are
 * read on until nothing that is still unread can change the rows wanted or their
 * scores.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "guc.h"
#include "search/fused_run.h"
#include "search/ranked.h"

/* ---- reading ---- */

/* Bitmaps that several legs begin with; they run when one of these asks first. */
static void
begin_filters(MvFusedScan *scan, EState *estate, int eflags)
{
	int			first = scan->plan.nlegs + 1;
	int			n = list_length(scan->plan.plans) - first;

	scan->filters = palloc(sizeof(MvTidFilter) * n);
	for (int i = 0; i < n; i++)
	{
		PlanState  *bitmap = ExecInitNode(list_nth(scan->plan.plans, first + i), estate, eflags);

		mv_tid_filter_begin(&scan->filters[i], bitmap);
		scan->css.custom_ps = lappend(scan->css.custom_ps, bitmap);
	}
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	MvFusedScan *scan = (MvFusedScan *) node;
	PlanState  *parent = &node->ss.ps;
	TupleDesc	columns;

	mv_fused_get((CustomScan *) parent->plan, &scan->plan);
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		mv_leg_begin(scan, i, estate, eflags);
		node->custom_ps = lappend(node->custom_ps, scan->legs[i].state);
	}
	scan->rest = ExecInitNode(list_nth(scan->plan.plans, scan->plan.nlegs), estate, eflags);
	node->custom_ps = lappend(node->custom_ps, scan->rest);
	begin_filters(scan, estate, eflags);
	scan->params = ExecInitExprList(scan->plan.params, parent);
	scan->limit = ExecInitExprList(scan->plan.limit, parent);
	scan->score = ExecInitExpr(scan->plan.score, parent);
	scan->bounds = ExecInitQual(scan->plan.bounds, parent);
	if (scan->plan.group != NULL)
		scan->groups = mv_groups_begin(scan->plan.group, scan->plan.group_limit, parent);
	columns = ExecTypeFromTL(((CustomScan *) parent->plan)->custom_scan_tlist);
	scan->columns = ExecInitExtraTupleSlot(estate, columns, &TTSOpsMinimalTuple);
	scan->context =
		AllocSetContextCreate(CurrentMemoryContext, "fused scan", ALLOCSET_DEFAULT_SIZES);
}

/* Read all legs to the depth, and on if the result must be proven. */
static void
fuse(MvFusedScan *scan)
{
	for (;; scan->depth *= 2)
	{
		for (int i = 0; i < scan->plan.nlegs; i++)
			mv_leg_read(scan, &scan->legs[i]);
		mv_fused_rank(scan);
		if (scan->proven || !mv_fused_must_prove(scan) || mv_fused_all_read(scan))
			break;
	}
}

static void
start(MvFusedScan *scan)
{
	HASHCTL		control = {
		.keysize = MV_ROW_ID_SIZE, .entrysize = sizeof(MvFusedRow),
		.hcxt = scan->context
	};
	double		wanted = mv_rows_wanted(scan->limit, scan->css.ss.ps.ps_ExprContext);

	mv_ranker_start(scan);
	scan->depth = Max(mv_hybrid_depth, wanted);
	scan->batch = wanted > 0 ? wanted : scan->depth;
	scan->rows = hash_create("rows of a fused scan", 256, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	if (scan->groups != NULL)
		mv_groups_start(scan->groups, scan->context, scan->css.ss.ps.ps_ExprContext);
	for (int i = 0; i < scan->plan.nlegs; i++)
		mv_leg_start(scan, &scan->legs[i]);
	fuse(scan);
}

/* ---- rows ---- */

void
mv_fused_load(MvFusedScan *scan, TupleTableSlot *columns)
{
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	int			n = scan->plan.ncolumns;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);
	if (columns != NULL)
	{
		slot_getsomeattrs(columns, n);
		memcpy(slot->tts_values, columns->tts_values, sizeof(Datum) * n);
		memcpy(slot->tts_isnull, columns->tts_isnull, sizeof(bool) * n);
	}
	ExecStoreVirtualTuple(slot);
	scan->css.ss.ps.ps_ExprContext->ecxt_scantuple = slot;
}

/* The next row by score; NULL: there is none, or those left must wait, having none. */
static MvFusedRow *
next_ranked(MvFusedScan *scan)
{
	MvFusedRow *row;

	while (scan->next == scan->nranked || (scan->ranked[scan->next]->isnull && !scan->nulls))
	{
		bool		waits = scan->next < scan->nranked;

		scan->has_nulls |= waits;
		if (!waits && scan->left > 0)
			scan->batch *= 2;
		else if (mv_fused_all_read(scan))
			return NULL;
		else
			scan->depth *= 2;
		fuse(scan);
	}
	row = scan->ranked[scan->next++];
	row->returned = true;
	ExecForceStoreMinimalTuple(row->tuple, scan->columns, false);
	mv_fused_load(scan, scan->columns);
	return row;
}

/* The next row that no leg ranks and that has a score, or has none once these are returned. */
static bool
next_other(MvFusedScan *scan, MvFusedRow *row)
{
	TupleTableSlot *slot;

	while (slot = ExecProcNode(scan->rest), !TupIsNull(slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (mv_leg_row(scan, slot, false) != NULL)
			continue;
		ResetExprContext(scan->css.ss.ps.ps_ExprContext);
		mv_fused_load(scan, slot);
		mv_fused_rank_other(scan, row);
		if (row->isnull == scan->nulls)
			return true;
		scan->has_nulls = true;
	}
	return false;
}

/*
 * The next row; its columns of the table are in the node's slot.
 *
 * other	room for one that no leg ranks
 * returns	NULL if there are no more
 */
static MvFusedRow *
next_row(MvFusedScan *scan, MvFusedRow *other)
{
	MvFusedRow *row = next_ranked(scan);

	if (row != NULL)
		return row;
	if (next_other(scan, other))
		return other;
	if (scan->nulls || !scan->has_nulls)
		return NULL;
	scan->nulls = true;
	ExecReScan(scan->rest);
	return next_row(scan, other);
}

/* Its score, and values of legs that are asked for. */
static void
store_scores(MvFusedScan *scan, MvFusedRow *row)
{
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	int			score = scan->plan.ncolumns;
	int			fused = scan->plan.fused - 1;

	slot->tts_values[score] = Float8GetDatum(row->score);
	slot->tts_isnull[score] = row->isnull;
	if (fused >= 0)
	{
		slot->tts_values[fused] = Float8GetDatum(row->fused);
		slot->tts_isnull[fused] = false;
	}
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const MvLeg *leg = &scan->legs[i];
		int			column = leg->plan->column - 1;

		if (column >= 0)
			slot->tts_values[column] = mv_leg_value(scan, leg, row, &slot->tts_isnull[column]);
	}
}

static TupleTableSlot *
next(CustomScanState *node)
{
	MvFusedScan *scan = (MvFusedScan *) node;
	ExprContext *context = node->ss.ps.ps_ExprContext;
	MvFusedRow	other;
	MvFusedRow *row;

	if (scan->rows == NULL)
		start(scan);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(context);
		row = next_row(scan, &other);
		if (row == NULL)
			return ExecClearTuple(node->ss.ss_ScanTupleSlot);
		store_scores(scan, row);
		if (!ExecQual(node->ss.ps.qual, context))
		{
			InstrCountFiltered1(node, 1);
			if (!ExecQual(scan->bounds, context))
				return ExecClearTuple(node->ss.ss_ScanTupleSlot);
		}
		else if (scan->groups == NULL || mv_groups_admit(scan->groups, context))
			break;
	}
	if (node->ss.ps.ps_ProjInfo == NULL)
		return node->ss.ss_ScanTupleSlot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

static void
forget(MvFusedScan *scan)
{
	ExecClearTuple(scan->columns);
	MemoryContextReset(scan->context);
	scan->rows = NULL;
	scan->ranked = NULL;
	scan->nranked = scan->next = scan->left = 0;
	scan->nulls = scan->has_nulls = false;
	for (int i = 0; i < scan->plan.nlegs; i++)
		mv_leg_forget(&scan->legs[i]);
}

static void
end(CustomScanState *node)
{
	ListCell   *lc;

	forget((MvFusedScan *) node);
	foreach(lc, node->custom_ps)
		ExecEndNode(lfirst(lc));
}

static void
rescan(CustomScanState *node)
{
	ListCell   *lc;

	forget((MvFusedScan *) node);
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
	MvFusedScan *scan = (MvFusedScan *) node;

	if (!es->analyze || scan->rows == NULL)
		return;
	ExplainPropertyFloat("Depth", NULL, scan->depth, 0, es);
	ExplainPropertyInteger("Rows Fused", NULL, hash_get_num_entries(scan->rows), es);
	if (scan->ranker->by_value)
	{
		ExplainPropertyUInteger("Values Computed", NULL, scan->computed, es);
		ExplainPropertyUInteger("Values From Indexes", NULL, scan->told, es);
	}
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
	MvFusedScan *scan = palloc0(sizeof(MvFusedScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

const CustomScanMethods mv_fused_scan_methods = {
	.CustomName = "Fused Scan",
	.CreateCustomScanState = create_state,
};
