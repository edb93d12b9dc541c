/*
 * bind.c -- planner support of <@> and @@@: find the index.
 *
 * `body <@> 'words'` says no index.  When the planner simplifies it, it becomes
 * `body <@> bm25query`, which is what indexes answer and what gives the same
 * score anywhere else.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "fts/bm25query.h"

/*
 * A word of the text costs some 100 ns to look at, in units of about 10 ns; and
 * so much before the first, for analyzer and statistics.
 */
#define COST_PER_BYTE 1.5
#define COST_OF_CALL 100.0
#define COST_OF_QUERY 20000.0
#define UNKNOWN_BYTES 1000
#define TOAST_POINTER_WIDTH 20
#define TOASTED_BYTES 8000

/* An index that a query can be bound to. */
typedef struct Candidate
{
	Oid			index;			/* InvalidOid: none */
	int			field;
	int			nfields;
	bool		partial;
	Oid			config;
	Oid			family;
	Oid			type;			/* of the operator class */
} Candidate;

/* ---- which index ---- */

static Node *
strip(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

/* Is the column attno, or the expression if attno is 0, the operand? */
static bool
is_operand(AttrNumber attno, Node *expression, Node *operand, int varno)
{
	if (attno != 0)
		return IsA(operand, Var) && ((Var *) operand)->varattno == attno;
	ChangeVarNodes(expression, 1, varno, 0);
	return equal(strip(expression), operand);
}

/* The field of the index that the operand is, or -1. */
static int
field_of_operand(Relation index, const MvFtsSchema *schema, Node *operand, int varno)
{
	List	   *expressions = RelationGetIndexExpressions(index);
	int			next = 0;

	for (int field = 0, i = 0; field < schema->nfields; i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];
		Node	   *expression = attno == 0 ? list_nth(expressions, next++) : NULL;

		if (schema->fields[field].attno != i + 1)
			continue;
		if (is_operand(attno, expression, operand, varno))
			return field;
		field++;
	}
	return -1;
}

static bool
is_better(const Candidate *a, const Candidate *b)
{
	if (!OidIsValid(b->index))
		return true;
	if (a->partial != b->partial)
		return b->partial;
	return a->nfields < b->nfields;
}

static void
check_config(const Candidate *a, const Candidate *b)
{
	if (OidIsValid(b->index) && a->partial == b->partial && a->config != b->config)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_ALIAS),
				 errmsg("indexes \"%s\" and \"%s\" analyze the text differently",
						get_rel_name(b->index), get_rel_name(a->index)),
				 errhint("Name one of them: bm25query('words', '%s').",
						 get_rel_name(b->index))));
}

/* Look at one index; best is kept or replaced. */
static void
consider(Oid oid, Node *operand, int varno, Candidate *best)
{
	Relation	index = index_open(oid, AccessShareLock);

	if (mv_is_fts_index(index) && index->rd_index->indisvalid)
	{
		MvFtsSchema *schema = mv_fts_schema(index);
		int			field = field_of_operand(index, schema, operand, varno);

		if (field >= 0)
		{
			int			column = schema->fields[field].attno - 1;
			Candidate	found = {
				.index = oid, .field = field, .nfields = schema->nfields,
				.partial = RelationGetIndexPredicate(index) != NIL, .config = schema->config,
				.family = index->rd_opfamily[column], .type = index->rd_opcintype[column]
			};

			check_config(&found, best);
			if (is_better(&found, best))
				*best = found;
		}
		pfree(schema);
	}
	index_close(index, AccessShareLock);
}

static Candidate
find_index(PlannerInfo *root, Node *operand)
{
	Candidate	best = {.index = InvalidOid};
	Relids		varnos = pull_varnos(root, operand);
	int			varno;
	RangeTblEntry *rte;
	Relation	table;
	List	   *indexes;
	ListCell   *lc;

	if (!bms_get_singleton_member(varnos, &varno) ||
		varno > list_length(root->parse->rtable))
		return best;
	rte = rt_fetch(varno, root->parse->rtable);
	if (rte->rtekind != RTE_RELATION)
		return best;
	table = table_open(rte->relid, AccessShareLock);
	indexes = table->rd_rel->relhasindex ? RelationGetIndexList(table) : NIL;
	foreach(lc, indexes)
		consider(lfirst_oid(lc), operand, varno, &best);
	list_free(indexes);
	table_close(table, AccessShareLock);
	return best;
}

/* ---- what the expression becomes ---- */

/* The operator of a field with bm25query, and the type bm25query. */
static Oid
bound_operator(const Candidate *index, int strategy, Oid *type)
{
	CatCList   *list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(index->family));
	Oid operator= InvalidOid;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_amop member = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

		if (member->amopstrategy != strategy || member->amoplefttype != index->type)
			continue;
		operator= member->amopopr;
		*type = member->amoprighttype;
	}
	ReleaseSysCacheList(list);
	if (!OidIsValid(operator))
		elog(ERROR, "operator family %u has no operator %d", index->family, strategy);
	return operator;
}

/* bm25query(query, index, field), in the schema of the type. */
static Node *
query_call(Node *query, const Candidate *index, Oid type)
{
	Oid			args[] = {exprType(query), REGCLASSOID, INT4OID};
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	char	   *schema;
	Oid			function;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	schema = get_namespace_name(((Form_pg_type) GETSTRUCT(tuple))->typnamespace);
	ReleaseSysCache(tuple);
	function = LookupFuncName(list_make2(makeString(schema), makeString("bm25query")),
							  lengthof(args), args, false);
	return (Node *)
		makeFuncExpr(function, type,
					 list_make3(query,
								makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
										  ObjectIdGetDatum(index->index), false, true),
								makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
										  Int32GetDatum(index->field), false, true)),
					 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

static Node *
query_const(Const *query, const Candidate *index, Oid type)
{
	MvBm25Query *bound;

	if (query->consttype == TEXTOID)
	{
		text	   *words = DatumGetTextPP(query->constvalue);

		bound = mv_bm25query_words(index->index, index->field, VARDATA_ANY(words),
								   VARSIZE_ANY_EXHDR(words));
	}
	else
		bound = mv_bm25query_tree(index->index, index->field,
								  &DatumGetFtsQuery(query->constvalue)->tree);
	return (Node *) makeConst(type, -1, InvalidOid, -1, PointerGetDatum(bound), false, false);
}

static Node *
bind_query(SupportRequestSimplify *request, int strategy)
{
	FuncExpr   *call = request->fcall;
	Node	   *operand = linitial(call->args);
	Node	   *query = lsecond(call->args);
	Candidate	index;
	Oid			type;
	Oid			operator;
	OpExpr	   *op;

	if (request->root == NULL || (IsA(query, Const) && ((Const *) query)->constisnull))
		return NULL;
	index = find_index(request->root, mv_plain_columns(request->root, strip(operand)));
	if (!OidIsValid(index.index))
		return NULL;
	operator= bound_operator(&index, strategy, &type);
	query = IsA(query, Const) ? query_const((Const *) query, &index, type) :
		query_call(query, &index, type);
	op = (OpExpr *) make_opclause(operator, call->funcresulttype, false, (Expr *) operand,
								  (Expr *) query, InvalidOid, call->inputcollid);
	set_opfuncid(op);
	return (Node *) op;
}

/* ---- what a bound query says ---- */

Oid
mv_bm25query_of(Node *expression, int *field)
{
	*field = MV_ALL_FIELDS;
	if (IsA(expression, Const) && !((Const *) expression)->constisnull)
	{
		const MvBm25Query *query = DatumGetBm25Query(((Const *) expression)->constvalue);

		*field = query->field;
		return query->index;
	}
	if (IsA(expression, FuncExpr) && list_length(((FuncExpr *) expression)->args) >= 2)
	{
		List	   *args = ((FuncExpr *) expression)->args;
		Const	   *index = lsecond(args);
		Const	   *number = list_length(args) > 2 ? lthird(args) : NULL;

		if (number != NULL && IsA(number, Const) && number->consttype == INT4OID)
			*field = DatumGetInt32(number->constvalue);
		if (IsA(index, Const) && index->consttype == REGCLASSOID && !index->constisnull)
			return DatumGetObjectId(index->constvalue);
	}
	return InvalidOid;
}

/* Does a query name another field than this one, or, if that is NULL, any? */
static bool
names_another(const MvFtsTree *tree, const char *field)
{
	for (uint32 i = 0; i < tree->nnodes; i++)
	{
		MvFtsSpan	name = tree->nodes[i].field;

		if (name.len > 0 && (field == NULL || name.len != strlen(field) ||
							 memcmp(MV_FTS_TEXT(tree) + name.start, field, name.len) != 0))
			return true;
	}
	return false;
}

bool
mv_bm25query_is_for_several(Node *expression)
{
	int			field;
	Oid			oid = mv_bm25query_of(expression, &field);
	const MvBm25Query *query = OidIsValid(oid) && IsA(expression, Const) ?
		DatumGetBm25Query(((Const *) expression)->constvalue) : NULL;
	bool		names = query != NULL && query->structured &&
		names_another((const MvFtsTree *) query->body, NULL);
	Relation	index;
	bool		several = false;

	if (!OidIsValid(oid) || (field != MV_ALL_FIELDS && !names))
		return false;
	index = try_relation_open(oid, AccessShareLock);
	if (index == NULL)
		return false;
	if (mv_is_fts_index(index))
	{
		const MvFtsSchema *schema = mv_fts_schema(index);

		several = schema->nfields > 1 &&
			(field == MV_ALL_FIELDS ||
			 (field < schema->nfields &&
			  names_another((const MvFtsTree *) query->body, schema->fields[field].name)));
	}
	relation_close(index, AccessShareLock);
	return several;
}

/* ---- what it costs ---- */

static void
set_cost(SupportRequestCost *request)
{
	Node	   *operand = NULL;
	double		bytes = UNKNOWN_BYTES;
	int32		width = 0;

	if (request->node != NULL && IsA(request->node, OpExpr))
		operand = strip(linitial(((OpExpr *) request->node)->args));
	if (operand != NULL && request->root != NULL && IsA(operand, Var) &&
		((Var *) operand)->varlevelsup == 0 && !IS_SPECIAL_VARNO(((Var *) operand)->varno))
	{
		RangeTblEntry *rte = planner_rt_fetch(((Var *) operand)->varno, request->root);

		if (rte->rtekind == RTE_RELATION)
			width = get_attavgwidth(rte->relid, ((Var *) operand)->varattno);
	}
	if (width > 0)
		bytes = width > TOAST_POINTER_WIDTH ? width : TOASTED_BYTES;
	request->startup = COST_OF_QUERY * cpu_operator_cost;
	request->per_tuple = (COST_OF_CALL + bytes * COST_PER_BYTE) * cpu_operator_cost;
}

static Datum
support(Node *request, int strategy)
{
	if (!IsA(request, SupportRequestSimplify))
		return PointerGetDatum(NULL);
	return PointerGetDatum(bind_query((SupportRequestSimplify *) request, strategy));
}

/* bm25_distance_support(internal) returns internal: of <@> without an index */
PG_FUNCTION_INFO_V1(mv_bm25_distance_support);
Datum
mv_bm25_distance_support(PG_FUNCTION_ARGS)
{
	return support((Node *) PG_GETARG_POINTER(0), MV_FIELD_DISTANCE);
}

/* bm25_match_support(internal) returns internal: of @@@ without an index */
PG_FUNCTION_INFO_V1(mv_bm25_match_support);
Datum
mv_bm25_match_support(PG_FUNCTION_ARGS)
{
	return support((Node *) PG_GETARG_POINTER(0), MV_FIELD_MATCH);
}

/* bm25_cost_support(internal) returns internal: of both with an index */
PG_FUNCTION_INFO_V1(mv_bm25_cost_support);
Datum
mv_bm25_cost_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (!IsA(request, SupportRequestCost))
		PG_RETURN_POINTER(NULL);
	set_cost((SupportRequestCost *) request);
	PG_RETURN_POINTER(request);
}
