/*
 * guc.h -- settings.
 */
#pragma once

extern int	mv_probes;

/* Define them; called once, when the library is loaded. */
void		mv_guc_init(void);
