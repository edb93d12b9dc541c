/*
 * metric.c -- operator classes, and column values as vectors to index.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "fmgr.h"
#include "utils/varbit.h"

#include "compat.h"
#include "index/metric.h"
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
dense_to_floats(const MvOpclass *opclass, Datum value, int dim, float *x)
{
	MvDense    *v = (MvDense *) PG_DETOAST_DATUM(value);
	bool		indexed = true;

	mv_expect_dim(dim, v->dim);
	mv_kernels.to_f32[opclass->elem->kind] (v->x, x, dim);
	if (opclass->metric == MV_COSINE)
		indexed = normalise(x, dim);
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
	return indexed;
}

bool
mv_index_key(const MvOpclass *opclass, Datum value, int dim, float *x)
{
	if (opclass->elem->kind != MV_BIT)
		return dense_to_floats(opclass, value, dim, x);
	bits_to_floats(value, dim, x);
	return true;
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
METRIC_FUNCTIONS(halfvec);
METRIC_FUNCTIONS(int8vec);
METRIC_FUNCTIONS(bf16vec);
METRIC_FUNCTION(bit, hamming, MV_HAMMING);
METRIC_FUNCTION(bit, jaccard, MV_JACCARD);
