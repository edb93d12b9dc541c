/*
 * ivf_method.c -- the method table, and what the planner asks.
 */
#include "postgres.h"

#include "compat.h"
#include "index/ivf/ivf.h"

void
mv_ivf_index_shape(Relation index, const MvEffort *effort, MvIndexShape *shape)
{
	const MvIvf *ivf = mv_ivf_open(index);

	shape->lists = ivf->nused;
	shape->steps = 0;
	if (effort != NULL)
		shape->probed = mv_ivf_lists_wanted(ivf, effort);
	shape->code_bytes = ivf->shape.block_size / MV_BLOCK;
	shape->vector_bytes = ivf->shape.vector_size;
	shape->dim = ivf->shape.dim;
}

const MvIndexMethod mv_ivf_method = {
	.name = "ivf",
	.build_size = mv_ivf_build_size,
	.build_begin = mv_ivf_build_begin,
	.sample_size = mv_ivf_sample_size,
	.sample = mv_ivf_sample,
	.train = mv_ivf_train,
	.add = mv_ivf_add,
	.finish = mv_ivf_finish,
	.insert = mv_ivf_insert,
	.search_begin = mv_ivf_search_begin,
	.search_start = mv_ivf_search_start,
	.search_next = mv_ivf_search_next,
	.search_end = mv_ivf_search_end,
	.bulkdelete = mv_ivf_bulkdelete,
	.cleanup = mv_ivf_cleanup,
	.shape = mv_ivf_index_shape,
	.calibrate = mv_ivf_calibrate,
	.check = mv_ivf_check,
	.tids = mv_ivf_tids,
	.stats = mv_ivf_stats,
};
