/*
 * ivf_cache.c -- the backend's view of an index: meta data, rotation, centroids.
 *
 * Views are kept in a list of this backend, because a scan must keep its own
 * whatever happens to the relcache entry meanwhile.  A view is of one build,
 * told by the number in the meta page; what it holds never changes.
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
	Oid			relid;
	int			users;
	MvIvf		ivf;
} View;

static dlist_head views = DLIST_STATIC_INIT(views);
static int	nviews = 0;

static void
read_meta(Relation index, MvIvfMeta *meta)
{
	Buffer		buffer = mv_page_read(index, MV_IVF_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_SHARE);
	Page		page = BufferGetPage(buffer);
	MvIvfMetaHead *head = MV_PAGE_HEAD(page);

	if (head->magic != MV_IVF_MAGIC || head->version != MV_IVF_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has format %u, this version of milvus_pg reads format %u",
						RelationGetRelationName(index), head->version, MV_IVF_VERSION),
				 errhint("Please REINDEX it.")));
	memcpy(meta, MV_PAGE_BODY(page), sizeof(MvIvfMeta));
	UnlockReleaseBuffer(buffer);
	if (meta->dim < 1 || meta->dim > MV_MAX_DIM || meta->elem >= MV_ELEM_KINDS ||
		meta->metric >= MV_METRICS || meta->nlists < 1 || meta->nlists > MV_MAX_LISTS)
		mv_index_corrupted(index, "impossible numbers in the meta page");
}

static void
drop_view(View *view)
{
	dlist_delete(&view->node);
	nviews--;
	pfree(view);
}

/* The view of this build; other builds of the index are of no use any more. */
static View *
find_view(Oid relid, uint64 build)
{
	View	   *found = NULL;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &views)
	{
		View	   *view = dlist_container(View, node, iter.cur);

		if (view->relid == relid && view->ivf.meta.build == build)
			found = view;
		else if (view->users == 0 && (view->relid == relid || nviews > MAX_VIEWS))
			drop_view(view);
	}
	return found;
}

static void
read_centroids(Relation index, MvIvf *ivf)
{
	const MvIvfShape *shape = &ivf->shape;

	for (uint32 list = 0; list < ivf->meta.nlists; list++)
	{
		float	   *c = ivf->centroids + (Size) shape->padded * list;
		int			offset;
		BlockNumber block = mv_ivf_list_block(&ivf->meta, shape, list, &offset);

		mv_ivf_read_run(index, block, MV_PAGE_CENTROID, offset + (int) sizeof(MvIvfList),
						(char *) c, (int) sizeof(float) * shape->padded);
		ivf->norms[list] = (float) mv_kernels.dist[MV_F32][MV_IP] (c, c, shape->padded);
	}
}

/* One chunk of memory, in the list only when it is complete. */
static View *
make_view(Relation index, const MvIvfMeta *meta)
{
	MvIvfShape	shape;
	Size		head = MAXALIGN(sizeof(View));
	Size		rotation = MAXALIGN(mv_rotation_size((int) meta->dim));
	Size		floats;
	View	   *view;
	MvIvf	   *ivf;

	mv_ivf_shape(&shape, (int) meta->dim);
	floats = shape.dim + (Size) shape.padded * (meta->nlists + 1) + meta->nlists;
	view = MemoryContextAllocHuge(CacheMemoryContext, head + rotation + sizeof(float) * floats);
	view->relid = RelationGetRelid(index);
	view->users = 0;
	ivf = &view->ivf;
	ivf->meta = *meta;
	ivf->shape = shape;
	ivf->opclass = mv_index_opclass(index);
	ivf->rotation = (MvRotation *) ((char *) view + head);
	mv_rotation_init(ivf->rotation, shape.dim, meta->seed);
	ivf->mean = (float *) ((char *) ivf->rotation + rotation);
	ivf->rotated_mean = ivf->mean + shape.dim;
	ivf->centroids = ivf->rotated_mean + shape.padded;
	ivf->norms = ivf->centroids + (Size) shape.padded * meta->nlists;

	PG_TRY();
	{
		mv_ivf_read_run(index, meta->mean_start, MV_PAGE_VECTOR, 0, (char *) ivf->mean,
						(int) sizeof(float) * shape.dim);
		mv_rotate(ivf->rotation, ivf->mean, NULL, ivf->rotated_mean);
		read_centroids(index, ivf);
	}
	PG_CATCH();
	{
		pfree(view);
		PG_RE_THROW();
	}
	PG_END_TRY();
	mv_ivf_set_format(ivf);
	return view;
}

static View *
open_view(Relation index)
{
	MvIvfMeta	meta;
	View	   *view;

	read_meta(index, &meta);
	view = find_view(RelationGetRelid(index), meta.build);
	if (view == NULL)
	{
		view = make_view(index, &meta);
		dlist_push_head(&views, &view->node);
		nviews++;
	}
	else
		dlist_move_head(&views, &view->node);
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

uint64
mv_ivf_new_build(void)
{
	return pg_prng_uint64(&pg_global_prng_state);
}
