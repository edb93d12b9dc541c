/*
 * ivf_layout.c -- what is on disk has the size and the places that ivf.h and
 * page.h say, on every platform: a compiler that disagrees does not compile this.
 *
 * A change here needs a new MV_IVF_VERSION.
 */
#include "postgres.h"

#include "compat.h"
#include "index/ivf/ivf.h"

#define SIZE(type, bytes) StaticAssertDecl(sizeof(type) == (bytes), "size of " #type)
#define PLACE(type, field, at) \
	StaticAssertDecl(offsetof(type, field) == (at), #field " of " #type)

/* page.h */
StaticAssertDecl(BLCKSZ == 8192, "bodies are made for pages of 8 kB");
StaticAssertDecl(SizeOfPageHeaderData == MV_HEAD_OFFSET, "the head follows the page header");
StaticAssertDecl(MV_BODY_OFFSET + MV_BODY_SIZE <= BLCKSZ - sizeof(MvPageTail), "the tail is free");
SIZE(MvPageTail, 8);
PLACE(MvPageTail, kind, 4);
PLACE(MvPageTail, page_id, 6);
SIZE(MvPageDeleted, 8);
StaticAssertDecl(MV_PAGE_META == 1 && MV_PAGE_NODE == 9, "kinds of pages");

/* ivf.h */
SIZE(MvIvfMetaHead, 8);
SIZE(MvIvfCurve, 128);
PLACE(MvIvfMeta, dim, 16);
PLACE(MvIvfMeta, bits, 24);
PLACE(MvIvfMeta, mean_start, 28);
PLACE(MvIvfMeta, nbuilt, 40);
PLACE(MvIvfMeta, id_start, 44);
PLACE(MvIvfMeta, nlists, 48);
PLACE(MvIvfMeta, last_centroid, 60);
PLACE(MvIvfMeta, calibrated_rows, 64);
PLACE(MvIvfMeta, calibration, 72);
PLACE(MvIvfMeta, curves, 76);
PLACE(MvIvfMeta, graph, 332);
PLACE(MvIvfMeta, unit, 336);
PLACE(MvIvfMeta, nattributes, 340);
SIZE(MvIvfMeta, 344);
SIZE(MvIvfList, 36);
PLACE(MvIvfList, ncodes, 12);
PLACE(MvIvfList, centroid, 20);
PLACE(MvIvfList, spread, 32);
SIZE(MvIvfIdHead, 24);
SIZE(MvIvfId, 8);
PLACE(MvIvfId, flags, 6);
