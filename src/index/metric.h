/*
 * metric.h -- what an operator class means: element type and metric; and the
 * space in which an index looks for its rows.
 *
 * The classes of our access methods name a function as support MV_METRIC_PROC
 * that returns a pointer to an MvOpclass.
 */
#pragma once

#include "utils/rel.h"

#include "types/dense.h"

/* Above those of pgvector (hnsw 1-3, ivfflat 1-5), so that neither reads the other's. */
#define MV_METRIC_PROC 7
#define MV_NPROCS 7

typedef struct MvOpclass
{
	const MvElem *elem;			/* of MV_BIT: the column is a bit string; MV_SPARSE: sparse */
	MvMetric	metric;			/* MV_HAMMING or MV_JACCARD just for bit strings */
} MvOpclass;

/* The class of the first column of an index. */
const MvOpclass *mv_index_opclass(Relation index);

/*
 * The code space.  Lists, codes and graphs of every index see dense vectors
 * under the squared Euclidean distance, or the inner product of MV_IP; what
 * ranks rows in the end is the operator's own distance.
 *
 *	column			metric		in code space
 *	dense			L2, IP, L1	the vector itself
 *	dense			cosine		at unit length
 *	bit				both		0 and 1
 *	sparse, short	all			as dense: it has less than MV_SKETCH_DIM dimensions
 *	sparse, long	L2, IP		a sketch of MV_SKETCH_DIM dimensions
 *	sparse, long	cosine		the sketch of the vector at unit length
 *	sparse, long	L1			the sketch of the signed roots of its elements
 *
 * A sketch adds each element, with a sign, to a few dimensions that follow from
 * its index alone.  It is linear and keeps squared distances d2 on average, with
 * a deviation of some d2 sqrt(2 / MV_SKETCH_DIM).  Between roots the squared
 * distance is at most twice the taxicab distance of the elements, and at most that
 * where signs agree.
 */
#define MV_SKETCH_DIM 1024

typedef struct MvSpace
{
	const MvOpclass *opclass;
	int			column_dim;		/* of the column; values must have as many */
	int			dim;			/* of the code space */
} MvSpace;

/* The space of an index whose column has dimensions. */
MvSpace		mv_index_space(Relation index);

/* Is a code space of so many dimensions one of sketches, and not of the vectors themselves? */
static inline bool
mv_space_sketches(const MvOpclass *opclass, int dim)
{
	return opclass->elem->kind == MV_SPARSE && dim == MV_SKETCH_DIM;
}

/* How it compares: MV_L2SQ or MV_IP. */
static inline MvMetric
mv_space_metric(const MvOpclass *opclass)
{
	return opclass->metric == MV_IP ? MV_IP : MV_L2SQ;
}

/* The most dimensions that columns of a class may have. */
static inline int
mv_index_max_dim(const MvOpclass *opclass)
{
	switch (opclass->elem->kind)
	{
		case MV_BIT:
			return MV_MAX_BITS;
		case MV_SPARSE:
			return MV_SPARSE_MAX_DIM;
		default:
			return MV_MAX_DIM;
	}
}

/*
 * mv_index_key -- a column value in code space.
 *
 * x		out: float[space->dim]
 * returns	false if the value is not indexed: a zero vector under MV_COSINE
 *
 * 22000 if it has other than space->column_dim dimensions.
 */
bool		mv_index_key(const MvSpace *space, Datum value, float *x);
