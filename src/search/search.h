/*
 * search.h -- query time: planner hooks.
 */
#pragma once

/* Install the planner hooks of this folder; called once, when the library is loaded. */
void		mv_search_init(void);

/* Their parts of that. */
void		mv_ranked_init(void);	/* ranked_path.c */
void		mv_fused_init(void);	/* fused_path.c */
void		mv_count_scan_init(void);	/* count_scan.c */
