/*
 * config.h -- text search configurations as analyzers: which one, and whether it
 * is still what it was.
 */
#pragma once

#include "utils/relcache.h"

/*
 * mv_config_oid -- the configuration of a name.
 *
 * name		with its schema, or without one in pg_catalog; search_path does not
 *			count, for maintenance runs with another one
 *
 * 42704 if there is none.
 */
Oid			mv_config_oid(const char *name);

/* Grows whenever a configuration, parser or dictionary may have changed. */
uint64		mv_config_generation(void);

/*
 * mv_config_fingerprint -- changes when a configuration may give other terms: its
 * parser, the map from types of words to dictionaries, their templates or options.
 * Word lists in files are not looked at, nor are OIDs.
 */
uint64		mv_config_fingerprint(Oid config);

/*
 * mv_config_depend -- an index, locked against all, has been built with a configuration.
 *
 * From now on this one is not dropped without the index, nor without the partitioned
 * indexes that it is a part of, but what it was built with before.
 */
void		mv_config_depend(Relation index, Oid config);

/* The same of an index that is not built, for it is partitioned; nothing is taken away. */
void		mv_config_depend_also(Oid index, Oid config);
