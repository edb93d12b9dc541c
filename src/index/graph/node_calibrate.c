/*
 * node_calibrate.c -- how large a pool a recall takes: walks of growing pools
 * against the nearest rows by all lists.
 *
 * Queries are rows of the index, at the build, or given ones.  A walk to a row does not
 * go by way of it: its node would lead to its nearest at once, as no query's does.  What is
 * asked for may still be farther from all rows than these are from each other, so what
 * they say is taken with a margin.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "index/graph/node.h"

/* Pools that are tried, each larger than the one before by half an octave. */
#define FIRST_POOL 16
#define POOLS 15

/* Rows that serve as queries, and the most of given ones. */
#define ROW_QUERIES 64
#define MAX_QUERIES 256

/*
 * How much larger pools must be than for rows: of short questions to 100,000 passages
 * (enwiki100k_minilm) 2.0, 1.8, 1.9, 1.3 times for .9, .95, .98, .99; of generated rows
 * that are not in the index .55, .7, .75, .7 times.
 */
#define ROWS_MARGIN 1.5

typedef struct Trial
{
	Relation	index;
	MvIvf	   *ivf;
	bool		rows;			/* queries are rows of the index, and find themselves */
	MvSearch   *walk;
	MvSearch   *lists;
	MvNeighbor *found;			/* of the largest pool */
	double		recall[MV_IVF_CURVES][POOLS];	/* sums over queries */
	uint32		ids;			/* that there are */
	int			n;				/* queries */
} Trial;

static int
pool_size(int i)
{
	return (int) lround(FIRST_POOL * pow(2, 0.5 * i));
}

/* Distances of the nearest rows, in the unit of the operator; returns how many. */
static int
nearest_by_lists(Trial *t, const float *x, int k, double *distance)
{
	MvEffort	all = {.recall = 1};
	MvFound		found;
	int			n = 0;

	mv_ivf_search_start(t->lists, x, 0, &all, NULL);
	while (n < k && mv_ivf_search_next(t->lists, &found))
		distance[n++] = found.distance;
	return n;
}

/*
 * What pools of all sizes find of the nearest rows; one that finds all speaks for those that are
 * larger.  id: of the row that is the query, if any.
 */
static void
try_query(Trial *t, const float *x, uint32 id)
{
	int			self = t->rows ? 1 : 0;
	int			most = mv_ivf_curve_k(MV_IVF_CURVES - 1) + self;
	double	   *distance = palloc(sizeof(double) * most);
	int			n = nearest_by_lists(t, x, most, distance);
	bool		all = false;

	for (int i = 0; i < POOLS && n > self; i++)
	{
		int			found = all ? 0 : mv_node_nearest(t->walk, x, pool_size(i), id, t->found);
		bool		complete = true;

		for (int curve = 0; curve < MV_IVF_CURVES; curve++)
		{
			int			k = Min(mv_ivf_curve_k(curve) + self, n);
			double		limit = distance[k - 1] + 1e-6 * fabs(distance[k - 1]);
			int			hits = all ? k - self : 0;

			while (hits < Min(found, k - self) &&
				   mv_ivf_in_units(t->ivf, t->found[hits].dist) <= limit)
				hits++;
			t->recall[curve][i] += (double) hits / (k - self);
			complete &= hits == k - self;
		}
		all = complete;
		CHECK_FOR_INTERRUPTS();
	}
	t->n += n > self;
	pfree(distance);
}

/* The pool for a recall, linear in the logarithm of what is missing; INFINITY: none tried. */
static double
pool_for(const Trial *t, int curve, double recall)
{
	double		before = 0;

	for (int i = 0; i < POOLS; i++)
	{
		double		now = t->recall[curve][i] / t->n;

		if (now >= recall)
		{
			double		from = -log(1 - Min(before, 0.9999));
			double		to = -log(1 - Min(now, 0.9999));
			double		part = to > from ? (-log(1 - Min(recall, 0.9999)) - from) / (to - from) : 1;
			double		last = i > 0 ? pool_size(i - 1) : pool_size(0);

			return last + Min(Max(part, 0), 1) * (pool_size(i) - last);
		}
		before = Max(before, now);
	}
	return INFINITY;
}

static void
store(Trial *t)
{
	Buffer		buffer = mv_page_read(t->index, t->ivf->meta.graph, MV_PAGE_GRAPH,
									  BUFFER_LOCK_EXCLUSIVE);
	double		margin = t->rows ? ROWS_MARGIN : 1;
	MvChange	change;
	MvNodeRoot *root;

	mv_change_begin(&change, t->index);
	root = (MvNodeRoot *) MV_PAGE_BODY(mv_change_page(&change, buffer));
	root->calibration = t->rows ? MV_IVF_BY_BUILD : MV_IVF_BY_QUERIES;
	root->calibrated_rows = t->ids;
	for (int curve = 0; curve < MV_IVF_CURVES; curve++)
		for (int i = 0; i < MV_IVF_KNOTS; i++)
			root->curves[curve].ef[i] = (float) (margin * pool_for(t, curve, mv_ivf_knot(i)));
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

static void
begin(Trial *t, Relation index, bool rows)
{
	memset(t, 0, sizeof(*t));
	t->index = index;
	t->ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	t->rows = rows;
	t->walk = mv_node_search_begin(index, NULL, NULL);
	t->lists = mv_ivf_search_begin(index, NULL, NULL);
	t->found = palloc(sizeof(MvNeighbor) * pool_size(POOLS - 1));
}

static void
finish(Trial *t)
{
	if (t->n > 0)
		store(t);
	mv_node_search_end(t->walk);
	mv_ivf_search_end(t->lists);
}

void
mv_node_calibrate_rows(Relation index)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "graph calibration",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	uint32		n;
	Trial		t;
	MvIvfIds	ids;
	void	   *stored;
	float	   *x;

	begin(&t, index, true);
	mv_ivf_ids_begin(&ids, index, t.ivf);
	stored = palloc(t.ivf->shape.vector_size);
	x = palloc(sizeof(float) * t.ivf->shape.dim);
	t.ids = mv_ivf_ids_count(&ids);
	n = Min(t.ids, ROW_QUERIES);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		id = (uint32) ((uint64) t.ids * i / n);

		if (mv_ivf_read_vector(&ids, id, stored).flags & (MV_ID_DEAD | MV_ID_FREE | MV_ID_CLAMPED))
			continue;
		mv_kernels.to_f32[MV_F16] (stored, x, t.ivf->shape.dim);
		try_query(&t, x, id);
	}
	mv_ivf_ids_end(&ids);
	finish(&t);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Rows that an index should have before its own rows can tell anything. */
#define ENOUGH_ROWS 1000

/* Of the rows, those that a VACUUM has to find dead: what came instead may be quite different. */
#define CHANGED_SHARE 0.05

void
mv_node_calibrate_again(Relation index, double live, double dead)
{
	const MvIvf *ivf = mv_ivf_open(index);
	MvNodes		nodes;

	if (!mv_node_open(&nodes, index, ivf) || live < ENOUGH_ROWS ||
		nodes.root.calibration == MV_IVF_BY_QUERIES ||
		(live < 2.0 * nodes.root.calibrated_rows && dead < CHANGED_SHARE * live))
		return;
	mv_node_calibrate_rows(index);
}

void
mv_node_calibrate(Relation index, const float *queries, int n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "graph calibration",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Trial		t;
	MvNodes		nodes;

	mv_ivf_calibrate(index, queries, n);
	begin(&t, index, false);
	if (mv_node_open(&nodes, index, t.ivf) && nodes.root.entries.ncodes > 0)
		for (int i = 0; i < Min(n, MAX_QUERIES); i++)
			try_query(&t, queries + (Size) t.ivf->shape.dim * i, MV_NODE_NONE);
	finish(&t);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
