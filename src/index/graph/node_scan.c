/*
 * node_scan.c -- the rows of a graph index in the order of their distance.
 *
 * A walk goes from node to node, always to the nearest known that it has not been
 * to.  At a node it learns the node's distance exactly, from its vector, and those
 * of all its neighbors roughly, from their codes; the nearest `ef` it has heard of
 * are its pool, and when it has been to all of them, it is over.  Rows not yet
 * linked have their codes in a list of their own, which is read afterwards.
 *
 * What the walk heard of stays in a log.  When more rows are wanted than it was
 * made for, it goes on with a larger pool, filled from the log.  When that leads
 * nowhere any more, or too far, the lists of the ivf index give all other rows.
 *
 * Some recalls take less by way of the lists from the beginning: node_effort.c.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/topk.h"
#include "index/counters.h"
#include "index/graph/node.h"

/* Nodes where a walk begins. */
#define FIRST_NODES 8

/* What the walk has heard of, in the order of arrival. */
typedef struct Log
{
	float	   *est;
	uint32	   *id;
	Size		n;
	Size		size;
} Log;

typedef struct NodeSearch
{
	Relation	index;
	Relation	heap;
	Snapshot	snapshot;
	MemoryContext context;
	MvEffort	effort;

	/* The index as this query sees it. */
	MvIvf	   *ivf;
	MvNodes		nodes;
	MvIvfIds	ids;
	MvIvfQuery	query;
	MvRabitqScan scan;			/* of the codes in nodes: estimates alone */
	MvIvfRanker ranker;
	MvIvfWalk	chain;			/* of lists of codes */
	char	   *copy;			/* [nodes.shape.size] */
	float	   *x;				/* the query */
	Datum		value;			/* of the column's type; 0: NULL */
	const MvFilter *filter;

	/* The walk. */
	int			ef;
	MvPool		pool;
	Size		pool_size;
	MvVisited	visited;
	Log			log;
	uint32	   *ranked;			/* ids whose distance is known */
	uint32		nranked;
	uint32		max_ranked;

	MvNodeTrace *trace;			/* where it goes, or NULL: nobody wants to know */

	MvRerank	rerank;			/* candidates: pending rows; exact: rows by id */
	MvTopK		nearest;		/* distances of the rows expected */
	int			max_nearest;
	double		wanted;			/* rows that the pool was chosen for */
	double		nreturned;
	float		pending_limit;	/* pending rows with bounds below are, or were, candidates */

	/* The lists: instead of the walk, or after it. */
	MvSearch   *lists;
	bool		by_lists;
	bool		exhausted;		/* the walk is over for good */
	bool		have;			/* is there a row from the lists ahead? */
	MvFound		ahead;
} NodeSearch;

MvSearch *
mv_node_search_begin(Relation index, Relation heap, Snapshot snapshot)
{
	NodeSearch *s = palloc0(sizeof(NodeSearch));

	s->index = index;
	s->heap = heap;
	s->snapshot = snapshot;
	s->context = AllocSetContextCreate(CurrentMemoryContext, "graph search",
									   ALLOCSET_DEFAULT_SIZES);
	return (MvSearch *) s;
}

void
mv_node_search_end(MvSearch *search)
{
	NodeSearch *s = (NodeSearch *) search;

	if (s->lists != NULL)
		mv_ivf_search_end(s->lists);
	MemoryContextDelete(s->context);
}

/* ---- beginning ---- */

/* The graph as it is now; false if there is none. */
static bool
open_graph(NodeSearch *s)
{
	if (s->ivf == NULL)
		s->ivf = mv_ivf_open_for(s->index, s->context);
	return mv_node_open(&s->nodes, s->index, s->ivf);
}

/* What holds for all queries of the search. */
static void
begin_walks(NodeSearch *s)
{
	mv_ivf_query_begin(&s->query, s->ivf);
	mv_ivf_ranker_begin(&s->ranker, s->ivf);
	mv_ivf_ids_begin(&s->ids, s->index, s->ivf);
	mv_ivf_walk_begin(&s->chain, s->index, &s->ivf->shape, palloc(s->ivf->shape.block_size));
	s->x = palloc(sizeof(float) * s->ivf->shape.dim);
	s->max_nearest = 0;
	mv_rerank_init(&s->rerank, palloc(sizeof(MvNeighbor) * 256), 256,
				   palloc(sizeof(MvNeighbor) * 1024), 1024);
}

/* The query of a walk. */
static void
set_query(NodeSearch *s, const float *x)
{
	if (s->x == NULL)
		begin_walks(s);
	memcpy(s->x, x, sizeof(float) * s->ivf->shape.dim);
	mv_ivf_ranker_start(&s->ranker, x);
}

/*
 * Marks for all nodes, of no search under way: new ones, 250 kB for a million rows, would
 * take as long as the first steps of a walk.  In TopMemoryContext, or words is NULL.
 */
static MvVisited kept;

#define MAX_KEPT ((Size) 4 * 1024 * 1024)

/* The search ends, or an error has ended it. */
static void
keep_visited(void *arg)
{
	MvVisited  *visited = &((NodeSearch *) arg)->visited;

	if (visited->words == NULL)
		return;
	if (visited->n > kept.n && mv_visited_size(visited->n) <= MAX_KEPT)
	{
		MvVisited	other = kept;

		kept = *visited;
		*visited = other;
	}
	if (visited->words != NULL)
		pfree(visited->words);
	visited->words = NULL;
}

static void
take_visited(NodeSearch *s)
{
	uint32		n = s->nodes.capacity;
	MemoryContextCallback *callback;

	if (s->visited.n >= n)
		return;
	if (s->visited.words == NULL)
	{
		callback = palloc(sizeof(MemoryContextCallback));
		callback->func = keep_visited;
		callback->arg = s;
		MemoryContextRegisterResetCallback(s->context, callback);
		s->visited = kept;
		memset(&kept, 0, sizeof(kept));
	}
	if (s->visited.n < n)
	{
		void	   *words = MemoryContextAllocHuge(TopMemoryContext, mv_visited_size(n));

		if (s->visited.words != NULL)
			pfree(s->visited.words);
		mv_visited_init(&s->visited, n, words);
	}
}

/* Memory that grows with the graph. */
static void
use_nodes(NodeSearch *s)
{
	if (s->copy == NULL)
		s->copy = palloc(s->nodes.shape.size);
	take_visited(s);
	mv_visited_clear(&s->visited);
}

static void
start_lists(NodeSearch *s, const float *query)
{
	if (s->lists == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(s->context);

		s->lists = mv_ivf_search_begin(s->index, s->heap, s->snapshot);
		MemoryContextSwitchTo(old);
	}
	mv_ivf_search_start(s->lists, query, s->value, &s->effort, s->filter);
}

/* An empty pool for so many, and room for the distances of the rows expected. */
static void
begin_pool(NodeSearch *s, int capacity)
{
	int			k = (int) (1.5 * s->wanted) + 1;

	if (mv_pool_size(capacity) > s->pool_size)
	{
		s->pool_size = mv_pool_size(capacity);
		s->pool.dist = palloc_extended(s->pool_size, MCXT_ALLOC_HUGE);
	}
	mv_pool_init(&s->pool, capacity, s->pool.dist);
	if (k > s->max_nearest)
	{
		s->max_nearest = k;
		s->nearest.items = palloc(sizeof(MvNeighbor) * k);
	}
	mv_topk_init(&s->nearest, s->nearest.items, k);
}

/* Codes that follow are around the mean. */
static void
center_on_mean(NodeSearch *s)
{
	const MvIvfQuery *q = &s->query;
	float		g_add = s->ivf->opclass->metric == MV_IP ? -(q->mean_dot + s->ivf->mean_norm) :
		q->norm;

	mv_ivf_query_center(&s->query, g_add, sqrtf(q->norm));
}

/* Begin at the nodes of the entry table that seem nearest. */
static void
enter(NodeSearch *s)
{
	MvNeighbor	items[FIRST_NODES];
	MvTopK		nearest;
	const char *block;
	MvBlockResult result;

	mv_topk_init(&nearest, items, FIRST_NODES);
	center_on_mean(s);
	mv_ivf_walk_start(&s->chain, s->nodes.root.entries.first, s->nodes.root.entries.ncodes);
	while ((block = mv_ivf_walk_next(&s->chain)) != NULL)
	{
		mv_ivf_block_scan(&s->query, block, s->chain.n, INFINITY, &result);
		for (int i = 0; i < s->chain.n; i++)
			if (mv_ivf_block_id(block, i) < s->nodes.capacity)
				mv_topk_push(&nearest, mv_ivf_block_id(block, i), result.est[i]);
	}
	mv_last_scan.codes += s->nodes.root.entries.ncodes;
	for (int i = 0; i < nearest.n; i++)
		mv_pool_push(&s->pool, items[i].dist, (uint32) items[i].id);
}

/* ---- the walk ---- */

static void
grow_log(NodeSearch *s)
{
	Log		   *log = &s->log;
	Size		size = Max(2 * log->size, 8192);

	log->est = log->est == NULL ? palloc(sizeof(float) * size) :
		repalloc_huge(log->est, sizeof(float) * size);
	log->id = log->id == NULL ? palloc(sizeof(uint32) * size) :
		repalloc_huge(log->id, sizeof(uint32) * size);
	log->size = size;
}

/* A row's distance is known. */
static void
add_ranked(NodeSearch *s, uint32 id, float rank)
{
	if (s->nranked == s->max_ranked)
	{
		s->max_ranked = Max(2 * s->max_ranked, 1024);
		s->ranked = s->ranked == NULL ? palloc(sizeof(uint32) * s->max_ranked) :
			repalloc_huge(s->ranked, sizeof(uint32) * s->max_ranked);
	}
	s->ranked[s->nranked++] = id;
	mv_topk_push(&s->nearest, id, rank);
	while (!mv_rerank_exact(&s->rerank, id, rank))
		mv_rerank_grow(&s->rerank, s->rerank.candidates, s->rerank.max_candidates,
					   repalloc_huge(s->rerank.exact, sizeof(MvNeighbor) * 2 * s->rerank.max_exact),
					   2 * s->rerank.max_exact);
}

/* What a node says of its neighbors goes to the log, what is near to the pool. */
static void
look_around(NodeSearch *s, const char *node, float rank)
{
	const MvNodeShape *shape = &s->nodes.shape;
	const uint32 *ids = mv_node_ids(shape, node);
	Log		   *log = &s->log;

	if (log->n + shape->degree > log->size)
		grow_log(s);
	mv_rabitq_scan_center(&s->scan, rank, 0);
	for (int b = 0; b < shape->degree / MV_BLOCK; b++, ids += MV_BLOCK)
	{
		const float *factors = mv_node_factors(shape, node, b);
		MvBlockResult result;
		uint32		below = mv_block_scan(&s->scan, mv_node_codes(shape, node, b), factors,
										  mv_pool_limit(&s->pool), &result);

		memcpy(log->est + log->n, result.est, sizeof(result.est));
		memcpy(log->id + log->n, ids, sizeof(uint32) * MV_BLOCK);
		log->n += MV_BLOCK;
		for (; below != 0; below &= below - 1)
		{
			int			i = pg_rightmost_one_pos32(below);

			if (ids[i] < s->nodes.capacity && !mv_visited(&s->visited, ids[i]))
				mv_pool_push(&s->pool, result.est[i], ids[i]);
		}
	}
}

/* Note the node gone to last, whose neighbors are the last in the log. */
static void
add_to_trace(NodeSearch *s, uint32 id, const char *node, float rank)
{
	const MvNodeShape *shape = &s->nodes.shape;
	MvNodeTrace *trace = s->trace;
	Size		size = 2 * (Size) shape->dim;

	if (trace->n == trace->max)
		return;
	trace->ids[trace->n] = id;
	trace->wants[trace->n] = s->ivf->format.metric == MV_IP ||	/* ranks are no distances */
		mv_node_wants(&s->nodes, node, rank, s->log.est + s->log.n - shape->degree);
	memcpy(trace->vectors + size * trace->n++, mv_node_vector(shape, node), size);
}

static void
visit(NodeSearch *s, uint32 id)
{
	MvNodeRef	ref;
	uint32		next;
	float		rank;

	if (mv_pool_peek(&s->pool, &next))
		mv_node_prefetch(&s->nodes, next);
	mv_node_get(&s->nodes, id, s->copy, &ref);
	if (ref.node == NULL)
		return;					/* a stale edge; the row, if it is one, is pending */
	mv_visit(&s->visited, id);
	rank = mv_ivf_rank(&s->ranker, mv_node_vector(&s->nodes.shape, ref.node));
	look_around(s, ref.node, rank);
	if (s->trace != NULL)
		add_to_trace(s, id, ref.node, rank);
	mv_node_release(&ref);
	s->rerank.pending++;
	add_ranked(s, id, rank);
}

/* Interrupts are served once in so many steps. */
#define STEPS 32

static void
walk(NodeSearch *s)
{
	uint32		id;
	uint32		steps = 0;

	while (mv_pool_pop(&s->pool, &id))
	{
		if (mv_visited(&s->visited, id))
			continue;
		visit(s, id);
		if (++steps % STEPS == 0)
			CHECK_FOR_INTERRUPTS();
	}
	mv_last_scan.hops += steps;
	mv_last_scan.reranked += steps;
	mv_last_scan.codes += (uint64) steps * s->nodes.shape.degree;
}

/* ---- pending rows ---- */

static void
add_candidate(NodeSearch *s, uint32 id, float low)
{
	MvRerank   *r = &s->rerank;

	mv_last_scan.candidates++;
	while (!mv_rerank_add(r, id, low))
		mv_rerank_grow(r, repalloc_huge(r->candidates, sizeof(MvNeighbor) * 2 * r->max_candidates),
					   2 * r->max_candidates, r->exact, r->max_exact);
}

/*
 * Make candidates of the pending rows with bounds below a limit that are none yet.
 * The list is read as it was when the scan began; its pages stay as they were.
 */
static void
read_pending(NodeSearch *s, float limit)
{
	float		from = s->pending_limit;
	const MvNodeRoot *root = &s->nodes.root;
	const char *block;
	int			skip;
	MvBlockResult result;

	s->pending_limit = limit;
	if (root->pending.ncodes == root->linked.ncodes || from == INFINITY)
		return;
	center_on_mean(s);
	skip = mv_ivf_walk_resume(&s->chain, &root->linked, &root->pending);
	for (; (block = mv_ivf_walk_next(&s->chain)) != NULL; skip = 0)
	{
		uint32		below = mv_ivf_block_scan(&s->query, block, s->chain.n, limit, &result);

		mv_last_scan.codes += s->chain.n;
		for (below &= PG_UINT32_MAX << skip; below != 0; below &= below - 1)
		{
			int			i = pg_rightmost_one_pos32(below);

			if (!(result.low[i] < from))
				add_candidate(s, mv_ivf_block_id(block, i), result.low[i]);
		}
	}
}

/* The distance of a pending row, unless the walk has met it since it was linked. */
static void
rank_pending(NodeSearch *s, uint32 id)
{
	void	   *vector;

	if (id < s->visited.n && !mv_visit(&s->visited, id))
	{
		mv_rerank_skip(&s->rerank);
		return;
	}
	mv_last_scan.reranked++;
	vector = palloc(s->ivf->shape.vector_size);
	mv_ivf_read_vector(&s->ids, id, vector);
	add_ranked(s, id, mv_ivf_rank(&s->ranker, vector));
	pfree(vector);
}

/* ---- going on ---- */

/* The walk is over: all rows that it does not know come from the lists. */
static void
exhaust(NodeSearch *s)
{
	uint32		n = mv_ivf_ids_count(&s->ids);
	MvIdSet		others;
	MvNeighbor	candidate;

	read_pending(s, INFINITY);
	while (mv_rerank_next(&s->rerank, &candidate))
		rank_pending(s, (uint32) candidate.id);
	mv_id_set_init(&others, n);
	mv_id_set_fill(&others);
	for (uint32 i = 0; i < s->nranked; i++)
		if (s->ranked[i] < n)
			mv_id_set_remove(&others, s->ranked[i]);
	start_lists(s, s->x);
	mv_ivf_search_only(s->lists, &others);
	pfree(others.words);
	s->exhausted = true;
	s->have = false;
}

/* Take a larger pool; its nearest are those heard of and not gone to. */
static void
extend(NodeSearch *s)
{
	int			old = s->ef;

	mv_last_scan.resumed++;
	s->wanted = Max(2 * s->wanted, 2 * s->nreturned);
	if (s->wanted > mv_node_most_rows(&s->nodes))
	{
		exhaust(s);
		return;
	}
	s->ef = Max(mv_node_pool(&s->nodes, &s->effort, s->wanted), 2 * old);
	begin_pool(s, s->ef - old);
	for (Size i = 0; i < s->log.n; i++)
		if (s->log.est[i] < mv_pool_limit(&s->pool) && s->log.id[i] < s->nodes.capacity &&
			!mv_visited(&s->visited, s->log.id[i]))
			mv_pool_push(&s->pool, s->log.est[i], s->log.id[i]);
	if (s->pool.n == 0)
	{
		exhaust(s);
		return;
	}
	walk(s);
	read_pending(s, INFINITY);
}

/* Walk to s->x with a pool of that size, not by way of `but`. */
static void
start_walk(NodeSearch *s, int ef, uint32 but)
{
	use_nodes(s);
	if (but < s->visited.n)
		mv_visit(&s->visited, but);
	mv_ivf_query_start(&s->query, s->x);
	mv_rabitq_scan_init(&s->scan, &s->query.query, MV_CODE_BLOCK, 1, 0);
	mv_rerank_init(&s->rerank, s->rerank.candidates, s->rerank.max_candidates, s->rerank.exact,
				   s->rerank.max_exact);
	s->log.n = 0;
	s->nranked = 0;
	s->nreturned = 0;
	s->pending_limit = -INFINITY;
	s->exhausted = false;
	s->ef = ef;
	begin_pool(s, s->ef);
	enter(s);
	walk(s);
}

/* Walk to x with a pool of that size, not by way of `but`; false if there is no graph. */
static bool
walk_to(NodeSearch *s, const float *x, int ef, uint32 but)
{
	if (!open_graph(s))
		return false;
	set_query(s, x);
	s->wanted = MV_NODE_NOMINAL_ROWS;
	start_walk(s, ef, but);
	return true;
}

int
mv_node_nearest(MvSearch *search, const float *x, int n, uint32 but, MvNeighbor *found)
{
	NodeSearch *s = (NodeSearch *) search;
	MemoryContext old = MemoryContextSwitchTo(s->context);
	int			got = 0;

	if (walk_to(s, x, n, but))
		while (got < n && mv_rerank_result(&s->rerank, &found[got]))
			got++;
	MemoryContextSwitchTo(old);
	return got;
}

int
mv_node_trace(MvSearch *search, const float *x, int ef, MvNodeTrace *trace)
{
	NodeSearch *s = (NodeSearch *) search;
	MemoryContext old = MemoryContextSwitchTo(s->context);

	trace->n = 0;
	s->trace = trace;
	walk_to(s, x, ef, MV_NODE_NONE);
	s->trace = NULL;
	MemoryContextSwitchTo(old);
	return trace->n;
}

void
mv_node_search_start(MvSearch *search, const float *query, Datum value, const MvEffort *effort,
					 const MvFilter *filter)
{
	NodeSearch *s = (NodeSearch *) search;
	MemoryContext old = MemoryContextSwitchTo(s->context);

	s->effort = *effort;
	s->value = value;
	s->filter = filter;
	s->by_lists = filter != NULL || !open_graph(s) || !mv_node_walks(&s->nodes, effort);
	if (!s->by_lists)
	{
		set_query(s, query);
		s->by_lists = s->ranker.vague;
	}
	if (s->by_lists)
		start_lists(s, query);
	else
	{
		s->wanted = Max(effort->rows, MV_NODE_NOMINAL_ROWS);
		start_walk(s, mv_node_pool(&s->nodes, effort, s->wanted), MV_NODE_NONE);
		read_pending(s, mv_topk_limit(&s->nearest));
	}
	MemoryContextSwitchTo(old);
}

/* A row of that id and rank; false if vacuum has taken it away. */
static bool
give(NodeSearch *s, const MvNeighbor *row, MvFound *found)
{
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(&s->ids, (uint32) row->id, &block, &offset);

	if (mv_ivf_id_is_dead(entry))
		return false;
	found->tid = entry.tid;
	found->distance = mv_ivf_in_units(s->ivf, row->dist);
	found->estimated = false;
	s->nreturned++;
	return true;
}

/* After the walk: the nearer of what it knew and what the lists give. */
static bool
next_of_both(NodeSearch *s, MvFound *found)
{
	MvNeighbor	row;

	for (;;)
	{
		if (!s->have)
			s->have = mv_ivf_search_next(s->lists, &s->ahead);
		if (s->have && (s->rerank.n_exact == 0 ||
						s->ahead.distance < mv_ivf_in_units(s->ivf, s->rerank.exact[0].dist)))
		{
			s->have = false;
			*found = s->ahead;
			return true;
		}
		if (!mv_rerank_result(&s->rerank, &row))
			return false;
		if (give(s, &row, found))
			return true;
	}
}

bool
mv_node_search_next(MvSearch *search, MvFound *found)
{
	NodeSearch *s = (NodeSearch *) search;
	MemoryContext old;
	MvNeighbor	next;
	bool		any = false;

	if (s->by_lists)
		return mv_ivf_search_next(s->lists, found);
	old = MemoryContextSwitchTo(s->context);
	while (!any && !s->exhausted)
	{
		CHECK_FOR_INTERRUPTS();
		if (s->nreturned >= 1.5 * s->wanted)
			extend(s);
		else if (mv_rerank_result(&s->rerank, &next))
			any = give(s, &next, found);
		else if (mv_rerank_next(&s->rerank, &next))
			rank_pending(s, (uint32) next.id);
		else
			extend(s);
	}
	if (!any)
		any = next_of_both(s, found);
	MemoryContextSwitchTo(old);
	return any;
}
