/*
 * phrase.c -- occurrences of a phrase in a document.
 */
#include <string.h>

#include "core/phrase.h"

/* The first of n ascending numbers that is at least x, from i on. */
static uint32_t
seek(const uint32_t *numbers, uint32_t n, uint32_t i, int64_t x)
{
	uint32_t	step = 1;
	uint32_t	end;

	/* Gallop, then halve: most steps are short. */
	while (i + step < n && numbers[i + step] < x)
	{
		i += step;
		step *= 2;
	}
	end = i + step < n ? i + step + 1 : n;
	while (i < end)
	{
		uint32_t	middle = i + (end - i) / 2;

		if (numbers[middle] < x)
			i = middle + 1;
		else
			end = middle;
	}
	return i;
}

/* Slots in a row: the rarest leads. */
static uint32_t
count_exact(const MvPhraseSlot *slots, int n)
{
	uint32_t	at[MV_PHRASE_SLOTS];
	int			lead = 0;
	uint32_t	count = 0;

	for (int i = 0; i < n; i++)
	{
		at[i] = 0;
		if (slots[i].n < slots[lead].n)
			lead = i;
	}
	for (uint32_t p = 0; p < slots[lead].n; p++)
	{
		int64_t		start = (int64_t) slots[lead].positions[p] - slots[lead].offset;
		int			i;

		for (i = 0; i < n; i++)
		{
			int64_t		position = start + slots[i].offset;

			if (i == lead)
				continue;
			at[i] = seek(slots[i].positions, slots[i].n, at[i], position);
			if (at[i] == slots[i].n)
				return count;
			if (slots[i].positions[at[i]] != position)
				break;
		}
		count += i == n;
	}
	return count;
}

/* What a choice of positions looks like so far. */
typedef struct Choice
{
	const MvPhraseSlot *slots;
	int			n;
	uint32_t	slop;
	int			steps;			/* left to try */
	uint32_t	taken[MV_PHRASE_SLOTS];
} Choice;

static bool
is_taken(const Choice *choice, int slot, uint32_t position)
{
	for (int i = 0; i < slot; i++)
		if (choice->taken[i] == position)
			return true;
	return false;
}

/* Can the slots from this one on be chosen, where starts so far lie in [low, high]? */
static bool
choose(Choice *choice, int slot, int64_t low, int64_t high)
{
	const MvPhraseSlot *s = &choice->slots[slot];
	int64_t		from;

	if (slot == choice->n)
		return true;
	from = high - choice->slop + s->offset;
	for (uint32_t i = seek(s->positions, s->n, 0, from < 0 ? 0 : from); i < s->n; i++)
	{
		int64_t		start = (int64_t) s->positions[i] - s->offset;

		if (start > low + choice->slop || choice->steps-- <= 0)
			return false;
		if (is_taken(choice, slot, s->positions[i]))
			continue;
		choice->taken[slot] = s->positions[i];
		if (choose(choice, slot + 1, start < low ? start : low, start > high ? start : high))
			return true;
	}
	return false;
}

uint32_t
mv_phrase_count(const MvPhraseSlot *slots, int n, uint32_t slop)
{
	Choice		choice;
	uint32_t	count = 0;

	for (int i = 0; i < n; i++)
		if (slots[i].n == 0)
			return 0;
	if (slop == 0)
		return count_exact(slots, n);
	choice.slots = slots;
	choice.n = n;
	choice.slop = slop;
	for (uint32_t i = 0; i < slots[0].n; i++)
	{
		int64_t		start = (int64_t) slots[0].positions[i] - slots[0].offset;

		choice.taken[0] = slots[0].positions[i];
		choice.steps = MV_PHRASE_STEPS;
		count += choose(&choice, 1, start, start);
	}
	return count;
}
