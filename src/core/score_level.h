/*
 * score_level.h -- what the files of the score kernels share; for score*.c and
 * dispatch.c only.
 */
#pragma once

#include "core/dist_level.h"
#include "core/exact_fp.h"
#include "core/score.h"

/* As mv_kernels_add_<level>, for the table of scores. */
bool		mv_scores_add_plain(MvScoreKernels *table);
bool		mv_scores_add_avx2(MvScoreKernels *table);
bool		mv_scores_add_avx512(MvScoreKernels *table);

/* As in the table; what the vector levels leave over is a few codes. */
void		mv_between_plain(const void *codes, int width, int n, uint64_t low, uint64_t high,
							 uint64_t *bits);

/* The formula; the vector levels do the same operations in the same order. */
static inline int32_t
mv_points_of(float weight, float tf, float inverse)
{
	float		value = weight - weight / (1.0f + tf * inverse);
	int32_t		points = (int32_t) value;

	return points > 1 ? points : 1;
}
