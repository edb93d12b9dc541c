/*
 * core.h -- vocabulary of the pure C layer.
 *
 * Nothing below src/core includes PostgreSQL: it compiles with libc alone, so
 * unit tests, sanitizers and fuzzers run without a server.  Core allocates
 * nothing, never exits, and fails only by returning an MvStatus.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Element of a dense vector as stored, native byte order. */
typedef enum MvElemKind
{
	MV_F32,
	MV_F16,						/* IEEE binary16, as uint16_t */
	MV_BF16,					/* upper half of a binary32, as uint16_t */
	MV_I8,
	MV_ELEM_KINDS,				/* of the dense types, which have tables of kernels */
	MV_BIT = MV_ELEM_KINDS,		/* of bit strings, first bit highest in its byte */
	MV_SPARSE					/* of sparse vectors: MV_F32 values with their indices */
} MvElemKind;

typedef enum MvMetric
{
	MV_L2SQ,					/* sum of (a - b)^2 */
	MV_IP,						/* sum of a * b, not negated */
	MV_COSINE,					/* 1 - similarity clamped to [-1, 1]; NaN if a norm is 0 */
	MV_L1,						/* sum of |a - b| */
	MV_METRICS,					/* of the dense types */
	MV_HAMMING = MV_METRICS,	/* of bit strings: number of different bits */
	MV_JACCARD					/* 1 - common / all set bits; 1 if none is common */
} MvMetric;

#define MV_MAX_DIM 16000			/* dense vectors of every element kind */
#define MV_MAX_BITS 64000			/* bit strings that are indexed */
#define MV_SPARSE_MAX_DIM 1000000000
#define MV_SPARSE_MAX_NNZ 16000

static inline size_t
mv_elem_size(MvElemKind kind)
{
	static const unsigned char size[MV_ELEM_KINDS] = {4, 2, 2, 1};

	return size[kind];
}
