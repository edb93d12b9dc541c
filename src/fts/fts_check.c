/*
 * fts_check.c -- is an index as it must be?  Reads every page of it.
 *
 * Runs beside scans, inserts and vacuum; the maintainer's lock keeps segments where
 * they are.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "fts/fts_check.h"
#include "fts/fts_maintain.h"
#include "fts/fts_pending.h"
#include "fts/store.h"

/* ---- which pages are in use ---- */

static void
reach(MvFtsReached *reached, BlockNumber block)
{
	if (block >= reached->nblocks)
		mv_index_corrupted(reached->index, "page %u is beyond its end", block);
	if (reached->pages[block / 8] & 1 << block % 8)
		mv_index_corrupted(reached->index, "page %u is in use twice", block);
	reached->pages[block / 8] |= (uint8) (1 << block % 8);
	if (mv_page_is_deleted(reached->index, block))
		mv_index_corrupted(reached->index, "page %u is in use and deleted", block);
}

static void
reach_segment(MvFtsReached *reached, MvFtsSegmentStore *store)
{
	reach(reached, store->root_block);
	for (uint32 i = 0; i < store->root->nmaps; i++)
		reach(reached, store->root->maps[i]);
	for (uint32 i = 0; i < store->root->npages; i++)
	{
		CHECK_FOR_INTERRUPTS();
		reach(reached, mv_fts_segment_page(store, i));
	}
}

static void
reach_chain(MvFtsReached *reached, BlockNumber block, MvPageKind kind)
{
	while (BlockNumberIsValid(block) && block < reached->nblocks)
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		reach(reached, block);
		buffer = mv_page_read(reached->index, block, kind, BUFFER_LOCK_SHARE);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
}

/* Lists of retired pages, and these. */
static void
reach_retired(MvFtsReached *reached, BlockNumber block)
{
	while (BlockNumberIsValid(block))
	{
		PGAlignedBlock list;
		const BlockNumber *blocks = (const BlockNumber *) MV_PAGE_BODY(list.data);
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		reach(reached, block);
		buffer = mv_page_read(reached->index, block, MV_PAGE_DIRECTORY, BUFFER_LOCK_SHARE);
		memcpy(list.data, BufferGetPage(buffer), BLCKSZ);
		UnlockReleaseBuffer(buffer);
		for (int i = 0; i < mv_page_used(list.data) / (int) sizeof(BlockNumber); i++)
			reach(reached, blocks[i]);
		block = MV_PAGE_TAIL(list.data)->next;
	}
}

void
mv_fts_reach(Relation index, MvFtsReached *reached)
{
	MvFtsMeta	meta;
	MvFtsWaiting waiting;

	/* Pages that come later are not looked at. */
	reached->index = index;
	reached->nblocks = RelationGetNumberOfBlocks(index);
	reached->pages = MemoryContextAllocExtended(CurrentMemoryContext, reached->nblocks / 8 + 1,
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	mv_fts_read_meta(index, &meta);
	reach(reached, MV_FTS_META_BLOCK);
	for (uint32 i = 0; i < meta.nsegments; i++)
		reach_segment(reached, mv_fts_segment_open(index, meta.segments[i].root,
													 reached->nblocks));
	reach_retired(reached, meta.retired);
	mv_fts_waiting_init(&waiting, index, &meta);
	for (int i = 0; i < MV_FTS_STRIPES; i++)
	{
		reach_chain(reached, meta.stripes[i].old, MV_PAGE_PENDING);
		reach_chain(reached, meta.stripes[i].head, MV_PAGE_PENDING);
		mv_fts_waiting_chain(&waiting, meta.stripes[i].old);
		mv_fts_waiting_chain(&waiting, meta.stripes[i].head);
	}
	for (uint32 i = 0; i < waiting.n; i++)
		if (waiting.docs[i].flags & MV_FTS_PENDING_LONG)
			reach_chain(reached, mv_fts_waiting_long(&waiting, i), MV_PAGE_LONG);
}

bool
mv_fts_is_reached(const MvFtsReached *reached, BlockNumber block)
{
	return block >= reached->nblocks || (reached->pages[block / 8] & 1 << block % 8) != 0;
}

/* ---- segments ---- */

typedef struct Check
{
	Relation	index;
	MvFtsSegment *segment;
	uint32	   *lengths[MV_MAX_FIELDS]; /* [ndocs]: terms seen */
	uint8	   *codes[MV_MAX_FIELDS];	/* [ndocs] */
	uint64		nterms,
				npostings;
} Check;

static _Noreturn void
wrong(const Check *check, const char *what)
{
	mv_index_corrupted(check->index, "segment %u: %s", check->segment->store->root_block, what);
}

/* Does the bound cover a posting? */
static bool
covers(const MvFtsBound *bound, uint32 tf, uint8 code)
{
	for (int i = 0; i < MV_FTS_BOUNDS; i++)
		if (bound->tf[i] >= Min(tf, 255) && bound->length[i] <= code)
			return true;
	return false;
}

static void
check_positions(const Check *check, MvFtsList *list, int block, const uint32 *tfs, int n)
{
	uint32	   *positions;
	uint32	   *p;
	Size		sum = 0;

	for (int i = 0; i < n; i++)
		sum += tfs[i];
	p = positions = palloc_extended(sizeof(uint32) * sum, MCXT_ALLOC_HUGE);
	mv_fts_list_block_positions(list, block, tfs, n, positions);
	for (int i = 0; i < n; p += tfs[i++])
		for (uint32 j = 1; j < tfs[i]; j++)
			if (p[j] <= p[j - 1])
				wrong(check, "positions do not ascend");
	pfree(positions);
}

static void
check_block(Check *check, MvFtsList *list, int block)
{
	uint32		docs[MV_FTS_BLOCK];
	uint32		tfs[MV_FTS_BLOCK];
	int			n = mv_fts_list_decode(list, block, docs, tfs);

	for (int i = 0; i < n; i++)
	{
		uint8		code;

		if ((i > 0 && docs[i] <= docs[i - 1]) || docs[i] >= check->segment->ndocs || tfs[i] == 0)
			wrong(check, "a posting list does not ascend");
		code = check->codes[list->field][docs[i]];
		check->lengths[list->field][docs[i]] += tfs[i];
		if (!covers(&list->blocks[block].bound, tfs[i], code) ||
			!covers(&list->runs[list->run].bound, tfs[i], code))
			wrong(check, "a bound is too low");
	}
	if (check->segment->snapshot->positions)
		check_positions(check, list, block, tfs, n);
}

static void
check_list(Check *check, int field, const MvFtsTermEntry *entry)
{
	MvFtsList	list;
	uint32		df = 0;

	mv_fts_list_open(&list, check->segment, field, entry);
	for (int r = 0; r < list.nruns; r++)
	{
		mv_fts_list_run(&list, r);
		for (int b = 0; b < list.runs[r].nblocks; b++)
		{
			check_block(check, &list, b);
			df += list.blocks[b].n;
		}
		if (list.blocks[list.runs[r].nblocks - 1].last != list.runs[r].last)
			wrong(check, "a run does not end where it should");
	}
	mv_fts_list_release(&list);
	if (df != entry->df)
		wrong(check, "a term's number of documents");
	check->nterms++;
	check->npostings += df;
}

static void
check_terms(Check *check)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 check",
												  ALLOCSET_DEFAULT_SIZES);
	MvFtsWalk  *walk = palloc(sizeof(MvFtsWalk));
	uint8		before[MV_FTS_KEY_SIZE];
	int			len = 0;

	mv_fts_walk_begin(walk, check->segment->store, (const uint8 *) "", 0);
	while (mv_fts_walk_next(walk))
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		int			cmp = memcmp(before, walk->key, Min(len, walk->len));

		CHECK_FOR_INTERRUPTS();
		if (len > 0 && (cmp > 0 || (cmp == 0 && len >= walk->len)))
			wrong(check, "terms do not ascend");
		if (walk->key[0] >= check->segment->snapshot->nfields)
			wrong(check, "a term of no field");
		memcpy(before, walk->key, walk->len);
		len = walk->len;
		check_list(check, walk->key[0], &walk->entry);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	pfree(walk);
	MemoryContextDelete(context);
}

/* What the segment keeps of documents can be read; returns the number of live ones. */
static double
check_docs(const Check *check)
{
	MvFtsSegment *segment = check->segment;
	double		live = 0;

	for (uint32 from = 0; from < segment->ndocs; from += 1024)
	{
		uint32		n = Min(1024, segment->ndocs - from);
		ItemPointerData tids[1024];
		int64		keys[1024];
		uint64		bits[1024 / 64];

		CHECK_FOR_INTERRUPTS();
		mv_fts_tids(segment, from, n, tids);
		mv_fts_live(segment, from, n, bits);
		for (int a = 0; a < segment->snapshot->nattributes; a++)
			mv_fts_attributes(segment, a, from, n, keys);
		for (uint32 i = 0; i < n; i++)
		{
			live += (bits[i / 64] >> i % 64) & 1;
			if (!ItemPointerIsValid(&tids[i]) ||
				!BlockNumberIsValid(ItemPointerGetBlockNumberNoCheck(&tids[i])))
				wrong(check, "a document has no row");
		}
	}
	return live;
}

/* Returns the number of live documents. */
static double
check_segment(Relation index, MvFtsSegment *segment)
{
	Check		check = {.index = index, .segment = segment};
	const MvFtsRoot *root = segment->store->root;
	uint32		n = segment->ndocs;

	for (int f = 0; f < root->nfields; f++)
	{
		check.lengths[f] = palloc_extended(sizeof(uint32) * (Size) n,
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		check.codes[f] = palloc_extended(n, MCXT_ALLOC_HUGE);
		mv_fts_lengths(segment, f, 0, n, check.codes[f]);
	}
	check_terms(&check);
	if (check.nterms != root->nterms || check.npostings != root->npostings)
		wrong(&check, "the number of terms or postings");
	for (int f = 0; f < root->nfields; f++)
	{
		uint64		length = 0;
		uint32		docs = 0;

		for (uint32 i = 0; i < n; i++)
		{
			uint8		code = check.codes[f][i];

			if (code == MV_LENGTH_NULL ? check.lengths[f][i] != 0 :
				mv_length_code(check.lengths[f][i]) != code)
				wrong(&check, "the length of a document");
			length += check.lengths[f][i];
			docs += check.lengths[f][i] > 0;
		}
		if (length != root->fields[f].length || docs != root->fields[f].docs)
			wrong(&check, "the statistics of a field");
	}
	return check_docs(&check);
}

/* ---- pending documents ---- */

typedef struct Counting
{
	Relation	index;
	uint32		lengths[MV_MAX_FIELDS];
} Counting;

static void
count_term(uint32 doc, const MvFtsWaitingTerm *term, void *arg)
{
	Counting   *counting = arg;

	if (term->key[0] >= MV_MAX_FIELDS || term->tf == 0)
		mv_index_corrupted(counting->index, "a term of pending document %u", doc);
	counting->lengths[term->key[0]] += term->tf;
}

static double
check_waiting(Relation index, MvFtsSegment *segment)
{
	const MvFtsWaiting *waiting = segment->store->waiting;
	double		live = 0;

	for (uint32 i = 0; i < waiting->n; i++)
	{
		Counting	counting = {.index = index};

		CHECK_FOR_INTERRUPTS();
		mv_fts_waiting_visit(waiting, i, count_term, &counting);
		for (int f = 0; f < waiting->nfields; f++)
		{
			uint32		length = waiting->lengths[(Size) i * waiting->nfields + f];

			if (counting.lengths[f] != (length == PG_UINT32_MAX ? 0 : length))
				mv_index_corrupted(index, "the length of pending document %u", i);
		}
		live += !(waiting->docs[i].flags & MV_FTS_PENDING_DEAD);
	}
	return live;
}

double
mv_fts_check(Relation index)
{
	MvFtsReached reached;
	MvFtsSnapshot *snapshot;
	double		live = 0;

	/* On a standby pages may be deleted meanwhile, of which the snapshot has more use. */
	mv_fts_maintain_begin(index);
	if (!RecoveryInProgress())
		mv_fts_reach(index, &reached);
	mv_fts_waiting_forget(index);
	snapshot = mv_fts_open(index);
	for (int i = 0; i < snapshot->nsegments; i++)
	{
		MvFtsSegment *segment = &snapshot->segments[i];

		live += segment->pending ? check_waiting(index, segment) : check_segment(index, segment);
	}
	mv_fts_close(snapshot);
	mv_fts_maintain_end(index);
	return live;
}

/* ---- what it holds ---- */

void
mv_fts_visit_tids(Relation index, void (*visit) (ItemPointer tid, void *arg), void *arg)
{
	MvFtsSnapshot *snapshot = mv_fts_open_documents(index);

	for (int s = 0; s < snapshot->nsegments; s++)
	{
		MvFtsSegment *segment = &snapshot->segments[s];

		for (uint32 from = 0; from < segment->ndocs; from += 1024)
		{
			uint32		n = Min(1024, segment->ndocs - from);
			ItemPointerData tids[1024];
			uint64		live[1024 / 64];

			CHECK_FOR_INTERRUPTS();
			mv_fts_tids(segment, from, n, tids);
			mv_fts_live(segment, from, n, live);
			for (uint32 i = 0; i < n; i++)
				if ((live[i / 64] >> i % 64) & 1)
					visit(&tids[i], arg);
		}
	}
	mv_fts_close(snapshot);
}

void
mv_fts_stats(Relation index, MvFtsStats *stats)
{
	MvFtsSnapshot *snapshot = mv_fts_open_documents(index);
	MvFtsMeta	meta;

	memset(stats, 0, sizeof(*stats));
	mv_fts_read_meta(index, &meta);
	stats->version = meta.version;
	stats->docs = snapshot->ndocs;
	for (uint32 i = 0; i < meta.nsegments; i++)
		stats->dead += meta.segments[i].dead;
	mv_fts_close(snapshot);
}
