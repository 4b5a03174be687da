/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "snap.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files are little-endian: elsewhere they are turned when they are opened. */
#define FOREIGN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static bool complain(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	return false;
}

static bool inside(const struct snap *snap, uint64_t off, uint64_t size)
{
	return off <= snap->size && size <= snap->size - off;
}

static bool map_file(struct snap *snap, const char *path)
{
	struct stat st;
	void *bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		perror(path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	snap->size = (size_t)st.st_size;
	bytes = mmap(NULL, snap->size, PROT_READ | (FOREIGN ? PROT_WRITE : 0),
		     MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return complain(path, "cannot be mapped");
	snap->bytes = bytes;
	return true;
}

static uint8_t *turn32(uint8_t *at, size_t count)
{
	uint32_t word;

	for (; count--; at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		word = __builtin_bswap32(word);
		memcpy(at, &word, sizeof(word));
	}
	return at;
}

static uint8_t *turn64(uint8_t *at, size_t count)
{
	uint64_t word;

	for (; count--; at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		word = __builtin_bswap64(word);
		memcpy(at, &word, sizeof(word));
	}
	return at;
}

static uint8_t *turn16(uint8_t *at, size_t count)
{
	for (; count--; at += 2) {
		uint8_t low = at[0];

		at[0] = at[1];
		at[1] = low;
	}
	return at;
}

static void turn_header(struct snap_header *h)
{
	turn32((uint8_t *)&h->version, 4);
	turn64((uint8_t *)&h->records_off, 11);
	turn32((uint8_t *)&h->below, 2);
}

/* Turns the record at `off` and returns where the next is; 0: broken. */
static uint64_t turn_record(const struct snap *snap, uint64_t off)
{
	uint8_t *at = (uint8_t *)(uintptr_t)snap->bytes + off;
	struct snap_record r;
	struct snap_segment segment;
	uint64_t end;

	if (!inside(snap, off, sizeof(r)))
		return 0;
	turn32(at, 2);
	turn64(at + 8, 1);
	turn32(at + 16, 2);
	memcpy(&r, at, sizeof(r));
	end = off + r.size;
	off += sizeof(r) + snap->header.reg_count * 8ull +
	       (uint64_t)r.chain_count * sizeof(struct snap_frame);
	if (off > end || !inside(snap, off, end - off))
		return 0;
	at = turn64(at + sizeof(r), snap->header.reg_count);
	for (uint32_t i = 0; i < r.chain_count; i++)
		at = turn16(turn64(at, 2), 4);
	for (uint32_t i = 0; i < r.segment_count; i++) {
		if (end - off < sizeof(segment))
			return 0;
		turn32(turn64(at, 1), 1);
		memcpy(&segment, at, sizeof(segment));
		off += sizeof(segment) + ((segment.size + 7u) & ~7u);
		at = (uint8_t *)(uintptr_t)snap->bytes + off;
		if (off > end)
			return 0;
	}
	return end;
}

static bool turn_records(const struct snap *snap)
{
	uint64_t off = snap->header.records_off;

	for (uint32_t i = 0; i < snap->header.record_count; i++) {
		off = turn_record(snap, off);
		if (!off)
			return false;
	}
	return true;
}

/* "start-end perms off dev inode   path" */
static bool parse_map(struct snap_map *map, const char *line)
{
	char perms[5];
	int path_at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s%n",
		   &map->start, &map->end, perms, &map->off, &path_at) != 4)
		return false;
	map->exec = perms[2] == 'x';
	map->write = perms[1] == 'w';
	line += path_at;
	line += strspn(line, " ");
	map->path = strdup(line);
	return map->path != NULL;
}

static bool parse_maps(struct snap *snap)
{
	const struct snap_header *h = &snap->header;
	char *text = strndup((const char *)snap->bytes + h->maps_off,
			     (size_t)h->maps_size);
	char *save = NULL;
	size_t lines = 1;

	if (!text)
		return false;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	snap->maps = calloc(lines, sizeof(*snap->maps));
	for (char *line = strtok_r(text, "\n", &save); line && snap->maps;
	     line = strtok_r(NULL, "\n", &save))
		snap->map_count +=
			parse_map(&snap->maps[snap->map_count], line);
	free(text);
	return snap->maps != NULL && snap->map_count != 0;
}

bool snap_open(struct snap *snap, const char *path)
{
	struct snap_header *h = &snap->header;

	memset(snap, 0, sizeof(*snap));
	if (!map_file(snap, path))
		return false;
	if (snap->size < sizeof(*h))
		return complain(path, "too short for a header");
	memcpy(h, snap->bytes, sizeof(*h));
	if (FOREIGN)
		turn_header(h);
	if (memcmp(h->magic, SNAP_MAGIC, sizeof(h->magic)) != 0)
		return complain(path, "no recording of stacks");
	if (h->version != SNAP_VERSION || h->reg_count > SNAP_REG_MAX)
		return complain(path, "of another version");
	if (!inside(snap, h->maps_off, h->maps_size) ||
	    !inside(snap, h->vdso_off, h->vdso_size))
		return complain(path, "cut short");
	if (FOREIGN && !turn_records(snap))
		return complain(path, "with a broken record");
	snap->vdso = snap->bytes + h->vdso_off;
	snap_rewind(snap);
	return parse_maps(snap) || complain(path, "without usable mappings");
}

void snap_close(struct snap *snap)
{
	for (size_t i = 0; i < snap->map_count; i++)
		free(snap->maps[i].path);
	free(snap->maps);
	if (snap->bytes)
		munmap((void *)(uintptr_t)snap->bytes, snap->size);
	memset(snap, 0, sizeof(*snap));
}

void snap_rewind(struct snap *snap)
{
	snap->next_off = snap->header.records_off;
	snap->next_index = 0;
}

static void take_registers(const struct snap *snap, struct snap_sample *s)
{
	static const uint8_t sp_reg[] = { 0, 7, 31, 29, 29, 2 };
	uint32_t arch = snap->header.arch;

	s->pc = s->regs[s->reg_count - 1];
	s->sp = arch < sizeof(sp_reg) ? s->regs[sp_reg[arch]] : 0;
}

/* The segments behind the chain; false when they leave the record. */
static bool take_segments(struct snap_sample *s, const uint8_t *at,
			  const uint8_t *end)
{
	struct snap_segment segment;

	for (size_t i = 0; i < s->memory_count; i++) {
		if ((size_t)(end - at) < sizeof(segment))
			return false;
		memcpy(&segment, at, sizeof(segment));
		at += sizeof(segment);
		if ((size_t)(end - at) < segment.size)
			return false;
		s->memory[i] =
			(struct snap_bytes){ segment.addr, segment.size, at };
		at += (segment.size + 7u) & ~7u;
	}
	return true;
}

static bool take_record(const struct snap *snap, struct snap_sample *s,
			uint32_t *size)
{
	const uint8_t *at = snap->bytes + snap->next_off;
	struct snap_record r;
	size_t regs_size, chain_size;

	if (!inside(snap, snap->next_off, sizeof(r)))
		return false;
	memcpy(&r, at, sizeof(r));
	s->reg_count = snap->header.reg_count;
	s->flags = r.flags;
	s->step = r.step;
	s->chain_count = r.chain_count;
	s->memory_count = r.segment_count;
	regs_size = s->reg_count * sizeof(s->regs[0]);
	chain_size = s->chain_count * sizeof(*s->chain);
	if (!inside(snap, snap->next_off, r.size) ||
	    r.size < sizeof(r) + regs_size + chain_size ||
	    r.segment_count > SNAP_SEGMENT_MAX || r.segment_count == 0)
		return false;
	memcpy(s->regs, at + sizeof(r), regs_size);
	s->chain = (const void *)(at + sizeof(r) + regs_size);
	take_registers(snap, s);
	*size = r.size;
	return take_segments(s, at + sizeof(r) + regs_size + chain_size,
			     at + r.size);
}

bool snap_next(struct snap *snap, struct snap_sample *sample)
{
	uint32_t size;

	if (snap->next_index == snap->header.record_count)
		return false;
	if (!take_record(snap, sample, &size)) {
		fprintf(stderr, "%s: record %u at %" PRIu64 " is broken\n",
			snap->header.label, snap->next_index, snap->next_off);
		exit(2);
	}
	snap->next_off += size;
	snap->next_index++;
	return true;
}

const struct snap_map *snap_find_map(const struct snap *snap, uint64_t addr)
{
	size_t low = 0, high = snap->map_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (addr >= snap->maps[mid].end)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == snap->map_count || addr < snap->maps[low].start)
		return NULL;
	return &snap->maps[low];
}

bool snap_read(const struct snap_sample *sample, uint64_t addr, void *dst,
	       size_t size)
{
	for (size_t i = 0; i < sample->memory_count; i++) {
		const struct snap_bytes *m = &sample->memory[i];

		if (addr >= m->addr && addr - m->addr <= m->size &&
		    size <= m->size - (addr - m->addr)) {
			memcpy(dst, m->data + (addr - m->addr), size);
			return true;
		}
	}
	return false;
}
