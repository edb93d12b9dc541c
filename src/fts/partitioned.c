/*
 * partitioned.c -- a partitioned index depends on its text search configuration.
 *
 * Nothing is built for it, so no callback of the access method hears of it; the hook that is
 * told of new objects does.  The library is loaded by then, for the handler; and options of a
 * partitioned index cannot be altered.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "fts/config.h"
#include "fts/schema.h"

static object_access_hook_type next_hook = NULL;

static bool
is_partitioned_index(const FormData_pg_class *class)
{
	return class->relkind == RELKIND_PARTITIONED_INDEX &&
		GetIndexAmRoutineByAmId(class->relam, false)->amoptions == mv_fts_options;
}

/* What the relation's row in the catalog, which no snapshot sees yet, says. */
static void
depend(Oid relid)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(classes, ClassOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple) && is_partitioned_index((Form_pg_class) GETSTRUCT(tuple)))
	{
		bytea	   *options = extractRelOptions(tuple, RelationGetDescr(classes), mv_fts_options);

		mv_config_depend_also(relid, mv_fts_options_config(options));
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
}

static void
object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (next_hook)
		next_hook(access, class, object, column, arg);
	if (access == OAT_POST_CREATE && class == RelationRelationId && column == 0)
		depend(object);
}

void
mv_fts_partitioned_init(void)
{
	next_hook = object_access_hook;
	object_access_hook = object_access;
}
