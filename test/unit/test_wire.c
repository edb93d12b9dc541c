/*
 * test_wire.c -- binary images: fixed bytes, round trips, refusals.
 */
#include <math.h>
#include <string.h>

#include "core/wire.h"
#include "unit.h"

static void
test_bytes(void)
{
	static const float f[2] = {1, -2};
	static const uint16_t h[2] = {0x3c00, 0xc000};
	static const int8_t i[2] = {1, -2};
	uint8_t		out[8];

	mv_wire_encode(MV_F32, f, 2, out);
	CHECK(memcmp(out, "\x3f\x80\x00\x00\xc0\x00\x00\x00", 8) == 0, "binary32");
	mv_wire_encode(MV_F16, h, 2, out);
	CHECK(memcmp(out, "\x3c\x00\xc0\x00", 4) == 0, "binary16");
	mv_wire_encode(MV_I8, i, 2, out);
	CHECK(memcmp(out, "\x01\xfe", 2) == 0, "int8");
}

/* Random bytes: accepted images come back, refused ones hold what is refused. */
static void
test_random(MvElemKind kind, int dim)
{
	size_t		n = mv_elem_size(kind) * (size_t) dim;
	uint8_t    *image = unit_alloc(n);
	uint8_t    *again = unit_alloc(n);
	uint8_t    *elements = unit_alloc(n);
	bool		finite = true;
	MvStatus	status;

	for (size_t i = 0; i < n; i++)
		image[i] = (uint8_t) unit_random();
	for (int i = 0; i < dim && kind != MV_I8; i++)
	{
		uint8_t    *p = image + mv_elem_size(kind) * (size_t) i;
		int			mask = kind == MV_F16 ? 0x7c00 : 0x7f80;

		finite &= ((p[0] << 8 | p[1]) & mask) != mask;
	}
	status = mv_wire_decode(kind, image, dim, elements);
	CHECK(finite == (status == MV_OK), "kind %d, dim %d: status %d", kind, dim, status);
	mv_wire_encode(kind, elements, dim, again);
	CHECK(memcmp(image, again, n) == 0, "kind %d, dim %d: image changed", kind, dim);
	free(image);
	free(again);
	free(elements);
}

static MvStatus
decode_sparse(const int32_t *idx, const float *val, int nnz, int dim)
{
	uint8_t    *image = unit_alloc(8 * (size_t) nnz);
	int32_t    *idx_out = unit_alloc(4 * (size_t) nnz);
	float	   *val_out = unit_alloc(4 * (size_t) nnz);
	MvStatus	status;

	mv_wire_encode_sparse(idx, val, nnz, image);
	status = mv_wire_decode_sparse(image, dim, nnz, idx_out, val_out);
	if (status == MV_OK && nnz > 0)
		CHECK(memcmp(idx, idx_out, 4 * (size_t) nnz) == 0 &&
			  memcmp(val, val_out, 4 * (size_t) nnz) == 0, "sparse round trip");
	free(image);
	free(idx_out);
	free(val_out);
	return status;
}

static void
test_sparse(void)
{
#define SPARSE(dim, expected, ...) \
	do { \
		static const struct { int32_t i[3]; float v[3]; } s = {__VA_ARGS__}; \
		MvStatus	status = decode_sparse(s.i, s.v, 3, dim); \
		CHECK(status == (expected), "sparse: status %d instead of %d", status, expected); \
	} while (0)

	SPARSE(10, MV_OK, {0, 4, 9}, {1, -2, 3});
	SPARSE(9, MV_INDEX_BOUNDS, {0, 4, 9}, {1, -2, 3});
	SPARSE(10, MV_INDEX_BOUNDS, {-1, 4, 9}, {1, -2, 3});
	SPARSE(10, MV_INDEX_ORDER, {4, 0, 9}, {1, -2, 3});
	SPARSE(10, MV_INDEX_DUPLICATE, {0, 9, 9}, {1, -2, 3});
	SPARSE(10, MV_ZERO_VALUE, {0, 4, 9}, {1, -0.0f, 3});
	SPARSE(10, MV_NAN, {0, 4, 9}, {1, NAN, 3});
	SPARSE(10, MV_INFINITE, {0, 4, 9}, {1, 2, -INFINITY});
	CHECK(decode_sparse(NULL, NULL, 0, 1) == MV_OK, "no entries");
}

int
main(void)
{
	test_bytes();
	for (int kind = 0; kind < MV_ELEM_KINDS; kind++)
		for (int dim = 0; dim <= 130; dim++)
			for (int i = 0; i < 20; i++)
				test_random(kind, dim);
	test_sparse();
	return unit_result("wire");
}
