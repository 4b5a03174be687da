/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The environment as the kernel has it: the first malloc of a process comes before
 * the C library knows its own.
 */
#include "inproc.h"

#include <string.h>

#define ROOM (2u << 20) /* of an environment, in bytes */

struct dwu_inproc_options dwu_inproc_options;

/* The value of "NAME=", or NULL. */
static const char *find(const char *text, const char *end, const char *name)
{
	size_t size = strlen(name);

	for (; text < end; text += strlen(text) + 1)
		if (strncmp(text, name, size) == 0)
			return text + size;
	return NULL;
}

/* A whole number of digits alone; false: it is none, or beyond `max`. */
static bool number(const char *text, uint64_t max, uint64_t *value)
{
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*value = *value * 10 + (uint64_t)(*text - '0');
		if (*value > max)
			return false;
	}
	return true;
}

static bool wrong(const char *name, const char *value, const char *allowed)
{
	dwu_inproc_say(name, value);
	dwu_inproc_say("that value is wrong, and nothing is recorded. Allowed",
		       allowed);
	return false;
}

static bool read_flag(const char *text, const char *end, const char *name,
		      bool *flag)
{
	const char *value = find(text, end, name);

	if (!value)
		return true;
	*flag = strcmp(value, "1") == 0;
	return *flag || strcmp(value, "0") == 0 ? true :
						  wrong(name, value, "0, 1");
}

/* A path that the tool has made; false: it is too long. */
static bool read_path(const char *text, const char *end, const char *name,
		      char path[256])
{
	const char *value = find(text, end, name);

	if (!value)
		return true;
	if (strlen(value) >= 256)
		return wrong(name, value, "a path below 256 bytes");
	strcpy(path, value);
	return true;
}

static bool read_all(const char *text, const char *end)
{
	struct dwu_inproc_options *o = &dwu_inproc_options;
	const char *path = find(text, end, "DWUNW_INPROC=");
	const char *bytes = find(text, end, "DWUNW_INPROC_SAMPLE_BYTES=");
	const char *pid = find(text, end, "DWUNW_INPROC_PID=");
	uint64_t value = 0;

	if (!read_path(text, end, "DWUNW_INPROC_REST=", o->rest) || !path ||
	    !*path)
		return false;
	if (strlen(path) >= sizeof(o->path))
		return wrong("DWUNW_INPROC=", path, "a path below 4096 bytes");
	if (pid && !number(pid, INT32_MAX, &value))
		return wrong("DWUNW_INPROC_PID=", pid, "a process's number");
	if (pid && !*o->rest && value != (uint64_t)dwu_inproc_pid())
		return false;
	if (bytes && (!number(bytes, 1u << 30, &value) || !value))
		return wrong("DWUNW_INPROC_SAMPLE_BYTES=", bytes,
			     "1 to 1073741824");
	if (!read_flag(text, end, "DWUNW_INPROC_CHILDREN=", &o->children))
		return false;
	if (o->children && find(text, end, "DWUNW_INPROC_TABLES="))
		return wrong("DWUNW_INPROC_CHILDREN=", "1",
			     "0, as DWUNW_INPROC_TABLES is one process's");
	if (o->children && !strstr(path, "%p"))
		return wrong("DWUNW_INPROC=", path,
			     "a path with %p, as DWUNW_INPROC_CHILDREN is 1");
	o->sample_bytes = bytes ? (uint32_t)value : 0;
	strcpy(o->path, path);
	return read_flag(text, end, "DWUNW_INPROC_CHECK=", &o->check) &&
	       read_flag(text, end, "DWUNW_INPROC_STATS=", &o->statistics) &&
	       read_path(text, end, "DWUNW_INPROC_TABLES=", o->tables);
}

bool dwu_inproc_options_read(void)
{
	char *text = dwu_inproc_pages(ROOM + 1);
	ptrdiff_t size = -1;
	bool wanted = false;

	if (text)
		size = dwu_inproc_read("/proc/self/environ", text, ROOM);
	if (size > 0)
		wanted = read_all(text, text + size);
	else
		dwu_inproc_say("/proc/self/environ cannot be read, and nothing "
			       "is recorded",
			       NULL);
	dwu_inproc_unmap(text, ROOM + 1);
	return wanted;
}

/* Digits of a number; how many. */
static size_t digits(char text[12], uint32_t value)
{
	char back[12];
	size_t n = 0, i;

	do {
		back[n++] = (char)('0' + value % 10);
	} while (value /= 10);
	for (i = 0; i < n; i++)
		text[i] = back[n - 1 - i];
	return n;
}

bool dwu_inproc_path(char *path, size_t size)
{
	const char *from = dwu_inproc_options.path;
	char number_text[12];
	size_t n = digits(number_text, (uint32_t)dwu_kept->pid), used = 0;

	while (*from && used + n + 1 < size) {
		if (from[0] == '%' && from[1] == 'p') {
			memcpy(path + used, number_text, n);
			used += n;
			from += 2;
		} else {
			path[used++] = *from++;
		}
	}
	path[used] = 0;
	return !*from;
}
