/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/core.c - `dwunw stack --core`: every thread of a core file.
 *
 * A core holds what a process changed; pages that are still as in their file
 * are mostly left out (core(5), coredump_filter) and are read from the file,
 * once that is known to be the one that was mapped.
 */
#include "core.h"

#include <dwunw/bounds.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PT_LOAD = 1,
	PT_NOTE = 4,
	PF_X = 1,
	PF_R = 4,
	ET_DYN = 3,
	ET_CORE = 4
};

/* No arch has a vdso larger than this. */
#define VDSO_SIZE_MAX (1u << 20)

/* Not the serial of any file: those are counted from 1. */
#define VDSO_SERIAL UINT32_MAX
#define NO_FILE UINT32_MAX

/* The core as a space, and how it is printed. */
struct session {
	struct dwu_core core;
	struct dwunw_context *ctx;
	struct dwunw_space space;
	struct dwunw_piece *pieces; /* of files, and all that is executable */
	uint32_t piece_count;
	struct dwu_vdso vdso;
	dwunw_status_t vdso_status;
	uint32_t main_file; /* NO_FILE: not known */
	uint64_t frames;    /* printed */
};

/* --- bytes of files ---------------------------------------------------------- */

static dwunw_status_t read_source(void *ctx, uint64_t off, void *dst,
				  size_t size)
{
	return dwu_core_read(*(const int *)ctx, off, dst, size);
}

/* Opens a regular file; says so if it cannot. */
static int open_file(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		dwu_cmd_error("%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		dwu_cmd_error("%s: not a regular file", path);
	} else {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- memory of the target ---------------------------------------------------- */

static const struct dwu_core_load *find_load(const struct dwu_core *core,
					     uint64_t addr)
{
	size_t low = 0, high = core->load_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct dwu_core_load *load = &core->loads[middle];

		if (addr < load->addr)
			high = middle;
		else if (addr - load->addr >= load->size)
			low = middle + 1;
		else
			return load;
	}
	return NULL;
}

static const struct dwu_core_map *find_map(const struct dwu_core *core,
					   uint64_t addr)
{
	size_t low = 0, high = core->map_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct dwu_core_map *map = &core->maps[middle];

		if (addr < map->start)
			high = middle;
		else if (addr >= map->end)
			low = middle + 1;
		else
			return map;
	}
	return NULL;
}

/* How many bytes from addr on the core itself holds. */
static uint64_t dumped(const struct dwu_core *core, uint64_t addr,
		       uint64_t *off)
{
	const struct dwu_core_load *load = find_load(core, addr);

	if (!load || addr - load->addr >= load->have)
		return 0;
	*off = load->off + (addr - load->addr);
	return load->have - (addr - load->addr);
}

static dwunw_status_t check_file(struct session *s, uint32_t index);

static size_t at_most(uint64_t room, size_t size)
{
	return room < size ? (size_t)room : size;
}

/* One piece, as long as it comes from one place. */
static dwunw_status_t read_piece(struct session *s, uint64_t addr, void *dst,
				 size_t *size)
{
	const struct dwu_core_map *map;
	uint64_t off;
	uint64_t have = dumped(&s->core, addr, &off);

	if (have) {
		*size = at_most(have, *size);
		return dwu_core_read(s->core.fd, off, dst, *size);
	}
	map = find_map(&s->core, addr);
	if (!map || check_file(s, map->file))
		return DWUNW_ERR_INVALID_ARG;
	*size = at_most(map->end - addr, *size);
	return dwu_core_read(s->core.files[map->file].fd,
			     map->off + (addr - map->start), dst, *size);
}

static dwunw_status_t read_memory(void *ctx, uint64_t addr, void *dst,
				  size_t size)
{
	uint8_t *to = dst;

	if (addr + size < addr)
		return DWUNW_ERR_INVALID_ARG;
	while (size) {
		size_t piece = size;
		dwunw_status_t status = read_piece(ctx, addr, to, &piece);

		if (status)
			return status;
		to += piece;
		addr += piece;
		size -= piece;
	}
	return DWUNW_OK;
}

/* --- is a file the one that was mapped? ----------------------------------------- */

/* An ELF image in dumped memory, from its first byte on. */
struct dumped_image {
	const struct dwu_core *core;
	uint64_t addr;
};

static dwunw_status_t read_dumped(void *ctx, uint64_t off, void *dst,
				  size_t size)
{
	const struct dumped_image *image = ctx;
	uint64_t at = 0;

	if (dumped(image->core, image->addr + off, &at) < size)
		return DWUNW_ERR_INVALID_ARG;
	return dwu_core_read(image->core->fd, at, dst, size);
}

/*
 * Equal build ids; where one has none (memory ends before it, say), equal
 * program headers: strip(1) leaves those alone.
 */
static bool same_image(const struct dwunw_elf *a, const struct dwunw_elf *b)
{
	uint8_t a_id[DWUNW_BUILD_ID_MAX], b_id[DWUNW_BUILD_ID_MAX];
	struct dwunw_program_header a_head, b_head;
	size_t a_size = sizeof(a_id), b_size = sizeof(b_id);
	uint32_t i;

	if (!dwunw_elf_build_id(a, a_id, &a_size) &&
	    !dwunw_elf_build_id(b, b_id, &b_size))
		return a_size == b_size && !memcmp(a_id, b_id, a_size);
	if (a->machine != b->machine || a->type != b->type ||
	    a->entry != b->entry || a->program_count != b->program_count)
		return false;
	for (i = 0; i < a->program_count; i++) {
		if (dwunw_elf_program_header(a, i, &a_head) ||
		    dwunw_elf_program_header(b, i, &b_head))
			break;
		if (a_head.type != b_head.type ||
		    a_head.at.vaddr != b_head.at.vaddr ||
		    a_head.at.mem_size != b_head.at.mem_size)
			return false;
	}
	return true;
}

/* A map of the file's first bytes that the core holds, or NULL. */
static const struct dwu_core_map *dumped_start(const struct dwu_core *core,
					       uint32_t file)
{
	uint64_t off;
	size_t i;

	for (i = 0; i < core->map_count; i++)
		if (core->maps[i].file == file && !core->maps[i].off &&
		    dumped(core, core->maps[i].start, &off))
			return &core->maps[i];
	return NULL;
}

/* The headers of both, if both are ELF; the second is in memory. */
static bool was_mapped(const struct dwu_core *core, uint32_t index,
		       uint64_t size)
{
	const struct dwu_core_map *map = dumped_start(core, index);
	struct dwu_core_file *file = &core->files[index];
	struct dumped_image image = { .core = core };
	struct dwunw_source file_src = { .read = read_source,
					 .ctx = &file->fd,
					 .size = size };
	struct dwunw_source image_src = { .read = read_dumped, .ctx = &image };
	struct dwunw_elf file_elf, image_elf;
	uint64_t off;

	if (!map)
		return true;
	image.addr = map->start;
	image_src.size = dumped(core, map->start, &off);
	if (dwunw_elf_open(&image_elf, &image_src, NULL))
		return true;
	return !dwunw_elf_open(&file_elf, &file_src, NULL) &&
	       same_image(&image_elf, &file_elf);
}

static dwunw_status_t check_file(struct session *s, uint32_t index)
{
	struct dwu_core_file *file = &s->core.files[index];
	uint32_t shortages = dwunw_shortages(NULL);
	uint64_t size = 0;
	bool same;

	if (file->checked)
		return file->status;
	file->checked = true;
	file->status = DWUNW_ERR_IO;
	file->fd = open_file(file->path, &size);
	if (file->fd < 0)
		return file->status;
	same = was_mapped(&s->core, index, size);
	if (dwunw_shortages(NULL) != shortages) {
		dwu_cmd_error("%s: whether it is the file that %s was made with"
			      " cannot be read; it is not used",
			      file->path, s->core.path);
		return file->status;
	}
	file->status = DWUNW_OK;
	if (!same) {
		dwu_cmd_error("%s: not the file that %s was made with"
			      " (another build id or other program headers);"
			      " it is not used",
			      file->path, s->core.path);
		file->status = DWUNW_ERR_BAD_FORMAT;
	}
	return file->status;
}

/* --- the space ------------------------------------------------------------------- */

static dwunw_status_t open_vdso(struct session *s,
				struct dwunw_mapping *mapping,
				const struct dwunw_module **module)
{
	const struct dwunw_piece piece = {
		.start = mapping->start,
		.end = mapping->end,
		.flags = PF_R | PF_X,
	};
	dwunw_status_t status = s->vdso_status;

	if (!status)
		status = dwunw_elf_bias(&s->vdso.module.elf, &piece, 1,
					piece.start, &mapping->bias);
	mapping->serial = VDSO_SERIAL;
	*module = &s->vdso.module;
	return status;
}

/* The module of a piece's file, and where `mapping` has it. */
static dwunw_status_t open_piece(struct session *s,
				 struct dwunw_mapping *mapping,
				 const struct dwunw_piece *piece,
				 const struct dwunw_module **module)
{
	dwunw_status_t status = check_file(s, piece->file);

	if (!status)
		status = dwunw_module_cache_acquire(
			s->ctx, s->core.files[piece->file].path, module);
	if (status)
		return status;
	status = dwunw_elf_bias(&(*module)->elf, s->pieces, s->piece_count,
				mapping->start, &mapping->bias);
	if (status)
		dwunw_module_cache_release(s->ctx, *module);
	else
		mapping->serial = (*module)->serial;
	return status;
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	struct session *s = ctx;
	uint32_t owner;
	dwunw_status_t status;

	if (mapping->start == s->core.auxv.vdso)
		return open_vdso(s, mapping, module);
	owner = dwunw_piece_owner(s->pieces, s->piece_count, mapping->start);
	if (owner == DWUNW_PIECE_NONE)
		return DWUNW_ERR_NO_DEBUG_DATA;
	status = open_piece(s, mapping, &s->pieces[owner], module);
	if (status && mapping->file == NO_FILE)
		return DWUNW_ERR_NO_DEBUG_DATA; /* not that file's after all */
	mapping->file = s->pieces[owner].file;
	return status;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	struct session *s = ctx;

	if (module != &s->vdso.module)
		dwunw_module_cache_release(s->ctx, module);
}

/* As far as the core tells; gdb's gcore leaves pieces out: 0. */
static uint32_t flags_at(const struct dwu_core *core, uint64_t addr)
{
	const struct dwu_core_load *load = find_load(core, addr);

	return load ? load->flags : 0;
}

static void add_piece(struct session *s, uint64_t start, uint64_t end,
		      uint64_t off, uint32_t file)
{
	struct dwunw_space *space = &s->space;
	uint32_t flags = flags_at(&s->core, start);

	if (!flags && find_load(&s->core, start))
		return; /* not to be touched at all */
	s->pieces[s->piece_count++] = (struct dwunw_piece){
		.start = start,
		.end = end,
		.off = off,
		.file = file == NO_FILE ? DWUNW_PIECE_NONE : file,
		.flags = flags,
	};
	if (flags && !(flags & PF_X))
		return;
	space->mappings[space->count++] = (struct dwunw_mapping){
		.start = start,
		.end = end,
		.off = off,
		.flags = DWUNW_MAPPING_EXEC,
		.file = file,
	};
}

static int by_piece_start(const void *a, const void *b)
{
	const struct dwunw_piece *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* What the core names, and what is executable without a name. */
static void add_pieces(struct session *s)
{
	const struct dwu_core *core = &s->core;
	size_t i;

	for (i = 0; i < core->map_count; i++)
		add_piece(s, core->maps[i].start, core->maps[i].end,
			  core->maps[i].off, core->maps[i].file);
	for (i = 0; i < core->load_count; i++)
		if ((core->loads[i].flags & PF_X) &&
		    !find_map(core, core->loads[i].addr))
			add_piece(s, core->loads[i].addr,
				  core->loads[i].addr + core->loads[i].size, 0,
				  NO_FILE);
	if (s->piece_count)
		qsort(s->pieces, s->piece_count, sizeof(*s->pieces),
		      by_piece_start);
}

static bool build_space(struct session *s)
{
	struct dwu_core *core = &s->core;
	struct dwunw_space *space = &s->space;
	size_t room = core->map_count + core->load_count;
	dwunw_status_t status;

	s->pieces = dwu_cmd_alloc(room, sizeof(*s->pieces));
	space->mappings = dwu_cmd_alloc(room, sizeof(*space->mappings));
	space->arch = core->arch;
	space->open_module = open_module;
	space->close_module = close_module;
	space->ctx = s;
	add_pieces(s);
	status = dwunw_space_init(space);
	if (status)
		dwu_cmd_error("%s: its %" PRIu32
			      " mappings cannot be used (too many, or they"
			      " overlap): %s",
			      core->path, space->count,
			      dwunw_status_text(status));
	return !status;
}

static void load_vdso(struct session *s)
{
	uint64_t addr = s->core.auxv.vdso;
	const struct dwu_core_load *load = find_load(&s->core, addr);

	s->vdso_status = DWUNW_ERR_NO_DEBUG_DATA;
	if (addr && load && load->addr == addr && load->size <= VDSO_SIZE_MAX)
		s->vdso_status = dwu_vdso_open(&s->vdso, addr, load->size,
					       VDSO_SERIAL, read_memory, s);
}

static void locate(void *ctx, uint64_t pc, struct dwu_place *place)
{
	struct session *s = ctx;
	const struct dwunw_mapping *map = dwunw_space_find(&s->space, pc);

	if (!map)
		return;
	if (map->file != NO_FILE) {
		const struct dwu_core_file *file = &s->core.files[map->file];

		snprintf(place->label, sizeof(place->label), "%s", file->path);
		if (file->checked && !file->status)
			memcpy(place->file, place->label, sizeof(place->file));
	} else if (map->start == s->core.auxv.vdso) {
		snprintf(place->label, sizeof(place->label), "vdso");
		place->vdso = s->vdso.has_symbols ? &s->vdso : NULL;
	}
}

/* --- opening ----------------------------------------------------------------------- */

static int by_load_addr(const void *a, const void *b)
{
	const struct dwu_core_load *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int by_map_start(const void *a, const void *b)
{
	const struct dwu_core_map *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool add_notes(struct dwu_core *core, const struct dwunw_segment *at)
{
	if (at->off <= core->size && at->file_size <= core->size - at->off)
		return dwu_core_notes(core, at->off, at->file_size);
	dwu_cmd_error("%s: its notes, %" PRIu64 " bytes at %" PRIu64
		      ", are not in its %" PRIu64
		      " bytes: truncated before the registers",
		      core->path, at->file_size, at->off, core->size);
	return false;
}

static void add_load(struct dwu_core *core, const struct dwunw_segment *at)
{
	uint64_t room = at->off < core->size ? core->size - at->off : 0;
	struct dwu_core_load load = {
		.addr = at->vaddr,
		.size = at->mem_size,
		.off = at->off,
		.have = at->file_size < at->mem_size ? at->file_size :
						       at->mem_size,
		.flags = at->flags,
	};

	if (load.have > room)
		load.have = room;
	if (!load.size || load.addr + load.size < load.addr)
		return;
	core->loads[core->load_count++] = load;
}

/* A core that was cut is used as far as it goes. */
static void warn_truncated(const struct dwu_core *core, uint64_t end,
			   uint64_t first_lost)
{
	if (end > core->size)
		dwu_cmd_error("warning: %s: truncated: has %" PRIu64
			      " of %" PRIu64 " bytes; memory from 0x%" PRIx64
			      " on is missing",
			      core->path, core->size, end, first_lost);
}

static bool read_headers(struct dwu_core *core)
{
	struct dwunw_program_header head;
	uint64_t end = 0, first_lost = UINT64_MAX;
	uint32_t i;

	core->loads =
		dwu_cmd_alloc(core->elf.program_count, sizeof(*core->loads));
	for (i = 0; i < core->elf.program_count; i++) {
		uint64_t last;

		if (dwunw_elf_program_header(&core->elf, i, &head)) {
			dwu_cmd_error("%s: program header %" PRIu32
				      " cannot be read",
				      core->path, i);
			return false;
		}
		if (head.type == PT_NOTE && !add_notes(core, &head.at))
			return false;
		if (head.type != PT_LOAD)
			continue;
		add_load(core, &head.at);
		last = head.at.off + head.at.file_size;
		if (last > core->size && head.at.vaddr < first_lost)
			first_lost = head.at.vaddr;
		if (last > end)
			end = last;
	}
	warn_truncated(core, end, first_lost);
	if (core->load_count)
		qsort(core->loads, core->load_count, sizeof(*core->loads),
		      by_load_addr);
	if (core->map_count)
		qsort(core->maps, core->map_count, sizeof(*core->maps),
		      by_map_start);
	return true;
}

static bool open_elf(struct dwu_core *core)
{
	struct dwunw_source src = { .read = read_source, .ctx = &core->fd };
	dwunw_status_t status;

	core->fd = open_file(core->path, &core->size);
	if (core->fd < 0)
		return false;
	src.size = core->size;
	status = dwunw_elf_open(&core->elf, &src, NULL);
	if (status && core->elf.program_count > DWUNW_PROGRAMS_MAX) {
		dwu_cmd_error("%s: has %" PRIu32
			      " program headers, more than the bound of %u",
			      core->path, core->elf.program_count,
			      DWUNW_PROGRAMS_MAX);
		return false;
	}
	if (status || core->elf.type != ET_CORE) {
		dwu_cmd_error("%s: not a core file, or cut within its headers"
			      " (%" PRIu64 " bytes): %s",
			      core->path, core->size,
			      status ? dwunw_status_text(status) :
				       "another kind of ELF file");
		return false;
	}
	core->arch = dwunw_elf_arch(&core->elf);
	if (!core->arch)
		dwu_cmd_error("%s: of a process of %s, which this build cannot "
			      "unwind",
			      core->path, dwunw_elf_target(&core->elf));
	return core->arch;
}

/* The file that AT_PHDR or AT_ENTRY points into. */
static uint32_t main_file(const struct dwu_core *core)
{
	const struct dwu_core_map *map = find_map(core, core->auxv.programs);

	if (!map)
		map = find_map(core, core->auxv.entry);
	return map ? map->file : NO_FILE;
}

static void set_paths(struct session *s, const struct dwu_core_options *options)
{
	size_t i;

	for (i = 0; i < s->core.file_count; i++) {
		struct dwu_core_file *file = &s->core.files[i];
		const char *sysroot = options->sysroot;
		const char *name = file->name;
		size_t size;

		if (i == s->main_file && options->exe) {
			sysroot = "";
			name = options->exe;
		}
		size = strlen(sysroot) + strlen(name) + 1;
		file->path = dwu_cmd_alloc(1, size);
		snprintf(file->path, size, "%s%s", sysroot, name);
	}
}

/* An EXE that was named must be the right one. */
static bool check_exe(struct session *s, const struct dwu_core_options *options)
{
	const struct dwu_core *core = &s->core;
	const struct dwunw_module *module;
	dwunw_status_t status;
	uint64_t off;
	bool moved;

	if (!options->exe)
		return true;
	if (s->main_file == NO_FILE) {
		dwu_cmd_error("%s: does not say where its program was mapped;"
			      " %s cannot be used",
			      core->path, options->exe);
		return false;
	}
	if (check_file(s, s->main_file))
		return false;
	status = dwunw_module_cache_acquire(s->ctx, options->exe, &module);
	if (status) {
		dwu_cmd_error_unless_logged("%s: cannot be opened: %s",
					    options->exe,
					    dwunw_status_text(status));
		return false;
	}
	/* a program is moved by whole pages, 4 KiB at least, or not at all */
	off = core->auxv.entry - module->elf.entry;
	moved = module->elf.type == ET_DYN;
	dwunw_module_cache_release(s->ctx, module);
	if (!core->auxv.entry || (moved ? !(off & 0xfff) : !off))
		return true;
	dwu_cmd_error("%s: not the program of %s: entry point 0x%" PRIx64
		      " in the core, 0x%" PRIx64 " in the file",
		      options->exe, core->path, core->auxv.entry,
		      core->auxv.entry - off);
	return false;
}

/*
 * A core that names no files, as qemu's emulator of programs writes it: the
 * program that the user names is placed by its entry point.
 */
static bool place_exe(struct session *s, const char *exe)
{
	struct dwu_core *core = &s->core;
	const struct dwunw_module *module;
	dwunw_status_t status;
	uint32_t i;

	status = dwunw_module_cache_acquire(s->ctx, exe, &module);
	if (status) {
		dwu_cmd_error_unless_logged("%s: cannot be opened: %s", exe,
					    dwunw_status_text(status));
		return false;
	}
	core->files = dwu_cmd_grow(NULL, 1, sizeof(*core->files));
	core->files[0] = (struct dwu_core_file){ .name = exe, .fd = -1 };
	core->file_count = 1;
	core->maps =
		dwu_cmd_alloc(module->elf.segment_count, sizeof(*core->maps));
	for (i = 0; i < module->elf.segment_count; i++) {
		const struct dwunw_segment *at = &module->elf.segments[i];
		uint64_t start =
			at->vaddr + core->auxv.entry - module->elf.entry;
		uint64_t behind = start & 0xfff; /* whole pages are mapped */

		core->maps[core->map_count++] = (struct dwu_core_map){
			.start = start - behind,
			.end = (start + at->file_size + 0xfff) & ~0xfffull,
			.off = at->off - behind,
		};
	}
	dwunw_module_cache_release(s->ctx, module);
	return true;
}

static bool open_session(struct session *s,
			 const struct dwu_core_options *options)
{
	s->core.path = options->core;
	if (!open_elf(&s->core) || !read_headers(&s->core))
		return false;
	if (!s->core.thread_count) {
		dwu_cmd_error("%s: has no threads (no NT_PRSTATUS)",
			      s->core.path);
		return false;
	}
	if (!s->core.map_count) {
		dwu_cmd_error("warning: %s: names no files (no NT_FILE): %s",
			      s->core.path,
			      options->exe ?
				      "of the libraries nothing is known" :
				      "name the program: --core CORE EXE");
		if (options->exe && s->core.auxv.entry &&
		    !place_exe(s, options->exe))
			return false;
	}
	s->main_file = main_file(&s->core);
	set_paths(s, options);
	if (!check_exe(s, options) || !build_space(s))
		return false;
	load_vdso(s);
	return true;
}

static void close_session(struct session *s)
{
	size_t i;

	for (i = 0; i < s->core.file_count; i++) {
		if (s->core.files[i].fd >= 0)
			close(s->core.files[i].fd);
		free(s->core.files[i].path);
	}
	if (s->core.fd >= 0)
		close(s->core.fd);
	free(s->core.names);
	free(s->core.files);
	free(s->core.maps);
	free(s->core.loads);
	free(s->core.threads);
	free(s->space.mappings);
	free(s->pieces);
	dwu_vdso_free(&s->vdso);
}

/* --- printing ------------------------------------------------------------------------ */

static int print_thread(struct session *s, struct dwu_printer *printer,
			const struct dwu_core_thread *thread)
{
	struct dwunw_unwind_request request = {
		.space = &s->space,
		.regs = &thread->regs,
		.tid = thread->tid,
		.read_memory = read_memory,
		.memory_ctx = s,
	};
	dwunw_status_t status;
	size_t count = 0;

	status = dwu_printer_capture(printer, &request, &count);
	if (!status) {
		dwu_printer_print(printer, thread->tid, &request, count);
		s->frames += count;
		return CMD_OK;
	}
	dwu_cmd_error("%s: thread %" PRId32 " at 0x%" PRIx64
		      " cannot be unwound: %s",
		      s->core.path, thread->tid, thread->regs.pc,
		      dwunw_status_text(status));
	return CMD_FAILED;
}

/* Threads may all have the same stack, of as many frames as there is room. */
static bool has_room(const struct session *s, size_t thread)
{
	if (s->frames < DWUNW_CORE_FRAMES_MAX)
		return true;
	dwu_cmd_error("%s: %" PRIu64 " frames, the bound of %u: %zu of its %zu"
		      " threads are not shown",
		      s->core.path, s->frames, DWUNW_CORE_FRAMES_MAX,
		      s->core.thread_count - thread, s->core.thread_count);
	return false;
}

int dwu_core_print(const struct dwu_core_options *options,
		   struct dwu_printer *printer)
{
	struct session *s = dwu_cmd_alloc(1, sizeof(*s));
	int code = CMD_FAILED;
	size_t i;

	s->core.fd = -1;
	s->ctx = printer->ctx;
	if (open_session(s, options)) {
		printer->locate = locate;
		printer->locate_ctx = s;
		code = CMD_OK;
		for (i = 0; i < s->core.thread_count && has_room(s, i); i++)
			if (print_thread(s, printer, &s->core.threads[i]))
				code = CMD_FAILED;
		if (i < s->core.thread_count)
			code = CMD_FAILED;
	}
	close_session(s);
	free(s);
	return code;
}
