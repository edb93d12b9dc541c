/*
 * fts_source.c -- several sources to one segment; a segment as a source.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "fts/fts.h"

/* ---- merging ---- */

static int
compare(const MvFtsSource *a, const MvFtsSource *b)
{
	int			cmp = memcmp(a->key, b->key, Min(a->len, b->len));

	return cmp != 0 ? cmp : a->len - b->len;
}

static void
copy_postings(MvFtsWriter *writer, MvFtsSource *source)
{
	while (source->next_posting(source))
	{
		uint32		doc = source->map != NULL ? source->map[source->doc] :
			source->doc + source->base;

		CHECK_FOR_INTERRUPTS();
		if (doc != MV_FTS_DROPPED)
			mv_fts_write_posting(writer, doc, source->tf, source->positions);
	}
}

void
mv_fts_merge_terms(MvFtsWriter *writer, MvFtsSource **sources, int n)
{
	MvFtsSource **live = palloc(sizeof(MvFtsSource *) * Max(n, 1));	/* in order of documents */
	int			nlive = 0;

	for (int i = 0; i < n; i++)
		if (sources[i]->next_term(sources[i]))
			live[nlive++] = sources[i];
	while (nlive > 0)
	{
		MvFtsSource *least = live[0];
		uint8		key[MV_FTS_KEY_SIZE];
		MvFtsSource first;
		int			kept = 0;

		CHECK_FOR_INTERRUPTS();
		for (int i = 1; i < nlive; i++)
			if (compare(live[i], least) < 0)
				least = live[i];
		memcpy(key, least->key, least->len);
		first = (MvFtsSource){.key = key, .len = least->len};
		mv_fts_write_term(writer, key, first.len);
		for (int i = 0; i < nlive; i++)
		{
			MvFtsSource *source = live[i];

			if (compare(source, &first) == 0)
			{
				copy_postings(writer, source);
				if (!source->next_term(source))
					continue;
			}
			live[kept++] = source;
		}
		nlive = kept;
	}
	pfree(live);
}

/* ---- a segment ---- */

typedef struct SegmentSource
{
	MvFtsSource source;			/* first */
	MvFtsSegment *segment;
	MvFtsWalk	walk;
	MemoryContext context;		/* of the term */
	MvFtsList	list;
	int			block,			/* the next one of the run */
				n,				/* postings of the current block */
				i;				/* the next one */
	uint32		docs[MV_FTS_BLOCK],
				tfs[MV_FTS_BLOCK];
	uint32	   *positions;		/* of the current block */
	Size		allocated;
	const uint32 *next_positions;
} SegmentSource;

static bool
next_term(MvFtsSource *source)
{
	SegmentSource *s = (SegmentSource *) source;
	MemoryContext old;

	mv_fts_list_release(&s->list);
	if (!mv_fts_walk_next(&s->walk))
		return false;
	MemoryContextReset(s->context);
	old = MemoryContextSwitchTo(s->context);
	mv_fts_list_open(&s->list, s->segment, s->walk.key[0], &s->walk.entry);
	MemoryContextSwitchTo(old);
	source->key = s->walk.key;
	source->len = s->walk.len;
	s->block = s->n = s->i = 0;
	if (s->list.run < 0)
		mv_fts_list_run(&s->list, 0);
	return true;
}

static void
read_block(SegmentSource *s)
{
	Size		sum = 0;

	s->n = mv_fts_list_decode(&s->list, s->block, s->docs, s->tfs);
	s->i = 0;
	if (s->segment->snapshot->positions)
	{
		for (int i = 0; i < s->n; i++)
			sum += s->tfs[i];
		if (sum > s->allocated)
		{
			s->allocated = sum * 2;
			s->positions = s->positions == NULL ? palloc(sizeof(uint32) * s->allocated) :
				repalloc_huge(s->positions, sizeof(uint32) * s->allocated);
		}
		mv_fts_list_block_positions(&s->list, s->block, s->tfs, s->n, s->positions);
	}
	s->next_positions = s->positions;
	s->block++;
}

static bool
next_posting(MvFtsSource *source)
{
	SegmentSource *s = (SegmentSource *) source;

	if (s->i == s->n)
	{
		if (s->block == s->list.runs[s->list.run].nblocks)
		{
			if (s->list.run + 1 == s->list.nruns)
				return false;
			mv_fts_list_run(&s->list, s->list.run + 1);
			s->block = 0;
		}
		read_block(s);
	}
	source->doc = s->docs[s->i];
	source->tf = s->tfs[s->i];
	source->positions = s->next_positions;
	if (s->next_positions != NULL)
		s->next_positions += source->tf;
	s->i++;
	return true;
}

MvFtsSource *
mv_fts_segment_source(MvFtsSegment *segment)
{
	SegmentSource *s = palloc0(sizeof(SegmentSource));

	s->source.next_term = next_term;
	s->source.next_posting = next_posting;
	s->segment = segment;
	s->list.segment = segment;
	s->context = AllocSetContextCreate(CurrentMemoryContext, "bm25 list",
									   ALLOCSET_DEFAULT_SIZES);
	mv_fts_walk_begin(&s->walk, segment->store, (const uint8 *) "", 0);
	return &s->source;
}
