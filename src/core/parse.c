/*
 * parse.c -- text to vectors; see parse.h for the grammar.
 *
 * Most time of a bulk load of text goes into reading decimal numbers, so the
 * common short ones avoid strtof(): see read_float().
 */
#include "core/parse.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *
skip_space(const char *p)
{
	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	return p;
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Split "-12.5e3" into sign, digits as an integer and a power of ten.  Returns
 * the end, or NULL if the text is not of this plain form or has more than 19
 * digits.
 */
static const char *
scan_decimal(const char *p, bool *negative, uint64_t *digits, int *exponent)
{
	uint64_t	w = 0;
	int			n = 0;
	int			e = 0;

	*negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	for (; is_digit(*p); p++, n++)
		w = w * 10 + (uint64_t) (*p - '0');
	if (*p == '.')
		for (p++; is_digit(*p); p++, n++, e--)
			w = w * 10 + (uint64_t) (*p - '0');
	if (n == 0 || n > 19 || *p == 'x' || *p == 'X')
		return NULL;
	if (*p == 'e' || *p == 'E')
	{
		bool		minus = p[1] == '-';
		int			value = 0;

		p += 1 + (p[1] == '-' || p[1] == '+');
		if (!is_digit(*p))
			return NULL;
		for (; is_digit(*p); p++)
			if (value < 1000)
				value = value * 10 + (*p - '0');
		e += minus ? -value : value;
	}
	*digits = w;
	*exponent = e;
	return p;
}

/*
 * read_float -- what strtof(p, end) returns, faster.
 *
 * Up to 2^53 the digits are exact in a double, as are powers of ten up to 22,
 * so one division or multiplication is correctly rounded (Clinger, "How to Read
 * Floating Point Numbers Accurately", 1990).  Rounding that double to float is
 * right too, unless it lies within one unit of the middle of two floats or
 * outside the normal range; those few go to strtof().
 *
 * Sets errno to ERANGE on overflow and underflow.
 */
static float
read_float(const char *p, const char **end)
{
	static const double pow10[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	bool		negative;
	uint64_t	digits;
	int			exponent;
	const char *stop = scan_decimal(p, &negative, &digits, &exponent);

	if (stop != NULL && digits <= UINT64_C(1) << 53 && abs(exponent) <= 22)
	{
		double		d = (double) digits;
		uint64_t	bits;

		d = exponent < 0 ? d / pow10[-exponent] : d * pow10[exponent];
		memcpy(&bits, &d, sizeof(bits));
		bits &= (UINT64_C(1) << 29) - 1;
		if (d == 0 ||
			(d >= FLT_MIN && d < FLT_MAX && bits - ((UINT64_C(1) << 28) - 1) > 2))
		{
			*end = stop;
			return (float) (negative ? -d : d);
		}
	}
	return strtof(p, (char **) end);
}

/* Next number of a literal, checked against the element type. */
static MvStatus
read_element(const char **p, MvElemKind kind, float *x, MvToken *bad)
{
	const char *end;
	MvStatus	status;

	errno = 0;
	*x = read_float(*p, &end);
	if (end == *p)
		return MV_BAD_SYNTAX;
	status = errno == ERANGE && isinf(*x) ? MV_OUT_OF_RANGE : mv_check_elem(kind, *x);
	if (status == MV_OK && kind == MV_I8 && *x != rintf(*x))
		status = MV_BAD_SYNTAX;
	bad->start = *p;
	bad->len = (int) (end - *p);
	*p = end;
	return status;
}

/* After an element: skips a comma (*more = true) or the closing bracket. */
static MvStatus
read_separator(const char **p, char closing, bool *more)
{
	*p = skip_space(*p);
	*more = **p == ',';
	if (!*more && **p != closing)
		return MV_BAD_SYNTAX;
	(*p)++;
	return MV_OK;
}

MvStatus
mv_parse_dense(const char *text, MvElemKind kind, float *x, int *dim, MvToken *bad)
{
	const char *p = skip_space(text);
	bool		more = true;
	MvStatus	status;
	int			n = 0;

	if (*p != '[')
		return MV_BAD_START;
	p = skip_space(p + 1);
	if (*p == ']')
		return MV_NO_DIMS;

	while (more)
	{
		if (n == MV_MAX_DIM)
			return MV_TOO_MANY_DIMS;
		p = skip_space(p);
		if ((status = read_element(&p, kind, &x[n], bad)) != MV_OK)
			return status;
		n++;
		if ((status = read_separator(&p, ']', &more)) != MV_OK)
			return status;
	}
	if (*skip_space(p) != '\0')
		return MV_BAD_END;
	*dim = n;
	return MV_OK;
}

/* A decimal integer, clamped to [-INT_MAX, INT_MAX]. */
static MvStatus
read_int(const char **p, int *value)
{
	char	   *end;
	long		l = strtol(*p, &end, 10);

	if (end == *p)
		return MV_BAD_SYNTAX;
	*value = l > INT_MAX ? INT_MAX : l < -INT_MAX ? -INT_MAX : (int) l;
	*p = end;
	return MV_OK;
}

/* index:value, an entry that is dropped later if the value is zero */
static MvStatus
read_entry(const char **p, MvSparseEntry *entry, MvToken *bad)
{
	MvStatus	status;
	int			index;

	*p = skip_space(*p);
	if ((status = read_int(p, &index)) != MV_OK)
		return status;
	*p = skip_space(*p);
	if (**p != ':')
		return MV_BAD_SYNTAX;
	*p = skip_space(*p + 1);
	status = read_element(p, MV_F32, &entry->value, bad);
	if (status == MV_OK && errno == ERANGE && entry->value == 0)
		status = MV_OUT_OF_RANGE;
	entry->index = index - 1;
	return status;
}

static int
compare_entries(const void *a, const void *b)
{
	int32_t		x = ((const MvSparseEntry *) a)->index;
	int32_t		y = ((const MvSparseEntry *) b)->index;

	return (x > y) - (x < y);
}

size_t
mv_parse_sparse_bound(const char *text)
{
	size_t		n = 1;

	for (; *text != '\0'; text++)
		n += *text == ',';
	return n;
}

MvStatus
mv_parse_sparse(const char *text, MvSparseEntry *entries, int *nnz, int *dim, MvToken *bad)
{
	const char *p = skip_space(text);
	bool		more = true;
	bool		sorted = true;
	MvStatus	status;
	int			n = 0;

	if (*p != '{')
		return MV_BAD_START;
	p = skip_space(p + 1);
	if (*p == '}')
	{
		more = false;
		p++;
	}
	while (more)
	{
		if ((status = read_entry(&p, &entries[n], bad)) != MV_OK)
			return status;
		if (n > 0 && entries[n].index < entries[n - 1].index)
			sorted = false;
		n += entries[n].value != 0;
		if ((status = read_separator(&p, '}', &more)) != MV_OK)
			return status;
	}

	p = skip_space(p);
	if (*p != '/')
		return MV_BAD_DIM_MARK;
	p = skip_space(p + 1);
	if ((status = read_int(&p, dim)) != MV_OK)
		return status;
	if (*skip_space(p) != '\0')
		return MV_BAD_END;
	if (!sorted)
		qsort(entries, (size_t) n, sizeof(MvSparseEntry), compare_entries);
	*nnz = n;
	return MV_OK;
}
