/*
 * bf16vec.c -- SQL type bf16vec(n) of milvus_pg: bfloat16 elements.
 */
#include "postgres.h"

#include "types/dense.h"

const MvElem mv_bf16vec_elem = {"bf16vec", MV_BF16};

MV_DENSE_TYPE(bf16vec);
MV_DENSE_CAST(bf16vec, vector);
MV_DENSE_CAST(vector, bf16vec);
