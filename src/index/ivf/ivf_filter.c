/*
 * ivf_filter.c -- a filter as a set of ids.
 *
 * Few rows are asked for and most pass: candidates are tested one by one.  Else the
 * filter is asked once about all ids, page by page, which costs a nanosecond or two
 * for each, and codes of those that do not pass are passed over.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "guc.h"
#include "index/counters.h"
#include "index/ivf/ivf_filter.h"
#include "index/options.h"

/* ---- what takes how long, in ns ---- */

#define TEST_COST 150.0			/* one id, and its candidate's way into and out of a heap */
#define BUILD_COST 1.5			/* one id of all */
#define LIST_COST 250.0			/* a list, without its codes */
#define CODE_BYTE_COST 0.04
#define PAGE_COST 250.0			/* a page found by its number */
#define VECTOR_BYTE_COST 0.06
#define HEAP_ROW_COST 1500.0

double
mv_ivf_rank_cost(const MvIvf *ivf, double n)
{
	if (ivf->meta.rerank == MV_RERANK_HEAP)
		return n * HEAP_ROW_COST;
	return n * (PAGE_COST * Max(ivf->shape.pages_per_vector, 1) +
				VECTOR_BYTE_COST * ivf->shape.vector_size);
}

double
mv_ivf_read_cost(const MvIvf *ivf, double lists, double codes)
{
	return lists * LIST_COST + codes * CODE_BYTE_COST * ivf->shape.block_size / MV_BLOCK;
}

/* Candidates that are tested for each row wanted, if all pass. */
#define TESTS_A_ROW 10.0

void
mv_ivf_filter_use(MvIvfFilter *f, MvIvfStrategy strategy)
{
	static const char *const names[] = {
		[MV_IVF_UNFILTERED] = NULL,
		[MV_IVF_BRUTE] = "brute",
		[MV_IVF_MASK] = "mask",
		[MV_IVF_POST] = "post",
	};

	f->strategy = strategy;
	mv_last_scan.filter = names[strategy];
}

/* ---- the set ---- */

void
mv_ivf_filter_init(MvIvfFilter *f, MemoryContext context)
{
	memset(f, 0, sizeof(*f));
	f->context = context;
}

/* All ids below n. */
static void
fill_set(MvIvfFilter *f, uint32 n)
{
	if (f->left.words == NULL || n > f->max_left)
	{
		MemoryContext old = MemoryContextSwitchTo(f->context);

		if (f->left.words != NULL)
			pfree(f->left.words);
		f->max_left = n + n / 8;
		mv_id_set_init(&f->left, f->max_left);
		MemoryContextSwitchTo(old);
	}
	f->left.n = n;
	mv_id_set_fill(&f->left);
}

static double
count_set(const MvIdSet *set)
{
	return (double) pg_popcount((char *) set->words, (int) (set->n / 64 + 1) * 8);
}

/* Clear the bits of the first n ids of an id page whose rows are gone, or not among the TIDs. */
static void
mask_tids(const MvIvfIds *ids, int page_no, const MvTidSet *tids, int n, uint64 *words)
{
	Buffer		buffer = mv_page_read(ids->index, ids->blocks[page_no], MV_PAGE_ID,
									  BUFFER_LOCK_SHARE);
	const MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(buffer));
	const MvIvfId *entry = (const MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer));

	n = Min(n, (int) head->count);
	for (int w = 0; w <= (n - 1) / 64; w++)
	{
		uint64		pass = 0;

		for (uint64 bits = words[w]; bits != 0; bits &= bits - 1)
		{
			int			i = pg_rightmost_one_pos64(bits);

			if (w * 64 + i < n)
				pass |= (uint64) (!mv_ivf_id_is_dead(entry[w * 64 + i]) &&
								  mv_tid_set_has(tids, &entry[w * 64 + i].tid, NULL))
					<< i;
		}
		words[w] = pass;
	}
	UnlockReleaseBuffer(buffer);
}

/* Take out what does not pass of the ids of a page. */
static void
keep_page(MvIvfFilter *f, int page_no)
{
	const MvFilter *filter = f->filter;
	uint32		per_page = (uint32) f->ids->ivf->shape.ids_per_page;
	uint32		first = (uint32) page_no * per_page;
	int			n = first < f->left.n ? (int) Min(f->left.n - first, per_page) : 0;
	uint64		words[MV_IVF_MAX_IDS_PER_PAGE / 64 + 1];

	memset(words, 0xff, sizeof(words));
	for (int i = 0; i < filter->nconditions && n > 0; i++)
		mv_ivf_mask_keys(f->ids, page_no, &filter->conditions[i], n, words);
	if (filter->tids != NULL && n > 0)
		mask_tids(f->ids, page_no, filter->tids, n, words);
	mv_id_set_keep(&f->left, first, words, (uint32) n);
}

void
mv_ivf_filter_build(MvIvfFilter *f)
{
	for (int i = 0; i < f->ids->npages; i++)
	{
		keep_page(f, i);
		CHECK_FOR_INTERRUPTS();
	}
	f->built = true;
	f->nleft = count_set(&f->left);
	f->share = Max(f->nleft, 1) / Max(f->left.n, 1);
	mv_ivf_filter_use(f, MV_IVF_MASK);
	mv_last_scan.matches = (uint64) f->nleft;
}

void
mv_ivf_filter_only(MvIvfFilter *f, const MvIdSet *set)
{
	fill_set(f, set->n);
	memcpy(f->left.words, set->words, sizeof(uint64) * (set->n / 64 + 1));
	f->built = true;
	f->nleft = count_set(set);
	f->strategy = MV_IVF_MASK;
	f->fixed = true;
	f->share = 1;
}

/* ---- one id ---- */

static bool
passes(MvIvfFilter *f, uint32 id)
{
	const MvTidSet *tids = f->filter->tids;
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(f->ids, id, &block, &offset);

	if (mv_ivf_id_is_dead(entry) || (tids != NULL && !mv_tid_set_has(tids, &entry.tid, NULL)))
		return false;
	for (int i = 0; i < f->filter->nconditions; i++)
		if (!mv_ivf_key_holds(f->ids, id, &f->filter->conditions[i]))
			return false;
	return true;
}

bool
mv_ivf_filter_take(MvIvfFilter *f, uint32 id)
{
	if (f->strategy == MV_IVF_UNFILTERED)
		return true;
	if (!mv_id_set_has(&f->left, id))
		return false;
	mv_id_set_remove(&f->left, id);
	if (f->built)
		return true;
	f->tested++;
	mv_last_scan.tested++;
	return passes(f, id);
}

bool
mv_ivf_filter_tested_enough(const MvIvfFilter *f)
{
	return !f->built && !f->fixed && f->strategy == MV_IVF_POST &&
		f->tested * TEST_COST > f->left.n * BUILD_COST;
}

/* ---- the choice ---- */

/* The share of the rows that is in the TID set; whole pages count as full. */
static double
share_of(const MvTidSet *tids, Relation heap, double rows)
{
	double		pages = Max(RelationGetNumberOfBlocks(heap), 1);
	double		members = mv_tid_set_members(tids) + mv_tid_set_whole_pages(tids) * rows / pages;

	return Min(Max(members, 1) / Max(rows, 1), 1);
}

/* Is testing candidates cheaper than asking about all ids? */
static bool
should_test(const MvIvfFilter *f, double wanted)
{
	return f->filter->nconditions == 0 &&
		wanted * TESTS_A_ROW / f->share * TEST_COST < f->left.n * BUILD_COST;
}

void
mv_ivf_filter_start(MvIvfFilter *f, MvIvfIds *ids, Relation heap, const MvFilter *filter,
					double wanted)
{
	f->ids = ids;
	f->filter = filter;
	f->strategy = MV_IVF_UNFILTERED;
	f->built = false;
	f->share = 1;
	f->tested = 0;
	if (filter == NULL)
		return;
	fill_set(f, mv_ivf_ids_count(ids));
	if (filter->tids != NULL)
		f->share = share_of(filter->tids, heap, f->left.n);
	f->fixed = mv_filter_strategy != MV_FILTER_AUTO;
	mv_ivf_filter_use(f, MV_IVF_POST);
	if (f->fixed ? mv_filter_strategy != MV_FILTER_POST : !should_test(f, wanted))
		mv_ivf_filter_build(f);
	if (mv_filter_strategy == MV_FILTER_BRUTE && ids->ivf->meta.rerank != MV_RERANK_NONE)
		mv_ivf_filter_use(f, MV_IVF_BRUTE);
}

double
mv_ivf_rows_below(const MvIvfListSample *sample, int n, float limit)
{
	double		weight = 1,
				rows = 0,
				found = 0;

	for (int b = 0; b < n; b++)
	{
		int			below = 0;

		for (int i = 0; i < MV_BLOCK; i++)
			below += sample[b].est[i] <= limit;
		found += below;
		rows += below * sample[b].weight;
		weight = Max(weight, sample[b].weight);
	}
	return rows + weight * (sqrt(found) + 1);
}
