/*
 * halfvec.c -- SQL type halfvec(n): binary16 elements.
 */
#include "postgres.h"

#include "types/dense.h"

const MvElem mv_halfvec_elem = {"halfvec", MV_F16};

MV_DENSE_TYPE(halfvec);
MV_DENSE_ARITHMETIC(halfvec);
MV_DENSE_CAST(halfvec, vector);
MV_DENSE_CAST(vector, halfvec);
