/*
 * page.h -- index pages: their common layout, WAL and extension.
 *
 * Every page:
 *
 *   OFFSET  SIZE  DESCRIPTION
 *        0    24  page header; pd_lower is the end of what is in use, pd_prune_xid
 *                 says what the tail does
 *       24    40  head, its meaning depends on the kind
 *       64  8064  body, 126 units of 64 bytes
 *     8128    56  unused
 *     8184     8  MvPageTail
 */
#pragma once

#include "access/transam.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

typedef enum MvPageKind
{
	MV_PAGE_META = 1,
	MV_PAGE_DIRECTORY,			/* block numbers of pages of one kind, in order */
	MV_PAGE_LIST,				/* the list table: where the codes of lists are */
	MV_PAGE_CENTROID,			/* centroids of lists */
	MV_PAGE_CODE,				/* FastScan blocks of one list */
	MV_PAGE_ID,					/* heap TIDs by id, and where the vectors are */
	MV_PAGE_VECTOR,
	MV_PAGE_GRAPH,				/* a graph over the rows: where its nodes are, and what it is */
	MV_PAGE_NODE,				/* nodes of a graph */
	MV_PAGE_SEGMENT,			/* of bm25 (fts/fts.h): the root of a segment */
	MV_PAGE_DOCUMENT,			/* something of each document */
	MV_PAGE_LIVE,				/* which documents are live */
	MV_PAGE_TERM,				/* dictionary */
	MV_PAGE_POSTING,
	MV_PAGE_RUN,				/* where the runs of long posting lists are */
	MV_PAGE_POSITION,
	MV_PAGE_PENDING,			/* documents that wait for a segment */
	MV_PAGE_LONG,				/* what of them did not fit there */
	MV_PAGE_ATTRIBUTE,			/* keys of an attribute, of the rows of an id page */
	MV_PAGE_KINDS				/* one more than the last */
} MvPageKind;

/* The last bytes of a page; page_id tells tools whose page it is. */
typedef struct MvPageTail
{
	BlockNumber next;			/* of a chain, or InvalidBlockNumber */
	uint16		kind;			/* MvPageKind, and MV_PAGE_DELETED */
	uint16		page_id;		/* MV_PAGE_ID_WORD */
} MvPageTail;

#define MV_PAGE_ID_WORD 0x4D56

/*
 * Nothing leads to the page any more.  Scans that were on the way to it may
 * still read it; it can be used again when all of them are over, which the
 * number of a transaction in the head tells: MvPageDeleted.  Only kinds whose
 * head is not used otherwise are deleted.
 */
#define MV_PAGE_DELETED 0x8000

typedef struct MvPageDeleted
{
	FullTransactionId xid;		/* of a transaction that was not over when it was deleted */
} MvPageDeleted;

#define MV_HEAD_OFFSET 24
#define MV_BODY_OFFSET 64
#define MV_BODY_SIZE 8064

#define MV_PAGE_HEAD(page) ((void *) ((char *) (page) + MV_HEAD_OFFSET))
#define MV_PAGE_BODY(page) ((char *) (page) + MV_BODY_OFFSET)
#define MV_PAGE_TAIL(page) ((MvPageTail *) ((char *) (page) + BLCKSZ - sizeof(MvPageTail)))

/* Make an empty page; head and body are zero. */
void		mv_page_init(Page page, MvPageKind kind);

/* Bytes of the body in use; what lies above is zero and stays out of WAL. */
void		mv_page_set_used(Page page, int bytes);
int			mv_page_used(Page page);

/* Raise XX002 with what is wrong, and a hint to REINDEX. */
_Noreturn void mv_index_corrupted(Relation index, const char *format, ...)
			pg_attribute_printf(2, 3);

/*
 * mv_page_read -- a pinned page of the wanted kind, locked as said.
 *
 * lock		BUFFER_LOCK_SHARE or BUFFER_LOCK_EXCLUSIVE
 *
 * XX002 (index corrupted), naming the block and REINDEX, if it is another kind.
 */
Buffer		mv_page_read(Relation index, BlockNumber block, MvPageKind kind, int lock);

/*
 * mv_page_read_quick -- the same with BUFFER_LOCK_SHARE, for scans that come by hundreds of
 * pages: the kind is what the header says, if it says one.
 */
Buffer		mv_page_read_quick(Relation index, BlockNumber block, MvPageKind kind);

/* mv_page_pin -- a pinned page, of which nothing was looked at. */
Buffer		mv_page_pin(Relation index, BlockNumber block);

/*
 * mv_page_touch_guess -- have the processor fetch what it takes to pin and check a page
 * that is wanted soon, and what lies at that offset, if it is where it was found last.
 *
 * That translates its addresses, too, for which the processor waits some 100 ns, but of
 * several pages touched one right after the other at the same time.
 */
void		mv_page_touch_guess(Relation index, BlockNumber block, int offset);

/* mv_page_prefetch_guess -- the same, and a part of the page. */
void		mv_page_prefetch_guess(Relation index, BlockNumber block, int offset, int bytes);

/* mv_page_expect -- the same error for a page that is locked already. */
void		mv_page_expect(Relation index, Buffer buffer, MvPageKind kind);

/* mv_page_lock -- the same for a page that is pinned already. */
void		mv_page_lock(Relation index, Buffer buffer, MvPageKind kind, int lock);

/*
 * mv_page_extend -- a new page at the end, exclusively locked.
 *
 * Its content is undefined until it is initialised in an MvChange; a crash
 * before that leaks it, no more.
 */
Buffer		mv_page_extend(Relation index);

/*
 * mv_page_extend_run -- n consecutive new pages at the end, empty; returns the first.
 *
 * To be initialised one by one, later; a crash leaks them.
 */
BlockNumber mv_page_extend_run(Relation index, BlockNumber n);

/*
 * mv_page_alloc -- a page to be used anew, exclusively locked: a deleted one
 * that nobody can look at, or a new one.
 *
 * heap		the table, or NULL if it is not at hand: then any transaction counts
 *
 * To be initialised in an MvChange, as after mv_page_extend(), which otherwise
 * leaks it.
 */
Buffer		mv_page_alloc(Relation index, Relation heap);

/*
 * mv_page_alloc_below -- a deleted page before that block, exclusively locked, or
 * InvalidBuffer; for who holds an AccessExclusiveLock on the index, which keeps scans off,
 * and is to cut off the file there.
 */
Buffer		mv_page_alloc_below(Relation index, BlockNumber end);

/*
 * mv_page_may_truncate -- may VACUUM try for that lock?
 *
 * The option vacuum_truncate of the table is about it.  Parallel workers, and who has
 * some, can not log it.
 */
bool		mv_page_may_truncate(Relation index);

/* mv_page_truncate -- cut off the file, under that lock. */
void		mv_page_truncate(Relation index, BlockNumber nblocks);

/*
 * One WAL record about at most MV_CHANGE_PAGES pages, all exclusively locked by
 * the caller.  Nothing is visible before mv_change_commit(), nothing can fail
 * in it; an error before it leaves all pages as they were.
 */
#define MV_CHANGE_PAGES 4

typedef struct MvChange
{
	struct GenericXLogState *state;
	int			n;
	Buffer		buffers[MV_CHANGE_PAGES];
	Page		pages[MV_CHANGE_PAGES];
} MvChange;

void		mv_change_begin(MvChange *change, Relation index);

/* The copy of a page to be changed, the same one when asked for again. */
Page		mv_change_page(MvChange *change, Buffer buffer);

/* The same for a page of mv_page_extend(): initialised. */
Page		mv_change_new_page(MvChange *change, Buffer buffer, MvPageKind kind);

/*
 * mv_page_deletion_xid -- what to delete pages with that nothing leads to any more.
 *
 * A transaction that is not over, and which the snapshots of all scans under way
 * therefore keep from counting as old: this one, or the next.
 */
FullTransactionId mv_page_deletion_xid(void);

/*
 * mv_change_delete_page -- mark a page, whose content stays as it is; mv_page_recycle() it
 * after the commit.
 */
void		mv_change_delete_page(MvChange *change, Buffer buffer, FullTransactionId xid);

/* Buffers stay pinned and locked. */
void		mv_change_commit(MvChange *change);

/* Is it? */
bool		mv_page_is_deleted(Relation index, BlockNumber block);

/* Tell mv_page_alloc() of a deleted page; a hint, not logged. */
void		mv_page_recycle(Relation index, BlockNumber block);

/*
 * mv_page_recycle_all -- the same for every deleted page of an index, when vacuum ends.
 *
 * strategy		of the reads
 * returns		how many there are
 */
BlockNumber mv_page_recycle_all(Relation index, BufferAccessStrategy strategy);

/*
 * Writing a whole new index, or what follows the pages of one, of which nobody else
 * sees anything before mv_writer_finish().  Pages are reserved in order and written
 * in any order.
 */
typedef struct MvWriter
{
	Relation	index;
	ForkNumber	fork;
	BlockNumber first;			/* pages before it were there */
	BlockNumber reserved;
	BlockNumber extended;		/* blocks that the file has */
} MvWriter;

void		mv_writer_begin(MvWriter *writer, Relation index, ForkNumber fork);

/* The first of n consecutive new blocks. */
BlockNumber mv_writer_reserve(MvWriter *writer, BlockNumber n);

/*
 * mv_writer_extend -- make the file as long as reserved.  From then on other processes
 * of the build may put pages as well, each with a copy of the writer.
 */
void		mv_writer_extend(MvWriter *writer);

/* Write the image of a reserved page, made by mv_page_init(). */
void		mv_writer_put(MvWriter *writer, BlockNumber block, Page image);

/* Log and sync; every reserved page has been written. */
void		mv_writer_finish(MvWriter *writer);
