/*
 * topk_bag.c -- the best documents that have any of some terms: block-max
 * MaxScore over windows.
 *
 * In each window the terms are divided.  Those that together cannot bring a
 * document among the best, the others, wait; the rest are essential: what has none
 * of them is not worth a look.  The points of essential terms are added up for
 * all documents of the window; then the others are looked up for what is still
 * worth it, the one with the highest bound first.
 *
 * "MaxScore" is by Turtle and Flood, with bounds of blocks by Chakrabarti et al.;
 * that it is done in windows follows Lucene's.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "fts/topk.h"
#include "index/counters.h"

/* A term in a window. */
typedef struct WindowTerm
{
	MvCursor   *cursor;
	int32		bound;			/* of its points in the window */
} WindowTerm;

/* The terms that have documents in the window, highest bound first. */
static int
window_terms(MvCursor **cursors, int n, uint32 from, uint32 to, int32 need, WindowTerm *terms)
{
	int64		sum = 0;
	int			found = 0;
	int			i,
				j;

	/* Bounds of runs come first: they take no page. */
	for (i = 0; i < n; i++)
		sum += mv_cursor_run_bound(cursors[i], from, to);
	if (sum < need)
		return 0;
	for (i = 0; i < n; i++)
	{
		WindowTerm	term = { cursors[i], 0 };

		if (mv_cursor_seek(term.cursor, from))
			term.bound = mv_cursor_bound(term.cursor, from, to);
		if (term.bound == 0)
			continue;
		for (j = found++; j > 0 && terms[j - 1].bound < term.bound; j--)
			terms[j] = terms[j - 1];
		terms[j] = term;
	}
	return found;
}

/* Decoded postings of the cursor's block before `to`: their number. */
static int
postings_before(const MvCursor *cursor, uint32 to)
{
	int			n = cursor->n - cursor->at;

	if (cursor->last < to)
		return n;
	for (n = 0; cursor->docs[cursor->at + n] < to; n++)
		;
	return n;
}

/*
 * Add up the points of one essential term in the window.
 *
 * rest		bound of all other terms: blocks that cannot reach need with it are left out
 */
static void
add_term(MvFtsSearch *search, MvCursor *cursor, uint32 from, uint32 to, int64 rest)
{
	int32		points[MV_FTS_BLOCK];
	uint32		doc = from;

	while (mv_cursor_seek(cursor, doc) && cursor->first < to)
	{
		int			n,
					i;

		doc = cursor->last + 1;
		if (mv_cursor_block_bound(cursor) + rest < search->need)
		{
			mv_last_scan.skipped++;
			continue;
		}
		mv_cursor_decode(cursor, from);
		n = postings_before(cursor, to);
		mv_topk_score(search, &cursor->score, cursor->field, cursor->docs + cursor->at,
					  cursor->tfs + cursor->at, n, points);
		for (i = 0; i < n; i++)
			search->window[cursor->docs[cursor->at + i] - search->base] += points[i];
		if (doc >= to)
			break;
	}
}

/* The same for the only essential term, straight into the list; returns its length. */
static int
list_term(MvFtsSearch *search, MvCursor *cursor, uint32 from, uint32 to, int64 rest)
{
	uint32		doc = from;
	int			found = 0;

	while (mv_cursor_seek(cursor, doc) && cursor->first < to)
	{
		int			n;

		doc = cursor->last + 1;
		if (mv_cursor_block_bound(cursor) + rest < search->need)
			mv_last_scan.skipped++;
		else
		{
			mv_cursor_decode(cursor, from);
			n = postings_before(cursor, to);
			memcpy(search->docs + found, cursor->docs + cursor->at, n * sizeof(uint32));
			mv_topk_score(search, &cursor->score, cursor->field, cursor->docs + cursor->at,
						  cursor->tfs + cursor->at, n, search->points + found);
			found += n;
		}
		if (doc >= to)
			break;
	}
	return found;
}

void
mv_topk_add(MvFtsSearch *search, MvCursor *cursor, const uint32 *docs, int32 *points, int n,
			int64 rest)
{
	uint32		found[MV_FTS_BLOCK];
	uint32		tfs[MV_FTS_BLOCK];
	int32		more[MV_FTS_BLOCK];
	int32	   *target[MV_FTS_BLOCK];
	int			i = 0;

	while (i < n && mv_cursor_seek(cursor, docs[i]))
	{
		int64		missing = search->need - rest - mv_cursor_block_bound(cursor);
		int			hits = 0,
					j;

		while (i < n && docs[i] < cursor->first)
			i++;
		while (i < n && docs[i] <= cursor->last && points[i] < missing)
			i++;
		if (i == n || docs[i] > cursor->last)
			continue;
		mv_cursor_decode(cursor, docs[i]);
		for (; i < n && docs[i] <= cursor->last; i++)
		{
			while (cursor->docs[cursor->at] < docs[i])
				cursor->at++;
			if (cursor->docs[cursor->at] != docs[i])
				continue;
			found[hits] = docs[i];
			tfs[hits] = cursor->tfs[cursor->at];
			target[hits++] = &points[i];
		}
		mv_topk_score(search, &cursor->score, cursor->field, found, tfs, hits, more);
		for (j = 0; j < hits; j++)
			*target[j] += more[j];
	}
}

/*
 * The mask of the window, if it is made before its documents are listed: where the last one
 * had so many that it had to be made, and few pass, listing them is most of the work.
 */
static const uint64 *
mask_first(MvFtsSearch *search)
{
	if (!search->asks_conditions || !search->many)
		return NULL;
	return mv_topk_mask(search, search->base)->words;
}

/* One window of the segment; terms have documents in it. */
static void
search_window(MvFtsSearch *search, WindowTerm *terms, int n, uint32 from, uint32 to)
{
	int64		all = 0,
				rest = 0;
	int			essential = n;
	int			found,
				i;

	for (i = 0; i < n; i++)
		all += terms[i].bound;
	if (all < search->need)
		return;
	while (essential > 1 && rest + terms[essential - 1].bound < search->need)
		rest += terms[--essential].bound;
	mv_last_scan.windows++;
	search->base = from / MV_WINDOW * MV_WINDOW;
	if (essential == 1)
		found = list_term(search, terms[0].cursor, from, to, rest);
	else
	{
		for (i = 0; i < essential; i++)
			add_term(search, terms[i].cursor, from, to, all - terms[i].bound);
		found = mv_score_kernels.collect(search->window, mask_first(search),
										 (int32) Max(search->need - rest, 1), search->base,
										 search->docs, search->points);
	}
	mv_last_scan.documents += found;
	if (search->sifts)
	{
		found = mv_score_kernels.keep(search->docs, search->points, found,
									  (int32) Max(search->need - rest, 1));
		search->many = found > (search->many ? 0 : MV_FEW);
		found = mv_topk_sift(search, search->docs, search->points, found);
	}
	for (i = essential; i < n && found > 0; i++)
	{
		found = mv_score_kernels.keep(search->docs, search->points, found,
									  (int32) Max(search->need - rest, 1));
		rest -= terms[i].bound;
		mv_topk_add(search, terms[i].cursor, search->docs, search->points, found, rest);
	}
	mv_topk_offer(search, search->docs, search->points, found);
}

static int
max_cursors(const MvFtsSearch *search)
{
	return search->root->kind == MV_QUERY_TERM ? 1 : search->root->query->nshould;
}

/* The terms of the root that the segment has. */
static int
list_cursors(MvFtsSearch *search, MvCursor **cursors)
{
	const MvTopkNode *root = search->root;
	int			n = 0;
	int			i;

	if (root->kind == MV_QUERY_TERM)
		cursors[n++] = &search->cursors[root->cursor];
	else
		for (i = 0; i < root->query->nshould; i++)
			cursors[n++] = &search->cursors[root->should[i]->cursor];
	return n;
}

void
mv_topk_bag_points(MvFtsSearch *search, const uint32 *docs, int32 *points, int n)
{
	MvCursor  **cursors = palloc(sizeof(MvCursor *) * max_cursors(search));
	int			ncursors = list_cursors(search, cursors);

	memset(points, 0, sizeof(int32) * n);
	for (int i = 0; i < ncursors; i++)
		mv_topk_add(search, cursors[i], docs, points, n, search->need);	/* all are worth it */
	pfree(cursors);
}

void
mv_topk_bag(MvFtsSearch *search)
{
	MvCursor  **cursors = palloc(sizeof(MvCursor *) * max_cursors(search));
	WindowTerm *terms = palloc(sizeof(WindowTerm) * max_cursors(search));
	int			n = list_cursors(search, cursors);
	uint32		from = 0;

	while (from < search->segment->ndocs)
	{
		uint32		to = Min((from / MV_WINDOW + 1) * MV_WINDOW, search->segment->ndocs);
		int			found = 0;

		CHECK_FOR_INTERRUPTS();
		if (mv_topk_may_pass(search, from))
			found = window_terms(cursors, n, from, to, search->need, terms);
		if (found > 0)
			search_window(search, terms, found, from, to);
		from = to;
	}
	pfree(terms);
	pfree(cursors);
}
