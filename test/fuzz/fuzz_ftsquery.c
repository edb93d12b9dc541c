/*
 * fuzz_ftsquery.c -- full-text queries.  What is accepted is a sound tree, and
 * printed it reads back as the same tree; what people type is never refused.
 */
#include "core/ftsquery.h"

#include "fuzz.h"

static void
check_tree(const MvFtsTree *tree)
{
	const MvFtsNode *nodes = tree->nodes;

	EXPECT(tree->nnodes > 0 && nodes[0].kind == MV_FTS_GROUP, "no root");
	EXPECT(nodes[0].end == tree->nnodes, "root ends at %u", nodes[0].end);
	for (uint32_t i = 0; i < tree->nnodes; i++)
	{
		const MvFtsNode *node = &nodes[i];

		EXPECT(node->end > i && node->end <= tree->nnodes, "node %u ends at %u", i, node->end);
		EXPECT(node->kind == MV_FTS_GROUP || node->end == i + 1, "leaf %u has clauses", i);
		EXPECT(node->boost > 0 && node->boost <= MV_FTS_MAX_BOOST, "boost %g", node->boost);
		EXPECT(node->number <= MV_FTS_MAX_SLOP, "number %u", node->number);
		EXPECT((uint64_t) node->text.start + node->text.len <= tree->nbytes, "text of %u", i);
		EXPECT((uint64_t) node->field.start + node->field.len <= tree->nbytes, "field of %u", i);
		for (uint32_t child = i + 1; child < node->end; child = nodes[child].end)
			EXPECT(nodes[child].end <= node->end, "node %u leaves node %u", child, i);
	}
}

/* Bytes of a span, which may lie elsewhere in the other tree. */
static int
same_span(const MvFtsTree *a, MvFtsSpan x, const MvFtsTree *b, MvFtsSpan y)
{
	return x.len == y.len &&
		memcmp(MV_FTS_TEXT(a) + x.start, MV_FTS_TEXT(b) + y.start, x.len) == 0;
}

static void
check_same(const MvFtsTree *a, const MvFtsTree *b)
{
	EXPECT(a->nnodes == b->nnodes, "%u and %u nodes", a->nnodes, b->nnodes);
	for (uint32_t i = 0; i < a->nnodes; i++)
	{
		const MvFtsNode *x = &a->nodes[i];
		const MvFtsNode *y = &b->nodes[i];

		EXPECT(x->kind == y->kind && x->occur == y->occur && x->end == y->end, "node %u", i);
		EXPECT(x->number == y->number && x->boost == y->boost, "numbers of node %u", i);
		EXPECT(same_span(a, x->text, b, y->text), "text of node %u", i);
		EXPECT(same_span(a, x->field, b, y->field), "field of node %u", i);
	}
}

static void
round_trip(const MvFtsTree *tree)
{
	char	   *out = malloc(mv_fts_print_bound(tree) + 1);
	size_t		len = mv_fts_print(tree, out);
	char	   *text;
	MvFtsTree  *again;
	MvFtsError	error;

	EXPECT(len <= mv_fts_print_bound(tree), "%zu bytes", len);
	text = copy_of((const uint8_t *) out, len, false);
	again = malloc(mv_fts_bound(len));
	EXPECT(mv_fts_parse(text, len, again, &error), "\"%.*s\": %s", (int) len, text, error.what);
	check_same(tree, again);
	free(again);
	free(text);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text;
	MvFtsTree  *tree;
	MvFtsError	error = {NULL, 0};
	bool		web;
	bool		ok;

	if (size < 1)
		return 0;
	web = data[0] & 1;
	text = copy_of(data + 1, size - 1, false);
	tree = malloc(mv_fts_bound(size - 1));
	ok = web ? mv_fts_parse_web(text, size - 1, tree, &error) :
		mv_fts_parse(text, size - 1, tree, &error);
	EXPECT(ok || !web, "refused: %s", error.what);
	if (ok)
	{
		check_tree(tree);
		if (memchr(text, '\0', size - 1) == NULL)
			round_trip(tree);
	}
	else
		EXPECT(error.what != NULL && error.at <= size - 1, "error at %u", error.at);
	free(tree);
	free(text);
	return 0;
}
