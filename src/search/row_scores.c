/*
 * row_scores.c -- full-text scores of rows that are known already.
 *
 * An index knows a row by the root of its HOT chain.  Nearly always that is the row's
 * own TID, so the index is asked for this first, and pages of the table are looked at
 * for what it has not got.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "storage/bufmgr.h"

#include "am/bm25.h"
#include "compat.h"
#include "search/row_scores.h"

/* A row that the index knows by another TID. */
typedef struct Moved
{
	ItemPointerData root;
	int			row;
} Moved;

static int
compare_roots(const void *a, const void *b)
{
	return ItemPointerCompare(&((Moved *) a)->root, &((Moved *) b)->root);
}

/* Roots of the HOT chains of a page's rows. */
static void
read_roots(Relation table, BlockNumber block, OffsetNumber *roots)
{
	Buffer		buffer = ReadBuffer(table, block);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	heap_get_root_tuples(BufferGetPage(buffer), roots);
	UnlockReleaseBuffer(buffer);
}

/* Rows without a score that are not the roots of their chains, by root; returns their number. */
static int
find_moved(Relation table, const ItemPointerData *tids, int n, const double *scores,
		   Moved *moved)
{
	OffsetNumber roots[MaxHeapTuplesPerPage];
	BlockNumber read = InvalidBlockNumber;
	int			found = 0;

	for (int i = 0; i < n; i++)
	{
		BlockNumber block = ItemPointerGetBlockNumber(&tids[i]);
		OffsetNumber offset = ItemPointerGetOffsetNumber(&tids[i]);

		if (scores[i] >= 0 || offset > MaxHeapTuplesPerPage)
			continue;
		if (block != read)
			read_roots(table, block, roots);
		read = block;
		if (roots[offset - 1] == offset || !OffsetNumberIsValid(roots[offset - 1]))
			continue;
		ItemPointerSet(&moved[found].root, block, roots[offset - 1]);
		moved[found++].row = i;
	}
	qsort(moved, found, sizeof(Moved), compare_roots);
	return found;
}

void
mv_row_scores(IndexScanDesc scan, Relation table, const ItemPointerData *tids, int n,
			  double *scores)
{
	Moved	   *moved;
	ItemPointerData *roots;
	double	   *found;
	int			nmoved;

	mv_bm25_scores(scan, tids, n, scores);
	if (table->rd_tableam != GetHeapamTableAmRoutine())
		return;
	moved = palloc(sizeof(Moved) * n);
	nmoved = find_moved(table, tids, n, scores, moved);
	roots = palloc(sizeof(ItemPointerData) * n);
	found = palloc(sizeof(double) * n);
	for (int i = 0; i < nmoved; i++)
		roots[i] = moved[i].root;
	if (nmoved > 0)
		mv_bm25_scores(scan, roots, nmoved, found);
	for (int i = 0; i < nmoved; i++)
		scores[moved[i].row] = found[i];
	pfree(moved);
	pfree(roots);
	pfree(found);
}
