/*
 * query_implies.c -- does what matches one query match another one?
 *
 * By their trees alone: a false answer says nothing.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "fts/query.h"

/* Pairs of nodes or terms looked at before giving up, so that long queries cost little. */
#define MAX_STEPS 100000

typedef struct Proof
{
	const MvQuery *from;		/* what is known to match */
	const MvQuery *to;
	int			steps;			/* left */
} Proof;

static bool
same_term(Proof *proof, int from, int to)
{
	const MvQueryTerm *a = &proof->from->terms[from];
	const MvQueryTerm *b = &proof->to->terms[to];

	proof->steps--;
	return a->field == b->field && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool
same_phrase(Proof *proof, const MvQueryNode *from, const MvQueryNode *to)
{
	if (from->nslots != to->nslots || from->slop != to->slop)
		return false;
	for (int i = 0; i < from->nslots; i++)
		if (from->slots[i].slot != to->slots[i].slot ||
			from->slots[i].offset != to->slots[i].offset ||
			!same_term(proof, from->slots[i].term, to->slots[i].term))
			return false;
	return true;
}

static bool same(Proof *proof, const MvQueryNode *from, const MvQueryNode *to);

static bool
same_all(Proof *proof, MvQueryNode **from, MvQueryNode **to, int n)
{
	for (int i = 0; i < n; i++)
		if (!same(proof, from[i], to[i]))
			return false;
	return true;
}

/* The same but for boosts, in the same order. */
static bool
same(Proof *proof, const MvQueryNode *from, const MvQueryNode *to)
{
	check_stack_depth();
	if (from->kind != to->kind || --proof->steps < 0)
		return false;
	switch (from->kind)
	{
		case MV_QUERY_NOTHING:
			return true;
		case MV_QUERY_TERM:
			return same_term(proof, from->term, to->term);
		case MV_QUERY_PHRASE:
			return same_phrase(proof, from, to);
		case MV_QUERY_BOOL:
			return from->nmust == to->nmust && from->nshould == to->nshould &&
				from->nmust_not == to->nmust_not && from->min_should == to->min_should &&
				same_all(proof, from->must, to->must, from->nmust) &&
				same_all(proof, from->should, to->should, from->nshould) &&
				same_all(proof, from->must_not, to->must_not, from->nmust_not);
	}
	return false;
}

/* A slot of the phrase that has this term and no other. */
static bool
phrase_has(Proof *proof, const MvQueryNode *phrase, int term)
{
	for (int i = 0; i < phrase->nslots; i++)
	{
		const MvQuerySlot *slot = &phrase->slots[i];
		bool		alone = (i == 0 || slot[-1].slot != slot->slot) &&
			(i == phrase->nslots - 1 || slot[1].slot != slot->slot);

		if (alone && same_term(proof, slot->term, term))
			return true;
	}
	return false;
}

static bool implies(Proof *proof, const MvQueryNode *from, const MvQueryNode *to);

/* Enough of what `to` asks for follows. */
static bool
implies_clauses(Proof *proof, const MvQueryNode *from, const MvQueryNode *to)
{
	int			missing = to->min_should;

	if (to->nmust_not > 0)
		return false;
	for (int i = 0; i < to->nmust; i++)
		if (!implies(proof, from, to->must[i]))
			return false;
	for (int i = 0; i < to->nshould && missing > 0; i++)
		missing -= implies(proof, from, to->should[i]);
	return missing == 0;
}

/* One of what must match is enough, or each of those of which one must. */
static bool
clauses_imply(Proof *proof, const MvQueryNode *from, const MvQueryNode *to)
{
	for (int i = 0; i < from->nmust; i++)
		if (implies(proof, from->must[i], to))
			return true;
	if (from->min_should == 0)
		return false;
	for (int i = 0; i < from->nshould; i++)
		if (!implies(proof, from->should[i], to))
			return false;
	return true;
}

static bool
implies(Proof *proof, const MvQueryNode *from, const MvQueryNode *to)
{
	check_stack_depth();
	if (--proof->steps < 0)
		return false;
	if (from->kind == MV_QUERY_NOTHING || same(proof, from, to))
		return true;
	if (from->kind == MV_QUERY_PHRASE && to->kind == MV_QUERY_TERM)
		return phrase_has(proof, from, to->term);
	return (to->kind == MV_QUERY_BOOL && implies_clauses(proof, from, to)) ||
		(from->kind == MV_QUERY_BOOL && clauses_imply(proof, from, to));
}

bool
mv_query_implies(const MvQuery *from, const MvQuery *to)
{
	Proof		proof = {.from = from, .to = to, .steps = MAX_STEPS};

	return implies(&proof, from->root, to->root);
}
