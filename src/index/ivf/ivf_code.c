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

/* ---- one-bit codes of centroids ---- */

/* Those of 32: f_add[32], f_rescale[32], codes. */
static inline Size
coarse_block_size(const MvIvfShape *shape)
{
	return 2 * sizeof(float) * MV_BLOCK + mv_block_size(shape->padded);
}

static inline float *
coarse_block(const MvIvf *ivf, int at)
{
	return (float *) (ivf->coarse + coarse_block_size(&ivf->shape) * (at / MV_BLOCK));
}

Size
mv_ivf_coarse_size(const MvIvfShape *shape, int n)
{
	return coarse_block_size(shape) * ((n + MV_BLOCK - 1) / MV_BLOCK);
}

static void
coarse_set(MvIvf *ivf, int at, float add, float rescale, const void *code)
{
	float	   *block = coarse_block(ivf, at);
	uint8_t    *codes = (uint8_t *) (block + 2 * MV_BLOCK);

	block[at % MV_BLOCK] = add;
	block[MV_BLOCK + at % MV_BLOCK] = rescale;
	mv_block_put(codes, at % MV_BLOCK, ivf->shape.padded, code);
}

void
mv_ivf_coarse_put(MvIvf *ivf, int at, const float *centroid)
{
	MvRabitqFormat format = {.metric = MV_L2SQ, .bits = 1, .dim = ivf->shape.padded};
	uint64		code[MV_MAX_BITS / 64];
	MvRabitqFactors factors;

	mv_rabitq_encode(&format, centroid, NULL, code, &factors);
	coarse_set(ivf, at, factors.add, factors.rescale, code);
}

void
mv_ivf_coarse_copy(MvIvf *ivf, int to, const MvIvf *from, int at)
{
	const float *block = coarse_block(from, at);
	uint64		code[MV_MAX_BITS / 64];

	mv_block_get((const uint8_t *) (block + 2 * MV_BLOCK), at % MV_BLOCK, ivf->shape.padded, code);
	coarse_set(ivf, to, block[at % MV_BLOCK], block[MV_BLOCK + at % MV_BLOCK], code);
}

/* ---- queries ---- */

/*
 * Half width of bounds.  Vectors shorter than a code fill few of its dimensions:
 * errors are less alike a normal distribution, and re-ranking is cheap.  Without
 * re-ranking estimates are all there is.
 *
 * A row with a wrong bound comes too late for whoever asks for few: of sentence
 * embeddings .0036 of the nearest ten do at 1.9, .0008 at 2.2, .0003 at 2.6.  So bounds
 * widen where that is a large part of what a recall may miss.
 */
#define WIDEST 3.0
#define WIDER 0.22				/* each time that e times less may be missed */
#define WIDER_BEYOND 0.96

static float
epsilon(const MvIvfQuery *q)
{
	const MvIvfShape *shape = &q->ivf->shape;

	if (q->ivf->meta.rerank == MV_RERANK_NONE)
		return 0;
	if (shape->dim < shape->padded / 2 || q->recall >= 1)
		return WIDEST;
	if (q->recall <= WIDER_BEYOND)
		return MV_RABITQ_EPSILON;
	return (float) Min(MV_RABITQ_EPSILON + WIDER * log((1 - WIDER_BEYOND) / (1 - q->recall)),
					   WIDEST);
}

/*
 * Of the one-bit codes of centroids: the nearest one is lost once in a thousand times.  What
 * is near enough by its better code is, at half of that, in some hundred times.
 */
#define COARSE_EPSILON 3.0f
#define LIKELY_SHARE 0.5f

void
mv_ivf_query_begin(MvIvfQuery *q, const MvIvf *ivf)
{
	q->ivf = ivf;
	q->recall = 0;
	q->slack = 0;
	q->rotated = palloc(sizeof(float) * ivf->shape.padded);
	q->memory = palloc(mv_rabitq_query_size(ivf->shape.padded));
	if (ivf->shape.strings)
		q->string_memory = palloc(mv_rabitq_query_size(ivf->shape.padded));
	q->est = palloc(sizeof(float) * TYPEALIGN(MV_BLOCK, ivf->nused));
	q->low = palloc(sizeof(float) * TYPEALIGN(MV_BLOCK, ivf->nused));
}

/* Deviations that the inner product of sketches is allowed to be off, |q| |x| / sqrt(dim) each. */
#define SKETCH_DEVIATIONS 1.0

/* By the length of the query and the average one of rows. */
static float
slack_of(const MvIvfQuery *q)
{
	const MvIvf *ivf = q->ivf;
	double		query = q->norm + 2 * q->mean_dot + ivf->mean_norm;
	double		rows = 0;

	if (ivf->opclass->metric != MV_IP || !mv_space_sketches(ivf->opclass, ivf->shape.dim))
		return 0;
	for (int i = 0; i < ivf->nused; i++)
		rows += ivf->norm[i] + 2 * ivf->mean_dot[i] + ivf->mean_norm + ivf->spread[i];
	return (float) (SKETCH_DEVIATIONS *
					sqrt(Max(query, 0) * Max(rows / ivf->nused, 0) / ivf->shape.dim));
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
	q->slack = slack_of(q);
	mv_rabitq_query_init(&q->query, q->rotated, ivf->shape.padded, q->memory);
	if (ivf->shape.strings)
		mv_bits_scan_init(&q->scan, &q->string, x, ivf->shape.dim, q->string_memory);
	else
		mv_rabitq_scan_init(&q->scan, &q->query, bits == 1 ? MV_CODE_BLOCK : mv_code_form(bits),
							bits, epsilon(q));
	mv_rabitq_scan_init(&q->centroids, &q->query, mv_code_form(MV_IVF_CENTROID_BITS),
						MV_IVF_CENTROID_BITS, 0);
	mv_rabitq_scan_center(&q->centroids, q->norm, sqrtf(q->norm));
	mv_rabitq_scan_init(&q->coarse, &q->query, MV_CODE_BLOCK, 1, COARSE_EPSILON);
	mv_rabitq_scan_center(&q->coarse, q->norm, sqrtf(q->norm));
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

/* g_add of a list whose centroid is at that squared distance: the nearer, the less. */
static inline float
list_g_add(const MvIvfQuery *q, int list, float d2)
{
	const MvIvf *ivf = q->ivf;

	switch (ivf->opclass->metric)
	{
		case MV_IP:
			/* -<q + m, c + m>, where <q, c> follows from the distance. */
			return -((q->norm + ivf->norm[list] - d2) / 2 + q->mean_dot + ivf->mean_dot[list] +
					 ivf->mean_norm);
		case MV_JACCARD:
			return mv_ivf_jaccard_key(d2, q->norm + 2 * q->mean_dot + ivf->mean_norm,
									  ivf->norm[list] + 2 * ivf->mean_dot[list] + ivf->mean_norm,
									  ivf->spread[list]);
		default:
			return d2;
	}
}

void
mv_ivf_rank_lists(MvIvfQuery *q, float *g_add, float *g_dist)
{
	centroid_distances(q);
	for (int i = 0; i < q->ivf->nused; i++)
	{
		float		d2 = Max(q->est[i], 0);

		g_dist[i] = sqrtf(d2);
		g_add[i] = list_g_add(q, i, d2);
	}
}

/* Estimates and lower bounds of the distances by the one-bit codes. */
static void
coarse_distances(MvIvfQuery *q)
{
	for (int i = 0; i < q->ivf->nused; i += MV_BLOCK)
	{
		const float *block = coarse_block(q->ivf, i);
		MvBlockResult result;

		mv_block_scan(&q->coarse, (const uint8_t *) (block + 2 * MV_BLOCK), block, INFINITY,
					  &result);
		memcpy(q->est + i, result.est, sizeof(result.est));
		memcpy(q->low + i, result.low, sizeof(result.low));
	}
}

void
mv_ivf_bound_lists(MvIvfQuery *q, float *g_add, float *likely)
{
	const MvIvf *ivf = q->ivf;
	bool		coarse = ivf->shape.padded > MV_IVF_EXACT_CENTROIDS;
	const float *low = coarse ? q->low : q->est;

	if (coarse)
		coarse_distances(q);
	else
		centroid_distances(q);
	for (int i = 0; i < ivf->nused; i++)
	{
		g_add[i] = list_g_add(q, i, Max(low[i], 0));
		likely[i] = list_g_add(q, i, Max(low[i] + LIKELY_SHARE * (q->est[i] - low[i]), 0));
	}
}

void
mv_ivf_rank_some(MvIvfQuery *q, const uint32 *lists, int n, float *g_add, float *g_dist)
{
	const MvIvf *ivf = q->ivf;
	const void *codes[MV_BLOCK] = {NULL};
	float		d2[MV_BLOCK];

	Assert(n <= MV_BLOCK);
	for (int i = 0; i < n; i++)
	{
		codes[i] = ivf->centroids[lists[i]];
		d2[i] = q->est[lists[i]];
	}
	if (ivf->shape.padded > MV_IVF_EXACT_CENTROIDS)
		mv_rabitq_rows(&q->centroids, codes, n, d2, NULL);
	for (int i = 0; i < n; i++)
	{
		g_dist[i] = sqrtf(Max(d2[i], 0));
		g_add[i] = list_g_add(q, (int) lists[i], Max(d2[i], 0));
	}
}

static int
least(const float *values, int n)
{
	int			best = 0;

	for (int i = 1; i < n; i++)
		if (values[i] < values[best])
			best = i;
	return best;
}

/*
 * One-bit codes tell of most lists that they are not the nearest, at a tenth of
 * the time that their better codes take.
 */
static int
nearest_by_coarse(MvIvfQuery *q)
{
	const MvIvf *ivf = q->ivf;
	int			best;
	float		dist;

	coarse_distances(q);
	best = least(q->est, ivf->nused);
	mv_rabitq_rows(&q->centroids, &ivf->centroids[best], 1, &dist, NULL);
	for (int i = 0; i < ivf->nused; i++)
	{
		float		d;

		if (!(q->low[i] < dist))
			continue;
		mv_rabitq_rows(&q->centroids, &ivf->centroids[i], 1, &d, NULL);
		if (d < dist)
		{
			dist = d;
			best = i;
		}
	}
	q->est[best] = dist;
	return best;
}

int
mv_ivf_nearest_list(MvIvfQuery *q)
{
	if (q->ivf->shape.padded > MV_IVF_EXACT_CENTROIDS)
		return nearest_by_coarse(q);
	centroid_distances(q);
	return least(q->est, q->ivf->nused);
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

		below = mv_block_scan(&q->scan, BLOCK_CODES(block), factors, limit, result);
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
