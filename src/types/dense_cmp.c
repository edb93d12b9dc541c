/*
 * dense_cmp.c -- order of dense vectors, as of arrays: by the elements of the
 * common prefix, then by dimensions.
 */
#include "postgres.h"

#include "compat.h"
#include "types/dense.h"

/* Elements converted at a time: most comparisons end within the first few. */
#define CHUNK 16

static int
compare(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *a = MV_GETARG_DENSE(0);
	MvDense    *b = MV_GETARG_DENSE(1);
	Size		size = mv_elem_size(elem->kind);
	int			common = Min(a->dim, b->dim);
	int			result = 0;

	for (int i = 0; i < common && result == 0; i += CHUNK)
	{
		float		x[CHUNK],
					y[CHUNK];
		int			n = Min(CHUNK, common - i);

		mv_kernels.to_f32[elem->kind] (a->x + i * size, x, n);
		mv_kernels.to_f32[elem->kind] (b->x + i * size, y, n);
		for (int j = 0; j < n && result == 0; j++)
			result = (x[j] > y[j]) - (x[j] < y[j]);
	}
	if (result == 0)
		result = (a->dim > b->dim) - (a->dim < b->dim);

	/* A btree build compares without resetting memory. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

Datum
mv_dense_lt(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_BOOL(compare(elem, fcinfo) < 0);
}

Datum
mv_dense_le(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_BOOL(compare(elem, fcinfo) <= 0);
}

Datum
mv_dense_eq(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_BOOL(compare(elem, fcinfo) == 0);
}

Datum
mv_dense_ne(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_BOOL(compare(elem, fcinfo) != 0);
}

Datum
mv_dense_ge(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_BOOL(compare(elem, fcinfo) >= 0);
}

Datum
mv_dense_gt(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_BOOL(compare(elem, fcinfo) > 0);
}

Datum
mv_dense_cmp(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_INT32(compare(elem, fcinfo));
}
