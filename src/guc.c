/*
 * guc.c -- milvus.*, sorted by name, with the reason of each default.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "guc.h"

bool		mv_enable_ranked_scan;
int			mv_filter_strategy;
int			mv_graph_min_rows;
int			mv_graph_walk;
int			mv_hybrid_depth;
bool		mv_hybrid_exact;
int			mv_probes;
double		mv_target_recall;

void
mv_guc_init(void)
{
	static const struct config_enum_entry strategies[] = {
		{"auto", MV_FILTER_AUTO, false},
		{"brute", MV_FILTER_BRUTE, false},
		{"mask", MV_FILTER_MASK, false},
		{"post", MV_FILTER_POST, false},
		{NULL, 0, false},
	};
	static const struct config_enum_entry walks[] = {
		{"auto", MV_WALK_AUTO, false},
		{"on", MV_WALK_ON, false},
		{"off", MV_WALK_OFF, false},
		{NULL, 0, false},
	};

	/* As enable_indexscan and the like: to compare plans. */
	DefineCustomBoolVariable(
		"milvus.enable_ranked_scan", "Whether the planner puts Ranked Scan above index scans.",
		"Without it an order by bm25query() over several columns is an error.",
		&mv_enable_ranked_scan, true, PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);

	/* For tests and measurements: auto goes by costs, and changes its mind. */
	DefineCustomEnumVariable(
		"milvus.filter_strategy", "How vector index scans find rows that pass a filter.",
		"brute ranks all that pass, mask reads lists and passes over the other rows, post tests "
		"nearby rows; auto takes whichever is expected to take least.",
		&mv_filter_strategy, MV_FILTER_AUTO, strategies, PGC_USERSET, GUC_NOT_IN_SAMPLE,
		NULL, NULL, NULL);

	/* Below, lists alone are as fast, and built in a tenth of the time: index/graph/README.md. */
	DefineCustomIntVariable(
		"milvus.graph_min_rows", "Rows from which on an hnsw index gets a graph.",
		"By its build, or by VACUUM when it has become as large; 0: always.",
		&mv_graph_min_rows, 300000, 0, INT_MAX, PGC_USERSET, 0, NULL, NULL, NULL);

	/* For tests and measurements: auto is the better of the two, or nearly. */
	DefineCustomEnumVariable(
		"milvus.graph_walk", "Whether scans of graph indexes walk the graph or read its lists.",
		"auto takes whichever is expected to take less.",
		&mv_graph_walk, MV_WALK_AUTO, walks, PGC_USERSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);

	/* The hundredth rank gives 1 / 160, less than half of what the first gives. */
	DefineCustomIntVariable(
		"milvus.hybrid_depth", "Rows of each leg that a hybrid search ranks.",
		"A LIMIT that is higher counts instead.",
		&mv_hybrid_depth, 100, 1, 1000000, PGC_USERSET, 0, NULL, NULL, NULL);

	/* The oracle of the default. */
	DefineCustomBoolVariable(
		"milvus.hybrid_exact", "Whether a hybrid search ranks all rows, by exact distances.",
		"Legs are not read from approximate indexes, and on until the result is certain.",
		&mv_hybrid_exact, false, PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);

	/* 0: the recall wanted decides, as the index has learnt what it takes. */
	DefineCustomIntVariable(
		"milvus.probes", "Lists of an ivf index that a scan reads before it returns rows.",
		"0 chooses by milvus.target_recall. A scan that needs more rows reads on.",
		&mv_probes, 0, 0, 1000000, PGC_USERSET, 0, NULL, NULL, NULL);

	/* 1 would be a promise: codes are estimates. */
	DefineCustomRealVariable(
		"milvus.target_recall", "Share of the nearest rows that index scans aim to return.",
		"0 leaves it to the other settings of an access method; ivf then aims at 0.95.",
		&mv_target_recall, 0, 0, 0.9999, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("milvus");
}
