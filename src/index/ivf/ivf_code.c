/*
 * ivf_code.c -- rows as codes, blocks of 32 codes, and queries against both.
 *
 * The only file that knows how a block is laid out within.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "core/dist.h"
#include "index/ivf/ivf.h"
#include "index/options.h"

/* ---- rows and blocks ---- */

void
mv_ivf_encode_string(const MvIvf *ivf, const float *x, char *row)
{
	if (ivf->shape.strings)
		mv_bits_encode_row(x, ivf->shape.dim, row);
}

void
mv_ivf_encode(const MvIvf *ivf, const float *rotated, const float *centroid, char *row)
{
	if (!ivf->shape.strings)
		mv_rabitq_encode_row(&ivf->format, rotated, centroid, row);
}

static inline bool
fastscan(const MvIvfShape *shape)
{
	return shape->bits == 1;
}

/* f_add[32] and f_rescale[32] of a FastScan block. */
#define BLOCK_FACTORS(block) ((float *) ((block) + MV_IVF_BLOCK_IDS))
#define BLOCK_CODES(block) ((uint8_t *) ((block) + MV_IVF_BLOCK_HEAD))

static inline char *
block_row(const MvIvfShape *shape, const char *block, int slot)
{
	return (char *) block + MV_IVF_BLOCK_IDS + (Size) slot * shape->row_size;
}

void
mv_ivf_block_clear(const MvIvfShape *shape, char *block)
{
	memset(block, 0, shape->block_size);
	if (fastscan(shape))
		for (int i = 0; i < MV_BLOCK; i++)
			BLOCK_FACTORS(block)[i] = INFINITY;
}

void
mv_ivf_block_put(const MvIvfShape *shape, char *block, int slot, const char *row, uint32 id)
{
	((uint32 *) block)[slot] = id;
	if (fastscan(shape))
	{
		float	   *factors = BLOCK_FACTORS(block);
		Size		code_size = mv_code_size(1, shape->padded);

		memcpy(&factors[slot], row + code_size, sizeof(float));
		memcpy(&factors[MV_BLOCK + slot], row + code_size + sizeof(float), sizeof(float));
		mv_block_clear(BLOCK_CODES(block), slot, shape->padded);
		mv_block_put(BLOCK_CODES(block), slot, shape->padded, row);
	}
	else
		memcpy(block_row(shape, block, slot), row, shape->row_size);
}

void
mv_ivf_block_get(const MvIvfShape *shape, const char *block, int slot, char *row)
{
	if (fastscan(shape))
	{
		const float *factors = BLOCK_FACTORS(block);
		Size		code_size = mv_code_size(1, shape->padded);

		mv_block_get(BLOCK_CODES(block), slot, shape->padded, row);
		memcpy(row + code_size, &factors[slot], sizeof(float));
		memcpy(row + code_size + sizeof(float), &factors[MV_BLOCK + slot], sizeof(float));
	}
	else
		memcpy(row, block_row(shape, block, slot), shape->row_size);
}

/* ---- queries ---- */

/*
 * Half width of bounds.  Vectors shorter than a code fill few of its dimensions:
 * errors are less alike a normal distribution, and re-ranking is cheap.  Without
 * re-ranking estimates are all there is.
 */
static float
epsilon(const MvIvf *ivf)
{
	const MvIvfShape *shape = &ivf->shape;

	if (ivf->meta.rerank == MV_RERANK_NONE)
		return 0;
	return shape->dim < shape->padded / 2 ? 3.0f : MV_RABITQ_EPSILON;
}

void
mv_ivf_query_begin(MvIvfQuery *q, const MvIvf *ivf)
{
	q->ivf = ivf;
	q->rotated = palloc(sizeof(float) * ivf->shape.padded);
	q->memory = palloc(mv_rabitq_query_size(ivf->shape.padded));
	if (ivf->shape.strings)
		q->string_memory = palloc(mv_rabitq_query_size(ivf->shape.padded));
	q->est = palloc(sizeof(float) * ivf->nused);
}

void
mv_ivf_query_start(MvIvfQuery *q, const float *x)
{
	const MvIvf *ivf = q->ivf;
	int			bits = ivf->shape.bits;
	MvDistFn	dot = mv_kernels.dist[MV_F32][MV_IP];

	mv_rotate(ivf->rotation, x, ivf->mean, q->rotated);
	q->norm = (float) dot(q->rotated, q->rotated, ivf->shape.padded);
	q->mean_dot = (float) dot(q->rotated, ivf->rotated_mean, ivf->shape.padded);
	mv_rabitq_query_init(&q->query, q->rotated, ivf->shape.padded, q->memory);
	if (ivf->shape.strings)
		mv_bits_scan_init(&q->scan, &q->string, x, ivf->shape.dim, q->string_memory);
	else
		mv_rabitq_scan_init(&q->scan, &q->query, bits == 1 ? MV_CODE_BLOCK : mv_code_form(bits),
							bits, epsilon(ivf));
	mv_rabitq_scan_init(&q->centroids, &q->query, mv_code_form(MV_IVF_CENTROID_BITS),
						MV_IVF_CENTROID_BITS, 0);
	mv_rabitq_scan_center(&q->centroids, q->norm, sqrtf(q->norm));
}

/* |q - c|^2 of every list in use. */
static void
centroid_distances(MvIvfQuery *q)
{
	const MvIvf *ivf = q->ivf;
	int			padded = ivf->shape.padded;
	MvDistFn	dist = mv_kernels.dist[MV_F32][MV_L2SQ];

	if (padded > MV_IVF_EXACT_CENTROIDS)
		mv_rabitq_rows(&q->centroids, ivf->centroids, ivf->nused, q->est, NULL);
	else
		for (int i = 0; i < ivf->nused; i++)
			q->est[i] = (float) dist(q->rotated, ivf->centroids[i], padded);
}

void
mv_ivf_rank_lists(MvIvfQuery *q, float *g_add, float *g_dist)
{
	const MvIvf *ivf = q->ivf;
	float		bits = q->norm + 2 * q->mean_dot + ivf->mean_norm;

	centroid_distances(q);
	for (int i = 0; i < ivf->nused; i++)
	{
		float		d2 = Max(q->est[i], 0);

		g_dist[i] = sqrtf(d2);
		/* -<q + m, c + m>, where <q, c> follows from the distance. */
		if (ivf->opclass->metric == MV_IP)
			g_add[i] = -((q->norm + ivf->norm[i] - d2) / 2 + q->mean_dot + ivf->mean_dot[i] +
						 ivf->mean_norm);
		else if (ivf->opclass->metric == MV_JACCARD)
			g_add[i] = mv_ivf_jaccard_key(
				d2, bits, ivf->norm[i] + 2 * ivf->mean_dot[i] + ivf->mean_norm, ivf->spread[i]);
		else
			g_add[i] = d2;
	}
}

int
mv_ivf_nearest_list(MvIvfQuery *q)
{
	int			best = 0;

	centroid_distances(q);
	for (int i = 1; i < q->ivf->nused; i++)
		if (q->est[i] < q->est[best])
			best = i;
	return best;
}

/* With no limit all rows pass; a bound that is no number says nothing but that. */
static uint32
all_rows(int n, MvBlockResult *result)
{
	for (int i = 0; i < n; i++)
		if (isnan(result->low[i]))
			result->low[i] = INFINITY;
	return n < MV_BLOCK ? (UINT32_C(1) << n) - 1 : UINT32_MAX;
}

/* Hamming distances in result become Jaccard's, whole numbers being divided once. */
static uint32
jaccard_block(const MvIvfQuery *q, const float *bits_of_rows, float limit, MvBlockResult *result)
{
	float		bits_of_query = mv_bits_of_query(&q->scan);
	uint32		below = 0;

	for (int i = 0; i < MV_BLOCK; i++)
	{
		result->est[i] = mv_ivf_jaccard(result->est[i], bits_of_query, bits_of_rows[i]);
		result->low[i] = result->est[i];
		below |= (uint32) (result->low[i] < limit) << i;
	}
	return below;
}

uint32
mv_ivf_block_scan(const MvIvfQuery *q, const char *block, int n, float limit, MvBlockResult *result)
{
	const MvIvfShape *shape = &q->ivf->shape;
	uint32		below = 0;

	if (fastscan(shape))
	{
		const float *factors = BLOCK_FACTORS(block);

		below = mv_block_scan(&q->scan, BLOCK_CODES(block), factors, factors + MV_BLOCK, limit,
							  result);
		if (q->ivf->opclass->metric == MV_JACCARD)
			below = jaccard_block(q, factors, limit, result);
		if (n < MV_BLOCK)
			below &= (UINT32_C(1) << n) - 1;
	}
	else
	{
		const void *rows[MV_BLOCK];

		for (int i = 0; i < MV_BLOCK; i++)
			rows[i] = block_row(shape, block, i);
		mv_rabitq_rows(&q->scan, rows, n, result->est, result->low);
		for (int i = 0; i < n; i++)
			below |= (uint32) (result->low[i] < limit) << i;
	}
	return limit == INFINITY ? all_rows(n, result) : below;
}
