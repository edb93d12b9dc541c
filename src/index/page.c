/*
 * page.c -- index pages: reading, changing with WAL, writing a new index.
 *
 * The only file that writes WAL: GenericXLog for changes, full page images
 * for a new index.  What is on the pages is not known here.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/nbtxlog.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/storage.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/smgr.h"

#include "compat.h"
#include "index/page.h"

/*
 * What the tail says of a page, in a word of its header that means something in tables
 * only: a reader need not go to the other half of the page, for which the processor has
 * an address to translate and a line to fetch.
 */
#define MARK(kind) ((TransactionId) MV_PAGE_ID_WORD << 16 | (TransactionId) (kind))

void
mv_page_init(Page page, MvPageKind kind)
{
	PageInit(page, BLCKSZ, sizeof(MvPageTail));
	((PageHeader) page)->pd_prune_xid = MARK(kind);
	MV_PAGE_TAIL(page)->next = InvalidBlockNumber;
	MV_PAGE_TAIL(page)->kind = (uint16) kind;
	MV_PAGE_TAIL(page)->page_id = MV_PAGE_ID_WORD;
	mv_page_set_used(page, 0);
}

void
mv_page_set_used(Page page, int bytes)
{
	Assert(bytes >= 0 && bytes <= MV_BODY_SIZE);
	((PageHeader) page)->pd_lower = (LocationIndex) (MV_BODY_OFFSET + bytes);
}

int
mv_page_used(Page page)
{
	return ((PageHeader) page)->pd_lower - MV_BODY_OFFSET;
}

/* What is wrong with a page, or NULL. */
static const char *
check_page(Page page, MvPageKind kind)
{
	if (PageIsNew(page))
		return "is empty";
	if (PageGetSpecialSize(page) != sizeof(MvPageTail) ||
		MV_PAGE_TAIL(page)->page_id != MV_PAGE_ID_WORD)
		return "is not one of milvus_pg";
	if ((MV_PAGE_TAIL(page)->kind & ~MV_PAGE_DELETED) != kind)
		return "is of another kind than expected";
	if (mv_page_used(page) < 0 || mv_page_used(page) > MV_BODY_SIZE)
		return "has an impossible size";
	return NULL;
}

_Noreturn void
mv_index_corrupted(Relation index, const char *format, ...)
{
	char		text[200];
	va_list		args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" is damaged: %s", RelationGetRelationName(index), text),
			 errhint("Please REINDEX it.")));
	pg_unreachable();
}

void
mv_page_expect(Relation index, Buffer buffer, MvPageKind kind)
{
	const char *wrong = check_page(BufferGetPage(buffer), kind);

	if (unlikely(wrong != NULL))
		mv_index_corrupted(index, "page %u %s", BufferGetBlockNumber(buffer), wrong);
}

void
mv_page_lock(Relation index, Buffer buffer, MvPageKind kind, int lock)
{
	LockBuffer(buffer, lock);
	mv_page_expect(index, buffer, kind);
}

/*
 * Where pages were found last, by a hash of index and block.  A guess saves half
 * of the way through the buffer table (38 instead of 75 ns), and a wrong one
 * is noticed under the pin.  For as many pages as 4 GB have, in 2 MB, of which only what is
 * used takes memory.
 */
#define GUESSES 524288

static Buffer guesses[GUESSES];

static inline Buffer *
guess_at(Relation index, BlockNumber block)
{
	return &guesses[(block ^ RelationGetRelid(index) * 0x9e3779b1) % GUESSES];
}

void
mv_page_touch_guess(Relation index, BlockNumber block, int offset)
{
	Buffer		guess = *guess_at(index, block);

	if (guess == InvalidBuffer || RelationUsesLocalBuffers(index))
		return;
	__builtin_prefetch(GetBufferDescriptor(guess - 1), 1);
	__builtin_prefetch(BufferGetPage(guess));
	__builtin_prefetch(BufferGetPage(guess) + offset);
}

void
mv_page_prefetch_guess(Relation index, BlockNumber block, int offset, int bytes)
{
	Buffer		guess = *guess_at(index, block);

	if (guess == InvalidBuffer || RelationUsesLocalBuffers(index))
		return;
	__builtin_prefetch(GetBufferDescriptor(guess - 1), 1);
	__builtin_prefetch(BufferGetPage(guess));
	for (int i = 0; i < bytes; i += 64)
		__builtin_prefetch(BufferGetPage(guess) + offset + i);
}

Buffer
mv_page_pin(Relation index, BlockNumber block)
{
	Buffer	   *guess = guess_at(index, block);

	/* To the buffer manager that is a request for a new page. */
	if (unlikely(!BlockNumberIsValid(block)))
		mv_index_corrupted(index, "a chain of pages ends too early");
	if (*guess == InvalidBuffer || RelationUsesLocalBuffers(index) ||
		!ReadRecentBuffer(mv_locator(index), MAIN_FORKNUM, block, *guess))
	{
		*guess = ReadBuffer(index, block);
		return *guess;
	}
	pgstat_count_buffer_read(index);
	pgstat_count_buffer_hit(index);
	return *guess;
}

Buffer
mv_page_read(Relation index, BlockNumber block, MvPageKind kind, int lock)
{
	Buffer		buffer = mv_page_pin(index, block);

	mv_page_lock(index, buffer, kind, lock);
	return buffer;
}

/* Does the header say that all is well?  It need not: older pages have no mark. */
static inline bool
is_marked(Page page, MvPageKind kind)
{
	return ((PageHeader) page)->pd_prune_xid == MARK(kind) &&
		PageGetSpecialSize(page) == sizeof(MvPageTail) &&
		mv_page_used(page) >= 0 && mv_page_used(page) <= MV_BODY_SIZE;
}

Buffer
mv_page_read_quick(Relation index, BlockNumber block, MvPageKind kind)
{
	Buffer		buffer = mv_page_pin(index, block);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (unlikely(!is_marked(BufferGetPage(buffer), kind)))
		mv_page_expect(index, buffer, kind);
	return buffer;
}

Buffer
mv_page_extend(Relation index)
{
	Buffer		buffer;

	LockRelationForExtension(index, ExclusiveLock);
	buffer = ReadBufferExtended(index, MAIN_FORKNUM, P_NEW, RBM_NORMAL, NULL);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	UnlockRelationForExtension(index, ExclusiveLock);
	return buffer;
}

BlockNumber
mv_page_extend_run(Relation index, BlockNumber n)
{
	BlockNumber first = InvalidBlockNumber;

	LockRelationForExtension(index, ExclusiveLock);
	for (BlockNumber i = 0; i < n; i++)
	{
		Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM, P_NEW, RBM_NORMAL, NULL);

		if (i == 0)
			first = BufferGetBlockNumber(buffer);
		ReleaseBuffer(buffer);
	}
	UnlockRelationForExtension(index, ExclusiveLock);
	return first;
}

/* ---- deleted pages ---- */

static bool
is_deleted(Page page)
{
	return !PageIsNew(page) && PageGetSpecialSize(page) == sizeof(MvPageTail) &&
		MV_PAGE_TAIL(page)->page_id == MV_PAGE_ID_WORD &&
		(MV_PAGE_TAIL(page)->kind & MV_PAGE_DELETED) != 0;
}

bool
mv_page_is_deleted(Relation index, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(index, block);
	bool		deleted;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	deleted = is_deleted(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	return deleted;
}

/*
 * Queries on a standby may still look at the page: they are cancelled by the
 * record with which nbtree tells of its own pages, for core replays that.
 */
static void
log_reuse(Relation index, BlockNumber block, FullTransactionId xid)
{
	xl_btree_reuse_page record;

	if (!XLogStandbyInfoActive() || !RelationNeedsWAL(index))
		return;
	mv_fill_reuse_record(&record, index, block, xid);
	XLogBeginInsert();
	XLogRegisterData((char *) &record, SizeOfBtreeReusePage);
	XLogInsert(RM_BTREE_ID, XLOG_BTREE_REUSE_PAGE);
}

/* Unused pages that are looked at before the index is extended. */
#define ALLOC_TRIES 8

Buffer
mv_page_alloc(Relation index, Relation heap)
{
	BlockNumber too_young[ALLOC_TRIES];
	int			n = 0;
	Buffer		found = InvalidBuffer;

	for (int i = 0; i < ALLOC_TRIES && !BufferIsValid(found); i++)
	{
		BlockNumber block = GetFreeIndexPage(index);
		Buffer		buffer;
		Page		page;

		if (!BlockNumberIsValid(block))
			break;
		buffer = ReadBuffer(index, block);
		page = BufferGetPage(buffer);
		if (!ConditionalLockBuffer(buffer))
		{
			ReleaseBuffer(buffer);
			continue;
		}
		if (is_deleted(page))
		{
			FullTransactionId xid = ((MvPageDeleted *) MV_PAGE_HEAD(page))->xid;

			if (GlobalVisCheckRemovableFullXid(heap, xid))
			{
				log_reuse(index, block, xid);
				found = buffer;
				continue;
			}
			too_young[n++] = block;
		}
		UnlockReleaseBuffer(buffer);
	}
	while (n > 0)
		RecordFreeIndexPage(index, too_young[--n]);
	return BufferIsValid(found) ? found : mv_page_extend(index);
}

Buffer
mv_page_alloc_below(Relation index, BlockNumber end)
{
	for (;;)
	{
		BlockNumber block = GetFreeIndexPage(index);
		Buffer		buffer;

		if (!BlockNumberIsValid(block))
			return InvalidBuffer;
		if (block >= end)
			continue;
		buffer = ReadBuffer(index, block);
		/* The map may name a page that is in use, perhaps one that the caller has locked. */
		if (!ConditionalLockBuffer(buffer))
		{
			ReleaseBuffer(buffer);
			continue;
		}
		if (is_deleted(BufferGetPage(buffer)))
			return buffer;
		UnlockReleaseBuffer(buffer);
	}
}

bool
mv_page_may_truncate(Relation index)
{
	Relation	heap = table_open(index->rd_index->indrelid, NoLock);
	bool		may = !IsInParallelMode() &&
		mv_vacuum_truncates((StdRdOptions *) heap->rd_options);

	table_close(heap, NoLock);
	return may;
}

void
mv_page_truncate(Relation index, BlockNumber nblocks)
{
	RelationTruncate(index, nblocks);
}

void
mv_page_recycle(Relation index, BlockNumber block)
{
	RecordFreeIndexPage(index, block);
}

BlockNumber
mv_page_recycle_all(Relation index, BufferAccessStrategy strategy)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);
	BlockNumber deleted = 0;

	for (BlockNumber block = 0; block < nblocks; block++)
	{
		Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);

		mv_vacuum_delay_point();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		if (is_deleted(BufferGetPage(buffer)))
		{
			RecordFreeIndexPage(index, block);
			deleted++;
		}
		UnlockReleaseBuffer(buffer);
	}
	if (deleted > 0)
		IndexFreeSpaceMapVacuum(index);
	return deleted;
}

/* ---- changes ---- */

void
mv_change_begin(MvChange *change, Relation index)
{
	change->state = GenericXLogStart(index);
	change->n = 0;
}

static Page
register_page(MvChange *change, Buffer buffer, int flags)
{
	for (int i = 0; i < change->n; i++)
		if (change->buffers[i] == buffer)
			return change->pages[i];
	Assert(change->n < MV_CHANGE_PAGES);
	change->buffers[change->n] = buffer;
	change->pages[change->n] = GenericXLogRegisterBuffer(change->state, buffer, flags);
	return change->pages[change->n++];
}

Page
mv_change_page(MvChange *change, Buffer buffer)
{
	return register_page(change, buffer, 0);
}

Page
mv_change_new_page(MvChange *change, Buffer buffer, MvPageKind kind)
{
	Page		page = register_page(change, buffer, GENERIC_XLOG_FULL_IMAGE);

	mv_page_init(page, kind);
	return page;
}

FullTransactionId
mv_page_deletion_xid(void)
{
	FullTransactionId own = GetTopFullTransactionIdIfAny();

	/* Snapshots take no notice of VACUUM's. */
	if (FullTransactionIdIsValid(own) && !(MyProc->statusFlags & PROC_IN_VACUUM))
		return own;
	return ReadNextFullTransactionId();
}

void
mv_change_delete_page(MvChange *change, Buffer buffer, FullTransactionId xid)
{
	Page		page = mv_change_page(change, buffer);

	MV_PAGE_TAIL(page)->kind |= MV_PAGE_DELETED;
	((MvPageDeleted *) MV_PAGE_HEAD(page))->xid = xid;
}

void
mv_change_commit(MvChange *change)
{
	GenericXLogFinish(change->state);
}

/* ---- a new index ---- */

void
mv_writer_begin(MvWriter *writer, Relation index, ForkNumber fork)
{
	writer->index = index;
	writer->fork = fork;
	writer->first = writer->reserved = writer->extended =
		RelationGetNumberOfBlocksInFork(index, fork);
}

BlockNumber
mv_writer_reserve(MvWriter *writer, BlockNumber n)
{
	BlockNumber first = writer->reserved;

	if (n > MaxBlockNumber - first)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("index \"%s\" would be too large", RelationGetRelationName(writer->index))));
	writer->reserved += n;
	return first;
}

/* Empty pages up to a block. */
static void
extend_to(MvWriter *writer, BlockNumber end)
{
	for (; writer->extended < end; writer->extended++)
		ReleaseBuffer(ReadBufferExtended(writer->index, writer->fork, P_NEW, RBM_NORMAL, NULL));
}

void
mv_writer_extend(MvWriter *writer)
{
	extend_to(writer, writer->reserved);
}

/*
 * Pages go through shared buffers without WAL.  Until mv_writer_finish() only
 * this transaction can reach them, so extending needs no lock.
 */
void
mv_writer_put(MvWriter *writer, BlockNumber block, Page image)
{
	Relation	index = writer->index;
	Buffer		buffer;

	Assert(block < writer->reserved);
	extend_to(writer, block);
	buffer = ReadBufferExtended(index, writer->fork, block < writer->extended ? block : P_NEW,
								RBM_ZERO_AND_LOCK, NULL);
	writer->extended = Max(writer->extended, block + 1);
	START_CRIT_SECTION();
	memcpy(BufferGetPage(buffer), image, BLCKSZ);
	MarkBufferDirty(buffer);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

void
mv_writer_finish(MvWriter *writer)
{
	if (RelationNeedsWAL(writer->index) || writer->fork == INIT_FORKNUM)
		log_newpage_range(writer->index, writer->fork, writer->first,
						  RelationGetNumberOfBlocksInFork(writer->index, writer->fork), true);
}
