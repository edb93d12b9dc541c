/*
 * node_method.c -- the method table of graph indexes.
 */
#include "postgres.h"

#include "compat.h"
#include "index/graph/node.h"

const MvIndexMethod mv_graph_method = {
	.name = "graph",
	.build_size = mv_node_build_size,
	.build_begin = mv_node_build_begin,
	.sample_size = mv_node_sample_size,
	.sample = mv_node_sample,
	.train = mv_node_train,
	.add = mv_node_add,
	.finish = mv_node_finish,
	.insert = mv_node_insert,
	.search_begin = mv_node_search_begin,
	.search_start = mv_node_search_start,
	.search_next = mv_node_search_next,
	.search_end = mv_node_search_end,
	.bulkdelete = mv_ivf_bulkdelete,
	.cleanup = mv_node_cleanup,
	.shape = mv_node_shape_of,
	.calibrate = mv_node_calibrate,
	.check = mv_node_check,
	.tids = mv_ivf_tids,
	.stats = mv_node_stats,
};
