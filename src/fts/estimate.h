/*
 * estimate.h -- what an index knows of a query while it is planned.
 */
#pragma once

#include "nodes/pathnodes.h"

#include "fts/bm25query.h"

typedef struct MvMatchEstimate
{
	double		rows;			/* share of the index's documents that match */
	double		postings;		/* of all terms, for each document of the index */
} MvMatchEstimate;

/*
 * mv_match_estimate -- of a clause `column @@@ bm25query` or an order
 * `column <@> bm25query`.
 *
 * rel		the table, or a partition, that it is asked of
 * returns	false if nothing is known: the query comes with the execution, or the index
 *			has nothing but pending documents
 *
 * Analyses the query and reads dictionaries; what it found is kept for the next
 * call with the same query in a statement.
 */
bool		mv_match_estimate(PlannerInfo *root, const RelOptInfo *rel, Node *query,
							  MvMatchEstimate *estimate);
