/*
 * counters.h -- what the last index scan of this backend did.
 *
 * am/ starts the counts and counts what is the same for all methods; a method
 * adds to its own while it searches.  For milvus_last_scan().
 */
#pragma once

typedef struct MvScanCounters
{
	Oid			index;			/* InvalidOid: there was no scan yet */

	/* counted by am/ */
	uint64		pages;			/* read from buffers, as EXPLAIN (BUFFERS) counts them */
	uint64		rows;			/* returned */

	/* counted by the method */
	uint64		lists;			/* read */
	uint64		hops;			/* nodes of a graph that a walk went to */
	uint64		codes;			/* compared with the query */
	uint64		candidates;		/* rows whose code made them worth re-ranking */
	uint64		reranked;		/* rows compared by their stored vector */
	uint64		resumed;		/* times it read on because more rows were asked for */
	const char *filter;			/* how it went about a filter; NULL: there was none */
	uint64		switches;		/* times it changed its mind about that */
	uint64		matches;		/* rows that pass, if all were asked */
	uint64		tested;			/* rows looked up one by one for that */

	/* and of full text */
	uint64		segments;		/* and the pending documents */
	uint64		windows;		/* of documents that were looked at */
	uint64		blocks;			/* of postings decoded */
	uint64		skipped;		/* blocks left out by their bound */
	uint64		documents;		/* that got points */
} MvScanCounters;

/* Of the scan that started last; older scans that still run add to it, too. */
extern MvScanCounters mv_last_scan;

/* Start again from zero. */
void		mv_counters_begin(Oid index);

/* Add what one scan, or a part of it, did to what others did. */
void		mv_counters_add(MvScanCounters *sum, const MvScanCounters *more);

/* Pages that this backend has asked buffers for so far. */
uint64		mv_counters_pages_read(void);
