/*
 * keys.c -- keys of attributes as numbers of few bytes.
 */
#include "core/keys.h"

#include <string.h>

/* The first place of ascending numbers that is not below x. */
static int
lower_bound(const int64_t *numbers, int n, int64_t x)
{
	int			low = 0;

	while (low < n)
	{
		int			middle = low + (n - low) / 2;

		if (numbers[middle] < x)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* How far apart; no overflow. */
static uint64_t
above(int64_t key, int64_t low)
{
	return (uint64_t) key - (uint64_t) low;
}

bool
mv_keys_valid(const MvKeyCode *code)
{
	if (code->nulls > 1 || code->ndistinct + code->nulls > MV_KEY_DISTINCT ||
		(code->ndistinct > 0 && code->width != 1))
		return false;
	return code->width <= 8 && (code->width & (code->width - 1)) == 0;
}

/* ---- coding ---- */

/* The different keys that are not null, ascending; -1: too many. */
static int
find_distinct(const int64_t *keys, int n, int max, int64_t *distinct)
{
	int			found = 0;

	for (int i = 0; i < n; i++)
	{
		int			place;

		if (keys[i] == MV_NULL_KEY)
			continue;
		place = lower_bound(distinct, found, keys[i]);
		if (place < found && distinct[place] == keys[i])
			continue;
		if (found == max)
			return -1;
		memmove(distinct + place + 1, distinct + place, sizeof(int64_t) * (size_t) (found - place));
		distinct[place] = keys[i];
		found++;
	}
	return found;
}

static int
width_of(uint64_t code)
{
	if (code == 0)
		return 0;
	return code <= UINT8_MAX ? 1 : code <= UINT16_MAX ? 2 : code <= UINT32_MAX ? 4 : 8;
}

static void
put_code(uint8_t *out, int i, int width, uint64_t x)
{
	uint16_t	x2 = (uint16_t) x;
	uint32_t	x4 = (uint32_t) x;

	if (width == 1)
		out[i] = (uint8_t) x;
	else if (width == 2)
		memcpy(out + 2 * i, &x2, 2);
	else if (width == 4)
		memcpy(out + 4 * i, &x4, 4);
	else if (width == 8)
		memcpy(out + 8 * i, &x, 8);
}

size_t
mv_keys_encode(const int64_t *keys, int n, MvKeyCode *code, uint8_t *out)
{
	int64_t		distinct[MV_KEY_DISTINCT];
	int			ndistinct = 0;
	size_t		size;

	*code = (MvKeyCode){.low = INT64_MAX, .high = INT64_MIN};
	for (int i = 0; i < n; i++)
	{
		if (keys[i] == MV_NULL_KEY)
		{
			code->nulls = 1;
			continue;
		}
		code->low = keys[i] < code->low ? keys[i] : code->low;
		code->high = keys[i] > code->high ? keys[i] : code->high;
	}
	if (code->low <= code->high)
		code->width = (uint8_t) width_of(above(code->high, code->low) + code->nulls);
	if (code->width > 2)
		ndistinct = find_distinct(keys, n, MV_KEY_DISTINCT - code->nulls, distinct);
	if (ndistinct > 0)
	{
		code->width = 1;
		code->ndistinct = (uint16_t) ndistinct;
		memcpy(out, distinct, sizeof(int64_t) * (size_t) ndistinct);
	}
	size = sizeof(int64_t) * code->ndistinct;
	for (int i = 0; i < n; i++)
	{
		uint64_t	x = 0;

		if (ndistinct > 0 && keys[i] != MV_NULL_KEY)
			x = (uint64_t) lower_bound(distinct, ndistinct, keys[i]) + code->nulls;
		else if (keys[i] != MV_NULL_KEY)
			x = above(keys[i], code->low) + code->nulls;
		put_code(out + size, i, code->width, x);
	}
	return size + (size_t) n * code->width;
}

/* ---- decoding ---- */

static uint64_t
get_code(const uint8_t *codes, int i, int width)
{
	uint16_t	x2;
	uint32_t	x4;
	uint64_t	x8 = 0;

	switch (width)
	{
		case 1:
			return codes[i];
		case 2:
			memcpy(&x2, codes + 2 * i, 2);
			return x2;
		case 4:
			memcpy(&x4, codes + 4 * i, 4);
			return x4;
		case 8:
			memcpy(&x8, codes + 8 * i, 8);
			return x8;
		default:
			return 0;
	}
}

bool
mv_keys_decode(const MvKeyCode *code, const int64_t *distinct, const void *codes, int n,
			   int64_t *out)
{
	for (int i = 0; i < n; i++)
	{
		uint64_t	x = get_code(codes, i, code->width);

		if (x < code->nulls)
			out[i] = MV_NULL_KEY;
		else if (code->ndistinct == 0)
			out[i] = (int64_t) ((uint64_t) code->low + x - code->nulls);
		else if (x - code->nulls < code->ndistinct)
			out[i] = distinct[x - code->nulls];
		else
			return false;
	}
	return true;
}

/* ---- ranges ---- */

MvKeyMatch
mv_keys_range(const MvKeyCode *code, const int64_t *distinct, int64_t low, int64_t high,
			  uint64_t *from, uint64_t *to)
{
	bool		nulls = code->nulls && low == MV_NULL_KEY;
	bool		others = low <= code->high && high >= code->low && code->low <= code->high;

	if (!nulls && !others)
		return MV_KEYS_NONE;
	if (low <= code->low && high >= code->high && nulls == (code->nulls != 0))
		return MV_KEYS_ALL;
	if (code->ndistinct > 0 && distinct == NULL)
		return MV_KEYS_SOME;
	low = low > code->low ? low : code->low;
	high = high < code->high ? high : code->high;
	*from = *to = 0;
	if (others && code->ndistinct == 0)
	{
		*from = above(low, code->low) + code->nulls;
		*to = above(high, code->low) + code->nulls;
	}
	else if (others)
	{
		int			first = lower_bound(distinct, code->ndistinct, low);
		int			end = lower_bound(distinct, code->ndistinct, high);

		end += end < code->ndistinct && distinct[end] == high;
		if (first >= end && !nulls)
			return MV_KEYS_NONE;
		*from = (uint64_t) first + code->nulls;
		*to = (uint64_t) end + code->nulls - 1;
	}
	if (nulls)
		*from = 0;
	return MV_KEYS_SOME;
}
