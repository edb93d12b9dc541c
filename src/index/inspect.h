/*
 * inspect.h -- index pages as tools look at them: all in a row, whatever they hold.
 */
#pragma once

#include "index/page.h"

/* What a page says it is, or was; 0 if it is empty or not one of ours. */
int			mv_page_kind(Page page);

/* Its name: "meta", "code", ..., "empty" or "unknown". */
const char *mv_page_kind_name(Page page);

/* Does it hold nothing: empty, or deleted? */
bool		mv_page_is_free(Page page);

/*
 * mv_pages_visit -- every page of the index once, in order of blocks.
 *
 * visit	is called with the page share-locked; may not lock another
 *
 * Reads through a small ring of buffers, so that shared buffers keep what they have.
 */
typedef void (*MvPageVisitor) (BlockNumber block, Page page, void *arg);

void		mv_pages_visit(Relation index, MvPageVisitor visit, void *arg);

/*
 * mv_pages_prewarm -- read the index into shared buffers.
 *
 * wanted	does this page stay there?  NULL: all do
 * returns	number of pages that were wanted
 */
BlockNumber mv_pages_prewarm(Relation index, bool (*wanted) (Page page));
