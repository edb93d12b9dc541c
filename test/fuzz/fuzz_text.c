/*
 * fuzz_text.c -- text input.  Whatever is accepted has the numbers strtof()
 * reads there, within the limits of its type; a refused number lies in the text.
 */
#include "core/parse.h"

#include "fuzz.h"

static void
check_token(const char *text, MvStatus status, const MvToken *bad)
{
	if (status == MV_OUT_OF_RANGE)
		EXPECT(bad->start >= text && bad->len >= 0 && bad->start + bad->len <= text + strlen(text),
			   "offset %td, length %d", bad->start - text, bad->len);
}

static void
fuzz_dense(const char *text, MvElemKind kind)
{
	static float x[MV_MAX_DIM];
	int			dim = -1;
	MvToken		bad = {NULL, 0};
	MvStatus	status = mv_parse_dense(text, kind, x, &dim, &bad);
	const char *p = text;

	check_token(text, status, &bad);
	if (status != MV_OK)
		return;
	EXPECT(dim >= 1 && dim <= MV_MAX_DIM, "dim %d", dim);
	for (int i = 0; i < dim; i++)
	{
		char	   *end;
		float		expected;

		EXPECT(mv_check_elem(kind, x[i]) == MV_OK, "element %d is %g", i, x[i]);
		p += strspn(p, " \t\n\r\v\f");
		EXPECT(*p == (i == 0 ? '[' : ','), "element %d", i);
		expected = strtof(p + 1, &end);
		EXPECT(memcmp(&expected, &x[i], sizeof(float)) == 0,
			   "element %d is %a, not %a", i, x[i], expected);
		p = end;
	}
}

static void
fuzz_sparse(const char *text)
{
	size_t		bound = mv_parse_sparse_bound(text);
	MvSparseEntry *entries = malloc(sizeof(*entries) * (bound + (bound == 0)));
	int			nnz = -1;
	int			dim = -1;
	MvToken		bad = {NULL, 0};
	MvStatus	status = mv_parse_sparse(text, entries, &nnz, &dim, &bad);

	check_token(text, status, &bad);
	if (status == MV_OK)
	{
		EXPECT(nnz >= 0 && (size_t) nnz <= bound, "%d entries of %zu", nnz, bound);
		for (int i = 0; i < nnz; i++)
		{
			EXPECT(isfinite(entries[i].value) && entries[i].value != 0,
				   "entry %d is %g", i, entries[i].value);
			EXPECT(i == 0 || entries[i - 1].index <= entries[i].index, "entry %d", i);
		}
	}
	free(entries);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	text = copy_of(data + 1, size - 1, true);
	if (data[0] % (MV_ELEM_KINDS + 1) == MV_ELEM_KINDS)
		fuzz_sparse(text);
	else
		fuzz_dense(text, data[0] % (MV_ELEM_KINDS + 1));
	free(text);
	return 0;
}
