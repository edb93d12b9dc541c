/*
 * ivf_build.c -- building an index: train centroids on a sample, code every
 * row, sort by list; ivf_write.c takes the sorted rows.
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

MvBuild *
mv_ivf_build_begin(Relation index, int dim, double rows)
{
	MvBuild    *build = palloc0(sizeof(MvBuild));
	MvIvf	   *ivf = &build->ivf;
	double		lists = mv_index_option_lists(index);

	if (lists == 0)
		lists = Min(4 * sqrt(rows), rows / MIN_ROWS_PER_LIST);
	build->index = index;
	mv_ivf_shape(&ivf->shape, dim, 1);
	ivf->meta.bits = 1;
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
	build->payload_size = mv_ivf_payload_row(&ivf->shape) + ivf->shape.row_size;
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

		mv_ivf_encode(ivf, build->tile + (Size) ivf->shape.padded * i,
							 build->set.c + (Size) ivf->shape.padded * lists[i],
							 payload + mv_ivf_payload_row(&build->ivf.shape));
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
	uint16		flags = mv_ivf_vector(ivf, x, (uint16_t *) (payload + MV_IVF_PAYLOAD_VECTOR));

	memcpy(payload, &flags, sizeof(flags));
	mv_rotate(ivf->rotation, x, ivf->mean, build->tile + (Size) ivf->shape.padded * build->ntile);
	build->tids[build->ntile++] = *tid;
	if (build->ntile == TILE)
		flush_tile(build);
}

double
mv_ivf_finish(MvBuild *build, ForkNumber fork)
{
	MvIvfRows	rows = {.ivf = &build->ivf, .set = &build->set, .counts = build->counts,
						.sort = build->sort};

	if (build->ntile > 0)
		flush_tile(build);
	if (build->nrows >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an ivf index cannot have more than %u rows", PG_UINT32_MAX)));
	build->ivf.meta.ntuples = build->nrows;
	tuplesort_performsort(build->sort);
	ExecDropSingleTupleTableSlot(build->slot);
	rows.nrows = build->nrows;
	rows.slot = MakeSingleTupleTableSlot(build->desc, &TTSOpsMinimalTuple);
	mv_ivf_write(build->index, fork, &rows);
	ExecDropSingleTupleTableSlot(rows.slot);
	tuplesort_end(build->sort);
	return build->nrows;
}
