/*
 * am_recall.c -- milvus_recall(): how many of the nearest rows does an index find?
 *
 * Queries are rows of the table, picked at random, each of which asks for its k
 * nearest others.  The true ones are found for all queries in one pass over
 * the table, the index's by a plan that is made to use it.  All is SQL, so row-level
 * security applies, and sees one snapshot.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/plancat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "am/am.h"
#include "am/tools.h"
#include "compat.h"

#define MAX_K 1000
#define MAX_SAMPLES 10000

/* A row as query. */
typedef struct Sample
{
	ItemPointerData tid;
	Datum		value;
	double		self;			/* distance to itself */
	double	   *nearest;		/* [k], ascending: distances of the nearest others so far */
	int			n;
} Sample;

typedef struct Recall
{
	const MvTool *tool;
	int			k;
	int			nsamples;
	Sample	   *samples;
	FmgrInfo	distance;

	/* parts of queries */
	Oid			type;			/* of the key, and of $1 */
	char	   *key;			/* column or expression */
	char	   *order;			/* key OPERATOR $1 */
	char	   *self;			/* key OPERATOR key */
	char	   *from;			/* FROM ONLY table WHERE the index's condition */
} Recall;

/* OPERATOR(schema.name) */
static char *
qualified_operator(Oid oper)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(oper));
	Form_pg_operator form;
	char	   *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", oper);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	text = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

/* The parts of queries, from the catalog. */
static void
describe(Recall *r)
{
	Relation	heap = r->tool->heap;
	Relation	index = r->tool->index;
	const char *table = RelationGetRelationName(heap);
	List	   *predicate = RelationGetIndexPredicate(index);
	Oid			oper;
	char	   *name;
	char	   *condition = "true";

	/* All our classes order by their strategy 1. */
	r->type = index->rd_opcintype[0];
	oper = get_opfamily_member(index->rd_opfamily[0], r->type, r->type, 1);
	name = qualified_operator(oper);
	fmgr_info(get_opcode(oper), &r->distance);
	r->key = TextDatumGetCString(DirectFunctionCall3(
		pg_get_indexdef_ext, ObjectIdGetDatum(RelationGetRelid(index)), Int32GetDatum(1),
		BoolGetDatum(false)));
	r->order = psprintf("%s %s $1", r->key, name);
	r->self = psprintf("%s %s %s", r->key, name, r->key);
	if (predicate != NIL)
		condition = deparse_expression((Node *) make_ands_explicit(predicate),
									   deparse_context_for(table, RelationGetRelid(heap)),
									   false, false);
	r->from = psprintf(
		"FROM ONLY %s WHERE (%s)",
		quote_qualified_identifier(get_namespace_name(RelationGetNamespace(heap)), table),
		condition);
}

static SPIPlanPtr
prepare(const char *query, int nargs, Oid *types, int options)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(query, nargs, types, options);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

static void
execute(SPIPlanPtr plan, Datum *values)
{
	int			result = SPI_execute_plan(plan, values, NULL, true, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
}

/* A column of a row just read: a TID, never NULL. */
static ItemPointer
get_tid(HeapTuple row, int column)
{
	bool		null;

	return (ItemPointer) DatumGetPointer(SPI_getbinval(row, SPI_tuptable->tupdesc, column, &null));
}

/* ---- the three queries ---- */

/* Rows to ask for; one that has no distance to itself (a zero vector) is not indexed. */
static void
choose_samples(Recall *r, int wanted)
{
	const char *format = "SELECT ctid, %s %s "
		"AND (%s) OPERATOR(pg_catalog.<>) 'NaN'::pg_catalog.float8 "
		"ORDER BY pg_catalog.random() LIMIT %d";
	char	   *query = psprintf(format, r->key, r->from, r->self, wanted);

	execute(prepare(query, 0, NULL, 0), NULL);
	r->nsamples = (int) SPI_processed;
	r->samples = palloc(sizeof(Sample) * (r->nsamples + 1));
	for (int i = 0; i < r->nsamples; i++)
	{
		Sample	   *s = &r->samples[i];
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		null;

		s->tid = *get_tid(row, 1);
		s->value = PointerGetDatum(PG_DETOAST_DATUM_COPY(
			SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &null)));
		s->self = DatumGetFloat8(FunctionCall2(&r->distance, s->value, s->value));
		s->nearest = palloc(sizeof(double) * r->k);
		s->n = 0;
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Keep the k least. */
static void
offer(Sample *s, int k, double d)
{
	int			i;

	if (s->n == k && d >= s->nearest[k - 1])
		return;
	if (s->n < k)
		s->n++;
	for (i = s->n - 1; i > 0 && s->nearest[i - 1] > d; i--)
		s->nearest[i] = s->nearest[i - 1];
	s->nearest[i] = d;
}

/* A row is compared with all samples while it is detoasted. */
static void
compare_row(Recall *r, ItemPointer tid, Datum value)
{
	value = PointerGetDatum(PG_DETOAST_DATUM(value));
	for (int i = 0; i < r->nsamples; i++)
	{
		Sample	   *s = &r->samples[i];
		double		d;

		if (ItemPointerEquals(tid, &s->tid))
			continue;
		d = DatumGetFloat8(FunctionCall2(&r->distance, value, s->value));
		if (!isnan(d))
			offer(s, r->k, d);
	}
}

/* The true neighbours: one pass over the table. */
static void
find_nearest(Recall *r)
{
	char	   *query = psprintf("SELECT ctid, %s %s", r->key, r->from);
	Portal portal = SPI_cursor_open(NULL, prepare(query, 0, NULL, 0), NULL, NULL, true);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_recall row",
												  ALLOCSET_DEFAULT_SIZES);

	do
	{
		SPI_cursor_fetch(portal, true, 100);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			HeapTuple	row = SPI_tuptable->vals[i];
			bool		null;
			Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &null);

			if (!null)
			{
				MemoryContext old = MemoryContextSwitchTo(context);

				compare_row(r, get_tid(row, 1), value);
				MemoryContextSwitchTo(old);
				MemoryContextReset(context);
			}
			CHECK_FOR_INTERRUPTS();
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

/*
 * How many of the k rows that the index finds first are as near as they should
 * be?  The sample itself is told by its distance: an index scan that puts rows
 * in order gives each the ctid of another, in some releases of PostgreSQL.
 */
static int
count_hits(Recall *r, SPIPlanPtr plan, Sample *s)
{
	bool		met_self = false;
	int			seen = 0;
	int			hits = 0;

	execute(plan, &s->value);
	for (uint64 i = 0; i < SPI_processed && seen < r->k; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		null;
		double		d = DatumGetFloat8(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &null));

		if (!met_self && d == s->self)
		{
			met_self = true;
			continue;
		}
		seen++;
		hits += s->n > 0 && d <= s->nearest[s->n - 1];
	}
	SPI_freetuptable(SPI_tuptable);
	return hits;
}

/* ---- making the planner use one index ---- */

/* The tool whose index is the only one of its table, or NULL. */
static const MvTool *planned;
static get_relation_info_hook_type next_hook;

static void
show_one_index(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	ListCell   *cell;

	if (next_hook)
		next_hook(root, relid, inhparent, rel);
	if (planned == NULL || relid != RelationGetRelid(planned->heap))
		return;
	foreach(cell, rel->indexlist)
	{
		if (lfirst_node(IndexOptInfo, cell)->indexoid != RelationGetRelid(planned->index))
			rel->indexlist = foreach_delete_current(rel->indexlist, cell);
	}
}

/* Once, for good: other hooks may come to stand upon it. */
static void
install_hook(void)
{
	static bool installed = false;

	if (installed)
		return;
	next_hook = get_relation_info_hook;
	get_relation_info_hook = show_one_index;
	installed = true;
}

/* Is this the plan that was wanted?  Not if the index may not be used, yet. */
static void
require_index_scan(const Recall *r, SPIPlanPtr plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan);
	Plan	   *node = linitial_node(PlannedStmt, cached->stmt_list)->planTree;
	bool		used;

	while (node != NULL && !IsA(node, IndexScan))
		node = IsA(node, CustomScan) ? linitial(((CustomScan *) node)->custom_plans) :
			outerPlan(node);
	used = node != NULL && ((IndexScan *) node)->indexid == RelationGetRelid(r->tool->index);
	ReleaseCachedPlan(cached, NULL);
	if (!used)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a query of this transaction can not use index \"%s\"",
						RelationGetRelationName(r->tool->index)),
				 errhint("Try again in a new transaction.")));
}

static void
set(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
							 false);
}

/* Hits of all samples; the settings last until mv_tool_end(). */
static int64
search_index(Recall *r)
{
	char	   *query = psprintf("SELECT %s %s ORDER BY %s LIMIT %d", r->order, r->from, r->order,
								 r->k + 1);
	const MvTool *outer = planned;
	int64		hits = 0;

	set("enable_indexscan", "on");
	set("enable_bitmapscan", "off");
	set("enable_seqscan", "off");
	set("enable_sort", "off");
	set("enable_tidscan", "off");
	install_hook();
	planned = r->tool;
	PG_TRY();
	{
		SPIPlanPtr	plan = prepare(query, 1, &r->type, CURSOR_OPT_GENERIC_PLAN);

		require_index_scan(r, plan);
		for (int i = 0; i < r->nsamples; i++)
		{
			CHECK_FOR_INTERRUPTS();
			hits += count_hits(r, plan, &r->samples[i]);
		}
	}
	PG_FINALLY();
	{
		planned = outer;
	}
	PG_END_TRY();
	return hits;
}

static void
require_between(const char *name, int value, int max)
{
	if (value < 1 || value > max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is %d, and not between 1 and %d", name, value, max)));
}

/*
 * milvus_recall(index regclass, k int, samples int) returns float8
 *
 * The share of the k nearest others of a row that the index gives, with the
 * settings in force; equally near ones stand for each other.  NULL if there are
 * fewer than two rows.
 */
PG_FUNCTION_INFO_V1(mv_recall);
Datum
mv_recall(PG_FUNCTION_ARGS)
{
	MvTool		tool;
	Recall		r = {.tool = &tool, .k = PG_GETARG_INT32(1)};
	int			samples = PG_GETARG_INT32(2);
	double		wanted = 0;
	double		hits;

	require_between("k", r.k, MAX_K);
	require_between("samples", samples, MAX_SAMPLES);
	mv_tool_begin(&tool, PG_GETARG_OID(0));
	mv_tool_require_vectors(tool.index);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	describe(&r);
	choose_samples(&r, samples);
	find_nearest(&r);
	hits = (double) search_index(&r);
	for (int i = 0; i < r.nsamples; i++)
		wanted += r.samples[i].n;
	SPI_finish();
	mv_tool_end(&tool);
	if (wanted == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(hits / wanted);
}
