/*
 * test_postings.c -- blocks of postings, and Lucene's byte lengths.
 */
#include <string.h>

#include "core/bm25.h"
#include "core/postings.h"
#include "unit.h"

/* Gaps of up to `spread`, some far larger; occurrences likewise. */
static void
make(uint32_t from, uint32_t spread, int n, uint32_t *docs, uint32_t *tfs)
{
	for (int i = 0; i < n; i++)
	{
		uint32_t	gap = spread == 0 ? 0 : (uint32_t) (unit_random() % spread);

		if (unit_random() % 50 == 0 && spread < 1000000)
			gap *= 100;
		docs[i] = from + gap;
		from = docs[i] + 1;
		tfs[i] = unit_random() % 4 ? 1 : 1 + (uint32_t) (unit_random() % 9);
		if (unit_random() % 200 == 0)
			tfs[i] = UINT32_MAX;
	}
}

static void
test_block(uint32_t spread, int n)
{
	uint32_t	from = (uint32_t) (unit_random() % 1000);
	uint32_t	docs[MV_POSTINGS],
				tfs[MV_POSTINGS],
				docs2[MV_POSTINGS],
				tfs2[MV_POSTINGS];
	uint8_t		bytes[MV_POSTINGS_BYTES];
	uint8_t    *exact;
	size_t		size;
	const uint8_t *end;

	make(from, spread, n, docs, tfs);
	size = mv_postings_encode(from, docs, tfs, n, bytes);
	CHECK(size <= MV_POSTINGS_BYTES, "size %zu", size);
	exact = unit_alloc(size);
	memcpy(exact, bytes, size);
	end = mv_postings_decode(exact, exact + size, from, n, docs2, tfs2);
	CHECK(end == exact + size, "end of n %d, spread %u", n, spread);
	CHECK(memcmp(docs, docs2, 4 * (size_t) n) == 0, "documents of n %d, spread %u", n, spread);
	CHECK(memcmp(tfs, tfs2, 4 * (size_t) n) == 0, "occurrences of n %d, spread %u", n, spread);
	memset(docs2, 0, sizeof(docs2));
	CHECK(mv_postings_decode(exact, exact + size, from, n, docs2, NULL) != NULL &&
		  memcmp(docs, docs2, 4 * (size_t) n) == 0, "documents alone, n %d", n);
	for (size_t less = 0; less < size; less++)
	{
		uint8_t    *cut = unit_alloc(less);

		memcpy(cut, bytes, less);
		CHECK(mv_postings_decode(cut, cut + less, from, n, docs2, tfs2) == NULL,
			  "n %d cut to %zu of %zu", n, less, size);
		free(cut);
	}
	free(exact);
}

static void
test_blocks(void)
{
	static const uint32_t spreads[] = {0, 1, 2, 3, 5, 100, 3000, 70000, 1 << 20, 1 << 24};

	for (int s = 0; s < 10; s++)
		for (int n = 1; n <= MV_POSTINGS; n += n < 5 || n > 120 ? 1 : 23)
			for (int repeat = 0; repeat < (n == MV_POSTINGS ? 20 : 2); repeat++)
				test_block(spreads[s], n);
}

/* One number at each width. */
static void
test_widths(void)
{
	for (int bits = 0; bits <= 25; bits++)
		test_block(UINT32_C(1) << bits, MV_POSTINGS);
}

/* Documents that do not ascend, or begin too early, are gaps that add up to too much: damage. */
static void
test_damage(int n, int at, uint32_t back)
{
	uint32_t	from = UINT32_C(3000000000);
	uint32_t	docs[MV_POSTINGS],
				tfs[MV_POSTINGS];
	uint8_t		bytes[MV_POSTINGS_BYTES];
	size_t		size;

	make(from, 100, n, docs, tfs);
	for (int i = at; i < n; i++)
		docs[i] -= back;
	size = mv_postings_encode(from, docs, tfs, n, bytes);
	CHECK(mv_postings_decode(bytes, bytes + size, from, n, docs, tfs) == NULL,
		  "n %d: %u back at %d", n, back, at);
	CHECK(mv_postings_decode(bytes, bytes + size, from, n, docs, NULL) == NULL,
		  "n %d: %u back at %d, documents alone", n, back, at);
}

static void
test_damages(void)
{
	for (int n = 1; n <= MV_POSTINGS; n += n == 1 ? 4 : 123)
	{
		test_damage(n, 0, 1000000);
		test_damage(n, n - 1, 1000000);
		test_damage(n, n / 2, 2000000000);
	}
}

static void
test_varint(void)
{
	for (int bits = 0; bits < 35; bits++)
	{
		uint64_t	x = UINT64_C(1) << bits,
					y = 0;
		uint8_t		bytes[10];
		uint8_t    *end = mv_varint_put(bytes, x);

		CHECK(mv_varint_get(bytes, end, &y) == end && x == y, "%d bits", bits);
		CHECK(mv_varint_get(bytes, end - 1, &y) == NULL, "%d bits, cut", bits);
	}
}

/* Lucene's SmallFloat.intToByte4 of some lengths, and the order of all. */
static void
test_lengths(void)
{
	static const struct
	{
		uint32_t	length,
					decoded;
		int			code;
	}			known[] = {{0, 0, 0}, {1, 1, 1}, {23, 23, 23}, {39, 39, 39}, {40, 40, 40},
						   {41, 40, 40}, {42, 42, 41}, {100, 96, 57}, {1000, 984, 87},
						   {1000000, 983064, 167}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		CHECK(mv_length_code(known[i].length) == known[i].code, "code of %u: %d",
			  known[i].length, mv_length_code(known[i].length));
		CHECK(mv_length_of(mv_length_code(known[i].length)) == known[i].decoded, "length %u: %u",
			  known[i].length, mv_length_of(mv_length_code(known[i].length)));
	}
	for (int code = 0; code < MV_LENGTH_NULL; code++)
		CHECK(mv_length_code(mv_length_of((uint8_t) code)) == code, "code %d", code);
	CHECK(mv_length_code(UINT32_MAX) < MV_LENGTH_NULL, "no length is null");
}

int
main(void)
{
	test_varint();
	test_lengths();
	test_blocks();
	test_widths();
	test_damages();
	return unit_result("postings");
}
