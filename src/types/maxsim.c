/*
 * maxsim.c -- late interaction over arrays of vectors.
 *
 * Milvus' MAX_SIM (= MAX_SIM_COSINE; ColBERT, Khattab and Zaharia 2020): every
 * vector of the query looks for its most similar vector in the document, and
 * the cosine similarities are summed.  Exact.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "compat.h"
#include "types/dense.h"
#include "types/status.h"

/* The vectors of an array, detoasted, with their norms. */
typedef struct VectorList
{
	int			n;
	MvDense   **v;
	double	   *norm;
} VectorList;

static double
dot(MvDense *a, MvDense *b)
{
	return mv_kernels.dist[MV_F32][MV_IP] (a->x, b->x, a->dim);
}

/* 22000 if the array is not 1-D, 22004 if it holds NULLs. */
static VectorList
get_vectors(ArrayType *array)
{
	VectorList	list;
	Datum	   *elems;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &elems, NULL, &list.n);
	list.v = palloc(sizeof(MvDense *) * list.n);
	list.norm = palloc(sizeof(double) * list.n);
	for (int i = 0; i < list.n; i++)
	{
		list.v[i] = (MvDense *) PG_DETOAST_DATUM(elems[i]);
		mv_same_dims(mv_vector_elem.type, list.v[0]->dim, list.v[i]->dim);
		list.norm[i] = sqrt(dot(list.v[i], list.v[i]));
	}
	return list;
}

/* Sum over the query of the best similarity; a zero vector is similar to none. */
static double
maxsim(const VectorList *document, const VectorList *query)
{
	double		sum = 0;

	mv_same_dims(mv_vector_elem.type, document->v[0]->dim, query->v[0]->dim);
	for (int q = 0; q < query->n; q++)
	{
		double		best = -INFINITY;

		for (int d = 0; d < document->n; d++)
		{
			double		norms = query->norm[q] * document->norm[d];
			double		similarity = norms > 0 ? dot(query->v[q], document->v[d]) / norms : 0;

			best = Max(best, similarity);
		}
		sum += Max(-1.0, Min(1.0, best));
	}
	return sum;
}

static Datum
maxsim_times(double sign, FunctionCallInfo fcinfo)
{
	VectorList	document = get_vectors(PG_GETARG_ARRAYTYPE_P(0));
	VectorList	query = get_vectors(PG_GETARG_ARRAYTYPE_P(1));

	if (document.n == 0 || query.n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sign * maxsim(&document, &query));
}

/*
 * maxsim(document vector[], query vector[]) returns float8
 *
 * In [-n, n] for a query of n vectors, higher is more similar; NULL if either
 * array is empty.  22000 if the dimensions differ.
 */
PG_FUNCTION_INFO_V1(mv_maxsim);
Datum
mv_maxsim(PG_FUNCTION_ARGS)
{
	return maxsim_times(1, fcinfo);
}

/* document <@@> query = -maxsim(document, query), for ORDER BY */
PG_FUNCTION_INFO_V1(mv_negative_maxsim);
Datum
mv_negative_maxsim(PG_FUNCTION_ARGS)
{
	return maxsim_times(-1, fcinfo);
}
