/*
 * score_plain.c -- score kernels for every CPU.
 */
#include "core/score_level.h"

static void
score(const MvTermScore *term, const uint32_t *docs, const uint32_t *tfs, int n,
	  const uint8_t *lengths, uint32_t base, int32_t *points)
{
	int			i;

	for (i = 0; i < n; i++)
		points[i] = mv_points_of(term->weight, (float) (int32_t) tfs[i],
								 term->inverse[lengths[docs[i] - base]]);
}

static int
collect(int32_t *window, const uint64_t *wanted, int32_t floor, uint32_t base, uint32_t *docs,
		int32_t *points)
{
	int			n = 0,
				i;

	for (i = 0; i < MV_WINDOW; i++)
	{
		docs[n] = base + (uint32_t) i;
		points[n] = window[i];
		n += window[i] >= floor && (wanted == NULL || (wanted[i / 64] >> i % 64 & 1));
		window[i] = 0;
	}
	return n;
}

static int
keep(uint32_t *docs, int32_t *points, int n, int32_t floor)
{
	int			kept = 0,
				i;

	for (i = 0; i < n; i++)
	{
		docs[kept] = docs[i];
		points[kept] = points[i];
		kept += points[kept] >= floor;
	}
	return kept;
}

#define BETWEEN(type) \
	do \
	{ \
		const type *code = codes; \
		int			i, \
					j; \
		for (i = 0; i < n; i += 64) \
		{ \
			uint64_t	word = 0; \
			for (j = 0; j < 64 && i + j < n; j++) \
				word |= (uint64_t) (code[i + j] >= low && code[i + j] <= high) << j; \
			bits[i / 64] = word; \
		} \
	} while (0)

void
mv_between_plain(const void *codes, int width, int n, uint64_t low, uint64_t high, uint64_t *bits)
{
	if (width == 1)
		BETWEEN(uint8_t);
	else if (width == 2)
		BETWEEN(uint16_t);
	else if (width == 4)
		BETWEEN(uint32_t);
	else
		BETWEEN(uint64_t);
}

#define PLAIN_KERNELS \
	{ \
		.score = score, \
		.collect = collect, \
		.between = mv_between_plain, \
		.keep = keep, \
	}

/* Here for its initial value is this level. */
MvScoreKernels mv_score_kernels = PLAIN_KERNELS;

bool
mv_scores_add_plain(MvScoreKernels *table)
{
	static const MvScoreKernels plain = PLAIN_KERNELS;

	*table = plain;
	return true;
}
