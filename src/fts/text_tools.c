/*
 * text_tools.c -- SQL functions that show what an analyzer or an index has of text.
 */
#include "postgres.h"

#include "access/genam.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "fts/segment.h"

/* ---- bm25_analyze ---- */

typedef struct Rows
{
	Tuplestorestate *store;
	TupleDesc	desc;
} Rows;

static void
put_term(const char *term, int len, uint32 position, void *arg)
{
	Rows	   *rows = arg;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	values[0] = PointerGetDatum(cstring_to_text_with_len(term, len));
	values[1] = Int64GetDatum(position);
	tuplestore_putvalues(rows->store, rows->desc, values, nulls);
	pfree(DatumGetPointer(values[0]));
}

/* One for all calls from a place in a query, as long as they name the same configuration. */
typedef struct Analysis
{
	Oid			config;
	MvAnalyzer *analyzer;
} Analysis;

static MvAnalyzer *
analyzer_of(FunctionCallInfo fcinfo, Oid config)
{
	Analysis   *kept = fcinfo->flinfo->fn_extra;
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

	if (kept == NULL)
		fcinfo->flinfo->fn_extra = kept = palloc0(sizeof(Analysis));
	if (kept->config != config)
	{
		MvAnalyzer *other = kept->analyzer;

		kept->config = InvalidOid;
		kept->analyzer = NULL;
		if (other != NULL)
			mv_analyzer_close(other);
		kept->analyzer = mv_analyzer_open(config);
		kept->config = config;
	}
	MemoryContextSwitchTo(old);
	return kept->analyzer;
}

/*
 * bm25_analyze(text, regconfig) returns table (term text, position bigint)
 *
 * The terms of a text, as an index with that text_config has them.
 */
PG_FUNCTION_INFO_V1(mv_bm25_analyze);
Datum
mv_bm25_analyze(PG_FUNCTION_ARGS)
{
	text	   *words = PG_GETARG_TEXT_PP(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Rows		rows;

	InitMaterializedSRF(fcinfo, 0);
	rows.store = result->setResult;
	rows.desc = result->setDesc;
	mv_analyze(analyzer_of(fcinfo, PG_GETARG_OID(1)), VARDATA_ANY(words),
			   VARSIZE_ANY_EXHDR(words), 0, put_term, &rows);
	return (Datum) 0;
}

/* ---- what an index has ---- */

/* A bm25 index of the current user's, locked. */
static Relation
open_own(Oid oid)
{
	Relation	index;

	if (get_rel_relkind(oid) != RELKIND_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no index, or a partitioned one", get_rel_name(oid)),
				 errhint("Ask the indexes of the partitions.")));
	index = index_open(oid, AccessShareLock);
	if (!mv_is_fts_index(index))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is no bm25 index", RelationGetRelationName(index))));
	if (!mv_owns(oid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of index %s", RelationGetRelationName(index))));
	return index;
}

/*
 * bm25_stats(regclass) returns table (field text, documents bigint, terms bigint,
 *		average_length double precision)
 *
 * What scores are computed from: documents with a term in the field, occurrences
 * of terms in all of them.  The owner's.
 */
PG_FUNCTION_INFO_V1(mv_bm25_stats);
Datum
mv_bm25_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	index = open_own(PG_GETARG_OID(0));
	MvFtsSchema *schema = mv_fts_schema(index);
	MvFtsSnapshot *snapshot = mv_fts_open(index);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < schema->nfields; i++)
	{
		const MvFtsFieldStats *stats = &snapshot->fields[i];
		Datum		values[4];
		bool		nulls[4] = {false, false, false, stats->docs == 0};

		values[0] = PointerGetDatum(cstring_to_text(schema->fields[i].name));
		values[1] = Int64GetDatum((int64) stats->docs);
		values[2] = Int64GetDatum((int64) stats->length);
		values[3] = Float8GetDatum(stats->docs == 0 ? 0 : stats->length / stats->docs);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	mv_fts_close(snapshot);
	index_close(index, AccessShareLock);
	return (Datum) 0;
}

/* Terms come segment by segment; the SQL wrapper adds them up. */
typedef struct TermRows
{
	Rows		rows;
	Datum		field;
} TermRows;

static bool
put_df(const MvQueryTerm *term, uint32 df, void *arg)
{
	TermRows   *out = arg;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	values[0] = out->field;
	values[1] = PointerGetDatum(cstring_to_text_with_len(term->bytes, term->len));
	values[2] = Int64GetDatum(df);
	tuplestore_putvalues(out->rows.store, out->rows.desc, values, nulls);
	pfree(DatumGetPointer(values[1]));
	return true;
}

/*
 * bm25_segment_terms(regclass, text) returns table (field text, term text, documents bigint)
 *
 * The terms that begin with the text, for each segment.  The owner's.
 */
PG_FUNCTION_INFO_V1(mv_bm25_segment_terms);
Datum
mv_bm25_segment_terms(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	text	   *prefix = PG_GETARG_TEXT_PP(1);
	Relation	index = open_own(PG_GETARG_OID(0));
	MvFtsSchema *schema = mv_fts_schema(index);
	MvFtsSnapshot *snapshot = mv_fts_open(index);
	TermRows	out;

	InitMaterializedSRF(fcinfo, 0);
	out.rows.store = result->setResult;
	out.rows.desc = result->setDesc;
	for (int i = 0; i < schema->nfields; i++)
	{
		MvQueryTerm term = {
			.bytes = VARDATA_ANY(prefix), .len = VARSIZE_ANY_EXHDR(prefix), .field = i
		};

		out.field = PointerGetDatum(cstring_to_text(schema->fields[i].name));
		mv_fts_terms(snapshot, &term, put_df, &out);
	}
	mv_fts_close(snapshot);
	index_close(index, AccessShareLock);
	return (Datum) 0;
}
