/*
 * fts_maintain.c -- making segments of pending documents, merging segments.
 *
 * What is new is written to pages that nothing leads to.  One record on the meta
 * page then puts it in the place of the old, whose pages it retires (fts_retire.c).
 * A crash leaves pages without use, which vacuum finds.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#include "fts/fts_maintain.h"
#include "fts/fts_pending.h"
#include "fts/store.h"

/* Segments of about the same size at which they are merged, and that size's steps. */
#define MERGE 8
#define SMALL_PAGES 100

/* Share of dead documents at which a segment is written anew. */
#define MAX_DEAD 0.2

void
mv_fts_work_begin(Relation index, MvFtsWork work)
{
	LockPage(index, (BlockNumber) work, ExclusiveLock);
}

bool
mv_fts_work_try(Relation index, MvFtsWork work)
{
	return ConditionalLockPage(index, (BlockNumber) work, ExclusiveLock);
}

void
mv_fts_work_end(Relation index, MvFtsWork work)
{
	UnlockPage(index, (BlockNumber) work, ExclusiveLock);
}

void
mv_fts_maintain_begin(Relation index)
{
	mv_fts_work_begin(index, MV_FTS_MERGING);
	mv_fts_work_begin(index, MV_FTS_FLUSHING);
}

void
mv_fts_maintain_end(Relation index)
{
	mv_fts_work_end(index, MV_FTS_FLUSHING);
	mv_fts_work_end(index, MV_FTS_MERGING);
}

/* ---- changing the meta page ---- */

MvFtsMeta *
mv_fts_change_meta(MvChange *change, Relation index)
{
	Buffer		buffer = mv_page_read(index, MV_FTS_META_BLOCK, MV_PAGE_META,
									  BUFFER_LOCK_EXCLUSIVE);

	mv_change_begin(change, index);
	return (MvFtsMeta *) MV_PAGE_BODY(mv_change_page(change, buffer));
}

void
mv_fts_end_change(MvChange *change)
{
	mv_change_commit(change);
	for (int i = change->n - 1; i >= 0; i--)
		UnlockReleaseBuffer(change->buffers[i]);
}

/* ---- from pending documents to a segment ---- */

/* Close a stripe: nobody appends to these pages any more. */
static void
close_stripe(Relation index, int i)
{
	MvChange	change;
	MvFtsStripe *stripe = &mv_fts_change_meta(&change, index)->stripes[i];

	if (BlockNumberIsValid(stripe->head) && !BlockNumberIsValid(stripe->old))
	{
		Buffer		tail = mv_page_read(index, stripe->tail, MV_PAGE_PENDING,
										BUFFER_LOCK_EXCLUSIVE);

		((MvFtsPendingHead *) MV_PAGE_HEAD(mv_change_page(&change, tail)))->closed = 1;
		stripe->old = stripe->head;
		stripe->head = stripe->tail = InvalidBlockNumber;
	}
	mv_fts_end_change(&change);
}

static int
compare_docs(const void *a, const void *b)
{
	return ItemPointerCompare(&((MvFtsWaitingDoc *const *) a)[0]->tid,
							  &((MvFtsWaitingDoc *const *) b)[0]->tid);
}

typedef struct Inverting
{
	MvFtsInvert *invert;
	uint32		doc;			/* number in the segment */
	const MvFtsWaiting *waiting;
} Inverting;

static void
invert_term(uint32 doc, const MvFtsWaitingTerm *term, void *arg)
{
	Inverting  *state = arg;
	const uint8 *p = term->positions;
	uint32		position = 0;

	for (uint32 i = 0; i < term->tf; i++)
	{
		uint64		gap = 0;

		if (state->waiting->positions && (p = mv_varint_get(p, term->end, &gap)) == NULL)
			mv_index_corrupted(state->waiting->index, "the positions of pending document %u", doc);
		position += (uint32) gap;
		mv_fts_invert_add(state->invert, state->doc, term->key[0], (const char *) term->key + 1,
						  term->len - 1, position);
	}
}

/* The live ones of waiting documents as a segment; false: there is none. */
static bool
write_waiting(Relation index, Relation heap, const MvFtsWaiting *waiting, MvFtsEntry *entry)
{
	MvFtsSink	sink;
	MvFtsWriter *writer;
	MvFtsWaitingDoc **docs = palloc(sizeof(MvFtsWaitingDoc *) * (Size) Max(waiting->n, 1));
	Inverting	state = {.invert = mv_fts_invert_create(CurrentMemoryContext),
						 .waiting = waiting};
	MvFtsSource *source;
	uint32		n = 0;

	for (uint32 i = 0; i < waiting->n; i++)
		if (!(waiting->docs[i].flags & MV_FTS_PENDING_DEAD))
			docs[n++] = &waiting->docs[i];
	if (n == 0)
		return false;
	qsort(docs, n, sizeof(*docs), compare_docs);
	mv_fts_sink_begin(&sink, index, heap, NULL);
	writer = mv_fts_write_begin(&sink, waiting->nfields, waiting->nattributes,
								waiting->positions);
	for (state.doc = 0; state.doc < n; state.doc++)
	{
		uint32		i = (uint32) (docs[state.doc] - waiting->docs);
		MvFtsDoc	doc = {.tid = docs[state.doc]->tid};

		CHECK_FOR_INTERRUPTS();
		memcpy(doc.lengths, waiting->lengths + (Size) i * waiting->nfields,
			   sizeof(uint32) * waiting->nfields);
		memcpy(doc.keys, waiting->keys + (Size) i * waiting->nattributes,
			   sizeof(int64) * waiting->nattributes);
		mv_fts_write_doc(writer, &doc);
		mv_fts_waiting_visit(waiting, i, invert_term, &state);
	}
	source = mv_fts_invert_source(state.invert);
	mv_fts_merge_terms(writer, &source, 1);
	mv_fts_write_finish(writer, entry);
	mv_fts_invert_free(state.invert);
	return true;
}

/* The segment, if there is one, in the place of what was closed. */
static void
publish_waiting(const MvFtsEntry *entry, uint32 npages, const MvFtsRetired *retired)
{
	MvChange	change;
	MvFtsMeta  *meta = mv_fts_change_meta(&change, retired->index);
	bool		any = false;

	for (int i = 0; i < MV_FTS_STRIPES; i++)
	{
		meta->stripes[i].old = InvalidBlockNumber;
		any |= BlockNumberIsValid(meta->stripes[i].head);
	}
	if (entry != NULL)
		meta->segments[meta->nsegments++] = *entry;
	/* Where none is left, none is left of what a crash had counted in vain either. */
	meta->pending_pages = any ? meta->pending_pages - Min(npages, meta->pending_pages) : 0;
	meta->generation++;
	mv_fts_retire_link(retired, &change, meta);
	mv_fts_end_change(&change);
}

/* Pages of chains, and of long documents. */
static uint32
count_pages(const MvFtsWaiting *waiting)
{
	uint32		n = 0;

	for (uint32 i = 0; i < waiting->n; i++)
	{
		const MvFtsWaitingDoc *doc = &waiting->docs[i];

		n += i == 0 || doc->place.block != doc[-1].place.block;
		if (doc->flags & MV_FTS_PENDING_LONG)
			n += mv_fts_long_pages(doc->size);
	}
	return n;
}

static void
retire_waiting(MvFtsRetired *retired, const MvFtsMeta *meta, const MvFtsWaiting *waiting)
{
	for (uint32 i = 0; i < waiting->n; i++)
		if (waiting->docs[i].flags & MV_FTS_PENDING_LONG)
			mv_fts_retire_chain(retired, mv_fts_waiting_long(waiting, i), MV_PAGE_LONG);
	for (int i = 0; i < MV_FTS_STRIPES; i++)
		mv_fts_retire_chain(retired, meta->stripes[i].old, MV_PAGE_PENDING);
}

bool
mv_fts_flush(Relation index, Relation heap)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 flush",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsMeta	meta;
	MvFtsWaiting waiting;
	MvFtsRetired retired = {.index = index};
	MvFtsEntry	entry;
	bool		any;

	mv_fts_release(index, heap);
	mv_fts_read_meta(index, &meta);
	if (meta.nsegments == MV_FTS_SEGMENTS)
	{
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		return false;
	}
	for (int i = 0; i < MV_FTS_STRIPES; i++)
		if (BlockNumberIsValid(meta.stripes[i].head))
			close_stripe(index, i);
	mv_fts_read_meta(index, &meta);
	mv_fts_waiting_init(&waiting, index, &meta);
	for (int i = 0; i < MV_FTS_STRIPES; i++)
		mv_fts_waiting_chain(&waiting, meta.stripes[i].old);
	if (waiting.n > 0)
	{
		any = write_waiting(index, heap, &waiting, &entry);
		retire_waiting(&retired, &meta, &waiting);
		mv_fts_retire_write(&retired, heap);
		publish_waiting(any ? &entry : NULL, count_pages(&waiting), &retired);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return true;
}

/* ---- merging segments ---- */

/* The live documents of a segment to the writer; where each goes. */
static uint32 *
write_docs(MvFtsWriter *writer, MvFtsSegment *segment, uint32 *next)
{
	const MvFtsSnapshot *snapshot = segment->snapshot;
	uint32	   *map = palloc_extended(sizeof(uint32) * (Size) Max(segment->ndocs, 1),
									  MCXT_ALLOC_HUGE);
	uint64		live[1024 / 64];
	ItemPointerData tids[1024];
	uint8		codes[1024];
	int64		keys[1024];
	MvFtsDoc   *docs = palloc(sizeof(MvFtsDoc) * 1024);

	for (uint32 from = 0; from < segment->ndocs; from += 1024)
	{
		uint32		n = Min(1024, segment->ndocs - from);

		CHECK_FOR_INTERRUPTS();
		mv_fts_live(segment, from, n, live);
		mv_fts_tids(segment, from, n, tids);
		for (uint32 i = 0; i < n; i++)
			docs[i].tid = tids[i];
		for (int f = 0; f < snapshot->nfields; f++)
		{
			mv_fts_lengths(segment, f, from, n, codes);
			for (uint32 i = 0; i < n; i++)
				docs[i].lengths[f] = codes[i] == MV_LENGTH_NULL ? PG_UINT32_MAX :
					mv_length_of(codes[i]);
		}
		for (int a = 0; a < snapshot->nattributes; a++)
		{
			mv_fts_attributes(segment, a, from, n, keys);
			for (uint32 i = 0; i < n; i++)
				docs[i].keys[a] = keys[i];
		}
		for (uint32 i = 0; i < n; i++)
		{
			bool		is_live = (live[i / 64] >> i % 64) & 1;

			map[from + i] = is_live ? (*next)++ : MV_FTS_DROPPED;
			if (is_live)
				mv_fts_write_doc(writer, &docs[i]);
		}
	}
	pfree(docs);
	return map;
}

/* Live documents of all segments of a snapshot, as one segment; false: there is none. */
static bool
write_merged(Relation heap, MvFtsSnapshot *snapshot, MvFtsEntry *entry)
{
	int			n = snapshot->nsegments;
	MvFtsSource **sources = palloc(sizeof(MvFtsSource *) * Max(n, 1));
	MvFtsSink	sink;
	MvFtsWriter *writer;
	uint32		ndocs = 0;

	mv_fts_sink_begin(&sink, snapshot->index, heap, NULL);
	writer = mv_fts_write_begin(&sink, snapshot->nfields, snapshot->nattributes,
								snapshot->positions);
	for (int i = 0; i < n; i++)
	{
		uint32	   *map = write_docs(writer, &snapshot->segments[i], &ndocs);

		sources[i] = mv_fts_segment_source(&snapshot->segments[i]);
		sources[i]->map = map;
	}
	mv_fts_merge_terms(writer, sources, n);
	mv_fts_write_finish(writer, entry);
	return ndocs > 0;
}

/* One segment in the place of some. */
static void
publish_merged(const MvFtsSnapshot *merged, const MvFtsEntry *entry, const MvFtsRetired *retired)
{
	MvChange	change;
	MvFtsMeta  *meta = mv_fts_change_meta(&change, merged->index);
	uint32		n = 0;

	for (uint32 i = 0; i < meta->nsegments; i++)
	{
		bool		gone = false;

		for (int j = 0; j < merged->nsegments; j++)
			gone |= merged->segments[j].store->root_block == meta->segments[i].root;
		if (!gone)
			meta->segments[n++] = meta->segments[i];
	}
	if (entry != NULL)
		meta->segments[n++] = *entry;
	memset(meta->segments + n, 0, sizeof(MvFtsEntry) * (meta->nsegments - n));
	meta->nsegments = n;
	meta->generation++;
	mv_fts_retire_link(retired, &change, meta);
	mv_fts_end_change(&change);
}

/* Merge the segments that are chosen. */
static void
merge(Relation index, Relation heap, const bool *chosen)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 merge",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsSnapshot *snapshot = mv_fts_open_some(index, chosen);
	MvFtsRetired retired = {.index = index};
	MvFtsEntry	entry;
	bool		any = write_merged(heap, snapshot, &entry);

	if (!any)
		mv_fts_retire_segment(&retired, mv_fts_segment_open(index, entry.root,
															RelationGetNumberOfBlocks(index)));
	for (int i = 0; i < snapshot->nsegments; i++)
		mv_fts_retire_segment(&retired, snapshot->segments[i].store);
	mv_fts_retire_write(&retired, heap);
	publish_merged(snapshot, any ? &entry : NULL, &retired);
	elog(DEBUG1, "merged %d segments of index \"%s\", retired %u pages", snapshot->nsegments,
		 RelationGetRelationName(index), retired.n);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Steps of a segment's size without dead documents: each is MERGE times the one before. */
static int
size_class(const MvFtsEntry *entry)
{
	double		live = entry->ndocs - (double) Min(entry->dead, entry->ndocs);
	double		pages = entry->npages * live / Max(entry->ndocs, 1);
	int			step = 0;

	for (; pages > SMALL_PAGES; pages /= MERGE)
		step++;
	return step;
}

/* Choose all segments of a step that has enough of them; false: there is none. */
static bool
choose_class(const MvFtsMeta *meta, double max_docs, bool *chosen)
{
	for (int step = 0; step < 16; step++)
	{
		double		docs = 0;
		int			n = 0;

		memset(chosen, 0, sizeof(bool) * MV_FTS_SEGMENTS);
		for (uint32 i = 0; i < meta->nsegments; i++)
			if (size_class(&meta->segments[i]) == step)
			{
				chosen[i] = true;
				docs += meta->segments[i].ndocs;
				n++;
			}
		if (n >= MERGE && docs <= max_docs)
			return true;
	}
	return false;
}

void
mv_fts_merge_some(Relation index, Relation heap, double max_docs)
{
	bool		chosen[MV_FTS_SEGMENTS];
	MvFtsMeta	meta;

	for (mv_fts_read_meta(index, &meta); choose_class(&meta, max_docs, chosen);
		 mv_fts_read_meta(index, &meta))
		merge(index, heap, chosen);
}

void
mv_fts_merge_dead(Relation index, Relation heap, bool all)
{
	MvFtsMeta	meta;
	bool		chosen[MV_FTS_SEGMENTS] = {0};
	bool		any = false;

	mv_fts_read_meta(index, &meta);
	for (uint32 i = 0; i < meta.nsegments; i++)
	{
		chosen[i] = all || meta.segments[i].dead > MAX_DEAD * meta.segments[i].ndocs;
		any |= all ? meta.nsegments > 1 || meta.segments[i].dead > 0 : chosen[i];
	}
	if (any)
		merge(index, heap, chosen);
}

void
mv_fts_optimize(Relation index, Relation heap)
{
	mv_fts_maintain_begin(index);
	if (!mv_fts_flush(index, heap))
	{
		mv_fts_merge_dead(index, heap, true);
		mv_fts_flush(index, heap);
	}
	mv_fts_merge_dead(index, heap, true);
	mv_fts_retired_here(index);
	mv_fts_maintain_end(index);
}

/* ---- an inserter's part ---- */

/* What an inserter may merge at once, so that a single row does not wait for long. */
#define INSERT_MERGE_DOCS 100000.0

/* Segments at which there is no more waiting for better times, nor for workers. */
#define MANY_SEGMENTS (MV_FTS_SEGMENTS / 2)
#define TOO_MANY_SEGMENTS (MV_FTS_SEGMENTS / 4 * 3)

/*
 * Is there something to merge, and is it time?  While old transactions, such as a
 * large COPY, keep half as many pages as are in use from being used again, merging would
 * only have the file grow.
 */
static bool
should_merge(const MvFtsMeta *meta)
{
	bool		chosen[MV_FTS_SEGMENTS];
	double		npages = 0;

	for (uint32 i = 0; i < meta->nsegments; i++)
		npages += meta->segments[i].npages;
	return choose_class(meta, MV_FTS_ALL_DOCS, chosen) &&
		(meta->retired_pages < npages / 2 || meta->nsegments > MANY_SEGMENTS);
}

void
mv_fts_maintain_some(Relation index, Relation heap)
{
	bool		flushed;
	MvFtsMeta	meta;

	if (!mv_fts_work_try(index, MV_FTS_FLUSHING))
		return;
	flushed = mv_fts_flush(index, heap);
	mv_fts_work_end(index, MV_FTS_FLUSHING);
	if (!mv_fts_work_try(index, MV_FTS_MERGING))
		return;
	mv_fts_read_meta(index, &meta);
	if (!flushed)
		mv_fts_merge_dead(index, heap, true);
	else if (should_merge(&meta) &&
			 (meta.nsegments > TOO_MANY_SEGMENTS || !mv_fts_start_worker(index)))
		mv_fts_merge_some(index, heap, INSERT_MERGE_DOCS);
	mv_fts_work_end(index, MV_FTS_MERGING);
}
