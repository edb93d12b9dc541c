/*
 * wire.c -- elements in network byte order.
 */
#include "core/wire.h"

#include <string.h>

/* Bytes of n elements of `size` bytes, most significant first. */
static void
from_network(const uint8_t *src, int size, int n, uint8_t *dst)
{
	if (size == 1)
		memcpy(dst, src, (size_t) n);
	for (int i = 0; size == 2 && i < n; i++)
	{
		uint16_t	v = (uint16_t) (src[2 * i] << 8 | src[2 * i + 1]);

		memcpy(dst + 2 * i, &v, 2);
	}
	for (int i = 0; size == 4 && i < n; i++)
	{
		uint32_t	v = (uint32_t) src[4 * i] << 24 | (uint32_t) src[4 * i + 1] << 16 |
			(uint32_t) src[4 * i + 2] << 8 | src[4 * i + 3];

		memcpy(dst + 4 * i, &v, 4);
	}
}

static void
to_network(const uint8_t *src, int size, int n, uint8_t *dst)
{
	/* Swapping bytes is its own inverse. */
	from_network(src, size, n, dst);
}

/* First element that is NaN or infinite, by its exponent bits. */
static MvStatus
check_finite(MvElemKind kind, const void *x, int dim)
{
	for (int i = 0; i < dim; i++)
	{
		uint32_t	magnitude,
					infinity;

		if (kind == MV_F32)
		{
			memcpy(&magnitude, (const uint8_t *) x + 4 * (size_t) i, 4);
			magnitude &= 0x7fffffff;
			infinity = 0x7f800000;
		}
		else
		{
			magnitude = ((const uint16_t *) x)[i] & 0x7fff;
			infinity = kind == MV_F16 ? 0x7c00 : 0x7f80;
		}
		if (magnitude >= infinity)
			return magnitude == infinity ? MV_INFINITE : MV_NAN;
	}
	return MV_OK;
}

MvStatus
mv_wire_decode(MvElemKind kind, const uint8_t *src, int dim, void *x)
{
	from_network(src, (int) mv_elem_size(kind), dim, x);
	return kind == MV_I8 ? MV_OK : check_finite(kind, x, dim);
}

void
mv_wire_encode(MvElemKind kind, const void *x, int dim, uint8_t *dst)
{
	to_network(x, (int) mv_elem_size(kind), dim, dst);
}

MvStatus
mv_wire_decode_sparse(const uint8_t *src, int dim, int nnz, int32_t *idx, float *val)
{
	MvStatus	status;

	from_network(src, 4, nnz, (uint8_t *) idx);
	from_network(src + 4 * (size_t) nnz, 4, nnz, (uint8_t *) val);
	for (int i = 0; i < nnz; i++)
		if ((status = mv_check_index(i > 0 ? idx[i - 1] : -1, idx[i], dim)) != MV_OK)
			return status;
	for (int i = 0; i < nnz; i++)
	{
		if ((status = check_finite(MV_F32, &val[i], 1)) != MV_OK)
			return status;
		if (val[i] == 0)
			return MV_ZERO_VALUE;
	}
	return MV_OK;
}

void
mv_wire_encode_sparse(const int32_t *idx, const float *val, int nnz, uint8_t *dst)
{
	to_network((const uint8_t *) idx, 4, nnz, dst);
	to_network((const uint8_t *) val, 4, nnz, dst + 4 * (size_t) nnz);
}
