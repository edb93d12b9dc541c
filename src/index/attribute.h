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

/* Keys as they are stored, unsigned and in the same order. */
static inline uint64
mv_key_code(int64 key)
{
	return (uint64) key ^ UINT64CONST(1) << 63;
}

/* The attribute that a column of an index is, counted from 0. */
MvAttribute mv_attribute(Relation index, int column);

/* The key of a row's value. */
int64		mv_attribute_key(const MvAttribute *attribute, Datum value, bool isnull);

/* The attributes of an index whose first column is no attribute, and all the others are. */
static inline int
mv_count_attributes(Relation index)
{
	return IndexRelationGetNumberOfKeyAttributes(index) - 1;
}

/* Their keys in a row; values, isnull: of all columns. */
void		mv_attribute_keys(Relation index, const Datum *values, const bool *isnull,
							  int64 *keys);

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
	int			from = 0,
				to = condition->nranges;

	while (from < to)
	{
		int			middle = from + (to - from) / 2;

		if (condition->ranges[middle].high < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from < condition->nranges && condition->ranges[from].low <= key;
}
