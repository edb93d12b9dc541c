/*
 * graph_leaf.c -- candidates by products of matrices: from overlapping leaves
 * (PiPNN: a graph out of partitions, arXiv 2602.21247), where a row meets the
 * others of its nearest centroids, and from samples of all rows.
 *
 * What leads a walk to its goal is the sample.  Leaves alone give a graph of
 * near rows only, and with one sample for all, only its rows are led to.
 */
#include <math.h>
#include <string.h>

#include "core/dist.h"
#include "core/gemm.h"
#include "core/graph_part.h"
#include "core/rng.h"

#define SKIP 64					/* columns passed over at once when none is near enough */

void
mv_graph_assign(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	MvCentroids set = *g->set;
	int			from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ASSIGN_ROWS, &from),
				i;

	for (i = from; i < end; i++)
		{
		float	   *x = w->gathered + (size_t) (i - from) * (size_t) p->dim;

		mv_graph_floats(g, (uint32_t) i, x);
		g->norm[i] = (float) mv_kernels.dist[MV_F32][MV_IP](x, x, p->dim);
	}
	/* the groups looked into must hold fan_out centroids */
	if (set.groups > 0 && set.k / set.groups * set.probes < 8 * p->fan_out)
		set.probes = 0;
	mv_nearest(&set, w->gathered, end - from, p->fan_out,
			   g->assign + (size_t) from * (size_t) p->fan_out, w->dist, w->nearest);
	for (i = from; i < end; i++)
		g->assign_dist[i] = w->dist[(size_t) (i - from) * (size_t) p->fan_out];
}

/* Sort the places of all rows by cluster, and divide long clusters. */
void
mv_graph_form_leaves(MvGraph *g)
{
	const MvGraphPlan *p = &g->head->plan;
	int			places = p->n * p->fan_out,
				most = mv_graph_leaf_rows(p->dim),
				leaves = 0,
				i,
				j;
	/* the candidates are not there yet: counts by cluster */
	int32_t    *start = (int32_t *) g->candidates;

	memset(start, 0, (size_t) (p->k + 1) * sizeof(int32_t));
	for (i = 0; i < places; i++)
		start[g->assign[i]]++;
	for (j = 1; j <= p->k; j++)
		start[j] += start[j - 1];
	for (i = places - 1; i >= 0; i--)
		g->member[--start[g->assign[i]]] = i;
	for (j = 0; j < p->k; j++)
	{
		int			n = start[j + 1] - start[j],
					parts = mv_graph_pieces(n, most);

		for (i = 0; i < parts; i++)
			g->leaf[leaves++] = start[j] + (int) ((int64_t) n * i / parts);
	}
	g->leaf[leaves] = places;
	g->head->leaves = leaves;
}

/* ---- rows to be compared by products: floats or bytes, in the same memory ---- */

static void *
gathered_at(const MvGraph *g, float *rows, int at)
{
	size_t		size = g->head->bytes ? sizeof(int8_t) : sizeof(float);

	return (char *) rows + (size_t) at * (size_t) g->head->plan.dim * size;
}

static void
gather(const MvGraph *g, uint32_t row, float *rows, int at)
{
	if (g->head->bytes)
		memcpy(gathered_at(g, rows, at), mv_graph_compared(g, row), (size_t) g->head->plan.dim);
	else
		mv_graph_floats(g, row, gathered_at(g, rows, at));
}

/* Products of m of them with the first n of w->gathered, into w->dots. */
static void
multiply(const MvGraph *g, const void *some, int m, int n)
{
	MvGraphWork *w = g->work;
	int			dim = g->head->plan.dim;

	if (g->head->bytes)
		mv_gemm_bytes(m, n, dim, some, (const int8_t *) w->gathered, w->dots, w->gemm);
	else
		mv_gemm(m, n, dim, some, w->gathered, w->dots, w->gemm);
}

/* ---- leaves ---- */

/* The nearest of one row among n of a leaf, into near and dist; returns how many. */
static int
nearest_in_leaf(const float *dot, const float *norm, int n, int count, int *near, float *dist)
{
	int			kept = 0,
				i,
				j,
				at;

	for (i = 0; i < n && count > 0; i += SKIP)
	{
		int			end = i + SKIP < n ? i + SKIP : n;
		float		worst = kept < count ? INFINITY : dist[count - 1];

		if (mv_argmin(dot + i, norm + i, end - i, &worst) < 0)
			continue;
		for (j = i; j < end; j++)
		{
			float		value = norm[j] - 2 * dot[j];

			if (kept == count && !(value < dist[count - 1]))
				continue;
			if (kept < count)
				kept++;
			for (at = kept - 1; at > 0 && dist[at - 1] > value; at--)
			{
				dist[at] = dist[at - 1];
				near[at] = near[at - 1];
			}
			dist[at] = value;
			near[at] = j;
		}
	}
	return kept;
}

void
mv_graph_leaf(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	const int32_t *member = g->member + g->leaf[unit];
	int			n = g->leaf[unit + 1] - g->leaf[unit],
				count = p->leaf_nearest,
				i,
				j,
				kept;

	for (i = 0; i < n; i++)
	{
		uint32_t	row = (uint32_t) (member[i] / p->fan_out);

		gather(g, row, w->gathered, i);
		w->norm[i] = g->norm[row];
	}
	for (i = 0; i < n; i++)
	{
		uint32_t   *out = g->candidates + (size_t) member[i] * (size_t) count;
		float	   *dot;

		if (i % MV_GRAPH_ROWS == 0)
			multiply(g, gathered_at(g, w->gathered, i),
					 n - i < MV_GRAPH_ROWS ? n - i : MV_GRAPH_ROWS, n);
		dot = w->dots + (size_t) (i % MV_GRAPH_ROWS) * (size_t) n;
		dot[i] = -INFINITY;		/* not itself */
		kept = nearest_in_leaf(dot, w->norm, n, count < n ? count : n - 1, w->keep, w->dist);
		for (j = 0; j < kept; j++)
			out[j] = (uint32_t) (member[w->keep[j]] / p->fan_out);
		for (; j < count; j++)
			out[j] = MV_GRAPH_NONE;
	}
}

/* ---- the sample ---- */

static inline int
sample_rows(const MvGraphPlan *p)
{
	return p->sample < p->n ? p->sample : p->n;
}

/* Row number i of the sample of a unit: evenly spaced, from a place that is the unit's own. */
static uint32_t
sample_row(const MvGraphPlan *p, int unit, int i)
{
	uint64_t	rng = p->seed * 0x9e3779b97f4a7c15u + (uint64_t) unit;
	uint64_t	at = (uint64_t) i * (uint64_t) p->n / (uint64_t) sample_rows(p);

	return (uint32_t) ((at + mv_rng_below(&rng, (uint32_t) p->n)) % (uint64_t) p->n);
}

int
mv_graph_sample(MvGraph *g, int unit)
{
	const MvGraphPlan *p = &g->head->plan;
	MvGraphWork *w = g->work;
	int			n = sample_rows(p),
				from,
				end = mv_graph_unit_end(g, unit, MV_GRAPH_ROWS, &from),
				i;

	for (i = 0; i < n; i++)
	{
		uint32_t	row = sample_row(p, unit, i);

		gather(g, row, w->gathered, i);
		w->norm[i] = g->norm[row];
	}
	for (i = from; i < end; i++)
		gather(g, (uint32_t) i, w->own, i - from);
	multiply(g, w->own, end - from, n);
	return n;
}

int
mv_graph_sampled(MvGraph *g, int unit, int n, int row_of_unit)
{
	MvGraphWork *w = g->work;
	const float *dot = w->dots + (size_t) row_of_unit * (size_t) n;
	int			found,
				i;

	found = mv_candidates_by_dots(dot, w->norm, n, g->head->plan.sample_nearest, w->sampled);
	for (i = 0; i < found; i++)
		w->sampled[i].id = sample_row(&g->head->plan, unit, (int) w->sampled[i].id);
	return found;
}
