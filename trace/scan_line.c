/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * scan_line.c - what is read of lines of /proc and of tracefs: numbers between words
 * that are known.
 */
#include "scan_line.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* As sscanf(3) does before a number and a word. What the kernel writes has no other
 * blanks. */
static const char *behind_blanks(const char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

/* A sign is a part of %d alone; NULL: no number, or too large a one. */
static const char *number(const char *at, char kind, uint64_t *value)
{
	char *end;

	at = behind_blanks(at);
	if (kind == 'X' ? !isxdigit((unsigned char)*at) :
			  !isdigit((unsigned char)*at) &&
				  !(kind == 'd' && *at == '-' &&
				    isdigit((unsigned char)at[1])))
		return NULL;
	errno = 0;
	if (kind == 'd')
		*value = (uint64_t)strtoll(at, &end, 10);
	else
		*value = strtoull(at, &end, kind == 'X' ? 16 : 10);
	return errno ? NULL : end;
}

/* False: it does not fit. */
static bool keep(va_list *to, char kind, uint64_t value)
{
	if (kind == 'u' && value <= UINT32_MAX)
		*va_arg(*to, uint32_t *) = (uint32_t)value;
	else if (kind == 'd' && (int64_t)value == (int32_t)value)
		*va_arg(*to, int32_t *) = (int32_t)value;
	else if (kind == 'U' || kind == 'X')
		*va_arg(*to, uint64_t *) = value;
	else
		return false;
	return true;
}

/* Behind the next word; NULL: there is none. */
static const char *word(const char *at)
{
	const char *from = behind_blanks(at);

	for (at = from; *at && !is_blank(*at);)
		at++;
	return at == from ? NULL : at;
}

/* Ends where line and format differ. */
static int scan(const char *line, const char *format, va_list *to)
{
	int kept = 0;

	for (; *format; format++) {
		uint64_t value = 0;

		if (is_blank(*format)) { /* also none at all */
			line = behind_blanks(line);
		} else if (*format != '%') {
			if (*line++ != *format)
				return kept;
		} else if (*++format == 'w') {
			line = word(line);
			if (!line)
				return kept;
		} else {
			line = number(line, *format, &value);
			if (!line || !keep(to, *format, value))
				return kept;
			kept++;
		}
	}
	return kept;
}

/* Each of format's conversions has one argument, a pointer, but for %w. */
int dwu_scan_line(const char *line, const char *format, ...)
{
	va_list to;
	int kept;

	va_start(to, format);
	kept = scan(line, format, &to);
	va_end(to);
	return kept;
}
