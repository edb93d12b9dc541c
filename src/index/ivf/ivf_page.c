/*
 * ivf_page.c -- where things are on the pages.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/ivf/ivf.h"
#include "index/options.h"

/* Short vectors are not packed closer than an id page can follow. */
#define MAX_IDS_PER_PAGE 896

/* Where the vectors of ids are: as many ids to a page as fit with their groups. */
static void
place_vectors(MvIvfShape *shape)
{
	int			per_id;

	shape->vectors_per_page = Min(MV_BODY_SIZE / shape->vector_size, MAX_IDS_PER_PAGE);
	shape->pages_per_vector = (shape->vector_size + MV_BODY_SIZE - 1) / MV_BODY_SIZE;
	per_id = Max(shape->vectors_per_page, 1);
	shape->groups_per_page = Min(MV_BODY_SIZE / (per_id * (int) sizeof(MvIvfId) + 4),
								 Max(MAX_IDS_PER_PAGE / per_id, 1));
	shape->ids_per_page = shape->groups_per_page * per_id;
}

void
mv_ivf_shape(MvIvfShape *shape, const MvIvfMeta *meta)
{
	memset(shape, 0, sizeof(*shape));
	shape->dim = (int) meta->dim;
	shape->padded = mv_padded_dim(shape->dim);
	shape->bits = meta->bits;
	shape->strings = meta->elem == MV_BIT;
	shape->row_size = (int) mv_code_row_size(shape->bits, shape->padded);
	shape->block_size =
		shape->bits == 1 ? MV_IVF_BLOCK_HEAD + (int) mv_block_size(shape->padded) :
		MV_IVF_BLOCK_IDS + MV_BLOCK * shape->row_size;
	shape->centroid_size = (int) sizeof(float) * shape->padded;

	shape->stored = meta->rerank == MV_RERANK_F16 ? MV_F16 : MV_F32;
	shape->ids_per_page = MV_BODY_SIZE / (int) sizeof(MvIvfId);
	if (meta->rerank == MV_RERANK_F16 || meta->rerank == MV_RERANK_F32)
	{
		shape->vector_size = (int) mv_elem_size(shape->stored) * shape->dim;
		place_vectors(shape);
	}
	shape->groups_offset = shape->ids_per_page * (int) sizeof(MvIvfId);
	shape->nattributes = (int) meta->nattributes;
	shape->id_stride = 1 + shape->nattributes + shape->groups_per_page *
		(shape->vectors_per_page > 0 ? 1 : shape->pages_per_vector);
}

void
mv_ivf_read_run(Relation index, BlockNumber block, MvPageKind kind, int offset, char *dst, int n)
{
	while (n > 0)
	{
		Buffer		buffer = mv_page_read(index, block, kind, BUFFER_LOCK_SHARE);
		int			part = Min(n, MV_BODY_SIZE - offset);

		memcpy(dst, MV_PAGE_BODY(BufferGetPage(buffer)) + offset, part);
		block = MV_PAGE_TAIL(BufferGetPage(buffer))->next;
		UnlockReleaseBuffer(buffer);
		dst += part;
		n -= part;
		offset = 0;
	}
}

/* Codes of unit vectors under cosine are those of L2. */
void
mv_ivf_set_format(MvIvf *ivf)
{
	ivf->format.metric = mv_space_metric(ivf->opclass);
	ivf->format.bits = ivf->shape.bits;
	ivf->format.dim = ivf->shape.padded;
	ivf->format.mean = ivf->rotated_mean;
	ivf->unit = mv_ivf_rank_unit(ivf);
}

void
mv_ivf_ids_begin(MvIvfIds *ids, Relation index, const MvIvf *ivf)
{
	ids->index = index;
	ids->ivf = ivf;
	ids->npages = 0;
	ids->size = 0;
	ids->blocks = NULL;
}

void
mv_ivf_ids_end(MvIvfIds *ids)
{
	if (ids->blocks != NULL)
		pfree(ids->blocks);
}

int
mv_ivf_ids_refresh(MvIvfIds *ids)
{
	BlockNumber block = ids->ivf->meta.directory;
	int			n = 0;

	while (BlockNumberIsValid(block))
	{
		Buffer		buffer = mv_page_read(ids->index, block, MV_PAGE_DIRECTORY, BUFFER_LOCK_SHARE);
		Page		page = BufferGetPage(buffer);
		int			here = mv_page_used(page) / (int) sizeof(BlockNumber);

		if (here < 0 || n + here > RelationGetNumberOfBlocks(ids->index))
			mv_index_corrupted(ids->index, "page %u of the directory", block);
		if (n + here > ids->size)
		{
			ids->size = Max(2 * ids->size, n + here);
			ids->blocks = ids->blocks == NULL ? palloc(sizeof(BlockNumber) * ids->size) :
				repalloc_huge(ids->blocks, sizeof(BlockNumber) * ids->size);
		}
		memcpy(ids->blocks + n, MV_PAGE_BODY(page), sizeof(BlockNumber) * here);
		n += here;
		block = MV_PAGE_TAIL(page)->next;
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
	ids->npages = n;
	return n;
}

uint32
mv_ivf_ids_count(MvIvfIds *ids)
{
	int			n = mv_ivf_ids_refresh(ids);
	uint32		per_page = (uint32) ids->ivf->shape.ids_per_page;
	Buffer		buffer;
	uint32		last;

	if (n == 0)
		return 0;
	buffer = mv_page_read(ids->index, ids->blocks[n - 1], MV_PAGE_ID, BUFFER_LOCK_SHARE);
	last = Min(((MvIvfIdHead *) MV_PAGE_HEAD(BufferGetPage(buffer)))->count, per_page);
	UnlockReleaseBuffer(buffer);
	return (uint32) (n - 1) * per_page + last;
}

uint32
mv_ivf_count_ids(Relation index, const MvIvf *ivf)
{
	MvIvfIds	ids;
	uint32		n;

	mv_ivf_ids_begin(&ids, index, ivf);
	n = mv_ivf_ids_count(&ids);
	mv_ivf_ids_end(&ids);
	return n;
}

/* The page of an id's entry: of ids of the build it is known. */
static BlockNumber
id_block(MvIvfIds *ids, uint32 id)
{
	const MvIvf *ivf = ids->ivf;
	int			page_no = (int) (id / (uint32) ivf->shape.ids_per_page);

	if (id < ivf->meta.nbuilt)
		return ivf->meta.id_start + (BlockNumber) page_no * (BlockNumber) ivf->shape.id_stride;
	if (page_no >= ids->npages && page_no >= mv_ivf_ids_refresh(ids))
		mv_index_corrupted(ids->index, "id %u does not exist", id);
	return ids->blocks[page_no];
}

MvIvfId
mv_ivf_id(MvIvfIds *ids, uint32 id, BlockNumber *vector, int *offset)
{
	const MvIvfShape *shape = &ids->ivf->shape;
	int			slot = (int) (id % shape->ids_per_page);
	int			per_group = Max(shape->vectors_per_page, 1);
	Buffer		buffer;
	MvIvfIdHead *head;
	char	   *body;
	MvIvfId		entry;

	buffer = mv_page_read(ids->index, id_block(ids, id), MV_PAGE_ID, BUFFER_LOCK_SHARE);
	head = MV_PAGE_HEAD(BufferGetPage(buffer));
	body = MV_PAGE_BODY(BufferGetPage(buffer));
	if (slot >= (int) head->count)
		mv_index_corrupted(ids->index, "id %u is not in use", id);
	entry = ((MvIvfId *) body)[slot];
	*vector = InvalidBlockNumber;
	if (shape->groups_per_page > 0)
		*vector = ((BlockNumber *) (body + shape->groups_offset))[slot / per_group];
	*offset = slot % per_group * shape->vector_size;
	UnlockReleaseBuffer(buffer);
	return entry;
}

MvIvfId
mv_ivf_read_vector(MvIvfIds *ids, uint32 id, void *vector)
{
	BlockNumber block;
	int			offset;
	MvIvfId		entry = mv_ivf_id(ids, id, &block, &offset);

	mv_ivf_read_run(ids->index, block, MV_PAGE_VECTOR, offset, vector,
					ids->ivf->shape.vector_size);
	return entry;
}

/* Largest finite binary16. */
#define MAX_F16 65504.0f

/* x as f16; what does not fit becomes the number nearest to it. */
static uint16
store_f16(const float *x, int dim, uint16_t *stored)
{
	float	   *fitting = NULL;

	for (int i = 0; i < dim; i++)
		if (unlikely(!(fabsf(x[i]) <= MAX_F16)))
		{
			if (fitting == NULL)
			{
				fitting = palloc(sizeof(float) * dim);
				memcpy(fitting, x, sizeof(float) * dim);
			}
			fitting[i] = x[i] > 0 ? MAX_F16 : -MAX_F16;
		}
	mv_kernels.from_f32[MV_F16] (fitting ? fitting : x, stored, dim);
	if (fitting == NULL)
		return 0;
	pfree(fitting);
	return MV_ID_CLAMPED;
}

uint16
mv_ivf_vector(const MvIvf *ivf, const float *x, void *stored)
{
	const MvIvfShape *shape = &ivf->shape;

	if (shape->vector_size == 0)
		return 0;
	if (shape->stored == MV_F16)
		return store_f16(x, shape->dim, stored);
	memcpy(stored, x, shape->vector_size);
	return 0;
}

void
mv_ivf_rotate_stored(const MvIvf *ivf, const void *stored, float *rotated)
{
	float	   *x = palloc(sizeof(float) * ivf->shape.dim);

	mv_kernels.to_f32[ivf->shape.stored] (stored, x, ivf->shape.dim);
	mv_rotate(ivf->rotation, x, ivf->mean, rotated);
	pfree(x);
}

void
mv_ivf_rotate_string(const MvIvf *ivf, const char *row, float *rotated)
{
	float	   *x = palloc(sizeof(float) * ivf->shape.dim);

	mv_bits_decode_row(row, ivf->shape.dim, x);
	mv_rotate(ivf->rotation, x, ivf->mean, rotated);
	pfree(x);
}
