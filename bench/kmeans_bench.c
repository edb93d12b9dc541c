/*
 * kmeans_bench.c -- GFlop/s of sgemm, and seconds and quality of k-means.
 *
 *	usage: kmeans_bench gemm [level]
 *	       kmeans_bench kmeans FILE.npy [k [own | openblas]]
 *
 * gemm: the own kernel of each level beside OpenBLAS, if libopenblas.so.0 is
 * there, one thread, best of several repeats.
 *
 * kmeans: trains k (1264) centroids on 64 k rows of the file (float16, rows by
 * dimensions) and assigns all rows, one thread; then the mean squared distance
 * beside that of flat Lloyd with many iterations, and the lengths of the lists.
 *
 * `make bench-core` runs the first; `make -f test/unit/unit.mk bench` in a copy
 * of the sources builds out/kmeans_bench.  Seconds are CPU time of the process.
 */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/dist.h"
#include "core/gemm.h"
#include "core/kmeans.h"

typedef void (*CblasSgemm) (int order, int trans_a, int trans_b, int m, int n, int k,
							float alpha, const float *a, int lda, const float *b, int ldb,
							float beta, float *c, int ldc);

static CblasSgemm cblas_sgemm;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);	/* other processes may run beside */
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static double
next_real(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (double) (x >> 40) / (1 << 23) - 1;
}

static void *
allocate(size_t bytes)
{
	void	   *p = NULL;

	if (posix_memalign(&p, 64, bytes + 64) != 0)
		exit(1);
	return p;
}

/* ---- gemm ---- */

static void
load_openblas(void)
{
	void	   *library;
	void		(*set_threads) (int);

	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return;
	*(void **) &cblas_sgemm = dlsym(library, "cblas_sgemm");
	*(void **) &set_threads = dlsym(library, "openblas_set_num_threads");
	if (set_threads != NULL)
		set_threads(1);
}

static void
openblas_gemm(int m, int n, int k, const float *a, const float *b, float *c, void *work)
{
	(void) work;
	cblas_sgemm(101, 111, 112, m, n, k, 1, a, k, b, k, 0, c, n);
}

#define GEMM_M 1024

static double
gflops(MvGemmFn gemm, int n, int k, const float *a, const float *b, float *c, void *work)
{
	double		best = 1e30,
				start = now();
	int			r;

	for (r = 0; r < 4 || now() - start < 0.3; r++)
	{
		double		begin = now(),
					seconds;

		gemm(GEMM_M, n, k, a, b, c, work);
		seconds = now() - begin;
		best = seconds < best ? seconds : best;
	}
	return 2.0 * GEMM_M * n * k / best * 1e-9;
}

static void
bench_gemm(const char *only)
{
	static const int ns[] = {36, 512, 1264, 4096},
				ks[] = {128, 384, 768, 1024};
	float	   *a = allocate(GEMM_M * 1024 * sizeof(float)),
			   *b = allocate(4096 * 1024 * sizeof(float)),
			   *c = allocate(GEMM_M * 4096 * sizeof(float));
	void	   *work = allocate(MV_GEMM_WORK);
	const char *const *level;
	int			i,
				j;

	for (i = 0; i < GEMM_M * 1024; i++)
		a[i] = (float) next_real();
	for (i = 0; i < 4096 * 1024; i++)
		b[i] = (float) next_real();
	printf("GFlop/s, m = %d\n%5s %5s", GEMM_M, "n", "k");
	for (level = mv_kernel_levels(); *level != NULL; level++)
		if (only == NULL || strcmp(only, *level) == 0)
			printf(" %9s", *level);
	printf(" %9s\n", cblas_sgemm != NULL ? "OpenBLAS" : "");
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
		{
			printf("%5d %5d", ns[i], ks[j]);
			for (level = mv_kernel_levels(); *level != NULL; level++)
			{
				if (only != NULL && strcmp(only, *level) != 0)
					continue;
				mv_kernels_init(*level);
				printf(" %9.1f", gflops(mv_gemm_own, ns[i], ks[j], a, b, c, work));
			}
			if (cblas_sgemm != NULL)
				printf(" %9.1f", gflops(openblas_gemm, ns[i], ks[j], a, b, c, work));
			printf("\n");
		}
	free(a);
	free(b);
	free(c);
	free(work);
}

/* ---- k-means ---- */

typedef struct Rows
{
	int			n,
				dim;
	float	   *x;
} Rows;

/* A float16 matrix in numpy's format, version 1. */
static Rows
load_npy(const char *path)
{
	Rows		rows = {0};
	char		head[4096] = {0};
	const char *shape;
	uint16_t   *halves;
	size_t		count;
	FILE	   *f = fopen(path, "rb");
	size_t		head_size;

	head_size = f != NULL && fread(head, 1, 10, f) == 10 ?
		(unsigned char) head[8] + 256u * (unsigned char) head[9] : 0;
	if (head_size == 0 || head_size > sizeof(head) - 11 ||
		fread(head + 10, 1, head_size, f) != head_size ||
		strstr(head + 10, "<f2") == NULL || (shape = strstr(head + 10, "'shape': (")) == NULL ||
		sscanf(shape, "'shape': (%d, %d", &rows.n, &rows.dim) != 2)
	{
		fprintf(stderr, "%s: not a float16 matrix in .npy format\n", path);
		exit(1);
	}
	count = (size_t) rows.n * (size_t) rows.dim;
	halves = allocate(count * 2);
	rows.x = allocate(count * 4);
	if (fread(halves, 2, count, f) != count)
		exit(1);
	mv_kernels.to_f32[MV_F16] (halves, rows.x, (int) count);
	free(halves);
	fclose(f);
	return rows;
}

static Rows
sample_of(const Rows *all, int n)
{
	Rows		s = {n < all->n ? n : all->n, all->dim, NULL};
	int			i;

	s.x = allocate((size_t) s.n * (size_t) s.dim * sizeof(float));
	for (i = 0; i < s.n; i++)
		memcpy(s.x + (size_t) i * (size_t) s.dim,
			   all->x + (size_t) ((int64_t) i * all->n / s.n) * (size_t) s.dim,
			   (size_t) s.dim * sizeof(float));
	return s;
}

static void
train(const MvKmeansPlan *plan, const Rows *sample, MvKmeans *km, int verbose)
{
	void	   *shared = allocate(mv_kmeans_size(plan)),
			   *work = allocate(mv_kmeans_work_size(plan));
	int			units,
				i;

	mv_kmeans_begin(plan, shared);
	mv_kmeans_attach(km, shared, sample->x, work);
	while ((units = mv_kmeans_units(km)) > 0)
	{
		double		begin = now(),
					middle;

		for (i = 0; i < units; i++)
			mv_kmeans_unit(km, i);
		middle = now();
		mv_kmeans_next(km);
		if (verbose)
			printf("  %4d units %7.1f ms, leader %6.1f ms, objective %.5f\n", units,
				   (middle - begin) * 1e3, (now() - middle) * 1e3, mv_kmeans_objective(km));
	}
	free(work);
}

static int
ascending(const void *a, const void *b)
{
	return (*(const int *) a > *(const int *) b) - (*(const int *) a < *(const int *) b);
}

static void
report(const char *name, const MvCentroids *set, const Rows *all, const int32_t *truth,
	   int32_t *idx)
{
	float	   *dist = allocate((size_t) all->n * sizeof(float));
	void	   *work = allocate(mv_nearest_size(set->dim, set->groups, set->probes));
	int		   *size = calloc((size_t) set->k, sizeof(int));
	double		begin = now(),
				seconds,
				sum = 0;
	int			same = 0,
				i;

	mv_nearest(set, all->x, all->n, 1, idx, dist, work);
	mv_nearest_spread(set, 0, all->n, idx);
	seconds = now() - begin;
	for (i = 0; i < all->n; i++)
	{
		sum += dist[i];
		size[idx[i]]++;
		same += truth == NULL || truth[i] == idx[i];
	}
	qsort(size, (size_t) set->k, sizeof(int), ascending);
	printf("%-22s %6.3f s  mean squared distance %.5f  nearest found %.4f\n"
		   "%22s lists: least %d, 1 %% %d, 10 %% %d, median %d, 90 %% %d, 99 %% %d, most %d"
		   " (average %d)\n",
		   name, seconds, sum / all->n, (double) same / all->n, "", size[0], size[set->k / 100],
		   size[set->k / 10], size[set->k / 2], size[set->k * 9 / 10], size[set->k * 99 / 100],
		   size[set->k - 1], all->n / set->k);
	free(size);
	free(work);
	free(dist);
}

static void
bench_kmeans(const char *path, int k)
{
	Rows		all = load_npy(path),
				sample = sample_of(&all, 64 * k);
	MvKmeansPlan plan;
	MvKmeans	km;
	MvCentroids set;
	int32_t    *idx = allocate((size_t) all.n * sizeof(int32_t)),
			   *other = allocate((size_t) all.n * sizeof(int32_t));
	double		begin = now();
	int			probes;

	mv_kmeans_plan(&plan, sample.n, k, all.dim);
	train(&plan, &sample, &km, 1);
	printf("%d of %d rows, dim %d, k %d, %d groups: trained in %.3f s\n",
		   sample.n, all.n, all.dim, k, plan.groups, now() - begin);
	mv_kmeans_centroids(&km, &set);
	set.groups = 0;
	report("all rows, flat", &set, &all, NULL, idx);
	for (probes = 2; probes < plan.groups && probes <= MV_NEAREST_MAX; probes *= 2)
	{
		char		name[64];

		mv_kmeans_centroids(&km, &set);
		set.probes = probes;
		snprintf(name, sizeof(name), "all rows, %d groups", probes);
		report(name, &set, &all, idx, other);
	}
	free(km.head);
	plan.groups = 1;
	plan.balanced = false;
	plan.fine_iterations = 25;
	plan.global_iterations = 0;
	begin = now();
	train(&plan, &sample, &km, 0);
	printf("flat Lloyd, %d iterations: %.1f s\n", plan.fine_iterations, now() - begin);
	mv_kmeans_centroids(&km, &set);
	report("all rows, flat Lloyd", &set, &all, NULL, idx);
}

int
main(int argc, char **argv)
{
	load_openblas();
	mv_kernels_init(NULL);
	if (argc > 2 && strcmp(argv[1], "kmeans") == 0)
	{
		if (argc > 4 && strcmp(argv[4], "openblas") == 0 && cblas_sgemm != NULL)
			mv_gemm = openblas_gemm;
		bench_kmeans(argv[2], argc > 3 ? atoi(argv[3]) : 1264);
	}
	else if (argc < 2 || strcmp(argv[1], "gemm") == 0)
		bench_gemm(argc > 2 ? argv[2] : NULL);
	else
		fprintf(stderr, "usage: kmeans_bench gemm [level]"
				" | kmeans FILE.npy [k [own | openblas]]\n");
	return 0;
}
