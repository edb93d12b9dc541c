/*
 * fts_pending.c -- a document joins those that wait for a segment.
 *
 * Inserters append to the last page of a stripe, which the meta page names.
 * Lock order: meta page, the stripe's last page, a new page.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"

#include "fts/fts_pending.h"

/* ---- the content ---- */

static void
append_varint(StringInfo out, uint64 x)
{
	uint8		bytes[MV_VARINT_BYTES];

	appendBinaryStringInfo(out, (char *) bytes, (int) (mv_varint_put(bytes, x) - bytes));
}

static void
append_positions(StringInfo out, const MvFtsSource *source)
{
	uint32		before = 0;

	for (uint32 i = 0; i < source->tf; i++)
	{
		append_varint(out, source->positions[i] - before);
		before = source->positions[i];
	}
}

void
mv_fts_pending_form(MvFtsInvert *invert, bool positions, StringInfo content)
{
	MvFtsSource *source = mv_fts_invert_unsorted(invert);
	MvFtsContentHead head = {0};
	StringInfoData hashes;
	StringInfoData entries;
	StringInfoData gaps;

	initStringInfo(&hashes);
	initStringInfo(&entries);
	initStringInfo(&gaps);
	while (source->next_term(source))
	{
		uint16		hash = mv_fts_pending_hash(source->key, source->len);

		CHECK_FOR_INTERRUPTS();
		if (!source->next_posting(source))
			elog(ERROR, "term of no document");
		appendBinaryStringInfo(&hashes, (char *) &hash, sizeof(hash));
		append_varint(&entries, (uint64) source->len * 2 + (source->tf > 1));
		appendBinaryStringInfo(&entries, (const char *) source->key, source->len);
		if (source->tf > 1)
			append_varint(&entries, source->tf);
		if (positions)
			append_positions(&gaps, source);
		head.nterms++;
	}
	head.entries = (uint32) entries.len;
	appendBinaryStringInfo(content, (char *) &head, sizeof(head));
	appendBinaryStringInfo(content, hashes.data, hashes.len);
	appendBinaryStringInfo(content, entries.data, entries.len);
	appendBinaryStringInfo(content, gaps.data, gaps.len);
}

/* ---- the record ---- */

/* Content longer than that goes to pages of its own. */
#define LONG_BYTES (MV_BODY_SIZE / 2)

/* A chain of long pages, last one first, to which nothing leads yet. */
static BlockNumber
write_long(Relation index, Relation heap, const StringInfo content)
{
	BlockNumber next = InvalidBlockNumber;

	for (int i = (int) mv_fts_long_pages(content->len) - 1; i >= 0; i--)
	{
		int			offset = i * MV_BODY_SIZE;
		int			n = Min(content->len - offset, MV_BODY_SIZE);
		Buffer		buffer;
		MvChange	change;
		Page		page;

		CHECK_FOR_INTERRUPTS();
		buffer = mv_page_alloc(index, heap);
		mv_change_begin(&change, index);
		page = mv_change_new_page(&change, buffer, MV_PAGE_LONG);
		memcpy(MV_PAGE_BODY(page), content->data + offset, n);
		mv_page_set_used(page, n);
		MV_PAGE_TAIL(page)->next = next;

		/* Tells vacuum when the page is not on its way any more, if nothing leads to it. */
		((MvPageDeleted *) MV_PAGE_HEAD(page))->xid = ReadNextFullTransactionId();
		mv_change_commit(&change);
		next = BufferGetBlockNumber(buffer);
		UnlockReleaseBuffer(buffer);
	}
	return next;
}

/* Pages besides those of stripes count, too, when it is time for a segment. */
static void
count_long(Relation index, uint32 npages)
{
	Buffer		buffer = mv_page_read(index, MV_FTS_META_BLOCK, MV_PAGE_META,
									  BUFFER_LOCK_EXCLUSIVE);
	MvChange	change;

	mv_change_begin(&change, index);
	((MvFtsMeta *) MV_PAGE_BODY(mv_change_page(&change, buffer)))->pending_pages += npages;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
}

/* A record of Size bytes, aligned. */
static char *
form_record(Relation index, Relation heap, const MvFtsMeta *meta, const MvFtsDoc *doc,
			const StringInfo content, Size *size)
{
	Size		keys = mv_fts_pending_keys_offset(meta->nfields);
	Size		offset = mv_fts_pending_content_offset(meta->nfields, meta->nattributes);
	bool		is_long = offset + content->len > LONG_BYTES;
	MvFtsPending head = {.tid = doc->tid, .flags = is_long ? MV_FTS_PENDING_LONG : 0,
						 .size = (uint32) content->len};
	char	   *record;

	*size = mv_fts_pending_size(&head, meta->nfields, meta->nattributes);
	record = palloc0(*size);
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), doc->lengths, sizeof(uint32) * meta->nfields);
	memcpy(record + keys, doc->keys, sizeof(int64) * meta->nattributes);
	if (is_long)
	{
		BlockNumber first = write_long(index, heap, content);

		memcpy(record + offset, &first, sizeof(first));
	}
	else
		memcpy(record + offset, content->data, content->len);
	return record;
}

/* ---- stripes ---- */

static void
add_record(Page page, const char *record, Size size)
{
	int			used = mv_page_used(page);

	memcpy(MV_PAGE_BODY(page) + used, record, size);
	mv_page_set_used(page, used + (int) size);
	((MvFtsPendingHead *) MV_PAGE_HEAD(page))->ndocs++;
}

/*
 * Append to the stripe's last page, whose number may be out of date.  False if
 * there is no room, or it is not that any more.
 */
static bool
append_to_tail(Relation index, BlockNumber tail, const char *record, Size size)
{
	Buffer		buffer;
	Page		page;
	MvFtsPendingHead *head;
	bool		fits = false;

	if (!BlockNumberIsValid(tail))
		return false;
	buffer = mv_page_pin(index, tail);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	page = BufferGetPage(buffer);
	head = (MvFtsPendingHead *) MV_PAGE_HEAD(page);

	/* A closed page may be another one by now: the kind tells, deleted or not. */
	if (!PageIsNew(page) && MV_PAGE_TAIL(page)->kind == MV_PAGE_PENDING && !head->closed &&
		!BlockNumberIsValid(MV_PAGE_TAIL(page)->next) &&
		mv_page_used(page) + size <= MV_BODY_SIZE)
	{
		MvChange	change;

		mv_change_begin(&change, index);
		add_record(mv_change_page(&change, buffer), record, size);
		mv_change_commit(&change);
		fits = true;
	}
	UnlockReleaseBuffer(buffer);
	return fits;
}

/* A new last page with the record, unless somebody else made one: then false. */
static bool
append_page(Relation index, Relation heap, int stripe, BlockNumber expected, const char *record,
			Size size)
{
	Buffer		meta_buffer = mv_page_read(index, MV_FTS_META_BLOCK, MV_PAGE_META,
										   BUFFER_LOCK_EXCLUSIVE);
	MvFtsMeta  *meta = (MvFtsMeta *) MV_PAGE_BODY(BufferGetPage(meta_buffer));
	Buffer		tail = InvalidBuffer;
	Buffer		buffer;
	MvChange	change;
	MvFtsStripe *mine;

	if (meta->stripes[stripe].tail != expected)
	{
		UnlockReleaseBuffer(meta_buffer);
		return false;
	}
	if (BlockNumberIsValid(expected))
		tail = mv_page_read(index, expected, MV_PAGE_PENDING, BUFFER_LOCK_EXCLUSIVE);
	buffer = mv_page_alloc(index, heap);
	mv_change_begin(&change, index);
	add_record(mv_change_new_page(&change, buffer, MV_PAGE_PENDING), record, size);
	if (BufferIsValid(tail))
		MV_PAGE_TAIL(mv_change_page(&change, tail))->next = BufferGetBlockNumber(buffer);
	meta = (MvFtsMeta *) MV_PAGE_BODY(mv_change_page(&change, meta_buffer));
	mine = &meta->stripes[stripe];
	mine->tail = BufferGetBlockNumber(buffer);
	if (!BlockNumberIsValid(mine->head))
		mine->head = mine->tail;
	meta->pending_pages++;
	mv_change_commit(&change);
	UnlockReleaseBuffer(buffer);
	if (BufferIsValid(tail))
		UnlockReleaseBuffer(tail);
	UnlockReleaseBuffer(meta_buffer);
	return true;
}

void
mv_fts_pending_append(Relation index, Relation heap, const MvFtsMeta *meta, const MvFtsDoc *doc,
					  const StringInfo content)
{
	int			stripe = (int) (murmurhash32((uint32) MyProcPid) % MV_FTS_STRIPES);
	BlockNumber tail = meta->stripes[stripe].tail;
	Size		size;
	char	   *record = form_record(index, heap, meta, doc, content, &size);

	/* Before it is linked: a flush between the two would take off what was not counted yet. */
	if (((const MvFtsPending *) record)->flags & MV_FTS_PENDING_LONG)
		count_long(index, mv_fts_long_pages(content->len));
	while (!append_to_tail(index, tail, record, size) &&
		   !append_page(index, heap, stripe, tail, record, size))
	{
		MvFtsMeta	now;

		CHECK_FOR_INTERRUPTS();
		mv_fts_read_meta(index, &now);
		tail = now.stripes[stripe].tail;
	}
}
