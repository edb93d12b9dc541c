/*
 * am_tools.c -- SQL tools: looking at an index, checking and warming it.
 *
 * Tools that show what pages hold are the superuser's, the others the index
 * owner's.  All take AccessShareLock: reading and writing goes on.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/pg_lsn.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplesort.h"

#include "am/am.h"
#include "am/tools.h"
#include "compat.h"
#include "fts/schema.h"
#include "fts/store.h"
#include "index/counters.h"
#include "index/inspect.h"

/* ---- what they share ---- */

Relation
mv_tool_open(Oid relid, int lock)
{
	Relation	index = index_open(relid, lock);

	if (index->rd_indam == NULL ||
		(index->rd_indam->ambuild != mv_am_build && !mv_is_fts_index(index)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an index of milvus_pg", RelationGetRelationName(index))));
	if (!RELKIND_HAS_STORAGE(index->rd_rel->relkind))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("index \"%s\" is partitioned and holds no rows itself",
						RelationGetRelationName(index)),
				 errhint("Name the index of a partition.")));
	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary indexes of other sessions")));
	return index;
}

void
mv_tool_require_vectors(Relation index)
{
	if (mv_is_fts_index(index))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("index \"%s\" is one of text, not of vectors",
						RelationGetRelationName(index))));
}

void
mv_tool_require_owner(Relation index)
{
	if (!mv_owns(RelationGetRelid(index)))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, RelationGetRelationName(index));
}

void
mv_tool_begin(MvTool *tool, Oid relid)
{
	/* The table is locked first; whether it still is the index's table, is seen then. */
	Oid			heap = IndexGetRelation(relid, true);

	tool->heap = OidIsValid(heap) ? table_open(heap, AccessShareLock) : NULL;
	tool->index = mv_tool_open(relid, AccessShareLock);
	mv_tool_require_owner(tool->index);
	if (tool->heap == NULL || tool->index->rd_index->indrelid != heap)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("could not open the table of index \"%s\"",
						RelationGetRelationName(tool->index))));
	if (!tool->index->rd_index->indisvalid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", RelationGetRelationName(tool->index)),
				 errhint("Please REINDEX it.")));
	GetUserIdAndSecContext(&tool->user, &tool->security);
	SetUserIdAndSecContext(tool->heap->rd_rel->relowner,
						   tool->security | SECURITY_RESTRICTED_OPERATION);
	tool->nest = NewGUCNestLevel();
	mv_restrict_search_path();
}

void
mv_tool_end(MvTool *tool)
{
	AtEOXact_GUC(false, tool->nest);
	SetUserIdAndSecContext(tool->user, tool->security);
	index_close(tool->index, AccessShareLock);
	table_close(tool->heap, AccessShareLock);
}

/* The one row of a function with OUT parameters. */
static Datum
result_row(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	return HeapTupleGetDatum(heap_form_tuple(desc, unconstify(Datum *, values),
											 unconstify(bool *, nulls)));
}

/* ---- milvus_index_check ---- */

static void
sort_index_tid(ItemPointer tid, void *sort)
{
	tuplesort_putdatum(sort, Int64GetDatum(itemptr_encode(tid)), false);
}

/* What the heap scan hands to sort_heap_tid(). */
typedef struct HeapRows
{
	MvSpace		space;			/* .opclass NULL: every row is indexed */
	float	   *x;
	Tuplesortstate *sort;
	MemoryContext row_context;
} HeapRows;

static void
sort_heap_tid(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *arg)
{
	HeapRows   *rows = arg;
	MemoryContext old;

	if (rows->space.opclass != NULL && isnull[0])
		return;
	old = MemoryContextSwitchTo(rows->row_context);
	if (rows->space.opclass == NULL || mv_index_key(&rows->space, values[0], rows->x))
		sort_index_tid(tid, rows->sort);
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->row_context);
}

static Tuplesortstate *
begin_sort(void)
{
	return tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false,
								 Max(maintenance_work_mem / 2, 64), NULL, TUPLESORT_NONE);
}

/*
 * What this snapshot sees of the table and the index should hold.  Both are as the
 * scan of CREATE INDEX CONCURRENTLY sees them: TIDs are those of HOT chains' roots.
 */
static void
sort_heap(const MvTool *tool, Snapshot snapshot, Tuplesortstate *sort)
{
	HeapRows	rows = {.sort = sort};
	IndexInfo  *info = BuildIndexInfo(tool->index);
	TableScanDesc scan = table_beginscan_strat(tool->heap, snapshot, 0, NULL, true, true);

	if (!mv_is_fts_index(tool->index))
	{
		rows.space = mv_index_space(tool->index);
		rows.x = palloc(sizeof(float) * rows.space.dim);
	}
	rows.row_context = AllocSetContextCreate(CurrentMemoryContext, "index check row",
											 ALLOCSET_DEFAULT_SIZES);
	info->ii_Concurrent = true;
	table_index_build_scan(tool->heap, tool->index, info, true, false, sort_heap_tid, &rows, scan);
	MemoryContextDelete(rows.row_context);
}

/* Both sorted; XX002 at the first row of the heap that is not in the index. */
static void
compare(Relation index, Tuplesortstate *in_heap, Tuplesortstate *in_index)
{
	Datum		row;
	Datum		entry = 0;
	bool		null;
	bool		more = mv_tuplesort_getdatum(in_index, &entry, &null);

	while (mv_tuplesort_getdatum(in_heap, &row, &null))
	{
		ItemPointerData tid;

		while (more && DatumGetInt64(entry) < DatumGetInt64(row))
			more = mv_tuplesort_getdatum(in_index, &entry, &null);
		if (more && DatumGetInt64(entry) == DatumGetInt64(row))
			continue;
		itemptr_decode(&tid, DatumGetInt64(row));
		mv_index_corrupted(index, "heap row (%u,%u) is not in it",
						   ItemPointerGetBlockNumber(&tid), ItemPointerGetOffsetNumber(&tid));
	}
}

/*
 * The snapshot is older than what is read of the index, so the index must hold
 * every row that it sees.
 */
static void
check_heap(const MvTool *tool)
{
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	Tuplesortstate *in_index = begin_sort();
	Tuplesortstate *in_heap = begin_sort();
	Relation	index = tool->index;

	/* A snapshot from before the build may see versions that it left out. */
	if (IsolationUsesXactSnapshot() && index->rd_index->indcheckxmin &&
		!TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
							   snapshot->xmin))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("index \"%s\" cannot be checked with the snapshot of this transaction",
						RelationGetRelationName(index))));
	if (mv_is_fts_index(index))
		mv_fts_visit_tids(index, sort_index_tid, in_index);
	else
		mv_method_of(index)->tids(index, sort_index_tid, in_index);
	sort_heap(tool, snapshot, in_heap);
	tuplesort_performsort(in_index);
	tuplesort_performsort(in_heap);
	compare(index, in_heap, in_index);
	tuplesort_end(in_heap);
	tuplesort_end(in_index);
	UnregisterSnapshot(snapshot);
}

static double
check_index(Relation index)
{
	return mv_is_fts_index(index) ? mv_fts_check(index) : mv_method_of(index)->check(index);
}

/*
 * milvus_index_check(index regclass, heapallindexed boolean) returns bigint
 *
 * Reads every page of an index; returns the number of live rows, and raises
 * XX002 where something is not as it must be.  With heapallindexed also where a
 * row of the table is not found.  0.1.0 has it with one argument.
 */
PG_FUNCTION_INFO_V1(mv_index_check);
Datum
mv_index_check(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	bool		heapallindexed = PG_NARGS() > 1 && PG_GETARG_BOOL(1);
	MvTool		tool;
	double		rows;

	if (heapallindexed)
	{
		mv_tool_begin(&tool, relid);
		rows = check_index(tool.index);
		check_heap(&tool);
		mv_tool_end(&tool);
	}
	else
	{
		Relation	index = mv_tool_open(relid, AccessShareLock);

		mv_tool_require_owner(index);
		rows = check_index(index);
		index_close(index, AccessShareLock);
	}
	PG_RETURN_INT64((int64) rows);
}

/* ---- milvus_index_stats ---- */

static Datum
bytes(double pages)
{
	return Int64GetDatum((int64) (pages * BLCKSZ));
}

/* float8[][]: {effort, recall}, ... */
static Datum
curve_array(const MvIndexStats *stats)
{
	Datum	   *items = palloc(sizeof(Datum) * 2 * stats->ncurve);
	int			sizes[] = {stats->ncurve, 2};
	int			bounds[] = {1, 1};

	for (int i = 0; i < stats->ncurve; i++)
	{
		items[2 * i] = Float8GetDatum(stats->curve[i].effort);
		items[2 * i + 1] = Float8GetDatum(stats->curve[i].recall);
	}
	return PointerGetDatum(construct_md_array(items, NULL, 2, sizes, bounds, FLOAT8OID,
											  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The operator that an index orders by. */
static char *
order_operator(Relation index)
{
	Oid			type = index->rd_opcintype[0];
	char	   *name = get_opname(get_opfamily_member(index->rd_opfamily[0], type, type, 1));

	return name ? name : pstrdup("");
}

/* WITH (...), as given. */
static Datum
get_options(Relation index, bool *null)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(RelationGetRelid(index)));
	Datum		options;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", RelationGetRelid(index));
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, null);
	if (!*null)
		options = datumCopy(options, false, -1);
	ReleaseSysCache(tuple);
	return options;
}

static void
count_page(BlockNumber block, Page page, void *arg)
{
	double	   *pages = arg;

	pages[mv_page_is_free(page) ? 1 : 0]++;
}

/* The same of an index of text, which has no dimensions, lists and so on. */
static Datum
text_stats(FunctionCallInfo fcinfo, Relation index)
{
	MvFtsStats	stats;
	double		pages[2] = {0};
	Datum		values[24] = {0};
	bool		nulls[24];

	mv_fts_stats(index, &stats);
	mv_pages_visit(index, count_page, pages);
	memset(nulls, true, sizeof(nulls));
	values[0] = CStringGetTextDatum("bm25");
	values[1] = Int32GetDatum((int32) stats.version);
	values[2] = CStringGetTextDatum(format_type_be(index->rd_opcintype[0]));
	values[5] = get_options(index, &nulls[5]);
	values[6] = Int64GetDatum((int64) (stats.docs - stats.dead));
	values[7] = Int64GetDatum((int64) stats.dead);
	values[12] = bytes(pages[0] + pages[1]);
	values[17] = bytes(pages[1]);
	nulls[0] = nulls[1] = nulls[2] = nulls[6] = nulls[7] = nulls[12] = nulls[17] = false;
	index_close(index, AccessShareLock);
	return result_row(fcinfo, values, nulls);
}

/*
 * milvus_index_stats(index regclass) returns record
 *
 * Reads every page of the index.
 */
PG_FUNCTION_INFO_V1(mv_index_stats);
Datum
mv_index_stats(PG_FUNCTION_ARGS)
{
	Relation	index = mv_tool_open(PG_GETARG_OID(0), AccessShareLock);
	const MvIndexMethod *method;
	MvIndexStats stats = {0};
	MvIndexShape shape = {0};
	MvEffort	effort;
	double		pages = 0;
	int			i = 0;
	Datum		values[24];
	bool		nulls[24] = {0};

	mv_tool_require_owner(index);
	if (mv_is_fts_index(index))
		return text_stats(fcinfo, index);
	method = mv_method_of(index);
	method->stats(index, &stats);
	mv_am_effort(index, &effort);
	method->shape(index, &effort, &shape);
	for (int kind = 0; kind < MV_PAGE_KINDS; kind++)
		pages += stats.pages[kind];

	values[i++] = CStringGetTextDatum(stats.graph ? mv_graph_method.name : mv_ivf_method.name);
	values[i++] = Int32GetDatum(stats.version);
	values[i++] = CStringGetTextDatum(format_type_be(index->rd_opcintype[0]));
	values[i++] = Int32GetDatum(mv_index_space(index).column_dim);
	values[i++] = CStringGetTextDatum(order_operator(index));
	values[i] = get_options(index, &nulls[i]);
	i++;
	values[i++] = Int64GetDatum((int64) stats.rows);
	values[i++] = Int64GetDatum((int64) stats.dead_rows);
	values[i++] = Int64GetDatum((int64) stats.lists);
	values[i++] = Float8GetDatum(stats.lists > 0 ? stats.codes / stats.lists : 0);
	values[i++] = Int64GetDatum((int64) stats.largest_list);
	values[i++] = Int64GetDatum((int64) shape.probed);
	values[i++] = bytes(pages);
	values[i++] = bytes(stats.pages[MV_PAGE_CODE]);
	values[i++] = bytes(stats.pages[MV_PAGE_VECTOR]);
	values[i++] = bytes(stats.pages[MV_PAGE_ID]);
	values[i++] = bytes((double) stats.pages[MV_PAGE_LIST] + stats.pages[MV_PAGE_CENTROID]);
	values[i++] = bytes(stats.pages[0]);
	nulls[i] = stats.drift == 0;
	values[i++] = Float8GetDatum(stats.drift);
	nulls[i] = stats.ncurve == 0;
	values[i] = nulls[i] ? (Datum) 0 : curve_array(&stats);
	i++;
	nulls[i] = nulls[i + 1] = nulls[i + 2] = !stats.graph;
	values[i++] = Int64GetDatum((int64) stats.linked);
	values[i++] = Int64GetDatum((int64) stats.pending);
	values[i++] = bytes((double) stats.pages[MV_PAGE_NODE] + stats.pages[MV_PAGE_GRAPH]);
	nulls[i] = shape.steps == 0;
	values[i++] = Int64GetDatum((int64) shape.steps);
	index_close(index, AccessShareLock);
	return result_row(fcinfo, values, nulls);
}

/* ---- milvus_page_info ---- */

/*
 * milvus_page_info(index regclass, block bigint) returns record
 *
 * The superuser's: what is on a page shows something of the rows.
 */
PG_FUNCTION_INFO_V1(mv_page_info);
Datum
mv_page_info(PG_FUNCTION_ARGS)
{
	int64		block = PG_GETARG_INT64(1);
	Relation	index;
	BlockNumber nblocks;
	Buffer		buffer;
	PGAlignedBlock copy;
	Page		page = copy.data;
	bytea	   *head = palloc(VARHDRSZ + MV_BODY_OFFSET - MV_HEAD_OFFSET);
	BlockNumber next;
	Datum		values[7];
	bool		nulls[7] = {0};

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to look at pages")));
	index = mv_tool_open(PG_GETARG_OID(0), AccessShareLock);
	nblocks = RelationGetNumberOfBlocks(index);
	if (block < 0 || block >= nblocks)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("block " INT64_FORMAT " is not between 0 and %lld", block,
						(long long) nblocks - 1)));
	buffer = ReadBuffer(index, (BlockNumber) block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(page, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	index_close(index, AccessShareLock);

	SET_VARSIZE(head, VARHDRSZ + MV_BODY_OFFSET - MV_HEAD_OFFSET);
	memcpy(VARDATA(head), MV_PAGE_HEAD(page), MV_BODY_OFFSET - MV_HEAD_OFFSET);
	next = MV_PAGE_TAIL(page)->next;
	values[0] = CStringGetTextDatum(mv_page_kind_name(page));
	values[1] = BoolGetDatum(mv_page_is_free(page));
	values[2] = LSNGetDatum(PageGetLSN(page));
	values[3] = Int32GetDatum(((PageHeader) page)->pd_checksum);
	values[4] = Int32GetDatum(mv_page_used(page));
	values[5] = Int64GetDatum(next);
	values[6] = PointerGetDatum(head);
	/* What is not a page of ours has none of these. */
	nulls[4] = nulls[6] = mv_page_kind(page) == 0;
	nulls[5] = nulls[4] || !BlockNumberIsValid(next);
	return result_row(fcinfo, values, nulls);
}

/* ---- milvus_prewarm ---- */

/* What a scan reads of a list before it looks at rows. */
static bool
not_vectors(Page page)
{
	return !mv_page_is_free(page) && mv_page_kind(page) != MV_PAGE_VECTOR;
}

/* milvus_prewarm(index regclass, mode text) returns bigint: pages now in shared buffers */
PG_FUNCTION_INFO_V1(mv_prewarm);
Datum
mv_prewarm(PG_FUNCTION_ARGS)
{
	Relation	index = mv_tool_open(PG_GETARG_OID(0), AccessShareLock);
	char	   *mode = text_to_cstring(PG_GETARG_TEXT_PP(1));
	BlockNumber n;

	mv_tool_require_owner(index);
	if (strcmp(mode, "all") == 0)
		n = mv_pages_prewarm(index, NULL);
	else if (strcmp(mode, "codes") == 0)
		n = mv_pages_prewarm(index, not_vectors);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode is \"%s\", and not one of \"all\" and \"codes\"", mode)));
	index_close(index, AccessShareLock);
	PG_RETURN_INT64(n);
}

/* ---- milvus_last_scan ---- */

/* milvus_last_scan() returns record: of this backend; NULL if there was none */
PG_FUNCTION_INFO_V1(mv_last_scan_info);
Datum
mv_last_scan_info(PG_FUNCTION_ARGS)
{
	const MvScanCounters *last = &mv_last_scan;
	Datum		values[] = {
		ObjectIdGetDatum(last->index),
		Int64GetDatum((int64) last->lists),
		Int64GetDatum((int64) last->pages),
		Int64GetDatum((int64) last->codes),
		Int64GetDatum((int64) last->candidates),
		Int64GetDatum((int64) last->reranked),
		Int64GetDatum((int64) last->rows),
		Int64GetDatum((int64) last->resumed),
		Int64GetDatum((int64) last->segments),
		Int64GetDatum((int64) last->windows),
		Int64GetDatum((int64) last->blocks),
		Int64GetDatum((int64) last->skipped),
		Int64GetDatum((int64) last->documents),
		last->filter == NULL ? (Datum) 0 : CStringGetTextDatum(last->filter),
		Int64GetDatum((int64) last->switches),
		Int64GetDatum((int64) last->matches),
		Int64GetDatum((int64) last->tested),
		Int64GetDatum((int64) last->hops),
	};
	bool		nulls[lengthof(values)] = {[13] = last->filter == NULL};

	if (!OidIsValid(last->index))
		PG_RETURN_NULL();
	return result_row(fcinfo, values, nulls);
}
