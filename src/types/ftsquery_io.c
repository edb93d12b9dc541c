/*
 * ftsquery_io.c -- type ftsquery: input, output, and other ways to make one.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "tsearch/ts_type.h"
#include "utils/builtins.h"

#include "compat.h"
#include "types/ftsquery.h"

/* ---- from and to text ---- */

typedef bool (*ParseFn) (const char *text, size_t len, MvFtsTree *tree, MvFtsError *error);

/* Room for the tree of so many bytes, to be cut by shrink(). */
static MvFtsQuery *
allocate(size_t len)
{
	if (len > MV_FTS_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("full-text query of %zu bytes is too long", len),
				 errdetail("The limit is %d bytes.", MV_FTS_MAX_BYTES)));
	return palloc0(offsetof(MvFtsQuery, tree) + mv_fts_bound(len));
}

static Size
ftsquery_size(const MvFtsTree *tree)
{
	return offsetof(MvFtsQuery, tree) + mv_fts_size(tree->nnodes, tree->nbytes);
}

static MvFtsQuery *
shrink(MvFtsQuery *query)
{
	SET_VARSIZE(query, ftsquery_size(&query->tree));
	return repalloc(query, VARSIZE(query));
}

static MvFtsQuery *
parse(const char *text, size_t len, ParseFn fn)
{
	MvFtsQuery *query = allocate(len);
	MvFtsError	error;

	if (!fn(text, len, &query->tree, &error))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type ftsquery: \"%.*s\"", (int) len, text),
				 error.at < len ?
				 errdetail("At \"%.*s\": %s.", (int) Min(len - error.at, 40), text + error.at,
						   error.what) :
				 errdetail("At the end: %s.", error.what),
				 errhint("A backslash makes the next character part of a word; "
						 "websearch_to_ftsquery() reads any text.")));
	return shrink(query);
}

char *
mv_ftsquery_text(const MvFtsTree *tree)
{
	char	   *text = palloc(mv_fts_print_bound(tree) + 1);

	text[mv_fts_print(tree, text)] = '\0';
	return text;
}

/* ftsquery_in(cstring) returns ftsquery */
PG_FUNCTION_INFO_V1(mv_ftsquery_in);
Datum
mv_ftsquery_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	PG_RETURN_POINTER(parse(text, strlen(text), mv_fts_parse));
}

/* ftsquery_out(ftsquery) returns cstring */
PG_FUNCTION_INFO_V1(mv_ftsquery_out);
Datum
mv_ftsquery_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(mv_ftsquery_text(&PG_GETARG_FTSQUERY(0)->tree));
}

/* ftsquery_recv(internal) returns ftsquery: a version byte, 1, and the text */
PG_FUNCTION_INFO_V1(mv_ftsquery_recv);
Datum
mv_ftsquery_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	char	   *text;
	int			len;

	if (version != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("unknown version %d of binary ftsquery", version)));
	text = pq_getmsgtext(buf, buf->len - buf->cursor, &len);
	PG_RETURN_POINTER(parse(text, len, mv_fts_parse));
}

/* ftsquery_send(ftsquery) returns bytea */
PG_FUNCTION_INFO_V1(mv_ftsquery_send);
Datum
mv_ftsquery_send(PG_FUNCTION_ARGS)
{
	char	   *text = mv_ftsquery_text(&PG_GETARG_FTSQUERY(0)->tree);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, 1);
	pq_sendtext(&buf, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* websearch_to_ftsquery(text) returns ftsquery: any text is one */
PG_FUNCTION_INFO_V1(mv_websearch_to_ftsquery);
Datum
mv_websearch_to_ftsquery(PG_FUNCTION_ARGS)
{
	text	   *words = PG_GETARG_TEXT_PP(0);

	PG_RETURN_POINTER(parse(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words), mv_fts_parse_web));
}

/* ---- word by word ---- */

/* Bytes are collected apart: they stand behind the nodes, whose number is not known yet. */
typedef struct Maker
{
	MvFtsQuery *query;
	StringInfoData bytes;
	int			depth;
} Maker;

static void
maker_begin(Maker *maker, size_t len)
{
	maker->query = allocate(len);
	maker->depth = 0;
	initStringInfo(&maker->bytes);
}

static MvFtsNode *
add(Maker *maker, MvFtsKind kind, MvFtsOccur occur)
{
	MvFtsTree  *tree = &maker->query->tree;
	MvFtsNode  *node = &tree->nodes[tree->nnodes++];

	node->kind = kind;
	node->occur = occur;
	node->end = tree->nnodes;
	node->boost = 1;
	node->text.start = maker->bytes.len;
	return node;
}

static void
append(Maker *maker, MvFtsNode *node, const char *bytes, int len)
{
	appendBinaryStringInfo(&maker->bytes, bytes, len);
	node->text.len += len;
}

static MvFtsQuery *
maker_end(Maker *maker)
{
	MvFtsTree  *tree = &maker->query->tree;

	tree->nodes[0].end = tree->nnodes;
	tree->nbytes = maker->bytes.len;
	memcpy(tree->nodes + tree->nnodes, maker->bytes.data, maker->bytes.len);
	pfree(maker->bytes.data);
	return shrink(maker->query);
}

static void
check_slop(int slop)
{
	if (slop < 0 || slop > MV_FTS_MAX_SLOP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("slop of a phrase is %d, it must be from 0 to %d", slop,
						MV_FTS_MAX_SLOP)));
}

MvFtsQuery *
mv_ftsquery_phrase(const char *words, int len, int slop)
{
	Maker		maker;
	MvFtsNode  *node;

	check_slop(slop);
	maker_begin(&maker, len);
	add(&maker, MV_FTS_GROUP, MV_SHOULD);
	node = add(&maker, MV_FTS_PHRASE, MV_SHOULD);
	node->number = slop;
	append(&maker, node, words, len);
	return maker_end(&maker);
}

MvFtsQuery *
mv_ftsquery_any(const char *words, int len, int min)
{
	Maker		maker;

	if (min < 1 || min > MV_FTS_MAX_SLOP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of words that must match is %d, it must be from 1 to %d", min,
						MV_FTS_MAX_SLOP)));
	maker_begin(&maker, len);
	add(&maker, MV_FTS_GROUP, MV_SHOULD);
	add(&maker, MV_FTS_GROUP, MV_SHOULD)->number = min == 1 ? 0 : min;
	for (int i = 0; i < len;)
	{
		int			start;

		while (i < len && isspace((unsigned char) words[i]))
			i++;
		start = i;
		while (i < len && !isspace((unsigned char) words[i]))
			i++;
		if (i > start)
			append(&maker, add(&maker, MV_FTS_WORD, MV_SHOULD), words + start, i - start);
	}
	maker.query->tree.nodes[1].end = maker.query->tree.nnodes;
	return maker_end(&maker);
}

/* ftsquery_phrase(text, slop integer) returns ftsquery */
PG_FUNCTION_INFO_V1(mv_ftsquery_phrase_sql);
Datum
mv_ftsquery_phrase_sql(PG_FUNCTION_ARGS)
{
	text	   *words = PG_GETARG_TEXT_PP(0);

	PG_RETURN_POINTER(mv_ftsquery_phrase(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words),
										 PG_GETARG_INT32(1)));
}

/* ftsquery_any(text, min_should_match integer) returns ftsquery */
PG_FUNCTION_INFO_V1(mv_ftsquery_any_sql);
Datum
mv_ftsquery_any_sql(PG_FUNCTION_ARGS)
{
	text	   *words = PG_GETARG_TEXT_PP(0);

	PG_RETURN_POINTER(mv_ftsquery_any(VARDATA_ANY(words), VARSIZE_ANY_EXHDR(words),
									  PG_GETARG_INT32(1)));
}

/* ---- tsquery ---- */

static const char *
lexeme_of(TSQuery query, const QueryItem *item)
{
	return GETOPERAND(query) + item->qoperand.distance;
}

static void
check_operand(const QueryItem *item)
{
	if (item->qoperand.prefix || item->qoperand.weight != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("prefixes and weights of a tsquery have no equivalent in ftsquery")));
}

/*
 * The words of a <-> b <-> c.  Larger distances become slop: the words may then
 * stand as far apart, or nearer.
 */
static void
append_phrase(Maker *maker, MvFtsNode *node, TSQuery query, const QueryItem *item)
{
	check_stack_depth();
	if (item->type == QI_VAL)
	{
		check_operand(item);
		if (node->text.len > 0)
			append(maker, node, " ", 1);
		append(maker, node, lexeme_of(query, item), item->qoperand.length);
		return;
	}
	if (item->qoperator.oper != OP_PHRASE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a phrase of ftsquery consists of words only"),
				 errhint("Move & | and ! out of the operands of <->.")));
	append_phrase(maker, node, query, item + item->qoperator.left);
	append_phrase(maker, node, query, item + 1);
	node->number += Max(item->qoperator.distance, 1) - 1;
	check_slop((int) node->number);
}

static void add_item(Maker *maker, TSQuery query, const QueryItem *item, MvFtsOccur occur);

/* The operands of & or |, those of the same operator within them, too. */
static void
add_operands(Maker *maker, TSQuery query, const QueryItem *item)
{
	/* In Polish notation the right operand follows, the left one is behind it. */
	const QueryItem *operands[] = {item + item->qoperator.left, item + 1};
	bool		and = item->qoperator.oper == OP_AND;

	check_stack_depth();
	for (int i = 0; i < 2; i++)
	{
		const QueryItem *operand = operands[i];
		int			oper = operand->type == QI_OPR ? operand->qoperator.oper : 0;

		if (oper == item->qoperator.oper)
			add_operands(maker, query, operand);
		else if (oper == OP_NOT && and)
			add_item(maker, query, operand + 1, MV_MUST_NOT);
		else
			add_item(maker, query, operand, and? MV_MUST : MV_SHOULD);
	}
}

static void
add_group(Maker *maker, TSQuery query, const QueryItem *item, MvFtsOccur occur)
{
	int			group = maker->query->tree.nnodes;

	if (++maker->depth > MV_FTS_MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("operators of the tsquery are nested more than %d deep",
						MV_FTS_MAX_DEPTH)));
	add(maker, MV_FTS_GROUP, occur);
	if (item->qoperator.oper == OP_NOT)
		add_item(maker, query, item + 1, MV_MUST_NOT);
	else
		add_operands(maker, query, item);
	maker->query->tree.nodes[group].end = maker->query->tree.nnodes;
	maker->depth--;
}

static void
add_item(Maker *maker, TSQuery query, const QueryItem *item, MvFtsOccur occur)
{
	if (item->type == QI_VAL)
	{
		check_operand(item);
		append(maker, add(maker, MV_FTS_WORD, occur), lexeme_of(query, item),
			   item->qoperand.length);
	}
	else if (item->qoperator.oper == OP_PHRASE)
		append_phrase(maker, add(maker, MV_FTS_PHRASE, occur), query, item);
	else
		add_group(maker, query, item, occur);
}

/*
 * ftsquery(tsquery) returns ftsquery
 *
 * Its words go through the index's analyzer once more.
 */
PG_FUNCTION_INFO_V1(mv_tsquery_to_ftsquery);
Datum
mv_tsquery_to_ftsquery(PG_FUNCTION_ARGS)
{
	TSQuery		query = PG_GETARG_TSQUERY(0);
	Maker		maker;

	maker_begin(&maker, VARSIZE(query));
	add(&maker, MV_FTS_GROUP, MV_SHOULD);
	if (query->size > 0)
		add_item(&maker, query, GETQUERY(query), MV_SHOULD);
	PG_RETURN_POINTER(maker_end(&maker));
}
