/*
 * fts_bound.c -- what the best of some postings can score, whatever the weights.
 *
 * A posting scores more the higher its tf and the lower its length.  Those
 * that no other beats in both are the front; a bound is a front of three pairs.
 */
#include "postgres.h"

#include "fts/fts.h"

typedef struct Pair
{
	int			tf,
				length;
} Pair;

void
mv_fts_front_reset(MvFtsFront *front)
{
	memset(front->tf_of, 0, sizeof(front->tf_of));
	front->low = 255;
	front->high = 0;
}

void
mv_fts_front_add(MvFtsFront *front, uint32 tf, uint8 length)
{
	front->tf_of[length] = Max(front->tf_of[length], Min(tf, 255));
	front->low = Min(front->low, length);
	front->high = Max(front->high, length);
}

void
mv_fts_front_add_bound(MvFtsFront *front, const MvFtsBound *bound)
{
	for (int i = 0; i < MV_FTS_BOUNDS; i++)
		mv_fts_front_add(front, bound->tf[i], bound->length[i]);
}

/* What a pair scores about, if the average length is that. */
static double
impact(Pair pair, double average)
{
	double		length = mv_length_of((uint8) pair.length);

	return pair.tf / (pair.tf + 1.2 * (0.25 + 0.75 * length / average));
}

/*
 * Put two neighbours in one pair not worse than both, where that adds the least.
 * The scores only guide the choice: any is safe.
 */
static void
join_cheapest(Pair *pairs, int n)
{
	double		average = Max(mv_length_of((uint8) pairs[n / 2].length), 1);
	double		least = 0;
	int			best = 0;

	for (int i = 0; i + 1 < n; i++)
	{
		Pair		joined = {pairs[i + 1].tf, pairs[i].length};
		double		added = impact(joined, average) -
			Max(impact(pairs[i], average), impact(pairs[i + 1], average));

		if (i == 0 || added < least)
		{
			best = i;
			least = added;
		}
	}
	pairs[best].tf = pairs[best + 1].tf;
	memmove(pairs + best + 1, pairs + best + 2, sizeof(Pair) * (n - best - 2));
}

void
mv_fts_front_bound(const MvFtsFront *front, MvFtsBound *bound)
{
	Pair		pairs[256];
	int			n = 0;

	for (int length = front->low; length <= front->high; length++)
		if (front->tf_of[length] > (n > 0 ? pairs[n - 1].tf : 0))
			pairs[n++] = (Pair){front->tf_of[length], length};
	for (; n > MV_FTS_BOUNDS; n--)
		join_cheapest(pairs, n);
	for (int i = 0; i < MV_FTS_BOUNDS; i++)
	{
		Pair		pair = pairs[Max(Min(i, n - 1), 0)];

		bound->tf[i] = n > 0 ? (uint8) pair.tf : 0;
		bound->length[i] = n > 0 ? (uint8) pair.length : 0;
	}
}
