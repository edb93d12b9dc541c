/*
 * counters.c -- the counters of index scans.
 */
#include "postgres.h"

#include "executor/instrument.h"

#include "compat.h"
#include "index/counters.h"

MvScanCounters mv_last_scan;

void
mv_counters_begin(Oid index)
{
	mv_last_scan = (MvScanCounters){ .index = index };
}

void
mv_counters_add(MvScanCounters *sum, const MvScanCounters *more)
{
	sum->pages += more->pages;
	sum->rows += more->rows;
	sum->lists += more->lists;
	sum->hops += more->hops;
	sum->codes += more->codes;
	sum->candidates += more->candidates;
	sum->reranked += more->reranked;
	sum->resumed += more->resumed;
	if (more->filter != NULL)
		sum->filter = more->filter;
	sum->switches += more->switches;
	sum->matches += more->matches;
	sum->tested += more->tested;
	sum->segments += more->segments;
	sum->windows += more->windows;
	sum->blocks += more->blocks;
	sum->skipped += more->skipped;
	sum->documents += more->documents;
}

uint64
mv_counters_pages_read(void)
{
	return pgBufferUsage.shared_blks_hit + pgBufferUsage.shared_blks_read +
		pgBufferUsage.local_blks_hit + pgBufferUsage.local_blks_read;
}
