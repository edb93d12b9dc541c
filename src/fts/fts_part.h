/*
 * fts_part.h -- parts of a build; for the store only.
 *
 * A part that waits in a file is its documents, packed, and then for each term, by
 * key: uint32 bytes of the key, uint32 bytes of its stream, the key, the stream
 * (fts_invert.c); in the end uint32 0.
 */
#pragma once

#include "storage/buffile.h"

#include "fts/fts.h"

/* Documents as they are kept: no longer than the index has columns. */
typedef struct MvFtsDocs
{
	int			nfields,
				nattributes;
	uint32		n,
				allocated;
	char	   *packed;
} MvFtsDocs;

static inline Size
mv_fts_doc_size(int nfields, int nattributes)
{
	return MAXALIGN(sizeof(ItemPointerData)) + sizeof(int64) * nattributes +
		MAXALIGN(sizeof(uint32) * nfields);
}

/* In the current memory context. */
void		mv_fts_docs_add(MvFtsDocs *docs, const MvFtsDoc *doc);
Size		mv_fts_docs_memory(const MvFtsDocs *docs);
void		mv_fts_docs_write(const MvFtsDocs *docs, MvFtsWriter *writer);

/* A part in a file, read from the beginning to the end. */
typedef struct MvFtsPart
{
	BufFile    *file;
	uint32		ndocs;
} MvFtsPart;

/* Documents and terms to a new file, whose beginning it is. */
void		mv_fts_part_put(BufFile *file, const MvFtsDocs *docs, MvFtsInvert *invert);

/* First its documents; shape: how many fields and attributes they have. */
void		mv_fts_part_docs(const MvFtsPart *part, const MvFtsDocs *shape, MvFtsWriter *writer);

/* Then its terms. */
MvFtsSource *mv_fts_part_source(const MvFtsPart *part);
