/*
 * row_scores.h -- row_scores.c: full-text scores of rows that are known already.
 */
#pragma once

#include "access/genam.h"
#include "utils/rel.h"

/*
 * mv_row_scores -- by a bm25 index, without moving the scan.
 *
 * scan		in the order of scores, after a rescan
 * tids		[n] of rows of the table that the scan's snapshot sees, ascending, no two alike
 * scores	out: [n], >= 0; below 0 where the index does not tell
 */
void		mv_row_scores(IndexScanDesc scan, Relation table, const ItemPointerData *tids, int n,
						  double *scores);
