/*
 * guc_pgvector.c -- pgvector's settings, which its library may define as well.
 */
#include "postgres.h"

#include <limits.h>

#include "access/xact.h"
#include "utils/guc.h"

#include "guc.h"

#define MAX_EF_SEARCH 1000
#define MAX_MEM_MULTIPLIER 1000

static const MvHnswSettings hnsw_defaults = {40, MV_ITERATIVE_OFF, 20000, 1};
static const MvIvfflatSettings ivfflat_defaults = {1, MV_IVFFLAT_MAX_LISTS, MV_ITERATIVE_OFF};

static const struct config_enum_entry hnsw_scans[] = {
	{"off", MV_ITERATIVE_OFF, false},
	{"relaxed_order", MV_ITERATIVE_RELAXED, false},
	{"strict_order", MV_ITERATIVE_STRICT, false},
	{NULL, 0, false},
};

static const struct config_enum_entry ivfflat_scans[] = {
	{"off", MV_ITERATIVE_OFF, false},
	{"relaxed_order", MV_ITERATIVE_RELAXED, false},
	{NULL, 0, false},
};

static MvHnswSettings hnsw;
static MvIvfflatSettings ivfflat;

/* All of them are ours, and in use. */
static bool hnsw_is_ours = false;
static bool ivfflat_is_ours = false;

/* Not yet a variable, though somebody may have set it. */
static bool
is_free(const char *name)
{
	return GetConfigOption(name, true, false) == NULL ||
		(GetConfigOptionFlags(name, true) & GUC_CUSTOM_PLACEHOLDER) != 0;
}

static void
define_hnsw(void)
{
	bool		ef_search = is_free("hnsw.ef_search");
	bool		scan = is_free("hnsw.iterative_scan");
	bool		tuples = is_free("hnsw.max_scan_tuples");
	bool		memory = is_free("hnsw.scan_mem_multiplier");

	if (ef_search)
		DefineCustomIntVariable(
			"hnsw.ef_search", "How thoroughly an hnsw index is searched.",
			"More: higher recall, slower. milvus.target_recall, if it is not 0, decides instead.",
			&hnsw.ef_search, hnsw_defaults.ef_search, 1, MAX_EF_SEARCH, PGC_USERSET, 0, NULL,
			NULL, NULL);
	if (scan)
		DefineCustomEnumVariable(
			"hnsw.iterative_scan", "How far an hnsw scan goes on, and in what order.",
			"off: to the last row, relaxed_order, strict_order: until max_scan_tuples rows.",
			&hnsw.iterative_scan, hnsw_defaults.iterative_scan, hnsw_scans, PGC_USERSET, 0, NULL,
			NULL, NULL);
	if (tuples)
		DefineCustomIntVariable(
			"hnsw.max_scan_tuples", "Rows that an iterative hnsw scan returns.", NULL,
			&hnsw.max_scan_tuples, hnsw_defaults.max_scan_tuples, 1, INT_MAX, PGC_USERSET, 0, NULL,
			NULL, NULL);
	if (memory)
		DefineCustomRealVariable(
			"hnsw.scan_mem_multiplier", "Multiple of work_mem that an iterative hnsw scan uses.",
			NULL, &hnsw.scan_mem_multiplier, hnsw_defaults.scan_mem_multiplier, 1,
			MAX_MEM_MULTIPLIER, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("hnsw");
	hnsw_is_ours = ef_search && scan && tuples && memory;
}

static void
define_ivfflat(void)
{
	bool		scan = is_free("ivfflat.iterative_scan");
	bool		max_probes = is_free("ivfflat.max_probes");
	bool		probes = is_free("ivfflat.probes");

	if (scan)
		DefineCustomEnumVariable(
			"ivfflat.iterative_scan", "How an ivfflat scan goes on after its probes.",
			"off: to the last row, relaxed_order: until max_probes lists are read.",
			&ivfflat.iterative_scan, ivfflat_defaults.iterative_scan, ivfflat_scans, PGC_USERSET,
			0, NULL, NULL, NULL);
	if (max_probes)
		DefineCustomIntVariable(
			"ivfflat.max_probes", "Lists that an ivfflat scan in relaxed_order reads.", NULL,
			&ivfflat.max_probes, ivfflat_defaults.max_probes, 1, MV_IVFFLAT_MAX_LISTS,
			PGC_USERSET, 0, NULL, NULL, NULL);
	if (probes)
		DefineCustomIntVariable(
			"ivfflat.probes", "Lists that an ivfflat scan reads before it returns rows.", NULL,
			&ivfflat.probes, ivfflat_defaults.probes, 1, MV_IVFFLAT_MAX_LISTS, PGC_USERSET, 0,
			NULL, NULL, NULL);
	MarkGUCPrefixReserved("ivfflat");
	ivfflat_is_ours = scan && max_probes && probes;
}

void
mv_guc_hnsw(void)
{
	static bool done = false;

	if (done || IsInParallelMode())
		return;
	define_hnsw();
	done = true;
}

void
mv_guc_ivfflat(void)
{
	static bool done = false;

	if (done || IsInParallelMode())
		return;
	define_ivfflat();
	done = true;
}

/* Also of a placeholder, which is what a parallel worker has. */
static int
read_int(const char *name, int most, int otherwise)
{
	const char *text = GetConfigOption(name, true, false);
	int			value;

	if (text == NULL || !parse_int(text, &value, 0, NULL))
		return otherwise;
	return value >= 1 && value <= most ? value : otherwise;
}

static double
read_real(const char *name, double most, double otherwise)
{
	const char *text = GetConfigOption(name, true, false);
	double		value;

	if (text == NULL || !parse_real(text, &value, 0, NULL))
		return otherwise;
	return value >= 1 && value <= most ? value : otherwise;
}

static int
read_enum(const char *name, const struct config_enum_entry *entries, int otherwise)
{
	const char *text = GetConfigOption(name, true, false);

	for (int i = 0; text != NULL && entries[i].name != NULL; i++)
		if (pg_strcasecmp(text, entries[i].name) == 0)
			return entries[i].val;
	return otherwise;
}

void
mv_hnsw_settings(MvHnswSettings *settings)
{
	mv_guc_hnsw();
	*settings = hnsw_is_ours ? hnsw : hnsw_defaults;
	if (hnsw_is_ours)
		return;
	settings->ef_search = read_int("hnsw.ef_search", MAX_EF_SEARCH, settings->ef_search);
	settings->iterative_scan =
		read_enum("hnsw.iterative_scan", hnsw_scans, settings->iterative_scan);
	settings->max_scan_tuples =
		read_int("hnsw.max_scan_tuples", INT_MAX, settings->max_scan_tuples);
	settings->scan_mem_multiplier = read_real("hnsw.scan_mem_multiplier", MAX_MEM_MULTIPLIER,
											  settings->scan_mem_multiplier);
}

void
mv_ivfflat_settings(MvIvfflatSettings *settings)
{
	mv_guc_ivfflat();
	*settings = ivfflat_is_ours ? ivfflat : ivfflat_defaults;
	if (ivfflat_is_ours)
		return;
	settings->iterative_scan =
		read_enum("ivfflat.iterative_scan", ivfflat_scans, settings->iterative_scan);
	settings->max_probes =
		read_int("ivfflat.max_probes", MV_IVFFLAT_MAX_LISTS, settings->max_probes);
	settings->probes = read_int("ivfflat.probes", MV_IVFFLAT_MAX_LISTS, settings->probes);
}
