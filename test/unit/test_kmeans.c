/*
 * test_kmeans.c -- nearest centroids against double; k-means: Lloyd falls,
 * clusters are found, lists are balanced whatever the data, and the result
 * depends on the seed alone, not on who did which unit.
 */
#include <math.h>
#include <string.h>

#include "core/dist.h"
#include "core/kmeans.h"
#include "unit.h"

/* ---- data ---- */

static void
gaussian_row(float *x, int dim, double width)
{
	int			i,
				j;

	for (i = 0; i < dim; i++)
	{
		double		sum = 0;

		for (j = 0; j < 4; j++)
			sum += unit_random_real();
		x[i] += (float) (sum * width);
	}
}

/* n rows around `centres` random points; row i belongs to owner(i). */
static float *
clustered_rows(int n, int dim, int centres, double width, int (*owner) (int i, int n, int centres))
{
	float	   *c = unit_alloc((size_t) centres * (size_t) dim * sizeof(float)),
			   *x = unit_alloc((size_t) n * (size_t) dim * sizeof(float));
	int			i;

	for (i = 0; i < centres; i++)
		gaussian_row(c + (size_t) i * (size_t) dim, dim, 1);
	for (i = 0; i < n; i++)
	{
		memcpy(x + (size_t) i * (size_t) dim, c + (size_t) owner(i, n, centres) * (size_t) dim,
			   (size_t) dim * sizeof(float));
		if (width > 0)
			gaussian_row(x + (size_t) i * (size_t) dim, dim, width);
	}
	free(c);
	return x;
}

static int
evenly(int i, int n, int centres)
{
	(void) n;
	return i % centres;
}

/* Half of the rows to the first, a quarter to the second, ... */
static int
skewed(int i, int n, int centres)
{
	int			c = 0;

	(void) n;
	while (c < centres - 1 && (i & 1))
	{
		i >>= 1;
		c++;
	}
	return c;
}

static int
half_alone(int i, int n, int centres)
{
	return i < n / 2 ? 0 : i % centres;
}

static int
sorted(int i, int n, int centres)
{
	return (int) ((int64_t) i * centres / n);
}

static double
distance(const float *a, const float *b, int dim)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < dim; i++)
		sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
	return sum;
}

/* ---- nearest ---- */

typedef struct Set
{
	MvCentroids view;
	float	   *c,
			   *norm;
	void	   *work;
} Set;

static Set
random_set(int k, int dim)
{
	Set			s = {0};
	int			j;

	s.c = unit_alloc((size_t) k * (size_t) dim * sizeof(float));
	s.norm = unit_alloc((size_t) k * sizeof(float));
	s.work = unit_alloc(mv_nearest_size(dim, 0, 0));
	for (j = 0; j < k; j++)
	{
		float	   *c = s.c + (size_t) j * (size_t) dim;
		float		zero[200] = {0};

		gaussian_row(c, dim, 1);
		s.norm[j] = (float) distance(c, zero, dim);
	}
	s.view.k = k;
	s.view.dim = dim;
	s.view.c = s.c;
	s.view.norm = s.norm;
	return s;
}

static void
free_set(Set *s)
{
	free(s->c);
	free(s->norm);
	free(s->work);
}

/* How many centroids are nearer to x than the distance d by more than rounding. */
static int
count_nearer(const Set *s, const float *x, double d)
{
	int			nearer = 0,
				j;

	for (j = 0; j < s->view.k; j++)
		nearer += distance(x, s->c + (size_t) j * (size_t) s->view.dim, s->view.dim) <
			d - 1e-5 * (1 + d + s->norm[j]);
	return nearer;
}

static void
check_nearest(int n, int k, int dim, int count)
{
	Set			s = random_set(k, dim);
	float	   *x = clustered_rows(n, dim, n, 0, evenly),
			   *dist = unit_alloc((size_t) n * (size_t) count * sizeof(float));
	int32_t    *idx = unit_alloc((size_t) n * (size_t) count * sizeof(int32_t));
	int			i,
				j;

	mv_nearest(&s.view, x, n, count, idx, dist, s.work);
	for (i = 0; i < n; i++)
		for (j = 0; j < count; j++)
		{
			int32_t		c = idx[i * count + j];
			const float *row = x + (size_t) i * (size_t) dim;
			double		d = c >= 0 && c < k ? distance(row, s.c + c * dim, dim) : -1;
			int			other,
						twice = 0;

			for (other = 0; other < j; other++)
				twice += idx[i * count + other] == c;
			CHECK(d >= 0 && fabs(d - dist[i * count + j]) <= 1e-5 * (1 + d) && !twice &&
				  count_nearer(&s, row, d) <= j,
				  "%s n %d k %d dim %d: row %d, %d. nearest is %d at %g, said %g", mv_kernels.level,
				  n, k, dim, i, j, c, d, dist[i * count + j]);
		}
	free(x);
	free(dist);
	free(idx);
	free_set(&s);
}

static void
check_nearest_shapes(void)
{
	static const int ks[] = {1, 2, 7, 33, 64, 255, 256, 257, 600};
	const char *const *level;
	int			i;

	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		for (i = 0; i < 9; i++)
		{
			check_nearest(20, ks[i], 1 + i * 11, 1);
			check_nearest(20, ks[i], 1 + i * 11, ks[i] < 10 ? ks[i] : 10);
		}
		check_nearest(1025, 65, 3, 1);
		check_nearest(5, 200, 5, MV_NEAREST_MAX);
	}
}

/* Rows that equal centroids share are divided among them; others stay. */
static void
check_twins(void)
{
	enum
	{
		K = 50,
		DIM = 9,
		N = 2000
	};
	Set			s = random_set(K, DIM);
	int32_t    *twins = unit_alloc(MV_TWINS(K) * sizeof(int32_t)),
			   *idx = unit_alloc(N * sizeof(int32_t));
	int			size[K] = {0},
				j;

	CHECK(!mv_twins_find(K, DIM, s.c, s.norm, twins), "twins among distinct centroids");
	for (j = 10; j < 30; j += 2)
	{
		memcpy(s.c + j * DIM, s.c + 3 * DIM, DIM * sizeof(float));
		s.norm[j] = s.norm[3];
	}
	CHECK(mv_twins_find(K, DIM, s.c, s.norm, twins), "no twins found");
	s.view.twins = twins;
	for (j = 0; j < N; j++)
		idx[j] = j % 2 ? 3 : 20;
	idx[0] = 4;
	mv_nearest_spread(&s.view, 77, N, idx);
	for (j = 0; j < N; j++)
		size[idx[j]]++;
	for (j = 0; j < K; j++)
	{
		bool		twin = j == 3 || (j >= 10 && j < 30 && j % 2 == 0);

		CHECK(twin ? size[j] > 120 && size[j] < 250 : size[j] == (j == 4),
			  "centroid %d has %d rows", j, size[j]);
	}
	free(twins);
	free(idx);
	free_set(&s);
}

/* ---- k-means ---- */

/* The shared memory of a finished clustering; mv_kmeans_attach sees it. */
typedef struct Run
{
	MvKmeansPlan plan;
	void	   *shared,
			   *work;
	MvKmeans	km;
} Run;

/* How the units are done: in order, or by three processes, backwards, in moving memory. */
typedef enum Manner
{
	ALONE,
	SHARED
} Manner;

static void
share_units(Run *r, const float *rows, int units)
{
	MvKmeans	other[3];
	void	   *work[3];
	void	   *moved = unit_alloc(mv_kmeans_size(&r->plan));
	int			i;

	memcpy(moved, r->shared, mv_kmeans_size(&r->plan));
	free(r->shared);
	r->shared = moved;
	for (i = 0; i < 3; i++)
	{
		work[i] = unit_alloc(mv_kmeans_work_size(&r->plan));
		mv_kmeans_attach(&other[i], r->shared, rows, work[i]);
	}
	for (i = units - 1; i >= 0; i--)
		mv_kmeans_unit(&other[i % 3], i);
	for (i = 0; i < 3; i++)
		free(work[i]);
	mv_kmeans_attach(&r->km, r->shared, rows, r->work);
}

static Run
run(const MvKmeansPlan *plan, const float *rows, Manner manner)
{
	Run			r = {.plan = *plan};
	double		before = -1;
	int			units,
				i;

	r.shared = unit_alloc(mv_kmeans_size(plan));
	r.work = unit_alloc(mv_kmeans_work_size(plan));
	mv_kmeans_begin(plan, r.shared);
	mv_kmeans_attach(&r.km, r.shared, rows, r.work);
	while ((units = mv_kmeans_units(&r.km)) > 0)
	{
		double		now;

		if (manner == SHARED)
			share_units(&r, rows, units);
		else
			for (i = 0; i < units; i++)
				mv_kmeans_unit(&r.km, i);
		mv_kmeans_next(&r.km);
		now = mv_kmeans_objective(&r.km);
		if (plan->groups == 1 && !plan->balanced && before >= 0)
			CHECK(now <= before * (1 + 1e-6), "Lloyd rose from %.9g to %.9g", before, now);
		before = now;
	}
	return r;
}

static void
free_run(Run *r)
{
	free(r->shared);
	free(r->work);
}

static void
check_lloyd(void)
{
	enum
	{
		N = 1500,
		DIM = 20,
		K = 40
	};
	float	   *x = clustered_rows(N, DIM, 60, 0.7, evenly);
	MvKmeansPlan plan;
	Run			one,
				many;

	mv_kmeans_plan(&plan, N, K, DIM);
	plan.groups = 1;
	plan.balanced = false;
	plan.global_iterations = 0;
	plan.fine_iterations = 1;
	one = run(&plan, x, ALONE);
	plan.fine_iterations = 15;
	many = run(&plan, x, ALONE);
	CHECK(mv_kmeans_objective(&many.km) < 0.98 * mv_kmeans_objective(&one.km),
		  "Lloyd does not improve: %g, %g",
		  mv_kmeans_objective(&one.km), mv_kmeans_objective(&many.km));
	free_run(&one);
	free_run(&many);
	free(x);
}

/* Every row sits with the rows of its own cluster and no other. */
static void
check_recovers(int k, uint64_t seed)
{
	enum
	{
		DIM = 16
	};
	int			n = 50 * k,
				i;
	float	   *x = clustered_rows(n, DIM, k, 0.01, evenly);
	MvKmeansPlan plan;
	Run			r;

	mv_kmeans_plan(&plan, n, k, DIM);
	plan.seed = seed;
	r = run(&plan, x, ALONE);
	for (i = k; i < n; i++)
		CHECK(r.km.assign[i] == r.km.assign[i % k], "k %d: row %d left its cluster", k, i);
	for (i = 1; i < k; i++)
		CHECK(r.km.assign[i] != r.km.assign[0], "k %d: clusters 0 and %d are one", k, i);
	free_run(&r);
	free(x);
}

/* Lists of all rows, by the clustering itself and by a flat search afterwards. */
static void
check_lengths(const char *what, Run *r, const float *x)
{
	int			n = r->plan.n,
				k = r->plan.k,
				least = n,
				most = 0,
				i;
	int32_t    *idx = unit_alloc((size_t) n * sizeof(int32_t));
	float	   *dist = unit_alloc((size_t) n * sizeof(float));
	int		   *size = unit_alloc((size_t) k * 2 * sizeof(int));
	MvCentroids set;

	mv_kmeans_centroids(&r->km, &set);
	set.probes = 0;
	mv_nearest(&set, x, n, 1, idx, dist, r->work);
	mv_nearest_spread(&set, 0, n, idx);
	for (i = 0; i < n; i++)
	{
		size[r->km.assign[i]]++;
		size[k + idx[i]]++;
	}
	for (i = 0; i < 2 * k; i++)
	{
		least = size[i] < least ? size[i] : least;
		most = size[i] > most ? size[i] : most;
	}
	CHECK(least > 0 && most <= 4.0 * n / k, "%s: n %d k %d: lists of %d to %d rows",
		  what, n, k, least, most);
	free(idx);
	free(dist);
	free(size);
}

/* n rows of `centres` clusters into k lists. */
typedef struct Skew
{
	const char *what;
	int			n,
				k,
				dim,
				centres;
	double		width;
	int			(*owner) (int i, int n, int centres);
} Skew;

static void
normalise_rows(float *x, int n, int dim)
{
	float		zero[200] = {0};
	int			i;

	for (i = 0; i < n * dim; i += dim)
	{
		double		norm = sqrt(distance(x + i, zero, dim));
		int			j;

		for (j = 0; j < dim; j++)
			x[i + j] /= (float) norm;
	}
}

static void
check_balance(const Skew *s, bool spherical)
{
	float	   *x = clustered_rows(s->n, s->dim, s->centres, s->width, s->owner);
	float		zero[200] = {0};
	MvKmeansPlan plan;
	MvCentroids set;
	Run			r;
	int			i;

	mv_kmeans_plan(&plan, s->n, s->k, s->dim);
	plan.spherical = spherical;
	if (spherical)
		normalise_rows(x, s->n, s->dim);
	r = run(&plan, x, ALONE);
	check_lengths(s->what, &r, x);
	mv_kmeans_centroids(&r.km, &set);
	for (i = 0; spherical && i < s->k; i++)
	{
		double		norm = distance(set.c + (size_t) i * (size_t) s->dim, zero, s->dim);

		CHECK(fabs(norm - 1) < 1e-5 && fabs(set.norm[i] - norm) < 1e-5,
			  "%s: centroid %d of norm %g", s->what, i, norm);
	}
	free_run(&r);
	free(x);
}

static void
check_balances(void)
{
	static const Skew skews[] = {
		{"even", 3000, 100, 24, 150, 0.5, evenly},
		{"skewed", 4000, 100, 24, 10, 0.3, skewed},
		{"skewed, flat", 2000, 30, 24, 10, 0.3, skewed},
		{"one cloud", 3000, 100, 12, 1, 0.5, evenly},
		{"half in one place", 4000, 100, 12, 200, 0.2, half_alone},
		{"equal rows", 3000, 80, 8, 1, 0, evenly},
		{"equal rows, flat", 1000, 20, 8, 1, 0, evenly},
		{"5 distinct rows", 3000, 80, 8, 5, 0, evenly},
		{"7 distinct rows, skewed", 4000, 80, 8, 7, 0, skewed},
		{"half equal", 4000, 100, 12, 500, 0, half_alone},
	};
	size_t		i;

	for (i = 0; i < sizeof(skews) / sizeof(skews[0]); i++)
	{
		check_balance(&skews[i], false);
		check_balance(&skews[i], true);
	}
}

/*
 * Without passes over all rows nothing is divided at the end: only the moves
 * of small clusters keep lists from being tiny.
 */
static void
check_moves(void)
{
	enum
	{
		N = 4000,
		DIM = 12,
		K = 60
	};
	float	   *x = clustered_rows(N, DIM, 200, 0.2, half_alone);
	int			tiny[2] = {0, 0},
				balanced,
				j;

	for (balanced = 0; balanced < 2; balanced++)
	{
		MvKmeansPlan plan;
		Run			r;
		int			size[K] = {0};

		mv_kmeans_plan(&plan, N, K, DIM);
		plan.balanced = balanced;
		plan.groups = 4;
		r = run(&plan, x, ALONE);
		for (j = 0; j < N; j++)
			size[r.km.assign[j]]++;
		for (j = 0; j < K; j++)
			tiny[balanced] += size[j] < 0.25 * N / K;
		free_run(&r);
	}
	CHECK(tiny[1] < tiny[0] / 2, "%d tiny lists when balanced, %d when not", tiny[1], tiny[0]);
	free(x);
}

/* Groups cost little: the objective is near that of flat k-means. */
static void
check_quality(void)
{
	enum
	{
		N = 9000,
		DIM = 16,
		K = 100
	};
	float	   *x = clustered_rows(N, DIM, 130, 0.3, sorted);
	MvKmeansPlan plan;
	Run			flat,
				groups;

	mv_kmeans_plan(&plan, N, K, DIM);
	groups = run(&plan, x, ALONE);
	plan.groups = 1;
	flat = run(&plan, x, ALONE);
	CHECK(mv_kmeans_objective(&groups.km) < 1.1 * mv_kmeans_objective(&flat.km),
		  "objective %g, flat %g", mv_kmeans_objective(&groups.km), mv_kmeans_objective(&flat.km));
	free_run(&flat);
	free_run(&groups);
	free(x);
}

static int
same_result(const Run *a, const Run *b)
{
	MvCentroids x,
				y;

	mv_kmeans_centroids(&a->km, &x);
	mv_kmeans_centroids(&b->km, &y);
	return memcmp(x.c, y.c, (size_t) x.k * (size_t) x.dim * sizeof(float)) == 0 &&
		memcmp(a->km.assign, b->km.assign, (size_t) a->plan.n * sizeof(int32_t)) == 0;
}

static void
check_deterministic(void)
{
	enum
	{
		N = 10000,
		DIM = 10,
		K = 90
	};
	float	   *x = clustered_rows(N, DIM, 40, 0.5, skewed);
	MvKmeansPlan plan;
	Run			a,
				b;

	mv_kmeans_plan(&plan, N, K, DIM);
	a = run(&plan, x, ALONE);
	b = run(&plan, x, SHARED);
	CHECK(same_result(&a, &b), "the result depends on who did the units");
	free_run(&b);
	plan.seed = 2;
	b = run(&plan, x, ALONE);
	CHECK(!same_result(&a, &b), "the result does not depend on the seed");
	free_run(&b);
	free_run(&a);
	free(x);
}

static void
check_two_level(void)
{
	enum
	{
		N = 9000,
		DIM = 32,
		K = 200
	};
	float	   *x = clustered_rows(N, DIM, 300, 0.4, evenly),
			   *dist = unit_alloc(N * sizeof(float));
	int32_t    *flat = unit_alloc(N * sizeof(int32_t)),
			   *two = unit_alloc(N * sizeof(int32_t));
	MvKmeansPlan plan;
	MvCentroids set;
	Run			r;
	int			found = 0,
				i;

	mv_kmeans_plan(&plan, N, K, DIM);
	r = run(&plan, x, ALONE);
	mv_kmeans_centroids(&r.km, &set);
	CHECK(set.groups > 4 && set.probes > 0 && set.probes < set.groups, "no groups to choose from");
	mv_nearest(&set, x, N, 1, two, dist, r.work);
	set.groups = 0;
	mv_nearest(&set, x, N, 1, flat, dist, r.work);
	for (i = 0; i < N; i++)
		found += flat[i] == two[i];
	CHECK(found >= 0.95 * N, "two levels find %d of %d nearest", found, N);
	free_run(&r);
	free(x);
	free(dist);
	free(flat);
	free(two);
}

static void
check_split(int n, int centres, double width)
{
	enum
	{
		DIM = 11
	};
	float	   *x = clustered_rows(n, DIM, centres, width, centres > 2 ? skewed : evenly);
	float		c[2 * DIM];
	uint8_t    *side = unit_alloc((size_t) n);
	void	   *work = unit_alloc(mv_kmeans_split_size(n, DIM));
	int			second = 0,
				least = n / 4 > 0 ? n / 4 : 1,
				i;

	mv_kmeans_split(x, n, DIM, false, c, side, work);
	for (i = 0; i < n; i++)
	{
		CHECK(side[i] <= 1, "side %d", side[i]);
		second += side[i];
	}
	CHECK(second >= least && n - second >= least, "%d rows of %d clusters divided %d : %d",
		  n, centres, n - second, second);
	for (i = 2; i < n && centres == 2; i++)
		CHECK(side[i] == side[i % 2] && side[0] != side[1], "split cuts a cluster at row %d", i);
	if (centres == 1 && width == 0)
		CHECK(memcmp(c, c + DIM, sizeof(c) / 2) == 0 && memcmp(c, x, sizeof(c) / 2) == 0,
			  "halves of equal rows differ");
	free(x);
	free(side);
	free(work);
}

/* Few rows, one cluster, as many clusters as rows, numbers that overflow. */
static void
check_edges(void)
{
	static const int shapes[][3] = {
		{1, 1, 1}, {2, 1, 3}, {2, 2, 1}, {64, 64, 2}, {100, 100, 5}, {70, 65, 1}, {600, 520, 3},
	};
	int			i,
				j;

	for (i = 0; i < 7; i++)
		for (j = 0; j < 2; j++)
		{
			int			n = shapes[i][0],
						k = shapes[i][1],
						dim = shapes[i][2],
						p;
			float	   *x = clustered_rows(n, dim, n, 0, evenly);
			MvKmeansPlan plan;
			Run			r;

			for (p = 0; p < n * dim && j; p++)
				x[p] *= 1e30f;
			mv_kmeans_plan(&plan, n, k, dim);
			r = run(&plan, x, ALONE);
			for (p = 0; p < n; p++)
				CHECK(r.km.assign[p] >= 0 && r.km.assign[p] < k, "row in no cluster");
			if (n == k && !j)
				CHECK(mv_kmeans_objective(&r.km) < 0.5, "n = k = %d: %g",
					  n, mv_kmeans_objective(&r.km));
			free_run(&r);
			free(x);
		}
}

int
main(void)
{
	check_nearest_shapes();
	check_twins();
	check_lloyd();
	check_recovers(20, 1);
	check_recovers(20, 2);
	check_recovers(60, 3);
	check_balances();
	check_moves();
	check_quality();
	check_deterministic();
	check_two_level();
	check_split(2, 2, 0.01);
	check_split(3, 1, 0.5);
	check_split(1000, 2, 0.01);
	check_split(999, 9, 0.01);
	check_split(1000, 1, 0);
	check_split(1001, 4, 0);
	check_edges();
	return unit_result("kmeans");
}
