/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* streams.c - see streams.h. */
#include "streams.h"

#include <errno.h>
#include <string.h>

int streams_end(const char *tool, int status)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: cannot write to stdout: %s\n", tool,
		errno ? strerror(errno) : "what was printed is not whole");
	return status ? status : 1;
}

/* Those of UTF-8's second block as well. */
static int is_control(const char *text)
{
	unsigned char c = (unsigned char)text[0];
	unsigned char next = (unsigned char)text[1];

	return c < 0x20 || c == 0x7f ||
	       (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

void put_name(FILE *out, const char *text)
{
	for (; *text; text++) {
		int control = is_control(text);

		if (control && (unsigned char)*text == 0xc2) {
			putc('?', out);
			text++;
		}
		putc(control ? '?' : *text, out);
	}
}
