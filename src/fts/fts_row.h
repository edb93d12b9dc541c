/*
 * fts_row.h -- from a row to a document; for the store only.
 */
#pragma once

#include "fts/fts.h"
#include "fts/store.h"

struct MvFtsRows
{
	MvFtsSchema *schema;
	MvAnalyzer *analyzer;
	MvFtsInvert *invert;		/* that terms are added to */
	MemoryContext context;		/* reset for each row */
	uint64		checked;		/* mv_config_generation(): the configuration was the index's */
};

/* The row's terms to rows->invert, as those of a document; all else but the TID to doc. */
void		mv_fts_row(MvFtsRows *rows, uint32 number, Datum *values, bool *isnull, MvFtsDoc *doc);

/* 55000 if the index was built with other text search. */
void		mv_fts_check_config(Relation index, const MvFtsMeta *meta, const MvFtsSchema *schema);
