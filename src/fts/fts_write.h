/*
 * fts_write.h -- a segment while it is written; for fts_write*.c only.
 */
#pragma once

#include "fts/fts.h"
#include "lib/stringinfo.h"

/* Block numbers, in order. */
typedef struct MvFtsBlocks
{
	BlockNumber *blocks;
	uint32		n,
				allocated;
} MvFtsBlocks;

/* A page that is being filled; block invalid: none. */
typedef struct MvFtsOut
{
	PGAlignedBlock page;
	BlockNumber block;
	MvPageKind	kind;
	int			used;			/* bytes of the body */
} MvFtsOut;

/* A page of the dictionary, as its parent names it. */
typedef struct MvFtsChild
{
	BlockNumber block;
	int			len;
	uint8	   *key;			/* its first; palloc'd */
} MvFtsChild;

/* The list that is being written. */
typedef struct MvFtsListOut
{
	uint32		df;
	uint32		from;			/* the next document is not below */

	/* the block that is not full yet */
	int			n;
	uint32		docs[MV_FTS_BLOCK],
				tfs[MV_FTS_BLOCK];
	MvFtsFront	front;
	StringInfoData positions;

	/* blocks that no page has yet */
	int			nblocks;
	MvFtsBlockHead heads[MV_BODY_SIZE / sizeof(MvFtsBlockHead)];
	MvFtsPlace	places[MV_BODY_SIZE / sizeof(MvFtsBlockHead)];	/* of positions */
	StringInfoData bytes;

	/* runs that have one */
	int			nruns,
				allocated;
	MvFtsRun   *runs;
} MvFtsListOut;

struct MvFtsWriter
{
	MvFtsSink  *sink;
	MemoryContext context;
	int			nfields,
				nattributes;
	bool		positions;

	/* documents */
	uint32		ndocs,
				allocated;
	uint8	   *codes[MV_MAX_FIELDS];	/* [ndocs]: of lengths */
	MvFtsFieldCount fields[MV_MAX_FIELDS];
	int64	   *keys[MV_MAX_FIELDS];	/* [MV_KEY_CHUNK]: of attributes, not coded yet */
	uint8	   *coded;			/* [MV_KEY_BYTES] */
	uint64		keys_end;		/* bytes of coded keys */
	MvFtsOut   *streams;
	MvFtsBlocks *stream_blocks;
	MvFtsBlocks others;			/* pages that belong to no stream */

	/* terms */
	uint64		nterms,
				npostings;
	uint8		key[MV_FTS_KEY_SIZE];	/* the current term; len 0: none yet */
	int			len;
	MvFtsListOut list;
	MvFtsOut	posting,
				position,
				run;

	/* the leaf that is being filled */
	StringInfoData entries;
	uint16		places[MV_BODY_SIZE / 4];
	int			nplaces,
				nentries;
	uint8		last_key[MV_FTS_KEY_SIZE];
	int			last_len;
	BlockNumber leaf,
				first_leaf;
	MvFtsChild *children;		/* leaves so far */
	uint32		nchildren,
				children_allocated;
};

/* fts_write.c */

/* Make out a new page, or the page that follows the one it is, which is put. */
void		mv_fts_out_next(MvFtsWriter *writer, MvFtsOut *out, MvFtsBlocks *blocks, bool chained);

/* Put it, if there is one. */
void		mv_fts_out_end(MvFtsWriter *writer, MvFtsOut *out);
BlockNumber mv_fts_out_block(MvFtsWriter *writer, MvFtsBlocks *blocks);

/* fts_write_list.c: the list of the current term is complete. */
void		mv_fts_list_end(MvFtsWriter *writer, MvFtsTermEntry *entry);

/* fts_write_terms.c: its entry, and the end of all. */
void		mv_fts_dict_add(MvFtsWriter *writer, const MvFtsTermEntry *entry);
void		mv_fts_dict_end(MvFtsWriter *writer, MvFtsRoot *root);
