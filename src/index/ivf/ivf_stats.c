/*
 * ivf_stats.c -- what the tools of am/ ask about an index: its TIDs, its numbers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "index/inspect.h"
#include "index/ivf/ivf.h"

/* ---- TIDs ---- */

/* The ids that stand in lists. */
static void
collect_ids(Relation index, MvIdSet *listed)
{
	MvIvf	   *ivf;
	MvIvfList  *lists = mv_ivf_copy_lists(index, &ivf);
	MvIvfWalk	walk;
	const char *block;

	mv_ivf_walk_begin(&walk, index, &ivf->shape, palloc(ivf->shape.block_size));
	for (int i = 0; i < ivf->nused; i++)
	{
		mv_ivf_walk_start(&walk, lists[i].first, lists[i].ncodes);
		while ((block = mv_ivf_walk_next(&walk)) != NULL)
			for (int j = 0; j < walk.n; j++)
			{
				uint32		id = mv_ivf_block_id(block, j);

				if (id < listed->n)
					mv_id_set_add(listed, id);
			}
	}
	pfree(walk.crossing);
	pfree(lists);
}

/* The live rows of an id page that are in the set. */
static void
each_row(Relation index, BlockNumber block, const MvIdSet *listed, MvTidFn each, void *arg)
{
	PGAlignedBlock copy;
	MvIvfIdHead *head = MV_PAGE_HEAD(copy.data);
	MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(copy.data);
	Buffer		buffer = mv_page_read(index, block, MV_PAGE_ID, BUFFER_LOCK_SHARE);

	memcpy(copy.data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	for (uint32 i = 0; i < Min(head->count, MV_BODY_SIZE / sizeof(MvIvfId)); i++)
	{
		if (!mv_ivf_id_is_dead(entry[i]) && mv_id_set_has(listed, head->first + i))
			each(&entry[i].tid, arg);
	}
}

/*
 * A row is found by scans if a list has its id, and the id is not dead.  The ids
 * are counted first: what is added later is not looked for.
 */
void
mv_ivf_tids(Relation index, MvTidFn each, void *arg)
{
	MvIvf	   *ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	MvIvfIds	ids;
	MvIdSet		listed;

	mv_ivf_ids_begin(&ids, index, ivf);
	mv_id_set_init(&listed, (uint32) mv_ivf_ids_refresh(&ids) * ivf->shape.ids_per_page);
	collect_ids(index, &listed);
	for (int i = 0; i < ids.npages; i++)
	{
		each_row(index, ids.blocks[i], &listed, each, arg);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(listed.words);
	mv_ivf_ids_end(&ids);
}

/* ---- numbers ---- */

static void
count_page(BlockNumber block, Page page, void *arg)
{
	MvIndexStats *stats = arg;
	int			kind = mv_page_kind(page);
	MvIvfIdHead *head = MV_PAGE_HEAD(page);
	MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(page);

	stats->pages[mv_page_is_free(page) ? 0 : kind]++;
	if (kind != MV_PAGE_ID || head->count > MV_BODY_SIZE / sizeof(MvIvfId))
		return;
	for (uint32 i = 0; i < head->count; i++)
		if (!(entry[i].flags & (MV_ID_DEAD | MV_ID_FREE)))
			stats->rows++;
		else if (!(entry[i].flags & MV_ID_FREE))
			stats->dead_rows++;
}

/* Rows whose distance to the nearest list is measured. */
#define DRIFT_ROWS 500

/*
 * Mean squared distance of some rows to the nearest centroid, in units of what it
 * was when the lists got theirs; 0 if that is not known.
 */
static double
drift(Relation index, MvIvf *ivf, const MvIvfList *lists)
{
	double		codes = 0,
				then = 0,
				now = 0;
	int			rows = 0;
	MvIvfIds	ids;
	MvIvfQuery	q;
	uint16_t   *vector = palloc(ivf->shape.vector_size);
	float	   *x = palloc(sizeof(float) * ivf->shape.dim);
	uint32		nids;

	for (int i = 0; i < ivf->nused; i++)
	{
		codes += lists[i].ncodes;
		then += (double) lists[i].ncodes * lists[i].spread;
	}
	mv_ivf_ids_begin(&ids, index, ivf);
	mv_ivf_query_begin(&q, ivf);
	nids = mv_ivf_ids_count(&ids);
	for (uint32 i = 0; i < nids; i += nids / DRIFT_ROWS + 1)
	{
		BlockNumber block;
		int			offset;
		MvIvfId		entry = mv_ivf_id(&ids, i, &block, &offset);

		if (entry.flags & (MV_ID_DEAD | MV_ID_FREE | MV_ID_CLAMPED))
			continue;
		mv_ivf_read_run(index, block, MV_PAGE_VECTOR, offset, (char *) vector,
						ivf->shape.vector_size);
		mv_kernels.to_f32[MV_F16] (vector, x, ivf->shape.dim);
		mv_ivf_query_start(&q, x);
		now += Max(q.est[mv_ivf_nearest_list(&q)], 0);
		rows++;
	}
	mv_ivf_ids_end(&ids);
	return then > 0 && rows > 0 ? (now / rows) / (then / codes) : 0;
}

void
mv_ivf_stats(Relation index, MvIndexStats *stats)
{
	MvIvf	   *ivf;
	MvIvfList  *lists = mv_ivf_copy_lists(index, &ivf);

	stats->version = ivf->meta.nattributes > 0 ? MV_IVF_VERSION_ATTRIBUTES : MV_IVF_VERSION;
	stats->lists = ivf->nused;
	for (int i = 0; i < ivf->nused; i++)
	{
		stats->codes += lists[i].ncodes;
		stats->largest_list = Max(stats->largest_list, lists[i].ncodes);
	}
	stats->drift = drift(index, ivf, lists);
	stats->ncurve = ivf->meta.calibration == MV_IVF_UNCALIBRATED ? 0 : MV_IVF_KNOTS;
	stats->curve = palloc(sizeof(MvCurvePoint) * MV_IVF_KNOTS);
	for (int i = 0; i < stats->ncurve; i++)
	{
		stats->curve[i].effort = ivf->meta.curves[0].lists[i];
		stats->curve[i].recall = mv_ivf_knot(i);
	}
	pfree(lists);
	mv_pages_visit(index, count_page, stats);
}
