/*
 * topk_all.c -- the best documents that have all of some terms and phrases.
 *
 * The rarest term leads, a block at a time.  Its documents get its points, and
 * are looked up in the lists of the others as long as they can be among the
 * best: scores first, matches later.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "fts/topk.h"
#include "index/counters.h"

typedef struct AllPlan
{
	int			nrequired;
	MvCursor  **required;		/* rarest first */
	int			nphrases;
	const MvTopkNode **phrases;
	int			nshould;
	MvCursor  **should;			/* highest bound first */
} AllPlan;

static void
add_required(AllPlan *plan, MvCursor *cursor)
{
	int			i = plan->nrequired++;

	for (; i > 0 && plan->required[i - 1]->list->df > cursor->list->df; i--)
		plan->required[i] = plan->required[i - 1];
	plan->required[i] = cursor;
}

/* A clause that must match. */
static void
add_must(MvFtsSearch *search, AllPlan *plan, const MvTopkNode *node)
{
	const MvQueryNode *query = node->query;
	int			i;

	if (node->kind == MV_QUERY_TERM)
	{
		add_required(plan, &search->cursors[node->cursor]);
		return;
	}
	plan->phrases[plan->nphrases++] = node;
	/* A slot without alternatives is required in itself. */
	for (i = 0; i < query->nslots; i++)
		if ((i == 0 || query->slots[i - 1].slot != query->slots[i].slot) &&
			(i == query->nslots - 1 || query->slots[i + 1].slot != query->slots[i].slot))
			add_required(plan, &search->cursors[node->cursor + query->nslots + i]);
}

static void
make_plan(MvFtsSearch *search, AllPlan *plan)
{
	const MvTopkNode *root = search->root;
	int			nmust = root->kind == MV_QUERY_BOOL ? root->query->nmust : 1;
	int			i,
				j;

	memset(plan, 0, sizeof(AllPlan));
	plan->required = palloc(sizeof(MvCursor *) * (search->ncursors + 1));
	plan->phrases = palloc(sizeof(MvTopkNode *) * nmust);
	plan->should = palloc(sizeof(MvCursor *) * (search->ncursors + 1));
	if (root->kind != MV_QUERY_BOOL)
	{
		add_must(search, plan, root);
		return;
	}
	for (i = 0; i < nmust; i++)
		add_must(search, plan, root->must[i]);
	for (i = 0; i < root->query->nshould; i++)
	{
		MvCursor   *cursor = &search->cursors[root->should[i]->cursor];

		for (j = plan->nshould++; j > 0 && plan->should[j - 1]->max < cursor->max; j--)
			plan->should[j] = plan->should[j - 1];
		plan->should[j] = cursor;
	}
}

/* Keep the documents that the cursor has, with its points; returns their number. */
static int
intersect(MvFtsSearch *search, MvCursor *cursor, uint32 *docs, int32 *points, int n)
{
	uint32		tfs[MV_FTS_BLOCK];
	int32		more[MV_FTS_BLOCK];
	int			found = 0;
	int			i = 0;

	while (i < n && mv_cursor_seek(cursor, docs[i]))
	{
		if (docs[i] < cursor->first)
		{
			i++;
			continue;
		}
		mv_cursor_decode(cursor, docs[i]);
		for (; i < n && docs[i] <= cursor->last; i++)
		{
			while (cursor->docs[cursor->at] < docs[i])
				cursor->at++;
			docs[found] = docs[i];
			points[found] = points[i];
			tfs[found] = cursor->tfs[cursor->at];
			found += cursor->docs[cursor->at] == docs[i];
		}
	}
	if (cursor->score.weight == 0 || found == 0)
		return found;
	mv_topk_score(search, &cursor->score, cursor->field, docs, tfs, found, more);
	for (i = 0; i < found; i++)
		points[i] += more[i];
	return found;
}

/*
 * Keep the documents that have the phrase and, with the rest, can be among the best.
 */
static int
check_phrase(MvFtsSearch *search, const MvTopkNode *node, uint32 *docs, int32 *points, int n,
			 int64 rest)
{
	int			found = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		int32		more;
		uint32		tf;

		if (mv_phrase_next(search, node, docs[i]) != docs[i])
			continue;
		tf = mv_phrase_most(search, node, docs[i]);
		mv_topk_score(search, &node->score, node->query->field, &docs[i], &tf, 1, &more);
		if (points[i] + more + rest < search->need)
			continue;
		tf = mv_phrase_tf(search, node, docs[i]);
		if (tf == 0)
			continue;
		mv_topk_score(search, &node->score, node->query->field, &docs[i], &tf, 1, &more);
		docs[found] = docs[i];
		points[found++] = points[i] + more;
	}
	return found;
}

static int32
phrase_bound(const MvTopkNode *node)
{
	return (int32) node->score.weight + 1;
}

/*
 * What the others may add to documents of [from, to).
 *
 * skip		out: none of the documents before has all
 */
static int64
bound_of_others(AllPlan *plan, uint32 from, uint32 to, uint32 *skip)
{
	int64		rest = 0;
	int			i;

	*skip = from;
	for (i = 1; i < plan->nrequired; i++)
	{
		if (!mv_cursor_seek(plan->required[i], from))
		{
			*skip = MV_NO_DOC;
			return 0;
		}
		*skip = Max(*skip, plan->required[i]->first);
		if (plan->required[i]->score.weight > 0)
			rest += mv_cursor_run_bound(plan->required[i], from, to);
	}
	for (i = 0; i < plan->nphrases; i++)
		rest += phrase_bound(plan->phrases[i]);
	for (i = 0; i < plan->nshould; i++)
		rest += mv_cursor_run_bound(plan->should[i], from, to);
	return rest;
}

/* The postings of the lead's block from `from` on. */
static void
search_block(MvFtsSearch *search, AllPlan *plan, uint32 from, int64 rest)
{
	MvCursor   *lead = plan->required[0];
	uint32		to = lead->last + 1;
	uint32		docs[MV_FTS_BLOCK + MV_WINDOW_SLACK];
	int32		points[MV_FTS_BLOCK + MV_WINDOW_SLACK];
	int			n,
				i;

	mv_cursor_decode(lead, from);
	n = lead->n - lead->at;
	mv_last_scan.documents += n;
	memcpy(docs, lead->docs + lead->at, n * sizeof(uint32));
	memset(points, 0, n * sizeof(int32));
	if (lead->score.weight > 0)
		mv_topk_score(search, &lead->score, lead->field, docs, lead->tfs + lead->at, n, points);
	for (i = 1; i < plan->nrequired && n > 0; i++)
	{
		n = mv_score_kernels.keep(docs, points, n, (int32) Max(search->need - rest, 0));
		if (plan->required[i]->score.weight > 0)
			rest -= mv_cursor_run_bound(plan->required[i], from, to);
		n = intersect(search, plan->required[i], docs, points, n);
	}
	n = mv_topk_sift(search, docs, points, n);
	for (i = 0; i < plan->nphrases && n > 0; i++)
	{
		n = mv_score_kernels.keep(docs, points, n, (int32) Max(search->need - rest, 0));
		rest -= phrase_bound(plan->phrases[i]);
		n = check_phrase(search, plan->phrases[i], docs, points, n, rest);
	}
	for (i = 0; i < plan->nshould && n > 0; i++)
	{
		n = mv_score_kernels.keep(docs, points, n, (int32) Max(search->need - rest, 0));
		rest -= mv_cursor_run_bound(plan->should[i], from, to);
		mv_topk_add(search, plan->should[i], docs, points, n, rest);
	}
	mv_topk_offer(search, docs, points, n);
}

void
mv_topk_all(MvFtsSearch *search)
{
	AllPlan		plan;
	MvCursor   *lead;
	uint32		doc = 0;

	make_plan(search, &plan);
	lead = plan.required[0];
	while (mv_cursor_seek(lead, doc))
	{
		uint32		from = Max(lead->first, doc);
		uint32		skip;
		int64		rest;

		CHECK_FOR_INTERRUPTS();
		rest = bound_of_others(&plan, from, lead->last + 1, &skip);
		if (skip > from)
		{
			doc = skip;
			if (doc == MV_NO_DOC)
				break;
			continue;
		}
		doc = lead->last + 1;
		if (mv_cursor_block_bound(lead) + rest < search->need)
			mv_last_scan.skipped++;
		else
			search_block(search, &plan, from, rest);
	}
	pfree(plan.required);
	pfree(plan.phrases);
	pfree(plan.should);
}
