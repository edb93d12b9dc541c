/*
 * text_score.h -- what a query gives a text, without an index scan: the same as with one.
 */
#pragma once

#include "fts/bm25query.h"
#include "fts/segment.h"

/*
 * mv_query_statistics -- what weights come from, of an index as it is now; of a
 * partitioned one the sums over its partitions.
 *
 * fields	out: [MV_MAX_FIELDS]
 * df		out: [query->nterms]
 */
void		mv_query_statistics(Oid index, const MvQuery *query, MvFtsFieldStats *fields,
								double *df);

/* mv_query_weights -- boost * idf of every leaf, [query->nleaves]. */
void		mv_query_weights(const MvQuery *query, const MvFtsFieldStats *fields,
							 const double *df, float *weights);

typedef struct MvScorer MvScorer;

/*
 * mv_scorer_open -- for many texts; with the statistics that the query's index has now.
 *
 * In the current memory context.  55000 if the query's fields are not all one,
 * that of the text.
 */
MvScorer   *mv_scorer_open(const MvBm25Query *query);
void		mv_scorer_close(MvScorer *scorer);

/* Does the text, of the query's field, match?  Its score, >= 0, if score is not NULL. */
bool		mv_scorer_match(MvScorer *scorer, Datum text, double *score);
