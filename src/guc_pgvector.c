/*
 * guc_pgvector.c -- pgvector's settings, which its library may define as well.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/guc.h"

#include "guc.h"

static const MvIvfflatSettings defaults = {1, MV_IVFFLAT_MAX_LISTS, MV_ITERATIVE_OFF};

static const struct config_enum_entry iterative_scan[] = {
	{"off", MV_ITERATIVE_OFF, false},
	{"relaxed_order", MV_ITERATIVE_RELAXED, false},
	{NULL, 0, false},
};

static MvIvfflatSettings ivfflat;
static bool ivfflat_is_ours = false;	/* all of it is in use */

/* Not yet a variable, though somebody may have set it. */
static bool
is_free(const char *name)
{
	return GetConfigOption(name, true, false) == NULL ||
		(GetConfigOptionFlags(name, true) & GUC_CUSTOM_PLACEHOLDER) != 0;
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
			&ivfflat.iterative_scan, defaults.iterative_scan, iterative_scan, PGC_USERSET, 0, NULL,
			NULL, NULL);
	if (max_probes)
		DefineCustomIntVariable(
			"ivfflat.max_probes", "Lists that an ivfflat scan in relaxed_order reads.", NULL,
			&ivfflat.max_probes, defaults.max_probes, 1, MV_IVFFLAT_MAX_LISTS, PGC_USERSET, 0,
			NULL, NULL, NULL);
	if (probes)
		DefineCustomIntVariable(
			"ivfflat.probes", "Lists that an ivfflat scan reads before it returns rows.", NULL,
			&ivfflat.probes, defaults.probes, 1, MV_IVFFLAT_MAX_LISTS, PGC_USERSET, 0, NULL, NULL,
			NULL);
	MarkGUCPrefixReserved("ivfflat");
	ivfflat_is_ours = scan && max_probes && probes;
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
read_int(const char *name, int otherwise)
{
	const char *text = GetConfigOption(name, true, false);
	int			value;

	if (text == NULL || !parse_int(text, &value, 0, NULL))
		return otherwise;
	return value >= 1 && value <= MV_IVFFLAT_MAX_LISTS ? value : otherwise;
}

void
mv_ivfflat_settings(MvIvfflatSettings *settings)
{
	const char *text;

	mv_guc_ivfflat();
	*settings = ivfflat_is_ours ? ivfflat : defaults;
	if (ivfflat_is_ours)
		return;
	text = GetConfigOption("ivfflat.iterative_scan", true, false);
	if (text != NULL && pg_strcasecmp(text, "relaxed_order") == 0)
		settings->iterative_scan = MV_ITERATIVE_RELAXED;
	settings->max_probes = read_int("ivfflat.max_probes", defaults.max_probes);
	settings->probes = read_int("ivfflat.probes", defaults.probes);
}
