/*
 * ivf_check.c -- are all pages as ivf.h says?
 *
 * Reads the whole index under share locks, one page at a time, while it may
 * be in use: what is added meanwhile is not looked at.  Maintenance waits until
 * it is over.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/bufmgr.h"

#include "compat.h"
#include "index/ivf/ivf.h"

typedef struct Check
{
	Relation	index;
	const MvIvf *ivf;
	MvIvfIds	ids;
	uint32		nids;
	uint8	   *seen;			/* [nids]: codes found with this id, 0 or 1 */
	uint8	   *live;			/* [nids] */
	uint8	   *unused;			/* [nids]: 1 if free when the check began */
	BlockNumber nblocks;
	uint8	   *pages;			/* [nblocks]: 1 if something leads to it */
	uint8	   *in_chain;		/* [ids.npages]: 1 if it says to be in the chain of free ids */
} Check;

/* Is there no such page, even among those added since? */
static bool
beyond_end(const Check *c, BlockNumber block)
{
	return block >= c->nblocks && block >= RelationGetNumberOfBlocks(c->index);
}

/* Something leads to this page, of that kind; nothing else may. */
static void
claim(Check *c, BlockNumber block, MvPageKind kind)
{
	Buffer		buffer;

	if (block >= c->nblocks)
		return;					/* added since */
	if (c->pages[block]++)
		mv_index_corrupted(c->index, "page %u is used twice", block);
	buffer = mv_page_read(c->index, block, kind, BUFFER_LOCK_SHARE);
	if (MV_PAGE_TAIL(BufferGetPage(buffer))->kind & MV_PAGE_DELETED)
		mv_index_corrupted(c->index, "page %u is deleted, but used", block);
	UnlockReleaseBuffer(buffer);
}

/* The same for a chain of n pages. */
static void
claim_chain(Check *c, BlockNumber block, MvPageKind kind, int n)
{
	for (; n > 0; n--)
	{
		Buffer		buffer;

		claim(c, block, kind);
		buffer = mv_page_read(c->index, block, kind, BUFFER_LOCK_SHARE);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
}

/* The same for a chain to its end. */
static void
claim_whole_chain(Check *c, BlockNumber block, MvPageKind kind)
{
	while (BlockNumberIsValid(block))
	{
		Buffer		buffer;

		if (block >= c->nblocks)
			return;
		claim(c, block, kind);
		buffer = mv_page_read(c->index, block, kind, BUFFER_LOCK_SHARE);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
}

/* An id page: counts as they must be, every vector has its pages.  Returns the live rows. */
static double
check_id_page(Check *c, int page_no)
{
	const MvIvfShape *shape = &c->ivf->shape;
	BlockNumber block = c->ids.blocks[page_no];
	Buffer		buffer = mv_page_read(c->index, block, MV_PAGE_ID, BUFFER_LOCK_SHARE);
	MvIvfIdHead head = *(MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer));
	MvIvfId    *entry = (MvIvfId *) MV_PAGE_BODY(BufferGetPage(buffer));
	BlockNumber *group = (BlockNumber *) ((char *) entry + shape->groups_offset);
	int			per_group = Max(shape->vectors_per_page, 1);
	uint32		nfree = 0;
	double		live = 0;

	if (head.first != (uint32) page_no * shape->ids_per_page)
		mv_index_corrupted(c->index, "id page %u begins with id %u", block, head.first);
	if (head.count > (uint32) shape->ids_per_page ||
		(page_no < c->ids.npages - 1 && head.count < (uint32) shape->ids_per_page))
		mv_index_corrupted(c->index, "id page %u has %u entries", block, head.count);
	for (uint32 j = 0; j < head.count && head.first + j < c->nids; j++)
	{
		uint32		id = head.first + j;

		if (!ItemPointerIsValid(&entry[j].tid))
			mv_index_corrupted(c->index, "id %u has no heap row", id);
		if (shape->vector_size > 0 && beyond_end(c, group[j / per_group]))
			mv_index_corrupted(c->index, "vector of id %u is on page %u", id, group[j / per_group]);
		c->unused[id] = (entry[j].flags & MV_ID_FREE) != 0;
		nfree += c->unused[id];
		c->live[id] = !(entry[j].flags & (MV_ID_DEAD | MV_ID_FREE));
		live += c->live[id];
	}
	c->in_chain[page_no] = head.in_chain != 0;
	if (head.nfree != nfree || (nfree > 0 && !head.in_chain))
		mv_index_corrupted(c->index, "id page %u has %u free entries, not %u", block, nfree,
						   head.nfree);
	UnlockReleaseBuffer(buffer);
	return live;
}

/* The attribute pages of an id page are where scans expect them. */
static void
check_attributes(Check *c, int page_no)
{
	const MvIvfShape *shape = &c->ivf->shape;
	Buffer		buffer = mv_page_read(c->index, c->ids.blocks[page_no], MV_PAGE_ID,
									  BUFFER_LOCK_SHARE);
	BlockNumber block = ((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer)))->attributes;

	UnlockReleaseBuffer(buffer);
	for (int a = 0; a < shape->nattributes; a++)
	{
		if (beyond_end(c, block) ||
			((uint32) (page_no * shape->ids_per_page) < c->ivf->meta.nbuilt &&
			 block != c->ids.blocks[page_no] + 1 + (BlockNumber) a))
			mv_index_corrupted(c->index, "attribute %d of id page %u is on page %u", a + 1,
							   c->ids.blocks[page_no], block);
		claim(c, block, MV_PAGE_ATTRIBUTE);
		buffer = mv_page_read(c->index, block, MV_PAGE_ATTRIBUTE, BUFFER_LOCK_SHARE);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
	if (shape->nattributes > 0 && BlockNumberIsValid(block))
		mv_index_corrupted(c->index, "id page %u has more than %d attributes",
						   c->ids.blocks[page_no], shape->nattributes);
}

/* The number of an id page, or -1. */
static int
id_page_no(Check *c, BlockNumber block)
{
	for (int i = 0; i < c->ids.npages; i++)
		if (c->ids.blocks[i] == block)
			return i;
	return -1;
}

/*
 * The chain of pages with free ids: every page that says so is in it, once.
 * Inserts take out its first page; then only what was read before is compared.
 */
static void
check_free_ids(Check *c, BlockNumber first)
{
	int			left = 0;

	for (BlockNumber block = first; BlockNumberIsValid(block);)
	{
		int			page_no = id_page_no(c, block);
		Buffer		buffer;

		if (page_no < 0)
			mv_index_corrupted(c->index, "page %u is in the chain of free ids, but holds none",
							   block);
		if (!c->in_chain[page_no] && mv_ivf_free_ids(c->index) == first)
			mv_index_corrupted(c->index, "page %u is in the chain of free ids, unknowingly", block);
		c->in_chain[page_no] = false;
		buffer = mv_page_read(c->index, block, MV_PAGE_ID, BUFFER_LOCK_SHARE);
		block = ((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer)))->next_free;
		UnlockReleaseBuffer(buffer);
	}
	for (int i = 0; i < c->ids.npages; i++)
		left += c->in_chain[i];
	if (left > 0 && mv_ivf_free_ids(c->index) == first)
		mv_index_corrupted(c->index, "%d pages are missing in the chain of free ids", left);
}

/* Every id page is full but the last; those of the build are where scans expect them. */
static double
check_ids(Check *c)
{
	const MvIvfShape *shape = &c->ivf->shape;
	double		live = 0;

	for (int i = 0; i < c->ids.npages; i++)
	{
		BlockNumber built = c->ivf->meta.id_start + (BlockNumber) (i * shape->id_stride);

		if ((uint32) (i * shape->ids_per_page) < c->ivf->meta.nbuilt && c->ids.blocks[i] != built)
			mv_index_corrupted(c->index, "id page %d is page %u, not %u", i, c->ids.blocks[i],
							   built);
		claim(c, c->ids.blocks[i], MV_PAGE_ID);
		live += check_id_page(c, i);
		check_attributes(c, i);
		CHECK_FOR_INTERRUPTS();
	}
	return live;
}

/* Vector pages exist, are of their kind, and hold finite numbers. */
static void
check_vectors(Check *c)
{
	const MvIvfShape *shape = &c->ivf->shape;
	int			dim = shape->dim;
	char	   *vector = palloc(shape->vector_size);
	float	   *x = palloc(sizeof(float) * dim);

	for (uint32 id = 0; shape->vector_size > 0 && id < c->nids; id++)
	{
		BlockNumber block;
		int			offset,
					built;

		mv_ivf_id(&c->ids, id, &block, &offset);
		if (id < c->ivf->meta.nbuilt && mv_ivf_built_vector(c->ivf, id, &built) != block)
			mv_index_corrupted(c->index, "vector of id %u is on page %u", id, block);
		if (offset == 0)
			claim_chain(c, block, MV_PAGE_VECTOR, shape->pages_per_vector);
		mv_ivf_read_run(c->index, block, MV_PAGE_VECTOR, offset, vector, shape->vector_size);
		mv_kernels.to_f32[shape->stored] (vector, x, dim);
		for (int i = 0; i < dim; i++)
			if (!isfinite(x[i]))
				mv_index_corrupted(c->index, "vector of id %u holds %g", id, x[i]);
		CHECK_FOR_INTERRUPTS();
	}
}

/* A free id stands in no list, unless an insert has taken it since. */
static void
check_unused(Check *c, uint32 id, uint32 list)
{
	BlockNumber block;
	int			offset;

	if (mv_ivf_id(&c->ids, id, &block, &offset).flags & MV_ID_FREE)
		mv_index_corrupted(c->index, "id %u is free, but stands in list %u", id, list);
}

/* Are the factors of a code possible?  A bit string has just those it must have. */
static bool
sound_factors(const MvIvf *ivf, const char *row)
{
	const MvIvfShape *shape = &ivf->shape;
	int			code_size = shape->row_size - 2 * (int) sizeof(float);
	float		factors[2];

	memcpy(factors, row + code_size, sizeof(factors));
	if (shape->strings)
		return factors[0] == (float) pg_popcount(row, code_size) && factors[1] == -2;
	return isfinite(factors[0]) && isfinite(factors[1]) && factors[1] <= 0;
}

static void
check_block(Check *c, uint32 list, const char *block, int n)
{
	const MvIvfShape *shape = &c->ivf->shape;
	char	   *row = palloc(shape->row_size);

	for (int i = 0; i < n; i++)
	{
		uint32		id = mv_ivf_block_id(block, i);

		/* Beyond: added since the ids were counted. */
		if (id < c->nids && c->seen[id]++)
			mv_index_corrupted(c->index, "id %u stands twice in lists, once in %u", id, list);
		if (id < c->nids && c->unused[id])
			check_unused(c, id, list);
		mv_ivf_block_get(shape, block, i, row);
		if (!sound_factors(c->ivf, row))
			mv_index_corrupted(c->index, "factors of id %u in list %u are impossible", id, list);
	}
	pfree(row);
}

/* The chain of a list is as long as its header says, and its blocks are sound. */
static void
check_chain(Check *c, uint32 number, const MvIvfList *list)
{
	const MvIvfShape *shape = &c->ivf->shape;
	BlockNumber block = list->first;
	MvIvfWalk	walk;
	const char *codes;

	if ((uint64) list->npages * MV_BODY_SIZE <
		((uint64) list->ncodes + MV_BLOCK - 1) / MV_BLOCK * shape->block_size)
		mv_index_corrupted(c->index, "list %u has %u codes on %u pages", number, list->ncodes,
						   list->npages);
	for (uint32 i = 0; i < list->npages; i++)
	{
		Buffer		buffer;

		if (beyond_end(c, block))
			mv_index_corrupted(c->index, "chain of list %u leads to page %u", number, block);
		claim(c, block, MV_PAGE_CODE);
		if (i == list->npages - 1 && block != list->last)
			mv_index_corrupted(c->index, "last page of list %u is %u, not %u", number, block,
							   list->last);
		buffer = mv_page_read(c->index, block, MV_PAGE_CODE, BUFFER_LOCK_SHARE);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
	}
	mv_ivf_walk_begin(&walk, c->index, shape, palloc(shape->block_size));
	mv_ivf_walk_start(&walk, list->first, list->ncodes);
	while ((codes = mv_ivf_walk_next(&walk)) != NULL)
		check_block(c, number, codes, walk.n);
	pfree(walk.crossing);
}

static void
check_centroid(Check *c, uint32 number, const MvIvfList *list)
{
	float	   *centroid = palloc(c->ivf->shape.centroid_size);

	mv_ivf_read_centroid(c->index, c->ivf, list, centroid);
	for (int i = 0; i < c->ivf->shape.padded; i++)
		if (!isfinite(centroid[i]))
			mv_index_corrupted(c->index, "centroid of list %u holds %g", number, centroid[i]);
	pfree(centroid);
	/* Several centroids share a page. */
	if (list->centroid < c->nblocks && !c->pages[list->centroid])
		claim_chain(c, list->centroid, MV_PAGE_CENTROID,
					(c->ivf->shape.centroid_size + MV_BODY_SIZE - 1) / MV_BODY_SIZE);
}

/* Slots of the list table, in use or not. */
static void
check_lists(Check *c)
{
	for (uint32 i = 0; i < c->ivf->npages * MV_IVF_LISTS_PER_PAGE; i++)
	{
		int			at;
		BlockNumber block = mv_ivf_list_place(c->ivf, i, &at);
		Buffer		buffer = mv_page_read(c->index, block, MV_PAGE_LIST, BUFFER_LOCK_SHARE);
		MvIvfList	list = *mv_ivf_list_at(BufferGetPage(buffer), at);

		UnlockReleaseBuffer(buffer);
		if (BlockNumberIsValid(list.centroid))
		{
			if (list.changed > c->ivf->meta.version)
				mv_index_corrupted(c->index, "list %u is of version %u, the table of %u", i,
								   list.changed, c->ivf->meta.version);
			check_centroid(c, i, &list);
			check_chain(c, i, &list);
		}
		else if (list.ncodes != 0 || list.npages != 0 || BlockNumberIsValid(list.first))
			mv_index_corrupted(c->index, "list %u is not in use, but has %u codes on %u pages", i,
							   list.ncodes, list.npages);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Pages that nothing leads to are deleted, or a crash has leaked them. */
static void
count_leaks(Check *c)
{
	double		deleted = 0,
				leaked = 0;

	for (BlockNumber block = 0; block < c->nblocks; block++)
	{
		if (c->pages[block])
			continue;
		if (mv_page_is_deleted(c->index, block))
			deleted++;
		else
			leaked++;
		CHECK_FOR_INTERRUPTS();
	}
	ereport(DEBUG1,
			(errmsg_internal("index \"%s\" has %.0f deleted pages and %.0f leaked ones",
							 RelationGetRelationName(c->index), deleted, leaked)));
}

double
mv_ivf_check(Relation index)
{
	Check		c = {.index = index};
	BlockNumber free_ids;
	double		live,
				lost = 0;

	mv_ivf_maintain_begin(index);
	c.ivf = mv_ivf_open_for(index, CurrentMemoryContext);
	c.nblocks = RelationGetNumberOfBlocks(index);
	c.pages = palloc_extended(c.nblocks, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	mv_ivf_ids_begin(&c.ids, index, c.ivf);
	c.nids = mv_ivf_ids_count(&c.ids);
	c.seen = palloc_extended(c.nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	c.live = palloc_extended(c.nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	c.unused = palloc_extended(c.nids + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	c.in_chain = palloc0(c.ids.npages + 1);
	free_ids = mv_ivf_free_ids(index);
	claim(&c, MV_IVF_META_BLOCK, MV_PAGE_META);
	if (BlockNumberIsValid(c.ivf->meta.graph))
		claim(&c, c.ivf->meta.graph, MV_PAGE_GRAPH);
	claim_whole_chain(&c, c.ivf->meta.mean_start, MV_PAGE_VECTOR);
	claim_whole_chain(&c, c.ivf->meta.list_start, MV_PAGE_LIST);
	claim_whole_chain(&c, c.ivf->meta.directory, MV_PAGE_DIRECTORY);
	live = check_ids(&c);
	check_free_ids(&c, free_ids);
	check_vectors(&c);
	check_lists(&c);
	count_leaks(&c);

	/* An insert that failed between its two steps leaves such an id until vacuum. */
	for (uint32 id = 0; id < c.nids; id++)
		lost += c.live[id] && !c.seen[id];
	if (lost > 0)
		ereport(WARNING,
				(errmsg("%.0f rows of index \"%s\" are in no list", lost,
						RelationGetRelationName(index)),
				 errdetail("They are being inserted, or a crash left them for VACUUM.")));
	mv_ivf_ids_end(&c.ids);
	mv_ivf_maintain_end(index);
	return live;
}
