/*
 * ivf_write.c -- writing the pages of a new index: rows come sorted by list.
 *
 * Codes, ids and vectors are written in one pass, each kind to its own run of
 * pages; lists, directory and meta page follow.
 */
#include "postgres.h"

#include <math.h>

#include "commands/progress.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/backend_progress.h"
#include "utils/builtins.h"
#include "utils/tuplesort.h"

#include "compat.h"
#include "index/ivf/ivf.h"

/* Pages written one after the other from a first block on. */
typedef struct Run
{
	MvWriter   *writer;
	MvPageKind	kind;
	BlockNumber block;			/* of the page in memory */
	BlockNumber end;			/* the chain ends before this block */
	int			used;
	PGAlignedBlock image;
} Run;

static void
run_begin(Run *run, MvWriter *writer, MvPageKind kind, BlockNumber first, BlockNumber n)
{
	run->writer = writer;
	run->kind = kind;
	run->block = first;
	run->end = first + n;
	run->used = 0;
	mv_page_init(run->image.data, kind);
}

/* Write the page in memory and begin the next. */
static void
run_flush(Run *run)
{
	Page		page = run->image.data;

	Assert(run->block < run->end);
	mv_page_set_used(page, run->kind == MV_PAGE_CODE || run->kind == MV_PAGE_LIST ? MV_BODY_SIZE :
					 run->used);
	if (run->block + 1 < run->end)
		MV_PAGE_TAIL(page)->next = run->block + 1;
	mv_writer_put(run->writer, run->block, page);
	run->block++;
	run->used = 0;
	mv_page_init(page, run->kind);
}

static void
run_append(Run *run, const void *src, int n)
{
	while (n > 0)
	{
		int			part = Min(n, MV_BODY_SIZE - run->used);

		memcpy(MV_PAGE_BODY(run->image.data) + run->used, src, part);
		run->used += part;
		src = (const char *) src + part;
		n -= part;
		if (run->used == MV_BODY_SIZE)
			run_flush(run);
	}
}

/* Begin a new page unless n bytes fit into this one, or would fit into none. */
static void
run_align(Run *run, int n)
{
	if (run->used > 0 && run->used + n > MV_BODY_SIZE)
		run_flush(run);
}

static void
run_end(Run *run)
{
	if (run->used > 0)
		run_flush(run);
	Assert(run->block == run->end);
}

static BlockNumber
pages_for(double bytes)
{
	return (BlockNumber) ceil(bytes / MV_BODY_SIZE);
}

/* Reserve the code pages of each list and say where they are. */
static MvIvfList *
place_lists(const MvIvfRows *rows, MvWriter *writer)
{
	MvIvfList  *lists = palloc0(sizeof(MvIvfList) * rows->ivf->meta.nlists);
	int			bs = rows->ivf->shape.block_size;

	for (uint32 i = 0; i < rows->ivf->meta.nlists; i++)
	{
		uint32		blocks = (rows->counts[i] + MV_BLOCK - 1) / MV_BLOCK;

		lists[i].first = lists[i].last = lists[i].tail = InvalidBlockNumber;
		lists[i].ncodes = rows->counts[i];
		if (blocks == 0)
			continue;
		lists[i].npages = pages_for((double) blocks * bs);
		lists[i].first = mv_writer_reserve(writer, lists[i].npages);
		lists[i].last = lists[i].first + lists[i].npages - 1;
		lists[i].tail = lists[i].first + (BlockNumber) ((uint64) (blocks - 1) * bs / MV_BODY_SIZE);
	}
	return lists;
}

/* Centroids, and where each list has its own. */
static void
write_centroids(const MvIvfRows *rows, MvWriter *writer, MvIvfList *lists)
{
	const MvIvf *ivf = rows->ivf;
	int			size = ivf->shape.centroid_size;
	int			per_page = MV_BODY_SIZE / size;
	BlockNumber npages = per_page > 0 ?
		(ivf->meta.nlists + per_page - 1) / per_page :
		ivf->meta.nlists * pages_for(size);
	Run			run;

	run_begin(&run, writer, MV_PAGE_CENTROID, mv_writer_reserve(writer, npages), npages);
	for (uint32 i = 0; i < ivf->meta.nlists; i++)
	{
		run_align(&run, size);
		lists[i].centroid = run.block;
		lists[i].centroid_offset = (uint32) run.used;
		lists[i].spread = ivf->spread[i];
		run_append(&run, rows->set->c + (Size) ivf->shape.padded * i, size);
	}
	run_end(&run);
}

static void
write_lists(const MvIvfRows *rows, MvWriter *writer, const MvIvfList *lists, BlockNumber npages)
{
	MvIvfList	unused = {.first = InvalidBlockNumber, .last = InvalidBlockNumber,
						  .tail = InvalidBlockNumber, .centroid = InvalidBlockNumber};
	Run			run;

	run_begin(&run, writer, MV_PAGE_LIST, rows->ivf->meta.list_start, npages);
	for (uint32 i = 0; i < npages * MV_IVF_LISTS_PER_PAGE; i++)
		run_append(&run, i < rows->ivf->meta.nlists ? &lists[i] : &unused, sizeof(MvIvfList));
	run_end(&run);
}

/* The rows of the sort, in the order of their ids. */
typedef struct Output
{
	const MvIvfRows *rows;
	MvWriter   *writer;
	uint32		id;

	/* codes: the current list and block */
	MvIvfList  *lists;
	int			list;			/* or -1 */
	int			slot;
	char	   *block;
	Run			codes;

	/* ids: the current page, and the vector page of its current group, if any */
	PGAlignedBlock id_page;
	BlockNumber id_block;
	uint64	   *keys;			/* [nattributes][MV_IVF_MAX_IDS_PER_PAGE], of its ids */
	Run			vectors;

	BlockNumber *id_blocks;
	int			n_id_blocks;
} Output;

static void
flush_block(Output *out)
{
	const MvIvfShape *shape = &out->rows->ivf->shape;

	if (out->slot > 0)
		run_append(&out->codes, out->block, shape->block_size);
	mv_ivf_block_clear(shape, out->block);
	out->slot = 0;
}

static void
write_code(Output *out, int list, const char *row)
{
	if (list != out->list || out->slot == MV_BLOCK)
		flush_block(out);
	if (list != out->list)
	{
		if (out->list >= 0)
			run_end(&out->codes);
		out->list = list;
		run_begin(&out->codes, out->writer, MV_PAGE_CODE, out->lists[list].first,
				  out->lists[list].npages);
	}
	mv_ivf_block_put(&out->rows->ivf->shape, out->block, out->slot++, row, out->id);
}

/* The attribute pages behind an id page. */
static void
flush_keys(Output *out)
{
	const MvIvfShape *shape = &out->rows->ivf->shape;
	Run			run;

	run_begin(&run, out->writer, MV_PAGE_ATTRIBUTE, out->id_block + 1,
			  (BlockNumber) shape->nattributes);
	for (int a = 0; a < shape->nattributes; a++)
	{
		run_append(&run, out->keys + a * MV_IVF_MAX_IDS_PER_PAGE,
				   (int) sizeof(int64) * shape->ids_per_page);
		if (run.used > 0)
			run_flush(&run);
	}
}

static void
flush_id_page(Output *out)
{
	MvIvfIdHead *head = MV_PAGE_HEAD(out->id_page.data);

	if (head->count == 0)
		return;
	mv_page_set_used(out->id_page.data, MV_BODY_SIZE);
	mv_writer_put(out->writer, out->id_block, out->id_page.data);
	flush_keys(out);
	out->id_blocks[out->n_id_blocks++] = out->id_block;
	mv_page_init(out->id_page.data, MV_PAGE_ID);
}

/* The vector of the id in a slot of the id page. */
static void
write_vector(Output *out, int slot, const char *vector)
{
	const MvIvfShape *shape = &out->rows->ivf->shape;
	int			per_group = Max(shape->vectors_per_page, 1);
	BlockNumber *groups =
		(BlockNumber *) (MV_PAGE_BODY(out->id_page.data) + shape->groups_offset);

	if (slot % per_group == 0)
	{
		int			n = shape->vectors_per_page > 0 ? 1 : shape->pages_per_vector;
		BlockNumber first = mv_writer_reserve(out->writer, n);

		if (out->id > 0)
			run_end(&out->vectors);
		run_begin(&out->vectors, out->writer, MV_PAGE_VECTOR, first, n);
		groups[slot / per_group] = first;
	}
	run_append(&out->vectors, vector, shape->vector_size);
}

static void
write_row(Output *out, ItemPointer tid, const char *payload)
{
	const MvIvfShape *shape = &out->rows->ivf->shape;
	MvIvfIdHead *head = MV_PAGE_HEAD(out->id_page.data);
	MvIvfId    *entries = (MvIvfId *) MV_PAGE_BODY(out->id_page.data);
	int			slot = (int) (out->id % shape->ids_per_page);

	if (slot == 0)
	{
		flush_id_page(out);
		head->first = out->id;
		head->next_free = InvalidBlockNumber;
		out->id_block = mv_writer_reserve(out->writer, 1 + shape->nattributes);
		head->attributes = shape->nattributes > 0 ? out->id_block + 1 : 0;
	}
	entries[slot].tid = *tid;
	memcpy(&entries[slot].flags, payload, sizeof(uint16));
	head->count = slot + 1;
	for (int a = 0; a < shape->nattributes; a++)
		memcpy(&out->keys[a * MV_IVF_MAX_IDS_PER_PAGE + slot],
			   payload + MV_IVF_PAYLOAD_KEYS + (int) sizeof(int64) * a, sizeof(int64));
	if (shape->vector_size > 0)
		write_vector(out, slot, payload + mv_ivf_payload_vector(shape));
	out->id++;
}

static void
write_directory(Output *out, BlockNumber first, BlockNumber npages)
{
	Run			run;

	run_begin(&run, out->writer, MV_PAGE_DIRECTORY, first, npages);
	run_append(&run, out->id_blocks, out->n_id_blocks * (int) sizeof(BlockNumber));
	if (run.used > 0 || run.block < run.end)
		run_flush(&run);
}

static void
write_rows(const MvIvfRows *rows, Output *out)
{
	while (tuplesort_gettupleslot(rows->sort, true, false, rows->slot, NULL))
	{
		bool		isnull;
		int			list = DatumGetInt32(slot_getattr(rows->slot, 1, &isnull));
		int64		packed = DatumGetInt64(slot_getattr(rows->slot, 2, &isnull));
		char	   *payload = VARDATA_ANY(DatumGetByteaPP(slot_getattr(rows->slot, 3, &isnull)));
		ItemPointerData tid;

		ItemPointerSet(&tid, (BlockNumber) (packed >> 16), (OffsetNumber) (packed & 0xffff));
		write_code(out, list, payload + mv_ivf_payload_row(&rows->ivf->shape));
		write_row(out, &tid, payload);
		if (out->id % 1024 == 0)
			pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, out->id);
		CHECK_FOR_INTERRUPTS();
	}
	flush_block(out);
	if (out->list >= 0)
		run_end(&out->codes);
	flush_id_page(out);
	if (out->id > 0 && out->vectors.used > 0)
		run_end(&out->vectors);
}

static void
write_meta(const MvIvfRows *rows, MvWriter *writer)
{
	PGAlignedBlock image;
	MvIvfMetaHead *head = MV_PAGE_HEAD(image.data);

	mv_page_init(image.data, MV_PAGE_META);
	head->magic = MV_IVF_MAGIC;
	head->version = rows->ivf->meta.nattributes > 0 ? MV_IVF_VERSION_ATTRIBUTES : MV_IVF_VERSION;
	memcpy(MV_PAGE_BODY(image.data), &rows->ivf->meta, sizeof(MvIvfMeta));
	mv_page_set_used(image.data, sizeof(MvIvfMeta));
	mv_writer_put(writer, MV_IVF_META_BLOCK, image.data);
}

void
mv_ivf_write(Relation index, ForkNumber fork, const MvIvfRows *rows)
{
	MvIvfMeta  *meta = &rows->ivf->meta;
	const MvIvfShape *shape = &rows->ivf->shape;
	MvWriter	writer;
	Output	   *out = palloc0(sizeof(Output));
	BlockNumber list_pages,
				mean_pages,
				directory_pages;
	double		id_pages;
	Run			run;

	id_pages = ceil(rows->nrows / shape->ids_per_page);
	list_pages = (meta->nlists + MV_IVF_LISTS_PER_PAGE - 1) / MV_IVF_LISTS_PER_PAGE;
	mean_pages = pages_for(sizeof(float) * (double) shape->dim);
	directory_pages = (BlockNumber) Max(ceil(id_pages / MV_IVF_DIRECTORY_ENTRIES), 1);

	mv_writer_begin(&writer, index, fork);
	mv_writer_reserve(&writer, 1);
	meta->graph = InvalidBlockNumber;
	if (rows->graph != NULL)
	{
		meta->graph = mv_writer_reserve(&writer, 1);
		mv_writer_put(&writer, meta->graph, rows->graph);
	}
	meta->mean_start = mv_writer_reserve(&writer, mean_pages);
	meta->list_start = mv_writer_reserve(&writer, list_pages);
	meta->directory = mv_writer_reserve(&writer, directory_pages);
	meta->free_ids = meta->last_centroid = InvalidBlockNumber;

	out->rows = rows;
	out->writer = &writer;
	out->list = -1;
	out->lists = place_lists(rows, &writer);
	write_centroids(rows, &writer, out->lists);
	meta->id_start = writer.reserved;
	out->block = palloc(shape->block_size);
	out->id_blocks = palloc(sizeof(BlockNumber) * (Size) (id_pages + 1));
	out->keys = palloc0(sizeof(int64) * MV_IVF_MAX_IDS_PER_PAGE * shape->nattributes);
	mv_page_init(out->id_page.data, MV_PAGE_ID);
	mv_ivf_block_clear(shape, out->block);
	write_rows(rows, out);

	run_begin(&run, &writer, MV_PAGE_VECTOR, meta->mean_start, mean_pages);
	run_append(&run, rows->ivf->mean, (int) sizeof(float) * shape->dim);
	run_end(&run);
	write_lists(rows, &writer, out->lists, list_pages);
	write_directory(out, meta->directory, directory_pages);
	write_meta(rows, &writer);
	mv_writer_finish(&writer);
}
