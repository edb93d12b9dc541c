/*
 * schema.c -- columns and options of a bm25 index.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "access/reloptions.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "compat.h"
#include "fts/config.h"
#include "fts/schema.h"

#define DEFAULT_CONFIG "pg_catalog.simple"

#define DEFAULT_K1 1.2
#define DEFAULT_B 0.75

typedef struct Options
{
	int32		vl_len_;
	double		k1;
	double		b;
	bool		positions;
	int			text_config;	/* offset of a string, 0: none */
	int			boosts;
} Options;

static relopt_kind options_kind;

/* ---- WITH (...) ---- */

static void
check_config(const char *name)
{
	if (name != NULL)
		mv_config_oid(name);
}

/* The boost after = in an element of boosts; where it stands is set to the end of the name. */
static float
boost_of(char *element)
{
	char	   *equals = strrchr(element, '=');
	char	   *end;
	double		boost;

	if (equals == NULL || equals == element)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"boosts\": \"%s\"", element),
				 errhint("Write boosts = 'title=2, body=1'.")));
	boost = strtod(equals + 1, &end);
	if (end == equals + 1 || *end != '\0' || !(boost > 0) || boost > 1e6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("boost \"%s\" must be a number above 0 and at most 1000000", equals + 1)));
	*equals = '\0';
	return boost;
}

/* Elements "name=boost" of a copy of the option; blanks around them do not count. */
static List *
split_boosts(const char *boosts)
{
	List	   *elements;

	if (!SplitGUCList(pstrdup(boosts), ',', &elements))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"boosts\": \"%s\"", boosts),
				 errhint("Write boosts = 'title=2, body=1'.")));
	return elements;
}

static void
check_boosts(const char *boosts)
{
	ListCell   *lc;

	if (boosts == NULL)
		return;
	foreach(lc, split_boosts(boosts))
		boost_of(lfirst(lc));
}

void
mv_fts_options_init(void)
{
	options_kind = add_reloption_kind();
	add_real_reloption(options_kind, "b", "How much the length of a document counts", DEFAULT_B,
					   0, 1, AccessExclusiveLock);
	add_string_reloption(options_kind, "boosts", "Weights of fields, such as title=2", NULL,
						 check_boosts, AccessExclusiveLock);
	add_real_reloption(options_kind, "k1", "How soon more occurrences count no more", DEFAULT_K1,
					   0, 100, AccessExclusiveLock);
	add_bool_reloption(options_kind, "positions", "Keep positions, for phrases", true,
					   AccessExclusiveLock);
	add_string_reloption(options_kind, "text_config", "Text search configuration", NULL,
						 check_config, AccessExclusiveLock);
}

bytea *
mv_fts_options(Datum reloptions, bool validate)
{
	static const relopt_parse_elt table[] = {
		{.optname = "b", .opttype = RELOPT_TYPE_REAL, .offset = offsetof(Options, b)},
		{.optname = "boosts", .opttype = RELOPT_TYPE_STRING, .offset = offsetof(Options, boosts)},
		{.optname = "k1", .opttype = RELOPT_TYPE_REAL, .offset = offsetof(Options, k1)},
		{.optname = "positions", .opttype = RELOPT_TYPE_BOOL,
		 .offset = offsetof(Options, positions)},
		{.optname = "text_config", .opttype = RELOPT_TYPE_STRING,
		 .offset = offsetof(Options, text_config)},
	};

	return (bytea *) build_reloptions(reloptions, validate, options_kind, sizeof(Options), table,
									  lengthof(table));
}

bool
mv_is_fts_index(Relation index)
{
	return index->rd_indam != NULL && index->rd_indam->amoptions == mv_fts_options;
}

/* ---- columns ---- */

static bool
is_field(Relation index, int column)
{
	int			nprocs = index->rd_indam->amsupport;

	return OidIsValid(index->rd_support[column * nprocs + MV_FIELD_PROC - 1]);
}

static void
set_boosts(MvFtsSchema *schema, Relation index, const char *boosts)
{
	ListCell   *lc;

	foreach(lc, split_boosts(boosts))
	{
		char	   *name = lfirst(lc);
		float		boost = boost_of(name);
		bool		found = false;

		for (int i = 0; i < schema->nfields; i++)
		{
			if (strcmp(schema->fields[i].name, name) != 0)
				continue;
			schema->fields[i].boost = boost;
			found = true;
		}
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("option \"boosts\" names \"%s\", which is no text column of index "
							"\"%s\"", name, RelationGetRelationName(index))));
	}
}

Oid
mv_fts_options_config(const bytea *options)
{
	const char *name = options == NULL ? NULL :
		GET_STRING_RELOPTION((const Options *) options, text_config);

	return mv_config_oid(name != NULL ? name : DEFAULT_CONFIG);
}

MvFtsSchema *
mv_fts_schema(Relation index)
{
	MvFtsSchema *schema = palloc0(sizeof(MvFtsSchema));
	const Options defaults = {.k1 = DEFAULT_K1, .b = DEFAULT_B, .positions = true};
	const Options *options = index->rd_options == NULL ? &defaults :
		(const Options *) index->rd_options;
	const char *boosts = GET_STRING_RELOPTION(options, boosts);

	schema->config = mv_fts_options_config(index->rd_options);
	schema->k1 = options->k1;
	schema->b = options->b;
	schema->positions = options->positions;
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		MvFtsField *field;

		if (!is_field(index, i))
		{
			schema->attributes[schema->nattributes++] = mv_attribute(index, i);
			continue;
		}
		field = &schema->fields[schema->nfields++];
		field->attno = i + 1;
		field->name = pstrdup(NameStr(TupleDescAttr(RelationGetDescr(index), i)->attname));
		field->array = index->rd_opcintype[i] == TEXTARRAYOID;
		field->boost = 1;
	}
	if (schema->nfields == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("index \"%s\" has no text column to search in",
						RelationGetRelationName(index))));
	if (boosts != NULL)
		set_boosts(schema, index, boosts);
	return schema;
}
