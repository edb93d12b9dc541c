/*
 * sorted_path.c -- ORDER BY an attribute of a bm25 index.
 *
 * The index has the attribute's keys beside its documents and can return what matches
 * in their order, where core would fetch all matches to sort them.  There is no path in
 * such an order; so a Ranked Scan above an Index Scan without one tells the index to sort.
 */
#include "postgres.h"

#include "access/genam.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "am/bm25.h"
#include "fts/schema.h"
#include "search/ranked.h"
#include "search/search.h"

/* In units of cpu_operator_cost: a match, of which the key is read and compared. */
#define COST_OF_KEY 1.0

/* Are the column's keys in the order of its values? */
static bool
has_exact_order(const IndexOptInfo *info, int column)
{
	Relation	index = index_open(info->indexoid, NoLock);
	const MvFtsSchema *schema = mv_fts_schema(index);
	bool		exact = false;

	for (int i = 0; i < schema->nattributes; i++)
	{
		const MvAttribute *attribute = &schema->attributes[i];

		exact |= attribute->attno == column + 1 && attribute->ordered && attribute->exact;
	}
	index_close(index, NoLock);
	return exact;
}

/* Is the path key an order of the column's type as PostgreSQL has it by default? */
static bool
is_usual_order(const IndexOptInfo *index, int column, const PathKey *key)
{
	const TypeCacheEntry *type = lookup_type_cache(index->opcintype[column],
												   TYPECACHE_BTREE_OPFAMILY);

	return type->btree_opf == key->pk_opfamily;
}

/* The column whose order a path key is, or -1. */
static int
column_of(const RelOptInfo *rel, IndexOptInfo *index, const PathKey *key)
{
	ListCell   *lc;

	foreach(lc, key->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(lc);

		if (!bms_equal(member->em_relids, rel->relids))
			continue;
		for (int column = 0; column < index->nkeycolumns; column++)
			if (match_index_to_operand((Node *) member->em_expr, column, index) &&
				is_usual_order(index, column, key) && has_exact_order(index, column))
				return column;
	}
	return -1;
}

IndexPath *
mv_index_path(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *index)
{
	RelOptInfo *copy = makeNode(RelOptInfo);
	IndexOptInfo *plain = makeNode(IndexOptInfo);
	ListCell   *lc;

	/* As part of a bitmap a path may have conditions that it cannot have alone. */
	*plain = *index;
	plain->amhasgetbitmap = false;
	*copy = *rel;
	copy->indexlist = list_make1(plain);
	copy->pathlist = copy->partial_pathlist = NIL;
	copy->joininfo = NIL;
	copy->has_eclass_joins = false;
	copy->consider_parallel = false;
	create_index_paths(root, copy);
	foreach(lc, copy->pathlist)
	{
		IndexPath  *path = lfirst(lc);

		if (!IsA(path, IndexPath) || path->path.param_info != NULL || path->indexorderbys != NIL)
			continue;
		path->path.parent = rel;
		return path;
	}
	return NULL;
}

void
mv_sorted_paths(PlannerInfo *root, RelOptInfo *rel)
{
	PathKey    *key;
	ListCell   *lc;

	if (root->query_pathkeys == NIL || rel->baserestrictinfo == NIL)
		return;
	key = linitial(root->query_pathkeys);
	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *info = lfirst(lc);
		IndexPath  *index;
		CustomPath *path;
		Cost		keys;
		int			column;

		if ((void *) info->amcostestimate != (void *) mv_bm25_costestimate ||
			info->hypothetical)
			continue;
		column = column_of(rel, info, key);
		index = column < 0 ? NULL : mv_index_path(root, rel, info);
		if (index == NULL)
			continue;
		path = mv_ranked_sorted(root, rel, index, key, column);
		keys = cpu_operator_cost * COST_OF_KEY * info->tuples * index->indexselectivity;
		path->path.startup_cost += keys;
		path->path.total_cost += keys;
		add_path(rel, &path->path);
	}
}
