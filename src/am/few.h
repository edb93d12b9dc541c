/*
 * few.h -- am_few.c: few rows are wanted, ranked as the table has them.
 */
#pragma once

#include "index/method.h"

typedef struct MvFew MvFew;

/* mv_few_fits -- is that possible, and cheaper than a search of the index? */
bool		mv_few_fits(Relation index, const MvSpace *space, const MvTidSet *tids);

/* As a method's search; the query is not NULL, nor zero under cosine. */
MvFew	   *mv_few_begin(Relation index, Relation heap, Snapshot snapshot);
void		mv_few_start(MvFew *few, const MvSpace *space, const MvTidSet *tids, Datum query);
bool		mv_few_next(MvFew *few, MvFound *found);
void		mv_few_end(MvFew *few);
