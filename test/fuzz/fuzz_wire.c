/*
 * fuzz_wire.c -- binary input.  Whatever is accepted holds the invariants of its
 * type and is written back byte for byte.
 */
#include "core/wire.h"

#include "fuzz.h"

static void
fuzz_dense(MvElemKind kind, const uint8_t *data, size_t size)
{
	size_t		elem = mv_elem_size(kind);
	int			dim = (int) (size / elem);
	void	   *x = malloc(dim * elem + (dim == 0));
	uint8_t    *back = malloc(dim * elem + (dim == 0));

	if (mv_wire_decode(kind, data, dim, x) == MV_OK)
	{
		for (int i = 0; i < dim && kind == MV_F32; i++)
			EXPECT(isfinite(((float *) x)[i]), "element %d", i);
		mv_wire_encode(kind, x, dim, back);
		EXPECT(memcmp(back, data, dim * elem) == 0, "kind %d, dim %d", kind, dim);
	}
	free(x);
	free(back);
}

static void
fuzz_sparse(const uint8_t *data, size_t size)
{
	int			dim;
	int			nnz;
	int32_t    *idx;
	float	   *val;
	uint8_t    *back;

	if (size < sizeof(dim))
		return;
	memcpy(&dim, data, sizeof(dim));
	data += sizeof(dim);
	nnz = (int) ((size - sizeof(dim)) / 8);
	idx = malloc(4 * nnz + 1);
	val = malloc(4 * nnz + 1);
	back = malloc(8 * nnz + 1);
	if (mv_wire_decode_sparse(data, dim, nnz, idx, val) == MV_OK)
	{
		for (int i = 0; i < nnz; i++)
		{
			EXPECT(idx[i] >= 0 && idx[i] < dim && (i == 0 || idx[i - 1] < idx[i]),
				   "entry %d: %d", i, idx[i]);
			EXPECT(isfinite(val[i]) && val[i] != 0, "entry %d: %g", i, val[i]);
		}
		mv_wire_encode_sparse(idx, val, nnz, back);
		EXPECT(memcmp(back, data, 8 * (size_t) nnz) == 0, "dim %d, nnz %d", dim, nnz);
	}
	free(idx);
	free(val);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t    *image;

	if (size == 0)
		return 0;
	image = (uint8_t *) copy_of(data + 1, size - 1, false);
	if (data[0] % (MV_ELEM_KINDS + 1) == MV_ELEM_KINDS)
		fuzz_sparse(image, size - 1);
	else
		fuzz_dense(data[0] % (MV_ELEM_KINDS + 1), image, size - 1);
	free(image);
	return 0;
}
