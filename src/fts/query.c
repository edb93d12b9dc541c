/*
 * query.c -- queries as an index answers them.
 */
#include "postgres.h"

#include <float.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "compat.h"
#include "core/phrase.h"
#include "fts/query.h"

/* A term of a word or phrase. */
typedef struct Token
{
	const char *bytes;
	int			len;
	uint32		position;
} Token;

typedef struct Binder
{
	const MvFtsSchema *schema;
	MvAnalyzer *analyzer;
	const MvFtsTree *tree;
	MvQuery    *query;
	int			max_terms;
	int		   *table;			/* [table_size], of terms by hash; -1: free */
	int			table_size;		/* a power of two */

	/* of the text that is analysed */
	Token	   *tokens;
	int			ntokens;
	int			max_tokens;
} Binder;

static Binder *
binder(const MvFtsSchema *schema, MvAnalyzer *analyzer, const MvFtsTree *tree)
{
	Binder	   *b = palloc0(sizeof(Binder));

	b->schema = schema;
	b->analyzer = analyzer;
	b->tree = tree;
	b->query = palloc0(sizeof(MvQuery));
	b->max_terms = 16;
	b->query->terms = palloc(sizeof(MvQueryTerm) * b->max_terms);
	b->table_size = 64;
	b->table = palloc(sizeof(int) * b->table_size);
	memset(b->table, -1, sizeof(int) * b->table_size);
	b->max_tokens = 16;
	b->tokens = palloc(sizeof(Token) * b->max_tokens);
	return b;
}

/* ---- terms ---- */

static void
add_token(const char *term, int len, uint32 position, void *arg)
{
	Binder	   *b = arg;
	Token	   *token;

	if (b->ntokens == b->max_tokens)
	{
		b->max_tokens *= 2;
		b->tokens = repalloc_huge(b->tokens, sizeof(Token) * b->max_tokens);
	}
	token = &b->tokens[b->ntokens++];
	token->bytes = pnstrdup(term, len);
	token->len = len;
	token->position = position;
}

static void
analyze(Binder *b, const char *text, int len)
{
	b->ntokens = 0;
	mv_analyze(b->analyzer, text, len, 0, add_token, b);
}

static int *
find_slot(Binder *b, const MvQueryTerm *term)
{
	uint32		i = hash_bytes((const unsigned char *) term->bytes, term->len) + term->field;

	for (;; i++)
	{
		int		   *slot = &b->table[i & (b->table_size - 1)];
		const MvQueryTerm *other = &b->query->terms[*slot < 0 ? 0 : *slot];

		if (*slot < 0 || (other->field == term->field && other->len == term->len &&
						  memcmp(other->bytes, term->bytes, term->len) == 0))
			return slot;
	}
}

static void
grow_terms(Binder *b)
{
	if (b->query->nterms < b->max_terms)
		return;
	b->max_terms *= 2;
	b->query->terms = repalloc(b->query->terms, sizeof(MvQueryTerm) * b->max_terms);
	b->table_size = b->max_terms * 4;
	b->table = repalloc(b->table, sizeof(int) * b->table_size);
	memset(b->table, -1, sizeof(int) * b->table_size);
	for (int i = 0; i < b->query->nterms; i++)
		*find_slot(b, &b->query->terms[i]) = i;
}

/* The number of a term of a field; a new one if it was not there, then isnew is set. */
static int
term_number(Binder *b, const Token *token, int field, bool *isnew)
{
	MvQueryTerm term = {.bytes = token->bytes, .len = token->len, .field = field};
	int		   *slot;

	grow_terms(b);
	slot = find_slot(b, &term);
	*isnew = *slot < 0;
	if (*isnew)
	{
		*slot = b->query->nterms;
		b->query->terms[b->query->nterms++] = term;
	}
	return *slot;
}

/* ---- nodes ---- */

/* The fields that a number, or MV_ALL_FIELDS, stands for. */
static void
field_range(const Binder *b, int field, int *first, int *end)
{
	*first = field == MV_ALL_FIELDS ? 0 : field;
	*end = field == MV_ALL_FIELDS ? b->schema->nfields : field + 1;
}

static MvQueryNode *
new_node(MvQueryKind kind)
{
	MvQueryNode *node = palloc0(sizeof(MvQueryNode));

	node->kind = kind;
	node->leaf = -1;
	return node;
}

static float
check_boost(float boost)
{
	if (!(boost >= FLT_MIN && boost <= 1e30f))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("boosts of a full-text query multiply to %g", boost),
				 errdetail("They must lie between %g and 1e30.", FLT_MIN)));
	return boost;
}

static MvQueryNode *
term_node(Binder *b, const Token *token, int field, float boost)
{
	MvQueryNode *node = new_node(MV_QUERY_TERM);
	bool		isnew;

	node->term = term_number(b, token, field, &isnew);
	node->field = field;
	node->boost = check_boost(boost * b->schema->fields[field].boost);
	return node;
}

static MvQueryNode **
node_array(List *nodes, int *n)
{
	MvQueryNode **array = palloc(sizeof(MvQueryNode *) * Max(list_length(nodes), 1));
	ListCell   *lc;

	*n = 0;
	foreach(lc, nodes)
		array[(*n)++] = lfirst(lc);
	return array;
}

/* Those of must all, at least min of should, none of must_not. */
static MvQueryNode *
bool_node(List *must, List *should, int min, List *must_not)
{
	MvQueryNode *node;

	if (must == NIL && should == NIL)
		return new_node(MV_QUERY_NOTHING);
	if (must_not == NIL && list_length(must) + list_length(should) == 1 &&
		(must != NIL || min == 1))
		return linitial(must != NIL ? must : should);
	node = new_node(MV_QUERY_BOOL);
	node->must = node_array(must, &node->nmust);
	node->should = node_array(should, &node->nshould);
	node->must_not = node_array(must_not, &node->nmust_not);
	node->min_should = min;
	return node;
}

static MvQueryNode *
any_of(List *nodes)
{
	return bool_node(NIL, nodes, 1, NIL);
}

/* ---- words and phrases; NULL for one that has no terms ---- */

/* The tokens of a position, from i on; i is moved behind them. */
static MvQueryNode *
position_node(Binder *b, int *i, int field, float boost)
{
	uint32		position = b->tokens[*i].position;
	List	   *terms = NIL;
	int			first;
	int			end;

	field_range(b, field, &first, &end);
	for (; *i < b->ntokens && b->tokens[*i].position == position; (*i)++)
		for (int f = first; f < end; f++)
			terms = lappend(terms, term_node(b, &b->tokens[*i], f, boost));
	return any_of(terms);
}

/* A word that the analyzer takes apart stands for all its parts. */
static MvQueryNode *
word_node(Binder *b, int field, float boost)
{
	List	   *parts = NIL;

	for (int i = 0; i < b->ntokens;)
		parts = lappend(parts, position_node(b, &i, field, boost));
	return parts == NIL ? NULL : bool_node(parts, NIL, 0, NIL);
}

static MvQueryNode *
phrase_in_field(Binder *b, int field, float boost, uint32 slop)
{
	MvQueryNode *node = new_node(MV_QUERY_PHRASE);

	node->field = field;
	node->boost = check_boost(boost * b->schema->fields[field].boost);
	node->slop = slop;
	node->nslots = b->ntokens;
	node->slots = palloc(sizeof(MvQuerySlot) * b->ntokens);
	for (int i = 0; i < b->ntokens; i++)
	{
		const Token *token = &b->tokens[i];
		MvQuerySlot *slot = &node->slots[i];
		bool		isnew;

		slot->term = term_number(b, token, field, &isnew);
		slot->offset = token->position - b->tokens[0].position;
		slot->slot = i == 0 ? 0 :
			node->slots[i - 1].slot + (token->position != b->tokens[i - 1].position);
	}
	return node;
}

static MvQueryNode *
phrase_node(Binder *b, int field, float boost, uint32 slop)
{
	List	   *nodes = NIL;
	int			first;
	int			end;

	if (b->ntokens == 0 || b->tokens[0].position == b->tokens[b->ntokens - 1].position)
		return word_node(b, field, boost);
	if (!b->schema->positions)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the index keeps no positions, so phrases cannot be searched"),
				 errhint("Create it WITH (positions = on).")));
	if (b->ntokens > MV_PHRASE_SLOTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a phrase cannot have more than %d words", MV_PHRASE_SLOTS)));
	field_range(b, field, &first, &end);
	for (int f = first; f < end; f++)
		nodes = lappend(nodes, phrase_in_field(b, f, boost, slop));
	return any_of(nodes);
}

/* ---- the tree ---- */

static int
named_field(const Binder *b, MvFtsSpan name)
{
	const char *bytes = MV_FTS_TEXT(b->tree) + name.start;

	for (int i = 0; i < b->schema->nfields; i++)
	{
		const char *field = b->schema->fields[i].name;

		if (strlen(field) == name.len && memcmp(field, bytes, name.len) == 0)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("full-text query names \"%.*s\", which is no text column of the index",
					(int) name.len, bytes),
			 errhint("A colon that belongs to a word is written \\:.")));
}

static MvQueryNode *bind_node(Binder *b, uint32 i, int field, float boost);

/* NULL if it has no terms, as a group of stop words. */
static MvQueryNode *
bind_group(Binder *b, uint32 i, int field, float boost)
{
	const MvFtsNode *nodes = b->tree->nodes;
	List	   *clauses[3] = {NIL, NIL, NIL};	/* by MvFtsOccur */
	bool		nothing = false;
	int			possible = 0;	/* clauses of should, with those that match nothing */
	int			min;

	check_stack_depth();
	for (uint32 child = i + 1; child < nodes[i].end; child = nodes[child].end)
	{
		MvFtsOccur	occur = nodes[child].occur;
		MvQueryNode *node = bind_node(b, child, field, boost);

		if (node == NULL)
			continue;
		possible += occur == MV_SHOULD;
		if (node->kind != MV_QUERY_NOTHING)
			clauses[occur] = lappend(clauses[occur], node);
		else if (occur == MV_MUST)
			nothing = true;
	}
	if (!nothing && possible == 0 && clauses[MV_MUST] == NIL && clauses[MV_MUST_NOT] == NIL)
		return NULL;
	min = Min((int) nodes[i].number, possible);
	if (min == 0 && clauses[MV_MUST] == NIL)
		min = 1;
	if (nothing || min > list_length(clauses[MV_SHOULD]))
		return new_node(MV_QUERY_NOTHING);
	return bool_node(clauses[MV_MUST], clauses[MV_SHOULD], min, clauses[MV_MUST_NOT]);
}

static MvQueryNode *
bind_node(Binder *b, uint32 i, int field, float boost)
{
	const MvFtsNode *node = &b->tree->nodes[i];

	if (node->field.len > 0)
		field = named_field(b, node->field);
	boost = check_boost(boost * node->boost);
	if (node->kind == MV_FTS_GROUP)
		return bind_group(b, i, field, boost);
	analyze(b, MV_FTS_TEXT(b->tree) + node->text.start, node->text.len);
	return node->kind == MV_FTS_WORD ? word_node(b, field, boost) :
		phrase_node(b, field, boost, node->number);
}

/* ---- the whole ---- */

static void
number_leaves(MvQuery *query, MvQueryNode *node)
{
	switch (node->kind)
	{
		case MV_QUERY_NOTHING:
			break;
		case MV_QUERY_TERM:
		case MV_QUERY_PHRASE:
			node->leaf = query->nleaves++;
			query->leaves = query->leaves == NULL ? palloc(sizeof(MvQueryNode *)) :
				repalloc(query->leaves, sizeof(MvQueryNode *) * query->nleaves);
			query->leaves[node->leaf] = node;
			break;
		case MV_QUERY_BOOL:
			for (int i = 0; i < node->nmust; i++)
				number_leaves(query, node->must[i]);
			for (int i = 0; i < node->nshould; i++)
				number_leaves(query, node->should[i]);
			break;
	}
}

static bool
is_bag(const MvQueryNode *root)
{
	if (root->kind != MV_QUERY_BOOL)
		return root->kind == MV_QUERY_TERM;
	for (int i = 0; i < root->nshould; i++)
		if (root->should[i]->kind != MV_QUERY_TERM)
			return false;
	return root->nmust == 0 && root->nmust_not == 0 && root->min_should == 1;
}

static MvQuery *
finish(Binder *b, MvQueryNode *root)
{
	MvQuery    *query = b->query;

	query->root = root != NULL ? root : new_node(MV_QUERY_NOTHING);
	number_leaves(query, query->root);
	query->bag = is_bag(query->root);
	return query;
}

MvQuery *
mv_query_words(const MvFtsSchema *schema, MvAnalyzer *analyzer, int field, const char *text,
			   int len)
{
	Binder	   *b = binder(schema, analyzer, NULL);
	MvQueryNode **by_term = NULL;	/* [nterms] */
	int			size = 0;
	List	   *nodes = NIL;
	int			first;
	int			end;

	analyze(b, text, len);
	field_range(b, field, &first, &end);
	for (int i = 0; i < b->ntokens; i++)
	{
		for (int f = first; f < end; f++)
		{
			bool		isnew;
			int			term = term_number(b, &b->tokens[i], f, &isnew);

			if (term >= size)
			{
				size = Max(16, size * 2);
				by_term = by_term == NULL ? palloc(sizeof(MvQueryNode *) * size) :
					repalloc(by_term, sizeof(MvQueryNode *) * size);
			}
			if (isnew)
			{
				by_term[term] = term_node(b, &b->tokens[i], f, 1);
				nodes = lappend(nodes, by_term[term]);
			}
			else
				by_term[term]->boost += schema->fields[f].boost;
		}
	}
	return finish(b, nodes == NIL ? NULL : any_of(nodes));
}

MvQuery *
mv_query_bind(const MvFtsSchema *schema, MvAnalyzer *analyzer, int field, const MvFtsTree *tree)
{
	Binder	   *b = binder(schema, analyzer, tree);

	return finish(b, bind_node(b, 0, field, 1));
}
