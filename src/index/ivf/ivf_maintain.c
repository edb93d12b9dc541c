/*
 * ivf_maintain.c -- lists of the right length: long ones are split, short ones
 * joined to others.
 *
 * Both rewrite lists: the rows of some lists are coded anew for other centroids
 * and written to new chains, and one record puts these in the place of the old
 * ones and raises the version of the list table.  Scans that began before go on
 * in the old chains, whose pages are deleted but keep their content until no
 * snapshot can want it.  The work is done without locks; only what was
 * appended meanwhile is added while the list pages are locked.
 *
 * Locks: maintainer (heavyweight) < meta < list pages < id pages < vector pages,
 * and list pages < centroid and code pages.
 */
#include "postgres.h"

#include <math.h>

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/kmeans.h"
#include "index/ivf/ivf.h"
#include "index/options.h"

/* Shorter lists do not pay; ivf_build.c has the same bound. */
#define MIN_TARGET 64

/* How many times the length that lists should have is too long or too short. */
#define TOO_LONG 4
#define TOO_SHORT 0.1

/* A list that is far too long is split into up to so many. */
#define MAX_PARTS 128
#define SAMPLE_PER_PART 512

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

	return Max(lists > 0 ? rows / lists : sqrt(rows) / 4, MIN_TARGET);
}

uint32
mv_ivf_split_limit(Relation index, double rows)
{
	return (uint32) Min(TOO_LONG * target_length(index, rows), PG_UINT32_MAX / 2);
}

double
mv_ivf_rows_guess(Relation index, const MvIvf *ivf)
{
	const MvIvfShape *shape = &ivf->shape;
	double		code = (double) shape->block_size / MV_BLOCK + sizeof(MvIvfId);
	double		vector = shape->vectors_per_page > 0 ?
		(double) MV_BODY_SIZE / shape->vectors_per_page :
		(double) MV_BODY_SIZE * shape->pages_per_vector;

	return RelationGetNumberOfBlocks(index) * (double) MV_BODY_SIZE / (code + vector);
}

uint32
mv_ivf_list_length(Relation index, uint32 list)
{
	int			at;
	BlockNumber block = mv_ivf_list_place(mv_ivf_open(index), list, &at);
	Buffer		buffer = mv_page_read(index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);
	uint32		ncodes = mv_ivf_list_at(BufferGetPage(buffer), at)->ncodes;

	UnlockReleaseBuffer(buffer);
	return ncodes;
}

/* ---- rewriting lists ---- */

/* A list whose rows are moved. */
typedef struct Source
{
	uint32		list;
	MvIvfList	seen;			/* its codes have been taken so far */
} Source;

/* A list that gets them. */
typedef struct Part
{
	uint32		list;
	BlockNumber page;			/* of the list table */
	float	   *center;			/* [padded] */
	double		distances;		/* of its rows to it, squared, the sum */
	MvIvfChain	chain;			/* its list is the header to come */
} Part;

typedef struct Rewrite
{
	Relation	index,
				heap;
	const MvIvf *ivf;			/* any version since the last list page was added */
	MvIvfIds	ids;
	MvIvfWalk	walk;
	char	   *stored;			/* a vector */
	float	   *rotated;		/* the same, for codes */
	char	   *row;			/* its code */
	Source		sources[2];
	int			nsources;
	Part	   *parts;
	int			nparts;
} Rewrite;

static Rewrite *
begin_rewrite(Relation index, Relation heap, const MvIvf *ivf, int max_parts)
{
	Rewrite    *r = palloc0(sizeof(Rewrite));

	r->index = index;
	r->heap = heap;
	r->ivf = ivf;
	mv_ivf_ids_begin(&r->ids, index, ivf);
	mv_ivf_walk_begin(&r->walk, index, &ivf->shape, palloc(ivf->shape.block_size));
	r->stored = palloc(ivf->shape.vector_size);
	r->rotated = palloc(ivf->shape.centroid_size);
	r->row = palloc(ivf->shape.row_size);
	r->parts = palloc0(sizeof(Part) * Max(max_parts, 1));
	return r;
}

/* The header of a list now. */
static MvIvfList
read_header(const Rewrite *r, uint32 list)
{
	int			at;
	BlockNumber block = mv_ivf_list_place(r->ivf, list, &at);
	Buffer		buffer = mv_page_read(r->index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);
	MvIvfList	header = *mv_ivf_list_at(BufferGetPage(buffer), at);

	UnlockReleaseBuffer(buffer);
	return header;
}

static void
add_source(Rewrite *r, uint32 list)
{
	Source	   *source = &r->sources[r->nsources++];

	source->list = list;
	mv_ivf_list_clear(&source->seen);
}

static void
add_part(Rewrite *r, uint32 list, BlockNumber page, float *center)
{
	Part	   *part = &r->parts[r->nparts++];

	part->list = list;
	part->page = page;
	part->center = center;
	mv_ivf_chain_begin(&part->chain, r->index, r->heap, r->ivf);
}

/* The ids of the codes of a list that have not been taken; palloc'd. */
static uint32 *
new_ids(Rewrite *r, const MvIvfList *seen, const MvIvfList *now, uint32 *n)
{
	uint32	   *ids = palloc_extended(sizeof(uint32) * ((Size) now->ncodes - seen->ncodes + 1),
									  MCXT_ALLOC_HUGE);
	int			skip = mv_ivf_walk_resume(&r->walk, seen, now);
	const char *block;

	*n = 0;
	for (; (block = mv_ivf_walk_next(&r->walk)) != NULL; skip = 0)
		for (int i = skip; i < r->walk.n; i++)
			ids[(*n)++] = mv_ivf_block_id(block, i);
	return ids;
}

/* Read the vector of a row, rotated; false if the row is dead. */
static bool
read_row(Rewrite *r, uint32 id, float *rotated)
{
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(&r->ids, id, &block, &offset);

	if (entry.flags & (MV_ID_DEAD | MV_ID_FREE))
		return false;
	mv_ivf_read_run(r->index, block, MV_PAGE_VECTOR, offset, r->stored, r->ivf->shape.vector_size);
	mv_ivf_rotate_stored(r->ivf, (uint16_t *) r->stored, rotated);
	return true;
}

/* Give a row to the part with the nearest centroid, of equally near ones the shortest. */
static void
place_row(Rewrite *r, uint32 id)
{
	MvDistFn	l2sq = mv_kernels.dist[MV_F32][MV_L2SQ];
	Part	   *best = NULL;
	double		best_dist = 0;

	if (!read_row(r, id, r->rotated))
		return;
	for (int i = 0; i < r->nparts; i++)
	{
		Part	   *part = &r->parts[i];
		double		dist = l2sq(r->rotated, part->center, r->ivf->shape.padded);

		if (best == NULL || dist < best_dist ||
			(dist == best_dist && part->chain.list.ncodes < best->chain.list.ncodes))
		{
			best = part;
			best_dist = dist;
		}
	}
	best->distances += best_dist;
	mv_ivf_encode(r->ivf, r->rotated, best->center, r->row);
	mv_ivf_chain_put(&best->chain, r->row, id);
}

/* Take the codes that a list has got since. */
static void
take_codes(Rewrite *r, Source *source, const MvIvfList *now)
{
	uint32		n;
	uint32	   *ids;

	if (now->ncodes == source->seen.ncodes)
		return;
	ids = new_ids(r, &source->seen, now, &n);
	for (uint32 i = 0; i < n; i++)
		place_row(r, ids[i]);
	pfree(ids);
	source->seen = *now;
}

/* The list pages of sources and parts, exclusively locked, each once. */
typedef struct ListPages
{
	int			n;
	Buffer		buffers[MV_CHANGE_PAGES - 1];
} ListPages;

static Buffer
list_page(ListPages *pages, Relation index, BlockNumber block)
{
	for (int i = 0; i < pages->n; i++)
		if (BufferGetBlockNumber(pages->buffers[i]) == block)
			return pages->buffers[i];
	Assert(pages->n < lengthof(pages->buffers));
	return pages->buffers[pages->n++] = mv_page_read(index, block, MV_PAGE_LIST,
													  BUFFER_LOCK_EXCLUSIVE);
}

/* Offset of a list in its page. */
static inline int
list_offset(uint32 list)
{
	return (int) (list % MV_IVF_LISTS_PER_PAGE * sizeof(MvIvfList));
}

/* The one record that puts the new lists in the place of the old. */
static void
change_table(Rewrite *r, Buffer meta_buffer, ListPages *pages)
{
	MvChange	change;
	MvIvfMeta  *meta;
	MvIvfList	unused;
	int			at;

	mv_ivf_list_clear(&unused);
	mv_change_begin(&change, r->index);
	meta = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta_buffer));
	meta->version++;
	for (int i = 0; i < r->nsources; i++)
	{
		BlockNumber block = mv_ivf_list_place(r->ivf, r->sources[i].list, &at);
		Page		page = mv_change_page(&change, list_page(pages, r->index, block));

		*mv_ivf_list_at(page, at) = unused;
	}
	for (int i = 0; i < r->nparts; i++)
	{
		Part	   *part = &r->parts[i];
		Page		page = mv_change_page(&change, list_page(pages, r->index, part->page));

		part->chain.list.changed = meta->version;
		*mv_ivf_list_at(page, list_offset(part->list)) = part->chain.list;
		meta->nlists = Max(meta->nlists, part->list + 1);
	}
	mv_change_commit(&change);
}

/* Take what came last, and let everybody see the new lists. */
static void
publish(Rewrite *r)
{
	Buffer		meta;
	ListPages	pages = {0};

	meta = mv_page_read(r->index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	for (int i = 0; i < r->nsources; i++)
	{
		int			at;
		BlockNumber block = mv_ivf_list_place(r->ivf, r->sources[i].list, &at);
		Buffer		buffer = list_page(&pages, r->index, block);
		MvIvfList	now = *mv_ivf_list_at(BufferGetPage(buffer), at);

		take_codes(r, &r->sources[i], &now);
		r->sources[i].seen = now;
	}
	for (int i = 0; i < r->nparts; i++)
	{
		list_page(&pages, r->index, r->parts[i].page);
		mv_ivf_chain_finish(&r->parts[i].chain);
		r->parts[i].chain.list.spread =
			(float) (r->parts[i].distances / Max(r->parts[i].chain.list.ncodes, 1));
	}
	change_table(r, meta, &pages);
	while (pages.n > 0)
		UnlockReleaseBuffer(pages.buffers[--pages.n]);
	UnlockReleaseBuffer(meta);
}

/* Move the rows of the sources to the parts. */
static void
rewrite_lists(Rewrite *r)
{
	for (int i = 0; i < r->nsources; i++)
	{
		MvIvfList	now = read_header(r, r->sources[i].list);

		take_codes(r, &r->sources[i], &now);
	}
	publish(r);
	for (int i = 0; i < r->nsources; i++)
		mv_ivf_chain_delete(r->index, &r->sources[i].seen);
}

/* ---- room for lists and centroids ---- */

static BlockNumber
extend_table(Relation index, BlockNumber last)
{
	Buffer		before = mv_page_read(index, last, MV_PAGE_LIST, BUFFER_LOCK_EXCLUSIVE);
	Buffer		buffer = mv_page_alloc(index, NULL);
	BlockNumber block = BufferGetBlockNumber(buffer);
	MvChange	change;
	Page		page;

	mv_change_begin(&change, index);
	page = mv_change_new_page(&change, buffer, MV_PAGE_LIST);
	mv_page_set_used(page, MV_BODY_SIZE);
	for (int i = 0; i < MV_IVF_LISTS_PER_PAGE; i++)
		mv_ivf_list_clear((MvIvfList *) MV_PAGE_BODY(page) + i);
	MV_PAGE_TAIL(mv_change_page(&change, before))->next = block;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(before);
	return block;
}

/* Find unused slots of one page; returns it. */
static BlockNumber
find_slots(Relation index, const MvIvf *ivf, int wanted, uint32 *slots)
{
	BlockNumber block = ivf->meta.list_start;

	for (uint32 first = 0;; first += MV_IVF_LISTS_PER_PAGE)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);
		Page		page = BufferGetPage(buffer);
		BlockNumber next = MV_PAGE_TAIL(page)->next;
		int			n = 0;

		for (uint32 i = 0; i < MV_IVF_LISTS_PER_PAGE && n < wanted; i++)
			if (!BlockNumberIsValid(((MvIvfList *) MV_PAGE_BODY(page))[i].centroid))
				slots[n++] = first + i;
		UnlockReleaseBuffer(buffer);
		if (n == wanted)
			return block;
		block = BlockNumberIsValid(next) ? next : extend_table(index, block);
	}
}

/* A centroid that is larger than a page: a chain of its own, last page first. */
static void
write_long_centroid(Relation index, const char *centroid, int size, MvIvfList *list)
{
	BlockNumber next = InvalidBlockNumber;

	for (int at = (size - 1) / MV_BODY_SIZE * MV_BODY_SIZE; at >= 0; at -= MV_BODY_SIZE)
	{
		Buffer		buffer = mv_page_alloc(index, NULL);
		int			n = Min(size - at, MV_BODY_SIZE);
		MvChange	change;
		Page		page;

		mv_change_begin(&change, index);
		page = mv_change_new_page(&change, buffer, MV_PAGE_CENTROID);
		mv_page_set_used(page, n);
		memcpy(MV_PAGE_BODY(page), centroid + at, n);
		MV_PAGE_TAIL(page)->next = next;
		mv_change_commit(&change);
		next = BufferGetBlockNumber(buffer);
		UnlockReleaseBuffer(buffer);
	}
	list->centroid = next;
	list->centroid_offset = 0;
}

/* Write a centroid where none was before, and note in a header where it is. */
static void
write_centroid(Relation index, const char *centroid, int size, MvIvfList *list)
{
	Buffer		meta_buffer;
	MvIvfMeta  *meta;
	Buffer		buffer = InvalidBuffer;
	int			used = 0;
	MvChange	change;
	Page		page;

	if (size > MV_BODY_SIZE)
	{
		write_long_centroid(index, centroid, size, list);
		return;
	}
	meta_buffer = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	meta = (MvIvfMeta *) MV_PAGE_BODY(BufferGetPage(meta_buffer));
	if (BlockNumberIsValid(meta->last_centroid))
	{
		buffer = mv_page_read(index, meta->last_centroid, MV_PAGE_CENTROID, BUFFER_LOCK_EXCLUSIVE);
		used = mv_page_used(BufferGetPage(buffer));
		if (used + size > MV_BODY_SIZE)
		{
			UnlockReleaseBuffer(buffer);
			buffer = InvalidBuffer;
		}
	}
	mv_change_begin(&change, index);
	if (BufferIsValid(buffer))
		page = mv_change_page(&change, buffer);
	else
	{
		buffer = mv_page_alloc(index, NULL);
		used = 0;
		page = mv_change_new_page(&change, buffer, MV_PAGE_CENTROID);
		meta = (MvIvfMeta *) MV_PAGE_BODY(mv_change_page(&change, meta_buffer));
		meta->last_centroid = BufferGetBlockNumber(buffer);
	}
	mv_page_set_used(page, used + size);
	memcpy(MV_PAGE_BODY(page) + used, centroid, size);
	list->centroid = BufferGetBlockNumber(buffer);
	list->centroid_offset = (uint32) used;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
}

/* ---- splitting ---- */

static void *
alloc_aligned(Size size)
{
	char	   *p = MemoryContextAllocHuge(CurrentMemoryContext, size + 64);

	return (void *) TYPEALIGN(64, p);
}

/* The rotated vectors of some of the rows, evenly chosen; returns how many. */
static int
read_sample(Rewrite *r, const uint32 *ids, uint32 n, int size, float *sample)
{
	int			found = 0;

	for (int i = 0; i < size; i++)
	{
		uint32		id = ids[(uint64) i * n / size];

		CHECK_FOR_INTERRUPTS();
		found += read_row(r, id, sample + (Size) r->ivf->shape.padded * found);
	}
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
 * The centroids of the parts of a list: one for those that turn out to have few
 * live rows, NULL if it has none.
 */
static float *
train_parts(Rewrite *r, uint32 list, double target, int *nparts)
{
	int			padded = r->ivf->shape.padded;
	MvIvfList	now = read_header(r, list);
	MvIvfList	nothing;
	double		fit = maintenance_work_mem * 1024.0 / 2 / (sizeof(float) * padded);
	double		wanted = Max(Min(now.ncodes / target, MAX_PARTS), 2) * SAMPLE_PER_PART;
	uint32		n;
	uint32	   *ids;
	float	   *sample;
	int			size,
				found;
	double		live;

	mv_ivf_list_clear(&nothing);
	ids = new_ids(r, &nothing, &now, &n);
	size = (int) Min(Min(n, wanted), Max(fit, SAMPLE_PER_PART));
	sample = alloc_aligned(sizeof(float) * (Size) padded * size);
	found = read_sample(r, ids, n, size, sample);
	pfree(ids);
	live = size > 0 ? (double) n * found / size : 0;
	*nparts = live > 2 * TOO_LONG * target ? (int) Min(live / target, MAX_PARTS) :
		live > TOO_LONG / 2 * target ? 2 : 1;
	return found < *nparts ? NULL : cluster(sample, found, *nparts, padded);
}

bool
mv_ivf_split(Relation index, Relation heap, uint32 list, double rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivf split",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	const MvIvf *ivf = mv_ivf_open_for(index, context);
	Rewrite    *r = begin_rewrite(index, heap, ivf, MAX_PARTS);
	uint32		slots[MAX_PARTS] = {list};
	BlockNumber page;
	int			at;
	int			n;
	float	   *centers = NULL;

	/* Without stored vectors rows can not be coded anew. */
	if (ivf->shape.vector_size > 0)
		centers = train_parts(r, list, target_length(index, rows), &n);
	if (centers != NULL)
	{
		page = find_slots(index, ivf, n - 1, slots + 1);
		add_source(r, list);
		for (int i = 0; i < n; i++)
		{
			float	   *center = centers + (Size) ivf->shape.padded * i;

			add_part(r, slots[i], i == 0 ? mv_ivf_list_place(ivf, list, &at) : page, center);
			write_centroid(index, (char *) center, ivf->shape.centroid_size,
						   &r->parts[i].chain.list);
		}
		rewrite_lists(r);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return centers != NULL;
}

/* ---- joining ---- */

/* The lists of an index, while some of them are joined to others. */
typedef struct Lists
{
	Relation	index,
				heap;
	const MvIvf *ivf;
	double	   *lengths;		/* [nused]; -1: joined to another */
	float	   *centers;		/* [nused][padded] */
	MvIvfList  *headers;		/* [nused], as they were at first */
	double		target;
} Lists;

static void
read_lists(Lists *lists, MemoryContext context)
{
	const MvIvf *ivf = lists->ivf = mv_ivf_open_for(lists->index, context);
	Rewrite    *r = begin_rewrite(lists->index, lists->heap, ivf, 0);

	lists->headers = palloc_extended(sizeof(MvIvfList) * (Size) ivf->nused, MCXT_ALLOC_HUGE);
	lists->lengths = palloc_extended(sizeof(double) * (Size) ivf->nused, MCXT_ALLOC_HUGE);
	for (int i = 0; i < ivf->nused; i++)
	{
		lists->headers[i] = read_header(r, ivf->used[i]);
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

		if (i == list || lists->lengths[i] < 0)
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

/* Move the rows of a list to another, unless that would become long. */
static bool
join_list(Lists *lists, int list, int to)
{
	const MvIvf *ivf = lists->ivf;
	MemoryContext context;
	MemoryContext old;
	Rewrite    *r;
	int			at;

	if (lists->lengths[list] + lists->lengths[to] > TOO_LONG / 2 * lists->target)
		return false;
	context = AllocSetContextCreate(CurrentMemoryContext, "ivf join", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	r = begin_rewrite(lists->index, lists->heap, ivf, 1);
	add_source(r, ivf->used[list]);
	add_source(r, ivf->used[to]);
	add_part(r, ivf->used[to], mv_ivf_list_place(ivf, ivf->used[to], &at),
			 lists->centers + (Size) ivf->shape.padded * to);
	r->parts[0].chain.list.centroid = lists->headers[to].centroid;
	r->parts[0].chain.list.centroid_offset = lists->headers[to].centroid_offset;
	rewrite_lists(r);
	lists->lengths[to] += lists->lengths[list];
	lists->lengths[list] = -1;
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
	if (rows == 0 || lists.ivf->shape.vector_size == 0)
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
