/*
 * ivf_cache.c -- the backend's view of an index: meta data, rotation, centroids.
 *
 * Views are kept in a list of this backend, because a scan must keep its own
 * whatever happens to the relcache entry meanwhile.  A view is of one version
 * of one build, told by numbers in the meta page; what it holds never changes.
 *
 * Maintenance moves rows between lists and changes the version in the same
 * record.  So what was read from several pages belongs together if the version
 * is the same before and after.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "lib/ilist.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/ivf/ivf.h"
#include "index/options.h"

/* Views that nobody uses are dropped beyond this many. */
#define MAX_VIEWS 32

typedef struct View
{
	dlist_node	node;			/* in `views`, last used first */
	MemoryContext context;		/* holds all of it */
	Oid			relid;
	int			users;
	MvIvf		ivf;
} View;

static dlist_head views = DLIST_STATIC_INIT(views);
static int	nviews = 0;

static void
read_meta(Relation index, MvIvfMeta *meta)
{
	const MvOpclass *opclass = mv_index_opclass(index);
	Buffer		buffer = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_SHARE);
	Page		page = BufferGetPage(buffer);
	MvIvfMetaHead *head = MV_PAGE_HEAD(page);

	if (head->magic != MV_IVF_MAGIC ||
		(head->version != MV_IVF_VERSION && head->version != MV_IVF_VERSION_ATTRIBUTES))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has format %u, this version of milvus_pg reads formats "
						"%u and %u", RelationGetRelationName(index), head->version,
						MV_IVF_VERSION, MV_IVF_VERSION_ATTRIBUTES),
				 errhint("Please REINDEX it.")));
	memcpy(meta, MV_PAGE_BODY(page), sizeof(MvIvfMeta));
	UnlockReleaseBuffer(buffer);
	if (meta->dim < 1 || meta->dim != mv_index_space(index).dim ||
		meta->elem != opclass->elem->kind || meta->metric != opclass->metric ||
		meta->bits < 1 || meta->bits > MV_RABITQ_MAX_BITS || meta->nlists < 1 ||
		meta->rerank > MV_RERANK_NONE ||
		meta->nattributes != (uint32) mv_count_attributes(index) ||
		(meta->elem == MV_BIT && (meta->bits != 1 || meta->rerank != MV_RERANK_NONE)) ||
		(meta->elem == MV_SPARSE && meta->rerank != MV_RERANK_HEAP))
		mv_index_corrupted(index, "impossible numbers in the meta page");
}

static void
drop_view(View *view)
{
	dlist_delete(&view->node);
	nviews--;
	MemoryContextDelete(view->context);
}

/* Views of this index that nobody uses, and the least used of others beyond MAX_VIEWS. */
static void
drop_useless(Oid relid)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &views)
	{
		View	   *view = dlist_container(View, node, iter.cur);

		if (view->users == 0 && (view->relid == relid || nviews > MAX_VIEWS))
			drop_view(view);
	}
}

/* Bytes of a centroid as it is kept here. */
static Size
kept_size(const MvIvfShape *shape)
{
	return shape->padded <= MV_IVF_EXACT_CENTROIDS ? shape->centroid_size :
		mv_code_row_size(MV_IVF_CENTROID_BITS, shape->padded);
}

/* The list table, all slots, and where its pages are; palloc'd. */
static MvIvfList *
read_list_table(Relation index, const MvIvfMeta *meta, BlockNumber **pages, int *npages)
{
	int			n = (int) ((meta->nlists + MV_IVF_LISTS_PER_PAGE - 1) / MV_IVF_LISTS_PER_PAGE);
	BlockNumber block = meta->list_start;
	MvIvfList  *lists;

	if (n > RelationGetNumberOfBlocks(index))
		mv_index_corrupted(index, "impossible number of lists in the meta page");
	lists = palloc_extended(sizeof(MvIvfList) * (Size) n * MV_IVF_LISTS_PER_PAGE, MCXT_ALLOC_HUGE);
	*pages = palloc(sizeof(BlockNumber) * n);
	*npages = n;
	for (int i = 0; i < n; i++)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);

		(*pages)[i] = block;
		memcpy(lists + (Size) i * MV_IVF_LISTS_PER_PAGE, MV_PAGE_BODY(BufferGetPage(buffer)),
			   sizeof(MvIvfList) * MV_IVF_LISTS_PER_PAGE);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
	return lists;
}

static void *
allocate(Size size)
{
	return palloc_extended(size, MCXT_ALLOC_HUGE);
}

/* A view, in the current context, without what is read from centroids and mean. */
static View *
allocate_view(Relation index, const MvIvfMeta *meta, int nused)
{
	View	   *view = palloc0(sizeof(View));
	MvIvf	   *ivf = &view->ivf;
	Size		row;
	char	   *codes;

	view->context = CurrentMemoryContext;
	view->relid = RelationGetRelid(index);
	ivf->meta = *meta;
	mv_ivf_shape(&ivf->shape, meta);
	ivf->opclass = mv_index_opclass(index);
	ivf->rotation = palloc(mv_rotation_size((int) meta->dim));
	mv_rotation_init(ivf->rotation, ivf->shape.dim, meta->seed);
	ivf->mean = palloc(sizeof(float) * ivf->shape.dim);
	ivf->rotated_mean = palloc(sizeof(float) * ivf->shape.padded);
	ivf->nused = nused;
	ivf->used = allocate(sizeof(uint32) * nused);
	ivf->centroids = allocate(sizeof(void *) * nused);
	ivf->norm = allocate(sizeof(float) * nused);
	ivf->mean_dot = allocate(sizeof(float) * nused);
	ivf->spread = allocate(sizeof(float) * nused);
	row = kept_size(&ivf->shape);
	codes = allocate(row * nused);
	for (int i = 0; i < nused; i++)
		ivf->centroids[i] = codes + row * i;
	if (ivf->shape.padded > MV_IVF_EXACT_CENTROIDS)
	{
		ivf->coarse = allocate(mv_ivf_coarse_size(&ivf->shape, nused));
		memset(ivf->coarse, 0, mv_ivf_coarse_size(&ivf->shape, nused));
	}
	mv_ivf_set_format(ivf);
	return view;
}

/* Read the centroid of a list. */
static void
keep_centroid(Relation index, MvIvf *ivf, const MvIvfList *list, int at, float *c)
{
	MvRabitqFormat format = {.metric = MV_L2SQ, .bits = MV_IVF_CENTROID_BITS,
							 .dim = ivf->shape.padded};
	MvDistFn	dot = mv_kernels.dist[MV_F32][MV_IP];

	mv_ivf_read_centroid(index, ivf, list, c);
	if (ivf->shape.padded <= MV_IVF_EXACT_CENTROIDS)
		memcpy((void *) ivf->centroids[at], c, ivf->shape.centroid_size);
	else
	{
		mv_rabitq_encode_row(&format, c, NULL, (void *) ivf->centroids[at]);
		mv_ivf_coarse_put(ivf, at, c);
	}
	ivf->norm[at] = (float) dot(c, c, ivf->shape.padded);
	ivf->mean_dot[at] = (float) dot(c, ivf->rotated_mean, ivf->shape.padded);
}

/* The same from an older view that knows it; *at moves along that view's lists. */
static bool
copy_centroid(MvIvf *ivf, int to, const MvIvf *old, int *at, uint32 list, uint32 changed)
{
	while (*at < old->nused && old->used[*at] < list)
		(*at)++;
	if (*at == old->nused || old->used[*at] != list || changed > old->meta.version)
		return false;
	memcpy((void *) ivf->centroids[to], old->centroids[*at], kept_size(&ivf->shape));
	if (ivf->coarse != NULL)
		mv_ivf_coarse_copy(ivf, to, old, *at);
	ivf->norm[to] = old->norm[*at];
	ivf->mean_dot[to] = old->mean_dot[*at];
	return true;
}

static void
read_centroids(Relation index, MvIvf *ivf, const MvIvfList *lists, const MvIvf *old)
{
	float	   *c = palloc(ivf->shape.centroid_size);
	int			at = 0;
	int			n = 0;

	for (uint32 i = 0; i < ivf->meta.nlists; i++)
	{
		if (!BlockNumberIsValid(lists[i].centroid))
			continue;
		ivf->used[n] = i;
		ivf->spread[n] = lists[i].spread;
		if (old == NULL || !copy_centroid(ivf, n, old, &at, i, lists[i].changed))
			keep_centroid(index, ivf, &lists[i], n, c);
		n++;
	}
	pfree(c);
}

/*
 * A new view of what is in the index now, under that meta page.  Centroids that
 * an older view of the same build knows are taken from there.
 */
static View *
make_view(Relation index, const MvIvfMeta *meta, const MvIvf *old)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "view of an ivf index",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	BlockNumber *pages;
	int			npages,
				nused = 0;
	MvIvfList  *lists = read_list_table(index, meta, &pages, &npages);
	View	   *view;
	MvIvf	   *ivf;

	for (uint32 i = 0; i < meta->nlists; i++)
		nused += BlockNumberIsValid(lists[i].centroid);
	if (nused == 0)
		mv_index_corrupted(index, "no list is in use");
	view = allocate_view(index, meta, nused);
	ivf = &view->ivf;
	ivf->npages = npages;
	ivf->list_pages = pages;
	mv_ivf_read_run(index, meta->mean_start, MV_PAGE_VECTOR, 0, (char *) ivf->mean,
					(int) sizeof(float) * ivf->shape.dim);
	mv_rotate(ivf->rotation, ivf->mean, NULL, ivf->rotated_mean);
	ivf->mean_norm = (float) mv_kernels.dist[MV_F32][MV_IP] (ivf->rotated_mean, ivf->rotated_mean,
															 ivf->shape.padded);
	read_centroids(index, ivf, lists, old);
	pfree(lists);
	MemoryContextSwitchTo(caller);
	return view;
}

/* Any view of this build, the newest known. */
static View *
older_view(Oid relid, uint64 build)
{
	dlist_iter	iter;

	dlist_foreach(iter, &views)
	{
		View	   *view = dlist_container(View, node, iter.cur);

		if (view->relid == relid && view->ivf.meta.build == build)
			return view;
	}
	return NULL;
}

static View *
open_view(Relation index)
{
	Oid			relid = RelationGetRelid(index);
	MvIvfMeta	meta;
	MvIvfMeta	after;
	View	   *view;

	read_meta(index, &after);
	do
	{
		View	   *old = older_view(relid, after.build);

		meta = after;
		if (old != NULL && old->ivf.meta.version == meta.version)
		{
			dlist_move_head(&views, &old->node);
			return old;
		}
		view = make_view(index, &meta, old ? &old->ivf : NULL);
		read_meta(index, &after);
	} while (after.build != meta.build || after.version != meta.version);

	drop_useless(relid);
	MemoryContextSetParent(view->context, CacheMemoryContext);
	dlist_push_head(&views, &view->node);
	nviews++;
	return view;
}

MvIvf *
mv_ivf_open(Relation index)
{
	return &open_view(index)->ivf;
}

static void
release(void *arg)
{
	((View *) arg)->users--;
}

MvIvf *
mv_ivf_open_for(Relation index, MemoryContext context)
{
	View	   *view = open_view(index);
	MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	callback->func = release;
	callback->arg = view;
	MemoryContextRegisterResetCallback(context, callback);
	view->users++;
	return &view->ivf;
}

uint32
mv_ivf_current_version(Relation index)
{
	MvIvfMeta	meta;

	read_meta(index, &meta);
	return meta.version;
}

BlockNumber
mv_ivf_free_ids(Relation index)
{
	MvIvfMeta	meta;

	read_meta(index, &meta);
	return meta.free_ids;
}

uint64
mv_ivf_new_build(void)
{
	return pg_prng_uint64(&pg_global_prng_state);
}
