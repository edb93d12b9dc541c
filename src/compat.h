/*
 * compat.h -- every difference between PostgreSQL 15, 16, 17 and 18.
 */
#pragma once

#if PG_VERSION_NUM < 150000
#error "milvus_pg needs PostgreSQL 15 or newer"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18: modules carry a name and version, shown by pg_get_loaded_modules(). */
#if PG_VERSION_NUM >= 180000
#define MV_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "milvus_pg", .version = MV_VERSION)
#else
#define MV_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 18: vacuum_delay_point() is told whether this is an ANALYZE. */
#if PG_VERSION_NUM >= 180000
#define mv_vacuum_delay_point() vacuum_delay_point(false)
#else
#define mv_vacuum_delay_point() vacuum_delay_point()
#endif

/* 16: one function asks who owns an object. */
#if PG_VERSION_NUM >= 160000
#define mv_owns(relid) object_ownercheck(RelationRelationId, relid, GetUserId())
#else
#define mv_owns(relid) pg_class_ownercheck(relid, GetUserId())
#endif

/* 17: an access method says that its builds may have workers. */
#if PG_VERSION_NUM >= 170000
#define mv_can_build_parallel(am) ((am)->amcanbuildparallel = true)
#else
#define mv_can_build_parallel(am) ((void) 0)
#endif

/*
 * 18: a path that must not be taken counts as disabled, more so than one that
 * a setting disables; before, an infinite cost said so.
 */
#if PG_VERSION_NUM >= 180000
#define mv_forbid_path(index_path) ((index_path)->path.disabled_nodes = 2)
#else
#define mv_forbid_path(index_path) ((void) 0)
#endif

/* 16 renamed the numbers of a relation's files. */
#if PG_VERSION_NUM >= 160000
#define mv_locator(relation) ((relation)->rd_locator)
#define mv_new_files_subid(relation) ((relation)->rd_firstRelfilelocatorSubid)
#else
#define mv_locator(relation) ((relation)->rd_node)
#define mv_new_files_subid(relation) ((relation)->rd_firstRelfilenodeSubid)
#endif

/*
 * What the record of a reused page says: 16 gave the fields other names, and
 * asks whether the table is a catalog, which tables of ours never are.
 */
#if PG_VERSION_NUM >= 160000
#define mv_fill_reuse_record(record, index, number, xid) \
	((record)->locator = mv_locator(index), (record)->block = (number), \
	 (record)->snapshotConflictHorizon = (xid), (record)->isCatalogRel = false)
#else
#define mv_fill_reuse_record(record, index, number, xid) \
	((record)->node = mv_locator(index), (record)->block = (number), \
	 (record)->latestRemovedFullXid = (xid))
#endif

/* 16: tuplesort_getdatum() is told whether to copy what is passed by reference. */
#if PG_VERSION_NUM >= 160000
#define mv_tuplesort_getdatum(sort, value, null) \
	tuplesort_getdatum(sort, true, false, value, null, NULL)
#else
#define mv_tuplesort_getdatum(sort, value, null) tuplesort_getdatum(sort, true, value, null, NULL)
#endif

/* 17: maintenance runs with a search_path of pg_catalog and pg_temp. */
#if PG_VERSION_NUM >= 170000
#define mv_restrict_search_path() RestrictSearchPath()
#else
#define mv_restrict_search_path() ((void) 0)
#endif

/* 18: a scan of an index counts for EXPLAIN. */
#if PG_VERSION_NUM >= 180000
#define mv_index_beginscan(node, snapshot) \
	index_beginscan((node)->ss.ss_currentRelation, (node)->iss_RelationDesc, snapshot, \
					&(node)->iss_Instrument, (node)->iss_NumScanKeys, (node)->iss_NumOrderByKeys)
#else
#define mv_index_beginscan(node, snapshot) \
	index_beginscan((node)->ss.ss_currentRelation, (node)->iss_RelationDesc, snapshot, \
					(node)->iss_NumScanKeys, (node)->iss_NumOrderByKeys)
#endif

/* 16: vacuum tells index methods of the table. */
#if PG_VERSION_NUM >= 160000
#define mv_vacuum_heap(info) ((info)->heaprel)
#else
#define mv_vacuum_heap(info) ((Relation) NULL)
#endif

/* 16: parsing a name may return an error instead of raising it. */
#if PG_VERSION_NUM >= 160000
#define mv_name_list(name) stringToQualifiedNameList(name, NULL)
#else
#define mv_name_list(name) stringToQualifiedNameList(name)
#endif

/*
 * 18: results of iterating over a bitmap are the caller's, and offsets are taken out
 * of them.  mv_bitmap_offsets() returns their number, less than 0 for a page without.
 */
#if PG_VERSION_NUM >= 180000
#define MvBitmapIterator TBMPrivateIterator
#define mv_bitmap_begin(bitmap) tbm_begin_private_iterate(bitmap)
#define mv_bitmap_next(iterator, result) \
	(tbm_private_iterate(iterator, result) ? (result) : NULL)
#define mv_bitmap_offsets(page, room, out) \
	(*(out) = (room), \
	 (page)->lossy ? -1 : tbm_extract_page_tuple(page, room, lengthof(room)))
#define mv_bitmap_end(iterator) tbm_end_private_iterate(iterator)
#else
#define MvBitmapIterator TBMIterator
#define mv_bitmap_begin(bitmap) tbm_begin_iterate(bitmap)
#define mv_bitmap_next(iterator, result) ((void) (result), tbm_iterate(iterator))
#define mv_bitmap_offsets(page, room, out) \
	((void) (room), *(out) = (page)->offsets, (page)->ntuples)
#define mv_bitmap_end(iterator) tbm_end_iterate(iterator)
#endif

/* May VACUUM cut off a table's file?  18: a setting says so where the option does not. */
#if PG_VERSION_NUM >= 180000
#define mv_vacuum_truncates(options) \
	((options) != NULL && (options)->vacuum_truncate_set ? (options)->vacuum_truncate : \
	 vacuum_truncate)
#else
#define mv_vacuum_truncates(options) ((options) == NULL || (options)->vacuum_truncate)
#endif

/* 18: counts nodes that settings disable; before, a huge cost told them. */
#if PG_VERSION_NUM >= 180000
#define mv_disabled_nodes(path) ((path)->disabled_nodes)
#else
#define mv_disabled_nodes(path) 0
#endif

/* 16: no rows are nullable here, an outer join makes Vars of its own. */
#if PG_VERSION_NUM >= 160000
#define mv_expression_pathkey(root, expr, op, relids) \
	build_expression_pathkey(root, expr, op, relids, true)
#else
#define mv_expression_pathkey(root, expr, op, relids) \
	build_expression_pathkey(root, expr, NULL, op, relids, true)
#endif

/*
 * A condition of the query, at the security level of its own ones.  16: outer joins say
 * what they make NULL in another way.
 */
#if PG_VERSION_NUM >= 160000
#define mv_make_condition(root, clause) \
	make_restrictinfo(root, clause, true, false, false, false, (root)->qual_security_level, \
					  NULL, NULL, NULL)
#else
#define mv_make_condition(root, clause) \
	make_restrictinfo(root, clause, true, false, false, (root)->qual_security_level, NULL, NULL, \
					  NULL)
#endif

/* 18: a path key says how its operator compares, not a number of the btree family. */
#if PG_VERSION_NUM >= 180000
#define mv_path_key_ascending(key) ((key)->pk_cmptype = COMPARE_LT)
#define mv_path_key_is_ascending(key) ((key)->pk_cmptype == COMPARE_LT)
#else
#define mv_path_key_ascending(key) ((key)->pk_strategy = BTLessStrategyNumber)
#define mv_path_key_is_ascending(key) ((key)->pk_strategy == BTLessStrategyNumber)
#endif

/* 17: the planner knows columns without NULLs; those of 18's catalog may not be checked yet. */
#if PG_VERSION_NUM >= 170000
#define mv_is_not_null(rel, table, attno) \
	((void) (table), bms_is_member(attno, (rel)->notnullattnums))
#else
#define mv_is_not_null(rel, table, attno) \
	(TupleDescAttr(RelationGetDescr(table), AttrNumberGetAttrOffset(attno))->attnotnull)
#endif

/* 18: what adds properties to EXPLAIN has a header of its own. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#endif

/* 16: placeholders are made as long as a flag says so, not a parameter. */
#if PG_VERSION_NUM >= 160000
#define mv_allow_placeholders(root, allowed) ((root)->placeholdersFrozen = !(allowed))
#define mv_placeholder_info(root, placeholder) find_placeholder_info(root, placeholder)
#else
#define mv_allow_placeholders(root, allowed) ((void) 0)
#define mv_placeholder_info(root, placeholder) find_placeholder_info(root, placeholder, true)
#endif

/* Before 16 nothing in a column tells that an outer join may replace it by NULL. */
#if PG_VERSION_NUM >= 160000
#define mv_is_nullable(root, rel) false
#else
#define mv_is_nullable(root, rel) bms_is_member((rel)->relid, (root)->nullable_baserels)
#endif

/* 16: columns say which outer joins may make them NULL, which those of an index do not. */
#if PG_VERSION_NUM >= 160000
#define mv_plain_columns(root, node) remove_nulling_relids(node, pull_varnos(root, node), NULL)
#else
#define mv_plain_columns(root, node) (node)
#endif
