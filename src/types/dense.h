/*
 * dense.h -- the dense vector types: vector, halfvec, int8vec, bf16vec.
 *
 * One implementation serves all four.  A function of it takes the element
 * descriptor and the fmgr arguments; vector.c, halfvec.c, ... instantiate the
 * SQL-callable set by macro and hold nothing else.
 *
 * On disk, native byte order, int4 aligned, never compressed:
 *
 *   OFFSET  SIZE            DESCRIPTION
 *        0     4            varlena header
 *        4     2            dim, 1 .. 16000
 *        6     2            unused, 0
 *        8     dim * elem   elements: finite binary32, binary16, bfloat16, or int8
 */
#pragma once

#include "fmgr.h"

#include "core/dist.h"

typedef struct MvElem
{
	const char *type;			/* SQL type name, part of every message */
	MvElemKind	kind;
} MvElem;

extern const MvElem mv_vector_elem;
extern const MvElem mv_halfvec_elem;
extern const MvElem mv_int8vec_elem;
extern const MvElem mv_bf16vec_elem;
extern const MvElem mv_bit_elem;	/* core's bit, which is no MvDense */

typedef struct MvDense
{
	int32		vl_len_;		/* do not touch directly */
	int16		dim;
	int16		unused;
	char		x[FLEXIBLE_ARRAY_MEMBER];
} MvDense;

/* Detoasted; a copy if the stored value was compact or out of line. */
#define MV_GETARG_DENSE(n) ((MvDense *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

/* dense_io.c */

/* A zeroed vector; raises unless 1 <= dim <= MV_MAX_DIM. */
MvDense    *mv_dense_new(const MvElem *elem, int dim);

/* A vector of n floats, each checked to fit the element type. */
MvDense    *mv_dense_from_floats(const MvElem *elem, const float *x, int n);

/* The elements as floats: v->x itself for binary32, else a palloc'd copy. */
float	   *mv_dense_floats(const MvElem *elem, MvDense *v);

Datum		mv_dense_in(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_out(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_typmod_in(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_recv(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_send(const MvElem *elem, FunctionCallInfo fcinfo);

/* dense_dist.c: (T, T) -> float8 */
Datum		mv_dense_l2_distance(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_l2_squared_distance(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_inner_product(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_negative_inner_product(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_cosine_distance(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_l1_distance(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_spherical_distance(const MvElem *elem, FunctionCallInfo fcinfo);

/* dense_math.c */
Datum		mv_dense_dims(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_l2_norm(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_l2_normalize(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_binary_quantize(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_subvector(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_add(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_sub(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_mul(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_concat(const MvElem *elem, FunctionCallInfo fcinfo);

/* dense_cmp.c: elements of the common prefix, then dimensions */
Datum		mv_dense_lt(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_le(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_eq(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_ne(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_ge(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_gt(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_cmp(const MvElem *elem, FunctionCallInfo fcinfo);

/* dense_agg.c: state float8[] = {count, sum of x[0], sum of x[1], ...} */
Datum		mv_dense_accum(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_avg(const MvElem *elem, FunctionCallInfo fcinfo);

/* cast.c: (source, typmod int, explicit bool) -> result */
Datum		mv_dense_coerce(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_from_array(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_to_float4(const MvElem *elem, FunctionCallInfo fcinfo);
Datum		mv_dense_cast(const MvElem *from, const MvElem *to, FunctionCallInfo fcinfo);

/* One SQL-callable function mv_<type>_<verb> over mv_dense_<verb>. */
#define MV_DENSE_FUNCTION(type, verb) \
	PG_FUNCTION_INFO_V1(mv_##type##_##verb); \
	Datum mv_##type##_##verb(PG_FUNCTION_ARGS) \
	{ return mv_dense_##verb(&mv_##type##_elem, fcinfo); } \
	extern int	mv_require_semicolon

/* What every dense type has. */
#define MV_DENSE_TYPE(type) \
	MV_DENSE_FUNCTION(type, in); \
	MV_DENSE_FUNCTION(type, out); \
	MV_DENSE_FUNCTION(type, typmod_in); \
	MV_DENSE_FUNCTION(type, recv); \
	MV_DENSE_FUNCTION(type, send); \
	MV_DENSE_FUNCTION(type, l2_distance); \
	MV_DENSE_FUNCTION(type, inner_product); \
	MV_DENSE_FUNCTION(type, negative_inner_product); \
	MV_DENSE_FUNCTION(type, cosine_distance); \
	MV_DENSE_FUNCTION(type, l1_distance); \
	MV_DENSE_FUNCTION(type, lt); \
	MV_DENSE_FUNCTION(type, le); \
	MV_DENSE_FUNCTION(type, eq); \
	MV_DENSE_FUNCTION(type, ne); \
	MV_DENSE_FUNCTION(type, ge); \
	MV_DENSE_FUNCTION(type, gt); \
	MV_DENSE_FUNCTION(type, cmp); \
	MV_DENSE_FUNCTION(type, coerce); \
	MV_DENSE_FUNCTION(type, from_array); \
	MV_DENSE_FUNCTION(type, to_float4)

/* What pgvector's two have besides. */
#define MV_DENSE_ARITHMETIC(type) \
	MV_DENSE_FUNCTION(type, l2_squared_distance); \
	MV_DENSE_FUNCTION(type, spherical_distance); \
	MV_DENSE_FUNCTION(type, dims); \
	MV_DENSE_FUNCTION(type, l2_norm); \
	MV_DENSE_FUNCTION(type, l2_normalize); \
	MV_DENSE_FUNCTION(type, binary_quantize); \
	MV_DENSE_FUNCTION(type, subvector); \
	MV_DENSE_FUNCTION(type, add); \
	MV_DENSE_FUNCTION(type, sub); \
	MV_DENSE_FUNCTION(type, mul); \
	MV_DENSE_FUNCTION(type, concat); \
	MV_DENSE_FUNCTION(type, accum); \
	MV_DENSE_FUNCTION(type, avg)

/* A cast between two dense types: mv_<from>_to_<to>. */
#define MV_DENSE_CAST(from, to) \
	PG_FUNCTION_INFO_V1(mv_##from##_to_##to); \
	Datum mv_##from##_to_##to(PG_FUNCTION_ARGS) \
	{ return mv_dense_cast(&mv_##from##_elem, &mv_##to##_elem, fcinfo); } \
	extern int	mv_require_semicolon
