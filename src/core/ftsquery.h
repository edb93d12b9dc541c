/*
 * ftsquery.h -- the language of full-text queries: text to tree and back.
 *
 *   query    clauses, each should, + must or - must not
 *   clause   [+ or -] [field:] word | "phrase"[~slop] | (query)[~minimum]  [^boost]
 *
 *   postgres +"query planner"~2 -oracle title:(join hash)~1^2.5
 *
 * A word ends at white space, a bracket, a quote, ^ or ~, and the first : ends a
 * field; a backslash makes any byte part of it.  A field is a word or, quoted,
 * anything.  Without + clauses at least one of the others matches, or `minimum` of
 * them.  Reserved for more, and refused: words with * or ?, words followed by ~,
 * and words that begin with one of / [ ] { } < > = !
 *
 * Words are not looked at: the index's analyzer does that.
 */
#pragma once

#include "core/status.h"

#define MV_FTS_MAX_DEPTH 64
#define MV_FTS_MAX_BYTES (1 << 18)	/* of a query's text */
#define MV_FTS_MAX_SLOP 10000
#define MV_FTS_MAX_BOOST 1e6f

typedef enum MvFtsKind
{
	MV_FTS_WORD,
	MV_FTS_PHRASE,
	MV_FTS_GROUP
} MvFtsKind;

typedef enum MvFtsOccur
{
	MV_SHOULD,
	MV_MUST,
	MV_MUST_NOT
} MvFtsOccur;

/* Part of a text, by bytes. */
typedef struct MvFtsSpan
{
	uint32_t	start;
	uint32_t	len;
} MvFtsSpan;

/* In preorder: a group's clauses follow it. */
typedef struct MvFtsNode
{
	uint8_t		kind;			/* MvFtsKind */
	uint8_t		occur;			/* MvFtsOccur */
	uint16_t	unused;
	uint32_t	end;			/* index of the node after this one and all below it */
	uint32_t	number;			/* PHRASE: slop; GROUP: minimum of should, 0 if not said */
	float		boost;			/* > 0 */
	MvFtsSpan	field;			/* len 0: none said */
	MvFtsSpan	text;			/* WORD, PHRASE: without quotes and backslashes */
} MvFtsNode;

/*
 * A query: nodes, then the bytes that spans refer to.  The first node is a group of
 * all; it may be empty, then the query matches nothing.
 */
typedef struct MvFtsTree
{
	uint32_t	nnodes;
	uint32_t	nbytes;
	MvFtsNode	nodes[];
} MvFtsTree;

#define MV_FTS_TEXT(tree) ((const char *) ((tree)->nodes + (tree)->nnodes))

static inline size_t
mv_fts_size(uint32_t nnodes, uint32_t nbytes)
{
	return sizeof(MvFtsTree) + sizeof(MvFtsNode) * nnodes + nbytes;
}

/* Bytes that the tree of a text needs at most, while it is parsed. */
size_t		mv_fts_bound(size_t len);

/* What a text was refused for. */
typedef struct MvFtsError
{
	const char *what;			/* static; lower case, no period */
	uint32_t	at;				/* byte of the text */
} MvFtsError;

/*
 * mv_fts_parse -- read a query.
 *
 * text		len bytes, at most MV_FTS_MAX_BYTES
 * tree		out: mv_fts_bound(len) bytes; mv_fts_size() of them are in use afterwards
 * returns	false if it is refused
 */
bool		mv_fts_parse(const char *text, size_t len, MvFtsTree *tree, MvFtsError *error);

/*
 * mv_fts_parse_web -- read what people type: words are must, "phrases", -not, and
 * `or` between alternatives.  Refuses nothing but what is too long.
 */
bool		mv_fts_parse_web(const char *text, size_t len, MvFtsTree *tree, MvFtsError *error);

/* Bytes that mv_fts_print() writes at most. */
size_t		mv_fts_print_bound(const MvFtsTree *tree);

/*
 * mv_fts_print -- the tree as a text that mv_fts_parse() reads back to the same tree.
 *
 * out		mv_fts_print_bound(tree) bytes; not terminated
 * returns	bytes written
 */
size_t		mv_fts_print(const MvFtsTree *tree, char *out);
