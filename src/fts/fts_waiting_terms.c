/*
 * fts_waiting_terms.c -- terms of pending documents, and lists of their postings.
 *
 * Records do not change once they are there but for a flag, so what a page held
 * when it was locked is read under the pin alone.
 *
 * The terms of the first documents that a backend keeps (fts_waiting.c) are in a table by
 * hash.  The other documents are opened one by one, and the hashes in each compared.
 * Each scan puts a few more in the table: none takes long, and the next ones take less.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "fts/fts_pending.h"

/* ---- content ---- */

/* The content of a document: of a pinned page, or of memory. */
typedef struct Content
{
	Buffer		buffer;			/* or invalid */
	void	   *memory;			/* to be freed, or NULL */
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
		Buffer		buffer;
		Page		page;
		uint32		n;

		CHECK_FOR_INTERRUPTS();
		buffer = mv_page_read(waiting->index, block, MV_PAGE_LONG, BUFFER_LOCK_SHARE);
		page = BufferGetPage(buffer);
		n = Min((uint32) mv_page_used(page), size);
		if (n == 0)
			mv_fts_waiting_damaged(waiting, block);
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

/* The bytes of a document's content; with them what of it is to be closed. */
static const char *
read_content(const MvFtsWaiting *waiting, uint32 doc, Content *content)
{
	const MvFtsWaitingDoc *from = &waiting->docs[doc];
	const char *bytes;

	*content = (Content){.buffer = InvalidBuffer};
	if (from->content != NULL)
		return from->content;
	if (from->flags & MV_FTS_PENDING_LONG)
	{
		content->memory = palloc_extended(Max(from->size, 4), MCXT_ALLOC_HUGE);
		read_long(waiting, mv_fts_waiting_long(waiting, doc), content->memory, from->size);
		return content->memory;
	}
	content->buffer = mv_page_pin(waiting->index, from->place.block);
	bytes = MV_PAGE_BODY(BufferGetPage(content->buffer)) + from->place.offset;
	return bytes + mv_fts_pending_content_offset(waiting->nfields, waiting->nattributes);
}

static void
open_content(const MvFtsWaiting *waiting, uint32 doc, Content *content)
{
	const char *bytes = read_content(waiting, doc, content);
	uint32		size = waiting->docs[doc].size;
	MvFtsContentHead head;

	if (size < sizeof(head))
		mv_fts_waiting_damaged(waiting, waiting->docs[doc].place.block);
	memcpy(&head, bytes, sizeof(head));
	size -= sizeof(head);
	if (head.nterms > size / sizeof(uint16) ||
		head.entries > size - head.nterms * sizeof(uint16))
		mv_fts_waiting_damaged(waiting, waiting->docs[doc].place.block);
	content->nterms = head.nterms;
	content->hashes = (const uint16 *) (bytes + sizeof(head));
	content->entries = (const uint8 *) (content->hashes + head.nterms);
	content->positions = content->entries + head.entries;
	content->end = (const uint8 *) bytes + sizeof(head) + size;
}

static void
close_content(Content *content)
{
	if (BufferIsValid(content->buffer))
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
		mv_fts_waiting_damaged(waiting, waiting->docs[doc].place.block);
	term->key = p;
	term->len = (int) (len / 2);
	p += term->len;
	if (len & 1)
		p = mv_varint_get(p, end, &tf);
	if (p == NULL)
		mv_fts_waiting_damaged(waiting, waiting->docs[doc].place.block);
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
		mv_fts_waiting_damaged(waiting, waiting->docs[doc].place.block);
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

/* ---- terms in memory ---- */

/* Bytes of content that a scan takes into memory, to the end of a document. */
#define KEEP_AT_ONCE (32 * 1024)

#define BUCKETS 4096			/* by the upper bits of a hash */
#define BUCKET_OF(hash) ((hash) / (65536 / BUCKETS))

/* A document has a term.  Its numbers are offsets in the document's content. */
typedef struct Occurrence
{
	uint32		next;			/* of the bucket, documents ascending; 0: none */
	uint32		doc;
	uint32		term;
	uint32		positions;
	uint16		hash;
} Occurrence;

struct MvFtsWaitingTerms
{
	uint32		ndocs;			/* documents before have terms here, and a copy */
	uint32		n,
				allocated;
	Occurrence *occurrences;	/* [n], from 1 */
	uint32		first[BUCKETS],
				last[BUCKETS];
};

static void
copy_content(MvFtsWaiting *waiting, uint32 doc)
{
	Size		size = waiting->docs[doc].size;
	char	   *copy = MemoryContextAllocHuge(waiting->context, Max(size, 4));
	Content		content;

	memcpy(copy, read_content(waiting, doc, &content), size);
	close_content(&content);
	waiting->docs[doc].content = copy;
}

static void
make_room(MvFtsWaiting *waiting, uint32 n)
{
	MvFtsWaitingTerms *terms = waiting->terms;

	if (terms->n + n <= terms->allocated)
		return;
	terms->allocated = Max(1024, (terms->n + n) * 2);
	terms->occurrences = terms->occurrences == NULL ?
		MemoryContextAllocHuge(waiting->context, sizeof(Occurrence) * terms->allocated) :
		repalloc_huge(terms->occurrences, sizeof(Occurrence) * terms->allocated);
}

/* The last of the occurrences joins the others. */
static void
link_occurrence(MvFtsWaitingTerms *terms)
{
	uint32		i = terms->n++;
	int			bucket = BUCKET_OF(terms->occurrences[i].hash);

	if (terms->first[bucket] == 0)
		terms->first[bucket] = i;
	else
		terms->occurrences[terms->last[bucket]].next = i;
	terms->last[bucket] = i;
}

/* Keep the next document's terms.  If that fails, nothing has happened. */
static void
keep_terms(MvFtsWaiting *waiting)
{
	MvFtsWaitingTerms *terms = waiting->terms;
	uint32		doc = terms->ndocs;
	const uint8 *base;
	const uint8 *p;
	const uint8 *positions;
	Content		content;

	if (waiting->docs[doc].content == NULL)
		copy_content(waiting, doc);
	open_content(waiting, doc, &content);
	make_room(waiting, content.nterms);
	base = (const uint8 *) waiting->docs[doc].content;
	p = content.entries;
	positions = content.positions;
	for (uint32 i = 0; i < content.nterms; i++)
	{
		Occurrence *out = &terms->occurrences[terms->n + i];
		MvFtsWaitingTerm term;

		*out = (Occurrence){.doc = doc, .term = (uint32) (p - base),
							.positions = (uint32) (positions - base), .hash = content.hashes[i]};
		p = read_term(waiting, doc, &content, p, &term);
		if (waiting->positions)
			positions = skip_positions(waiting, doc, positions, content.end, term.tf);
	}
	for (uint32 i = 0; i < content.nterms; i++)
		link_occurrence(terms);
	terms->ndocs++;
}

static void
keep_some(MvFtsWaiting *waiting, uint32 ndocs)
{
	Size		bytes = 0;

	if (waiting->terms == NULL)
	{
		waiting->terms = MemoryContextAllocZero(waiting->context, sizeof(MvFtsWaitingTerms));
		waiting->terms->n = 1;
	}
	while (waiting->terms->ndocs < ndocs && bytes < KEEP_AT_ONCE)
	{
		bytes += waiting->docs[waiting->terms->ndocs].size;
		keep_terms(waiting);
	}
}

/* ---- lists ---- */

typedef struct Posting
{
	uint32		doc;
	uint32		tf;
	const uint8 *positions,		/* varints */
			   *end;
} Posting;

/* Postings of a term, growing. */
typedef struct Postings
{
	uint32		n,
				allocated;
	Posting    *postings;
} Postings;

/* The term's bytes stay where they are as long as the list. */
static void
add_posting(MvFtsList *list, uint32 doc, const MvFtsWaitingTerm *term)
{
	Postings   *postings = list->copy;

	if (postings == NULL)
		postings = list->copy = palloc0(sizeof(Postings));
	if (postings->n == postings->allocated)
	{
		Size		size = sizeof(Posting) * (postings->allocated = Max(16, postings->n * 2));

		postings->postings = postings->postings == NULL ? palloc(size) :
			repalloc_huge(postings->postings, size);
	}
	postings->postings[postings->n++] = (Posting){.doc = doc, .tf = term->tf,
												  .positions = term->positions,
												  .end = term->end};
}

typedef struct Key
{
	uint16		hash;
	int			len;
	uint8	   *bytes;
} Key;

static bool
is_term(const MvFtsWaitingTerm *term, const Key *key)
{
	return term->len == key->len && memcmp(term->key, key->bytes, key->len) == 0;
}

/* Postings of documents whose terms are in memory. */
static void
look_up(MvFtsSegment *segment, const Key *key, MvFtsList *list)
{
	const MvFtsWaiting *waiting = segment->store->waiting;
	const MvFtsWaitingTerms *terms = waiting->terms;

	for (uint32 i = terms->first[BUCKET_OF(key->hash)]; i != 0; i = terms->occurrences[i].next)
	{
		const Occurrence *occurrence = &terms->occurrences[i];
		const uint8 *base;
		Content		content;
		MvFtsWaitingTerm term;

		if (occurrence->doc >= segment->ndocs)
			break;
		if (occurrence->hash != key->hash)
			continue;
		base = (const uint8 *) waiting->docs[occurrence->doc].content;
		open_content(waiting, occurrence->doc, &content);
		read_term(waiting, occurrence->doc, &content, base + occurrence->term, &term);
		if (!is_term(&term, key))
			continue;
		if (waiting->positions)
			term.positions = base + occurrence->positions;
		add_posting(list, occurrence->doc, &term);
	}
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

/* The positions of an entry, copied, for its page is let go. */
static void
copy_positions(const MvFtsWaiting *waiting, uint32 doc, const Content *content, uint64 before,
			   MvFtsWaitingTerm *term)
{
	const uint8 *from = skip_positions(waiting, doc, content->positions, content->end, before);
	const uint8 *to = skip_positions(waiting, doc, from, content->end, term->tf);
	uint8	   *copy = palloc_extended(Max(to - from, 1), MCXT_ALLOC_HUGE);

	memcpy(copy, from, to - from);
	term->positions = copy;
	term->end = copy + (to - from);
}

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
		if (!is_term(&term, key))
			continue;
		if (waiting->positions)
			copy_positions(waiting, doc, content, before, &term);
		add_posting(list, doc, &term);
		return;
	}
}

/* Heads of blocks and the run of all. */
static void
make_run(MvFtsSegment *segment, MvFtsList *list)
{
	const MvFtsWaiting *waiting = segment->store->waiting;
	const Postings *all = list->copy;
	MvFtsRun   *run = palloc0(sizeof(MvFtsRun));
	MvFtsBlockHead *heads;
	MvFtsFront	whole;

	list->df = all->n;
	run->nblocks = (uint16) ((all->n - 1) / MV_FTS_BLOCK + 1);
	run->last = all->postings[all->n - 1].doc;
	heads = palloc0(sizeof(MvFtsBlockHead) * run->nblocks);
	mv_fts_front_reset(&whole);
	for (int b = 0; b < run->nblocks; b++)
	{
		const Posting *postings = all->postings + b * MV_FTS_BLOCK;
		MvFtsFront	front;

		heads[b].n = (uint8) Min(all->n - b * MV_FTS_BLOCK, MV_FTS_BLOCK);
		heads[b].last = postings[heads[b].n - 1].doc;
		mv_fts_front_reset(&front);
		for (int i = 0; i < heads[b].n; i++)
			mv_fts_front_add(&front, postings[i].tf,
							 mv_fts_waiting_length(waiting, postings[i].doc, list->field));
		mv_fts_front_bound(&front, &heads[b].bound);
		mv_fts_front_add_bound(&whole, &heads[b].bound);
	}
	mv_fts_front_bound(&whole, &run->bound);
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
	MvFtsWaiting *waiting = segment->store->waiting;
	Key		   *keys = make_keys(terms, nterms);

	keep_some(waiting, segment->ndocs);
	for (int t = 0; t < nterms; t++)
	{
		lists[t] = (MvFtsList){.segment = segment, .field = terms[t].field, .run = -1};
		look_up(segment, &keys[t], &lists[t]);
	}
	for (uint32 doc = waiting->terms->ndocs; doc < segment->ndocs; doc++)
	{
		Content		content;

		CHECK_FOR_INTERRUPTS();
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
	const Posting *postings = ((Postings *) list->copy)->postings + block * MV_FTS_BLOCK;
	int			n = list->blocks[block].n;

	for (int i = 0; i < n; i++)
		docs[i] = postings[i].doc;
	for (int i = 0; i < n && tfs != NULL; i++)
		tfs[i] = postings[i].tf;
	return n;
}

void
mv_fts_waiting_positions(MvFtsList *list, int block, int i, uint32 *out)
{
	const Posting *posting = &((Postings *) list->copy)->postings[block * MV_FTS_BLOCK + i];
	const uint8 *p = posting->positions;
	uint32		position = 0;

	for (uint32 j = 0; j < posting->tf; j++)
	{
		uint64		gap;

		p = mv_varint_get(p, posting->end, &gap);
		if (p == NULL)
			mv_index_corrupted(list->segment->snapshot->index,
							   "the positions of pending document %u", posting->doc);
		out[j] = position += (uint32) gap;
	}
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

/* Document by document, in no order. */
bool
mv_fts_waiting_terms(MvFtsSegment *segment, const MvQueryTerm *prefix, MvFtsTermVisitor visit,
					 void *arg)
{
	Collect		collect = {.prefix = prefix, .visit = visit, .arg = arg, .more = true};

	for (uint32 doc = 0; doc < segment->ndocs && collect.more; doc++)
	{
		CHECK_FOR_INTERRUPTS();
		mv_fts_waiting_visit(segment->store->waiting, doc, visit_term, &collect);
	}
	return collect.more;
}
