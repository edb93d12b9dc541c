/*
 * bm25query.h -- type bm25query: a full-text query for a certain index.
 */
#pragma once

#include "nodes/nodes.h"

#include "fts/query.h"
#include "types/ftsquery.h"

typedef struct MvBm25Query
{
	int32		vl_len_;
	Oid			index;			/* perhaps a partitioned one */
	int16		field;			/* number, or MV_ALL_FIELDS */
	bool		structured;		/* body is an MvFtsTree, else a text of nbytes */
	int8		unused;
	uint32		nbytes;
	char		body[];
} MvBm25Query;

#define DatumGetBm25Query(x) ((MvBm25Query *) PG_DETOAST_DATUM(x))
#define PG_GETARG_BM25QUERY(n) DatumGetBm25Query(PG_GETARG_DATUM(n))

/* palloc'd ones */
MvBm25Query *mv_bm25query_words(Oid index, int field, const char *words, int len);
MvBm25Query *mv_bm25query_tree(Oid index, int field, const MvFtsTree *tree);

/* The query as its index answers it; in the current memory context. */
MvQuery    *mv_bm25query_bind(const MvBm25Query *query, const MvFtsSchema *schema,
							  MvAnalyzer *analyzer);

/*
 * mv_bm25query_check -- is the query for this index, or for one that it is a
 * partition of?  55000 if not.
 */
void		mv_bm25query_check(const MvBm25Query *query, Relation index);

/*
 * mv_bm25query_of -- what a query expression says when it is planned.
 *
 * field	out: number, or MV_ALL_FIELDS
 * returns	the index's OID, InvalidOid if it will be known later only
 */
Oid			mv_bm25query_of(Node *expression, int *field);

/* Does such an expression ask several columns, so that only an index scan can answer? */
bool		mv_bm25query_is_for_several(Node *expression);
