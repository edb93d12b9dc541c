/*
 * ivf_filter.c -- a filter as a set of ids.
 *
 * Ids are asked about where a scan comes by them: those of a list that is read, or
 * candidates one by one where most pass.  Only when all members are to be ranked, or most
 * lists read, all are asked at once, which takes a nanosecond or two for each.
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
#define ASK_COST 1.5			/* one id of many */
#define ASK_LIST_COST 200.0		/* beside, to ask about those of one list */
#define LIST_COST 250.0			/* a list, without its codes */
#define MASK_LIST_COST 250.0	/* more, if it is read for few members */
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

/* Candidates for each row wanted, if all pass: tested, or kept in a heap for that. */
#define TESTS_A_ROW 25.0

/* Rows ranked after lists were read, for the comparison with ranking all that pass. */
#define RANKED_ROWS 100

/* Parts that are asked about for an estimate; in an index of few times as many rows all are. */
#define SAMPLE_PARTS 32
#define SAMPLE_ROWS (4 * SAMPLE_PARTS * MV_IVF_PART)

/* Take that strategy, and tell the counters. */
static void
use(MvIvfFilter *f, MvIvfStrategy strategy)
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

/* No part has been asked about. */
static void
forget(MvIvfFilter *f)
{
	int			per_page = f->ids->ivf->shape.ids_per_page;
	Size		words;

	f->parts = (per_page + MV_IVF_PART - 1) / MV_IVF_PART;
	words = (Size) f->ids->npages * f->parts / 64 + 1;
	if (f->asked != NULL)
		pfree(f->asked);
	f->asked = MemoryContextAllocExtended(f->context, sizeof(uint64) * words,
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	f->complete = false;
	f->nasked = f->npassed = 0;
}

/*
 * Clear the bits of n ids of an id page whose rows are gone, or not among the TIDs.  Of few
 * TIDs most ids are not near any.
 */
static void
mask_tids(const MvIvfIds *ids, int page_no, int from, int n, const MvTidSet *tids, uint64 *words)
{
	Buffer		buffer = mv_page_read(ids->index, ids->blocks[page_no], MV_PAGE_ID,
									  BUFFER_LOCK_SHARE);
	const MvIvfIdHead *head = MV_PAGE_HEAD(BufferGetPage(buffer));
	const MvIvfId *entry = (const MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer)) + from;

	n = Min(n, (int) head->count - from);
	for (int w = 0; w * 64 < n; w++)
	{
		int			here = Min(n - w * 64, 64);
		uint64		near = 0,
					pass = 0;

		if (words[w] == 0)
			continue;
		for (int i = 0; i < here; i++)
			near |= (uint64) mv_tid_set_has_near(tids, &entry[w * 64 + i].tid) << i;
		for (near &= words[w]; near != 0; near &= near - 1)
		{
			int			i = pg_rightmost_one_pos64(near);

			pass |= (uint64) (!mv_ivf_id_is_dead(entry[w * 64 + i]) &&
							  mv_tid_set_has(tids, &entry[w * 64 + i].tid))
				<< i;
		}
		words[w] = pass;
	}
	UnlockReleaseBuffer(buffer);
}

static inline bool
was_asked(const MvIvfFilter *f, int page_no, int part)
{
	uint64		bit = (uint64) page_no * f->parts + part;

	return f->asked[bit / 64] >> bit % 64 & 1;
}

/* Ask about parts of a page, but for those at both ends that were. */
static void
ask_page(MvIvfFilter *f, int page_no, int from, int to)
{
	const MvFilter *filter = f->filter;
	uint32		per_page = (uint32) f->ids->ivf->shape.ids_per_page;
	uint32		first = (uint32) page_no * per_page;
	uint64		words[MV_IVF_MAX_IDS_PER_PAGE / 64 + 1];
	int			n;

	n = first < f->left.n ? (int) Min(per_page, f->left.n - first) : 0;
	to = Min(to, (n + MV_IVF_PART - 1) / MV_IVF_PART);
	while (from < to && was_asked(f, page_no, from))
		from++;
	while (from < to && was_asked(f, page_no, to - 1))
		to--;
	if (from >= to)
		return;
	n = Min(n, to * MV_IVF_PART) - from * MV_IVF_PART;
	memset(words, 0xff, sizeof(words));
	for (int i = 0; i < filter->nconditions; i++)
		mv_ivf_mask_keys(f->ids, page_no, from * MV_IVF_PART, n, &filter->conditions[i], words);
	if (filter->tids != NULL)
		mask_tids(f->ids, page_no, from * MV_IVF_PART, n, filter->tids, words);
	mv_id_set_keep(&f->left, first + (uint32) from * MV_IVF_PART, words, (uint32) n);
	for (int part = from; part < to; part++)
	{
		uint64		bit = (uint64) page_no * f->parts + part;
		int			here = Min(n - (part - from) * MV_IVF_PART, MV_IVF_PART);
		uint64		valid = here < 64 ? (UINT64CONST(1) << here) - 1 : PG_UINT64_MAX;

		if (was_asked(f, page_no, part))
			continue;
		f->asked[bit / 64] |= UINT64CONST(1) << bit % 64;
		f->nasked += here;
		f->npassed += pg_popcount64(words[part - from] & valid);
	}
}

/* Leave those in the set that pass of n ids, and of others in the same parts. */
static void
ask(MvIvfFilter *f, uint32 id, uint32 n)
{
	uint32		per_page = (uint32) f->ids->ivf->shape.ids_per_page;
	uint32		end = id + Min(n, f->left.n - id);

	while (id < end)
	{
		uint32		slot = id % per_page;
		uint32		until = Min(slot + (end - id), per_page);

		ask_page(f, (int) (id / per_page), (int) (slot / MV_IVF_PART),
				 (int) ((until + MV_IVF_PART - 1) / MV_IVF_PART));
		id += until - slot;
	}
}

/* Pages that are touched together before they are asked. */
#define TOUCHED 8

/* Leave in the set what passes. */
static void
ask_all(MvIvfFilter *f)
{
	if (f->complete)
		return;
	for (int i = 0, touched = 0; i < f->ids->npages; i++)
	{
		if (touched == i)
			for (int end = Min(i + TOUCHED, f->ids->npages); touched < end; touched++)
				mv_page_touch_guess(f->ids->index, f->ids->blocks[touched],
									BLCKSZ - sizeof(MvPageTail));
		ask_page(f, i, 0, f->parts);
		CHECK_FOR_INTERRUPTS();
	}
	f->complete = true;
	f->share = Max(f->npassed, 1) / Max(f->left.n, 1);
	mv_last_scan.matches = (uint64) f->npassed;
}

void
mv_ivf_filter_only(MvIvfFilter *f, const MvIdSet *set)
{
	fill_set(f, set->n);
	memcpy(f->left.words, set->words, sizeof(uint64) * (set->n / 64 + 1));
	f->complete = true;
	f->npassed = count_set(set);
	f->strategy = MV_IVF_MASK;
	f->fixed = true;
	f->share = 1;
}

/* ---- one block, one id ---- */

/* Do the ids of a block follow each other? */
static bool
in_a_row(const char *block, int n)
{
	uint32		first = mv_ivf_block_id(block, 0);
	uint32		wrong = 0;

	for (int i = 0; i < MV_BLOCK; i++)
		wrong |= i < n ? mv_ivf_block_id(block, i) ^ (first + (uint32) i) : 0;
	return wrong == 0;
}

uint32
mv_ivf_filter_members(MvIvfFilter *f, const char *block, int n, uint32 ncodes)
{
	uint32		first = mv_ivf_block_id(block, 0);
	uint32		members = 0;

	if (in_a_row(block, n) && first < f->left.n)
	{
		if (!f->complete)
			ask(f, first, ncodes);
		members = mv_id_set_32(&f->left, first);
		return n < MV_BLOCK ? members & ((UINT32_C(1) << n) - 1) : members;
	}
	for (int i = 0; i < n; i++)
	{
		uint32		id = mv_ivf_block_id(block, i);

		if (!mv_id_set_has(&f->left, id))
			continue;
		if (!f->complete)
			ask(f, id, 1);
		members |= (uint32) mv_id_set_has(&f->left, id) << i;
	}
	return members;
}

bool
mv_ivf_filter_take(MvIvfFilter *f, uint32 id)
{
	if (f->strategy == MV_IVF_UNFILTERED)
		return true;
	if (!mv_id_set_has(&f->left, id))
		return false;
	if (f->strategy == MV_IVF_POST)
	{
		f->tested++;
		mv_last_scan.tested++;
		ask(f, id, 1);
		if (!mv_id_set_has(&f->left, id))
			return false;
		f->taken++;
	}
	mv_id_set_remove(&f->left, id);
	return true;
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

/* Nobody knows how many rows fulfil conditions: ask some. */
static double
sample_share(MvIvfFilter *f)
{
	for (int i = 0; i < SAMPLE_PARTS; i++)
		ask(f, (uint32) ((i + .5) / SAMPLE_PARTS * f->left.n), 1);
	return Max(f->npassed, .5) / Max(f->nasked, 1);
}

/* Lists that a scan for so many rows reads. */
static double
lists_wanted(const MvIvfChoice *choice, const MvEffort *effort, double rows)
{
	const MvIvf *ivf = choice->query->ivf;

	if (effort->probes > 0 || ivf->meta.calibration == MV_IVF_UNCALIBRATED)
		return mv_ivf_lists_wanted(ivf, effort);
	return mv_ivf_count_in_reach(choice, mv_ivf_reach(ivf, effort->recall, rows));
}

static double
codes_of(const MvIvfFilter *f, double lists)
{
	return (double) f->left.n * lists / Max(f->ids->ivf->nused, 1);
}

static bool
can_rank(const MvIvfFilter *f)
{
	return f->ids->ivf->meta.rerank != MV_RERANK_NONE;
}

/* To ask about ids of lists as they are read. */
static double
ask_cost(double lists, double codes)
{
	return lists * ASK_LIST_COST + codes * ASK_COST;
}

/* To ask about all that were not. */
static double
ask_all_cost(const MvIvfFilter *f)
{
	return f->complete ? 0 : (f->left.n - f->nasked) * ASK_COST;
}

/* What it takes to rank all that pass and are left. */
static double
brute_cost(const MvIvfFilter *f)
{
	return ask_all_cost(f) + mv_ivf_rank_cost(f->ids->ivf, f->complete ? f->npassed :
											  f->left.n * f->share);
}

/* To read lists where blocks without members are passed over, and then to rank some. */
static double
mask_cost(const MvIvfFilter *f, double lists, double codes)
{
	return lists * MASK_LIST_COST +
		mv_ivf_read_cost(f->ids->ivf, lists, codes * Min(MV_BLOCK * f->share, 1)) +
		Min(ask_cost(lists, codes), ask_all_cost(f));
}

/* So many lists are about to be read: ask about all, if that is less. */
static void
prepare_mask(MvIvfFilter *f, double lists, double codes)
{
	if (ask_all_cost(f) < ask_cost(lists, codes))
		ask_all(f);
}

/* Take that strategy if it costs less, also when it is known how many pass. */
static bool
try_brute(MvIvfFilter *f, double lists_cost)
{
	lists_cost += mv_ivf_rank_cost(f->ids->ivf, RANKED_ROWS);
	if (brute_cost(f) > lists_cost)
		return false;
	ask_all(f);
	if (brute_cost(f) > lists_cost)
		return false;
	use(f, MV_IVF_BRUTE);
	return true;
}

void
mv_ivf_filter_mask(MvIvfFilter *f)
{
	use(f, MV_IVF_MASK);
	prepare_mask(f, f->lists, f->codes);
}

/* Tests after which it is seen whether they pass as rarely as this share of what was expected. */
#define SOME_TESTS 32
#define RARELY 0.25

bool
mv_ivf_filter_tested_enough(const MvIvfFilter *f)
{
	if (f->strategy != MV_IVF_POST || f->fixed)
		return false;
	return f->tested * TEST_COST > ask_cost(f->lists, f->codes) ||
		(f->tested >= SOME_TESTS && f->taken < RARELY * f->share * f->tested);
}

bool
mv_ivf_filter_gives_up(MvIvfFilter *f, double lists, double codes, bool last)
{
	double		cost = mask_cost(f, lists, codes);

	f->spent += cost;
	if (!f->fixed && can_rank(f) && try_brute(f, last ? cost : f->spent))
	{
		mv_last_scan.switches++;
		return true;
	}
	prepare_mask(f, lists, codes);
	return false;
}

/* By what is known before a list is read. */
static void
choose_strategy(MvIvfFilter *f, double wanted)
{
	if (!f->complete && wanted * TESTS_A_ROW / f->share * TEST_COST < ask_cost(f->lists, f->codes))
		use(f, MV_IVF_POST);
	else if (!can_rank(f) || !try_brute(f, mask_cost(f, f->lists, f->codes)))
		mv_ivf_filter_mask(f);
}

/* By a setting. */
static void
take_setting(MvIvfFilter *f)
{
	if (mv_filter_strategy == MV_FILTER_POST)
		use(f, MV_IVF_POST);
	else if (mv_filter_strategy == MV_FILTER_BRUTE && can_rank(f))
	{
		ask_all(f);
		use(f, MV_IVF_BRUTE);
	}
	else
		mv_ivf_filter_mask(f);
}

void
mv_ivf_filter_start(MvIvfFilter *f, MvIvfIds *ids, Relation heap, const MvFilter *filter,
					const MvEffort *effort, const MvIvfChoice *choice)
{
	double		wanted = Max(effort->rows, mv_ivf_curve_k(0));

	f->ids = ids;
	f->filter = filter;
	f->strategy = MV_IVF_UNFILTERED;
	f->fixed = mv_filter_strategy != MV_FILTER_AUTO;
	f->share = 1;
	f->tested = f->taken = f->spent = 0;
	if (filter == NULL)
		return;
	fill_set(f, mv_ivf_ids_count(ids));
	forget(f);
	if (f->left.n <= SAMPLE_ROWS && mv_filter_strategy != MV_FILTER_POST)
		ask_all(f);
	else if (filter->nconditions > 0)
		f->share = sample_share(f);
	else
		f->share = share_of(filter->tids, heap, f->left.n);
	f->lists = lists_wanted(choice, effort, wanted / f->share);
	f->codes = codes_of(f, f->lists);
	if (f->fixed)
		take_setting(f);
	else
		choose_strategy(f, wanted);
}

/* ---- how many rows are as near ---- */

void
mv_ivf_sample_list(MvIvfListSample *sample, const MvBlockResult *result, int n, uint32 ncodes)
{
	for (int i = 0; i < MV_BLOCK; i++)
		sample->est[i] = i < n ? result->est[i] : INFINITY;
	sample->weight = (float) ncodes / (float) n;
}

/* Rows of n lists with estimates up to a limit: rather more, by the error of the sample. */
static double
rows_below(const MvIvfListSample *sample, int n, float limit)
{
	double		rows = 0,
				variance = 0;

	for (int b = 0; b < n; b++)
	{
		int			below = 0;

		for (int i = 0; i < MV_BLOCK; i++)
			below += sample[b].est[i] <= limit;
		rows += below * sample[b].weight;
		variance += below * sample[b].weight * (sample[b].weight - 1);
	}
	return rows + sqrt(variance);
}

double
mv_ivf_rows_as_near(const MvIvfListSample *sample, int n, const MvTopK *nearest, int k)
{
	MvTopK		members;
	float		limit;

	mv_topk_init(&members, palloc(sizeof(MvNeighbor) * k), k);
	for (int i = 0; i < nearest->n; i++)
		mv_topk_push(&members, nearest->items[i].id, nearest->items[i].dist);
	limit = mv_topk_limit(&members);
	pfree(members.items);
	return Max(rows_below(sample, n, limit), k);
}
