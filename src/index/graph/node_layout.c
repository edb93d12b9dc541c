/*
 * node_layout.c -- what is on disk has the size and the places that node.h says; see
 * ivf_layout.c.
 *
 * A change here needs a new MV_NODE_VERSION.
 */
#include "postgres.h"

#include "compat.h"
#include "index/graph/node.h"

#define SIZE(type, bytes) StaticAssertDecl(sizeof(type) == (bytes), "size of " #type)
#define PLACE(type, field, at) \
	StaticAssertDecl(offsetof(type, field) == (at), #field " of " #type)

SIZE(MvNodeHead, 8);
SIZE(MvNodeExtent, 8);
SIZE(MvNodeCurve, 64);
PLACE(MvNodeRoot, degree, 4);
PLACE(MvNodeRoot, entries, 8);
PLACE(MvNodeRoot, pending, 44);
PLACE(MvNodeRoot, linked, 80);
PLACE(MvNodeRoot, calibration, 116);
PLACE(MvNodeRoot, growing, 124);
PLACE(MvNodeRoot, curves, 128);
PLACE(MvNodeRoot, nextents, 256);
PLACE(MvNodeRoot, extents, 260);
StaticAssertDecl(sizeof(MvNodeRoot) <= MV_BODY_SIZE, "the graph page holds the root");
StaticAssertDecl(MV_BLOCK == 32, "heads have a bit for each node of a page");
