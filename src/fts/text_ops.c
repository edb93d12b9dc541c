/*
 * text_ops.c -- the operators <@> and @@@, where no index scan answers them.
 *
 * With a plain text or an ftsquery they do not know an index, and with it an
 * analyzer and statistics: the planner binds them to one (bind.c), and what it
 * could not bind is an error here.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "fts/text_score.h"

/* The scorer of a call site, as long as query and snapshot stay the same. */
typedef struct Site
{
	MvBm25Query *query;
	TransactionId xmax;
	CommandId	command;
	MvScorer   *scorer;
} Site;

static bool
is_current(const Site *site, const MvBm25Query *query, Snapshot snapshot)
{
	return site->scorer != NULL && VARSIZE(site->query) == VARSIZE(query) &&
		memcmp(site->query, query, VARSIZE(query)) == 0 &&
		(snapshot == NULL ||
		 (site->xmax == snapshot->xmax && site->command == snapshot->curcid));
}

static MvScorer *
scorer_of(FunctionCallInfo fcinfo, const MvBm25Query *query)
{
	Site	   *site = fcinfo->flinfo->fn_extra;
	Snapshot	snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
	MemoryContext old;

	if (site != NULL && is_current(site, query, snapshot))
		return site->scorer;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (site == NULL)
		fcinfo->flinfo->fn_extra = site = palloc0(sizeof(Site));
	if (site->scorer != NULL)
	{
		MvScorer   *outdated = site->scorer;

		site->scorer = NULL;
		mv_scorer_close(outdated);
		pfree(site->query);
	}
	site->query = palloc(VARSIZE(query));
	memcpy(site->query, query, VARSIZE(query));
	site->xmax = snapshot != NULL ? snapshot->xmax : InvalidTransactionId;
	site->command = snapshot != NULL ? snapshot->curcid : InvalidCommandId;
	site->scorer = mv_scorer_open(query);
	MemoryContextSwitchTo(old);
	return site->scorer;
}

/*
 * bm25_distance(text, bm25query), (text[], bm25query) returns double precision
 *
 * The negative score; 0 for what does not match.
 */
PG_FUNCTION_INFO_V1(mv_bm25_distance);
Datum
mv_bm25_distance(PG_FUNCTION_ARGS)
{
	double		score;

	mv_scorer_match(scorer_of(fcinfo, PG_GETARG_BM25QUERY(1)), PG_GETARG_DATUM(0), &score);
	PG_RETURN_FLOAT8(0 - score);
}

/* bm25_match(text, bm25query), (text[], bm25query) returns boolean */
PG_FUNCTION_INFO_V1(mv_bm25_match);
Datum
mv_bm25_match(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(mv_scorer_match(scorer_of(fcinfo, PG_GETARG_BM25QUERY(1)),
								   PG_GETARG_DATUM(0), NULL));
}

/*
 * bm25_distance(text, text), (text, ftsquery), (text[], ...) returns double precision
 * bm25_match(text, ftsquery), (text[], ...) returns boolean
 */
PG_FUNCTION_INFO_V1(mv_bm25_unbound);
Datum
mv_bm25_unbound(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a full-text query needs a bm25 index on what it is asked of"),
			 errdetail("The index has the text search configuration and the statistics."),
			 errhint("Left of the operator must be a table's column, or an expression, with such "
					 "an index; elsewhere name one: <@> bm25query('words', 'index').")));
	PG_RETURN_NULL();
}

/* bm25_field(internal) returns internal: marks operator classes of text to search in */
PG_FUNCTION_INFO_V1(mv_bm25_field);
Datum
mv_bm25_field(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
