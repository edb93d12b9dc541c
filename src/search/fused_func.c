/*
 * fused_func.c -- rrf(), weighted() and leg(), as far as they are functions.
 *
 * A rank is no property of a row, so they are computed by a plan node, which the
 * planner finds them in (fused_path.c).  Evaluated anywhere else they can only say
 * how they are to be written.
 */
#include "postgres.h"

#include "search/fused_func.h"

PG_FUNCTION_INFO_V1(mv_rrf);
PG_FUNCTION_INFO_V1(mv_rrf_support);
PG_FUNCTION_INFO_V1(mv_weighted);
PG_FUNCTION_INFO_V1(mv_leg);

static void
refuse(const char *function)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s() can only be computed by a scan in its order", function),
			 errdetail("Ranks are over all rows of one table that pass its conditions."),
			 errhint("Write SELECT ..., %s(...) AS score FROM one_table WHERE ... ORDER BY score "
					 "LIMIT n, as a subquery if there are joins, groups or row locks.", function)));
}

/*
 * rrf(l1 float8, l2 .. l8 float8 DEFAULT NULL, k int DEFAULT 60, weights float8[] DEFAULT NULL)
 * returns float8
 *
 * Raises 0A000 wherever it is called.
 */
Datum
mv_rrf(PG_FUNCTION_ARGS)
{
	refuse("rrf");
	PG_RETURN_NULL();
}

/*
 * weighted(legs float8[], weights float8[] DEFAULT NULL, norm text DEFAULT 'atan')
 * returns float8
 *
 * As rrf().
 */
Datum
mv_weighted(PG_FUNCTION_ARGS)
{
	refuse("weighted");
	PG_RETURN_NULL();
}

/*
 * leg(distance float8, filter boolean DEFAULT true, depth int DEFAULT NULL) returns float8
 *
 * Raises 0A000: it is there for the legs of rrf() and weighted(), which know it.
 */
Datum
mv_leg(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("leg() can only be a leg of rrf() or weighted()"),
			 errhint("Write ORDER BY rrf(leg(embedding <=> $1, filter => year > 2020), ...).")));
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
