/*
 * fts.h -- the pages of a bm25 index, and what the files of the store share.
 *
 * Block 0 is the meta page.  It names the segments and the pending documents;
 * all else is reached from it.  Page kinds and the common layout: index/page.h.
 * Bytes 24..31 of a head are left to deleted pages.
 *
 * A segment is a root page, from which the directory leads to all its other
 * pages.  First come, in this order, the pages of streams that have an element of
 * fixed size for each document: TIDs, live bits, codes of lengths (for each
 * field); for each attribute an MvFtsZone for every MV_KEY_CHUNK documents; and
 * the keys of zones (core/keys.h), one after the other at multiples of 8 bytes, as
 * if the bodies of their pages were one; then the others in no order.  A segment's
 * pages never change, but for live bits, which go out.
 *
 * Dictionary: keys are the field's number (a byte) and the term, compared as
 * bytes.  A leaf's body:
 *
 *   uint16 places[restarts]	of each 16th entry, which shares nothing
 *   entries:
 *     varint  bytes shared with the key before
 *     varint  further bytes; the bytes
 *     varint  df
 *     varint  0: postings follow; n: they are in n runs
 *     n = 0:  varint bytes; the only block (core/postings.h), then positions
 *     n = 1:  MvFtsPlace of the run's blocks
 *     n > 1:  MvFtsPlace of the first MvFtsRun, on run pages
 *
 * An inner page has uint16 places[] of {BlockNumber child; uint16 len; key bytes}.
 *
 * A run on a posting page: MvFtsBlockHead[n], with positions MvFtsPlace[n], then
 * the blocks' bytes.  Positions of a block are varints, for each document the
 * first and then the gaps; they go on to the next page.
 */
#pragma once

#include "core/postings.h"
#include "fts/segment.h"
#include "index/page.h"

#define MV_FTS_MAGIC 0x4D564654
#define MV_FTS_VERSION 2
#define MV_FTS_META_BLOCK 0

/* Lists of pending documents, so that inserters do not wait for each other. */
#define MV_FTS_STRIPES 16
#define MV_FTS_SEGMENTS 128

typedef struct MvFtsStripe
{
	BlockNumber old;			/* pages that are being made a segment, no more appended to */
	BlockNumber head,			/* pages, or invalid */
				tail;
	uint32		spare;
} MvFtsStripe;

typedef struct MvFtsEntry
{
	BlockNumber root;
	uint32		ndocs;
	uint32		dead;			/* of them */
	uint32		npages;			/* all of the segment's */
} MvFtsEntry;

/* Body of the meta page. */
typedef struct MvFtsMeta
{
	uint32		magic,
				version;
	uint64		generation;		/* changes with segments, and with marks on pending documents */
	uint64		fingerprint;	/* of the text search configuration */
	uint32		unused;
	uint16		nfields,
				nattributes;
	uint32		positions;		/* kept? */
	uint32		pending_pages;	/* in all stripes */
	uint32		nsegments;
	BlockNumber retired,		/* lists of pages that only old scans use, the oldest first */
				last_retired;
	uint32		retired_pages;	/* on them */
	MvFtsStripe stripes[MV_FTS_STRIPES];
	MvFtsEntry	segments[MV_FTS_SEGMENTS];
} MvFtsMeta;

/* Of a field in a segment. */
typedef struct MvFtsFieldCount
{
	uint64		length;
	uint32		docs;
	uint32		spare;
} MvFtsFieldCount;

#define MV_FTS_MAPS 1800

/* Body of a root page. */
typedef struct MvFtsRoot
{
	uint32		ndocs;
	uint16		nfields,
				nattributes;
	uint32		positions;
	BlockNumber dictionary;		/* the topmost page */
	BlockNumber first_leaf;		/* leaves are chained */
	uint32		height;			/* 0: the topmost page is a leaf */
	uint64		nterms;
	uint64		npostings;
	uint32		npages;			/* in the directory */
	uint32		nmaps;			/* directory pages */
	MvFtsFieldCount fields[MV_MAX_FIELDS];
	BlockNumber maps[];			/* [MV_FTS_MAPS] at most */
} MvFtsRoot;

#define MV_FTS_MAP_ENTRIES (MV_BODY_SIZE / (int) sizeof(BlockNumber))
#define MV_FTS_MAX_MAPS \
	((MV_BODY_SIZE - (int) sizeof(MvFtsRoot)) / (int) sizeof(BlockNumber))

/* Streams of a segment, in the order of their pages. */
#define MV_FTS_STREAM_TIDS 0
#define MV_FTS_STREAM_LIVE 1
#define MV_FTS_STREAM_FIELDS 2		/* one for each, then the attributes, then the keys */
#define MV_FTS_MAX_STREAMS (MV_FTS_STREAM_FIELDS + MV_MAX_FIELDS + 1)

/* Documents on a page of a stream. */
#define MV_FTS_TIDS_PER_PAGE (MV_BODY_SIZE / (int) sizeof(ItemPointerData))
#define MV_FTS_LIVE_PER_PAGE (MV_BODY_SIZE * 8)
#define MV_FTS_LENGTHS_PER_PAGE MV_BODY_SIZE
#define MV_FTS_ZONES_PER_PAGE (MV_BODY_SIZE / (int) sizeof(MvFtsZone))

static inline uint32
mv_fts_docs_per_page(int stream, int nfields)
{
	if (stream == MV_FTS_STREAM_TIDS)
		return MV_FTS_TIDS_PER_PAGE;
	if (stream == MV_FTS_STREAM_LIVE)
		return MV_FTS_LIVE_PER_PAGE;
	return stream < MV_FTS_STREAM_FIELDS + nfields ? MV_FTS_LENGTHS_PER_PAGE :
		MV_FTS_ZONES_PER_PAGE * MV_KEY_CHUNK;
}

/* Pages of a stream but the last, that of the keys. */
static inline uint32
mv_fts_stream_pages(int stream, int nfields, uint32 ndocs)
{
	uint32		per_page = mv_fts_docs_per_page(stream, nfields);

	return ndocs / per_page + (ndocs % per_page > 0);
}

/* Where bytes are: offset in the page's body. */
typedef struct MvFtsPlace
{
	BlockNumber block;
	uint16		offset;
	uint16		spare;
} MvFtsPlace;

#define MV_FTS_RESTART 16

/* Head of a dictionary page. */
typedef struct MvFtsTermHead
{
	uint64		deleted;		/* MvPageDeleted */
	uint16		nplaces;
	uint16		level;			/* 0: leaf */
} MvFtsTermHead;

/* Longest key: field and term. */
#define MV_FTS_KEY_SIZE (MV_MAX_TERM + 1)

/* Head of a page of pending documents. */
typedef struct MvFtsPendingHead
{
	uint64		deleted;		/* MvPageDeleted */
	uint16		ndocs;
	uint16		closed;			/* nothing more is appended, in this page or behind it */
} MvFtsPendingHead;

/* Head of a list of retired pages, whose body is an array of their numbers. */
typedef struct MvFtsRetiredHead
{
	uint64		deleted;		/* MvPageDeleted */
	FullTransactionId xid;		/* as for deletion; 0: that of the list before */
} MvFtsRetiredHead;

#define MV_FTS_PENDING_DEAD 1
#define MV_FTS_PENDING_LONG 2	/* the content is on long pages, of which the first is said */

/*
 * A pending document; aligned to 4 bytes.  After it, uint32 lengths[nfields]
 * (PG_UINT32_MAX: null), int64 keys[nattributes] at the next multiple of 4, then
 * the content, or the BlockNumber where it is.  The content:
 *
 *   MvFtsContentHead; uint16 hashes[nterms]
 *   for each term, in any order: varint 2 * length of the key + (tf > 1), its bytes,
 *   if tf > 1 varint tf
 *   with positions: for each term a varint for each, the first and then the gaps
 */
typedef struct MvFtsPending
{
	ItemPointerData tid;
	uint16		flags;
	uint32		size;			/* bytes of content */
} MvFtsPending;

typedef struct MvFtsContentHead
{
	uint32		nterms;
	uint32		entries;		/* bytes of terms; positions follow */
} MvFtsContentHead;

/* ---- fts_sink.c: where pages of a segment go ---- */

/*
 * A whole new index is written through an MvWriter; a segment beside others to pages
 * that nothing leads to yet, each logged.
 */
typedef struct MvFtsSink
{
	Relation	index;
	Relation	heap;			/* or NULL; for mv_page_alloc() */
	MvWriter   *writer;			/* of a new index, or NULL */
	uint32		n,				/* pages reserved */
				allocated;
	BlockNumber *blocks;		/* [n] */
} MvFtsSink;

void		mv_fts_sink_begin(MvFtsSink *sink, Relation index, Relation heap, MvWriter *writer);
BlockNumber mv_fts_sink_reserve(MvFtsSink *sink);
void		mv_fts_sink_put(MvFtsSink *sink, BlockNumber block, Page image);

/* ---- fts_write.c, fts_write_terms.c: one segment ---- */

typedef struct MvFtsWriter MvFtsWriter;

/* A document as it comes to the index. */
typedef struct MvFtsDoc
{
	ItemPointerData tid;
	uint32		lengths[MV_MAX_FIELDS]; /* PG_UINT32_MAX: null */
	int64		keys[MV_MAX_FIELDS];
} MvFtsDoc;

/* First all documents, then all terms by key, each with its postings by document. */
MvFtsWriter *mv_fts_write_begin(MvFtsSink *sink, int nfields, int nattributes, bool positions);
void		mv_fts_write_doc(MvFtsWriter *writer, const MvFtsDoc *doc);
void		mv_fts_write_term(MvFtsWriter *writer, const uint8 *key, int len);
void		mv_fts_write_posting(MvFtsWriter *writer, uint32 doc, uint32 tf,
								 const uint32 *positions);
void		mv_fts_write_finish(MvFtsWriter *writer, MvFtsEntry *entry);

/* ---- fts_source.c: terms and postings in order, from anywhere ---- */

typedef struct MvFtsSource MvFtsSource;

struct MvFtsSource
{
	/* To the next term; false: there is none.  Sets key and len, valid until the next call. */
	bool		(*next_term) (MvFtsSource *source);

	/* The term's next posting; false: there is none.  positions: valid until the next call. */
	bool		(*next_posting) (MvFtsSource *source);

	const uint8 *key;
	int			len;
	uint32		doc,
				tf;
	const uint32 *positions;

	/* Its documents in what is written: map[doc], or without a map doc + base. */
	const uint32 *map;
	uint32		base;
};

#define MV_FTS_DROPPED PG_UINT32_MAX	/* map: the document does not come along */

/* Write the terms of sources whose documents, after mapping, ascend from each to the next. */
void		mv_fts_merge_terms(MvFtsWriter *writer, MvFtsSource **sources, int n);

/* ---- fts_invert.c: documents to terms, in memory ---- */

typedef struct MvFtsInvert MvFtsInvert;

MvFtsInvert *mv_fts_invert_create(MemoryContext parent);
void		mv_fts_invert_free(MvFtsInvert *invert);
void		mv_fts_invert_reset(MvFtsInvert *invert);

/* An occurrence in a document; documents and, in each field, positions ascend. */
void		mv_fts_invert_add(MvFtsInvert *invert, uint32 doc, int field, const char *term,
							  int len, uint32 position);
Size		mv_fts_invert_memory(const MvFtsInvert *invert);

/* Its terms, by key or in no order; nothing may be added until it is reset. */
MvFtsSource *mv_fts_invert_source(MvFtsInvert *invert);
MvFtsSource *mv_fts_invert_unsorted(MvFtsInvert *invert);

/* ---- fts_segment.c ---- */

/* Reading a segment's root and directory; in the current memory context. */
struct MvFtsSegmentStore
{
	Relation	index;
	BlockNumber root_block;		/* invalid: pending */
	BlockNumber nblocks;		/* of the index; what a segment leads to is below */
	MvFtsRoot  *root;
	uint32		first_page[MV_FTS_MAX_STREAMS]; /* of streams */
	BlockNumber **maps;			/* [nmaps], read when first needed */
	MvFtsZone  *zones[MV_MAX_FIELDS];	/* of attributes, likewise */
	struct MvFtsWaiting *waiting;	/* pending: fts_waiting.c */
};

void		mv_fts_read_meta(Relation index, MvFtsMeta *meta);
MvFtsSegmentStore *mv_fts_segment_open(Relation index, BlockNumber root, BlockNumber nblocks);

/* A snapshot of chosen segments alone, [nsegments of the meta page]; not closed but forgotten. */
MvFtsSnapshot *mv_fts_open_some(Relation index, const bool *chosen);

/* A pinned page; XX002 if no segment can lead to it or it is of another kind. */
Buffer		mv_fts_segment_read(const MvFtsSegmentStore *store, BlockNumber block,
								MvPageKind kind);

/* The i-th page in the directory. */
BlockNumber mv_fts_segment_page(MvFtsSegmentStore *store, uint32 i);

/* ---- fts_dict.c ---- */

/* A term's entry in a leaf. */
typedef struct MvFtsTermEntry
{
	uint32		df;
	uint32		nruns;			/* 0: inline */
	MvFtsPlace	place;
	const uint8 *bytes;			/* inline */
	uint32		nbytes;
} MvFtsTermEntry;

/* A walk over a dictionary, in order of keys. */
typedef struct MvFtsWalk
{
	MvFtsSegmentStore *store;
	PGAlignedBlock page;		/* the leaf, copied */
	const uint8 *at,
			   *end;
	BlockNumber next;
	uint8		key[MV_FTS_KEY_SIZE];
	int			len;
	MvFtsTermEntry entry;		/* bytes: in page */
} MvFtsWalk;

/* To the first key not below; mv_fts_walk_next() goes there. */
void		mv_fts_walk_begin(MvFtsWalk *walk, MvFtsSegmentStore *store, const uint8 *key, int len);
bool		mv_fts_walk_next(MvFtsWalk *walk);

/* bytes: palloc'd copy. */
bool		mv_fts_dict_find(MvFtsSegmentStore *store, const uint8 *key, int len,
							 MvFtsTermEntry *entry);

/* ---- fts_list.c ---- */

/* Make a list of an entry. */
void		mv_fts_list_open(MvFtsList *list, MvFtsSegment *segment, int field,
							 const MvFtsTermEntry *entry);

/* The positions of all n postings of a block, one after the other. */
void		mv_fts_list_block_positions(MvFtsList *list, int block, const uint32 *tfs, int n,
										uint32 *out);

/* The terms of a segment, as long as it lives. */
MvFtsSource *mv_fts_segment_source(MvFtsSegment *segment);

/* ---- bounds: fts_bound.c ---- */

/* Pairs (tf, length code) of postings, none of which dominates another. */
typedef struct MvFtsFront
{
	uint8		tf_of[256];		/* highest tf by length code; 0: none */
	int			low,			/* codes that there are: low to high */
				high;
} MvFtsFront;

void		mv_fts_front_reset(MvFtsFront *front);
void		mv_fts_front_add(MvFtsFront *front, uint32 tf, uint8 length);
void		mv_fts_front_add_bound(MvFtsFront *front, const MvFtsBound *bound);
void		mv_fts_front_bound(const MvFtsFront *front, MvFtsBound *bound);
