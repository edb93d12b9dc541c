/*
 * bm25_tools.c -- what the owner of a bm25 index may have done with it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "am/tools.h"
#include "fts/schema.h"
#include "fts/store.h"

/*
 * bm25_optimize(index regclass) returns void
 *
 * All documents of an index to one segment, and none that is dead.  Others go on
 * reading and writing; the space of the old segments is used again when nobody reads
 * them any more.
 */
PG_FUNCTION_INFO_V1(mv_bm25_optimize);
Datum
mv_bm25_optimize(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Oid			table;
	Relation	heap,
				index;

	PreventCommandDuringRecovery("bm25_optimize()");
	table = IndexGetRelation(relid, true);
	heap = OidIsValid(table) ? table_open(table, AccessShareLock) : NULL;
	index = mv_tool_open(relid, RowExclusiveLock);
	mv_tool_require_owner(index);
	if (!mv_is_fts_index(index))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a bm25 index", RelationGetRelationName(index))));
	mv_fts_optimize(index, heap);
	index_close(index, RowExclusiveLock);
	if (heap != NULL)
		table_close(heap, AccessShareLock);
	PG_RETURN_VOID();
}
