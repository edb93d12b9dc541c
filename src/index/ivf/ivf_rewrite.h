/*
 * ivf_rewrite.h -- moving the rows of lists to other lists: for the maintainer.
 */
#pragma once

#include "index/ivf/ivf.h"

/* Lists that are rewritten together, at most. */
#define MV_IVF_MAX_SOURCES 4

/* A list whose rows are moved. */
typedef struct MvIvfSource
{
	uint32		list;
	MvIvfList	seen;			/* its codes have been taken so far */
} MvIvfSource;

/* A list that gets them. */
typedef struct MvIvfPart
{
	uint32		list;
	BlockNumber page;			/* of the list table */
	float	   *center;			/* [padded] */
	double		distances;		/* of its rows to it, squared, the sum */
	MvIvfChain	chain;			/* its list is the header to come */
} MvIvfPart;

typedef struct MvIvfRewrite
{
	Relation	index,
				heap;
	const MvIvf *ivf;			/* any version since the last list page was added */
	MvIvfIds	ids;
	MvIvfWalk	walk;
	char	   *stored;			/* a vector */
	float	   *rotated;		/* the same, for codes */
	char	   *row;			/* its code */
	MvIvfSource		sources[MV_IVF_MAX_SOURCES];
	int			nsources;
	MvIvfPart	   *parts;
	int			nparts;
} MvIvfRewrite;

/* Allocates in the current context.  heap: see mv_page_alloc(). */
MvIvfRewrite *mv_ivf_rewrite_begin(Relation index, Relation heap, const MvIvf *ivf, int max_parts);

/* Rows of a list: their ids, and what they can be coded anew from. */
typedef struct MvIvfMembers
{
	uint32		n;
	uint32	   *ids;
	char	   *codes;			/* [n][row_size] of bit strings; NULL: their stored vectors */
} MvIvfMembers;

/* The rows of the codes of a list from code number seen->ncodes on; palloc'd. */
void		mv_ivf_rewrite_members(MvIvfRewrite *r, const MvIvfList *seen, const MvIvfList *now,
								   MvIvfMembers *members);
void		mv_ivf_members_free(MvIvfMembers *members);

/*
 * Read the i-th of them in the space of the lists, and of a bit string also its
 * code into r->row; false if the row is dead.
 */
bool		mv_ivf_rewrite_row(MvIvfRewrite *r, const MvIvfMembers *members, uint32 i,
							   float *rotated);

/* A list whose rows are to be moved; it gets unused unless it is a part, too. */
void		mv_ivf_rewrite_source(MvIvfRewrite *r, uint32 list);

/*
 * A list that gets rows, in a slot of that page of the list table.  The caller
 * sets the centroid of its header, chain.list.
 *
 * Sources and parts lie on MV_CHANGE_PAGES - 1 pages at most.
 */
void mv_ivf_rewrite_part(MvIvfRewrite *r, uint32 list, BlockNumber page, float *center);

/* Move the rows of the sources to the parts, each to the nearest. */
void		mv_ivf_rewrite_lists(MvIvfRewrite *r);

/* Find unused slots of one page of the list table, which grows if need be; returns the page. */
BlockNumber mv_ivf_find_slots(Relation index, const MvIvf *ivf, int wanted, uint32 *slots);

/* Write a centroid where none was before, and note in a header where it is. */
void mv_ivf_write_centroid(Relation index, const char *centroid, int size, MvIvfList *list);
