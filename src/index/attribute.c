/*
 * attribute.c -- values of attribute columns as integers, and conditions on these.
 */
#include "postgres.h"

#include <math.h>

#include "access/stratnum.h"
#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "index/attribute.h"

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

/*
 * type		of the value: that of the attribute, or of the constant that an operator
 *			of its family compares it with
 */
static int64
value_key(const MvAttribute *attribute, Datum value, Oid type)
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
			elog(ERROR, "values of type %u have no keys", type);
	}
}

int64
mv_attribute_key(const MvAttribute *attribute, Datum value, bool isnull)
{
	return isnull ? MV_NULL_KEY : Max(value_key(attribute, value, attribute->type),
									  MV_NULL_KEY + 1);
}

MvAttribute
mv_attribute(Relation index, int column)
{
	Oid			type = index->rd_opcintype[column];
	bool		exact = type != TEXTOID && type != UUIDOID && type != NUMERICOID;

	return (MvAttribute){ .attno = column + 1, .type = type,
						  .collation = index->rd_indcollation[column],
						  .ordered = type != TEXTOID, .exact = exact };
}

void
mv_attribute_keys(Relation index, const Datum *values, const bool *isnull, int64 *keys)
{
	for (int i = 0; i < mv_count_attributes(index); i++)
	{
		MvAttribute attribute = mv_attribute(index, i + 1);

		keys[i] = mv_attribute_key(&attribute, values[i + 1], isnull[i + 1]);
	}
}

/* ---- conditions ---- */

/* Keys of values that compare with this one as the strategy says. */
static MvKeyRange
range_of(const MvAttribute *attribute, int strategy, Datum value, Oid type, bool *recheck)
{
	int64		key =
		value_key(attribute, value, OidIsValid(type) ? type : attribute->type);
	MvKeyRange	range = { MV_NULL_KEY + 1, PG_INT64_MAX };

	/* The lowest key stands for two values. */
	key = Max(key, MV_NULL_KEY + 1);
	if (!attribute->exact || key == MV_NULL_KEY + 1)
		*recheck = true;
	switch (strategy)
	{
		case BTLessStrategyNumber:
			range.high = key - (attribute->exact && key > MV_NULL_KEY + 1);
			break;
		case BTLessEqualStrategyNumber:
			range.high = key;
			break;
		case BTEqualStrategyNumber:
			range.low = range.high = key;
			break;
		case BTGreaterEqualStrategyNumber:
			range.low = key;
			break;
		case BTGreaterStrategyNumber:
			range.low = key;
			if (attribute->exact && key < PG_INT64_MAX && key > MV_NULL_KEY + 1)
				range.low = key + 1;
			else
				*recheck = true;
			break;
		default:
			elog(ERROR, "attributes have no strategy %d", strategy);
	}
	return range;
}

static int
compare_ranges(const void *a, const void *b)
{
	const MvKeyRange *x = a,
			   *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* column op ANY (array): a union of ranges; returns their number. */
static int
ranges_of_array(const MvAttribute *attribute, ScanKey key, MvKeyRange **ranges, bool *recheck)
{
	ArrayType  *array = DatumGetArrayTypeP(key->sk_argument);
	Oid			type = ARR_ELEMTYPE(array);
	Datum	   *values;
	bool	   *nulls;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			nvalues,
				n = 0;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, type, typlen, typbyval, typalign, &values, &nulls, &nvalues);
	*ranges = palloc(sizeof(MvKeyRange) * Max(nvalues, 1));
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
			(*ranges)[n++] = range_of(attribute, key->sk_strategy, values[i], type, recheck);
	qsort(*ranges, n, sizeof(MvKeyRange), compare_ranges);
	nvalues = n;
	n = 0;
	for (int i = 0; i < nvalues; i++)
		if (n > 0 && (*ranges)[i].low <= (*ranges)[n - 1].high)
			(*ranges)[n - 1].high = Max((*ranges)[n - 1].high, (*ranges)[i].high);
		else
			(*ranges)[n++] = (*ranges)[i];
	return n;
}

void
mv_condition_set(MvCondition *condition, const MvAttribute *attribute, ScanKey key, bool *recheck)
{
	MvKeyRange *range;

	if (key->sk_flags & SK_SEARCHARRAY)
	{
		condition->nranges = key->sk_flags & SK_ISNULL ? 0 :
			ranges_of_array(attribute, key, &condition->ranges, recheck);
		return;
	}
	range = condition->ranges = palloc(sizeof(MvKeyRange));
	condition->nranges = 1;
	if (key->sk_flags & SK_SEARCHNULL)
		*range = (MvKeyRange){ MV_NULL_KEY, MV_NULL_KEY };
	else if (key->sk_flags & SK_SEARCHNOTNULL)
		*range = (MvKeyRange){ MV_NULL_KEY + 1, PG_INT64_MAX };
	else if (key->sk_flags & SK_ISNULL)
		condition->nranges = 0;
	else
		*range = range_of(attribute, key->sk_strategy, key->sk_argument, key->sk_subtype, recheck);
}
