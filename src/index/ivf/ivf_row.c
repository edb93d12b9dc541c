/*
 * ivf_row.c -- rows by id: where they are, and the distances by which they are ranked,
 * from their vectors, stored in the index or the table's.
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "compat.h"
#include "index/counters.h"
#include "index/fetch.h"
#include "index/ivf/ivf_row.h"
#include "index/options.h"

void
mv_ivf_rows_begin(MvIvfRowReader *r, const MvIvf *ivf)
{
	r->ivf = ivf;
	mv_ivf_ids_begin(&r->ids, r->index, ivf);
	mv_ivf_ranker_begin(&r->ranker, ivf);
	r->vector = palloc(sizeof(float) * ivf->shape.dim);
}

void
mv_ivf_rows_start(MvIvfRowReader *r, const float *query, Datum value)
{
	r->value = value;
	mv_ivf_ranker_start(&r->ranker, query);
}

void
mv_ivf_rows_end(MvIvfRowReader *r)
{
	if (r->fetch != NULL)
		mv_fetch_end(r->fetch);
}

bool
mv_ivf_row_tid(MvIvfRowReader *r, uint32 id, ItemPointer tid)
{
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(&r->ids, id, &block, &offset);

	*tid = entry.tid;
	return !mv_ivf_id_is_dead(entry);
}

/* The table's reader lives as long as this one. */
static void
want_heap(MvIvfRowReader *r, const ItemPointerData *tid)
{
	if (r->fetch == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(r->context);

		r->fetch = mv_fetch_begin(r->index, r->heap, r->snapshot);
		MemoryContextSwitchTo(old);
	}
	mv_fetch_ahead(r->fetch, tid);
}

bool
mv_ivf_row_find(MvIvfRowReader *r, const MvNeighbor *candidate, MvIvfRow *row)
{
	const MvIvf *ivf = r->ivf;

	row->id = (uint32) candidate->id;
	row->bound = candidate->dist;
	if (ivf->meta.rerank == MV_RERANK_NONE)
		return true;
	if (ivf->meta.rerank == MV_RERANK_HEAP)
	{
		if (!mv_ivf_row_tid(r, row->id, &row->tid))
			return false;
		want_heap(r, &row->tid);
		return true;
	}
	if (row->id < ivf->meta.nbuilt)
		row->block = mv_ivf_built_vector(ivf, row->id, &row->offset);
	else
		mv_ivf_id(&r->ids, row->id, &row->block, &row->offset);
	return true;
}

void
mv_ivf_rows_ahead(const MvIvfRowReader *r, const MvIvfRow *rows, int n)
{
	const MvIvfShape *shape = &r->ivf->shape;

	if (shape->vectors_per_page == 0)
		return;
	for (int i = 0; i < n; i++)
		mv_page_touch_guess(r->index, rows[i].block, MV_BODY_OFFSET + rows[i].offset);
	for (int i = 0; i < n; i++)
		mv_page_prefetch_guess(r->index, rows[i].block, MV_BODY_OFFSET + rows[i].offset,
							   shape->vector_size);
}

/* By its stored vector. */
static float
rank_vector(MvIvfRowReader *r, const MvIvfRow *row)
{
	const MvIvfShape *shape = &r->ivf->shape;
	Buffer		buffer;
	float		dist;

	if (shape->vectors_per_page == 0)
	{
		mv_ivf_read_run(r->index, row->block, MV_PAGE_VECTOR, 0, r->vector, shape->vector_size);
		return mv_ivf_rank(&r->ranker, r->vector);
	}
	buffer = mv_page_read_quick(r->index, row->block, MV_PAGE_VECTOR);
	dist = mv_ivf_rank(&r->ranker, MV_PAGE_BODY(BufferGetPage(buffer)) + row->offset);
	UnlockReleaseBuffer(buffer);
	return dist;
}

/* By the operator's own distance from the table's row. */
static bool
rank_heap_row(MvIvfRowReader *r, const ItemPointerData *tid, float *dist)
{
	double		distance = NAN;

	if (r->value != 0 && !mv_fetch_distance(r->fetch, tid, r->value, &distance))
		return false;
	*dist = mv_ivf_rank_distance(r->ivf, distance);
	return true;
}

bool
mv_ivf_row_rank(MvIvfRowReader *r, const MvIvfRow *row, float *dist)
{
	*dist = row->bound;
	if (r->ivf->meta.rerank == MV_RERANK_NONE)
		return true;
	mv_last_scan.reranked++;
	if (r->ivf->meta.rerank == MV_RERANK_HEAP)
		return rank_heap_row(r, &row->tid, dist);
	*dist = rank_vector(r, row);
	return true;
}
