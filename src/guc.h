/*
 * guc.h -- settings.
 */
#pragma once

extern int	mv_probes;
extern double mv_target_recall;

/* Define them; called once, when the library is loaded. */
void		mv_guc_init(void);

/* ---- pgvector's ---- */

#define MV_IVFFLAT_MAX_LISTS 32768

typedef enum MvIterativeScan
{
	MV_ITERATIVE_OFF,
	MV_ITERATIVE_RELAXED
} MvIterativeScan;

typedef struct MvIvfflatSettings
{
	int			probes;
	int			max_probes;
	int			iterative_scan; /* MvIterativeScan */
} MvIvfflatSettings;

/*
 * mv_guc_ivfflat -- define ivfflat.*, when an ivfflat index is first met.
 *
 * Not when the library is loaded, for pgvector's may be loaded in the same
 * backend: a name that is defined already stays as it is.  Called again it does
 * nothing.  In parallel mode no setting can be defined; the next call does it.
 */
void		mv_guc_ivfflat(void);

/* Their values, whoever has defined them, if anyone. */
void		mv_ivfflat_settings(MvIvfflatSettings *settings);
