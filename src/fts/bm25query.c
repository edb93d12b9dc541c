/*
 * bm25query.c -- type bm25query.
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "fts/bm25query.h"

static MvBm25Query *
make(Oid index, int field, bool structured, const void *body, Size nbytes)
{
	Size		size = offsetof(MvBm25Query, body) + nbytes;
	MvBm25Query *query = palloc0(size);

	SET_VARSIZE(query, size);
	query->index = index;
	query->field = field;
	query->structured = structured;
	query->nbytes = nbytes;
	memcpy(query->body, body, nbytes);
	return query;
}

MvBm25Query *
mv_bm25query_words(Oid index, int field, const char *words, int len)
{
	return make(index, field, false, words, len);
}

MvBm25Query *
mv_bm25query_tree(Oid index, int field, const MvFtsTree *tree)
{
	return make(index, field, true, tree, mv_fts_size(tree->nnodes, tree->nbytes));
}

MvQuery *
mv_bm25query_bind(const MvBm25Query *query, const MvFtsSchema *schema, MvAnalyzer *analyzer)
{
	if (query->field >= schema->nfields)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query is for text column %d, counted from 0, but its index has %d",
						query->field, schema->nfields)));
	return query->structured ?
		mv_query_bind(schema, analyzer, query->field, (const MvFtsTree *) query->body) :
		mv_query_words(schema, analyzer, query->field, query->body, query->nbytes);
}

void
mv_bm25query_check(const MvBm25Query *query, Relation index)
{
	if (query->index == RelationGetRelid(index))
		return;
	if (index->rd_rel->relispartition &&
		list_member_oid(get_partition_ancestors(RelationGetRelid(index)), query->index))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the query is for another index than \"%s\"",
					RelationGetRelationName(index))));
}

/* ---- SQL ---- */

/* bm25query_in(cstring) returns bm25query: none is read */
PG_FUNCTION_INFO_V1(mv_bm25query_in);
Datum
mv_bm25query_in(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot accept a value of type %s", "bm25query"),
			 errhint("Make one by the function bm25query('words', 'index').")));
	PG_RETURN_VOID();
}

/* bm25query_out(bm25query) returns cstring: for people, who read it in EXPLAIN */
PG_FUNCTION_INFO_V1(mv_bm25query_out);
Datum
mv_bm25query_out(PG_FUNCTION_ARGS)
{
	const MvBm25Query *query = PG_GETARG_BM25QUERY(0);
	char	   *index = get_rel_name(query->index);
	StringInfoData buf;

	initStringInfo(&buf);
	if (query->structured)
		appendStringInfoString(&buf, mv_ftsquery_text((const MvFtsTree *) query->body));
	else
		appendBinaryStringInfo(&buf, query->body, query->nbytes);
	appendStringInfo(&buf, " @ %s", index != NULL ? index : "?");
	if (query->field != MV_ALL_FIELDS)
		appendStringInfo(&buf, ".%d", query->field + 1);
	PG_RETURN_CSTRING(buf.data);
}

/* The third argument: a field's number.  Which fields the index has is seen when it is asked. */
static int
field_argument(FunctionCallInfo fcinfo)
{
	int			field = PG_NARGS() > 2 ? PG_GETARG_INT32(2) : MV_ALL_FIELDS;

	if (PG_NARGS() > 2 && (field < 0 || field >= MV_MAX_FIELDS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of a text column is %d, it must be from 0 to %d", field,
						MV_MAX_FIELDS - 1)));
	return field;
}

/* bm25query(text, regclass [, integer]) returns bm25query; the integer is a field's number */
PG_FUNCTION_INFO_V1(mv_bm25query_from_text);
Datum
mv_bm25query_from_text(PG_FUNCTION_ARGS)
{
	text	   *words = PG_GETARG_TEXT_PP(0);

	PG_RETURN_POINTER(mv_bm25query_words(PG_GETARG_OID(1), field_argument(fcinfo),
										 VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words)));
}

/* bm25query(ftsquery, regclass [, integer]) returns bm25query */
PG_FUNCTION_INFO_V1(mv_bm25query_from_ftsquery);
Datum
mv_bm25query_from_ftsquery(PG_FUNCTION_ARGS)
{
	MvFtsQuery *query = PG_GETARG_FTSQUERY(0);

	PG_RETURN_POINTER(mv_bm25query_tree(PG_GETARG_OID(1), field_argument(fcinfo), &query->tree));
}
