/*
 * gemm_pack.h -- packing in plain C, for the levels without AVX.
 */

static void
pack(int kc, const float *b, size_t ldb, float *out)
{
	int			p,
				j;

	for (j = 0; j < GEMM_NR; j += 4)
		for (p = 0; p < kc; p++)
		{
			const float *from = b + (size_t) j * ldb + p;
			float	   *to = out + p * GEMM_NR + j;

			to[0] = from[0];
			to[1] = from[ldb];
			to[2] = from[2 * ldb];
			to[3] = from[3 * ldb];
		}
}
