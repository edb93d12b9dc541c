/*
 * fuzz_parse.c -- text input: decode, validate, use.
 *
 * The first byte chooses the type.  What is accepted must satisfy the limits
 * that the rest of the code relies on.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/dist.h"
#include "core/parse.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
	if (!condition)
		abort();
}

static void
fuzz_dense(const char *text, MvElemKind kind)
{
	static float x[MV_MAX_DIM];
	static float again[MV_MAX_DIM];
	static uint64_t stored[MV_MAX_DIM];
	int			dim;
	MvToken		bad;
	MvStatus	status = mv_parse_dense(text, kind, x, &dim, &bad);

	if (status == MV_OUT_OF_RANGE)
		require(bad.start >= text && bad.len > 0 && bad.start + bad.len <= text + strlen(text));
	if (status != MV_OK)
		return;
	require(dim >= 1 && dim <= MV_MAX_DIM);
	mv_kernels.from_f32[kind] (x, stored, dim);
	mv_kernels.to_f32[kind] (stored, again, dim);
	for (int i = 0; i < dim; i++)
		require(mv_check_elem(kind, x[i]) == MV_OK && isfinite(again[i]));
	require(!(mv_kernels.dist[kind][MV_L2SQ] (stored, stored, dim) > 0));
}

static void
fuzz_sparse(const char *text)
{
	MvSparseEntry *entries = malloc(sizeof(MvSparseEntry) * mv_parse_sparse_bound(text));
	int			nnz,
				dim;
	MvToken		bad;

	if (mv_parse_sparse(text, entries, &nnz, &dim, &bad) == MV_OK)
	{
		require((size_t) nnz <= mv_parse_sparse_bound(text));
		for (int i = 0; i < nnz; i++)
			require((i == 0 || entries[i - 1].index <= entries[i].index) &&
					isfinite(entries[i].value) && entries[i].value != 0);
	}
	free(entries);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % (MV_ELEM_KINDS + 1) == MV_ELEM_KINDS)
		fuzz_sparse(text);
	else
		fuzz_dense(text, data[0] % (MV_ELEM_KINDS + 1));
	free(text);
	return 0;
}
