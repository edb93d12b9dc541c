/*
 * fts_waiting.c -- pending documents as a snapshot sees them: one more segment.
 *
 * Records do not change once they are there but for a flag, so what a page held
 * when it was locked is read under the pin alone.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "fts/fts_pending.h"

/* ---- which documents there are ---- */

static _Noreturn void
damaged(const MvFtsWaiting *waiting, BlockNumber block)
{
	mv_index_corrupted(waiting->index, "the pending documents on page %u", block);
}

static void *
grow(void *array, Size element, uint32 n)
{
	Size		size = Max(element, 1) * n;

	return array == NULL ? palloc_extended(size, MCXT_ALLOC_HUGE) : repalloc_huge(array, size);
}

static void
add_doc(MvFtsWaiting *waiting, const char *body, MvFtsPlace place)
{
	const char *record = body + place.offset;
	const MvFtsPending *head = (const MvFtsPending *) record;
	uint32		i = waiting->n;

	if (i == waiting->allocated)
	{
		uint32		n = waiting->allocated = Max(64, i * 2);

		waiting->docs = grow(waiting->docs, sizeof(MvFtsWaitingDoc), n);
		waiting->lengths = grow(waiting->lengths, sizeof(uint32) * waiting->nfields, n);
		waiting->keys = grow(waiting->keys, sizeof(int64) * waiting->nattributes, n);
	}
	waiting->docs[i] = (MvFtsWaitingDoc){.place = place, .tid = head->tid, .flags = head->flags,
										 .size = head->size};
	memcpy(waiting->lengths + (Size) i * waiting->nfields, record + sizeof(MvFtsPending),
		   sizeof(uint32) * waiting->nfields);
	memcpy(waiting->keys + (Size) i * waiting->nattributes,
		   record + mv_fts_pending_keys_offset(waiting->nfields),
		   sizeof(int64) * waiting->nattributes);
	waiting->n++;
}

void
mv_fts_waiting_chain(MvFtsWaiting *waiting, BlockNumber head)
{
	while (BlockNumberIsValid(head))
	{
		Buffer		buffer = mv_page_read(waiting->index, head, MV_PAGE_PENDING,
										  BUFFER_LOCK_SHARE);
		Page		page = BufferGetPage(buffer);
		Size		used = mv_page_used(page);
		Size		fixed = mv_fts_pending_content_offset(waiting->nfields, waiting->nattributes);

		CHECK_FOR_INTERRUPTS();
		for (Size at = 0; at < used;)
		{
			const char *body = MV_PAGE_BODY(page);
			Size		size;

			if (at + fixed + sizeof(uint32) > used)
				damaged(waiting, head);
			size = mv_fts_pending_size((const MvFtsPending *) (body + at), waiting->nfields,
									   waiting->nattributes);
			if (size > used - at)
				damaged(waiting, head);
			add_doc(waiting, body, (MvFtsPlace){.block = head, .offset = (uint16) at});
			at += size;
		}
		head = MV_PAGE_TAIL(page)->next;
		UnlockReleaseBuffer(buffer);
	}
}

MvFtsSegmentStore *
mv_fts_waiting_open(Relation index, const MvFtsMeta *meta)
{
	MvFtsWaiting *waiting = palloc0(sizeof(MvFtsWaiting));
	MvFtsSegmentStore *store;

	waiting->index = index;
	waiting->nfields = meta->nfields;
	waiting->nattributes = meta->nattributes;
	waiting->positions = meta->positions != 0;
	for (int i = 0; i < MV_FTS_STRIPES; i++)
	{
		mv_fts_waiting_chain(waiting, meta->stripes[i].old);
		mv_fts_waiting_chain(waiting, meta->stripes[i].head);
	}
	if (waiting->n == 0)
		return NULL;
	store = palloc0(sizeof(MvFtsSegmentStore));
	store->index = index;
	store->root_block = InvalidBlockNumber;
	store->waiting = waiting;
	store->root = palloc0(sizeof(MvFtsRoot));
	store->root->ndocs = waiting->n;
	for (uint32 i = 0; i < waiting->n; i++)
		for (int f = 0; f < waiting->nfields; f++)
		{
			uint32		length = waiting->lengths[(Size) i * waiting->nfields + f];

			if (length == 0 || length == PG_UINT32_MAX)
				continue;
			store->root->fields[f].docs++;
			store->root->fields[f].length += length;
		}
	return store;
}

/* ---- what a segment knows of documents ---- */

static uint8
length_code(const MvFtsWaiting *waiting, uint32 doc, int field)
{
	uint32		length = waiting->lengths[(Size) doc * waiting->nfields + field];

	return length == PG_UINT32_MAX ? MV_LENGTH_NULL : mv_length_code(length);
}

void
mv_fts_waiting_lengths(const MvFtsWaiting *waiting, int field, uint32 from, uint32 n, uint8 *out)
{
	for (uint32 i = 0; i < n; i++)
		out[i] = length_code(waiting, from + i, field);
}

void
mv_fts_waiting_tids(const MvFtsWaiting *waiting, uint32 from, uint32 n, ItemPointer out)
{
	for (uint32 i = 0; i < n; i++)
		out[i] = waiting->docs[from + i].tid;
}

void
mv_fts_waiting_keys(const MvFtsWaiting *waiting, int attribute, uint32 from, uint32 n, int64 *out)
{
	for (uint32 i = 0; i < n; i++)
		out[i] = waiting->keys[(Size) (from + i) * waiting->nattributes + attribute];
}

void
mv_fts_waiting_live(const MvFtsWaiting *waiting, uint32 from, uint32 n, uint64 *out)
{
	memset(out, 0, sizeof(uint64) * ((n + 63) / 64));
	for (uint32 i = 0; i < n; i++)
		if (!(waiting->docs[from + i].flags & MV_FTS_PENDING_DEAD))
			out[i / 64] |= UINT64CONST(1) << i % 64;
}

/* ---- content ---- */

/* The content of a document: of a pinned page, or of memory. */
typedef struct Content
{
	Buffer		buffer;
	void	   *memory;
	uint32		nterms;
	const uint16 *hashes;
	const uint8 *entries,
			   *positions,
			   *end;
} Content;

static void
read_long(const MvFtsWaiting *waiting, BlockNumber block, char *out, uint32 size)
{
	while (size > 0)
	{
		Buffer		buffer = mv_page_read(waiting->index, block, MV_PAGE_LONG, BUFFER_LOCK_SHARE);
		Page		page = BufferGetPage(buffer);
		uint32		n = Min((uint32) mv_page_used(page), size);

		if (n == 0)
			damaged(waiting, block);
		memcpy(out, MV_PAGE_BODY(page), n);
		out += n;
		size -= n;
		block = MV_PAGE_TAIL(page)->next;
		UnlockReleaseBuffer(buffer);
	}
}

BlockNumber
mv_fts_waiting_long(const MvFtsWaiting *waiting, uint32 doc)
{
	MvFtsPlace	place = waiting->docs[doc].place;
	Buffer		buffer = mv_page_pin(waiting->index, place.block);
	BlockNumber first;

	memcpy(&first, MV_PAGE_BODY(BufferGetPage(buffer)) + place.offset +
		   mv_fts_pending_content_offset(waiting->nfields, waiting->nattributes), sizeof(first));
	ReleaseBuffer(buffer);
	return first;
}

static void
open_content(const MvFtsWaiting *waiting, uint32 doc, Content *content)
{
	MvFtsPlace	place = waiting->docs[doc].place;
	const char *record;
	const char *bytes;
	uint32		size;
	MvFtsContentHead head;

	*content = (Content){.buffer = mv_page_pin(waiting->index, place.block)};
	record = MV_PAGE_BODY(BufferGetPage(content->buffer)) + place.offset;
	bytes = record + mv_fts_pending_content_offset(waiting->nfields, waiting->nattributes);
	size = ((const MvFtsPending *) record)->size;
	if (waiting->docs[doc].flags & MV_FTS_PENDING_LONG)
	{
		BlockNumber first;

		memcpy(&first, bytes, sizeof(first));
		bytes = content->memory = palloc_extended(Max(size, 4), MCXT_ALLOC_HUGE);
		read_long(waiting, first, content->memory, size);
	}
	if (size < sizeof(head))
		damaged(waiting, place.block);
	memcpy(&head, bytes, sizeof(head));
	size -= sizeof(head);
	if (head.nterms > size / sizeof(uint16) ||
		head.entries > size - head.nterms * sizeof(uint16))
		damaged(waiting, place.block);
	content->nterms = head.nterms;
	content->hashes = (const uint16 *) (bytes + sizeof(head));
	content->entries = (const uint8 *) (content->hashes + head.nterms);
	content->positions = content->entries + head.entries;
	content->end = (const uint8 *) bytes + sizeof(head) + size;
}

static void
close_content(Content *content)
{
	ReleaseBuffer(content->buffer);
	if (content->memory != NULL)
		pfree(content->memory);
}

/* The entry at p, without positions; the byte after it. */
static const uint8 *
read_term(const MvFtsWaiting *waiting, uint32 doc, const Content *content, const uint8 *p,
		  MvFtsWaitingTerm *term)
{
	const uint8 *end = content->positions;
	uint64		len,
				tf = 1;

	p = mv_varint_get(p, end, &len);
	if (p == NULL || len < 2 || len / 2 > MV_FTS_KEY_SIZE || (uint64) (end - p) < len / 2)
		damaged(waiting, waiting->docs[doc].place.block);
	term->key = p;
	term->len = (int) (len / 2);
	p += term->len;
	if (len & 1)
		p = mv_varint_get(p, end, &tf);
	if (p == NULL)
		damaged(waiting, waiting->docs[doc].place.block);
	term->tf = (uint32) tf;
	term->positions = NULL;
	term->end = content->end;
	return p;
}

/* Where n varints are over. */
static const uint8 *
skip_positions(const MvFtsWaiting *waiting, uint32 doc, const uint8 *p, const uint8 *end,
			   uint64 n)
{
	while (n > 0 && p < end)
		n -= *p++ < 0x80;
	if (n > 0)
		damaged(waiting, waiting->docs[doc].place.block);
	return p;
}

void
mv_fts_waiting_visit(const MvFtsWaiting *waiting, uint32 doc, MvFtsWaitingVisitor visit,
					 void *arg)
{
	Content		content;
	const uint8 *p;
	const uint8 *positions;

	open_content(waiting, doc, &content);
	p = content.entries;
	positions = content.positions;
	for (uint32 i = 0; i < content.nterms; i++)
	{
		MvFtsWaitingTerm term;

		p = read_term(waiting, doc, &content, p, &term);
		if (waiting->positions)
		{
			term.positions = positions;
			positions = skip_positions(waiting, doc, positions, content.end, term.tf);
		}
		visit(doc, &term, arg);
	}
	close_content(&content);
}

/* ---- lists ---- */

/* Postings of a term in memory, growing. */
typedef struct Postings
{
	uint32		n,
				allocated;
	uint32	   *docs,
			   *tfs;
	Size	   *starts;			/* of positions */
	uint32	   *positions;
	Size		npositions,
				positions_allocated;
} Postings;

static void
add_positions(Postings *postings, const MvFtsWaitingTerm *term)
{
	const uint8 *p = term->positions;
	uint32		sum = 0;

	if (postings->npositions + term->tf > postings->positions_allocated)
	{
		postings->positions_allocated = (postings->npositions + term->tf) * 2;
		postings->positions = postings->positions == NULL ?
			palloc_extended(sizeof(uint32) * postings->positions_allocated, MCXT_ALLOC_HUGE) :
			repalloc_huge(postings->positions,
						  sizeof(uint32) * postings->positions_allocated);
	}
	for (uint32 i = 0; i < term->tf && p != NULL; i++)
	{
		uint64		gap;

		p = mv_varint_get(p, term->end, &gap);
		postings->positions[postings->npositions++] = sum += p == NULL ? 0 : (uint32) gap;
	}
}

static void
add_posting(MvFtsList *list, uint32 doc, const MvFtsWaitingTerm *term)
{
	Postings   *postings = list->copy;
	uint32		i;

	if (postings == NULL)
		postings = list->copy = palloc0(sizeof(Postings));
	i = postings->n++;
	if (i == postings->allocated)
	{
		postings->allocated = Max(16, i * 2);
		postings->docs = grow(postings->docs, sizeof(uint32), postings->allocated);
		postings->tfs = grow(postings->tfs, sizeof(uint32), postings->allocated);
		postings->starts = grow(postings->starts, sizeof(Size), postings->allocated);
	}
	postings->docs[i] = doc;
	postings->tfs[i] = term->tf;
	postings->starts[i] = postings->npositions;
	if (term->positions != NULL)
		add_positions(postings, term);
}

/* Compare 8 hashes at a time; index of the next equal one, or n. */
static uint32
find_hash(const uint16 *hashes, uint32 n, uint32 i, uint16 hash)
{
	for (; i + 8 <= n; i += 8)
	{
		uint32		any = 0;

		for (int j = 0; j < 8; j++)
			any |= hashes[i + j] == hash;
		if (any)
			break;
	}
	while (i < n && hashes[i] != hash)
		i++;
	return i;
}

typedef struct Key
{
	uint16		hash;
	int			len;
	uint8	   *bytes;
} Key;

/* Does the document have the term?  Then it is a posting. */
static void
look_for(const MvFtsWaiting *waiting, uint32 doc, const Content *content, const Key *key,
		 MvFtsList *list)
{
	for (uint32 i = 0; (i = find_hash(content->hashes, content->nterms, i, key->hash)) <
		 content->nterms;
		 i++)
	{
		const uint8 *p = content->entries;
		uint64		before = 0; /* occurrences of other terms */
		MvFtsWaitingTerm term = {0};

		for (uint32 j = 0; j <= i; j++)
		{
			before += term.tf;
			p = read_term(waiting, doc, content, p, &term);
		}
		if (term.len != key->len || memcmp(term.key, key->bytes, key->len) != 0)
			continue;
		if (waiting->positions)
			term.positions = skip_positions(waiting, doc, content->positions, content->end,
											before);
		add_posting(list, doc, &term);
		return;
	}
}

/* Heads of blocks and the run of all. */
static void
make_run(MvFtsSegment *segment, MvFtsList *list)
{
	const MvFtsWaiting *waiting = segment->store->waiting;
	const Postings *postings = list->copy;
	MvFtsRun   *run = palloc0(sizeof(MvFtsRun));
	MvFtsBlockHead *heads;
	MvFtsFront	all;

	list->df = postings->n;
	run->nblocks = (uint16) ((postings->n - 1) / MV_FTS_BLOCK + 1);
	run->last = postings->docs[postings->n - 1];
	heads = palloc0(sizeof(MvFtsBlockHead) * run->nblocks);
	mv_fts_front_reset(&all);
	for (int b = 0; b < run->nblocks; b++)
	{
		uint32		first = b * MV_FTS_BLOCK;
		MvFtsFront	front;

		heads[b].n = (uint8) Min(postings->n - first, MV_FTS_BLOCK);
		heads[b].last = postings->docs[first + heads[b].n - 1];
		mv_fts_front_reset(&front);
		for (uint32 i = first; i < first + heads[b].n; i++)
			mv_fts_front_add(&front, postings->tfs[i],
							 length_code(waiting, postings->docs[i], list->field));
		mv_fts_front_bound(&front, &heads[b].bound);
		mv_fts_front_add_bound(&all, &heads[b].bound);
	}
	mv_fts_front_bound(&all, &run->bound);
	list->nruns = 1;
	list->runs = run;
	list->run = 0;
	list->blocks = heads;
}

static Key *
make_keys(const MvQueryTerm *terms, int nterms)
{
	Key		   *keys = palloc(sizeof(Key) * Max(nterms, 1));

	for (int t = 0; t < nterms; t++)
	{
		keys[t].len = terms[t].len + 1;
		keys[t].bytes = palloc(keys[t].len);
		keys[t].bytes[0] = (uint8) terms[t].field;
		memcpy(keys[t].bytes + 1, terms[t].bytes, terms[t].len);
		keys[t].hash = mv_fts_pending_hash(keys[t].bytes, keys[t].len);
	}
	return keys;
}

void
mv_fts_waiting_find(MvFtsSegment *segment, const MvQueryTerm *terms, int nterms, MvFtsList *lists)
{
	const MvFtsWaiting *waiting = segment->store->waiting;
	Key		   *keys = make_keys(terms, nterms);

	for (int t = 0; t < nterms; t++)
		lists[t] = (MvFtsList){.segment = segment, .field = terms[t].field, .run = -1};
	for (uint32 doc = 0; doc < waiting->n; doc++)
	{
		Content		content;

		open_content(waiting, doc, &content);
		for (int t = 0; t < nterms; t++)
			look_for(waiting, doc, &content, &keys[t], &lists[t]);
		close_content(&content);
	}
	for (int t = 0; t < nterms; t++)
		if (lists[t].copy != NULL)
			make_run(segment, &lists[t]);
}

int
mv_fts_waiting_decode(MvFtsList *list, int block, uint32 *docs, uint32 *tfs)
{
	const Postings *postings = list->copy;
	int			n = list->blocks[block].n;

	memcpy(docs, postings->docs + block * MV_FTS_BLOCK, sizeof(uint32) * n);
	if (tfs != NULL)
		memcpy(tfs, postings->tfs + block * MV_FTS_BLOCK, sizeof(uint32) * n);
	return n;
}

void
mv_fts_waiting_positions(MvFtsList *list, int block, int i, uint32 *out)
{
	const Postings *postings = list->copy;
	uint32		at = block * MV_FTS_BLOCK + i;

	memcpy(out, postings->positions + postings->starts[at], sizeof(uint32) * postings->tfs[at]);
}

/* ---- all terms ---- */

typedef struct Collect
{
	const MvQueryTerm *prefix;
	MvFtsTermVisitor visit;
	void	   *arg;
	bool		more;
} Collect;

static void
visit_term(uint32 doc, const MvFtsWaitingTerm *term, void *arg)
{
	Collect    *collect = arg;
	const MvQueryTerm *prefix = collect->prefix;
	MvQueryTerm found = {.bytes = (const char *) term->key + 1, .len = term->len - 1,
						 .field = prefix->field};

	if (collect->more && term->key[0] == prefix->field && found.len >= prefix->len &&
		memcmp(found.bytes, prefix->bytes, prefix->len) == 0)
		collect->more = collect->visit(&found, 1, collect->arg);
}

/* Document by document: ascending in each alone. */
bool
mv_fts_waiting_terms(MvFtsSegment *segment, const MvQueryTerm *prefix, MvFtsTermVisitor visit,
					 void *arg)
{
	Collect		collect = {.prefix = prefix, .visit = visit, .arg = arg, .more = true};

	for (uint32 doc = 0; doc < segment->ndocs && collect.more; doc++)
		mv_fts_waiting_visit(segment->store->waiting, doc, visit_term, &collect);
	return collect.more;
}
