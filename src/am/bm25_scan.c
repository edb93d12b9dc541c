/*
 * bm25_scan.c -- scans of bm25 indexes.
 *
 * ORDER BY column <@> query makes a ranked search, column @@@ query and
 * conditions on attributes restrict it, and so does a set of rows that other indexes
 * have found; without an order rows come as they lie, or as a bitmap.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/stratnum.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/bm25query.h"
#include "fts/search.h"
#include "fts/segment.h"
#include "index/counters.h"

typedef struct MvBm25Scan
{
	MemoryContext context;		/* of the search */
	MvFtsSchema *schema;
	MvAnalyzer *analyzer;
	MvFtsRequest request;
	MvFtsSearch *search;		/* NULL: not started */
	bool		recheck;		/* a condition is not exact */
	bool		nothing;		/* a condition is never true */
	int			rows;			/* perhaps wanted; 0: unknown */
	const MvTidSet *tids;		/* wanted; NULL: all */
	bool		sorted;			/* rows come in this order */
	MvFtsSort	sort;
} MvBm25Scan;

IndexScanDesc
mv_bm25_beginscan(Relation index, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
	MvBm25Scan *state = palloc0(sizeof(MvBm25Scan));

	state->schema = mv_fts_schema(index);
	state->analyzer = mv_analyzer_open(state->schema->config);
	state->context =
		AllocSetContextCreate(CurrentMemoryContext, "bm25 scan", ALLOCSET_DEFAULT_SIZES);
	scan->opaque = state;
	if (norderbys > 0)
	{
		scan->xs_orderbyvals = palloc0(sizeof(Datum) * norderbys);
		scan->xs_orderbynulls = palloc0(sizeof(bool) * norderbys);
	}
	return scan;
}

static void
end_search(MvBm25Scan *state)
{
	if (state->search != NULL)
		mv_search_end(state->search);
	state->search = NULL;
	MemoryContextReset(state->context);
}

void
mv_bm25_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderbys && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
	end_search(scan->opaque);
}

void
mv_bm25_endscan(IndexScanDesc scan)
{
	MvBm25Scan *state = scan->opaque;

	end_search(state);
	mv_analyzer_close(state->analyzer);
	MemoryContextDelete(state->context);
	pfree(state);
	scan->opaque = NULL;
}

void
mv_bm25_expect(IndexScanDesc scan, double rows, const MvTidSet *tids)
{
	MvBm25Scan *state = scan->opaque;

	state->rows = (int) Min(rows, 1e9);
	state->tids = tids;
}

/* ---- scan keys ---- */

/* Number of the field that a column of the index is, or -1. */
static int
field_of(const MvFtsSchema *schema, AttrNumber attno)
{
	for (int i = 0; i < schema->nfields; i++)
		if (schema->fields[i].attno == attno)
			return i;
	return -1;
}

static int
attribute_of(const MvFtsSchema *schema, AttrNumber attno)
{
	for (int i = 0; i < schema->nattributes; i++)
		if (schema->attributes[i].attno == attno)
			return i;
	elog(ERROR, "column %d of a bm25 index is no attribute", attno);
}

void
mv_bm25_sort(IndexScanDesc scan, int column, bool descending, bool nulls_first)
{
	MvBm25Scan *state = scan->opaque;

	/* A search of before may still be there: the node below is run again when it is asked. */
	Assert(scan->numberOfOrderBys == 0);
	state->sorted = true;
	state->sort = (MvFtsSort){.attribute = attribute_of(state->schema, column),
							  .descending = descending, .nulls_first = nulls_first};
}

static const MvQuery *
bind_query(IndexScanDesc scan, ScanKey key, Oid *index)
{
	MvBm25Scan *state = scan->opaque;
	MvBm25Query *query = DatumGetBm25Query(key->sk_argument);

	mv_bm25query_check(query, scan->indexRelation);
	*index = query->index;
	return mv_bm25query_bind(query, state->schema, state->analyzer);
}

static void
add_condition(MvBm25Scan *state, ScanKey key, MvCondition *condition)
{
	condition->attribute = attribute_of(state->schema, key->sk_attno);
	mv_condition_set(condition, &state->schema->attributes[condition->attribute], key,
					 &state->recheck);
	state->nothing |= condition->nranges == 0;
}

/* What the order by scores asks for; no query if that is NULL. */
static void
add_order(IndexScanDesc scan, const MvBm25Scan *state, MvFtsRequest *request)
{
	Oid			index;

	request->field = field_of(state->schema, scan->orderByData->sk_attno);
	if (scan->orderByData->sk_flags & SK_ISNULL)
		return;
	request->query = bind_query(scan, scan->orderByData, &index);
	request->statistics = index == RelationGetRelid(scan->indexRelation) ? InvalidOid : index;
}

static void
make_request(IndexScanDesc scan, MvBm25Scan *state)
{
	MvFtsRequest *request = &state->request;
	MvFtsFilter *filters = palloc(sizeof(MvFtsFilter) * (scan->numberOfKeys + 1));
	MvCondition *conditions = palloc(sizeof(MvCondition) * (scan->numberOfKeys + 1));
	Oid			index;

	memset(request, 0, sizeof(MvFtsRequest));
	request->field = MV_ALL_FIELDS;
	request->rows = state->rows;
	request->tids = state->tids;
	request->sort = state->sorted ? &state->sort : NULL;
	request->filters = filters;
	request->conditions = conditions;
	state->recheck = state->nothing = false;
	for (int i = 0; i < scan->numberOfKeys; i++)
	{
		ScanKey		key = &scan->keyData[i];
		int			field = field_of(state->schema, key->sk_attno);

		if (field < 0)
			add_condition(state, key, &conditions[request->nconditions++]);
		else if (key->sk_flags & SK_ISNULL)
			state->nothing = true;
		else
		{
			filters[request->nfilters].query = bind_query(scan, key, &index);
			filters[request->nfilters++].field = state->schema->nfields > 1 ? field : MV_ALL_FIELDS;
		}
	}
	if (scan->numberOfOrderBys == 0)
		return;
	request->all = true;
	add_order(scan, state, request);
}

static void
start(IndexScanDesc scan, MvBm25Scan *state)
{
	MemoryContext old = MemoryContextSwitchTo(state->context);

	if (!IsMVCCSnapshot(scan->xs_snapshot))
		elog(ERROR, "non-MVCC snapshots are not supported with bm25");
	pgstat_count_index_scan(scan->indexRelation);
	mv_counters_begin(RelationGetRelid(scan->indexRelation));
	make_request(scan, state);
	state->search = mv_search_begin(scan->indexRelation, state->schema, &state->request);
	MemoryContextSwitchTo(old);
}

bool
mv_bm25_gettuple(IndexScanDesc scan, ScanDirection direction)
{
	MvBm25Scan *state = scan->opaque;
	uint64		before = mv_counters_pages_read();
	MvFtsHit	hit;
	bool		found;

	Assert(ScanDirectionIsForward(direction));
	if (state->search == NULL)
		start(scan, state);
	found = !state->nothing && mv_search_next(state->search, &hit);
	mv_last_scan.pages += mv_counters_pages_read() - before;
	if (!found)
		return false;
	mv_last_scan.rows++;
	scan->xs_heaptid = hit.tid;
	scan->xs_recheck = state->recheck;
	scan->xs_recheckorderby = false;
	if (scan->numberOfOrderBys > 0)
	{
		scan->xs_orderbyvals[0] = Float8GetDatum(0 - hit.score);
		scan->xs_orderbynulls[0] = hit.null || state->request.query == NULL;
	}
	return true;
}

int64
mv_bm25_getbitmap(IndexScanDesc scan, TIDBitmap *bitmap)
{
	MvBm25Scan *state = scan->opaque;
	uint64		before = mv_counters_pages_read();
	int64		n = 0;

	if (state->search == NULL)
		start(scan, state);
	if (!state->nothing)
		n = mv_search_bitmap(state->search, bitmap, state->recheck);
	mv_last_scan.pages += mv_counters_pages_read() - before;
	mv_last_scan.rows += n;
	return n;
}

bool
mv_bm25_count(IndexScanDesc scan, Relation heap, int64 *rows, int64 *fetched)
{
	MvBm25Scan *state = scan->opaque;
	uint64		before = mv_counters_pages_read();

	if (state->search == NULL)
		start(scan, state);
	if (state->recheck)
		return false;
	/* Rows that are not looked at have no locks of their own. */
	PredicateLockRelation(heap, scan->xs_snapshot);
	*rows = state->nothing ? 0 :
		mv_search_count(state->search, heap, scan->xs_snapshot, fetched);
	mv_last_scan.pages += mv_counters_pages_read() - before;
	mv_last_scan.rows += *rows;
	return true;
}

void
mv_bm25_scores(IndexScanDesc scan, const ItemPointerData *tids, int n, double *scores)
{
	const MvBm25Scan *state = scan->opaque;
	uint64		before = mv_counters_pages_read();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 scores",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsRequest request = {0};

	add_order(scan, state, &request);
	if (request.query != NULL)
	{
		MvFtsSearch *search = mv_search_begin(scan->indexRelation, state->schema, &request);

		mv_search_scores(search, tids, n, scores);
		mv_search_end(search);
	}
	else
		for (int i = 0; i < n; i++)
			scores[i] = -1;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	mv_last_scan.pages += mv_counters_pages_read() - before;
}
