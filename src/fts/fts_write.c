/*
 * fts_write.c -- writing a segment: its documents, its directory, its root.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fts/fts_write.h"

/* ---- pages ---- */

BlockNumber
mv_fts_out_block(MvFtsWriter *writer, MvFtsBlocks *blocks)
{
	if (blocks->n == blocks->allocated)
	{
		blocks->allocated = Max(64, blocks->allocated * 2);
		if (blocks->blocks == NULL)
			blocks->blocks = MemoryContextAlloc(writer->context,
												sizeof(BlockNumber) * blocks->allocated);
		else
			blocks->blocks = repalloc_huge(blocks->blocks,
										   sizeof(BlockNumber) * (Size) blocks->allocated);
	}
	return blocks->blocks[blocks->n++] = mv_fts_sink_reserve(writer->sink);
}

static void
put(MvFtsWriter *writer, MvFtsOut *out)
{
	mv_page_set_used(out->page.data, out->used);
	mv_fts_sink_put(writer->sink, out->block, out->page.data);
}

void
mv_fts_out_next(MvFtsWriter *writer, MvFtsOut *out, MvFtsBlocks *blocks, bool chained)
{
	BlockNumber block = mv_fts_out_block(writer, blocks);

	if (BlockNumberIsValid(out->block))
	{
		if (chained)
			MV_PAGE_TAIL(out->page.data)->next = block;
		put(writer, out);
	}
	mv_page_init(out->page.data, out->kind);
	out->block = block;
	out->used = 0;
}

void
mv_fts_out_end(MvFtsWriter *writer, MvFtsOut *out)
{
	if (BlockNumberIsValid(out->block))
		put(writer, out);
	out->block = InvalidBlockNumber;
}

/* ---- documents ---- */

static void
init_out(MvFtsOut *out, MvPageKind kind)
{
	out->block = InvalidBlockNumber;
	out->kind = kind;
}

/* The last is that of the keys. */
static int
count_streams(const MvFtsWriter *writer)
{
	return MV_FTS_STREAM_FIELDS + writer->nfields + writer->nattributes + 1;
}

MvFtsWriter *
mv_fts_write_begin(MvFtsSink *sink, int nfields, int nattributes, bool positions)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bm25 segment writer",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MvFtsWriter *writer = palloc0(sizeof(MvFtsWriter));
	int			n;

	writer->sink = sink;
	writer->context = context;
	writer->nfields = nfields;
	writer->nattributes = nattributes;
	writer->positions = positions;
	n = count_streams(writer);
	writer->streams = palloc0(sizeof(MvFtsOut) * n);
	writer->stream_blocks = palloc0(sizeof(MvFtsBlocks) * n);
	for (int i = 0; i < n; i++)
		init_out(&writer->streams[i],
				 i == MV_FTS_STREAM_LIVE ? MV_PAGE_LIVE : MV_PAGE_DOCUMENT);
	for (int a = 0; a < nattributes; a++)
		writer->keys[a] = palloc(sizeof(int64) * MV_KEY_CHUNK);
	if (nattributes > 0)
		writer->coded = palloc(MV_KEY_BYTES);
	init_out(&writer->posting, MV_PAGE_POSTING);
	init_out(&writer->position, MV_PAGE_POSITION);
	init_out(&writer->run, MV_PAGE_RUN);
	mv_fts_front_reset(&writer->list.front);
	initStringInfo(&writer->list.positions);
	initStringInfo(&writer->list.bytes);
	initStringInfo(&writer->entries);
	writer->leaf = writer->first_leaf = InvalidBlockNumber;
	MemoryContextSwitchTo(old);
	return writer;
}

/* Append an element of a document to a stream. */
static void
append(MvFtsWriter *writer, int stream, const void *element, int size)
{
	MvFtsOut   *out = &writer->streams[stream];

	if (!BlockNumberIsValid(out->block) || out->used + size > MV_BODY_SIZE)
		mv_fts_out_next(writer, out, &writer->stream_blocks[stream], false);
	memcpy(MV_PAGE_BODY(out->page.data) + out->used, element, size);
	out->used += size;
}

/* A bit set, for the document that is being added. */
static void
append_live(MvFtsWriter *writer)
{
	static const uint64 none = 0;
	MvFtsOut   *out = &writer->streams[MV_FTS_STREAM_LIVE];
	uint32		bit = writer->ndocs % MV_FTS_LIVE_PER_PAGE;

	if (bit % 64 == 0)
		append(writer, MV_FTS_STREAM_LIVE, &none, sizeof(none));
	((uint64 *) MV_PAGE_BODY(out->page.data))[bit / 64] |= UINT64CONST(1) << bit % 64;
}

static void
grow_codes(MvFtsWriter *writer)
{
	uint32		n = Max(1024, writer->allocated * 2);

	for (int f = 0; f < writer->nfields; f++)
		writer->codes[f] = writer->allocated == 0 ?
			MemoryContextAlloc(writer->context, n) : repalloc_huge(writer->codes[f], n);
	writer->allocated = n;
}

/* Append coded keys to those of all zones. */
static void
append_keys(MvFtsWriter *writer, const uint8 *bytes, Size n)
{
	int			stream = count_streams(writer) - 1;
	MvFtsOut   *out = &writer->streams[stream];

	while (n > 0)
	{
		Size		some;

		if (!BlockNumberIsValid(out->block) || out->used == MV_BODY_SIZE)
			mv_fts_out_next(writer, out, &writer->stream_blocks[stream], false);
		some = Min(n, (Size) (MV_BODY_SIZE - out->used));
		memcpy(MV_PAGE_BODY(out->page.data) + out->used, bytes, some);
		out->used += (int) some;
		bytes += some;
		n -= some;
	}
}

/* The attributes' keys of the last n documents are a zone each. */
static void
end_zones(MvFtsWriter *writer, uint32 n)
{
	for (int a = 0; a < writer->nattributes; a++)
	{
		MvFtsZone	zone = {.at = writer->keys_end};
		Size		size = mv_keys_encode(writer->keys[a], (int) n, &zone.code, writer->coded);
		Size		whole = TYPEALIGN(sizeof(int64), size);

		memset(writer->coded + size, 0, whole - size);
		append(writer, MV_FTS_STREAM_FIELDS + writer->nfields + a, &zone, sizeof(zone));
		append_keys(writer, writer->coded, whole);
		writer->keys_end += whole;
	}
}

void
mv_fts_write_doc(MvFtsWriter *writer, const MvFtsDoc *doc)
{
	int			stream = MV_FTS_STREAM_FIELDS;

	if (writer->ndocs == writer->allocated)
		grow_codes(writer);
	append(writer, MV_FTS_STREAM_TIDS, &doc->tid, sizeof(doc->tid));
	append_live(writer);
	for (int f = 0; f < writer->nfields; f++)
	{
		uint32		length = doc->lengths[f];
		uint8		code = length == PG_UINT32_MAX ? MV_LENGTH_NULL : mv_length_code(length);

		writer->codes[f][writer->ndocs] = code;
		writer->fields[f].docs += code != 0 && code != MV_LENGTH_NULL;
		append(writer, stream++, &code, sizeof(code));
	}
	for (int a = 0; a < writer->nattributes; a++)
		writer->keys[a][writer->ndocs % MV_KEY_CHUNK] = doc->keys[a];
	if (++writer->ndocs % MV_KEY_CHUNK == 0)
		end_zones(writer, MV_KEY_CHUNK);
}

/* ---- terms ---- */

/* What there is of the current term is all. */
static void
end_term(MvFtsWriter *writer)
{
	MvFtsTermEntry entry;

	if (writer->len == 0 || writer->list.df == 0)
		return;
	mv_fts_list_end(writer, &entry);
	mv_fts_dict_add(writer, &entry);
	resetStringInfo(&writer->list.bytes);
	writer->nterms++;
	writer->npostings += entry.df;
}

void
mv_fts_write_term(MvFtsWriter *writer, const uint8 *key, int len)
{
	end_term(writer);
	memcpy(writer->key, key, len);
	writer->len = len;
}

/* ---- the end ---- */

/* Directory pages over the streams' pages and the others. */
static void
write_directory(MvFtsWriter *writer, MvFtsRoot *root)
{
	int			n = count_streams(writer);
	MvFtsBlocks maps = {0};
	MvFtsOut   *out = palloc(sizeof(MvFtsOut));

	init_out(out, MV_PAGE_DIRECTORY);
	for (int i = 0; i <= n; i++)
	{
		MvFtsBlocks *blocks = i < n ? &writer->stream_blocks[i] : &writer->others;

		for (uint32 j = 0; j < blocks->n; j++)
		{
			if (root->npages % MV_FTS_MAP_ENTRIES == 0)
				mv_fts_out_next(writer, out, &maps, false);
			memcpy(MV_PAGE_BODY(out->page.data) + out->used, &blocks->blocks[j],
				   sizeof(BlockNumber));
			out->used += sizeof(BlockNumber);
			root->npages++;
		}
	}
	mv_fts_out_end(writer, out);
	if (maps.n > MV_FTS_MAX_MAPS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("index \"%s\" would be too large",
						RelationGetRelationName(writer->sink->index))));
	root->nmaps = maps.n;
	memcpy(root->maps, maps.blocks, sizeof(BlockNumber) * maps.n);
}

void
mv_fts_write_finish(MvFtsWriter *writer, MvFtsEntry *entry)
{
	MvFtsOut   *out = palloc(sizeof(MvFtsOut));
	MvFtsBlocks mine = {0};
	MvFtsRoot  *root;

	init_out(out, MV_PAGE_SEGMENT);
	mv_fts_out_next(writer, out, &mine, false);
	root = (MvFtsRoot *) MV_PAGE_BODY(out->page.data);
	end_term(writer);
	if (writer->ndocs % MV_KEY_CHUNK > 0)
		end_zones(writer, writer->ndocs % MV_KEY_CHUNK);
	mv_fts_dict_end(writer, root);
	mv_fts_out_end(writer, &writer->posting);
	mv_fts_out_end(writer, &writer->position);
	mv_fts_out_end(writer, &writer->run);
	for (int i = 0; i < count_streams(writer); i++)
		mv_fts_out_end(writer, &writer->streams[i]);
	root->ndocs = writer->ndocs;
	root->nfields = (uint16) writer->nfields;
	root->nattributes = (uint16) writer->nattributes;
	root->positions = writer->positions;
	root->nterms = writer->nterms;
	root->npostings = writer->npostings;
	memcpy(root->fields, writer->fields, sizeof(root->fields));
	write_directory(writer, root);
	out->used = (int) (offsetof(MvFtsRoot, maps) + sizeof(BlockNumber) * root->nmaps);
	*entry = (MvFtsEntry){.root = out->block, .ndocs = writer->ndocs,
						  .npages = root->npages + root->nmaps + 1};
	mv_fts_out_end(writer, out);
	MemoryContextDelete(writer->context);
}
