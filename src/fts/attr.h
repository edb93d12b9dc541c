/*
 * attr.h -- values of attribute columns as numbers of 64 bits.
 *
 * Of two values a < b of an ordered type, key(a) <= key(b); equal values have
 * equal keys.  Where different values may share a key the row must be asked.
 */
#pragma once

#include "core/core.h"

/* The key of a null; no value has it. */
#define MV_FTS_ATTR_NULL UINT64_MAX

typedef struct MvFtsAttrType
{
	bool		ordered;		/* else good for equality alone */
	bool		exact;			/* different values have different keys */
} MvFtsAttrType;

/* False if columns of the type cannot be attributes. */
bool		mv_fts_attr_type(Oid type, MvFtsAttrType *info);

/* The key of a value that is not null. */
uint64		mv_fts_attr_key(Oid type, Datum value);
