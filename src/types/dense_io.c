/*
 * dense_io.c -- making, reading and printing dense vectors.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/array.h"

#include "compat.h"
#include "core/parse.h"
#include "core/wire.h"
#include "types/dense.h"
#include "types/status.h"

MvDense *
mv_dense_new(const MvElem *elem, int dim)
{
	MvStatus	status = mv_check_dim(dim, MV_MAX_DIM);
	MvDense    *v;
	Size		size;

	if (status != MV_OK)
		mv_fail(status, elem->type, MV_MAX_DIM);
	size = offsetof(MvDense, x) + mv_elem_size(elem->kind) * dim;
	v = palloc0(size);
	SET_VARSIZE(v, size);
	v->dim = (int16) dim;
	return v;
}

MvDense *
mv_dense_from_floats(const MvElem *elem, const float *x, int n)
{
	MvDense    *v = mv_dense_new(elem, n);

	for (int i = 0; i < n; i++)
	{
		MvStatus	status = mv_check_elem(elem->kind, x[i]);

		if (status == MV_OUT_OF_RANGE)
			mv_fail_range(elem->type, x[i]);
		if (status != MV_OK)
			mv_fail(status, elem->type, MV_MAX_DIM);
	}
	mv_kernels.from_f32[elem->kind] (x, v->x, n);
	return v;
}

float *
mv_dense_floats(const MvElem *elem, MvDense *v)
{
	float	   *x;

	if (elem->kind == MV_F32)
		return (float *) v->x;
	x = palloc(sizeof(float) * v->dim);
	mv_kernels.to_f32[elem->kind] (v->x, x, v->dim);
	return x;
}

/*
 * T_in(cstring, oid, int4) returns T
 *
 * 22P02 on bad syntax, 22003 if a number does not fit, 22000 on NaN, infinity,
 * no elements or other than typmod dimensions, 54000 on more than 16000.
 */
Datum
mv_dense_in(const MvElem *elem, FunctionCallInfo fcinfo)
{
	const char *text = PG_GETARG_CSTRING(0);
	int32		typmod = PG_GETARG_INT32(2);
	float		x[MV_MAX_DIM];
	int			dim;
	MvToken		bad;
	MvDense    *v;
	MvStatus	status = mv_parse_dense(text, elem->kind, x, &dim, &bad);

	if (status != MV_OK)
		mv_fail_text(status, elem->type, MV_MAX_DIM, text, &bad);
	mv_expect_dim(typmod, dim);

	/* The elements have been checked while they were read. */
	v = mv_dense_new(elem, dim);
	mv_kernels.from_f32[elem->kind] (x, v->x, dim);
	PG_RETURN_POINTER(v);
}

/*
 * T_out(T) returns cstring: shortest digits that read back as the same float,
 * whatever extra_float_digits says.
 */
Datum
mv_dense_out(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);
	float	   *x = mv_dense_floats(elem, v);

	/* Each number takes one byte less than the macro's, which counts a NUL. */
	char	   *text = palloc(FLOAT_SHORTEST_DECIMAL_LEN * (Size) v->dim + 3);
	char	   *p = text;

	for (int i = 0; i < v->dim; i++)
	{
		*p++ = i == 0 ? '[' : ',';
		p += float_to_shortest_decimal_bufn(x[i], p);
	}
	*p++ = ']';
	*p = '\0';
	PG_RETURN_CSTRING(text);
}

/* T_typmod_in(cstring[]) returns int4: the dimensions, 22023 if out of range. */
Datum
mv_dense_typmod_in(const MvElem *elem, FunctionCallInfo fcinfo)
{
	PG_RETURN_INT32(mv_typmod_in(PG_GETARG_ARRAYTYPE_P(0), elem->type, MV_MAX_DIM));
}

/*
 * T_recv(internal, oid, int4) returns T
 *
 * Network order: uint16 dim, uint16 unused = 0, elements.
 */
Datum
mv_dense_recv(const MvElem *elem, FunctionCallInfo fcinfo)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	int			dim = (int) pq_getmsgint(buf, 2);
	int			unused = (int) pq_getmsgint(buf, 2);
	MvStatus	status = mv_check_dim(dim, MV_MAX_DIM);
	const char *src;
	MvDense    *v;

	if (status != MV_OK)
		mv_fail(status, elem->type, MV_MAX_DIM);
	mv_expect_dim(typmod, dim);
	mv_expect_unused(unused);

	src = pq_getmsgbytes(buf, (int) mv_elem_size(elem->kind) * dim);
	v = mv_dense_new(elem, dim);
	status = mv_wire_decode(elem->kind, (const uint8_t *) src, dim, v->x);
	if (status != MV_OK)
		mv_fail(status, elem->type, MV_MAX_DIM);
	PG_RETURN_POINTER(v);
}

/* T_send(T) returns bytea */
Datum
mv_dense_send(const MvElem *elem, FunctionCallInfo fcinfo)
{
	MvDense    *v = MV_GETARG_DENSE(0);
	int			size = (int) mv_elem_size(elem->kind) * v->dim;
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint16(&buf, (uint16) v->dim);
	pq_sendint16(&buf, (uint16) v->unused);
	enlargeStringInfo(&buf, size);
	mv_wire_encode(elem->kind, v->x, v->dim, (uint8_t *) buf.data + buf.len);
	buf.len += size;
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
