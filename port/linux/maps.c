/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Text of /proc/PID/maps -> the executable mappings of a process, and the
 * pieces of files, of any permission, that tell where each file is.
 *
 *	start-end perms offset major:minor inode   path
 *
 * The kernel writes the lines, the process chooses the paths and may change
 * its mappings while they are read. See proc(5).
 */
#include "maps.h"
#include "log.h"
#include "shortage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* A bounded cursor over one line; `bad` is sticky. */
struct line {
	char *at;
	char *end;
	bool bad;
};

/* One line, decoded. */
struct entry {
	struct dwunw_mapping mapping;
	struct dwu_place place;
	uint32_t flags; /* PF_* */
};

enum {
	PF_X = 1,
	PF_W = 2,
	PF_R = 4,
	/* how far back other pieces of a file are looked for */
	NEAR = 64,
};

/* 16: none, which is beyond any base that is used here. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* Bad if there is no digit, or more than 64 bits of them. */
static uint64_t number(struct line *line, int base)
{
	uint64_t value = 0;
	char *start = line->at;

	for (; line->at < line->end && digit(*line->at) < base; line->at++) {
		if (value > (UINT64_MAX - 15) / (uint64_t)base)
			line->bad = true;
		value = value * (uint64_t)base + (uint64_t)digit(*line->at);
	}
	if (line->at == start)
		line->bad = true;
	return value;
}

static void expect(struct line *line, char c)
{
	if (line->at < line->end && *line->at == c)
		line->at++;
	else
		line->bad = true;
}

/*
 * For example, "r-xp": PF_R and PF_X; the fourth says private or shared, and is
 * no flag.
 */
static void perms(struct line *line, struct entry *entry)
{
	static const char *const allowed[] = { "r-", "w-", "x-", "ps" };
	static const uint32_t flags[] = { PF_R, PF_W, PF_X, 0 };

	for (unsigned int i = 0; i < 4; i++, line->at++) {
		if (line->at == line->end || !*line->at ||
		    !strchr(allowed[i], *line->at)) {
			line->bad = true;
			return;
		}
		if (*line->at != '-')
			entry->flags |= flags[i];
	}
}

/* The rest of the line. The newline's place takes the NUL. */
static void path(struct line *line, struct entry *entry)
{
	if (line->at < line->end && *line->at != ' ')
		line->bad = true;
	while (line->at < line->end && *line->at == ' ')
		line->at++;
	if (line->at < line->end &&
	    memchr(line->at, 0, (size_t)(line->end - line->at)))
		line->bad = true;
	entry->place.path = line->at;
}

/* What has no inode is named by the kernel, never by the process. */
static void classify(struct entry *entry)
{
	struct dwu_place *place = &entry->place;
	uint32_t flags = DWUNW_MAPPING_EXEC;

	place->kind = DWU_PLACE_NOTHING;
	if (place->path[0] == '/')
		place->kind = DWU_PLACE_FILE;
	else if (place->ino)
		place->kind = DWU_PLACE_NOTHING;
	else if (!strcmp(place->path, "[vdso]"))
		place->kind = DWU_PLACE_VDSO;
	else if (!strcmp(place->path, "[uprobes]"))
		flags |= DWUNW_MAPPING_TRAMPOLINE;
	else if (!strcmp(place->path, "[stack]"))
		flags |= DWUNW_MAPPING_STACK;
	entry->mapping.flags = flags;
}

/*
 * proc_pid_maps(5). The path is cut out of the text in place: entry->place.path
 * points there, and lives as long as the image's text.
 */
static bool parse_line(struct line *line, struct entry *entry)
{
	struct dwunw_mapping *mapping = &entry->mapping;
	uint64_t major_number, minor_number;

	*entry = (struct entry){ 0 };
	mapping->start = number(line, 16);
	expect(line, '-');
	mapping->end = number(line, 16);
	expect(line, ' ');
	perms(line, entry);
	expect(line, ' ');
	mapping->off = number(line, 16);
	expect(line, ' ');
	major_number = number(line, 16);
	expect(line, ':');
	minor_number = number(line, 16);
	expect(line, ' ');
	entry->place.ino = number(line, 10);
	if (line->bad || major_number > UINT32_MAX || minor_number > UINT32_MAX)
		return false;
	entry->place.dev =
		makedev((unsigned int)major_number, (unsigned int)minor_number);
	path(line, entry);
	return !line->bad && mapping->start < mapping->end;
}

/* *items is as it was where there is no memory. */
static bool grow(void **items, uint32_t room, size_t size)
{
	void *more = dwu_realloc(*items, room * size);

	if (more)
		*items = more;
	return more != NULL;
}

/*
 * Three arrays of the same length; the first may have grown where the second
 * could not.
 */
static bool make_room(struct dwu_image *image)
{
	uint32_t room = image->room ? image->room * 2 : 64;
	void *mappings = image->space.mappings;
	void *pieces = image->pieces, *places = image->places;
	bool done;

	if (image->piece_count < image->room)
		return true;
	done = grow(&mappings, room, sizeof(*image->space.mappings)) &&
	       grow(&pieces, room, sizeof(*image->pieces)) &&
	       grow(&places, room, sizeof(*image->places));
	image->space.mappings = mappings;
	image->pieces = pieces;
	image->places = places;
	if (done)
		image->room = room;
	return done;
}

/* Large pages of a text are of a file of the kernel's own (mmap(2)). */
static bool is_anonymous(const struct dwu_place *place)
{
	return place->kind == DWU_PLACE_NOTHING ||
	       !strcmp(place->path, "/anon_hugepage (deleted)");
}

/* A number that pieces of one file share, if they are near each other. */
static uint32_t file_number(const struct dwu_image *image,
			    const struct dwu_place *place)
{
	uint32_t i = image->piece_count, end = i > NEAR ? i - NEAR : 0;

	if (is_anonymous(place))
		return DWUNW_PIECE_NONE;
	while (i-- > end)
		if (image->places[i].kind == place->kind &&
		    image->places[i].dev == place->dev &&
		    image->places[i].ino == place->ino)
			return image->pieces[i].file;
	return image->piece_count;
}

/* CONFIG_MAPPING_MAX bounds what the process can make us keep. */
static dwunw_status_t add(struct dwu_image *image, struct entry *entry)
{
	uint32_t i = image->piece_count;
	struct dwunw_mapping *mapping = &entry->mapping;

	if (((entry->flags & PF_X) &&
	     image->space.count >= CONFIG_MAPPING_MAX) ||
	    !make_room(image)) {
		dwu_log(image->ctx, "pid %d: more than %u executable mappings",
			(int)image->pid, (unsigned int)image->space.count);
		return DWUNW_ERR_NO_MEMORY;
	}
	image->pieces[i] = (struct dwunw_piece){
		.start = mapping->start,
		.end = mapping->end,
		.off = mapping->off,
		.file = file_number(image, &entry->place),
		.flags = entry->flags,
	};
	image->places[i] = entry->place;
	image->piece_count++;
	mapping->file = i;
	if (entry->flags & PF_X)
		image->space.mappings[image->space.count++] = *mapping;
	return DWUNW_OK;
}

/* A file's pieces, and whatever is executable. */
static bool is_wanted(const struct entry *entry)
{
	return (entry->flags & PF_X) ||
	       (entry->flags && entry->place.kind == DWU_PLACE_FILE);
}

/*
 * Of the kernel this is never seen; of a text that a user gives
 * (dwunw_process_from_maps()) it is.
 */
static dwunw_status_t bad_line(const struct dwu_image *image, uint64_t number)
{
	dwu_log(image->ctx, "pid %d: line %llu of its maps is no mapping",
		(int)image->pid, (unsigned long long)number);
	return DWUNW_ERR_BAD_FORMAT;
}

/*
 * Mappings ascend and do not overlap: the kernel writes them so, and space.c
 * relies on it.
 */
static dwunw_status_t parse_lines(struct dwu_image *image, size_t size)
{
	char *at = image->text, *end = image->text + size;
	uint64_t count = 0, last_end = 0;

	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		struct line line = { at, newline ? newline : end, false };
		struct entry entry;
		dwunw_status_t status;

		count++;
		at = newline ? newline + 1 : end;
		*line.end = 0;
		if (!parse_line(&line, &entry) ||
		    entry.mapping.start < last_end)
			return bad_line(image, count);
		last_end = entry.mapping.end;
		classify(&entry);
		status = is_wanted(&entry) ? add(image, &entry) : DWUNW_OK;
		if (status != DWUNW_OK)
			return status;
	}
	return DWUNW_OK;
}

/* What is known by the pieces around it alone. */
static void find_owners(struct dwu_image *image)
{
	uint32_t i, owner;

	for (i = 0; i < image->space.count; i++) {
		struct dwunw_mapping *mapping = &image->space.mappings[i];
		struct dwu_place *place = &image->places[mapping->file];

		if (image->pieces[mapping->file].file != DWUNW_PIECE_NONE ||
		    (mapping->flags & DWUNW_MAPPING_TRAMPOLINE))
			continue;
		owner = dwunw_piece_owner(image->pieces, image->piece_count,
					  mapping->start);
		place->kind = DWU_PLACE_NOTHING;
		if (owner == DWUNW_PIECE_NONE ||
		    image->places[owner].kind != DWU_PLACE_FILE)
			continue;
		place->kind = DWU_PLACE_MOVED;
		place->owner = owner;
	}
}

/* image->text has `size` bytes and one more, which is ours. */
dwunw_status_t dwu_maps_parse(struct dwu_image *image, size_t size)
{
	dwunw_status_t status = parse_lines(image, size);

	if (status == DWUNW_OK)
		find_owners(image);
	return status == DWUNW_OK ? dwunw_space_init(&image->space) : status;
}
