/*
 * test_graph.c -- the graph builder: full lists without self or duplicates,
 * every row reachable from the entry table, recall of a plain walk, the same
 * graph whoever does which unit, and odd sets of rows.
 */
#include <math.h>
#include <string.h>

#include "core/dist.h"
#include "core/graph.h"
#include "core/kmeans.h"
#include "core/pool.h"
#include "core/prune.h"
#include "unit.h"

typedef struct Built
{
	MvGraphPlan plan;
	MvGraph		graph;
	MvCentroids set;
	float	   *rows;
	void	   *memory[5];
} Built;

static void *
aligned(size_t bytes)
{
	void	   *p = NULL;

	if (posix_memalign(&p, 64, bytes + 1) != 0)
		abort();
	memset(p, 0x5a, bytes);
	return p;
}

/* Centroids of the rows: every so many of them is good enough. */
static void
some_centroids(Built *b, int k)
{
	const MvGraphPlan *p = &b->plan;
	float	   *c = aligned((size_t) k * (size_t) p->dim * sizeof(float)),
			   *norm = aligned((size_t) k * sizeof(float));
	int			j;

	for (j = 0; j < k; j++)
	{
		float	   *x = c + (size_t) j * (size_t) p->dim;

		memcpy(x, b->rows + (size_t) ((int64_t) p->n * j / k) * (size_t) p->dim,
			   (size_t) p->dim * sizeof(float));
		norm[j] = (float) mv_kernels.dist[MV_F32][MV_IP] (x, x, p->dim);
	}
	b->memory[0] = c;
	b->memory[1] = norm;
	memset(&b->set, 0, sizeof(b->set));
	b->set.k = k;
	b->set.dim = p->dim;
	b->set.c = c;
	b->set.norm = norm;
}

/* Two processes are two views; units go to them in an order that depends on `shuffle`. */
static void
build(Built *b, int shuffle)
{
	MvGraphRows rows = {b->rows, (size_t) b->plan.dim * sizeof(float)};
	MvGraph		view[2];
	int			units,
				pass = 0,
				i;

	b->memory[2] = aligned(mv_graph_size(&b->plan));
	mv_graph_begin(&b->plan, b->memory[2]);
	for (i = 0; i < 2; i++)
	{
		b->memory[3 + i] = aligned(mv_graph_work_size(&b->plan));
		mv_graph_attach(&view[i], b->memory[2], &rows, &b->set, b->memory[3 + i]);
	}
	while ((units = mv_graph_units(&view[0])) > 0)
	{
		CHECK(mv_graph_pass(&view[0]) == pass++, "pass");
		for (i = 0; i < units; i++)
			mv_graph_unit(&view[(i + shuffle) % 2], shuffle ? units - 1 - i : i);
		mv_graph_next(&view[0]);
	}
	CHECK(pass == mv_graph_passes(&b->plan), "%d passes, said %d", pass,
		  mv_graph_passes(&b->plan));
	b->graph = view[0];
}

static void
release(Built *b)
{
	int			i;

	for (i = 0; i < 5; i++)
		free(b->memory[i]);
	free(b->rows);
}

/* ---- what holds for every graph ---- */

static void
check_lists(const Built *b, const char *what)
{
	const MvGraphPlan *p = &b->plan;
	int			full = p->n - 1 < p->degree ? p->n - 1 : p->degree,
				bad = 0,
				i,
				j,
				k;

	for (i = 0; i < p->n; i++)
	{
		const uint32_t *list = mv_graph_neighbors(&b->graph, (uint32_t) i);

		for (j = 0; j < p->degree; j++)
		{
			if (j >= full)
				bad += list[j] != MV_GRAPH_NONE;
			else
				bad += list[j] >= (uint32_t) p->n || list[j] == (uint32_t) i;
			for (k = 0; k < j && j < full; k++)
				bad += list[k] == list[j];
		}
	}
	CHECK(bad == 0, "%s: %d bad neighbors", what, bad);
}

static void
check_reachable(const Built *b, const char *what)
{
	int			n = b->plan.n,
				end = 0,
				count,
				i,
				j;
	uint32_t   *queue = unit_alloc((size_t) n * sizeof(uint32_t));
	char	   *seen = unit_alloc((size_t) n);
	const uint32_t *entries = mv_graph_entries(&b->graph, &count);

	for (i = 0; i < count; i++)
	{
		CHECK(entries[i] < (uint32_t) n && !seen[entries[i]], "%s: entry %d", what, i);
		seen[entries[i]] = 1;
		queue[end++] = entries[i];
	}
	for (i = 0; i < end; i++)
	{
		const uint32_t *list = mv_graph_neighbors(&b->graph, queue[i]);

		for (j = 0; j < b->plan.degree && list[j] != MV_GRAPH_NONE; j++)
			if (!seen[list[j]])
			{
				seen[list[j]] = 1;
				queue[end++] = list[j];
			}
	}
	CHECK(end == n, "%s: %d of %d rows reachable", what, end, n);
	free(queue);
	free(seen);
}

/* Edges lead to every row, not to some alone: or walks find the others late. */
static void
check_led_to(const Built *b, const char *what)
{
	int		   *in = unit_alloc((size_t) b->plan.n * sizeof(int)),
				few = 0,
				i,
				j;

	for (i = 0; i < b->plan.n; i++)
		for (j = 0; j < b->plan.degree; j++)
			in[mv_graph_neighbors(&b->graph, (uint32_t) i)[j]]++;
	for (i = 0; i < b->plan.n; i++)
		few += in[i] < b->plan.degree / 4;
	CHECK(few < b->plan.n / 50, "%s: few edges lead to %d rows", what, few);
	free(in);
}

/* ---- rows ---- */

static float *
random_rows(int n, int dim, int used, int clusters)
{
	float	   *x = unit_alloc((size_t) (n + 1) * (size_t) dim * sizeof(float));
	int			i,
				j;

	for (i = 0; i < n; i++)
		for (j = 0; j < used; j++)
		{
			x[(size_t) i * (size_t) dim + (size_t) j] = (float) unit_random_real();
			if (i >= clusters)
				x[(size_t) i * (size_t) dim + (size_t) j] +=
					2 * x[(size_t) (i % clusters) * (size_t) dim + (size_t) j];
		}
	return x;
}

static Built
graph_of(float *rows, int n, int dim, int k, int degree)
{
	Built		b;

	b.rows = rows;
	mv_graph_plan(&b.plan, n, dim, k, degree, 64);
	b.plan.kind = MV_F32;
	some_centroids(&b, k);
	build(&b, 0);
	return b;
}

static void
test_shapes(void)
{
	static const int n[] = {0, 1, 2, 3, 31, 32, 33, 34, 65, 500};
	static const int used[] = {2, 3, 8, 64};
	size_t		i,
				j;
	char		what[64];

	for (i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		for (j = 0; j < sizeof(used) / sizeof(used[0]); j++)
		{
			Built		b = graph_of(random_rows(n[i], 64, used[j], 10), n[i], 64,
									 n[i] < 40 ? 1 : 20, 32);

			snprintf(what, sizeof(what), "%d rows of %d", n[i], used[j]);
			check_lists(&b, what);
			check_reachable(&b, what);
			release(&b);
		}
}

static void
test_equal(void)
{
	Built		b = graph_of(unit_alloc(2500 * 64 * sizeof(float)), 2500, 64, 30, 32);

	check_lists(&b, "all equal");
	check_reachable(&b, "all equal");
	release(&b);
}

static void
test_sharing(void)
{
	float	   *rows = random_rows(2000, 64, 64, 50),
			   *copy = unit_alloc(2000 * 64 * sizeof(float));
	Built		a,
				b;

	memcpy(copy, rows, 2000 * 64 * sizeof(float));
	a = graph_of(rows, 2000, 64, 40, 32);
	b.rows = copy;
	b.plan = a.plan;
	some_centroids(&b, 40);
	build(&b, 1);
	CHECK(memcmp(mv_graph_neighbors(&a.graph, 0), mv_graph_neighbors(&b.graph, 0),
				 2000 * 32 * sizeof(uint32_t)) == 0, "the same graph whoever does which unit");
	release(&a);
	release(&b);
}

/* ---- recall of a walk by exact distances ---- */

static int
walk(const Built *b, const float *q, int ef, uint32_t *found)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	const MvGraphPlan *p = &b->plan;
	MvPool		pool;
	MvVisited	seen;
	void	   *pool_memory = unit_alloc(mv_pool_size(ef)),
			   *seen_memory = unit_alloc(mv_visited_size((uint32_t) p->n));
	const uint32_t *entries;
	uint32_t	id;
	int			count,
				i;

	mv_pool_init(&pool, ef, pool_memory);
	mv_visited_init(&seen, (uint32_t) p->n, seen_memory);
	mv_visited_clear(&seen);
	entries = mv_graph_entries(&b->graph, &count);
	for (i = 0; i < count; i++)
		if (mv_visit(&seen, entries[i]))
			mv_pool_push(&pool, (float) l2sq(q, b->rows + entries[i] * (size_t) p->dim, p->dim),
						 entries[i]);
	while (mv_pool_pop(&pool, &id))
	{
		const uint32_t *list = mv_graph_neighbors(&b->graph, id);

		for (i = 0; i < p->degree; i++)
			if (mv_visit(&seen, list[i]))
				mv_pool_push(&pool, (float) l2sq(q, b->rows + list[i] * (size_t) p->dim, p->dim),
							 list[i]);
	}
	for (i = 0; i < pool.n && i < 10; i++)
		found[i] = pool.id[i] & ~MV_POOL_DONE;
	free(pool_memory);
	free(seen_memory);
	return i;
}

static void
test_recall(void)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	int			n = 4000,
				hits = 0,
				query,
				i,
				j;
	Built		b = graph_of(random_rows(n, 64, 16, 100), n, 64, 100, 32);

	for (query = 0; query < 50; query++)
	{
		float	   *q = random_rows(1, 64, 16, 1);
		uint32_t	found[10];
		double		worst = 0;
		int			nearer;

		walk(&b, q, 40, found);
		for (i = 0; i < 10; i++)
		{
			worst = l2sq(q, b.rows + found[i] * 64, 64);
			for (nearer = j = 0; j < n; j++)
				nearer += l2sq(q, b.rows + (size_t) j * 64, 64) < worst;
			hits += nearer < 10;
		}
		free(q);
	}
	CHECK(hits >= 485, "recall of a walk: %d of 500", hits);
	check_led_to(&b, "clusters");
	release(&b);
}

/* ---- pruning ---- */

static void
test_prune(void)
{
	/* a line: the node at 0, candidates at 1, 2, -1.5, 4 and 1 again */
	static const float at[] = {1, 1, -1.5f, 2, 4};
	float		x[5][64] = {{0}},
				occluded[5];
	const void *rows[5];
	MvCandidate c[5];
	MvPruneRule rule = {MV_F32, 64, 4, 1, false};
	int			keep[5],
				i;

	for (i = 0; i < 5; i++)
	{
		x[i][3] = at[i];
		rows[i] = x[i];
		c[i].id = (uint32_t) i;
		c[i].dist = at[i] * at[i];
	}
	CHECK(mv_robust_prune(&rule, c, rows, 5, occluded, keep) == 2 && keep[0] == 0 && keep[1] == 2,
		  "one in each direction");
	rule.fill = true;
	CHECK(mv_robust_prune(&rule, c, rows, 5, occluded, keep) == 4 && keep[2] == 1 && keep[3] == 3,
		  "the others fill, nearest first");
	rule.degree = 1;
	CHECK(mv_robust_prune(&rule, c, rows, 5, occluded, keep) == 1, "one");
	CHECK(mv_robust_prune(&rule, c, rows, 0, occluded, keep) == 0, "none");
}

static void
test_nearest(void)
{
	MvCandidate c[300],
				sorted[300];
	int			k,
				i,
				bad = 0;

	for (k = 1; k <= 300; k += 23)
	{
		for (i = 0; i < 300; i++)
		{
			c[i].id = (uint32_t) i;
			c[i].dist = (float) (unit_random() % 100);
		}
		memcpy(sorted, c, sizeof(c));
		mv_candidates_sort(sorted, 300);
		bad += mv_candidates_nearest(c, 300, k) != sorted[k - 1].dist;
		mv_candidates_sort(c, k);
		bad += memcmp(c, sorted, (size_t) k * sizeof(*c)) != 0;
	}
	CHECK(bad == 0, "%d of the nearest are wrong", bad);
}

static void
test_sort(void)
{
	MvCandidate c[] = {{7, 2}, {3, 1}, {7, 3}, {9, 1}, {1, 5}};

	CHECK(mv_candidates_sort(c, 5) == 4 && c[0].id == 3 && c[1].id == 9 && c[2].id == 7 &&
		  c[3].id == 1, "sorted, each once");
}

/* ---- the pool ---- */

static void
test_pool(void)
{
	MvPool		pool;
	void	   *memory = unit_alloc(mv_pool_size(3));
	uint32_t	id = 0;

	mv_pool_init(&pool, 3, memory);
	CHECK(!mv_pool_pop(&pool, &id), "empty");
	CHECK(!mv_pool_push(&pool, NAN, 1), "NaN");
	CHECK(mv_pool_push(&pool, 3, 30) && mv_pool_push(&pool, 1, 10), "push");
	CHECK(mv_pool_pop(&pool, &id) && id == 10, "nearest first");
	CHECK(mv_pool_push(&pool, 0.5f, 5) && mv_pool_limit(&pool) == 3, "nearer than the first");
	CHECK(!mv_pool_push(&pool, 3, 31), "full");
	CHECK(mv_pool_push(&pool, 2, 20) && pool.n == 3, "the last left");
	CHECK(mv_pool_peek(&pool, &id) && id == 5 && mv_pool_pop(&pool, &id) && id == 5, "back to 5");
	CHECK(mv_pool_pop(&pool, &id) && id == 20 && !mv_pool_pop(&pool, &id), "10 was popped");
	free(memory);
}

static void
test_visited(void)
{
	MvVisited	v;
	void	   *memory = unit_alloc(mv_visited_size(40));

	mv_visited_init(&v, 40, memory);
	mv_visited_clear(&v);
	CHECK(mv_visit(&v, 39) && !mv_visit(&v, 39) && mv_visited(&v, 39) && !mv_visited(&v, 38),
		  "visited once");
	mv_visited_clear(&v);
	CHECK(!mv_visited(&v, 39) && mv_visit(&v, 39), "cleared");
	v.epoch = UINT32_MAX;
	mv_visited_clear(&v);
	CHECK(!mv_visited(&v, 39) && v.epoch == 1, "the epoch goes round");
	free(memory);
}

int
main(void)
{
	mv_kernels_init(NULL);
	test_prune();
	test_sort();
	test_nearest();
	test_pool();
	test_visited();
	test_shapes();
	test_equal();
	test_sharing();
	test_recall();
	return unit_result("test_graph");
}
