/*
 * test_parse.c -- text input against strtof() and against what the grammar
 * says.
 */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/parse.h"
#include "unit.h"

static float x[MV_MAX_DIM];

/* Parse a copy in a block of its exact size, so that ASan sees over-reads. */
static MvStatus
parse(const char *text, MvElemKind kind, int *dim, MvToken *bad, int *offset)
{
	char	   *copy = unit_alloc(strlen(text) + 1);
	MvStatus	status;

	strcpy(copy, text);
	status = mv_parse_dense(copy, kind, x, dim, bad);
	if (status == MV_OUT_OF_RANGE)
		*offset = (int) (bad->start - copy);
	free(copy);
	return status;
}

/* One number must read exactly as strtof() reads it, and end where it ends. */
static void
check_number(const char *number)
{
	char		text[128];
	int			dim = 0,
				offset = 0;
	MvToken		bad;
	MvStatus	status;
	char	   *end;
	float		expected;

	snprintf(text, sizeof(text), "[%s]", number);
	errno = 0;
	expected = strtof(text + 1, &end);
	status = parse(text, MV_F32, &dim, &bad, &offset);
	if (end == text + 1 || *end != ']')
		CHECK(status != MV_OK, "%s was accepted", text);
	else if (isnan(expected))
		CHECK(status == MV_NAN, "%s: status %d", text, status);
	else if (errno == ERANGE && isinf(expected))
		CHECK(status == MV_OUT_OF_RANGE && offset == 1 && bad.len == (int) strlen(number),
			  "%s: status %d", text, status);
	else if (isinf(expected))
		CHECK(status == MV_INFINITE, "%s: status %d", text, status);
	else
		CHECK(status == MV_OK && dim == 1 && memcmp(&x[0], &expected, sizeof(float)) == 0,
			  "%s: status %d, %.9g instead of %.9g", text, status, x[0], expected);
}

/* Decimals around the middle of two neighbouring floats, where rounding twice errs. */
static void
check_halfway(float f)
{
	double		middle = ((double) f + (double) nextafterf(f, INFINITY)) / 2;
	char		number[64];

	for (int digits = 6; digits <= 20; digits++)
	{
		snprintf(number, sizeof(number), "%.*e", digits, middle);
		check_number(number);
		snprintf(number, sizeof(number), "%.*e", digits, nextafter(middle, INFINITY));
		check_number(number);
		snprintf(number, sizeof(number), "%.*e", digits, nextafter(middle, 0));
		check_number(number);
	}
}

static void
test_numbers(void)
{
	static const char *const odd[] = {
		"0", "-0", "+0", "1", "-1", "00012", ".5", "5.", ".", "", "+", "-", "--1", "+-1", "1e5",
		"1E5", "1e+5", "1e-5", "1e",
		"1e+", "1e1000", "1e-1000", "-1e1000", "1e99999999999", "1e-99999999999", "0e999999",
		"0x10", "0x1p3", "0x", "1x", "nan",
		"NaN", "nan(1)", "inf", "INF", "infinity", "-inf", "1.5.2", "1,5x",
		"123456789012345678901234567890", "0.00000000000000000000001",
		"16777217", "16777219", "9007199254740993", "3.4028235e38", "3.4028236e38", "3.40282357e38",
		"1.17549435e-38", "1.1754943e-38",
		"1.4e-45", "7e-46", "7.1e-46", "1_000", "1d", "1f", "0b1", "\xd9\xa1"
	};
	char		number[64];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		check_number(odd[i]);
	for (int i = 0; i < 100000; i++)
	{
		uint32_t	bits = (uint32_t) unit_random();
		float		f;

		memcpy(&f, &bits, sizeof(f));
		snprintf(number, sizeof(number), "%.*g", 1 + (int) (unit_random() % 17), f);
		check_number(number);
		snprintf(number, sizeof(number), "%.*f", (int) (unit_random() % 12),
				 unit_random_real() * 1000);
		check_number(number);
		if (i % 20 == 0 && isfinite(f))
			check_halfway(f);
	}
}

static void
expect(const char *text, MvElemKind kind, MvStatus expected)
{
	int			dim,
				offset;
	MvToken		bad;
	MvStatus	status = parse(text, kind, &dim, &bad, &offset);

	CHECK(status == expected, "%s: status %d instead of %d", text, status, expected);
}

static void
test_dense(void)
{
	static const char spaces[] = " \t\n\r\v\f[ \t\n\r\v\f1 \t\n\r\v\f, \t\n\r\v\f-2.5e0"
		" \t\n\r\v\f] \t\n\r\v\f";
	int			dim,
				offset;
	MvToken		bad;
	char	   *text;

	CHECK(parse(spaces, MV_F32, &dim, &bad, &offset) == MV_OK &&
		  dim == 2 && x[0] == 1 && x[1] == -2.5f, "white space");
	expect("", MV_F32, MV_BAD_START);
	expect("1", MV_F32, MV_BAD_START);
	expect("[", MV_F32, MV_BAD_SYNTAX);
	expect("[]", MV_F32, MV_NO_DIMS);
	expect("[1", MV_F32, MV_BAD_SYNTAX);
	expect("[1,", MV_F32, MV_BAD_SYNTAX);
	expect("[1]x", MV_F32, MV_BAD_END);
	expect("[1;2]", MV_F32, MV_BAD_SYNTAX);

	/* Limits of the narrow kinds, as the number of the text is refused. */
	expect("[65519]", MV_F16, MV_OK);
	expect("[65520]", MV_F16, MV_OUT_OF_RANGE);
	expect("[3.3961775e38]", MV_BF16, MV_OUT_OF_RANGE);
	expect("[3.3961774e38]", MV_BF16, MV_OK);
	expect("[127]", MV_I8, MV_OK);
	expect("[128]", MV_I8, MV_OUT_OF_RANGE);
	expect("[-129]", MV_I8, MV_OUT_OF_RANGE);
	expect("[127.4]", MV_I8, MV_BAD_SYNTAX);

	/* As many elements as fit, and one more. */
	text = unit_alloc(2 * (MV_MAX_DIM + 1) + 2);
	for (int n = MV_MAX_DIM; n <= MV_MAX_DIM + 1; n++)
	{
		text[0] = '[';
		for (int i = 0; i < n; i++)
			memcpy(text + 1 + 2 * i, "1,", 2);
		strcpy(text + 2 * n, "]");
		CHECK(parse(text, MV_F32, &dim, &bad, &offset) ==
			  (n == MV_MAX_DIM ? MV_OK : MV_TOO_MANY_DIMS), "%d elements", n);
	}
	free(text);
}

/* The entries of text as {index:value ...}/dim, or the status. */
static void
expect_sparse(const char *text, const char *expected)
{
	char		actual[256];
	size_t		n = mv_parse_sparse_bound(text);
	MvSparseEntry *entries = unit_alloc(sizeof(MvSparseEntry) * n);
	int			nnz = 0,
				dim = 0,
				len;
	MvToken		bad;
	MvStatus	status = mv_parse_sparse(text, entries, &nnz, &dim, &bad);

	len = snprintf(actual, sizeof(actual), status == MV_OK ? "{" : "%d", status);
	for (int i = 0; status == MV_OK && i < nnz; i++)
		len += snprintf(actual + len, sizeof(actual) - len, "%d:%g ", entries[i].index,
						entries[i].value);
	if (status == MV_OK)
		snprintf(actual + len, sizeof(actual) - len, "}/%d", dim);
	CHECK(strcmp(actual, expected) == 0, "%s: %s instead of %s", text, actual, expected);
	free(entries);
}

static void
test_sparse(void)
{
	char		refused[8];

	expect_sparse("{1:1.5,3:-2}/5", "{0:1.5 2:-2 }/5");
	expect_sparse(" \t{ 3 : 2 , 1 : 1 } / 5 ", "{0:1 2:2 }/5");
	expect_sparse("{}/5", "{}/5");
	expect_sparse("{1:0,2:-0,3:1}/3", "{2:1 }/3");
	expect_sparse("{2147483648:1,-2147483649:2}/99999999999",
				  "{-2147483648:2 2147483646:1 }/2147483647");
	expect_sparse("{1:1,1:2}/5", "{0:1 0:2 }/5");
#define REFUSED(text, status) (snprintf(refused, sizeof(refused), "%d", status), \
	expect_sparse(text, refused))
	REFUSED("", MV_BAD_START);
	REFUSED("{", MV_BAD_SYNTAX);
	REFUSED("{1:1", MV_BAD_SYNTAX);
	REFUSED("{1:}/2", MV_BAD_SYNTAX);
	REFUSED("{1 1}/2", MV_BAD_SYNTAX);
	REFUSED("{1:1}", MV_BAD_DIM_MARK);
	REFUSED("{1:1}/", MV_BAD_SYNTAX);
	REFUSED("{1:1}/5 x", MV_BAD_END);
	REFUSED("{1:1e39}/5", MV_OUT_OF_RANGE);
	REFUSED("{1:1e-50}/5", MV_OUT_OF_RANGE);
	REFUSED("{1:nan}/5", MV_NAN);
	REFUSED("{1:-inf}/5", MV_INFINITE);
}

int
main(void)
{
	test_numbers();
	test_dense();
	test_sparse();
	return unit_result("parse");
}
