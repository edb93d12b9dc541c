/*
 * vector.c -- SQL type vector(n): binary32 elements.
 */
#include "postgres.h"

#include "types/dense.h"

const MvElem mv_vector_elem = {"vector", MV_F32};

MV_DENSE_TYPE(vector);
MV_DENSE_ARITHMETIC(vector);
