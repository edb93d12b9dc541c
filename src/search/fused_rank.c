/*
 * fused_rank.c -- the order of the rows of a Fused Scan: scores, and what rows that
 * no leg has returned so far may have.
 *
 * By place: each row that some leg ranks gets its score, all are sorted.  The result
 * is proven if no rank beyond the depth could change the rows wanted.
 *
 * By value: the threshold algorithm (Fagin, Lotem, Naor, PODS 2001).  A row that lacks
 * values has the least score that these can give it, for a leg's rows come in order;
 * the rest is computed for a row when it comes first by that.  What is then first of
 * all is proven if no unread row can be before it.
 */
#include "postgres.h"

#include <math.h>

#include "executor/executor.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "compat.h"
#include "search/fused_run.h"

bool
mv_fused_all_read(const MvFusedScan *scan)
{
	for (int i = 0; i < scan->plan.nlegs; i++)
		if (!mv_leg_is_read(scan, &scan->legs[i]))
			return false;
	return true;
}

bool
mv_fused_must_prove(const MvFusedScan *scan)
{
	return scan->plan.exact || scan->plan.ranker == MV_RANK_SUM;
}

/* Rows without a score last, rows of the same score in the order of table and ctid. */
static int
compare_rows(MvFusedRow *x, MvFusedRow *y)
{
	int			order = (int) x->isnull - (int) y->isnull;

	if (order == 0 && !x->isnull)
		order = float8_cmp_internal(x->score, y->score);
	/* What is not final may come to be less. */
	if (order == 0)
		order = (int) x->complete - (int) y->complete;
	return order != 0 ? order : mv_row_id_compare(&x->id, &y->id);
}

static void
load(MvFusedScan *scan, const MvFusedRow *row)
{
	ResetExprContext(scan->css.ss.ps.ps_ExprContext);
	ExecForceStoreMinimalTuple(row->tuple, scan->columns, false);
	mv_fused_load(scan, scan->columns);
}

/* The score by what the ranker says, and by the columns that are in the node's slot. */
static double
score_of(MvFusedScan *scan, double fused, bool *isnull)
{
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	double		score;

	*isnull = false;
	if (scan->score == NULL)
		return fused;
	if (scan->plan.fused > 0)
	{
		slot->tts_values[scan->plan.fused - 1] = Float8GetDatum(fused);
		slot->tts_isnull[scan->plan.fused - 1] = false;
	}
	score = DatumGetFloat8(ExecEvalExprSwitchContext(scan->score, scan->css.ss.ps.ps_ExprContext,
													 isnull));
	if (!*isnull && fused * score < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a score of %g times a factor is %g", fused, score),
						errhint("Factors of rrf() and weighted() must be 0 or more.")));
	return *isnull ? 0 : score;
}

static void
clear_ranked(MvFusedScan *scan)
{
	if (scan->ranked != NULL)
		pfree(scan->ranked);
	scan->ranked =
		MemoryContextAllocHuge(scan->context,
							   sizeof(MvFusedRow *) * (hash_get_num_entries(scan->rows) + 1));
	scan->nranked = scan->next = 0;
}

/* ---- by place ---- */

static int
compare_ranked(const void *a, const void *b)
{
	return compare_rows(*(MvFusedRow *const *) a, *(MvFusedRow *const *) b);
}

/* What a row may still get of legs other than those. */
static double
still_possible(const MvFusedScan *scan, uint32 legs)
{
	double		sum = 0;

	for (int i = 0; i < scan->plan.nlegs; i++)
		if (!(legs & 1u << i) && scan->ranker->unread != NULL)
			sum += scan->ranker->unread(scan, &scan->legs[i]);
	return sum;
}

/*
 * Are the rows wanted, their order and their scores what they would be if all legs
 * were read to the end?
 */
static bool
is_proven(MvFusedScan *scan)
{
	int			n = (int) Min(scan->batch, scan->nranked);
	const MvFusedRow *last;

	if (still_possible(scan, 0) == 0)
		return true;
	if (scan->nranked < scan->batch)
		return false;
	last = scan->ranked[n - 1];
	if (last->isnull || -still_possible(scan, 0) * scan->plan.most <= last->score)
		return false;
	for (int i = 0; i < scan->nranked; i++)
	{
		const MvFusedRow *row = scan->ranked[i];
		double		more = still_possible(scan, row->known);
		bool		isnull;

		if (more == 0)
			continue;
		if (i < n)
			return false;
		if (scan->score != NULL)
			load(scan, row);
		if (score_of(scan, row->fused - more, &isnull) <= last->score && !isnull)
			return false;
	}
	return true;
}

/* Add up what the legs give to rows that they rank. */
static void
add_points(MvFusedScan *scan)
{
	HASH_SEQ_STATUS all;
	MvFusedRow *row;

	hash_seq_init(&all, scan->rows);
	while ((row = hash_seq_search(&all)) != NULL)
	{
		row->fused = 0;
		row->known = 0;
	}
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const MvLeg *leg = &scan->legs[i];
		int			n = mv_leg_ranks(scan, leg);

		for (int j = 0; j < n; j++)
		{
			row = leg->rows[j].row;
			row->fused -= scan->ranker->points(scan, leg, j + 1, leg->rows[j].value);
			row->values[i] = leg->rows[j].value;
			row->known |= 1u << i;
		}
	}
}

/* And what they give to a row that they do not rank. */
static void
add_absent(const MvFusedScan *scan, MvFusedRow *row)
{
	for (int i = 0; i < scan->plan.nlegs; i++)
		if (!(row->known & 1u << i))
			row->fused -= scan->legs[i].absent;
}

static void
rank_by_place(MvFusedScan *scan)
{
	HASH_SEQ_STATUS all;
	MvFusedRow *row;

	add_points(scan);
	clear_ranked(scan);
	hash_seq_init(&all, scan->rows);
	while ((row = hash_seq_search(&all)) != NULL)
	{
		if (row->returned || row->known == 0)
			continue;
		add_absent(scan, row);
		if (scan->score != NULL)
			load(scan, row);
		row->score = score_of(scan, row->fused, &row->isnull);
		scan->ranked[scan->nranked++] = row;
	}
	qsort(scan->ranked, scan->nranked, sizeof(MvFusedRow *), compare_ranked);
	scan->left = 0;
	scan->proven = is_proven(scan);
}

/* ---- by value ---- */

static int
compare_in_heap(Datum a, Datum b, void *unused)
{
	return compare_rows((MvFusedRow *) DatumGetPointer(b), (MvFusedRow *) DatumGetPointer(a));
}

/* The value of a leg for a row, or the least that it can be.  row: NULL for unread ones. */
static double
least_value(const MvFusedScan *scan, const MvLeg *leg, const MvFusedRow *row, bool *isnull)
{
	uint32		bit = 1u << leg->number;

	*isnull = false;
	if (row != NULL && row->known & bit)
	{
		*isnull = (row->nulls & bit) != 0;
		return row->values[leg->number];
	}
	/* Those beyond the depth are not all of them that are so near. */
	if (!mv_leg_is_read(scan, leg))
		return leg->rows[(int) Min(leg->n, scan->depth) - 1].value;
	*isnull = leg->plan->kind != MV_LEG_TEXT || !isinf(leg->limit) || leg->no_query;
	return 0;
}

/* What the ranker says of a row; where the score is an expression of values they are put there. */
static double
fuse_values(MvFusedScan *scan, const MvFusedRow *row, bool *isnull)
{
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	double		fused = 0;

	*isnull = false;
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const MvLeg *leg = &scan->legs[i];
		bool		none;
		double		value = least_value(scan, leg, row, &none);

		if (scan->plan.ranker == MV_RANK_SUM)
		{
			slot->tts_values[leg->plan->column - 1] = Float8GetDatum(value);
			slot->tts_isnull[leg->plan->column - 1] = none;
		}
		else if (!none)
			fused -= scan->ranker->points(scan, leg, 0, value);
		else if (scan->ranker->needs_all)
			*isnull = true;
	}
	return fused;
}

/* The score of a row, or the least that it can be; row in the node's slot. */
static void
set_score(MvFusedScan *scan, MvFusedRow *row)
{
	row->score = 0;
	row->fused = fuse_values(scan, row, &row->isnull);
	if (!row->complete && !scan->monotone)
		row->score = -INFINITY;
	else if (!row->isnull)
		row->score = score_of(scan, row->fused, &row->isnull);
}

/* The least score that unread rows can have; *isnull: these have none. */
static double
least_unread(MvFusedScan *scan, bool *isnull)
{
	double		fused;

	mv_fused_load(scan, NULL);
	fused = fuse_values(scan, NULL, isnull);
	if (!scan->monotone)
		return -INFINITY;
	if (*isnull)
		return 0;
	if (scan->plan.fused > 0)
		return fused < 0 ? fused * scan->plan.most : 0;
	return score_of(scan, fused, isnull);
}

static uint32
all_legs(const MvFusedScan *scan)
{
	return (1u << scan->plan.nlegs) - 1;
}

/* Compute a value that the row lacks: of text last, for to analyse it takes longest. */
static void
compute_value(MvFusedScan *scan, MvFusedRow *row)
{
	const MvLeg *next = NULL;

	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const MvLeg *leg = &scan->legs[i];

		if (!(row->known & 1u << i) && (next == NULL || next->plan->kind == MV_LEG_TEXT))
			next = leg;
	}
	load(scan, row);
	mv_leg_look_up(scan, next, row);
	row->complete = row->known == all_legs(scan);
	set_score(scan, row);
}

/* What legs have returned is known. */
static void
know_values(MvFusedScan *scan)
{
	for (int i = 0; i < scan->plan.nlegs; i++)
	{
		const MvLeg *leg = &scan->legs[i];
		int			n = mv_leg_ranks(scan, leg);

		for (int j = 0; j < n; j++)
		{
			MvFusedRow *row = leg->rows[j].row;

			row->known |= 1u << i;
			row->nulls &= ~(1u << i);
			row->values[i] = leg->rows[j].value;
		}
	}
}

/* All rows that were not returned, those first that may be best. */
static binaryheap *
rows_by_least_score(MvFusedScan *scan)
{
	binaryheap *heap = binaryheap_allocate(hash_get_num_entries(scan->rows) + 1,
										   compare_in_heap, NULL);
	HASH_SEQ_STATUS all;
	MvFusedRow *row;

	mv_fused_load(scan, NULL);
	hash_seq_init(&all, scan->rows);
	while ((row = hash_seq_search(&all)) != NULL)
	{
		if (row->returned)
			continue;
		if (!row->complete)
		{
			row->complete = row->known == all_legs(scan);
			if (scan->plan.fused > 0)
				load(scan, row);
			set_score(scan, row);
		}
		binaryheap_add_unordered(heap, PointerGetDatum(row));
	}
	binaryheap_build(heap);
	return heap;
}

static void
rank_by_value(MvFusedScan *scan)
{
	bool		all_read = mv_fused_all_read(scan);
	binaryheap *heap;
	bool		isnull = true;
	double		unread = 0;

	know_values(scan);
	clear_ranked(scan);
	heap = rows_by_least_score(scan);
	if (!all_read)
		unread = least_unread(scan, &isnull);
	scan->proven = all_read;
	while (scan->nranked < scan->batch && !binaryheap_empty(heap))
	{
		MvFusedRow *row = (MvFusedRow *) DatumGetPointer(binaryheap_first(heap));

		CHECK_FOR_INTERRUPTS();
		if (!row->complete)
		{
			compute_value(scan, row);
			binaryheap_replace_first(heap, PointerGetDatum(row));
			continue;
		}
		scan->proven = all_read ||
			(!row->isnull && (isnull || float8_cmp_internal(row->score, unread) < 0));
		if (!scan->proven && mv_fused_must_prove(scan))
			break;
		binaryheap_remove_first(heap);
		scan->ranked[scan->nranked++] = row;
	}
	if (scan->nranked < scan->batch)
		scan->proven = all_read;
	scan->left = heap->bh_size;
	binaryheap_free(heap);
}

/* ---- both ---- */

void
mv_fused_rank(MvFusedScan *scan)
{
	if (scan->ranker->prepare != NULL)
		scan->ranker->prepare(scan);
	if (scan->ranker->by_value)
		rank_by_value(scan);
	else
		rank_by_place(scan);
}

void
mv_fused_rank_other(MvFusedScan *scan, MvFusedRow *row)
{
	/* Indexes are asked for rows that legs have returned. */
	*row = (MvFusedRow){.complete = true, .asked = ~0u};
	if (scan->ranker->by_value)
	{
		for (int i = 0; i < scan->plan.nlegs; i++)
			mv_leg_look_up(scan, &scan->legs[i], row);
		set_score(scan, row);
		return;
	}
	add_absent(scan, row);
	row->score = score_of(scan, row->fused, &row->isnull);
}
