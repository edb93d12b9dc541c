/*
 * am_few.c -- few rows are wanted: they are ranked as the table has them.
 *
 * To ask all ids of an index which of them are in a set, and to begin a search, takes
 * longer than to fetch some hundred rows.  Their distances are the operator's own.
 */
#include "postgres.h"

#include <math.h>

#include "utils/rel.h"
#include "utils/relcache.h"

#include "am/few.h"
#include "compat.h"
#include "guc.h"
#include "index/counters.h"
#include "index/fetch.h"

struct MvFew
{
	MvFetch    *fetch;
	MvFound		rows[MV_TID_FEW];
	int			n,
				next;
};

/* In ns: a row of the table, one whose vector is elsewhere; a search; an id asked about. */
#define ROW_COST 1500.0
#define TOASTED_COST 5500.0
#define SEARCH_COST 100000.0
#define ID_COST 1.5

/* Longer vectors are stored out of line. */
#define INLINE_FLOATS 500

/* A partial index has fewer rows than the set may have. */
bool
mv_few_fits(Relation index, const MvSpace *space, const MvTidSet *tids)
{
	double		row = space->column_dim > INLINE_FLOATS ? TOASTED_COST : ROW_COST;
	const ItemPointerData *members;
	int			n;

	return mv_filter_strategy == MV_FILTER_AUTO && mv_tid_set_few(tids, &members, &n) &&
		n * row < SEARCH_COST + Max(index->rd_rel->reltuples, 0) * ID_COST &&
		RelationGetIndexPredicate(index) == NIL;
}

MvFew *
mv_few_begin(Relation index, Relation heap, Snapshot snapshot)
{
	MvFew	   *few = palloc(sizeof(MvFew));

	few->fetch = mv_fetch_begin(index, heap, snapshot);
	return few;
}

static int
compare_distances(const void *a, const void *b)
{
	double		x = ((const MvFound *) a)->distance;
	double		y = ((const MvFound *) b)->distance;

	return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x > y) - (x < y);
}

void
mv_few_start(MvFew *few, const MvSpace *space, const MvTidSet *tids, Datum query)
{
	const ItemPointerData *members = NULL;
	int			n = 0;

	few->n = few->next = 0;
	mv_tid_set_few(tids, &members, &n);
	for (int i = 0; i < n; i++)
	{
		MvFound    *row = &few->rows[few->n];

		row->tid = members[i];
		row->estimated = false;
		/* Zero vectors are not indexed. */
		if (mv_fetch_distance(few->fetch, &row->tid, query, &row->distance) &&
			!(space->opclass->metric == MV_COSINE && isnan(row->distance)))
			few->n++;
	}
	qsort(few->rows, few->n, sizeof(MvFound), compare_distances);
	mv_last_scan.filter = "fetch";
	mv_last_scan.matches = few->n;
	mv_last_scan.reranked += few->n;
}

bool
mv_few_next(MvFew *few, MvFound *found)
{
	if (few->next == few->n)
		return false;
	*found = few->rows[few->next++];
	return true;
}

void
mv_few_end(MvFew *few)
{
	mv_fetch_end(few->fetch);
	pfree(few);
}
