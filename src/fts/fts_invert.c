/*
 * fts_invert.c -- documents to terms: a hash table of terms, each with a stream
 * of its occurrences in chunks that grow.
 *
 * A stream is a varint for each occurrence: 2 * (document - the one before) + 1
 * and then the position where a document begins, else 2 * (position - the one
 * before).
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "fts/fts.h"
#include "fts/fts_invert.h"

#define ARENA_BLOCK (256 * 1024)
#define FIRST_CHUNK 16
#define LAST_CHUNK 1024

typedef struct Chunk Chunk;

struct Chunk
{
	Chunk	   *next;
	uint32		used,
				size;
	uint8		bytes[FLEXIBLE_ARRAY_MEMBER];
};

typedef struct Term
{
	uint32		hash;
	int			len;
	uint32		doc,			/* of the last occurrence */
				position;
	bool		any;
	Chunk	   *first,
			   *last;
	uint8		key[FLEXIBLE_ARRAY_MEMBER];
} Term;

struct MvFtsInvert
{
	MemoryContext context;		/* of all below */
	Size		memory;
	char	   *arena;			/* what is left of a block */
	Size		left;
	Term	  **slots;			/* [nslots], a power of 2 */
	uint32		nslots,
				nterms;
};

#define FIRST_SLOTS 256

MvFtsInvert *
mv_fts_invert_create(MemoryContext parent)
{
	MvFtsInvert *invert = MemoryContextAllocZero(parent, sizeof(MvFtsInvert));

	invert->context = AllocSetContextCreate(parent, "bm25 terms", ALLOCSET_DEFAULT_SIZES);
	mv_fts_invert_reset(invert);
	return invert;
}

void
mv_fts_invert_free(MvFtsInvert *invert)
{
	MemoryContextDelete(invert->context);
	pfree(invert);
}

void
mv_fts_invert_reset(MvFtsInvert *invert)
{
	MemoryContextReset(invert->context);
	invert->nterms = 0;
	invert->nslots = FIRST_SLOTS;
	invert->left = 0;
	invert->memory = sizeof(Term *) * FIRST_SLOTS;
	invert->slots = MemoryContextAllocZero(invert->context, invert->memory);
}

Size
mv_fts_invert_memory(const MvFtsInvert *invert)
{
	return invert->memory;
}

/* Blocks grow with what is there, so that one document takes little. */
static void *
allocate(MvFtsInvert *invert, Size size)
{
	void	   *p;

	size = MAXALIGN(size);
	if (size > invert->left)
	{
		Size		block = Max(Min(Max(invert->memory, 4096), ARENA_BLOCK), size);

		invert->arena = MemoryContextAlloc(invert->context, block);
		invert->left = block;
		invert->memory += block;
	}
	p = invert->arena;
	invert->arena += size;
	invert->left -= size;
	return p;
}

static void
grow_slots(MvFtsInvert *invert)
{
	uint32		n = invert->nslots * 2;
	Term	  **slots = MemoryContextAllocExtended(invert->context, sizeof(Term *) * (Size) n,
												   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (uint32 i = 0; i < invert->nslots; i++)
		if (invert->slots[i] != NULL)
		{
			uint32		at = invert->slots[i]->hash & (n - 1);

			while (slots[at] != NULL)
				at = (at + 1) & (n - 1);
			slots[at] = invert->slots[i];
		}
	invert->memory += sizeof(Term *) * (Size) (n - invert->nslots);
	pfree(invert->slots);
	invert->slots = slots;
	invert->nslots = n;
}

static Chunk *
new_chunk(MvFtsInvert *invert, uint32 size)
{
	Chunk	   *chunk = allocate(invert, offsetof(Chunk, bytes) + size);

	chunk->next = NULL;
	chunk->used = 0;
	chunk->size = size;
	return chunk;
}

static Term *
find_term(MvFtsInvert *invert, int field, const char *bytes, int len)
{
	uint32		hash = hash_bytes((const unsigned char *) bytes, len) + field;
	uint32		at = hash & (invert->nslots - 1);
	Term	   *term;

	for (; (term = invert->slots[at]) != NULL; at = (at + 1) & (invert->nslots - 1))
		if (term->hash == hash && term->len == len + 1 && term->key[0] == field &&
			memcmp(term->key + 1, bytes, len) == 0)
			return term;
	term = allocate(invert, offsetof(Term, key) + 1 + len);
	*term = (Term){.hash = hash, .len = len + 1};
	term->key[0] = (uint8) field;
	memcpy(term->key + 1, bytes, len);
	term->first = term->last = new_chunk(invert, FIRST_CHUNK);
	invert->slots[at] = term;
	if (++invert->nterms > invert->nslots / 2)
		grow_slots(invert);
	return term;
}

void
mv_fts_invert_add(MvFtsInvert *invert, uint32 doc, int field, const char *bytes, int len,
				  uint32 position)
{
	Term	   *term = find_term(invert, field, bytes, len);
	uint8	   *p;

	if (term->last->size - term->last->used < 2 * MV_VARINT_BYTES)
		term->last = term->last->next =
			new_chunk(invert, Min(term->last->size * 2, LAST_CHUNK));
	p = term->last->bytes + term->last->used;
	if (!term->any || term->doc != doc)
	{
		p = mv_varint_put(p, (uint64) (doc - term->doc) * 2 + 1);
		p = mv_varint_put(p, position);
	}
	else
		p = mv_varint_put(p, (uint64) (position - term->position) * 2);
	term->last->used = (uint32) (p - term->last->bytes);
	term->any = true;
	term->doc = doc;
	term->position = position;
}

/* ---- streams ---- */

/* Begin with a document; false: there is none. */
bool
mv_fts_stream_next(MvFtsStream *stream, MvFtsSource *source)
{
	uint64		x = 0;

	if (stream->at == stream->end && !stream->more(stream))
		return false;
	stream->at = mv_varint_get(stream->at, stream->end, &x);
	stream->doc += (uint32) (x >> 1);
	stream->at = mv_varint_get(stream->at, stream->end, &x);
	source->doc = stream->doc;
	source->tf = 0;
	for (;;)
	{
		const uint8 *p;

		if (source->tf == stream->allocated)
		{
			stream->allocated = Max(64, stream->allocated * 2);
			stream->positions = stream->positions == NULL ?
				palloc(sizeof(uint32) * stream->allocated) :
				repalloc_huge(stream->positions, sizeof(uint32) * (Size) stream->allocated);
		}
		stream->positions[source->tf] =
			(uint32) x + (source->tf > 0 ? stream->positions[source->tf - 1] : 0);
		source->tf++;
		if (stream->at == stream->end && !stream->more(stream))
			break;
		p = mv_varint_get(stream->at, stream->end, &x);
		if (x & 1)
			break;
		stream->at = p;
		x >>= 1;
	}
	source->positions = stream->positions;
	return true;
}

/* ---- a table as a source ---- */

typedef struct TableSource
{
	MvFtsSource source;			/* first */
	MvFtsStream stream;
	const Chunk *chunk;			/* that the stream is in */
	Term	  **terms;			/* [n] */
	uint32		n,
				next;
} TableSource;

static int
compare_terms(const void *a, const void *b)
{
	const Term *x = *(Term *const *) a;
	const Term *y = *(Term *const *) b;
	int			cmp = memcmp(x->key, y->key, Min(x->len, y->len));

	return cmp != 0 ? cmp : x->len - y->len;
}

static bool
next_chunk(MvFtsStream *stream)
{
	TableSource	   *table = stream->owner;

	table->chunk = table->chunk->next;
	if (table->chunk == NULL)
	{
		stream->at = stream->end = NULL;
		return false;
	}
	stream->at = table->chunk->bytes;
	stream->end = stream->at + table->chunk->used;
	return true;
}

static bool
next_term(MvFtsSource *source)
{
	TableSource	   *table = (TableSource *) source;
	const Term *term;

	if (table->next == table->n)
		return false;
	term = table->terms[table->next++];
	source->key = term->key;
	source->len = term->len;
	table->chunk = term->first;
	table->stream.doc = 0;
	table->stream.at = term->first->bytes;
	table->stream.end = table->stream.at + term->first->used;
	return true;
}

static bool
next_posting(MvFtsSource *source)
{
	TableSource	   *table = (TableSource *) source;

	return table->chunk != NULL && mv_fts_stream_next(&table->stream, source);
}

/* All terms, in no order. */
static Term **
list_terms(MvFtsInvert *invert)
{
	Term	  **terms = MemoryContextAllocExtended(invert->context,
												   sizeof(Term *) * (Size) Max(invert->nterms, 1),
												   MCXT_ALLOC_HUGE);
	uint32		n = 0;

	for (uint32 i = 0; i < invert->nslots; i++)
		if (invert->slots[i] != NULL)
			terms[n++] = invert->slots[i];
	return terms;
}

/* All terms, by key. */
static Term **
sort_terms(MvFtsInvert *invert)
{
	Term	  **terms = list_terms(invert);

	qsort(terms, invert->nterms, sizeof(Term *), compare_terms);
	return terms;
}

static MvFtsSource *
make_source(MvFtsInvert *invert, Term **terms)
{
	TableSource	   *table = MemoryContextAllocZero(invert->context, sizeof(TableSource));

	table->source.next_term = next_term;
	table->source.next_posting = next_posting;
	table->stream.owner = table;
	table->stream.more = next_chunk;
	table->terms = terms;
	table->n = invert->nterms;
	return &table->source;
}

MvFtsSource *
mv_fts_invert_source(MvFtsInvert *invert)
{
	return make_source(invert, sort_terms(invert));
}

MvFtsSource *
mv_fts_invert_unsorted(MvFtsInvert *invert)
{
	return make_source(invert, list_terms(invert));
}

void
mv_fts_invert_write(MvFtsInvert *invert, BufFile *file)
{
	Term	  **terms = sort_terms(invert);

	for (uint32 i = 0; i < invert->nterms; i++)
	{
		uint32		sizes[2] = {(uint32) terms[i]->len};

		for (const Chunk *chunk = terms[i]->first; chunk != NULL; chunk = chunk->next)
			sizes[1] += chunk->used;
		BufFileWrite(file, sizes, sizeof(sizes));
		BufFileWrite(file, terms[i]->key, terms[i]->len);
		for (Chunk *chunk = terms[i]->first; chunk != NULL; chunk = chunk->next)
			BufFileWrite(file, chunk->bytes, chunk->used);
	}
}
