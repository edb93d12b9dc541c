/*
 * fuzz.h -- what the fuzzers share.  The first byte of an input chooses what is
 * read, the rest is read from a block of exactly its size, so that the address
 * sanitizer sees one byte too many.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Unlike assert(), independent of NDEBUG and with the values of interest. */
#define EXPECT(condition, ...) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			abort(); \
		} \
	} while (0)

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of n bytes, and of a NUL if wanted; the caller frees it. */
static inline char *
copy_of(const uint8_t *data, size_t n, bool nul)
{
	char	   *copy = malloc(n + nul + (n + nul == 0));

	memcpy(copy, data, n);
	if (nul)
		copy[n] = '\0';
	return copy;
}
