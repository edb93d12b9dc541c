/*
 * kmeans_bench.c -- GFlop/s of sgemm, and seconds and quality of k-means.
 *
 *	usage: kmeans_bench gemm [level]
 *
 * gemm: the own kernel of each level beside OpenBLAS, if libopenblas.so.0 is
 * there, one thread, best of several repeats.
 *
 * Build with the flags of the product (src/core/gemm_*.c with -O3);
 * `make bench-kmeans` does all of it.
 */
#define _POSIX_C_SOURCE 200112L

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/dist.h"
#include "core/gemm.h"

typedef void (*CblasSgemm) (int order, int trans_a, int trans_b, int m, int n, int k,
							float alpha, const float *a, int lda, const float *b, int ldb,
							float beta, float *c, int ldc);

static CblasSgemm cblas_sgemm;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
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

int
main(int argc, char **argv)
{
	load_openblas();
	mv_kernels_init(NULL);
	if (argc < 2 || strcmp(argv[1], "gemm") == 0)
		bench_gemm(argc > 2 ? argv[2] : NULL);
	return 0;
}
