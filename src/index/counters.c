/*
 * counters.c -- the counters of index scans.
 */
#include "postgres.h"

#include "compat.h"
#include "index/counters.h"

MvScanCounters mv_last_scan;

void
mv_counters_begin(Oid index)
{
	mv_last_scan = (MvScanCounters){ .index = index };
}
