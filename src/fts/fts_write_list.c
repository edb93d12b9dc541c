/*
 * fts_write_list.c -- writing posting lists: blocks, runs of blocks, positions.
 *
 * Blocks are gathered until no more would go on the page, or the list ends;
 * then they are a run.
 */
#include "postgres.h"

#include "fts/fts_write.h"

/* Lists of no more documents and bytes are kept in the dictionary. */
#define INLINE_DOCS 16
#define INLINE_BYTES 96

/* A list is not divided to fill what remains of a page if it is shorter. */
#define WHOLE_BYTES (MV_BODY_SIZE / 4)

static int
head_size(const MvFtsWriter *writer)
{
	return (int) sizeof(MvFtsBlockHead) + (writer->positions ? (int) sizeof(MvFtsPlace) : 0);
}

static void
append_positions(MvFtsWriter *writer, uint32 tf, const uint32 *positions)
{
	StringInfo	out = &writer->list.positions;
	uint32		before = 0;

	for (uint32 i = 0; i < tf; i++)
	{
		uint8		bytes[MV_VARINT_BYTES];

		appendBinaryStringInfo(out, (char *) bytes,
							   (int) (mv_varint_put(bytes, positions[i] - before) - bytes));
		before = positions[i];
	}
}

/* Bytes to the stream of positions; where they begin. */
static MvFtsPlace
put_positions(MvFtsWriter *writer)
{
	MvFtsOut   *out = &writer->position;
	const StringInfo bytes = &writer->list.positions;
	MvFtsPlace	place;

	if (!BlockNumberIsValid(out->block) || out->used == MV_BODY_SIZE)
		mv_fts_out_next(writer, out, &writer->others, true);
	place = (MvFtsPlace){.block = out->block, .offset = (uint16) out->used};
	for (int done = 0; done < bytes->len;)
	{
		int			n;

		if (out->used == MV_BODY_SIZE)
			mv_fts_out_next(writer, out, &writer->others, true);
		n = Min(bytes->len - done, MV_BODY_SIZE - out->used);
		memcpy(MV_PAGE_BODY(out->page.data) + out->used, bytes->data + done, n);
		out->used += n;
		done += n;
	}
	resetStringInfo(bytes);
	return place;
}

/* ---- runs ---- */

/* Bytes of the gathered blocks on a page. */
static int
gathered(const MvFtsWriter *writer)
{
	return writer->list.nblocks * head_size(writer) + writer->list.bytes.len;
}

static int
room(const MvFtsWriter *writer)
{
	return BlockNumberIsValid(writer->posting.block) ?
		MV_BODY_SIZE - TYPEALIGN(4, writer->posting.used) : 0;
}

static void
add_run(MvFtsWriter *writer, const MvFtsRun *run)
{
	MvFtsListOut *list = &writer->list;

	if (list->nruns == list->allocated)
	{
		list->allocated = Max(16, list->allocated * 2);
		if (list->runs == NULL)
			list->runs = MemoryContextAlloc(writer->context, sizeof(MvFtsRun) * list->allocated);
		else
			list->runs = repalloc_huge(list->runs, sizeof(MvFtsRun) * (Size) list->allocated);
	}
	list->runs[list->nruns++] = *run;
}

/* The gathered blocks to the page, where there is room for them. */
static void
put_run(MvFtsWriter *writer)
{
	MvFtsListOut *list = &writer->list;
	MvFtsOut   *out = &writer->posting;
	int			n = list->nblocks;
	int			start = (int) TYPEALIGN(4, out->used);
	int			payload = start + n * head_size(writer);
	char	   *body = MV_PAGE_BODY(out->page.data);
	MvFtsFront	front;
	MvFtsRun	run = {.block = out->block, .last = list->heads[n - 1].last,
					   .offset = (uint16) start, .nblocks = (uint16) n};

	mv_fts_front_reset(&front);
	for (int i = 0; i < n; i++)
	{
		list->heads[i].offset += (uint16) payload;
		mv_fts_front_add_bound(&front, &list->heads[i].bound);
	}
	mv_fts_front_bound(&front, &run.bound);
	memcpy(body + start, list->heads, sizeof(MvFtsBlockHead) * n);
	if (writer->positions)
		memcpy(body + start + sizeof(MvFtsBlockHead) * n, list->places, sizeof(MvFtsPlace) * n);
	memcpy(body + payload, list->bytes.data, list->bytes.len);
	out->used = payload + list->bytes.len;
	list->nblocks = 0;
	resetStringInfo(&list->bytes);
	add_run(writer, &run);
}

/* Make room on the page for the gathered blocks and some bytes more, or for these alone. */
static void
make_room(MvFtsWriter *writer, int more)
{
	MvFtsListOut *list = &writer->list;

	if (gathered(writer) + more <= room(writer))
		return;
	if (list->nblocks > 0 && (list->nruns > 0 || gathered(writer) + more > WHOLE_BYTES))
		put_run(writer);
	mv_fts_out_next(writer, &writer->posting, &writer->others, false);
}

/* The block that is being filled joins the gathered ones. */
static void
end_block(MvFtsWriter *writer)
{
	MvFtsListOut *list = &writer->list;
	uint8		bytes[MV_POSTINGS_BYTES];
	uint32		from = list->from;
	int			size = (int) mv_postings_encode(from, list->docs, list->tfs, list->n, bytes);
	MvFtsBlockHead *head;

	make_room(writer, head_size(writer) + size);
	head = &list->heads[list->nblocks];
	*head = (MvFtsBlockHead){.last = list->docs[list->n - 1], .offset = (uint16) list->bytes.len,
							 .n = (uint8) list->n};
	mv_fts_front_bound(&list->front, &head->bound);
	if (writer->positions)
		list->places[list->nblocks] = put_positions(writer);
	appendBinaryStringInfo(&list->bytes, (char *) bytes, size);
	list->nblocks++;
	list->from = head->last + 1;
	list->n = 0;
	mv_fts_front_reset(&list->front);
}

void
mv_fts_write_posting(MvFtsWriter *writer, uint32 doc, uint32 tf, const uint32 *positions)
{
	MvFtsListOut *list = &writer->list;

	if (list->n == MV_FTS_BLOCK)
		end_block(writer);
	list->docs[list->n] = doc;
	list->tfs[list->n++] = tf;
	mv_fts_front_add(&list->front, tf, writer->codes[writer->key[0]][doc]);
	if (writer->positions)
		append_positions(writer, tf, positions);
	writer->fields[writer->key[0]].length += tf;
	list->df++;
}

/* ---- the end of a list ---- */

/* Where its runs are, on run pages. */
static MvFtsPlace
put_runs(MvFtsWriter *writer)
{
	MvFtsOut   *out = &writer->run;
	MvFtsPlace	place = {.block = InvalidBlockNumber};

	for (int i = 0; i < writer->list.nruns; i++)
	{
		if (!BlockNumberIsValid(out->block) ||
			out->used + (int) sizeof(MvFtsRun) > MV_BODY_SIZE)
			mv_fts_out_next(writer, out, &writer->others, true);
		if (i == 0)
			place = (MvFtsPlace){.block = out->block, .offset = (uint16) out->used};
		memcpy(MV_PAGE_BODY(out->page.data) + out->used, &writer->list.runs[i],
			   sizeof(MvFtsRun));
		out->used += sizeof(MvFtsRun);
	}
	return place;
}

/* Is a list short enough for the dictionary?  Then its bytes are gathered. */
static bool
put_inline(MvFtsWriter *writer, MvFtsTermEntry *entry)
{
	MvFtsListOut *list = &writer->list;
	uint8		bytes[MV_POSTINGS_BYTES];
	int			size;

	if (list->df > INLINE_DOCS || list->positions.len > INLINE_BYTES)
		return false;
	size = (int) mv_postings_encode(0, list->docs, list->tfs, list->n, bytes);
	if (size + list->positions.len > INLINE_BYTES)
		return false;
	resetStringInfo(&list->bytes);
	appendBinaryStringInfo(&list->bytes, (char *) bytes, size);
	appendBinaryStringInfo(&list->bytes, list->positions.data, list->positions.len);
	entry->bytes = (uint8 *) list->bytes.data;
	entry->nbytes = list->bytes.len;
	return true;
}

void
mv_fts_list_end(MvFtsWriter *writer, MvFtsTermEntry *entry)
{
	MvFtsListOut *list = &writer->list;

	*entry = (MvFtsTermEntry){.df = list->df};
	if (!put_inline(writer, entry))
	{
		end_block(writer);
		put_run(writer);
		entry->nruns = list->nruns;
		entry->place = list->nruns > 1 ? put_runs(writer) :
			(MvFtsPlace){.block = list->runs[0].block, .offset = list->runs[0].offset};
	}
	list->df = list->from = 0;
	list->n = list->nblocks = list->nruns = 0;
	mv_fts_front_reset(&list->front);
	resetStringInfo(&list->positions);
}
