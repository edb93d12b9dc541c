/*
 * exact_fp.h -- for sources whose float results must be the same bits on every
 * level; to be included before any function.
 *
 * a * b + c is two roundings here, whatever the flags: gcc fuses across
 * expressions by default, clang within one, and the bits would then depend on
 * the level.
 */
#pragma once

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif
