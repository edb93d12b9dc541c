/*
 * fts_sink.c -- the pages of a segment that is being written.
 */
#include "postgres.h"

#include "storage/bufmgr.h"

#include "fts/fts.h"

void
mv_fts_sink_begin(MvFtsSink *sink, Relation index, Relation heap, MvWriter *writer)
{
	sink->index = index;
	sink->heap = heap;
	sink->writer = writer;
}

/*
 * A deleted page is not deleted any more when it is reserved: the free space map
 * may have named it to somebody else at the same time, who looks again under lock.
 */
BlockNumber
mv_fts_sink_reserve(MvFtsSink *sink)
{
	Buffer		buffer;
	BlockNumber block;

	if (sink->writer != NULL)
		return mv_writer_reserve(sink->writer, 1);
	buffer = mv_page_alloc(sink->index, sink->heap);
	block = BufferGetBlockNumber(buffer);
	if (!PageIsNew(BufferGetPage(buffer)))
	{
		MvChange	change;

		mv_change_begin(&change, sink->index);
		mv_change_new_page(&change, buffer, MV_PAGE_DOCUMENT);
		mv_change_commit(&change);
	}
	UnlockReleaseBuffer(buffer);
	return block;
}

void
mv_fts_sink_put(MvFtsSink *sink, BlockNumber block, Page image)
{
	MvChange	change;
	Buffer		buffer;

	if (sink->writer != NULL)
	{
		mv_writer_put(sink->writer, block, image);
		return;
	}
	buffer = mv_page_pin(sink->index, block);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	mv_change_begin(&change, sink->index);
	memcpy(mv_change_new_page(&change, buffer, MV_PAGE_TAIL(image)->kind), image, BLCKSZ);
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}
