/*
 * fts_part.c -- parts of a build that wait in files.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "fts/fts_invert.h"
#include "fts/fts_part.h"

static void
put(BufFile *file, const void *data, Size size)
{
	BufFileWrite(file, unconstify(void *, data), size);
}

static void
get(BufFile *file, void *data, Size size)
{
	if (BufFileRead(file, data, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not read a temporary file: %m")));
}

void
mv_fts_part_write(MvFtsPart *part, BufFile *file, const MvFtsDoc *docs, uint32 ndocs,
				  MvFtsInvert *invert)
{
	static const uint32 end = 0;

	part->file = file;
	part->ndocs = ndocs;
	BufFileTell(file, &part->fileno, &part->offset);
	put(file, docs, sizeof(MvFtsDoc) * (Size) ndocs);
	mv_fts_invert_write(invert, file);
	put(file, &end, sizeof(end));
}

void
mv_fts_part_docs(const MvFtsPart *part, MvFtsWriter *writer)
{
	if (BufFileSeek(part->file, part->fileno, part->offset, SEEK_SET) != 0)
		elog(ERROR, "could not seek in a temporary file");
	for (uint32 i = 0; i < part->ndocs; i++)
	{
		MvFtsDoc	doc;

		CHECK_FOR_INTERRUPTS();
		get(part->file, &doc, sizeof(doc));
		mv_fts_write_doc(writer, &doc);
	}
}

/* ---- terms ---- */

typedef struct PartSource
{
	MvFtsSource source;			/* first */
	MvFtsStream stream;
	BufFile    *file;
	int			fileno;			/* of the next term */
	off_t		offset;
	uint8	   *bytes;			/* of the term's stream */
	Size		allocated;
	uint8		key[MV_FTS_KEY_SIZE];
} PartSource;

static bool
no_more(MvFtsStream *stream)
{
	return false;
}

static bool
next_term(MvFtsSource *source)
{
	PartSource *s = (PartSource *) source;
	uint32		sizes[2];

	if (BufFileSeek(s->file, s->fileno, s->offset, SEEK_SET) != 0)
		elog(ERROR, "could not seek in a temporary file");
	get(s->file, &sizes[0], sizeof(uint32));
	if (sizes[0] == 0)
		return false;
	get(s->file, &sizes[1], sizeof(uint32));
	if (sizes[0] > sizeof(s->key))
		elog(ERROR, "a temporary file is damaged");
	get(s->file, s->key, sizes[0]);
	if (sizes[1] > s->allocated)
	{
		s->allocated = Max((Size) sizes[1] * 2, 1024);
		s->bytes = s->bytes == NULL ? palloc_extended(s->allocated, MCXT_ALLOC_HUGE) :
			repalloc_huge(s->bytes, s->allocated);
	}
	get(s->file, s->bytes, sizes[1]);
	BufFileTell(s->file, &s->fileno, &s->offset);
	source->key = s->key;
	source->len = (int) sizes[0];
	s->stream.doc = 0;
	s->stream.at = s->bytes;
	s->stream.end = s->bytes + sizes[1];
	return true;
}

static bool
next_posting(MvFtsSource *source)
{
	return mv_fts_stream_next(&((PartSource *) source)->stream, source);
}

MvFtsSource *
mv_fts_part_source(const MvFtsPart *part)
{
	PartSource *s = palloc0(sizeof(PartSource));

	s->source.next_term = next_term;
	s->source.next_posting = next_posting;
	s->stream.more = no_more;
	s->file = part->file;
	if (BufFileSeek(part->file, part->fileno, part->offset, SEEK_SET) != 0 ||
		BufFileSeek(part->file, 0, (off_t) sizeof(MvFtsDoc) * part->ndocs, SEEK_CUR) != 0)
		elog(ERROR, "could not seek in a temporary file");
	BufFileTell(part->file, &s->fileno, &s->offset);
	return &s->source;
}
