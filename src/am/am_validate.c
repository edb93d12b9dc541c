/*
 * am_validate.c -- is an operator class fit for our access methods?
 */
#include "postgres.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "utils/catcache.h"
#include "utils/syscache.h"

#include "am/am.h"
#include "compat.h"

/* One ordering operator, and the support function that names the metric. */
bool
mv_am_validate(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Oid			family;
	CatCList   *ops;
	CatCList   *procs;
	bool		ordering = false;
	bool		metric = false;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	family = ((Form_pg_opclass) GETSTRUCT(tuple))->opcfamily;
	ReleaseSysCache(tuple);

	ops = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
	for (int i = 0; i < ops->n_members; i++)
	{
		Form_pg_amop op = (Form_pg_amop) GETSTRUCT(&ops->members[i]->tuple);

		ordering = ordering || op->amoppurpose == AMOP_ORDER;
	}
	procs = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(family));
	for (int i = 0; i < procs->n_members; i++)
	{
		Form_pg_amproc proc = (Form_pg_amproc) GETSTRUCT(&procs->members[i]->tuple);

		metric = metric || proc->amprocnum == MV_METRIC_PROC;
	}
	ReleaseCatCacheList(procs);
	ReleaseCatCacheList(ops);
	if (!ordering || !metric)
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator class %u lacks an ordering operator or support function %d",
						opclass, MV_METRIC_PROC)));
	return ordering && metric;
}
