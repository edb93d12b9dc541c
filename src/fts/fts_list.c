/*
 * fts_list.c -- reading posting lists.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

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
	*list = (MvFtsList){.segment = segment, .field = field, .df = entry->df, .run = -1};
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

		lists[t] = (MvFtsList){.segment = segment, .field = terms[t].field, .run = -1};
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

void
mv_fts_list_release(MvFtsList *list)
{
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

/* Bytes of positions, from one page to the next. */
typedef struct Bytes
{
	MvFtsList  *list;
	Buffer		buffer;			/* pinned, or invalid: in memory */
	const uint8 *at,
			   *end;
} Bytes;

static void
open_page(Bytes *bytes, BlockNumber block, int offset)
{
	bytes->buffer = mv_fts_segment_read(bytes->list->segment->store, block, MV_PAGE_POSITION);
	bytes->at = (const uint8 *) MV_PAGE_BODY(BufferGetPage(bytes->buffer)) + offset;
	bytes->end = (const uint8 *) MV_PAGE_BODY(BufferGetPage(bytes->buffer)) +
		mv_page_used(BufferGetPage(bytes->buffer));
}

static uint8
next_byte(Bytes *bytes)
{
	while (bytes->at >= bytes->end)
	{
		BlockNumber next;

		if (!BufferIsValid(bytes->buffer))
			damaged(bytes->list);
		next = MV_PAGE_TAIL(BufferGetPage(bytes->buffer))->next;
		ReleaseBuffer(bytes->buffer);
		bytes->buffer = InvalidBuffer;
		open_page(bytes, next, 0);
	}
	return *bytes->at++;
}

static uint32
next_varint(Bytes *bytes)
{
	uint64		x = 0;

	for (int shift = 0; shift < 7 * MV_VARINT_BYTES; shift += 7)
	{
		uint8		byte = next_byte(bytes);

		x |= (uint64) (byte & 0x7f) << shift;
		if (byte < 0x80)
			return (uint32) x;
	}
	damaged(bytes->list);
}

/* Past n numbers: each ends with a byte below 0x80. */
static void
skip_varints(Bytes *bytes, uint64 n)
{
	uint64		word;

	while (n > 0)
	{
		while (n >= sizeof(word) && bytes->end - bytes->at >= (int) sizeof(word))
		{
			memcpy(&word, bytes->at, sizeof(word));
			bytes->at += sizeof(word);
			n -= pg_popcount64(~word & UINT64CONST(0x8080808080808080));
		}
		for (int i = 0; i < (int) sizeof(word) && n > 0; i++)
			n -= next_byte(bytes) < 0x80;
	}
}

static void
open_positions(MvFtsList *list, int block, Bytes *bytes)
{
	const MvFtsRun *run = &list->runs[list->run];

	*bytes = (Bytes){.list = list, .buffer = InvalidBuffer};
	if (BlockNumberIsValid(run->block))
	{
		const MvFtsPlace *places = (const MvFtsPlace *) (list->blocks + run->nblocks);

		if ((const uint8 *) (places + run->nblocks) > list->limit)
			damaged(list);
		open_page(bytes, places[block].block, places[block].offset);
	}
	else
	{
		uint32		docs[MV_FTS_BLOCK];
		uint32		tfs[MV_FTS_BLOCK];

		bytes->at = mv_postings_decode(list->page, list->limit, 0, list->blocks[0].n, docs, tfs);
		bytes->end = list->limit;
		if (bytes->at == NULL)
			damaged(list);
	}
}

/* Of a posting, ascending. */
static uint32 *
read_positions(Bytes *bytes, uint32 tf, uint32 *out)
{
	uint32		sum = 0;

	for (uint32 j = 0; j < tf; j++)
		*out++ = sum += next_varint(bytes);
	return out;
}

static void
close_positions(Bytes *bytes)
{
	if (BufferIsValid(bytes->buffer))
		ReleaseBuffer(bytes->buffer);
}

void
mv_fts_list_positions(MvFtsList *list, int block, const uint32 *tfs, int i, uint32 *out)
{
	Bytes		bytes;
	uint64		skipped = 0;

	if (list->segment->pending)
	{
		mv_fts_waiting_positions(list, block, i, out);
		return;
	}
	open_positions(list, block, &bytes);
	for (int before = 0; before < i; before++)
		skipped += tfs[before];
	skip_varints(&bytes, skipped);
	read_positions(&bytes, tfs[i], out);
	close_positions(&bytes);
}

void
mv_fts_list_block_positions(MvFtsList *list, int block, const uint32 *tfs, int n, uint32 *out)
{
	Bytes		bytes;

	open_positions(list, block, &bytes);
	for (int i = 0; i < n; i++)
		out = read_positions(&bytes, tfs[i], out);
	close_positions(&bytes);
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

			more = visit(&term, walk->entry.df, arg);
		}
	}
	pfree(walk);
}
