/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * name_match.c - patterns by bytes. A libc's fnmatch(3) brings along what it knows of
 * the letters of all languages: 17 KB of a static tool with musl.
 */
#include "name_match.h"

#include <stddef.h>
#include <string.h>

/* "[!a-z]": its end, behind the ]; NULL: it has none. A ] that comes first is in it. */
static const char *set_end(const char *set)
{
	const char *at = set + 1;

	if (*at == '!' || *at == '^')
		at++;
	if (*at == ']')
		at++;
	at = strchr(at, ']');
	return at ? at + 1 : NULL;
}

static bool is_in_set(const char *set, const char *end, unsigned char byte)
{
	bool inverted = set[1] == '!' || set[1] == '^', found = false;

	for (set += inverted ? 2 : 1; set < end - 1; set++) {
		unsigned char from = (unsigned char)*set, to = from;

		if (set[1] == '-' && set + 2 < end - 1) {
			to = (unsigned char)set[2];
			set += 2;
		}
		found |= byte >= from && byte <= to;
	}
	return found != inverted;
}

/* What one byte of the name is matched by: behind it, or NULL. */
static const char *match_one(const char *pattern, char byte)
{
	const char *end = *pattern == '[' ? set_end(pattern) : NULL;

	if (!byte || !*pattern)
		return NULL;
	if (end)
		return is_in_set(pattern, end, (unsigned char)byte) ? end :
								      NULL;
	if (*pattern == '?')
		return pattern + 1;
	if (*pattern == '\\')
		pattern++;
	return *pattern == byte ? pattern + 1 : NULL;
}

bool name_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *resumed = NULL;

	while (*name || *pattern) {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			resumed = name;
			continue;
		}
		next = match_one(pattern, *name);
		if (next) {
			pattern = next;
			name++;
			continue;
		}
		/* the last * takes one byte more */
		if (!star || !*resumed)
			return false;
		name = ++resumed;
		pattern = star;
	}
	return true;
}
