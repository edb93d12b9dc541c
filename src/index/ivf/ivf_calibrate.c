/*
 * ivf_calibrate.c -- what recall takes: curves from queries and their true
 * neighbours; see ivf_effort.c.
 *
 * The build takes rows of its sample as queries, and looks for their neighbours
 * in the sample: as it is a part of the table, the nearest few of it stand for
 * that many more.  milvus_calibrate() is given queries and looks at every row.  Where
 * lists have changed much, VACUUM takes rows as queries, and looks at some of all rows,
 * of bit strings, which their codes are, at all.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "compat.h"
#include "core/topk.h"
#include "index/ivf/ivf.h"

/* Most neighbours of a query that a curve is drawn from, the query itself aside. */
#define MAX_NEIGHBOURS (MV_NEAREST_MAX - 1)

/* Queries whose lists are counted. */
#define COUNTED 32

/* A query wants lists: their keys, and the first of them. */
typedef struct Keys
{
	float	   *g_add,			/* [nlists] */
			   *g_dist,
			   *key;
	float		first,
				scale;
} Keys;

static void
keys_begin(Keys *keys, int nlists)
{
	keys->g_add = palloc(sizeof(float) * nlists);
	keys->g_dist = palloc(sizeof(float) * nlists);
	keys->key = palloc(sizeof(float) * nlists);
}

static void
keys_end(Keys *keys)
{
	pfree(keys->g_add);
	pfree(keys->g_dist);
	pfree(keys->key);
}

static void
keys_finish(Keys *keys, const MvIvf *ivf, int nlists, float query_norm)
{
	mv_ivf_keys(ivf, keys->g_add, nlists, keys->key);
	keys->scale = mv_ivf_key_scale(ivf, query_norm);
	keys->first = INFINITY;
	for (int i = 0; i < nlists; i++)
		keys->first = Min(keys->first, keys->key[i]);
}

static float
reach_of(const Keys *keys, int list)
{
	return (keys->key[list] - keys->first) / keys->scale;
}

/* Add the lists within each reach of a curve. */
static void
count_lists(const Keys *keys, int nlists, MvIvfCurve *curve, float weight)
{
	for (int i = 0; i < MV_IVF_KNOTS; i++)
	{
		float		limit = keys->first + curve->reach[i] * keys->scale;
		int			n = 0;

		for (int j = 0; j < nlists; j++)
			n += keys->key[j] <= limit;
		curve->lists[i] += weight * n;
	}
}

/* ---- from a sample ---- */

int
mv_ivf_sample_neighbours(const MvIvfSample *sample, int curve)
{
	double		k = mv_ivf_curve_k(curve) * (sample->n / Max(sample->rows, sample->n));

	return (int) Min(Max(rint(k), 1), Min(MAX_NEIGHBOURS, sample->n - 1));
}

int
mv_ivf_sample_queries(const MvIvfSample *sample)
{
	return sample->n < 2 ? 0 : Min(MV_IVF_SAMPLE_QUERIES, sample->n);
}

static int
query_row(const MvIvfSample *sample, int query)
{
	return (int) ((int64) sample->n * query / mv_ivf_sample_queries(sample));
}

/* Keys of the lists, with the centroids at hand; x is rotated. */
static void
keys_of_row(Keys *keys, const MvIvfSample *sample, const float *x)
{
	const MvIvf *ivf = sample->ivf;
	bool		jaccard = ivf->opclass->metric == MV_JACCARD;
	MvDistFn	dot = mv_kernels.dist[MV_F32][MV_IP];
	int			padded = ivf->shape.padded;
	double		mean_norm = dot(ivf->rotated_mean, ivf->rotated_mean, padded);
	double		norm = dot(x, x, padded) + 2 * dot(x, ivf->rotated_mean, padded) + mean_norm;

	for (int i = 0; i < sample->set->k; i++)
	{
		const float *c = sample->set->c + (Size) padded * i;

		mv_rabitq_center(&ivf->format, x, c, &keys->g_add[i], &keys->g_dist[i]);
		if (jaccard)
			keys->g_add[i] = mv_ivf_jaccard_key(
				keys->g_add[i], (float) norm,
				(float) (sample->set->norm[i] + 2 * dot(c, ivf->rotated_mean, padded) + mean_norm),
				ivf->spread[i]);
	}
	keys_finish(keys, ivf, sample->set->k, (float) sqrt(Max(norm, 0)));
}

/*
 * The rows with the largest products, or the least Jaccard distances, which follow
 * from products; without the row itself.
 */
static void
nearest_by_product(const MvIvfSample *sample, int row, int k, int32_t *nearest)
{
	const MvIvf *ivf = sample->ivf;
	bool		jaccard = ivf->opclass->metric == MV_JACCARD;
	MvDistFn	dot = mv_kernels.dist[MV_F32][MV_IP];
	int			padded = ivf->shape.padded;
	const float *x = sample->x + (Size) padded * row;
	float	   *q = palloc(sizeof(float) * padded);
	MvNeighbor *items = palloc(sizeof(MvNeighbor) * k);
	double		mean_norm = dot(ivf->rotated_mean, ivf->rotated_mean, padded);
	double		norm,
				mean_dot;
	MvTopK		top;

	for (int i = 0; i < padded; i++)
		q[i] = x[i] + ivf->rotated_mean[i];
	norm = dot(q, q, padded);
	mean_dot = dot(q, ivf->rotated_mean, padded);
	mv_topk_init(&top, items, k);
	for (int i = 0; i < sample->n; i++)
	{
		const float *other = sample->x + (Size) padded * i;
		double		product = dot(q, other, padded);
		float		bits;

		if (i == row)
			continue;
		if (jaccard)
		{
			bits = (float) (sample->norm[i] + 2 * dot(other, ivf->rotated_mean, padded) +
							mean_norm);
			product = -mv_ivf_jaccard((float) (norm + bits - 2 * (product + mean_dot)),
									  (float) norm, bits);
		}
		mv_topk_push(&top, (uint64_t) i, (float) -product);
	}
	mv_topk_sort(&top);
	for (int i = 0; i < k; i++)
		nearest[i] = (int32_t) items[Min(i, top.n - 1)].id;
	pfree(items);
	pfree(q);
}

/* The nearest rows by taxicab distance, without the row itself. */
static void
nearest_by_l1(const MvIvfSample *sample, int row, int k, int32_t *nearest)
{
	MvDistFn	l1 = mv_kernels.dist[MV_F32][MV_L1];
	int			dim = sample->ivf->shape.dim;
	const float *q = sample->raw + (Size) dim * row;
	MvNeighbor *items = palloc(sizeof(MvNeighbor) * k);
	MvTopK		top;

	mv_topk_init(&top, items, k);
	for (int i = 0; i < sample->n; i++)
		if (i != row)
			mv_topk_push(&top, (uint64_t) i, (float) l1(q, sample->raw + (Size) dim * i, dim));
	mv_topk_sort(&top);
	for (int i = 0; i < k; i++)
		nearest[i] = (int32_t) items[Min(i, top.n - 1)].id;
	pfree(items);
}

/* The nearest rows by distance, of several queries at once. */
static void
nearest_by_distance(const MvIvfSample *sample, int first, int n, int k, int32_t *nearest)
{
	int			padded = sample->ivf->shape.padded;
	MvCentroids rows = {.k = sample->n, .dim = padded, .c = sample->x, .norm = sample->norm};
	float	   *q = palloc(sizeof(float) * padded * n);
	int32_t    *found = palloc(sizeof(int32_t) * (k + 1) * n);
	float	   *dist = palloc(sizeof(float) * (k + 1) * n);
	void	   *work = palloc(mv_nearest_size(padded, 0, 0));

	for (int i = 0; i < n; i++)
		memcpy(q + (Size) padded * i,
			   sample->x + (Size) padded * query_row(sample, first + i), sizeof(float) * padded);
	mv_nearest(&rows, q, n, k + 1, found, dist, work);
	for (int i = 0; i < n; i++)
	{
		int			to = 0;

		for (int j = 0; j <= k && to < k; j++)
			if (found[(k + 1) * i + j] != query_row(sample, first + i))
				nearest[k * i + to++] = found[(k + 1) * i + j];
	}
	pfree(q);
	pfree(found);
	pfree(dist);
	pfree(work);
}

void
mv_ivf_sample_reaches(const MvIvfSample *sample, int first, int n, float *const *reaches)
{
	MvMetric	metric = sample->ivf->opclass->metric;
	bool		by_product = metric == MV_IP || metric == MV_JACCARD;
	bool		by_l1 = sample->raw != NULL;
	int			most = mv_ivf_sample_neighbours(sample, MV_IVF_CURVES - 1);
	int32_t    *nearest = palloc(sizeof(int32_t) * most * n);
	Keys		keys;

	keys_begin(&keys, sample->set->k);
	if (!by_product && !by_l1)
		nearest_by_distance(sample, first, n, most, nearest);
	for (int i = 0; i < n; i++)
	{
		int			row = query_row(sample, first + i);

		if (by_product)
			nearest_by_product(sample, row, most, nearest + most * i);
		else if (by_l1)
			nearest_by_l1(sample, row, most, nearest + most * i);
		keys_of_row(&keys, sample, sample->x + (Size) sample->ivf->shape.padded * row);
		for (int curve = 0; curve < MV_IVF_CURVES; curve++)
		{
			int			k = mv_ivf_sample_neighbours(sample, curve);

			for (int j = 0; j < k; j++)
				reaches[curve][k * (first + i) + j] =
					reach_of(&keys, sample->list[nearest[most * i + j]]);
		}
		CHECK_FOR_INTERRUPTS();
	}
	keys_end(&keys);
	pfree(nearest);
}

/*
 * The unit of MV_L1 (ivf_rank.c): so many of the pairs of near rows have a smaller
 * quotient of their distances.
 */
#define UNIT_QUANTILE 0.1
#define UNIT_NEIGHBOURS 10

static int
compare_floats(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

static float
unit_of(float *quotients, int n)
{
	if (n == 0)
		return 0;
	qsort(quotients, n, sizeof(float), compare_floats);
	return quotients[(int) (UNIT_QUANTILE * n)];
}

/* The quotient of the distances of two vectors of that kind; 0 if they are equal. */
static float
quotient(MvElemKind kind, const void *a, const void *b, int dim)
{
	double		l2 = sqrt(mv_kernels.dist[kind][MV_L2SQ] (a, b, dim));

	return l2 > 0 ? (float) (mv_kernels.dist[kind][MV_L1] (a, b, dim) / l2) : 0;
}

static float
sample_unit(const MvIvfSample *sample)
{
	float		quotients[COUNTED * UNIT_NEIGHBOURS];
	int32_t		nearest[UNIT_NEIGHBOURS];
	int			dim = sample->ivf->shape.dim;
	int			queries = Min(mv_ivf_sample_queries(sample), COUNTED);
	int			n = 0;

	for (int i = 0; i < queries; i++)
	{
		int			row = query_row(sample, mv_ivf_sample_queries(sample) * i / queries);

		nearest_by_l1(sample, row, UNIT_NEIGHBOURS, nearest);
		for (int j = 0; j < UNIT_NEIGHBOURS; j++)
		{
			float		quot = quotient(MV_F32, sample->raw + (Size) dim * row,
										sample->raw + (Size) dim * nearest[j], dim);

			if (quot > 0)
				quotients[n++] = quot;
		}
	}
	return unit_of(quotients, n);
}

/*
 * Rows are easier queries than real ones: a fifth of what a recall misses is
 * given away, which made up for that on all data tried.
 */
#define SAMPLE_MARGIN 0.2

void
mv_ivf_sample_curves(const MvIvfSample *sample, float *const *reaches, MvIvfMeta *meta)
{
	int			queries = mv_ivf_sample_queries(sample);
	int			counted = Min(queries, COUNTED);
	Keys		keys;

	meta->calibration = MV_IVF_UNCALIBRATED;
	meta->unit = 0;
	memset(meta->curves, 0, sizeof(meta->curves));
	if (queries == 0)
		return;
	for (int curve = 0; curve < MV_IVF_CURVES; curve++)
		mv_ivf_draw_curve(reaches[curve], queries * mv_ivf_sample_neighbours(sample, curve),
						  SAMPLE_MARGIN, 0, &meta->curves[curve]);
	keys_begin(&keys, sample->set->k);
	for (int i = 0; i < counted; i++)
	{
		int			row = query_row(sample, queries * i / counted);

		keys_of_row(&keys, sample, sample->x + (Size) sample->ivf->shape.padded * row);
		for (int curve = 0; curve < MV_IVF_CURVES; curve++)
			count_lists(&keys, sample->set->k, &meta->curves[curve], 1.0f / counted);
	}
	keys_end(&keys);
	meta->calibration = MV_IVF_BY_BUILD;
	if (sample->raw != NULL)
		meta->unit = sample_unit(sample);
}

/* ---- from queries, on a built index ---- */

/* Queries, and the rows among which their neighbours are looked for. */
typedef struct Queries
{
	const float *x;				/* [n][dim] */
	const uint32 *self;			/* [n]: ids of rows that are the queries; NULL: they are no rows */
	int			n;
	uint32		step;			/* only every so many rows are looked at; 1 of bit strings */
} Queries;

/* Where the rows of an index are. */
typedef struct Rows
{
	const MvIvf *ivf;
	const MvIvfList *lists;		/* [ivf->nused] */
	uint32		n;				/* ids below are known: */
	int32	   *list;			/* [n]: by its place in ivf->used, -1: none, or the row is gone */
} Rows;

/* The nearest bit strings of each query: their ids. */
static void
nearest_strings(Relation index, const Rows *rows, const Queries *queries, MvTopK *tops)
{
	const MvIvf *ivf = rows->ivf;
	MvIvfWalk	walk;
	MvIvfQuery	q;
	MvBlockResult result;
	const char *block;

	mv_ivf_query_begin(&q, ivf);
	mv_ivf_walk_begin(&walk, index, &ivf->shape, palloc(ivf->shape.block_size));
	for (int i = 0; i < queries->n; i++)
	{
		mv_ivf_query_start(&q, queries->x + (Size) ivf->shape.dim * i);
		for (int list = 0; list < ivf->nused; list++)
		{
			mv_ivf_walk_start(&walk, rows->lists[list].first, rows->lists[list].ncodes);
			while ((block = mv_ivf_walk_next(&walk)) != NULL)
			{
				uint32		below = mv_ivf_block_scan(&q, block, walk.n, mv_topk_limit(&tops[i]),
													  &result);

				for (; below != 0; below &= below - 1)
				{
					int			slot = pg_rightmost_one_pos32(below);
					uint32		id = mv_ivf_block_id(block, slot);

					if (id < rows->n && rows->list[id] >= 0 &&
						(queries->self == NULL || queries->self[i] != id))
						mv_topk_push(&tops[i], id, result.est[slot]);
				}
			}
		}
	}
	pfree(walk.crossing);
}

/* The nearest vectors of each query: their ids. */
static void
nearest_vectors(Relation index, const MvIvf *ivf, const Queries *queries, MvTopK *tops)
{
	const MvIvfShape *shape = &ivf->shape;
	bool		ip = ivf->format.metric == MV_IP;
	MvMetric	metric = ivf->opclass->metric == MV_L1 ? MV_L1 : ivf->format.metric;
	MvDistFn	dist = mv_kernels.dist[shape->stored][metric];
	char	   *stored = palloc_extended((Size) shape->vector_size * queries->n, MCXT_ALLOC_HUGE);
	char	   *vector = palloc(shape->vector_size);
	MvIvfIds	ids;
	uint32		nids;

	for (int i = 0; i < queries->n; i++)
		mv_ivf_vector(ivf, queries->x + (Size) shape->dim * i,
					  stored + (Size) shape->vector_size * i);
	mv_ivf_ids_begin(&ids, index, ivf);
	nids = mv_ivf_ids_count(&ids);
	for (uint32 id = 0; id < nids; id += queries->step)
	{
		BlockNumber block;
		int			offset;
		MvIvfId		entry = mv_ivf_id(&ids, id, &block, &offset);

		CHECK_FOR_INTERRUPTS();
		if (entry.flags & (MV_ID_DEAD | MV_ID_FREE | MV_ID_CLAMPED))
			continue;
		mv_ivf_read_run(index, block, MV_PAGE_VECTOR, offset, vector, shape->vector_size);
		for (int i = 0; i < queries->n; i++)
		{
			double		d;

			if (queries->self != NULL && queries->self[i] == id)
				continue;
			d = dist(stored + (Size) shape->vector_size * i, vector, shape->dim);
			mv_topk_push(&tops[i], id, (float) (ip ? -d : d));
		}
	}
	mv_ivf_ids_end(&ids);
	pfree(vector);
	pfree(stored);
}

/* Forget where dead rows are. */
static void
leave_out_dead(MvIvfIds *ids, Rows *rows)
{
	int			per_page = ids->ivf->shape.ids_per_page;

	for (uint32 first = 0; first < rows->n; first += (uint32) per_page)
	{
		Buffer		buffer = mv_page_read(ids->index, ids->blocks[first / (uint32) per_page],
										  MV_PAGE_ID, BUFFER_LOCK_SHARE);
		const MvIvfId *entry = (MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer));

		for (uint32 i = 0; i < Min((uint32) per_page, rows->n - first); i++)
			if (mv_ivf_id_is_dead(entry[i]))
				rows->list[first + i] = -1;
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Find all rows. */
static void
find_rows(Relation index, Rows *rows)
{
	MvIvf	   *ivf;
	MvIvfIds	ids;
	MvIvfWalk	walk;
	const char *block;

	rows->lists = mv_ivf_copy_lists(index, &ivf);
	rows->ivf = ivf;
	mv_ivf_ids_begin(&ids, index, ivf);
	rows->n = mv_ivf_ids_count(&ids);
	rows->list = palloc_extended(sizeof(int32) * (Size) Max(rows->n, 1), MCXT_ALLOC_HUGE);
	memset(rows->list, -1, sizeof(int32) * (Size) rows->n);
	mv_ivf_walk_begin(&walk, index, &ivf->shape, palloc(ivf->shape.block_size));
	for (int i = 0; i < ivf->nused; i++)
	{
		mv_ivf_walk_start(&walk, rows->lists[i].first, rows->lists[i].ncodes);
		while ((block = mv_ivf_walk_next(&walk)) != NULL)
			for (int j = 0; j < walk.n; j++)
				if (mv_ivf_block_id(block, j) < rows->n)
					rows->list[mv_ivf_block_id(block, j)] = i;
	}
	pfree(walk.crossing);
	leave_out_dead(&ids, rows);
	mv_ivf_ids_end(&ids);
}

/* The unit of MV_L1 from the nearest rows of queries; 0 for other metrics. */
static float
unit_of_queries(Relation index, const MvIvf *ivf, const Queries *queries, const MvTopK *tops)
{
	const MvIvfShape *shape = &ivf->shape;
	float	   *quotients;
	char	   *stored;
	char	   *vector;
	MvIvfIds	ids;
	int			n = 0;

	if (ivf->opclass->metric != MV_L1)
		return 0;
	quotients = palloc(sizeof(float) * UNIT_NEIGHBOURS * queries->n);
	stored = palloc(shape->vector_size);
	vector = palloc(shape->vector_size);
	mv_ivf_ids_begin(&ids, index, ivf);
	for (int i = 0; i < queries->n; i++)
	{
		mv_ivf_vector(ivf, queries->x + (Size) shape->dim * i, stored);
		for (int j = 0; j < Min(tops[i].n, UNIT_NEIGHBOURS); j++)
		{
			float		quot;

			mv_ivf_read_vector(&ids, (uint32) tops[i].items[j].id, vector);
			quot = quotient(shape->stored, stored, vector, shape->dim);
			if (quot > 0)
				quotients[n++] = quot;
		}
	}
	mv_ivf_ids_end(&ids);
	return unit_of(quotients, n);
}

static void
write_curves(Relation index, const MvIvfCurve *curves, MvIvfCalibration by, double rows,
			 float unit)
{
	Buffer		buffer;
	MvChange	change;
	MvIvfMeta  *meta;

	buffer = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, index);
	meta = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, buffer));
	memcpy(meta->curves, curves, sizeof(meta->curves));
	meta->calibration = by;
	meta->calibrated_rows = rows;
	meta->unit = unit;
	meta->version++;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

/* Neighbours that a curve is drawn from, where some rows stand for all. */
static int
neighbours(const Queries *queries, int curve)
{
	return Max(mv_ivf_curve_k(curve) / (int) Min(queries->step, 1000), 1);
}

/* Keys of the lists for a query of a built index. */
static void
keys_of_query(Keys *keys, MvIvfQuery *q, const float *x)
{
	const MvIvf *ivf = q->ivf;

	mv_ivf_query_start(q, x);
	mv_ivf_rank_lists(q, keys->g_add, keys->g_dist);
	keys_finish(keys, ivf, ivf->nused,
				(float) sqrt(mv_kernels.dist[MV_F32][MV_IP] (x, x, ivf->shape.dim)));
}

/* Reaches of true neighbours, for each curve. */
typedef struct Reaches
{
	float	   *items[MV_IVF_CURVES];
	int			n[MV_IVF_CURVES];
} Reaches;

/* Those of all queries. */
static void
find_reaches(MvIvfQuery *q, Keys *keys, const Queries *queries, const MvTopK *tops,
			 const Rows *rows, Reaches *reaches)
{
	for (int curve = 0; curve < MV_IVF_CURVES; curve++)
	{
		reaches->n[curve] = 0;
		reaches->items[curve] = palloc_extended(
			sizeof(float) * (Size) queries->n * neighbours(queries, curve), MCXT_ALLOC_HUGE);
	}
	for (int i = 0; i < queries->n; i++)
	{
		keys_of_query(keys, q, queries->x + (Size) q->ivf->shape.dim * i);
		for (int curve = 0; curve < MV_IVF_CURVES; curve++)
			for (int j = 0; j < Min(tops[i].n, neighbours(queries, curve)); j++)
			{
				uint64_t	id = tops[i].items[j].id;

				if (id < rows->n && rows->list[id] >= 0)
					reaches->items[curve][reaches->n[curve]++] = reach_of(keys, rows->list[id]);
			}
		CHECK_FOR_INTERRUPTS();
	}
}

static void
calibrate(Relation index, const Rows *rows, const Queries *queries, MvIvfCalibration by)
{
	bool		by_rows = by == MV_IVF_BY_BUILD;
	const MvIvf *ivf = rows->ivf;
	int			most = neighbours(queries, MV_IVF_CURVES - 1);
	MvTopK	   *tops = palloc(sizeof(MvTopK) * queries->n);
	MvIvfCurve	curves[MV_IVF_CURVES] = {0};
	Reaches		reaches;
	MvIvfQuery	q;
	Keys		keys;

	for (int i = 0; i < queries->n; i++)
		mv_topk_init(&tops[i], palloc(sizeof(MvNeighbor) * most), most);
	if (ivf->shape.strings)
		nearest_strings(index, rows, queries, tops);
	else
		nearest_vectors(index, ivf, queries, tops);
	for (int i = 0; i < queries->n; i++)
		mv_topk_sort(&tops[i]);
	keys_begin(&keys, ivf->nused);
	mv_ivf_query_begin(&q, ivf);
	find_reaches(&q, &keys, queries, tops, rows, &reaches);
	if (reaches.n[0] == 0)
		return;
	for (int curve = 0; curve < MV_IVF_CURVES; curve++)
		mv_ivf_draw_curve(reaches.items[curve], reaches.n[curve], by_rows ? SAMPLE_MARGIN : 0,
						  by_rows ? 0 : queries->n, &curves[curve]);
	for (int i = 0; i < queries->n; i++)
	{
		keys_of_query(&keys, &q, queries->x + (Size) ivf->shape.dim * i);
		for (int curve = 0; curve < MV_IVF_CURVES; curve++)
			count_lists(&keys, ivf->nused, &curves[curve], 1.0f / queries->n);
	}
	write_curves(index, curves, by, rows->n, unit_of_queries(index, ivf, queries, tops));
}

void
mv_ivf_calibrate(Relation index, const float *queries, int n)
{
	Queries		given = {.x = queries, .n = n, .step = 1};
	Rows		rows;

	if (!mv_ivf_rows_can_move(&mv_ivf_open(index)->shape))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" holds no vectors to calibrate it with",
						RelationGetRelationName(index)),
				 errhint("It calibrated itself when it was built.")));
	find_rows(index, &rows);
	calibrate(index, &rows, &given, MV_IVF_BY_QUERIES);
}

/* Rows that an index should have before its own rows can tell anything. */
#define ENOUGH_ROWS 1000

/* Rows that are looked at, some hundred milliseconds of work. */
#define ROWS_LOOKED_AT 50000

#define ROWS_AS_QUERIES (MV_IVF_SAMPLE_QUERIES / 2)

/* Some rows by their stored vectors; returns how many. */
static int
choose_vectors(Relation index, const Rows *rows, float *x, uint32 *self)
{
	const MvIvfShape *shape = &rows->ivf->shape;
	char	   *stored = palloc(shape->vector_size);
	MvIvfIds	ids;
	int			n = 0;

	mv_ivf_ids_begin(&ids, index, rows->ivf);
	for (uint32 i = 0; i < ROWS_AS_QUERIES; i++)
	{
		uint32		id = (uint32) ((uint64) rows->n * i / ROWS_AS_QUERIES);

		if (rows->list[id] < 0 ||
			mv_ivf_read_vector(&ids, id, stored).flags & (MV_ID_DEAD | MV_ID_CLAMPED))
			continue;
		mv_kernels.to_f32[shape->stored] (stored, x + (Size) shape->dim * n, shape->dim);
		self[n++] = id;
	}
	mv_ivf_ids_end(&ids);
	pfree(stored);
	return n;
}

/* Some rows by their codes, the first of the first block of some lists; the same. */
static int
choose_strings(Relation index, const Rows *rows, float *x, uint32 *self)
{
	const MvIvf *ivf = rows->ivf;
	const MvIvfShape *shape = &ivf->shape;
	char	   *row = palloc(shape->row_size);
	MvIvfWalk	walk;
	int			step = (ivf->nused - 1) / ROWS_AS_QUERIES + 1;
	int			n = 0;

	mv_ivf_walk_begin(&walk, index, shape, palloc(shape->block_size));
	for (int i = 0; i < ivf->nused; i += step)
	{
		int			most = n + (ROWS_AS_QUERIES - 1) * step / ivf->nused + 1;
		const char *block;

		mv_ivf_walk_start(&walk, rows->lists[i].first, Min(rows->lists[i].ncodes, MV_BLOCK));
		while ((block = mv_ivf_walk_next(&walk)) != NULL)
			for (int j = 0; j < walk.n && n < Min(most, ROWS_AS_QUERIES); j++)
			{
				uint32		id = mv_ivf_block_id(block, j);

				if (id >= rows->n || rows->list[id] < 0)
					continue;
				mv_ivf_block_get(shape, block, j, row);
				mv_bits_decode_row(row, shape->dim, x + (Size) shape->dim * n);
				self[n++] = id;
			}
	}
	pfree(walk.crossing);
	pfree(row);
	return n;
}

void
mv_ivf_calibrate_again(Relation index, double live)
{
	MvIvf	   *ivf = mv_ivf_open(index);
	uint32		self[ROWS_AS_QUERIES];
	float	   *x;
	Queries		queries = {.self = self, .step = 1};
	Rows		rows;

	if (!mv_ivf_rows_can_move(&ivf->shape) || ivf->meta.calibration == MV_IVF_BY_QUERIES ||
		live < ENOUGH_ROWS ||
		(ivf->meta.calibration == MV_IVF_BY_BUILD && live < 2 * ivf->meta.calibrated_rows))
		return;
	find_rows(index, &rows);
	x = palloc_extended(sizeof(float) * rows.ivf->shape.dim * ROWS_AS_QUERIES, MCXT_ALLOC_HUGE);
	queries.x = x;
	if (rows.ivf->shape.strings)
		queries.n = choose_strings(index, &rows, x, self);
	else
	{
		queries.n = choose_vectors(index, &rows, x, self);
		queries.step = rows.n / ROWS_LOOKED_AT + 1;
	}
	if (queries.n > 0)
		calibrate(index, &rows, &queries, MV_IVF_BY_BUILD);
	pfree(x);
}
