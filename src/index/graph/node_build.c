/*
 * node_build.c -- building a graph index: first the lists with ids and vectors,
 * as ivf does, then a graph over them.
 *
 * Rows are read from the pages just written, rotated into memory that all
 * processes share, linked by core/graph.h, and written as nodes, in order of
 * ids, which is that of lists: so neighbors are near each other on disk too.
 *
 * If not all rows fit into the memory, the graph is of as many as do, evenly spaced, and
 * leads everywhere; the others are linked to it afterwards, by batches, as inserted ones.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/carve.h"
#include "core/graph.h"
#include "index/graph/node.h"
#include "index/options.h"

/* At the start of the memory that the processes share. */
typedef struct NodeShared
{
	double		rows;			/* of the index */
	int			n;				/* of them in the graph */
	BlockNumber start;			/* of the nodes */
} NodeShared;

typedef struct NodeBuild
{
	MvBuild    *lists;			/* what ivf builds */
	Relation	index;
	MvTeam	   *team;
	int			degree;
	int			effort;
	bool		wanted;			/* is there to be a graph? */
	MvGraphPlan plan;			/* for as many rows as there is memory for */
	PGAlignedBlock root;

	/* shared by all processes */
	NodeShared *shared;
	void	   *rows;			/* [plan.n][padded], rotated, of plan.kind */
	void	   *graph;

	/* this process's view of the index, while it is linked */
	MvIvf	   *ivf;
	MvIvfIds	ids;
	MvNodes		nodes;
	MvGraph		view;
} NodeBuild;

/* ---- what the processes share ---- */

/* The share of the memory that the lists may use; a graph has the rest. */
#define LISTS_PART 4

static MvBuildPlan
plan_of_lists(const NodeBuild *build, const MvBuildPlan *plan)
{
	MvBuildPlan part = *plan;

	if (build->wanted)
		part.memory = plan->memory / LISTS_PART;
	return part;
}

static Size
row_size(const MvGraphPlan *plan)
{
	return (plan->kind == MV_F32 ? sizeof(float) : sizeof(uint16)) * plan->dim;
}

/* As many rows as are expected and some more, if their vectors and edges fit: as halves, then. */
static void
plan_graph(NodeBuild *build, const MvBuildPlan *plan)
{
	MvBuildPlan part = plan_of_lists(build, plan);
	int			padded = mv_padded_dim(plan->dim);
	int			k = (int) mv_ivf_planned_lists(build->index, &part);
	double		want = Min(plan->rows * 1.1 + 1000, MV_NODE_MAX_ROWS);
	double		memory = (double) (plan->memory - part.memory);
	bool		all = true;

	if (plan->rows <= 0 || !build->wanted)
		want = 0;
	for (;;)
	{
		double		bytes;

		mv_graph_plan(&build->plan, (int) want, padded, k, build->degree, build->effort);
		build->plan.kind = all ? MV_F32 : MV_F16;
		if (want < 1)
			break;
		bytes = want * row_size(&build->plan) + (double) mv_graph_size(&build->plan);
		if (bytes <= memory)
			break;
		if (!all)
			want = Min(want * memory / bytes, want - 1);
		all = false;
	}
}

static Size
lay_out(NodeBuild *build, void *base)
{
	Size		at = 0;

	build->shared = mv_carve(base, &at, sizeof(NodeShared));
	build->rows = mv_carve(base, &at, row_size(&build->plan) * build->plan.n);
	build->graph = mv_carve(base, &at, mv_graph_size(&build->plan));
	return TYPEALIGN(64, at);
}

static void
conclude(NodeBuild *build, Relation index, const MvBuildPlan *plan)
{
	const MvIndexOptions *options = mv_index_options(index);

	memset(build, 0, sizeof(*build));
	build->index = index;
	build->degree = mv_node_degree(options);
	build->effort = options->ef_construction;
	build->wanted = mv_graph_wanted(index, plan->rows);
	plan_graph(build, plan);
}

Size
mv_node_build_size(Relation index, const MvBuildPlan *plan)
{
	MvBuildPlan part;
	NodeBuild	build;

	conclude(&build, index, plan);
	part = plan_of_lists(&build, plan);
	return lay_out(&build, NULL) + mv_ivf_build_size(index, &part);
}

MvBuild *
mv_node_build_begin(Relation index, const MvBuildPlan *plan, MvTeam *team, void *memory)
{
	NodeBuild  *build = palloc(sizeof(NodeBuild));
	MvBuildPlan part;
	Size		size;

	conclude(build, index, plan);
	part = plan_of_lists(build, plan);
	build->team = team;
	size = lay_out(build, memory);
	build->lists = mv_ivf_build_begin(index, &part, team, (char *) memory + size);
	if (build->wanted)
	{
		mv_node_root_image(build->root.data, index);
		mv_ivf_build_graph(build->lists, build->root.data);
	}
	return (MvBuild *) build;
}

/* ---- the lists ---- */

int
mv_node_sample_size(const MvBuild *build)
{
	return mv_ivf_sample_size(((const NodeBuild *) build)->lists);
}

float *
mv_node_sample(MvBuild *build)
{
	return mv_ivf_sample(((NodeBuild *) build)->lists);
}

void
mv_node_train(MvBuild *build)
{
	mv_ivf_train(((NodeBuild *) build)->lists);
}

void
mv_node_add(MvBuild *build, ItemPointer tid, const float *x, const int64 *keys)
{
	mv_ivf_add(((NodeBuild *) build)->lists, tid, x, keys);
}

/* ---- the graph ---- */

/* Rows of a unit of reading and of writing. */
#define UNIT_ROWS 512

/* The id of a row of the graph: so they are evenly spaced among all, or all. */
static uint32
id_of(const NodeBuild *build, int row)
{
	return (uint32) (row * (uint64) build->shared->rows / build->shared->n);
}

/* The first row of the graph with that id or a higher one. */
static int
row_from(const NodeBuild *build, uint32 id)
{
	uint64		rows = (uint64) build->shared->rows;

	return (int) ((id * (uint64) build->shared->n + rows - 1) / rows);
}

static void *
row_at(const NodeBuild *build, int row)
{
	return (char *) build->rows + row_size(&build->plan) * row;
}

static void
read_rows(NodeBuild *build)
{
	void	   *stored = palloc(build->ivf->shape.vector_size);
	float	   *rotated = palloc(sizeof(float) * build->plan.dim);
	int			unit;

	while ((unit = mv_team_unit(build->team, (build->shared->n + UNIT_ROWS - 1) / UNIT_ROWS)) >= 0)
	{
		int			row = unit * UNIT_ROWS;
		int			end = Min(row + UNIT_ROWS, build->shared->n);

		for (; row < end; row++)
		{
			mv_ivf_read_vector(&build->ids, id_of(build, row), stored);
			mv_ivf_rotate_stored(build->ivf, stored, rotated);
			mv_kernels.from_f32[build->plan.kind] (rotated, row_at(build, row), build->plan.dim);
		}
		CHECK_FOR_INTERRUPTS();
	}
	pfree(rotated);
	pfree(stored);
	mv_team_meet(build->team, NULL, NULL);
}

static void
end_pass(void *arg)
{
	mv_graph_next(arg);
}

static void
link_rows(NodeBuild *build)
{
	MvGraphRows rows = {.rows = build->rows, .stride = row_size(&build->plan)};
	int			units;
	int			unit;

	mv_graph_attach(&build->view, build->graph, &rows, mv_ivf_build_centroids(build->lists),
					mv_ivf_alloc(mv_graph_work_size(&build->plan)));
	while ((units = mv_graph_units(&build->view)) > 0)
	{
		while ((unit = mv_team_unit(build->team, units)) >= 0)
		{
			mv_graph_unit(&build->view, unit);
			CHECK_FOR_INTERRUPTS();
		}
		mv_team_meet(build->team, end_pass, &build->view);
	}
}

/* A row as its stored vector says, rotated; m->stored is that vector then. */
static void
read_rotated(NodeBuild *build, int row, void *stored, float *rotated)
{
	mv_ivf_read_vector(&build->ids, id_of(build, row), stored);
	mv_ivf_rotate_stored(build->ivf, stored, rotated);
}

/* What a process has for making nodes. */
typedef struct NodeMaker
{
	char	   *page;			/* [nodes of a page][shape.size] */
	void	   *stored;
	float	   *center;			/* [padded] */
	float	   *other;			/* [padded] */
} NodeMaker;

/*
 * The node of a row.  Codes are made of what is stored, for which halves of rotated rows
 * will not do: where memory holds no more, neighbors are read again.
 */
static void
make_node(NodeBuild *build, NodeMaker *m, int row, char *node)
{
	const uint32 *neighbors = mv_graph_neighbors(&build->view, (uint32) row);
	bool		at_hand = build->plan.kind == MV_F32;
	const float *center = at_hand ? row_at(build, row) : m->center;

	read_rotated(build, row, m->stored, m->center);
	mv_node_clear(&build->nodes.shape, node, m->stored);
	for (int i = 0; i < build->degree && neighbors[i] != MV_GRAPH_NONE; i++)
	{
		int			neighbor = (int) neighbors[i];

		if (!at_hand)
			read_rotated(build, neighbor, m->stored, m->other);
		mv_node_set(&build->nodes, node, i, center, id_of(build, neighbor),
					at_hand ? row_at(build, neighbor) : m->other);
	}
}

/* The page or pages with the nodes from an id on; some may be missing. */
static void
write_nodes(NodeBuild *build, MvWriter *writer, uint32 id, NodeMaker *m)
{
	const MvNodeShape *shape = &build->nodes.shape;
	uint32		end = id + (uint32) Max(shape->nodes_per_page, 1);
	BlockNumber block = build->shared->start + mv_node_pages(shape, id);
	uint32		linked = 0;
	PGAlignedBlock image;

	memset(m->page, 0, (Size) shape->size * Max(shape->nodes_per_page, 1));
	for (int row = row_from(build, id); row < build->shared->n && id_of(build, row) < end; row++)
	{
		int			slot = (int) (id_of(build, row) - id);

		make_node(build, m, row, m->page + (Size) slot * shape->size);
		linked |= UINT32_C(1) << slot;
	}
	for (int i = 0; i < Max(shape->pages_per_node, 1); i++)
	{
		int			bytes = mv_node_page_size(shape, i);
		MvNodeHead *head = MV_PAGE_HEAD(image.data);

		mv_page_init(image.data, MV_PAGE_NODE);
		head->first = id;
		head->linked = i == 0 ? linked : 0;
		memcpy(MV_PAGE_BODY(image.data), m->page + i * MV_BODY_SIZE, bytes);
		mv_page_set_used(image.data, bytes);
		mv_writer_put(writer, block + i, image.data);
	}
}

/* All processes write the nodes of pages that the leader has made, places of all rows. */
static void
write_graph(NodeBuild *build)
{
	const MvNodeShape *shape = &build->nodes.shape;
	uint32		ids = (uint32) build->shared->rows;
	BlockNumber npages = mv_node_pages(shape, ids);
	int			per_page = Max(shape->nodes_per_page, 1);
	int			per_unit = UNIT_ROWS / per_page * per_page;
	NodeMaker	m = {.page = palloc((Size) shape->size * per_page)};
	MvWriter	writer = {.index = build->index, .fork = MAIN_FORKNUM};
	int			unit;

	m.stored = palloc(build->ivf->shape.vector_size);
	m.center = palloc(sizeof(float) * build->plan.dim);
	m.other = palloc(sizeof(float) * build->plan.dim);
	if (build->team->leader)
	{
		mv_writer_begin(&writer, build->index, MAIN_FORKNUM);
		build->shared->start = mv_writer_reserve(&writer, npages);
		mv_writer_extend(&writer);
	}
	mv_team_meet(build->team, NULL, NULL);
	writer.reserved = writer.extended = build->shared->start + npages;
	while ((unit = mv_team_unit(build->team, (int) ((ids + per_unit - 1) / per_unit))) >= 0)
	{
		uint32		id = (uint32) unit * per_unit;
		uint32		end = Min(id + per_unit, ids);

		for (; id < end; id += per_page)
			write_nodes(build, &writer, id, &m);
		CHECK_FOR_INTERRUPTS();
	}
	mv_team_meet(build->team, NULL, NULL);
	if (build->team->leader)
		mv_writer_finish(&writer);
}

/* Rows that the memory had no room for are pending: a list of their codes. */
static void
make_pending(NodeBuild *build, MvIvfChain *chain)
{
	void	   *stored = palloc(build->ivf->shape.vector_size);
	float	   *rotated = palloc(sizeof(float) * build->ivf->shape.padded);
	char	   *row = palloc(build->ivf->shape.row_size);

	mv_ivf_chain_begin(chain, build->index, NULL, build->ivf);
	for (uint32 id = 0; id < build->shared->rows; id++)
	{
		int			next = row_from(build, id);

		if (next < build->shared->n && id_of(build, next) == id)
			continue;
		mv_ivf_read_vector(&build->ids, id, stored);
		mv_ivf_rotate_stored(build->ivf, stored, rotated);
		mv_ivf_encode(build->ivf, rotated, NULL, row);
		mv_ivf_chain_put(chain, row, id);
		CHECK_FOR_INTERRUPTS();
	}
	mv_ivf_chain_finish(chain);
}

static void
link_pending(NodeBuild *build)
{
	if (build->shared->rows <= build->shared->n)
		return;
	ereport(NOTICE,
			(errmsg("%s graph no longer fits into maintenance_work_mem after %d tuples",
					get_am_name(build->index->rd_rel->relam), build->shared->n),
			 errdetail("The other tuples are linked to it by batches."),
			 errhint("Increase maintenance_work_mem to speed up builds.")));
	while (mv_node_link(build->index, NULL, PG_UINT32_MAX) > 0)
		CHECK_FOR_INTERRUPTS();
}

/* The entry table, and the record that says where everything is. */
static void
publish(NodeBuild *build)
{
	int			n;
	const uint32 *entries = mv_graph_entries(&build->view, &n);
	char	   *row = palloc(build->ivf->shape.row_size);
	void	   *stored = palloc(build->ivf->shape.vector_size);
	float	   *rotated = palloc(sizeof(float) * build->plan.dim);
	MvIvfChain	chain;
	MvIvfChain	pending;
	Buffer		buffer;
	MvChange	change;
	MvNodeRoot *root;

	mv_ivf_chain_begin(&chain, build->index, NULL, build->ivf);
	for (int i = 0; i < n; i++)
	{
		read_rotated(build, (int) entries[i], stored, rotated);
		mv_ivf_encode(build->ivf, rotated, NULL, row);
		mv_ivf_chain_put(&chain, row, id_of(build, (int) entries[i]));
	}
	mv_ivf_chain_finish(&chain);
	make_pending(build, &pending);
	buffer = mv_page_read(build->index, build->ivf->meta.graph, MV_PAGE_GRAPH,
						  BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, build->index);
	root = (MvNodeRoot *) MV_PAGE_BODY(mv_change_page(&change, buffer));
	root->entries = chain.list;
	root->pending = pending.list;
	root->nextents = 1;
	root->extents[0].start = build->shared->start;
	root->extents[0].npages = mv_node_pages(&build->nodes.shape,
												  (uint32) build->shared->rows);
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

/* What the leader has to say to the others before they begin. */
static void
announce(NodeBuild *build, double rows)
{
	build->shared->rows = rows;
	build->shared->n = (int) Min(rows, build->plan.n);
	build->plan.n = build->shared->n;
	build->plan.k = Max(mv_ivf_build_centroids(build->lists)->k, 1);
	if (build->plan.n > 0)
		mv_graph_begin(&build->plan, build->graph);
}

double
mv_node_finish(MvBuild *b, ForkNumber fork)
{
	NodeBuild  *build = (NodeBuild *) b;
	double		rows = mv_ivf_finish(build->lists, fork);

	if (build->plan.n == 0)
		return rows;
	if (build->team->leader)
		announce(build, rows);
	mv_team_meet(build->team, NULL, NULL);
	build->plan.n = build->shared->n;
	if (build->plan.n == 0)
		return rows;

	build->ivf = mv_ivf_open_for(build->index, CurrentMemoryContext);
	mv_ivf_ids_begin(&build->ids, build->index, build->ivf);
	mv_node_open(&build->nodes, build->index, build->ivf);
	read_rows(build);
	link_rows(build);
	write_graph(build);
	if (build->team->leader)
	{
		publish(build);
		link_pending(build);
		mv_node_calibrate_rows(build->index);
	}
	return rows;
}
