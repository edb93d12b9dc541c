/*
 * fused_group.c -- group_limit(value, n): how many rows of each value were returned.
 *
 * Rows come by their score, so the first n of a value are its best.  NULLs are one group,
 * as for GROUP BY.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/typcache.h"

#include "search/fused_group.h"
#include "search/fused_func.h"

PG_FUNCTION_INFO_V1(mv_group_limit);
PG_FUNCTION_INFO_V1(mv_group_limit_support);

typedef struct GroupRows GroupRows;

struct GroupRows
{
	GroupRows  *next;			/* of the same hash */
	Datum		value;
	bool		isnull;
	int			rows;
};

typedef struct Hashed
{
	uint32		hash;			/* the key */
	GroupRows  *groups;
} Hashed;

struct MvGroups
{
	ExprState  *value;
	ExprState  *limit_expr;
	TypeCacheEntry *type;
	Oid			collation;
	MemoryContext context;		/* of a run */
	HTAB	   *hashed;
	int			limit;
};

MvGroups *
mv_groups_begin(Expr *value, Expr *limit, PlanState *parent)
{
	MvGroups   *groups = palloc0(sizeof(MvGroups));
	Oid			type = exprType((Node *) value);

	groups->value = ExecInitExpr(value, parent);
	groups->limit_expr = ExecInitExpr(limit, parent);
	groups->collation = exprCollation((Node *) value);
	groups->type = lookup_type_cache(type, TYPECACHE_HASH_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO);
	if (!OidIsValid(groups->type->hash_proc) || !OidIsValid(groups->type->eq_opr))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("group_limit() cannot group by values of type %s, which have no hash",
						format_type_be(type))));
	return groups;
}

void
mv_groups_start(MvGroups *groups, MemoryContext context, ExprContext *row)
{
	HASHCTL		control = {
		.keysize = sizeof(uint32), .entrysize = sizeof(Hashed), .hcxt = context
	};
	bool		isnull;
	Datum		limit = ExecEvalExprSwitchContext(groups->limit_expr, row, &isnull);

	if (isnull || DatumGetInt32(limit) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("group_limit() must allow 1 row or more of each group")));
	groups->limit = DatumGetInt32(limit);
	groups->context = context;
	groups->hashed = hash_create("groups of a fused scan", 256, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static bool
is_same(const MvGroups *groups, const GroupRows *group, Datum value, bool isnull)
{
	if (isnull || group->isnull)
		return isnull && group->isnull;
	return DatumGetBool(FunctionCall2Coll(&groups->type->eq_opr_finfo, groups->collation,
										  group->value, value));
}

/* The group of a value, made if it is new. */
static GroupRows *
find_group(MvGroups *groups, Datum value, bool isnull)
{
	uint32		hash = isnull ? 0 :
		DatumGetUInt32(FunctionCall1Coll(&groups->type->hash_proc_finfo, groups->collation, value));
	bool		found;
	Hashed	   *hashed = hash_search(groups->hashed, &hash, HASH_ENTER, &found);
	GroupRows  *group;
	MemoryContext old;

	if (!found)
		hashed->groups = NULL;
	for (group = hashed->groups; group != NULL; group = group->next)
		if (is_same(groups, group, value, isnull))
			return group;
	old = MemoryContextSwitchTo(groups->context);
	group = palloc0(sizeof(GroupRows));
	group->isnull = isnull;
	if (!isnull)
		group->value = datumCopy(value, groups->type->typbyval, groups->type->typlen);
	MemoryContextSwitchTo(old);
	group->next = hashed->groups;
	hashed->groups = group;
	return group;
}

bool
mv_groups_admit(MvGroups *groups, ExprContext *row)
{
	MemoryContext old = MemoryContextSwitchTo(row->ecxt_per_tuple_memory);
	bool		isnull;
	Datum		value = ExecEvalExpr(groups->value, row, &isnull);
	GroupRows  *group = find_group(groups, value, isnull);

	MemoryContextSwitchTo(old);
	if (group->rows == groups->limit)
		return false;
	group->rows++;
	return true;
}

/* ---- SQL ---- */

/*
 * group_limit(value anyelement, rows int) returns boolean
 *
 * Raises 0A000 wherever it is called: a Fused Scan takes it out of the conditions.
 */
Datum
mv_group_limit(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("group_limit() can only be a condition of a query that is ordered by rrf() or "
					"weighted()"),
			 errhint("Write SELECT ... FROM one_table WHERE group_limit(doc_id, 2) AND ... "
					 "ORDER BY rrf(embedding <=> $1) LIMIT n.")));
	PG_RETURN_NULL();
}

/* group_limit_support(internal) returns internal: for all that is known, every row passes */
Datum
mv_group_limit_support(PG_FUNCTION_ARGS)
{
	SupportRequestSelectivity *request = (SupportRequestSelectivity *) PG_GETARG_POINTER(0);

	if (!IsA(request, SupportRequestSelectivity))
		PG_RETURN_POINTER(NULL);
	request->selectivity = 1;
	PG_RETURN_POINTER(request);
}
