/*
 * test_blas.c -- the choice of OpenBLAS: by environment, with one thread, and
 * without a trace in the environment or the signal mask; its products if it is
 * installed.  Each case has a process of its own, for the choice is made once.
 */
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/dist.h"
#include "core/gemm.h"
#include "index/blas.h"
#include "unit.h"

static int
count_threads(void)
{
	char		line[256];
	int			threads = -1;
	FILE	   *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "Threads: %d", &threads);
	if (f != NULL)
		fclose(f);
	return threads;
}

static void
check_products(const char *name)
{
	static const int shapes[][3] = {{1, 1, 1}, {7, 5, 3}, {65, 300, 129}, {3, 2, 0}, {0, 4, 2}};
	void	   *work = unit_alloc(MV_GEMM_WORK);
	int			s,
				i,
				p;

	for (s = 0; s < 5; s++)
	{
		int			m = shapes[s][0],
					n = shapes[s][1],
					k = shapes[s][2];
		float	   *a = unit_alloc((size_t) (m * k) * sizeof(float)),
				   *b = unit_alloc((size_t) (n * k) * sizeof(float)),
				   *c = unit_alloc((size_t) (m * n) * sizeof(float));

		for (i = 0; i < m * k; i++)
			a[i] = (float) unit_random_real();
		for (i = 0; i < n * k; i++)
			b[i] = (float) unit_random_real();
		for (i = 0; i < m * n; i++)
			c[i] = NAN;
		mv_gemm(m, n, k, a, b, c, work);
		for (i = 0; i < m * n; i++)
		{
			double		sum = 0;

			for (p = 0; p < k; p++)
				sum += (double) a[i / n * k + p] * b[i % n * k + p];
			CHECK(fabs(sum - c[i]) < 1e-5 * (k + 1), "%s: %dx%dx%d: product %d is %g, not %g",
				  name, m, n, k, i, c[i], sum);
		}
		free(a);
		free(b);
		free(c);
	}
	free(work);
}

static void
check_choice(const char *wish, const char *level, const char *threads)
{
	const char *name;
	sigset_t	before,
				after;
	bool		own;
	int			i;

	mv_kernels_init(level);
	if (wish != NULL)
		setenv("MILVUS_BLAS", wish, 1);
	else
		unsetenv("MILVUS_BLAS");
	if (threads != NULL)
		setenv("OPENBLAS_NUM_THREADS", threads, 1);
	else
		unsetenv("OPENBLAS_NUM_THREADS");
	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	sigprocmask(SIG_SETMASK, &before, NULL);
	name = mv_blas_init();
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (i = 1; i < 32; i++)
		CHECK(sigismember(&after, i) == (i == SIGUSR2), "signal %d: the mask has changed", i);
	CHECK(threads == NULL ? getenv("OPENBLAS_NUM_THREADS") == NULL :
		  strcmp(getenv("OPENBLAS_NUM_THREADS"), threads) == 0, "the environment has changed");
	own = mv_gemm == mv_gemm_own;
	CHECK(strncmp(name, own ? "own " : "OpenBLAS ", own ? 4 : 9) == 0, "%s is in use", name);
	if (wish != NULL && strcmp(wish, "own") == 0)
		CHECK(own, "own kernel asked for, %s used", name);
	if (wish == NULL && strcmp(mv_kernels.level, "avx512") == 0)
		CHECK(own, "%s used beside avx512", name);
	CHECK(mv_blas_init() == name, "the second call says otherwise");
	check_products(name);
	CHECK(count_threads() == 1, "%s: %d threads", name, count_threads());
}

/* The counts of the child come back through a pipe. */
static void
in_child(const char *wish, const char *level, const char *threads)
{
	long		counts[2] = {0, 0};
	int			ends[2],
				status = 0;
	pid_t		pid;

	if (pipe(ends) != 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0)
	{
		unit_passed = unit_failed = 0;
		check_choice(wish, level, threads);
		counts[0] = unit_passed;
		counts[1] = unit_failed;
		_exit(write(ends[1], counts, sizeof(counts)) != sizeof(counts));
	}
	close(ends[1]);
	CHECK(read(ends[0], counts, sizeof(counts)) == sizeof(counts) &&
		  waitpid(pid, &status, 0) == pid && status == 0, "child ended with status %d", status);
	close(ends[0]);
	unit_passed += counts[0];
	unit_failed += counts[1];
}

int
main(void)
{
	in_child("own", NULL, NULL);
	in_child("openblas", NULL, NULL);
	in_child("openblas", "plain", "7");
	in_child("neither", NULL, NULL);
	in_child(NULL, NULL, "3");
	in_child(NULL, "plain", NULL);
	return unit_result("blas");
}
