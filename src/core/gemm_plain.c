/*
 * gemm_plain.c -- the level every CPU runs: 4 rows by 8 columns, vectors of
 * four floats where the compiler has them for the architecture's baseline.
 */
#include "core/gemm_kernel.h"

const MvGemmLevel mv_gemm_plain = GEMM_LEVEL("plain");
