/*
 * topk_rows.c -- what the scored query gives to some rows, known by their TIDs.
 *
 * Documents know their TIDs, TIDs not their documents.  But documents that were built
 * or flushed at once are in the order of the table, so the first TIDs of some and of the
 * next ones tell whether a row is likely to be among them; it is found there by halves.
 * For rows that this does not find, and of pending documents, all TIDs are read, as
 * long as this takes less than to analyse the texts of these rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "fts/topk.h"

#define CHUNK 1024				/* documents whose first TID is looked at */
#define DOCS_A_TEXT 8192		/* whose TIDs are read in the time of one text */

typedef struct Lookup
{
	const ItemPointerData *tids;	/* [n], ascending */
	int			n;
	double	   *scores;			/* [n]; below 0: not yet found */
	MvTidSet   *set;			/* of the TIDs */
	bool		in_order;		/* documents are taken to be in the order of their TIDs */
	MvBits		found;			/* documents of the window */
	int			rows[MV_WINDOW];	/* which rows these are */
	ItemPointerData chunk[CHUNK];
} Lookup;

static inline uint64
tid_number(const ItemPointerData *tid)
{
	return (uint64) ItemPointerGetBlockNumberNoCheck(tid) << 16 |
		ItemPointerGetOffsetNumberNoCheck(tid);
}

/* The first of some TIDs, ascending, that is not below another one. */
static int
position(const ItemPointerData *tids, int n, const ItemPointerData *tid)
{
	uint64		number = tid_number(tid);
	int			low = 0;

	while (low < n)
	{
		int			middle = (low + n) / 2;

		if (tid_number(&tids[middle]) < number)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

static void
add_document(Lookup *lookup, uint32 doc, int row)
{
	uint32		i = doc % MV_WINDOW;

	if (lookup->scores[row] >= 0)
		return;
	lookup->found.words[i / 64] |= UINT64CONST(1) << i % 64;
	lookup->rows[i] = row;
}

/* Rows among documents [from, from + n), whatever their order. */
static void
find_anywhere(const MvFtsSegment *segment, Lookup *lookup, uint32 from, int n)
{
	mv_fts_tids(segment, from, n, lookup->chunk);
	for (int i = 0; i < n; i++)
		if (mv_tid_set_has(lookup->set, &lookup->chunk[i]))
			add_document(lookup, from + i, position(lookup->tids, lookup->n, &lookup->chunk[i]));
}

/*
 * The same, of documents that are in the order of their TIDs, unless the next ones begin
 * before these.
 */
static void
find_in_order(const MvFtsSegment *segment, Lookup *lookup, uint32 from, int n)
{
	ItemPointerData first,
				last;
	int			row;

	/* The next chunk's first one is read for that as well. */
	mv_fts_tids(segment, from, 1, &first);
	mv_fts_tids(segment, Min(from + n, segment->ndocs - 1), 1, &last);
	if (tid_number(&first) > tid_number(&last))
	{
		find_anywhere(segment, lookup, from, n);
		return;
	}
	row = position(lookup->tids, lookup->n, &first);
	if (row == lookup->n || tid_number(&lookup->tids[row]) > tid_number(&last))
		return;
	mv_fts_tids(segment, from, n, lookup->chunk);
	for (; row < lookup->n && tid_number(&lookup->tids[row]) <= tid_number(&last); row++)
	{
		int			i = position(lookup->chunk, n, &lookup->tids[row]);

		if (i < n && tid_number(&lookup->chunk[i]) == tid_number(&lookup->tids[row]))
			add_document(lookup, from + i, row);
	}
}

/* Leave the live ones of the documents found; is there any?  A dead one may have had the TID. */
static bool
keep_live(const MvFtsSegment *segment, uint32 base, MvBits *found)
{
	MvBits		live = {{0}};
	uint64		any = 0;

	for (int i = 0; i < lengthof(found->words); i++)
		any |= found->words[i];
	if (any == 0)
		return false;
	mv_fts_live(segment, base, Min(MV_WINDOW, segment->ndocs - base), live.words);
	any = 0;
	for (int i = 0; i < lengthof(found->words); i++)
		any |= found->words[i] &= live.words[i];
	return any != 0;
}

/* The documents found in the window; returns their number. */
static int
list_found(const Lookup *lookup, uint32 base, uint32 *docs)
{
	int			n = 0;

	for (int word = 0; word < lengthof(lookup->found.words); word++)
		for (uint64 left = lookup->found.words[word]; left != 0; left &= left - 1)
			docs[n++] = base + word * 64 + pg_rightmost_one_pos64(left);
	return n;
}

/* Points of the documents found in the window; 0 for those that do not match. */
static void
match_found(MvFtsSearch *search, const Lookup *lookup, uint32 base, int n)
{
	MvBits		matches;

	search->base = base;
	mv_topk_match(search, search->root, base, &lookup->found, &matches, search->window);
	for (int i = 0; i < n; i++)
	{
		uint32		at = search->docs[i] - base;
		bool		match = (matches.words[at / 64] >> at % 64 & 1) != 0;

		search->points[i] = match ? search->window[at] : 0;
	}
	memset(search->window, 0, sizeof(int32) * MV_WINDOW);
}

static void
score_window(MvFtsSearch *search, Lookup *lookup, uint32 base)
{
	int			n = list_found(lookup, base, search->docs);

	if (search->engine == MV_ENGINE_BAG && !search->excludes)
		mv_topk_bag_points(search, search->docs, search->points, n);
	else
		match_found(search, lookup, base, n);
	for (int i = 0; i < n; i++)
		lookup->scores[lookup->rows[search->docs[i] - base]] =
			mv_score_of_points(search->points[i], search->scale);
}

static void
look_up(MvFtsSearch *search, Lookup *lookup)
{
	for (int number = 0; number < search->snapshot->nsegments; number++)
	{
		const MvFtsSegment *segment = &search->snapshot->segments[number];

		mv_topk_enter(search, number);
		for (uint64 base = 0; base < segment->ndocs; base += MV_WINDOW)
		{
			uint64		end = Min(base + MV_WINDOW, segment->ndocs);

			CHECK_FOR_INTERRUPTS();
			memset(&lookup->found, 0, sizeof(MvBits));
			for (uint64 from = base; from < end; from += CHUNK)
			{
				int			n = (int) Min(CHUNK, end - from);

				if (lookup->in_order && !segment->pending)
					find_in_order(segment, lookup, from, n);
				else
					find_anywhere(segment, lookup, from, n);
			}
			if (keep_live(segment, base, &lookup->found))
				score_window(search, lookup, base);
		}
		mv_topk_leave(search);
	}
}

static MvTidSet *
set_of(const ItemPointerData *tids, int n)
{
	MvTidSet   *set = mv_tid_set_create(ItemPointerGetBlockNumberNoCheck(&tids[n - 1]) + 1);
	OffsetNumber offsets[MaxHeapTuplesPerPage];

	for (int i = 0; i < n;)
	{
		BlockNumber block = ItemPointerGetBlockNumberNoCheck(&tids[i]);
		int			noffsets = 0;

		for (; i < n && ItemPointerGetBlockNumberNoCheck(&tids[i]) == block; i++)
			if (noffsets < (int) lengthof(offsets))
				offsets[noffsets++] = ItemPointerGetOffsetNumberNoCheck(&tids[i]);
		mv_tid_set_add(set, block, offsets, noffsets);
	}
	return set;
}

void
mv_search_scores(MvFtsSearch *search, const ItemPointerData *tids, int n, double *scores)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);
	Lookup	   *lookup = palloc(sizeof(Lookup));
	int			left = 0;

	Assert(n > 0 && search->root != NULL);
	lookup->tids = tids;
	lookup->n = n;
	lookup->scores = scores;
	lookup->set = set_of(tids, n);
	lookup->in_order = true;
	for (int i = 0; i < n; i++)
		scores[i] = -1;
	look_up(search, lookup);
	for (int i = 0; i < n; i++)
		left += scores[i] < 0;
	lookup->in_order = false;
	if (search->snapshot->ndocs < (double) left * DOCS_A_TEXT)
		look_up(search, lookup);
	MemoryContextSwitchTo(old);
}
