/*
 * fts_write_terms.c -- writing the dictionary: leaves, and what is above them.
 */
#include "postgres.h"

#include "fts/fts_write.h"

/* Bytes of an entry at most. */
#define ENTRY_BYTES (MV_FTS_KEY_SIZE + 256)

static uint8 *
put_bytes(uint8 *p, const void *bytes, int n)
{
	memcpy(p, bytes, n);
	return p + n;
}

/* An entry that shares some bytes of its key with the one before. */
static int
form_entry(const MvFtsWriter *writer, const MvFtsTermEntry *entry, int shared, uint8 *out)
{
	uint8	   *p = out;

	p = mv_varint_put(p, shared);
	p = mv_varint_put(p, writer->len - shared);
	p = put_bytes(p, writer->key + shared, writer->len - shared);
	p = mv_varint_put(p, entry->df);
	p = mv_varint_put(p, entry->nruns);
	if (entry->nruns > 0)
		return (int) (put_bytes(p, &entry->place, sizeof(MvFtsPlace)) - out);
	p = mv_varint_put(p, entry->nbytes);
	return (int) (put_bytes(p, entry->bytes, entry->nbytes) - out);
}

static int
shared_bytes(const MvFtsWriter *writer)
{
	int			n = Min(writer->len, writer->last_len);
	int			i = 0;

	while (i < n && writer->key[i] == writer->last_key[i])
		i++;
	return i;
}

/* Write a page of places and cells. */
static void
put_page(MvFtsWriter *writer, BlockNumber block, int level, const uint16 *places, int nplaces,
		 const StringInfo cells, BlockNumber next)
{
	PGAlignedBlock image;
	Page		page = image.data;
	int			size = (int) sizeof(uint16) * nplaces;

	mv_page_init(page, MV_PAGE_TERM);
	MV_PAGE_TAIL(page)->next = next;
	*(MvFtsTermHead *) MV_PAGE_HEAD(page) =
		(MvFtsTermHead){.nplaces = (uint16) nplaces, .level = (uint16) level};
	memcpy(MV_PAGE_BODY(page), places, size);
	memcpy(MV_PAGE_BODY(page) + size, cells->data, cells->len);
	mv_page_set_used(page, size + cells->len);
	mv_fts_sink_put(writer->sink, block, page);
}

/* ---- leaves ---- */

static void
begin_leaf(MvFtsWriter *writer, BlockNumber block)
{
	MvFtsChild *child;

	writer->leaf = block;
	if (!BlockNumberIsValid(writer->first_leaf))
		writer->first_leaf = block;
	resetStringInfo(&writer->entries);
	writer->nplaces = writer->nentries = 0;
	if (writer->nchildren == writer->children_allocated)
	{
		writer->children_allocated = Max(256, writer->children_allocated * 2);
		writer->children = writer->children == NULL ?
			MemoryContextAlloc(writer->context, sizeof(MvFtsChild) * writer->children_allocated) :
			repalloc_huge(writer->children,
						  sizeof(MvFtsChild) * (Size) writer->children_allocated);
	}
	child = &writer->children[writer->nchildren++];
	*child = (MvFtsChild){.block = block, .len = writer->len,
						  .key = MemoryContextAlloc(writer->context, writer->len)};
	memcpy(child->key, writer->key, writer->len);
}

static void
end_leaf(MvFtsWriter *writer, BlockNumber next)
{
	put_page(writer, writer->leaf, 0, writer->places, writer->nplaces, &writer->entries, next);
}

void
mv_fts_dict_add(MvFtsWriter *writer, const MvFtsTermEntry *entry)
{
	uint8		bytes[ENTRY_BYTES];
	bool		restart = writer->nentries % MV_FTS_RESTART == 0;
	int			size = form_entry(writer, entry, restart ? 0 : shared_bytes(writer), bytes);

	if (!BlockNumberIsValid(writer->leaf))
		begin_leaf(writer, mv_fts_out_block(writer, &writer->others));
	else if ((int) sizeof(uint16) * (writer->nplaces + restart) + writer->entries.len + size >
			 MV_BODY_SIZE)
	{
		BlockNumber next = mv_fts_out_block(writer, &writer->others);

		end_leaf(writer, next);
		begin_leaf(writer, next);
		restart = true;
		size = form_entry(writer, entry, 0, bytes);
	}
	if (restart)
		writer->places[writer->nplaces++] = (uint16) writer->entries.len;
	appendBinaryStringInfo(&writer->entries, (char *) bytes, size);
	writer->nentries++;
	memcpy(writer->last_key, writer->key, writer->len);
	writer->last_len = writer->len;
}

/* ---- inner pages ---- */

/* One level over the children, who then are its pages. */
static void
put_level(MvFtsWriter *writer, int level)
{
	uint16		places[MV_BODY_SIZE / 4];
	int			n = 0;
	uint32		parents = 0;
	StringInfoData cells;
	BlockNumber block = InvalidBlockNumber;

	initStringInfo(&cells);
	for (uint32 i = 0; i < writer->nchildren; i++)
	{
		MvFtsChild	child = writer->children[i];
		uint16		len = (uint16) child.len;
		int			size = (int) (sizeof(BlockNumber) + sizeof(len)) + child.len;

		if (n > 0 && (int) sizeof(uint16) * (n + 1) + cells.len + size > MV_BODY_SIZE)
		{
			put_page(writer, block, level, places, n, &cells, InvalidBlockNumber);
			resetStringInfo(&cells);
			n = 0;
		}
		if (n == 0)
		{
			block = mv_fts_out_block(writer, &writer->others);
			writer->children[parents] = child;
			writer->children[parents++].block = block;
		}
		places[n++] = (uint16) cells.len;
		appendBinaryStringInfo(&cells, (char *) &child.block, sizeof(BlockNumber));
		appendBinaryStringInfo(&cells, (char *) &len, sizeof(len));
		appendBinaryStringInfo(&cells, (char *) child.key, child.len);
	}
	put_page(writer, block, level, places, n, &cells, InvalidBlockNumber);
	writer->nchildren = parents;
	pfree(cells.data);
}

void
mv_fts_dict_end(MvFtsWriter *writer, MvFtsRoot *root)
{
	root->dictionary = root->first_leaf = InvalidBlockNumber;
	if (writer->nchildren == 0)
		return;
	end_leaf(writer, InvalidBlockNumber);
	while (writer->nchildren > 1)
		put_level(writer, (int) ++root->height);
	root->dictionary = writer->children[0].block;
	root->first_leaf = writer->first_leaf;
}
