/*
 * am_validate.c -- is an operator class fit for our access methods?
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_opclass.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "am/am.h"
#include "compat.h"

/* Strategies of the family's operators on the type, as bits; bit 0: one that orders. */
static uint32
strategies(Oid family, Oid type)
{
	CatCList   *list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
	uint32		found = 0;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amop op = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

		if (op->amoplefttype == type && op->amopstrategy < 32)
			found |= op->amoppurpose == AMOP_ORDER ? 1 : UINT32_C(1) << op->amopstrategy;
	}
	ReleaseSysCacheList(list);
	return found;
}

/*
 * Of a vector: one ordering operator, and the support function that names the metric.
 * Of an attribute: btree's strategies, equality at least.
 */
bool
mv_am_validate(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Oid			family;
	Oid			type;
	bool		metric;
	uint32		found;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	family = ((Form_pg_opclass) GETSTRUCT(tuple))->opcfamily;
	type = ((Form_pg_opclass) GETSTRUCT(tuple))->opcintype;
	ReleaseSysCache(tuple);

	metric = OidIsValid(get_opfamily_proc(family, type, type, MV_METRIC_PROC));
	found = strategies(family, type);
	if ((metric && (found & 1)) || (!metric && found & UINT32_C(1) << BTEqualStrategyNumber))
		return true;
	ereport(INFO,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("operator class %u lacks an ordering operator or support function %d",
					opclass, MV_METRIC_PROC),
			 errdetail("Classes of columns to filter by need an operator of strategy %d.",
					   BTEqualStrategyNumber)));
	return false;
}
