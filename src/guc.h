/*
 * guc.h -- settings.
 */
#pragma once

/* milvus.filter_strategy */
typedef enum MvFilterStrategy
{
	MV_FILTER_AUTO,				/* what is expected to take least, until it turns out otherwise */
	MV_FILTER_BRUTE,			/* rank all rows that pass */
	MV_FILTER_MASK,				/* read lists, pass over rows that do not pass */
	MV_FILTER_POST				/* read lists, test the nearest rows */
} MvFilterStrategy;

/* milvus.graph_walk */
typedef enum MvWalk
{
	MV_WALK_AUTO,				/* whichever is expected to take less */
	MV_WALK_ON,
	MV_WALK_OFF
} MvWalk;

extern bool mv_enable_ranked_scan;
extern int	mv_filter_strategy;
extern int	mv_graph_min_rows;
extern int	mv_graph_walk;
extern int	mv_hybrid_depth;
extern bool mv_hybrid_exact;
extern int	mv_probes;
extern double mv_target_recall;

/* Define them; called once, when the library is loaded. */
void		mv_guc_init(void);

/* ---- pgvector's ---- */

#define MV_IVFFLAT_MAX_LISTS 32768

typedef enum MvIterativeScan
{
	MV_ITERATIVE_OFF,
	MV_ITERATIVE_RELAXED,
	MV_ITERATIVE_STRICT			/* of hnsw */
} MvIterativeScan;

typedef struct MvIvfflatSettings
{
	int			probes;
	int			max_probes;
	int			iterative_scan; /* MvIterativeScan */
} MvIvfflatSettings;

typedef struct MvHnswSettings
{
	int			ef_search;
	int			iterative_scan; /* MvIterativeScan */
	int			max_scan_tuples;
	double		scan_mem_multiplier;
} MvHnswSettings;

/*
 * mv_guc_ivfflat, mv_guc_hnsw -- define ivfflat.* or hnsw.*, when an index of the
 * kind is first met.
 *
 * Not when the library is loaded, for pgvector's may be loaded in the same
 * backend: a name that is defined already stays as it is.  Called again it does
 * nothing.  In parallel mode no setting can be defined; the next call does it.
 */
void		mv_guc_ivfflat(void);
void		mv_guc_hnsw(void);

/* Their values, whoever has defined them, if anyone. */
void		mv_ivfflat_settings(MvIvfflatSettings *settings);
void		mv_hnsw_settings(MvHnswSettings *settings);
