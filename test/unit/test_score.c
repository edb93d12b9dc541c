/*
 * test_score.c -- BM25: the formula in double, bounds, and the kernels of every
 * level against loops that do one document at a time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/bm25.h"
#include "core/dist.h"
#include "core/score.h"
#include "unit.h"

static float inverse[256];

static double
frand(double high)
{
	return high * (double) (unit_random() % 1000003) / 1000003;
}

/* The textbook's form in double, Lucene's idf, and what the scale promises. */
static void
test_formula(void)
{
	float		weights[4];
	int			i,
				j;

	CHECK(fabs(mv_score_idf(100000, 735) - log(1 + 99265.5 / 735.5)) < 1e-6, "idf");
	CHECK(mv_score_idf(10, 10) > 0, "idf of a word that all have");
	for (i = 0; i < 1000; i++)
	{
		double		total = 0,
					want = 0;
		int			scale;
		int64_t		sum = 0;

		for (j = 0; j < 4; j++)
			weights[j] = (float) frand(12) + 1e-3f;
		scale = mv_score_scale(weights, 4);
		for (j = 0; j < 4; j++)
		{
			MvTermScore term = { ldexpf(weights[j], scale), inverse };
			float		tf = (float) (1 + unit_random() % 300);
			uint8_t		len = (uint8_t) unit_random();
			double		norm = 1.2 * (0.25 + 0.75 * mv_length_of(len) / 141.5);

			sum += mv_score_points(&term, tf, len);
			want += weights[j] * tf / (tf + norm);
			total += ldexp(weights[j], scale);
		}
		CHECK(total < 1 << 30 && total >= 1 << 29, "scale %d of %g", scale, total);
		CHECK(fabs(mv_score_of_points(sum, scale) - want) < 2e-7 * ldexp(total, -scale),
			  "%.9g, not %.9g", mv_score_of_points(sum, scale), want);
	}
}

/* More occurrences or a shorter text never give less. */
static void
test_monotonic(void)
{
	long		wrong = 0;
	int			i;

	for (i = 0; i < 200000; i++)
	{
		MvTermScore term = { (float) frand(1 << 30), inverse };
		uint32_t	tf = 1 + unit_random() % (i % 2 == 0 ? 20 : 1 << 20);
		uint8_t		len = (uint8_t) (unit_random() % 255);
		int32_t		points = mv_score_points(&term, (float) tf, len);

		wrong += points < 1 || mv_score_points(&term, (float) (tf + 1), len) < points ||
			mv_score_points(&term, (float) tf, len + 1) > points;
	}
	CHECK(wrong == 0, "%ld times less", wrong);
}

static void
test_score(const char *level)
{
	uint32_t	docs[128],
				tfs[128];
	int32_t    *points = unit_alloc(128 * sizeof(int32_t));
	uint8_t    *codes = unit_alloc(MV_WINDOW + 3);
	int			round,
				i;

	for (round = 0; round < 300; round++)
	{
		MvTermScore term = { (float) frand(1 << (round % 31)), inverse };
		uint32_t	base = unit_random() % 100000;
		int			n = (int) (unit_random() % 129);
		long		wrong = 0;

		for (i = 0; i < MV_WINDOW + 3; i++)
			codes[i] = (uint8_t) unit_random();
		for (i = 0; i < n; i++)
		{
			docs[i] = base + (uint32_t) (i * (MV_WINDOW - 1) / 127);
			tfs[i] = 1 + unit_random() % (round % 3 == 0 ? 3000000 : 5);
		}
		mv_score_kernels.score(&term, docs, tfs, n, codes, base, points);
		for (i = 0; i < n; i++)
			wrong += points[i] != mv_score_points(&term, (float) tfs[i], codes[docs[i] - base]);
		CHECK(wrong == 0, "%s: %ld of %d points", level, wrong, n);
	}
	free(points);
	free(codes);
}

static void
test_lists(const char *level)
{
	int32_t    *window = unit_alloc(MV_WINDOW * sizeof(int32_t));
	uint32_t   *docs = unit_alloc((MV_WINDOW + MV_WINDOW_SLACK) * sizeof(uint32_t));
	int32_t    *points = unit_alloc((MV_WINDOW + MV_WINDOW_SLACK) * sizeof(int32_t));
	int			round,
				i;

	for (round = 0; round < 200; round++)
	{
		uint32_t	base = 4096 * (unit_random() % 100);
		int32_t		floor = 1 + (int32_t) (unit_random() % 100),
					higher = floor + (int32_t) (unit_random() % 100);
		uint32_t	sum = 0,
					kept_sum = 0;
		int			n = 0,
					kept = 0,
					got;
		long		wrong = 0;
		uint64_t	wanted[MV_WINDOW / 64];
		bool		all = round % 3 == 0;

		for (i = 0; i < MV_WINDOW / 64; i++)
			wanted[i] = unit_random() % 3 == 0 ? 0 : unit_random() * UINT64_C(0x9e3779b97f4a7c15);
		for (i = 0; i < MV_WINDOW; i++)
		{
			bool		asked = all || (wanted[i / 64] >> i % 64 & 1);

			window[i] = 0;
			if (unit_random() % 4 < (unsigned) round % 5)
				window[i] = (int32_t) (unit_random() % 200);
			if (asked && window[i] >= floor)
			{
				n++;
				sum += (base + (uint32_t) i) * 31 + (uint32_t) window[i];
			}
			if (asked && window[i] >= higher)
			{
				kept++;
				kept_sum += (base + (uint32_t) i) * 31 + (uint32_t) window[i];
			}
		}
		got = mv_score_kernels.collect(window, all ? NULL : wanted, floor, base, docs, points);
		CHECK(got == n, "%s: collected %d, not %d", level, got, n);
		for (i = 0; i < got; i++)
		{
			sum -= docs[i] * 31 + (uint32_t) points[i];
			wrong += i > 0 && docs[i] <= docs[i - 1];
		}
		for (i = 0; i < MV_WINDOW; i++)
			wrong += window[i] != 0;
		CHECK(sum == 0 && wrong == 0, "%s: collected others", level);
		got = mv_score_kernels.keep(docs, points, got, higher);
		CHECK(got == kept, "%s: kept %d, not %d", level, got, kept);
		for (i = 0; i < got; i++)
			kept_sum -= docs[i] * 31 + (uint32_t) points[i];
		CHECK(kept_sum == 0, "%s: kept others", level);
	}
	free(window);
	free(docs);
	free(points);
}

static uint64_t
code_at(const uint8_t *codes, int width, int i)
{
	uint64_t	x = 0;

	memcpy(&x, codes + (size_t) i * (size_t) width, (size_t) width);
	return x;
}

static void
test_between(const char *level, int width)
{
	int			round,
				i;

	for (round = 0; round < 200; round++)
	{
		int			n = (int) (unit_random() % 400),
					words = (n + 63) / 64;
		uint64_t	most = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1,
					low = round % 4 == 0 ? 0 : (most / 2 + unit_random() % 20) & most,
					high = round % 5 == 0 ? most : low + unit_random() % 10;
		uint8_t    *codes = unit_alloc((size_t) n * (size_t) width);
		uint64_t   *bits = unit_alloc((size_t) words * sizeof(uint64_t));
		long		wrong = 0;

		for (i = 0; i < n; i++)
		{
			uint64_t	x = unit_random() % 9 == 0 ? (i % 2 == 0 ? 0 : most) :
				low + unit_random() % 40 - 20;

			memcpy(codes + (size_t) i * (size_t) width, &x, (size_t) width);
		}
		for (i = 0; i < words; i++)
			bits[i] = unit_random();
		mv_score_kernels.between(codes, width, n, low, high, bits);
		for (i = 0; i < 64 * words; i++)
			wrong += (bits[i / 64] >> i % 64 & 1) !=
				(i < n && code_at(codes, width, i) >= low && code_at(codes, width, i) <= high);
		CHECK(wrong == 0, "%s: %ld of %d bits of %d bytes", level, wrong, n, width);
		free(codes);
		free(bits);
	}
}

int
main(void)
{
	const char *const *level;
	int			width;

	mv_score_inverse(1.2f, 0.75f, 141.5, inverse);
	test_formula();
	test_monotonic();
	for (level = mv_kernel_levels(); *level != NULL; level++)
	{
		CHECK(mv_kernels_init(*level), "%s", *level);
		test_score(*level);
		test_lists(*level);
		for (width = 1; width <= 8; width *= 2)
			test_between(*level, width);
	}
	return unit_result("score");
}
