/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "suppress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_OF_FILE ((size_t)256 << 20)

/* All of it; NULL with errno. EFBIG: it is no list of patterns. */
static char *read_all(FILE *file, size_t *size)
{
	size_t room = 4096, got;
	char *text = malloc(room), *grown;

	*size = 0;
	while (text && (got = fread(text + *size, 1, room - *size, file)) > 0) {
		*size += got;
		if (*size < room)
			continue;
		room *= 2;
		grown = room <= SIZE_MAX_OF_FILE ? realloc(text, room) : NULL;
		if (!grown) {
			free(text);
			errno = room <= SIZE_MAX_OF_FILE ? ENOMEM : EFBIG;
			return NULL;
		}
		text = grown;
	}
	if (text && ferror(file)) {
		free(text);
		return NULL;
	}
	return text;
}

/* A file that is given with an option, and what its lines are. */
struct list {
	const char *tool;
	const char *option;
	const char *path;
	const char *lines;
};

static bool is_taken(const struct list *list, dwunw_status_t status,
		     uint32_t line)
{
	if (status == DWUNW_ERR_BAD_FORMAT)
		fprintf(stderr,
			"%s: %s %s: line %" PRIu32
			" is neither %s nor a comment (#)\n",
			list->tool, list->option, list->path, line,
			list->lines);
	else if (status != DWUNW_OK)
		fprintf(stderr, "%s: %s %s: out of memory\n", list->tool,
			list->option, list->path);
	return status == DWUNW_OK;
}

/* All of it; freed by free(). NULL: told. */
static char *read_list(const struct list *list, size_t *size)
{
	FILE *file = fopen(list->path, "re");
	char *text = file ? read_all(file, size) : NULL;

	if (!text)
		fprintf(stderr, "%s: %s %s: %s\n", list->tool, list->option,
			list->path, strerror(errno));
	if (file)
		fclose(file);
	return text;
}

bool suppress_file(const char *tool, const char *path,
		   struct dwunw_report *report)
{
	const struct list list = { tool, "--suppressions", path,
				   "leak:PATTERN" };
	size_t size = 0;
	char *text = read_list(&list, &size);
	uint32_t line = 0;
	bool good = false;
	dwunw_status_t status;

	if (text) {
		status = dwunw_report_suppress(report, text, size, &line);
		good = is_taken(&list, status, line);
	}
	free(text);
	return good;
}

bool suppress_known(const char *tool, const char *path,
		    struct dwunw_report *report, uint32_t *left)
{
	const struct list list = { tool, "--baseline", path,
				   "a folded stack and its value" };
	size_t size = 0;
	char *text = read_list(&list, &size);
	uint32_t line = 0;
	bool good = false;
	dwunw_status_t status;

	if (text) {
		status = dwunw_report_take_known(report, text, size, &line,
						 left);
		good = is_taken(&list, status, line);
	}
	free(text);
	return good;
}
