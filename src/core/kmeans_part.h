/*
 * kmeans_part.h -- what the files of k-means share; for kmeans*.c only.
 */
#pragma once

#include <math.h>

#include "core/kmeans.h"

/* Rows of a list: number which[i], or i when which is NULL. */
typedef struct MvMembers
{
	const float *rows;
	const int32_t *which;
	int			n,
				dim;
} MvMembers;

/* splitmix64 (Steele, Lea, Flood 2014) */
static inline uint64_t
mv_part_random(uint64_t *state)
{
	uint64_t	z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double
mv_part_real(uint64_t *state)
{
	return (double) (mv_part_random(state) >> 11) * 0x1p-53;
}

/* In [0, n), n >= 1. */
static inline int
mv_part_below(uint64_t *state, int n)
{
	return (int) ((mv_part_random(state) >> 32) * (uint64_t) n >> 32);
}

static inline void
mv_part_add(double *sum, const float *x, int dim)
{
	int			i;

	for (i = 0; i < dim; i++)
		sum[i] += x[i];
}

static inline double
mv_part_norm(const float *c, int dim)
{
	double		norm = 0;
	int			i;

	for (i = 0; i < dim; i++)
		norm += (double) c[i] * c[i];
	return norm;
}

/* To norm 1; a zero vector becomes the first unit vector. */
static inline void
mv_part_normalise(float *c, int dim)
{
	double		norm = sqrt(mv_part_norm(c, dim));
	int			i;

	if (norm > 0)
		for (i = 0; i < dim; i++)
			c[i] = (float) (c[i] / norm);
	else
		c[0] = 1;
}

/*
 * c = sum / count.  The mean of equal rows is that row to the bit, for the sum
 * in double is exact; so clusters of equal rows are found to be twins.
 */
static inline void
mv_part_mean(const double *sum, double count, int dim, bool spherical, float *c)
{
	int			i;

	for (i = 0; i < dim; i++)
		c[i] = (float) (sum[i] / count);
	if (spherical)
		mv_part_normalise(c, dim);
}

/* The passes, in order; MEANS leads back to ASSIGN, LAST_ASSIGN to itself. */
typedef enum MvKmeansPhase
{
	SEED_MESO,
	MESO_ASSIGN,
	MESO_MEANS,
	SEED_FINE,
	FINE_ASSIGN,
	FINE_MEANS,
	GLOBAL_ASSIGN,
	GLOBAL_MEANS,
	LAST_ASSIGN,				/* inside the groups: are the lists of a good length? */
	DONE
} MvKmeansPhase;

struct MvKmeansHead
{
	MvKmeansPlan plan;
	MvKmeansPhase phase;
	int			groups;			/* plan.groups, less those found empty */
	int			iteration;		/* of the phases of this level */
	int			members;		/* rows of this pass */
	int			split_rounds;
	bool		twins;			/* some centroids of this level are equal */
	double		objective;
};

static inline bool
mv_part_in_meso(const MvKmeansHead *h)
{
	return h->phase <= MESO_MEANS;
}

/* The centroids that the current phase trains, flat. */
static inline MvCentroids
mv_part_set(const MvKmeans *km)
{
	bool		meso = mv_part_in_meso(km->head);
	MvCentroids set = {0};

	set.k = meso ? km->head->groups : km->head->plan.k;
	set.dim = km->head->plan.dim;
	set.c = meso ? km->meso : km->c;
	set.norm = meso ? km->meso_norm : km->norm;
	set.twins = km->head->twins ? km->twins : NULL;
	return set;
}

/* Meso clusters train on every (n / members)-th row. */
static inline size_t
mv_part_row(const MvKmeansHead *h, int i)
{
	return (size_t) ((int64_t) i * h->plan.n / h->members);
}

static inline const float *
mv_part_row_at(const MvKmeans *km, int i)
{
	return km->rows + mv_part_row(km->head, i) * (size_t) km->head->plan.dim;
}

static inline uint64_t
mv_part_rng(const MvKmeansHead *h, int unit)
{
	uint64_t	state = h->plan.seed * 0x9e3779b97f4a7c15u + (uint64_t) h->phase;

	state = mv_part_random(&state) + (uint64_t) h->iteration;
	state = mv_part_random(&state) + (uint64_t) unit;
	return state;
}

/* Rows of a cluster at the last assignment. */
static inline int
mv_part_size(const MvKmeans *km, int j)
{
	return km->start[j + 1] - km->start[j];
}

static inline void
mv_part_set_norm(float *c, float *norm, int dim, bool spherical)
{
	if (spherical)
		mv_part_normalise(c, dim);
	*norm = (float) mv_part_norm(c, dim);
}

/* k seeds by k-means++ (Arthur and Vassilvitskii 2007); d: float[m->n] of work. */
void		mv_part_seed(const MvMembers *m, int k, uint64_t *rng, float *d, float *c);

typedef struct MvSplitWork
{
	double	   *sums;			/* [2][dim] */
	float	   *t,				/* [n] */
			   *copy;			/* [n] */
	uint8_t    *side;			/* [n] */
} MvSplitWork;

/* 2-means into c[2][dim]; w->side as of mv_kmeans_split. */
void		mv_part_split(const MvMembers *m, bool spherical, uint64_t *rng,
						  MvSplitWork *w, float *c);

/* kmeans_balance.c: what the leader does between passes */

/* Find equal centroids of the current level. */
void		mv_part_twins(MvKmeans *km);

/* After means: small clusters move towards large ones, inside their group. */
void		mv_part_balance(MvKmeans *km);

/*
 * Keep the groups that have members, and give each its share of the k
 * clusters: seats by Webster (Sainte-Lague), at least one, at most one per row.
 */
void		mv_part_allot(MvKmeans *km);

/* Meso centroids follow their children. */
void		mv_part_update_meso(MvKmeans *km);

/*
 * At the end: empty lists take half of the longest of their group, and lists
 * over the limit are divided with the shortest.  False when there were none.
 */
bool		mv_part_split_large(MvKmeans *km);
