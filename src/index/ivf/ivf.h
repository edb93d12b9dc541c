/*
 * ivf.h -- an inverted file of RaBitQ codes: page contents, shared by the
 * files of this folder.
 *
 * Every row of the table that is indexed has an id, counted from 0.  A row of
 * id i has
 *   - an entry in an id page: its heap TID, and where its vector is;
 *   - a vector in a vector page, for exact re-ranking, if the options say so;
 *   - a code in the list of its nearest centroid, for finding it.
 *
 * Lists are of floats, rotated and without the mean, those of bit strings too.
 * The code of a bit string is the string itself: it needs no vector.
 */
#pragma once

#include "storage/itemptr.h"

#include "core/fastscan.h"
#include "core/nearest.h"
#include "core/rabitq.h"
#include "core/rotate.h"
#include "index/idset.h"
#include "index/method.h"
#include "index/page.h"

#define MV_IVF_MAGIC 0x4D564956 /* at the place of pgvector's, and none of its */
#define MV_IVF_VERSION 3
#define MV_IVF_VERSION_ATTRIBUTES 4 /* there are */

/*
 * Meta page, block 0.
 *
 * Head:
 *   OFFSET  SIZE  DESCRIPTION
 *        0     4  magic
 *        4     4  version of the format
 *
 * Body: MvIvfMeta.
 */
typedef struct MvIvfMetaHead
{
	uint32		magic;
	uint32		version;
} MvIvfMetaHead;

/*
 * What a recall takes: reach[i] lets a scan for k rows have a recall of
 * mv_ivf_knots[i], reading lists[i] lists on average; see ivf_effort.c.
 */
#define MV_IVF_KNOTS 16

typedef struct MvIvfCurve
{
	float		reach[MV_IVF_KNOTS];
	float		lists[MV_IVF_KNOTS];
} MvIvfCurve;

/* Curves are kept for k = 10 and 100. */
#define MV_IVF_CURVES 2

typedef enum MvIvfCalibration
{
	MV_IVF_UNCALIBRATED,		/* built without rows: curves say nothing */
	MV_IVF_BY_BUILD,			/* by the build or vacuum: rows of the table were the queries */
	MV_IVF_BY_QUERIES			/* milvus_calibrate() */
} MvIvfCalibration;

typedef struct MvIvfMeta
{
	/* Of the build, never changed. */
	uint64		seed;			/* of the rotation */
	uint64		build;			/* a number of this build's own */
	uint32		dim;			/* of the code space */
	uint16		elem;			/* MvElemKind */
	uint16		metric;			/* MvMetric */
	uint16		bits;			/* of a code, per dimension; 1 of bit strings */
	uint16		rerank;			/* MvRerankBy; bit strings: MV_RERANK_NONE, sparse: _HEAP */
	BlockNumber mean_start;		/* global mean, float[dim] over consecutive vector pages */
	BlockNumber list_start;		/* first list page, a chain */
	BlockNumber directory;		/* first page of the block numbers of the id pages, a chain */
	uint32		nbuilt;			/* rows indexed by the build: ids below are of its pages */
	BlockNumber id_start;		/* first of them; see mv_ivf_built_vector() */

	/* Changed by maintenance. */
	uint32		nlists;			/* slots of the list table, some of them unused */
	uint32		version;		/* changes when rows move between lists */
	BlockNumber free_ids;		/* id page with free entries, a chain, or InvalidBlockNumber */
	BlockNumber last_centroid;	/* page of centroids that may have room, or InvalidBlockNumber */
	float8		calibrated_rows;	/* rows there were when the curves were drawn */
	uint32		calibration;	/* MvIvfCalibration */
	MvIvfCurve	curves[MV_IVF_CURVES];
	BlockNumber graph;			/* page of the graph over the rows, or InvalidBlockNumber */
	float4		unit;			/* of MV_L1: see mv_ivf_rank_unit(); 0: not known */
	uint32		nattributes;	/* of the build, too */
} MvIvfMeta;

#define MV_IVF_META_BLOCK 0

/*
 * Backends keep centroids as codes of 8 bits, whose errors are a thousandth of a
 * distance.  Short ones are kept as they are: nothing is saved there.
 */
#define MV_IVF_CENTROID_BITS 8
#define MV_IVF_EXACT_CENTROIDS 256	/* up to that many dimensions, padded */

/*
 * List pages: a chain of pages of MvIvfList[MV_IVF_LISTS_PER_PAGE], the list
 * table.  An unused slot has no centroid.
 */
typedef struct MvIvfList
{
	BlockNumber first;			/* first code page, or InvalidBlockNumber */
	BlockNumber last;			/* last code page */
	BlockNumber tail;			/* the page where the block of the last code begins */
	uint32		ncodes;			/* codes beyond are not there, whatever the pages hold */
	uint32		npages;			/* length of the chain */
	BlockNumber centroid;		/* first page of the centroid, or InvalidBlockNumber */
	uint32		centroid_offset;	/* in that page */
	uint32		changed;		/* version of the table when it got this centroid */
	float		spread;			/* then: mean squared distance of its rows to the centroid */
} MvIvfList;

/* Lists of fewer rows do not pay: blocks of 32 would stay empty. */
#define MV_IVF_MIN_LIST 64

#define MV_IVF_LISTS_PER_PAGE (MV_BODY_SIZE / (int) sizeof(MvIvfList))

/* A list without codes and centroid: an unused slot. */
static inline void
mv_ivf_list_clear(MvIvfList *list)
{
	memset(list, 0, sizeof(MvIvfList));
	list->first = list->last = list->tail = list->centroid = InvalidBlockNumber;
}

/*
 * Centroid pages: rotated centroids, float[padded] each, packed; one that is
 * larger than a body takes a chain of pages of its own.
 *
 * Code pages: the chain of a list is one stream of blocks of 32 codes, cut
 * into bodies.  A block of one-bit codes is made for FastScan; of bit strings
 * f_add is the number of set bits and f_rescale -2:
 *
 *   OFFSET  SIZE        DESCRIPTION
 *        0   128        id, uint32[32]
 *      128   128        f_add, float[32]
 *      256   128        f_rescale, float[32]
 *      384   4 * padded codes
 *
 * One of more bits:
 *
 *   OFFSET  SIZE        DESCRIPTION
 *        0   128        id, uint32[32]
 *      128   32 rows    code, f_add, f_rescale
 */
#define MV_IVF_BLOCK_IDS (4 * MV_BLOCK)
#define MV_IVF_BLOCK_HEAD (3 * 4 * MV_BLOCK)

/*
 * Id pages.
 *
 * Head: MvIvfIdHead.  Body: MvIvfId[ids_per_page], then the block numbers of the
 * vector pages of these ids, uint32[groups_per_page], first pages of the vectors
 * that take several.
 */
typedef struct MvIvfIdHead
{
	uint32		first;			/* id of the first entry */
	uint32		count;			/* entries in use or free */
	uint32		nfree;			/* of them free */
	BlockNumber next_free;		/* next page of the chain of free ids; see MvIvfMeta */
	uint32		in_chain;		/* is this page one of it? */
	BlockNumber attributes;		/* first of the pages of their keys, if there are attributes */
} MvIvfIdHead;

typedef struct MvIvfId
{
	ItemPointerData tid;
	uint16		flags;			/* MV_ID_* */
} MvIvfId;

#define MV_ID_DEAD 1			/* its row has been vacuumed away */
#define MV_ID_CLAMPED 2			/* an element did not fit f16: distances say nothing */
#define MV_ID_FREE 4			/* dead, and in no list: for another row */

static inline bool
mv_ivf_id_is_dead(MvIvfId entry)
{
	return (entry.flags & (MV_ID_DEAD | MV_ID_FREE)) != 0;
}

/*
 * Attribute pages, a chain of meta.nattributes for each id page.
 * Body: uint64[ids_per_page], mv_key_code() of the keys of one attribute.
 */
#define MV_IVF_MAX_IDS_PER_PAGE (MV_BODY_SIZE / (int) sizeof(int64))

/* What follows from the dimensions and options. */
typedef struct MvIvfShape
{
	int			dim;
	int			padded;
	int			bits;
	bool		strings;		/* rows are bit strings, and these their codes */
	MvElemKind	stored;			/* elements of stored vectors */
	int			row_size;		/* bytes of an encoded row: code, f_add, f_rescale */
	int			block_size;		/* bytes of a block of 32 */
	int			centroid_size;	/* bytes */
	int			vector_size;	/* bytes as stored; 0: none is */
	int			vectors_per_page;	/* or 0: a vector takes pages_per_vector pages, or none */
	int			pages_per_vector;
	int			ids_per_page;
	int			groups_per_page;	/* vector pages (or runs of them) of an id page */
	int			groups_offset;	/* in the body of an id page */
	int			nattributes;
	int			id_stride;		/* pages of an id page of the build: with attributes and vectors */
} MvIvfShape;

#define MV_IVF_DIRECTORY_ENTRIES (MV_BODY_SIZE / (int) sizeof(BlockNumber))

/* Of the meta page, what follows counts: dim, elem, bits, rerank, nattributes. */
void		mv_ivf_shape(MvIvfShape *shape, const MvIvfMeta *meta);

/*
 * A version of an index as a backend knows it; see ivf_cache.c.  What it holds
 * never changes.  Arrays are by list; those of unused slots say nothing.
 */
typedef struct MvIvf
{
	MvIvfMeta	meta;
	MvIvfShape	shape;
	const MvOpclass *opclass;
	MvRabitqFormat format;
	MvRotation *rotation;
	float	   *mean;			/* [dim] */
	float	   *rotated_mean;	/* [padded] */
	float		mean_norm;		/* squared */
	double		unit;			/* see mv_ivf_rank_unit() */

	int			npages;			/* of the list table */
	BlockNumber *list_pages;
	int			nused;			/* lists in use */
	uint32	   *used;			/* [nused]: their numbers, ascending */
	const void **centroids;		/* [nused]: as codes or floats; see above */
	char	   *coarse;			/* where they are codes: one-bit codes of them, by blocks of 32 */
	float	   *norm;			/* [nused]: |c|^2 */
	float	   *mean_dot;		/* [nused]: <c, mean> */
	float	   *spread;			/* [nused]; see MvIvfList */
} MvIvf;

/* ivf_cache.c: valid until the next call, or for a memory context's life */
MvIvf	   *mv_ivf_open(Relation index);
MvIvf	   *mv_ivf_open_for(Relation index, MemoryContext context);

/* The version of the list table that is in force now. */
uint32		mv_ivf_current_version(Relation index);

/* The first page of the chain of free ids, or InvalidBlockNumber. */
BlockNumber mv_ivf_free_ids(Relation index);

/* A number that no other build has. */
uint64		mv_ivf_new_build(void);

/* ivf_page.c: where things are, and the parts of a row */
void		mv_ivf_set_format(MvIvf *ivf);

/* Where the id pages are; read again when an id lies beyond what was known. */
typedef struct MvIvfIds
{
	Relation	index;
	const MvIvf *ivf;
	int			npages;			/* known */
	int			size;			/* of blocks */
	BlockNumber *blocks;
} MvIvfIds;

void		mv_ivf_ids_begin(MvIvfIds *ids, Relation index, const MvIvf *ivf);
void		mv_ivf_ids_end(MvIvfIds *ids);

/* Ids there are now, dead ones too. */
uint32		mv_ivf_ids_count(MvIvfIds *ids);

/* The same for who has not begun. */
uint32		mv_ivf_count_ids(Relation index, const MvIvf *ivf);

/* Read the directory again; returns the number of id pages. */
int			mv_ivf_ids_refresh(MvIvfIds *ids);

/* Copy the stored vector of an id, vector_size bytes; returns its entry. */
MvIvfId		mv_ivf_read_vector(MvIvfIds *ids, uint32 id, void *vector);

/*
 * Where the stored vector of an id of the build is: its id pages are each followed
 * by their attribute pages, then their vector pages, in order.  Nothing is read.
 */
static inline BlockNumber
mv_ivf_built_vector(const MvIvf *ivf, uint32 id, int *offset)
{
	const MvIvfShape *shape = &ivf->shape;
	uint32		slot = id % (uint32) shape->ids_per_page;
	uint32		group = shape->vectors_per_page > 0 ? slot / (uint32) shape->vectors_per_page :
		slot * (uint32) shape->pages_per_vector;

	*offset = shape->vectors_per_page > 0 ?
		(int) (slot % (uint32) shape->vectors_per_page) * shape->vector_size : 0;
	return ivf->meta.id_start + id / (uint32) shape->ids_per_page * (uint32) shape->id_stride +
		1 + (uint32) shape->nattributes + group;
}

/* The entry of an id; where vectors are stored, also the first page of its own and the offset. */
MvIvfId		mv_ivf_id(MvIvfIds *ids, uint32 id, BlockNumber *vector, int *offset);

/* Copy n bytes that begin at an offset of a page and go on along its chain. */
void		mv_ivf_read_run(Relation index, BlockNumber block, MvPageKind kind, int offset,
							char *dst, int n);

/* ivf_attribute.c: keys of attributes, by id */

/* Pages for the keys of a new id page; returns the first. */
BlockNumber mv_ivf_new_attributes(Relation index, Relation heap, const MvIvf *ivf);

/* Write the keys of a slot of an id page, which is exclusively locked. */
void		mv_ivf_put_keys(Relation index, const MvIvf *ivf, Page ids, int slot,
							const int64 *keys);

/* Of n ids of an id page, from a slot on, clear the bits of those that fail a condition. */
void		mv_ivf_mask_keys(MvIvfIds *ids, int page_no, int from, int n,
							 const MvCondition *condition, uint64 *words);

/* x (float[dim]) as it is stored, if it is; returns MV_ID_CLAMPED or 0. */
uint16		mv_ivf_vector(const MvIvf *ivf, const float *x, void *stored);

/* A stored vector in the space of the lists: rotated, float[padded]. */
void		mv_ivf_rotate_stored(const MvIvf *ivf, const void *stored, float *rotated);

/* The same of a bit string from its code. */
void		mv_ivf_rotate_string(const MvIvf *ivf, const char *row, float *rotated);

/* Can a row be had in that space again, to move to another list? */
static inline bool
mv_ivf_rows_can_move(const MvIvfShape *shape)
{
	return shape->strings || shape->vector_size > 0;
}

/* ivf_code.c: rows as codes, and blocks of 32 of them */

/*
 * A row's code, of shape.row_size bytes, in two steps: that of a bit string
 * follows from x (float[dim]) and is complete after the first, whatever its list;
 * that of a vector is made by the second.
 */
void		mv_ivf_encode_string(const MvIvf *ivf, const float *x, char *row);
void mv_ivf_encode(const MvIvf *ivf, const float *rotated, const float *centroid, char *row);

void		mv_ivf_block_clear(const MvIvfShape *shape, char *block);
void mv_ivf_block_put(const MvIvfShape *shape, char *block, int slot, const char *row, uint32 id);
void		mv_ivf_block_get(const MvIvfShape *shape, const char *block, int slot, char *row);

static inline uint32
mv_ivf_block_id(const char *block, int slot)
{
	return ((const uint32 *) block)[slot];
}

/* Bytes of the one-bit codes of n centroids; how they are written, and taken from another view. */
Size		mv_ivf_coarse_size(const MvIvfShape *shape, int n);
void		mv_ivf_coarse_put(MvIvf *ivf, int at, const float *centroid);
void		mv_ivf_coarse_copy(MvIvf *ivf, int to, const MvIvf *from, int at);

/* A query, ready to be compared with codes. */
typedef struct MvIvfQuery
{
	const MvIvf *ivf;
	float	   *rotated;		/* [padded] */
	void	   *memory,			/* of the next two */
			   *string_memory;
	MvRabitqQuery query;
	MvRabitqQuery string;		/* of bit strings, for the rows' codes */
	MvRabitqScan scan;			/* of the rows' codes */
	MvRabitqScan centroids;		/* of the centroids' codes */
	MvRabitqScan coarse;		/* of their one-bit codes */
	float		norm;			/* |q|^2 */
	float		mean_dot;		/* <q, mean> */
	float		slack;			/* of inner products of sketches: how far they are off */
	double		recall;			/* that is wanted, set before a start: widens bounds; or 0 */
	float	   *est;			/* [nused], in whole blocks */
	float	   *low;			/* the same */
} MvIvfQuery;

/* Allocates what it needs in the current context. */
void		mv_ivf_query_begin(MvIvfQuery *q, const MvIvf *ivf);

/* x: float[dim] */
void		mv_ivf_query_start(MvIvfQuery *q, const float *x);

/*
 * How far every list in use is: g_add and g_dist of rabitq.h, [nused] each; of
 * bit strings under Jaccard g_add is mv_ivf_jaccard_key().  The order of g_add is that
 * in which lists are read.
 */
void		mv_ivf_rank_lists(MvIvfQuery *q, float *g_add, float *g_dist);

/*
 * The same in two steps, for scans that read a part of the lists: first of all, [nused],
 * g_add or what it is hardly ever below, and what it is probably not below, at a tenth of
 * the time; then both of at most MV_BLOCK of them.
 */
void		mv_ivf_bound_lists(MvIvfQuery *q, float *g_add, float *likely);
void mv_ivf_rank_some(MvIvfQuery *q, const uint32 *lists, int n, float *g_add, float *g_dist);

/* Codes that follow are of that list, which is nothing to bit strings. */
static inline void
mv_ivf_query_center(MvIvfQuery *q, float g_add, float g_dist)
{
	if (!q->ivf->shape.strings)
		mv_rabitq_scan_center(&q->scan, g_add - q->slack, g_dist);
}

/*
 * Estimates and bounds of the n codes of a block; returns bit i iff low[i] <
 * limit.  Of bit strings both are the distance, and in the unit of the operator.
 */
uint32		mv_ivf_block_scan(const MvIvfQuery *q, const char *block, int n, float limit,
							  MvBlockResult *result);

/* The Jaccard distance from Hamming's and the set bits of either side. */
static inline float
mv_ivf_jaccard(float hamming, float bits_of_query, float bits_of_row)
{
	float		twice_any = bits_of_query + bits_of_row + hamming;

	return twice_any > 0 ? 2 * hamming / twice_any : 1;
}

/* ivf_rank.c: what rows are ranked by */
typedef struct MvIvfRanker
{
	const MvIvf *ivf;
	void	   *q;				/* [dim], of the elements of stored vectors */
	bool		vague;			/* q is not the query: ranks say nothing */
	double		norm;			/* of the query */
} MvIvfRanker;

/* Allocates what it needs in the current context. */
void		mv_ivf_ranker_begin(MvIvfRanker *ranker, const MvIvf *ivf);

/* x: float[dim], the query */
void		mv_ivf_ranker_start(MvIvfRanker *ranker, const float *x);

/*
 * A value not above the row's distance, comparable with bounds, from its vector as
 * shape.stored says; the least there is if nothing is known, as of vectors that did not fit.
 */
float		mv_ivf_rank(const MvIvfRanker *ranker, const void *vector);

/* The same from the distance itself; NaN: nothing is known. */
float		mv_ivf_rank_distance(const MvIvf *ivf, double distance);

/*
 * The operator's distance of two rows is at least that many times their Euclidean
 * distance in code space, for nearly all rows that are near: so ranks, which are
 * distances by this unit, compare with bounds.
 */
double		mv_ivf_rank_unit(const MvIvf *ivf);
float		mv_ivf_rank_unknown(const MvIvf *ivf);

/* A rank in the unit of the operator. */
double		mv_ivf_in_units(const MvIvf *ivf, float rank);

/* ivf_effort.c: which lists a scan reads */

/* Share of the spread in the key; .2 to .5 serve alike. */
#define MV_IVF_SPREAD_SHARE 0.35f

/*
 * A list's g_add under Jaccard: its key by Hamming distances, among strings of as
 * many bits as its rows have, which is |c|^2 and the spread.
 *
 * d2		|q - c|^2
 * c2		|c|^2 of the strings as they are
 */
static inline float
mv_ivf_jaccard_key(float d2, float bits_of_query, float c2, float spread)
{
	return mv_ivf_jaccard(Max(d2, 0) + MV_IVF_SPREAD_SHARE * spread, bits_of_query, c2 + spread);
}

/*
 * Lists are read in ascending order of their keys.  scale: what differences of
 * keys are divided by to be compared with a reach.
 */
float		mv_ivf_key(const MvIvf *ivf, int list, float g_add);
void		mv_ivf_keys(const MvIvf *ivf, const float *g_add, int n, float *keys);
float		mv_ivf_key_scale(const MvIvf *ivf, float query_norm);

/*
 * How far beyond the nearest list's key a scan reads that wants k rows with
 * that recall; INFINITY: all lists.
 */
float		mv_ivf_reach(const MvIvf *ivf, double recall, double k);

/* Lists that such a scan reads on average. */
double		mv_ivf_lists_wanted(const MvIvf *ivf, const MvEffort *effort);

/*
 * Draw the curve of a k from what was seen: reaches[n], at which each of the
 * true neighbours of the queries would have been found; reordered.
 * margin: share of the missing recall to be given away as a margin, and nqueries
 * for an allowance for their number (0: none).
 */
void		mv_ivf_draw_curve(float *reaches, int n, double margin, int nqueries,
							  MvIvfCurve *curve);

/* The k of a curve, and the recall of a point of it. */
int			mv_ivf_curve_k(int curve);
double		mv_ivf_knot(int i);

/* The value at a recall of values at all knots, linear in the logarithm of what is missing. */
double		mv_ivf_at_recall(const float *values, double recall);

/* ivf_choose.c: the lists that a scan reads, chosen in chunks; arrays are by list. */
typedef struct MvIvfChoice
{
	MvIvfQuery *query;
	float	   *g_add,			/* [nused]: of lists that are not ranked a lower bound, */
			   *g_dist,			/* below 0, */
			   *keys;			/* and a likely one; NaN of those chosen */
	float		first_key,		/* the least */
				scale;			/* see mv_ivf_key_scale() */
	uint32	   *lists;			/* [nused + 1]: those chosen, in order of reading */
	int			n;				/* of them */
} MvIvfChoice;

/* Allocates what it needs in the current context, for that query's view. */
void		mv_ivf_choice_begin(MvIvfChoice *choice, MvIvfQuery *query);

/* Nothing is chosen.  The query has been started. */
void		mv_ivf_choice_start(MvIvfChoice *choice, float query_norm);

/*
 * Choose at most `max` more lists, those of the least keys within a reach; returns
 * their number.  The nearest few come in order, the others in that of the
 * list table, as their pages do.
 */
int			mv_ivf_choose(MvIvfChoice *choice, float reach, int max);
/* How many more lists there are within a reach, or perhaps some fewer. */
int			mv_ivf_count_in_reach(const MvIvfChoice *choice, float reach);

/* ivf_calibrate.c: the curves */

/* Rows to calibrate with, those of a build's sample. */
typedef struct MvIvfSample
{
	const MvIvf *ivf;			/* with meta, shape, format, rotated_mean and spread of the lists */
	const MvCentroids *set;
	double		rows;			/* of the table */
	int			n;				/* of the sample */
	const float *x;				/* [n][padded], rotated */
	const float *norm;			/* [n], |x|^2 */
	const float *raw;			/* [n][dim], not rotated; of MV_L1 only, which rotations change */
	const int32_t *list;		/* [n], of each row */
} MvIvfSample;

/* Most rows of a sample that serve as queries. */
#define MV_IVF_SAMPLE_QUERIES 256

/* How many do, and the neighbours of each that are found for a curve. */
int			mv_ivf_sample_queries(const MvIvfSample *sample);
int			mv_ivf_sample_neighbours(const MvIvfSample *sample, int curve);

/*
 * Reaches of the neighbours of queries first .. first + n - 1; reaches[curve] is
 * float[queries][neighbours], of which theirs are written.
 */
void		mv_ivf_sample_reaches(const MvIvfSample *sample, int first, int n,
								  float *const *reaches);

/* Set meta->calibration and curves from all reaches. */
void mv_ivf_sample_curves(const MvIvfSample *sample, float *const *reaches, MvIvfMeta *meta);

/*
 * Draw the curves from rows of the index, if there are none or it has twice the
 * rows since, unless they are of queries given.  live: rows.
 */
void		mv_ivf_calibrate_again(Relation index, double live);

/* Draw the curves of a built index from n queries, float[n][dim], and store them. */
void		mv_ivf_calibrate(Relation index, const float *queries, int n);

/* ivf_list.c: the list table and the chains of codes */

/*
 * The lists as they are now, all at one version of the list table, [(*ivf)->nused],
 * palloc'd.  Their codes stay readable while the caller has a snapshot.
 */
MvIvfList  *mv_ivf_copy_lists(Relation index, MvIvf **ivf);

/*
 * Append a code to the list whose header lies at that place of a page that is
 * exclusively locked; begun as mv_ivf_list_clear() leaves it.
 */
void		mv_ivf_append(Relation index, Relation heap, const MvIvf *ivf, Buffer table, int at,
						  uint32 id, const char *row);

/* The page where block number `block` of a list's codes begins, and the offset in its body. */
BlockNumber mv_ivf_find_block(Relation index, const MvIvf *ivf, const MvIvfList *list,
							  uint32 block, int *offset);

/* Where a slot of the list table is. */
static inline BlockNumber
mv_ivf_list_place(const MvIvf *ivf, uint32 list, int *offset)
{
	*offset = (int) (list % MV_IVF_LISTS_PER_PAGE * sizeof(MvIvfList));
	return ivf->list_pages[list / MV_IVF_LISTS_PER_PAGE];
}

/* A copy of a list's header as it is now. */
MvIvfList	mv_ivf_list_header(Relation index, const MvIvf *ivf, uint32 list);

/* The header of a list in a page or in the changed copy of one. */
static inline MvIvfList *
mv_ivf_list_at(Page page, int offset)
{
	return (MvIvfList *) (MV_PAGE_BODY(page) + offset);
}

/* The nearest list, as index into ivf->used; q->est of it is the squared distance. */
int			mv_ivf_nearest_list(MvIvfQuery *q);

/* A centroid, float[padded]. */
void		mv_ivf_read_centroid(Relation index, const MvIvf *ivf, const MvIvfList *list, float *c);

/* Walking the blocks of a chain; one page is locked at a time. */
typedef struct MvIvfWalk
{
	Relation	index;
	const MvIvfShape *shape;
	BlockNumber first;			/* page to be read first */
	uint32		left;			/* codes not yet seen */
	Buffer		buffer;			/* locked and pinned, or invalid */
	int			at;				/* in its body */
	int			n;				/* codes of the current block */
	char	   *crossing;		/* [block_size], for blocks that cross pages */
} MvIvfWalk;

/* crossing: char[block_size] of the caller */
void mv_ivf_walk_begin(MvIvfWalk *walk, Relation index, const MvIvfShape *shape, char *crossing);
void		mv_ivf_walk_start(MvIvfWalk *walk, BlockNumber first, uint32 ncodes);

/* Have the processor fetch what pinning a chain that is walked soon takes; and its beginning. */
void		mv_ivf_walk_touch(const MvIvfWalk *walk, BlockNumber first, uint32 ncodes);
void		mv_ivf_walk_ahead(const MvIvfWalk *walk, BlockNumber first);

/*
 * The blocks of a list from code number seen->ncodes on, where `seen` is an
 * older state of its header.  Returns how many codes of the first block are older.
 */
int			mv_ivf_walk_resume(MvIvfWalk *walk, const MvIvfList *seen, const MvIvfList *now);

/*
 * The next block, walk->n codes of it; NULL after the last.  A page is locked
 * until a call returns NULL, so callers must call until then, and do little
 * in between.
 */
const char *mv_ivf_walk_next(MvIvfWalk *walk);

/*
 * ivf_chain.c: a chain of codes that replaces others.  Nobody knows of it until
 * a list's header leads to it; until then an error or a crash leaks its pages.
 */
typedef struct MvIvfChain
{
	Relation	index;
	Relation	heap;			/* or NULL: see mv_page_alloc() */
	const MvIvfShape *shape;
	MvIvfList	list;			/* out: the header, but for the centroid */
	char	   *block;			/* [block_size], the codes of no whole block */
	char	   *bodies;			/* of pages not yet written */
	int			used;			/* bytes of them */
	uint64		written;		/* bytes before them */
	uint64		last_block;		/* where in the stream the last block begins */
} MvIvfChain;

/* No page is locked between these calls. */
void		mv_ivf_chain_begin(MvIvfChain *chain, Relation index, Relation heap, const MvIvf *ivf);
void		mv_ivf_chain_put(MvIvfChain *chain, const char *row, uint32 id);
void		mv_ivf_chain_finish(MvIvfChain *chain);

/* Delete the pages of a chain that no header leads to any more. */
void		mv_ivf_chain_delete(Relation index, const MvIvfList *list);

/*
 * ivf_maintain.c: lists of the right length.
 *
 * The maintainer is alone in replacing chains and in changing what lists there
 * are.  It takes a heavyweight lock, held with no buffer locked meanwhile but
 * for moments; inserters only try to get it.
 */
void		mv_ivf_maintain_begin(Relation index);
bool		mv_ivf_maintain_try(Relation index);
void		mv_ivf_maintain_end(Relation index);

/* Codes beyond which a list is split, in an index of so many rows. */
uint32		mv_ivf_split_limit(Relation index, double rows);

/*
 * mv_ivf_split -- divide a list that is too long; dead rows are dropped.
 *
 * For the maintainer.  rows: of the index.  Returns false if nothing was done.
 */
bool		mv_ivf_split(Relation index, Relation heap, uint32 list, double rows);

/* Write a vector over that of another row. */
void		mv_ivf_overwrite_vector(Relation index, BlockNumber block, int offset,
									const char *vector, int size);

/*
 * ivf_shrink.c: cut off the file if that is worth while, for the maintainer in VACUUM.
 *
 * ndeleted		deleted pages, all known to mv_page_alloc()
 */
void		mv_ivf_shrink(Relation index, BlockNumber ndeleted);

/* Join lists that are too short to others, for the maintainer; returns how many. */
int			mv_ivf_merge(Relation index, Relation heap, double rows);

/*
 * What the build hands to ivf_write.c.  Tuples of the sort: list (int4), TID
 * (int8: block << 16 | offset), payload (bytea: flags, keys, vector, code row).
 */
typedef struct MvIvfRows
{
	MvIvf	   *ivf;			/* its meta is completed by mv_ivf_write() */
	const MvCentroids *set;
	const uint32 *counts;		/* rows of each list, [nlists] */
	double		nrows;
	struct Tuplesortstate *sort;	/* performed */
	struct TupleTableSlot *slot;	/* of minimal tuples */
	Page		graph;			/* image of the page meta->graph, or NULL: there is none */
} MvIvfRows;

#define MV_IVF_PAYLOAD_KEYS 8

static inline int
mv_ivf_payload_vector(const MvIvfShape *shape)
{
	return MV_IVF_PAYLOAD_KEYS + (int) sizeof(int64) * shape->nattributes;
}

static inline int
mv_ivf_payload_row(const MvIvfShape *shape)
{
	return (int) (mv_ivf_payload_vector(shape) + TYPEALIGN(8, shape->vector_size));
}

/* ivf_write.c: every page of a new index */
void		mv_ivf_write(Relation index, ForkNumber fork, const MvIvfRows *rows);

/* ivf_build.c, ivf_train.c, ivf_insert.c, ivf_scan.c, ivf_vacuum.c, ivf_check.c */
Size		mv_ivf_build_size(Relation index, const MvBuildPlan *plan);
MvBuild    *mv_ivf_build_begin(Relation index, const MvBuildPlan *plan, MvTeam *team, void *memory);
int			mv_ivf_sample_size(const MvBuild *build);
float	   *mv_ivf_sample(MvBuild *build);
void		mv_ivf_train(MvBuild *build);
void		mv_ivf_add(MvBuild *build, ItemPointer tid, const float *x, const int64 *keys);

/* palloc, aligned to 64. */
void	   *mv_ivf_alloc(Size size);

/* For a graph over the rows: lists planned, what a build has learnt, the graph's own page. */
uint32		mv_ivf_planned_lists(Relation index, const MvBuildPlan *plan);
const MvCentroids *mv_ivf_build_centroids(const MvBuild *build);
void		mv_ivf_build_graph(MvBuild *build, Page image);
double		mv_ivf_finish(MvBuild *build, ForkNumber fork);
void		mv_ivf_insert(Relation index, Relation heap, ItemPointer tid, const float *x,
						  const int64 *keys);

/* The same; returns the row's id. */
uint32		mv_ivf_insert_row(Relation index, Relation heap, ItemPointer tid, const float *x,
							  const int64 *keys);
MvSearch   *mv_ivf_search_begin(Relation index, Relation heap, Snapshot snapshot);
void mv_ivf_search_start(MvSearch *search, const float *query, Datum value,
						 const MvEffort *effort, const MvFilter *filter);
bool		mv_ivf_search_next(MvSearch *search, MvFound *found);

/* After search_start without a filter: only rows of that set of ids are returned. */
void		mv_ivf_search_only(MvSearch *search, const MvIdSet *ids);
void		mv_ivf_search_end(MvSearch *search);
IndexBulkDeleteResult *mv_ivf_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
										 IndexBulkDeleteCallback dead, void *arg);
double		mv_ivf_check(Relation index);
IndexBulkDeleteResult *mv_ivf_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

/* ivf_method.c */
void		mv_ivf_index_shape(Relation index, const MvEffort *effort, MvIndexShape *shape);

/* ivf_stats.c */
void		mv_ivf_tids(Relation index, MvTidFn each, void *arg);
void		mv_ivf_stats(Relation index, MvIndexStats *stats);
