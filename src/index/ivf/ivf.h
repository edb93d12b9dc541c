/*
 * ivf.h -- an inverted file of RaBitQ codes: page contents, shared by the
 * files of this folder.
 *
 * Every row of the table that is indexed has an id, counted from 0.  A row of
 * id i has
 *   - an entry in an id page: its heap TID, and where its vector is;
 *   - a vector in a vector page, as f16, for exact re-ranking;
 *   - a one-bit code in the list of its nearest centroid, for finding it.
 */
#pragma once

#include "storage/itemptr.h"

#include "core/fastscan.h"
#include "core/nearest.h"
#include "core/rabitq.h"
#include "core/rotate.h"
#include "index/method.h"
#include "index/page.h"

#define MV_IVF_MAGIC 0x4D564956 /* at the place of pgvector's, and none of its */
#define MV_IVF_VERSION 1

/*
 * Meta page, block 0.
 *
 * Head:
 *   OFFSET  SIZE  DESCRIPTION
 *        0     4  magic
 *        4     4  version of the format
 *
 * Body: MvIvfMeta.  Written by the build, never changed.
 */
typedef struct MvIvfMetaHead
{
	uint32		magic;
	uint32		version;
} MvIvfMetaHead;

typedef struct MvIvfMeta
{
	uint32		dim;			/* of the column */
	uint16		elem;			/* MvElemKind */
	uint16		metric;			/* MvMetric */
	uint64		seed;			/* of the rotation */
	uint64		build;			/* a number of this build's own */
	uint32		nlists;
	BlockNumber list_start;		/* first list page */
	BlockNumber mean_start;		/* global mean, float[dim] over consecutive vector pages */
	BlockNumber directory;		/* first page of the block numbers of the id pages, a chain */
	float8		ntuples;		/* rows indexed by the build */
} MvIvfMeta;

#define MV_IVF_META_BLOCK 0

/*
 * List pages: slots of list_slot_size bytes, each a header and the rotated
 * centroid, float[padded].  A slot larger than a body takes consecutive pages.
 *
 *   OFFSET  SIZE        DESCRIPTION
 *        0    64        MvIvfList
 *       64  4 * padded  centroid
 */
typedef struct MvIvfList
{
	BlockNumber first;			/* first code page, or InvalidBlockNumber */
	BlockNumber last;			/* last code page */
	BlockNumber tail;			/* the page where the block of the last code begins */
	uint32		ncodes;			/* codes beyond are not there, whatever the pages hold */
	uint32		npages;			/* length of the chain */
	uint32		unused[11];
} MvIvfList;

/*
 * Code pages: the chain of a list is one stream of FastScan blocks of 32 codes,
 * cut into bodies.  A block:
 *
 *   OFFSET  SIZE        DESCRIPTION
 *        0   128        f_add, float[32]
 *      128   128        f_rescale, float[32]
 *      256   128        id, uint32[32]
 *      384   4 * padded codes
 */
#define MV_IVF_BLOCK_HEAD 384

/*
 * Id pages.
 *
 * Head: MvIvfIdHead.  Body: MvIvfId[ids_per_page], then the block numbers of the
 * vector pages of these ids, uint32[vector_pages_per_id_page], first pages of
 * the vectors that take several.
 */
typedef struct MvIvfIdHead
{
	uint32		first;			/* id of the first entry */
	uint32		count;			/* entries in use */
} MvIvfIdHead;

typedef struct MvIvfId
{
	ItemPointerData tid;
	uint16		flags;			/* MV_ID_* */
} MvIvfId;

#define MV_ID_DEAD 1			/* its row has been vacuumed away */
#define MV_ID_CLAMPED 2			/* an element did not fit f16: distances say nothing */

/* What follows from the dimensions. */
typedef struct MvIvfShape
{
	int			dim;
	int			padded;
	int			block_size;		/* bytes of a FastScan block */
	int			list_slot_size;
	int			lists_per_page; /* or 0: a slot takes pages_per_list pages */
	int			pages_per_list;
	int			vector_size;	/* bytes, f16 */
	int			vectors_per_page;	/* or 0: a vector takes pages_per_vector pages */
	int			pages_per_vector;
	int			ids_per_page;
	int			groups_per_page;	/* vector pages (or runs of them) of an id page */
	int			groups_offset;	/* in the body of an id page */
} MvIvfShape;

#define MV_IVF_DIRECTORY_ENTRIES (MV_BODY_SIZE / (int) sizeof(BlockNumber))

void		mv_ivf_shape(MvIvfShape *shape, int dim);

/* An index as a backend knows it; see ivf_cache.c.  What it holds never changes. */
typedef struct MvIvf
{
	MvIvfMeta	meta;
	MvIvfShape	shape;
	const MvOpclass *opclass;
	MvRabitqFormat format;
	MvRotation *rotation;
	float	   *mean;			/* [dim] */
	float	   *rotated_mean;	/* [padded] */
	float	   *centroids;		/* [nlists][padded], rotated, without the mean */
	float	   *norms;			/* [nlists], squared */
} MvIvf;

/* ivf_cache.c: valid until the next call, or for a memory context's life */
MvIvf	   *mv_ivf_open(Relation index);
MvIvf	   *mv_ivf_open_for(Relation index, MemoryContext context);

/* A number that no other build has. */
uint64		mv_ivf_new_build(void);

/* ivf_page.c: where things are, and the parts of a row */
void		mv_ivf_set_format(MvIvf *ivf);
BlockNumber
mv_ivf_list_block(const MvIvfMeta *meta, const MvIvfShape *shape, uint32 list, int *offset);

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

/* Read the directory again; returns the number of id pages. */
int			mv_ivf_ids_refresh(MvIvfIds *ids);

/* The entry of an id and the first page of its vector; the offset in it. */
MvIvfId		mv_ivf_id(MvIvfIds *ids, uint32 id, BlockNumber *vector, int *offset);

/* Copy n bytes that begin at an offset of a page and go on along its chain. */
void		mv_ivf_read_run(Relation index, BlockNumber block, MvPageKind kind, int offset,
							char *dst, int n);

/* x (float[dim]) as it is stored; returns MV_ID_CLAMPED or 0. */
uint16		mv_ivf_vector(const MvIvf *ivf, const float *x, uint16_t *stored);

/* List of a rotated row. */
uint32		mv_ivf_nearest_list(const MvIvf *ivf, const float *rotated);

/*
 * What the build hands to ivf_write.c.  Tuples of the sort: list (int4), TID
 * (int8: block << 16 | offset), payload (bytea: flags, vector, code row).
 */
typedef struct MvIvfRows
{
	MvIvf	   *ivf;			/* its meta is completed by mv_ivf_write() */
	const MvCentroids *set;
	const uint32 *counts;		/* rows of each list, [nlists] */
	double		nrows;
	struct Tuplesortstate *sort;	/* performed */
	struct TupleTableSlot *slot;	/* of minimal tuples */
} MvIvfRows;

#define MV_IVF_PAYLOAD_VECTOR 8

static inline int
mv_ivf_payload_row(const MvIvfShape *shape)
{
	return (int) (MV_IVF_PAYLOAD_VECTOR + TYPEALIGN(8, shape->vector_size));
}

/* ivf_write.c: every page of a new index */
void		mv_ivf_write(Relation index, ForkNumber fork, const MvIvfRows *rows);

/* ivf_build.c, ivf_insert.c, ivf_scan.c, ivf_vacuum.c, ivf_check.c */
MvBuild    *mv_ivf_build_begin(Relation index, int dim, double rows);
int			mv_ivf_sample_size(MvBuild *build);
void		mv_ivf_train(MvBuild *build, float *sample, int n);
void		mv_ivf_add(MvBuild *build, ItemPointer tid, const float *x);
double		mv_ivf_finish(MvBuild *build, ForkNumber fork);
void		mv_ivf_insert(Relation index, ItemPointer tid, const float *x);
MvSearch   *mv_ivf_search_begin(Relation index);
void		mv_ivf_search_start(MvSearch *search, const float *query, const MvEffort *effort);
bool		mv_ivf_search_next(MvSearch *search, ItemPointer tid, double *low);
void		mv_ivf_search_end(MvSearch *search);
IndexBulkDeleteResult *mv_ivf_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
										 IndexBulkDeleteCallback dead, void *arg);
double		mv_ivf_check(Relation index);

/* Lists a scan reads first. */
int			mv_ivf_probes(const MvIvf *ivf, const MvEffort *effort);
