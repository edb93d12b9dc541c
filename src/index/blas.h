/*
 * blas.h -- OpenBLAS for large products, loaded at run time when that pays.
 */
#pragma once

/*
 * mv_blas_init -- choose who computes mv_gemm in this process, once.
 *
 * Call before the first product of a build, not at module load: most backends
 * never need it.  OpenBLAS is taken if its library (libopenblas.so.0) is
 * installed, unless the own kernel is that of AVX-512: this is at least as fast,
 * and gives a row the same products in whatever unit of work it lies.
 * MILVUS_BLAS in the server's environment decides otherwise: "own", or
 * "openblas" wherever there is one.
 *
 * OpenBLAS gets one thread, which is the caller's; signals are blocked while it
 * loads, so that even a library that starts threads regardless cannot have one
 * of them run PostgreSQL's signal handlers.  Never fails, never unloads; a
 * second call only returns the name.
 *
 * returns	what is in use, e.g. "own avx512" or "OpenBLAS Zen"; static memory
 */
const char *mv_blas_init(void);
