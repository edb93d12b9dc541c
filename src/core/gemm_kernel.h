/*
 * gemm_kernel.h -- the kernels of one level, by its vector type; included by
 * gemm_<level>.c inside its target region.
 *
 * The includer defines vf, VF_LANES, vf_load, vf_store, vf_zero, vf_set1,
 * vf_add, vf_fma(x, y, z) = x * y + z, vf_less, vf_pick(mask, yes, no), and
 * the micro-tile GEMM_MR x GEMM_NV vectors.
 */

#define GEMM_NR (GEMM_NV * VF_LANES)

/* All sums stay in registers: the loops below must be unrolled in full. */
static void
micro(int kc, const float *a, const float *b, float *c, size_t ldc, bool add)
{
	vf			sum[GEMM_MR][GEMM_NV];
	int			i,
				p,
				v;

#pragma GCC unroll 16
	for (i = 0; i < GEMM_MR; i++)
#pragma GCC unroll 4
		for (v = 0; v < GEMM_NV; v++)
			sum[i][v] = vf_zero();
	for (p = 0; p < kc; p++)
	{
		vf			y[GEMM_NV];

#pragma GCC unroll 4
		for (v = 0; v < GEMM_NV; v++)
			y[v] = vf_load(b + p * GEMM_NR + v * VF_LANES);
#pragma GCC unroll 16
		for (i = 0; i < GEMM_MR; i++)
		{
			vf			x = vf_set1(a[i * MV_GEMM_LDA + p]);

#pragma GCC unroll 4
			for (v = 0; v < GEMM_NV; v++)
				sum[i][v] = vf_fma(x, y[v], sum[i][v]);
		}
	}
#pragma GCC unroll 16
	for (i = 0; i < GEMM_MR; i++)
#pragma GCC unroll 4
		for (v = 0; v < GEMM_NV; v++)
		{
			float	   *at = c + i * ldc + v * VF_LANES;

			vf_store(at, add ? vf_add(vf_load(at), sum[i][v]) : sum[i][v]);
		}
}

/* Lanes keep their own least value and the number of its vector, as a float. */
static int
argmin(const float *dot, const float *norm, int n, float *best)
{
	vf			least = vf_set1(*best),
				at = vf_set1(-1),
				minus2 = vf_set1(-2);
	float		lane_least[VF_LANES],
				lane_at[VF_LANES];
	int			found = -1,
				j,
				i;

	for (j = 0; j + VF_LANES <= n; j += VF_LANES)
	{
		vf			score = vf_fma(vf_load(dot + j), minus2, vf_load(norm + j));
		vf_mask		less = vf_less(score, least);

		least = vf_pick(less, score, least);
		at = vf_pick(less, vf_set1((float) j), at);
	}
	vf_store(lane_least, least);
	vf_store(lane_at, at);
	for (i = 0; i < VF_LANES; i++)
	{
		int			where = (int) lane_at[i] + i;

		if (lane_at[i] >= 0 &&
			(lane_least[i] < *best || (lane_least[i] == *best && where < found)))
		{
			*best = lane_least[i];
			found = where;
		}
	}
	for (; j < n; j++)
	{
		float		score = norm[j] - 2 * dot[j];

		if (score < *best)
		{
			*best = score;
			found = j;
		}
	}
	return found;
}
