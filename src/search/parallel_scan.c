/*
 * parallel_scan.c -- parallel sequential scans over vectors stored out of line.
 *
 * Core sizes a parallel scan by the pages of the table alone.  A table of long
 * vectors is small, 50 bytes a row, and its TOAST table is huge; reading that is
 * the work.  Such a table gets a partial path with as many workers as its whole
 * size deserves.  Whether it is used stays a matter of cost: see types/support.c.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "search/search.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/*
 * Is it a column of a vector type?  They, ours and pgvector's, are stored
 * external by default, and no type of core is.
 */
static bool
is_vector_column(Node *node)
{
	return IsA(node, Var) && get_typstorage(((Var *) node)->vartype) == TYPSTORAGE_EXTERNAL;
}

static BlockNumber
toast_pages(Oid relid)
{
	Relation	table = table_open(relid, NoLock);
	Oid			toast = table->rd_rel->reltoastrelid;
	BlockNumber pages = 0;

	if (OidIsValid(toast))
	{
		Relation	rel = table_open(toast, AccessShareLock);

		pages = RelationGetNumberOfBlocks(rel);
		table_close(rel, AccessShareLock);
	}
	table_close(table, NoLock);
	return pages;
}

static void
add_parallel_scan(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	bool		reads_vector = false;
	ListCell   *lc;
	int			workers;

	if (next_hook)
		next_hook(root, rel, rti, rte);

	/* A table whose own size, or whose parallel_workers, decides already is left alone. */
	if (rte->rtekind != RTE_RELATION || rte->inh ||
		(rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_MATVIEW) ||
		rte->tablesample != NULL || !rel->consider_parallel || rel->rel_parallel_workers != -1 ||
		rel->lateral_relids != NULL || rel->partial_pathlist != NIL)
		return;
	foreach(lc, rel->reltarget->exprs)
		reads_vector = reads_vector || is_vector_column(lfirst(lc));
	if (!reads_vector)
		return;
	workers = compute_parallel_worker(rel, (double) rel->pages + toast_pages(rte->relid), -1,
									  max_parallel_workers_per_gather);
	if (workers > 0)
		add_partial_path(rel, create_seqscan_path(root, rel, NULL, workers));
}

void
mv_search_init(void)
{
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_parallel_scan;
	mv_ranked_init();
	mv_count_scan_init();
	mv_fused_init();
}
