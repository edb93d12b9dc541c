/*
 * gemm.c -- the blocked loops of the own sgemm and the choice of its level.
 *
 * B is packed in blocks of NC rows and KC depth: micro-panels of nr rows,
 * transposed, that stay in the first-level cache while the rows of a block of A
 * (MC x KC, copied to a fixed stride, second-level cache) pass by.  C is
 * written by the first block of the depth and added to by the others.
 */
#include <string.h>

#include "core/gemm_level.h"

MvGemmFn	mv_gemm = mv_gemm_own;

static const MvGemmLevel *current = &mv_gemm_plain;
static MvGemmBytes bytes;		/* of that level */

void
mv_gemm_use(const char *level)
{
	static const MvGemmLevel *const levels[] = {
		&mv_gemm_plain, &mv_gemm_avx2, &mv_gemm_avx512, &mv_gemm_neon,
	};
	size_t		i;

	current = &mv_gemm_plain;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (levels[i]->level != NULL && strcmp(levels[i]->level, level) == 0)
			current = levels[i];
	memset(&bytes, 0, sizeof(bytes));
	if (current == &mv_gemm_avx512)
		bytes = mv_gemm_vnni();
}

bool
mv_gemm_has_bytes(void)
{
	return bytes.micro != NULL;
}

int
mv_argmin(const float *dot, const float *norm, int n, float *best)
{
	return current->argmin(dot, norm, n, best);
}

void
mv_add_rows(double *sum, const float *const *rows, int n, int dim)
{
	current->add_rows(sum, rows, n, dim);
}

static inline int
at_most(int n, int limit)
{
	return n < limit ? n : limit;
}

/* Columns of the micro-panel that begins where `left` are left. */
static inline int
panel_width(int left)
{
	return left <= current->narrow ? current->narrow : current->nr;
}

/* A partial micro-panel: rows beyond n are zero. */
static void
pack_partial(int n, int kc, const float *b, size_t ldb, int nr, float *out)
{
	int			p,
				j;

	memset(out, 0, (size_t) kc * (size_t) nr * sizeof(float));
	for (j = 0; j < n; j++)
		for (p = 0; p < kc; p++)
			out[p * nr + j] = b[(size_t) j * ldb + (size_t) p];
}

static void
pack_b(int nc, int kc, const float *b, size_t ldb, float *out)
{
	int			nr,
				j;

	for (j = 0; j < nc; j += nr)
	{
		const float *panel = b + (size_t) j * ldb;

		nr = panel_width(nc - j);
		if (j + nr <= nc)
			current->pack(nr, kc, panel, ldb, out + (size_t) j * (size_t) kc);
		else
			pack_partial(nc - j, kc, panel, ldb, nr, out + (size_t) j * (size_t) kc);
	}
}

/* Rows up to the next multiple of mr are zero. */
static void
pack_a(int mc, int kc, const float *a, size_t lda, float *out)
{
	int			i;

	current->copy(mc, kc, a, lda, out);
	for (i = mc; i % current->mr != 0; i++)
		memset(out + (size_t) i * MV_GEMM_LDA, 0, (size_t) kc * sizeof(float));
}

/* Add 128 to the bytes of packed rows. */
static void
lose_signs(int mc, int kc, float *packed)
{
	int			i;
	size_t		p;

	for (i = 0; i < mc; i++)
	{
		uint8_t    *row = (uint8_t *) (packed + (size_t) i * MV_GEMM_LDA);

		for (p = 0; p < (size_t) kc * sizeof(float); p++)
			row[p] ^= 0x80;
	}
}

/* Packed blocks of A and B, and where their product belongs in C. */
typedef struct Block
{
	int			mc,
				nc,
				kc;
	const float *a,
			   *b;
	float	   *c;
	size_t		ldc;
	bool		add;
	float	   *tile;
	MvGemmMicro micro,
				micro_narrow;
} Block;

static inline MvGemmMicro
micro_for(const Block *t, int nr)
{
	return nr == current->nr ? t->micro : t->micro_narrow;
}

/* The micro-tile at (i, j), at the edge of the block: computed in full beside it. */
static void
micro_partial(const Block *t, int i, int j)
{
	int			nr = panel_width(t->nc - j),
				m = at_most(t->mc - i, current->mr),
				n = at_most(t->nc - j, nr),
				x,
				y;

	micro_for(t, nr) (t->kc, t->a + (size_t) i * MV_GEMM_LDA, t->b + (size_t) j * (size_t) t->kc,
					 t->tile, (size_t) nr, false);
	for (y = 0; y < m; y++)
	{
		float	   *c = t->c + (size_t) (i + y) * t->ldc + j;
		const float *from = t->tile + y * nr;

		if (t->add)
			for (x = 0; x < n; x++)
				c[x] += from[x];
		else
			memcpy(c, from, (size_t) n * sizeof(float));
	}
}

static void
multiply_block(const Block *t)
{
	int			mr = current->mr,
				nr,
				i,
				j;

	for (j = 0; j < t->nc; j += nr)
	{
		nr = panel_width(t->nc - j);
		for (i = 0; i < t->mc; i += mr)
			if (i + mr <= t->mc && j + nr <= t->nc)
				micro_for(t, nr) (t->kc, t->a + (size_t) i * MV_GEMM_LDA,
								 t->b + (size_t) j * (size_t) t->kc,
								 t->c + (size_t) i * t->ldc + j, t->ldc, t->add);
			else
				micro_partial(t, i, j);
	}
}

/* c = a * b' of floats, or of the bytes in their places; t says by which kernels. */
static void
multiply(Block t, int m, int k, const float *a, const float *b, float *c, void *work)
{
	float	   *packed_a = work,
			   *packed_b = packed_a + MV_GEMM_MC * MV_GEMM_LDA;
	int			n = (int) t.ldc,
				i,
				j,
				p;

	t.a = packed_a;
	t.b = packed_b;
	t.tile = packed_b + MV_GEMM_NC * MV_GEMM_KC;
	if (k == 0 && m > 0 && n > 0)
		memset(c, 0, (size_t) m * (size_t) n * sizeof(float));
	for (j = 0; j < n; j += MV_GEMM_NC)
		for (p = 0; p < k; p += MV_GEMM_KC)
		{
			t.nc = at_most(n - j, MV_GEMM_NC);
			t.kc = at_most(k - p, MV_GEMM_KC);
			t.add = p > 0;
			pack_b(t.nc, t.kc, b + (size_t) j * (size_t) k + p, (size_t) k, packed_b);
			for (i = 0; i < m; i += MV_GEMM_MC)
			{
				t.mc = at_most(m - i, MV_GEMM_MC);
				t.c = c + (size_t) i * (size_t) n + j;
				pack_a(t.mc, t.kc, a + (size_t) i * (size_t) k + p, (size_t) k, packed_a);
				if (t.micro == bytes.micro)
					lose_signs(t.mc, t.kc, packed_a);
				multiply_block(&t);
			}
		}
}

void
mv_gemm_own(int m, int n, int k, const float *a, const float *b, float *c, void *work)
{
	Block		t = {.ldc = (size_t) n};

	t.micro = current->micro;
	t.micro_narrow = current->micro_narrow;
	multiply(t, m, k, a, b, c, work);
}

void
mv_gemm_bytes(int m, int n, int k, const int8_t *a, const int8_t *b, float *c, void *work)
{
	Block		t = {.ldc = (size_t) n};

	t.micro = bytes.micro;
	t.micro_narrow = bytes.micro_narrow;
	multiply(t, m, k / 4, (const float *) (const void *) a, (const float *) (const void *) b, c,
			 work);
}
