/*
 * test_phrase.c -- phrases against every choice of positions.
 */
#include <string.h>

#include "core/phrase.h"
#include "core/rng.h"
#include "unit.h"

#define MAX_SLOTS 4
#define MAX_POSITIONS 12

typedef struct Case
{
	MvPhraseSlot slots[MAX_SLOTS];
	uint32_t	positions[MAX_SLOTS][MAX_POSITIONS];
	int			n;
} Case;

/* Does a choice for slots from i on exist, whose positions are all different? */
static bool
exists(const Case *c, uint32_t slop, int i, uint32_t *chosen)
{
	if (i == c->n)
	{
		int64_t		low = INT64_MAX;
		int64_t		high = INT64_MIN;

		for (int j = 0; j < c->n; j++)
		{
			int64_t		start = (int64_t) chosen[j] - c->slots[j].offset;

			low = start < low ? start : low;
			high = start > high ? start : high;
			for (int k = 0; k < j; k++)
				if (chosen[k] == chosen[j])
					return false;
		}
		return high - low <= slop;
	}
	for (uint32_t p = 0; p < c->slots[i].n; p++)
	{
		chosen[i] = c->positions[i][p];
		if (exists(c, slop, i + 1, chosen))
			return true;
	}
	return false;
}

static uint32_t
count_all(const Case *c, uint32_t slop)
{
	uint32_t	chosen[MAX_SLOTS];
	uint32_t	count = 0;

	for (uint32_t p = 0; p < c->slots[0].n; p++)
	{
		chosen[0] = c->positions[0][p];
		count += exists(c, slop, 1, chosen);
	}
	return count;
}

static void
make_case(uint64_t *rng, Case *c)
{
	uint32_t	offset = 0;

	c->n = 1 + mv_rng_below(rng, MAX_SLOTS);
	for (int i = 0; i < c->n; i++)
	{
		uint32_t	n = mv_rng_below(rng, MAX_POSITIONS + 1);
		uint32_t	position = 0;

		if (i > 0 && mv_rng_below(rng, 4) == 0)
			n = c->slots[i - 1].n;
		for (uint32_t p = 0; p < n; p++)
		{
			position += 1 + mv_rng_below(rng, 4);
			c->positions[i][p] = position;
		}
		/* Twice the same word. */
		if (i > 0 && n == c->slots[i - 1].n && mv_rng_below(rng, 2) == 0)
			memcpy(c->positions[i], c->positions[i - 1], sizeof(uint32_t) * n);
		c->slots[i].positions = c->positions[i];
		c->slots[i].n = n;
		c->slots[i].offset = offset;
		offset += 1 + mv_rng_below(rng, 2);
	}
}

int
main(void)
{
	uint64_t	rng = 7;
	Case		c;

	for (int round = 0; round < 20000; round++)
	{
		uint32_t	slop = mv_rng_below(&rng, 3) == 0 ? 0 : mv_rng_below(&rng, 8);
		uint32_t	expected;
		uint32_t	count;

		make_case(&rng, &c);
		expected = count_all(&c, slop);
		count = mv_phrase_count(c.slots, c.n, slop);
		CHECK(count == expected, "round %d: %d slots, slop %u: %u, not %u", round, c.n, slop,
			  count, expected);
	}
	return unit_result("test_phrase");
}
