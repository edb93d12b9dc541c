/*
 * score.c -- BM25: weights, lengths and points.
 */
#include <math.h>

#include "core/bm25.h"
#include "core/score_level.h"

float
mv_score_idf(double n, double df)
{
	return (float) log(1 + (n - df + 0.5) / (df + 0.5));
}

void
mv_score_inverse(float k1, float b, double average, float inverse[256])
{
	float		mean = average > 0 ? (float) average : 1;
	int			i;

	for (i = 0; i < 256; i++)
		inverse[i] = 1 / (k1 * ((1 - b) + b * (float) mv_length_of((uint8_t) i) / mean));
}

int
mv_score_scale(const float *weights, int n)
{
	double		sum = 0;
	int			exponent = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += weights[i];
	/* sum < 2^exponent */
	frexp(sum, &exponent);
	return MV_SCORE_BITS - exponent;
}

double
mv_score_of_points(int64_t points, int scale)
{
	return ldexp((double) points, -scale);
}

int32_t
mv_score_points(const MvTermScore *term, float tf, uint8_t length)
{
	return mv_points_of(term->weight, tf, term->inverse[length]);
}
