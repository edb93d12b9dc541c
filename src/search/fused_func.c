/*
 * fused_func.c -- rrf(), as far as it is a function.
 *
 * A rank is no property of a row, so rrf() is computed by a plan node, which the
 * planner finds it in (fused_path.c).  Evaluated anywhere else it can only say how
 * it is to be written.
 */
#include "postgres.h"

#include "fmgr.h"

#include "search/fused.h"

PG_FUNCTION_INFO_V1(mv_rrf);
PG_FUNCTION_INFO_V1(mv_rrf_support);

/*
 * rrf(l1 float8, l2 .. l8 float8 DEFAULT NULL, k int DEFAULT 60, weights float8[] DEFAULT NULL)
 * returns float8
 *
 * Raises 0A000 wherever it is called.
 */
Datum
mv_rrf(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("rrf() can only be computed by a scan in its order"),
			 errdetail("Ranks are over all rows of one table that pass its conditions."),
			 errhint("Write SELECT ..., rrf(...) AS score FROM one_table WHERE ... ORDER BY score "
					 "LIMIT n, as a subquery if there are joins, groups or row locks.")));
	PG_RETURN_NULL();
}

/*
 * Has nothing to say.  It is there to be called: so the library with its planner
 * hooks is loaded before paths are made.
 */
Datum
mv_rrf_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
