/*
 * topk_phrase.c -- phrases: documents that have all slots, and how often.
 */
#include "postgres.h"

#include "core/phrase.h"
#include "fts/topk.h"

/* The members of slots that belong to the same slot as the i-th: one more than the last. */
static int
slot_end(const MvQueryNode *query, int i)
{
	int			end = i + 1;

	while (end < query->nslots && query->slots[end].slot == query->slots[i].slot)
		end++;
	return end;
}

/* The first document from doc on that has one of the alternatives [i, end). */
static uint32
slot_next(MvFtsSearch *search, const MvTopkNode *node, int i, int end, uint32 doc)
{
	uint32		first = MV_NO_DOC;

	for (; i < end; i++)
		first = Min(first, mv_cursor_next(&search->cursors[node->cursor + i], doc));
	return first;
}

uint32
mv_phrase_next(MvFtsSearch *search, const MvTopkNode *node, uint32 doc)
{
	const MvQueryNode *query = node->query;
	int			i = 0;

	while (i < query->nslots)
	{
		int			end = slot_end(query, i);
		uint32		next = slot_next(search, node, i, end, doc);

		if (next == MV_NO_DOC)
			return MV_NO_DOC;
		i = next > doc && i > 0 ? 0 : end;
		doc = next;
	}
	return doc;
}

uint32
mv_phrase_most(MvFtsSearch *search, const MvTopkNode *node, uint32 doc)
{
	const MvQueryNode *query = node->query;
	uint64		most = PG_UINT32_MAX;
	int			i,
				end;

	for (i = 0; i < query->nslots; i = end)
	{
		uint64		n = 0;

		end = slot_end(query, i);
		for (; i < end; i++)
		{
			MvCursor   *cursor = &search->cursors[node->cursor + i];

			if (mv_cursor_next(cursor, doc) == doc)
				n += cursor->tfs[cursor->at];
		}
		most = Min(most, n);
		/* With slop one position may serve several occurrences, but not of the first slot. */
		if (query->slop > 0)
			break;
	}
	return (uint32) most;
}

static int
compare_positions(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* Is the cursor, which was there or before, at the document? */
static bool
cursor_has(const MvCursor *cursor, uint32 doc)
{
	return cursor->last != MV_NO_DOC && cursor->docs[cursor->at] == doc;
}

/* Room for the positions of all slots of the document; the cursors go there. */
static void
reserve_positions(MvFtsSearch *search, const MvTopkNode *node, uint32 doc)
{
	Size		n = 0;
	int			i;

	for (i = 0; i < node->query->nslots; i++)
	{
		MvCursor   *cursor = &search->cursors[node->cursor + i];

		if (mv_cursor_next(cursor, doc) == doc)
			n += cursor->tfs[cursor->at];
	}
	if (n <= search->npositions)
		return;
	if (search->positions != NULL)
		pfree(search->positions);
	search->npositions = n * 2;
	search->positions = MemoryContextAllocHuge(search->context,
											   sizeof(uint32) * search->npositions);
}

/* Positions of the alternatives [i, end); returns their number. */
static uint32
slot_positions(MvFtsSearch *search, const MvTopkNode *node, int i, int end, uint32 doc,
			   uint32 *positions)
{
	uint32		n = 0;
	int			have = 0;

	for (; i < end; i++)
	{
		MvCursor   *cursor = &search->cursors[node->cursor + i];

		if (!cursor_has(cursor, doc))
			continue;
		mv_fts_list_positions(cursor->list, cursor->block, cursor->tfs, cursor->at,
							  positions + n);
		n += cursor->tfs[cursor->at];
		have++;
	}
	if (have > 1)
		qsort(positions, n, sizeof(uint32), compare_positions);
	return n;
}

uint32
mv_phrase_tf(MvFtsSearch *search, const MvTopkNode *node, uint32 doc)
{
	const MvQueryNode *query = node->query;
	uint32	   *positions;
	int			n = 0;
	int			i,
				end;

	reserve_positions(search, node, doc);
	positions = search->positions;
	for (i = 0; i < query->nslots; i = end)
	{
		end = slot_end(query, i);
		node->slots[n].n = slot_positions(search, node, i, end, doc, positions);
		node->slots[n].positions = positions;
		positions += node->slots[n].n;
		node->slots[n++].offset = query->slots[i].offset;
	}
	return mv_phrase_count(node->slots, n, query->slop);
}
