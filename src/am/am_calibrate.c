/*
 * am_calibrate.c -- milvus_calibrate(): queries that look like those to come.
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "am/am.h"
#include "am/tools.h"
#include "compat.h"
#include "types/status.h"

/* More do not make it more certain, but slower. */
#define MAX_QUERIES 10000

/*
 * The queries as the index has its rows: float[dim] each, of unit length under
 * cosine, where zero vectors are left out.  Returns their number.
 */
static int
query_floats(const MvOpclass *opclass, int dim, ArrayType *array, float **queries)
{
	MvOpclass	as_vector = {.elem = &mv_vector_elem, .metric = opclass->metric};
	bool		bits = opclass->elem->kind == MV_BIT;
	MvSpace		space = {.opclass = bits ? opclass : &as_vector, .column_dim = dim, .dim = dim};
	Datum	   *items;
	bool	   *nulls;
	int			n,
				kept = 0;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &items, &nulls, &n);
	if (n < 1 || n > MAX_QUERIES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d queries: there must be 1 to %d", n, MAX_QUERIES),
				 errhint("Some 200 queries, chosen at random among real ones, serve well.")));
	*queries = palloc_extended(sizeof(float) * dim * (Size) n, MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("queries must not be NULL")));
		kept += mv_index_key(&space, items[i], *queries + (Size) dim * kept);
	}
	return kept;
}

/* Can such queries be asked?  Bit strings are asked for by bit strings. */
static void
require_queries(Relation index, const MvOpclass *opclass, Oid type)
{
	MvElemKind	kind = opclass->elem->kind;

	if (kind == MV_SPARSE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" is over sparse vectors, which vectors cannot query",
						RelationGetRelationName(index)),
				 errhint("It calibrated itself when it was built.")));
	if ((kind == MV_BIT) != (type == BITOID))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" is over %s, which %s cannot query",
						RelationGetRelationName(index), kind == MV_BIT ? "bit strings" : "vectors",
						kind == MV_BIT ? "vectors" : "bit strings"),
				 errhint("Pass an array of what the column has.")));
}

/*
 * milvus_calibrate(index regclass, queries vector[]) returns int
 * milvus_calibrate(index regclass, queries bit[]) returns int
 *
 * Finds the true neighbours of the queries, by reading every vector in the
 * index, and remembers what it takes to find them: from then on
 * milvus.target_recall holds for queries like these.  Returns the number of
 * queries that counted.  The index owner's; AccessShareLock, and WAL of a page.
 *
 * 22023 for less than 1 or more than 10000 queries, 22004 for NULLs among them,
 * 22000 for other dimensions than the index has, 0A000 for the wrong kind of queries and for
 * sparse columns, 25006 during recovery.
 */
PG_FUNCTION_INFO_V1(mv_calibrate);
Datum
mv_calibrate(PG_FUNCTION_ARGS)
{
	Relation	index;
	const MvOpclass *opclass;
	MvIndexShape shape;
	float	   *queries;
	int			n;

	PreventCommandDuringRecovery("milvus_calibrate()");
	index = mv_tool_open(PG_GETARG_OID(0), AccessShareLock);
	mv_tool_require_vectors(index);
	mv_tool_require_owner(index);
	opclass = mv_index_opclass(index);
	require_queries(index, opclass, ARR_ELEMTYPE(PG_GETARG_ARRAYTYPE_P(1)));
	mv_method_of(index)->shape(index, NULL, &shape);
	n = query_floats(opclass, shape.dim, PG_GETARG_ARRAYTYPE_P(1), &queries);
	if (n > 0)
		mv_method_of(index)->calibrate(index, queries, n);
	index_close(index, AccessShareLock);
	PG_RETURN_INT32(n);
}
