/*
 * dist_avx512.c -- AVX-512 F, BW, DQ and VL (Skylake-X, Zen 4 and later), and
 * VPOPCNTDQ for bit strings where the CPU has it.
 *
 * Tails are masked loads.  The int8 kernels are in dist_vnni.c; a CPU without
 * VNNI keeps those of AVX2.  AVX512_FP16 and AVX512_BF16 are not used: the
 * first sums in f16, the second treats subnormal numbers as zero.
 */
#include "core/dist_level.h"

#ifdef __x86_64__

#include <immintrin.h>

#include "core/half.h"

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")

#define VF_LANES 16

typedef __m512 vf;

#define low_mask(n) ((1u << (n)) - 1)

#define vf_load_f32(p) _mm512_loadu_ps(p)
#define vf_load_f16(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) (p)))
#define vf_load_bf16(p) vf_from_bf16(_mm256_loadu_si256((const __m256i *) (p)))
#define vf_load_f32_n(p, n) _mm512_maskz_loadu_ps((__mmask16) low_mask(n), p)
#define vf_load_f16_n(p, n) _mm512_cvtph_ps(_mm256_maskz_loadu_epi16((__mmask16) low_mask(n), p))
#define vf_load_bf16_n(p, n) vf_from_bf16(_mm256_maskz_loadu_epi16((__mmask16) low_mask(n), p))
#define vf_zero() _mm512_setzero_ps()
#define vf_add(x, y) _mm512_add_ps(x, y)
#define vf_sub(x, y) _mm512_sub_ps(x, y)
#define vf_abs(x) _mm512_abs_ps(x)
#define vf_fma(x, y, z) _mm512_fmadd_ps(x, y, z)
#define vf_sum(x) _mm512_reduce_add_ps(x)
#define vf_store(p, x) _mm512_storeu_ps(p, x)
#define vf_store_f16(p, x) \
	_mm256_storeu_si256((__m256i *) (p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT))

MV_INLINE vf
vf_from_bf16(__m256i x)
{
	return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}

#include "core/dist_float.h"

MV_TARGET_END

MV_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")

/* The first min(n, 64) bytes at p, then zeros. */
MV_INLINE __m512i
load_bytes(const uint8_t *p, size_t n)
{
	return n >= 64 ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi8(((__mmask64) 1 << n) - 1, p);
}

static double
hamming_vpopcnt(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i		count = _mm512_setzero_si512();
	size_t		i;

	for (i = 0; i < n; i += 64)
	{
		__m512i		x = _mm512_xor_si512(load_bytes(a + i, n - i), load_bytes(b + i, n - i));

		count = _mm512_add_epi64(count, _mm512_popcnt_epi64(x));
	}
	return (double) _mm512_reduce_add_epi64(count);
}

static double
jaccard_vpopcnt(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i		both = _mm512_setzero_si512(),
				any = _mm512_setzero_si512();
	size_t		i;
	int64_t		shared;

	for (i = 0; i < n; i += 64)
	{
		__m512i		x = load_bytes(a + i, n - i);
		__m512i		y = load_bytes(b + i, n - i);

		both = _mm512_add_epi64(both, _mm512_popcnt_epi64(_mm512_and_si512(x, y)));
		any = _mm512_add_epi64(any, _mm512_popcnt_epi64(_mm512_or_si512(x, y)));
	}
	shared = _mm512_reduce_add_epi64(both);
	return shared == 0 ? 1 : 1 - (double) shared / (double) _mm512_reduce_add_epi64(any);
}

MV_TARGET_END

bool
mv_kernels_add_avx512(MvKernels *table)
{
	static const MvKernels avx512 = {
		.level = "avx512",
		.dist = {FLOAT_ROWS},
		.to_f32 = TO_F32_ROW,
		.from_f32 = FROM_F32_ROW,
	};

	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
		!__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
		return false;
	table->level = avx512.level;
	memcpy(table->dist, avx512.dist, MV_I8 * sizeof(table->dist[0]));
	memcpy(table->to_f32, avx512.to_f32, sizeof(table->to_f32));
	memcpy(table->from_f32, avx512.from_f32, sizeof(table->from_f32));
	if (__builtin_cpu_supports("avx512vpopcntdq"))
	{
		table->hamming = hamming_vpopcnt;
		table->jaccard = jaccard_vpopcnt;
	}
	mv_kernels_add_vnni(table);
	return true;
}

#else

bool
mv_kernels_add_avx512(MvKernels *table)
{
	(void) table;
	return false;
}

#endif
