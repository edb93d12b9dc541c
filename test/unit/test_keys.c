/*
 * test_keys.c -- coded keys beside the keys themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "core/keys.h"
#include "unit.h"

static int64_t keys[MV_KEY_CHUNK];
static int64_t decoded[MV_KEY_CHUNK];
static _Alignas(8) uint8_t bytes[MV_KEY_BYTES];

static int64_t
draw(void)
{
	return (int64_t) (unit_random() ^ unit_random() << 31 ^ unit_random() << 62);
}

/* Keys of some kind; more: different ones at most, 0: any number. */
static void
fill(int n, uint64_t span, int different, int nulls)
{
	int64_t		few[300];
	int64_t		base = span == 0 ? draw() : (int64_t) (unit_random() % 1000) - 500;

	for (int i = 0; i < 300; i++)
		few[i] = span == 0 ? draw() : base + (int64_t) ((uint64_t) draw() % span);
	for (int i = 0; i < n; i++)
	{
		if (nulls > 0 && unit_random() % (uint64_t) nulls == 0)
			keys[i] = MV_NULL_KEY;
		else if (different > 0)
			keys[i] = few[unit_random() % (uint64_t) different];
		else
			keys[i] = span == 0 ? draw() : base + (int64_t) ((uint64_t) draw() % span);
		/* A value never has the key of a null. */
		if (span == 0 && keys[i] == MV_NULL_KEY && nulls == 0)
			keys[i]++;
	}
}

static void
check_range(const MvKeyCode *code, int n, int64_t low, int64_t high)
{
	const int64_t *distinct = (const int64_t *) bytes;
	const uint8_t *codes = bytes + sizeof(int64_t) * code->ndistinct;
	uint64_t	from = 1,
				to = 0;
	MvKeyMatch	match = mv_keys_range(code, distinct, low, high, &from, &to);
	MvKeyMatch	blind = mv_keys_range(code, NULL, low, high, &(uint64_t){0}, &(uint64_t){0});
	long		wrong = 0,
				in = 0;

	for (int i = 0; i < n; i++)
	{
		bool		expected = keys[i] >= low && keys[i] <= high;
		uint64_t	x = 0;

		memcpy(&x, codes + (size_t) i * code->width, code->width);
		in += expected;
		wrong += expected != (match == MV_KEYS_ALL ||
							  (match == MV_KEYS_SOME && x >= from && x <= to));
	}
	CHECK(wrong == 0, "%ld of %d keys, width %d, %d different", wrong, n, code->width,
		  code->ndistinct);
	CHECK(blind != MV_KEYS_NONE || in == 0, "%ld keys in a range of none", in);
	CHECK(blind != MV_KEYS_ALL || in == n, "%ld of %d keys in a range of all", in, n);
}

static void
check_chunk(int n, int width, bool few)
{
	MvKeyCode	code;
	size_t		size = mv_keys_encode(keys, n, &code, bytes);

	CHECK(mv_keys_valid(&code), "a code that is none");
	CHECK(code.width == width && (code.ndistinct > 0) == few, "width %d, not %d; %d different",
		  code.width, width, code.ndistinct);
	CHECK(size == sizeof(int64_t) * code.ndistinct + (size_t) (n * code.width), "%zu bytes", size);
	memset(decoded, 1, sizeof(decoded));
	CHECK(mv_keys_decode(&code, (const int64_t *) bytes, bytes + 8 * code.ndistinct, n, decoded),
		  "a code of no key");
	CHECK(memcmp(keys, decoded, sizeof(int64_t) * (size_t) n) == 0, "other keys");
	for (int i = 0; i < 40; i++)
	{
		int64_t		a = keys[unit_random() % (uint64_t) n],
					b = keys[unit_random() % (uint64_t) n];

		a += a > INT64_MIN + 2 && a < INT64_MAX - 2 ? (int64_t) (unit_random() % 3) - 1 : 0;
		check_range(&code, n, a < b ? a : b, a < b ? b : a);
	}
	check_range(&code, n, MV_NULL_KEY, MV_NULL_KEY);
	check_range(&code, n, MV_NULL_KEY + 1, INT64_MAX);
	check_range(&code, n, MV_NULL_KEY, INT64_MAX);
}

static void
test_chunks(void)
{
	for (int round = 0; round < 60; round++)
	{
		int			n = round % 2 == 0 ? MV_KEY_CHUNK : 300 + (int) (unit_random() % 3000);
		int			nulls = round % 3 == 0 ? 7 : 0;

		fill(n, 200, 0, nulls);
		check_chunk(n, 1, false);
		fill(n, 60000, 0, nulls);
		check_chunk(n, 2, false);
		fill(n, UINT64_C(1) << 31, 0, nulls);
		check_chunk(n, 4, false);
		fill(n, 0, 0, nulls);
		check_chunk(n, 8, false);
		fill(n, 0, 20, nulls);
		check_chunk(n, 1, true);
		fill(n, 1, 0, 0);
		check_chunk(n, 0, false);
		fill(n, 1, 0, 2);
		check_chunk(n, 1, false);
		fill(n, 1, 0, 1);
		check_chunk(n, 0, false);
	}
}

/* The ends of all numbers, and as many different keys as there are codes. */
static void
test_ends(void)
{
	int			nulls;

	keys[0] = INT64_MIN + 1;
	keys[1] = INT64_MAX;
	check_chunk(2, 1, true);
	for (nulls = 0; nulls <= 1; nulls++)
	{
		int			more;

		for (more = 0; more <= 1; more++)
		{
			int			n = MV_KEY_DISTINCT - nulls + more;

			for (int i = 0; i < n; i++)
				keys[i] = i % 2 == 0 ? INT64_MIN + 1 + i : INT64_MAX - i;
			keys[n] = nulls ? MV_NULL_KEY : keys[0];
			check_chunk(n + 1, more ? 8 : 1, !more);
		}
	}
}

int
main(void)
{
	test_chunks();
	test_ends();
	return unit_result("test_keys");
}
