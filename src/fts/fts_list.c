/*
 * fts_list.c -- reading posting lists.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "fts/fts.h"
#include "fts/fts_pending.h"

/* More pages than that are not pinned for lists, but copied. */
#define MAX_PINS Max(6, Min(64, NBuffers / 512))

/* Terms among which equal ones are looked for: queries of more are bags, which have none twice. */
#define MAX_COMPARED 64

static _Noreturn void
damaged(const MvFtsList *list)
{
	mv_index_corrupted(list->segment->snapshot->index, "a posting list of segment %u",
					   list->segment->store->root_block);
}

/* ---- opening ---- */

/* What any posting with such a tf can score: no document is shorter. */
static void
loose_bound(uint32 tf, MvFtsBound *bound)
{
	MvFtsFront	front;

	mv_fts_front_reset(&front);
	mv_fts_front_add(&front, tf, 1);
	mv_fts_front_bound(&front, bound);
}

/* A list out of the dictionary: one run of one block, here in memory. */
static void
open_inline(MvFtsList *list, const MvFtsTermEntry *entry)
{
	MvFtsRun   *run = palloc0(sizeof(MvFtsRun));
	MvFtsBlockHead *head = palloc0(sizeof(MvFtsBlockHead));
	uint32		docs[MV_FTS_BLOCK];
	uint32		tfs[MV_FTS_BLOCK];
	uint32		most = 0;

	list->page = entry->bytes;
	list->limit = entry->bytes + entry->nbytes;
	if (mv_postings_decode(list->page, list->limit, 0, (int) entry->df, docs, tfs) == NULL)
		damaged(list);
	for (uint32 i = 0; i < entry->df; i++)
		most = Max(most, tfs[i]);
	head->last = run->last = docs[entry->df - 1];
	head->n = (uint8) entry->df;
	loose_bound(most, &head->bound);
	run->bound = head->bound;
	run->block = InvalidBlockNumber;
	run->nblocks = 1;
	list->nruns = 1;
	list->runs = run;
	list->blocks = head;
	list->run = 0;
}

/* All runs of a list that has several. */
static void
read_runs(MvFtsList *list, const MvFtsTermEntry *entry)
{
	MvFtsRun   *runs = palloc_extended(sizeof(MvFtsRun) * (Size) entry->nruns, MCXT_ALLOC_HUGE);
	MvFtsPlace	place = entry->place;

	for (uint32 n = 0; n < entry->nruns;)
	{
		Buffer		buffer = mv_fts_segment_read(list->segment->store, place.block, MV_PAGE_RUN);
		Page		page = BufferGetPage(buffer);
		int			some = (mv_page_used(page) - place.offset) / (int) sizeof(MvFtsRun);

		some = Min(some, (int) (entry->nruns - n));
		if (some <= 0)
			damaged(list);
		memcpy(runs + n, MV_PAGE_BODY(page) + place.offset, sizeof(MvFtsRun) * some);
		n += some;
		place = (MvFtsPlace){.block = MV_PAGE_TAIL(page)->next};
		ReleaseBuffer(buffer);
	}
	list->nruns = (int) entry->nruns;
	list->runs = runs;
}

/* The only run, of which its page tells the rest. */
static void
open_run(MvFtsList *list, const MvFtsTermEntry *entry)
{
	MvFtsRun   *run = palloc0(sizeof(MvFtsRun));
	MvFtsFront	front;

	run->block = entry->place.block;
	run->offset = entry->place.offset;
	run->nblocks = (uint16) ((entry->df - 1) / MV_FTS_BLOCK + 1);
	list->nruns = 1;
	list->runs = run;
	mv_fts_list_run(list, 0);
	mv_fts_front_reset(&front);
	for (int i = 0; i < run->nblocks; i++)
		mv_fts_front_add_bound(&front, &list->blocks[i].bound);
	mv_fts_front_bound(&front, &run->bound);
	run->last = list->blocks[run->nblocks - 1].last;
}

void
mv_fts_list_open(MvFtsList *list, MvFtsSegment *segment, int field, const MvFtsTermEntry *entry)
{
	*list = (MvFtsList){.segment = segment, .field = field, .df = entry->df, .run = -1,
						.positions.block = -1};
	if (entry->nruns == 0)
		open_inline(list, entry);
	else if (entry->nruns == 1)
		open_run(list, entry);
	else
		read_runs(list, entry);
}

/* The terms as keys, for one segment after the other. */
static void
find_in_segment(MvFtsSegment *segment, const MvQueryTerm *terms, int nterms, MvFtsList *lists)
{
	for (int t = 0; t < nterms; t++)
	{
		uint8		key[MV_FTS_KEY_SIZE];
		MvFtsTermEntry entry;

		CHECK_FOR_INTERRUPTS();
		lists[t] = (MvFtsList){.segment = segment, .field = terms[t].field, .run = -1,
							   .positions.block = -1};
		if (terms[t].len > MV_MAX_TERM)
			continue;
		key[0] = (uint8) terms[t].field;
		memcpy(key + 1, terms[t].bytes, terms[t].len);
		if (mv_fts_dict_find(segment->store, key, terms[t].len + 1, &entry))
			mv_fts_list_open(&lists[t], segment, terms[t].field, &entry);
	}
}

static bool
same_term(const MvQueryTerm *a, const MvQueryTerm *b)
{
	return a->field == b->field && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/*
 * The different ones of some terms, in order.
 *
 * which	out: of each term the number among these
 */
static int
distinct_terms(const MvQueryTerm *terms, int nterms, MvQueryTerm *distinct, int *which)
{
	int			n = 0;

	for (int t = 0; t < nterms; t++)
	{
		int			compared = Min(n, MAX_COMPARED);
		int			i = 0;

		while (i < compared && !same_term(&distinct[i], &terms[t]))
			i++;
		which[t] = i < compared ? i : n;
		if (i == compared)
			distinct[n++] = terms[t];
	}
	return n;
}

/* Another list of the same postings, which goes its own way. */
static MvFtsList
share_list(const MvFtsList *list)
{
	MvFtsList	shared = *list;

	if (list->nruns > 0 && !list->segment->pending && BlockNumberIsValid(list->runs[0].block))
	{
		shared.run = -1;
		shared.buffer = InvalidBuffer;
		shared.copy = NULL;
	}
	return shared;
}

void
mv_fts_find(MvFtsSnapshot *snapshot, const MvQueryTerm *terms, int nterms, MvFtsList *lists,
			double *df)
{
	MemoryContext old = MemoryContextSwitchTo(snapshot->context);
	MvQueryTerm *distinct = palloc(sizeof(MvQueryTerm) * Max(nterms, 1));
	MvFtsList  *found = palloc(sizeof(MvFtsList) * Max(nterms, 1));
	int		   *which = palloc(sizeof(int) * Max(nterms, 1));
	int			n = distinct_terms(terms, nterms, distinct, which);

	memset(df, 0, sizeof(double) * nterms);
	for (int s = 0; s < snapshot->nsegments; s++)
	{
		MvFtsSegment *segment = &snapshot->segments[s];
		MvFtsList  *mine = lists + (Size) s * nterms;
		int			taken = 0;

		if (segment->pending)
			mv_fts_waiting_find(segment, distinct, n, found);
		else
			find_in_segment(segment, distinct, n, found);
		for (int t = 0; t < nterms; t++)
		{
			if (which[t] == taken)
				mine[t] = found[taken++];
			else
				mine[t] = share_list(&found[which[t]]);
			df[t] += mine[t].df;
		}
	}
	MemoryContextSwitchTo(old);
}

/* ---- runs and blocks ---- */

static void
close_positions(MvFtsList *list)
{
	if (BufferIsValid(list->positions.buffer))
	{
		ReleaseBuffer(list->positions.buffer);
		list->segment->snapshot->pins--;
		list->positions.buffer = InvalidBuffer;
	}
	list->positions.block = -1;
}

void
mv_fts_list_release(MvFtsList *list)
{
	close_positions(list);
	if (BufferIsValid(list->buffer))
	{
		ReleaseBuffer(list->buffer);
		list->segment->snapshot->pins--;
		list->buffer = InvalidBuffer;
		list->run = -1;
	}
}

/* Keep the page at hand: pinned, or a copy. */
static Page
hold_page(MvFtsList *list, Buffer buffer)
{
	MvFtsSnapshot *snapshot = list->segment->snapshot;

	if (snapshot->pins < MAX_PINS)
	{
		snapshot->pins++;
		list->buffer = buffer;
		return BufferGetPage(buffer);
	}
	if (list->copy == NULL)
		list->copy = MemoryContextAlloc(snapshot->context, BLCKSZ);
	memcpy(list->copy, BufferGetPage(buffer), BLCKSZ);
	ReleaseBuffer(buffer);
	return list->copy;
}

void
mv_fts_list_run(MvFtsList *list, int run)
{
	const MvFtsRun *wanted = &list->runs[run];
	Size		heads = sizeof(MvFtsBlockHead) * wanted->nblocks;
	Buffer		buffer;
	Page		page;
	int			used;

	if (list->run == run)
		return;
	mv_fts_list_release(list);
	buffer = mv_fts_segment_read(list->segment->store, wanted->block, MV_PAGE_POSTING);
	page = hold_page(list, buffer);
	used = mv_page_used(page);
	if (wanted->nblocks == 0 || wanted->offset + heads > (Size) used)
		damaged(list);
	list->run = run;
	list->page = (const uint8 *) MV_PAGE_BODY(page);
	list->limit = list->page + used;
	list->blocks = (const MvFtsBlockHead *) (list->page + wanted->offset);
	/* Who looks for a document not behind the run finds a block; of one alone no last is known. */
	if (list->nruns > 1 && list->blocks[wanted->nblocks - 1].last != wanted->last)
		damaged(list);
}

int
mv_fts_list_decode(MvFtsList *list, int block, uint32 *docs, uint32 *tfs)
{
	const MvFtsBlockHead *head = &list->blocks[block];
	uint32		from = 0;

	if (list->segment->pending)
		return mv_fts_waiting_decode(list, block, docs, tfs);
	if (block > 0)
		from = list->blocks[block - 1].last + 1;
	else if (list->run > 0)
		from = list->runs[list->run - 1].last + 1;
	if (head->n == 0 || head->n > MV_FTS_BLOCK || list->page + head->offset > list->limit ||
		mv_postings_decode(list->page + head->offset, list->limit, from, head->n, docs, tfs) ==
		NULL || docs[head->n - 1] != head->last || head->last >= list->segment->ndocs)
		damaged(list);
	return head->n;
}

/* ---- positions ---- */

static void
open_page(MvFtsList *list, BlockNumber block, int offset)
{
	MvFtsPositions *positions = &list->positions;
	Buffer		buffer = mv_fts_segment_read(list->segment->store, block, MV_PAGE_POSITION);

	list->segment->snapshot->pins++;
	positions->buffer = buffer;
	positions->at = (const uint8 *) MV_PAGE_BODY(BufferGetPage(buffer)) + offset;
	positions->end = (const uint8 *) MV_PAGE_BODY(BufferGetPage(buffer)) +
		mv_page_used(BufferGetPage(buffer));
}

/* To the next page as soon as this one is read. */
static void
next_page(MvFtsList *list)
{
	MvFtsPositions *positions = &list->positions;

	while (positions->at >= positions->end)
	{
		BlockNumber next;

		CHECK_FOR_INTERRUPTS();
		if (!BufferIsValid(positions->buffer))
			damaged(list);
		next = MV_PAGE_TAIL(BufferGetPage(positions->buffer))->next;
		ReleaseBuffer(positions->buffer);
		list->segment->snapshot->pins--;
		positions->buffer = InvalidBuffer;
		open_page(list, next, 0);
	}
}

static inline uint8
next_byte(MvFtsList *list)
{
	if (unlikely(list->positions.at >= list->positions.end))
		next_page(list);
	return *list->positions.at++;
}

static inline uint32
next_varint(MvFtsList *list)
{
	uint64		x = 0;

	for (int shift = 0; shift < 7 * MV_VARINT_BYTES; shift += 7)
	{
		uint8		byte = next_byte(list);

		x |= (uint64) (byte & 0x7f) << shift;
		if (likely(byte < 0x80))
			return (uint32) x;
	}
	damaged(list);
}

/* Past n numbers: each ends with a byte below 0x80. */
static void
skip_varints(MvFtsList *list, uint64 n)
{
	MvFtsPositions *positions = &list->positions;
	uint64		word;

	while (n > 0)
	{
		while (n >= sizeof(word) && positions->end - positions->at >= (int) sizeof(word))
		{
			memcpy(&word, positions->at, sizeof(word));
			positions->at += sizeof(word);
			/* The number of such bytes, added up in the highest one. */
			n -= ((~word >> 7 & UINT64CONST(0x0101010101010101)) *
				  UINT64CONST(0x0101010101010101)) >>
				56;
		}
		for (int i = 0; i < (int) sizeof(word) && n > 0; i++)
			n -= next_byte(list) < 0x80;
	}
}

/* To the first posting of a block. */
static void
open_positions(MvFtsList *list, int block)
{
	const MvFtsRun *run = &list->runs[list->run];

	close_positions(list);
	list->positions.next = 0;
	if (BlockNumberIsValid(run->block))
	{
		const MvFtsPlace *places = (const MvFtsPlace *) (list->blocks + run->nblocks);

		if ((const uint8 *) (places + run->nblocks) > list->limit)
			damaged(list);
		open_page(list, places[block].block, places[block].offset);
	}
	else
	{
		uint32		docs[MV_FTS_BLOCK];
		uint32		tfs[MV_FTS_BLOCK];

		list->positions.at = mv_postings_decode(list->page, list->limit, 0, list->blocks[0].n,
												docs, tfs);
		list->positions.end = list->limit;
		if (list->positions.at == NULL)
			damaged(list);
	}
	list->positions.block = block;
}

/* Of a posting, ascending. */
static uint32 *
read_positions(MvFtsList *list, uint32 tf, uint32 *out)
{
	uint32		sum = 0;

	for (uint32 j = 0; j < tf; j++)
		*out++ = sum += next_varint(list);
	return out;
}

void
mv_fts_list_positions(MvFtsList *list, int block, const uint32 *tfs, int i, uint32 *out)
{
	MvFtsPositions *positions = &list->positions;
	uint64		skipped = 0;

	if (list->segment->pending)
	{
		mv_fts_waiting_positions(list, block, i, out);
		return;
	}
	if (positions->block != block || positions->next > i)
		open_positions(list, block);
	for (; positions->next < i; positions->next++)
		skipped += tfs[positions->next];
	skip_varints(list, skipped);
	read_positions(list, tfs[i], out);
	positions->next = i + 1;
	if (list->segment->snapshot->pins > MAX_PINS)
		close_positions(list);
}

void
mv_fts_list_block_positions(MvFtsList *list, int block, const uint32 *tfs, int n, uint32 *out)
{
	open_positions(list, block);
	for (int i = 0; i < n; i++)
		out = read_positions(list, tfs[i], out);
	close_positions(list);
}

/* ---- all terms ---- */

void
mv_fts_terms(MvFtsSnapshot *snapshot, const MvQueryTerm *prefix, MvFtsTermVisitor visit,
			 void *arg)
{
	MvFtsWalk  *walk = palloc(sizeof(MvFtsWalk));
	uint8		key[MV_FTS_KEY_SIZE];
	bool		more = prefix->len <= MV_MAX_TERM;

	key[0] = (uint8) prefix->field;
	memcpy(key + 1, prefix->bytes, more ? prefix->len : 0);
	for (int s = 0; s < snapshot->nsegments && more; s++)
	{
		MvFtsSegment *segment = &snapshot->segments[s];

		if (segment->pending)
		{
			more = mv_fts_waiting_terms(segment, prefix, visit, arg);
			continue;
		}
		mv_fts_walk_begin(walk, segment->store, key, prefix->len + 1);
		while (more && mv_fts_walk_next(walk) && walk->len > prefix->len &&
			   memcmp(walk->key, key, prefix->len + 1) == 0)
		{
			MvQueryTerm term = {.bytes = (char *) walk->key + 1, .len = walk->len - 1,
								.field = prefix->field};

			CHECK_FOR_INTERRUPTS();
			more = visit(&term, walk->entry.df, arg);
		}
	}
	pfree(walk);
}
