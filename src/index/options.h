/*
 * options.h -- index options (WITH (...)), as am/ parses them.
 */
#pragma once

#include "utils/rel.h"

#define MV_MAX_LISTS 1000000

typedef struct MvIndexOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			lists;			/* 0: chosen by the number of rows */
} MvIndexOptions;

static inline int
mv_index_option_lists(Relation index)
{
	return index->rd_options ? ((MvIndexOptions *) index->rd_options)->lists : 0;
}
