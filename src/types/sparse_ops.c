/*
 * sparse_ops.c -- distances and order of sparse vectors.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "types/sparsevec.h"
#include "types/status.h"

/* 22000 if the dimensions differ. */
static double
distance(MvMetric metric, FunctionCallInfo fcinfo)
{
	MvSparse   *a = MV_GETARG_SPARSE(0);
	MvSparse   *b = MV_GETARG_SPARSE(1);

	mv_same_dims(mv_sparsevec_type, a->dim, b->dim);
	return mv_sparse_dist(metric,
						  a->idx, MV_SPARSE_VALUES(a), a->nnz,
						  b->idx, MV_SPARSE_VALUES(b), b->nnz);
}

/*
 * Order as of the dense vectors with the same elements, then by dimensions:
 * the first index at which one has an element and the other has none, or
 * another, decides.
 */
static int
compare(FunctionCallInfo fcinfo)
{
	MvSparse   *a = MV_GETARG_SPARSE(0);
	MvSparse   *b = MV_GETARG_SPARSE(1);
	int			common = Min(a->dim, b->dim);
	int			result = 0;

	for (int i = 0, j = 0; result == 0;)
	{
		int32		ia = i < a->nnz ? a->idx[i] : PG_INT32_MAX;
		int32		ib = j < b->nnz ? b->idx[j] : PG_INT32_MAX;
		float		x = ia <= ib && i < a->nnz ? MV_SPARSE_VALUES(a)[i] : 0;
		float		y = ib <= ia && j < b->nnz ? MV_SPARSE_VALUES(b)[j] : 0;

		if (Min(ia, ib) >= common)
			break;
		result = (x > y) - (x < y);
		i += ia <= ib;
		j += ib <= ia;
	}
	if (result == 0)
		result = (a->dim > b->dim) - (a->dim < b->dim);

	/* A btree build compares without resetting memory. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

#define SPARSE_FUNCTION(name, expression) \
	PG_FUNCTION_INFO_V1(mv_sparsevec_##name); \
	Datum mv_sparsevec_##name(PG_FUNCTION_ARGS) { expression; } \
	extern int	mv_require_semicolon

SPARSE_FUNCTION(l2_distance, PG_RETURN_FLOAT8(sqrt(distance(MV_L2SQ, fcinfo))));
SPARSE_FUNCTION(l2_squared_distance, PG_RETURN_FLOAT8(distance(MV_L2SQ, fcinfo)));
SPARSE_FUNCTION(inner_product, PG_RETURN_FLOAT8(distance(MV_IP, fcinfo)));
SPARSE_FUNCTION(negative_inner_product, PG_RETURN_FLOAT8(-distance(MV_IP, fcinfo)));
SPARSE_FUNCTION(cosine_distance, PG_RETURN_FLOAT8(distance(MV_COSINE, fcinfo)));
SPARSE_FUNCTION(l1_distance, PG_RETURN_FLOAT8(distance(MV_L1, fcinfo)));

SPARSE_FUNCTION(lt, PG_RETURN_BOOL(compare(fcinfo) < 0));
SPARSE_FUNCTION(le, PG_RETURN_BOOL(compare(fcinfo) <= 0));
SPARSE_FUNCTION(eq, PG_RETURN_BOOL(compare(fcinfo) == 0));
SPARSE_FUNCTION(ne, PG_RETURN_BOOL(compare(fcinfo) != 0));
SPARSE_FUNCTION(ge, PG_RETURN_BOOL(compare(fcinfo) >= 0));
SPARSE_FUNCTION(gt, PG_RETURN_BOOL(compare(fcinfo) > 0));
SPARSE_FUNCTION(cmp, PG_RETURN_INT32(compare(fcinfo)));
