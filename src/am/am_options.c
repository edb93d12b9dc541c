/*
 * am_options.c -- what the access methods differ in: options, settings, what they
 * refuse.
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "catalog/pg_type_d.h"

#include "am/am.h"
#include "compat.h"
#include "core/rabitq.h"
#include "guc.h"
#include "index/options.h"

/* Recall wanted where milvus.target_recall does not say. */
#define DEFAULT_RECALL 0.95

static relopt_kind ivf_options;
static relopt_kind ivfflat_options;

void
mv_options_init(void)
{
	static relopt_enum_elt_def rerank[] = {
		{"f16", MV_RERANK_F16},
		{"f32", MV_RERANK_F32},
		{"heap", MV_RERANK_HEAP},
		{"none", MV_RERANK_NONE},
		{NULL, 0},
	};

	ivf_options = add_reloption_kind();
	add_int_reloption(ivf_options, "bits", "Bits of a code, per dimension", 1, 1,
					  MV_RABITQ_MAX_BITS, AccessExclusiveLock);
	add_int_reloption(ivf_options, "lists", "Number of lists; 0 chooses by the number of rows",
					  0, 0, MV_MAX_LISTS, AccessExclusiveLock);
	add_enum_reloption(ivf_options, "rerank", "By what the nearest rows are ranked again", rerank,
					   MV_RERANK_F16,
					   "Valid values are \"f16\", \"f32\", \"heap\" and \"none\".",
					   AccessExclusiveLock);

	ivfflat_options = add_reloption_kind();
	add_int_reloption(ivfflat_options, "lists", "Number of lists", 100, 1,
					  MV_IVFFLAT_MAX_LISTS, AccessExclusiveLock);
}

/* ---- ivf ---- */

static bytea *
parse_ivf(Datum reloptions, bool validate)
{
	static const relopt_parse_elt table[] = {
		{.optname = "bits", .opttype = RELOPT_TYPE_INT, .offset = offsetof(MvIndexOptions, bits)},
		{.optname = "lists", .opttype = RELOPT_TYPE_INT, .offset = offsetof(MvIndexOptions, lists)},
		{.optname = "rerank", .opttype = RELOPT_TYPE_ENUM,
		 .offset = offsetof(MvIndexOptions, rerank)},
	};

	return (bytea *) build_reloptions(reloptions, validate, ivf_options, sizeof(MvIndexOptions),
									  table, lengthof(table));
}

static void
ivf_effort(MvEffort *effort)
{
	effort->probes = mv_probes;
	effort->recall = mv_target_recall > 0 ? mv_target_recall : DEFAULT_RECALL;
	effort->max_probes = 0;
}

const MvAccessMethod mv_am_ivf = {
	.name = "ivf",
	.method = &mv_ivf_method,
	.options = parse_ivf,
	.effort = ivf_effort,
};

/* ---- ivfflat ---- */

static bytea *
parse_ivfflat(Datum reloptions, bool validate)
{
	static const relopt_parse_elt table[] = {
		{.optname = "lists", .opttype = RELOPT_TYPE_INT, .offset = offsetof(MvIndexOptions, lists)},
	};
	MvIndexOptions *options = build_reloptions(reloptions, validate, ivfflat_options,
											   sizeof(MvIndexOptions), table, lengthof(table));

	if (options != NULL)
	{
		options->bits = 1;
		options->rerank = MV_RERANK_F16;
	}
	return (bytea *) options;
}

/*
 * iterative_scan = off goes on until the last row: pgvector would return fewer
 * rows than match.  relaxed_order keeps pgvector's limit.
 */
static void
ivfflat_effort(MvEffort *effort)
{
	MvIvfflatSettings settings;

	mv_ivfflat_settings(&settings);
	effort->probes = mv_target_recall > 0 ? 0 : settings.probes;
	effort->recall = mv_target_recall > 0 ? mv_target_recall : DEFAULT_RECALL;
	effort->max_probes = settings.iterative_scan == MV_ITERATIVE_OFF ? 0 :
		Max(settings.max_probes, settings.probes);
}

const MvAccessMethod mv_am_ivfflat = {
	.name = "ivfflat",
	.method = &mv_ivf_method,
	.options = parse_ivfflat,
	.effort = ivfflat_effort,
	.as_pgvector = true,
};

/* ---- all ---- */

const MvAccessMethod *
mv_access_method(Relation index)
{
	static const MvAccessMethod *const methods[] = {&mv_am_ivf, &mv_am_ivfflat};

	for (int i = 0; i < lengthof(methods); i++)
		if (index->rd_indam->amoptions == methods[i]->options)
			return methods[i];
	return NULL;
}

const MvIndexMethod *
mv_method_of(Relation index)
{
	return mv_access_method(index)->method;
}

void
mv_am_effort(Relation index, MvEffort *effort)
{
	mv_access_method(index)->effort(effort);
}

/* The code of a bit string is the string, and nothing is left to rank again. */
static void
check_options(Relation index, const MvOpclass *opclass)
{
	if (opclass->elem->kind != MV_BIT)
		return;
	if (mv_index_option_bits(index) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"bits\" is %d, and a code of type bit has 1 per dimension",
						mv_index_option_bits(index))));
	if (mv_index_option_rerank(index) == MV_RERANK_F32 ||
		mv_index_option_rerank(index) == MV_RERANK_HEAP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"rerank\" is not for type bit, whose codes are exact")));
}

int
mv_am_check_index(Relation index)
{
	const MvAccessMethod *am = mv_access_method(index);
	const MvOpclass *opclass = mv_index_opclass(index);
	Form_pg_attribute column = TupleDescAttr(index->rd_att, 0);
	int			max_dim = mv_index_max_dim(opclass);

	/* It passes for bit, but its length is an upper limit only. */
	if (column->atttypid == VARBITOID)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("type not supported for %s index", am->name),
				 am->as_pgvector ? 0 :
				 errhint("Index an expression such as (column::bit(64)).")));
	if (column->atttypmod < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column does not have dimensions"),
				 errhint("Declare it with its number of dimensions, such as %s(384).",
						 opclass->elem->type)));
	if (column->atttypmod > max_dim)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column cannot have more than %d dimensions for %s index", max_dim,
						am->name)));
	if (am->as_pgvector && column->atttypmod == 1 &&
		(opclass->metric == MV_IP || opclass->metric == MV_COSINE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions must be greater than one for this opclass")));
	check_options(index, opclass);
	return column->atttypmod;
}

void
mv_am_check_rows(Relation index, double rows)
{
	if (mv_access_method(index)->as_pgvector && rows < mv_index_option_lists(index))
		ereport(NOTICE,
				(errmsg("ivfflat index created with little data"),
				 errdetail("This will cause low recall."),
				 errhint("Drop the index until the table has more data.")));
}
