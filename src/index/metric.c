/*
 * metric.c -- operator classes, and column values as vectors to index.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "fmgr.h"
#include "utils/varbit.h"

#include "compat.h"
#include "core/rng.h"
#include "index/metric.h"
#include "types/sparsevec.h"
#include "types/status.h"

const MvOpclass *
mv_index_opclass(Relation index)
{
	FmgrInfo   *proc = index_getprocinfo(index, 1, MV_METRIC_PROC);

	return (const MvOpclass *) DatumGetPointer(FunctionCall1(proc, PointerGetDatum(NULL)));
}

/* Scale to unit length; false for a zero vector. */
static bool
normalise(float *x, int dim)
{
	double		sum = 0;

	for (int i = 0; i < dim; i++)
		sum += (double) x[i] * x[i];
	if (sum == 0)
		return false;
	sum = 1 / sqrt(sum);
	for (int i = 0; i < dim; i++)
		x[i] = (float) (x[i] * sum);
	return true;
}

static void
bits_to_floats(Datum value, int dim, float *x)
{
	VarBit	   *v = DatumGetVarBitP(value);

	mv_same_bits(dim, VARBITLEN(v));
	for (int i = 0; i < dim; i++)
		x[i] = VARBITS(v)[i / 8] >> (7 - i % 8) & 1;
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
}

static bool
dense_to_floats(const MvSpace *space, Datum value, float *x)
{
	const MvOpclass *opclass = space->opclass;
	MvDense    *v = (MvDense *) PG_DETOAST_DATUM(value);
	bool		indexed = true;

	mv_expect_dim(space->dim, v->dim);
	mv_kernels.to_f32[opclass->elem->kind] (v->x, x, space->dim);
	if (opclass->metric == MV_COSINE)
		indexed = normalise(x, space->dim);
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
	return indexed;
}

/* Dimensions that each element of a sketched vector goes to: few collide in all. */
#define SKETCH_PLACES 4

static void
sketch_element(int32 index, float value, float *x)
{
	uint64		seed = (uint64) index;

	value /= sqrtf(SKETCH_PLACES);
	for (int i = 0; i < SKETCH_PLACES; i++)
	{
		uint64		random = mv_rng_next(&seed);

		/* The lowest bit gives the sign, the highest give the place. */
		x[random >> 32 & (MV_SKETCH_DIM - 1)] += random & 1 ? value : -value;
	}
}

static bool
sparse_to_floats(const MvSpace *space, Datum value, float *x)
{
	MvSparse   *v = (MvSparse *) PG_DETOAST_DATUM(value);
	const float *values = MV_SPARSE_VALUES(v);
	bool		sketch = mv_space_sketches(space->opclass, space->dim);
	bool		roots = sketch && space->opclass->metric == MV_L1;
	double		norm = 0;
	double		scale = 1;

	mv_expect_dim(space->column_dim, v->dim);
	memset(x, 0, sizeof(float) * space->dim);
	for (int i = 0; i < v->nnz; i++)
		norm += (double) values[i] * values[i];
	if (space->opclass->metric == MV_COSINE && norm > 0)
		scale = 1 / sqrt(norm);
	for (int i = 0; i < v->nnz; i++)
	{
		float		element = roots ? copysignf(sqrtf(fabsf(values[i])), values[i]) :
			(float) (values[i] * scale);

		if (sketch)
			sketch_element(v->idx[i], element, x);
		else
			x[v->idx[i]] = element;
	}
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
	return space->opclass->metric != MV_COSINE || norm > 0;
}

MvSpace
mv_index_space(Relation index)
{
	MvSpace		space = {.opclass = mv_index_opclass(index),
						 .column_dim = TupleDescAttr(index->rd_att, 0)->atttypmod};

	space.dim = space.column_dim;
	if (space.opclass->elem->kind == MV_SPARSE)
		space.dim = Min(space.dim, MV_SKETCH_DIM);
	return space;
}

bool
mv_index_key(const MvSpace *space, Datum value, float *x)
{
	switch (space->opclass->elem->kind)
	{
		case MV_BIT:
			bits_to_floats(value, space->dim, x);
			return true;
		case MV_SPARSE:
			return sparse_to_floats(space, value, x);
		default:
			return dense_to_floats(space, value, x);
	}
}

/* vector_l2_metric(internal) returns internal, ...: the support functions. */
#define METRIC_FUNCTION(type, name, which) \
	PG_FUNCTION_INFO_V1(mv_##type##_##name##_metric); \
	Datum mv_##type##_##name##_metric(PG_FUNCTION_ARGS) \
	{ \
		static const MvOpclass opclass = {&mv_##type##_elem, which}; \
		PG_RETURN_POINTER(&opclass); \
	} \
	extern int	mv_require_semicolon

#define METRIC_FUNCTIONS(type) \
	METRIC_FUNCTION(type, l2, MV_L2SQ); \
	METRIC_FUNCTION(type, ip, MV_IP); \
	METRIC_FUNCTION(type, cosine, MV_COSINE)

METRIC_FUNCTIONS(vector);
METRIC_FUNCTION(vector, l1, MV_L1);
METRIC_FUNCTIONS(halfvec);
METRIC_FUNCTION(halfvec, l1, MV_L1);
METRIC_FUNCTIONS(sparsevec);
METRIC_FUNCTION(sparsevec, l1, MV_L1);
METRIC_FUNCTIONS(int8vec);
METRIC_FUNCTIONS(bf16vec);
METRIC_FUNCTION(bit, hamming, MV_HAMMING);
METRIC_FUNCTION(bit, jaccard, MV_JACCARD);
