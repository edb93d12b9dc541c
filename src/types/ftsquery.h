/*
 * ftsquery.h -- type ftsquery: a structured full-text query, not yet analysed.
 */
#pragma once

#include "fmgr.h"

#include "core/ftsquery.h"

typedef struct MvFtsQuery
{
	int32		vl_len_;
	MvFtsTree	tree;
} MvFtsQuery;

#define DatumGetFtsQuery(x) ((MvFtsQuery *) PG_DETOAST_DATUM(x))
#define PG_GETARG_FTSQUERY(n) DatumGetFtsQuery(PG_GETARG_DATUM(n))

/* The query as a palloc'd C string. */
char	   *mv_ftsquery_text(const MvFtsTree *tree);

/* A phrase, and any `min` of the words between white space; both palloc'd. */
MvFtsQuery *mv_ftsquery_phrase(const char *words, int len, int slop);
MvFtsQuery *mv_ftsquery_any(const char *words, int len, int min);
