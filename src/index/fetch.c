/*
 * fetch.c -- rows of the table by TID.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "index/fetch.h"

struct MvFetch
{
	const MvOpclass *opclass;
	Relation	heap;
	Snapshot	snapshot;
	int			dim;
	IndexInfo  *info;
	EState	   *estate;			/* of the index's expressions */
	IndexFetchTableData *scan;
	TupleTableSlot *slot;
};

MvFetch *
mv_fetch_begin(Relation index, Relation heap, Snapshot snapshot)
{
	MvFetch    *fetch = palloc(sizeof(MvFetch));

	fetch->opclass = mv_index_opclass(index);
	fetch->heap = heap;
	fetch->snapshot = snapshot;
	fetch->dim = TupleDescAttr(index->rd_att, 0)->atttypmod;
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

/* The key of the row in the slot. */
static bool
slot_key(MvFetch *fetch, float *x)
{
	ExprContext *econtext = GetPerTupleExprContext(fetch->estate);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	MemoryContext old;
	bool		found;

	econtext->ecxt_scantuple = fetch->slot;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	FormIndexDatum(fetch->info, fetch->slot, fetch->estate, values, isnull);
	found = !isnull[0] && mv_index_key(fetch->opclass, values[0], fetch->dim, x);
	MemoryContextSwitchTo(old);
	ResetExprContext(econtext);
	return found;
}

bool
mv_fetch_key(MvFetch *fetch, const ItemPointerData *tid, float *x)
{
	ItemPointerData at = *tid;
	bool		again = false;
	bool		dead;
	bool		found = table_index_fetch_tuple(fetch->scan, &at, fetch->snapshot, fetch->slot,
												&again, &dead) &&
		slot_key(fetch, x);

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
