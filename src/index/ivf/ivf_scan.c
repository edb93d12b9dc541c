/*
 * ivf_scan.c -- the rows of an index in the order of their distance.
 *
 * Lists are read nearest centroid first, some of them before the first row is
 * returned.  Their codes give each row an estimate and a lower bound.  Rows are
 * re-ranked by their vectors, stored in the index or the table's, in ascending
 * order of the bound, and returned as soon as no bound left is below (topk.h).
 * Of bit strings, and where there is no re-ranking, the bound is the distance.
 *
 * Most codes are far away and must cost no more than their comparison.  So only
 * rows with a bound below a limit become candidates: tau, that many estimates
 * being below.  When the candidates are used up, the same lists are read again for
 * those from tau to a higher one, and when there are none, the next chunk of
 * lists: a scan that is asked goes on until it has returned every row.
 *
 * Stored vectors may be rounded to f16, and sums are rounded, so what is returned
 * with a row is a value not above its distance; the executor computes that and
 * corrects the order.  A mere estimate is taken as it is.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/topk.h"
#include "index/counters.h"
#include "index/ivf/ivf.h"
#include "index/ivf/ivf_filter.h"
#include "index/ivf/ivf_row.h"
#include "index/options.h"
#include "index/workspace.h"

/* Candidates that the first pass over the lists looks for, and how many times more the next. */
#define FIRST_CANDIDATES 64
#define MORE_CANDIDATES 8

/* Rows that a scan is expected to be asked for: PostgreSQL does not tell the LIMIT. */
#define NOMINAL_ROWS 10

/* Estimates that a pass looks for, for each row wanted. */
#define CANDIDATES_A_ROW 4

/* How far the curves can be drawn on: beyond this share of all rows every list is read. */
#define CURVE_SHARE 0.02

/* Rows re-ranked together, so that their vectors are fetched meanwhile. */
#define BATCH 8

/* Lists whose pages are touched together, and how many are fetched ahead. */
#define TOUCHED 16
#define AHEAD 2

/* A list as the scan sees it. */
typedef struct ScanList
{
	BlockNumber first;
	uint32		ncodes;			/* when the scan began */
} ScanList;

struct MvSearch
{
	Relation	index;
	Relation	heap;
	MvEffort	effort;
	MvIvfRowReader rows;

	/* The version of the index that this query sees, and what depends on it. */
	MvIvf	   *ivf;
	MemoryContext view_context;
	MvIvfQuery	query;
	ScanList   *lists;			/* [nused] */
	MvIvfChoice choice;			/* those that have been read */
	int			chunk;			/* of them, those from here on may hold more candidates */
	double		wanted;			/* rows that the lists were chosen for */
	double		until;			/* so many rows are returned from them */
	double		nreturned;

	MvRerank	rerank;			/* by id: candidates, then re-ranked rows */
	float		tau;			/* every row of the chunk with a bound below was a candidate */
	bool		in_pass;		/* is tau being looked for? */
	MvTopK		nearest;		/* then: estimates, whose limit will be tau */
	int			max_nearest;

	MvIvfWalk	walk;

	MvIvfFilter filter;
	double		share;			/* of the rows that the scan comes by, those wanted */
	MvIvfListSample *sample;		/* [nused], of each list read once there is a filter; or NULL */
	int			nsample;
};

MvSearch *
mv_ivf_search_begin(Relation index, Relation heap, Snapshot snapshot)
{
	MvSearch   *s = palloc0(sizeof(MvSearch));

	s->index = index;
	s->heap = heap;
	s->rows.index = index;
	s->rows.heap = heap;
	s->rows.snapshot = snapshot;
	s->rows.context = CurrentMemoryContext;
	s->view_context = mv_workspace_begin();
	mv_ivf_filter_init(&s->filter, CurrentMemoryContext);
	s->max_nearest = FIRST_CANDIDATES;
	mv_topk_init(&s->nearest, palloc(sizeof(MvNeighbor) * s->max_nearest), s->max_nearest);
	mv_rerank_init(&s->rerank, palloc(sizeof(MvNeighbor) * 1024), 1024,
				   palloc(sizeof(MvNeighbor) * 1024), 1024);
	return s;
}

void
mv_ivf_search_end(MvSearch *s)
{
	mv_ivf_rows_end(&s->rows);
	mv_workspace_end(s->view_context);
}

/* ---- the lists ---- */

/* Use the newest version of the index, for this query and those to come. */
static void
use_view(MvSearch *s)
{
	MemoryContext old;
	const MvIvfShape *shape;

	MemoryContextReset(s->view_context);
	s->sample = NULL;
	old = MemoryContextSwitchTo(s->view_context);
	s->ivf = mv_ivf_open_for(s->index, s->view_context);
	shape = &s->ivf->shape;
	mv_ivf_query_begin(&s->query, s->ivf);
	mv_ivf_rows_begin(&s->rows, s->ivf);
	mv_ivf_choice_begin(&s->choice, &s->query);
	s->lists = palloc(sizeof(ScanList) * s->ivf->nused);
	mv_ivf_walk_begin(&s->walk, s->index, shape, palloc(shape->block_size));
	MemoryContextSwitchTo(old);
}

/* Where the codes of all lists are now. */
static void
copy_lists(MvSearch *s)
{
	const MvIvf *ivf = s->ivf;
	int			i = 0;

	for (int page_no = 0; page_no < ivf->npages; page_no++)
	{
		Buffer		buffer = mv_page_read(s->index, ivf->list_pages[page_no], MV_PAGE_LIST,
										  BUFFER_LOCK_SHARE);
		const MvIvfList *lists = (MvIvfList *) MV_PAGE_BODY(BufferGetPage(buffer));
		uint32		end = (uint32) (page_no + 1) * MV_IVF_LISTS_PER_PAGE;

		for (; i < ivf->nused && ivf->used[i] < end; i++)
		{
			const MvIvfList *list = &lists[ivf->used[i] % MV_IVF_LISTS_PER_PAGE];

			s->lists[i] = (ScanList){ list->first, list->ncodes };
		}
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * What the scan reads is what the lists hold now: rows added later are no
 * business of its snapshot, and where maintenance moves rows, their old codes
 * stay readable as long as any snapshot may want them.
 */
static void
begin_lists(MvSearch *s)
{
	do
	{
		if (s->ivf == NULL || s->ivf->meta.version != mv_ivf_current_version(s->index))
			use_view(s);
		copy_lists(s);
	} while (s->ivf->meta.version != mv_ivf_current_version(s->index));
	s->chunk = 0;
}

static void
start_filter(MvSearch *s, const MvFilter *filter)
{
	MemoryContext old = MemoryContextSwitchTo(s->view_context);

	mv_ivf_filter_start(&s->filter, &s->rows.ids, s->heap, filter, &s->effort, &s->choice);
	if (filter != NULL && s->sample == NULL)
		s->sample = palloc_extended(sizeof(MvIvfListSample) * s->ivf->nused, MCXT_ALLOC_HUGE);
	s->share = 1;
	s->nsample = 0;
	MemoryContextSwitchTo(old);
}

void
mv_ivf_search_start(MvSearch *s, const float *query, Datum value, const MvEffort *effort,
					const MvFilter *filter)
{
	begin_lists(s);
	s->effort = *effort;
	mv_ivf_rows_start(&s->rows, query, value);
	s->query.recall = effort->recall;
	mv_ivf_query_start(&s->query, query);
	mv_ivf_choice_start(&s->choice, (float) s->rows.ranker.norm);
	mv_rerank_init(&s->rerank, s->rerank.candidates, s->rerank.max_candidates,
				   s->rerank.exact, s->rerank.max_exact);
	s->tau = INFINITY;
	s->in_pass = false;
	s->wanted = Max(effort->rows, NOMINAL_ROWS);
	s->until = Max(effort->rows, 1.5 * NOMINAL_ROWS);
	s->nreturned = 0;
	start_filter(s, filter);
}

void
mv_ivf_search_only(MvSearch *s, const MvIdSet *ids)
{
	mv_ivf_filter_only(&s->filter, ids);
}

/* ---- reading lists ---- */

static void rank_members(MvSearch *s);

static void
add_candidate(MvSearch *s, uint64_t id, float low)
{
	mv_last_scan.candidates++;
	while (!mv_rerank_add(&s->rerank, id, low))
		mv_rerank_grow(
			&s->rerank,
			repalloc_huge(s->rerank.candidates, sizeof(MvNeighbor) * 2 * s->rerank.max_candidates),
			2 * s->rerank.max_candidates, s->rerank.exact, s->rerank.max_exact);
}

/* Are lists read for the members of a filter? */
static bool
masks(const MvSearch *s)
{
	return s->filter.filter != NULL && s->filter.strategy == MV_IVF_MASK;
}

/*
 * Make candidates of the rows of a list with a bound from `from` on and below
 * tau, or during a pass below the estimates in s->nearest, which they join.
 */
static void
read_list(MvSearch *s, uint32 list, float from)
{
	bool		sampled = !masks(s) || from > -INFINITY;
	const char *block;
	MvBlockResult result;

	mv_ivf_query_center(&s->query, s->choice.g_add[list], s->choice.g_dist[list]);
	while ((block = mv_ivf_walk_next(&s->walk)) != NULL)
	{
		uint32		members = mv_ivf_filter_block(&s->filter, block, s->walk.n,
																s->walk.left);
		uint32		below;

		if (members == 0 && sampled)
			continue;
		below = members & mv_ivf_block_scan(&s->query, block, s->walk.n,
											s->in_pass ? mv_topk_limit(&s->nearest) : s->tau,
											&result);
		if (!sampled)
			mv_ivf_sample_list(&s->sample[s->nsample++], &result, s->walk.n,
							   s->lists[list].ncodes);
		sampled = true;
		for (; below != 0; below &= below - 1)
		{
			int			i = pg_rightmost_one_pos32(below);

			if (result.low[i] < from)
				continue;
			if (s->in_pass && result.est[i] < mv_topk_limit(&s->nearest))
				mv_topk_push(&s->nearest, mv_ivf_block_id(block, i), result.est[i]);
			add_candidate(s, mv_ivf_block_id(block, i), result.low[i]);
		}
	}
}

/* The same of n lists chosen; while one is read, others are fetched. */
static void
read_some(MvSearch *s, int at, int n, float from)
{
	const uint32 *chosen = s->choice.lists + at;

	for (int i = 0, touched = 0, ahead = 0; i < n; i++)
	{
		const ScanList *list = &s->lists[chosen[i]];

		mv_last_scan.codes += list->ncodes;
		if (touched <= i + AHEAD)
			for (int end = Min(touched + TOUCHED, n); touched < end; touched++)
				mv_ivf_walk_touch(&s->walk, s->lists[chosen[touched]].first,
								  s->lists[chosen[touched]].ncodes);
		for (; ahead < n && ahead <= i + AHEAD; ahead++)
			mv_ivf_walk_ahead(&s->walk, s->lists[chosen[ahead]].first);
		mv_ivf_walk_start(&s->walk, list->first, list->ncodes);
		read_list(s, chosen[i], from);
	}
}

/* Begin a pass that looks for that many estimates, or for all that there are. */
static void
begin_pass(MvSearch *s, int k)
{
	if (k > s->max_nearest)
	{
		double		rows = s->max_nearest;

		for (int i = 0; i < s->ivf->nused; i++)
			rows += s->lists[i].ncodes;
		k = (int) Min(k, rows);
		s->nearest.items = repalloc_huge(s->nearest.items, sizeof(MvNeighbor) * (Size) k);
		s->max_nearest = k;
	}
	mv_topk_init(&s->nearest, s->nearest.items, k);
	s->in_pass = true;
}

/*
 * A pass ended: rows with bounds below the limit reached have all become
 * candidates.  Those above come again when it is raised.
 */
static void
end_pass(MvSearch *s)
{
	s->tau = mv_topk_limit(&s->nearest);
	s->in_pass = false;
	mv_rerank_cut(&s->rerank, s->tau);
	mv_rerank_floor(&s->rerank, s->tau);
}

/* Look for more candidates in the lists of the chunk. */
static void
raise_tau(MvSearch *s)
{
	mv_last_scan.resumed++;
	begin_pass(s, Min(s->nearest.k, INT_MAX / MORE_CANDIDATES) * MORE_CANDIDATES);
	read_some(s, s->chunk, s->choice.n - s->chunk, s->tau);
	end_pass(s);
}

/* Is the number of lists by the curve of the index, not by a setting? */
static bool
by_curve(const MvSearch *s)
{
	return s->effort.probes == 0 && s->ivf->meta.calibration != MV_IVF_UNCALIBRATED;
}

/* Lists that the scan may still read. */
static int
lists_left(const MvSearch *s)
{
	int			all = s->ivf->nused;

	return Max((s->effort.max_probes > 0 ? Min(s->effort.max_probes, all) : all) -
			   s->choice.n, 0);
}

/* Rows that there were when the curves were drawn, to one that is left. */
static double
thinned_out(const MvSearch *s)
{
	double		rows = s->index->rd_rel->reltuples;

	return rows > 0 ? Max(s->ivf->meta.calibrated_rows / rows, 1) : 1;
}

/* Choose those within reach for s->wanted rows, of which there is a share in what is read. */
static int
choose_in_reach(MvSearch *s)
{
	double		wanted = s->wanted / s->share * thinned_out(s);

	return mv_ivf_choose(&s->choice, mv_ivf_reach(s->ivf, s->effort.recall, wanted),
						 lists_left(s));
}

/* Read the n lists chosen last. */
static void
read_chosen(MvSearch *s, int n)
{
	mv_last_scan.lists += n;
	read_some(s, s->choice.n - n, n, -INFINITY);
}

/*
 * Read the n lists chosen last, perhaps the last of all; or nothing, if all members had better
 * be ranked: false.
 */
static bool
read_or_rank(MvSearch *s, int n, bool last)
{
	double		codes = 0;

	for (int i = s->choice.n - n; i < s->choice.n; i++)
		codes += s->lists[s->choice.lists[i]].ncodes;
	if (mv_ivf_filter_gives_up(&s->filter, n, codes, last))
		return false;
	read_chosen(s, n);
	return true;
}

/*
 * Read the n lists chosen, and more until there are as many members as rows are wanted;
 * then as far as a scan would for all rows as near as these, as members may lie where
 * few others do, or all.  False: all members had better be ranked.
 */
static bool
read_members(MvSearch *s, int n)
{
	int			wanted = (int) Min(s->wanted, INT_MAX / 64);
	double		near;

	if (!read_or_rank(s, n, false))
		return false;
	if (by_curve(s) && s->nearest.n < wanted && lists_left(s) > 0)
	{
		s->share = s->filter.share;
		if (!read_or_rank(s, choose_in_reach(s), false))
			return false;
	}
	while (s->nearest.n < wanted && lists_left(s) > 0)
		if (!read_or_rank(s, mv_ivf_choose(&s->choice, INFINITY,
										   Min(lists_left(s), Max(s->choice.n, 1))), false))
			return false;
	if (!by_curve(s) || s->nearest.n < wanted || lists_left(s) == 0)
		return true;
	near = mv_ivf_rows_as_near(s->sample, s->nsample, &s->nearest, wanted);
	s->share = s->wanted / near;
	return read_or_rank(s, near < CURVE_SHARE * s->filter.left.n ? choose_in_reach(s) :
						mv_ivf_choose(&s->choice, INFINITY, lists_left(s)), true);
}

/* Begin to read a chunk; returns how many lists the first of it are, which are chosen. */
static int
choose_first(MvSearch *s)
{
	int			left = lists_left(s);
	int			least = Max(Max(s->choice.n, s->effort.min_probes), 1);
	int			n = 0;

	mv_last_scan.resumed += s->choice.n > 0;
	s->chunk = s->choice.n;
	if (by_curve(s))
		n = choose_in_reach(s);
	else
		least = Max((int) mv_ivf_lists_wanted(s->ivf, &s->effort), 1);
	if (n < least)
		n += mv_ivf_choose(&s->choice, INFINITY, Min(least, left) - n);
	return n;
}

/* As many rows as are wanted, and some more for those whose codes deceive. */
static int
estimates_wanted(const MvSearch *s)
{
	double		more = CANDIDATES_A_ROW * s->wanted;

	if (s->filter.strategy == MV_IVF_POST)
		more /= s->filter.share;
	return (int) Min(Max(more, FIRST_CANDIDATES), INT_MAX / 64);
}

/* Lists whose first rows tell whether those nearby pass as often as others. */
#define NEARBY_LISTS 4

/* Is it worth while to test candidates of the n lists chosen? */
static bool
passes_nearby(MvSearch *s, int n)
{
	int			asked = 0,
				members = 0;
	const char *block;

	for (int i = s->choice.n - n; i < s->choice.n - n + Min(n, NEARBY_LISTS); i++)
	{
		const ScanList *list = &s->lists[s->choice.lists[i]];

		mv_ivf_walk_start(&s->walk, list->first, Min(list->ncodes, MV_BLOCK));
		while ((block = mv_ivf_walk_next(&s->walk)) != NULL)
		{
			asked += s->walk.n;
			members += pg_popcount32(mv_ivf_filter_members(&s->filter, block, s->walk.n,
														   s->walk.left));
		}
	}
	return members >= s->filter.share / 2 * asked;
}

/* Read the next chunk of lists; all rows of the last have been returned. */
static void
read_chunk(MvSearch *s)
{
	int			n;

	if (s->filter.strategy == MV_IVF_BRUTE)
	{
		rank_members(s);
		return;
	}
	if (s->filter.strategy == MV_IVF_POST)
		s->share = s->filter.share;
	n = choose_first(s);
	if (s->filter.strategy == MV_IVF_POST && !s->filter.fixed && !passes_nearby(s, n))
		mv_ivf_filter_mask(&s->filter);
	begin_pass(s, estimates_wanted(s));
	if (!masks(s))
		read_chosen(s, n);
	else if (!read_members(s, n))
	{
		rank_members(s);
		return;
	}
	end_pass(s);
}

/*
 * More rows are wanted than the lists were chosen for: read what is within reach
 * for twice as many as were returned, too.
 */
static void
extend_chunk(MvSearch *s)
{
	s->wanted = 4 * s->nreturned;
	s->until = s->wanted / 2;
	read_chosen(s, choose_in_reach(s));
}

/* ---- re-ranking ---- */

static void
add_exact(MvSearch *s, uint32 id, float dist)
{
	while (!mv_rerank_exact(&s->rerank, id, dist))
		mv_rerank_grow(&s->rerank, s->rerank.candidates, s->rerank.max_candidates,
					   repalloc_huge(s->rerank.exact, sizeof(MvNeighbor) * 2 * s->rerank.max_exact),
					   2 * s->rerank.max_exact);
}

/* Look up a candidate.  False: it does not pass the filter, or its row is gone. */
static bool
find_row(MvSearch *s, const MvNeighbor *candidate, MvIvfRow *row)
{
	return mv_ivf_filter_take(&s->filter, (uint32) candidate->id) &&
		mv_ivf_row_find(&s->rows, candidate, row);
}

/* Compute the distances of n rows that were found. */
static void
rank_rows(MvSearch *s, const MvIvfRow *rows, int n)
{
	for (int i = 0; i < n; i++)
	{
		float		dist;

		if (mv_ivf_row_rank(&s->rows, &rows[i], &dist))
			add_exact(s, rows[i].id, dist);
		else
			mv_rerank_skip(&s->rerank);
	}
}

/* The next rows of the filter's set, from *id on; returns their number, 0 at the end. */
static int
find_members(MvSearch *s, uint32 *id, MvIvfRow *rows)
{
	const MvIdSet *left = &s->filter.left;
	int			n = 0;

	while (*id < left->n && n < BATCH)
	{
		uint64		bits = left->words[*id / 64] >> *id % 64;
		MvNeighbor	member;

		if (bits == 0)
		{
			*id = (*id / 64 + 1) * 64;
			continue;
		}
		*id += (uint32) pg_rightmost_one_pos64(bits);
		member = (MvNeighbor){ *id, -INFINITY };
		(*id)++;
		if (find_row(s, &member, &rows[n]))
			n++;
	}
	s->rerank.pending += n;
	mv_ivf_rows_ahead(&s->rows, rows, n);
	return n;
}

/*
 * Rank all members that are left: then every list is as good as read.  While some are
 * ranked the next are fetched.
 */
static void
rank_members(MvSearch *s)
{
	MvIvfRow	rows[2][BATCH];
	uint32		id = 0;
	int			n;

	mv_rerank_cut(&s->rerank, -INFINITY);
	n = find_members(s, &id, rows[0]);
	for (int turn = 0; n > 0; turn = !turn)
	{
		int			next = find_members(s, &id, rows[!turn]);

		rank_rows(s, rows[turn], n);
		n = next;
		CHECK_FOR_INTERRUPTS();
	}
	s->choice.n = s->ivf->nused;
	s->tau = INFINITY;
	s->in_pass = false;
	mv_rerank_floor(&s->rerank, INFINITY);
}

/* Too many candidates do not pass: read the lists again, for members alone. */
static void
mask_from_now(MvSearch *s)
{
	mv_last_scan.switches++;
	mv_ivf_filter_mask(&s->filter);
	mv_rerank_cut(&s->rerank, -INFINITY);
	mv_ivf_choice_start(&s->choice, (float) s->rows.ranker.norm);
	s->chunk = 0;
	s->share = 1;
	s->tau = INFINITY;
}

/* Compute the distances of the next few candidates. */
static bool
rerank_batch(MvSearch *s)
{
	MvIvfRow	rows[BATCH];
	MvNeighbor	candidate;
	int			n = 0;
	int			taken = 0;

	while (taken < BATCH && mv_rerank_next(&s->rerank, &candidate))
	{
		taken++;
		if (find_row(s, &candidate, &rows[n]))
			n++;
		else
			mv_rerank_skip(&s->rerank);
	}
	mv_ivf_rows_ahead(&s->rows, rows, n);
	rank_rows(s, rows, n);
	if (mv_ivf_filter_tested_enough(&s->filter))
		mask_from_now(s);
	return taken > 0;
}

bool
mv_ivf_search_next(MvSearch *s, MvFound *result)
{
	MemoryContext old = MemoryContextSwitchTo(s->view_context);
	MvNeighbor	next;
	bool		found = false;

	while (!found)
	{
		CHECK_FOR_INTERRUPTS();
		if (s->nreturned > s->until && by_curve(s) && lists_left(s) > 0)
			extend_chunk(s);
		if (mv_rerank_result(&s->rerank, &next))
		{
			if (!mv_ivf_row_tid(&s->rows, (uint32) next.id, &result->tid))
				continue;
			result->distance = mv_ivf_in_units(s->ivf, next.dist);
			result->estimated = s->ivf->meta.rerank == MV_RERANK_NONE && !s->ivf->shape.strings;
			s->nreturned++;
			found = true;
		}
		else if (rerank_batch(s))
			continue;
		else if (s->tau < INFINITY)
			raise_tau(s);
		else if (lists_left(s) > 0)
			read_chunk(s);
		else
			break;
	}
	MemoryContextSwitchTo(old);
	return found;
}
