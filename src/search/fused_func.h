/*
 * fused_func.h -- SQL functions that the planner knows by their addresses.
 */
#pragma once

#include "fmgr.h"

#include "search/fused.h"

/* Arguments of rrf() after the legs. */
#define MV_RRF_K MV_MAX_LEGS
#define MV_RRF_WEIGHTS (MV_MAX_LEGS + 1)
#define MV_RRF_ARGS (MV_MAX_LEGS + 2)

/* Of weighted(). */
#define MV_WEIGHTED_LEGS 0
#define MV_WEIGHTED_WEIGHTS 1
#define MV_WEIGHTED_NORM 2
#define MV_WEIGHTED_ARGS 3

/* Of leg(). */
#define MV_LEG_EXPR 0
#define MV_LEG_FILTER 1
#define MV_LEG_DEPTH 2
#define MV_LEG_ARGS 3

/* Of group_limit(). */
#define MV_GROUP_ARGS 2

/* fused_func.c */
extern Datum mv_rrf(PG_FUNCTION_ARGS);
extern Datum mv_weighted(PG_FUNCTION_ARGS);
extern Datum mv_leg(PG_FUNCTION_ARGS);

/* fused_group.c */
extern Datum mv_group_limit(PG_FUNCTION_ARGS);

/* decay.c: from 1 down to 0 */
#define MV_DECAY_ARGS 5
extern Datum mv_decay_gauss(PG_FUNCTION_ARGS);
extern Datum mv_decay_exp(PG_FUNCTION_ARGS);
extern Datum mv_decay_linear(PG_FUNCTION_ARGS);
extern Datum mv_decay_gauss_time(PG_FUNCTION_ARGS);
extern Datum mv_decay_exp_time(PG_FUNCTION_ARGS);
extern Datum mv_decay_linear_time(PG_FUNCTION_ARGS);
