/*
 * fts_segment.c -- snapshots, and what segments know of their documents.
 */
#include "postgres.h"

#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "fts/fts.h"
#include "fts/fts_row.h"
#include "fts/fts_pending.h"

void
mv_fts_read_meta(Relation index, MvFtsMeta *meta)
{
	Buffer		buffer = mv_page_read(index, MV_FTS_META_BLOCK, MV_PAGE_META, BUFFER_LOCK_SHARE);

	memcpy(meta, MV_PAGE_BODY(BufferGetPage(buffer)), sizeof(MvFtsMeta));
	UnlockReleaseBuffer(buffer);
	if (meta->magic != MV_FTS_MAGIC)
		mv_index_corrupted(index, "page 0 is not that of a bm25 index");
	if (meta->version != MV_FTS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has version %u of the format, not %d",
						RelationGetRelationName(index), meta->version, MV_FTS_VERSION),
				 errhint("Please REINDEX it.")));
	if (meta->nsegments > MV_FTS_SEGMENTS || meta->nfields > MV_MAX_FIELDS ||
		meta->nattributes > MV_MAX_FIELDS)
		mv_index_corrupted(index, "the meta page");
}

/* ---- segments ---- */

/* The last one. */
static int
keys_stream(const MvFtsSegmentStore *store)
{
	return MV_FTS_STREAM_FIELDS + store->root->nfields + store->root->nattributes;
}

MvFtsSegmentStore *
mv_fts_segment_open(Relation index, BlockNumber root, BlockNumber nblocks)
{
	Buffer		buffer = mv_page_read(index, root, MV_PAGE_SEGMENT, BUFFER_LOCK_SHARE);
	Page		page = BufferGetPage(buffer);
	int			size = mv_page_used(page);
	MvFtsSegmentStore *store = palloc0(sizeof(MvFtsSegmentStore));
	uint32		first = 0;

	store->index = index;
	store->root_block = root;
	store->nblocks = nblocks;
	store->root = palloc0(Max(size, (int) sizeof(MvFtsRoot)));
	memcpy(store->root, MV_PAGE_BODY(page), size);
	UnlockReleaseBuffer(buffer);
	if (store->root->nfields > MV_MAX_FIELDS || store->root->nattributes > MV_MAX_FIELDS ||
		store->root->nmaps > MV_FTS_MAX_MAPS ||
		offsetof(MvFtsRoot, maps) + store->root->nmaps * sizeof(BlockNumber) > (Size) size)
		mv_index_corrupted(index, "segment %u", root);
	store->maps = palloc0(sizeof(BlockNumber *) * Max(store->root->nmaps, 1));
	for (int i = 0; i <= keys_stream(store); i++)
	{
		store->first_page[i] = first;
		first += mv_fts_stream_pages(i, store->root->nfields, store->root->ndocs);
	}
	return store;
}

Buffer
mv_fts_segment_read(const MvFtsSegmentStore *store, BlockNumber block, MvPageKind kind)
{
	Buffer		buffer;

	if (block >= store->nblocks)
		mv_index_corrupted(store->index, "segment %u leads to page %u of %u", store->root_block,
						   block, store->nblocks);
	/* Without a lock: what tells the kind was there before anything led to the page. */
	buffer = mv_page_pin(store->index, block);
	mv_page_expect(store->index, buffer, kind);
	return buffer;
}

BlockNumber
mv_fts_segment_page(MvFtsSegmentStore *store, uint32 i)
{
	uint32		map = i / MV_FTS_MAP_ENTRIES;

	if (i >= store->root->npages || map >= store->root->nmaps)
		mv_index_corrupted(store->index, "segment %u has no page %u", store->root_block, i);
	if (store->maps[map] == NULL)
	{
		Buffer		buffer = mv_fts_segment_read(store, store->root->maps[map],
												 MV_PAGE_DIRECTORY);
		BlockNumber *blocks = MemoryContextAllocZero(GetMemoryChunkContext(store), MV_BODY_SIZE);

		memcpy(blocks, MV_PAGE_BODY(BufferGetPage(buffer)),
			   mv_page_used(BufferGetPage(buffer)));
		ReleaseBuffer(buffer);
		store->maps[map] = blocks;
	}
	if (store->maps[map][i % MV_FTS_MAP_ENTRIES] >= store->nblocks)
		mv_index_corrupted(store->index, "the directory of segment %u", store->root_block);
	return store->maps[map][i % MV_FTS_MAP_ENTRIES];
}

/* Elements of a stream, size bytes each; live bits are 64 to an element. */
static void
read_stream(MvFtsSegmentStore *store, int stream, uint32 from, uint32 n, int size, void *out)
{
	uint32		per_page = MV_BODY_SIZE / size;
	MvPageKind	kind = stream == MV_FTS_STREAM_LIVE ? MV_PAGE_LIVE : MV_PAGE_DOCUMENT;

	while (n > 0)
	{
		uint32		at = from % per_page;
		uint32		some = Min(n, per_page - at);
		BlockNumber block = mv_fts_segment_page(store,
												store->first_page[stream] + from / per_page);
		Buffer		buffer = mv_fts_segment_read(store, block, kind);

		memcpy(out, MV_PAGE_BODY(BufferGetPage(buffer)) + (Size) at * size, (Size) some * size);
		ReleaseBuffer(buffer);
		out = (char *) out + (Size) some * size;
		from += some;
		n -= some;
	}
}

void
mv_fts_lengths(const MvFtsSegment *segment, int field, uint32 from, uint32 n, uint8 *out)
{
	if (segment->pending)
		mv_fts_waiting_lengths(segment->store->waiting, field, from, n, out);
	else
		read_stream(segment->store, MV_FTS_STREAM_FIELDS + field, from, n, sizeof(uint8), out);
}

void
mv_fts_tids(const MvFtsSegment *segment, uint32 from, uint32 n, ItemPointer out)
{
	if (segment->pending)
		mv_fts_waiting_tids(segment->store->waiting, from, n, out);
	else
		read_stream(segment->store, MV_FTS_STREAM_TIDS, from, n, sizeof(ItemPointerData), out);
}

void
mv_fts_live(const MvFtsSegment *segment, uint32 from, uint32 n, uint64 *out)
{
	if (segment->pending)
		mv_fts_waiting_live(segment->store->waiting, from, n, out);
	else
		read_stream(segment->store, MV_FTS_STREAM_LIVE, from / 64, (n + 63) / 64, sizeof(uint64),
					out);
}

bool
mv_fts_is_live(const MvFtsSegment *segment, uint32 doc)
{
	uint64		word;

	mv_fts_live(segment, doc - doc % 64, Min(64, segment->ndocs - (doc - doc % 64)), &word);
	return (word >> doc % 64) & 1;
}

/* ---- attributes ---- */

static _Noreturn void
damaged_keys(const MvFtsSegmentStore *store)
{
	mv_index_corrupted(store->index, "the attributes of segment %u", store->root_block);
}

/* Pending keys are not coded: all of them are above null. */
static const MvFtsZone waiting_zone =
	{.code = {.low = MV_NULL_KEY + 1, .high = INT64_MAX, .width = 8, .nulls = 1}};

const MvFtsZone *
mv_fts_zone(const MvFtsSegment *segment, int attribute, uint32 doc)
{
	MvFtsSegmentStore *store = segment->store;
	MvFtsZone  *zones = store->zones[attribute];

	if (segment->pending)
		return &waiting_zone;
	if (zones == NULL)
	{
		uint32		n = segment->ndocs / MV_KEY_CHUNK + (segment->ndocs % MV_KEY_CHUNK > 0);

		zones = MemoryContextAllocHuge(GetMemoryChunkContext(store), sizeof(MvFtsZone) * (Size) n);
		read_stream(store, MV_FTS_STREAM_FIELDS + store->root->nfields + attribute, 0, n,
					sizeof(MvFtsZone), zones);
		for (uint32 i = 0; i < n; i++)
			if (!mv_keys_valid(&zones[i].code))
				damaged_keys(store);
		store->zones[attribute] = zones;
	}
	return &zones[doc / MV_KEY_CHUNK];
}

/* Bytes of the keys. */
static void
read_keys(MvFtsSegmentStore *store, uint64 from, Size n, void *out)
{
	int			stream = keys_stream(store);

	while (n > 0)
	{
		uint32		at = from % MV_BODY_SIZE;
		Size		some = Min(n, MV_BODY_SIZE - at);
		BlockNumber block;
		Buffer		buffer;

		if (from / MV_BODY_SIZE > PG_UINT32_MAX - store->first_page[stream])
			damaged_keys(store);
		block = mv_fts_segment_page(store, store->first_page[stream] +
									(uint32) (from / MV_BODY_SIZE));
		buffer = mv_fts_segment_read(store, block, MV_PAGE_DOCUMENT);
		if (at + some > (Size) mv_page_used(BufferGetPage(buffer)))
			damaged_keys(store);
		memcpy(out, MV_PAGE_BODY(BufferGetPage(buffer)) + at, some);
		ReleaseBuffer(buffer);
		out = (char *) out + some;
		from += some;
		n -= some;
	}
}

void
mv_fts_codes(const MvFtsSegment *segment, int attribute, uint32 from, uint32 n, int64 *distinct,
			 void *codes)
{
	const MvFtsZone *zone = mv_fts_zone(segment, attribute, from);
	Size		table = sizeof(int64) * zone->code.ndistinct;

	if (segment->pending)
	{
		uint64	   *out = codes;

		mv_fts_waiting_keys(segment->store->waiting, attribute, from, n, codes);
		for (uint32 i = 0; i < n; i++)
			out[i] -= (uint64) MV_NULL_KEY;
		return;
	}
	if (distinct != NULL)
		read_keys(segment->store, zone->at, table, distinct);
	read_keys(segment->store,
			  zone->at + table + (uint64) (from % MV_KEY_CHUNK) * zone->code.width,
			  (Size) n * zone->code.width, codes);
}

void
mv_fts_attributes(const MvFtsSegment *segment, int attribute, uint32 from, uint32 n, int64 *out)
{
	uint64	   *codes = palloc(sizeof(uint64) * MV_KEY_CHUNK);
	int64		distinct[MV_KEY_DISTINCT];

	while (n > 0)
	{
		uint32		some = Min(n, MV_KEY_CHUNK - from % MV_KEY_CHUNK);
		const MvKeyCode *code = &mv_fts_zone(segment, attribute, from)->code;

		mv_fts_codes(segment, attribute, from, some, distinct, codes);
		if (!mv_keys_decode(code, distinct, codes, some, out))
			damaged_keys(segment->store);
		out += some;
		from += some;
		n -= some;
	}
	pfree(codes);
}

/* ---- snapshots ---- */

static void
add_segment(MvFtsSnapshot *snapshot, MvFtsSegmentStore *store)
{
	MvFtsSegment *segment = &snapshot->segments[snapshot->nsegments++];

	*segment = (MvFtsSegment){.snapshot = snapshot, .ndocs = store->root->ndocs,
							  .pending = store->waiting != NULL, .store = store};
	snapshot->ndocs += segment->ndocs;
	for (int f = 0; f < snapshot->nfields; f++)
	{
		snapshot->fields[f].docs += store->root->fields[f].docs;
		snapshot->fields[f].length += (double) store->root->fields[f].length;
	}
}

/* Of a copy of the meta page: its segments, or those that are chosen. */
static MvFtsSnapshot *
open_segments(Relation index, const MvFtsMeta *meta, const bool *chosen)
{
	MvFtsSnapshot *snapshot = palloc0(sizeof(MvFtsSnapshot));
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);

	snapshot->index = index;
	snapshot->context = CurrentMemoryContext;
	snapshot->nfields = meta->nfields;
	snapshot->nattributes = meta->nattributes;
	snapshot->positions = meta->positions != 0;
	snapshot->segments = palloc0(sizeof(MvFtsSegment) * (meta->nsegments + 1));
	for (uint32 i = 0; i < meta->nsegments; i++)
	{
		MvFtsSegmentStore *store;

		if (chosen != NULL && !chosen[i])
			continue;
		store = mv_fts_segment_open(index, meta->segments[i].root, nblocks);
		if (store->root->ndocs != meta->segments[i].ndocs ||
			store->root->nfields != meta->nfields || store->root->nattributes != meta->nattributes)
			mv_index_corrupted(index, "segment %u is not as the meta page says",
							   meta->segments[i].root);
		add_segment(snapshot, store);
	}
	return snapshot;
}

static MvFtsSnapshot *
open_all(Relation index, bool terms)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 snapshot",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsMeta	meta;
	MvFtsSnapshot *snapshot;
	MvFtsSegmentStore *pending;

	mv_fts_read_meta(index, &meta);
	if (terms)
		mv_fts_check_config(index, &meta, mv_fts_schema(index));
	snapshot = open_segments(index, &meta, NULL);
	pending = mv_fts_waiting_open(index, &meta);
	if (pending != NULL)
		add_segment(snapshot, pending);
	MemoryContextSwitchTo(old);
	return snapshot;
}

MvFtsSnapshot *
mv_fts_open(Relation index)
{
	return open_all(index, true);
}

MvFtsSnapshot *
mv_fts_open_documents(Relation index)
{
	return open_all(index, false);
}

MvFtsSnapshot *
mv_fts_open_some(Relation index, const bool *chosen)
{
	MvFtsMeta	meta;

	mv_fts_read_meta(index, &meta);
	return open_segments(index, &meta, chosen);
}

bool
mv_fts_is_current(const MvFtsSegment *segment)
{
	MvFtsMeta	meta;

	mv_fts_read_meta(segment->snapshot->index, &meta);
	for (uint32 i = 0; i < meta.nsegments; i++)
		if (meta.segments[i].root == segment->store->root_block)
			return true;
	return false;
}

void
mv_fts_close(MvFtsSnapshot *snapshot)
{
	MemoryContextDelete(snapshot->context);
}
