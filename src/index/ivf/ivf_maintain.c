/*
 * ivf_maintain.c -- lists of the right length: long ones are divided, short
 * ones joined to others.  What that takes is in ivf_rewrite.c.
 */
#include "postgres.h"

#include <math.h>

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/kmeans.h"
#include "index/ivf/ivf_rewrite.h"
#include "index/options.h"

/*
 * How many times the length that lists should have is too long or too short,
 * and how long a list that another is joined to may become.
 */
#define TOO_LONG 3
#define TOO_SHORT 0.1
#define JOINED 1.5

/*
 * A list is divided together with its nearest neighbours, so that rows get to the
 * list that is nearest among them; one that is far too long is divided alone.
 */
#define FAR_TOO_LONG 8
#define MAX_PARTS 128
#define SAMPLE_PER_PART 256

void
mv_ivf_maintain_begin(Relation index)
{
	LockPage(index, MV_IVF_META_BLOCK, ExclusiveLock);
}

bool
mv_ivf_maintain_try(Relation index)
{
	return ConditionalLockPage(index, MV_IVF_META_BLOCK, ExclusiveLock);
}

void
mv_ivf_maintain_end(Relation index)
{
	UnlockPage(index, MV_IVF_META_BLOCK, ExclusiveLock);
}

/* Rows that a list should have: as a build would give it. */
static double
target_length(Relation index, double rows)
{
	int			lists = mv_index_option_lists(index);

	return Max(lists > 0 ? rows / lists : sqrt(rows) / 4, MV_IVF_MIN_LIST);
}

uint32
mv_ivf_split_limit(Relation index, double rows)
{
	return (uint32) Min(TOO_LONG * target_length(index, rows), PG_UINT32_MAX / 2);
}

/* ---- all lists ---- */

/* The lists in use, as the maintainer finds them. */
typedef struct Lists
{
	Relation	index,
				heap;
	const MvIvf *ivf;
	double	   *lengths;		/* [nused] */
	bool	   *taken;			/* [nused]: not to be found any more */
	float	   *centers;		/* [nused][padded] */
	MvIvfList  *headers;		/* [nused], as they were at first */
	double		target;
} Lists;

static void
read_lists(Lists *lists, MemoryContext context)
{
	const MvIvf *ivf = lists->ivf = mv_ivf_open_for(lists->index, context);

	lists->headers = palloc_extended(sizeof(MvIvfList) * (Size) ivf->nused, MCXT_ALLOC_HUGE);
	lists->lengths = palloc_extended(sizeof(double) * (Size) ivf->nused, MCXT_ALLOC_HUGE);
	lists->taken = palloc0(sizeof(bool) * ivf->nused);
	for (int i = 0; i < ivf->nused; i++)
	{
		lists->headers[i] = mv_ivf_list_header(lists->index, ivf, ivf->used[i]);
		lists->lengths[i] = lists->headers[i].ncodes;
	}
}

static void
read_centers(Lists *lists)
{
	const MvIvf *ivf = lists->ivf;

	lists->centers = palloc_extended((Size) ivf->shape.centroid_size * ivf->nused,
									 MCXT_ALLOC_HUGE);
	for (int i = 0; i < ivf->nused; i++)
		mv_ivf_read_centroid(lists->index, ivf, &lists->headers[i],
							 lists->centers + (Size) ivf->shape.padded * i);
}

/* The list with the nearest centroid to that of another, or -1. */
static int
nearest_other(const Lists *lists, int list)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	int			padded = lists->ivf->shape.padded;
	int			best = -1;
	double		best_dist = 0;

	for (int i = 0; i < lists->ivf->nused; i++)
	{
		double		dist;

		if (i == list || lists->taken[i])
			continue;
		dist = l2sq(lists->centers + (Size) padded * list, lists->centers + (Size) padded * i,
					padded);
		if (best < 0 || dist < best_dist)
		{
			best = i;
			best_dist = dist;
		}
	}
	return best;
}

/* ---- splitting ---- */

static void *
alloc_aligned(Size size)
{
	char	   *p = MemoryContextAllocHuge(CurrentMemoryContext, size + 64);

	return (void *) TYPEALIGN(64, p);
}

/* Some rows of a list in the space of the lists, evenly chosen; returns how many are live. */
static int
read_sample(MvIvfRewrite *r, const MvIvfList *list, int size, float *sample)
{
	MvIvfList	nothing;
	MvIvfMembers members;
	int			found = 0;

	if (size == 0)
		return 0;
	mv_ivf_list_clear(&nothing);
	mv_ivf_rewrite_members(r, &nothing, list, &members);
	for (int i = 0; i < size; i++)
	{
		CHECK_FOR_INTERRUPTS();
		found += mv_ivf_rewrite_row(r, &members, (uint32) ((uint64) i * members.n / size),
									sample + (Size) r->ivf->shape.padded * found);
	}
	mv_ivf_members_free(&members);
	return found;
}

/* k centroids of a sample of n rows. */
static float *
cluster(const float *sample, int n, int k, int dim)
{
	float	   *centers = palloc_extended(sizeof(float) * (Size) k * dim, MCXT_ALLOC_HUGE);
	MvKmeansPlan plan;
	MvKmeans	km;
	MvCentroids set;
	void	   *shared;
	int			units;

	if (k == 2)
	{
		mv_kmeans_split(sample, n, dim, false, centers, palloc(n),
						alloc_aligned(mv_kmeans_split_size(n, dim)));
		return centers;
	}
	mv_kmeans_plan(&plan, n, k, dim);
	shared = alloc_aligned(mv_kmeans_size(&plan));
	mv_kmeans_begin(&plan, shared);
	mv_kmeans_attach(&km, shared, sample, alloc_aligned(mv_kmeans_work_size(&plan)));
	while ((units = mv_kmeans_units(&km)) > 0)
	{
		for (int unit = 0; unit < units; unit++)
		{
			mv_kmeans_unit(&km, unit);
			CHECK_FOR_INTERRUPTS();
		}
		mv_kmeans_next(&km);
	}
	mv_kmeans_centroids(&km, &set);
	memcpy(centers, set.c, sizeof(float) * (Size) k * dim);
	return centers;
}

/*
 * Centroids for the rows of the sources, as many as they deserve; NULL if all
 * rows are dead.
 */
static float *
train_parts(MvIvfRewrite *r, double target, int *nparts)
{
	int			padded = r->ivf->shape.padded;
	double		fit = maintenance_work_mem * 1024.0 / 2 / (sizeof(float) * padded);
	MvIvfList	lists[MV_IVF_MAX_SOURCES];
	double		n = 0,
				wanted;
	int			size = 0,
				found = 0;
	float	   *sample;

	for (int i = 0; i < r->nsources; i++)
	{
		lists[i] = mv_ivf_list_header(r->index, r->ivf, r->sources[i].list);
		n += lists[i].ncodes;
	}
	wanted = Min(Min(n / target + 1, MAX_PARTS) * SAMPLE_PER_PART, Max(fit, SAMPLE_PER_PART));
	sample = alloc_aligned(sizeof(float) * padded * ((Size) wanted + MV_IVF_MAX_SOURCES));
	for (int i = 0; i < r->nsources; i++)
	{
		int			part = (int) Min(ceil(wanted / n * lists[i].ncodes), lists[i].ncodes);

		found += read_sample(r, &lists[i], part, sample + (Size) padded * found);
		size += part;
	}
	if (found == 0)
		return NULL;
	*nparts = (int) Min(Max(rint(n * found / size / target), 1), MAX_PARTS);
	*nparts = Min(*nparts, found);
	return cluster(sample, found, *nparts, padded);
}

/* Choose what is divided together with a list. */
static void
add_neighbours(MvIvfRewrite *r, const Lists *lists, int list)
{
	BlockNumber pages[2];
	int			npages = 0;

	for (int n = 0, next = list; next >= 0 && n < MV_IVF_MAX_SOURCES; n++)
	{
		uint32		number = lists->ivf->used[next];
		int			at;
		BlockNumber page = mv_ivf_list_place(lists->ivf, number, &at);

		/* One record changes their pages, the meta page, and one of new lists. */
		if (npages == 0 || (page != pages[0] && page != pages[npages - 1]))
		{
			if (npages == lengthof(pages))
				break;
			pages[npages++] = page;
		}
		mv_ivf_rewrite_source(r, number);
		if (lists->lengths[list] > FAR_TOO_LONG * lists->target)
			break;
		lists->taken[next] = true;
		next = nearest_other(lists, list);
	}
}

/* Divide the rows of the sources among lists around these centroids. */
static void
divide(MvIvfRewrite *r, float *centers, int n)
{
	const MvIvfShape *shape = &r->ivf->shape;
	uint32		slots[MAX_PARTS];
	int			nnew = Max(n - r->nsources, 0);
	BlockNumber page = mv_ivf_find_slots(r->index, r->ivf, nnew, slots);

	for (int i = 0; i < n; i++)
	{
		float	   *center = centers + (Size) shape->padded * i;
		bool		old = i < r->nsources;
		uint32		list = old ? r->sources[i].list : slots[i - r->nsources];
		int			at;
		BlockNumber place = old ? mv_ivf_list_place(r->ivf, list, &at) : page;

		mv_ivf_rewrite_part(r, list, place, center);
		mv_ivf_write_centroid(r->index, (char *) center, shape->centroid_size,
							  &r->parts[i].chain.list);
	}
	mv_ivf_rewrite_lists(r);
}

bool
mv_ivf_split(Relation index, Relation heap, uint32 list, double rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivf split",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Lists		lists = {.index = index, .heap = heap, .target = target_length(index, rows)};
	MvIvfRewrite    *r;
	float	   *centers = NULL;
	int			at = 0;
	int			n;

	read_lists(&lists, context);
	while (at < lists.ivf->nused && lists.ivf->used[at] != list)
		at++;
	if (at < lists.ivf->nused && mv_ivf_rows_can_move(&lists.ivf->shape))
	{
		read_centers(&lists);
		r = mv_ivf_rewrite_begin(index, heap, lists.ivf, MAX_PARTS);
		add_neighbours(r, &lists, at);
		centers = train_parts(r, lists.target, &n);
		if (centers != NULL)
			divide(r, centers, n);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return centers != NULL;
}

/* ---- joining ---- */

/* Move the rows of a list to another, unless that would become long. */
static bool
join_list(Lists *lists, int list, int to)
{
	const MvIvf *ivf = lists->ivf;
	MemoryContext context;
	MemoryContext old;
	MvIvfRewrite    *r;
	int			at;

	if (lists->lengths[list] + lists->lengths[to] > JOINED * lists->target)
		return false;
	context = AllocSetContextCreate(CurrentMemoryContext, "ivf join", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	r = mv_ivf_rewrite_begin(lists->index, lists->heap, ivf, 1);
	mv_ivf_rewrite_source(r, ivf->used[list]);
	mv_ivf_rewrite_source(r, ivf->used[to]);
	mv_ivf_rewrite_part(r, ivf->used[to], mv_ivf_list_place(ivf, ivf->used[to], &at),
			 lists->centers + (Size) ivf->shape.padded * to);
	r->parts[0].chain.list.centroid = lists->headers[to].centroid;
	r->parts[0].chain.list.centroid_offset = lists->headers[to].centroid_offset;
	mv_ivf_rewrite_lists(r);
	lists->lengths[to] += lists->lengths[list];
	lists->taken[list] = true;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return true;
}

/*
 * Lists that a user asked for are there to be filled: they are joined only if
 * they are short beside the others, and never when they are empty.
 */
int
mv_ivf_merge(Relation index, Relation heap, double rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivf merge",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Lists		lists = {.index = index, .heap = heap, .target = target_length(index, rows)};
	bool		chosen = mv_index_option_lists(index) > 0;
	int			joined = 0;
	double		too_short;

	read_lists(&lists, context);
	too_short = TOO_SHORT * (chosen ? Min(lists.target, rows / lists.ivf->nused) : lists.target);
	if (rows == 0 || !mv_ivf_rows_can_move(&lists.ivf->shape))
		too_short = 0;
	for (int i = 0; i < lists.ivf->nused; i++)
	{
		int			to;

		if (lists.lengths[i] >= too_short || (chosen && lists.lengths[i] <= 0))
			continue;
		mv_vacuum_delay_point();
		if (lists.centers == NULL)
			read_centers(&lists);
		to = nearest_other(&lists, i);
		joined += to >= 0 && join_list(&lists, i, to);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return joined;
}
