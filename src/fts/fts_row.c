/*
 * fts_row.c -- from a row to a document: columns to terms, lengths and keys.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fts/config.h"
#include "fts/fts_maintain.h"
#include "fts/fts_pending.h"
#include "fts/fts_row.h"

MvFtsRows *
mv_fts_rows_begin(Relation index)
{
	MvFtsRows  *rows = palloc0(sizeof(MvFtsRows));

	rows->schema = mv_fts_schema(index);
	rows->analyzer = mv_analyzer_open(rows->schema->config);
	rows->invert = mv_fts_invert_create(CurrentMemoryContext);
	rows->context = AllocSetContextCreate(CurrentMemoryContext, "bm25 row",
										  ALLOCSET_DEFAULT_SIZES);
	return rows;
}

/* What an occurrence of a term is added to. */
typedef struct Adding
{
	MvFtsInvert *invert;
	uint32		doc;
	int			field;
	uint32		length;
} Adding;

static void
add_term(const char *term, int len, uint32 position, void *arg)
{
	Adding	   *adding = arg;

	mv_fts_invert_add(adding->invert, adding->doc, adding->field, term, len, position);
	adding->length++;
}

void
mv_fts_row(MvFtsRows *rows, uint32 number, Datum *values, bool *isnull, MvFtsDoc *doc)
{
	const MvFtsSchema *schema = rows->schema;
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	for (int f = 0; f < schema->nfields; f++)
	{
		const MvFtsField *field = &schema->fields[f];
		Adding		adding = {.invert = rows->invert, .doc = number, .field = f};

		if (isnull[field->attno - 1])
		{
			doc->lengths[f] = PG_UINT32_MAX;
			continue;
		}
		mv_analyze_field(rows->analyzer, field, values[field->attno - 1], add_term, &adding);
		doc->lengths[f] = adding.length;
	}
	for (int a = 0; a < schema->nattributes; a++)
	{
		const MvAttribute *attribute = &schema->attributes[a];
		int			i = attribute->attno - 1;

		doc->keys[a] = mv_attribute_key(attribute, values[i], isnull[i]);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->context);
}

void
mv_fts_check_config(Relation index, const MvFtsMeta *meta, const MvFtsSchema *schema)
{
	/* Not the OID, which pg_upgrade changes. */
	if (meta->fingerprint == mv_config_fingerprint(schema->config))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the text search configuration of index \"%s\" is not as it was when the "
					"index was built",
					RelationGetRelationName(index)),
			 errhint("Please REINDEX it.")));
}

static void
check_rows(Relation index, const MvFtsMeta *meta, MvFtsRows *rows)
{
	uint64		now = mv_config_generation();

	if (rows->checked != now)
		mv_fts_check_config(index, meta, rows->schema);
	rows->checked = now;
}

void
mv_fts_insert(Relation index, Relation heap, MvFtsRows *rows, Datum *values, bool *isnull,
			  ItemPointer tid)
{
	MemoryContext old;
	MvFtsMeta	meta;
	MvFtsDoc	doc = {.tid = *tid};
	StringInfoData content;

	mv_fts_read_meta(index, &meta);
	mv_fts_row(rows, 0, values, isnull, &doc);
	/* Afterwards: the analyzer takes notice of changes at any word. */
	check_rows(index, &meta, rows);
	old = MemoryContextSwitchTo(rows->context);
	initStringInfo(&content);
	mv_fts_pending_form(rows->invert, meta.positions != 0, &content);
	mv_fts_pending_append(index, heap, &meta, &doc, &content);
	mv_fts_invert_reset(rows->invert);
	if (meta.pending_pages >= MV_FTS_PENDING_LIMIT)
		mv_fts_maintain_some(index, heap);
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->context);
}
