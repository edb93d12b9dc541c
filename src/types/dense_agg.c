/*
 * dense_agg.c -- avg(T), also in parallel.
 *
 * The state is float8[]: {count, sum of x[0], sum of x[1], ...}, {0} before
 * the first row.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "compat.h"
#include "core/status.h"
#include "types/dense.h"
#include "types/status.h"

#define STATE_DIM(state) (ARR_DIMS(state)[0] - 1)
#define STATE_VALUES(state) ((float8 *) ARR_DATA_PTR(state))

/* Argument n as a state; these functions can be called with any array. */
static ArrayType *
get_state(FunctionCallInfo fcinfo, int n, const char *type, const char *verb)
{
	ArrayType  *state = PG_GETARG_ARRAYTYPE_P(n);

	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] < 1 ||
		ARR_HASNULL(state) || ARR_ELEMTYPE(state) != FLOAT8OID)
		elog(ERROR, "%s_%s: expected state array", type, verb);
	return state;
}

/* A state of no rows: negative zero is what adding to leaves every value as it is. */
static ArrayType *
new_state(int dim)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof(float8) * (dim + 1);
	ArrayType  *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->ndim = 1;
	state->elemtype = FLOAT8OID;
	ARR_DIMS(state)[0] = dim + 1;
	ARR_LBOUND(state)[0] = 1;
	for (int i = 1; i <= dim; i++)
		STATE_VALUES(state)[i] = -0.0;
	return state;
}

/*
 * A state to add dim values to: the argument itself inside an aggregate, which
 * owns it (as float8_accum does), else a copy.
 */
static ArrayType *
writable_state(FunctionCallInfo fcinfo, ArrayType *state, int dim)
{
	ArrayType  *copy;

	if (STATE_DIM(state) != 0)
		mv_expect_dim(STATE_DIM(state), dim);
	else if (dim != 0)
	{
		copy = new_state(dim);
		STATE_VALUES(copy)[0] = STATE_VALUES(state)[0];
		return copy;
	}
	if (AggCheckCallContext(fcinfo, NULL))
		return state;
	copy = palloc(VARSIZE(state));
	memcpy(copy, state, VARSIZE(state));
	ARR_LBOUND(copy)[0] = 1;
	return copy;
}

static void
check_overflow(const float8 *values, int n)
{
	for (int i = 0; i < n; i++)
		if (unlikely(isinf(values[i])))
			float_overflow_error();
}

/* T_accum(float8[], T) returns float8[] */
Datum
mv_dense_accum(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(1);
	ArrayType  *state = writable_state(fcinfo, get_state(fcinfo, 0, elem->type, "accum"), v->dim);
	float8	   *values = STATE_VALUES(state);
	float	   *x = mv_dense_floats(elem, v);

	values[0] += 1;
	for (int i = 0; i < v->dim; i++)
		values[i + 1] += x[i];
	check_overflow(values + 1, v->dim);
	PG_RETURN_ARRAYTYPE_P(state);
}

/* vector_combine(float8[], float8[]) returns float8[], for every T */
PG_FUNCTION_INFO_V1(mv_vector_combine);
Datum
mv_vector_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *a = get_state(fcinfo, 0, mv_vector_elem.type, "combine");
	ArrayType  *b = get_state(fcinfo, 1, mv_vector_elem.type, "combine");
	int			dim = STATE_DIM(b);
	ArrayType  *state;

	if (Max(STATE_DIM(a), dim) > MV_MAX_DIM)
		mv_fail(MV_TOO_MANY_DIMS, mv_vector_elem.type, MV_MAX_DIM);
	state = writable_state(fcinfo, a, dim != 0 ? dim : STATE_DIM(a));
	for (int i = 0; i <= dim; i++)
		STATE_VALUES(state)[i] += STATE_VALUES(b)[i];
	if (STATE_DIM(a) != 0)
		check_overflow(STATE_VALUES(state) + 1, dim);
	PG_RETURN_ARRAYTYPE_P(state);
}

/* T_avg(float8[]) returns T, NULL of no rows */
Datum
mv_dense_avg(const MvElem *elem, FunctionCallInfo fcinfo)
{
	ArrayType  *state = get_state(fcinfo, 0, elem->type, "avg");
	float8	   *values = STATE_VALUES(state);
	int			dim = STATE_DIM(state);
	MvStatus	status = mv_check_dim(dim, MV_MAX_DIM);
	float	   *x;

	if (values[0] == 0)
		PG_RETURN_NULL();
	if (status != MV_OK)
		mv_fail(status, elem->type, MV_MAX_DIM);
	x = palloc(sizeof(float) * dim);
	for (int i = 0; i < dim; i++)
		x[i] = (float) (values[i + 1] / values[0]);
	PG_RETURN_POINTER(mv_dense_from_floats(elem, x, dim));
}
