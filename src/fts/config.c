/*
 * config.c -- text search configurations and their fingerprints.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_template.h"
#include "common/hashfn.h"
#include "nodes/value.h"
#include "tsearch/ts_cache.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "fts/config.h"

static uint64 generation;

static void
changed(Datum arg, int cache, uint32 hash)
{
	generation++;
}

uint64
mv_config_generation(void)
{
	static const int caches[] = {
		TSCONFIGOID, TSCONFIGMAP, TSDICTOID, TSPARSEROID, TSTEMPLATEOID
	};

	if (generation == 0)
	{
		for (int i = 0; i < lengthof(caches); i++)
			CacheRegisterSyscacheCallback(caches[i], changed, (Datum) 0);
		generation = 1;
	}
	return generation;
}

Oid
mv_config_oid(const char *name)
{
	List	   *names = mv_name_list(name);
	Oid			config;

	if (list_length(names) == 1)
		names = lcons(makeString("pg_catalog"), names);
	config = get_ts_config_oid(names, true);
	if (!OidIsValid(config))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("text search configuration \"%s\" does not exist", name),
				 errhint("Name its schema, unless that is pg_catalog.")));
	return config;
}

/* ---- fingerprints ---- */

static uint64
mix(uint64 hash, const void *bytes, int len)
{
	return hash_bytes_extended(bytes, len, hash);
}

static uint64
mix_string(uint64 hash, const char *string)
{
	return string == NULL ? mix(hash, "", 1) : mix(hash, string, strlen(string) + 1);
}

static uint64
mix_function(uint64 hash, Oid function)
{
	char	   *name = get_func_name(function);

	hash = mix_string(hash, name);
	if (name != NULL)
		pfree(name);
	return hash;
}

/* The function that looks words up, and the options it was given. */
static uint64
mix_dictionary(uint64 hash, Oid dictionary)
{
	HeapTuple	tuple = SearchSysCache1(TSDICTOID, ObjectIdGetDatum(dictionary));
	HeapTuple	template;
	Datum		options;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for text search dictionary %u", dictionary);
	options = SysCacheGetAttr(TSDICTOID, tuple, Anum_pg_ts_dict_dictinitoption, &isnull);
	if (isnull)
		hash = mix_string(hash, NULL);
	else
	{
		char	   *string = TextDatumGetCString(options);

		hash = mix_string(hash, string);
		pfree(string);
	}
	template = SearchSysCache1(TSTEMPLATEOID,
							   ObjectIdGetDatum(((Form_pg_ts_dict)
													 GETSTRUCT(tuple))
													->dicttemplate));
	if (!HeapTupleIsValid(template))
		elog(ERROR, "cache lookup failed for the template of text search dictionary %u",
			 dictionary);
	hash = mix_function(hash, ((Form_pg_ts_template) GETSTRUCT(template))->tmpllexize);
	ReleaseSysCache(template);
	ReleaseSysCache(tuple);
	return hash;
}

static uint64
fingerprint(Oid config)
{
	TSConfigCacheEntry *entry = lookup_ts_config_cache(config);
	TSParserCacheEntry *parser = lookup_ts_parser_cache(entry->prsId);
	uint64		hash = 1;

	hash = mix_function(hash, parser->startOid);
	hash = mix_function(hash, parser->tokenOid);
	for (int type = 1; type < entry->lenmap; type++)
	{
		const ListDictionary *list = &entry->map[type];

		hash = mix(hash, &list->len, sizeof(int));
		for (int i = 0; i < list->len; i++)
			hash = mix_dictionary(hash, list->dictIds[i]);
	}
	return hash;
}

uint64
mv_config_fingerprint(Oid config)
{
	/* The one asked for last: it takes some 50 catalog lookups to make. */
	static Oid	last_config;
	static uint64 last_generation;
	static uint64 last;
	uint64		now = mv_config_generation();

	if (last_config != config || last_generation != now)
	{
		last_config = InvalidOid;
		last = fingerprint(config);
		last_generation = now;
		last_config = config;
	}
	return last;
}

/* ---- dependencies ---- */

static bool
depends_on(Oid index, Oid config)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(index));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, lengthof(keys), keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		found = row->refclassid == TSConfigRelationId && row->refobjid == config;
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

void
mv_config_depend_also(Oid index, Oid config)
{
	ObjectAddress from,
				on;

	if (depends_on(index, config))
		return;
	ObjectAddressSet(from, RelationRelationId, index);
	ObjectAddressSet(on, TSConfigRelationId, config);
	recordDependencyOn(&from, &on, DEPENDENCY_NORMAL);
}

void
mv_config_depend(Relation index, Oid config)
{
	Oid			relid = RelationGetRelid(index);
	ListCell   *lc;

	if (!depends_on(relid, config))
		deleteDependencyRecordsForClass(RelationRelationId, relid, TSConfigRelationId,
										DEPENDENCY_NORMAL);
	mv_config_depend_also(relid, config);
	if (!index->rd_rel->relispartition)
		return;
	/* These are not locked: nothing is taken away. */
	foreach(lc, get_partition_ancestors(relid))
		mv_config_depend_also(lfirst_oid(lc), config);
}
