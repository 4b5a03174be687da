/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions that the user gives by hand, for programs whose symbols are gone:
 * option --symbol NAME=0xOFFSET[@FILE]. For example, malloc=0x4a1c0@libc.musl
 * is malloc() at that offset of each file whose path has "libc.musl" in it;
 * without @FILE it is of the program itself. What was given and not used is
 * told, as a typing error would be silent otherwise.
 */
#include <dwunw/trace.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies up to `end`; false: no room, or nothing. */
static bool copy_word(char *to, size_t room, const char *from, const char *end)
{
	size_t size = (size_t)(end - from);

	if (!size || size >= room)
		return false;
	memcpy(to, from, size);
	to[size] = 0;
	return true;
}

/* A whole 0x number. */
static bool read_offset(const char *text, uint64_t *off)
{
	char *end;

	if (strncmp(text, "0x", 2) || !isxdigit((unsigned char)text[2]))
		return false;
	*off = strtoull(text, &end, 16);
	return !*end;
}

/*
 * False: not of that form, or too many. `text` is kept by its pointer, for
 * messages.
 */
bool dwunw_given_add(struct dwunw_given *given, const char *text)
{
	struct dwunw_given_symbol *symbol = &given->symbols[given->count];
	const char *equals = strchr(text, '='), *at;
	char number[32];

	if (!equals || given->count == DWUNW_GIVEN_MAX)
		return false;
	*symbol = (struct dwunw_given_symbol){ .text = text };
	at = strchr(equals, '@');
	if (!copy_word(symbol->name, sizeof(symbol->name), text, equals) ||
	    !copy_word(number, sizeof(number), equals + 1,
		       at ? at : equals + strlen(equals)) ||
	    !read_offset(number, &symbol->off))
		return false;
	if (at && !copy_word(symbol->file, sizeof(symbol->file), at + 1,
			     at + strlen(at)))
		return false;
	given->count++;
	return true;
}

/* The first that fits path and name; it counts as used from then on. */
bool dwunw_given_find(struct dwunw_given *given, const char *path, bool program,
		      const char *name, uint64_t *off)
{
	for (uint32_t i = 0; i < given->count; i++) {
		struct dwunw_given_symbol *symbol = &given->symbols[i];

		if (strcmp(symbol->name, name) ||
		    !(symbol->file[0] ? strstr(path, symbol->file) != NULL :
					program))
			continue;
		symbol->found = true;
		*off = symbol->off;
		return true;
	}
	return false;
}

/* One line each on stderr; how many there were. */
uint32_t dwunw_given_unused(const struct dwunw_given *given, const char *tool)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < given->count; i++) {
		const struct dwunw_given_symbol *symbol = &given->symbols[i];

		if (symbol->found)
			continue;
		fprintf(stderr,
			"%s: --symbol %s: not used: no file with probes %s%s\n",
			tool, symbol->text,
			symbol->file[0] ? "has a path with " :
					  "is the program itself",
			symbol->file);
		count++;
	}
	return count;
}

uint32_t dwunw_given_debug_unused(const char *path, uint32_t used,
				  const char *tool)
{
	if (!path || used)
		return 0;
	fprintf(stderr,
		"%s: --debug-file %s: not used: no mapped file that has no "
		"symbols itself is of its build\n",
		tool, path);
	return 1;
}
