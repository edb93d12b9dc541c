/*
 * estimate.c -- how many rows a full-text query matches, as the planner sees it.
 *
 * Each term's number is known: the index has it.  Together, words of a language
 * are less independent than their product says: those that must all match count
 * with the rarest in full, the next by its square root, and so on; those of
 * which some must match are taken to be independent.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "fts/estimate.h"
#include "fts/segment.h"

/* Of the documents that have all words of a phrase, so many have the phrase. */
#define SHARE_OF_PHRASE 0.25

/* As contsel() says, where nothing is known. */
#define UNKNOWN_SHARE 0.001

/* ---- from terms to a query ---- */

static int
compare_shares(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* Of what matches all. */
static double
share_of_all(double *shares, int n)
{
	double		share = 1;
	double		exponent = 1;

	qsort(shares, n, sizeof(double), compare_shares);
	for (int i = 0; i < n; i++, exponent /= 2)
		share *= pow(shares[i], exponent);
	return share;
}

/* Of what matches at least min: counts[i] is the share of what matches i of those so far. */
static double
share_of_some(const double *shares, int n, int min)
{
	double	   *counts = palloc0(sizeof(double) * (min + 1));
	double		fewer = 0;

	counts[0] = 1;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = Min(i + 1, min - 1); j > 0; j--)
			counts[j] += shares[i] * (counts[j - 1] - counts[j]);
		counts[0] *= 1 - shares[i];
	}
	for (int j = 0; j < min; j++)
		fewer += counts[j];
	pfree(counts);
	return Max(1 - fewer, 0);
}

static double
share_of_phrase(const MvQueryNode *phrase, const double *terms)
{
	double	   *slots = palloc(sizeof(double) * phrase->nslots);
	double		share;
	int			n = 0;

	for (int i = 0; i < phrase->nslots; n++)
	{
		int			slot = phrase->slots[i].slot;

		for (slots[n] = 0; i < phrase->nslots && phrase->slots[i].slot == slot; i++)
			slots[n] += terms[phrase->slots[i].term];
		slots[n] = Min(slots[n], 1);
	}
	share = share_of_all(slots, n) * SHARE_OF_PHRASE;
	pfree(slots);
	return share;
}

static double share_of(const MvQueryNode *node, const double *terms);

static double *
shares_of(MvQueryNode **nodes, int n, const double *terms)
{
	double	   *shares = palloc(sizeof(double) * Max(n, 1));

	check_stack_depth();
	for (int i = 0; i < n; i++)
		shares[i] = share_of(nodes[i], terms);
	return shares;
}

static double
share_of(const MvQueryNode *node, const double *terms)
{
	double		share = 1;

	switch (node->kind)
	{
		case MV_QUERY_TERM:
			return terms[node->term];
		case MV_QUERY_PHRASE:
			return share_of_phrase(node, terms);
		case MV_QUERY_BOOL:
			share = share_of_all(shares_of(node->must, node->nmust, terms), node->nmust);
			if (node->min_should > 0)
				share *= share_of_some(shares_of(node->should, node->nshould, terms),
									   node->nshould, node->min_should);
			for (int i = 0; i < node->nmust_not; i++)
				share *= 1 - share_of(node->must_not[i], terms);
			return share;
		case MV_QUERY_NOTHING:
			break;
	}
	return 0;
}

/* ---- from an index ---- */

static bool
estimate_by(Oid oid, const MvBm25Query *query, MvMatchEstimate *estimate)
{
	Relation	index = index_open(oid, AccessShareLock);
	bool		known = false;

	if (mv_is_fts_index(index))
	{
		MvFtsSchema *schema = mv_fts_schema(index);
		MvAnalyzer *analyzer = mv_analyzer_open(schema->config);
		MvQuery    *bound = mv_bm25query_bind(query, schema, analyzer);
		double	   *terms = palloc(sizeof(double) * Max(bound->nterms, 1));

		known = mv_fts_shares(index, bound->terms, bound->nterms, terms) > 0;
		estimate->rows = share_of(bound->root, terms);
		estimate->postings = 0;
		for (int i = 0; i < bound->nterms; i++)
			estimate->postings += terms[i];
		mv_analyzer_close(analyzer);
	}
	index_close(index, AccessShareLock);
	return known;
}

/* The last one, so that costs of several paths take one look. */
typedef struct Last
{
	Oid			index;
	TimestampTz statement;
	bool		known;
	MvMatchEstimate estimate;
	MvBm25Query *query;			/* NULL: there was none */
} Last;

static Last last;

static bool
is_last(Oid index, const MvBm25Query *query)
{
	return last.query != NULL && last.index == index &&
		last.statement == GetCurrentStatementStartTimestamp() &&
		VARSIZE(last.query) == VARSIZE(query) && memcmp(last.query, query, VARSIZE(query)) == 0;
}

static void
remember(Oid index, const MvBm25Query *query, bool known, const MvMatchEstimate *estimate)
{
	MvBm25Query *copy = MemoryContextAlloc(TopMemoryContext, VARSIZE(query));

	memcpy(copy, query, VARSIZE(query));
	if (last.query != NULL)
		pfree(last.query);
	last = (Last){.index = index, .statement = GetCurrentStatementStartTimestamp(),
				  .known = known, .estimate = *estimate, .query = copy};
}

/* The index of rel that a query for an index, perhaps a partitioned one, asks. */
static Oid
index_of(const RelOptInfo *rel, Oid asked)
{
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		Oid			oid = lfirst_node(IndexOptInfo, lc)->indexoid;

		if (oid == asked ||
			(get_rel_relispartition(oid) && list_member_oid(get_partition_ancestors(oid), asked)))
			return oid;
	}
	return InvalidOid;
}

bool
mv_match_estimate(PlannerInfo *root, const RelOptInfo *rel, Node *query,
				  MvMatchEstimate *estimate)
{
	Const	   *value = (Const *) estimate_expression_value(root, query);
	MemoryContext context;
	MemoryContext old;
	MvBm25Query *words;
	Oid			index;
	bool		known;

	if (!IsA(value, Const) || value->constisnull || !ActiveSnapshotSet())
		return false;
	words = DatumGetBm25Query(value->constvalue);
	index = index_of(rel, words->index);
	if (!OidIsValid(index) || get_rel_relkind(index) != RELKIND_INDEX)
		return false;
	if (!is_last(index, words))
	{
		context = AllocSetContextCreate(CurrentMemoryContext, "bm25 estimate",
										ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(context);
		known = estimate_by(index, words, estimate);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		remember(index, words, known, estimate);
	}
	*estimate = last.estimate;
	return last.known;
}

/* ---- SQL ---- */

/* The table that the left operand is of, if what is known of it may be used. */
static RelOptInfo *
table_of(PlannerInfo *root, Node *operand)
{
	int			varno;

	operand = mv_plain_columns(root, operand);
	if (!bms_get_singleton_member(pull_varnos(root, operand), &varno) ||
		varno >= root->simple_rel_array_size || root->simple_rel_array[varno] == NULL ||
		planner_rt_fetch(varno, root)->securityQuals != NIL)
		return NULL;
	return root->simple_rel_array[varno];
}

/* bm25_matchsel(internal, oid, internal, integer) returns float8 */
PG_FUNCTION_INFO_V1(mv_bm25_matchsel);
Datum
mv_bm25_matchsel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	MvMatchEstimate estimate;
	RelOptInfo *rel;

	if (list_length(args) != 2)
		PG_RETURN_FLOAT8(UNKNOWN_SHARE);
	rel = table_of(root, linitial(args));
	if (rel == NULL || !mv_match_estimate(root, rel, lsecond(args), &estimate))
		PG_RETURN_FLOAT8(UNKNOWN_SHARE);
	CLAMP_PROBABILITY(estimate.rows);
	PG_RETURN_FLOAT8(estimate.rows);
}
