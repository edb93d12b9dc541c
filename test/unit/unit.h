/*
 * unit.h -- the harness of the unit tests.
 *
 * A test program calls CHECK for each fact and returns unit_result(NAME) from
 * main: one line "NAME: N passed, N failed", status 1 on failure.  The first
 * failures are shown with their place and message.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static long unit_passed,
			unit_failed;

/* CHECK(condition, format, ...): the message says which case it was. */
#define CHECK(cond, ...) unit_check((cond) ? 1 : 0, __FILE__, __LINE__, __VA_ARGS__)

static inline void __attribute__((format(printf, 4, 5)))
unit_check(int ok, const char *file, int line, const char *format, ...)
{
	va_list		args;

	if (ok)
	{
		unit_passed++;
		return;
	}
	if (unit_failed++ >= 20)
		return;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static inline int
unit_result(const char *name)
{
	printf("%s: %ld passed, %ld failed\n", name, unit_passed, unit_failed);
	return unit_failed > 0;
}

/* Same numbers on every run and machine. */
static inline uint64_t
unit_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;
	uint64_t	z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* In [-1, 1). */
static inline double
unit_random_real(void)
{
	return (double) (unit_random() >> 11) / (double) (1ull << 52) - 1;
}

/* n zero bytes in a block of that size: the sanitizer sees each read beyond. */
static inline void *
unit_alloc(size_t n)
{
	void	   *p = calloc(1, n);

	if (p == NULL && n > 0)
		abort();
	return p;
}
