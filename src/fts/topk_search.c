/*
 * topk_search.c -- a search over all segments: keeping the best, handing rows out.
 *
 * A pass finds the k best documents after those handed out before, so a scan
 * without a known end is a few passes, each for more rows than the last, and no
 * row comes twice.  When nothing more matches, the others come in the order of
 * the segments.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "fts/topk.h"
#include "index/counters.h"
#include "index/workspace.h"

#define FIRST_ROWS 16			/* of a scan that does not say how many it wants, at least */
#define GROWTH 8				/* from pass to pass */
#define MAX_ROWS (1 << 20)

MvFtsSearch *
mv_search_begin(Relation index, const MvFtsSchema *schema, const MvFtsRequest *request)
{
	MemoryContext context = mv_workspace_begin();
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsSearch *search = palloc0(sizeof(MvFtsSearch));

	search->context = context;
	search->schema = schema;
	search->request = request;
	search->snapshot = mv_fts_open(index);
	mv_last_scan.segments += search->snapshot->nsegments;
	mv_topk_compile(search);
	/* Some more than wanted, for rows that are dead. */
	search->k = Min(Max(request->rows + request->rows / 8, FIRST_ROWS), MAX_ROWS);
	search->stage = MV_STAGE_RANKED;
	MemoryContextSwitchTo(old);
	return search;
}

/* ---- one segment ---- */

void
mv_topk_enter(MvFtsSearch *search, int number)
{
	int			i;

	search->number = number;
	search->segment = &search->snapshot->segments[number];
	for (i = 0; i < search->ncursors; i++)
		mv_cursor_start(&search->cursors[i], &search->lists[number * search->ncursors + i]);
	for (i = 0; i < MV_MAX_FIELDS; i++)
		search->lengths_base[i] = MV_NO_DOC;
	search->mask_base = MV_NO_DOC;
	search->tids_base = MV_NO_DOC;
	search->live_base = MV_NO_DOC;
}

void
mv_topk_leave(MvFtsSearch *search)
{
	int			i;

	for (i = 0; i < search->ncursors; i++)
		if (search->cursors[i].list->df > 0)
			mv_fts_list_release(search->cursors[i].list);
	search->segment = NULL;
}

void
mv_search_end(MvFtsSearch *search)
{
	if (search->segment != NULL)
		mv_topk_leave(search);
	mv_fts_close(search->snapshot);
	mv_workspace_end(search->context);
}

const uint8 *
mv_topk_lengths(MvFtsSearch *search, int field, uint32 base)
{
	if (search->lengths_base[field] != base)
	{
		mv_fts_lengths(search->segment, field, base, Min(MV_WINDOW, search->segment->ndocs - base),
					   search->lengths[field]);
		search->lengths_base[field] = base;
	}
	return search->lengths[field];
}

void
mv_topk_score(MvFtsSearch *search, const MvTermScore *score, int field, const uint32 *docs,
			  const uint32 *tfs, int n, int32 *points)
{
	int			i,
				end;

	/* A window's lengths cost little more to read than one of them. */
	for (i = 0; i < n; i = end)
	{
		uint32		base = docs[i] / MV_WINDOW * MV_WINDOW;

		for (end = n; docs[end - 1] - base >= MV_WINDOW; end--)
			;
		mv_score_kernels.score(score, docs + i, tfs + i, end - i,
							   mv_topk_lengths(search, field, base), base, points + i);
	}
}

/* ---- the best ---- */

static void
sift_down(MvTopkItem *items, int n, int i)
{
	MvTopkItem	item = items[i];

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && mv_topk_before(&items[child], &items[child + 1]))
			child++;
		if (!mv_topk_before(&item, &items[child]))
			break;
		items[i] = items[child];
		i = child;
	}
	items[i] = item;
}

static void
add_item(MvFtsSearch *search, MvTopkItem item)
{
	int			i;

	if (search->n == search->k)
	{
		search->items[0] = item;
		sift_down(search->items, search->n, 0);
	}
	else
	{
		search->items[search->n++] = item;
		if (search->n < search->k)
			return;
		for (i = search->n / 2 - 1; i >= 0; i--)
			sift_down(search->items, search->n, i);
	}
	/* What comes later and scores the same comes after it. */
	search->need = Max(search->need, search->items[0].points + 1);
}

void
mv_topk_offer(MvFtsSearch *search, const uint32 *docs, const int32 *points, int n)
{
	int			good = 0;
	int			i;

	if (search->restricted || search->tids != NULL)
		for (i = 0; i < n; i++)
			good += points[i] >= search->need;

	for (i = 0; i < n; i++)
	{
		MvTopkItem	item = { points[i], search->number, docs[i] };

		if (points[i] >= search->need &&
			(!search->continued || mv_topk_before(&search->last, &item)) &&
			mv_topk_passes(search, docs[i], good <= MV_FEW))
			add_item(search, item);
	}
}

static int
compare_items(const void *a, const void *b)
{
	return mv_topk_before(a, b) ? -1 : 1;
}

static void
search_segment(MvFtsSearch *search)
{
	switch (search->engine)
	{
		case MV_ENGINE_BAG:
			mv_topk_bag(search);
			break;
		case MV_ENGINE_ALL:
			mv_topk_all(search);
			break;
		case MV_ENGINE_ANY:
			mv_topk_any(search);
			break;
	}
}

/* The k best that come after what was handed out. */
static void
search_pass(MvFtsSearch *search)
{
	int			i;

	search->items = palloc(sizeof(MvTopkItem) * search->k);
	search->n = 0;
	search->at = 0;
	search->need = 1;
	for (i = 0; i < search->snapshot->nsegments; i++)
	{
		mv_topk_enter(search, i);
		search_segment(search);
		mv_topk_leave(search);
	}
	qsort(search->items, search->n, sizeof(MvTopkItem), compare_items);
}

static bool
next_ranked(MvFtsSearch *search, MvFtsHit *hit)
{
	const MvTopkItem *item;

	if (search->items == NULL)
		search_pass(search);
	else if (search->at == search->n)
	{
		if (search->n < search->k)
			return false;
		search->last = search->items[search->n - 1];
		search->continued = true;
		pfree(search->items);
		search->k = Min(search->k * GROWTH, MAX_ROWS);
		mv_last_scan.resumed++;
		search_pass(search);
	}
	if (search->at == search->n)
		return false;
	item = &search->items[search->at++];
	mv_fts_tids(&search->snapshot->segments[item->segment], item->doc, 1, &hit->tid);
	hit->score = mv_score_of_points(item->points, search->scale);
	hit->null = false;
	return true;
}

/* ---- the others ---- */

/* Bits of the window: what passes but does not match; without a query, what passes. */
static void
window_others(MvFtsSearch *search, uint32 base)
{
	const MvBits *mask = mv_topk_mask(search, base);
	MvBits		matches;
	int			i;

	mv_last_scan.windows++;
	search->others = *mask;
	search->other_base = base;
	if (search->root == NULL || search->stage == MV_STAGE_NULLS)
		return;
	mv_topk_match(search, search->root, base, mask, &matches, NULL);
	for (i = 0; i < lengthof(matches.words); i++)
		search->others.words[i] &= ~matches.words[i];
}

/* The next document of the segment; MV_NO_DOC: there is none. */
static uint32
next_other(MvFtsSearch *search)
{
	uint32		ndocs = search->segment->ndocs;

	while (search->other_doc < ndocs)
	{
		uint32		base = search->other_doc / MV_WINDOW * MV_WINDOW;
		uint32		i = search->other_doc - base;
		uint64		word;

		if (search->other_base != base)
		{
			uint32		next = mv_topk_filtered(search, search->other_doc);

			CHECK_FOR_INTERRUPTS();
			if (next - base >= MV_WINDOW)
			{
				search->other_doc = next;
				continue;
			}
			window_others(search, base);
		}
		word = search->others.words[i / 64] & ~UINT64CONST(0) << i % 64;
		if (word != 0)
		{
			uint32		doc = base + i / 64 * 64 + pg_rightmost_one_pos64(word);

			search->other_doc = doc + 1;
			return doc;
		}
		search->other_doc = base + (i / 64 + 1) * 64;
	}
	return MV_NO_DOC;
}

static bool
next_unranked(MvFtsSearch *search, MvFtsHit *hit)
{
	while (search->other_segment < search->snapshot->nsegments)
	{
		uint32		doc = next_other(search);

		if (doc != MV_NO_DOC)
		{
			mv_fts_tids(search->segment, doc, 1, &hit->tid);
			hit->score = 0;
			hit->null = search->stage == MV_STAGE_NULLS;
			return true;
		}
		mv_topk_leave(search);
		search->other_doc = 0;
		search->other_base = MV_NO_DOC;
		if (++search->other_segment < search->snapshot->nsegments)
			mv_topk_enter(search, search->other_segment);
	}
	return false;
}

/* ---- the stages ---- */

bool
mv_topk_has_stage(const MvFtsSearch *search, MvSearchStage stage)
{
	const MvFtsRequest *request = search->request;
	int			i;

	if (stage == MV_STAGE_OTHERS && request->query == NULL)
		return true;
	if (!request->all || (stage == MV_STAGE_NULLS && request->field == MV_ALL_FIELDS))
		return false;
	for (i = 0; i < request->nfilters; i++)
	{
		const MvFtsFilter *filter = &request->filters[i];

		if (stage == MV_STAGE_OTHERS ? mv_query_implies(filter->query, request->query) :
			filter->field == request->field || search->schema->nfields == 1)
			return false;
	}
	return true;
}

static void
next_stage(MvFtsSearch *search)
{
	do
		search->stage++;
	while (search->stage != MV_STAGE_END && !mv_topk_has_stage(search, search->stage));
	search->other_segment = 0;
	search->other_doc = 0;
	search->other_base = MV_NO_DOC;
	if (search->stage != MV_STAGE_END && search->snapshot->nsegments > 0)
		mv_topk_enter(search, 0);
}

bool
mv_search_next(MvFtsSearch *search, MvFtsHit *hit)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);
	bool		sorted = search->request->sort != NULL;
	bool		found = sorted && mv_topk_sorted(search, hit);

	while (!sorted && !found && search->stage != MV_STAGE_END)
	{
		if (search->stage != MV_STAGE_RANKED)
			found = next_unranked(search, hit);
		else if (search->root != NULL)
			found = next_ranked(search, hit);
		if (!found)
			next_stage(search);
	}
	MemoryContextSwitchTo(old);
	return found;
}

int64
mv_search_bitmap(MvFtsSearch *search, TIDBitmap *bitmap, bool recheck)
{
	MvFtsHit	hit;
	int64		n = 0;

	Assert(search->root == NULL);
	while (mv_search_next(search, &hit))
	{
		tbm_add_tuples(bitmap, &hit.tid, 1, recheck);
		n++;
	}
	return n;
}
