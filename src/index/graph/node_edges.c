/*
 * node_edges.c -- edges offered to a node whose places may all be taken.
 *
 * A node knows enough of its neighbors to prune them: their distances follow from the
 * factors of their codes, the angle between two from the bits in which their codes
 * differ.  So the rule is that of builds, and no other page is read.
 */
#include "postgres.h"

#include <math.h>

#include "compat.h"
#include "core/dist.h"
#include "core/prune.h"
#include "index/graph/node.h"

typedef enum EdgeState
{
	FREE_TO_TAKE,
	TAKEN,
	PASSED_OVER
} EdgeState;

/* An edge that the node has or is offered. */
typedef struct Edge
{
	float		dist;			/* squared */
	float		length;
	bool		must;
	EdgeState	state;
	int			place;			/* in the node, or -1: it is offered */
	uint32		id;
	uint64	   *code;			/* [padded / 64] */
	MvRabitqFactors factors;	/* of one offered */
} Edge;

struct MvNodeEdges
{
	const MvNodes *nodes;
	float	   *cosine;			/* [padded + 1], of rows whose codes differ in so many bits */
	Edge	   *edges;			/* [2 * degree] */
	MvCandidate *order;			/* [2 * degree], numbers of edges */
	uint64	   *codes;			/* [2 * degree][padded / 64]: by place, then of those offered */
	float	   *center;			/* [padded] */
};

MvNodeEdges *
mv_node_edges_begin(const MvNodes *nodes)
{
	int			padded = nodes->shape.padded;
	int			most = 2 * nodes->shape.degree;
	MvNodeEdges *e = palloc(sizeof(MvNodeEdges));

	e->nodes = nodes;
	e->cosine = palloc(sizeof(float) * (padded + 1));
	for (int i = 0; i <= padded; i++)
		e->cosine[i] = (float) cos(M_PI * i / padded);
	e->edges = palloc(sizeof(Edge) * most);
	e->order = palloc(sizeof(MvCandidate) * most);
	e->codes = palloc(sizeof(uint64) * (padded / 64) * most);
	e->center = palloc(sizeof(float) * padded);
	return e;
}

/*
 * The distance of a neighbor from its node, from the factor of its code: rescale is
 * -2 |r|^2 / <r, y> (half of it for inner products), and <r, y> is .798 of |r| |y|, give or
 * take a percent.
 */
static float
edge_length(const MvNodes *nodes, float rescale)
{
	float		unit = nodes->ivf->format.metric == MV_IP ? 0.798f : 0.399f;

	return -rescale * unit * 0.5f * sqrtf((float) nodes->shape.padded);
}

/* The edges that a node has; returns how many. */
static int
list_edges(MvNodeEdges *e, const char *node)
{
	const MvNodeShape *shape = &e->nodes->shape;
	const uint32 *ids = mv_node_ids(shape, node);
	int			words = shape->padded / 64;
	int			n = 0;

	for (int b = 0; b < shape->degree / MV_BLOCK; b++)
		mv_block_unpack(mv_node_codes(shape, node, b), shape->padded,
						e->codes + (Size) words * b * MV_BLOCK, sizeof(uint64) * words, MV_BLOCK);
	for (int i = 0; i < shape->degree; i++)
	{
		const float *rescale = mv_node_factors(shape, node, i / MV_BLOCK) + MV_BLOCK;
		Edge	   *edge = &e->edges[n];

		if (ids[i] == MV_NODE_NONE)
			continue;
		memset(edge, 0, sizeof(*edge));
		edge->place = i;
		edge->id = ids[i];
		edge->length = edge_length(e->nodes, rescale[i % MV_BLOCK]);
		edge->dist = edge->length * edge->length;
		edge->code = e->codes + (Size) words * i;
		n++;
	}
	return n;
}

/* Add those offered that it has not; returns the new number. */
static int
list_offers(MvNodeEdges *e, const char *node, const MvNodeOffer *offers, int n, int count)
{
	const MvNodes *nodes = e->nodes;
	int			words = nodes->shape.padded / 64;
	uint64	   *code = e->codes + (Size) words * nodes->shape.degree;

	mv_ivf_rotate_stored(nodes->ivf, mv_node_vector(&nodes->shape, node), e->center);
	for (int i = 0; i < n; i++)
	{
		Edge	   *edge = &e->edges[count];
		int			j = 0;

		while (j < count && e->edges[j].id != offers[i].id)
			j++;
		if (j < count)
			continue;
		memset(edge, 0, sizeof(*edge));
		edge->place = -1;
		edge->id = offers[i].id;
		edge->dist = offers[i].dist;
		edge->length = sqrtf(edge->dist);
		edge->must = offers[i].must;
		edge->code = code;
		mv_rabitq_encode(&nodes->ivf->format, offers[i].rotated, e->center, code,
						 &edge->factors);
		code += words;
		count++;
	}
	return count;
}

/* Is the farther of two edges not needed beside the nearer? */
static bool
occludes(const MvNodeEdges *e, const Edge *near, const Edge *far)
{
	int			padded = e->nodes->shape.padded;
	int			differ = (int) mv_kernels.hamming((const uint8_t *) near->code,
												  (const uint8_t *) far->code, padded / 8);
	float		between = near->dist + far->dist -
		2 * near->length * far->length * e->cosine[differ];

	return e->nodes->alpha * e->nodes->alpha * between < far->dist || between <= 0;
}

/* Choose `degree` of n edges as mv_robust_prune() does, but first those that must be. */
static void
choose(MvNodeEdges *e, int n)
{
	int			degree = e->nodes->shape.degree;
	int			taken = 0;

	for (int i = 0; i < n; i++)
	{
		e->order[i].id = (uint32) i;
		e->order[i].dist = e->edges[i].must ? -1 : e->edges[i].dist;
	}
	mv_candidates_order(e->order, n);
	for (int i = 0; i < n && taken < degree; i++)
	{
		Edge	   *edge = &e->edges[e->order[i].id];

		if (edge->state == PASSED_OVER)
			continue;
		edge->state = TAKEN;
		taken++;
		for (int j = i + 1; j < n; j++)
		{
			Edge	   *other = &e->edges[e->order[j].id];

			if (other->state == FREE_TO_TAKE && !other->must && occludes(e, edge, other))
				other->state = PASSED_OVER;
		}
	}
	/* The nearest that were passed over fill. */
	for (int i = 0; i < n && taken < degree; i++)
	{
		Edge	   *edge = &e->edges[e->order[i].id];

		if (edge->state == PASSED_OVER)
		{
			edge->state = TAKEN;
			taken++;
		}
	}
}

/* Put what is taken of the offers in the places of what is not of the node's. */
static bool
replace(MvNodeEdges *e, char *node, int n)
{
	const MvNodeShape *shape = &e->nodes->shape;
	const uint32 *ids = mv_node_ids(shape, node);
	bool		changed = false;
	int			place = 0;

	for (int i = 0; i < n; i++)
		if (e->edges[i].place >= 0 && e->edges[i].state != TAKEN)
			mv_node_empty(shape, node, e->edges[i].place);
	for (int i = 0; i < n; i++)
	{
		const Edge *edge = &e->edges[i];

		if (edge->place >= 0 || edge->state != TAKEN)
			continue;
		while (ids[place] != MV_NODE_NONE)
			place++;
		mv_node_put(shape, node, place, edge->id, edge->code, &edge->factors);
		changed = true;
	}
	return changed;
}

/* Drop the offers among n edges that the first `have`, which the node has, make unnecessary. */
static int
drop_unneeded(MvNodeEdges *e, int have, int n)
{
	int			kept = have;

	for (int i = have; i < n; i++)
	{
		const Edge *offer = &e->edges[i];
		bool		needed = true;

		for (int j = 0; j < have && needed && !offer->must; j++)
			needed = e->edges[j].dist > offer->dist || !occludes(e, &e->edges[j], offer);
		if (needed)
			e->edges[kept++] = *offer;
	}
	return kept;
}

/*
 * As drop_unneeded() decides, but by estimates, and so with a margin: what is clearly not wanted
 * need not be offered.
 */
#define MARGIN 1.15f

bool
mv_node_wants(const MvNodes *nodes, const char *node, float dist, const float *est)
{
	const MvNodeShape *shape = &nodes->shape;
	const uint32 *ids = mv_node_ids(shape, node);
	float		alpha = MARGIN * nodes->alpha * nodes->alpha;
	float		unit = edge_length(nodes, 1) * edge_length(nodes, 1);
	bool		full = true;
	bool		needed = true;

	for (int b = 0; b < shape->degree / MV_BLOCK; b++)
	{
		const float *rescale = mv_node_factors(shape, node, b) + MV_BLOCK;

		for (int i = 0; i < MV_BLOCK; i++, ids++, est++)
		{
			bool		nearer = unit * rescale[i] * rescale[i] <= dist;

			full &= *ids != MV_NODE_NONE;
			needed &= !(nearer && alpha * *est < dist);
		}
	}
	return needed || !full;
}

bool
mv_node_offer(MvNodeEdges *e, char *node, const MvNodeOffer *offers, int n)
{
	int			have = list_edges(e, node);
	int			all = list_offers(e, node, offers, n, have);

	if (all > e->nodes->shape.degree)
		all = drop_unneeded(e, have, all);
	if (all == have)
		return false;
	if (all > e->nodes->shape.degree)
		choose(e, all);
	else
		for (int i = 0; i < all; i++)
			e->edges[i].state = TAKEN;
	return replace(e, node, all);
}
