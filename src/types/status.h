/*
 * status.h -- core's refusals as SQL errors; the only place that words them.
 */
#pragma once

#include "utils/array.h"

#include "core/parse.h"

/*
 * mv_fail -- raise the error for a status other than MV_OK.
 *
 * type		SQL type name, part of every message
 * max_dim	limit quoted by MV_TOO_MANY_DIMS
 *
 * MV_BAD_* and MV_OUT_OF_RANGE from text need mv_fail_text().
 */
_Noreturn void mv_fail(MvStatus status, const char *type, int max_dim);

/* mv_fail_text -- the same for a status of mv_parse_dense/_sparse(text). */
_Noreturn void mv_fail_text(MvStatus status, const char *type, int max_dim,
									 const char *text, const MvToken *bad);

/* mv_fail_range -- `"<x>" is out of range for type <type>`, 22003. */
_Noreturn void mv_fail_range(const char *type, float x);

/* Raise unless the typmod (-1: none) equals dim. */
void		mv_expect_dim(int32 typmod, int dim);

/* Raise unless two operands have equal dimensions. */
void		mv_same_dims(const char *type, int a, int b);

/* Raise unless two bit strings have equal lengths. */
void		mv_same_bits(int a, int b);

/* Raise unless the reserved word of a binary image is 0. */
void		mv_expect_unused(int32 unused);

/* typmod_in for all types: one integer, 1 .. max_dim. */
int32		mv_typmod_in(ArrayType *mods, const char *type, int max_dim);
