/*
 * search.h -- rows of a bm25 index: the best ones by score, or all that match.
 *
 * The order of rows: first what matches the scored query, by score; rows of equal
 * score by segment and document, which in an index just built is the order of
 * the table.  Then, if wanted, all others, with score 0; then those
 * whose field is null.
 */
#pragma once

#include "nodes/tidbitmap.h"
#include "utils/snapshot.h"

#include "fts/query.h"
#include "index/attribute.h"
#include "index/tidset.h"

/* A query that must match. */
typedef struct MvFtsFilter
{
	const MvQuery *query;
	int			field;			/* and this must not be null; MV_ALL_FIELDS: any */
} MvFtsFilter;

/* The order of an attribute, which has one. */
typedef struct MvFtsSort
{
	int			attribute;
	bool		descending;
	bool		nulls_first;
} MvFtsSort;

/* What is looked for; all of it lives as long as the search. */
typedef struct MvFtsRequest
{
	const MvQuery *query;		/* scored; NULL: rows come without order of scores, scored 0 */
	const MvFtsSort *sort;		/* without a query: their order; NULL: any */
	int			field;			/* rows are last where it is null; MV_ALL_FIELDS: nowhere */
	bool		all;			/* rows that do not match it, too */
	int			nfilters;
	const MvFtsFilter *filters; /* each must match */
	int			nconditions;
	const MvCondition *conditions;	/* each must be true */
	const MvTidSet *tids;		/* rows wanted; NULL: all */
	int			rows;			/* perhaps wanted; 0: unknown */
	Oid			statistics;		/* index that they are of, perhaps partitioned; invalid: this one */
} MvFtsRequest;

typedef struct MvFtsHit
{
	ItemPointerData tid;
	double		score;			/* >= 0 */
	bool		null;			/* the field is */
} MvFtsHit;

typedef struct MvFtsSearch MvFtsSearch;

/*
 * mv_search_begin -- in the current memory context.
 *
 * The caller holds an MVCC snapshot until mv_search_end().  No lock is held
 * between calls; some pages of lists may stay pinned.
 */
MvFtsSearch *mv_search_begin(Relation index, const MvFtsSchema *schema,
							 const MvFtsRequest *request);

/* The next row; false: there is none.  Returns rows that are dead, too. */
bool		mv_search_next(MvFtsSearch *search, MvFtsHit *hit);

/* All rows that match, instead of mv_search_next(); returns their number. */
int64		mv_search_bitmap(MvFtsSearch *search, TIDBitmap *bitmap, bool recheck);

/*
 * mv_search_count -- the number of rows that match and that the snapshot sees,
 * instead of mv_search_next().
 *
 * heap		the index's table
 * fetched	grows by the rows that had to be looked at there
 */
int64		mv_search_count(MvFtsSearch *search, Relation heap, Snapshot snapshot,
							int64 *fetched);

/*
 * mv_search_scores -- what the request's query gives to some rows, instead of
 * mv_search_next().  Nothing else that the request asks for has a say.
 *
 * tids		[n], ascending, no two alike
 * scores	out: [n], >= 0; below 0 where no live document was found
 *
 * Of rows that are in the index a few may not be found, where there are many documents
 * that are not in the order of the table.
 */
void		mv_search_scores(MvFtsSearch *search, const ItemPointerData *tids, int n,
							 double *scores);

void		mv_search_end(MvFtsSearch *search);
