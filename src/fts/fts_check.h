/*
 * fts_check.h -- which pages of an index are in use; for the store only.
 */
#pragma once

#include "fts/fts.h"

typedef struct MvFtsReached
{
	Relation	index;
	BlockNumber nblocks;		/* pages behind were not looked at */
	uint8	   *pages;			/* a bit each */
} MvFtsReached;

/*
 * mv_fts_reach -- the pages to which something leads.
 *
 * For the maintainer.  XX002 if a page is reached twice, or is deleted.  Pages of
 * documents that came to wait meanwhile may be missing.
 */
void		mv_fts_reach(Relation index, MvFtsReached *reached);
bool		mv_fts_is_reached(const MvFtsReached *reached, BlockNumber block);
