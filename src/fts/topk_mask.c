/*
 * topk_mask.c -- what is asked of documents besides the scored query: that they are alive,
 * conditions on attributes, filters, what must not match, fields that are not null, a set
 * of rows.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "fts/topk.h"
#include "index/counters.h"

StaticAssertDecl(MV_KEY_CHUNK == MV_WINDOW, "a window's keys are those of a zone");

/* What the zone alone tells of its documents. */
static MvKeyMatch
zone_match(const MvFtsZone *zone, const MvCondition *condition)
{
	MvKeyMatch	match = MV_KEYS_NONE;
	uint64		from,
				to;
	int			i;

	for (i = 0; i < condition->nranges && match != MV_KEYS_ALL; i++)
		match = Max(match, mv_keys_range(&zone->code, NULL, condition->ranges[i].low,
										 condition->ranges[i].high, &from, &to));
	return match;
}

bool
mv_topk_may_pass(MvFtsSearch *search, uint32 doc)
{
	const MvFtsRequest *request = search->request;
	int			i;

	for (i = 0; i < request->nconditions; i++)
		if (zone_match(mv_fts_zone(search->segment, request->conditions[i].attribute, doc),
					   &request->conditions[i]) == MV_KEYS_NONE)
			return false;
	return true;
}

static bool
passes_condition(MvFtsSearch *search, const MvCondition *condition, uint32 doc)
{
	const MvFtsZone *zone = mv_fts_zone(search->segment, condition->attribute, doc);
	MvKeyMatch	match = zone_match(zone, condition);
	int64		distinct[MV_KEY_DISTINCT];
	uint64		code = 0;
	int64		key;

	if (match != MV_KEYS_SOME)
		return match == MV_KEYS_ALL;
	mv_fts_codes(search->segment, condition->attribute, doc, 1, distinct, &code);
	if (!mv_keys_decode(&zone->code, distinct, &code, 1, &key))
		return false;
	return mv_condition_holds(condition, key);
}

/* Room for the codes of a window's keys. */
static void *
code_buffer(MvFtsSearch *search, int width)
{
	if (search->codes_width < width)
	{
		if (search->codes != NULL)
			pfree(search->codes);
		search->codes = MemoryContextAlloc(search->context, (Size) width * MV_WINDOW);
		search->codes_width = width;
	}
	return search->codes;
}

/*
 * Out of the mask with what a condition does not allow.  What lies in no range or all in one
 * is known from the zone alone.
 */
static void
apply_condition(MvFtsSearch *search, const MvCondition *condition, uint32 n)
{
	const MvFtsZone *zone = mv_fts_zone(search->segment, condition->attribute, search->mask_base);
	int64		distinct[MV_KEY_DISTINCT];
	void	   *codes = NULL;
	MvBits		any,
				bits;
	uint64		from,
				to;
	int			i,
				j;

	memset(&any, 0, sizeof(MvBits));
	for (i = 0; i < condition->nranges; i++)
	{
		const MvKeyRange *range = &condition->ranges[i];
		MvKeyMatch	match = mv_keys_range(&zone->code, codes == NULL ? NULL : distinct, range->low,
										  range->high, &from, &to);

		if (match == MV_KEYS_ALL)
			return;
		if (match == MV_KEYS_NONE)
			continue;
		if (codes == NULL)
		{
			codes = code_buffer(search, zone->code.width);
			mv_fts_codes(search->segment, condition->attribute, search->mask_base, n, distinct,
						 codes);
			match = mv_keys_range(&zone->code, distinct, range->low, range->high, &from, &to);
			if (match == MV_KEYS_NONE)
				continue;
		}
		mv_score_kernels.between(codes, zone->code.width, n, from, to, bits.words);
		for (j = 0; j < (n + 63) / 64; j++)
			any.words[j] |= bits.words[j];
	}
	for (j = 0; j < lengthof(any.words); j++)
		search->mask.words[j] &= any.words[j];
}

/* Live bits of the window at base, as long as no other is asked for. */
static const uint64 *
window_live(MvFtsSearch *search, uint32 base)
{
	uint32		from = base / MV_LIVE_DOCS * MV_LIVE_DOCS;

	if (search->live_base != from)
	{
		memset(search->live, 0, sizeof(search->live));
		mv_fts_live(search->segment, from, Min(MV_LIVE_DOCS, search->segment->ndocs - from),
					search->live);
		search->live_base = from;
	}
	return &search->live[(base - from) / 64];
}

static inline bool
has_bit(const uint64 *words, uint32 i)
{
	return (words[i / 64] >> i % 64 & 1) != 0;
}

/* Only, or never, documents whose field is null. */
static void
apply_null(MvFtsSearch *search, int field, uint32 n, bool null)
{
	const uint8 *lengths = mv_topk_lengths(search, field, search->mask_base);
	uint32		i;

	for (i = 0; i < n; i++)
		if ((lengths[i] == MV_LENGTH_NULL) != null)
			search->mask.words[i / 64] &= ~(UINT64CONST(1) << i % 64);
}

/* ---- rows wanted ---- */

/* Where the rows of the window at base are. */
static const ItemPointerData *
window_tids(MvFtsSearch *search, uint32 base)
{
	if (search->tids_base != base)
	{
		mv_fts_tids(search->segment, base, Min(MV_WINDOW, search->segment->ndocs - base),
					search->tids);
		search->tids_base = base;
	}
	return search->tids;
}

/*
 * Is the document's row wanted?  All TIDs of a window cost as much to read as a few that
 * are read one by one.
 */
static bool
is_wanted(MvFtsSearch *search, uint32 doc, bool few)
{
	const MvTidSet *wanted = search->request->tids;
	uint32		base = doc / MV_WINDOW * MV_WINDOW;
	ItemPointerData tid;

	if (wanted == NULL)
		return true;
	mv_last_scan.tested++;
	if (few && search->tids_base != base)
		mv_fts_tids(search->segment, doc, 1, &tid);
	else
		tid = window_tids(search, base)[doc - base];
	return mv_tid_set_has(wanted, &tid);
}

/* Out of the mask with all others. */
static void
apply_tids(MvFtsSearch *search)
{
	const ItemPointerData *tids = window_tids(search, search->mask_base);

	for (int word = 0; word < lengthof(search->mask.words); word++)
		for (uint64 left = search->mask.words[word]; left != 0; left &= left - 1)
		{
			int			bit = pg_rightmost_one_pos64(left);

			mv_last_scan.tested++;
			if (!mv_tid_set_has(search->request->tids, &tids[word * 64 + bit]))
				search->mask.words[word] &= ~(UINT64CONST(1) << bit);
		}
}

/* ---- the mask ---- */

const MvBits *
mv_topk_mask(MvFtsSearch *search, uint32 base)
{
	const MvFtsRequest *request = search->request;
	uint32		n = Min(MV_WINDOW, search->segment->ndocs - base);
	int			nfilters =
		search->stage == MV_STAGE_RANKED ? search->nranked_filters : search->nfilters;
	MvBits		bits;
	int			i,
				j;

	if (search->mask_base == base)
		return &search->mask;
	search->mask_base = base;
	memcpy(&search->mask, window_live(search, base), sizeof(MvBits));
	if (request->field != MV_ALL_FIELDS &&
		(search->stage != MV_STAGE_RANKED || !search->not_null))
		apply_null(search, request->field, n, search->stage == MV_STAGE_NULLS);
	for (i = 0; i < request->nconditions; i++)
		apply_condition(search, &request->conditions[i], n);
	if (request->tids != NULL && search->stage != MV_STAGE_RANKED)
		apply_tids(search);
	for (i = 0; i < nfilters; i++)
	{
		if (search->filters[i].field != MV_ALL_FIELDS)
			apply_null(search, search->filters[i].field, n, false);
		mv_topk_match(search, search->filters[i].root, base, &search->mask, &bits, NULL);
		search->mask = bits;
	}
	if (!search->excludes || search->stage != MV_STAGE_RANKED)
		return &search->mask;
	for (i = 0; i < search->root->query->nmust_not; i++)
	{
		mv_topk_match(search, search->root->must_not[i], base, &search->mask, &bits, NULL);
		for (j = 0; j < lengthof(bits.words); j++)
			search->mask.words[j] &= ~bits.words[j];
	}
	return &search->mask;
}

/* The same as the mask says, of one document, where no query has a say in it. */
static bool
passes_alone(MvFtsSearch *search, uint32 doc)
{
	const MvFtsRequest *request = search->request;
	uint32		base = doc / MV_WINDOW * MV_WINDOW;
	int			i;

	if (!has_bit(window_live(search, base), doc - base))
		return false;
	for (i = 0; i < request->nconditions; i++)
		if (!passes_condition(search, &request->conditions[i], doc))
			return false;
	return search->not_null ||
		mv_topk_lengths(search, request->field, base)[doc - base] != MV_LENGTH_NULL;
}

/* What the mask says of one document. */
static bool
passes_mask(MvFtsSearch *search, uint32 doc, bool few)
{
	uint32		base = doc / MV_WINDOW * MV_WINDOW;

	if (!search->restricted)
		return has_bit(window_live(search, base), doc - base);
	if (few && search->mask_base != base && search->nranked_filters == 0 && !search->excludes)
		return passes_alone(search, doc);
	return has_bit(mv_topk_mask(search, base)->words, doc - base);
}

bool
mv_topk_passes(MvFtsSearch *search, uint32 doc, bool few)
{
	return is_wanted(search, doc, few) && passes_mask(search, doc, few);
}

int
mv_topk_sift(MvFtsSearch *search, uint32 *docs, int32 *points, int n)
{
	bool		conditions = search->asks_conditions;
	int			kept = 0,
				i,
				end;

	if (!search->sifts)
		return n;
	for (i = 0; i < n; i = end)
	{
		uint32		base = docs[i] / MV_WINDOW * MV_WINDOW;
		bool		few;

		for (end = i; end < n && docs[end] - base < MV_WINDOW; end++)
			;
		few = end - i <= MV_FEW;
		if (conditions && !few)
			mv_topk_mask(search, base);
		for (; i < end; i++)
		{
			uint32		doc = docs[i];

			docs[kept] = doc;
			points[kept] = points[i];
			kept += is_wanted(search, doc, few) && (!conditions || passes_mask(search, doc, few));
		}
	}
	return kept;
}
