/*
 * dist_level.h -- what the files of the levels share; for dist_*.c and
 * dispatch.c only.
 */
#pragma once

#include <math.h>
#include <string.h>				/* before any MV_TARGET_BEGIN: inline under _FORTIFY_SOURCE */

#include "core/dist.h"

/*
 * mv_kernels_add_<level> -- lay the kernels of a level over a table.
 *
 * Overwrites the entries the level has and the name; what it lacks stays with
 * the level below.  Returns false, and changes nothing, if this CPU, its
 * operating system or this build lacks the level.
 */
bool		mv_kernels_add_plain(MvKernels *table);
bool		mv_kernels_add_avx2(MvKernels *table);
bool		mv_kernels_add_avx512(MvKernels *table);
bool		mv_kernels_add_neon(MvKernels *table);

/* The VNNI part of avx512: sets the int8 kernels, keeps the name. */
bool		mv_kernels_add_vnni(MvKernels *table);

#define MV_INLINE static inline __attribute__((always_inline))

/*
 * Functions between these are compiled for the instruction sets named, e.g.
 * "avx2,fma".  Only the file of a level calls them, after asking the CPU; the
 * rest of the library needs no -m flag.
 */
#define MV_PRAGMA(x) _Pragma(#x)
#ifdef __clang__
#define MV_TARGET_BEGIN(isa) \
	MV_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define MV_TARGET_END MV_PRAGMA(clang attribute pop)
#else
#define MV_TARGET_BEGIN(isa) \
	MV_PRAGMA(GCC push_options) \
	MV_PRAGMA(GCC target(isa))
#define MV_TARGET_END MV_PRAGMA(GCC pop_options)
#endif

/*
 * Cosine distance of the three sums.  A zero norm makes 0/0, and NaN passes
 * both comparisons.
 */
static inline double
mv_cosine_of_sums(double dot, double aa, double bb)
{
	double		sim = dot / sqrt(aa * bb);

	if (sim > 1)
		sim = 1;
	if (sim < -1)
		sim = -1;
	return 1 - sim;
}
