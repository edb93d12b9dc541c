/*
 * topk_search.c -- a search over all segments: compiling the request, keeping
 * the best, handing rows out.
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

#include "fts/text_score.h"
#include "fts/topk.h"
#include "index/counters.h"

#define FIRST_ROWS 16			/* of a scan that does not say how many it wants, at least */
#define GROWTH 8				/* from pass to pass */
#define MAX_ROWS (1 << 20)
#define FEW 16					/* documents of a window asked one by one, not by its mask */

/* ---- compiling ---- */

/* A cursor's number; it is for a term of a query. */
static int
new_cursor(MvFtsSearch *search, const MvQuery *query, int term)
{
	if ((search->ncursors & (search->ncursors - 1)) == 0)
	{
		Size		size = sizeof(MvQueryTerm) * Max(search->ncursors * 2, 1);

		search->terms = search->terms == NULL ? palloc(size) : repalloc(search->terms, size);
	}
	search->terms[search->ncursors] = query->terms[term];
	if (query == search->request->query)
		search->cursor_of[term] = search->ncursors;
	return search->ncursors++;
}

static MvTopkNode **compile_all(MvFtsSearch *search, const MvQuery *query, MvQueryNode **nodes,
								int n, bool scored);

static MvTopkNode *
compile(MvFtsSearch *search, const MvQuery *query, const MvQueryNode *from, bool scored)
{
	MvTopkNode *node = palloc0(sizeof(MvTopkNode));
	int			i,
				j;

	node->kind = from->kind;
	node->query = from;
	node->scored = scored && from->leaf >= 0 &&
		(from->kind == MV_QUERY_TERM || from->kind == MV_QUERY_PHRASE);
	if (from->kind == MV_QUERY_TERM)
		node->cursor = new_cursor(search, query, from->term);
	else if (from->kind == MV_QUERY_PHRASE)
	{
		/* Once to look documents up, once to look at positions. */
		node->cursor = search->ncursors;
		for (j = 0; j < 2; j++)
			for (i = 0; i < from->nslots; i++)
				new_cursor(search, query, from->slots[i].term);
	}
	else if (from->kind == MV_QUERY_BOOL)
	{
		node->must = compile_all(search, query, from->must, from->nmust, scored);
		node->should = compile_all(search, query, from->should, from->nshould, scored);
		node->must_not = compile_all(search, query, from->must_not, from->nmust_not, false);
	}
	return node;
}

static MvTopkNode **
compile_all(MvFtsSearch *search, const MvQuery *query, MvQueryNode **nodes, int n, bool scored)
{
	MvTopkNode **compiled = palloc(sizeof(MvTopkNode *) * Max(n, 1));
	int			i;

	check_stack_depth();
	for (i = 0; i < n; i++)
		compiled[i] = compile(search, query, nodes[i], scored);
	return compiled;
}

static void
set_weights(MvFtsSearch *search, MvTopkNode *node, const float *weights)
{
	const MvQueryNode *query = node->query;
	int			i;

	if (node->kind == MV_QUERY_BOOL)
	{
		for (i = 0; i < query->nmust; i++)
			set_weights(search, node->must[i], weights);
		for (i = 0; i < query->nshould; i++)
			set_weights(search, node->should[i], weights);
	}
	if (!node->scored)
		return;
	node->score.weight = ldexpf(weights[query->leaf], search->scale);
	node->score.inverse = search->inverse[node->kind == MV_QUERY_TERM ?
										  search->terms[node->cursor].field : query->field];
	if (node->kind == MV_QUERY_TERM)
		search->cursors[node->cursor].score = node->score;
}

/* Weights come from what the index holds: terms, documents, lengths. */
static void
prepare_weights(MvFtsSearch *search, const double *cursor_df)
{
	const MvQuery *query = search->request->query;
	MvFtsFieldStats fields[MV_MAX_FIELDS];
	double	   *df = palloc(sizeof(double) * Max(query->nterms, 1));
	float	   *weights = palloc(sizeof(float) * Max(query->nleaves, 1));
	int			i;

	if (OidIsValid(search->request->statistics))
		mv_query_statistics(search->request->statistics, query, fields, df);
	else
	{
		memcpy(fields, search->snapshot->fields, sizeof(fields));
		for (i = 0; i < query->nterms; i++)
			df[i] = cursor_df[search->cursor_of[i]];
	}
	mv_query_weights(query, fields, df, weights);
	search->scale = mv_score_scale(weights, query->nleaves);
	for (i = 0; i < search->schema->nfields; i++)
	{
		search->inverse[i] = palloc(sizeof(float) * 256);
		mv_score_inverse(search->schema->k1, search->schema->b,
						 fields[i].docs > 0 ? fields[i].length / fields[i].docs : 0,
						 search->inverse[i]);
	}
	set_weights(search, search->root, weights);
}

static void
prepare(MvFtsSearch *search)
{
	int			n = Max(search->ncursors, 1);
	double	   *df = palloc(sizeof(double) * n);
	int			i;

	search->lists = palloc0(sizeof(MvFtsList) * n * (search->snapshot->nsegments + 1));
	search->cursors = palloc0(sizeof(MvCursor) * n);
	mv_fts_find(search->snapshot, search->terms, search->ncursors, search->lists, df);
	for (i = 0; i < search->ncursors; i++)
		search->cursors[i].field = search->terms[i].field;
	for (i = 0; i < search->schema->nfields; i++)
		search->lengths[i] = palloc(MV_WINDOW + MV_WINDOW_SLACK);
	search->window = palloc0(sizeof(int32) * MV_WINDOW);
	search->docs = palloc(sizeof(uint32) * (MV_WINDOW + MV_WINDOW_SLACK));
	search->points = palloc(sizeof(int32) * (MV_WINDOW + MV_WINDOW_SLACK));
	if (search->root != NULL)
		prepare_weights(search, df);
}

/* All clauses are terms, or phrases where these are allowed. */
static bool
are_leaves(MvTopkNode **nodes, int n, bool phrases)
{
	int			i;

	for (i = 0; i < n; i++)
		if (nodes[i]->kind != MV_QUERY_TERM && !(phrases && nodes[i]->kind == MV_QUERY_PHRASE))
			return false;
	return true;
}

/* Does each phrase have a slot without alternatives? */
static bool
can_lead(MvTopkNode **nodes, int n)
{
	int			i,
				j;

	for (i = 0; i < n; i++)
	{
		const MvQueryNode *query = nodes[i]->query;

		if (nodes[i]->kind == MV_QUERY_TERM)
			return true;
		for (j = 0; j < query->nslots; j++)
			if ((j == 0 || query->slots[j - 1].slot != query->slots[j].slot) &&
				(j == query->nslots - 1 || query->slots[j + 1].slot != query->slots[j].slot))
				return true;
	}
	return false;
}

/* How the segments are searched. */
static MvTopkEngine
choose_engine(const MvTopkNode *root)
{
	const MvQueryNode *query = root->query;
	MvTopkNode *nodes[] = {(MvTopkNode *) root};

	switch (root->kind)
	{
		case MV_QUERY_TERM:
			return MV_ENGINE_BAG;
		case MV_QUERY_PHRASE:
			return can_lead(nodes, 1) ? MV_ENGINE_ALL : MV_ENGINE_ANY;
		case MV_QUERY_BOOL:
			if (!are_leaves(root->should, query->nshould, false))
				return MV_ENGINE_ANY;
			if (query->nmust == 0 && query->min_should == 1)
				return MV_ENGINE_BAG;
			if (query->nmust > 0 && query->min_should == 0 &&
				are_leaves(root->must, query->nmust, true) &&
				can_lead(root->must, query->nmust))
				return MV_ENGINE_ALL;
			return MV_ENGINE_ANY;
		default:
			return MV_ENGINE_ANY;
	}
}

/* Is there more to ask of a document than its points and that it is alive? */
static bool
is_restricted(const MvFtsSearch *search)
{
	const MvFtsRequest *request = search->request;
	int			i;

	if (request->nfilters > 0 || request->nconditions > 0 || search->excludes)
		return true;
	/* What has a term in the field is not null there. */
	for (i = 0; i < search->ncursors; i++)
		if (request->field != MV_ALL_FIELDS && search->terms[i].field != request->field)
			return true;
	return false;
}

MvFtsSearch *
mv_search_begin(Relation index, const MvFtsSchema *schema, const MvFtsRequest *request)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 search",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsSearch *search = palloc0(sizeof(MvFtsSearch));
	int			i;

	search->context = context;
	search->scratch = AllocSetContextCreate(context, "bm25 phrase", ALLOCSET_DEFAULT_SIZES);
	search->schema = schema;
	search->request = request;
	search->snapshot = mv_fts_open(index);
	mv_last_scan.segments += search->snapshot->nsegments;
	if (request->query != NULL)
	{
		search->cursor_of = palloc0(sizeof(int) * Max(request->query->nterms, 1));
		search->root = compile(search, request->query, request->query->root, true);
	}
	search->filters = palloc(sizeof(MvTopkNode *) * Max(request->nfilters, 1));
	for (i = 0; i < request->nfilters; i++)
		search->filters[i] = compile(search, request->filters[i].query,
									 request->filters[i].query->root, false);
	prepare(search);
	if (search->root != NULL)
	{
		search->engine = choose_engine(search->root);
		search->excludes = search->engine != MV_ENGINE_ANY &&
			search->root->kind == MV_QUERY_BOOL && search->root->query->nmust_not > 0;
	}
	search->restricted = is_restricted(search);
	/* Some more than wanted, for rows that are dead. */
	search->k = Min(Max(request->rows + request->rows / 8, FIRST_ROWS), MAX_ROWS);
	search->stage = MV_STAGE_RANKED;
	MemoryContextSwitchTo(old);
	return search;
}

/* ---- one segment ---- */

static void
enter_segment(MvFtsSearch *search, int number)
{
	int			i;

	search->number = number;
	search->segment = &search->snapshot->segments[number];
	for (i = 0; i < search->ncursors; i++)
		mv_cursor_start(&search->cursors[i], &search->lists[number * search->ncursors + i]);
	for (i = 0; i < MV_MAX_FIELDS; i++)
		search->lengths_base[i] = MV_NO_DOC;
	search->mask_base = MV_NO_DOC;
	search->live_base = MV_NO_DOC;
}

static void
leave_segment(MvFtsSearch *search)
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
		leave_segment(search);
	mv_fts_close(search->snapshot);
	MemoryContextDelete(search->context);
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

/* ---- what else is asked ---- */

static bool
in_ranges(const MvFtsCondition *condition, int64 key)
{
	int			i;

	for (i = 0; i < condition->nranges; i++)
		if (key <= condition->ranges[i].high)
			return key >= condition->ranges[i].low;
	return false;
}

/* Out of the mask with what a condition does not allow. */
static void
apply_condition(MvFtsSearch *search, const MvFtsCondition *condition, uint32 n)
{
	MvBits		any,
				bits;
	int			i,
				j;

	if (search->keys == NULL)
		search->keys = MemoryContextAlloc(search->context, sizeof(int64) * MV_WINDOW);
	mv_fts_attributes(search->segment, condition->attribute, search->mask_base, n, search->keys);
	memset(&any, 0, sizeof(MvBits));
	for (i = 0; i < condition->nranges; i++)
	{
		mv_score_kernels.between(search->keys, n, condition->ranges[i].low,
								 condition->ranges[i].high, bits.words);
		for (j = 0; j < (n + 63) / 64; j++)
			any.words[j] |= bits.words[j];
	}
	for (j = 0; j < lengthof(any.words); j++)
		search->mask.words[j] &= any.words[j];
}

/* Only, or never, documents whose field is null. */
static void
apply_null(MvFtsSearch *search, int field, uint32 n, bool null)
{
	const uint8 *lengths = mv_topk_lengths(search, field, search->mask_base);
	uint32		i;

	for (i = 0; i < n; i++)
		if ((lengths[i] == MV_LENGTH_NULL) != null)
			search->mask.words[i / 64] &= ~(UINT64CONST(1) << i % 64);
}

/*
 * Documents of the window at base that are alive and pass filters, conditions and
 * what the root must not match.
 */
static const MvBits *
window_mask(MvFtsSearch *search, uint32 base)
{
	const MvFtsRequest *request = search->request;
	uint32		n = Min(MV_WINDOW, search->segment->ndocs - base);
	MvBits		bits;
	int			i,
				j;

	if (search->mask_base == base)
		return &search->mask;
	search->mask_base = base;
	memset(&search->mask, 0, sizeof(MvBits));
	mv_fts_live(search->segment, base, n, search->mask.words);
	if (request->field != MV_ALL_FIELDS)
		apply_null(search, request->field, n, search->stage == MV_STAGE_NULLS);
	for (i = 0; i < request->nconditions; i++)
		apply_condition(search, &request->conditions[i], n);
	for (i = 0; i < request->nfilters; i++)
	{
		if (request->filters[i].field != MV_ALL_FIELDS)
			apply_null(search, request->filters[i].field, n, false);
		mv_topk_match(search, search->filters[i], base, &search->mask, &bits, NULL);
		search->mask = bits;
	}
	if (!search->excludes || search->stage != MV_STAGE_RANKED)
		return &search->mask;
	for (i = 0; i < search->root->query->nmust_not; i++)
	{
		mv_topk_match(search, search->root->must_not[i], base, &search->mask, &bits, NULL);
		for (j = 0; j < lengthof(bits.words); j++)
			search->mask.words[j] &= ~bits.words[j];
	}
	return &search->mask;
}

static bool
is_live(MvFtsSearch *search, uint32 doc)
{
	uint32		base = doc / MV_LIVE_DOCS * MV_LIVE_DOCS;

	if (search->live_base != base)
	{
		mv_fts_live(search->segment, base, Min(MV_LIVE_DOCS, search->segment->ndocs - base),
					search->live);
		search->live_base = base;
	}
	return search->live[(doc - base) / 64] >> doc % 64 & 1;
}

/* The same as the mask says, of one document, where no query has a say in it. */
static bool
passes_alone(MvFtsSearch *search, uint32 doc)
{
	const MvFtsRequest *request = search->request;
	int			i;

	if (!is_live(search, doc))
		return false;
	for (i = 0; i < request->nconditions; i++)
	{
		int64		key;

		mv_fts_attributes(search->segment, request->conditions[i].attribute, doc, 1, &key);
		if (!in_ranges(&request->conditions[i], key))
			return false;
	}
	return request->field == MV_ALL_FIELDS ||
		mv_topk_lengths(search, request->field, doc / MV_WINDOW * MV_WINDOW)[doc % MV_WINDOW] !=
		MV_LENGTH_NULL;
}

/* few: there are few documents to ask about in the window. */
static bool
passes(MvFtsSearch *search, uint32 doc, bool few)
{
	uint32		base = doc / MV_WINDOW * MV_WINDOW;

	if (!search->restricted)
		return is_live(search, doc);
	if (few && search->mask_base != base && search->request->nfilters == 0 && !search->excludes)
		return passes_alone(search, doc);
	return window_mask(search, base)->words[(doc - base) / 64] >> doc % 64 & 1;
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

	if (search->restricted)
		for (i = 0; i < n; i++)
			good += points[i] >= search->need;

	for (i = 0; i < n; i++)
	{
		MvTopkItem	item = { points[i], search->number, docs[i] };

		if (points[i] >= search->need &&
			(!search->continued || mv_topk_before(&search->last, &item)) &&
			passes(search, docs[i], good <= FEW))
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
		enter_segment(search, i);
		search_segment(search);
		leave_segment(search);
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
	const MvBits *mask = window_mask(search, base);
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
		leave_segment(search);
		search->other_doc = 0;
		search->other_base = MV_NO_DOC;
		if (++search->other_segment < search->snapshot->nsegments)
			enter_segment(search, search->other_segment);
	}
	return false;
}

/* ---- the stages ---- */

/* Can there be rows in the stage?  A filter may say that there are none. */
static bool
has_stage(const MvFtsSearch *search, MvSearchStage stage)
{
	const MvFtsRequest *request = search->request;
	int			i;

	if (stage == MV_STAGE_OTHERS && search->root == NULL)
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
	while (search->stage != MV_STAGE_END && !has_stage(search, search->stage));
	search->other_segment = 0;
	search->other_doc = 0;
	search->other_base = MV_NO_DOC;
	if (search->stage != MV_STAGE_END && search->snapshot->nsegments > 0)
		enter_segment(search, 0);
}

bool
mv_search_next(MvFtsSearch *search, MvFtsHit *hit)
{
	MemoryContext old = MemoryContextSwitchTo(search->context);
	bool		found = false;

	while (!found && search->stage != MV_STAGE_END)
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
