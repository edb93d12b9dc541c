/*
 * fts_build.c -- building an index: rows to documents and terms in memory, from
 * time to time to a file, in the end all to one segment.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "fts/config.h"
#include "fts/fts_part.h"
#include "fts/fts_row.h"

struct MvFtsBuild
{
	Relation	index;
	MemoryContext context;
	Size		memory;
	MvFtsRows  *rows;

	/* in memory */
	uint32		ndocs,
				allocated;
	MvFtsDoc   *docs;

	/* in the file */
	BufFile    *file;			/* or NULL */
	int			nparts,
				parts_allocated;
	MvFtsPart  *parts;
};

MvFtsBuild *
mv_fts_build_begin(Relation index, Size memory)
{
	MvFtsBuild *build = palloc0(sizeof(MvFtsBuild));

	build->index = index;
	build->context = CurrentMemoryContext;
	build->memory = memory;
	build->rows = mv_fts_rows_begin(index);
	return build;
}

/* What is in memory to the file. */
static void
spill(MvFtsBuild *build)
{
	if (build->file == NULL)
		build->file = BufFileCreateTemp(false);
	if (build->nparts == build->parts_allocated)
	{
		build->parts_allocated = Max(16, build->parts_allocated * 2);
		build->parts = build->parts == NULL ?
			palloc(sizeof(MvFtsPart) * build->parts_allocated) :
			repalloc(build->parts, sizeof(MvFtsPart) * build->parts_allocated);
	}
	mv_fts_part_write(&build->parts[build->nparts++], build->file, build->docs, build->ndocs,
					  build->rows->invert);
	mv_fts_invert_reset(build->rows->invert);
	build->ndocs = 0;
}

void
mv_fts_build_row(MvFtsBuild *build, Datum *values, bool *isnull, ItemPointer tid)
{
	MemoryContext old = MemoryContextSwitchTo(build->context);
	MvFtsDoc   *doc;

	if (build->ndocs == build->allocated)
	{
		build->allocated = Max(1024, build->allocated * 2);
		build->docs = build->docs == NULL ? palloc(sizeof(MvFtsDoc) * build->allocated) :
			repalloc_huge(build->docs, sizeof(MvFtsDoc) * (Size) build->allocated);
	}
	doc = &build->docs[build->ndocs];
	doc->tid = *tid;
	mv_fts_row(build->rows, build->ndocs++, values, isnull, doc);
	if (mv_fts_invert_memory(build->rows->invert) + sizeof(MvFtsDoc) * build->allocated >
		build->memory)
		spill(build);
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
		mv_fts_part_docs(&build->parts[n], writer);
		sources[n] = mv_fts_part_source(&build->parts[n]);
		sources[n]->base = base;
		base += build->parts[n].ndocs;
	}
	for (uint32 i = 0; i < build->ndocs; i++)
		mv_fts_write_doc(writer, &build->docs[i]);
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
	meta->generation = 1;
	meta->config = schema->config;
	meta->fingerprint = mv_config_fingerprint(schema->config);
	meta->nfields = (uint16) schema->nfields;
	meta->nattributes = (uint16) schema->nattributes;
	meta->positions = schema->positions;
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
	if (build->ndocs > 0 || build->nparts > 0)
		write_segment(build, &sink, &entry);
	write_meta(build, &writer, &entry);
	mv_writer_finish(&writer);
	if (build->file != NULL)
		BufFileClose(build->file);
	MemoryContextSwitchTo(old);
	return entry.ndocs;
}
