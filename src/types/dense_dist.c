/*
 * dense_dist.c -- distances of dense vectors: (T, T) returns float8, strict.
 *
 * Operands of different dimensions: 22000.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "types/dense.h"
#include "types/status.h"

static inline double
distance(const MvElem *elem, MvMetric metric, FunctionCallInfo fcinfo)
{
	MvDense    *a = MV_GETARG_DENSE(0);
	MvDense    *b = MV_GETARG_DENSE(1);

	mv_same_dims(elem->type, a->dim, b->dim);
	return mv_kernels.dist[elem->kind][metric] (a->x, b->x, a->dim);
}

Datum
mv_dense_l2_distance(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_FLOAT8(sqrt(distance(elem, MV_L2SQ, fcinfo)));
}

Datum
mv_dense_l2_squared_distance(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_FLOAT8(distance(elem, MV_L2SQ, fcinfo));
}

Datum
mv_dense_inner_product(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_FLOAT8(distance(elem, MV_IP, fcinfo));
}

Datum
mv_dense_negative_inner_product(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_FLOAT8(-distance(elem, MV_IP, fcinfo));
}

Datum
mv_dense_cosine_distance(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_FLOAT8(distance(elem, MV_COSINE, fcinfo));
}

Datum
mv_dense_l1_distance(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_FLOAT8(distance(elem, MV_L1, fcinfo));
}

/*
 * Angle over pi, of unit vectors: obeys the triangle inequality, in [0, 1].
 */
Datum
mv_dense_spherical_distance(const MvElem *elem, FunctionCallInfo fcinfo)
{
	double		cosine = distance(elem, MV_IP, fcinfo);

	PG_RETURN_FLOAT8(acos(Max(-1.0, Min(1.0, cosine))) / M_PI);
}
