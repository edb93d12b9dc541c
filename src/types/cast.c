/*
 * cast.c -- casts between the vector types, and from and to arrays.
 *
 * A cast function is (source, typmod int4, explicit bool) -> result; typmod is
 * -1 without one.  Checks come in this order: dimensions within the type's
 * limit (22000, 54000), as the typmod says (22000), elements (22000, 22003).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "core/status.h"
#include "types/dense.h"
#include "types/sparsevec.h"
#include "types/status.h"

static void
check_dims(const char *type, int dim, int max_dim, int32 typmod)
{
	MvStatus	status = mv_check_dim(dim, max_dim);

	if (status != MV_OK)
		mv_fail(status, type, max_dim);
	mv_expect_dim(typmod, dim);
}

/* Element of an int4, float4, float8 or numeric array as a float. */
static float
datum_float(Oid type, Datum value)
{
	switch (type)
	{
		case INT4OID:
			return (float) DatumGetInt32(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return (float) DatumGetFloat8(value);
		case NUMERICOID:
			return DatumGetFloat4(DirectFunctionCall1(numeric_float4, value));
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
			return 0;
	}
}

/*
 * The elements of an array as floats, for a type of elements of this kind.
 *
 * 22000 if it has several dimensions or other elements, 22004 if it has nulls,
 * then as check_dims(); 22003 if a finite element does not fit.
 */
static float *
array_floats(ArrayType *array, const char *type, MvElemKind kind, int max_dim, int32 typmod, int *n)
{
	Oid			elemtype = ARR_ELEMTYPE(array);
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *elems;
	float	   *x;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));

	get_typlenbyvalalign(elemtype, &typlen, &typbyval, &typalign);
	deconstruct_array(array, elemtype, typlen, typbyval, typalign, &elems, NULL, n);
	check_dims(type, *n, max_dim, typmod);
	x = palloc(sizeof(float) * (Size) *n);
	for (int i = 0; i < *n; i++)
	{
		x[i] = datum_float(elemtype, elems[i]);
		if (mv_check_elem(kind, x[i]) == MV_OUT_OF_RANGE)
			mv_fail_range(type, x[i]);
	}
	pfree(elems);
	return x;
}

/* T(T, int4, bool) returns T: checks the typmod */
Datum
mv_dense_coerce(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);

	mv_expect_dim(PG_GETARG_INT32(1), v->dim);
	PG_RETURN_POINTER(v);
}

/* array_to_T(anyarray of numbers, int4, bool) returns T */
Datum
mv_dense_from_array(const MvElem *elem, FunctionCallInfo fcinfo)
{
	int			n;
	float	   *x = array_floats(PG_GETARG_ARRAYTYPE_P(0), elem->type, elem->kind, MV_MAX_DIM,
								 PG_GETARG_INT32(1), &n);

	PG_RETURN_POINTER(mv_dense_from_floats(elem, x, n));
}

/* T_to_float4(T, int4, bool) returns float4[] */
Datum
mv_dense_to_float4(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof(float) * v->dim;
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = v->dim;
	ARR_LBOUND(array)[0] = 1;
	mv_kernels.to_f32[elem->kind] (v->x, (float *) ARR_DATA_PTR(array), v->dim);
	PG_RETURN_ARRAYTYPE_P(array);
}

/* <from>_to_<to>(from, int4, bool) returns to */
Datum
mv_dense_cast(const MvElem *from, const MvElem *to, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);

	check_dims(to->type, v->dim, MV_MAX_DIM, PG_GETARG_INT32(1));
	PG_RETURN_POINTER(mv_dense_from_floats(to, mv_dense_floats(from, v), v->dim));
}

static Datum
sparse_from_dense(const MvElem *from, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);

	check_dims(mv_sparsevec_type, v->dim, MV_SPARSE_MAX_DIM, PG_GETARG_INT32(1));
	PG_RETURN_POINTER(mv_sparse_from_floats(mv_dense_floats(from, v), v->dim));
}

static Datum
dense_from_sparse(const MvElem *to, FunctionCallInfo fcinfo)
{
	MvSparse   *v = MV_GETARG_SPARSE(0);
	float	   *x;

	check_dims(to->type, v->dim, MV_MAX_DIM, PG_GETARG_INT32(1));
	x = palloc0(sizeof(float) * v->dim);
	for (int i = 0; i < v->nnz; i++)
	{
		if (v->idx[i] < 0 || v->idx[i] >= v->dim)
			elog(ERROR, "index %d of a sparsevec(%d) is out of bounds", v->idx[i], v->dim);
		x[v->idx[i]] = MV_SPARSE_VALUES(v)[i];
	}
	PG_RETURN_POINTER(mv_dense_from_floats(to, x, v->dim));
}

#define SPARSE_CAST(type) \
	PG_FUNCTION_INFO_V1(mv_##type##_to_sparsevec); \
	Datum mv_##type##_to_sparsevec(PG_FUNCTION_ARGS) \
	{ return sparse_from_dense(&mv_##type##_elem, fcinfo); } \
	PG_FUNCTION_INFO_V1(mv_sparsevec_to_##type); \
	Datum mv_sparsevec_to_##type(PG_FUNCTION_ARGS) \
	{ return dense_from_sparse(&mv_##type##_elem, fcinfo); } \
	extern int	mv_require_semicolon

SPARSE_CAST(vector);
SPARSE_CAST(halfvec);

/* sparsevec(sparsevec, int4, bool) returns sparsevec: checks the typmod */
PG_FUNCTION_INFO_V1(mv_sparsevec_coerce);
Datum
mv_sparsevec_coerce(PG_FUNCTION_ARGS)
{
	MvSparse   *v = MV_GETARG_SPARSE(0);

	mv_expect_dim(PG_GETARG_INT32(1), v->dim);
	PG_RETURN_POINTER(v);
}

/* array_to_sparsevec(anyarray of numbers, int4, bool) returns sparsevec */
PG_FUNCTION_INFO_V1(mv_sparsevec_from_array);
Datum
mv_sparsevec_from_array(PG_FUNCTION_ARGS)
{
	int			n;
	float	   *x = array_floats(PG_GETARG_ARRAYTYPE_P(0), mv_sparsevec_type, MV_F32,
								 MV_SPARSE_MAX_DIM,
								 PG_GETARG_INT32(1), &n);

	PG_RETURN_POINTER(mv_sparse_from_floats(x, n));
}
