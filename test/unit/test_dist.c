/*
 * test_dist.c -- every distance kernel of every level against an oracle.
 *
 * The oracle sums in double from the stored bits with its own conversions; it
 * shares nothing with src/core but the enums.  Each vector ends where its
 * malloc block ends and begins aligned to its element only; a second pass ends
 * it at an unreadable page, which catches masked loads too.
 */
#define _DEFAULT_SOURCE

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/dist.h"
#include "core/half.h"
#include "unit.h"

static const char *const kind_names[] = {"f32", "f16", "bf16", "i8"};
static const char *const metric_names[] = {"l2sq", "ip", "cosine", "l1"};

/* What the elements of a test vector look like. */
typedef enum Data
{
	UNIFORM,					/* reals in [-1, 1); all values of int8 */
	CONSTANT,					/* the same value everywhere: rounding errors add up */
	EXTREME,					/* int8: -128 and 127; floats: magnitudes far apart */
	SUBNORMAL,
	ZERO,
	DATA_KINDS
} Data;

/* ---- oracle ---- */

static double
slow_f16(uint16_t h)
{
	double		mantissa = h & 0x3ff;
	int			exponent = h >> 10 & 31;
	double		sign = h & 0x8000 ? -1 : 1;

	if (exponent == 31)
		return mantissa != 0 ? NAN : sign * INFINITY;
	if (exponent == 0)
		return sign * ldexp(mantissa, -24);
	return sign * ldexp(1024 + mantissa, exponent - 25);
}

static double
slow_bf16(uint16_t h)
{
	double		mantissa = h & 0x7f;
	int			exponent = h >> 7 & 255;
	double		sign = h & 0x8000 ? -1 : 1;

	if (exponent == 255)
		return mantissa != 0 ? NAN : sign * INFINITY;
	if (exponent == 0)
		return sign * ldexp(mantissa, -133);
	return sign * ldexp(128 + mantissa, exponent - 134);
}

static double
element(MvElemKind kind, const void *v, int i)
{
	uint16_t	h;
	float		f;

	switch (kind)
	{
		case MV_F32:
			memcpy(&f, (const char *) v + 4 * i, 4);
			return f;
		case MV_I8:
			return ((const int8_t *) v)[i];
		default:
			memcpy(&h, (const char *) v + 2 * i, 2);
			return kind == MV_F16 ? slow_f16(h) : slow_bf16(h);
	}
}

/* The distance, and in *bound how far off a kernel may be. */
static double
oracle(MvElemKind kind, MvMetric metric, const void *a, const void *b, int dim, double *bound)
{
	double		sum = 0,
				magnitude = 0,
				aa = 0,
				bb = 0;
	int			i;

	for (i = 0; i < dim; i++)
	{
		double		x = element(kind, a, i);
		double		y = element(kind, b, i);
		double		term = metric == MV_L2SQ ? (x - y) * (x - y) :
			metric == MV_L1 ? fabs(x - y) : x * y;

		sum += term;
		magnitude += fabs(term);
		aa += x * x;
		bb += y * y;
	}

	/* A term below 2^-126 has a unit of 2^-149 and loses half of it. */
	*bound = kind == MV_I8 ? 0 : 1e-6 * magnitude + dim * 0x1p-149;
	if (metric != MV_COSINE)
		return sum;

	/*
	 * dot is off by 1e-6 of its magnitude, at most |a| |b|; each norm by 1e-6
	 * relative, half of it under the root.
	 */
	*bound = kind == MV_I8 ? 0 : 1e-6 * (magnitude / sqrt(aa * bb) + fabs(sum) / sqrt(aa * bb));
	sum /= sqrt(aa * bb);
	return 1 - (sum > 1 ? 1 : sum < -1 ? -1 : sum);
}

/* ---- dense kernels ---- */

static void
store(MvElemKind kind, void *v, int i, double x)
{
	float		f = (float) x;
	uint16_t	h = kind == MV_F16 ? mv_f16_from_f32(f) : mv_bf16_from_f32(f);

	if (kind == MV_F32)
		memcpy((char *) v + 4 * i, &f, 4);
	else if (kind == MV_I8)
		((int8_t *) v)[i] = (int8_t) x;
	else
		memcpy((char *) v + 2 * i, &h, 2);
}

static void
fill(MvElemKind kind, Data data, void *v, int dim, double constant)
{
	static const double smallest[] = {0x1p-149, 0x1p-24, 0x1p-133, 1};
	int			i;

	for (i = 0; i < dim; i++)
	{
		double		r = unit_random_real();
		double		x = 0;

		if (data == UNIFORM)
			x = kind == MV_I8 ? floor(r * 128) : r;
		else if (data == CONSTANT)
			x = kind == MV_I8 ? floor(constant * 128) : constant;
		else if (data == EXTREME && kind == MV_I8)
			x = r < 0 ? -128 : 127;
		else if (data == EXTREME)
			x = r * ldexp(1, (int) (unit_random() % 29) - 14);
		else if (data == SUBNORMAL)
			x = floor(r * 128) * smallest[kind];
		store(kind, v, i, x);
	}
}

static void
check_pair(MvElemKind kind, Data data, const void *a, const void *b, int dim)
{
	int			m;

	for (m = 0; m < MV_METRICS; m++)
	{
		double		bound;
		double		want = oracle(kind, (MvMetric) m, a, b, dim, &bound);
		double		got = mv_kernels.dist[kind][m] (a, b, dim);
		int			same = isnan(want) ? isnan(got) : fabs(got - want) <= bound;

		/* Squares of subnormal f32 and bf16 are zero in f32. */
		if (m == MV_COSINE && data == SUBNORMAL && isnan(got) &&
			(kind == MV_F32 || kind == MV_BF16))
			same = 1;
		CHECK(same, "%s %s %s data %d dim %d: %.17g, not %.17g +- %g", mv_kernels.level,
			  kind_names[kind], metric_names[m], data, dim, got, want, bound);
	}
}

/* A vector at the very end of its block, aligned to its element only. */
static void
check_dim(MvElemKind kind, Data data, int dim)
{
	size_t		bytes = (size_t) dim * mv_elem_size(kind);
	size_t		shift = mv_elem_size(kind) * (1 + unit_random() % 15);
	char	   *a = unit_alloc(shift + bytes);
	char	   *b = unit_alloc(bytes);

	fill(kind, data, a + shift, dim, 0.1);
	fill(kind, data, b, dim, data == CONSTANT ? -0.7 : 0);
	check_pair(kind, data, a + shift, b, dim);
	check_pair(kind, data, a + shift, a + shift, dim);
	if (data == UNIFORM)
	{
		fill(kind, ZERO, b, dim, 0);
		check_pair(kind, data, a + shift, b, dim);
	}
	free(a);
	free(b);
}

static void
test_dense(void)
{
	static const int large[] = {255, 256, 257, 768, 1000, 1023, 1024, 1025, 1536, 16000};
	int			kind,
				data,
				dim;

	for (kind = 0; kind < MV_ELEM_KINDS; kind++)
		for (data = 0; data < DATA_KINDS; data++)
		{
			for (dim = 0; dim <= 130; dim++)
				check_dim((MvElemKind) kind, (Data) data, dim);
			for (dim = 0; dim < (int) (sizeof(large) / sizeof(large[0])); dim++)
				check_dim((MvElemKind) kind, (Data) data, large[dim]);
		}
}

/* All of int8 at its largest: 16000 * 255^2 still fits. */
static void
test_i8_limits(void)
{
	int8_t	   *low = unit_alloc(MV_MAX_DIM);
	int8_t	   *high = unit_alloc(MV_MAX_DIM);

	memset(low, -128, MV_MAX_DIM);
	memset(high, 127, MV_MAX_DIM);
	check_pair(MV_I8, EXTREME, low, high, MV_MAX_DIM);
	check_pair(MV_I8, EXTREME, high, low, MV_MAX_DIM);
	check_pair(MV_I8, EXTREME, low, low, MV_MAX_DIM);
	check_pair(MV_I8, EXTREME, high, high, MV_MAX_DIM);
	free(low);
	free(high);
}

/* Small integers are exact at every level; overflow is inf. */
static void
test_exact(void)
{
	static const float a[] = {1, 2, 3, -4, 5, 6, 7, 8};
	static const float b[] = {4, 0, -3, 2, 5, 1, 9, -8};
	static const float big[] = {3e38f, 3e38f};
	static const float minus[] = {-3e38f, -3e38f};
	MvDistFn   *f = mv_kernels.dist[MV_F32];
	int			dim;

	for (dim = 1; dim <= 8; dim++)
	{
		double		bound;
		int			m;

		for (m = 0; m < MV_METRICS; m++)
			if (m != MV_COSINE)
				CHECK(f[m](a, b, dim) == oracle(MV_F32, (MvMetric) m, a, b, dim, &bound),
					  "%s %s of small integers", mv_kernels.level, metric_names[m]);
	}
	CHECK(f[MV_COSINE](a, a, 2) == 0, "cosine of a vector with itself");
	CHECK(f[MV_L2SQ](big, minus, 2) == INFINITY, "%s l2sq overflow", mv_kernels.level);
	CHECK(f[MV_IP](big, minus, 2) == -INFINITY, "%s ip overflow", mv_kernels.level);
	CHECK(f[MV_L1](big, minus, 2) == INFINITY, "%s l1 overflow", mv_kernels.level);
}

/* ---- no read beyond the end ---- */

static void
test_guard_page(void)
{
	size_t		page = (size_t) sysconf(_SC_PAGESIZE);
	char	   *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
						   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int			kind,
				m,
				n;
	float		out[132];

	if (map == MAP_FAILED || mprotect(map + page, page, PROT_NONE) != 0)
		abort();
	for (n = 0; n <= 130; n++)
	{
		const uint8_t *bits = (const uint8_t *) map + page - n;

		for (kind = 0; kind < MV_ELEM_KINDS; kind++)
		{
			const void *end = map + page - (size_t) n * mv_elem_size((MvElemKind) kind);

			for (m = 0; m < MV_METRICS; m++)
				mv_kernels.dist[kind][m] (end, end, n);
			mv_kernels.to_f32[kind] (end, out, n);
		}
		CHECK(mv_kernels.hamming(bits, bits, (size_t) n) == 0, "hamming at a guard page");
		CHECK(mv_kernels.jaccard(bits, bits, (size_t) n) == 1, "jaccard at a guard page");
	}
	munmap(map, 2 * page);
}

/* ---- conversions ---- */

/* The element of `all` (ascending) nearest to x, the even one of two. */
static uint16_t
slow_round(MvElemKind kind, double x)
{
	int			low = 0,
				high = kind == MV_F16 ? 0x7bff : 0x7f7f;
	double		(*value) (uint16_t) = kind == MV_F16 ? slow_f16 : slow_bf16;
	double		m = fabs(x);
	double		limit = value((uint16_t) high) +
		(value((uint16_t) high) - value((uint16_t) (high - 1))) / 2;
	uint16_t	sign = signbit(x) ? 0x8000 : 0;

	if (m >= limit)
		return (uint16_t) (sign | (high + 1));
	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (value((uint16_t) middle) <= m)
			low = middle;
		else
			high = middle;
	}
	if (m - value((uint16_t) low) < value((uint16_t) high) - m)
		return (uint16_t) (sign | low);
	if (m - value((uint16_t) low) > value((uint16_t) high) - m)
		return (uint16_t) (sign | high);
	return (uint16_t) (sign | (low & 1 ? high : low));
}

static void
check_round(MvElemKind kind, float x)
{
	uint16_t	got[33];
	float		in[33];
	int			i;

	for (i = 0; i < 33; i++)
		in[i] = x;
	mv_kernels.from_f32[kind] (in, got, 33);
	for (i = 0; i < 33; i += 16)
		CHECK(got[i] == slow_round(kind, x), "%s %s of %a: %04x, not %04x", mv_kernels.level,
			  kind_names[kind], (double) x, got[i], slow_round(kind, x));
}

/* All 65536 values widen exactly and come back; so do what lies between. */
static void
test_half(MvElemKind kind)
{
	double		(*value) (uint16_t) = kind == MV_F16 ? slow_f16 : slow_bf16;
	uint16_t	max = kind == MV_F16 ? 0x7bff : 0x7f7f;
	int			n = 65536,
				i;
	uint16_t   *all = unit_alloc((size_t) n * 2);
	uint16_t   *back = unit_alloc((size_t) n * 2);
	float	   *wide = unit_alloc((size_t) n * 4);

	for (i = 0; i < n; i++)
		all[i] = (uint16_t) i;
	mv_kernels.to_f32[kind] (all, wide, n);
	mv_kernels.from_f32[kind] (wide, back, n);
	for (i = 0; i < n; i++)
	{
		double		want = value((uint16_t) i);

		if (isnan(want))
			CHECK(isnan(wide[i]) && isnan(value(back[i])) && (back[i] & 0x8000) == (i & 0x8000),
				  "%s NaN %04x", kind_names[kind], (unsigned) i);
		else
			CHECK(wide[i] == want && !signbit(wide[i]) == !signbit(want) && back[i] == i,
				  "%s %s %04x is %a, not %a; back %04x", mv_kernels.level, kind_names[kind],
				  (unsigned) i, (double) wide[i], want, back[i]);
	}
	for (i = 0; i < max; i++)
	{
		/* Exact for f16; for subnormal bf16 as well, whose halves f32 has. */
		float		middle = (float) ((value((uint16_t) i) + value((uint16_t) (i + 1))) / 2);

		check_round(kind, middle);
		check_round(kind, -middle);
		check_round(kind, nextafterf(middle, 0));
		check_round(kind, nextafterf(middle, INFINITY));
	}
	check_round(kind, (float) value(max));
	check_round(kind, (float) (value(max) * 1.5 - value((uint16_t) (max - 1)) / 2));
	check_round(kind, 65519.996f);
	check_round(kind, 65520);
	check_round(kind, 1e30f);
	check_round(kind, -3.4028235e38f);
	check_round(kind, 0x1p-149f);
	check_round(kind, INFINITY);
	free(all);
	free(back);
	free(wide);
}

/* Every level agrees with half.h on any bits, NaN included. */
static void
test_half_random(void)
{
	uint16_t	f16[64],
				bf16[64];
	float		x[64],
				wide[64];
	int			repeat,
				i;

	for (repeat = 0; repeat < 5000; repeat++)
	{
		int			same = 1;

		for (i = 0; i < 64; i++)
		{
			f16[i] = (uint16_t) unit_random();
			x[i] = mv_f32_from_bits((uint32_t) unit_random() | (repeat % 4 == 0 ? 0x7f800000 : 0));
		}
		mv_kernels.to_f32[MV_F16] (f16, wide, 64);
		for (i = 0; i < 64; i++)
		{
			float		one = mv_f16_to_f32(f16[i]);

			same &= memcmp(&wide[i], &one, 4) == 0;
		}
		mv_kernels.from_f32[MV_F16] (x, f16, 64);
		mv_kernels.from_f32[MV_BF16] (x, bf16, 64);
		for (i = 0; i < 64; i++)
			same &= f16[i] == mv_f16_from_f32(x[i]) && bf16[i] == mv_bf16_from_f32(x[i]);
		CHECK(same, "%s conversions differ from half.h", mv_kernels.level);
	}
}

static void
test_convert_i8(void)
{
	static const float x[] = {0, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 126.5f, 127.4f, 127.5f, 1e30f,
							  -127.5f, -128.4f, -128.6f, -1e30f, INFINITY, -INFINITY, NAN, 3.25f};
	static const int8_t want[] = {0, 0, 2, 2, 0, -2, 126, 127, 127, 127,
								  -128, -128, -128, -128, 127, -128, 0, 3};
	int8_t		got[18],
				all[256];
	float		wide[256];
	int			i;

	mv_kernels.from_f32[MV_I8] (x, got, 18);
	for (i = 0; i < 18; i++)
		CHECK(got[i] == want[i], "%s i8 of %g: %d, not %d", mv_kernels.level, (double) x[i], got[i],
			  want[i]);
	for (i = 0; i < 256; i++)
		all[i] = (int8_t) (i - 128);
	mv_kernels.to_f32[MV_I8] (all, wide, 256);
	for (i = 0; i < 256; i++)
		CHECK(wide[i] == i - 128, "%s i8 %d to f32", mv_kernels.level, i - 128);
}

/* Every length leaves the bytes behind the output alone. */
static void
test_convert_lengths(void)
{
	int			kind,
				n,
				i;

	for (kind = 0; kind < MV_ELEM_KINDS; kind++)
		for (n = 0; n <= 70; n++)
		{
			size_t		size = mv_elem_size((MvElemKind) kind);
			char	   *v = unit_alloc((size_t) n * size);
			char	   *back = unit_alloc((size_t) n * size);
			float	   *wide = unit_alloc((size_t) n * 4);
			int			same = 1;

			fill((MvElemKind) kind, UNIFORM, v, n, 0);
			mv_kernels.to_f32[kind] (v, wide, n);
			mv_kernels.from_f32[kind] (wide, back, n);
			for (i = 0; i < n; i++)
				same &= wide[i] == element((MvElemKind) kind, v, i);
			CHECK(same && memcmp(v, back, (size_t) n * size) == 0, "%s %s convert %d",
				  mv_kernels.level, kind_names[kind], n);
			free(v);
			free(back);
			free(wide);
		}
}

/* ---- bits ---- */

static void
check_bits(size_t n, int data)
{
	uint8_t    *a = unit_alloc(n);
	uint8_t    *b = unit_alloc(n);
	double		different = 0,
				both = 0,
				any = 0;
	size_t		i;
	int			bit;

	for (i = 0; i < n; i++)
	{
		a[i] = data == 1 ? 0xff : data == 2 ? 0 : (uint8_t) unit_random();
		b[i] = data == 1 ? 0xff : data == 2 ? 0xff : data == 3 ? (uint8_t) ~a[i] :
			(uint8_t) unit_random();
		for (bit = 0; bit < 8; bit++)
		{
			int			x = a[i] >> bit & 1;
			int			y = b[i] >> bit & 1;

			different += x != y;
			both += x && y;
			any += x || y;
		}
	}
	CHECK(mv_kernels.hamming(a, b, n) == different, "%s hamming of %zu bytes", mv_kernels.level, n);
	CHECK(mv_kernels.jaccard(a, b, n) == (both == 0 ? 1 : 1 - both / any),
		  "%s jaccard of %zu bytes",
		  mv_kernels.level, n);
	free(a);
	free(b);
}

static void
test_bits(void)
{
	size_t		n;
	int			data;

	for (n = 0; n <= 130; n++)
		for (data = 0; data < 4; data++)
			check_bits(n, data);
	check_bits(8000, 0);
	check_bits(8001, 1);
}

/* ---- batch and sparse ---- */

static void
test_batch(void)
{
	int			kind,
				m,
				n,
				i;

	for (kind = 0; kind < MV_ELEM_KINDS; kind++)
		for (m = 0; m < MV_METRICS; m++)
			for (n = 0; n < 40; n += 3)
			{
				int			dim = 1 + (int) (unit_random() % 700);
				size_t		bytes = (size_t) dim * mv_elem_size((MvElemKind) kind);
				char	   *query = unit_alloc(bytes);
				float	   *out = unit_alloc((size_t) n * sizeof(float));
				void	   *rows[40];

				fill((MvElemKind) kind, UNIFORM, query, dim, 0);
				for (i = 0; i < n; i++)
				{
					rows[i] = unit_alloc(bytes);
					fill((MvElemKind) kind, UNIFORM, rows[i], dim, 0);
				}
				mv_dist_batch((MvElemKind) kind, (MvMetric) m, query, (const void *const *) rows, n,
							  dim, out);
				for (i = 0; i < n; i++)
				{
					CHECK(out[i] == (float) mv_kernels.dist[kind][m] (query, rows[i], dim),
						  "batch %s %s row %d of %d", kind_names[kind], metric_names[m], i, n);
					free(rows[i]);
				}
				free(query);
				free(out);
			}
}

/* A random sparse vector of nnz entries below dim, and the same as dense. */
static void
make_sparse(int dim, int nnz, int32_t *idx, float *val, float *dense)
{
	int			i,
				n = 0;

	memset(dense, 0, (size_t) dim * sizeof(float));
	for (i = 0; i < dim && n < nnz; i++)
		if ((int) (unit_random() % (uint64_t) (dim - i)) < nnz - n)
		{
			idx[n] = i;
			val[n] = dense[i] = (float) unit_random_real();
			n++;
		}
}

static void
check_sparse(int dim, int nnz_a, int nnz_b)
{
	int32_t    *idx_a = unit_alloc((size_t) nnz_a * 4),
			   *idx_b = unit_alloc((size_t) nnz_b * 4);
	float	   *val_a = unit_alloc((size_t) nnz_a * 4),
			   *val_b = unit_alloc((size_t) nnz_b * 4);
	float	   *a = unit_alloc((size_t) dim * 4),
			   *b = unit_alloc((size_t) dim * 4);
	int			m;

	make_sparse(dim, nnz_a, idx_a, val_a, a);
	make_sparse(dim, nnz_b, idx_b, val_b, b);
	for (m = 0; m < MV_METRICS; m++)
	{
		double		bound;
		double		want = oracle(MV_F32, (MvMetric) m, a, b, dim, &bound);
		double		got = mv_sparse_dist((MvMetric) m, idx_a, val_a, nnz_a, idx_b, val_b, nnz_b);

		CHECK(isnan(want) ? isnan(got) : fabs(got - want) <= bound,
			  "sparse %s %d %d of %d: %.17g, not %.17g",
			  metric_names[m], nnz_a, nnz_b, dim, got, want);
	}
	free(idx_a);
	free(idx_b);
	free(val_a);
	free(val_b);
	free(a);
	free(b);
}

static void
test_sparse(void)
{
	static const int nnz[] = {0, 1, 2, 3, 5, 16, 40, 100};
	static const int32_t first[] = {0};
	static const float big[] = {3e38f};
	static const float minus[] = {-3e38f};
	int			i,
				j,
				repeat;

	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++)
			for (repeat = 0; repeat < 20; repeat++)
				check_sparse(100 + 400 * (repeat % 2), nnz[i], nnz[j]);
	check_sparse(30000, MV_SPARSE_MAX_NNZ, 30);
	check_sparse(30000, 7, MV_SPARSE_MAX_NNZ);
	check_sparse(30000, MV_SPARSE_MAX_NNZ, MV_SPARSE_MAX_NNZ);
	CHECK(mv_sparse_dist(MV_L2SQ, first, big, 1, first, minus, 1) == INFINITY,
		  "sparse l2sq overflow");
	CHECK(mv_sparse_dist(MV_L1, first, big, 1, first, minus, 1) == INFINITY, "sparse l1 overflow");
	CHECK(mv_sparse_dist(MV_IP, first, big, 1, first, minus, 1) == -INFINITY, "sparse ip overflow");
	CHECK(isnan(mv_sparse_dist(MV_COSINE, first, big, 1, first, big, 1)), "sparse cosine overflow");
}

/* ---- levels ---- */

static void
test_levels(void)
{
	const char *const *level = mv_kernel_levels();
	MvKernels	before = mv_kernels;
	const char *best = NULL;

	CHECK(strcmp(mv_kernels.level, "plain") == 0, "plain before the first init");
	CHECK(strcmp(level[0], "plain") == 0, "plain is the lowest level");
	CHECK(!mv_kernels_init("sse9"), "unknown level refused");
	CHECK(memcmp(&before, &mv_kernels, sizeof(before)) == 0, "refusal leaves the table alone");
	for (; *level != NULL; level++)
	{
		best = *level;
		CHECK(mv_kernels_init(best) && strcmp(mv_kernels.level, best) == 0, "level %s", best);
	}
	CHECK(mv_kernels_init(NULL) && strcmp(mv_kernels.level, best) == 0, "best is the last level");
}

int
main(void)
{
	const char *const *level;

	test_levels();
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		mv_kernels_init(*level);
		test_dense();
		test_i8_limits();
		test_exact();
		test_guard_page();
		test_half(MV_F16);
		test_half(MV_BF16);
		test_half_random();
		test_convert_i8();
		test_convert_lengths();
		test_bits();
		test_batch();
	}
	test_sparse();
	return unit_result("test_dist");
}
