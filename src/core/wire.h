/*
 * wire.h -- elements in network byte order.
 *
 * Headers (dimension counts) are read by the caller, which also makes sure
 * that the stated number of bytes is there.
 */
#pragma once

#include "core/status.h"

/*
 * mv_wire_decode -- dim elements of mv_elem_size(kind) bytes each.
 *
 * src may be unaligned and must not overlap x.  Refuses NaN and infinity.
 */
MvStatus	mv_wire_decode(MvElemKind kind, const uint8_t *src, int dim, void *x);
void		mv_wire_encode(MvElemKind kind, const void *x, int dim, uint8_t *dst);

/*
 * mv_wire_decode_sparse -- nnz int32 indices, then nnz binary32 values.
 *
 * Refuses indices out of [0, dim), not ascending or repeated, and values that
 * are NaN, infinite or zero.
 */
MvStatus	mv_wire_decode_sparse(const uint8_t *src, int dim, int nnz, int32_t *idx, float *val);
void		mv_wire_encode_sparse(const int32_t *idx, const float *val, int nnz, uint8_t *dst);
