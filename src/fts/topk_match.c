/*
 * topk_match.c -- any query, window by window: which documents match, and their
 * points.  Exhaustive but for windows that cannot reach what is needed.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "fts/topk.h"
#include "index/counters.h"

#define WORDS (MV_WINDOW / 64)

static inline void
set_bit(MvBits *bits, uint32 i)
{
	bits->words[i / 64] |= UINT64CONST(1) << i % 64;
}

/* Is one of the bits [from, to] set? */
static bool
any_bit(const MvBits *bits, uint32 from, uint32 to)
{
	uint32		word = from / 64;
	uint64		mask = ~UINT64CONST(0) << from % 64;

	for (; word < to / 64; word++, mask = ~UINT64CONST(0))
		if (bits->words[word] & mask)
			return true;
	mask &= ~UINT64CONST(0) >> (63 - to % 64);
	return (bits->words[word] & mask) != 0;
}

static bool
no_bits(const MvBits *bits)
{
	uint64		any = 0;
	int			i;

	for (i = 0; i < WORDS; i++)
		any |= bits->words[i];
	return any == 0;
}

/* Set the bits of documents, ascending, before base + MV_WINDOW; returns their number. */
static int
set_bits(MvBits *bits, const uint32 *docs, int n, uint32 base)
{
	int			i = 0;

	while (i < n && docs[i] - base < MV_WINDOW)
	{
		uint32		word = (docs[i] - base) / 64;
		uint64		set = 0;

		for (; i < n && (docs[i] - base) / 64 == word; i++)
			set |= UINT64CONST(1) << docs[i] % 64;
		bits->words[word] |= set;
	}
	return i;
}

static void
match_term(MvFtsSearch *search, const MvTopkNode *node, uint32 base, const MvBits *wanted,
		   MvBits *out, int32 *window)
{
	MvCursor   *cursor = &search->cursors[node->cursor];
	uint32		doc = base;
	int			n,
				i;

	while (mv_cursor_seek(cursor, doc) && cursor->first < base + MV_WINDOW)
	{
		doc = cursor->last + 1;
		if (wanted == NULL || any_bit(wanted, Max(cursor->first, base) - base,
									  Min(cursor->last, base + MV_WINDOW - 1) - base))
		{
			const uint32 *docs;
			int32		points[MV_FTS_BLOCK];

			mv_cursor_decode(cursor, base);
			docs = cursor->docs + cursor->at;
			n = set_bits(out, docs, cursor->n - cursor->at, base);
			if (window != NULL && node->scored)
			{
				mv_topk_score(search, &node->score, cursor->field, docs, cursor->tfs + cursor->at,
							  n, points);
				for (i = 0; i < n; i++)
					window[docs[i] - base] += points[i];
			}
		}
		if (doc >= base + MV_WINDOW || doc == 0)
			break;
	}
}

static void
match_phrase(MvFtsSearch *search, const MvTopkNode *node, uint32 base, const MvBits *wanted,
			 MvBits *out, int32 *window)
{
	uint32		doc = base;

	for (; (doc = mv_phrase_next(search, node, doc)) < base + MV_WINDOW; doc++)
	{
		uint32		tf;
		int32		points;

		if (wanted != NULL && !(wanted->words[(doc - base) / 64] >> doc % 64 & 1))
			continue;
		tf = mv_phrase_tf(search, node, doc);
		if (tf == 0)
			continue;
		set_bit(out, doc - base);
		if (window == NULL || !node->scored)
			continue;
		mv_topk_score(search, &node->score, node->query->field, &doc, &tf, 1, &points);
		window[doc - base] += points;
	}
}

/* A clause of a group; a group in it may give points to what it does not match: not here. */
static void
match_clause(MvFtsSearch *search, const MvTopkNode *node, uint32 base, const MvBits *wanted,
			 MvBits *out, int32 *window)
{
	int32	   *own;
	int			i;

	if (window == NULL || node->kind != MV_QUERY_BOOL)
	{
		mv_topk_match(search, node, base, wanted, out, window);
		return;
	}
	own = palloc0(sizeof(int32) * MV_WINDOW);
	mv_topk_match(search, node, base, wanted, out, own);
	for (i = 0; i < MV_WINDOW; i++)
		if (out->words[i / 64] >> i % 64 & 1)
			window[i] += own[i];
	pfree(own);
}

/* What at least min of the should clauses match. */
static void
match_should(MvFtsSearch *search, const MvTopkNode *node, uint32 base, const MvBits *wanted,
			 MvBits *out, int32 *window)
{
	int			min = node->query->min_should;
	int		   *counts = min > 1 ? palloc0(sizeof(int) * MV_WINDOW) : NULL;
	MvBits		one;
	int			i,
				j;

	memset(out, 0, sizeof(MvBits));
	for (i = 0; i < node->query->nshould; i++)
	{
		match_clause(search, node->should[i], base, wanted, &one, window);
		for (j = 0; j < WORDS; j++)
		{
			uint64		word = one.words[j];

			if (counts == NULL)
				out->words[j] |= word;
			else
				for (; word != 0; word &= word - 1)
					counts[j * 64 + pg_rightmost_one_pos64(word)]++;
		}
	}
	if (counts == NULL)
		return;
	for (i = 0; i < MV_WINDOW; i++)
		if (counts[i] >= min)
			set_bit(out, i);
	pfree(counts);
}

static void
match_bool(MvFtsSearch *search, const MvTopkNode *node, uint32 base, const MvBits *wanted,
		   MvBits *out, int32 *window)
{
	const MvQueryNode *query = node->query;
	MvBits		one;
	int			i,
				j;

	if (wanted != NULL)
		*out = *wanted;
	else
		memset(out, 0xff, sizeof(MvBits));
	for (i = 0; i < query->nmust && !no_bits(out); i++)
	{
		match_clause(search, node->must[i], base, out, &one, window);
		for (j = 0; j < WORDS; j++)
			out->words[j] &= one.words[j];
	}
	for (i = 0; i < query->nmust_not && !no_bits(out); i++)
	{
		match_clause(search, node->must_not[i], base, out, &one, NULL);
		for (j = 0; j < WORDS; j++)
			out->words[j] &= ~one.words[j];
	}
	/* Those that need not match count for the score alone. */
	if (query->nshould == 0 || (query->min_should == 0 && window == NULL) || no_bits(out))
		return;
	match_should(search, node, base, out, &one, window);
	for (j = 0; j < WORDS && query->min_should > 0; j++)
		out->words[j] &= one.words[j];
}

void
mv_topk_match(MvFtsSearch *search, const MvTopkNode *node, uint32 base, const MvBits *wanted,
			  MvBits *out, int32 *window)
{
	int			i;

	if (node->kind == MV_QUERY_BOOL)
	{
		match_bool(search, node, base, wanted, out, window);
		return;
	}
	memset(out, 0, sizeof(MvBits));
	if (node->kind == MV_QUERY_TERM)
		match_term(search, node, base, wanted, out, window);
	else if (node->kind == MV_QUERY_PHRASE)
		match_phrase(search, node, base, wanted, out, window);
	for (i = 0; wanted != NULL && i < WORDS; i++)
		out->words[i] &= wanted->words[i];
}

/* ---- the next one ---- */

/* The first document from doc on that the node may match, or MV_NO_DOC. */
static uint32
next_candidate(MvFtsSearch *search, const MvTopkNode *node, uint32 doc)
{
	const MvQueryNode *query = node->query;
	uint32		first = MV_NO_DOC;
	int			i;

	switch (node->kind)
	{
		case MV_QUERY_NOTHING:
			break;
		case MV_QUERY_TERM:
			return mv_cursor_next(&search->cursors[node->cursor], doc);
		case MV_QUERY_PHRASE:
			return mv_phrase_next(search, node, doc);
		case MV_QUERY_BOOL:
			for (i = 0; i < query->nmust && doc != MV_NO_DOC; i++)
				doc = next_candidate(search, node->must[i], doc);
			if (query->nmust > 0)
				return doc;
			for (i = 0; i < query->nshould; i++)
				first = Min(first, next_candidate(search, node->should[i], doc));
			break;
	}
	return first;
}

uint32
mv_topk_filtered(MvFtsSearch *search, uint32 doc)
{
	int			i;

	for (i = 0; i < search->nfilters && doc != MV_NO_DOC; i++)
		doc = next_candidate(search, search->filters[i].root, doc);
	return doc;
}

/* ---- the best ---- */

/* No document of [from, to) scores more. */
static int64
bound(MvFtsSearch *search, const MvTopkNode *node, uint32 from, uint32 to)
{
	const MvQueryNode *query = node->query;
	int64		sum = 0;
	int			i;

	switch (node->kind)
	{
		case MV_QUERY_NOTHING:
			break;
		case MV_QUERY_TERM:
			sum = mv_cursor_run_bound(&search->cursors[node->cursor], from, to);
			break;
		case MV_QUERY_PHRASE:
			sum = node->scored ? (int64) ceilf(node->score.weight) + 1 : 0;
			break;
		case MV_QUERY_BOOL:
			for (i = 0; i < query->nmust; i++)
				sum += bound(search, node->must[i], from, to);
			for (i = 0; i < query->nshould; i++)
				sum += bound(search, node->should[i], from, to);
			break;
	}
	return sum;
}

void
mv_topk_any(MvFtsSearch *search)
{
	uint32		base;
	MvBits		matches;
	int			n,
				i;

	for (base = 0; base < search->segment->ndocs; base += MV_WINDOW)
	{
		CHECK_FOR_INTERRUPTS();
		if (!mv_topk_may_pass(search, base) ||
			bound(search, search->root, base, base + MV_WINDOW) < search->need)
			continue;
		mv_last_scan.windows++;
		search->base = base;
		mv_topk_match(search, search->root, base, NULL, &matches, search->window);
		for (n = i = 0; i < MV_WINDOW; i++)
		{
			search->docs[n] = base + i;
			search->points[n] = search->window[i];
			n += search->window[i] >= search->need && (matches.words[i / 64] >> i % 64 & 1);
		}
		memset(search->window, 0, sizeof(int32) * MV_WINDOW);
		mv_last_scan.documents += n;
		mv_topk_offer(search, search->docs, search->points, n);
		if (base > MV_NO_DOC - MV_WINDOW)
			break;
	}
}
