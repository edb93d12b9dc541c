/*
 * topk_cursor.c -- walking one list, block by block, with bounds.
 */
#include "postgres.h"

#include "fts/topk.h"
#include "index/counters.h"

/* tf of a bound that stands for any number. */
#define ANY_TF 255

static void
set_block(MvCursor *cursor, int block, uint32 first)
{
	cursor->block = block;
	cursor->first = first;
	cursor->last = cursor->list->blocks[block].last;
	cursor->bound = -1;
	cursor->n = 0;
}

static void
set_end(MvCursor *cursor)
{
	cursor->last = MV_NO_DOC;
	cursor->n = 0;
	cursor->bound = 0;
}

/* To the first block of a run. */
static void
enter_run(MvCursor *cursor, int run)
{
	MvFtsList  *list = cursor->list;

	mv_fts_list_run(list, run);
	set_block(cursor, 0, run == 0 ? 0 : list->runs[run - 1].last + 1);
}

void
mv_cursor_start(MvCursor *cursor, MvFtsList *list)
{
	int			run;

	cursor->list = list;
	cursor->max = 0;
	set_end(cursor);
	if (list->df == 0)
		return;
	for (run = 0; run < list->nruns; run++)
		cursor->max = Max(cursor->max, mv_cursor_points_of(cursor, &list->runs[run].bound));
	enter_run(cursor, 0);
}

bool
mv_cursor_seek_far(MvCursor *cursor, uint32 doc)
{
	const MvFtsList *list = cursor->list;
	int			run = list->run;
	int			block;

	if (list->runs[run].last < doc)
	{
		int			high = list->nruns;

		/* The first run that does not end before doc. */
		while (run + 1 < high)
		{
			int			middle = (run + high) / 2;

			if (list->runs[middle].last < doc)
				run = middle;
			else
				high = middle;
		}
		if (high == list->nruns)
		{
			set_end(cursor);
			return false;
		}
		enter_run(cursor, high);
	}
	block = cursor->block;
	if (list->blocks[block].last < doc)
	{
		do
			block++;
		while (list->blocks[block].last < doc);
		set_block(cursor, block, list->blocks[block - 1].last + 1);
	}
	return true;
}

void
mv_cursor_decode(MvCursor *cursor, uint32 doc)
{
	if (cursor->n == 0)
	{
		cursor->n = mv_fts_list_decode(cursor->list, cursor->block, cursor->docs, cursor->tfs);
		cursor->at = 0;
		mv_last_scan.blocks++;
	}
	while (cursor->at < cursor->n && cursor->docs[cursor->at] < doc)
		cursor->at++;
}

uint32
mv_cursor_next(MvCursor *cursor, uint32 doc)
{
	if (!mv_cursor_seek(cursor, doc))
		return MV_NO_DOC;
	mv_cursor_decode(cursor, doc);
	return cursor->docs[cursor->at];
}

int32
mv_cursor_points_of(const MvCursor *cursor, const MvFtsBound *bound)
{
	int32		most = 0;
	int			i;

	if (cursor->score.weight == 0)
		return 0;
	for (i = 0; i < MV_FTS_BOUNDS; i++)
	{
		float		tf = bound->tf[i] == ANY_TF ? (float) PG_INT32_MAX : (float) bound->tf[i];
		int32		points;

		if (i > 0 && bound->tf[i] == bound->tf[i - 1] &&
			bound->length[i] == bound->length[i - 1])
			break;
		points = mv_score_points(&cursor->score, tf, bound->length[i]);
		most = Max(most, points);
	}
	return most;
}

int32
mv_cursor_block_bound(MvCursor *cursor)
{
	if (cursor->bound < 0)
		cursor->bound = mv_cursor_points_of(cursor, &cursor->list->blocks[cursor->block].bound);
	return cursor->bound;
}

int32
mv_cursor_run_bound(const MvCursor *cursor, uint32 from, uint32 to)
{
	const MvFtsList *list = cursor->list;
	int32		most = 0;
	int			run;

	if (cursor->last == MV_NO_DOC || cursor->first >= to)
		return 0;
	for (run = list->run; run < list->nruns; run++)
	{
		int32		points;

		if (list->runs[run].last < from)
			continue;
		points = mv_cursor_points_of(cursor, &list->runs[run].bound);
		most = Max(most, points);
		if (list->runs[run].last >= to - 1)
			break;
	}
	return most;
}

int32
mv_cursor_bound(MvCursor *cursor, uint32 from, uint32 to)
{
	const MvFtsList *list = cursor->list;
	int32		most;
	int			block = cursor->block;
	int			run;

	if (cursor->last == MV_NO_DOC || cursor->first >= to)
		return 0;
	/* Of a block that reaches beyond, a decoded one is known. */
	if (cursor->n > 0 && cursor->last >= to - 1)
	{
		mv_cursor_decode(cursor, from);
		if (cursor->docs[cursor->at] >= to)
			return 0;
	}
	most = mv_cursor_block_bound(cursor);
	while (list->blocks[block].last < to - 1 && ++block < list->runs[list->run].nblocks)
	{
		int32		points = mv_cursor_points_of(cursor, &list->blocks[block].bound);

		most = Max(most, points);
	}
	for (run = list->run + 1; run < list->nruns && list->runs[run - 1].last < to - 1; run++)
	{
		int32		points = mv_cursor_points_of(cursor, &list->runs[run].bound);

		most = Max(most, points);
	}
	return most;
}
