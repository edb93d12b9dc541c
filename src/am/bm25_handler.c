/*
 * bm25_handler.c -- the handler of access method bm25.
 */
#include "postgres.h"

#include "commands/vacuum.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/schema.h"

/* bm25_handler(internal) returns index_am_handler */
PG_FUNCTION_INFO_V1(mv_bm25_handler);
Datum
mv_bm25_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amsupport = MV_FIELD_PROCS;
	am->amcanorderbyop = true;
	am->amcanmulticol = true;
	am->amoptionalkey = true;
	am->amusemaintenanceworkmem = true;
	/* The cleanup merges segments; that the leader does it, fts_retire.c explains. */
	am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
	am->amkeytype = InvalidOid;
	mv_can_build_parallel(am);

	am->ambuild = mv_bm25_build;
	am->ambuildempty = mv_bm25_buildempty;
	am->ambuildphasename = mv_bm25_buildphasename;
	am->aminsert = mv_bm25_insert;
	am->ambulkdelete = mv_bm25_bulkdelete;
	am->amvacuumcleanup = mv_bm25_cleanup;
	am->amcostestimate = mv_bm25_costestimate;
	am->amoptions = mv_fts_options;
	am->amvalidate = mv_bm25_validate;
	am->ambeginscan = mv_bm25_beginscan;
	am->amrescan = mv_bm25_rescan;
	am->amgettuple = mv_bm25_gettuple;
	am->amgetbitmap = mv_bm25_getbitmap;
	am->amendscan = mv_bm25_endscan;
	PG_RETURN_POINTER(am);
}
