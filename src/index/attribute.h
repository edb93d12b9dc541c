/*
 * attribute.h -- columns that an index keeps beside the one it is for, by which rows
 * are filtered.
 */
#pragma once

#include "access/skey.h"
#include "utils/rel.h"

#include "core/keys.h"

/*
 * An attribute's value is kept as a signed integer, its key.  Order and equality
 * of exact ones are those of the values.  Of the others equal values have equal
 * keys, so what matches by key is checked again in the table; where order is kept,
 * it is so that smaller values have no greater keys.
 */
typedef struct MvAttribute
{
	AttrNumber	attno;			/* in the index */
	Oid			type;			/* of the operator class */
	Oid			collation;
	bool		ordered;		/* else equality only */
	bool		exact;
} MvAttribute;

/*
 * The key of NULL is MV_NULL_KEY.  A value whose key it would be has the next one, so there
 * the row must be asked.
 */

/* The attribute that a column of an index is, counted from 0. */
MvAttribute mv_attribute(Relation index, int column);

/* The key of a row's value. */
int64		mv_attribute_key(const MvAttribute *attribute, Datum value, bool isnull);

/* Keys, both ends included. */
typedef struct MvKeyRange
{
	int64		low,
				high;
} MvKeyRange;

/* A row's key of an attribute is in one of the ranges, which are ascending and disjoint. */
typedef struct MvCondition
{
	int			attribute;		/* its number, by the caller */
	int			nranges;		/* 0: no row fulfils it */
	MvKeyRange *ranges;
} MvCondition;

/*
 * mv_condition_set -- what a key of a scan asks of an attribute's keys.
 *
 * Allocates in the current context; sets *recheck if rows are to be checked again.
 */
void		mv_condition_set(MvCondition *condition, const MvAttribute *attribute, ScanKey key,
							 bool *recheck);

static inline bool
mv_condition_holds(const MvCondition *condition, int64 key)
{
	for (int i = 0; i < condition->nranges; i++)
		if (key <= condition->ranges[i].high)
			return key >= condition->ranges[i].low;
	return false;
}
