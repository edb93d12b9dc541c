/*
 * ivf_scan.c -- the rows of an index in the order of their distance.
 *
 * Lists are read nearest centroid first, some of them before the first row is
 * returned.  Their codes give each row an estimate and a lower bound.  Rows are
 * re-ranked by their stored vectors in ascending order of the bound, and
 * returned as soon as no bound left is below (topk.h).  When all rows of the
 * lists read have been returned, more lists are read: a scan that is asked goes
 * on until it has returned every row.
 *
 * Stored vectors are rounded to f16, so what is returned with a row is a value
 * not above its distance; the executor computes that and corrects the order.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "compat.h"
#include "core/topk.h"
#include "index/ivf/ivf.h"

/* Estimates better than that many others go to re-ranking at once, others wait. */
#define EAGER 256

struct MvSearch
{
	Relation	index;
	MvIvf	   *ivf;
	MvIvfIds	ids;
	MemoryContext context;
	MvEffort	effort;

	uint16_t   *q16;			/* [dim], as stored vectors are */
	bool		vague;			/* q16 is not the query: bounds say nothing */
	double		q_norm;
	float	   *rotated;
	void	   *query_memory;
	MvRabitqQuery query;
	MvRabitqScan scan;

	MvNeighbor *lists;			/* heap of those not read, nearest on top */
	int			nlists;
	float	   *g_dist;			/* [nlists of the index] */

	MvRerank	rerank;
	MvTopK		eager;
	MvNeighbor	eager_items[EAGER];
	MvNeighbor *waiting;		/* candidates by bound, unordered */
	int			nwaiting,
				max_waiting;
	float		waiting_low;	/* the least of them */

	char	   *block;			/* [block_size], for blocks that cross pages */
	uint16_t   *vector;			/* [dim] */
};

/* A heap of lists; MvNeighbor.id is the list, dist its g_add. */
static void
sift_down(MvNeighbor *heap, int n, int i)
{
	MvNeighbor	item = heap[i];

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && mv_nearer(heap[child + 1], heap[child]))
			child++;
		if (!mv_nearer(heap[child], item))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = item;
}

MvSearch *
mv_ivf_search_begin(Relation index)
{
	MvSearch   *s = palloc0(sizeof(MvSearch));
	MvIvf	   *ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	const MvIvfShape *shape = &ivf->shape;

	s->index = index;
	s->ivf = ivf;
	s->context = CurrentMemoryContext;
	mv_ivf_ids_begin(&s->ids, index, ivf);
	s->q16 = palloc(shape->vector_size);
	s->rotated = palloc(sizeof(float) * shape->padded);
	s->query_memory = palloc(mv_rabitq_query_size(shape->padded));
	s->lists = palloc(sizeof(MvNeighbor) * (Size) ivf->meta.nlists);
	s->g_dist = palloc(sizeof(float) * (Size) ivf->meta.nlists);
	s->block = palloc(shape->block_size);
	s->vector = palloc(shape->vector_size);
	s->max_waiting = 4096;
	s->waiting = palloc(sizeof(MvNeighbor) * s->max_waiting);
	mv_rerank_init(&s->rerank, palloc(sizeof(MvNeighbor) * 1024), 1024,
				   palloc(sizeof(MvNeighbor) * 1024), 1024);
	return s;
}

void
mv_ivf_search_end(MvSearch *s)
{
	mv_ivf_ids_end(&s->ids);
}

/* Distances of the query to all centroids. */
static void
rank_lists(MvSearch *s)
{
	MvIvf	   *ivf = s->ivf;

	s->nlists = (int) ivf->meta.nlists;
	for (int i = 0; i < s->nlists; i++)
	{
		s->lists[i].id = i;
		mv_rabitq_center(&ivf->format, s->rotated, ivf->centroids + (Size) ivf->shape.padded * i,
						 &s->lists[i].dist, &s->g_dist[i]);
	}
	for (int i = s->nlists / 2 - 1; i >= 0; i--)
		sift_down(s->lists, s->nlists, i);
}

void
mv_ivf_search_start(MvSearch *s, const float *query, const MvEffort *effort)
{
	MvIvf	   *ivf = s->ivf;
	const MvIvfShape *shape = &ivf->shape;

	s->effort = *effort;
	s->vague = mv_ivf_vector(ivf, query, s->q16) != 0;
	s->q_norm = sqrt(mv_kernels.dist[MV_F32][MV_IP] (query, query, shape->dim));
	mv_rotate(ivf->rotation, query, ivf->mean, s->rotated);
	mv_rabitq_query_init(&s->query, s->rotated, shape->padded, s->query_memory);
	mv_rabitq_scan_init(&s->scan, &s->query, MV_CODE_BLOCK, 1, MV_RABITQ_EPSILON);
	rank_lists(s);
	mv_rerank_init(&s->rerank, s->rerank.candidates, s->rerank.max_candidates,
				   s->rerank.exact, s->rerank.max_exact);
	mv_topk_init(&s->eager, s->eager_items, EAGER);
	s->nwaiting = 0;
	s->waiting_low = INFINITY;
}

/* ---- reading lists ---- */

static void
add_candidate(MvSearch *s, uint64_t id, float low)
{
	while (!mv_rerank_add(&s->rerank, id, low))
		mv_rerank_grow(
			&s->rerank,
			repalloc_huge(s->rerank.candidates, sizeof(MvNeighbor) * 2 * s->rerank.max_candidates),
			2 * s->rerank.max_candidates, s->rerank.exact, s->rerank.max_exact);
}

static void
add_waiting(MvSearch *s, uint64_t id, float low)
{
	if (s->nwaiting == s->max_waiting)
	{
		s->max_waiting *= 2;
		s->waiting = repalloc_huge(s->waiting, sizeof(MvNeighbor) * s->max_waiting);
	}
	s->waiting[s->nwaiting].id = id;
	s->waiting[s->nwaiting++].dist = low;
	s->waiting_low = Min(s->waiting_low, low);
}

/* The first n codes of a block. */
static void
read_block(MvSearch *s, const char *block, int n)
{
	const float *add = (const float *) block;
	const uint32 *id = (const uint32 *) block + 2 * MV_BLOCK;
	MvBlockResult result;

	mv_block_scan(&s->scan, (const uint8_t *) block + MV_IVF_BLOCK_HEAD, add, add + MV_BLOCK,
				  INFINITY, &result);
	for (int i = 0; i < n; i++)
	{
		if (result.low[i] < mv_topk_limit(&s->eager))
		{
			mv_topk_push(&s->eager, id[i], result.est[i]);
			add_candidate(s, id[i], result.low[i]);
		}
		else
			add_waiting(s, id[i], result.low[i]);
	}
}

/*
 * The blocks of a list.  One page is locked at a time; a block that crosses
 * pages is put together in memory.
 */
static void
read_list(MvSearch *s, uint32 list, float g_add)
{
	const MvIvfShape *shape = &s->ivf->shape;
	int			offset;
	BlockNumber block = mv_ivf_list_block(&s->ivf->meta, shape, list, &offset);
	Buffer		buffer = mv_page_read(s->index, block, MV_PAGE_CENTROID, BUFFER_LOCK_SHARE);
	MvIvfList	header = *(MvIvfList *) (MV_PAGE_BODY(BufferGetPage(buffer)) + offset);
	uint32		left = header.ncodes;
	int			have = 0;		/* bytes of a block in s->block */

	UnlockReleaseBuffer(buffer);
	mv_rabitq_scan_center(&s->scan, g_add, s->g_dist[list]);
	for (block = header.first; left > 0;)
	{
		char	   *body;

		CHECK_FOR_INTERRUPTS();
		buffer = mv_page_read(s->index, block, MV_PAGE_CODE, BUFFER_LOCK_SHARE);
		body = MV_PAGE_BODY(BufferGetPage(buffer));
		for (int at = 0; left > 0 && at < MV_BODY_SIZE;)
		{
			int			part = Min(shape->block_size - have, MV_BODY_SIZE - at);
			int			n = (int) Min(left, MV_BLOCK);
			const char *whole = body + at;

			if (part < shape->block_size)
			{
				memcpy(s->block + have, body + at, part);
				whole = s->block;
			}
			have += part;
			at += part;
			if (have < shape->block_size)
				break;
			if (at + shape->block_size <= MV_BODY_SIZE)
				mv_block_prefetch((uint8_t *) body + at, shape->block_size);
			read_block(s, whole, n);
			left -= n;
			have = 0;
		}
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
}

int
mv_ivf_probes(const MvIvf *ivf, const MvEffort *effort)
{
	int			lists = (int) ivf->meta.nlists;

	return Min(effort->probes > 0 ? effort->probes : Max(lists / 4, 16), lists);
}

static void
read_lists(MvSearch *s)
{
	for (int i = mv_ivf_probes(s->ivf, &s->effort); i > 0 && s->nlists > 0; i--)
	{
		MvNeighbor	list = s->lists[0];

		s->lists[0] = s->lists[--s->nlists];
		sift_down(s->lists, s->nlists, 0);
		read_list(s, (uint32) list.id, list.dist);
	}
	mv_rerank_floor(&s->rerank, s->waiting_low);
}

/* The rows that waited, once the eager ones are used up. */
static void
stop_waiting(MvSearch *s)
{
	for (int i = 0; i < s->nwaiting; i++)
		add_candidate(s, s->waiting[i].id, s->waiting[i].dist);
	s->nwaiting = 0;
	s->waiting_low = INFINITY;
	mv_rerank_floor(&s->rerank, INFINITY);
}

/* ---- re-ranking ---- */

/* Rounding to f16, relative and absolute (subnormal numbers). */
#define F16_EPSILON 0x1.01p-11
#define F16_TINY 0x1p-25

/* Rounding of the sums of either side, relative. */
#define SUM_EPSILON 4e-6

/* A value not above what the operator gives for this row. */
static double
lower_distance(const MvSearch *s, const uint16_t *vector)
{
	int			dim = s->ivf->shape.dim;
	double		tiny = F16_TINY * sqrt(dim);
	double		d,
				margin,
				norm;

	if (s->ivf->opclass->metric == MV_IP)
	{
		d = mv_kernels.dist[MV_F16][MV_IP] (s->q16, vector, dim);
		norm = sqrt(mv_kernels.dist[MV_F16][MV_IP] (vector, vector, dim));
		margin = (2 * F16_EPSILON + SUM_EPSILON) * s->q_norm * norm + tiny * (s->q_norm + norm);
		return -d - margin;
	}
	d = sqrt(mv_kernels.dist[MV_F16][MV_L2SQ] (s->q16, vector, dim));
	margin = F16_EPSILON * (2 * s->q_norm + d) + 2 * tiny + SUM_EPSILON * d;
	d = Max(d - margin, 0);
	return s->ivf->opclass->metric == MV_COSINE ? Max(d * d / 2 - SUM_EPSILON, 0) : d;
}

/* Distance of a candidate, or false if its row is gone. */
static bool
exact_distance(MvSearch *s, uint32 id, double *low)
{
	const MvIvfShape *shape = &s->ivf->shape;
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(&s->ids, id, &block, &offset);

	if (entry.flags & MV_ID_DEAD)
		return false;
	if (s->vague || (entry.flags & MV_ID_CLAMPED))
		*low = s->ivf->opclass->metric == MV_IP ? -INFINITY : 0;
	else if (shape->vectors_per_page > 0)
	{
		Buffer		buffer = mv_page_read(s->index, block, MV_PAGE_VECTOR, BUFFER_LOCK_SHARE);

		*low = lower_distance(s, (uint16_t *) (MV_PAGE_BODY(BufferGetPage(buffer)) + offset));
		UnlockReleaseBuffer(buffer);
	}
	else
	{
		mv_ivf_read_run(s->index, block, MV_PAGE_VECTOR, 0, (char *) s->vector, shape->vector_size);
		*low = lower_distance(s, s->vector);
	}
	return true;
}

/*
 * Bounds are squared distances, or negated inner products; so are the
 * distances that they are compared with.
 */
static float
comparable(const MvSearch *s, double low)
{
	if (s->ivf->opclass->metric == MV_IP)
		return (float) low;
	return (float) (s->ivf->opclass->metric == MV_COSINE ? 2 * low : low * low);
}

static double
in_units(const MvSearch *s, float dist)
{
	double		d = nextafterf(dist, -INFINITY);

	if (s->ivf->opclass->metric == MV_IP)
		return d;
	d = Max(d, 0);
	return s->ivf->opclass->metric == MV_COSINE ? d / 2 : sqrt(d) * (1 - 1e-15);
}

static void
rerank_one(MvSearch *s, uint32 id)
{
	double		low;

	if (!exact_distance(s, id, &low))
	{
		mv_rerank_skip(&s->rerank);
		return;
	}
	while (!mv_rerank_exact(&s->rerank, id, comparable(s, low)))
		mv_rerank_grow(&s->rerank, s->rerank.candidates, s->rerank.max_candidates,
					   repalloc_huge(s->rerank.exact, sizeof(MvNeighbor) * 2 * s->rerank.max_exact),
					   2 * s->rerank.max_exact);
}

bool
mv_ivf_search_next(MvSearch *s, ItemPointer tid, double *low)
{
	MemoryContext old = MemoryContextSwitchTo(s->context);
	MvNeighbor	next;
	bool		found = false;

	while (!found)
	{
		CHECK_FOR_INTERRUPTS();
		if (mv_rerank_result(&s->rerank, &next))
		{
			BlockNumber block;
			int			offset;
			MvIvfId		entry = mv_ivf_id(&s->ids, (uint32) next.id, &block, &offset);

			*tid = entry.tid;
			*low = in_units(s, next.dist);
			found = !(entry.flags & MV_ID_DEAD);
		}
		else if (s->rerank.n_candidates > 0 && mv_rerank_low(&s->rerank) <= s->waiting_low &&
				 mv_rerank_next(&s->rerank, &next))
			rerank_one(s, (uint32) next.id);
		else if (s->nwaiting > 0)
			stop_waiting(s);
		else if (s->nlists > 0)
			read_lists(s);
		else
			break;
	}
	MemoryContextSwitchTo(old);
	return found;
}
