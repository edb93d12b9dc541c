/*
 * am_options.c -- what the access methods differ in: options, settings, what they
 * refuse.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "access/reloptions.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"

#include "am/am.h"
#include "compat.h"
#include "core/rabitq.h"
#include "guc.h"
#include "index/options.h"

/* Recall wanted where milvus.target_recall does not say. */
#define DEFAULT_RECALL 0.95

static relopt_kind ivf_options;
static relopt_kind ivfflat_options;
static relopt_kind hnsw_options;
static relopt_kind cagra_options;

static void
add_graph_options(relopt_kind kind)
{
	add_int_reloption(kind, "ef_construction", "Rows looked at for the neighbours of a new one",
					  64, 4, 1000, AccessExclusiveLock);
	add_int_reloption(kind, "m", "Half the neighbours of a row", 16, 2, 100, AccessExclusiveLock);
}

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

	hnsw_options = add_reloption_kind();
	add_graph_options(hnsw_options);
	cagra_options = add_reloption_kind();
	add_graph_options(cagra_options);
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
ivf_effort(Relation index, MvEffort *effort)
{
	effort->probes = mv_probes;
	effort->recall = mv_target_recall > 0 ? mv_target_recall : DEFAULT_RECALL;
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
ivfflat_effort(Relation index, MvEffort *effort)
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
	.as_ivfflat = true,
};

/* ---- hnsw ---- */

/* m and ef_construction; the rest is fixed. */
static bytea *
parse_graph(Datum reloptions, bool validate, relopt_kind kind, MvGraphWanted graph)
{
	static const relopt_parse_elt table[] = {
		{.optname = "ef_construction", .opttype = RELOPT_TYPE_INT,
		 .offset = offsetof(MvIndexOptions, ef_construction)},
		{.optname = "m", .opttype = RELOPT_TYPE_INT, .offset = offsetof(MvIndexOptions, m)},
	};
	MvIndexOptions *options = build_reloptions(reloptions, validate, kind,
											   sizeof(MvIndexOptions), table, lengthof(table));

	if (options != NULL)
	{
		options->lists = 0;
		options->bits = 1;
		options->rerank = MV_RERANK_F16;
		options->graph = graph;
	}
	return (bytea *) options;
}

static bytea *
parse_hnsw(Datum reloptions, bool validate)
{
	return parse_graph(reloptions, validate, hnsw_options, MV_GRAPH_BY_SIZE);
}

/*
 * The recall that pgvector's hnsw has with an ef_search, or a better one: on a
 * million embeddings 1 - 1.4 / ef_search, on harder ones less, in few dimensions
 * or rows more.  There a curve learnt from rows says little of queries that come
 * from elsewhere, to which a graph finds its way; but lists are cheap.
 */
#define EF_MISSES 1.6
#define EF_HARD 6.4e6			/* rows times dimensions from which on that is so */
#define EF_LISTS 0.4			/* below, so many lists for 1 of ef_search */

static void
effort_of_ef(Relation index, int ef_search, MvEffort *effort)
{
	double		rows = index->rd_rel->reltuples;
	double		ease = Min(sqrt(Max(rows, 0) * mv_index_space(index).dim / EF_HARD), 1);

	if (rows <= 0)
		ease = 1;
	effort->ef_search = ef_search;
	effort->recall = Max(1 - EF_MISSES * ease / ef_search, 0.5);
	effort->min_probes = ease < 1 ? (int) ceil(EF_LISTS * ef_search) : 0;
}

static void
hnsw_effort(Relation index, MvEffort *effort)
{
	MvHnswSettings settings;

	mv_hnsw_settings(&settings);
	if (mv_target_recall > 0)
		effort->recall = mv_target_recall;
	else
		effort_of_ef(index, settings.ef_search, effort);
}

/*
 * iterative_scan = off goes on until the last row: pgvector would return fewer
 * rows than match.  The other two keep pgvector's limits, and put ef_search rows at
 * once in order, as it does.
 */
static void
hnsw_limits(MvScanLimits *limits)
{
	MvHnswSettings settings;

	mv_hnsw_settings(&settings);
	if (settings.iterative_scan == MV_ITERATIVE_OFF)
		return;
	limits->rows = settings.max_scan_tuples;
	limits->memory = (Size) (settings.scan_mem_multiplier * work_mem * 1024);
	limits->first_rows = limits->ahead = settings.ef_search;
	limits->ascending = settings.iterative_scan == MV_ITERATIVE_STRICT;
}

const MvAccessMethod mv_am_hnsw = {
	.name = "hnsw",
	.method = &mv_graph_method,
	.options = parse_hnsw,
	.effort = hnsw_effort,
	.limits = hnsw_limits,
	.as_pgvector = true,
	.as_hnsw = true,
};

/* ---- cagra ---- */

static bytea *
parse_cagra(Datum reloptions, bool validate)
{
	return parse_graph(reloptions, validate, cagra_options, MV_GRAPH_ALWAYS);
}

static void
cagra_effort(Relation index, MvEffort *effort)
{
	effort->recall = mv_target_recall > 0 ? mv_target_recall : DEFAULT_RECALL;
}

const MvAccessMethod mv_am_cagra = {
	.name = "cagra",
	.method = &mv_graph_method,
	.options = parse_cagra,
	.effort = cagra_effort,
};

/* ---- all ---- */

const MvAccessMethod *
mv_access_method(Relation index)
{
	static const MvAccessMethod *const methods[] = {&mv_am_ivf, &mv_am_ivfflat, &mv_am_hnsw,
														&mv_am_cagra};

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
	memset(effort, 0, sizeof(*effort));
	mv_access_method(index)->effort(index, effort);
}

void
mv_am_limits(Relation index, MvScanLimits *limits)
{
	memset(limits, 0, sizeof(*limits));
	if (mv_access_method(index)->limits != NULL)
		mv_access_method(index)->limits(limits);
}

bool
mv_am_has_limits(Relation index)
{
	MvScanLimits limits;
	MvEffort	effort;

	mv_am_limits(index, &limits);
	mv_am_effort(index, &effort);
	return limits.rows > 0 || effort.max_probes > 0;
}

/* The code of a bit string is the string, and nothing is left to rank again. */
static void
check_options(Relation index, const MvOpclass *opclass)
{
	const MvIndexOptions *options = mv_index_options(index);

	if (options->ef_construction < 2 * options->m)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ef_construction must be greater than or equal to 2 * m")));
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

/* The first column is a vector, the others are attributes. */
static void
check_columns(Relation index, const MvAccessMethod *am)
{
	if (!OidIsValid(index_getprocid(index, 1, MV_METRIC_PROC)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("the first column of an index of access method %s must be a vector",
						am->name),
				 errhint("Write the columns to filter by after it.")));
	for (int i = 1; i <= mv_count_attributes(index); i++)
		if (OidIsValid(index_getprocid(index, (AttrNumber) (i + 1), MV_METRIC_PROC)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("column %d of an index of access method %s cannot be a vector", i + 1,
							am->name),
					 errdetail("The first column is searched, the others are to filter by."),
					 errhint("Create an index for each vector column.")));
}

void
mv_am_check_index(Relation index)
{
	const MvAccessMethod *am = mv_access_method(index);
	const MvOpclass *opclass;
	Form_pg_attribute column = TupleDescAttr(index->rd_att, 0);
	int			max_dim;

	check_columns(index, am);
	opclass = mv_index_opclass(index);
	max_dim = mv_index_max_dim(opclass);

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
	if (am->as_ivfflat && column->atttypmod == 1 &&
		(opclass->metric == MV_IP || opclass->metric == MV_COSINE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions must be greater than one for this opclass")));
	check_options(index, opclass);
}

/* What a build has whatever the rows, and what it keeps of a row beside its vector. */
#define BUILD_BYTES (3 * 1024 * 1024 + 1024)
#define ROW_BYTES 128

void
mv_am_check_memory(Relation index, double rows, Size memory)
{
	const MvAccessMethod *am = mv_access_method(index);
	double		row = ROW_BYTES + sizeof(uint16) * (double) mv_index_space(index).dim;
	double		fit = memory > BUILD_BYTES ? floor((memory - BUILD_BYTES) / row) : 0;

	/* The build of a graph tells that itself, when it knows what did not fit. */
	if (am->as_hnsw && rows > fit && !mv_graph_wanted(index, rows))
		ereport(NOTICE,
				(errmsg("hnsw graph no longer fits into maintenance_work_mem after %.0f tuples",
						fit),
				 errdetail("Building goes on through temporary files."),
				 errhint("Increase maintenance_work_mem to speed up builds.")));
}

void
mv_am_check_rows(Relation index, double rows)
{
	if (mv_access_method(index)->as_ivfflat && rows < mv_index_option_lists(index))
		ereport(NOTICE,
				(errmsg("ivfflat index created with little data"),
				 errdetail("This will cause low recall."),
				 errhint("Drop the index until the table has more data.")));
}
