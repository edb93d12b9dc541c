/*
 * attribute.c -- values of attribute columns as integers.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "fts/schema.h"

/* In PostgreSQL's order: NaN is equal to itself and above all, -0 equal to 0. */
static int64
float_key(double x)
{
	int64		bits;

	if (isnan(x))
		return PG_INT64_MAX;
	if (x == 0)
		x = 0;
	memcpy(&bits, &x, sizeof(bits));
	return bits >= 0 ? bits : bits ^ PG_INT64_MAX;
}

/* Of the first half; the order of uuids is that of their bytes. */
static int64
uuid_key(const pg_uuid_t *uuid)
{
	uint64		first;

	memcpy(&first, uuid->data, sizeof(first));
	return (int64) (pg_ntoh64(first) ^ (UINT64CONST(1) << 63));
}

int64
mv_attribute_key(const MvFtsAttribute *attribute, Datum value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return DatumGetInt64(value);
		case FLOAT4OID:
			return float_key(DatumGetFloat4(value));
		case FLOAT8OID:
			return float_key(DatumGetFloat8(value));
		case NUMERICOID:
			return float_key(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
																value)));
		case BOOLOID:
			return DatumGetBool(value);
		case DATEOID:
			return DatumGetDateADT(value);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return DatumGetTimestampTz(value);
		case UUIDOID:
			return uuid_key(DatumGetUUIDP(value));
		case TEXTOID:
			return DatumGetInt64(DirectFunctionCall2Coll(hashtextextended, attribute->collation,
														 value, Int64GetDatum(0)));
		default:
			elog(ERROR, "type %u is no attribute of a bm25 index", type);
	}
}
