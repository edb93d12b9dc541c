/*
 * ivf_build.c -- building an index: train centroids on a sample, code every
 * row, sort by list, write.
 *
 * Rows go through a tuplesort, so memory is that of the sample, the
 * clustering and the sort, each within maintenance_work_mem.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "compat.h"
#include "core/kmeans.h"
#include "index/blas.h"
#include "index/ivf/ivf.h"
#include "index/options.h"

/* Rows coded at a time. */
#define TILE 1024

/* Fewer rows than this a list do not pay: blocks of 32 would stay empty. */
#define MIN_ROWS_PER_LIST 64
#define SAMPLE_PER_LIST 64

/* The rotation of every index; a constant serves, for codes of rows are what is random. */
#define SEED UINT64_C(0x6d696c7675735f70)

struct MvBuild
{
	Relation	index;
	MvIvf		ivf;			/* what the finished index will be opened as */
	MvCentroids set;
	void	   *nearest_work;
	uint32	   *counts;			/* [nlists] */

	Tuplesortstate *sort;
	TupleDesc	desc;
	TupleTableSlot *slot;

	int			ntile;
	float	   *tile;			/* [TILE][padded], rotated */
	ItemPointerData *tids;
	char	   *payloads;		/* [TILE][payload_size] */
	int			payload_size;	/* flags, vector, code row */
	double		nrows;
};

static void *
alloc_aligned(Size size)
{
	char	   *p = MemoryContextAllocHuge(CurrentMemoryContext, size + 64);

	return (void *) TYPEALIGN(64, p);
}

/* Offsets in a payload. */
#define PAYLOAD_VECTOR 8
#define PAYLOAD_ROW(build) (PAYLOAD_VECTOR + TYPEALIGN(8, (build)->ivf.shape.vector_size))

MvBuild *
mv_ivf_build_begin(Relation index, int dim, double rows)
{
	MvBuild    *build = palloc0(sizeof(MvBuild));
	MvIvf	   *ivf = &build->ivf;
	double		lists = mv_index_option_lists(index);

	if (lists == 0)
		lists = Min(4 * sqrt(rows), rows / MIN_ROWS_PER_LIST);
	build->index = index;
	mv_ivf_shape(&ivf->shape, dim);
	ivf->opclass = mv_index_opclass(index);
	ivf->meta.dim = (uint32) dim;
	ivf->meta.elem = (uint16) ivf->opclass->elem->kind;
	ivf->meta.metric = (uint16) ivf->opclass->metric;
	ivf->meta.seed = SEED;
	ivf->meta.build = mv_ivf_new_build();
	ivf->meta.nlists = (uint32) Max(lists, 1);
	return build;
}

/* As many rows as the clustering wants, within half of maintenance_work_mem. */
int
mv_ivf_sample_size(MvBuild *build)
{
	const MvIvfShape *shape = &build->ivf.shape;
	double		bytes = sizeof(float) * ((double) shape->dim + shape->padded);
	double		fit = maintenance_work_mem * 1024.0 / 2 / bytes;
	double		want = (double) SAMPLE_PER_LIST * build->ivf.meta.nlists;

	return (int) Max(Min(Min(want, fit), INT_MAX / 2), 64);
}

/* Mean of the sample and the rotation; both stay as they are from here on. */
static void
set_space(MvBuild *build, const float *sample, int n)
{
	MvIvf	   *ivf = &build->ivf;
	int			dim = ivf->shape.dim;
	double	   *sum = palloc0(sizeof(double) * dim);

	ivf->rotation = palloc(mv_rotation_size(dim));
	mv_rotation_init(ivf->rotation, dim, ivf->meta.seed);
	for (int i = 0; i < n; i++)
		mv_mean_add(sum, sample + (Size) dim * i, dim);
	ivf->mean = palloc(sizeof(float) * dim);
	mv_mean_of(sum, n, dim, ivf->mean);
	ivf->rotated_mean = palloc(sizeof(float) * ivf->shape.padded);
	mv_rotate(ivf->rotation, ivf->mean, NULL, ivf->rotated_mean);
	pfree(sum);
	mv_ivf_set_format(ivf);
}

static void
cluster(MvBuild *build, const float *rotated, int n)
{
	MvIvf	   *ivf = &build->ivf;
	MvKmeansPlan plan;
	MvKmeans	km;
	void	   *shared;
	int			units;

	mv_blas_init();
	mv_kmeans_plan(&plan, n, (int) ivf->meta.nlists, ivf->shape.padded);
	shared = alloc_aligned(mv_kmeans_size(&plan));
	mv_kmeans_begin(&plan, shared);
	mv_kmeans_attach(&km, shared, rotated, alloc_aligned(mv_kmeans_work_size(&plan)));
	while ((units = mv_kmeans_units(&km)) > 0)
	{
		for (int unit = 0; unit < units; unit++)
		{
			mv_kmeans_unit(&km, unit);
			CHECK_FOR_INTERRUPTS();
		}
		mv_kmeans_next(&km);
	}
	mv_kmeans_centroids(&km, &build->set);
}

/* No rows: one list around the origin. */
static void
single_list(MvBuild *build)
{
	build->set.k = 1;
	build->set.dim = build->ivf.shape.padded;
	build->set.c = palloc0(sizeof(float) * build->ivf.shape.padded);
	build->set.norm = palloc0(sizeof(float));
}

static void
begin_sort(MvBuild *build)
{
	AttrNumber	key = 1;
	Oid			less = Int4LessOperator;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;

	build->desc = CreateTemplateTupleDesc(3);
	TupleDescInitEntry(build->desc, 1, "list", INT4OID, -1, 0);
	TupleDescInitEntry(build->desc, 2, "tid", INT8OID, -1, 0);
	TupleDescInitEntry(build->desc, 3, "payload", BYTEAOID, -1, 0);
	build->sort = tuplesort_begin_heap(build->desc, 1, &key, &less, &collation, &nulls_first,
									   maintenance_work_mem, NULL, TUPLESORT_NONE);
	build->slot = MakeSingleTupleTableSlot(build->desc, &TTSOpsVirtual);
}

void
mv_ivf_train(MvBuild *build, float *sample, int n)
{
	MvIvf	   *ivf = &build->ivf;
	int			padded = ivf->shape.padded;

	set_space(build, sample, n);
	ivf->meta.nlists = (uint32) Max(Min(ivf->meta.nlists, n), 1);
	if (n == 0)
		single_list(build);
	else
	{
		float	   *rotated = alloc_aligned(sizeof(float) * padded * (Size) n);

		for (int i = 0; i < n; i++)
			mv_rotate(ivf->rotation, sample + (Size) ivf->shape.dim * i, ivf->mean,
					  rotated + (Size) padded * i);
		cluster(build, rotated, n);
	}
	build->nearest_work =
		alloc_aligned(mv_nearest_size(padded, build->set.groups, build->set.probes));
	build->counts = palloc0(sizeof(uint32) * ivf->meta.nlists);
	build->payload_size = (int) (PAYLOAD_ROW(build) + mv_code_row_size(1, padded));
	build->tile = alloc_aligned(sizeof(float) * padded * TILE);
	build->tids = palloc(sizeof(ItemPointerData) * TILE);
	build->payloads =
		MemoryContextAllocHuge(CurrentMemoryContext, (Size) build->payload_size * TILE);
	begin_sort(build);
}

/* Code the rows of the tile and hand them to the sort. */
static void
flush_tile(MvBuild *build)
{
	MvIvf	   *ivf = &build->ivf;
	int32_t    *lists = palloc(sizeof(int32_t) * TILE);
	float	   *dists = palloc(sizeof(float) * TILE);
	bytea	   *datum = palloc(VARHDRSZ + build->payload_size);

	mv_nearest(&build->set, build->tile, build->ntile, 1, lists, dists, build->nearest_work);
	mv_nearest_spread(&build->set, (uint64_t) build->nrows, build->ntile, lists);
	SET_VARSIZE(datum, VARHDRSZ + build->payload_size);
	for (int i = 0; i < build->ntile; i++)
	{
		char	   *payload = build->payloads + (Size) build->payload_size * i;

		mv_rabitq_encode_row(&ivf->format, build->tile + (Size) ivf->shape.padded * i,
							 build->set.c + (Size) ivf->shape.padded * lists[i],
							 payload + PAYLOAD_ROW(build));
		memcpy(VARDATA(datum), payload, build->payload_size);
		ExecClearTuple(build->slot);
		build->slot->tts_values[0] = Int32GetDatum(lists[i]);
		build->slot->tts_values[1] =
			Int64GetDatum((int64) ItemPointerGetBlockNumber(&build->tids[i]) << 16 |
						  ItemPointerGetOffsetNumber(&build->tids[i]));
		build->slot->tts_values[2] = PointerGetDatum(datum);
		memset(build->slot->tts_isnull, 0, 3);
		ExecStoreVirtualTuple(build->slot);
		tuplesort_puttupleslot(build->sort, build->slot);
		build->counts[lists[i]]++;
	}
	build->nrows += build->ntile;
	build->ntile = 0;
	pfree(lists);
	pfree(dists);
	pfree(datum);
	CHECK_FOR_INTERRUPTS();
}

void
mv_ivf_add(MvBuild *build, ItemPointer tid, const float *x)
{
	MvIvf	   *ivf = &build->ivf;
	char	   *payload = build->payloads + (Size) build->payload_size * build->ntile;
	uint16		flags = mv_ivf_vector(ivf, x, (uint16_t *) (payload + PAYLOAD_VECTOR));

	memcpy(payload, &flags, sizeof(flags));
	mv_rotate(ivf->rotation, x, ivf->mean, build->tile + (Size) ivf->shape.padded * build->ntile);
	build->tids[build->ntile++] = *tid;
	if (build->ntile == TILE)
		flush_tile(build);
}

/* ---- writing ---- */

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
	mv_page_set_used(page, run->kind == MV_PAGE_CODE ? MV_BODY_SIZE : run->used);
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
place_lists(MvBuild *build, MvWriter *writer)
{
	MvIvfList  *lists = palloc0(sizeof(MvIvfList) * build->ivf.meta.nlists);
	int			bs = build->ivf.shape.block_size;

	for (uint32 i = 0; i < build->ivf.meta.nlists; i++)
	{
		uint32		blocks = (build->counts[i] + MV_BLOCK - 1) / MV_BLOCK;

		lists[i].first = lists[i].last = lists[i].tail = InvalidBlockNumber;
		lists[i].ncodes = build->counts[i];
		if (blocks == 0)
			continue;
		lists[i].npages = pages_for((double) blocks * bs);
		lists[i].first = mv_writer_reserve(writer, lists[i].npages);
		lists[i].last = lists[i].first + lists[i].npages - 1;
		lists[i].tail = lists[i].first + (BlockNumber) ((uint64) (blocks - 1) * bs / MV_BODY_SIZE);
	}
	return lists;
}

static void
write_lists(MvBuild *build, MvWriter *writer, const MvIvfList *lists, BlockNumber npages)
{
	const MvIvf *ivf = &build->ivf;
	Run			run;

	run_begin(&run, writer, MV_PAGE_CENTROID, ivf->meta.list_start, npages);
	for (uint32 i = 0; i < ivf->meta.nlists; i++)
	{
		run_align(&run, ivf->shape.list_slot_size);
		run_append(&run, &lists[i], sizeof(MvIvfList));
		run_append(&run, build->set.c + (Size) ivf->shape.padded * i, 4 * ivf->shape.padded);
		/* A slot of several pages begins on a page of its own. */
		if (ivf->shape.lists_per_page == 0 && run.used > 0)
			run_flush(&run);
	}
	run_end(&run);
}

/* The rows of the sort, in the order of their ids. */
typedef struct Output
{
	MvBuild    *build;
	MvWriter   *writer;
	uint32		id;

	/* codes: the current list and block */
	const MvIvfList *lists;
	int			list;			/* or -1 */
	int			slot;
	char	   *block;
	Run			codes;

	/* ids: the current page, and the vector page of its current group */
	PGAlignedBlock id_page;
	BlockNumber id_block;
	Run			vectors;

	BlockNumber *id_blocks;
	int			n_id_blocks;
} Output;

static void
clear_block(Output *out)
{
	float	   *add = (float *) out->block;

	memset(out->block, 0, out->build->ivf.shape.block_size);
	for (int i = 0; i < MV_BLOCK; i++)
		add[i] = INFINITY;
	out->slot = 0;
}

static void
flush_block(Output *out)
{
	if (out->slot > 0)
		run_append(&out->codes, out->block, out->build->ivf.shape.block_size);
	clear_block(out);
}

static void
write_code(Output *out, int list, const char *row)
{
	const MvIvfShape *shape = &out->build->ivf.shape;
	Size		code_size = mv_code_size(1, shape->padded);
	float	   *head = (float *) out->block;

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
	memcpy(&head[out->slot], row + code_size, sizeof(float));
	memcpy(&head[MV_BLOCK + out->slot], row + code_size + sizeof(float), sizeof(float));
	((uint32 *) head)[2 * MV_BLOCK + out->slot] = out->id;
	mv_block_put((uint8_t *) out->block + MV_IVF_BLOCK_HEAD, out->slot, shape->padded, row);
	out->slot++;
}

static void
flush_id_page(Output *out)
{
	MvIvfIdHead *head = MV_PAGE_HEAD(out->id_page.data);

	if (head->count == 0)
		return;
	mv_page_set_used(out->id_page.data, MV_BODY_SIZE);
	mv_writer_put(out->writer, out->id_block, out->id_page.data);
	out->id_blocks[out->n_id_blocks++] = out->id_block;
	mv_page_init(out->id_page.data, MV_PAGE_ID);
}

static void
write_row(Output *out, ItemPointer tid, uint16 flags, const char *vector)
{
	const MvIvfShape *shape = &out->build->ivf.shape;
	MvIvfIdHead *head = MV_PAGE_HEAD(out->id_page.data);
	char	   *body = MV_PAGE_BODY(out->id_page.data);
	int			per_group = Max(shape->vectors_per_page, 1);
	int			slot = (int) (out->id % shape->ids_per_page);

	if (slot == 0)
	{
		flush_id_page(out);
		head->first = out->id;
		out->id_block = mv_writer_reserve(out->writer, 1);
	}
	if (slot % per_group == 0)
	{
		int			n = shape->vectors_per_page > 0 ? 1 : shape->pages_per_vector;
		BlockNumber first = mv_writer_reserve(out->writer, n);

		if (out->id > 0)
			run_end(&out->vectors);
		run_begin(&out->vectors, out->writer, MV_PAGE_VECTOR, first, n);
		((BlockNumber *) (body + shape->groups_offset))[slot / per_group] = first;
	}
	((MvIvfId *) body)[slot].tid = *tid;
	((MvIvfId *) body)[slot].flags = flags;
	head->count = slot + 1;
	run_append(&out->vectors, vector, shape->vector_size);
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
write_rows(MvBuild *build, Output *out)
{
	while (tuplesort_gettupleslot(build->sort, true, false, out->build->slot, NULL))
	{
		bool		isnull;
		int			list = DatumGetInt32(slot_getattr(build->slot, 1, &isnull));
		int64		packed = DatumGetInt64(slot_getattr(build->slot, 2, &isnull));
		char	   *payload = VARDATA_ANY(DatumGetByteaPP(slot_getattr(build->slot, 3, &isnull)));
		ItemPointerData tid;
		uint16		flags;

		ItemPointerSet(&tid, (BlockNumber) (packed >> 16), (OffsetNumber) (packed & 0xffff));
		memcpy(&flags, payload, sizeof(flags));
		write_code(out, list, payload + PAYLOAD_ROW(build));
		write_row(out, &tid, flags, payload + PAYLOAD_VECTOR);
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
write_meta(MvBuild *build, MvWriter *writer)
{
	PGAlignedBlock image;
	MvIvfMetaHead *head = MV_PAGE_HEAD(image.data);

	mv_page_init(image.data, MV_PAGE_META);
	head->magic = MV_IVF_MAGIC;
	head->version = MV_IVF_VERSION;
	memcpy(MV_PAGE_BODY(image.data), &build->ivf.meta, sizeof(MvIvfMeta));
	mv_page_set_used(image.data, sizeof(MvIvfMeta));
	mv_writer_put(writer, MV_IVF_META_BLOCK, image.data);
}

double
mv_ivf_finish(MvBuild *build, ForkNumber fork)
{
	MvIvfMeta  *meta = &build->ivf.meta;
	const MvIvfShape *shape = &build->ivf.shape;
	MvWriter	writer;
	Output	   *out = palloc0(sizeof(Output));
	BlockNumber list_pages,
				mean_pages,
				directory_pages;
	double		id_pages;
	Run			run;

	if (build->ntile > 0)
		flush_tile(build);
	if (build->nrows >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an ivf index cannot have more than %u rows", PG_UINT32_MAX)));
	meta->ntuples = build->nrows;
	tuplesort_performsort(build->sort);
	ExecDropSingleTupleTableSlot(build->slot);
	build->slot = MakeSingleTupleTableSlot(build->desc, &TTSOpsMinimalTuple);

	id_pages = ceil(build->nrows / shape->ids_per_page);
	list_pages = shape->lists_per_page > 0 ?
		(meta->nlists + shape->lists_per_page - 1) / shape->lists_per_page :
		meta->nlists * shape->pages_per_list;
	mean_pages = pages_for(sizeof(float) * (double) shape->dim);
	directory_pages = (BlockNumber) Max(ceil(id_pages / MV_IVF_DIRECTORY_ENTRIES), 1);

	mv_writer_begin(&writer, build->index, fork);
	mv_writer_reserve(&writer, 1);
	meta->mean_start = mv_writer_reserve(&writer, mean_pages);
	meta->list_start = mv_writer_reserve(&writer, list_pages);
	meta->directory = mv_writer_reserve(&writer, directory_pages);

	out->build = build;
	out->writer = &writer;
	out->list = -1;
	out->lists = place_lists(build, &writer);
	out->block = alloc_aligned(shape->block_size);
	out->id_blocks = palloc(sizeof(BlockNumber) * (Size) (id_pages + 1));
	mv_page_init(out->id_page.data, MV_PAGE_ID);
	clear_block(out);
	write_rows(build, out);

	run_begin(&run, &writer, MV_PAGE_VECTOR, meta->mean_start, mean_pages);
	run_append(&run, build->ivf.mean, (int) sizeof(float) * shape->dim);
	run_end(&run);
	write_lists(build, &writer, out->lists, list_pages);
	write_directory(out, meta->directory, directory_pages);
	write_meta(build, &writer);
	mv_writer_finish(&writer);

	ExecDropSingleTupleTableSlot(build->slot);
	tuplesort_end(build->sort);
	return build->nrows;
}
