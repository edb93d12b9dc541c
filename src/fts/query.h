/*
 * query.h -- a query as an index answers it: analysed, with fields as numbers.
 *
 * What a query matches and scores:
 *
 *   TERM     documents that have the term;  boost * idf * BM25(tf, length)
 *   PHRASE   documents that have the slots' terms in a row (core/phrase.h);
 *            boost * (sum of the slots' idf) * BM25(occurrences, length), where
 *            the idf of a slot of several terms is the largest of theirs
 *   BOOL     documents that all of must match, none of must_not, and at least
 *            min_should of should;  the sum of those of must and should that match
 *   NOTHING  no document: only stop words, for instance
 *
 * The leaves (TERM, PHRASE) are numbered in the order of the query.  A score is
 * the sum of their points (core/score.h), whose scale comes from the weights of
 * all of them in that order; must_not has no leaves that count.  What matches has
 * a score above 0: a boost of 0 is refused.
 */
#pragma once

#include "core/ftsquery.h"
#include "fts/analyze.h"

typedef struct MvQueryTerm
{
	const char *bytes;
	int			len;
	int			field;
} MvQueryTerm;

typedef enum MvQueryKind
{
	MV_QUERY_NOTHING,
	MV_QUERY_TERM,
	MV_QUERY_PHRASE,
	MV_QUERY_BOOL
} MvQueryKind;

/* A term of a phrase; alternatives have the same slot. */
typedef struct MvQuerySlot
{
	int			term;			/* index in the query's terms */
	int			slot;			/* from 0, ascending, without gaps */
	uint32		offset;			/* position after that of the first slot */
} MvQuerySlot;

typedef struct MvQueryNode MvQueryNode;

struct MvQueryNode
{
	MvQueryKind kind;

	/* TERM, PHRASE */
	int			leaf;			/* number; -1 if it does not count for the score */
	float		boost;			/* of itself, all around it and the field; > 0 */
	int			term;			/* TERM: index in the query's terms */
	int			field;			/* PHRASE: of all its terms */
	int			nslots;			/* PHRASE: members of slots, at least 2 */
	uint32		slop;
	MvQuerySlot *slots;

	/* BOOL; at least one of must and should is there */
	int			nmust;
	int			nshould;
	int			nmust_not;
	int			min_should;		/* 0 .. nshould; > 0 if nmust is 0 */
	MvQueryNode **must;
	MvQueryNode **should;
	MvQueryNode **must_not;
};

typedef struct MvQuery
{
	int			nterms;			/* distinct ones of fields */
	MvQueryTerm *terms;
	int			nleaves;
	MvQueryNode **leaves;		/* by number */
	MvQueryNode *root;
	bool		bag;			/* the root is a TERM, or a BOOL that needs one of its TERMs */
} MvQuery;

/* Fields that words without one are looked for in. */
#define MV_ALL_FIELDS (-1)

/*
 * mv_query_words -- any of the words of a text; those that occur n times count
 * n times as much.
 *
 * field	number, or MV_ALL_FIELDS: in all of them, with their boosts
 *
 * In the current memory context, as the other one.
 */
MvQuery    *mv_query_words(const MvFtsSchema *schema, MvAnalyzer *analyzer, int field,
						   const char *text, int len);

/*
 * mv_query_bind -- a structured query.
 *
 * tree		as core/ftsquery.h stores it
 *
 * 42703 if it names a field that the index has not; 0A000 for a phrase on an index
 * without positions.
 */
MvQuery    *mv_query_bind(const MvFtsSchema *schema, MvAnalyzer *analyzer, int field,
						  const MvFtsTree *tree);

/*
 * mv_query_implies -- is it certain that what matches `from` matches `to`?
 *
 * Both are of the same index.  By what the queries say alone, and only so long as
 * that is quick: false may mean that it is not seen.
 * query_implies.c.
 */
bool		mv_query_implies(const MvQuery *from, const MvQuery *to);
