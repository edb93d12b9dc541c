/*
 * fts_part.h -- parts of a build in files; for the store only.
 *
 * A part is some documents in order, then their terms by key:
 *
 *   uint32 ndocs; MvFtsDoc[ndocs]
 *   for each term: uint32 bytes of the key, uint32 bytes of its stream, the key,
 *   the stream (fts_invert.c)
 *   uint32 0
 */
#pragma once

#include "storage/buffile.h"

#include "fts/fts.h"

typedef struct MvFtsPart
{
	BufFile    *file;
	int			fileno;			/* where it begins */
	off_t		offset;
	uint32		ndocs;
} MvFtsPart;

/* Append a part to a file. */
void		mv_fts_part_write(MvFtsPart *part, BufFile *file, const MvFtsDoc *docs, uint32 ndocs,
							  MvFtsInvert *invert);

/* Its documents to the writer. */
void		mv_fts_part_docs(const MvFtsPart *part, MvFtsWriter *writer);

/* Its terms; parts of one file may be read in turn. */
MvFtsSource *mv_fts_part_source(const MvFtsPart *part);
