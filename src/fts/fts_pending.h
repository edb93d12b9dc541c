/*
 * fts_pending.h -- documents that wait for a segment; for the store only.
 */
#pragma once

#include "common/hashfn.h"
#include "fts/fts.h"
#include "lib/stringinfo.h"

/* ---- which there are: fts_waiting.c ---- */

/* A pending document, as it was found. */
typedef struct MvFtsWaitingDoc
{
	MvFtsPlace	place;			/* of the MvFtsPending */
	ItemPointerData tid;
	uint16		flags;
	uint32		size;			/* bytes of content */
	const char *content;		/* a copy; NULL: to be read */
} MvFtsWaitingDoc;

/* Pages of a stripe, as far as they have been read. */
typedef struct MvFtsChain
{
	BlockNumber first,
				last;			/* more may come to this one */
	uint32		npages;			/* before it */
	uint32		used;			/* bytes of it that have been read */
	bool		closed;			/* no more will come */
} MvFtsChain;

/* The terms of some documents, by hash: fts_waiting_terms.c */
typedef struct MvFtsWaitingTerms MvFtsWaitingTerms;

typedef struct MvFtsWaiting
{
	MemoryContext context;		/* of all that is below */
	Relation	index;			/* open as long as this is in use */
	int			nfields,
				nattributes;
	bool		positions;
	int			nchains;
	MvFtsChain	chains[MV_FTS_STRIPES * 2];
	uint32		n,
				allocated;
	MvFtsWaitingDoc *docs;		/* [n] */
	uint32	   *lengths;		/* [n][nfields] */
	int64	   *keys;			/* [n][nattributes] */
	MvFtsFieldCount fields[MV_MAX_FIELDS];	/* of all n */
	MvFtsWaitingTerms *terms;	/* NULL: none yet */
} MvFtsWaiting;

/* None yet; in the current memory context. */
void		mv_fts_waiting_init(MvFtsWaiting *waiting, Relation index, const MvFtsMeta *meta);

/* mv_fts_waiting_chain -- append the documents of a chain that are new, in order. */
void		mv_fts_waiting_chain(MvFtsWaiting *waiting, BlockNumber first);

/*
 * mv_fts_waiting_open -- those of the stripes of a copy of the meta page, as a segment;
 * NULL: none waits.
 *
 * In the current memory context, until that is deleted or reset.  Documents that come
 * later may join the MvFtsWaiting, but not the segment.
 */
MvFtsSegmentStore *mv_fts_waiting_open(Relation index, const MvFtsMeta *meta);

/* Read them from pages again when they are next opened. */
void		mv_fts_waiting_forget(Relation index);

/* XX002 */
_Noreturn void mv_fts_waiting_damaged(const MvFtsWaiting *waiting, BlockNumber block);

void		mv_fts_waiting_lengths(const MvFtsWaiting *waiting, int field, uint32 from, uint32 n,
								   uint8 *out);
void		mv_fts_waiting_tids(const MvFtsWaiting *waiting, uint32 from, uint32 n,
								ItemPointer out);
void		mv_fts_waiting_keys(const MvFtsWaiting *waiting, int attribute, uint32 from, uint32 n,
								int64 *out);
void		mv_fts_waiting_live(const MvFtsWaiting *waiting, uint32 from, uint32 n, uint64 *out);

/* The code of a document's length in a field. */
static inline uint8
mv_fts_waiting_length(const MvFtsWaiting *waiting, uint32 doc, int field)
{
	uint32		length = waiting->lengths[(Size) doc * waiting->nfields + field];

	return length == PG_UINT32_MAX ? MV_LENGTH_NULL : mv_length_code(length);
}

/* ---- their terms: fts_waiting_terms.c ---- */

/* The first long page of a document that has such. */
BlockNumber mv_fts_waiting_long(const MvFtsWaiting *waiting, uint32 doc);

/* The postings of terms: lists[nterms]. */
void		mv_fts_waiting_find(MvFtsSegment *segment, const MvQueryTerm *terms, int nterms,
								MvFtsList *lists);
int			mv_fts_waiting_decode(MvFtsList *list, int block, uint32 *docs, uint32 *tfs);
void		mv_fts_waiting_positions(MvFtsList *list, int block, int i, uint32 *out);

bool		mv_fts_waiting_terms(MvFtsSegment *segment, const MvQueryTerm *prefix,
								 MvFtsTermVisitor visit, void *arg);

/* Each term of a document, in any order; nothing but the visitor sees it. */
typedef struct MvFtsWaitingTerm
{
	const uint8 *key;
	int			len;
	uint32		tf;
	const uint8 *positions,		/* varints, not beyond the end; NULL: none are kept */
			   *end;
} MvFtsWaitingTerm;

typedef void (*MvFtsWaitingVisitor) (uint32 doc, const MvFtsWaitingTerm *term, void *arg);

void		mv_fts_waiting_visit(const MvFtsWaiting *waiting, uint32 doc,
								 MvFtsWaitingVisitor visit, void *arg);

/* ---- writing: fts_pending.c ---- */

/* A document's content, as it is on the page. */
void		mv_fts_pending_form(MvFtsInvert *invert, bool positions, StringInfo content);

/* Is in the index when it returns.  No lock may be held. */
void		mv_fts_pending_append(Relation index, Relation heap, const MvFtsMeta *meta,
								  const MvFtsDoc *doc, const StringInfo content);

/* By which a term is looked for in a content. */
static inline uint16
mv_fts_pending_hash(const uint8 *key, int len)
{
	return (uint16) hash_bytes(key, len);
}

/* Pages of its own that a content has, if it is long. */
static inline uint32
mv_fts_long_pages(uint32 size)
{
	return size / MV_BODY_SIZE + (size % MV_BODY_SIZE > 0);
}

/* Sizes of the parts of a record. */
static inline Size
mv_fts_pending_keys_offset(int nfields)
{
	return sizeof(MvFtsPending) + sizeof(uint32) * nfields;
}

static inline Size
mv_fts_pending_content_offset(int nfields, int nattributes)
{
	return mv_fts_pending_keys_offset(nfields) + sizeof(int64) * nattributes;
}

/* The whole record, aligned. */
static inline Size
mv_fts_pending_size(const MvFtsPending *record, int nfields, int nattributes)
{
	return TYPEALIGN(4, mv_fts_pending_content_offset(nfields, nattributes) +
					 (record->flags & MV_FTS_PENDING_LONG ? sizeof(BlockNumber) : record->size));
}
