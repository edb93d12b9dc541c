/*
 * text_score.c -- what a query gives a text, from the text itself.
 *
 * Used wherever an expression is evaluated for a row and no index scan has
 * done so: sequential scans, joins, rechecks.  The statistics are read once.
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "catalog/pg_inherits.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "core/bm25.h"
#include "core/phrase.h"
#include "core/score.h"
#include "fts/text_score.h"

/* What a text has of a term. */
typedef struct Occurrences
{
	uint32		tf;
	uint32		size;			/* of positions */
	uint32	   *positions;		/* [tf], if the term is in a phrase */
	bool		in_phrase;
} Occurrences;

struct MvScorer
{
	MemoryContext context;
	MemoryContext scratch;		/* of one text */
	MvFtsSchema *schema;
	MvAnalyzer *analyzer;
	MvQuery    *query;
	const MvFtsField *field;
	float		inverse[256];
	MvTermScore *leaves;		/* [query->nleaves] */
	int			scale;
	Occurrences *terms;			/* [query->nterms] */
	int		   *table;			/* of terms by hash; -1: free */
	uint32		table_size;		/* a power of two */
	uint32		length;
};

/* ---- statistics ---- */

static void
add_statistics(Relation index, const MvQuery *query, MvFtsFieldStats *fields, double *df)
{
	MvFtsSnapshot *snapshot = mv_fts_open(index);
	MvFtsList  *lists = palloc(sizeof(MvFtsList) * snapshot->nsegments * query->nterms + 1);
	double	   *found = palloc(sizeof(double) * Max(query->nterms, 1));

	mv_fts_find(snapshot, query->terms, query->nterms, lists, found);
	for (int i = 0; i < query->nterms; i++)
		df[i] += found[i];
	for (int i = 0; i < snapshot->nfields; i++)
	{
		fields[i].docs += snapshot->fields[i].docs;
		fields[i].length += snapshot->fields[i].length;
	}
	for (int i = 0; i < snapshot->nsegments * query->nterms; i++)
		mv_fts_list_release(&lists[i]);
	mv_fts_close(snapshot);
	pfree(lists);
	pfree(found);
}

void
mv_query_statistics(Oid index, const MvQuery *query, MvFtsFieldStats *fields, double *df)
{
	List	   *indexes = list_make1_oid(index);
	ListCell   *lc;

	memset(fields, 0, sizeof(MvFtsFieldStats) * MV_MAX_FIELDS);
	memset(df, 0, sizeof(double) * query->nterms);
	if (get_rel_relkind(index) == RELKIND_PARTITIONED_INDEX)
		indexes = find_all_inheritors(index, AccessShareLock, NULL);
	foreach(lc, indexes)
	{
		Relation	relation;

		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_INDEX)
			continue;
		relation = index_open(lfirst_oid(lc), AccessShareLock);
		add_statistics(relation, query, fields, df);
		index_close(relation, AccessShareLock);
	}
}

static float
phrase_idf(const MvQueryNode *phrase, const MvFtsFieldStats *fields, const double *df)
{
	float		sum = 0;

	for (int i = 0; i < phrase->nslots;)
	{
		int			slot = phrase->slots[i].slot;
		float		idf = 0;

		for (; i < phrase->nslots && phrase->slots[i].slot == slot; i++)
			idf = Max(idf, mv_score_idf(fields[phrase->field].docs,
										df[phrase->slots[i].term]));
		sum += idf;
	}
	return sum;
}

void
mv_query_weights(const MvQuery *query, const MvFtsFieldStats *fields, const double *df,
				 float *weights)
{
	for (int i = 0; i < query->nleaves; i++)
	{
		const MvQueryNode *leaf = query->leaves[i];
		float		idf = leaf->kind == MV_QUERY_PHRASE ? phrase_idf(leaf, fields, df) :
			mv_score_idf(fields[leaf->field].docs, df[leaf->term]);

		weights[i] = leaf->boost * idf;
	}
}

/* ---- a scorer ---- */

static int *
find_slot(const MvScorer *scorer, const char *bytes, int len)
{
	uint32		i = hash_bytes((const unsigned char *) bytes, len);

	for (;; i++)
	{
		int		   *slot = &scorer->table[i & (scorer->table_size - 1)];
		const MvQueryTerm *term = &scorer->query->terms[*slot < 0 ? 0 : *slot];

		if (*slot < 0 || (term->len == len && memcmp(term->bytes, bytes, len) == 0))
			return slot;
	}
}

static void
mark_phrases(MvScorer *scorer, const MvQueryNode *node)
{
	MvQueryNode **children[] = {node->must, node->should, node->must_not};
	int			n[] = {node->nmust, node->nshould, node->nmust_not};

	for (int i = 0; i < node->nslots; i++)
		scorer->terms[node->slots[i].term].in_phrase = true;
	for (int kind = 0; kind < lengthof(children); kind++)
		for (int i = 0; i < n[kind]; i++)
			mark_phrases(scorer, children[kind][i]);
}

static void
set_terms(MvScorer *scorer)
{
	const MvQuery *query = scorer->query;

	scorer->terms = palloc0(sizeof(Occurrences) * Max(query->nterms, 1));
	scorer->table_size = 16;
	while (scorer->table_size < 4 * query->nterms)
		scorer->table_size *= 2;
	scorer->table = palloc(sizeof(int) * scorer->table_size);
	memset(scorer->table, -1, sizeof(int) * scorer->table_size);
	for (int i = 0; i < query->nterms; i++)
	{
		const MvQueryTerm *term = &query->terms[i];

		*find_slot(scorer, term->bytes, term->len) = i;
	}
	mark_phrases(scorer, query->root);
}

static void
set_weights(MvScorer *scorer, Oid index, int field)
{
	const MvQuery *query = scorer->query;
	MvFtsFieldStats fields[MV_MAX_FIELDS];
	double	   *df = palloc(sizeof(double) * Max(query->nterms, 1));
	float	   *weights = palloc(sizeof(float) * Max(query->nleaves, 1));

	mv_query_statistics(index, query, fields, df);
	mv_query_weights(query, fields, df, weights);
	mv_score_inverse(scorer->schema->k1, scorer->schema->b,
					 fields[field].docs > 0 ? fields[field].length / fields[field].docs : 0,
					 scorer->inverse);
	scorer->scale = mv_score_scale(weights, query->nleaves);
	scorer->leaves = palloc(sizeof(MvTermScore) * Max(query->nleaves, 1));
	for (int i = 0; i < query->nleaves; i++)
	{
		scorer->leaves[i].weight = ldexpf(weights[i], scorer->scale);
		scorer->leaves[i].inverse = scorer->inverse;
	}
}

/* A text is of one field, so all terms must be. */
static void
check_fields(const MvQuery *query, int field, Relation index)
{
	for (int i = 0; i < query->nterms; i++)
		if (query->terms[i].field != field)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("a query for several columns of index \"%s\" needs an index scan",
							RelationGetRelationName(index)),
					 errhint("Elsewhere query its columns one by one, as column <@> 'words'.")));
}

MvScorer *
mv_scorer_open(const MvBm25Query *query)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "text scorer",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvScorer   *scorer = palloc0(sizeof(MvScorer));
	int			field = query->field == MV_ALL_FIELDS ? 0 : query->field;
	Relation	index = index_open(query->index, AccessShareLock);

	if (!mv_is_fts_index(index))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no bm25 index", RelationGetRelationName(index))));
	scorer->context = context;
	scorer->scratch = AllocSetContextCreate(context, "text", ALLOCSET_DEFAULT_SIZES);
	scorer->schema = mv_fts_schema(index);
	scorer->analyzer = mv_analyzer_open(scorer->schema->config);
	scorer->query = mv_bm25query_bind(query, scorer->schema, scorer->analyzer);
	check_fields(scorer->query, field, index);
	scorer->field = &scorer->schema->fields[field];
	set_terms(scorer);
	set_weights(scorer, query->index, field);
	index_close(index, AccessShareLock);
	MemoryContextSwitchTo(old);
	return scorer;
}

void
mv_scorer_close(MvScorer *scorer)
{
	MemoryContextDelete(scorer->context);
}

/* ---- a text ---- */

static void
count_term(const char *term, int len, uint32 position, void *arg)
{
	MvScorer   *scorer = arg;
	int			i = *find_slot(scorer, term, len);
	Occurrences *found;

	scorer->length++;
	if (i < 0)
		return;
	found = &scorer->terms[i];
	if (found->in_phrase)
	{
		if (found->tf == found->size)
		{
			uint32	   *positions;

			found->size = Max(16, found->size * 2);
			positions = MemoryContextAllocHuge(scorer->scratch, sizeof(uint32) * found->size);
			if (found->tf > 0)
				memcpy(positions, found->positions, sizeof(uint32) * found->tf);
			found->positions = positions;
		}
		found->positions[found->tf] = position;
	}
	found->tf++;
}

static int
compare_positions(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* Where any of the alternatives for a slot occurs. */
static void
merge_slot(MvScorer *scorer, const MvQuerySlot *members, int n, MvPhraseSlot *slot)
{
	uint32	   *positions;
	uint32		total = 0;

	slot->offset = members[0].offset;
	for (int i = 0; i < n; i++)
		total += scorer->terms[members[i].term].tf;
	positions = MemoryContextAllocHuge(scorer->scratch, sizeof(uint32) * Max(total, 1));
	slot->positions = positions;
	slot->n = 0;
	for (int i = 0; i < n; i++)
	{
		const Occurrences *found = &scorer->terms[members[i].term];

		if (found->tf > 0)
			memcpy(positions + slot->n, found->positions, sizeof(uint32) * found->tf);
		slot->n += found->tf;
	}
	if (n > 1)
		qsort(positions, slot->n, sizeof(uint32), compare_positions);
}

static uint32
phrase_count(MvScorer *scorer, const MvQueryNode *phrase)
{
	MvPhraseSlot *slots = MemoryContextAlloc(scorer->scratch,
											 sizeof(MvPhraseSlot) * phrase->nslots);
	int			n = 0;

	for (int i = 0; i < phrase->nslots; n++)
	{
		int			first = i;

		while (i < phrase->nslots && phrase->slots[i].slot == phrase->slots[first].slot)
			i++;
		merge_slot(scorer, &phrase->slots[first], i - first, &slots[n]);
	}
	return mv_phrase_count(slots, n, phrase->slop);
}

static bool match_node(MvScorer *scorer, const MvQueryNode *node, int64 *points);

static bool
match_leaf(MvScorer *scorer, const MvQueryNode *leaf, uint32 tf, int64 *points)
{
	if (tf > 0 && leaf->leaf >= 0)
		*points += mv_score_points(&scorer->leaves[leaf->leaf], tf,
								   mv_length_code(scorer->length));
	return tf > 0;
}

/* points grow only if it matches */
static bool
match_bool(MvScorer *scorer, const MvQueryNode *node, int64 *points)
{
	int64		sum = 0;
	int64		unused = 0;
	int			matched = 0;

	for (int i = 0; i < node->nmust; i++)
		if (!match_node(scorer, node->must[i], &sum))
			return false;
	for (int i = 0; i < node->nmust_not; i++)
		if (match_node(scorer, node->must_not[i], &unused))
			return false;
	for (int i = 0; i < node->nshould; i++)
		matched += match_node(scorer, node->should[i], &sum);
	if (matched < node->min_should)
		return false;
	*points += sum;
	return true;
}

static bool
match_node(MvScorer *scorer, const MvQueryNode *node, int64 *points)
{
	check_stack_depth();
	switch (node->kind)
	{
		case MV_QUERY_TERM:
			return match_leaf(scorer, node, scorer->terms[node->term].tf, points);
		case MV_QUERY_PHRASE:
			return match_leaf(scorer, node, phrase_count(scorer, node), points);
		case MV_QUERY_BOOL:
			return match_bool(scorer, node, points);
		case MV_QUERY_NOTHING:
			break;
	}
	return false;
}

bool
mv_scorer_match(MvScorer *scorer, Datum text, double *score)
{
	int64		points = 0;
	bool		match;

	MemoryContextReset(scorer->scratch);
	for (int i = 0; i < scorer->query->nterms; i++)
		scorer->terms[i].tf = scorer->terms[i].size = 0;
	scorer->length = 0;
	mv_analyze_field(scorer->analyzer, scorer->field, text, count_term, scorer);
	match = match_node(scorer, scorer->query->root, &points);
	if (score != NULL)
		*score = match ? mv_score_of_points(points, scorer->scale) : 0;
	return match;
}
