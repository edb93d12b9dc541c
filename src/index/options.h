/*
 * options.h -- index options (WITH (...)), as am/ parses them.
 */
#pragma once

#include "access/amapi.h"
#include "utils/rel.h"

#define MV_MAX_LISTS 1000000

/* By what the nearest rows are ranked again. */
typedef enum MvRerankBy
{
	MV_RERANK_F16,				/* copies of the vectors in the index, 16 bits an element */
	MV_RERANK_F32,				/* exact copies */
	MV_RERANK_HEAP,				/* the table's rows */
	MV_RERANK_NONE				/* the codes' estimates must do */
} MvRerankBy;

/* Whether an index has a graph over its rows. */
typedef enum MvGraphWanted
{
	MV_GRAPH_NEVER,
	MV_GRAPH_BY_SIZE,			/* from milvus.graph_min_rows on */
	MV_GRAPH_ALWAYS
} MvGraphWanted;

typedef struct MvIndexOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			lists;			/* 0: chosen by the number of rows */
	int			rerank;			/* MvRerankBy */
	int			bits;			/* of a code, per dimension */
	int			m;				/* of a graph: half the edges of a node */
	int			ef_construction;	/* rows looked at for them */
	int			graph;			/* MvGraphWanted */
} MvIndexOptions;

/* The options of an index, defaults of its access method where none was given. */
static inline const MvIndexOptions *
mv_index_options(Relation index)
{
	bytea	   *options = index->rd_options;

	if (options == NULL)
		options = index->rd_indam->amoptions(PointerGetDatum(NULL), false);
	return (const MvIndexOptions *) options;
}

static inline int
mv_index_option_lists(Relation index)
{
	return mv_index_options(index)->lists;
}

static inline MvRerankBy
mv_index_option_rerank(Relation index)
{
	return (MvRerankBy) mv_index_options(index)->rerank;
}

static inline int
mv_index_option_bits(Relation index)
{
	return mv_index_options(index)->bits;
}
