/*
 * workspace.h -- the memory of a search, kept by the backend for the next one.
 */
#pragma once

#include "utils/palloc.h"

/*
 * A memory context below the current one, for what is not freed one by one: what grows
 * with the rows is better off elsewhere.  An error leaves it to its parent.
 */
MemoryContext mv_workspace_begin(void);

/* Frees all that is in it and below. */
void		mv_workspace_end(MemoryContext workspace);
