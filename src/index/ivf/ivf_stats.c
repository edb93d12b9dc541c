/*
 * ivf_stats.c -- what the tools of am/ ask about an index: its TIDs, its numbers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "index/inspect.h"
#include "index/ivf/ivf.h"

static MvIvfList
list_header(Relation index, const MvIvf *ivf, uint32 list)
{
	int			offset;
	BlockNumber block = mv_ivf_list_block(&ivf->meta, &ivf->shape, list, &offset);
	Buffer		buffer = mv_page_read(index, block, MV_PAGE_CENTROID, BUFFER_LOCK_SHARE);
	MvIvfList	header = *(MvIvfList *) (MV_PAGE_BODY(BufferGetPage(buffer)) + offset);

	UnlockReleaseBuffer(buffer);
	return header;
}

/* ---- TIDs ---- */

/* A set of ids. */
typedef struct IdSet
{
	uint32		size;
	uint8	   *bits;
} IdSet;

/*
 * The ids of a list.  Blocks and bodies are whole units of 64 bytes, of which
 * two in a block hold 16 ids each.
 */
#define UNIT 64
#define UNIT_IDS (UNIT / (int) sizeof(uint32))
#define IDS_OFFSET (2 * MV_BLOCK * (int) sizeof(float))

static void
collect_list(Relation index, const MvIvf *ivf, uint32 list, IdSet *listed)
{
	MvIvfList	header = list_header(index, ivf, list);
	uint64		size = ivf->shape.block_size;
	uint64		end = ((uint64) header.ncodes + MV_BLOCK - 1) / MV_BLOCK * size;
	BlockNumber block = header.first;

	for (uint64 at = 0; at < end;)
	{
		Buffer		buffer = mv_page_read(index, block, MV_PAGE_CODE, BUFFER_LOCK_SHARE);
		Page		page = BufferGetPage(buffer);

		for (int unit = 0; unit < MV_BODY_SIZE; unit += UNIT, at += UNIT)
		{
			const uint32 *id = (const uint32 *) (MV_PAGE_BODY(page) + unit);
			int			within = (int) (at % size) - IDS_OFFSET;
			uint64		code = at / size * MV_BLOCK + within / (int) sizeof(uint32);

			if (within < 0 || within >= MV_IVF_BLOCK_HEAD - IDS_OFFSET)
				continue;
			for (int i = 0; i < UNIT_IDS && code + i < header.ncodes; i++)
				if (id[i] < listed->size)
					listed->bits[id[i] / 8] |= (uint8) (1 << id[i] % 8);
		}
		block = MV_PAGE_TAIL(page)->next;
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
}

/* A row is found by scans if a list has its id, and its id is not dead. */
void
mv_ivf_tids(Relation index, MvTidFn each, void *arg)
{
	const MvIvf *ivf = mv_ivf_open(index);
	MvIvfIds	ids;
	IdSet		listed;

	mv_ivf_ids_begin(&ids, index, ivf);
	listed.size = (uint32) mv_ivf_ids_refresh(&ids) * ivf->shape.ids_per_page;
	listed.bits = palloc_extended(listed.size / 8 + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 list = 0; list < ivf->meta.nlists; list++)
		collect_list(index, ivf, list, &listed);
	for (int i = 0; i < ids.npages; i++)
	{
		Buffer		buffer = mv_page_read(index, ids.blocks[i], MV_PAGE_ID, BUFFER_LOCK_SHARE);
		PGAlignedBlock copy;
		MvIvfIdHead *head = MV_PAGE_HEAD(copy.data);
		MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(copy.data);
		uint32		first = (uint32) i * ivf->shape.ids_per_page;

		memcpy(copy.data, BufferGetPage(buffer), BLCKSZ);
		UnlockReleaseBuffer(buffer);
		for (uint32 j = 0; j < Min(head->count, (uint32) ivf->shape.ids_per_page); j++)
		{
			uint32		id = first + j;

			if (!(entry[j].flags & MV_ID_DEAD) && (listed.bits[id / 8] & 1 << id % 8))
				each(&entry[j].tid, arg);
		}
		CHECK_FOR_INTERRUPTS();
	}
	pfree(listed.bits);
	mv_ivf_ids_end(&ids);
}

/* ---- numbers ---- */

static void
count_page(BlockNumber block, Page page, void *arg)
{
	MvIndexStats *stats = arg;
	int			kind = mv_page_kind(page);
	MvIvfIdHead *head = MV_PAGE_HEAD(page);
	MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(page);

	stats->pages[kind]++;
	if (kind != MV_PAGE_ID || head->count > MV_BODY_SIZE / sizeof(MvIvfId))
		return;
	for (uint32 i = 0; i < head->count; i++)
		if (entry[i].flags & MV_ID_DEAD)
			stats->dead_rows++;
		else
			stats->rows++;
}

void
mv_ivf_stats(Relation index, MvIndexStats *stats)
{
	const MvIvf *ivf = mv_ivf_open(index);

	stats->version = MV_IVF_VERSION;
	stats->lists = ivf->meta.nlists;
	for (uint32 list = 0; list < ivf->meta.nlists; list++)
	{
		MvIvfList	header = list_header(index, ivf, list);

		stats->codes += header.ncodes;
		stats->largest_list = Max(stats->largest_list, header.ncodes);
		CHECK_FOR_INTERRUPTS();
	}
	mv_pages_visit(index, count_page, stats);
}
