/*
 * metric.h -- what an operator class means: element type and metric.
 *
 * The classes of our access methods name a function as support MV_METRIC_PROC
 * that returns a pointer to one of these.
 */
#pragma once

#include "utils/rel.h"

#include "types/dense.h"

/* Above those of pgvector (hnsw 1-3, ivfflat 1-5), so that neither reads the other's. */
#define MV_METRIC_PROC 7
#define MV_NPROCS 7

typedef struct MvOpclass
{
	const MvElem *elem;			/* of MV_BIT: the column is a bit string */
	MvMetric	metric;			/* MV_HAMMING or MV_JACCARD just for those */
} MvOpclass;

/* The class of the first column of an index. */
const MvOpclass *mv_index_opclass(Relation index);

/* The most dimensions that columns of a class may have. */
static inline int
mv_index_max_dim(const MvOpclass *opclass)
{
	return opclass->elem->kind == MV_BIT ? MV_MAX_BITS : MV_MAX_DIM;
}

/*
 * mv_index_key -- a column value as the floats that are indexed.
 *
 * x		out: float[dim]; of unit length under MV_COSINE; 0 and 1 of a bit string
 * returns	false if the value is not indexed: a zero vector under MV_COSINE
 *
 * 22000 if it has other than dim dimensions.
 */
bool		mv_index_key(const MvOpclass *opclass, Datum value, int dim, float *x);
