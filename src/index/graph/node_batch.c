/*
 * node_batch.c -- making nodes of many rows at once.
 *
 * A row's candidates are those that a walk to it goes to, its nearest of the batch, and,
 * for edges of all lengths, its nearest of a sample of nodes that 256 rows share; the last
 * two come from products of matrices.  Pruning takes edges out of them, as in builds
 * (core/graph.h), and each edge taken is offered in reverse.
 *
 * The batch's nodes get what is offered to them in memory and are written first; then
 * other nodes, page by page.  A crash between leaves edges to rows that are still pending,
 * which no walk follows.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "compat.h"
#include "core/dist.h"
#include "core/gemm.h"
#include "core/prune.h"
#include "core/rng.h"
#include "index/graph/node.h"

#define UNIT_ROWS 256			/* rows that share a sample, and products computed together */
#define MEMBERS_PER_PIVOT 16
#define SAMPLE 2048
#define SAMPLE_NEAREST 64		/* candidates that a row takes out of the sample */
#define BATCH_NEAREST 32		/* and out of the batch */
#define TRACE_POOLS 4			/* what is kept of a walk, in multiples of its pool */

/* Rows as they are compared. */
typedef struct Rows
{
	uint32		n;
	uint32	   *id;				/* [n] */
	char	   *stored;			/* [n][vector_size] */
	float	   *rotated;		/* [n][padded] */
	float	   *norm;			/* [n], of those, squared */
} Rows;

/* A row that may become a neighbor. */
typedef struct Place
{
	uint32		id;
	const char *stored;
	const float *rotated;		/* or NULL: not at hand */
	bool		wants;			/* may it take an edge back? */
} Place;

/* An edge taken, offered in reverse. */
typedef struct Offer
{
	uint32		to;				/* id */
	uint32		from;			/* which of the batch */
	float		dist;
	bool		must;
} Offer;

struct MvNodeBatch
{
	Relation	index;
	MvNodes    *nodes;
	MvIvfIds	ids;
	MvSearch   *search;
	MvNodeEdges *edges;
	MvPruneRule rule;
	int			ef;				/* pool of walks */
	Size		vector_size;
	int			padded;
	uint64		seed;

	Rows		members;
	uint32	   *order;			/* [max], in which they are linked */
	char	   *images;			/* [max][shape.size], their nodes */
	Offer	   *offers;			/* [max * degree] */
	uint32		noffers;
	Rows		sample;
	MvVisited	sampled;		/* ids in it */

	/* of the row at hand */
	float	   *x;				/* [dim] */
	float	   *other;			/* [padded] */
	MvNodeTrace trace;
	MvCandidate *nearest;		/* [max or SAMPLE], of one source */
	MvCandidate *candidates;	/* [of all three sources] */
	const void **rows;			/* their vectors */
	float	   *occluded;
	int		   *keep;

	float	   *unit;			/* [UNIT_ROWS][padded], rotated members */
	float	   *dots;			/* [UNIT_ROWS][max], then [UNIT_ROWS][SAMPLE]: their products */
	void	   *gemm;
	char	   *page;			/* [nodes of a page][shape.size] */
	MvNodeOffer *offered;		/* [degree] */
};

static void
rows_begin(Rows *rows, uint32 max, Size vector_size, int padded)
{
	rows->n = 0;
	rows->id = palloc(sizeof(uint32) * max);
	rows->stored = palloc_extended(vector_size * max, MCXT_ALLOC_HUGE);
	rows->rotated = palloc_extended(sizeof(float) * padded * (Size) max, MCXT_ALLOC_HUGE);
	rows->norm = palloc(sizeof(float) * max);
}

uint32
mv_node_batch_rows(const MvNodes *nodes, Size memory)
{
	const MvNodeShape *shape = &nodes->shape;
	Size		row = shape->size + 2 * (Size) shape->dim +
		sizeof(float) * (shape->padded + UNIT_ROWS) + sizeof(Offer) * shape->degree +
		sizeof(MvCandidate) + 3 * sizeof(uint32);

	return (uint32) Max(Min(memory / row, PG_INT32_MAX / UNIT_ROWS), 1);
}

MvNodeBatch *
mv_node_batch_begin(MvNodes *nodes, Relation heap, uint32 max)
{
	MvNodeBatch *b = palloc0(sizeof(MvNodeBatch));
	const MvNodeShape *shape = &nodes->shape;
	int			n;

	b->index = nodes->index;
	b->nodes = nodes;
	mv_ivf_ids_begin(&b->ids, b->index, nodes->ivf);
	b->search = mv_node_search_begin(b->index, heap, NULL);
	b->edges = mv_node_edges_begin(nodes);
	b->rule.kind = MV_F16;
	b->rule.dim = shape->dim;
	b->rule.degree = shape->degree;
	b->rule.alpha = nodes->alpha;
	b->rule.fill = true;
	b->ef = Max((int) nodes->root.effort, 2 * shape->degree);
	b->vector_size = nodes->ivf->shape.vector_size;
	b->padded = shape->padded;
	rows_begin(&b->members, max, b->vector_size, b->padded);
	rows_begin(&b->sample, SAMPLE, b->vector_size, b->padded);
	b->order = palloc(sizeof(uint32) * max);
	b->images = palloc_extended((Size) shape->size * max, MCXT_ALLOC_HUGE);
	b->offers = palloc_extended(sizeof(Offer) * max * (Size) shape->degree, MCXT_ALLOC_HUGE);
	b->x = palloc(sizeof(float) * shape->dim);
	b->other = palloc(sizeof(float) * b->padded);
	b->trace.max = TRACE_POOLS * b->ef;
	b->trace.ids = palloc(sizeof(uint32) * b->trace.max);
	b->trace.wants = palloc(sizeof(bool) * b->trace.max);
	b->trace.vectors = palloc_extended(b->vector_size * b->trace.max, MCXT_ALLOC_HUGE);
	b->nearest = palloc(sizeof(MvCandidate) * Max(max, SAMPLE));
	n = b->trace.max + BATCH_NEAREST + SAMPLE_NEAREST;
	b->candidates = palloc(sizeof(MvCandidate) * n);
	b->rows = palloc(sizeof(void *) * n);
	b->occluded = palloc(sizeof(float) * n);
	b->keep = palloc(sizeof(int) * n);
	b->unit = palloc_extended(sizeof(float) * UNIT_ROWS * b->padded, MCXT_ALLOC_HUGE);
	b->dots = palloc_extended(sizeof(float) * UNIT_ROWS * ((Size) max + SAMPLE), MCXT_ALLOC_HUGE);
	b->gemm = mv_ivf_alloc(MV_GEMM_WORK);
	b->page = palloc((Size) shape->size * Max(shape->nodes_per_page, 1));
	b->offered = palloc(sizeof(MvNodeOffer) * shape->degree);
	return b;
}

void
mv_node_batch_end(MvNodeBatch *b)
{
	mv_node_search_end(b->search);
	mv_ivf_ids_end(&b->ids);
}

uint32
mv_node_batch_members(const MvNodeBatch *b, const uint32 **ids, const float **rotated)
{
	*ids = b->members.id;
	*rotated = b->members.rotated;
	return b->members.n;
}

/* ---- rows ---- */

static char *
image_of(const MvNodeBatch *b, uint32 member)
{
	return b->images + (Size) b->nodes->shape.size * member;
}

static char *
stored_at(const MvNodeBatch *b, const Rows *rows, uint32 i)
{
	return rows->stored + b->vector_size * i;
}

static float *
rotated_at(const MvNodeBatch *b, const Rows *rows, uint32 i)
{
	return rows->rotated + (Size) b->padded * i;
}

/* The vector of the row behind the last is there: it is one more. */
static void
add_row(const MvNodeBatch *b, Rows *rows, uint32 id)
{
	float	   *rotated = rotated_at(b, rows, rows->n);

	mv_ivf_rotate_stored(b->nodes->ivf, stored_at(b, rows, rows->n), rotated);
	rows->norm[rows->n] = (float) mv_kernels.dist[MV_F32][MV_IP] (rotated, rotated, b->padded);
	rows->id[rows->n++] = id;
}

/* A copy of a node, char[shape.size]; false if it is not linked. */
static bool
copy_node(const MvNodeBatch *b, uint32 id, char *copy)
{
	MvNodeRef	ref;

	mv_node_get(b->nodes, id, copy, &ref);
	if (ref.node == NULL)
		return false;
	if (ref.node != copy)
		memcpy(copy, ref.node, b->nodes->shape.size);
	mv_node_release(&ref);
	return true;
}

/* The same of its vector alone; NULL: it is not wanted. */
static bool
copy_vector(const MvNodeBatch *b, uint32 id, char *stored)
{
	MvNodeRef	ref;

	mv_node_get(b->nodes, id, b->page, &ref);
	if (ref.node == NULL)
		return false;
	if (stored != NULL)
		memcpy(stored, mv_node_vector(&b->nodes->shape, ref.node), b->vector_size);
	mv_node_release(&ref);
	return true;
}

static int
compare_ids(const void *x, const void *y)
{
	uint32		a = *(const uint32 *) x;
	uint32		b = *(const uint32 *) y;

	return (a > b) - (a < b);
}

/* Those of the rows that are live, and were not linked before a crash. */
static void
read_members(MvNodeBatch *b, uint32 *ids, uint32 n)
{
	qsort(ids, n, sizeof(uint32), compare_ids);
	if (n > 0)
		mv_node_make_room(b->nodes, ids[n - 1]);
	b->members.n = 0;
	for (uint32 i = 0; i < n; i++)
	{
		char	   *stored = stored_at(b, &b->members, b->members.n);

		if (!mv_ivf_id_is_dead(mv_ivf_read_vector(&b->ids, ids[i], stored)) &&
			!copy_vector(b, ids[i], NULL))
			add_row(b, &b->members, ids[i]);
	}
}

/* Take into the sample those of `want` places, evenly spaced, that have a node. */
static void
draw_some(MvNodeBatch *b, uint32 want)
{
	uint32		n = b->nodes->capacity;
	uint32		from = mv_rng_below(&b->seed, n);

	for (uint32 i = 0; i < want && b->sample.n < want; i++)
	{
		uint32		id = (uint32) (((uint64) i * n / want + from) % n);

		if (mv_visited(&b->sampled, id) ||
			!copy_vector(b, id, stored_at(b, &b->sample, b->sample.n)))
			continue;
		mv_visit(&b->sampled, id);
		add_row(b, &b->sample, id);
	}
}

/* Places have nodes, but while an index gets its graph. */
#define DRAWS 8

static void
draw_sample(MvNodeBatch *b)
{
	uint32		n = b->nodes->capacity;
	uint32		want = Min(n, SAMPLE);

	b->sample.n = 0;
	if (b->sampled.n < n)
		mv_visited_init(&b->sampled, n, palloc_extended(mv_visited_size(n), MCXT_ALLOC_HUGE));
	mv_visited_clear(&b->sampled);
	for (int i = 0; i < DRAWS && b->sample.n < want; i++)
		draw_some(b, want);
}

/* ---- edges from a row ---- */

/*
 * Places of candidates: first the batch, then the sample, then the walk's.  Of equal
 * distances the next place behind the row's own comes first, so that equal rows do not
 * all choose the same.
 */
static uint32
places(const MvNodeBatch *b)
{
	return b->members.n + b->sample.n + (uint32) b->trace.n;
}

/* The row at a place. */
static Place
at_place(const MvNodeBatch *b, uint32 place)
{
	const Rows *rows = &b->members;
	Place		at = {.wants = true};

	if (place >= rows->n)
	{
		place -= rows->n;
		rows = &b->sample;
	}
	if (place < rows->n)
	{
		at.id = rows->id[place];
		at.stored = stored_at(b, rows, place);
		at.rotated = rotated_at(b, rows, place);
	}
	else
	{
		place -= rows->n;
		at.id = b->trace.ids[place];
		at.stored = b->trace.vectors + b->vector_size * place;
		at.wants = b->trace.wants[place];
	}
	return at;
}

/* That of a candidate of a row. */
static Place
of_candidate(const MvNodeBatch *b, uint32 self, int i)
{
	return at_place(b, (b->candidates[i].id + self) % places(b));
}

static void
add_candidate(MvNodeBatch *b, uint32 self, uint32 place, int *n)
{
	MvCandidate *c = &b->candidates[*n];

	c->id = (place + places(b) - self) % places(b);
	c->dist = (float) mv_kernels.dist[MV_F16][MV_L2SQ] (stored_at(b, &b->members, self),
														at_place(b, place).stored, b->rule.dim);
	if (place != self)
		(*n)++;
}

/* The candidates of a row, nearest first; returns how many. */
static int
find_candidates(MvNodeBatch *b, uint32 self, const float *dots, const float *sample_dots)
{
	int			n = 0;
	int			found;

	mv_kernels.to_f32[MV_F16] (stored_at(b, &b->members, self), b->x, b->rule.dim);
	mv_node_trace(b->search, b->x, b->ef, &b->trace);
	for (int i = 0; i < b->trace.n; i++)
		if (b->trace.ids[i] >= b->sampled.n || !mv_visited(&b->sampled, b->trace.ids[i]))
			add_candidate(b, self, b->members.n + b->sample.n + (uint32) i, &n);
	found = mv_candidates_by_dots(dots, b->members.norm, (int) b->members.n, BATCH_NEAREST,
								  b->nearest);
	for (int i = 0; i < found; i++)
		add_candidate(b, self, b->nearest[i].id, &n);
	found = mv_candidates_by_dots(sample_dots, b->sample.norm, (int) b->sample.n, SAMPLE_NEAREST,
								  b->nearest);
	for (int i = 0; i < found; i++)
		add_candidate(b, self, b->members.n + b->nearest[i].id, &n);
	mv_candidates_order(b->candidates, n);
	return n;
}

static void
add_offer(MvNodeBatch *b, uint32 to, uint32 from, float dist, bool must)
{
	Offer	   *offer = &b->offers[b->noffers++];

	offer->to = to;
	offer->from = from;
	offer->dist = dist;
	offer->must = must;
}

/* The row's node, with edges to the best of n candidates, which are offered it. */
static void
make_node(MvNodeBatch *b, uint32 self, int n)
{
	char	   *node = image_of(b, self);
	const float *center = rotated_at(b, &b->members, self);
	int			kept;

	for (int i = 0; i < n; i++)
		b->rows[i] = of_candidate(b, self, i).stored;
	kept = mv_robust_prune(&b->rule, b->candidates, b->rows, n, b->occluded, b->keep);
	mv_node_clear(&b->nodes->shape, node, stored_at(b, &b->members, self));
	for (int i = 0; i < kept; i++)
	{
		Place		to = of_candidate(b, self, b->keep[i]);

		if (to.rotated == NULL)
		{
			mv_ivf_rotate_stored(b->nodes->ivf, to.stored, b->other);
			to.rotated = b->other;
		}
		mv_node_set(b->nodes, node, i, center, to.id, to.rotated);
		if (i == 0 || (to.wants && b->occluded[b->keep[i]] == MV_PRUNE_TAKEN))
			add_offer(b, to.id, self, b->candidates[b->keep[i]].dist, i == 0);
	}
}

/* Products of n rotated rows with all of others. */
static void
multiply(const MvNodeBatch *b, const float *x, int n, const Rows *others, float *dots)
{
	mv_gemm(n, (int) others->n, b->padded, x, others->rotated, dots, b->gemm);
}

/*
 * Order the members so that those near each other are linked one after the other: walks to
 * them go to the same nodes.  Each comes with its nearest of some of them.
 */
static void
order_members(MvNodeBatch *b)
{
	const Rows *members = &b->members;
	Rows	   *some = &b->sample;	/* not drawn yet */

	some->n = Min(members->n / MEMBERS_PER_PIVOT + 1, SAMPLE);
	for (uint32 i = 0; i < some->n; i++)
	{
		uint32		member = (uint32) ((uint64) i * members->n / some->n);

		memcpy(rotated_at(b, some, i), rotated_at(b, members, member),
			   sizeof(float) * b->padded);
		some->norm[i] = members->norm[member];
	}
	for (uint32 i = 0; i < members->n; i++)
	{
		float		least = INFINITY;

		if (i % UNIT_ROWS == 0)
			multiply(b, rotated_at(b, members, i), (int) Min(members->n - i, UNIT_ROWS), some,
					 b->dots);
		b->nearest[i].id = i;
		b->nearest[i].dist = (float) mv_argmin(b->dots + (Size) some->n * (i % UNIT_ROWS),
											   some->norm, (int) some->n, &least);
	}
	mv_candidates_order(b->nearest, (int) members->n);
	for (uint32 i = 0; i < members->n; i++)
		b->order[i] = b->nearest[i].id;
}

/* Link n members, from number `from` of their order on. */
static void
make_unit(MvNodeBatch *b, uint32 from, uint32 n)
{
	float	   *sample_dots = b->dots + UNIT_ROWS * (Size) b->members.n;

	draw_sample(b);
	for (uint32 i = 0; i < n; i++)
		memcpy(b->unit + (Size) b->padded * i, rotated_at(b, &b->members, b->order[from + i]),
			   sizeof(float) * b->padded);
	multiply(b, b->unit, (int) n, &b->members, b->dots);
	multiply(b, b->unit, (int) n, &b->sample, sample_dots);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		self = b->order[from + i];

		make_node(b, self, find_candidates(b, self, b->dots + (Size) b->members.n * i,
										   sample_dots + (Size) b->sample.n * i));
	}
}

static void
make_nodes(MvNodeBatch *b)
{
	b->noffers = 0;
	for (uint32 from = 0; from < b->members.n; from += UNIT_ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		make_unit(b, from, Min(b->members.n - from, UNIT_ROWS));
	}
}

/* ---- edges to a row ---- */

/* By target; for each those that must be first, then the nearest. */
static int
compare_offers(const void *x, const void *y)
{
	const Offer *a = x;
	const Offer *b = y;

	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->must != b->must)
		return a->must ? -1 : 1;
	if (a->dist != b->dist)
		return a->dist < b->dist ? -1 : 1;
	return (a->from > b->from) - (a->from < b->from);
}

/* The end of the offers to the target of number `from`. */
static uint32
end_of_target(const MvNodeBatch *b, uint32 from)
{
	uint32		end = from;

	while (end < b->noffers && b->offers[end].to == b->offers[from].to)
		end++;
	return end;
}

/* Make a node the offers from .. end - 1; true if it took any. */
static bool
offer(MvNodeBatch *b, char *node, uint32 from, uint32 end)
{
	int			n = (int) Min(end - from, (uint32) b->rule.degree);

	for (int i = 0; i < n; i++)
	{
		const Offer *o = &b->offers[from + i];

		MvNodeOffer *to = &b->offered[i];

		to->id = b->members.id[o->from];
		to->dist = o->dist;
		to->must = o->must;
		to->rotated = rotated_at(b, &b->members, o->from);
	}
	return mv_node_offer(b->edges, node, b->offered, n);
}

/* Which of the batch a row is, or -1. */
static int
member_of(const MvNodeBatch *b, uint32 id)
{
	const uint32 *found = bsearch(&id, b->members.id, b->members.n, sizeof(uint32), compare_ids);

	return found != NULL ? (int) (found - b->members.id) : -1;
}

/* Offers within the batch. */
static void
offer_to_members(MvNodeBatch *b)
{
	uint32		end;

	for (uint32 i = 0; i < b->noffers; i = end)
	{
		int			member = member_of(b, b->offers[i].to);

		end = end_of_target(b, i);
		if (member >= 0)
			offer(b, image_of(b, (uint32) member), i, end);
	}
}

/* The nodes of the batch, page by page. */
static void
write_members(MvNodeBatch *b)
{
	const MvNodeShape *shape = &b->nodes->shape;
	uint32		per_page = (uint32) Max(shape->nodes_per_page, 1);

	for (uint32 i = 0; i < b->members.n;)
	{
		const char *images[MV_NODE_SLOTS] = {NULL};
		uint32		first = b->members.id[i] - (uint32) mv_node_slot(shape, b->members.id[i]);

		for (; i < b->members.n && b->members.id[i] - first < per_page; i++)
			images[b->members.id[i] - first] = image_of(b, i);
		mv_node_write_page(b->nodes, first, images);
	}
}

/* Offers to nodes that were there, page by page. */
static void
offer_to_others(MvNodeBatch *b)
{
	const MvNodeShape *shape = &b->nodes->shape;
	uint32		per_page = (uint32) Max(shape->nodes_per_page, 1);

	for (uint32 i = 0; i < b->noffers;)
	{
		const char *images[MV_NODE_SLOTS] = {NULL};
		uint32		first = b->offers[i].to - (uint32) mv_node_slot(shape, b->offers[i].to);
		bool		changed = false;
		uint32		end;

		for (; i < b->noffers && b->offers[i].to - first < per_page; i = end)
		{
			uint32		slot = b->offers[i].to - first;
			char	   *node = b->page + (Size) shape->size * slot;

			end = end_of_target(b, i);
			if (member_of(b, b->offers[i].to) >= 0 || !copy_node(b, b->offers[i].to, node) ||
				!offer(b, node, i, end))
				continue;
			images[slot] = node;
			changed = true;
		}
		if (changed)
			mv_node_write_page(b->nodes, first, images);
		CHECK_FOR_INTERRUPTS();
	}
}

void
mv_node_batch_link(MvNodeBatch *b, uint32 *ids, uint32 n)
{
	read_members(b, ids, n);
	b->seed = n > 0 ? ids[n - 1] : 0;	/* samples of its own */
	order_members(b);
	make_nodes(b);
	qsort(b->offers, b->noffers, sizeof(Offer), compare_offers);
	offer_to_members(b);
	write_members(b);
	offer_to_others(b);
}
