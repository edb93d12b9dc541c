/*
 * filter.h -- which rows a search is wanted to return: all that are in a set of TIDs and
 * fulfil conditions on further columns of the index.
 */
#pragma once

#include "index/attribute.h"
#include "index/tidset.h"

typedef struct MvFilter
{
	const MvTidSet *tids;		/* or NULL: all rows */
	const MvCondition *conditions;	/* [nconditions], on attributes from 0 */
	int			nconditions;
} MvFilter;

/* Does it let all rows pass? */
static inline bool
mv_filter_is_empty(const MvFilter *filter)
{
	return filter->tids == NULL && filter->nconditions == 0;
}
