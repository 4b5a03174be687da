/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names from text: perf-PID.map, which a program with a JIT writes ("start
 * size name", hexadecimal), and /proc/kallsyms ("address type name [module]").
 */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_SIZE_MAX ((size_t)64 << 20)
#define KERNEL_PATH "/proc/kallsyms"

struct dwu_textmap_line {
	uint64_t start;
	uint64_t size; /* 0: up to the next one */
	const char *name;
	size_t number; /* of the line: of two, the later one holds */
};

/* --- which ------------------------------------------------------------------------ */

/* Of /proc/PID/root/tmp/perf-N.map; false: another path. */
static bool is_perf_map(const char *path, int *pid)
{
	int inner, end = 0;

	return sscanf(path, "/proc/%d/root/tmp/perf-%d.map%n", pid, &inner,
		      &end) == 2 &&
	       end && !path[end];
}

bool dwu_textmap_is(const char *path)
{
	int pid;

	return !strcmp(path, DWUNW_SYMBOL_KERNEL) || is_perf_map(path, &pid);
}

/* Its own number of itself: the last of NSpid; pid where there is none. */
static int inner_pid(int32_t pid)
{
	char path[40], *text, *line;
	size_t size;
	int inner = pid;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (dwu_text_read(path, 65536, &text, &size) != DWUNW_OK)
		return pid;
	line = strstr(text, "\nNSpid:");
	if (line) {
		line += 7;
		line[strcspn(line, "\n")] = '\0';
		line += strcspn(line, "0123456789");
		while (*line) {
			inner = atoi(line);
			line += strspn(line, "0123456789");
			line += strcspn(line, "0123456789");
		}
	}
	free(text);
	return inner;
}

dwunw_status_t dwu_textmap_path(int32_t pid, char *path, size_t size)
{
	int length;

	if (!path || !size || pid <= 0)
		return DWUNW_ERR_INVALID_ARG;
	length = snprintf(path, size, "/proc/%d/root/tmp/perf-%d.map", (int)pid,
			  inner_pid(pid));
	if (length > 0 && (size_t)length < size)
		return DWUNW_OK;
	path[0] = '\0';
	return DWUNW_ERR_INVALID_ARG;
}

/* --- reading ------------------------------------------------------------------------ */

/*
 * /tmp is everybody's: the file must be a regular one, reached without a
 * link, and belong to the user of the process, or to root.
 */
static bool is_trusted(const struct dwu_file *file, int pid)
{
	struct stat map, process;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return !fstat(file->fd, &map) && !stat(path, &process) &&
	       (map.st_uid == process.st_uid || map.st_uid == 0);
}

static dwunw_status_t read_perf_map(const char *path, int pid, char **text,
				    size_t *size, struct dwu_file_id *id)
{
	char root[40];
	struct dwunw_source src;
	struct dwu_file file;
	dwunw_status_t status;

	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	status = dwu_file_open(&file, root, path + strlen(root),
			       DWU_FOLLOW_NONE, TEXT_SIZE_MAX);
	if (status != DWUNW_OK)
		return status;
	*id = file.id;
	*size = (size_t)file.id.size;
	dwu_file_source(&file, &src);
	*text = is_trusted(&file, pid) ? malloc(*size + 1) : NULL;
	status = *text ? src.read(src.ctx, 0, *text, *size) :
			 DWUNW_ERR_ATTACH_DENIED;
	dwu_file_close(&file);
	if (status == DWUNW_OK)
		(*text)[*size] = '\0';
	return status;
}

static bool parse_line(char *line, bool kernel, struct dwu_textmap_line *out)
{
	char *end;

	errno = 0;
	out->start = strtoull(line, &end, 16);
	if (end == line || *end != ' ' || errno)
		return false;
	line = end + 1;
	if (kernel) {
		/* T, t, W, w: code */
		if (!strchr("tTwW", line[0]) || line[1] != ' ')
			return false;
		line++;
		out->size = 0;
	} else {
		out->size = strtoull(line, &end, 16);
		if (end == line || *end != ' ' || !out->size)
			return false;
		line = end;
	}
	out->name = line + 1;
	line[1 + strcspn(line + 1, kernel ? "\t" : "")] = '\0';
	return out->name[0] && (!kernel || out->start);
}

static int compare(const void *a, const void *b)
{
	const struct dwu_textmap_line *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static dwunw_status_t parse(struct dwu_textmap *map, bool kernel)
{
	size_t count = 1;
	char *line, *next;

	for (line = map->text; (line = strchr(line, '\n')) != NULL; line++)
		count++;
	map->lines = calloc(count, sizeof(*map->lines));
	if (!map->lines)
		return DWUNW_ERR_NO_MEMORY;
	for (line = map->text; line; line = next) {
		struct dwu_textmap_line *out = &map->lines[map->count];

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		out->number = map->count;
		map->count += parse_line(line, kernel, out);
	}
	qsort(map->lines, map->count, sizeof(*map->lines), compare);
	map->bytes += count * sizeof(*map->lines);
	return map->count ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA;
}

dwunw_status_t dwu_textmap_open(struct dwu_textmap *map, const char *path,
				struct dwu_file_id *id)
{
	dwunw_status_t status;
	size_t size = 0;
	int pid = 0;
	bool kernel = !is_perf_map(path, &pid);

	*map = (struct dwu_textmap){ .text = NULL };
	status = kernel ? dwu_text_read(KERNEL_PATH, TEXT_SIZE_MAX, &map->text,
					&size) :
			  read_perf_map(path, pid, &map->text, &size, id);
	map->bytes = size;
	if (status == DWUNW_OK)
		status = parse(map, kernel);
	if (status != DWUNW_OK)
		dwu_textmap_close(map);
	return status;
}

void dwu_textmap_close(struct dwu_textmap *map)
{
	free(map->text);
	free(map->lines);
	*map = (struct dwu_textmap){ .text = NULL };
}

/* The one that starts last of those that hold it. */
const char *dwu_textmap_find(const struct dwu_textmap *map, uint64_t addr,
			     uint64_t *start)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->lines[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	for (int tries = 0; low-- > 0 && tries < 64; tries++) {
		const struct dwu_textmap_line *line = &map->lines[low];

		if (line->size && addr - line->start >= line->size)
			continue;
		*start = line->start;
		return line->name;
	}
	return NULL;
}
