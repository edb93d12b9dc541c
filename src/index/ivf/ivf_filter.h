/*
 * ivf_filter.h -- which ids a scan may return: a filter as a set of ids.
 */
#pragma once

#include "core/topk.h"
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

/*
 * Ids are asked about in parts of their pages, when a scan comes by the first of a part:
 * a part is as many keys, or TIDs, as lie side by side, and its bits are a word.
 */
#define MV_IVF_PART 64

typedef struct MvIvfFilter
{
	MemoryContext context;		/* of the set */
	MvIvfIds   *ids;
	const MvFilter *filter;
	MvIvfStrategy strategy;
	bool		fixed;			/* by a setting: it stays */
	double		share;			/* of the rows, that pass: an estimate until all were asked about */
	double		lists,			/* that a scan reads until it has the rows wanted, */
				codes;			/* and their codes; estimates */
	double		spent;			/* ns, on lists */

	/* Ids that may still become results: each leaves the set when it is ranked. */
	MvIdSet		left;
	uint32		max_left;		/* ids that there is memory for */

	/* Those not asked about are members. */
	uint64	   *asked;			/* a bit for each part of each page */
	int			parts;			/* of a page */
	bool		complete;		/* all were asked about */
	double		nasked,
				npassed;		/* of them */
	double		tested,			/* ids that were looked up one by one */
				taken;			/* of them, that passed */
} MvIvfFilter;

/* Once; sets are allocated in that context. */
void		mv_ivf_filter_init(MvIvfFilter *f, MemoryContext context);

/*
 * mv_ivf_filter_start -- choose a strategy.
 *
 * ids		of the index, valid until the next start
 * filter	or NULL
 * effort	its rows: those that are expected to be asked for
 * choice	of lists, begun for the query
 */
void		mv_ivf_filter_start(MvIvfFilter *f, MvIvfIds *ids, Relation heap,
								const MvFilter *filter, const MvEffort *effort,
								const MvIvfChoice *choice);

/* mv_ivf_filter_only -- instead of a filter, a copy of that set. */
void		mv_ivf_filter_only(MvIvfFilter *f, const MvIdSet *set);

/* Is masking cheaper than to go on testing as many ids as so far? */
bool		mv_ivf_filter_tested_enough(const MvIvfFilter *f);

/* mv_ivf_filter_mask -- mask from now on. */
void		mv_ivf_filter_mask(MvIvfFilter *f);

/*
 * mv_ivf_filter_gives_up -- had all members left better be ranked than so many lists be
 * read, with so many codes?
 *
 * last		nothing is to be read after these: then what was spent does not count.  Else
 *			as much again as so far may be needed
 *
 * True: all have been asked about, the strategy is MV_IVF_BRUTE.
 */
bool		mv_ivf_filter_gives_up(MvIvfFilter *f, double lists, double codes, bool last);

/* An id is about to be ranked: take it out of the set.  False: it does not pass. */
bool		mv_ivf_filter_take(MvIvfFilter *f, uint32 id);

/* See mv_ivf_filter_block(). */
uint32		mv_ivf_filter_members(MvIvfFilter *f, const char *block, int n, uint32 ncodes);

/*
 * Which of the n ids that a block of codes begins with may be results, a bit each.  ncodes: of
 * the list from this block on, whose ids often follow each other, and are asked about at once.
 */
static inline uint32
mv_ivf_filter_block(MvIvfFilter *f, const char *block, int n, uint32 ncodes)
{
	return f->strategy == MV_IVF_MASK ? mv_ivf_filter_members(f, block, n, ncodes) :
		PG_UINT32_MAX;
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

/* From the first n estimates of a list of so many codes. */
void		mv_ivf_sample_list(MvIvfListSample *sample, const MvBlockResult *result, int n,
							   uint32 ncodes);

/*
 * How many rows of the n lists, members of a filter or not, are as near as the last of the
 * nearest k estimates of members.
 */
double		mv_ivf_rows_as_near(const MvIvfListSample *sample, int n, const MvTopK *nearest, int k);
