/*
 * count_scan.c -- count(*) of what a full-text query matches, from the index.
 *
 * Core counts the rows of a bitmap scan, which looks at every page that has one.
 * The node of this file asks the index how many there are (am/bm25.h), if all
 * conditions are the index's and it needs no recheck.  Below it is the bitmap
 * scan: it has the conditions, and counts where the index finds at run time that
 * it cannot tell.  A partitioned table has one for each partition.
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "catalog/pg_class.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "am/bm25.h"
#include "compat.h"
#include "fts/schema.h"
#include "search/ranked.h"
#include "search/search.h"

static create_upper_paths_hook_type next_hook = NULL;

/* ---- executor ---- */

typedef struct CountScan
{
	CustomScanState css;
	bool		done;
	int64		fetched;		/* rows looked at in the table */
} CountScan;

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	ListCell   *lc;

	foreach(lc, ((CustomScan *) node->ss.ps.plan)->custom_plans)
		node->custom_ps = lappend(node->custom_ps, ExecInitNode(lfirst(lc), estate, eflags));
}

/* Of one bitmap scan. */
static int64
count(CountScan *scan, BitmapHeapScanState *child)
{
	BitmapIndexScanState *index = (BitmapIndexScanState *) outerPlanState(child);
	TupleTableSlot *row;
	int64		rows;

	/* What the index scan itself does before it begins. */
	if (index->ss.ps.chgParam != NULL ||
		(index->biss_NumRuntimeKeys > 0 && !index->biss_RuntimeKeysReady))
		ExecReScan((PlanState *) index);
	if (mv_bm25_count(index->biss_ScanDesc, child->ss.ss_currentRelation, &rows, &scan->fetched))
		return rows;
	for (rows = 0;; rows++)
	{
		row = ExecProcNode((PlanState *) child);
		if (TupIsNull(row))
			return rows;
	}
}

static TupleTableSlot *
next(CustomScanState *node)
{
	CountScan  *scan = (CountScan *) node;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	int64		rows = 0;
	ListCell   *lc;

	ExecClearTuple(slot);
	if (scan->done)
		return slot;
	foreach(lc, node->custom_ps)
		rows += count(scan, lfirst(lc));
	scan->done = true;
	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
	{
		slot->tts_values[i] = Int64GetDatum(rows);
		slot->tts_isnull[i] = false;
	}
	ExecStoreVirtualTuple(slot);
	if (node->ss.ps.ps_ProjInfo == NULL)
		return slot;
	ResetExprContext(node->ss.ps.ps_ExprContext);
	node->ss.ps.ps_ExprContext->ecxt_scantuple = slot;
	return ExecProject(node->ss.ps.ps_ProjInfo);
}

static void
end(CustomScanState *node)
{
	ListCell   *lc;

	foreach(lc, node->custom_ps)
		ExecEndNode(lfirst(lc));
}

static void
rescan(CustomScanState *node)
{
	ListCell   *lc;

	((CountScan *) node)->done = false;
	foreach(lc, node->custom_ps)
	{
		PlanState  *child = lfirst(lc);

		if (node->ss.ps.chgParam != NULL)
			UpdateChangedParamSet(child, node->ss.ps.chgParam);
		ExecReScan(child);
	}
}

static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	if (es->analyze)
		ExplainPropertyInteger("Heap Fetches", NULL, ((CountScan *) node)->fetched, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "BM25 Count",
	.BeginCustomScan = begin,
	.ExecCustomScan = next,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain,
};

static Node *
create_state(CustomScan *plan)
{
	CountScan  *scan = palloc0(sizeof(CountScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

static const CustomScanMethods scan_methods = {
	.CustomName = "BM25 Count",
	.CreateCustomScanState = create_state,
};

/* ---- planner: what is counted ---- */

/* Tables that inherit from one may have NULLs where it has none, unless they are partitions. */
static bool
is_not_null(PlannerInfo *root, const RelOptInfo *rel, AttrNumber attno)
{
	const RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	Relation	table;
	bool		not_null;

	if (attno <= 0 || (rte->inh && rte->relkind != RELKIND_PARTITIONED_TABLE))
		return attno < 0;
	table = table_open(rte->relid, NoLock);
	not_null = mv_is_not_null(rel, table, attno);
	table_close(table, NoLock);
	return not_null;
}

/* Is a row that matches never null there?  Of table columns only. */
static bool
counts_all(PlannerInfo *root, const RelOptInfo *rel, Node *operand)
{
	ListCell   *lc;

	if (!IsA(operand, Var) || ((Var *) operand)->varno != rel->relid)
		return IsA(operand, Const) && !((Const *) operand)->constisnull;
	foreach(lc, rel->baserestrictinfo)
	{
		OpExpr	   *clause = (OpExpr *) lfirst_node(RestrictInfo, lc)->clause;

		if (IsA(clause, OpExpr) && equal(linitial(clause->args), operand) &&
			op_strict(clause->opno))
			return true;
	}
	return is_not_null(root, rel, ((Var *) operand)->varattno);
}

/* The aggregates of an expression that count all rows. */
typedef struct Counts
{
	PlannerInfo *root;
	RelOptInfo *rel;
	List	   *found;			/* of Aggref, distinct */
	bool		others;			/* there are others */
} Counts;

static bool
find_counts(Node *node, Counts *counts)
{
	Aggref	   *agg = (Aggref *) node;

	if (node == NULL)
		return false;
	if (!IsA(node, Aggref))
		return expression_tree_walker(node, find_counts, counts);
	if (agg->agglevelsup == 0 && agg->aggfilter == NULL && agg->aggdistinct == NIL &&
		(agg->aggfnoid == F_COUNT_ ||
		 (agg->aggfnoid == F_COUNT_ANY &&
		  counts_all(counts->root, counts->rel,
					 (Node *) linitial_node(TargetEntry, agg->args)->expr))))
		counts->found = list_append_unique(counts->found, agg);
	else
		counts->others = true;
	return counts->others;
}

static List *
counts_of(PlannerInfo *root, RelOptInfo *rel, PathTarget *target)
{
	Counts		counts = {.root = root, .rel = rel};

	find_counts((Node *) target->exprs, &counts);
	return counts.others ? NIL : counts.found;
}

/* ---- planner: by which index ---- */

/* Are keys of the attribute its values? */
static bool
is_exact(Relation index, int column)
{
	const MvFtsSchema *schema = mv_fts_schema(index);

	for (int i = 0; i < schema->nattributes; i++)
		if (schema->attributes[i].attno == column + 1)
			return schema->attributes[i].exact;
	return true;
}

/* Does what the index finds pass all conditions? */
static bool
is_exactly(IndexPath *path)
{
	Relation	index = index_open(path->indexinfo->indexoid, NoLock);
	bool		exact = true;
	ListCell   *lc;

	/* Without those that the predicate of a partial index implies. */
	foreach(lc, path->indexinfo->indrestrictinfo)
		exact = exact && is_redundant_with_indexclauses(lfirst(lc), path->indexclauses);
	foreach(lc, path->indexclauses)
	{
		IndexClause *clause = lfirst(lc);

		exact = exact && is_exact(index, clause->indexcol) &&
			(path->indexinfo->amsearcharray || !IsA(clause->rinfo->clause, ScalarArrayOpExpr));
	}
	index_close(index, NoLock);
	return exact;
}

/* A bitmap scan by this index, or NULL. */
static BitmapHeapPath *
scan_by(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *index)
{
	/* Those of rel may be gone, for another path was cheaper. */
	IndexPath  *path = mv_index_path(root, rel, index);

	if (path == NULL || !is_exactly(path))
		return NULL;
	return create_bitmap_heap_path(root, rel, &path->path, rel->lateral_relids, 1, 0);
}

/*
 * What the index finds, without returning it, and rows on pages of which the map does
 * not say that everybody sees them.
 */
static Cost
cost_of(PlannerInfo *root, const BitmapHeapPath *scan)
{
	RelOptInfo *rel = scan->path.parent;
	Cost		unused;
	double		rows;
	double		pages = compute_bitmap_pages(root, rel, scan->bitmapqual, 1, &unused, &rows);
	double		per_page,
				in_sequence;

	get_tablespace_page_costs(rel->reltablespace, &per_page, &in_sequence);
	if (pages >= 2)
		per_page -= (per_page - in_sequence) * sqrt(pages / rel->pages);
	return ((IndexPath *) scan->bitmapqual)->path.startup_cost +
		(pages * per_page + rows * cpu_tuple_cost) * (1 - rel->allvisfrac);
}

static BitmapHeapPath *
best_scan(PlannerInfo *root, RelOptInfo *rel)
{
	BitmapHeapPath *best = NULL;
	ListCell   *lc;

	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(lc);
		BitmapHeapPath *scan;

		if (index->amcostestimate != mv_bm25_costestimate || index->hypothetical)
			continue;
		scan = scan_by(root, rel, index);
		if (scan != NULL && (best == NULL || cost_of(root, scan) < cost_of(root, best)))
			best = scan;
	}
	return best;
}

/*
 * Scans of a table, or of all its partitions, join *scans.
 *
 * returns	false if there is none that counts
 */
static bool
add_scans(PlannerInfo *root, RelOptInfo *rel, List **scans)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	BitmapHeapPath *scan;
	ListCell   *lc;

	if (IS_DUMMY_REL(rel))
		return true;
	if (rte->rtekind != RTE_RELATION || rte->tablesample != NULL)
		return false;
	if (rte->inh)
	{
		foreach(lc, root->append_rel_list)
		{
			AppendRelInfo *child = lfirst(lc);

			if (child->parent_relid == rel->relid &&
				!add_scans(root, root->simple_rel_array[child->child_relid], scans))
				return false;
		}
		return true;
	}
	scan = best_scan(root, rel);
	if (scan == NULL)
		return false;
	*scans = lappend(*scans, scan);
	return true;
}

/* ---- planner: the path ---- */

static Plan *
make_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses,
		  List *plans)
{
	CustomScan *node = makeNode(CustomScan);
	ListCell   *lc;

	node->scan.plan.targetlist = tlist;
	node->scan.scanrelid = 0;
	node->flags = path->flags;
	node->custom_plans = plans;
	foreach(lc, path->custom_private)
		node->custom_scan_tlist =
			lappend(node->custom_scan_tlist,
					makeTargetEntry(copyObject(lfirst(lc)),
									list_length(node->custom_scan_tlist) + 1, NULL, false));
	node->methods = &scan_methods;
	return (Plan *) node;
}

static const CustomPathMethods path_methods = {
	.CustomName = "BM25 Count",
	.PlanCustomPath = make_plan,
};

static Path *
make_path(PlannerInfo *root, RelOptInfo *output, List *scans, List *counts)
{
	CustomPath *path = makeNode(CustomPath);
	ListCell   *lc;

	path->path.pathtype = T_CustomScan;
	path->path.parent = output;
	path->path.pathtarget = output->reltarget;
	path->path.rows = 1;
	foreach(lc, scans)
		path->path.total_cost += cost_of(root, lfirst(lc));
	path->path.startup_cost = path->path.total_cost;
	path->path.total_cost += cpu_tuple_cost;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = scans;
	path->custom_private = counts;
	path->methods = &path_methods;
	return (Path *) path;
}

/* Is it one group of rows of one table, or of its partitions? */
static bool
is_one_group(const PlannerInfo *root, const RelOptInfo *input)
{
	const Query *query = root->parse;

	return query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL &&
		query->havingQual == NULL && input->reloptkind == RELOPT_BASEREL &&
		input->rtekind == RTE_RELATION && input->baserestrictinfo != NIL &&
		!root->hasPseudoConstantQuals;
}

static void
add_count(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output,
		  void *extra)
{
	List	   *counts;
	List	   *scans = NIL;

	if (next_hook)
		next_hook(root, stage, input, output, extra);
	if (stage != UPPERREL_GROUP_AGG || !is_one_group(root, input))
		return;
	counts = counts_of(root, input, output->reltarget);
	if (counts != NIL && add_scans(root, input, &scans) && scans != NIL)
		add_path(output, make_path(root, output, scans, counts));
}

void
mv_count_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	next_hook = create_upper_paths_hook;
	create_upper_paths_hook = add_count;
}
