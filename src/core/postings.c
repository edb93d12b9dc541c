/*
 * postings.c -- blocks of postings.
 */
#include "core/postings.h"

#include <string.h>

#define ROWS (MV_POSTINGS / 4)

typedef uint32_t Row __attribute__((vector_size(16)));

/* ---- encoding ---- */

static int
bits_of(uint32_t x)
{
	return x == 0 ? 0 : 32 - __builtin_clz(x);
}

static int
varint_size(uint32_t x)
{
	return x == 0 ? 1 : (bits_of(x) + 6) / 7;
}

/* The number of bits with which the values need the fewest bytes. */
static int
choose_bits(const uint32_t *values)
{
	int			best = 0;
	int			best_size = INT32_MAX;

	for (int b = 0; b <= 32; b++)
	{
		int			size = 16 * b;
		uint32_t	any = 0;

		for (int i = 0; i < MV_POSTINGS; i++)
		{
			uint32_t	high = b < 32 ? values[i] >> b : 0;

			any |= high;
			if (high != 0)
				size += 1 + varint_size(high);
		}
		if (size < best_size)
		{
			best = b;
			best_size = size;
		}
		if (any == 0)
			break;
	}
	return best;
}

/* The lower b bits of the values in four lanes. */
static void
pack(const uint32_t *values, int b, uint8_t *out)
{
	for (int lane = 0; lane < 4; lane++)
	{
		uint64_t	word = 0;
		int			filled = 0;
		int			j = 0;

		for (int i = lane; i < MV_POSTINGS && b > 0; i += 4)
		{
			word |= ((uint64_t) values[i] & ((UINT64_C(1) << b) - 1)) << filled;
			filled += b;
			if (filled >= 32)
			{
				uint32_t	low = (uint32_t) word;

				memcpy(out + 16 * j++ + 4 * lane, &low, 4);
				word >>= 32;
				filled -= 32;
			}
		}
	}
}

static uint8_t *
encode_values(const uint32_t *values, uint8_t *p)
{
	int			b = choose_bits(values);
	uint8_t		places[MV_POSTINGS];
	int			n = 0;

	for (int i = 0; i < MV_POSTINGS; i++)
		if (b < 32 && values[i] >> b != 0)
			places[n++] = (uint8_t) i;
	*p++ = (uint8_t) b;
	*p++ = (uint8_t) n;
	pack(values, b, p);
	p += 16 * b;
	memcpy(p, places, (size_t) n);
	p += n;
	for (int i = 0; i < n; i++)
		p = mv_varint_put(p, values[places[i]] >> b);
	return p;
}

size_t
mv_postings_encode(uint32_t from, const uint32_t *docs, const uint32_t *tfs, int n, uint8_t *out)
{
	uint32_t	gaps[MV_POSTINGS];
	uint32_t	more[MV_POSTINGS];
	uint8_t    *p = out;

	for (int i = 0; i < n; i++)
	{
		gaps[i] = docs[i] - (i == 0 ? from : docs[i - 1] + 1);
		more[i] = tfs[i] - 1;
	}
	if (n == MV_POSTINGS)
		return (size_t) (encode_values(more, encode_values(gaps, p)) - out);
	for (int i = 0; i < n; i++)
	{
		p = mv_varint_put(p, (uint64_t) gaps[i] * 2 + (more[i] == 0));
		if (more[i] != 0)
			p = mv_varint_put(p, more[i] - 1);
	}
	return (size_t) (p - out);
}

/* ---- decoding ---- */

static inline __attribute__((always_inline)) Row
load(const uint8_t *p, int j)
{
	Row			row;

	memcpy(&row, p + 16 * j, 16);
	return row;
}

/* Unrolled, with b known: all shifts are constants. */
static inline __attribute__((always_inline)) void
unpack(const uint8_t *p, int b, Row *out)
{
	uint32_t	mask = b < 32 ? (UINT32_C(1) << b) - 1 : UINT32_MAX;
	int			r;

#pragma GCC unroll 32
	for (r = 0; r < ROWS; r++)
	{
		int			at = r * b;
		int			shift = at % 32;
		Row			x;

		if (b == 0)
		{
			out[r] = (Row){0};
			continue;
		}
		x = load(p, at / 32) >> (uint32_t) shift;
		if (shift + b > 32)
			x |= load(p, at / 32 + 1) << (uint32_t) (32 - shift);
		out[r] = x & mask;
	}
}

#define CASE(b) \
	case b: \
		unpack(p, b, out); \
		break;
#define CASES(b) CASE(b) CASE((b) + 1) CASE((b) + 2) CASE((b) + 3)

static void
unpack_any(const uint8_t *p, int b, Row *out)
{
	switch (b)
	{
		CASES(0)
		CASES(4)
		CASES(8)
		CASES(12)
		CASES(16)
		CASES(20)
		CASES(24)
		CASES(28)
		CASE(32)
	}
}

/* Values of a full block, or NULL. */
static const uint8_t *
decode_values(const uint8_t *p, const uint8_t *end, Row *rows)
{
	uint32_t   *values = (uint32_t *) rows;
	int			b,
				n;

	if (end - p < 2 || p[0] > 32 || p[1] > MV_POSTINGS)
		return NULL;
	b = p[0];
	n = p[1];
	p += 2;
	if (end - p < 16 * b + n)
		return NULL;
	unpack_any(p, b, rows);
	if (n > 0)
	{
		const uint8_t *places = p + 16 * b;

		p = places + n;
		for (int i = 0; i < n; i++)
		{
			uint64_t	high;

			p = mv_varint_get(p, end, &high);
			if (p == NULL || places[i] >= MV_POSTINGS)
				return NULL;
			values[places[i]] |= b < 32 ? (uint32_t) high << b : 0;
		}
		return p;
	}
	return p + 16 * b;
}

#ifdef __clang__
#define SHIFT1(x) __builtin_shufflevector((Row){0}, x, 0, 4, 5, 6)
#define SHIFT2(x) __builtin_shufflevector((Row){0}, x, 0, 1, 4, 5)
#define LAST(x) __builtin_shufflevector(x, x, 3, 3, 3, 3)
#else
#define SHIFT1(x) __builtin_shuffle((Row){0}, x, (Row){0, 4, 5, 6})
#define SHIFT2(x) __builtin_shuffle((Row){0}, x, (Row){0, 1, 4, 5})
#define LAST(x) __builtin_shuffle(x, (Row){3, 3, 3, 3})
#endif

/* Documents of gaps. */
static void
sum_gaps(uint32_t from, const Row *gaps, uint32_t *docs)
{
	Row			sum = (Row){0} + from;
	Row			step = {0, 1, 2, 3};

	for (int r = 0; r < ROWS; r++)
	{
		Row			x = gaps[r];
		Row			y;

		x += SHIFT1(x);
		x += SHIFT2(x);
		x += sum;
		y = x + step;
		memcpy(docs + 4 * r, &y, sizeof(y));
		sum = LAST(x);
		step += 4;
	}
}

/* Do the documents of gaps ascend?  Damaged gaps may add up to more than 2^32. */
static bool
ascend(uint32_t from, const Row *gaps, const uint32_t *docs)
{
	Row			any = {0};

	for (int r = 0; r < ROWS; r++)
		any |= gaps[r];
	/* So small ones can do so once at most, and then the last document is below `from`. */
	if ((any[0] | any[1] | any[2] | any[3]) >> 24 == 0)
		return docs[MV_POSTINGS - 1] >= from;
	for (int i = 1; i < MV_POSTINGS; i++)
		if (docs[i] <= docs[i - 1])
			return false;
	return docs[0] >= from;
}

static const uint8_t *
decode_short(const uint8_t *p, const uint8_t *end, uint32_t from, int n, uint32_t *docs,
			 uint32_t *tfs)
{
	uint64_t	doc = from;

	for (int i = 0; i < n; i++)
	{
		uint64_t	gap,
					more = 0;

		p = mv_varint_get(p, end, &gap);
		if (p != NULL && (gap & 1) == 0)
		{
			p = mv_varint_get(p, end, &more);
			more++;
		}
		if (p == NULL)
			return NULL;
		doc += gap >> 1;
		if (doc > UINT32_MAX)
			return NULL;
		docs[i] = (uint32_t) doc++;
		if (tfs != NULL)
			tfs[i] = (uint32_t) more + 1;
	}
	return p;
}

const uint8_t *
mv_postings_decode(const uint8_t *p, const uint8_t *end, uint32_t from, int n, uint32_t *docs,
				   uint32_t *tfs)
{
	Row			rows[ROWS];

	if (n < MV_POSTINGS)
		return decode_short(p, end, from, n, docs, tfs);
	p = decode_values(p, end, rows);
	if (p == NULL)
		return NULL;
	sum_gaps(from, rows, docs);
	if (!ascend(from, rows, docs))
		return NULL;
	if (tfs == NULL)
		return p;
	p = decode_values(p, end, rows);
	if (p == NULL)
		return NULL;
	for (int r = 0; r < ROWS; r++)
	{
		Row			tf = rows[r] + 1;

		memcpy(tfs + 4 * r, &tf, sizeof(tf));
	}
	return p;
}
