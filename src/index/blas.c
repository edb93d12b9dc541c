/*
 * blas.c -- OpenBLAS by dlopen.
 *
 * It is never linked: its constructor starts a thread per CPU, which no
 * backend may have.  Only OpenBLAS itself will do; other libraries behind
 * libblas.so.3 have no common way to be kept to one thread.  Nothing of
 * PostgreSQL is needed here.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dist.h"
#include "core/gemm.h"
#include "index/blas.h"

#define LIBRARY "libopenblas.so.0"
#define THREADS "OPENBLAS_NUM_THREADS"

/* From cblas.h, which need not be installed. */
#define CBLAS_ROW_MAJOR 101
#define CBLAS_NO_TRANS 111
#define CBLAS_TRANS 112

typedef void (*CblasSgemm) (int order, int trans_a, int trans_b, int m, int n, int k,
							float alpha, const float *a, int lda, const float *b, int ldb,
							float beta, float *c, int ldc);

static CblasSgemm sgemm;

static void
openblas_gemm(int m, int n, int k, const float *a, const float *b, float *c, void *work)
{
	(void) work;
	if (m == 0 || n == 0)
		return;
	if (k == 0)
		memset(c, 0, (size_t) m * (size_t) n * sizeof(float));
	else
		sgemm(CBLAS_ROW_MAJOR, CBLAS_NO_TRANS, CBLAS_TRANS, m, n, k, 1, a, k, b, k, 0, c, n);
}

/* dlopen with one thread and no signals. */
static void *
open_library(void)
{
	const char *value = getenv(THREADS);
	char	   *before = value != NULL ? strdup(value) : NULL;
	void	   *library;
	sigset_t	all,
				old;

	/* the constructor reads it; children of this process are to see the old value */
	setenv(THREADS, "1", 1);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (before != NULL)
		setenv(THREADS, before, 1);
	else
		unsetenv(THREADS);
	free(before);
	return library;
}

/* A function of the library; POSIX lets a data pointer hold it. */
#define FIND(library, name, function) \
	(*(void **) &(function) = dlsym(library, name), (function) != NULL)

/* Loads it and notes its name; false if there is none that will do. */
static bool
load_openblas(char *name, size_t size)
{
	void	   *library = open_library();
	void		(*set_threads) (int n);
	char	   *(*core_name) (void);

	if (library == NULL)
		return false;
	if (!FIND(library, "cblas_sgemm", sgemm) ||
		!FIND(library, "openblas_set_num_threads", set_threads) ||
		!FIND(library, "openblas_get_corename", core_name))
	{
		dlclose(library);
		return false;
	}
	set_threads(1);
	snprintf(name, size, "OpenBLAS %s", core_name());
	return true;
}

const char *
mv_blas_init(void)
{
	static char name[64];
	const char *wish = getenv("MILVUS_BLAS");
	bool		openblas;

	if (name[0] != '\0')
		return name;
	if (wish != NULL && (strcmp(wish, "own") == 0 || strcmp(wish, "openblas") == 0))
		openblas = wish[1] == 'p';
	else
		openblas = strcmp(mv_kernels.level, "avx512") != 0;
	if (openblas && load_openblas(name, sizeof(name)))
		mv_gemm = openblas_gemm;
	else
	{
		snprintf(name, sizeof(name), "own %s", mv_kernels.level);
		mv_gemm = mv_gemm_own;
	}
	return name;
}
