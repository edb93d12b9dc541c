/*
 * topk.h -- what the files of the search share.
 *
 *   topk_search.c	runs a request over the segments, hands rows out
 *   topk_compile.c	compiles it
 *   topk_mask.c	what is asked besides the scored query
 *   topk_cursor.c	walks one list
 *   topk_bag.c		any of some terms: block-max MaxScore in windows
 *   topk_all.c		all of some terms and phrases, from the rarest one
 *   topk_match.c	any query, as bits of a window
 *   topk_sort.c	rows in the order of an attribute
 *   topk_count.c	how many rows match
 *   topk_rows.c	scores of some rows
 *   topk_phrase.c	phrases
 *
 * A window is MV_WINDOW documents from a multiple of it.  Scores are points
 * (core/score.h), so that no order of adding them up matters and bounds are exact.
 */
#pragma once

#include "core/phrase.h"
#include "core/score.h"
#include "fts/search.h"
#include "fts/segment.h"

#define MV_NO_DOC PG_UINT32_MAX
#define MV_LIVE_DOCS 16384		/* live bits read at once, some windows' */

/* ---- one list: topk_cursor.c ---- */

/* Points to one block; it is decoded when its postings are first wanted. */
typedef struct MvCursor
{
	MvFtsList  *list;
	int			field;
	MvTermScore score;			/* weight 0: gives no points */
	int32		max;			/* points, in this segment */
	int			block;			/* of list->run */
	uint32		first;			/* the block has no document below */
	uint32		last;			/* its last document; MV_NO_DOC behind the end */
	int32		bound;			/* of the block; -1: not yet computed */
	int			n;				/* postings decoded; 0: not yet */
	int			at;				/* no wanted document is before this posting */
	uint32		docs[MV_FTS_BLOCK];
	uint32		tfs[MV_FTS_BLOCK];
} MvCursor;

/* To the first block of a list. */
void		mv_cursor_start(MvCursor *cursor, MvFtsList *list);

/*
 * mv_cursor_seek -- to the block that has doc, if any has.  Documents ascend.
 *
 * returns	false behind the end: no document from doc on
 */
bool		mv_cursor_seek_far(MvCursor *cursor, uint32 doc);

static inline bool
mv_cursor_seek(MvCursor *cursor, uint32 doc)
{
	return cursor->last >= doc ? cursor->last != MV_NO_DOC : mv_cursor_seek_far(cursor, doc);
}

/* Postings of the block in docs and tfs, at: the first one not below doc. */
void		mv_cursor_decode(MvCursor *cursor, uint32 doc);

/* The first document from doc on, MV_NO_DOC if there is none; it is docs[at]. */
uint32		mv_cursor_next(MvCursor *cursor, uint32 doc);

/* The most points that a bound stands for. */
int32		mv_cursor_points_of(const MvCursor *cursor, const MvFtsBound *bound);

/* Bound of the current block. */
int32		mv_cursor_block_bound(MvCursor *cursor);

/*
 * No document in [from, to) has more points; 0: none is there.  The first reads no
 * page; the second wants the cursor at from.
 */
int32		mv_cursor_run_bound(const MvCursor *cursor, uint32 from, uint32 to);
int32		mv_cursor_bound(MvCursor *cursor, uint32 from, uint32 to);

/* ---- a query ---- */

/* A node, with the cursors of its terms. */
typedef struct MvTopkNode MvTopkNode;

struct MvTopkNode
{
	MvQueryKind kind;
	bool		scored;
	MvTermScore score;			/* TERM, PHRASE */
	int			cursor;			/* TERM: number; PHRASE: of slots[0], the others follow */
	const MvQueryNode *query;
	MvPhraseSlot *slots;		/* PHRASE: [nslots], of one document */
	MvTopkNode **must,			/* BOOL, as many as in query */
			  **should,
			  **must_not;
};

/* What must match besides. */
typedef struct MvTopkFilter
{
	MvTopkNode *root;
	int			field;			/* and this is not null; MV_ALL_FIELDS: any */
} MvTopkFilter;

/* A document that is among the best. */
typedef struct MvTopkItem
{
	int32		points;
	uint32		segment;
	uint32		doc;
} MvTopkItem;

typedef struct MvBits
{
	uint64		words[MV_WINDOW / 64];
} MvBits;

/* Comes before another one. */
static inline bool
mv_topk_before(const MvTopkItem *a, const MvTopkItem *b)
{
	if (a->points != b->points)
		return a->points > b->points;
	if (a->segment != b->segment)
		return a->segment < b->segment;
	return a->doc < b->doc;
}

/* A search in the order of an attribute: topk_sort.c */
typedef struct MvTopkSort MvTopkSort;

/* Where a search is among the documents. */
typedef enum MvSearchStage
{
	MV_STAGE_RANKED,			/* matches, by score */
	MV_STAGE_OTHERS,			/* what does not match, or all without order */
	MV_STAGE_NULLS,
	MV_STAGE_END
} MvSearchStage;

/* What finds the best of a segment. */
typedef enum MvTopkEngine
{
	MV_ENGINE_BAG,				/* topk_bag.c: a term, or terms of which one must match */
	MV_ENGINE_ALL,				/* topk_all.c: some must match, others should */
	MV_ENGINE_ANY				/* topk_match.c */
} MvTopkEngine;

struct MvFtsSearch
{
	const MvFtsSchema *schema;
	const MvFtsRequest *request;
	MvFtsSnapshot *snapshot;
	MemoryContext context;

	/* the queries */
	MvTopkNode *root;			/* of the scored one, or NULL */
	int			nfilters;
	int			nranked_filters;	/* the first ones; what the root matches passes the others */
	MvTopkFilter *filters;
	int			ncursors;
	MvQueryTerm *terms;			/* [ncursors] */
	int		   *cursor_of;		/* a cursor for each term of the scored query */
	MvFtsList  *lists;			/* [nsegments][ncursors] */
	int			scale;
	float	   *inverse[MV_MAX_FIELDS];	/* [256], of the fields in use */
	MvTopkEngine engine;
	bool		excludes;		/* the mask does what the root must not match */
	bool		not_null;		/* the request's field is not null where the root matches */
	bool		restricted;		/* the mask of ranked rows says more than who is alive */
	bool		asks_conditions;	/* before further terms are looked up; queries come after */
	bool		sifts;			/* something is asked then */
	bool		many;			/* of more than a few documents, in the last window */

	/* the segment */
	uint32		number;
	MvFtsSegment *segment;
	MvCursor   *cursors;		/* [ncursors] */

	/* the window; lengths and mask are made when they are first wanted */
	uint32		base;
	uint32		lengths_base[MV_MAX_FIELDS];	/* MV_NO_DOC: not read */
	uint8	   *lengths[MV_MAX_FIELDS];	/* [MV_WINDOW + MV_WINDOW_SLACK] */
	uint32		mask_base;		/* MV_NO_DOC: not made */
	int			codes_width;
	void	   *codes;			/* [codes_width * MV_WINDOW]: coded keys of an attribute */
	uint32		tids_base;		/* MV_NO_DOC: not read */
	ItemPointer tids;			/* [MV_WINDOW]; NULL: not asked for */
	MvBits		mask;			/* documents that pass what is asked besides the query */
	uint32		live_base;		/* MV_NO_DOC: not read */
	uint64		live[MV_LIVE_DOCS / 64];
	int32	   *window;			/* [MV_WINDOW], zero between uses */
	uint32	   *docs;			/* [MV_WINDOW + MV_WINDOW_SLACK] */
	int32	   *points;

	Size		npositions;
	uint32	   *positions;		/* [npositions], of one document */

	/* the best */
	int			k;
	int			n;
	MvTopkItem *items;			/* [k], the last one on top until they are sorted */
	int32		need;			/* points that are enough to be among them */
	bool		continued;		/* only what comes after last is wanted */
	MvTopkItem	last;
	int			at;				/* the next one to hand out */

	MvTopkSort *sort;			/* instead; NULL: not begun */

	/* the others */
	MvSearchStage stage;
	uint32		other_segment;
	uint32		other_doc;		/* documents before were handed out */
	uint32		other_base;		/* window of others; MV_NO_DOC: not made */
	MvBits		others;
};

/* ---- topk_search.c ---- */

/* To a segment, with all cursors at its beginning; and away from it. */
void		mv_topk_enter(MvFtsSearch *search, int number);
void		mv_topk_leave(MvFtsSearch *search);

/* Length codes of the window at base. */
const uint8 *mv_topk_lengths(MvFtsSearch *search, int field, uint32 base);

/* The points of some postings of a field, documents ascending. */
void		mv_topk_score(MvFtsSearch *search, const MvTermScore *score, int field,
						  const uint32 *docs, const uint32 *tfs, int n, int32 *points);

/* Documents of the segment, ascending, which score so many points. */
void		mv_topk_offer(MvFtsSearch *search, const uint32 *docs, const int32 *points, int n);

/* Can there be rows in the stage?  A filter may say that there are none. */
bool		mv_topk_has_stage(const MvFtsSearch *search, MvSearchStage stage);

/* ---- topk_compile.c ---- */

/* Of the request: all that does not change from segment to segment.  Finds the lists. */
void		mv_topk_compile(MvFtsSearch *search);

/* ---- topk_mask.c ---- */

/*
 * mv_topk_mask -- documents of the window at base that are alive and pass filters,
 * conditions and what the root must not match.  Behind the ranked rows these are also
 * in the set of rows wanted; ranked ones are few enough to be asked one by one.
 */
const MvBits *mv_topk_mask(MvFtsSearch *search, uint32 base);

/*
 * mv_topk_passes -- what the mask and the set of rows wanted say of one document.
 *
 * few		there are few documents to ask about in the window
 */
#define MV_FEW 16				/* documents of a window */

bool		mv_topk_passes(MvFtsSearch *search, uint32 doc, bool few);

/*
 * mv_topk_sift -- keep the documents that pass, or at least those for which that is dear to know.
 * Where the search does not sift, these are all.
 *
 * docs		[n], ascending
 * returns	their number
 */
int			mv_topk_sift(MvFtsSearch *search, uint32 *docs, int32 *points, int n);

/* Can any document of the window, in which doc is, pass?  Reads no page of the window. */
bool		mv_topk_may_pass(MvFtsSearch *search, uint32 doc);

/* ---- all documents of a segment: topk_bag.c, topk_all.c, topk_match.c ---- */

/* What the root must not match is not their business, but that of the last one. */
void		mv_topk_bag(MvFtsSearch *search);
void		mv_topk_all(MvFtsSearch *search);
void		mv_topk_any(MvFtsSearch *search);

/*
 * mv_topk_add -- the points of one more term, for documents that may be among the best.
 *
 * docs		[n], ascending
 * rest		bound of the terms that come after this one
 */
void		mv_topk_add(MvFtsSearch *search, MvCursor *cursor, const uint32 *docs, int32 *points,
						int n, int64 rest);

/*
 * mv_topk_bag_points -- the points of some documents, where mv_topk_bag() is to find the best;
 * those without any do not match.
 *
 * docs		[n], ascending, here and from call to call
 * points	out: [n]
 */
void		mv_topk_bag_points(MvFtsSearch *search, const uint32 *docs, int32 *points, int n);

/*
 * mv_topk_match -- the documents of the window at base that a node matches.
 *
 * wanted	only these matter: out is undefined elsewhere; or NULL
 * window	[MV_WINDOW], points of those that match are added; or NULL.
 *			What does not match may get some
 */
void		mv_topk_match(MvFtsSearch *search, const MvTopkNode *node, uint32 base,
						  const MvBits *wanted, MvBits *out, int32 *window);

/*
 * mv_topk_filtered -- the next document that may pass all filters, from doc on, or
 * MV_NO_DOC.  Documents ascend, here and where filters are matched.
 */
uint32		mv_topk_filtered(MvFtsSearch *search, uint32 doc);

/* ---- topk_sort.c ---- */

/* mv_search_next() of a request for an order; the segment is entered and left here. */
bool		mv_topk_sorted(MvFtsSearch *search, MvFtsHit *hit);

/* ---- topk_phrase.c ---- */

/* The first document from doc on that has all of a phrase's slots, or MV_NO_DOC. */
uint32		mv_phrase_next(MvFtsSearch *search, const MvTopkNode *node, uint32 doc);

/* That document has it not more often; takes no positions. */
uint32		mv_phrase_most(MvFtsSearch *search, const MvTopkNode *node, uint32 doc);

/* How often that document has the phrase. */
uint32		mv_phrase_tf(MvFtsSearch *search, const MvTopkNode *node, uint32 doc);
