/*
 * nearest.c -- nearest centroids by tiles of products, flat and in two levels.
 */
#include <math.h>
#include <string.h>

#include "core/carve.h"
#include "core/dist.h"
#include "core/gemm.h"
#include "core/nearest.h"

#define TILE_ROWS MV_NEAREST_TILE	/* a tile of scores is 1 MB: second-level cache */
#define TILE_COLUMNS 256
#define GROUP_ROWS 4096			/* rows that two levels sort by group at a time */
#define SKIP 64					/* columns passed over at once when none is near enough */

/* The parts of the work memory. */
typedef struct Work
{
	float	   *scores;			/* TILE_ROWS x TILE_COLUMNS */
	void	   *gemm;
	float	   *gathered;		/* mv_nearest_rows(dim) x dim; from here on two levels only */
	float	   *meso_score;		/* GROUP_ROWS x probes */
	int32_t    *meso_idx;
	int32_t    *pairs;			/* rows by group, GROUP_ROWS x probes */
	int32_t    *start;			/* groups + 1 */
} Work;

/* Where the nearest of a row are kept: idx and score by position. */
typedef struct Best
{
	int			count;
	int32_t    *idx;
	float	   *score;			/* |c|^2 - 2 <x, c>, ascending */
} Best;

/* Lays the parts out from base, NULL to learn their size; returns it. */
static size_t
lay_out(Work *w, void *base, int dim, int groups, int probes)
{
	size_t		at = 0;
	size_t		pairs = (size_t) GROUP_ROWS * (size_t) probes;

	w->scores = mv_carve(base, &at, TILE_ROWS * TILE_COLUMNS * sizeof(float));
	w->gemm = mv_carve(base, &at, MV_GEMM_WORK);
	if (probes > 0)
	{
		w->gathered = mv_carve(base, &at,
							   (size_t) mv_nearest_rows(dim) * (size_t) dim * sizeof(float));
		w->meso_score = mv_carve(base, &at, pairs * sizeof(float));
		w->meso_idx = mv_carve(base, &at, pairs * sizeof(int32_t));
		w->pairs = mv_carve(base, &at, pairs * sizeof(int32_t));
		w->start = mv_carve(base, &at, (size_t) (groups + 1) * sizeof(int32_t));
	}
	return at;
}

size_t
mv_nearest_size(int dim, int groups, int probes)
{
	Work		w;

	return lay_out(&w, NULL, dim, groups, probes);
}

static void
best_clear(const Best *best, int n)
{
	int			i,
				j;

	for (i = 0; i < n; i++)
		for (j = 0; j < best->count; j++)
		{
			best->idx[(size_t) i * (size_t) best->count + (size_t) j] = j;
			best->score[(size_t) i * (size_t) best->count + (size_t) j] = INFINITY;
		}
}

static void
best_insert(int count, int32_t *idx, float *score, int32_t which, float value)
{
	int			i;

	for (i = count - 1; i > 0 && score[i - 1] > value; i--)
	{
		score[i] = score[i - 1];
		idx[i] = idx[i - 1];
	}
	score[i] = value;
	idx[i] = which;
}

/* Take what is near enough of n centroids, the first of number `first`. */
static void
best_take(const Best *best, size_t row, const float *dot, const float *norm, int n, int32_t first)
{
	int			count = best->count,
				i,
				j;
	int32_t    *idx = best->idx + row * (size_t) count;
	float	   *score = best->score + row * (size_t) count;

	if (count == 1)
	{
		j = mv_argmin(dot, norm, n, score);
		if (j >= 0)
			*idx = first + j;
		return;
	}
	for (i = 0; i < n; i += SKIP)
	{
		int			end = i + SKIP < n ? i + SKIP : n;
		float		worst = score[count - 1];

		if (mv_argmin(dot + i, norm + i, end - i, &worst) < 0)
			continue;
		for (j = i; j < end; j++)
		{
			float		value = norm[j] - 2 * dot[j];

			if (value < score[count - 1])
				best_insert(count, idx, score, first + j, value);
		}
	}
}

/*
 * Rows x against centroids [from, to) of c; which[i] is the place of row i in
 * best, NULL: base + i.  At most TILE_ROWS rows.
 */
typedef struct Tile
{
	const float *x;
	int			n;
	const int32_t *which;
	size_t		base;
} Tile;

static void
compare_tile(const Tile *tile, const MvCentroids *set, int from, int to,
			 const Best *best, const Work *w)
{
	size_t		dim = (size_t) set->dim;
	int			j,
				i;

	for (j = from; j < to; j += TILE_COLUMNS)
	{
		int			columns = to - j < TILE_COLUMNS ? to - j : TILE_COLUMNS;

		mv_gemm(tile->n, columns, set->dim, tile->x, set->c + (size_t) j * dim,
				w->scores, w->gemm);
		for (i = 0; i < tile->n; i++)
		{
			size_t		row = tile->which != NULL ? (size_t) tile->which[i] :
				tile->base + (size_t) i;

			best_take(best, row, w->scores + (size_t) i * (size_t) columns,
					  set->norm + j, columns, j);
		}
	}
}

static void
flat(const MvCentroids *set, const float *rows, int n, const Best *best, const Work *w)
{
	int			i;

	for (i = 0; i < n; i += TILE_ROWS)
	{
		Tile		tile = {0};

		tile.x = rows + (size_t) i * (size_t) set->dim;
		tile.n = n - i < TILE_ROWS ? n - i : TILE_ROWS;
		tile.base = (size_t) i;
		compare_tile(&tile, set, 0, set->k, best, w);
	}
}

/* Sort the pairs of row and group by group: w->pairs, w->start. */
static void
sort_pairs(int groups, int n, int probes, const Work *w)
{
	int			i,
				g;

	memset(w->start, 0, (size_t) (groups + 1) * sizeof(int32_t));
	for (i = 0; i < n * probes; i++)
		w->start[w->meso_idx[i]]++;
	for (g = 1; g <= groups; g++)
		w->start[g] += w->start[g - 1];
	for (i = n * probes - 1; i >= 0; i--)
		w->pairs[--w->start[w->meso_idx[i]]] = i / probes;
}

static void
gather(const float *rows, const int32_t *which, int n, int dim, float *out)
{
	int			i,
				j;

	for (i = 0; i < n; i++)
	{
		if (i + 4 < n)
			for (j = 0; j < dim; j += 16)
				__builtin_prefetch(rows + (size_t) which[i + 4] * (size_t) dim + j);
		memcpy(out + (size_t) i * (size_t) dim, rows + (size_t) which[i] * (size_t) dim,
			   (size_t) dim * sizeof(float));
	}
}

/* Two levels, at most GROUP_ROWS rows. */
static void
two_level(const MvCentroids *set, const float *rows, int n, const Best *best, const Work *w)
{
	MvCentroids meso = {.k = set->groups, .dim = set->dim, .c = set->meso, .norm = set->meso_norm};
	Best		nearest_meso = {set->probes, w->meso_idx, w->meso_score};
	int			g;

	best_clear(&nearest_meso, n);
	flat(&meso, rows, n, &nearest_meso, w);
	sort_pairs(set->groups, n, set->probes, w);
	for (g = 0; g < set->groups; g++)
	{
		int			i = w->start[g],
					end = w->start[g + 1];

		while (i < end)
		{
			Tile		tile = {.x = w->gathered, .which = w->pairs + i};

			tile.n = end - i < mv_nearest_rows(set->dim) ? end - i : mv_nearest_rows(set->dim);
			gather(rows, tile.which, tile.n, set->dim, w->gathered);
			compare_tile(&tile, set, set->child[g], set->child[g + 1], best, w);
			i += tile.n;
		}
	}
}

void
mv_nearest(const MvCentroids *set, const float *rows, int n, int count,
		   int32_t *idx, float *dist, void *work)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	int			probes = set->groups > set->probes ? set->probes : 0;
	size_t		dim = (size_t) set->dim,
				i;
	Best		best = {count, idx, dist};
	Work		w = {0};

	lay_out(&w, work, set->dim, set->groups, probes);
	best_clear(&best, n);
	if (probes == 0)
		flat(set, rows, n, &best, &w);
	else
		for (i = 0; i < (size_t) n; i += GROUP_ROWS)
		{
			Best		part = {count, idx + i * (size_t) count, dist + i * (size_t) count};
			size_t		rest = (size_t) n - i;

			two_level(set, rows + i * dim, rest < GROUP_ROWS ? (int) rest : GROUP_ROWS, &part, &w);
		}
	for (i = 0; i < (size_t) n * (size_t) count; i++)
		dist[i] = (float) l2sq(rows + i / (size_t) count * dim,
							   set->c + (size_t) idx[i] * dim, set->dim);
}

/*
 * Twins: of each centroid the lowest number that is equal to it ("head"), and
 * by head how many there are and where in list their numbers begin.
 */
typedef struct Twins
{
	int32_t    *head,
			   *count,
			   *start,
			   *list,
			   *chain;			/* only while they are sought */
} Twins;

static Twins
twins_of(int32_t *twins, int k)
{
	size_t		n = (size_t) k;
	Twins		t = {twins, twins + n, twins + 2 * n, twins + 3 * n, twins + 4 * n};

	return t;
}

/* splitmix64's finalizer (Steele, Lea, Flood 2014) */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

bool
mv_twins_find(int k, int dim, const float *c, const float *norm, int32_t *twins)
{
	Twins		t = twins_of(twins, k);
	size_t		bytes = (size_t) dim * sizeof(float);
	bool		any = false;
	int			j,
				at = 0;

	/* start holds the buckets of a hash of the norm until the second loop */
	memset(t.start, 0xff, (size_t) k * sizeof(int32_t));
	memset(t.count, 0, (size_t) k * sizeof(int32_t));
	for (j = 0; j < k; j++)
	{
		uint32_t	bits;
		int32_t    *bucket,
					i;

		memcpy(&bits, norm + j, sizeof(bits));
		bucket = t.start + mix(bits) % (uint64_t) k;
		for (i = *bucket; i >= 0; i = t.chain[i])
			if (norm[i] == norm[j] &&
				memcmp(c + (size_t) i * (size_t) dim, c + (size_t) j * (size_t) dim, bytes) == 0)
				break;
		if (i < 0)
		{
			i = j;
			t.chain[j] = *bucket;
			*bucket = j;
		}
		t.head[j] = i;
		any |= t.count[i]++ > 0;
	}
	for (j = 0; j < k; j++)
		if (t.head[j] == j)
		{
			t.start[j] = at;
			at += t.count[j];
		}
	memset(t.chain, 0, (size_t) k * sizeof(int32_t));
	for (j = 0; j < k; j++)
		t.list[t.start[t.head[j]] + t.chain[t.head[j]]++] = j;
	return any;
}

void
mv_nearest_spread(const MvCentroids *set, uint64_t first, int n, int32_t *idx)
{
	int			i;

	if (set->twins == NULL)
		return;
	for (i = 0; i < n; i++)
	{
		const int32_t *t = set->twins;
		int32_t		k = set->k,
					head = t[idx[i]],
					count = t[k + head];

		if (count > 1)
			idx[i] = t[3 * (size_t) k + (size_t) t[2 * (size_t) k + (size_t) head] +
					   mix(first + (uint64_t) i + 0x9e3779b97f4a7c15u) % (uint64_t) count];
	}
}
