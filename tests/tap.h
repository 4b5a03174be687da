/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tap.h - the little of TAP that a test in C needs. One file, one program:
 *
 *	int main(void)
 *	{
 *		ok(walks(), "a walk over %u frames", count);
 *		is_u64(frames[0].pc, 0x1000, "the first pc");
 *		return done();
 *	}
 *
 * Every check prints a line and gives its own verdict back, so that what
 * depends on it can be left out. done() prints the plan; a program that ends
 * before it has no plan, and prove calls that a failure.
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct tap {
	unsigned count;
	unsigned failed;
};

/* One for each program: tap.h is included by one file only. */
static struct tap tap;

#define TAP_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Prints text behind prefix, its own line breaks prefixed as well. */
TAP_PRINTF(2, 0)
static inline void tap_text(const char *prefix, const char *format,
			    va_list args)
{
	char text[1024];
	const char *p;

	vsnprintf(text, sizeof(text), format, args);
	fputs(prefix, stdout);
	for (p = text; *p; p++) {
		putchar(*p);
		if (*p == '\n')
			fputs("# ", stdout);
	}
	putchar('\n');
	fflush(stdout);
}

/* Prints a remark; format must not be empty. */
TAP_PRINTF(1, 2)
static inline void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_text("# ", format, args);
	va_end(args);
}

TAP_PRINTF(2, 0)
static inline bool tap_verdict(bool good, const char *format, va_list args)
{
	char prefix[32];

	tap.count++;
	if (!good)
		tap.failed++;
	snprintf(prefix, sizeof(prefix), "%sok %u - ", good ? "" : "not ",
		 tap.count);
	tap_text(prefix, format, args);
	return good;
}

/* A check under a title. */
#define ok(good, ...) tap_ok((good), __FILE__, __LINE__, __VA_ARGS__)
TAP_PRINTF(4, 5)
static inline bool tap_ok(bool good, const char *file, int line,
			  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_verdict(good, format, args);
	va_end(args);
	if (!good)
		note("at %s:%d", file, line);
	return good;
}

/* Two numbers are equal. */
#define is_u64(got, want, ...)                                            \
	tap_is_u64((uint64_t)(got), (uint64_t)(want), __FILE__, __LINE__, \
		   __VA_ARGS__)
TAP_PRINTF(5, 6)
static inline bool tap_is_u64(uint64_t got, uint64_t want, const char *file,
			      int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_verdict(got == want, format, args);
	va_end(args);
	if (got != want) {
		note("want 0x%" PRIx64 " (%" PRIu64 ")", want, want);
		note("got  0x%" PRIx64 " (%" PRIu64 ")", got, got);
		note("at %s:%d", file, line);
	}
	return got == want;
}

/* Two strings are equal; NULL equals only NULL. */
#define is_str(got, want, ...) \
	tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
TAP_PRINTF(5, 6)
static inline bool tap_is_str(const char *got, const char *want,
			      const char *file, int line, const char *format,
			      ...)
{
	bool same = got && want ? !strcmp(got, want) : got == want;
	va_list args;

	va_start(args, format);
	tap_verdict(same, format, args);
	va_end(args);
	if (!same) {
		note("want \"%s\"", want ? want : "(NULL)");
		note("got  \"%s\"", got ? got : "(NULL)");
		note("at %s:%d", file, line);
	}
	return same;
}

/* Counts `count` checks as passed that cannot run here, and says why. */
TAP_PRINTF(2, 3)
static inline void skip(unsigned count, const char *format, ...)
{
	char prefix[48];
	va_list args;

	while (count--) {
		tap.count++;
		snprintf(prefix, sizeof(prefix), "ok %u # SKIP ", tap.count);
		va_start(args, format);
		tap_text(prefix, format, args);
		va_end(args);
	}
}

/* The program cannot run here at all: return skip_all("why") from main. */
TAP_PRINTF(1, 2)
static inline int skip_all(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_text("1..0 # SKIP ", format, args);
	va_end(args);
	return 0;
}

/* In main: what this program tries is a part of the library that a configuration
 * may leave out. NEEDS(CONFIG_ARCH_X86_64); */
#define NEEDS(option)                                              \
	do {                                                       \
		if (!IS_ON(option))                                \
			return skip_all("built without " #option); \
	} while (0)

/* Prints the plan; the value for main to return. */
static inline int done(void)
{
	printf("1..%u\n", tap.count);
	fflush(stdout);
	return tap.failed ? 1 : 0;
}

#endif
