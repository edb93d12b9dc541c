/*
 * ivf_build.c -- building an index: every row is coded and sorted by list;
 * ivf_write.c takes the sorted rows.
 *
 * Each process codes the rows it is given by tiles, and has a sort of its own,
 * which the leader merges.  Memory is that of the sample and the clustering, at
 * most half of maintenance_work_mem, and the sorts, which share the rest.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/carve.h"
#include "core/kmeans.h"
#include "index/ivf/ivf_build.h"
#include "index/options.h"

#define SAMPLE_PER_LIST 48

/* The rotation of every index; a constant serves, for codes of rows are what is random. */
#define SEED UINT64_C(0x6d696c7675735f70)

/* ---- what the processes share ---- */

/* Floats of a row of the sample that are kept as they were: see MvIvfSample. */
static int
raw_dim(const MvBuild *build)
{
	const MvIvf *ivf = &build->ivf;
	bool		sketches = mv_space_sketches(ivf->opclass, ivf->shape.dim);

	return ivf->opclass->metric == MV_L1 && !sketches ? ivf->shape.dim : 0;
}

/*
 * As many rows as the clustering wants, such that they and the centroids, of
 * which there are not more, fit into half of the memory.
 */
static int
sample_rows(const MvBuild *build)
{
	double		bytes =
		sizeof(float) * ((double) build->ivf.shape.padded + raw_dim(build) + 5);
	double		lists = build->ivf.meta.nlists;
	double		memory = (double) build->plan.memory;
	double		fit = Max(memory / 2 / bytes - lists, memory / 4 / bytes);
	double		want = Min(SAMPLE_PER_LIST * lists, build->plan.rows * 1.1);

	return (int) Max(Min(Min(want, fit), INT_MAX / 2), 64);
}

/* Lays the shared parts out from base, NULL to learn their size; returns it. */
static Size
lay_out(MvBuild *build, void *base)
{
	MvKmeansPlan kmeans;
	Size		at = 0;
	uint32		nlists = build->ivf.meta.nlists;
	int			padded = build->ivf.shape.padded;

	mv_kmeans_plan(&kmeans, build->max_sample, (int) nlists, padded);
	build->shared = mv_carve(base, &at, sizeof(MvIvfShared));
	if (build->plan.processes > 1)
		build->sharedsort =
			mv_carve(base, &at, tuplesort_estimate_shared(build->plan.processes));
	build->mean = mv_carve(base, &at, sizeof(float) * build->ivf.shape.dim);
	build->counts = mv_carve(base, &at, sizeof(pg_atomic_uint32) * (Size) nlists);
	build->sample = mv_carve(base, &at, sizeof(float) * padded * (Size) build->max_sample);
	build->sample_norm = mv_carve(base, &at, sizeof(float) * (Size) build->max_sample);
	build->raw = raw_dim(build) == 0 ? NULL :
		mv_carve(base, &at, sizeof(float) * raw_dim(build) * (Size) build->max_sample);
	for (int i = 0; i < MV_IVF_CURVES; i++)
		build->reaches[i] =
			mv_carve(base, &at, sizeof(float) * MV_IVF_SAMPLE_QUERIES * MV_NEAREST_MAX);
	build->kmeans = mv_carve(base, &at, mv_kmeans_size(&kmeans));
	return at;
}

/* What all processes conclude from the plan. */
static void
conclude(MvBuild *build, Relation index, const MvBuildPlan *plan)
{
	MvIvf	   *ivf = &build->ivf;
	double		lists = mv_index_option_lists(index);

	memset(build, 0, sizeof(*build));
	if (lists == 0)
		lists = Min(4 * sqrt(plan->rows), plan->rows / MV_IVF_MIN_LIST);
	build->index = index;
	build->plan = *plan;
	ivf->opclass = mv_index_opclass(index);
	ivf->meta.dim = (uint32) plan->dim;
	ivf->meta.elem = (uint16) ivf->opclass->elem->kind;
	ivf->meta.metric = (uint16) ivf->opclass->metric;
	ivf->meta.bits = (uint16) mv_index_option_bits(index);
	ivf->meta.rerank = ivf->meta.elem == MV_BIT ? MV_RERANK_NONE :
		ivf->meta.elem == MV_SPARSE ? MV_RERANK_HEAP : (uint16) mv_index_option_rerank(index);
	ivf->meta.nattributes = (uint32) mv_count_attributes(index);
	mv_ivf_shape(&ivf->shape, &ivf->meta);
	ivf->meta.seed = SEED;
	ivf->meta.nlists = (uint32) Min(Max(lists, 1), MV_MAX_LISTS);
	build->max_sample = sample_rows(build);
	ivf->meta.nlists = Min(ivf->meta.nlists, (uint32) build->max_sample);
}

uint32
mv_ivf_planned_lists(Relation index, const MvBuildPlan *plan)
{
	MvBuild		build;

	conclude(&build, index, plan);
	return build.ivf.meta.nlists;
}

Size
mv_ivf_build_size(Relation index, const MvBuildPlan *plan)
{
	MvBuild		build;

	conclude(&build, index, plan);
	return lay_out(&build, NULL);
}

MvBuild *
mv_ivf_build_begin(Relation index, const MvBuildPlan *plan, MvTeam *team, void *memory)
{
	MvBuild    *build = palloc(sizeof(MvBuild));
	Size		size;

	conclude(build, index, plan);
	build->team = team;
	size = lay_out(build, memory);
	build->sort_memory = plan->memory > size ? plan->memory - size : 0;
	if (!team->leader)
		tuplesort_attach_shared(build->sharedsort, team->segment);
	else
	{
		build->ivf.meta.build = mv_ivf_new_build();
		pg_atomic_init_u32(&build->shared->sampled, 0);
		for (uint32 i = 0; i < build->ivf.meta.nlists; i++)
			pg_atomic_init_u32(&build->counts[i], 0);
		if (team->segment != NULL)
			tuplesort_initialize_shared(build->sharedsort, plan->processes, team->segment);
	}
	return build;
}

/* ---- rows ---- */

/* A sort by list, within that memory. */
static Tuplesortstate *
begin_sort(MvBuild *build, Size memory, SortCoordinate coordinate)
{
	AttrNumber	key = 1;
	Oid			less = Int4LessOperator;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;
	Size		kb = Max(memory / 1024, 64);

	return tuplesort_begin_heap(build->desc, 1, &key, &less, &collation, &nulls_first,
								(int) Min(kb, MAX_KILOBYTES), coordinate, TUPLESORT_NONE);
}

void
mv_ivf_begin_rows(MvBuild *build)
{
	const MvIvfShape *shape = &build->ivf.shape;
	SortCoordinate own = NULL;

	build->nearest_work =
		mv_ivf_alloc(mv_nearest_size(shape->padded, build->set.groups, build->set.probes));
	build->payload_size = mv_ivf_payload_row(shape) + shape->row_size;
	build->payload_stride = MAXALIGN(MAXALIGN(VARHDRSZ) + build->payload_size);
	build->tile_rows = mv_nearest_rows(shape->padded);
	build->tile = mv_ivf_alloc(sizeof(float) * shape->padded * build->tile_rows);
	build->tids = palloc(sizeof(ItemPointerData) * build->tile_rows);
	build->payloads = mv_ivf_alloc((Size) build->payload_stride * build->tile_rows);
	memset(build->payloads, 0, (Size) build->payload_stride * build->tile_rows);
	build->desc = CreateTemplateTupleDesc(3);
	TupleDescInitEntry(build->desc, 1, "list", INT4OID, -1, 0);
	TupleDescInitEntry(build->desc, 2, "tid", INT8OID, -1, 0);
	TupleDescInitEntry(build->desc, 3, "payload", BYTEAOID, -1, 0);
	if (build->team->segment != NULL)
	{
		own = palloc0(sizeof(SortCoordinateData));
		own->isWorker = true;
		own->nParticipants = -1;
		own->sharedsort = build->sharedsort;
	}
	build->sort = begin_sort(build, build->sort_memory / build->plan.processes, own);
	build->slot = MakeSingleTupleTableSlot(build->desc, &TTSOpsVirtual);
}

/* Row i of the tile as a value of the sort: its data is aligned. */
static bytea *
payload_of(const MvBuild *build, int i)
{
	return (bytea *) (build->payloads + (Size) build->payload_stride * i + MAXALIGN(VARHDRSZ) -
					  VARHDRSZ);
}

/* The part of a payload that is known before the list is. */
static void
store_vector(const MvBuild *build, const float *x, const int64 *keys, char *payload)
{
	const MvIvfShape *shape = &build->ivf.shape;
	uint16		flags = mv_ivf_vector(&build->ivf, x, payload + mv_ivf_payload_vector(shape));

	memcpy(payload, &flags, sizeof(flags));
	for (int a = 0; a < shape->nattributes; a++)
		((uint64 *) (payload + MV_IVF_PAYLOAD_KEYS))[a] = mv_key_code(keys[a]);
	mv_ivf_encode_string(&build->ivf, x, payload + mv_ivf_payload_row(shape));
}

/* The rest of it. */
static void
store_code(const MvBuild *build, const float *rotated, int list, char *payload)
{
	mv_ivf_encode(&build->ivf, rotated, build->set.c + (Size) build->ivf.shape.padded * list,
				  payload + mv_ivf_payload_row(&build->ivf.shape));
}

static void
put_row(MvBuild *build, int i, int list)
{
	const MvIvfShape *shape = &build->ivf.shape;
	bytea	   *payload = payload_of(build, i);
	ItemPointer tid = &build->tids[i];

	store_code(build, build->tile + (Size) shape->padded * i, list, VARDATA(payload));
	SET_VARSIZE(payload, VARHDRSZ + build->payload_size);
	ExecClearTuple(build->slot);
	build->slot->tts_values[0] = Int32GetDatum(list);
	build->slot->tts_values[1] = Int64GetDatum((int64) ItemPointerGetBlockNumber(tid) << 16 |
											   ItemPointerGetOffsetNumber(tid));
	build->slot->tts_values[2] = PointerGetDatum(payload);
	memset(build->slot->tts_isnull, 0, 3);
	ExecStoreVirtualTuple(build->slot);
	tuplesort_puttupleslot(build->sort, build->slot);
	pg_atomic_fetch_add_u32(&build->counts[list], 1);
}

/* Code the rows of the tile and hand them to the sort. */
static void
flush_tile(MvBuild *build)
{
	int32_t		lists[MV_NEAREST_TILE];
	float		dists[MV_NEAREST_TILE];

	mv_nearest(&build->set, build->tile, build->ntile, 1, lists, dists, build->nearest_work);
	mv_nearest_spread(&build->set, build->nrows, build->ntile, lists);
	for (int i = 0; i < build->ntile; i++)
		put_row(build, i, lists[i]);
	build->nrows += build->ntile;
	build->ntile = 0;
	CHECK_FOR_INTERRUPTS();
}

void
mv_ivf_add(MvBuild *build, ItemPointer tid, const float *x, const int64 *keys)
{
	MvIvf	   *ivf = &build->ivf;
	int			i = build->ntile++;

	store_vector(build, x, keys, VARDATA(payload_of(build, i)));
	mv_rotate(ivf->rotation, x, ivf->mean, build->tile + (Size) ivf->shape.padded * i);
	build->tids[i] = *tid;
	if (build->ntile == build->tile_rows)
		flush_tile(build);
}

/* ---- the end ---- */

/* The rows of all processes: a merge of what each has sorted. */
static void
merge_sorts(MvBuild *build)
{
	SortCoordinateData all = {.isWorker = false, .nParticipants = build->team->shared->size,
							  .sharedsort = build->sharedsort};

	build->sort = begin_sort(build, build->sort_memory, &all);
	tuplesort_performsort(build->sort);
}

static void
write_index(MvBuild *build, ForkNumber fork)
{
	uint32		nlists = build->ivf.meta.nlists;
	uint32	   *counts = palloc(sizeof(uint32) * (Size) nlists);
	MvIvfRows	rows = {.ivf = &build->ivf, .set = &build->set, .counts = counts,
						.sort = build->sort, .graph = build->graph};

	for (uint32 i = 0; i < nlists; i++)
	{
		counts[i] = pg_atomic_read_u32(&build->counts[i]);
		rows.nrows += counts[i];
	}
	if (rows.nrows >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an ivf index cannot have more than %u rows", PG_UINT32_MAX)));
	build->ivf.meta.nbuilt = (uint32) rows.nrows;
	build->ivf.meta.calibrated_rows = rows.nrows;
	rows.slot = MakeSingleTupleTableSlot(build->desc, &TTSOpsMinimalTuple);
	mv_ivf_write(build->index, fork, &rows);
	ExecDropSingleTupleTableSlot(rows.slot);
	pfree(counts);
}

const MvCentroids *
mv_ivf_build_centroids(const MvBuild *build)
{
	return &build->set;
}

void
mv_ivf_build_graph(MvBuild *build, Page image)
{
	build->graph = image;
}

double
mv_ivf_finish(MvBuild *build, ForkNumber fork)
{
	if (build->ntile > 0)
		flush_tile(build);
	ExecDropSingleTupleTableSlot(build->slot);
	tuplesort_performsort(build->sort);
	if (build->team->segment != NULL)
	{
		tuplesort_end(build->sort);
		mv_team_meet(build->team, NULL, NULL);
		if (!build->team->leader)
			return 0;
		merge_sorts(build);
	}
	write_index(build, fork);
	tuplesort_end(build->sort);
	return build->ivf.meta.nbuilt;
}
