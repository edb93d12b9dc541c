/*
 * ftsquery.c -- queries from and to text.
 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ftsquery.h"

#define SPACE " \t\n\r\v\f"
#define ENDS_WORD SPACE "()\"^~"
#define NOT_IN_WORD "*?"
#define NOT_FIRST "/[]{}<>=!"

typedef struct Parser
{
	const char *text;
	uint32_t	len;
	uint32_t	at;
	MvFtsTree  *tree;
	char	   *bytes;			/* of the spans; moved behind the nodes at the end */
	MvFtsError *error;
} Parser;

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* The next byte, or 0 at the end. */
static char
peek(const Parser *p)
{
	return p->at < p->len ? p->text[p->at] : '\0';
}

static bool
accept(Parser *p, char c)
{
	if (p->at >= p->len || p->text[p->at] != c)
		return false;
	p->at++;
	return true;
}

static void
skip_space(Parser *p)
{
	while (is_one_of(peek(p), SPACE))
		p->at++;
}

static bool
refuse(Parser *p, const char *what)
{
	p->error->what = what;
	p->error->at = p->at;
	return false;
}

static MvFtsNode *
add_node(Parser *p, MvFtsKind kind, MvFtsOccur occur)
{
	MvFtsNode  *node = &p->tree->nodes[p->tree->nnodes++];

	memset(node, 0, sizeof(MvFtsNode));
	node->kind = kind;
	node->occur = occur;
	node->end = p->tree->nnodes;
	node->boost = 1;
	return node;
}

static void
add_byte(Parser *p, MvFtsSpan *span, char c)
{
	p->bytes[p->tree->nbytes++] = c;
	span->len++;
}

static void
begin(Parser *p, const char *text, size_t len, MvFtsTree *tree, MvFtsError *error)
{
	p->text = text;
	p->len = (uint32_t) len;
	p->at = 0;
	p->tree = tree;
	p->bytes = (char *) (tree->nodes + len + 2);
	p->error = error;
	tree->nnodes = tree->nbytes = 0;
	add_node(p, MV_FTS_GROUP, MV_SHOULD);
}

static bool
finish(Parser *p)
{
	p->tree->nodes[0].end = p->tree->nnodes;
	memmove(p->tree->nodes + p->tree->nnodes, p->bytes, p->tree->nbytes);
	return true;
}

size_t
mv_fts_bound(size_t len)
{
	/* A clause takes a byte or more; "()" and the group of all add one each. */
	return mv_fts_size((uint32_t) len + 2, (uint32_t) len);
}

/* ---- the language ---- */

/* What stands between quotes, the first of which has been read. */
static bool
parse_quoted(Parser *p, MvFtsSpan *span)
{
	span->start = p->tree->nbytes;
	span->len = 0;
	while (p->at < p->len)
	{
		if (accept(p, '"'))
			return true;
		if (p->text[p->at] == '\\' && p->at + 1 < p->len)
			p->at++;
		add_byte(p, span, p->text[p->at++]);
	}
	return refuse(p, "a quotation mark is missing");
}

/* A word, or a field's name if a colon follows and colon is not NULL. */
static bool
parse_word(Parser *p, MvFtsSpan *span, bool *colon)
{
	span->start = p->tree->nbytes;
	span->len = 0;
	if (is_one_of(peek(p), NOT_FIRST))
		return refuse(p, "a word cannot begin with this");
	while (p->at < p->len && !is_one_of(p->text[p->at], ENDS_WORD))
	{
		if (colon != NULL && span->len > 0 && accept(p, ':'))
		{
			*colon = true;
			return true;
		}
		if (is_one_of(p->text[p->at], NOT_IN_WORD))
			return refuse(p, "a word cannot contain this");
		if (p->text[p->at] == '\\')
		{
			if (p->at + 1 == p->len)
				return refuse(p, "nothing follows a backslash");
			p->at++;
		}
		add_byte(p, span, p->text[p->at++]);
	}
	if (span->len == 0)
		return refuse(p, "a word is missing");
	if (peek(p) == '~')
		return refuse(p, "only phrases and groups can be followed by this");
	return true;
}

/* A number that is not negative; max is its limit. */
static bool
parse_number(Parser *p, bool whole, double max, double *number)
{
	char		digits[64];
	char	   *end;
	uint32_t	n = 0;

	while (n < sizeof(digits) - 1 && n < p->len - p->at)
	{
		char		c = p->text[p->at + n];
		bool		exponent = !whole && n > 0 && is_one_of(p->text[p->at + n - 1], "eE");

		if (!is_one_of(c, whole ? "0123456789" : "0123456789.eE") &&
			!(exponent && is_one_of(c, "+-")))
			break;
		digits[n++] = c;
	}
	digits[n] = '\0';
	*number = strtod(digits, &end);
	if (n == 0 || end != digits + n)
		return refuse(p, "a number is missing");
	if (*number > max)
		return refuse(p, "the number is too large");
	p->at += n;
	return true;
}

static bool
parse_boost(Parser *p, MvFtsNode *node)
{
	double		boost;

	if (!accept(p, '^'))
		return true;
	if (!parse_number(p, false, MV_FTS_MAX_BOOST, &boost))
		return false;
	if ((float) boost < FLT_MIN)
		return refuse(p, "a boost must be above 0");
	node->boost = (float) boost;
	return true;
}

/* ~ and a number, if they are there. */
static bool
parse_tilde(Parser *p, MvFtsNode *node)
{
	double		number;

	if (!accept(p, '~'))
		return true;
	if (!parse_number(p, true, MV_FTS_MAX_SLOP, &number))
		return false;
	node->number = (uint32_t) number;
	return true;
}

static bool parse_clauses(Parser *p, int depth);

/* What follows an opening bracket. */
static bool
parse_group(Parser *p, MvFtsNode *node, int depth)
{
	if (depth == MV_FTS_MAX_DEPTH)
		return refuse(p, "brackets are nested too deeply");
	if (!parse_clauses(p, depth + 1))
		return false;
	if (!accept(p, ')'))
		return refuse(p, "a closing bracket is missing");
	node->end = p->tree->nnodes;
	return true;
}

static bool
parse_atom(Parser *p, MvFtsOccur occur, MvFtsSpan field, bool may_be_field, int depth)
{
	MvFtsNode  *node;
	MvFtsSpan	span;
	bool		colon = false;

	if (accept(p, '('))
	{
		node = add_node(p, MV_FTS_GROUP, occur);
		node->field = field;
		return parse_group(p, node, depth) && parse_tilde(p, node) && parse_boost(p, node);
	}
	if (accept(p, '"'))
	{
		if (!parse_quoted(p, &span))
			return false;
		if (!(may_be_field && span.len > 0 && accept(p, ':')))
		{
			node = add_node(p, MV_FTS_PHRASE, occur);
			node->field = field;
			node->text = span;
			return parse_tilde(p, node) && parse_boost(p, node);
		}
		colon = true;
	}
	else if (!parse_word(p, &span, may_be_field ? &colon : NULL))
		return false;
	if (colon)
		return parse_atom(p, occur, span, false, depth);
	node = add_node(p, MV_FTS_WORD, occur);
	node->field = field;
	node->text = span;
	return parse_boost(p, node);
}

/* Clauses up to a closing bracket or the end. */
static bool
parse_clauses(Parser *p, int depth)
{
	const MvFtsSpan no_field = {0, 0};

	for (;;)
	{
		MvFtsOccur	occur = MV_SHOULD;

		skip_space(p);
		if (p->at == p->len || peek(p) == ')')
			return true;
		if (accept(p, '+'))
			occur = MV_MUST;
		else if (accept(p, '-'))
			occur = MV_MUST_NOT;
		if (!parse_atom(p, occur, no_field, true, depth))
			return false;
	}
}

bool
mv_fts_parse(const char *text, size_t len, MvFtsTree *tree, MvFtsError *error)
{
	Parser		p;

	begin(&p, text, len, tree, error);
	if (!parse_clauses(&p, 0))
		return false;
	if (p.at < p.len)
		return refuse(&p, "a bracket is closed that was not opened");
	return finish(&p);
}

/* ---- what people type ---- */

/* A word up to white space or a quote. */
static MvFtsSpan
web_word(Parser *p)
{
	MvFtsSpan	span = {p->tree->nbytes, 0};

	while (p->at < p->len && !is_one_of(p->text[p->at], SPACE "\""))
		add_byte(p, &span, p->text[p->at++]);
	return span;
}

static MvFtsSpan
web_phrase(Parser *p)
{
	MvFtsSpan	span = {p->tree->nbytes, 0};

	while (p->at < p->len && !accept(p, '"'))
		add_byte(p, &span, p->text[p->at++]);
	return span;
}

/* Is the word `or`?  Then it is taken off the bytes again. */
static bool
is_or(Parser *p, MvFtsSpan word)
{
	const char *bytes = p->bytes + word.start;

	if (word.len != 2 || (bytes[0] | 0x20) != 'o' || (bytes[1] | 0x20) != 'r')
		return false;
	p->tree->nbytes -= 2;
	return true;
}

/* Clauses up to `or` or the end; returns whether it was `or`. */
static bool
web_clauses(Parser *p)
{
	for (;;)
	{
		MvFtsOccur	occur = MV_MUST;
		MvFtsNode  *node;
		MvFtsSpan	span;
		bool		quoted;

		skip_space(p);
		if (p->at == p->len)
			return false;
		if (accept(p, '-'))
			occur = MV_MUST_NOT;
		quoted = accept(p, '"');
		span = quoted ? web_phrase(p) : web_word(p);
		if (!quoted && occur == MV_MUST && is_or(p, span))
			return true;
		if (span.len == 0)
			continue;
		node = add_node(p, quoted ? MV_FTS_PHRASE : MV_FTS_WORD, occur);
		node->text = span;
	}
}

bool
mv_fts_parse_web(const char *text, size_t len, MvFtsTree *tree, MvFtsError *error)
{
	Parser		p;
	bool		more;

	begin(&p, text, len, tree, error);
	do
	{
		MvFtsNode  *node = add_node(&p, MV_FTS_GROUP, MV_SHOULD);

		more = web_clauses(&p);
		node->end = tree->nnodes;
	} while (more);
	return finish(&p);
}

/* ---- to text ---- */

size_t
mv_fts_print_bound(const MvFtsTree *tree)
{
	/* Of a node: a blank, sign, brackets or quotes twice, colon, ~ and ^ with numbers. */
	return (size_t) tree->nnodes * 64 + (size_t) tree->nbytes * 2;
}

static char *
print_span(const MvFtsTree *tree, MvFtsSpan span, const char *escape, char *out)
{
	const char *bytes = MV_FTS_TEXT(tree) + span.start;

	for (uint32_t i = 0; i < span.len; i++)
	{
		if (is_one_of(bytes[i], escape))
			*out++ = '\\';
		*out++ = bytes[i];
	}
	return out;
}

static char *
print_quoted(const MvFtsTree *tree, MvFtsSpan span, char *out)
{
	*out++ = '"';
	out = print_span(tree, span, "\"\\", out);
	*out++ = '"';
	return out;
}

static char *
print_word(const MvFtsTree *tree, MvFtsSpan span, char *out)
{
	if (is_one_of(MV_FTS_TEXT(tree)[span.start], "+-" NOT_FIRST))
		*out++ = '\\';
	return print_span(tree, span, ENDS_WORD NOT_IN_WORD ":\\", out);
}

/* Quoted unless it is an ordinary name. */
static char *
print_field(const MvFtsTree *tree, MvFtsSpan span, char *out)
{
	const char *bytes = MV_FTS_TEXT(tree) + span.start;
	uint32_t	i = 0;

	while (i < span.len && is_one_of(bytes[i], "abcdefghijklmnopqrstuvwxyz0123456789_"))
		i++;
	out = i < span.len ? print_quoted(tree, span, out) : print_word(tree, span, out);
	*out++ = ':';
	return out;
}

/* A node without its clauses; a group's closing bracket comes by print_end(). */
static char *
print_begin(const MvFtsTree *tree, const MvFtsNode *node, char *out)
{
	if (node->occur != MV_SHOULD)
		*out++ = node->occur == MV_MUST ? '+' : '-';
	if (node->field.len > 0)
		out = print_field(tree, node->field, out);
	if (node->kind == MV_FTS_WORD)
		return print_word(tree, node->text, out);
	if (node->kind == MV_FTS_PHRASE)
		return print_quoted(tree, node->text, out);
	*out++ = '(';
	return out;
}

static char *
print_end(const MvFtsNode *node, char *out)
{
	if (node->kind == MV_FTS_GROUP)
		*out++ = ')';
	if (node->number > 0)
		out += sprintf(out, "~%u", (unsigned) node->number);
	if (node->boost != 1)
		out += sprintf(out, "^%.9g", (double) node->boost);
	return out;
}

size_t
mv_fts_print(const MvFtsTree *tree, char *out)
{
	char	   *start = out;
	uint32_t	open[MV_FTS_MAX_DEPTH + 1];
	int			nopen = 0;

	for (uint32_t i = 1; i < tree->nnodes; i++)
	{
		const MvFtsNode *node = &tree->nodes[i];

		if (i > 1 && tree->nodes[i - 1].end == i)
			*out++ = ' ';
		out = print_begin(tree, node, out);
		if (node->kind == MV_FTS_GROUP)
			open[nopen++] = i;
		else
			out = print_end(node, out);
		while (nopen > 0 && tree->nodes[open[nopen - 1]].end == i + 1)
			out = print_end(&tree->nodes[open[--nopen]], out);
	}
	return out - start;
}
