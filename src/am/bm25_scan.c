/*
 * bm25_scan.c -- scans of bm25 indexes.
 *
 * ORDER BY column <@> query makes a ranked search, column @@@ query and
 * conditions on attributes restrict it; without an order rows come as they lie,
 * or as a bitmap.
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
mv_bm25_expect(IndexScanDesc scan, double rows)
{
	MvBm25Scan *state = scan->opaque;

	state->rows = (int) Min(rows, 1e9);
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

static const MvQuery *
bind_query(IndexScanDesc scan, ScanKey key, Oid *index)
{
	MvBm25Scan *state = scan->opaque;
	MvBm25Query *query = DatumGetBm25Query(key->sk_argument);

	mv_bm25query_check(query, scan->indexRelation);
	*index = query->index;
	return mv_bm25query_bind(query, state->schema, state->analyzer);
}

/* Keys of values that compare with this one as the strategy says. */
static MvKeyRange
range_of(MvBm25Scan *state, const MvFtsAttribute *attribute, int strategy, Datum value, Oid type)
{
	int64		key =
		mv_attribute_key(attribute, value, OidIsValid(type) ? type : attribute->type);
	MvKeyRange	range = { MV_FTS_NULL_KEY + 1, PG_INT64_MAX };

	/* The lowest key stands for two values. */
	key = Max(key, MV_FTS_NULL_KEY + 1);
	if (!attribute->exact || key == MV_FTS_NULL_KEY + 1)
		state->recheck = true;
	switch (strategy)
	{
		case BTLessStrategyNumber:
			range.high = key - (attribute->exact && key > MV_FTS_NULL_KEY + 1);
			break;
		case BTLessEqualStrategyNumber:
			range.high = key;
			break;
		case BTEqualStrategyNumber:
			range.low = range.high = key;
			break;
		case BTGreaterEqualStrategyNumber:
			range.low = key;
			break;
		case BTGreaterStrategyNumber:
			range.low = key;
			if (attribute->exact && key < PG_INT64_MAX && key > MV_FTS_NULL_KEY + 1)
				range.low = key + 1;
			else
				state->recheck = true;
			break;
		default:
			elog(ERROR, "attributes have no strategy %d", strategy);
	}
	return range;
}

static int
compare_ranges(const void *a, const void *b)
{
	const MvKeyRange *x = a,
			   *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* column op ANY (array): a union of ranges; returns their number. */
static int
ranges_of_array(MvBm25Scan *state, const MvFtsAttribute *attribute, ScanKey key,
				MvKeyRange **ranges)
{
	ArrayType  *array = DatumGetArrayTypeP(key->sk_argument);
	Oid			type = ARR_ELEMTYPE(array);
	Datum	   *values;
	bool	   *nulls;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			nvalues,
				n = 0;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, type, typlen, typbyval, typalign, &values, &nulls, &nvalues);
	*ranges = palloc(sizeof(MvKeyRange) * Max(nvalues, 1));
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
			(*ranges)[n++] = range_of(state, attribute, key->sk_strategy, values[i], type);
	qsort(*ranges, n, sizeof(MvKeyRange), compare_ranges);
	nvalues = n;
	n = 0;
	for (int i = 0; i < nvalues; i++)
		if (n > 0 && (*ranges)[i].low <= (*ranges)[n - 1].high)
			(*ranges)[n - 1].high = Max((*ranges)[n - 1].high, (*ranges)[i].high);
		else
			(*ranges)[n++] = (*ranges)[i];
	return n;
}

static void
add_condition(MvBm25Scan *state, ScanKey key, MvFtsCondition *condition)
{
	const MvFtsAttribute *attribute;

	condition->attribute = attribute_of(state->schema, key->sk_attno);
	attribute = &state->schema->attributes[condition->attribute];
	if (key->sk_flags & SK_SEARCHARRAY)
		condition->nranges = key->sk_flags & SK_ISNULL ? 0 :
			ranges_of_array(state, attribute, key, &condition->ranges);
	else
	{
		condition->nranges = 1;
		condition->ranges = palloc(sizeof(MvKeyRange));
		if (key->sk_flags & SK_SEARCHNULL)
			*condition->ranges = (MvKeyRange){ MV_FTS_NULL_KEY, MV_FTS_NULL_KEY };
		else if (key->sk_flags & SK_SEARCHNOTNULL)
			*condition->ranges = (MvKeyRange){ MV_FTS_NULL_KEY + 1, PG_INT64_MAX };
		else if (key->sk_flags & SK_ISNULL)
			condition->nranges = 0;
		else
			*condition->ranges =
				range_of(state, attribute, key->sk_strategy, key->sk_argument, key->sk_subtype);
	}
	state->nothing |= condition->nranges == 0;
}

static void
make_request(IndexScanDesc scan, MvBm25Scan *state)
{
	MvFtsRequest *request = &state->request;
	MvFtsFilter *filters = palloc(sizeof(MvFtsFilter) * (scan->numberOfKeys + 1));
	MvFtsCondition *conditions = palloc(sizeof(MvFtsCondition) * (scan->numberOfKeys + 1));
	Oid			index;

	memset(request, 0, sizeof(MvFtsRequest));
	request->field = MV_ALL_FIELDS;
	request->rows = state->rows;
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
	request->field = field_of(state->schema, scan->orderByData->sk_attno);
	if (scan->orderByData->sk_flags & SK_ISNULL)
		return;
	request->query = bind_query(scan, scan->orderByData, &index);
	request->statistics = index == RelationGetRelid(scan->indexRelation) ? InvalidOid : index;
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
