/*
 * status.c -- core's refusals as SQL errors.
 *
 * Texts and SQLSTATEs are pgvector's, which applications match on.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "utils/array.h"

#include "types/status.h"

/* The primary message, set inside an ereport(). */
static int
message(MvStatus status, const char *type, int max_dim)
{
	switch (status)
	{
		case MV_NAN:
			return errmsg("NaN not allowed in %s", type);
		case MV_INFINITE:
			return errmsg("infinite value not allowed in %s", type);
		case MV_NO_DIMS:
			return errmsg("%s must have at least 1 dimension", type);
		case MV_TOO_MANY_DIMS:
			return errmsg("%s cannot have more than %d dimensions", type, max_dim);
		case MV_NEGATIVE_NNZ:
			return errmsg("%s cannot have negative number of elements", type);
		case MV_TOO_MANY_NNZ:
			return errmsg("%s cannot have more than %d non-zero elements", type, MV_SPARSE_MAX_NNZ);
		case MV_NNZ_OVER_DIM:
			return errmsg("%s cannot have more elements than dimensions", type);
		case MV_INDEX_BOUNDS:
			return errmsg("%s index out of bounds", type);
		case MV_INDEX_ORDER:
			return errmsg("%s indices must be in ascending order", type);
		case MV_INDEX_DUPLICATE:
			return errmsg("%s indices must not contain duplicates", type);
		case MV_ZERO_VALUE:
			return errmsg("binary representation of %s cannot contain zero values", type);
		default:
			return errmsg_internal("unexpected status %d of type %s", (int) status, type);
	}
}

_Noreturn void
mv_fail(MvStatus status, const char *type, int max_dim)
{
	bool		limit = status == MV_TOO_MANY_DIMS || status == MV_TOO_MANY_NNZ ||
		status == MV_NNZ_OVER_DIM;

	ereport(ERROR,
			(errcode(limit ? ERRCODE_PROGRAM_LIMIT_EXCEEDED : ERRCODE_DATA_EXCEPTION),
			 message(status, type, max_dim)));
	pg_unreachable();
}

_Noreturn void
mv_fail_text(MvStatus status, const char *type, int max_dim, const char *text, const MvToken *bad)
{
	bool		sparse = max_dim == MV_SPARSE_MAX_DIM;
	const char *detail = NULL;

	if (status == MV_OUT_OF_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%.*s\" is out of range for type %s", bad->len, bad->start, type)));
	else if (status == MV_BAD_START)
		detail = sparse ? "Vector contents must start with \"{\"." :
			"Vector contents must start with \"[\".";
	else if (status == MV_BAD_END)
		detail = sparse ? "Junk after closing." : "Junk after closing right brace.";
	else if (status == MV_BAD_DIM_MARK)
		detail = "Unexpected end of input.";
	else if (status != MV_BAD_SYNTAX)
		mv_fail(status, type, max_dim);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%s\"", type, text),
			 detail ? errdetail_internal("%s", detail) : 0));
	pg_unreachable();
}

_Noreturn void
mv_fail_range(const char *type, float x)
{
	char		buf[FLOAT_SHORTEST_DECIMAL_LEN];

	float_to_shortest_decimal_buf(x, buf);
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("\"%s\" is out of range for type %s", buf, type)));
	pg_unreachable();
}

void
mv_expect_dim(int32 typmod, int dim)
{
	if (typmod != -1 && typmod != dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));
}

void
mv_same_dims(const char *type, int a, int b)
{
	if (unlikely(a != b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different %s dimensions %d and %d", type, a, b)));
}

void
mv_same_bits(int a, int b)
{
	if (unlikely(a != b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different bit lengths %u and %u", a, b)));
}

void
mv_expect_unused(int32 unused)
{
	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected unused to be 0, not %d", unused)));
}

int32
mv_typmod_in(ArrayType *mods, const char *type, int max_dim)
{
	int			n;
	int32	   *mod = ArrayGetIntegerTypmods(mods, &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier")));
	if (*mod < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s must be at least 1", type)));
	if (*mod > max_dim)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s cannot exceed %d", type, max_dim)));
	return *mod;
}
