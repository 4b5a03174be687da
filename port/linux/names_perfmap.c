/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Text -> functions: perf-PID.map ("start size name", hexadecimal; see the
 * kernel's tools/perf/Documentation/jit-interface.txt) and /proc/kallsyms
 * ("address type name", a tab, "[module]").
 */
#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool number(char **at, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(*at, &end, 16);
	if (end == *at || *end != ' ' || errno)
		return false;
	*at = end + 1;
	return true;
}

/*
 * A line that makes no sense is passed over; false: it could not be kept.
 *
 * For example, "3ef414c0 398 LazyCompile:~f t.js:1": [0x3ef414c0, 0x3ef41858).
 * A name may have blanks: it goes on to the end of the line.
 */
static bool take_line(struct dwu_codemap *map, char *line)
{
	uint64_t start, size;
	uint32_t name;

	if (!number(&line, &start) || !number(&line, &size) || !size ||
	    !line[0])
		return true;
	return dwu_codemap_text(map, line, strlen(line), &name) &&
	       dwu_codemap_add(map, start, size, name);
}

/*
 * T, t, W, w: code. Modules' names stand behind a tab.
 *
 * For example, "ffffffff81001000 T _text". Where kptr_restrict hides them all
 * addresses are 0, and nothing is taken.
 */
static bool take_kernel_line(struct dwu_codemap *map, char *line)
{
	uint64_t start;
	uint32_t name;

	if (!number(&line, &start) || !start || !line[0] ||
	    !strchr("tTwW", line[0]) || line[1] != ' ')
		return true;
	line += 2;
	return dwu_codemap_text(map, line, strcspn(line, "\t"), &name) &&
	       dwu_codemap_add(map, start, 0, name);
}

/* False: one could not be kept. */
static bool take_all(struct dwu_codemap *map, char *text, size_t size,
		     bool (*take)(struct dwu_codemap *map, char *line))
{
	char *end = text + size, *next;

	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		if (!next)
			return true;
		*next = '\0';
		if (!take(map, text))
			return false;
	}
	return true;
}

bool dwu_perf_map_parse(struct dwu_codemap *map, char *text, size_t size)
{
	return take_all(map, text, size, take_line);
}

bool dwu_kallsyms_parse(struct dwu_codemap *map, char *text, size_t size)
{
	return take_all(map, text, size, take_kernel_line);
}
