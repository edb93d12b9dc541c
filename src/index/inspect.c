/*
 * inspect.c -- index pages as tools look at them.
 *
 * Nothing here raises an error for what a page holds: tools look at damaged
 * indexes, too.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "index/inspect.h"

static const char *const kind_names[MV_PAGE_KINDS] = {
	[MV_PAGE_META] = "meta",
	[MV_PAGE_DIRECTORY] = "directory",
	[MV_PAGE_LIST] = "list",
	[MV_PAGE_CENTROID] = "centroid",
	[MV_PAGE_CODE] = "code",
	[MV_PAGE_ID] = "id",
	[MV_PAGE_VECTOR] = "vector",
	[MV_PAGE_GRAPH] = "graph",
	[MV_PAGE_NODE] = "node",
	[MV_PAGE_SEGMENT] = "segment",
	[MV_PAGE_DOCUMENT] = "document",
	[MV_PAGE_LIVE] = "live",
	[MV_PAGE_TERM] = "term",
	[MV_PAGE_POSTING] = "posting",
	[MV_PAGE_RUN] = "run",
	[MV_PAGE_POSITION] = "position",
	[MV_PAGE_PENDING] = "pending",
	[MV_PAGE_LONG] = "long",
	[MV_PAGE_ATTRIBUTE] = "attribute",
};

int
mv_page_kind(Page page)
{
	const MvPageTail *tail = MV_PAGE_TAIL(page);
	int			kind = tail->kind & ~MV_PAGE_DELETED;

	if (PageIsNew(page) || ((PageHeader) page)->pd_special != BLCKSZ - sizeof(MvPageTail) ||
		tail->page_id != MV_PAGE_ID_WORD || kind >= MV_PAGE_KINDS)
		return 0;
	return kind;
}

bool
mv_page_is_free(Page page)
{
	return PageIsNew(page) ||
		(mv_page_kind(page) > 0 && (MV_PAGE_TAIL(page)->kind & MV_PAGE_DELETED));
}

const char *
mv_page_kind_name(Page page)
{
	int			kind = mv_page_kind(page);

	if (kind > 0)
		return kind_names[kind];
	return PageIsNew(page) ? "empty" : "unknown";
}

void
mv_pages_visit(Relation index, MvPageVisitor visit, void *arg)
{
	BufferAccessStrategy ring = GetAccessStrategy(BAS_BULKREAD);
	BlockNumber n = RelationGetNumberOfBlocks(index);

	for (BlockNumber block = 0; block < n; block++)
	{
		Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, ring);

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		visit(block, BufferGetPage(buffer), arg);
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
	FreeAccessStrategy(ring);
}

/*
 * What a page holds is known when it has been read.  So pages that may be
 * unwanted come through a ring; a second, ordinary pin raises the usage count of
 * a wanted one above what a ring takes back, and it stays.
 */
BlockNumber
mv_pages_prewarm(Relation index, bool (*wanted) (Page page))
{
	BufferAccessStrategy ring = wanted ? GetAccessStrategy(BAS_BULKREAD) : NULL;
	BlockNumber n = RelationGetNumberOfBlocks(index);
	BlockNumber kept = 0;

	for (BlockNumber block = 0; block < n; block++)
	{
		Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, ring);
		bool		keep = true;

		if (wanted)
		{
			LockBuffer(buffer, BUFFER_LOCK_SHARE);
			keep = wanted(BufferGetPage(buffer));
			LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		}
		ReleaseBuffer(buffer);
		if (keep && wanted)
			ReleaseBuffer(ReadBuffer(index, block));
		kept += keep;
		CHECK_FOR_INTERRUPTS();
	}
	if (ring)
		FreeAccessStrategy(ring);
	return kept;
}
