/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * jit-PID.dump, as the kernel's tools/perf/Documentation/
 * jitdump-specification.txt says: a header, then records, each with its
 * size. The process maps the first page of it as code, which says where it
 * is.
 *
 * All of it is the process's: sizes are checked against the file, a record
 * costs one read, and what is not understood ends it.
 */
#include "names.h"
#include "procfs.h"
#include "shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAGIC 0x4a695444u
#define RECORD_MAX ((uint32_t)1 << 22)
/* Functions that are looked at for those that were moved. */
#define LOOKS_MAX ((uint64_t)1 << 28)
#define MAPS_SIZE_MAX ((size_t)64 << 20)
/* Seconds until a dump that was not there is looked for again. */
#define SEARCH_AGAIN 1

enum {
	JIT_CODE_LOAD = 0,
	JIT_CODE_MOVE = 1,
};

/* In the process's byte order, which is ours. */
struct header {
	uint32_t magic;
	uint32_t version;
	uint32_t total_size;
	uint32_t elf_mach;
	uint32_t pad1;
	uint32_t pid;
	uint64_t timestamp;
	uint64_t flags;
};

struct prefix {
	uint32_t id;
	uint32_t total_size;
	uint64_t timestamp;
};

struct load {
	uint32_t pid;
	uint32_t tid;
	uint64_t vma;
	uint64_t code_addr;
	uint64_t code_size;
	uint64_t code_index;
};

struct move {
	uint32_t pid;
	uint32_t tid;
	uint64_t vma;
	uint64_t old_code_addr;
	uint64_t new_code_addr;
	uint64_t code_size;
	uint64_t code_index;
};

/* The first bytes of a record: all that is wanted of it. */
struct record {
	struct prefix prefix;
	uint8_t bytes[1024];
	size_t size;
};

/* --- where -------------------------------------------------------------------- */

/* A line of /proc/PID/maps: is it the marker? */
static bool take_marker(struct dwu_told *told, char *line, const char *name)
{
	size_t size = strlen(name), length = strlen(line);
	char perms[8];
	unsigned long long ino;
	int path = 0;

	if (length < size || strcmp(line + length - size, name) != 0 ||
	    sscanf(line, "%*x-%*x %7s %*x %*x:%*x %llu %n", perms, &ino,
		   &path) != 2 ||
	    !path || line[path] != '/' || perms[2] != 'x')
		return false;
	told->dump_path = dwu_strdup(line + path);
	told->dump_ino = ino;
	return true;
}

void dwu_jitdump_search(struct dwu_told *told, int pid)
{
	char path[40], name[40], *text, *line, *next;
	struct timespec now;
	size_t size;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (told->searched && now.tv_sec - told->searched <= SEARCH_AGAIN)
		return;
	told->searched = now.tv_sec;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	snprintf(name, sizeof(name), "/jit-%d.dump", dwu_inner_pid(pid));
	if (dwu_text_read(path, MAPS_SIZE_MAX, &text, &size) != DWUNW_OK)
		return;
	for (line = text; line && !told->dump_path; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (take_marker(told, line, name))
			break;
	}
	free(text);
}

/* --- records -------------------------------------------------------------------- */

/*
 * A record of a function: struct load, its name with its 0, its code, which is
 * not read.
 */
static bool take_load(struct dwu_codemap *code, const struct record *record)
{
	const char *text;
	struct load load;
	uint32_t name;
	size_t size;

	if (record->size <= sizeof(load))
		return false;
	memcpy(&load, record->bytes, sizeof(load));
	text = (const char *)record->bytes + sizeof(load);
	/* a longer name is cut */
	size = strnlen(text, record->size - sizeof(load));
	if (!load.code_size)
		return true;
	return dwu_codemap_text(code, text, size, &name) &&
	       dwu_codemap_add(code, load.code_addr, load.code_size, name);
}

/*
 * What was there is not there any more.
 *
 * For example, V8 moves code when it collects: the old place gets a function
 * without a name, the new one the old name.
 */
static bool take_move(struct dwu_codemap *code, const struct record *record)
{
	const char *text;
	struct move move;
	uint64_t start;
	uint32_t name, none;

	if (record->size < sizeof(move))
		return false;
	memcpy(&move, record->bytes, sizeof(move));
	if (!move.code_size)
		return true;
	text = dwu_codemap_find(code, move.old_code_addr, &start);
	name = text ? (uint32_t)(text - code->text) : 0;
	if (!dwu_codemap_text(code, "", 0, &none))
		return false;
	if (!text)
		name = none;
	return dwu_codemap_add(code, move.old_code_addr, move.code_size,
			       none) &&
	       dwu_codemap_add(code, move.new_code_addr, move.code_size, name);
}

static bool take_record(struct dwu_codemap *code, const struct record *record,
			uint64_t *looks)
{
	switch (record->prefix.id) {
	case JIT_CODE_LOAD:
		return take_load(code, record);
	case JIT_CODE_MOVE:
		/* found among what came before */
		dwu_codemap_grown(code);
		*looks += code->count - code->settled;
		return *looks < LOOKS_MAX && take_move(code, record);
	default:
		return true;
	}
}

/* False: it is not all there. */
static bool read_record(const struct dwunw_source *src, uint64_t off,
			struct record *record)
{
	uint64_t left = src->size - off;
	size_t size = sizeof(record->prefix) + sizeof(record->bytes);

	if (left < sizeof(record->prefix))
		return false;
	if (size > left)
		size = (size_t)left;
	if (src->read(src->ctx, off, record, size) != DWUNW_OK ||
	    record->prefix.total_size > left)
		return false;
	if (record->prefix.total_size < size)
		size = record->prefix.total_size;
	record->size = size > sizeof(record->prefix) ?
			       size - sizeof(record->prefix) :
			       0;
	return true;
}

/* *off stays 0 where it is not all there. False: it is no dump of this host. */
static bool read_header(const struct dwunw_source *src, uint64_t *off)
{
	struct header header;

	if (src->size < sizeof(header))
		return true;
	if (src->read(src->ctx, 0, &header, sizeof(header)) != DWUNW_OK ||
	    header.magic != MAGIC || header.total_size < sizeof(header))
		return false;
	if (header.total_size <= src->size)
		*off = header.total_size;
	return true;
}

/*
 * From *off on, record by record; *off is then where the next one begins. Each
 * record has 16 bytes at least, and RECORD_MAX bounds their number.
 */
bool dwu_jitdump_read(struct dwu_told *told, const struct dwunw_source *src,
		      uint64_t *off)
{
	struct record record;
	uint64_t looks = 0;
	uint32_t count = 0;

	if (!*off && !read_header(src, off))
		return false;
	if (!*off)
		return true;
	for (; *off < src->size && read_record(src, *off, &record);
	     *off += record.prefix.total_size) {
		if (record.prefix.total_size < sizeof(record.prefix) ||
		    count++ == RECORD_MAX ||
		    !take_record(&told->code, &record, &looks))
			return false;
	}
	return true;
}
