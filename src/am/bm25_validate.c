/*
 * bm25_validate.c -- is an operator class fit for bm25?
 *
 * Of a field it has the two operators with bm25query, of an attribute the
 * comparisons of btree.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type_d.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/schema.h"

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

bool
mv_bm25_validate(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Oid			family;
	Oid			type;
	uint32		wanted = UINT32_C(1) << BTEqualStrategyNumber;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	family = ((Form_pg_opclass) GETSTRUCT(tuple))->opcfamily;
	type = ((Form_pg_opclass) GETSTRUCT(tuple))->opcintype;
	ReleaseSysCache(tuple);

	if (OidIsValid(get_opfamily_proc(family, type, type, MV_FIELD_PROC)))
		wanted = 1 | UINT32_C(1) << MV_FIELD_MATCH;
	if ((strategies(family, type) & wanted) == wanted)
		return true;
	ereport(INFO,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("operator class %u lacks an operator that bm25 needs", opclass)));
	return false;
}
