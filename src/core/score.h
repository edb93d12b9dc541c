/*
 * score.h -- BM25: the formula, its arithmetic, and the kernels over postings.
 *
 * Lucene's formula: a term that occurs tf times in a text of length len gives
 *
 *	w * tf / (tf + norm),  w = boost * idf,  norm = k1 * (1 - b + b * len / average)
 *
 * computed as w - w / (1 + tf / norm), which no rounding makes other than
 * monotonic: the value of (tf, len) bounds that of every smaller tf and greater
 * len.  As in Lucene since version 8 there is no factor k1 + 1, which is the
 * same for all and changes no order.  len is rounded to what a byte holds (bm25.h).
 *
 * Scores are whole numbers of points.  The weights of a query are multiplied
 * by a power of two that makes the best imaginable score about 2^30 points, and
 * what a term gives is truncated to whole points, at least 1.  So the sum is the
 * same in any order and on every level, a bound of points is a bound, and a
 * document without points matches no term.
 */
#pragma once

#include "core/core.h"

#define MV_SCORE_BITS 30		/* of the greatest score */
#define MV_WINDOW 4096			/* documents whose points are added up together */
#define MV_WINDOW_SLACK 16		/* elements kernels may write beyond what they return */

/* idf of a term that df of n documents have, df <= n. */
float		mv_score_idf(double n, double df);

/*
 * mv_score_inverse -- 1 / norm for every length code.
 *
 * average	length of the texts of the field; if not above 0, there are none
 */
void		mv_score_inverse(float k1, float b, double average, float inverse[256]);

/*
 * mv_score_scale -- the power of two by which the weights of a query, [n], not
 * negative, are multiplied.
 */
int			mv_score_scale(const float *weights, int n);

/* The score of so many points. */
double		mv_score_of_points(int64_t points, int scale);

/* What one term gives. */
typedef struct MvTermScore
{
	float		weight;			/* scaled */
	const float *inverse;		/* [256] of its field */
} MvTermScore;

/* tf > 0; a phrase has parts of an occurrence. */
int32_t		mv_score_points(const MvTermScore *term, float tf, uint8_t length);

/*
 * Kernels; mv_kernels_init() of dist.h fills the table.  All give the same
 * numbers on every level.
 */
typedef struct MvScoreKernels
{
	/*
	 * points[i] of document docs[i], whose length byte is lengths[docs[i] - base].
	 * Three bytes behind the last of these lengths can be read.
	 */
	void		(*score) (const MvTermScore *term, const uint32_t *docs, const uint32_t *tfs, int n,
						  const uint8_t *lengths, uint32_t base, int32_t *points);

	/*
	 * The documents of a window with at least floor points, floor > 0, in
	 * order; window[MV_WINDOW] is zero afterwards.  Returns their number.
	 *
	 * wanted		[MV_WINDOW / 64], a bit for each document; NULL: all are wanted
	 * docs, points	[MV_WINDOW + MV_WINDOW_SLACK]; docs count from base
	 */
	int			(*collect) (int32_t *window, const uint64_t *wanted, int32_t floor, uint32_t base,
							uint32_t *docs, int32_t *points);

	/*
	 * Bit i of bits: low <= codes[i] <= high, for i < n; those above n in its last word are 0.
	 * Codes are unsigned numbers of width bytes: 1, 2, 4 or 8.
	 */
	void		(*between) (const void *codes, int width, int n, uint64_t low, uint64_t high,
							uint64_t *bits);

	/* Keeps those with at least floor points; returns their number.  Both [n + MV_WINDOW_SLACK]. */
	int			(*keep) (uint32_t *docs, int32_t *points, int n, int32_t floor);
} MvScoreKernels;

extern MvScoreKernels mv_score_kernels;
