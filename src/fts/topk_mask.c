/*
 * topk_mask.c -- what is asked of documents besides the scored query: that they are alive,
 * conditions on attributes, filters, what must not match, fields that are not null.
 */
#include "postgres.h"

#include "fts/topk.h"

/* Out of the mask with what a condition does not allow. */
static void
apply_condition(MvFtsSearch *search, const MvCondition *condition, uint32 n)
{
	MvBits		any,
				bits;
	int			i,
				j;

	if (search->keys == NULL)
		search->keys = MemoryContextAlloc(search->context, sizeof(int64) * MV_WINDOW);
	mv_fts_attributes(search->segment, condition->attribute, search->mask_base, n, search->keys);
	memset(&any, 0, sizeof(MvBits));
	for (i = 0; i < condition->nranges; i++)
	{
		mv_score_kernels.between(search->keys, n, condition->ranges[i].low,
								 condition->ranges[i].high, bits.words);
		for (j = 0; j < (n + 63) / 64; j++)
			any.words[j] |= bits.words[j];
	}
	for (j = 0; j < lengthof(any.words); j++)
		search->mask.words[j] &= any.words[j];
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
	memset(&search->mask, 0, sizeof(MvBits));
	mv_fts_live(search->segment, base, n, search->mask.words);
	if (request->field != MV_ALL_FIELDS &&
		(search->stage != MV_STAGE_RANKED || !search->not_null))
		apply_null(search, request->field, n, search->stage == MV_STAGE_NULLS);
	for (i = 0; i < request->nconditions; i++)
		apply_condition(search, &request->conditions[i], n);
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

static bool
is_live(MvFtsSearch *search, uint32 doc)
{
	uint32		base = doc / MV_LIVE_DOCS * MV_LIVE_DOCS;

	if (search->live_base != base)
	{
		mv_fts_live(search->segment, base, Min(MV_LIVE_DOCS, search->segment->ndocs - base),
					search->live);
		search->live_base = base;
	}
	return search->live[(doc - base) / 64] >> doc % 64 & 1;
}

/* The same as the mask says, of one document, where no query has a say in it. */
static bool
passes_alone(MvFtsSearch *search, uint32 doc)
{
	const MvFtsRequest *request = search->request;
	int			i;

	if (!is_live(search, doc))
		return false;
	for (i = 0; i < request->nconditions; i++)
	{
		int64		key;

		mv_fts_attributes(search->segment, request->conditions[i].attribute, doc, 1, &key);
		if (!mv_condition_holds(&request->conditions[i], key))
			return false;
	}
	return search->not_null ||
		mv_topk_lengths(search, request->field, doc / MV_WINDOW * MV_WINDOW)[doc % MV_WINDOW] !=
		MV_LENGTH_NULL;
}

bool
mv_topk_passes(MvFtsSearch *search, uint32 doc, bool few)
{
	uint32		base = doc / MV_WINDOW * MV_WINDOW;

	if (!search->restricted)
		return is_live(search, doc);
	if (few && search->mask_base != base && search->nranked_filters == 0 && !search->excludes)
		return passes_alone(search, doc);
	return mv_topk_mask(search, base)->words[(doc - base) / 64] >> doc % 64 & 1;
}
