/*
 * carve.h -- dividing one block of the caller's memory into parts.
 */
#pragma once

#include <stddef.h>

/*
 * mv_carve -- the next `bytes` of base at *at, which moves on to a multiple of
 * 64.  With base NULL it only counts.
 */
static inline void *
mv_carve(void *base, size_t *at, size_t bytes)
{
	void	   *part = base != NULL ? (char *) base + *at : NULL;

	*at += (bytes + 63) & ~(size_t) 63;
	return part;
}
