/*
 * dense_math.c -- norms, slices and arithmetic of dense vectors.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/varbit.h"

#include "compat.h"
#include "core/status.h"
#include "types/dense.h"
#include "types/status.h"

/* vector_dims(T) returns int4 */
Datum
mv_dense_dims(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_INT32(MV_GETARG_DENSE(0)->dim);
}

/* Euclidean norm, summed in double: no overflow for finite elements. */
static double
norm(const float *x, int dim)
{
	double		sum = 0;

	for (int i = 0; i < dim; i++)
		sum += (double) x[i] * (double) x[i];
	return sqrt(sum);
}

/* vector_norm(vector), l2_norm(halfvec) returns float8 */
Datum
mv_dense_l2_norm(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);

	PG_RETURN_FLOAT8(norm(mv_dense_floats(elem, v), v->dim));
}

/* Store computed floats; r becomes what has been stored. */
static void
store(const MvElem *elem, float *r, MvDense *v)
{
	if (elem->kind == MV_F32)
		return;
	mv_kernels.from_f32[elem->kind] (r, v->x, v->dim);
	mv_kernels.to_f32[elem->kind] (v->x, r, v->dim);
}

/* The same; 22003 where one overflows the element type. */
static void
store_checked(const MvElem *elem, float *r, MvDense *v)
{
	store(elem, r, v);
	for (int i = 0; i < v->dim; i++)
		if (unlikely(isinf(r[i])))
			float_overflow_error();
}

/* Where to compute: in place for binary32, else in a buffer of floats. */
static float *
float_target(const MvElem *elem, MvDense *v)
{
	return elem->kind == MV_F32 ? (float *) v->x : palloc(sizeof(float) * v->dim);
}

/* l2_normalize(T) returns T: unit length; zero stays zero. */
Datum
mv_dense_l2_normalize(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);
	MvDense    *result = mv_dense_new(elem, v->dim);
	float	   *x = mv_dense_floats(elem, v);
	float	   *r = float_target(elem, result);
	double		length = norm(x, v->dim);

	if (length > 0)
	{
		for (int i = 0; i < v->dim; i++)
			r[i] = (float) (x[i] / length);
		store_checked(elem, r, result);
	}
	PG_RETURN_POINTER(result);
}

/* binary_quantize(T) returns bit: bit i is set iff x[i] > 0. */
Datum
mv_dense_binary_quantize(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);
	float	   *x = mv_dense_floats(elem, v);
	VarBit	   *result = palloc0(VARBITTOTALLEN(v->dim));

	SET_VARSIZE(result, VARBITTOTALLEN(v->dim));
	VARBITLEN(result) = v->dim;
	for (int i = 0; i < v->dim; i++)
		VARBITS(result)[i / 8] |= (x[i] > 0) << (7 - i % 8);
	PG_RETURN_VARBIT_P(result);
}

/*
 * subvector(T, start int4, count int4) returns T
 *
 * start counts from 1; the range is clamped to the vector.  22000 if nothing
 * is left.
 */
Datum
mv_dense_subvector(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);
	int64		start = PG_GETARG_INT32(1);
	int64		count = PG_GETARG_INT32(2);
	int64		end = Min(start + count, v->dim + 1);
	Size		size = mv_elem_size(elem->kind);
	MvDense    *result;

	start = Max(start, 1);
	if (count < 1 || end <= start)
		mv_fail(MV_NO_DIMS, elem->type, MV_MAX_DIM);
	result = mv_dense_new(elem, (int) (end - start));
	memcpy(result->x, v->x + (start - 1) * size, result->dim * size);
	PG_RETURN_POINTER(result);
}

/* The two operands of + - *, as floats. */
typedef struct Operands
{
	MvDense    *result;			/* zeroed */
	const float *a;
	const float *b;
	float	   *r;				/* to be stored into result */
	int			dim;
} Operands;

static Operands
get_operands(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *a = MV_GETARG_DENSE(0);
	MvDense    *b = MV_GETARG_DENSE(1);
	Operands	o;

	mv_same_dims(elem->type, a->dim, b->dim);
	o.dim = a->dim;
	o.a = mv_dense_floats(elem, a);
	o.b = mv_dense_floats(elem, b);
	o.result = mv_dense_new(elem, o.dim);
	o.r = float_target(elem, o.result);
	return o;
}

/* T + T, element by element; also the transition function of sum(T). */
Datum
mv_dense_add(const MvElem *elem, FunctionCallInfo fcinfo)
{
	Operands	o = get_operands(elem, fcinfo);

	for (int i = 0; i < o.dim; i++)
		o.r[i] = o.a[i] + o.b[i];
	store_checked(elem, o.r, o.result);
	PG_RETURN_POINTER(o.result);
}

/* T - T */
Datum
mv_dense_sub(const MvElem *elem, FunctionCallInfo fcinfo)
{
	Operands	o = get_operands(elem, fcinfo);

	for (int i = 0; i < o.dim; i++)
		o.r[i] = o.a[i] - o.b[i];
	store_checked(elem, o.r, o.result);
	PG_RETURN_POINTER(o.result);
}

/* T * T; 22003 on underflow to zero, too. */
Datum
mv_dense_mul(const MvElem *elem, FunctionCallInfo fcinfo)
{
	Operands	o = get_operands(elem, fcinfo);

	for (int i = 0; i < o.dim; i++)
		o.r[i] = o.a[i] * o.b[i];
	store(elem, o.r, o.result);
	for (int i = 0; i < o.dim; i++)
	{
		if (unlikely(isinf(o.r[i])))
			float_overflow_error();
		if (unlikely(o.r[i] == 0 && o.a[i] != 0 && o.b[i] != 0))
			float_underflow_error();
	}
	PG_RETURN_POINTER(o.result);
}

/* T || T; 54000 beyond 16000 dimensions. */
Datum
mv_dense_concat(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *a = MV_GETARG_DENSE(0);
	MvDense    *b = MV_GETARG_DENSE(1);
	MvDense    *result = mv_dense_new(elem, a->dim + b->dim);
	Size		size = mv_elem_size(elem->kind);

	memcpy(result->x, a->x, a->dim * size);
	memcpy(result->x + a->dim * size, b->x, b->dim * size);
	PG_RETURN_POINTER(result);
}
