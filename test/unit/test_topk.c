/*
 * test_topk.c -- the heap of the nearest, and re-ranking, against sorting.
 */
#include <math.h>
#include <string.h>

#include "core/topk.h"
#include "unit.h"

static int
compare(const void *pa, const void *pb)
{
	const MvNeighbor *a = pa,
			   *b = pb;

	return mv_nearer(*a, *b) ? -1 : mv_nearer(*b, *a);
}

/* n neighbors, few different distances if `ties`. */
static MvNeighbor *
random_neighbors(int n, bool ties)
{
	MvNeighbor *all = unit_alloc((size_t) n * sizeof(MvNeighbor));
	int			i;

	for (i = 0; i < n; i++)
	{
		all[i].id = (uint64_t) i * 2654435761u % 1000003;
		all[i].dist = ties ? (float) (unit_random() % 5) : (float) unit_random_real();
		if (unit_random() % 50 == 0)
			all[i].dist = unit_random() % 2 ? INFINITY : -INFINITY;
	}
	return all;
}

static void
test_topk(int n, int k, bool ties)
{
	MvNeighbor *all = random_neighbors(n, ties),
			   *items = unit_alloc((size_t) k * sizeof(MvNeighbor));
	MvTopK		top;
	float		limit = INFINITY;
	long		wrong = 0;
	int			i,
				got;

	mv_topk_init(&top, items, k);
	for (i = 0; i < n; i++)
	{
		mv_topk_push(&top, all[i].id, all[i].dist);
		mv_topk_push(&top, 1, NAN);
		wrong += mv_topk_limit(&top) > limit || (i < k - 1 && mv_topk_limit(&top) < INFINITY);
		limit = mv_topk_limit(&top);
	}
	CHECK(wrong == 0, "n %d, k %d: the limit rises or comes early", n, k);
	qsort(all, (size_t) n, sizeof(MvNeighbor), compare);
	CHECK(n < k || limit == all[k - 1].dist, "n %d, k %d: limit %g", n, k, limit);
	got = mv_topk_sort(&top);
	CHECK(got == (n < k ? n : k), "n %d, k %d: %d found", n, k, got);
	for (i = 0; i < got; i++)
		wrong += items[i].id != all[i].id || items[i].dist != all[i].dist;
	CHECK(wrong == 0, "n %d, k %d, ties %d: %ld wrong", n, k, ties, wrong);
	free(all);
	free(items);
}

/* Distance of an id, where the array is in the order of ids. */
static float
distance_of(const MvNeighbor *all, uint64_t id)
{
	return all[id].dist;
}

/*
 * All neighbors come out in order, each after no more exact distances than
 * needed; arrays begin small and grow; candidates are taken `batch` at a time.
 */
static void
test_rerank(int n, bool ties, int batch)
{
	MvNeighbor *all = random_neighbors(n, ties),
			   *sorted = unit_alloc((size_t) n * sizeof(MvNeighbor)),
			   *candidates = NULL,
			   *exact = NULL,
				out;
	float	   *low = unit_alloc((size_t) n * sizeof(float));
	int			max_candidates = 0,
				max_exact = 0,
				emitted = 0,
				i,
				j;
	long		wrong = 0,
				early = 0,
				computed = 0,
				needed = 0;
	MvRerank	r;

	mv_rerank_init(&r, candidates, 0, exact, 0);
	for (i = 0; i < n; i++)
	{
		all[i].id = (uint64_t) i;
		low[i] = all[i].dist - (float) (unit_random() % 3) / 8;
		if (!mv_rerank_add(&r, all[i].id, low[i]))
		{
			max_candidates = 2 * max_candidates + 1;
			candidates = realloc(candidates, (size_t) max_candidates * sizeof(MvNeighbor));
			mv_rerank_grow(&r, candidates, max_candidates, exact, max_exact);
			CHECK(mv_rerank_add(&r, all[i].id, low[i]), "no room after growing");
		}
	}
	memcpy(sorted, all, (size_t) n * sizeof(MvNeighbor));
	qsort(sorted, (size_t) n, sizeof(MvNeighbor), compare);
	for (;;)
	{
		if (mv_rerank_result(&r, &out))
		{
			wrong += emitted >= n || out.id != sorted[emitted].id;
			early += mv_rerank_low(&r) < out.dist;
			emitted++;
			for (needed = 0, i = 0; batch == 1 && emitted == 10 && i < n; i++)
				needed += low[i] <= out.dist;
			CHECK(batch > 1 || emitted != 10 || computed <= needed, "n %d: %ld distances, not %ld",
				  n, computed, needed);
			continue;
		}
		for (j = 0; j < batch && mv_rerank_next(&r, &out); j++)
			candidates[r.n_candidates] = out;
		if (j == 0)
			break;

		/* Those taken out lie behind the heap, the last taken first. */
		for (i = 0; i < j; i++)
		{
			MvNeighbor	taken = candidates[r.n_candidates + i];

			while (!mv_rerank_exact(&r, taken.id, distance_of(all, taken.id)))
			{
				max_exact = 2 * max_exact + 1;
				exact = realloc(exact, (size_t) max_exact * sizeof(MvNeighbor));
				mv_rerank_grow(&r, candidates, max_candidates, exact, max_exact);
			}
			computed++;
		}
	}
	CHECK(emitted == n && wrong == 0 && early == 0,
		  "n %d, ties %d, batch %d: %d emitted, %ld wrong, %ld early", n, ties, batch, emitted,
		  wrong, early);
	free(all);
	free(sorted);
	free(candidates);
	free(exact);
	free(low);
}

/*
 * Results wait for the floor, for what is pending and for equal bounds; a wrong
 * bound makes late, not lost.
 */
static void
test_waiting(void)
{
	MvNeighbor	candidates[4],
				exact[4],
				out;
	MvRerank	r;

	mv_rerank_init(&r, candidates, 4, exact, 4);
	mv_rerank_floor(&r, 1.0f);
	mv_rerank_add(&r, 7, 0.5f);
	CHECK(!mv_rerank_result(&r, &out), "a result before any distance");
	CHECK(mv_rerank_next(&r, &out) && out.id == 7 && out.dist == 0.5f, "the only candidate");
	CHECK(!mv_rerank_next(&r, &out), "no more candidates");
	CHECK(mv_rerank_exact(&r, 7, 1.5f) && !mv_rerank_result(&r, &out), "1.5 is above the floor");
	mv_rerank_floor(&r, 2.0f);
	mv_rerank_add(&r, 3, 1.5f);
	CHECK(!mv_rerank_result(&r, &out), "a bound as low may have a smaller id");
	CHECK(mv_rerank_next(&r, &out) && !mv_rerank_result(&r, &out), "one distance is pending");
	mv_rerank_exact(&r, 3, 1.5f);
	CHECK(mv_rerank_result(&r, &out) && out.id == 3, "equal distances come by id");
	CHECK(mv_rerank_result(&r, &out) && out.id == 7, "then the other");
	mv_rerank_floor(&r, INFINITY);
	mv_rerank_add(&r, 4, 9);
	mv_rerank_next(&r, &out);
	mv_rerank_exact(&r, 4, 0.25f);
	CHECK(mv_rerank_result(&r, &out) && out.id == 4, "below its bound: late");
	mv_rerank_add(&r, 5, NAN);
	mv_rerank_add(&r, 6, -1);
	CHECK(mv_rerank_next(&r, &out) && out.id == 5, "no bound: first");
	mv_rerank_skip(&r);
	mv_rerank_next(&r, &out);
	mv_rerank_exact(&r, 6, NAN);
	CHECK(mv_rerank_result(&r, &out) && out.id == 6 && isinf(out.dist), "no distance: last");
	CHECK(!mv_rerank_result(&r, &out), "nothing left");
}

int
main(void)
{
	static const int ks[] = {1, 2, 10, 100, 1000, 20000};
	int			i,
				ties;

	for (ties = 0; ties < 2; ties++)
		for (i = 0; i < 6; i++)
		{
			test_topk(1, ks[i], ties);
			test_topk(ks[i], ks[i], ties);
			test_topk(30000, ks[i], ties);
			test_rerank(ks[i], ties, 1);
			test_rerank(ks[i], ties, 5);
		}
	test_waiting();
	return unit_result("topk");
}
