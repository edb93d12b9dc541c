/*
 * dispatch.c -- choosing the kernels, and batches of distances.
 */
#include <string.h>

#include "core/code_level.h"
#include "core/dist_level.h"
#include "core/gemm_level.h"
#include "core/score_level.h"

/* Each level lies over those before it. */
static bool (*const levels[]) (MvKernels *table) = {
	mv_kernels_add_plain,
	mv_kernels_add_avx2,
	mv_kernels_add_avx512,
	mv_kernels_add_neon,
};

#define NLEVELS ((int) (sizeof(levels) / sizeof(levels[0])))

/* The same levels over the table of codes. */
static bool (*const code_levels[NLEVELS]) (MvCodeKernels *table) = {
	mv_codes_add_plain,
	mv_codes_add_avx2,
	mv_codes_add_avx512,
	mv_codes_add_neon,
};

/* And over the table of scores; the compiler does as well on AArch64. */
static bool (*const score_levels[NLEVELS]) (MvScoreKernels *table) = {
	mv_scores_add_plain,
	mv_scores_add_avx2,
	mv_scores_add_avx512,
	mv_scores_add_plain,
};

/* mv_kernels and the like are defined in *_plain.c, their initial values. */

bool
mv_kernels_init(const char *level)
{
	MvKernels	table;
	MvCodeKernels codes;
	MvScoreKernels scores;
	bool		found = false;
	int			i;

	for (i = 0; i < NLEVELS && !found; i++)
		if (levels[i](&table))
		{
			code_levels[i](&codes);
			score_levels[i](&scores);
			found = level != NULL && strcmp(table.level, level) == 0;
		}
	if (level != NULL && !found)
		return false;
	mv_kernels = table;
	mv_code_kernels = codes;
	mv_score_kernels = scores;
	mv_gemm_use(table.level);
	return true;
}

const char *const *
mv_kernel_levels(void)
{
	static const char *names[NLEVELS + 1];
	MvKernels	table;
	int			n = 0,
				i;

	for (i = 0; i < NLEVELS; i++)
		if (levels[i](&table))
			names[n++] = table.level;
	names[n] = NULL;
	return names;
}

/*
 * How far ahead rows are fetched, in bytes, and how much of a row: the CPU's
 * own prefetcher follows a row once its first lines are on the way.
 */
#define PREFETCH_AHEAD 4096
#define PREFETCH_ROW 2048
#define CACHE_LINE 64

static inline void
prefetch_row(const char *row, size_t bytes)
{
	size_t		i;

	for (i = 0; i < bytes; i += CACHE_LINE)
		__builtin_prefetch(row + i);
}

void
mv_dist_batch(MvElemKind kind, MvMetric metric, const void *query,
			  const void *const *rows, int n, int dim, float *out)
{
	MvDistFn	dist = mv_kernels.dist[kind][metric];
	size_t		bytes = (size_t) dim * mv_elem_size(kind);
	size_t		fetch = bytes < PREFETCH_ROW ? bytes : PREFETCH_ROW;
	int			ahead = (int) (PREFETCH_AHEAD / (bytes + 1)) + 1;
	int			i;

	for (i = 0; i < ahead && i < n; i++)
		prefetch_row(rows[i], fetch);
	for (i = 0; i < n; i++)
	{
		if (i + ahead < n)
			prefetch_row(rows[i + ahead], fetch);
		out[i] = (float) dist(query, rows[i], dim);
	}
}
