/*
 * rabitq.c -- codes, factors, quantised queries, and estimates from rows.
 *
 * Factors and estimates are computed in double from the kernels' f32 sums,
 * without fused operations (code_level.h), so they are the same everywhere.
 */
#include "core/rabitq.h"

#include <math.h>

#include "core/code_level.h"

/*
 * Per bit count, for Gaussian coordinates: step of the grid in standard
 * deviations; root mean square of y; and sqrt(mean(y^2) * (1 - rho^2)), the
 * part of y across r, which is smaller by the last over dim (measured): of few
 * coordinates of a given length fewer are beyond the grid.
 */
static const float grid_step[] = { 0,		1.596f,	 0.9957f, 0.586f, 0.3352f,
								   0.1881f, 0.1041f, 0.0569f, 0.0308f };
static const float y_rms[] = { 0,		 0.5f,	   0.94276f,  1.67422f, 2.96603f,
							   5.30699f, 9.60119f, 17.57206f, 32.46617f };
static const float y_across[] = { 0,		0.30141f, 0.32501f, 0.32395f, 0.31866f,
								  0.31375f, 0.30964f, 0.30655f, 0.30402f };
static const float y_across_less[] = {0, 0.5f, 1.2f, 2.1f, 2.8f, 3.1f, 3.3f, 3.4f, 3.4f};

/* ---- encoding ---- */

/* A bit from each of 64 bytes of 0 or 1. */
static uint64_t
gather_bits(const uint8_t *bytes)
{
	uint64_t	word = 0;
	int			i;

	for (i = 0; i < 64; i += 8)
	{
		uint64_t	x;

		memcpy(&x, bytes + i, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		x = __builtin_bswap64(x);
#endif
		word |= (x * 0x0102040810204080u >> 56) << i;
	}
	return word;
}

/* x_u[n] of a chunk to its place in the code. */
static void
pack(MvCodeForm form, const uint8_t *x_u, int n, uint8_t *code)
{
	int			at,
				group,
				i;

	if (form == MV_CODE_8)
		memcpy(code, x_u, (size_t) n);
	else if (form == MV_CODE_1)
		for (at = 0; at < n; at += 64)
		{
			uint64_t	word = gather_bits(x_u + at);

			memcpy(code + at / 8, &word, sizeof(word));
		}
	else
		for (at = 0; at < n; at += group)
		{
			group = mv_code_group(at, n);
			for (i = 0; i < group / 2; i++)
				code[at / 2 + i] = (uint8_t) (x_u[at + i] | x_u[at + group / 2 + i] << 4);
		}
}

/* Sums over all chunks. */
typedef struct Sums
{
	double		rr,
				rc,
				ry,
				cy,
				yy;
} Sums;

static void
factors_of(const MvRabitqFormat *format, const Sums *s, MvRabitqFactors *f)
{
	double		l2 = format->metric == MV_L2SQ ? 2 : 1;
	double		base = format->metric == MV_L2SQ ? s->rr : -s->rc;
	double		across;

	f->add = (float) base;
	f->rescale = f->err = 0;
	if (!(s->ry > 0))
		return;
	across = s->rr * s->yy / (s->ry * s->ry) - 1;
	f->add = (float) (base + l2 * s->rr * s->cy / s->ry);
	f->rescale = (float) (-l2 * s->rr / s->ry);
	if (across > 0)
		f->err = (float) (l2 * sqrt(s->rr) * MV_RABITQ_EPSILON * sqrt(across / (format->dim - 1)));
}

#define CHUNK_OF(p, at) ((p) == NULL ? NULL : (p) + (at))

void
mv_rabitq_encode(const MvRabitqFormat *format, const float *o, const float *c,
				 void *code, MvRabitqFactors *factors)
{
	const float *mean = format->metric == MV_IP ? format->mean : NULL;
	MvCodeForm	form = mv_code_form(format->bits);
	Sums		sums = {0, 0, 0, 0, 0};
	MvCodeSums	part;
	uint8_t		x_u[MV_QUANTISE_CHUNK];
	float		scale;
	int			at,
				n;

#define FOR_CHUNKS                                                                                 \
	for (at = 0;                                                                                   \
		 n = format->dim - at < MV_QUANTISE_CHUNK ? format->dim - at : MV_QUANTISE_CHUNK, n > 0;   \
		 at += n)
	FOR_CHUNKS
	{
		mv_code_kernels.residual(o + at, CHUNK_OF(c, at), CHUNK_OF(mean, at), n, &part);
		sums.rr += part.rr;
		sums.rc += part.rc;
	}
	scale = sums.rr > 0 ? (float) (sqrt(format->dim / sums.rr) / grid_step[format->bits]) : 0;
	FOR_CHUNKS
	{
		mv_code_kernels.quantise(o + at, CHUNK_OF(c, at), n, format->bits, scale, x_u, &part);
		sums.ry += part.ry;
		sums.cy += part.cy;
		sums.yy += part.yy;
		pack(form, x_u, n, (uint8_t *) code + mv_code_size(format->bits, at));
	}
#undef FOR_CHUNKS
	factors_of(format, &sums, factors);
}

void
mv_rabitq_encode_row(const MvRabitqFormat *format, const float *o, const float *c, void *row)
{
	MvRabitqFactors f;
	char	   *behind = (char *) row + mv_code_size(format->bits, format->dim);

	mv_rabitq_encode(format, o, c, row, &f);
	memcpy(behind, &f.add, sizeof(float));
	memcpy(behind + sizeof(float), &f.rescale, sizeof(float));
}

/* ---- queries ---- */

void
mv_rabitq_center(const MvRabitqFormat *format, const float *q, const float *c,
				 float *g_add, float *g_dist)
{
	MvDistFn	ip = mv_kernels.dist[MV_F32][MV_IP];
	const float *m = format->mean;
	double		rr = 0,
				product = 0;
	int			dim = format->dim,
				i;

	if (c != NULL)
		rr = mv_kernels.dist[MV_F32][MV_L2SQ](q, c, dim);
	else
		for (i = 0; i < dim; i++)
			rr += (double) q[i] * q[i];
	*g_dist = (float) sqrt(rr);
	*g_add = (float) rr;
	if (format->metric == MV_L2SQ)
		return;

	/* <q + m, c + m> */
	if (c != NULL)
		product += ip(q, c, dim);
	if (m != NULL)
		product += ip(q, m, dim) + ip(m, m, dim);
	if (c != NULL && m != NULL)
		product += ip(c, m, dim);
	*g_add = (float) -product;
}

size_t
mv_rabitq_query_size(int dim)
{
	/* Aligned to cache lines: a table entry of each group, int8, int16. */
	return (size_t) dim * (4 + 1 + 2) + 64;
}

/* Vectors that every CPU has. */
typedef float v4f __attribute__((vector_size(16)));
typedef float v4f_memory __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t v4i __attribute__((vector_size(16)));

/* Largest magnitude, and the sum. */
static float
largest_of(const float *q, int dim, float *sum)
{
	v4f			total = {0},
				most = {0};
	float		largest = 0;
	double		all = 0;
	int			i;

	for (i = 0; i < dim; i += 4)
	{
		v4f			x = *(const v4f_memory *) (q + i);
		v4f			magnitude = (v4f) ((v4i) x & INT32_MAX);
		v4i			more = (v4i) (magnitude > most);

		most = (v4f) (((v4i) magnitude & more) | ((v4i) most & ~more));
		total += x;
	}
	for (i = 0; i < 4; i++)
	{
		largest = most[i] > largest ? most[i] : largest;
		all += total[i];
	}
	*sum = (float) all;
	return largest;
}

/*
 * Steps of the widest group's 63rd, whose rounding adds less than half a percent to the
 * variance that the code has; what the entries leave out is the bias.
 */
static void
fill_lut(MvRabitqQuery *query, const float *q, uint8_t *lut)
{
	float		widest = 0;
	double		bias = 0;
	int			i;

	for (i = 0; i < query->dim; i += 4)
	{
		float		least = mv_group_least(q + i);
		float		width = mv_group_most(q + i) - least;

		widest = width > widest ? width : widest;
		bias += least;
	}
	mv_code_kernels.fill_lut(q, query->dim, widest > 0 ? MV_LUT_MOST / widest : 0, lut);
	query->lut = lut;
	query->step[MV_CODE_BLOCK] = widest / MV_LUT_MOST;
	query->lut_bias = (float) bias;
}

/* Nearest integer, half to even, for |x| < 2^22. */
#define round_to_int(x) __builtin_convertvector(((x) + 12582912.0f) - 12582912.0f, v4i)

/* out[64] = x[64] * scale, rounded; returns their sum. */
static int32_t
round_64(const float *x, float scale, int32_t *out)
{
	v4i			sum = {0};
	int			i;

	for (i = 0; i < 64; i += 4)
	{
		v4i			n = round_to_int(*(const v4f_memory *) (x + i) * scale);

		memcpy(out + i, &n, sizeof(n));
		sum += n;
	}
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* q in steps of a 127th and of a 32767th of its largest element. */
static void
fill_integers(MvRabitqQuery *query, const float *q, float largest, int8_t *q8, int16_t *q16)
{
	float		scale8 = largest > 0 ? 127 / largest : 0,
				scale16 = largest > 0 ? 32767 / largest : 0;
	double		sum8 = 0,
				sum16 = 0;
	int32_t		n[64];
	int			i,
				j;

	for (i = 0; i < query->dim; i += 64)
	{
		sum8 += round_64(q + i, scale8, n);
		for (j = 0; j < 64; j++)
			q8[i + j] = (int8_t) n[j];
		sum16 += round_64(q + i, scale16, n);
		for (j = 0; j < 64; j++)
			q16[i + j] = (int16_t) n[j];
	}
	query->q8 = q8;
	query->q16 = q16;
	query->step[MV_CODE_1] = query->step[MV_CODE_4] = largest / 127;
	query->step[MV_CODE_8] = largest / 32767;
	query->sum[MV_CODE_1] = query->sum[MV_CODE_4] = (float) (sum8 * query->step[MV_CODE_1]);
	query->sum[MV_CODE_8] = (float) (sum16 * query->step[MV_CODE_8]);
}

void
mv_rabitq_query_init(MvRabitqQuery *query, const float *q, int dim, void *memory)
{
	uint8_t    *at = (uint8_t *) (((uintptr_t) memory + 63) & ~(uintptr_t) 63);
	float		largest;

	memset(query, 0, sizeof(*query));
	query->dim = dim;
	largest = largest_of(q, dim, &query->sum[MV_CODE_BLOCK]);
	fill_lut(query, q, at);
	fill_integers(query, q, largest, (int8_t *) at + 4 * dim, (int16_t *) (at + 5 * dim));
}

void
mv_rabitq_scan_init(MvRabitqScan *scan, const MvRabitqQuery *query,
					MvCodeForm form, int bits, float epsilon)
{
	double		dim = query->dim;
	double		step = query->step[form];
	double		sigma2 = step * step / 12;	/* of one rounding */
	double		across = epsilon * y_across[bits] * (1 - y_across_less[bits] / dim);

	memset(scan, 0, sizeof(*scan));
	scan->query = query;
	scan->form = form;
	scan->terms.delta = query->step[form];
	scan->terms.bias = (float) (-0.5 * ((1 << bits) - 1) * query->sum[form] +
								(form == MV_CODE_BLOCK ? query->lut_bias : 0));
	scan->code_var = (float) (across * across * dim / (dim - 1));

	/* A rounding per group, or one per dimension times the y there. */
	sigma2 *= form == MV_CODE_BLOCK ? dim / 4 : dim * y_rms[bits] * y_rms[bits];
	scan->query_var = (float) (epsilon * epsilon * sigma2);
}

void
mv_rabitq_scan_center(MvRabitqScan *scan, float g_add, float g_dist)
{
	scan->terms.g_add = g_add;
	scan->terms.err = sqrtf(scan->code_var * g_dist * g_dist + scan->query_var);
}

/* ---- rows ---- */

/* How far ahead rows are fetched, and how much of one; see mv_dist_batch. */
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

/* Rows whose sums are computed together. */
#define ROWS 8

void
mv_rabitq_rows(const MvRabitqScan *scan, const void *const *rows, int n, float *est, float *low)
{
	static const unsigned char eighths[MV_ROW_FORMS] = {1, 4, 8};
	const MvRabitqQuery *query = scan->query;
	MvCodeSumsFn sums = mv_code_kernels.sums[scan->form];
	const void *q = scan->form == MV_CODE_8 ? (const void *) query->q16 : query->q8;
	size_t		size = (size_t) query->dim / 8 * eighths[scan->form];
	size_t		fetch = size < PREFETCH_ROW ? size + 2 * sizeof(float) : PREFETCH_ROW;
	int			ahead = (int) (PREFETCH_AHEAD / size) + ROWS;
	int			fetched = 0,
				i,
				k;

	for (i = 0; i < n; i += ROWS)
	{
		int			m = n - i < ROWS ? n - i : ROWS;
		int64_t		sum[ROWS];

		for (; fetched < n && fetched < i + ahead; fetched++)
			prefetch_row(rows[fetched], fetch);
		sums(rows + i, m, q, query->dim, sum);
		for (k = 0; k < m; k++)
		{
			double		ip = (double) sum[k] * scan->terms.delta + scan->terms.bias;
			float		f[2];

			memcpy(f, (const char *) rows[i + k] + size, sizeof(f));
			est[i + k] = (float) (f[0] + scan->terms.g_add + f[1] * ip);
			if (low != NULL)
				low[i + k] = est[i + k] - fabsf(f[1]) * scan->terms.err;
		}
	}
}
