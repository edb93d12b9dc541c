/*
 * fts_part.c -- documents of a build, in memory and in files.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "fts/fts_invert.h"
#include "fts/fts_part.h"

/* ---- documents ---- */

static void
pack(const MvFtsDocs *docs, const MvFtsDoc *doc, char *out)
{
	memcpy(out, &doc->tid, sizeof(doc->tid));
	out += MAXALIGN(sizeof(doc->tid));
	memcpy(out, doc->keys, sizeof(int64) * docs->nattributes);
	out += sizeof(int64) * docs->nattributes;
	memcpy(out, doc->lengths, sizeof(uint32) * docs->nfields);
}

static void
unpack(const MvFtsDocs *docs, const char *packed, MvFtsDoc *doc)
{
	memcpy(&doc->tid, packed, sizeof(doc->tid));
	packed += MAXALIGN(sizeof(doc->tid));
	memcpy(doc->keys, packed, sizeof(int64) * docs->nattributes);
	packed += sizeof(int64) * docs->nattributes;
	memcpy(doc->lengths, packed, sizeof(uint32) * docs->nfields);
}

void
mv_fts_docs_add(MvFtsDocs *docs, const MvFtsDoc *doc)
{
	Size		size = mv_fts_doc_size(docs->nfields, docs->nattributes);

	if (docs->n == docs->allocated)
	{
		docs->allocated = Max(1024, docs->allocated * 2);
		docs->packed = docs->packed == NULL ? palloc0(size * docs->allocated) :
			repalloc_huge(docs->packed, size * docs->allocated);
	}
	pack(docs, doc, docs->packed + size * docs->n++);
}

Size
mv_fts_docs_memory(const MvFtsDocs *docs)
{
	return mv_fts_doc_size(docs->nfields, docs->nattributes) * docs->n;
}

void
mv_fts_docs_write(const MvFtsDocs *docs, MvFtsWriter *writer)
{
	Size		size = mv_fts_doc_size(docs->nfields, docs->nattributes);
	MvFtsDoc	doc;

	for (uint32 i = 0; i < docs->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		unpack(docs, docs->packed + size * i, &doc);
		mv_fts_write_doc(writer, &doc);
	}
}

/* ---- files ---- */

static void
get(BufFile *file, void *data, Size size)
{
	if (BufFileRead(file, data, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not read a temporary file: %m")));
}

void
mv_fts_part_put(BufFile *file, const MvFtsDocs *docs, MvFtsInvert *invert)
{
	uint32		end = 0;

	BufFileWrite(file, docs->packed, mv_fts_docs_memory(docs));
	mv_fts_invert_write(invert, file);
	BufFileWrite(file, &end, sizeof(end));
}

void
mv_fts_part_docs(const MvFtsPart *part, const MvFtsDocs *shape, MvFtsWriter *writer)
{
	Size		size = mv_fts_doc_size(shape->nfields, shape->nattributes);
	char	   *packed = palloc(size);
	MvFtsDoc	doc;

	for (uint32 i = 0; i < part->ndocs; i++)
	{
		CHECK_FOR_INTERRUPTS();
		get(part->file, packed, size);
		unpack(shape, packed, &doc);
		mv_fts_write_doc(writer, &doc);
	}
	pfree(packed);
}

/* ---- terms ---- */

typedef struct PartSource
{
	MvFtsSource source;			/* first */
	MvFtsStream stream;
	BufFile    *file;
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
	uint32		key_size,
				size;

	get(s->file, &key_size, sizeof(key_size));
	if (key_size == 0)
		return false;
	get(s->file, &size, sizeof(size));
	if (key_size > sizeof(s->key))
		elog(ERROR, "a temporary file is damaged");
	get(s->file, s->key, key_size);
	if (size > s->allocated)
	{
		s->allocated = Max((Size) size * 2, 1024);
		s->bytes = s->bytes == NULL ? palloc_extended(s->allocated, MCXT_ALLOC_HUGE) :
			repalloc_huge(s->bytes, s->allocated);
	}
	get(s->file, s->bytes, size);
	source->key = s->key;
	source->len = (int) key_size;
	s->stream.doc = 0;
	s->stream.at = s->bytes;
	s->stream.end = s->bytes + size;
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
	return &s->source;
}
