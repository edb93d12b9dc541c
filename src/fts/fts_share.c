/*
 * fts_share.c -- how many documents have a term, about: quick, for the planner.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "fts/fts.h"

/* Smaller segments than such a part of the documents are not asked. */
#define SMALL_PART 16

static uint32
df_in(MvFtsSegment *segment, const MvQueryTerm *term)
{
	uint8		key[MV_FTS_KEY_SIZE];
	MvFtsTermEntry entry;

	if (term->len > MV_MAX_TERM)
		return 0;
	key[0] = (uint8) term->field;
	memcpy(key + 1, term->bytes, term->len);
	return mv_fts_dict_find(segment->store, key, term->len + 1, &entry) ? entry.df : 0;
}

double
mv_fts_shares(Relation index, const MvQueryTerm *terms, int nterms, double *shares)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 shares",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsSnapshot *snapshot = mv_fts_open_some(index, NULL);
	double		all = snapshot->ndocs;
	double		asked = 0;

	memset(shares, 0, sizeof(double) * nterms);
	for (int s = 0; s < snapshot->nsegments; s++)
	{
		MvFtsSegment *segment = &snapshot->segments[s];

		if ((double) segment->ndocs * SMALL_PART < all)
			continue;
		asked += segment->ndocs;
		for (int t = 0; t < nterms; t++)
		{
			CHECK_FOR_INTERRUPTS();
			shares[t] += df_in(segment, &terms[t]);
		}
	}
	for (int t = 0; t < nterms; t++)
		shares[t] = asked > 0 ? shares[t] / asked : 0;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return all;
}
