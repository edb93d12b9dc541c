/*
 * segment.h -- what a scan sees of a bm25 index.
 *
 * A snapshot is a set of segments, each with documents 0, 1, ... of its own.
 * Documents that wait in the pending list are one more segment, the last, so
 * that a scan needs no second way.  Segments do not change while the scan's
 * MVCC snapshot is held, but for live bits, which only go out.
 *
 * What comes out of one snapshot is consistent: each entry of the index is in
 * exactly one segment, and the statistics count exactly these.
 */
#pragma once

#include "storage/buf.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

#include "core/bm25.h"
#include "core/keys.h"
#include "fts/query.h"

#define MV_FTS_BLOCK 128			/* postings in a block but the last of a list */
#define MV_FTS_BOUNDS 3				/* pairs (tf, length code) of a bound */

/* An attribute's keys of MV_KEY_CHUNK documents, from a multiple of it. */
typedef struct MvFtsZone
{
	MvKeyCode	code;
	uint64		at;				/* the store's: where they are */
} MvFtsZone;

/*
 * Nothing in what the bound covers scores more than the best of its pairs, with
 * any k1, b and average length: some pair has a tf not lower and a length code
 * not higher.  tf 255 stands for any number; unused pairs repeat the last one.
 */
typedef struct MvFtsBound
{
	uint8		tf[MV_FTS_BOUNDS];
	uint8		length[MV_FTS_BOUNDS];
} MvFtsBound;

/* A block of a run. */
typedef struct MvFtsBlockHead
{
	uint32		last;			/* its last document */
	uint16		offset;			/* the store's: of the payload */
	uint8		n;				/* postings, 1 to 128 */
	uint8		format;			/* the store's */
	MvFtsBound	bound;
	uint16		spare;
} MvFtsBlockHead;

/* Consecutive blocks of a list that are on one page. */
typedef struct MvFtsRun
{
	BlockNumber block;			/* the store's */
	uint32		last;			/* its last document */
	uint16		offset;			/* the store's */
	uint16		nblocks;
	MvFtsBound	bound;
	uint16		spare;
} MvFtsRun;

typedef struct MvFtsSnapshot MvFtsSnapshot;

/* Private to the store: fts.h */
typedef struct MvFtsSegmentStore MvFtsSegmentStore;

typedef struct MvFtsSegment
{
	MvFtsSnapshot *snapshot;
	uint32		ndocs;			/* dead ones included */
	bool		pending;
	MvFtsSegmentStore *store;
} MvFtsSegment;

/* Of a field, over all segments. */
typedef struct MvFtsFieldStats
{
	double		docs;			/* documents with a term in it */
	double		length;			/* terms of all documents, exact */
} MvFtsFieldStats;

struct MvFtsSnapshot
{
	Relation	index;
	MemoryContext context;		/* of everything */
	int			nfields,
				nattributes;
	bool		positions;
	int			nsegments;
	MvFtsSegment *segments;		/* pending documents last, if there are any */
	double		ndocs;
	MvFtsFieldStats fields[MV_MAX_FIELDS];
	int			pins;			/* the store's: pages pinned by lists */
};

/*
 * mv_fts_open -- the index as it is now.
 *
 * The caller holds an MVCC snapshot taken before, and keeps it until
 * mv_fts_close(); no lock or pin is held in between but those of lists.  55000 if the
 * text search configuration is not any more what the index was built with.
 */
MvFtsSnapshot *mv_fts_open(Relation index);
void		mv_fts_close(MvFtsSnapshot *snapshot);

/*
 * mv_fts_open_documents -- the same for who asks for no terms: VACUUM goes on when a
 * configuration has changed, or has another name.
 */
MvFtsSnapshot *mv_fts_open_documents(Relation index);

/*
 * mv_fts_is_current -- is the segment still one of the index's?
 *
 * Then all that vacuum has found dead so far is known to its live bits.
 */
bool		mv_fts_is_current(const MvFtsSegment *segment);

/* ---- lists ---- */

/* The store's: bytes of a block's positions, from one page to the next. */
typedef struct MvFtsPositions
{
	int			block;			/* of the current run; -1: none */
	int			next;			/* the posting whose positions are at `at` */
	Buffer		buffer;			/* pinned, or invalid */
	const uint8 *at,
			   *end;
} MvFtsPositions;

/*
 * The postings of a term in a segment.  All runs are known from the start; the
 * blocks of one run at a time.
 */
typedef struct MvFtsList
{
	MvFtsSegment *segment;
	int			field;
	uint32		df;				/* 0: the segment does not have it */
	int			nruns;
	const MvFtsRun *runs;		/* ascending */

	int			run;			/* the one that blocks are of, or -1 */
	const MvFtsBlockHead *blocks;	/* [runs[run].nblocks] */

	/* the store's */
	const uint8 *page;			/* that offsets refer to */
	const uint8 *limit;			/* end of it */
	Buffer		buffer;			/* pinned, or invalid */
	void	   *copy;
	MvFtsPositions positions;
} MvFtsList;

/*
 * mv_fts_find -- the postings of terms in all segments.
 *
 * lists	out: [nsegments][nterms], of the terms in their order
 * df		out: [nterms], sums over the segments
 *
 * Done once for all terms: the pending list is read here.  Equal terms are allowed.
 */
void		mv_fts_find(MvFtsSnapshot *snapshot, const MvQueryTerm *terms, int nterms,
						MvFtsList *lists, double *df);

/* Make blocks those of a run.  Pins its page, and unpins the one before. */
void		mv_fts_list_run(MvFtsList *list, int run);

/*
 * mv_fts_list_decode -- a block of the current run.
 *
 * docs		out: [128], ascending; what lies behind the block's n is undefined
 * tfs		out: [128]; NULL: not wanted
 * returns	n
 */
int			mv_fts_list_decode(MvFtsList *list, int block, uint32 *docs, uint32 *tfs);

/*
 * mv_fts_list_positions -- the positions of some postings of a block.
 *
 * tfs		of the block, as decoded
 * i		which posting
 * out		tfs[i] positions, ascending
 *
 * Costs the positions before it in the block, from the last posting asked for if that
 * comes before.  The snapshot must have positions.
 */
void		mv_fts_list_positions(MvFtsList *list, int block, const uint32 *tfs, int i,
								  uint32 *out);

/* Unpin; the list can go on with mv_fts_list_run(). */
void		mv_fts_list_release(MvFtsList *list);

/*
 * mv_fts_terms -- the terms of a field that begin with these bytes, ascending
 * within each segment but that of pending documents; a term may come several times.
 *
 * visit	df is that of one segment; returns false to end it; may not look at the index
 */
typedef bool (*MvFtsTermVisitor) (const MvQueryTerm *term, uint32 df, void *arg);

void		mv_fts_terms(MvFtsSnapshot *snapshot, const MvQueryTerm *prefix,
						 MvFtsTermVisitor visit, void *arg);

/*
 * mv_fts_shares -- which part of the documents have each term: about, for the planner.
 *
 * shares	out: [nterms]
 * returns	the number of documents; pending ones are not asked
 *
 * The caller holds an MVCC snapshot.
 */
double		mv_fts_shares(Relation index, const MvQueryTerm *terms, int nterms, double *shares);

/* ---- documents [from, from + n) of a segment; all must exist ---- */

/* Codes of the lengths in a field (core/bm25.h); MV_LENGTH_NULL where the column is null. */
void		mv_fts_lengths(const MvFtsSegment *segment, int field, uint32 from, uint32 n,
						   uint8 *out);

/* Bit i of out[] is that of document from + i; from is a multiple of 64. */
void		mv_fts_live(const MvFtsSegment *segment, uint32 from, uint32 n, uint64 *out);
bool		mv_fts_is_live(const MvFtsSegment *segment, uint32 doc);

/* Where the rows are. */
void		mv_fts_tids(const MvFtsSegment *segment, uint32 from, uint32 n, ItemPointer out);

/* Keys of an attribute: mv_attribute_key(), MV_NULL_KEY. */
void		mv_fts_attributes(const MvFtsSegment *segment, int attribute, uint32 from, uint32 n,
							  int64 *out);

/* The zone of a document; all of an attribute are read when one is first asked for. */
const MvFtsZone *mv_fts_zone(const MvFtsSegment *segment, int attribute, uint32 doc);

/*
 * mv_fts_codes -- coded keys of documents [from, from + n), which are of one zone.
 *
 * distinct		out: [ndistinct of the zone]; NULL: not wanted
 * codes		out: [n * width of the zone]
 */
void		mv_fts_codes(const MvFtsSegment *segment, int attribute, uint32 from, uint32 n,
						 int64 *distinct, void *codes);
