/*
 * fts_dict.c -- looking terms up.
 *
 * Pages of a dictionary never change while a snapshot sees them: they are read
 * under a pin alone.
 */
#include "postgres.h"

#include "fts/fts.h"

static int
compare_keys(const uint8 *a, int alen, const uint8 *b, int blen)
{
	int			cmp = memcmp(a, b, Min(alen, blen));

	return cmp != 0 ? cmp : alen - blen;
}

static _Noreturn void
damaged(const MvFtsSegmentStore *store)
{
	mv_index_corrupted(store->index, "the dictionary of segment %u", store->root_block);
}

/* A pinned page of some level. */
static Buffer
read_page(const MvFtsSegmentStore *store, BlockNumber block, uint32 level)
{
	Buffer		buffer = mv_fts_segment_read(store, block, MV_PAGE_TERM);
	Page		page = BufferGetPage(buffer);
	MvFtsTermHead *head = (MvFtsTermHead *) MV_PAGE_HEAD(page);

	if (head->level != level || head->nplaces == 0 ||
		head->nplaces * (int) sizeof(uint16) > mv_page_used(page))
		damaged(store);
	return buffer;
}

/* Places of a page, and what they refer to. */
typedef struct Cells
{
	const uint16 *places;
	int			n;
	const uint8 *start,
			   *end;
} Cells;

static void
get_cells(Page page, Cells *cells)
{
	const uint8 *body = (const uint8 *) MV_PAGE_BODY(page);

	cells->places = (const uint16 *) body;
	cells->n = ((MvFtsTermHead *) MV_PAGE_HEAD(page))->nplaces;
	cells->start = body + cells->n * sizeof(uint16);
	cells->end = body + mv_page_used(page);
}

/* The key of a place: of an inner page's cell, or of an entry that shares nothing. */
static const uint8 *
place_key(const MvFtsSegmentStore *store, const Cells *cells, int i, bool leaf, uint64 *len)
{
	const uint8 *p = cells->start + cells->places[i];

	if (p >= cells->end)
		damaged(store);
	if (leaf)
	{
		uint64		shared;

		p = mv_varint_get(p, cells->end, &shared);
		p = p == NULL || shared != 0 ? NULL : mv_varint_get(p, cells->end, len);
	}
	else
	{
		uint16		inner_len;

		p += sizeof(BlockNumber);
		if (cells->end - p < (int) sizeof(inner_len))
			damaged(store);
		memcpy(&inner_len, p, sizeof(inner_len));
		*len = inner_len;
		p += sizeof(inner_len);
	}
	if (p == NULL || *len > MV_FTS_KEY_SIZE || (uint64) (cells->end - p) < *len)
		damaged(store);
	return p;
}

/* The last place whose key is not above; 0 if there is none. */
static int
search_places(const MvFtsSegmentStore *store, const Cells *cells, bool leaf, const uint8 *key,
			  int len)
{
	int			low = 0,
				high = cells->n;

	while (high - low > 1)
	{
		int			mid = (low + high) / 2;
		uint64		mid_len;
		const uint8 *mid_key = place_key(store, cells, mid, leaf, &mid_len);

		if (compare_keys(mid_key, (int) mid_len, key, len) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* The pinned leaf where the key would be, and the place from which to look. */
static Buffer
descend(const MvFtsSegmentStore *store, const uint8 *key, int len, Cells *cells, int *place)
{
	BlockNumber block = store->root->dictionary;
	uint32		level = store->root->height;

	for (;; level--)
	{
		Buffer		buffer = read_page(store, block, level);
		uint64		inner_len;

		get_cells(BufferGetPage(buffer), cells);
		*place = search_places(store, cells, level == 0, key, len);
		if (level == 0)
			return buffer;
		(void) place_key(store, cells, *place, false, &inner_len);
		memcpy(&block, cells->start + cells->places[*place], sizeof(BlockNumber));
		ReleaseBuffer(buffer);
	}
}

/*
 * Read an entry; key holds the one before, and then this one.  Returns the byte
 * after it, or NULL if it is damaged.
 */
static const uint8 *
read_entry(const uint8 *p, const uint8 *end, uint8 *key, int *len, MvFtsTermEntry *entry)
{
	uint64		shared,
				more,
				df,
				nruns,
				nbytes;

	p = mv_varint_get(p, end, &shared);
	p = p == NULL ? NULL : mv_varint_get(p, end, &more);
	if (p == NULL || shared > (uint64) *len || shared + more > MV_FTS_KEY_SIZE ||
		shared + more == 0 || (uint64) (end - p) < more)
		return NULL;
	memcpy(key + shared, p, more);
	*len = (int) (shared + more);
	p = mv_varint_get(p + more, end, &df);
	p = p == NULL ? NULL : mv_varint_get(p, end, &nruns);
	if (p == NULL || df == 0 || df > PG_UINT32_MAX || nruns > (df - 1) / MV_FTS_BLOCK + 1)
		return NULL;
	*entry = (MvFtsTermEntry){.df = (uint32) df, .nruns = (uint32) nruns};
	if (nruns > 0)
	{
		if (end - p < (int) sizeof(MvFtsPlace))
			return NULL;
		memcpy(&entry->place, p, sizeof(MvFtsPlace));
		return p + sizeof(MvFtsPlace);
	}
	p = mv_varint_get(p, end, &nbytes);
	if (p == NULL || (uint64) (end - p) < nbytes || df >= MV_FTS_BLOCK)
		return NULL;
	entry->bytes = p;
	entry->nbytes = (uint32) nbytes;
	return p + nbytes;
}

bool
mv_fts_dict_find(MvFtsSegmentStore *store, const uint8 *key, int len, MvFtsTermEntry *entry)
{
	uint8		found[MV_FTS_KEY_SIZE];
	int			found_len = 0;
	int			cmp = -1;
	Cells		cells;
	int			place;
	Buffer		buffer;
	const uint8 *p;

	if (!BlockNumberIsValid(store->root->dictionary))
		return false;
	buffer = descend(store, key, len, &cells, &place);
	p = cells.start + cells.places[place];
	while (cmp < 0 && p < cells.end)
	{
		p = read_entry(p, cells.end, found, &found_len, entry);
		if (p == NULL)
			damaged(store);
		cmp = compare_keys(found, found_len, key, len);
	}
	if (cmp == 0 && entry->nruns == 0)
		entry->bytes = memcpy(palloc(Max(entry->nbytes, 1)), entry->bytes, entry->nbytes);
	ReleaseBuffer(buffer);
	return cmp == 0;
}

/* ---- walks ---- */

static void
load_leaf(MvFtsWalk *walk, Buffer buffer)
{
	memcpy(walk->page.data, BufferGetPage(buffer), BLCKSZ);
	ReleaseBuffer(buffer);
	walk->next = MV_PAGE_TAIL(walk->page.data)->next;
	walk->len = 0;
}

void
mv_fts_walk_begin(MvFtsWalk *walk, MvFtsSegmentStore *store, const uint8 *key, int len)
{
	Cells		cells;
	int			place;

	walk->store = store;
	walk->at = walk->end = NULL;
	walk->next = InvalidBlockNumber;
	walk->len = 0;
	if (!BlockNumberIsValid(store->root->dictionary))
		return;
	load_leaf(walk, descend(store, key, len, &cells, &place));
	get_cells(walk->page.data, &cells);
	walk->at = cells.start + cells.places[place];
	walk->end = cells.end;

	/* Entries before the key are passed over by looking one ahead. */
	while (walk->at < walk->end)
	{
		uint8		ahead[MV_FTS_KEY_SIZE];
		int			ahead_len = walk->len;
		MvFtsTermEntry entry;

		memcpy(ahead, walk->key, walk->len);
		if (read_entry(walk->at, walk->end, ahead, &ahead_len, &entry) == NULL)
			damaged(store);
		if (compare_keys(ahead, ahead_len, key, len) >= 0)
			break;
		walk->at = read_entry(walk->at, walk->end, walk->key, &walk->len, &walk->entry);
	}
}

/* To the first key of the next leaf; false: there is none.  Leaves ascend: no walk is endless. */
static bool
next_leaf(MvFtsWalk *walk)
{
	uint8		before[MV_FTS_KEY_SIZE];
	int			len = walk->len;
	Cells		cells;

	if (!BlockNumberIsValid(walk->next))
		return false;
	memcpy(before, walk->key, len);
	load_leaf(walk, read_page(walk->store, walk->next, 0));
	get_cells(walk->page.data, &cells);
	walk->end = cells.end;
	walk->at = read_entry(cells.start, cells.end, walk->key, &walk->len, &walk->entry);
	if (walk->at == NULL || (len > 0 && compare_keys(walk->key, walk->len, before, len) <= 0))
		damaged(walk->store);
	return true;
}

bool
mv_fts_walk_next(MvFtsWalk *walk)
{
	if (walk->at == walk->end)
		return next_leaf(walk);
	walk->at = read_entry(walk->at, walk->end, walk->key, &walk->len, &walk->entry);
	if (walk->at == NULL)
		damaged(walk->store);
	return true;
}
