/*
 * rabitq.h -- RaBitQ codes of 1 to 8 bits a dimension, and distances from them.
 *
 * Everything here is rotated (rotate.h) and of the padded dimension.  A vector
 * o is coded relative to a center c: the code holds the direction of r = o - c,
 * two factors the rest.  For a query q
 *
 *	est = (add + g_add) + rescale * <y, q>		y: the half-integers of the code
 *	low = est - |rescale| * err, high = est + |rescale| * err
 *
 * g_add and err belong to the query and the center, <y, q> comes from integer
 * sums, for which the query is quantised once, whatever the centers.  The true
 * value is below low with a probability of some 3 % at MV_RABITQ_EPSILON, and
 * above high with the same.
 *
 * Values are squared L2 distances, or negated inner products.  Cosine: make
 * the vectors unit length and use MV_L2SQ; the cosine distance is half of it.
 * So the bound needs no norm, and lists and graphs are those of L2.
 *
 * A global mean is taken away before rotation from rows and queries alike
 * (mv_rotate).  L2 knows nothing of it.  For MV_IP the format holds the
 * rotated mean, and the results are those of the vectors as they were.
 *
 * Source: Gao et al., "RaBitQ" (SIGMOD 2024) and "Practical and asymptotically
 * optimal quantization" (SIGMOD 2025); differences in the README.
 */
#pragma once

#include "core/code.h"

#define MV_RABITQ_MAX_BITS 8
#define MV_RABITQ_EPSILON 1.9f	/* half width of [low, high] in standard deviations */

/* How vectors become codes; the same for a whole index. */
typedef struct MvRabitqFormat
{
	MvMetric	metric;			/* MV_L2SQ or MV_IP */
	int			bits;			/* 1 .. 8 */
	int			dim;			/* padded */
	const float *mean; /* MV_IP: the rotated global mean taken away, or NULL; L2: ignored */
} MvRabitqFormat;

typedef struct MvRabitqFactors
{
	float		add,
				rescale,		/* <= 0; 0 if o = c, and est is exact */
				err;			/* of this code: half width per |q - c| at MV_RABITQ_EPSILON */
} MvRabitqFactors;

/* Form of a row of codes of that many bits. */
static inline MvCodeForm
mv_code_form(int bits)
{
	return bits == 1 ? MV_CODE_1 : bits <= 4 ? MV_CODE_4 : MV_CODE_8;
}

/* Bytes of a row: the code; and the code with add and rescale behind it. */
static inline size_t
mv_code_size(int bits, int dim)
{
	static const unsigned char eighths[MV_ROW_FORMS] = {1, 4, 8};

	return (size_t) dim / 8 * eighths[mv_code_form(bits)];
}

static inline size_t
mv_code_row_size(int bits, int dim)
{
	return mv_code_size(bits, dim) + 2 * sizeof(float);
}

/*
 * mv_rabitq_encode -- code and factors of o.
 *
 * o		float[dim], rotated, finite, |o - c| below 1e18
 * c		float[dim], the center in the same space, or NULL for the origin,
 *			which is the global mean if one was taken away
 * code		out: mv_code_size() bytes, as its form says; any alignment
 *
 * The same bits on every machine.  The scale is the constant one.
 */
void		mv_rabitq_encode(const MvRabitqFormat *format, const float *o, const float *c,
							 void *code, MvRabitqFactors *factors);

/* mv_rabitq_encode_row -- the same; add and rescale are written behind the code. */
void mv_rabitq_encode_row(const MvRabitqFormat *format, const float *o, const float *c, void *row);

/*
 * mv_rabitq_center -- what an estimate needs to know of the query and a center.
 *
 * q		float[dim], rotated, with the global mean taken away
 * g_add	out: |q - c|^2, or -<q, c> of the vectors as they were
 * g_dist	out: |q - c|
 */
void		mv_rabitq_center(const MvRabitqFormat *format, const float *q, const float *c,
							 float *g_add, float *g_dist);

/* A quantised query: serves every form, bit count and center. */
typedef struct MvRabitqQuery
{
	int			dim;
	const uint8_t *lut;			/* [dim / 4][16] for MV_CODE_BLOCK */
	const int8_t *q8;			/* [dim] for MV_CODE_1 and MV_CODE_4 */
	const int16_t *q16;			/* [dim] for MV_CODE_8 */
	float		step[MV_CODE_FORMS];	/* of the numbers above */
	float		sum[MV_CODE_FORMS]; /* of the query's elements, as those numbers have it */
	float		lut_bias;		/* what entries leave out, all groups */
} MvRabitqQuery;

/* Bytes that mv_rabitq_query_init() wants. */
size_t		mv_rabitq_query_size(int dim);

/*
 * mv_rabitq_query_init -- quantise a query.
 *
 * q		float[dim], rotated, finite; not needed afterwards
 * memory	mv_rabitq_query_size(dim) bytes, any alignment; must outlive *query
 */
void		mv_rabitq_query_init(MvRabitqQuery *query, const float *q, int dim, void *memory);

/* A pass of a query over codes of one form and bit count. */
typedef struct MvRabitqScan
{
	const MvRabitqQuery *query;
	MvCodeForm	form;
	MvRabitqTerms terms;
	float		code_var,		/* of <y, q> by the code, per |q - c|^2 and epsilon^2 */
				query_var;		/* by the query's quantisation */
} MvRabitqScan;

/*
 * mv_rabitq_scan_init -- choose the form: MV_CODE_BLOCK (bits is 1) or
 * mv_code_form(bits).  epsilon: MV_RABITQ_EPSILON, 0 for no bound.
 */
void		mv_rabitq_scan_init(MvRabitqScan *scan, const MvRabitqQuery *query,
								MvCodeForm form, int bits, float epsilon);

/* mv_rabitq_scan_center -- codes that follow are of this center; a few ns. */
void		mv_rabitq_scan_center(MvRabitqScan *scan, float g_add, float g_dist);

/*
 * mv_rabitq_rows -- estimates and lower bounds of n rows.
 *
 * rows		each as written by mv_rabitq_encode_row(), anywhere, any alignment;
 *			those ahead are prefetched
 * low		may be NULL
 */
void		mv_rabitq_rows(const MvRabitqScan *scan, const void *const *rows, int n,
						   float *est, float *low);
