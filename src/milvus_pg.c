/*
 * milvus_pg.c -- module entry.
 */
#include "postgres.h"

#include <stdlib.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "am/am.h"
#include "compat.h"
#include "core/dist.h"
#include "fts/schema.h"
#include "guc.h"
#include "search/search.h"

MV_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

/*
 * MILVUS_SIMD in the server's environment forces a level (plain, avx2, avx512,
 * neon) for tests and support; a level this CPU lacks is ignored.
 */
void
_PG_init(void)
{
	const char *level = getenv("MILVUS_SIMD");

	if (level == NULL || !mv_kernels_init(level))
		mv_kernels_init(NULL);
	mv_guc_init();
	mv_options_init();
	mv_fts_options_init();
	mv_fts_partitioned_init();
	mv_search_init();
}

/*
 * milvus_version() returns text
 *
 * Version of the library and the kernel level chosen for this CPU, e.g.
 * "milvus_pg 0.2.0 (simd avx512)".
 */
PG_FUNCTION_INFO_V1(mv_milvus_version);
Datum
mv_milvus_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("milvus_pg %s (simd %s)",
											  MV_VERSION, mv_kernels.level)));
}
