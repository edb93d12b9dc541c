/*
 * gemm_pack8.h -- packing by 8 x 8 transposes, for the levels that have AVX.
 */

/* out[p * GEMM_NR + j] = b[j * ldb + p] for j, p < 8. */
MV_INLINE void
transpose8(const float *b, size_t ldb, float *out)
{
	__m256		r[8],
				s[8];
	int			i;

	/* Halves of rows j and j + 4 side by side, then a 4 x 4 transpose in each half. */
	for (i = 0; i < 4; i++)
	{
		const float *low = b + (size_t) i * ldb,
				   *high = b + (size_t) (i + 4) * ldb;

		r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)),
									_mm_loadu_ps(high), 1);
		r[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)),
										_mm_loadu_ps(high + 4), 1);
	}
	for (i = 0; i < 8; i += 4)
	{
		s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
		s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
		s[i + 2] = _mm256_unpacklo_ps(r[i + 2], r[i + 3]);
		s[i + 3] = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
	}
	for (i = 0; i < 8; i += 4)
	{
		float	   *to = out + i * GEMM_NR;

		_mm256_storeu_ps(to, _mm256_shuffle_ps(s[i], s[i + 2], 0x44));
		_mm256_storeu_ps(to + GEMM_NR, _mm256_shuffle_ps(s[i], s[i + 2], 0xee));
		_mm256_storeu_ps(to + 2 * GEMM_NR, _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44));
		_mm256_storeu_ps(to + 3 * GEMM_NR, _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee));
	}
}

static void
pack(int kc, const float *b, size_t ldb, float *out)
{
	int			p,
				j;

	for (p = 0; p + 8 <= kc; p += 8)
		for (j = 0; j < GEMM_NR; j += 8)
			transpose8(b + (size_t) j * ldb + p, ldb, out + p * GEMM_NR + j);
	for (; p < kc; p++)
		for (j = 0; j < GEMM_NR; j++)
			out[p * GEMM_NR + j] = b[(size_t) j * ldb + p];
}
