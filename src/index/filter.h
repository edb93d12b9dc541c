/*
 * filter.h -- which rows a search is wanted to return.
 */
#pragma once

#include "access/skey.h"

#include "index/tidset.h"

typedef struct MvFilter
{
	const MvTidSet *tids;		/* or NULL: all rows */
	ScanKey		keys;			/* [nkeys], on columns of the index after the first */
	int			nkeys;
} MvFilter;

/* Does it let all rows pass? */
static inline bool
mv_filter_is_empty(const MvFilter *filter)
{
	return filter == NULL || (filter->tids == NULL && filter->nkeys == 0);
}
