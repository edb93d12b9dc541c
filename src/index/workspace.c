/*
 * workspace.c -- the memory of a search, kept by the backend for the next one.
 *
 * A search takes some 100 kB in pieces of up to 20 kB, which malloc() would get
 * from the system and give back, to be mapped and cleared anew by every query.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "index/workspace.h"

/* What is kept of a context: its first block, where chunks of up to 1 MB may lie. */
#define KEPT_SIZE ((Size) 128 * 1024)

/* A query may have several searches at a time. */
#define MAX_SPARE 4

static MemoryContext spare[MAX_SPARE];
static int nspare = 0;

MemoryContext
mv_workspace_begin(void)
{
	MemoryContext workspace;

	if (nspare == 0)
		return GenerationContextCreate(CurrentMemoryContext, "workspace of a search", KEPT_SIZE,
									   ALLOCSET_DEFAULT_INITSIZE, ALLOCSET_DEFAULT_MAXSIZE);
	workspace = spare[--nspare];
	MemoryContextSetParent(workspace, CurrentMemoryContext);
	return workspace;
}

void
mv_workspace_end(MemoryContext workspace)
{
	if (nspare == MAX_SPARE)
	{
		MemoryContextDelete(workspace);
		return;
	}
	MemoryContextReset(workspace);
	MemoryContextSetParent(workspace, TopMemoryContext);
	spare[nspare++] = workspace;
}
