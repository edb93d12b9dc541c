/*
 * search.h -- query time: planner hooks.
 */
#pragma once

/* Install the planner hooks of this folder; called once, when the library is loaded. */
void		mv_search_init(void);

/* ranked_path.c: its part of that. */
void		mv_ranked_init(void);

/* count_scan.c: the same. */
void		mv_count_scan_init(void);
