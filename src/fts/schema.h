/*
 * schema.h -- what the columns and options of a bm25 index say.
 *
 * Key columns are of two kinds: fields, whose text is searched (their operator
 * class has support function MV_FIELD_PROC), and attributes, by which results are
 * filtered.  Both are numbered from 0 in the order of the columns.
 */
#pragma once

#include "access/reloptions.h"
#include "utils/relcache.h"

#include "index/attribute.h"

/* Support function of operator classes of fields; never called. */
#define MV_FIELD_PROC 1
#define MV_FIELD_PROCS 1

/* Strategies of fields.  Those of attributes are btree's. */
#define MV_FIELD_DISTANCE 1			/* <@> (column, bm25query), for ORDER BY */
#define MV_FIELD_MATCH 2			/* @@@ (column, bm25query) */

#define MV_MAX_FIELDS 32			/* INDEX_MAX_KEYS, together with attributes */

typedef struct MvFtsField
{
	AttrNumber	attno;			/* in the index */
	const char *name;			/* of the index's column */
	bool		array;			/* text[], else text */
	float		boost;
} MvFtsField;

typedef struct MvFtsSchema
{
	Oid			config;			/* text search configuration */
	float		k1;
	float		b;
	bool		positions;		/* kept, for phrases */
	int			nfields;		/* at least 1 */
	int			nattributes;
	MvFtsField	fields[MV_MAX_FIELDS];
	MvAttribute attributes[MV_MAX_FIELDS];
} MvFtsSchema;

/* In the current memory context.  42P17 if no column is a field. */
MvFtsSchema *mv_fts_schema(Relation index);

/* WITH (...), as amoptions; also tells a bm25 index from others. */
bytea	   *mv_fts_options(Datum reloptions, bool validate);
bool		mv_is_fts_index(Relation index);

/* The text search configuration that options, or none, say. */
Oid			mv_fts_options_config(const bytea *options);

/* Define the kind of options; once, when the library is loaded. */
void		mv_fts_options_init(void);

/* Have partitioned indexes depend on their configurations; likewise.  partitioned.c */
void		mv_fts_partitioned_init(void);
