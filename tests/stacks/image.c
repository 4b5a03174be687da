/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "image.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool load_file(struct image_file *file, const char *path)
{
	struct stat st;
	void *bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(Elf64_Ehdr)) {
		close(fd);
		return false;
	}
	file->path = path;
	file->size = (size_t)st.st_size;
	bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	file->bytes = bytes;
	return bytes != MAP_FAILED && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

/* `size` bytes at `off`, in the file's order; 0 where there are none. */
static uint64_t field(const struct image_file *file, uint64_t off, size_t size)
{
	bool big = file->bytes[EI_DATA] == ELFDATA2MSB;
	uint64_t value = 0;

	if (off > file->size || size > file->size - off)
		return 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 |
			file->bytes[off + (big ? i : size - 1 - i)];
	return value;
}

/* One program header of either class (gABI, Program Header). */
static void read_header(struct image_file *file, const struct snap_map *map,
			uint64_t at)
{
	size_t word = file->bytes[EI_CLASS] == ELFCLASS64 ? 8 : 4;
	uint64_t type = field(file, at, 4);
	uint64_t off = field(file, at + word, word);
	uint64_t vaddr = field(file, at + 2 * word, word);
	uint64_t size = field(file, at + 4 * word, word);

	/* the first mapping is of the first segment; others may share its page */
	if (type == PT_LOAD && !file->placed && map->off >= (off & ~4095ull) &&
	    map->off < off + size) {
		file->bias = map->start - map->off + off - vaddr;
		file->placed = true;
	}
	if (type == PT_GNU_EH_FRAME)
		file->hdr_vaddr = vaddr;
}

static void read_headers(struct image_file *file, const struct snap_map *map)
{
	bool wide = file->bytes[EI_CLASS] == ELFCLASS64;
	uint64_t at = wide ? field(file, 32, 8) : field(file, 28, 4);
	uint64_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint64_t count = field(file, wide ? 56 : 44, 2);

	file->low_addr = map->start;
	file->position_independent = field(file, 16, 2) == ET_DYN;
	for (; count--; at += size)
		read_header(file, map, at);
}

static int find_file(const struct image *image, const char *path)
{
	for (size_t i = 0; i < image->file_count; i++)
		if (strcmp(image->files[i].path, path) == 0)
			return (int)i;
	return -1;
}

static int add_file(struct image *image, const struct snap_map *map)
{
	struct image_file *file = &image->files[image->file_count];
	int known = find_file(image, map->path);

	if (map->path[0] != '/' || known >= 0)
		return known;
	memset(file, 0, sizeof(*file));
	if (!load_file(file, map->path))
		return -1;
	read_headers(file, map);
	return (int)image->file_count++;
}

bool image_open(struct image *image, const char *path)
{
	memset(image, 0, sizeof(*image));
	if (!snap_open(&image->snap, path))
		return false;
	image->files = calloc(image->snap.map_count, sizeof(*image->files));
	image->map_file =
		calloc(image->snap.map_count, sizeof(*image->map_file));
	if (!image->files || !image->map_file)
		return false;
	for (size_t i = 0; i < image->snap.map_count; i++)
		image->map_file[i] = add_file(image, &image->snap.maps[i]);
	return true;
}

void image_close(struct image *image)
{
	for (size_t i = 0; i < image->file_count; i++)
		munmap((void *)(uintptr_t)image->files[i].bytes,
		       image->files[i].size);
	free(image->files);
	free(image->map_file);
	snap_close(&image->snap);
}

const struct image_file *image_find(const struct image *image, uint64_t addr)
{
	const struct snap_map *map = snap_find_map(&image->snap, addr);
	int index = map ? image->map_file[map - image->snap.maps] : -1;

	return index < 0 ? NULL : &image->files[index];
}

uint32_t image_file_of(const struct image *image, size_t map)
{
	const struct snap *snap = &image->snap;

	if (snap->header.vdso_size &&
	    snap->maps[map].start - snap->maps[map].off ==
		    snap->header.vdso_addr)
		return (uint32_t)image->file_count;
	return (uint32_t)image->map_file[map];
}

static bool read_vdso(const struct snap *snap, uint64_t addr, void *dst,
		      size_t size)
{
	uint64_t at = addr - snap->header.vdso_addr;

	if (at >= snap->header.vdso_size || size > snap->header.vdso_size - at)
		return false;
	memcpy(dst, snap->vdso + at, size);
	return true;
}

static bool read_file(const struct image *image, uint64_t addr, void *dst,
		      size_t size)
{
	const struct snap_map *map = snap_find_map(&image->snap, addr);
	int index = map ? image->map_file[map - image->snap.maps] : -1;
	const struct image_file *file;
	uint64_t off;
	size_t have;

	if (index < 0 || size > map->end - addr)
		return false;
	file = &image->files[index];
	off = map->off + (addr - map->start);
	have = off < file->size ? (size_t)(file->size - off) : 0;
	if (have > size)
		have = size;
	memset(dst, 0, size);
	if (have)
		memcpy(dst, file->bytes + off, have);
	return true;
}

/* Code that the program made. */
static bool read_made(const struct snap *snap, uint64_t addr, void *dst,
		      size_t size)
{
	const struct snap_map *map = snap_find_map(snap, addr);
	uint64_t off;

	if (!map || strcmp(map->path, SNAP_MADE) != 0 || size > map->end - addr)
		return false;
	off = map->off + (addr - map->start);
	if (off > snap->size || size > snap->size - off)
		return false;
	memcpy(dst, snap->bytes + off, size);
	return true;
}

bool image_read(const struct image *image, uint64_t addr, void *dst,
		size_t size)
{
	return (image->sample && snap_read(image->sample, addr, dst, size)) ||
	       read_vdso(&image->snap, addr, dst, size) ||
	       read_made(&image->snap, addr, dst, size) ||
	       read_file(image, addr, dst, size);
}

const char *image_where(const struct image *image, uint64_t addr, char *text,
			size_t size)
{
	const struct snap_map *map = snap_find_map(&image->snap, addr);
	const struct image_file *file = image_find(image, addr);

	if (file)
		snprintf(text, size, "%s+0x%" PRIx64 " (%s)",
			 strrchr(file->path, '/') + 1, addr - file->bias,
			 map->exec ? "code" : "data");
	else
		snprintf(text, size, "0x%" PRIx64 " (%s)", addr,
			 map ? "no file" : "not mapped");
	return text;
}
