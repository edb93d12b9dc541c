/*
 * int8vec.c -- SQL type int8vec(n) of milvus_pg: int8 elements.
 *
 * Casts to it round half to even and do not scale; what does not fit in
 * -128 .. 127 is an error.
 */
#include "postgres.h"

#include "types/dense.h"

const MvElem mv_int8vec_elem = {"int8vec", MV_I8};

MV_DENSE_TYPE(int8vec);
MV_DENSE_CAST(int8vec, vector);
MV_DENSE_CAST(vector, int8vec);
