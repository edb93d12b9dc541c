/*
 * topk_sort.c -- rows in the order of an attribute.
 *
 * As with scores, a pass finds the k first rows after those handed out before, k growing
 * from pass to pass.  The zone of a window tells its first key before anything is looked
 * for in it.  Windows are visited by that until there are k rows, then the others as they
 * lie, but for those that come too late.
 *
 * Keys are compared as ranks, of which the lowest comes first.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "fts/topk.h"
#include "index/counters.h"

#define GROWTH 8				/* from pass to pass */
#define MAX_ROWS (1 << 20)

typedef struct Row
{
	uint64		rank;
	uint32		segment;
	uint32		doc;
} Row;

typedef struct Window
{
	uint64		first;			/* no rank in it is below */
	uint32		segment;
	uint32		base;
} Window;

struct MvTopkSort
{
	int			nwindows;
	Window	   *windows;		/* [nwindows] */
	int			n;				/* found, twice search->k at most; sorted and k in the end */
	Row		   *rows;
	bool		full;			/* k were found, only those before need count */
	Row			need;
	bool		continued;		/* only what comes after last is wanted */
	Row			last;
	int			at;				/* the next one to hand out */
	int64	   *keys;			/* [MV_WINDOW] */
};

/* ---- ranks ---- */

static uint64
rank_of(const MvFtsSort *sort, int64 key)
{
	uint64		code = mv_key_code(key);	/* of null 0 */

	if (key == MV_NULL_KEY)
		return sort->nulls_first ? 0 : PG_UINT64_MAX;
	return (sort->descending ? ~code : code - 1) + sort->nulls_first;
}

static uint64
first_rank(const MvFtsSort *sort, const MvKeyCode *code)
{
	uint64		first = PG_UINT64_MAX;

	if (code->low <= code->high)
		first = rank_of(sort, sort->descending ? code->high : code->low);
	return code->nulls ? Min(first, rank_of(sort, MV_NULL_KEY)) : first;
}

static int
compare_rows(const void *a, const void *b)
{
	const Row  *x = a,
			   *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->doc < y->doc ? -1 : x->doc > y->doc;
}

/* ---- windows ---- */

static int
compare_first(const void *a, const void *b)
{
	const Window *x = a,
			   *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int
compare_places(const void *a, const void *b)
{
	const Window *x = a,
			   *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->base < y->base ? -1 : x->base > y->base;
}

static MvTopkSort *
begin(MvFtsSearch *search)
{
	const MvFtsSort *order = search->request->sort;
	MvTopkSort *sort = palloc0(sizeof(MvTopkSort));
	Size		n = 0;

	for (int i = 0; i < search->snapshot->nsegments; i++)
		n += search->snapshot->segments[i].ndocs / MV_WINDOW + 1;
	sort->windows = palloc_extended(sizeof(Window) * n, MCXT_ALLOC_HUGE);
	sort->keys = palloc(sizeof(int64) * MV_WINDOW);
	for (int i = 0; i < search->snapshot->nsegments; i++)
	{
		const MvFtsSegment *segment = &search->snapshot->segments[i];

		for (uint64 base = 0; base < segment->ndocs; base += MV_WINDOW)
		{
			const MvFtsZone *zone = mv_fts_zone(segment, order->attribute, (uint32) base);

			sort->windows[sort->nwindows++] =
				(Window){.first = first_rank(order, &zone->code), .segment = i,
						 .base = (uint32) base};
		}
	}
	return sort;
}

/* ---- a pass ---- */

/* Keep the first k of those found. */
static void
cut(MvTopkSort *sort, int k)
{
	qsort(sort->rows, sort->n, sizeof(Row), compare_rows);
	sort->n = Min(sort->n, k);
	sort->full = sort->n == k;
	if (sort->full)
		sort->need = sort->rows[k - 1];
}

static void
offer(MvFtsSearch *search, uint32 doc, int64 key)
{
	MvTopkSort *sort = search->sort;
	Row			row = {.rank = rank_of(search->request->sort, key), .segment = search->number,
					   .doc = doc};

	if ((sort->full && compare_rows(&row, &sort->need) > 0) ||
		(sort->continued && compare_rows(&row, &sort->last) <= 0))
		return;
	if (sort->n == 2 * search->k)
		cut(sort, search->k);
	sort->rows[sort->n++] = row;
}

/* The matches of the window at base, in which all or only a few keys are read. */
static void
offer_matches(MvFtsSearch *search, uint32 base, const MvBits *matches)
{
	int			attribute = search->request->sort->attribute;
	int64	   *keys = search->sort->keys;
	bool		few = pg_popcount((const char *) matches->words, sizeof(matches->words)) <= MV_FEW;

	if (!few)
		mv_fts_attributes(search->segment, attribute, base,
						  Min(MV_WINDOW, search->segment->ndocs - base), keys);
	for (int word = 0; word < lengthof(matches->words); word++)
		for (uint64 left = matches->words[word]; left != 0; left &= left - 1)
		{
			uint32		i = word * 64 + pg_rightmost_one_pos64(left);

			if (few)
				mv_fts_attributes(search->segment, attribute, base + i, 1, &keys[i]);
			mv_last_scan.documents++;
			offer(search, base + i, keys[i]);
		}
}

static void
search_window(MvFtsSearch *search, const Window *window)
{
	const MvTopkSort *sort = search->sort;
	uint32		base = window->base;

	if (sort->full && window->first > sort->need.rank)
		return;
	CHECK_FOR_INTERRUPTS();
	/* Cursors do not go back. */
	if (search->segment == NULL || search->number != window->segment || base < search->base)
	{
		if (search->segment != NULL)
			mv_topk_leave(search);
		mv_topk_enter(search, (int) window->segment);
	}
	search->base = base;
	if (!mv_topk_may_pass(search, base) || mv_topk_filtered(search, base) - base >= MV_WINDOW)
		return;
	mv_last_scan.windows++;
	offer_matches(search, base, mv_topk_mask(search, base));
}

static void
search_pass(MvFtsSearch *search)
{
	MvTopkSort *sort = search->sort;
	int			i;

	sort->rows = palloc_extended(sizeof(Row) * 2 * search->k, MCXT_ALLOC_HUGE);
	sort->n = sort->at = 0;
	sort->full = false;
	qsort(sort->windows, sort->nwindows, sizeof(Window), compare_first);
	for (i = 0; i < sort->nwindows && sort->n < search->k; i++)
		search_window(search, &sort->windows[i]);
	cut(sort, search->k);
	qsort(sort->windows + i, sort->nwindows - i, sizeof(Window), compare_places);
	for (; i < sort->nwindows; i++)
		search_window(search, &sort->windows[i]);
	cut(sort, search->k);
	if (search->segment != NULL)
		mv_topk_leave(search);
}

bool
mv_topk_sorted(MvFtsSearch *search, MvFtsHit *hit)
{
	MvTopkSort *sort = search->sort;
	const Row  *row;

	if (sort == NULL)
	{
		sort = search->sort = begin(search);
		search_pass(search);
	}
	else if (sort->at == sort->n && sort->full)
	{
		sort->last = sort->rows[sort->n - 1];
		sort->continued = true;
		pfree(sort->rows);
		search->k = Min(search->k * GROWTH, MAX_ROWS);
		mv_last_scan.resumed++;
		search_pass(search);
	}
	if (sort->at == sort->n)
		return false;
	row = &sort->rows[sort->at++];
	mv_fts_tids(&search->snapshot->segments[row->segment], row->doc, 1, &hit->tid);
	hit->score = 0;
	hit->null = false;
	return true;
}
