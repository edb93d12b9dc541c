/*
 * bm25_stub.c -- callbacks and functions of the store that are still to be written;
 * whoever writes one deletes it here.
 */
#include "postgres.h"

#include "am/bm25.h"

#define STUB(type, name, ...) \
	type name(__VA_ARGS__) \
	{ \
		elog(ERROR, #name " is not written yet"); \
	}

STUB(IndexScanDesc, mv_bm25_beginscan, Relation index, int nkeys, int norderbys)
STUB(void, mv_bm25_rescan, IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys,
	 int norderbys)
STUB(bool, mv_bm25_gettuple, IndexScanDesc scan, ScanDirection direction)
STUB(int64, mv_bm25_getbitmap, IndexScanDesc scan, TIDBitmap *bitmap)
STUB(void, mv_bm25_endscan, IndexScanDesc scan)
