/*
 * ivf_train.c -- building an index: the mean and the centroids of a sample.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/kmeans.h"
#include "index/blas.h"
#include "index/ivf/ivf_build.h"

/* Rows that the mean is taken of: as exact as it needs to be. */
#define MEAN_ROWS 16384

/* Rows of a unit of rotation. */
#define ROTATE_ROWS 1024

void *
mv_ivf_alloc(Size size)
{
	char	   *p = MemoryContextAllocHuge(CurrentMemoryContext, size + 64);

	return (void *) TYPEALIGN(64, p);
}

int
mv_ivf_sample_size(const MvBuild *build)
{
	return build->max_sample;
}

float *
mv_ivf_sample(MvBuild *build)
{
	uint32		place = pg_atomic_fetch_add_u32(&build->shared->sampled, 1);

	return place < (uint32) build->max_sample ?
		build->sample + (Size) build->ivf.shape.padded * place : NULL;
}

/* One process: how large the sample is, and its mean. */
static void
close_sample(void *arg)
{
	MvBuild    *build = arg;
	MvIvfShared *shared = build->shared;
	int			dim = build->ivf.shape.dim;
	double	   *sum = palloc0(sizeof(double) * dim);
	int			n;

	shared->nsample =
		(int) Min(pg_atomic_read_u32(&shared->sampled), (uint32) build->max_sample);
	shared->nlists = (uint32) Max(Min(build->ivf.meta.nlists, shared->nsample), 1);
	n = Min(shared->nsample, MEAN_ROWS);
	for (int i = 0; i < n; i++)
		mv_mean_add(sum, build->sample + build->ivf.shape.padded *
					(Size) ((int64) shared->nsample * i / n), dim);
	mv_mean_of(sum, n, dim, build->mean);
	pfree(sum);
}

/* Mean and rotation; both stay as they are from here on. */
static void
set_space(MvBuild *build)
{
	MvIvf	   *ivf = &build->ivf;

	ivf->meta.nlists = build->shared->nlists;
	ivf->rotation = palloc(mv_rotation_size(ivf->shape.dim));
	mv_rotation_init(ivf->rotation, ivf->shape.dim, ivf->meta.seed);
	ivf->mean = build->mean;
	ivf->rotated_mean = palloc(sizeof(float) * ivf->shape.padded);
	mv_rotate(ivf->rotation, ivf->mean, NULL, ivf->rotated_mean);
	mv_ivf_set_format(ivf);
}

static void
rotate_sample(MvBuild *build)
{
	int			padded = build->ivf.shape.padded;
	int			n = build->shared->nsample;
	float	   *x = mv_ivf_alloc(sizeof(float) * padded);
	int			unit;

	while ((unit = mv_team_unit(build->team, (n + ROTATE_ROWS - 1) / ROTATE_ROWS)) >= 0)
	{
		int			end = Min(n, (unit + 1) * ROTATE_ROWS);

		for (int i = unit * ROTATE_ROWS; i < end; i++)
		{
			float	   *place = build->sample + (Size) padded * i;

			memcpy(x, place, sizeof(float) * build->ivf.shape.dim);
			if (build->raw != NULL)
				memcpy(build->raw + (Size) build->ivf.shape.dim * i, x,
					   sizeof(float) * build->ivf.shape.dim);
			mv_rotate(build->ivf.rotation, x, build->mean, place);
			build->sample_norm[i] = (float) mv_kernels.dist[MV_F32][MV_IP] (place, place, padded);
		}
	}
}

/* One process. */
static void
begin_kmeans(void *arg)
{
	MvBuild    *build = arg;
	MvKmeansPlan plan;

	mv_kmeans_plan(&plan, build->shared->nsample, (int) build->shared->nlists,
				   build->ivf.shape.padded);
	mv_kmeans_begin(&plan, build->kmeans);
}

static void
next_pass(void *arg)
{
	mv_kmeans_next(arg);
}

/* Mean squared distances to the centroids, of the sample's rows. */
static void
set_spread(MvBuild *build, const MvKmeans *km)
{
	int			nlists = (int) build->shared->nlists;
	float	   *spread = mv_ivf_alloc(sizeof(float) * nlists);
	int		   *n = palloc0(sizeof(int) * nlists);

	memset(spread, 0, sizeof(float) * nlists);
	for (int i = 0; i < build->shared->nsample; i++)
	{
		spread[km->assign[i]] += km->dist[i];
		n[km->assign[i]]++;
	}
	for (int i = 0; i < nlists; i++)
		spread[i] /= Max(n[i], 1);
	build->ivf.spread = spread;
	pfree(n);
}

/*
 * Queries of a unit of calibration: each unit packs the whole sample for its
 * products, so there are no more of them than the processes can share well.
 */
static int
queries_of_unit(const MvTeam *team)
{
	return Min(Max(MV_IVF_SAMPLE_QUERIES / team->shared->size, 16), 64);
}

/* What recall takes, with rows of the sample as queries. */
static void
calibrate(MvBuild *build, const MvKmeans *km)
{
	MvIvfSample sample = {.ivf = &build->ivf, .set = &build->set, .rows = build->plan.rows,
						  .n = build->shared->nsample, .x = build->sample,
						  .norm = build->sample_norm, .raw = build->raw, .list = km->assign};
	int			queries = mv_ivf_sample_queries(&sample);
	int			of_unit = queries_of_unit(build->team);
	int			unit;

	set_spread(build, km);
	while ((unit = mv_team_unit(build->team, (queries + of_unit - 1) / of_unit)) >= 0)
		mv_ivf_sample_reaches(&sample, unit * of_unit, Min(of_unit, queries - unit * of_unit),
							  build->reaches);
	mv_team_meet(build->team, NULL, NULL);
	if (build->team->leader)
		mv_ivf_sample_curves(&sample, build->reaches, &build->ivf.meta);
}

static void
cluster(MvBuild *build)
{
	MvKmeans	km;
	MvKmeansPlan plan;
	int			units;

	mv_blas_init();
	mv_team_meet(build->team, begin_kmeans, build);
	mv_kmeans_plan(&plan, build->shared->nsample, (int) build->shared->nlists,
				   build->ivf.shape.padded);
	mv_kmeans_attach(&km, build->kmeans, build->sample,
					 mv_ivf_alloc(mv_kmeans_work_size(&plan)));
	while ((units = mv_kmeans_units(&km)) > 0)
	{
		int			unit;

		while ((unit = mv_team_unit(build->team, units)) >= 0)
			mv_kmeans_unit(&km, unit);
		mv_team_meet(build->team, next_pass, &km);
	}
	mv_kmeans_centroids(&km, &build->set);
	calibrate(build, &km);
}

/* No rows: one list around the origin. */
static void
single_list(MvBuild *build)
{
	build->set.k = 1;
	build->set.dim = build->ivf.shape.padded;
	build->set.c = palloc0(sizeof(float) * build->ivf.shape.padded);
	build->set.norm = palloc0(sizeof(float));
	build->ivf.spread = palloc0(sizeof(float));
}

void
mv_ivf_train(MvBuild *build)
{
	mv_team_meet(build->team, close_sample, build);
	set_space(build);
	rotate_sample(build);
	if (build->shared->nsample > 0)
		cluster(build);
	else
		single_list(build);
	mv_ivf_begin_rows(build);
}
