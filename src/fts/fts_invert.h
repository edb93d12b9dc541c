/*
 * fts_invert.h -- streams of occurrences, in memory and in files; for the store only.
 */
#pragma once

#include "storage/buffile.h"

#include "fts/fts.h"

typedef struct MvFtsStream MvFtsStream;

struct MvFtsStream
{
	const uint8 *at,
			   *end;
	uint32		doc;			/* the last one */

	/* More bytes, at an occurrence's beginning; false: there are none. */
	bool		(*more) (MvFtsStream *stream);
	void	   *owner;
	uint32	   *positions;
	uint32		allocated;
};

/* The next document; sets doc, tf and positions of the source. */
bool		mv_fts_stream_next(MvFtsStream *stream, MvFtsSource *source);

/* All terms, by key: sizes of key and stream, key, stream. */
void		mv_fts_invert_write(MvFtsInvert *invert, BufFile *file);
