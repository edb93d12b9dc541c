/*
 * topk_compile.c -- what a search is to look for: nodes with cursors, the weights of
 * terms, and how segments are searched.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "fts/text_score.h"
#include "fts/topk.h"

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

/* The option tells what was wanted last, the index what it was built with. */
static void
require_positions(const MvFtsSnapshot *snapshot)
{
	if (!snapshot->positions)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" was built without positions, so phrases cannot be searched",
						RelationGetRelationName(snapshot->index)),
				 errhint("Please REINDEX it.")));
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
		require_positions(search->snapshot);
		/* Once to look documents up, once to look at positions. */
		node->cursor = search->ncursors;
		node->slots = palloc(sizeof(MvPhraseSlot) * from->nslots);
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

/* No more documents match a node. */
static double
most_of(const MvTopkNode *node, const double *df)
{
	const MvQueryNode *query = node->query;
	double		most = 0;
	int			i;

	check_stack_depth();
	switch (node->kind)
	{
		case MV_QUERY_NOTHING:
			break;
		case MV_QUERY_TERM:
			return df[node->cursor];
		case MV_QUERY_PHRASE:
			for (i = 0; i < query->nslots; i++)
				most += df[node->cursor + i];
			break;
		case MV_QUERY_BOOL:
			for (i = 0; i < query->nmust; i++)
				most = i == 0 ? most_of(node->must[i], df) : Min(most, most_of(node->must[i], df));
			for (i = 0; i < query->nshould && query->nmust == 0; i++)
				most += most_of(node->should[i], df);
			break;
	}
	return most;
}

/* Of clauses that must all match, the one that matches the fewest documents leads. */
static void
put_rarest_first(MvTopkNode *node, const double *df)
{
	int			i,
				j;

	for (i = 0; node->kind == MV_QUERY_BOOL && i < node->query->nmust; i++)
	{
		MvTopkNode *clause = node->must[i];
		double		most = most_of(clause, df);

		put_rarest_first(clause, df);
		for (j = i; j > 0 && most_of(node->must[j - 1], df) > most; j--)
			node->must[j] = node->must[j - 1];
		node->must[j] = clause;
	}
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
	for (i = 0; i < search->nfilters; i++)
		put_rarest_first(search->filters[i].root, df);
	for (i = 0; i < search->ncursors; i++)
		search->cursors[i].field = search->terms[i].field;
	for (i = 0; i < search->schema->nfields; i++)
		search->lengths[i] = palloc(MV_WINDOW + MV_WINDOW_SLACK);
	search->window = palloc0(sizeof(int32) * MV_WINDOW);
	search->docs = palloc(sizeof(uint32) * (MV_WINDOW + MV_WINDOW_SLACK));
	search->points = palloc(sizeof(int32) * (MV_WINDOW + MV_WINDOW_SLACK));
	if (search->request->tids != NULL)
		search->tids = palloc(sizeof(ItemPointerData) * MV_WINDOW);
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

/*
 * Is the field not null where the scored query matches?  What has a term in a field
 * is not null there.
 */
static bool
field_follows(const MvFtsRequest *request, int field)
{
	int			i;

	for (i = 0; i < request->query->nterms && field != MV_ALL_FIELDS; i++)
		if (request->query->terms[i].field != field)
			return false;
	return true;
}

/* Does every document that the scored query matches pass the filter? */
static bool
filter_follows(const MvFtsRequest *request, const MvFtsFilter *filter)
{
	return request->query != NULL && field_follows(request, filter->field) &&
		mv_query_implies(request->query, filter->query);
}

/*
 * The filters that are asked, those that follow from the scored query last: they have no say
 * among what it matches, and are left out where there is nothing else to come.
 */
static void
compile_filters(MvFtsSearch *search)
{
	const MvFtsRequest *request = search->request;
	bool		others = request->query == NULL || mv_topk_has_stage(search, MV_STAGE_OTHERS) ||
		mv_topk_has_stage(search, MV_STAGE_NULLS);
	int			pass,
				i;

	search->filters = palloc(sizeof(MvTopkFilter) * Max(request->nfilters, 1));
	for (pass = 0; pass < (others ? 2 : 1); pass++)
	{
		for (i = 0; i < request->nfilters; i++)
		{
			const MvFtsFilter *filter = &request->filters[i];

			if (filter_follows(request, filter) != (pass == 1))
				continue;
			search->filters[search->nfilters].root =
				compile(search, filter->query, filter->query->root, false);
			search->filters[search->nfilters++].field = filter->field;
		}
		if (pass == 0)
			search->nranked_filters = search->nfilters;
	}
}

void
mv_topk_compile(MvFtsSearch *search)
{
	const MvFtsRequest *request = search->request;

	if (request->query != NULL)
	{
		search->cursor_of = palloc0(sizeof(int) * Max(request->query->nterms, 1));
		search->root = compile(search, request->query, request->query->root, true);
		search->engine = choose_engine(search->root);
		search->excludes = search->engine != MV_ENGINE_ANY &&
			search->root->kind == MV_QUERY_BOOL && search->root->query->nmust_not > 0;
		search->not_null = field_follows(request, request->field);
	}
	compile_filters(search);
	search->restricted = search->nranked_filters > 0 || request->nconditions > 0 ||
		search->excludes || !search->not_null;
	/* Queries are asked when it is known which documents are good enough. */
	search->asks_conditions =
		request->nconditions > 0 && search->nranked_filters == 0 && !search->excludes;
	search->sifts = request->tids != NULL || search->asks_conditions;
	prepare(search);
}
