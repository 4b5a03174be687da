/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "suppress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_OF_FILE ((size_t)16 << 20)

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

static bool apply(const char *tool, const char *path, const char *text,
		  size_t size, struct dwunw_report *report)
{
	uint32_t line = 0;
	dwunw_status_t status =
		dwunw_report_suppress(report, text, size, &line);

	if (status == DWUNW_ERR_BAD_FORMAT)
		fprintf(stderr,
			"%s: --suppressions %s: line %" PRIu32
			" is neither leak:PATTERN nor a comment (#)\n",
			tool, path, line);
	else if (status != DWUNW_OK)
		fprintf(stderr, "%s: --suppressions %s: out of memory\n", tool,
			path);
	return status == DWUNW_OK;
}

bool suppress_file(const char *tool, const char *path,
		   struct dwunw_report *report)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;
	char *text = file ? read_all(file, &size) : NULL;
	bool good = false;

	if (!text)
		fprintf(stderr, "%s: --suppressions %s: %s\n", tool, path,
			strerror(errno));
	else
		good = apply(tool, path, text, size, report);
	if (file)
		fclose(file);
	free(text);
	return good;
}
