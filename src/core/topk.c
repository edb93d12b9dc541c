/*
 * topk.c -- two binary heaps in arrays: children of i are 2i + 1 and 2i + 2.
 */
#include "core/topk.h"

/* The item that goes up: the farther one, or the nearer one. */
#define FARTHER(a, b) mv_nearer(b, a)
#define NEARER(a, b) mv_nearer(a, b)

/* item sinks from the top of heap[n], past every child that goes above it. */
#define SINK(above, heap, n, item) \
	do { \
		int			at_ = 0, \
					child_; \
		while ((child_ = 2 * at_ + 1) < (n)) \
		{ \
			child_ += child_ + 1 < (n) && above((heap)[child_ + 1], (heap)[child_]); \
			if (!above((heap)[child_], item)) \
				break; \
			(heap)[at_] = (heap)[child_]; \
			at_ = child_; \
		} \
		(heap)[at_] = (item); \
	} while (0)

/* item rises from the end of heap[n], which becomes heap[n + 1]. */
#define RISE(above, heap, n, item) \
	do { \
		int			at_ = (n); \
		while (at_ > 0 && above(item, (heap)[(at_ - 1) / 2])) \
		{ \
			(heap)[at_] = (heap)[(at_ - 1) / 2]; \
			at_ = (at_ - 1) / 2; \
		} \
		(heap)[at_] = (item); \
	} while (0)

void
mv_topk_push(MvTopK *top, uint64_t id, float dist)
{
	MvNeighbor	item = {id, dist};

	if (isnan(dist))
		return;
	if (top->n < top->k)
	{
		RISE(FARTHER, top->items, top->n, item);
		top->n++;
	}
	else if (mv_nearer(item, top->items[0]))
		SINK(FARTHER, top->items, top->n, item);
}

int
mv_topk_sort(MvTopK *top)
{
	int			n;

	for (n = top->n - 1; n > 0; n--)
	{
		MvNeighbor	last = top->items[n];

		top->items[n] = top->items[0];
		SINK(FARTHER, top->items, n, last);
	}
	return top->n;
}

void
mv_rerank_init(MvRerank *r, MvNeighbor *candidates, int max_candidates,
			   MvNeighbor *exact, int max_exact)
{
	r->n_candidates = r->n_ordered = r->n_exact = r->pending = 0;
	r->floor = INFINITY;
	mv_rerank_grow(r, candidates, max_candidates, exact, max_exact);
}

void
mv_rerank_grow(MvRerank *r, MvNeighbor *candidates, int max_candidates,
			   MvNeighbor *exact, int max_exact)
{
	r->candidates = candidates;
	r->max_candidates = max_candidates;
	r->exact = exact;
	r->max_exact = max_exact;
}

/* Many candidates are cut off before anybody asks for the lowest: they take their places then. */
static inline void
order_candidates(MvRerank *r)
{
	for (; r->n_ordered < r->n_candidates; r->n_ordered++)
	{
		MvNeighbor	item = r->candidates[r->n_ordered];

		RISE(NEARER, r->candidates, r->n_ordered, item);
	}
}

float
mv_rerank_low(MvRerank *r)
{
	order_candidates(r);
	return r->n_candidates > 0 ? r->candidates[0].dist : INFINITY;
}

void
mv_rerank_cut(MvRerank *r, float limit)
{
	int			n = 0;
	int			i;

	if (!(limit < INFINITY))
		return;
	for (i = 0; i < r->n_candidates; i++)
	{
		r->candidates[n] = r->candidates[i];
		n += r->candidates[n].dist < limit;
	}
	r->n_candidates = n;
	r->n_ordered = 0;
}

/* Takes the top out of heap[*n], n > 0. */
static MvNeighbor
pop_nearest(MvNeighbor *heap, int *n)
{
	MvNeighbor	top = heap[0];
	MvNeighbor	last = heap[--*n];

	if (*n > 0)
		SINK(NEARER, heap, *n, last);
	return top;
}

bool
mv_rerank_next(MvRerank *r, MvNeighbor *candidate)
{
	if (r->n_candidates == 0)
		return false;
	order_candidates(r);
	*candidate = pop_nearest(r->candidates, &r->n_candidates);
	r->n_ordered--;
	r->pending++;
	return true;
}

bool
mv_rerank_exact(MvRerank *r, uint64_t id, float dist)
{
	MvNeighbor	item = {id, isnan(dist) ? INFINITY : dist};

	if (r->n_exact == r->max_exact)
		return false;
	r->pending--;
	RISE(NEARER, r->exact, r->n_exact, item);
	r->n_exact++;
	return true;
}

/*
 * On a tie with a bound the candidate goes first: it may be as near with a
 * smaller id.
 */
bool
mv_rerank_result(MvRerank *r, MvNeighbor *neighbor)
{
	float		dist;

	if (r->n_exact == 0 || r->pending > 0)
		return false;
	dist = r->exact[0].dist;
	if ((r->n_candidates > 0 && !(dist < mv_rerank_low(r))) ||
		(r->floor < INFINITY && !(dist < r->floor)))
		return false;
	*neighbor = pop_nearest(r->exact, &r->n_exact);
	return true;
}
