/*
 * phrase.h -- occurrences of a phrase in a document.
 */
#pragma once

#include "core/core.h"

#define MV_PHRASE_SLOTS 1024		/* of a phrase, at most */

/* Positions tried for one occurrence with slop, at most; it bounds what odd phrases cost. */
#define MV_PHRASE_STEPS 100000

/* Where the term of a slot occurs. */
typedef struct MvPhraseSlot
{
	const uint32_t *positions;	/* [n], ascending */
	uint32_t	n;
	uint32_t	offset;			/* wanted position after the first slot's; ascending */
} MvPhraseSlot;

/*
 * mv_phrase_count -- how often the phrase occurs.
 *
 * slots	[n], 1 <= n <= MV_PHRASE_SLOTS; their terms may be the same
 * slop		0: exactly as said.  Else an occurrence is a choice of one position per
 *			slot, all different, where position - offset of all slots lie within slop
 *			of each other; from each position of the first slot at most one counts
 */
uint32_t	mv_phrase_count(const MvPhraseSlot *slots, int n, uint32_t slop);
