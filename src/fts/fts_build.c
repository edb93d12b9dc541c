/*
 * fts_build.c -- building an index: rows to documents and terms in memory, from
 * time to time to a file, in the end all to one segment.
 */
#include "postgres.h"

#include <fcntl.h>

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "fts/config.h"
#include "fts/fts_part.h"
#include "fts/fts_row.h"

struct MvFtsBuild
{
	Relation	index;
	MemoryContext context;
	Size		memory;
	MvFtsRows  *rows;
	MvFtsDocs	docs;			/* in memory, as are their terms */

	/* parts in files */
	SharedFileSet *files;		/* a worker's go there; or NULL */
	int			worker;
	int			nparts,
				allocated;
	MvFtsPart  *parts;
};

MvFtsBuild *
mv_fts_build_begin(Relation index, Size memory, SharedFileSet *files, int worker)
{
	MvFtsBuild *build = palloc0(sizeof(MvFtsBuild));

	build->index = index;
	build->context = CurrentMemoryContext;
	build->memory = memory;
	build->rows = mv_fts_rows_begin(index);
	build->docs.nfields = build->rows->schema->nfields;
	build->docs.nattributes = build->rows->schema->nattributes;
	build->files = files;
	build->worker = worker;
	return build;
}

static MvFtsPart *
add_part(MvFtsBuild *build)
{
	if (build->nparts == build->allocated)
	{
		build->allocated = Max(16, build->allocated * 2);
		build->parts = build->parts == NULL ?
			palloc0(sizeof(MvFtsPart) * build->allocated) :
			repalloc(build->parts, sizeof(MvFtsPart) * build->allocated);
	}
	return &build->parts[build->nparts++];
}

static char *
part_name(int worker, int part)
{
	return psprintf("%d.%d", worker, part);
}

/* What is in memory to a file: a worker's is for the leader to open. */
static void
spill(MvFtsBuild *build)
{
	int			number = build->nparts;
	MvFtsPart  *part = add_part(build);
	uint32		ndocs = build->docs.n;

	part->ndocs = ndocs;
	part->file = build->files == NULL ? BufFileCreateTemp(false) :
		BufFileCreateFileSet(&build->files->fs, part_name(build->worker, number));
	if (build->files != NULL)
		BufFileWrite(part->file, &ndocs, sizeof(ndocs));
	mv_fts_part_put(part->file, &build->docs, build->rows->invert);
	if (build->files != NULL)
		BufFileClose(part->file);
	else if (BufFileSeek(part->file, 0, 0, SEEK_SET) != 0)
		elog(ERROR, "could not seek in a temporary file");
	mv_fts_invert_reset(build->rows->invert);
	build->docs.n = 0;
}

void
mv_fts_build_row(MvFtsBuild *build, Datum *values, bool *isnull, ItemPointer tid)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);
	MvFtsDoc	doc = {.tid = *tid};

	mv_fts_row(build->rows, build->docs.n, values, isnull, &doc);
	mv_fts_docs_add(&build->docs, &doc);
	if (mv_fts_invert_memory(build->rows->invert) + mv_fts_docs_memory(&build->docs) >
		build->memory)
		spill(build);
	MemoryContextSwitchTo(old);
}

int
mv_fts_build_hand_over(MvFtsBuild *build)
{
	if (build->docs.n > 0)
		spill(build);
	return build->nparts;
}

void
mv_fts_build_take(MvFtsBuild *build, SharedFileSet *files, int worker, int nparts)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);

	for (int i = 0; i < nparts; i++)
	{
		MvFtsPart  *part = add_part(build);

		part->file = BufFileOpenFileSet(&files->fs, part_name(worker, i), O_RDONLY, false);
		if (BufFileRead(part->file, &part->ndocs, sizeof(part->ndocs)) != sizeof(part->ndocs))
			elog(ERROR, "could not read a temporary file");
	}
	MemoryContextSwitchTo(old);
}

/* All documents and terms; the entry of the segment. */
static void
write_segment(MvFtsBuild *build, MvFtsSink *sink, MvFtsEntry *entry)
{
	const MvFtsSchema *schema = build->rows->schema;
	MvFtsWriter *writer = mv_fts_write_begin(sink, schema->nfields, schema->nattributes,
											 schema->positions);
	MvFtsSource **sources = palloc(sizeof(MvFtsSource *) * (build->nparts + 1));
	uint32		base = 0;
	int			n;

	for (n = 0; n < build->nparts; n++)
	{
		mv_fts_part_docs(&build->parts[n], &build->docs, writer);
		sources[n] = mv_fts_part_source(&build->parts[n]);
		sources[n]->base = base;
		base += build->parts[n].ndocs;
	}
	mv_fts_docs_write(&build->docs, writer);
	sources[n] = mv_fts_invert_source(build->rows->invert);
	sources[n++]->base = base;
	mv_fts_merge_terms(writer, sources, n);
	mv_fts_write_finish(writer, entry);
}

static void
write_meta(MvFtsBuild *build, MvWriter *writer, const MvFtsEntry *entry)
{
	const MvFtsSchema *schema = build->rows->schema;
	PGAlignedBlock image;
	MvFtsMeta  *meta = (MvFtsMeta *) MV_PAGE_BODY(image.data);

	mv_page_init(image.data, MV_PAGE_META);
	meta->magic = MV_FTS_MAGIC;
	meta->version = MV_FTS_VERSION;
	/* No two builds of an index have one in common: backends keep what they know of it. */
	meta->generation = (uint64) GetCurrentTimestamp();
	meta->fingerprint = mv_config_fingerprint(schema->config);
	meta->nfields = (uint16) schema->nfields;
	meta->nattributes = (uint16) schema->nattributes;
	meta->positions = schema->positions;
	meta->retired = meta->last_retired = InvalidBlockNumber;
	for (int i = 0; i < MV_FTS_STRIPES; i++)
		meta->stripes[i] = (MvFtsStripe){.old = InvalidBlockNumber, .head = InvalidBlockNumber,
										 .tail = InvalidBlockNumber};
	if (entry->ndocs > 0)
		meta->segments[meta->nsegments++] = *entry;
	mv_page_set_used(image.data, sizeof(MvFtsMeta));
	mv_writer_put(writer, MV_FTS_META_BLOCK, image.data);
}

double
mv_fts_build_finish(MvFtsBuild *build, ForkNumber fork)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);
	MvWriter	writer;
	MvFtsSink	sink;
	MvFtsEntry	entry = {0};

	mv_writer_begin(&writer, build->index, fork);
	mv_writer_reserve(&writer, 1);
	mv_fts_sink_begin(&sink, build->index, NULL, &writer);
	if (build->docs.n > 0 || build->nparts > 0)
		write_segment(build, &sink, &entry);
	write_meta(build, &writer, &entry);
	mv_writer_finish(&writer);
	for (int i = 0; i < build->nparts; i++)
		BufFileClose(build->parts[i].file);
	MemoryContextSwitchTo(old);
	return entry.ndocs;
}
