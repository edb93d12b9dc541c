/*
 * word_cache.h -- what dictionaries said of single words.
 *
 * A table of bounded size, which begins anew when it is full.
 */
#pragma once

#include "utils/palloc.h"

#define MV_KNOWN_LEXEMES 4		/* of a word that is remembered, at most */
#define MV_KNOWN_BYTES 60		/* of such a word, and of each lexeme */

typedef struct MvKnownWord
{
	uint32		hash;
	uint8		type;
	uint8		len;			/* of the word */
	bool		known;			/* to a dictionary, if only as a stop word */
	uint8		nlexemes;
	uint8		lexeme_len[MV_KNOWN_LEXEMES];
	bool		add_position[MV_KNOWN_LEXEMES]; /* one more than the lexeme before it */
	char	   *bytes;			/* the word's, then the lexemes'; NULL: free slot */
} MvKnownWord;

typedef struct MvWordCache MvWordCache;

/* In the context; goes with it. */
MvWordCache *mv_word_cache_create(MemoryContext context);
void		mv_word_cache_clear(MvWordCache *cache);

/* NULL if it is not there; else valid until the next add. */
const MvKnownWord *mv_word_cache_find(MvWordCache *cache, int type, const char *word, int len);

/*
 * mv_word_cache_add -- a word that is not there.
 *
 * known		as of MvKnownWord: known, nlexemes, lexeme_len and add_position
 * lexemes		[nlexemes]
 *
 * Does nothing if the word or a lexeme is too long.
 */
void		mv_word_cache_add(MvWordCache *cache, int type, const char *word, int len,
							  const MvKnownWord *known, const char *const *lexemes);
