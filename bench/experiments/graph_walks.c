/*
 * graph_walks.c -- build graphs from a .npy file and walk them: CPU seconds of
 * each pass, what the edges are like, and recall by hops.
 *
 *	usage: graph_walks ROWS.npy {QUERIES.npy | -} [field=value ...]
 *
 * Files are float16 or float32, rows by dimensions; with "-" the last rows are
 * taken out and asked for.  Fields: rows= and queries= (the first so many),
 * k= (clusters, else 4 sqrt(n)), unit=0 (not to norm 1), degree=, effort=,
 * kind=f16|f32, own=f32|f16|i8 (what the walk has of a node), exact=1 (walks by
 * exact distances as well), and of MvGraphPlan fan_out=, leaf_nearest=, sample=,
 * sample_nearest=, alpha=.  The walk is the index's: one-bit codes around each
 * node tell where to go, and the exact distance of each node gone to is known.
 *
 *	make -f test/unit/unit.mk bench && out/graph_walks ...
 */
#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/dist.h"
#include "core/fastscan.h"
#include "core/gemm.h"
#include "core/graph_part.h"
#include "core/kmeans.h"
#include "core/rotate.h"
#include "core/topk.h"

#define K 10

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);	/* other processes may run beside */
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void *
allocate(size_t bytes)
{
	void	   *p = NULL;

	if (posix_memalign(&p, 64, bytes + 64) != 0)
		abort();
	return p;
}

/* ---- data ---- */

typedef struct Rows
{
	int			n,
				dim;
	float	   *x;
} Rows;

static Rows
load_npy(const char *path, int most)
{
	Rows		rows = {0};
	char		head[4096] = {0};
	const char *shape;
	FILE	   *f = fopen(path, "rb");
	size_t		head_size,
				count;
	bool		halves;
	void	   *raw;

	head_size = f != NULL && fread(head, 1, 10, f) == 10 ?
		(unsigned char) head[8] + 256u * (unsigned char) head[9] : 0;
	if (head_size == 0 || head_size > sizeof(head) - 11 ||
		fread(head + 10, 1, head_size, f) != head_size ||
		(shape = strstr(head + 10, "'shape': (")) == NULL ||
		sscanf(shape, "'shape': (%d, %d", &rows.n, &rows.dim) != 2)
	{
		fprintf(stderr, "%s: not a matrix in .npy format\n", path);
		exit(1);
	}
	halves = strstr(head + 10, "<f2") != NULL;
	if (most > 0 && most < rows.n)
		rows.n = most;
	count = (size_t) rows.n * (size_t) rows.dim;
	raw = allocate(count * 4);
	rows.x = allocate(count * 4);
	if (fread(raw, halves ? 2 : 4, count, f) != count)
		exit(1);
	mv_kernels.to_f32[halves ? MV_F16 : MV_F32](raw, rows.x, (int) count);
	free(raw);
	fclose(f);
	return rows;
}

/* Rotated, the mean taken away, padded. */
static Rows
prepare(const Rows *rows, const float *mean, const MvRotation *rotation)
{
	Rows		out = {rows->n, rotation->padded, NULL};
	int			i;

	out.x = allocate((size_t) out.n * (size_t) out.dim * sizeof(float));
	for (i = 0; i < rows->n; i++)
		mv_rotate(rotation, rows->x + (size_t) i * (size_t) rows->dim, mean,
				  out.x + (size_t) i * (size_t) out.dim);
	return out;
}

static void
to_unit(Rows *rows)
{
	int			i,
				j;

	for (i = 0; i < rows->n; i++)
	{
		float	   *x = rows->x + (size_t) i * (size_t) rows->dim;
		double		norm = sqrt(mv_kernels.dist[MV_F32][MV_IP](x, x, rows->dim));

		for (j = 0; j < rows->dim; j++)
			x[j] = (float) (x[j] / norm);
	}
}

/* The k nearest of each query, exactly. */
static uint32_t *
ground_truth(const Rows *rows, const Rows *queries)
{
	uint32_t   *out = allocate((size_t) queries->n * K * sizeof(uint32_t));
	int			tile = 512,
				i,
				j,
				q;
	float	   *dots = allocate((size_t) queries->n * (size_t) tile * sizeof(float)),
			   *norm = allocate((size_t) tile * sizeof(float));
	void	   *work = allocate(MV_GEMM_WORK);
	MvTopK	   *top = allocate((size_t) queries->n * sizeof(MvTopK));
	MvNeighbor *items = allocate((size_t) queries->n * K * sizeof(MvNeighbor));

	for (q = 0; q < queries->n; q++)
		mv_topk_init(&top[q], items + (size_t) q * K, K);
	for (i = 0; i < rows->n; i += tile)
	{
		int			n = rows->n - i < tile ? rows->n - i : tile;
		const float *x = rows->x + (size_t) i * (size_t) rows->dim;

		mv_gemm(queries->n, n, rows->dim, queries->x, x, dots, work);
		for (j = 0; j < n; j++)
			norm[j] = (float) mv_kernels.dist[MV_F32][MV_IP](x + (size_t) j * (size_t) rows->dim,
															x + (size_t) j * (size_t) rows->dim,
															rows->dim);
		for (q = 0; q < queries->n; q++)
			for (j = 0; j < n; j++)
				mv_topk_push(&top[q], (uint64_t) (i + j),
							 norm[j] - 2 * dots[(size_t) q * (size_t) n + (size_t) j]);
	}
	for (q = 0; q < queries->n; q++)
	{
		mv_topk_sort(&top[q]);
		for (j = 0; j < K; j++)
			out[(size_t) q * K + (size_t) j] = (uint32_t) items[(size_t) q * K + (size_t) j].id;
	}
	free(dots);
	free(norm);
	free(work);
	free(top);
	free(items);
	return out;
}

/* ---- what the command line says ---- */

static int	argument_count;
static char **arguments;

static const char *
text_of(const char *name, const char *usual)
{
	size_t		length = strlen(name);
	int			i;

	for (i = 0; i < argument_count; i++)
		if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=')
			return arguments[i] + length + 1;
	return usual;
}

static int
int_of(const char *name, int usual)
{
	const char *text = text_of(name, NULL);

	return text != NULL ? atoi(text) : usual;
}

/* ---- building ---- */

static MvCentroids
train(const Rows *rows, int k)
{
	MvKmeansPlan plan;
	MvKmeans	km;
	MvCentroids set;
	void	   *shared,
			   *work;
	int			units,
				i;

	mv_kmeans_plan(&plan, rows->n, k, rows->dim);
	shared = allocate(mv_kmeans_size(&plan));
	work = allocate(mv_kmeans_work_size(&plan));
	mv_kmeans_begin(&plan, shared);
	mv_kmeans_attach(&km, shared, rows->x, work);
	while ((units = mv_kmeans_units(&km)) > 0)
	{
		for (i = 0; i < units; i++)
			mv_kmeans_unit(&km, i);
		mv_kmeans_next(&km);
	}
	mv_kmeans_centroids(&km, &set);
	free(work);
	return set;
}

static void
build(MvGraph *g, const MvGraphPlan *plan, const MvGraphRows *view, const MvCentroids *set)
{
	void	   *shared = allocate(mv_graph_size(plan)),
			   *work = allocate(mv_graph_work_size(plan));
	double		begin = now(),
				last = begin;
	int			units,
				i;

	mv_graph_begin(plan, shared);
	mv_graph_attach(g, shared, view, set, work);
	printf("build:");
	while ((units = mv_graph_units(g)) > 0)
	{
		MvGraphPhase phase = g->head->phase;

		for (i = 0; i < units; i++)
			mv_graph_unit(g, i);
		printf(" %d:%.1fs", (int) phase, now() - last);
		last = now();
		mv_graph_next(g);
	}
	printf(" = %.1f s, %d entries, %.0f MB\n", now() - begin, g->head->n_entries,
		   (double) mv_graph_size(plan) / 1e6);
	fflush(stdout);
}

/* ---- walking ---- */

/* A block: the codes of 32 neighbors around their node, add[32], rescale[32]. */
static size_t
block_size(int dim)
{
	return mv_block_size(dim) + 2 * MV_BLOCK * sizeof(float);
}

static uint8_t *
encode(const MvGraph *g, const Rows *rows, size_t size)
{
	const MvGraphPlan *p = &g->head->plan;
	MvRabitqFormat format = {MV_L2SQ, 1, rows->dim, NULL};
	size_t		dim = (size_t) rows->dim,
				stride = mv_code_size(1, rows->dim);
	uint8_t    *all = allocate((size_t) p->n * size),
			   *codes = allocate(MV_BLOCK * stride);
	int			i,
				j;

	for (i = 0; i < p->n; i++)
	{
		const uint32_t *list = mv_graph_neighbors(g, (uint32_t) i);

		for (j = 0; j < p->degree; j++)
		{
			uint8_t    *block = all + (size_t) i * size +
				(size_t) (j / MV_BLOCK) * block_size(rows->dim);
			float	   *factors = (float *) (block + mv_block_size(rows->dim)) + j % MV_BLOCK;
			MvRabitqFactors f;

			mv_rabitq_encode(&format, rows->x + list[j] * dim, rows->x + (size_t) i * dim,
							 codes + (size_t) (j % MV_BLOCK) * stride, &f);
			factors[0] = f.add;
			factors[MV_BLOCK] = f.rescale;
			if (j % MV_BLOCK == MV_BLOCK - 1)
				mv_block_pack(block, rows->dim, codes, stride, MV_BLOCK);
		}
	}
	free(codes);
	return all;
}

typedef struct Walker
{
	const MvGraph *g;
	const Rows *rows;			/* as they were: exact distances */
	const uint8_t *codes;
	size_t		codes_size;
	MvVisited	visited;
	void	   *pool,
			   *query;
	int			seeds;
	long		hops;
	int			exact;
} Walker;

static float
exact(const Walker *w, const float *q, uint32_t id)
{
	return (float) mv_kernels.dist[MV_F32][MV_L2SQ](q, w->rows->x + id * (size_t) w->rows->dim,
												   w->rows->dim);
}

static void
walk(Walker *w, const float *x, int ef, MvTopK *top)
{
	const MvGraphPlan *p = &w->g->head->plan;
	MvRabitqQuery query;
	MvRabitqScan scan;
	MvBlockResult result;
	MvPool		pool;
	MvNeighbor	seed[64];
	MvTopK		best;
	const uint32_t *entries;
	uint32_t	id;
	int			count,
				i,
				b;

	mv_rabitq_query_init(&query, x, p->dim, w->query);
	mv_rabitq_scan_init(&scan, &query, MV_CODE_BLOCK, 1, 0);
	mv_pool_init(&pool, ef, w->pool);
	mv_visited_clear(&w->visited);
	entries = mv_graph_entries(w->g, &count);
	mv_topk_init(&best, seed, w->seeds > 0 ? w->seeds : 1);
	for (i = 0; i < count; i++)
			mv_topk_push(&best, entries[i], exact(w, x, entries[i]));
	count = mv_topk_sort(&best);
	for (i = 0; i < count; i++)
	{
		mv_pool_push(&pool, seed[i].dist, (uint32_t) seed[i].id);
		if (w->exact)
			mv_visit(&w->visited, (uint32_t) seed[i].id);
	}
	while (mv_pool_pop(&pool, &id))
	{
		const uint32_t *list = mv_graph_neighbors(w->g, id);
		float		dist;

		if (!w->exact && !mv_visit(&w->visited, id))
			continue;
		w->hops++;
		dist = exact(w, x, id);
		mv_topk_push(top, id, dist);
		if (w->exact)
		{
			for (i = 0; i < p->degree; i++)
				if (mv_visit(&w->visited, list[i]))
					mv_pool_push(&pool, exact(w, x, list[i]), list[i]);
			continue;
		}
		mv_rabitq_scan_center(&scan, dist, 0);
		for (b = 0; b < p->degree / MV_BLOCK; b++)
		{
			const uint8_t *block = w->codes + id * w->codes_size + (size_t) b * block_size(p->dim);
			const float *factors = (const float *) (block + mv_block_size(p->dim));
			uint32_t	near = mv_block_scan(&scan, block, factors,
											 mv_pool_limit(&pool), &result);

			for (; near != 0; near &= near - 1)
			{
				i = __builtin_ctz(near);
				if (!mv_visited(&w->visited, list[b * MV_BLOCK + i]))
					mv_pool_push(&pool, result.est[i], list[b * MV_BLOCK + i]);
			}
		}
	}
}

static void
sweep(Walker *w, const Rows *queries, const uint32_t *truth)
{
	static const int efs[] = {20, 30, 40, 60, 80, 100, 120, 150, 200, 280, 400, 560, 800};
	double		last_recall = 0,
				last_hops = 0,
				at[3] = {0};
	static const double want[3] = {.95, .985, .99};
	size_t		e;
	int			q,
				i,
				j;

	for (e = 0; e < sizeof(efs) / sizeof(efs[0]) && last_recall < .992; e++)
	{
		long		hits = 0;
		double		recall,
					hops,
					begin = now();

		w->hops = 0;
		for (q = 0; q < queries->n; q++)
		{
			MvNeighbor	items[K];
			MvTopK		top;
			int			n;

			mv_topk_init(&top, items, K);
			walk(w, queries->x + (size_t) q * (size_t) queries->dim, efs[e], &top);
			n = mv_topk_sort(&top);
			for (i = 0; i < n; i++)
				for (j = 0; j < K; j++)
					hits += items[i].id == truth[q * K + j];
		}
		recall = (double) hits / K / queries->n;
		hops = (double) w->hops / queries->n;
		printf("  %s ef %d: recall %.4f hops %.1f %.0f us\n", w->exact ? "exact" : "1bit", efs[e],
			   recall, hops, (now() - begin) / queries->n * 1e6);
		for (i = 0; i < 3; i++)
			if (last_recall < want[i] && recall >= want[i])
				at[i] = last_hops +
					(hops - last_hops) * (want[i] - last_recall) / (recall - last_recall);
		last_recall = recall;
		last_hops = hops;
	}
	printf("%s: hops to .95 %.0f, .985 %.0f, .99 %.0f\n", w->exact ? "EXACT" : "1BIT",
		   at[0], at[1], at[2]);
	fflush(stdout);
}

static int
compare_ints(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

static float
distance(const Rows *rows, uint32_t a, uint32_t b)
{
	return (float) mv_kernels.dist[MV_F32][MV_L2SQ](rows->x + a * (size_t) rows->dim,
												   rows->x + b * (size_t) rows->dim, rows->dim);
}

/* How long edges are: their number by the rank of the neighbor, of some rows. */
static void
print_ranks(const MvGraph *g, const Rows *rows)
{
	static const int limits[] = {10, 32, 64, 128, 256, 512, 2048, INT32_MAX};
	const MvGraphPlan *p = &g->head->plan;
	float	   *d = allocate((size_t) p->n * sizeof(float));
	int			counts[8] = {0},
				some = p->n < 200 ? p->n : 200,
				i,
				j,
				k;

	for (i = 0; i < some; i++)
	{
		uint32_t	row = (uint32_t) ((long) i * p->n / some);
		const uint32_t *list = mv_graph_neighbors(g, row);

		for (j = 0; j < p->n; j++)
			d[j] = distance(rows, row, (uint32_t) j);
		for (k = 0; k < p->degree; k++)
		{
			int			rank = 0,
						at = 0;

			for (j = 0; j < p->n; j++)
				rank += d[j] < d[list[k]];
			while (rank > limits[at])
				at++;
			counts[at]++;
		}
	}
	printf("edges to ranks 1-10 -32 -64 -128 -256 -512 -2048 more:");
	for (i = 0; i < 8; i++)
		printf(" %.1f", (double) counts[i] / some);
	printf("\n");
	free(d);
}

static void
print_edges(const MvGraph *g, const Rows *rows)
{
	const MvGraphPlan *p = &g->head->plan;
	int		   *in = calloc((size_t) p->n, sizeof(int));
	double		sum = 0;
	long		edges = (long) p->n * p->degree,
				mutual = 0;
	int			i,
				j,
				k;

	for (i = 0; i < p->n; i++)
	{
		const uint32_t *list = mv_graph_neighbors(g, (uint32_t) i);

		for (j = 0; j < p->degree; j++)
		{
			const uint32_t *back = mv_graph_neighbors(g, list[j]);

			in[list[j]]++;
			sum += distance(rows, (uint32_t) i, list[j]);
			for (k = 0; k < p->degree; k++)
				mutual += back[k] == (uint32_t) i;
		}
	}
	qsort(in, (size_t) p->n, sizeof(int), compare_ints);
	printf("edges: mean squared length %.3f, mutual %.3f; in: least %d, 1%% %d, 10%% %d, 50%% %d, "
		   "99%% %d, most %d\n", sum / (double) edges, (double) mutual / (double) edges, in[0],
		   in[p->n / 100], in[p->n / 10], in[p->n / 2], in[p->n * 99L / 100], in[p->n - 1]);
	free(in);
	print_ranks(g, rows);
}

static void
plan_of(MvGraphPlan *plan, int n, int dim, int k)
{
	int			degree = int_of("degree", 64);

	mv_graph_plan(plan, n, dim, k, degree, int_of("effort", 64));
	plan->kind = strcmp(text_of("kind", "f16"), "f32") == 0 ? MV_F32 : MV_F16;
#define FIELD(name) plan->name = int_of(#name, plan->name)
	FIELD(fan_out);
	FIELD(leaf_nearest);
	FIELD(sample);
	FIELD(sample_nearest);
#undef FIELD
	if (text_of("alpha", NULL) != NULL)
		plan->alpha = (float) atof(text_of("alpha", NULL));
}

/* Rows and queries as an index has them: unit length, mean taken away, rotated. */
static void
load(const char *rows_path, const char *queries_path, Rows *rows, Rows *queries)
{
	Rows		raw = load_npy(rows_path, int_of("rows", 0)),
				asked = raw;
	MvRotation *rotation = allocate(mv_rotation_size(raw.dim));
	double	   *sum = calloc((size_t) raw.dim, sizeof(double));
	float	   *mean = allocate((size_t) raw.dim * sizeof(float));
	int			i;

	if (strcmp(queries_path, "-") != 0)
		asked = load_npy(queries_path, int_of("queries", 1000));
	else
	{
		asked.n = int_of("queries", 500);
		raw.n -= asked.n;
		asked.x = raw.x + (size_t) raw.n * (size_t) raw.dim;
	}
	if (int_of("unit", 1))
	{
		to_unit(&raw);
		to_unit(&asked);
	}
	mv_rotation_init(rotation, raw.dim, 1);
	for (i = 0; i < raw.n; i++)
		mv_mean_add(sum, raw.x + (size_t) i * (size_t) raw.dim, raw.dim);
	mv_mean_of(sum, raw.n, raw.dim, mean);
	*rows = prepare(&raw, mean, rotation);
	*queries = prepare(&asked, mean, rotation);
}

/* What the walk knows of the nodes it goes to, rounded as the index would store it. */
static Rows
rounded(const Rows *rows, const char *own)
{
	Rows		out = *rows;
	size_t		count = (size_t) rows->n * (size_t) rows->dim,
				i;
	float		step = 5 / sqrtf((float) rows->dim) / 127;

	if (strcmp(own, "f32") == 0)
		return out;
	out.x = allocate(count * sizeof(float));
	for (i = 0; i < count; i++)
		if (strcmp(own, "i8") == 0)
			out.x[i] = rintf(rows->x[i] / step) * step;
		else
		{
			uint16_t	half;

			mv_kernels.from_f32[MV_F16](rows->x + i, &half, 1);
			mv_kernels.to_f32[MV_F16](&half, out.x + i, 1);
		}
	return out;
}

int
main(int argc, char **argv)
{
	Rows		rows,
				queries,
				own;
	void	   *halves;
	uint32_t   *truth;
	MvGraphPlan plan;
	MvGraphRows view;
	MvCentroids set;
	MvGraph		g;
	Walker		w = {0};
	double		begin;
	int			k;

	if (argc < 3)
	{
		fprintf(stderr, "usage: graph_walks ROWS.npy {QUERIES.npy | -} [field=value ...]\n");
		return 2;
	}
	argument_count = argc;
	arguments = argv;
	mv_kernels_init(NULL);
	load(argv[1], argv[2], &rows, &queries);
	truth = ground_truth(&rows, &queries);
	begin = now();
	k = int_of("k", (int) (4 * sqrt(rows.n)));
	set = train(&rows, k);
	printf("%d x %d, %d queries; %d clusters %.1f s\n", rows.n, rows.dim, queries.n, k,
		   now() - begin);

	plan_of(&plan, rows.n, rows.dim, k);
	halves = allocate((size_t) rows.n * (size_t) rows.dim * 2);
	mv_kernels.from_f32[MV_F16](rows.x, halves, rows.n * rows.dim);
	view.rows = plan.kind == MV_F16 ? halves : rows.x;
	view.stride = (size_t) rows.dim * mv_elem_size(plan.kind);
	build(&g, &plan, &view, &set);
	print_edges(&g, &rows);

	begin = now();
	own = rounded(&rows, text_of("own", "f32"));
	w.codes_size = (size_t) (plan.degree / MV_BLOCK) * block_size(rows.dim);
	w.codes = encode(&g, &rows, w.codes_size);
	printf("encode %.1f s\n", now() - begin);
	w.g = &g;
	w.rows = &own;
	mv_visited_init(&w.visited, (uint32_t) rows.n, allocate(mv_visited_size((uint32_t) rows.n)));
	w.pool = allocate(mv_pool_size(4096));
	w.query = allocate(mv_rabitq_query_size(rows.dim));
	w.seeds = int_of("seeds", 4);
	sweep(&w, &queries, truth);
	if (int_of("exact", 0))
	{
		w.exact = 1;
		sweep(&w, &queries, truth);
	}
	return 0;
}
