/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The program's own mappings, and the modules behind them:
 *
 *	/proc/self/maps -> pieces (of files), mappings (code)
 *	mapping -> image: the pieces around it, as bytes of the file -> module
 *
 * No file is opened: the bytes of a module are those that the loader has mapped. So
 * the program's descriptors are left alone, and a file that was deleted or that a
 * sandbox hides is as good as any. What is not mapped is missing: .symtab,
 * .debug_frame, MiniDebugInfo.
 *
 * All of it is under slow.c's lock, but for dwu_inproc_is_code().
 */
#include "inproc.h"

#include <dwunw/linux.h>
#include <dwunw/record.h>

#include <string.h>

#define MAPPINGS_MAX DWU_ROOM(8192u, 1024u)
#define PIECES_MAX DWU_ROOM(32768u, 4096u)
#define IMAGES_MAX DWU_ROOM(512u, 128u)
#define IMAGE_PIECES 16u
#define TEXT_ROOM (DWU_ROOM(8u, 1u) << 20)
#define TABLES_ROOM (DWU_ROOM(64u, 8u) << 20)
#define PATHS_ROOM (DWU_ROOM(4u, 1u) << 20)

enum {
	PF_X = 1,
	PF_W = 2,
	PF_R = 4
};

/* What maps say of a file. */
struct place {
	uint64_t device; /* major:minor, as text, hashed */
	uint64_t inode;
	const char *path;
};

/* A module's bytes. */
struct image {
	struct dwunw_piece pieces[IMAGE_PIECES];
	uint32_t count;
	uint32_t file; /* of stacks.c */
	struct dwunw_module module;
};

static struct dwunw_mapping *mappings;
static struct dwunw_piece *pieces;
static struct place *places; /* of each piece's file */
static struct image *images; /* the serial is the place, from 1 on */
static char *text;
static char *paths;
static uint8_t *tables_memory;
static struct dwunw_arena tables;
static uint32_t piece_count, place_count, image_count, path_size;
static struct dwunw_space space;
/* for dwu_inproc_is_code(): the code's bounds, whatever the space is now */
static uint64_t code_bounds[2 * MAPPINGS_MAX];
static uint32_t code_count;

/* --- the text of maps --------------------------------------------------------------- */

struct line {
	uint64_t start;
	uint64_t end;
	uint64_t off;
	uint32_t flags;
	struct place place;
};

static uint64_t hex(const char **at)
{
	uint64_t value = 0;

	for (;; ++*at) {
		if (**at >= '0' && **at <= '9')
			value = value << 4 | (uint64_t)(**at - '0');
		else if (**at >= 'a' && **at <= 'f')
			value = value << 4 | (uint64_t)(**at - 'a' + 10);
		else
			return value;
	}
}

static uint32_t flags_of(const char *at)
{
	return (at[0] == 'r' ? PF_R : 0u) | (at[1] == 'w' ? PF_W : 0u) |
	       (at[2] == 'x' ? PF_X : 0u);
}

/* "start-end perms offset major:minor inode   path", its newline a 0. */
static void parse(const char *at, struct line *line)
{
	line->start = hex(&at);
	line->end = hex((at++, &at));
	line->flags = flags_of(++at);
	at += 5;
	line->off = hex(&at);
	at++;
	line->place.device = hex(&at) << 32;
	at++;
	line->place.device |= hex(&at);
	line->place.inode = 0;
	for (at++; *at >= '0' && *at <= '9'; at++)
		line->place.inode =
			line->place.inode * 10 + (uint64_t)(*at - '0');
	while (*at == ' ')
		at++;
	line->place.path = at;
}

/* The next line from *at on, ended by a 0; false: there is none that is whole. */
static bool next_line(char **at, char *end, struct line *line)
{
	char *here = *at, *stop = memchr(here, '\n', (size_t)(end - here));

	if (!stop)
		return false;
	*stop = 0;
	*at = stop + 1;
	parse(here, line);
	return true;
}

/* --- pieces ------------------------------------------------------------------------- */

static bool same_place(const struct place *a, const struct place *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       strcmp(a->path, b->path) == 0;
}

/* Most often it is the file of the line before. */
static uint32_t place_of(const struct place *place)
{
	size_t size = strlen(place->path) + 1;
	uint32_t i;

	for (i = place_count; i-- > 0;)
		if (same_place(&places[i], place))
			return i;
	if (place_count == DWU_FILES_MAX || size > PATHS_ROOM - path_size)
		return DWUNW_PIECE_NONE;
	places[place_count] = *place;
	places[place_count].path = memcpy(paths + path_size, place->path, size);
	path_size += (uint32_t)size;
	return place_count++;
}

/* A file, or the vDSO, which is one as far as its bytes tell. */
static bool has_file(const struct line *line)
{
	return line->place.path[0] == '/' ||
	       strcmp(line->place.path, "[vdso]") == 0;
}

static void keep(const struct line *line)
{
	bool file = has_file(line);
	bool code = line->flags & PF_X;

	if (line->flags && (file || code) && piece_count < PIECES_MAX)
		pieces[piece_count++] = (struct dwunw_piece){
			.start = line->start,
			.end = line->end,
			.off = line->off,
			.file = file ? place_of(&line->place) :
				       DWUNW_PIECE_NONE,
			.flags = line->flags,
		};
	if (code && space.count < MAPPINGS_MAX)
		mappings[space.count++] = (struct dwunw_mapping){
			.start = line->start,
			.end = line->end,
			.off = line->off,
			.flags = DWUNW_MAPPING_EXEC |
				 (strcmp(line->place.path, "[uprobes]") == 0 ?
					  DWUNW_MAPPING_TRAMPOLINE :
					  0),
		};
}

static void keep_bounds(void)
{
	__atomic_store_n(&code_count, 0, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < space.count; i++) {
		code_bounds[2 * i] = mappings[i].start;
		code_bounds[2 * i + 1] = mappings[i].end;
	}
	__atomic_store_n(&code_count, space.count, __ATOMIC_RELEASE);
}

bool dwu_inproc_is_code(uint64_t start, uint64_t end)
{
	uint32_t n = __atomic_load_n(&code_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++)
		if (start < code_bounds[2 * i + 1] && end > code_bounds[2 * i])
			return true;
	return false;
}

/* --- images --------------------------------------------------------------------------- */

static const struct dwunw_piece *piece_at(const struct image *image,
					  uint64_t off)
{
	for (uint32_t i = 0; i < image->count; i++) {
		const struct dwunw_piece *p = &image->pieces[i];

		if ((p->flags & PF_R) && off >= p->off &&
		    off - p->off < p->end - p->start)
			return p;
	}
	return NULL;
}

static const uint8_t *bytes_at(const struct dwunw_piece *piece, uint64_t off)
{
	return (const uint8_t *)(uintptr_t)(piece->start + off - piece->off);
}

/* The ELF header's words on sections, which are not mapped: gABI 4. */
struct header_hole {
	uint8_t off, size;
};
static const struct header_hole holes[2][2] = {
	{ { 0x20, 4 },
	  { 0x30, 4 } }, /* 32 bits: e_shoff; e_shnum, e_shstrndx */
	{ { 0x28, 8 }, { 0x3c, 4 } }, /* 64 bits */
};
#define HEADER_SIZE 64u

static void hide_sections(uint64_t off, uint8_t *dst, size_t size)
{
	const struct header_hole *at = holes[sizeof(void *) == 8];

	for (int i = 0; i < 2; i++)
		for (uint64_t k = at[i].off; k < at[i].off + at[i].size; k++)
			if (k >= off && k < off + size)
				dst[k - off] = 0;
}

static dwunw_status_t image_read(void *ctx, uint64_t off, void *dst,
				 size_t size)
{
	const struct dwunw_piece *piece;
	uint8_t *to = dst;
	uint64_t at = off;
	size_t left = size, part;

	for (; left; left -= part, at += part, to += part) {
		piece = piece_at(ctx, at);
		if (!piece)
			return DWUNW_ERR_IO;
		part = (size_t)(piece->end - piece->start - (at - piece->off));
		part = part < left ? part : left;
		memcpy(to, bytes_at(piece, at), part);
	}
	if (off < HEADER_SIZE)
		hide_sections(off, dst, size);
	return DWUNW_OK;
}

static const void *image_view(void *ctx, uint64_t off, size_t size)
{
	const struct dwunw_piece *piece = piece_at(ctx, off);

	if (!piece || off < HEADER_SIZE ||
	    size > piece->end - piece->start - (off - piece->off))
		return NULL;
	return bytes_at(piece, off);
}

/* The pieces of pieces[at]'s file that were loaded together with it: from the
 * nearest start of the file before it, to the next. False: there is no start. */
static bool gather(struct image *image, uint32_t at)
{
	uint32_t file = pieces[at].file, i = at;

	while (pieces[i].file != file || pieces[i].off != 0)
		if (i-- == 0)
			return false;
	image->count = 0;
	for (; i < piece_count && image->count < IMAGE_PIECES; i++) {
		if (pieces[i].file != file)
			continue;
		if (pieces[i].off == 0 && image->count)
			break;
		image->pieces[image->count++] = pieces[i];
	}
	return true;
}

static uint64_t image_size(const struct image *image)
{
	uint64_t size = 0, end;

	for (uint32_t i = 0; i < image->count; i++) {
		end = image->pieces[i].off + image->pieces[i].end -
		      image->pieces[i].start;
		size = end > size ? end : size;
	}
	return size;
}

/* By what it is made of, for the recording. */
static void know_file(struct image *image, const struct place *place)
{
	struct dwunw_elf *elf = &image->module.elf;
	struct dwu_inproc_file file = { .size = elf->src.size,
					.path = place->path };
	size_t size = 0;

	(void)dwunw_elf_identity(elf, &file.identity);
	if (dwunw_elf_build_id(elf, file.build_id, &size) == DWUNW_OK)
		file.build_id_size = (uint32_t)size;
	image->file = dwu_inproc_file(&file);
}

static dwunw_status_t open_image(struct image *image, uint32_t at)
{
	struct dwunw_source src = {
		.read = image_read,
		.view = image_view,
		.ctx = image,
	};
	dwunw_status_t status;

	if (!gather(image, at))
		return DWUNW_ERR_BAD_FORMAT;
	src.size = image_size(image);
	status = dwunw_module_open(&image->module, &src, image_count + 1,
				   &tables);
	if (status == DWUNW_OK)
		know_file(image, &places[pieces[at].file]);
	return status;
}

/* An image that is there already, of the same bytes. */
static struct image *image_of(uint32_t at)
{
	for (uint32_t i = 0; i < image_count; i++)
		for (uint32_t k = 0; k < images[i].count; k++)
			if (images[i].pieces[k].start == pieces[at].start)
				return &images[i];
	return NULL;
}

static uint32_t piece_of(const struct dwunw_mapping *mapping)
{
	return dwunw_piece_owner(pieces, piece_count, mapping->start);
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	uint32_t at = piece_of(mapping);
	dwunw_status_t status = DWUNW_OK;
	struct image *image;

	(void)ctx;
	if (mapping->serial) {
		*module = &images[mapping->serial - 1].module;
		return DWUNW_OK;
	}
	if (at == DWUNW_PIECE_NONE || pieces[at].file == DWUNW_PIECE_NONE)
		return DWUNW_ERR_NO_DEBUG_DATA;
	image = image_of(at);
	if (!image && image_count == IMAGES_MAX)
		return DWUNW_ERR_CACHE_FULL;
	if (!image) {
		image = &images[image_count];
		status = open_image(image, at);
		image_count += status == DWUNW_OK;
	}
	if (status == DWUNW_OK)
		status = dwunw_elf_bias(&image->module.elf, pieces, piece_count,
					mapping->start, &mapping->bias);
	if (status != DWUNW_OK)
		return status;
	mapping->serial = image->module.serial;
	*module = &image->module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	(void)module;
}

uint32_t dwu_inproc_module_file(uint32_t serial)
{
	return serial ? images[serial - 1].file : 0;
}

/* --- the space -------------------------------------------------------------------------- */

static bool make_room(void)
{
	mappings = dwu_inproc_pages(MAPPINGS_MAX * sizeof(*mappings));
	pieces = dwu_inproc_pages(PIECES_MAX * sizeof(*pieces));
	places = dwu_inproc_pages(DWU_FILES_MAX * sizeof(*places));
	images = dwu_inproc_pages(IMAGES_MAX * sizeof(*images));
	text = dwu_inproc_pages(TEXT_ROOM);
	paths = dwu_inproc_pages(PATHS_ROOM);
	tables_memory = dwu_inproc_pages(TABLES_ROOM);
	if (!mappings || !pieces || !places || !images || !text || !paths ||
	    !tables_memory)
		return false;
	dwunw_arena_init(&tables, tables_memory, TABLES_ROOM);
	space = (struct dwunw_space){
		.mappings = mappings,
		.arch = dwunw_arch_by_id(DWU_HOST_ARCH),
		.open_module = open_module,
		.close_module = close_module,
	};
	return space.arch;
}

bool dwu_inproc_space_read(bool anew)
{
	ptrdiff_t size;
	struct line line;
	char *at;

	if (!mappings && !make_room())
		return false;
	if (anew) {
		image_count = 0;
		dwunw_arena_reset(&tables);
	}
	size = dwu_inproc_read("/proc/self/maps", text, TEXT_ROOM);
	if (size <= 0)
		return false;
	space.count = 0;
	space.generation++;
	piece_count = place_count = path_size = 0;
	at = text;
	while (next_line(&at, text + size, &line))
		keep(&line);
	keep_bounds();
	return dwunw_space_init(&space) == DWUNW_OK;
}

const struct dwunw_space *dwu_inproc_space(void)
{
	return &space;
}

bool dwu_inproc_range(uint64_t addr, struct dwu_inproc_range *range)
{
	ptrdiff_t size;
	struct line line;
	char *at;

	size = text ? dwu_inproc_read("/proc/self/maps", text, TEXT_ROOM) : -1;
	if (size <= 0)
		return false;
	at = text;
	while (next_line(&at, text + size, &line))
		if (addr >= line.start && addr < line.end &&
		    (line.flags & PF_R)) {
			*range = (struct dwu_inproc_range){ line.start,
							    line.end };
			return true;
		}
	return false;
}

uint32_t dwu_inproc_maps(struct dwunw_recording_mapping *maps, uint32_t room)
{
	const struct dwunw_module *module;
	uint32_t count = 0;

	for (uint32_t i = 0; i < space.count && count < room; i++) {
		if (open_module(NULL, &mappings[i], &module) != DWUNW_OK)
			continue;
		maps[count++] = (struct dwunw_recording_mapping){
			.start = mappings[i].start,
			.end = mappings[i].end,
			.off = mappings[i].off,
			.bias = mappings[i].bias,
			.file = dwu_inproc_module_file(mappings[i].serial),
		};
	}
	return count;
}
