/*
 * word_cache.c -- an open hash table of words, with linear probing.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "fts/word_cache.h"

#define FIRST_SLOTS 256
#define MAX_SLOTS 131072		/* some 15 MB with the bytes: most words of most corpora */

struct MvWordCache
{
	MemoryContext context;		/* of the table */
	MemoryContext bytes;
	uint32		slots;			/* a power of two */
	uint32		used;
	MvKnownWord *table;
};

MvWordCache *
mv_word_cache_create(MemoryContext context)
{
	MvWordCache *cache = MemoryContextAlloc(context, sizeof(MvWordCache));

	cache->context = context;
	cache->bytes = AllocSetContextCreate(context, "known words", ALLOCSET_DEFAULT_SIZES);
	cache->slots = FIRST_SLOTS;
	cache->used = 0;
	cache->table = MemoryContextAllocZero(context, sizeof(MvKnownWord) * FIRST_SLOTS);
	return cache;
}

void
mv_word_cache_clear(MvWordCache *cache)
{
	memset(cache->table, 0, sizeof(MvKnownWord) * cache->slots);
	cache->used = 0;
	MemoryContextReset(cache->bytes);
}

static uint32
hash_word(int type, const char *word, int len)
{
	return hash_bytes((const unsigned char *) word, len) ^ (uint32) type * 0x9E3779B1;
}

const MvKnownWord *
mv_word_cache_find(MvWordCache *cache, int type, const char *word, int len)
{
	uint32		hash = hash_word(type, word, len);
	const MvKnownWord *slot;

	if (len > MV_KNOWN_BYTES)
		return NULL;
	for (uint32 i = hash;; i++)
	{
		slot = &cache->table[i & (cache->slots - 1)];
		if (slot->bytes == NULL)
			return NULL;
		if (slot->hash == hash && slot->type == type && slot->len == len &&
			memcmp(slot->bytes, word, len) == 0)
			return slot;
	}
}

static MvKnownWord *
free_slot(MvKnownWord *table, uint32 slots, uint32 hash)
{
	while (table[hash & (slots - 1)].bytes != NULL)
		hash++;
	return &table[hash & (slots - 1)];
}

/* Room for one more: at most half of the table is used. */
static void
make_room(MvWordCache *cache)
{
	MvKnownWord *table;

	if (cache->used < cache->slots / 2)
		return;
	if (cache->slots == MAX_SLOTS)
	{
		mv_word_cache_clear(cache);
		return;
	}
	table = MemoryContextAllocZero(cache->context, sizeof(MvKnownWord) * cache->slots * 2);
	for (uint32 i = 0; i < cache->slots; i++)
		if (cache->table[i].bytes != NULL)
			*free_slot(table, cache->slots * 2, cache->table[i].hash) = cache->table[i];
	pfree(cache->table);
	cache->table = table;
	cache->slots *= 2;
}

void
mv_word_cache_add(MvWordCache *cache, int type, const char *word, int len,
				  const MvKnownWord *known, const char *const *lexemes)
{
	uint32		hash = hash_word(type, word, len);
	MvKnownWord *slot;
	Size		bytes = len;
	char	   *end;

	if (len > MV_KNOWN_BYTES)
		return;
	for (int i = 0; i < known->nlexemes; i++)
		bytes += known->lexeme_len[i];
	make_room(cache);
	slot = free_slot(cache->table, cache->slots, hash);
	*slot = *known;
	slot->hash = hash;
	slot->type = type;
	slot->len = len;
	slot->bytes = MemoryContextAlloc(cache->bytes, Max(bytes, 1));
	cache->used++;

	memcpy(slot->bytes, word, len);
	end = slot->bytes + len;
	for (int i = 0; i < known->nlexemes; i++)
	{
		memcpy(end, lexemes[i], known->lexeme_len[i]);
		end += known->lexeme_len[i];
	}
}
