/*
 * nearest.h -- the nearest centroids of many rows: by products of tiles (gemm),
 * |x - c|^2 = |x|^2 + |c|^2 - 2 <x, c>, compared while the tile is in the cache.
 *
 * Flat, or in two levels: centroids lie in groups, and a row looks only into
 * the groups whose own centroids ("meso") are nearest to it.
 */
#pragma once

#include "core/core.h"

/* Most centroids of a row that one call returns, and most groups it looks into. */
#define MV_NEAREST_MAX 64

/*
 * A set of centroids.  A view: it owns nothing.  Equal centroids are "twins";
 * a row as near to one as to the other belongs to any, and mv_nearest_spread
 * divides such rows among them.
 */
typedef struct MvCentroids
{
	int			k,				/* >= 1 */
				dim;			/* >= 1 */
	const float *c;				/* float[k][dim], finite, |c|^2 < 1e38 */
	const float *norm;			/* float[k], |c|^2 */

	int			groups;			/* 0: flat only */
	int			probes;			/* groups a row looks into, <= MV_NEAREST_MAX; 0: flat */
	const float *meso;			/* float[groups][dim] */
	const float *meso_norm;		/* float[groups] */
	const int32_t *child;		/* int32[groups + 1]: group g holds child[g] .. child[g + 1] - 1 */

	const int32_t *twins;		/* of mv_twins_find, or NULL: no two are equal */
} MvCentroids;

/* Rows that are compared at a time, and of these bytes at most if they must be copied. */
#define MV_NEAREST_TILE 1024
#define MV_NEAREST_COPY_BYTES (4 << 20)

static inline int
mv_nearest_rows(int dim)
{
	int			rows = MV_NEAREST_COPY_BYTES / (int) sizeof(float) / dim;

	return rows > MV_NEAREST_TILE ? MV_NEAREST_TILE : rows < 64 ? 64 : rows;
}

/* Bytes of work memory for a set of this shape; probes = 0 when flat. */
size_t		mv_nearest_size(int dim, int groups, int probes);

/*
 * mv_nearest -- the count nearest centroids of each row, nearest first.
 *
 * rows		float[n][dim], finite
 * count	1 .. min(k, MV_NEAREST_MAX); in two levels the groups looked into
 *			must hold that many
 * idx		out: int32[n][count], always in [0, k)
 * dist		out: float[n][count], |x - c|^2 summed afresh (0 for equal rows)
 * work		mv_nearest_size bytes, float-aligned (64 is faster)
 *
 * Exact up to the rounding of the products when flat.  Rows whose products
 * overflow get any centroid.  Time grows with n: callers that must answer
 * interrupts pass some thousand rows, a multiple of 4096 being best.
 */
void		mv_nearest(const MvCentroids *set, const float *rows, int n, int count,
					   int32_t *idx, float *dist, void *work);

/*
 * mv_nearest_spread -- divide rows among twins.
 *
 * first	number of the first row in its table; decides which twin it gets
 * idx		in and out: int32[n], of mv_nearest with count = 1
 */
void		mv_nearest_spread(const MvCentroids *set, uint64_t first, int n, int32_t *idx);

/* int32 values that mv_twins_find fills for k centroids. */
#define MV_TWINS(k) (5 * (size_t) (k))

/*
 * mv_twins_find -- find equal centroids.
 *
 * twins	out: int32[MV_TWINS(k)], for MvCentroids
 * returns	false if all are distinct
 */
bool		mv_twins_find(int k, int dim, const float *c, const float *norm, int32_t *twins);
