/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Text of /proc/self/maps -> the executable mappings of this program, and
 * the pieces of files that tell where each file is:
 *
 *	start-end perms offset major:minor inode   path
 *
 * It is read twice, a block at a time: once to count, once to keep, so that
 * the arena is asked for what is needed and no more. See proc(5).
 */
#include "port.h"

#define PF_X 1u
#define PF_W 2u
#define PF_R 4u

/* The text, byte by byte, from a file or from memory; `bad` is sticky. */
struct text {
	int32_t fd; /* negative: from memory */
	const char *at;
	const char *end;
	bool bad;
	char block[256];
};

/* What is counted in the first pass, and the room for it in the second. */
struct room {
	uint32_t count;
	uint32_t piece_count;
	uint32_t label_size;
};

struct line {
	struct dwunw_mapping mapping;
	uint32_t flags; /* PF_* */
	uint32_t file;	/* of a file: a hash of device and inode */
};

/* The next byte, left in place; 0 at the end. */
static char peek(struct text *t)
{
	int32_t got;

	if (t->at < t->end)
		return *t->at;
	if (t->fd < 0)
		return 0;
	do {
		got = dwunw_mips32_read(t->fd, t->block, sizeof(t->block));
	} while (got == -DWUNW_MIPS32_EINTR);
	t->bad |= got < 0;
	t->at = t->block;
	t->end = t->block + (got > 0 ? got : 0);
	return got > 0 ? *t->at : 0;
}

static uint32_t digit(char c)
{
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint32_t)(c - 'a' + 10);
	return 16;
}

/* Hexadecimal, of at most 64 bits. */
static uint64_t number(struct text *t)
{
	uint64_t value = 0;
	uint32_t digits = 0;

	for (; digit(peek(t)) < 16; t->at++, digits++)
		value = value << 4 | digit(*t->at);
	t->bad |= digits == 0 || digits > 16;
	return value;
}

static void expect(struct text *t, char c)
{
	if (peek(t) == c)
		t->at++;
	else
		t->bad = true;
}

/* One word and the blanks behind it, as a hash: FNV-1a, 32 bits. */
static uint32_t word(struct text *t, uint32_t hash)
{
	for (; peek(t) != ' ' && peek(t) != '\n' && peek(t) != 0; t->at++)
		hash = (hash ^ (uint8_t)*t->at) * 16777619u;
	while (peek(t) == ' ')
		t->at++;
	return hash;
}

static uint32_t permissions(struct text *t)
{
	uint32_t i, flags = 0;

	for (i = 0; i < 4 && peek(t) > ' '; i++, t->at++)
		flags |= *t->at == 'r' ? PF_R :
			 *t->at == 'w' ? PF_W :
			 *t->at == 'x' ? PF_X :
					 0;
	return flags;
}

static void parse_line(struct text *t, struct line *line)
{
	*line = (struct line){ 0 };
	line->mapping.start = number(t);
	expect(t, '-');
	line->mapping.end = number(t);
	expect(t, ' ');
	line->flags = permissions(t);
	expect(t, ' ');
	line->mapping.off = number(t);
	expect(t, ' ');
	line->file = word(t, word(t, 2166136261u));
	if (peek(t) != '/')
		line->file = DWUNW_PIECE_NONE;
	t->bad |= line->mapping.end <= line->mapping.start;
}

/* The rest of the line to dst (NULL: nowhere). Its size with a final 0. */
static uint32_t parse_label(struct text *t, char *dst, uint32_t size)
{
	uint32_t used = 0;

	for (; peek(t) != '\n' && peek(t) != 0; t->at++) {
		if (dst && used + 1 < size)
			dst[used] = *t->at;
		used++;
	}
	if (peek(t) == '\n')
		t->at++;
	if (dst && size > 0)
		dst[used < size ? used : size - 1] = 0;
	return used + 1;
}

static bool open_text(struct text *t,
		      const struct dwunw_mips32_space_config *config)
{
	t->fd = -1;
	t->bad = false;
	t->at = config->maps;
	t->end = config->maps;
	if (config->maps) {
		t->end += config->maps_size;
		return true;
	}
	t->fd = dwunw_mips32_open("/proc/self/maps", 0);
	return t->fd >= 0;
}

static void close_text(struct text *t)
{
	if (t->fd >= 0)
		(void)dwunw_mips32_close(t->fd);
}

static bool is_piece(const struct line *line)
{
	return line->flags && line->file != DWUNW_PIECE_NONE;
}

static void count_lines(struct text *t, struct room *room)
{
	struct line line;

	while (peek(t) != 0 && !t->bad) {
		parse_line(t, &line);
		room->piece_count += is_piece(&line);
		if ((line.flags & PF_X) && !t->bad) {
			room->count++;
			room->label_size += parse_label(t, NULL, 0);
		} else {
			(void)parse_label(t, NULL, 0);
		}
	}
}

/* Does the mapping hold a byte of the image's code? */
static bool holds_image(const struct dwunw_mapping *mapping,
			const struct dwu_image *image)
{
	uint64_t start, end;
	uint32_t i;

	for (i = 0; i < image->count; i++) {
		start = image->bias + image->loads[i].vaddr;
		end = start + image->loads[i].file_size;
		if (dwu_is_code(&image->loads[i]) && start < mapping->end &&
		    mapping->start < end)
			return true;
	}
	return false;
}

/*
 * A signal trampoline may stand at the first byte of anonymous code (that of
 * qemu-user does), and a return address is looked up one byte before.
 */
static void widen(struct dwunw_mapping *mapping, uint64_t last_end)
{
	if (mapping->start > last_end)
		mapping->start--;
}

static void keep(struct dwunw_mips32_space *space, const struct line *line,
		 const char *label, const struct dwu_image *image)
{
	uint32_t i = space->space.count;
	struct dwunw_firmware_object *object =
		dwu_space_keep(&space->firmware, &line->mapping, label);
	struct dwunw_mapping *mappings = space->space.mappings;

	object->image = holds_image(&mappings[i], image);
	if (object->anonymous && !object->image)
		widen(&mappings[i], i > 0 ? mappings[i - 1].end : 0);
}

static void keep_piece(struct dwunw_mips32_space *space,
		       const struct line *line)
{
	space->pieces[space->piece_count++] = (struct dwunw_piece){
		.start = line->mapping.start,
		.end = line->mapping.end,
		.off = line->mapping.off,
		.file = line->file,
		.flags = line->flags,
	};
}

/* Threads may map while it is read: never more than there is room for. */
static void keep_lines(struct dwunw_mips32_space *space, struct text *t,
		       const struct room *room, char *labels,
		       const struct dwu_image *image)
{
	uint32_t used = 0, size;
	struct line line;

	while (peek(t) != 0 && !t->bad) {
		parse_line(t, &line);
		if (t->bad)
			return;
		if (is_piece(&line) && space->piece_count < room->piece_count)
			keep_piece(space, &line);
		if (!(line.flags & PF_X) || space->space.count == room->count ||
		    used == room->label_size) {
			(void)parse_label(t, NULL, 0);
			continue;
		}
		size = parse_label(t, labels + used, room->label_size - used);
		keep(space, &line, labels + used, image);
		used = size < room->label_size - used ? used + size :
							room->label_size;
	}
}

/* One block, so that a single `wanted` says what is enough; the labels' part of
 * it, or NULL. */
static char *make_room(struct dwunw_mips32_space *space,
		       const struct room *room, struct dwunw_arena *arena)
{
	size_t pieces = room->piece_count * sizeof(struct dwunw_piece);
	uint8_t *block = dwu_space_room(&space->firmware, room->count,
					pieces + room->label_size, arena);

	if (!block)
		return NULL;
	space->pieces = (void *)block;
	return (char *)(block + pieces);
}

/*
 * Without mappings to read, the image's own segments, and whatever is around
 * them as bare code: a signal trampoline is known by its words.
 */
static dwunw_status_t load_image(struct dwunw_mips32_space *space,
				 const void *image, struct dwunw_arena *arena)
{
	space->maps_missing = true;
	if (!image)
		return DWUNW_ERR_NO_DEBUG_DATA;
	space->code = (struct dwunw_firmware_code){ .label = "[image]",
						    .image = image };
	return dwu_space_codes(&space->firmware, &space->code, 1, true, arena);
}

static dwunw_status_t load_text(struct dwunw_mips32_space *space,
				const struct dwunw_mips32_space_config *config,
				const struct dwu_image *image,
				struct dwunw_arena *arena)
{
	struct room room = { 0 };
	struct text t;
	char *labels;

	if (!open_text(&t, config))
		return DWUNW_ERR_IO;
	count_lines(&t, &room);
	close_text(&t);
	if (t.bad)
		return DWUNW_ERR_BAD_FORMAT;
	if (room.count == 0)
		return DWUNW_ERR_IO; /* a /proc that shows nothing */
	labels = make_room(space, &room, arena);
	if (!labels)
		return DWUNW_ERR_NO_MEMORY;
	if (!open_text(&t, config))
		return DWUNW_ERR_IO;
	keep_lines(space, &t, &room, labels, image);
	close_text(&t);
	return t.bad ? DWUNW_ERR_BAD_FORMAT : DWUNW_OK;
}

dwunw_status_t dwu_maps_load(struct dwunw_mips32_space *space,
			     const struct dwunw_mips32_space_config *config,
			     struct dwunw_arena *arena)
{
	struct dwu_image image = { 0 };
	dwunw_status_t status = DWUNW_OK;

	if (config->image)
		status = dwu_image_open(&space->firmware, &image, space->image);
	if (status == DWUNW_OK)
		status = load_text(space, config, &image, arena);
	return status == DWUNW_ERR_IO ?
		       load_image(space, config->image, arena) :
		       status;
}
