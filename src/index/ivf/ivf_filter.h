/*
 * ivf_filter.h -- which ids a scan may return: a filter as a set of ids.
 */
#pragma once

#include "index/idset.h"
#include "index/ivf/ivf.h"

/* How a scan goes about a filter; milvus.filter_strategy. */
typedef enum MvIvfStrategy
{
	MV_IVF_UNFILTERED,
	MV_IVF_BRUTE,				/* every member is ranked, no list is read */
	MV_IVF_MASK,				/* lists are read, codes of others passed over */
	MV_IVF_POST					/* lists are read, candidates tested before they are ranked */
} MvIvfStrategy;

typedef struct MvIvfFilter
{
	MemoryContext context;		/* of the set */
	MvIvfIds   *ids;
	const MvFilter *filter;
	MvIvfStrategy strategy;
	bool		fixed;			/* by a setting: it stays */
	double		share;			/* of the rows, that pass: an estimate until it is built */

	/*
	 * Ids that may still become results: each leaves the set when it is ranked.  All
	 * are members before mv_ivf_filter_build().
	 */
	MvIdSet		left;
	uint32		max_left;		/* ids that there is memory for */
	bool		built;
	double		nleft;			/* members when it was built */
	double		tested;			/* ids that were looked up one by one */
} MvIvfFilter;

/* Once; sets are allocated in that context. */
void		mv_ivf_filter_init(MvIvfFilter *f, MemoryContext context);

/*
 * mv_ivf_filter_start -- choose a strategy, and build the set if it wants one.
 *
 * ids		of the index, valid until the next start
 * filter	or NULL
 * wanted	rows that are expected to be asked for
 */
void		mv_ivf_filter_start(MvIvfFilter *f, MvIvfIds *ids, Relation heap,
								const MvFilter *filter, double wanted);

/* mv_ivf_filter_only -- instead of a filter, a copy of that set. */
void		mv_ivf_filter_only(MvIvfFilter *f, const MvIdSet *set);

/* mv_ivf_filter_build -- leave in the set what passes; it is masked with from now on. */
void		mv_ivf_filter_build(MvIvfFilter *f);

/* Is building the set cheaper than to go on testing as many ids as so far? */
bool		mv_ivf_filter_tested_enough(const MvIvfFilter *f);

/* mv_ivf_filter_use -- take that strategy, and tell the counters. */
void		mv_ivf_filter_use(MvIvfFilter *f, MvIvfStrategy strategy);

/* An id is about to be ranked: take it out of the set.  False: it does not pass. */
bool		mv_ivf_filter_take(MvIvfFilter *f, uint32 id);

/* Which of the n ids that a block of codes begins with may be results, a bit each. */
static inline uint32
mv_ivf_filter_block(const MvIvfFilter *f, const char *block, int n)
{
	uint32		members = 0;

	if (!f->built)
		return PG_UINT32_MAX;
	for (int i = 0; i < n; i++)
		members |= (uint32) mv_id_set_has(&f->left, mv_ivf_block_id(block, i)) << i;
	return members;
}

/* What takes how long, in ns: ranking n rows, reading lists with so many codes in all. */
double		mv_ivf_rank_cost(const MvIvf *ivf, double n);
double		mv_ivf_read_cost(const MvIvf *ivf, double lists, double codes);

/* Estimates of the first codes of a list, which stand for all of it. */
typedef struct MvIvfListSample
{
	float		est[MV_BLOCK];	/* INFINITY beyond the last */
	float		weight;			/* codes for each of them */
} MvIvfListSample;

/* Rows of n lists with estimates up to a limit: rather more, the fewer of the sample are. */
double		mv_ivf_rows_below(const MvIvfListSample *sample, int n, float limit);
