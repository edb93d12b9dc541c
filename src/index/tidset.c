/*
 * tidset.c -- making a set of TIDs.
 */
#include "postgres.h"

#include "access/htup_details.h"

#include "compat.h"
#include "index/tidset.h"

/*
 * Bits of a block at first: rows with vectors are long, few are on a page.  At most as many
 * as there are offset numbers.
 */
#define FIRST_SHIFT 3
#define MAX_SHIFT 16

#define FIRST_CHUNKS 64

static Size
chunk_words(int shift)
{
	return ((Size) MV_TID_CHUNK << shift) / 64;
}

/* Zeroed, but for the chunks taken over from another array. */
static uint64 *
make_bits(uint32 nchunks, int shift, const uint64 *from, uint32 nfrom)
{
	Size		words = chunk_words(shift);
	uint64	   *bits = palloc_extended(sizeof(uint64) * words * nchunks,
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	if (from != NULL)
		memcpy(bits, from, sizeof(uint64) * words * nfrom);
	return bits;
}

/* Of the block after the last the bits stay clear, so there is a chunk for that, too. */
MvTidSet *
mv_tid_set_create(BlockNumber nblocks)
{
	MvTidSet   *set = palloc0(sizeof(MvTidSet));

	set->nblocks = nblocks;
	set->last = InvalidBlockNumber;
	set->shift = FIRST_SHIFT;
	set->rest = (1 << FIRST_SHIFT) - 1;
	set->chunks = palloc_extended(sizeof(uint32) * (nblocks / MV_TID_CHUNK + 1),
								  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->nchunks = 1;
	set->max_chunks = FIRST_CHUNKS;
	set->bits = make_bits(set->max_chunks, set->shift, NULL, 0);
	return set;
}

static void
set_bits(uint64 *bits, uint64 from, uint64 to)
{
	for (; from < to; from++)
		bits[from / 64] |= UINT64CONST(1) << from % 64;
}

/* Twice as many bits for each block. */
static void
widen(MvTidSet *set)
{
	uint64		blocks = (uint64) set->nchunks * MV_TID_CHUNK;
	uint32		old_width = 1u << set->shift;
	uint64	   *old = set->bits;
	uint64	   *bits = make_bits(set->max_chunks, set->shift + 1, NULL, 0);

	for (uint64 block = 0; block < blocks; block++)
		for (uint32 i = 0; i < old_width; i++)
		{
			uint64		from = block * old_width + i;
			uint64		to = 2 * block * old_width + i;

			if (old[from / 64] >> from % 64 & 1)
				set_bits(bits, to, to + 1 + (i == set->rest ? old_width : 0));
		}
	pfree(old);
	set->bits = bits;
	set->shift++;
	set->rest = (1u << set->shift) - 1;
}

/* The bits of a block, which need not be the first of its chunk. */
static uint64
place_of(MvTidSet *set, BlockNumber block)
{
	uint32	   *chunk = &set->chunks[block / MV_TID_CHUNK];

	if (*chunk == 0)
	{
		if (set->nchunks == set->max_chunks)
		{
			uint64	   *old = set->bits;

			set->bits = make_bits(2 * set->max_chunks, set->shift, old, set->nchunks);
			set->max_chunks *= 2;
			pfree(old);
		}
		*chunk = set->nchunks++;
	}
	return ((uint64) *chunk * MV_TID_CHUNK + block % MV_TID_CHUNK) << set->shift;
}

static void
keep_few(MvTidSet *set, BlockNumber block, const OffsetNumber *offsets, int n)
{
	for (int i = 0; i < n && set->count + i < MV_TID_FEW; i++)
		ItemPointerSet(&set->few[(int) set->count + i], block, offsets[i]);
}

bool
mv_tid_set_few(const MvTidSet *set, const ItemPointerData **members, int *n)
{
	*members = set->few;
	*n = (int) Min(set->count, MV_TID_FEW);
	return set->count <= MV_TID_FEW && set->whole_pages == 0;
}

void
mv_tid_set_add(MvTidSet *set, BlockNumber block, const OffsetNumber *offsets, int n)
{
	uint64		place;

	Assert(set->last == InvalidBlockNumber || block > set->last);
	if (block >= set->nblocks || n == 0)
		return;
	for (int i = 0; i < n; i++)
		while (offsets[i] >= set->rest && set->shift < MAX_SHIFT)
			widen(set);
	place = place_of(set, block);
	if (n < 0)
		set_bits(set->bits, place, place + set->rest + 1);
	for (int i = 0; i < n; i++)
		set_bits(set->bits, place + offsets[i], place + offsets[i] + 1);
	keep_few(set, block, offsets, n);
	set->count += Max(n, 0);
	set->whole_pages += n < 0;
	set->last = block;
}
