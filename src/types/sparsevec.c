/*
 * sparsevec.c -- SQL type sparsevec(n): making, reading, printing, norms.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "compat.h"
#include "core/parse.h"
#include "core/wire.h"
#include "types/sparsevec.h"
#include "types/status.h"

const char	mv_sparsevec_type[] = "sparsevec";
const MvElem mv_sparsevec_elem = {mv_sparsevec_type, MV_SPARSE};

static void
check(MvStatus status)
{
	if (status != MV_OK)
		mv_fail(status, mv_sparsevec_type, MV_SPARSE_MAX_DIM);
}

MvSparse *
mv_sparse_new(int dim, int nnz)
{
	MvSparse   *v;

	check(mv_check_dim(dim, MV_SPARSE_MAX_DIM));
	check(mv_check_nnz(nnz, dim));
	v = palloc0(MV_SPARSE_SIZE(nnz));
	SET_VARSIZE(v, MV_SPARSE_SIZE(nnz));
	v->dim = dim;
	v->nnz = nnz;
	return v;
}

MvSparse *
mv_sparse_from_floats(const float *x, int dim)
{
	MvSparse   *v;
	int			nnz = 0;

	for (int i = 0; i < dim; i++)
	{
		check(mv_check_elem(MV_F32, x[i]));
		nnz += x[i] != 0;
	}
	v = mv_sparse_new(dim, nnz);
	nnz = 0;
	for (int i = 0; i < dim; i++)
		if (x[i] != 0)
		{
			v->idx[nnz] = i;
			MV_SPARSE_VALUES(v)[nnz++] = x[i];
		}
	return v;
}

/*
 * sparsevec_in(cstring, oid, int4) returns sparsevec
 *
 * 22P02 on bad syntax, 22003 if a number overflows or underflows, 22000 on
 * NaN, infinity, an index out of bounds or twice, no or other than typmod
 * dimensions, 54000 past a limit.
 */
PG_FUNCTION_INFO_V1(mv_sparsevec_in);
Datum
mv_sparsevec_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	int32		typmod = PG_GETARG_INT32(2);
	size_t		bound = mv_parse_sparse_bound(text);
	MvSparseEntry *entries;
	MvSparse   *v;
	MvStatus	status;
	MvToken		bad;
	int			nnz,
				dim;

	if (bound > MV_SPARSE_MAX_NNZ)
		check(MV_TOO_MANY_NNZ);
	entries = palloc(sizeof(MvSparseEntry) * bound);
	status = mv_parse_sparse(text, entries, &nnz, &dim, &bad);
	if (status != MV_OK)
		mv_fail_text(status, mv_sparsevec_type, MV_SPARSE_MAX_DIM, text, &bad);
	check(mv_check_dim(dim, MV_SPARSE_MAX_DIM));
	mv_expect_dim(typmod, dim);

	for (int i = 0; i < nnz; i++)
		check(mv_check_index(i > 0 ? entries[i - 1].index : -1, entries[i].index, dim));
	v = mv_sparse_new(dim, nnz);
	for (int i = 0; i < nnz; i++)
	{
		v->idx[i] = entries[i].index;
		MV_SPARSE_VALUES(v)[i] = entries[i].value;
	}
	PG_RETURN_POINTER(v);
}

/* sparsevec_out(sparsevec) returns cstring: {1:1.5,3:2}/5, indices from 1 */
PG_FUNCTION_INFO_V1(mv_sparsevec_out);
Datum
mv_sparsevec_out(PG_FUNCTION_ARGS)
{
	MvSparse   *v = MV_GETARG_SPARSE(0);

	/* Index and dimensions take up to 10 digits; the macro counts a NUL. */
	char	   *text = palloc((Size) v->nnz * (FLOAT_SHORTEST_DECIMAL_LEN + 12) + 16);
	char	   *p = text;

	*p++ = '{';
	for (int i = 0; i < v->nnz; i++)
	{
		if (i > 0)
			*p++ = ',';
		p += pg_ltoa(v->idx[i] + 1, p);
		*p++ = ':';
		p += float_to_shortest_decimal_bufn(MV_SPARSE_VALUES(v)[i], p);
	}
	*p++ = '}';
	*p++ = '/';
	pg_ltoa(v->dim, p);
	PG_RETURN_CSTRING(text);
}

/* sparsevec_typmod_in(cstring[]) returns int4 */
PG_FUNCTION_INFO_V1(mv_sparsevec_typmod_in);
Datum
mv_sparsevec_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(mv_typmod_in(PG_GETARG_ARRAYTYPE_P(0), mv_sparsevec_type, MV_SPARSE_MAX_DIM));
}

/*
 * sparsevec_recv(internal, oid, int4) returns sparsevec
 *
 * Network order: int32 dim, nnz, unused = 0, indices from 0, values.
 */
PG_FUNCTION_INFO_V1(mv_sparsevec_recv);
Datum
mv_sparsevec_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	int32		dim = (int32) pq_getmsgint(buf, 4);
	int32		nnz = (int32) pq_getmsgint(buf, 4);
	int32		unused = (int32) pq_getmsgint(buf, 4);
	const char *src;
	MvSparse   *v;

	check(mv_check_dim(dim, MV_SPARSE_MAX_DIM));
	check(mv_check_nnz(nnz, dim));
	mv_expect_dim(typmod, dim);
	mv_expect_unused(unused);

	src = pq_getmsgbytes(buf, 8 * nnz);
	v = mv_sparse_new(dim, nnz);
	check(mv_wire_decode_sparse((const uint8_t *) src, dim, nnz, v->idx, MV_SPARSE_VALUES(v)));
	PG_RETURN_POINTER(v);
}

/* sparsevec_send(sparsevec) returns bytea */
PG_FUNCTION_INFO_V1(mv_sparsevec_send);
Datum
mv_sparsevec_send(PG_FUNCTION_ARGS)
{
	MvSparse   *v = MV_GETARG_SPARSE(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint32(&buf, v->dim);
	pq_sendint32(&buf, v->nnz);
	pq_sendint32(&buf, v->unused);
	enlargeStringInfo(&buf, 8 * v->nnz);
	mv_wire_encode_sparse(v->idx, MV_SPARSE_VALUES(v), v->nnz, (uint8_t *) buf.data + buf.len);
	buf.len += 8 * v->nnz;
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static double
norm(MvSparse *v)
{
	double		sum = 0;

	for (int i = 0; i < v->nnz; i++)
		sum += (double) MV_SPARSE_VALUES(v)[i] * (double) MV_SPARSE_VALUES(v)[i];
	return sqrt(sum);
}

/* l2_norm(sparsevec) returns float8 */
PG_FUNCTION_INFO_V1(mv_sparsevec_l2_norm);
Datum
mv_sparsevec_l2_norm(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(norm(MV_GETARG_SPARSE(0)));
}

/*
 * l2_normalize(sparsevec) returns sparsevec: unit length; no elements for a
 * zero vector.  Elements that underflow are dropped.
 */
PG_FUNCTION_INFO_V1(mv_sparsevec_l2_normalize);
Datum
mv_sparsevec_l2_normalize(PG_FUNCTION_ARGS)
{
	MvSparse   *v = MV_GETARG_SPARSE(0);
	double		length = norm(v);
	float	   *scaled = palloc(sizeof(float) * v->nnz);
	MvSparse   *result;
	int			nnz = 0;

	for (int i = 0; i < v->nnz; i++)
	{
		scaled[i] = length > 0 ? (float) (MV_SPARSE_VALUES(v)[i] / length) : 0;
		if (unlikely(isinf(scaled[i])))
			float_overflow_error();
		nnz += scaled[i] != 0;
	}
	result = mv_sparse_new(v->dim, nnz);
	nnz = 0;
	for (int i = 0; i < v->nnz; i++)
		if (scaled[i] != 0)
		{
			result->idx[nnz] = v->idx[i];
			MV_SPARSE_VALUES(result)[nnz++] = scaled[i];
		}
	PG_RETURN_POINTER(result);
}
