/*
 * fetch.c -- rows of the table by TID.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "index/fetch.h"

struct MvFetch
{
	FmgrInfo	distance;		/* the function of the operator */
	Relation	heap;
	Snapshot	snapshot;
	IndexInfo  *info;
	EState	   *estate;			/* of the index's expressions */
	IndexFetchTableData *scan;
	TupleTableSlot *slot;
};

MvFetch *
mv_fetch_begin(Relation index, Relation heap, Snapshot snapshot)
{
	MvFetch    *fetch = palloc(sizeof(MvFetch));
	Oid			type = index->rd_opcintype[0];

	/* All our classes order by their strategy 1. */
	fmgr_info(get_opcode(get_opfamily_member(index->rd_opfamily[0], type, type, 1)),
			  &fetch->distance);
	fetch->heap = heap;
	fetch->snapshot = snapshot;
	fetch->info = BuildIndexInfo(index);
	fetch->estate = CreateExecutorState();
	fetch->scan = table_index_fetch_begin(heap);
	fetch->slot = table_slot_create(heap, NULL);
	return fetch;
}

void
mv_fetch_ahead(MvFetch *fetch, const ItemPointerData *tid)
{
	PrefetchBuffer(fetch->heap, MAIN_FORKNUM, ItemPointerGetBlockNumber(tid));
}

static bool
slot_distance(MvFetch *fetch, Datum query, double *distance)
{
	ExprContext *econtext = GetPerTupleExprContext(fetch->estate);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	MemoryContext old;

	econtext->ecxt_scantuple = fetch->slot;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	FormIndexDatum(fetch->info, fetch->slot, fetch->estate, values, isnull);
	if (!isnull[0])
		*distance = DatumGetFloat8(FunctionCall2(&fetch->distance, values[0], query));
	MemoryContextSwitchTo(old);
	ResetExprContext(econtext);
	return !isnull[0];
}

bool
mv_fetch_distance(MvFetch *fetch, const ItemPointerData *tid, Datum query, double *distance)
{
	ItemPointerData at = *tid;
	bool		again = false;
	bool		dead;
	bool		found = table_index_fetch_tuple(fetch->scan, &at, fetch->snapshot, fetch->slot,
												&again, &dead) &&
		slot_distance(fetch, query, distance);

	ExecClearTuple(fetch->slot);
	return found;
}

void
mv_fetch_end(MvFetch *fetch)
{
	ExecDropSingleTupleTableSlot(fetch->slot);
	table_index_fetch_end(fetch->scan);
	FreeExecutorState(fetch->estate);
	pfree(fetch->info);
	pfree(fetch);
}
