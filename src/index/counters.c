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

uint64
mv_counters_pages_read(void)
{
	return pgBufferUsage.shared_blks_hit + pgBufferUsage.shared_blks_read +
		pgBufferUsage.local_blks_hit + pgBufferUsage.local_blks_read;
}
