/*
 * kmeans.h -- balanced hierarchical k-means in bounded steps.
 *
 * A few coarse ("meso") clusters of a sample, each then divided into its share
 * of the k clusters, then passes over all rows in two levels.  The work comes
 * as passes of independent units; any number of processes may share the units
 * of a pass, and the result does not depend on how they do:
 *
 *	mv_kmeans_begin(&plan, shared);
 *	mv_kmeans_attach(&km, shared, rows, work);		-- each process its own work
 *	while ((units = mv_kmeans_units(&km)) > 0)
 *	{
 *		for each unit < units, anywhere: mv_kmeans_unit(&km, unit);
 *		-- all done, and seen by the leader (barrier)
 *		mv_kmeans_next(&km);						-- leader only, then a barrier
 *	}
 *	mv_kmeans_centroids(&km, &set);
 *
 * The shared memory holds no pointers and may be mapped anywhere.
 */
#pragma once

#include "core/core.h"
#include "core/nearest.h"

typedef struct MvKmeansPlan
{
	int			n,				/* rows to train on, >= k; 64 to 256 k serve */
				k,				/* clusters, >= 1 */
				dim;
	int			groups;			/* meso clusters, <= k; 1: none, plain k-means */
	int			probes;			/* groups a row looks into; 0: all centroids */
	int			meso_iterations,	/* >= 1 */
				fine_iterations,	/* >= 1: inside each group */
				global_iterations;	/* >= 0: over all rows */
	bool		balanced;		/* keep lists near the average length; off: plain Lloyd */
	bool		spherical;		/* centroids of norm 1, for cosine and inner product */
	uint64_t	seed;
} MvKmeansPlan;

/* mv_kmeans_plan -- the usual plan for n rows and k clusters; fields may then be changed. */
void		mv_kmeans_plan(MvKmeansPlan *plan, int n, int k, int dim);

typedef struct MvKmeansHead MvKmeansHead;

/* One process's view of the clustering.  Fields are private but those marked. */
typedef struct MvKmeans
{
	MvKmeansHead *head;
	const float *rows;
	float	   *meso,			/* [groups][dim] */
			   *meso_norm,
			   *c,				/* [k][dim] */
			   *norm;
	float	   *dist;			/* public after the last pass: float[n], |x - c|^2 */
	int32_t    *assign;			/* public after the last pass: int32[n], cluster of each row,
								 * the nearest of its group */
	int32_t    *child,			/* [groups + 1] */
			   *order,			/* [n], members sorted by cluster */
			   *start,			/* [k + 1], where a cluster begins in order */
			   *group_start,	/* [groups + 1], where a group begins in order */
			   *twins;
	void	   *nearest;		/* from here on in the process's own work memory */
	float	   *gathered;
	double	   *sums;
	float	   *some_dist,
			   *some_copy;
	int32_t    *some;
	uint8_t    *side;
	int32_t    *sizes;
} MvKmeans;

/* Bytes of shared memory: about 4 k dim + 16 n.  Align it to 64. */
size_t		mv_kmeans_size(const MvKmeansPlan *plan);

/* Bytes of each process's work memory: a few MB.  Align it to 64. */
size_t		mv_kmeans_work_size(const MvKmeansPlan *plan);

void		mv_kmeans_begin(const MvKmeansPlan *plan, void *shared);

/*
 * mv_kmeans_attach -- view a clustering that was begun.
 *
 * rows		float[n][dim], finite, in no particular order, the same in every
 *			process; not modified, and needed until the last pass is done
 */
void		mv_kmeans_attach(MvKmeans *km, void *shared, const float *rows, void *work);

/* Units of the current pass, 0 when all is done. */
int			mv_kmeans_units(const MvKmeans *km);

/*
 * mv_kmeans_unit -- do one unit of the pass: a comparison of some thousand rows
 * with up to k centroids, or the means of a few clusters.
 */
void		mv_kmeans_unit(MvKmeans *km, int unit);

/* End a pass whose units are all done; balances; O(n + k dim). */
void		mv_kmeans_next(MvKmeans *km);

/*
 * Mean squared distance of the rows to the centroid they were last assigned to;
 * -1 before the first such pass over all rows.  Falls from pass to pass in
 * plain Lloyd.
 */
double		mv_kmeans_objective(const MvKmeans *km);

/* The centroids as a set; it points into the shared memory. */
void		mv_kmeans_centroids(const MvKmeans *km, MvCentroids *set);

/* Bytes of work memory of mv_kmeans_split. */
size_t		mv_kmeans_split_size(int n, int dim);

/*
 * mv_kmeans_split -- divide one list in two by 2-means; neither side gets
 * less than a quarter of the rows.
 *
 * rows		float[n][dim], n >= 2; some thousand rows take milliseconds
 * c		out: float[2][dim]; equal when all rows are
 * side		out: uint8[n], 0 or 1
 */
void		mv_kmeans_split(const float *rows, int n, int dim, bool spherical,
							float *c, uint8_t *side, void *work);
