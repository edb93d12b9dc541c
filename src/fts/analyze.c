/*
 * analyze.c -- text through a text search configuration.
 *
 * A parser cuts the text into words; the dictionaries that the configuration
 * maps to a word's type are asked in order until one knows it.  The rules are
 * those of PostgreSQL's own to_tsvector(): a dictionary may know a word as not
 * worth indexing, put another word in its place for those after it, or ask for
 * the words that follow before it decides.
 *
 * What dictionaries say of a single word is remembered: natural text repeats its
 * words, and a stemmer takes longer than a look into a table.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "tsearch/ts_cache.h"
#include "tsearch/ts_public.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "fts/analyze.h"
#include "fts/config.h"
#include "fts/word_cache.h"

/* A word as the parser found it; type 0: the end of the text. */
typedef struct Word
{
	const char *bytes;
	int			len;
	int			type;
} Word;

struct MvAnalyzer
{
	Oid			config;
	MemoryContext context;		/* of all of this */
	MemoryContext scratch;		/* what parser and dictionaries allocate */
	MvWordCache *cache;
	uint64		generation;		/* of the configuration, mv_config_generation() */

	/* Words that no dictionary has answered yet. */
	Word	   *queue;
	int			head;
	int			n;
	int			size;
};

/* One text on its way. */
typedef struct Run
{
	MvAnalyzer *analyzer;
	TSConfigCacheEntry *config;
	uint32		position;		/* of the last word */
	int			first_dictionary;	/* to ask about the word at the head */
	MvTermFn	each;
	void	   *arg;
	MemoryContext caller;		/* in which each is called */

	/* A dictionary that has asked for more words. */
	Oid			asking;			/* or InvalidOid */
	DictSubState state;
	int			next;			/* in the queue: what it is told next */
	TSLexeme   *best;			/* the longest that it knows so far, or NULL */
	int			best_end;		/* in the queue: what follows that */
} Run;

MvAnalyzer *
mv_analyzer_open(Oid config)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "text analyzer",
												  ALLOCSET_DEFAULT_SIZES);
	MvAnalyzer *analyzer = MemoryContextAllocZero(context, sizeof(MvAnalyzer));

	lookup_ts_config_cache(config);
	analyzer->config = config;
	analyzer->context = context;
	analyzer->scratch = AllocSetContextCreate(context, "words", ALLOCSET_DEFAULT_SIZES);
	analyzer->cache = mv_word_cache_create(context);
	analyzer->generation = mv_config_generation();
	analyzer->size = 16;
	analyzer->queue = MemoryContextAlloc(context, sizeof(Word) * analyzer->size);
	return analyzer;
}

void
mv_analyzer_close(MvAnalyzer *analyzer)
{
	MemoryContextDelete(analyzer->context);
}

/* ---- terms go out ---- */

static void
emit_lexeme(Run *run, const char *lexeme, int len)
{
	MemoryContext old;

	if (len == 0 || len > MV_MAX_TERM)
		return;
	old = MemoryContextSwitchTo(run->caller);
	run->each(lexeme, len, run->position, run->arg);
	MemoryContextSwitchTo(old);
}

static void
emit_known(Run *run, const MvKnownWord *word)
{
	const char *lexeme = word->bytes + word->len;

	if (!word->known)
		return;
	run->position++;
	for (int i = 0; i < word->nlexemes; i++)
	{
		run->position += word->add_position[i];
		emit_lexeme(run, lexeme, word->lexeme_len[i]);
		lexeme += word->lexeme_len[i];
	}
}

/* Was the lexeme given before at the same position? */
static bool
repeated(const TSLexeme *lexemes, int i)
{
	for (int j = i; j > 0 && !(lexemes[j].flags & TSL_ADDPOS); j--)
		if (strcmp(lexemes[j - 1].lexeme, lexemes[i].lexeme) == 0)
			return true;
	return false;
}

/* What a dictionary made of one or more words. */
static void
emit(Run *run, const TSLexeme *lexemes)
{
	run->position++;
	for (int i = 0; lexemes[i].lexeme != NULL; i++)
	{
		if (lexemes[i].flags & TSL_ADDPOS)
			run->position++;
		if (!repeated(lexemes, i))
			emit_lexeme(run, lexemes[i].lexeme, strlen(lexemes[i].lexeme));
	}
}

/* Remember what the dictionaries, asked about this word alone, say of it; NULL: nothing. */
static void
remember(Run *run, const Word *word, const TSLexeme *lexemes)
{
	MvKnownWord known = {.known = lexemes != NULL};
	const char *bytes[MV_KNOWN_LEXEMES];

	for (int i = 0; lexemes != NULL && lexemes[i].lexeme != NULL; i++)
	{
		int			n = known.nlexemes;
		Size		len = strlen(lexemes[i].lexeme);

		if (repeated(lexemes, i))
			continue;
		if (n == MV_KNOWN_LEXEMES || len > MV_KNOWN_BYTES)
			return;
		known.lexeme_len[n] = len;
		known.add_position[n] = (lexemes[i].flags & TSL_ADDPOS) != 0;
		bytes[n] = lexemes[i].lexeme;
		known.nlexemes++;
	}
	mv_word_cache_add(run->analyzer->cache, word->type, word->bytes, word->len, &known, bytes);
}

/* ---- dictionaries ---- */

static TSLexeme *
ask(Run *run, Oid dictionary, const char *bytes, int len)
{
	TSDictionaryCacheEntry *entry = lookup_ts_dictionary_cache(dictionary);

	run->state.getnext = false;
	return (TSLexeme *)
		DatumGetPointer(FunctionCall4(&entry->lexize, PointerGetDatum(entry->dictData),
									  PointerGetDatum(bytes), Int32GetDatum(len),
									  PointerGetDatum(&run->state)));
}

/* The dictionaries for a type of word; NULL if there are none. */
static const ListDictionary *
dictionaries(const Run *run, int type)
{
	if (type <= 0 || type >= run->config->lenmap || run->config->map[type].len == 0)
		return NULL;
	return &run->config->map[type];
}

static void
advance(Run *run, int head)
{
	run->analyzer->head = head;
	run->first_dictionary = 0;
	run->asking = InvalidOid;
	run->best = NULL;
}

/* Ask about the word at the head alone. */
static void
ask_about_head(Run *run)
{
	MvAnalyzer *analyzer = run->analyzer;
	const Word *word = &analyzer->queue[analyzer->head];
	const ListDictionary *list = dictionaries(run, word->type);
	const char *bytes = word->bytes;
	int			len = word->len;
	bool		alone = run->first_dictionary == 0; /* no dictionary has asked for more */

	for (int i = run->first_dictionary; list != NULL && i < list->len; i++)
	{
		Oid			dictionary = list->dictIds[i];
		TSLexeme   *lexemes;

		run->state.isend = false;
		run->state.private_state = NULL;
		lexemes = ask(run, dictionary, bytes, len);
		if (run->state.getnext)
		{
			run->asking = dictionary;
			run->first_dictionary = i + 1;
			run->next = analyzer->head + 1;
			run->best = lexemes;
			run->best_end = analyzer->head + 1;
			return;
		}
		if (lexemes == NULL)
			continue;
		if (lexemes->flags & TSL_FILTER)
		{
			bytes = lexemes->lexeme;
			len = strlen(bytes);
			continue;
		}
		if (alone)
			remember(run, word, lexemes);
		emit(run, lexemes);
		advance(run, analyzer->head + 1);
		return;
	}
	if (alone && list != NULL)
		remember(run, word, NULL);
	advance(run, analyzer->head + 1);
}

/* Is the dictionary asked about words of this type? */
static bool
takes(const ListDictionary *list, Oid dictionary)
{
	for (int i = 0; i < list->len; i++)
		if (list->dictIds[i] == dictionary)
			return true;
	return false;
}

/*
 * Give the dictionary that asked for it the words that follow the head.
 *
 * returns	false if it wants more than there are
 */
static bool
ask_about_more(Run *run)
{
	MvAnalyzer *analyzer = run->analyzer;

	for (; run->next < analyzer->n; run->next++)
	{
		const Word *word = &analyzer->queue[run->next];
		const ListDictionary *list = dictionaries(run, word->type);
		TSLexeme   *lexemes;

		if (word->type != 0 && list == NULL)
			continue;
		if (word->type != 0 && !takes(list, run->asking))
			break;
		run->state.isend = word->type == 0;
		lexemes = ask(run, run->asking, word->bytes, word->len);
		if (run->state.getnext)
		{
			if (lexemes != NULL)
			{
				run->best = lexemes;
				run->best_end = run->next + 1;
			}
			continue;
		}
		if (lexemes != NULL)
		{
			run->best = lexemes;
			run->best_end = run->next + 1;
		}
		if (run->best == NULL)
			break;
		emit(run, run->best);
		advance(run, run->best_end);
		return true;
	}
	if (run->next >= analyzer->n)
		return false;

	/* Those after it are asked about the head. */
	run->asking = InvalidOid;
	run->best = NULL;
	return true;
}

/* ---- the text ---- */

static void
push(MvAnalyzer *analyzer, const Word *word)
{
	if (analyzer->head == analyzer->n)
		analyzer->head = analyzer->n = 0;
	if (analyzer->n == analyzer->size)
	{
		analyzer->size *= 2;
		analyzer->queue = repalloc(analyzer->queue, sizeof(Word) * analyzer->size);
	}
	analyzer->queue[analyzer->n++] = *word;
}

static void
take(Run *run, const Word *word)
{
	MvAnalyzer *analyzer = run->analyzer;

	/* Nearly always nothing is open, and the word is known. */
	if (analyzer->head == analyzer->n)
	{
		const MvKnownWord *known;

		if (word->type == 0 || dictionaries(run, word->type) == NULL)
			return;
		known = mv_word_cache_find(analyzer->cache, word->type, word->bytes, word->len);
		if (known != NULL)
		{
			emit_known(run, known);
			return;
		}
	}
	push(analyzer, word);
	while (analyzer->head < analyzer->n)
	{
		if (!OidIsValid(run->asking))
			ask_about_head(run);
		else if (!ask_about_more(run))
			return;
	}
}

/* Nothing that an earlier text left behind by an error; nothing that has changed since. */
static void
prepare(MvAnalyzer *analyzer)
{
	MemoryContextReset(analyzer->scratch);
	analyzer->head = analyzer->n = 0;
	if (analyzer->generation != mv_config_generation())
	{
		mv_word_cache_clear(analyzer->cache);
		analyzer->generation = mv_config_generation();
	}
}

uint32
mv_analyze(MvAnalyzer *analyzer, const char *text, int len, uint32 before, MvTermFn each,
		   void *arg)
{
	Run			run = {.analyzer = analyzer, .position = before, .each = each, .arg = arg,
		.caller = CurrentMemoryContext};
	TSParserCacheEntry *parser;
	void	   *parsing;
	Word		word;
	MemoryContext old;

	prepare(analyzer);
	run.config = lookup_ts_config_cache(analyzer->config);
	parser = lookup_ts_parser_cache(run.config->prsId);
	old = MemoryContextSwitchTo(analyzer->scratch);
	parsing = DatumGetPointer(FunctionCall2(&parser->prsstart, PointerGetDatum(text),
											Int32GetDatum(len)));
	do
	{
		char	   *bytes = NULL;

		CHECK_FOR_INTERRUPTS();
		word.len = 0;
		word.type = DatumGetInt32(FunctionCall3(&parser->prstoken, PointerGetDatum(parsing),
												PointerGetDatum(&bytes),
												PointerGetDatum(&word.len)));
		word.bytes = bytes;
		if (word.len <= MV_MAX_TERM)
			take(&run, &word);
	} while (word.type > 0);
	FunctionCall1(&parser->prsend, PointerGetDatum(parsing));
	MemoryContextSwitchTo(old);
	return run.position;
}

static void
analyze_array(MvAnalyzer *analyzer, ArrayType *array, MvTermFn each, void *arg)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	uint32		before = 0;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		text	   *element;

		if (nulls[i])
			continue;
		element = DatumGetTextPP(values[i]);
		before = mv_analyze(analyzer, VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element), before,
							each, arg) + MV_ELEMENT_GAP;
	}
	pfree(values);
	pfree(nulls);
}

void
mv_analyze_field(MvAnalyzer *analyzer, const MvFtsField *field, Datum value, MvTermFn each,
				 void *arg)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);

	if (field->array)
		analyze_array(analyzer, DatumGetArrayTypeP(PointerGetDatum(bytes)), each, arg);
	else
		mv_analyze(analyzer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), 0, each, arg);
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}
