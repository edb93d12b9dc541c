/*
 * fuzz_wire.c -- binary input: decode, validate, encode again.
 *
 * The first byte chooses the type; the rest is an image after its header.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/dist.h"
#include "core/wire.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
fuzz_dense(MvElemKind kind, const uint8_t *image, size_t size)
{
	int			dim = (int) (size / mv_elem_size(kind));
	size_t		used = mv_elem_size(kind) * (size_t) dim;
	void	   *x = malloc(used + 1);
	uint8_t    *again = malloc(used + 1);

	if (mv_wire_decode(kind, image, dim, x) == MV_OK)
	{
		float	   *f = malloc(sizeof(float) * (size_t) (dim + 1));

		mv_kernels.to_f32[kind] (x, f, dim);
		for (int i = 0; i < dim; i++)
			require(isfinite(f[i]));
		free(f);
		mv_wire_encode(kind, x, dim, again);
		require(memcmp(image, again, used) == 0);
	}
	free(x);
	free(again);
}

static void
fuzz_sparse(const uint8_t *image, size_t size)
{
	int			nnz = (int) (size / 8);
	int			dim = 1000;
	int32_t    *idx = malloc(4 * (size_t) nnz + 1);
	float	   *val = malloc(4 * (size_t) nnz + 1);

	if (mv_wire_decode_sparse(image, dim, nnz, idx, val) == MV_OK)
		for (int i = 0; i < nnz; i++)
			require(idx[i] > (i > 0 ? idx[i - 1] : -1) && idx[i] < dim && isfinite(val[i]) && val[i] != 0);
	free(idx);
	free(val);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int			kind;

	if (size == 0)
		return 0;
	kind = data[0] % (MV_ELEM_KINDS + 1);
	if (kind == MV_ELEM_KINDS)
		fuzz_sparse(data + 1, size - 1);
	else
		fuzz_dense(kind, data + 1, size - 1);
	return 0;
}
