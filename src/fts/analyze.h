/*
 * analyze.h -- text to terms.
 *
 * An analyzer is a text search configuration of PostgreSQL, whose parser and
 * dictionaries are called directly: a document of any length, any number of
 * occurrences, positions to 2^32.  Terms and positions are those of
 * to_tsvector(), where it has no limit to obey.
 */
#pragma once

#include "fts/schema.h"

/* Longer words are not indexed, in to_tsvector() neither; nor is the empty one. */
#define MV_MAX_TERM 2046

/* Positions between the elements of an array: no phrase goes across. */
#define MV_ELEMENT_GAP 100

typedef struct MvAnalyzer MvAnalyzer;

/*
 * Called for every occurrence of a term, in the order of positions, in the memory
 * context that was current for mv_analyze().
 *
 * term			len bytes, 1 .. MV_MAX_TERM, of the database's encoding; not
 *				terminated, gone after the call
 * position		from 1; several terms may have the same one, but no term twice;
 *				words that are not indexed (stop words) leave gaps
 *
 * The length of a document, as BM25 means it, is the number of calls.
 */
typedef void (*MvTermFn) (const char *term, int len, uint32 position, void *arg);

/*
 * mv_analyzer_open -- for many documents; lives in the current memory context.
 *
 * config	OID of a text search configuration (fts/config.h, which also tells
 *			whether it is what it was when an index was built)
 *
 * Dictionaries are user code: call nothing of this with a buffer locked.
 */
MvAnalyzer *mv_analyzer_open(Oid config);
void		mv_analyzer_close(MvAnalyzer *analyzer);

/*
 * mv_analyze -- the terms of a text.
 *
 * text		len bytes, not terminated
 * before	position of the last word before it, 0 at the beginning
 * returns	the position of the last word, indexed or not
 */
uint32		mv_analyze(MvAnalyzer *analyzer, const char *text, int len, uint32 before,
					   MvTermFn each, void *arg);

/*
 * mv_analyze_field -- the terms of a field's value: a text, or an array whose
 * elements are MV_ELEMENT_GAP apart and whose NULLs do not count.
 */
void		mv_analyze_field(MvAnalyzer *analyzer, const MvFtsField *field, Datum value,
							 MvTermFn each, void *arg);
