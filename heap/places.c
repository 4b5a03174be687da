/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * places.c - where functions are in a file, asked of its symbols a single time.
 *
 * Each process has the file at a path of its own (/proc/PID/root/…), so the
 * resolver, which goes by paths, would read libc's symbols again for each program
 * that a command starts. Here a file is what its device, inode, size and time of
 * change say, for as long as the recording lasts.
 */
#include "recorder.h"

#include <dwunw/trace.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 256u /* beyond: read again */
#define NAME_MAX_SIZE 96u

struct place {
	char name[NAME_MAX_SIZE];
	dwunw_status_t status;
	uint64_t off;
	uint64_t size;
	uint32_t cheap; /* entry.c's answer */
	bool has_cheap;
};

struct dwu_known_file {
	struct dwu_known_file *next;
	struct stat is;
	struct place *places;
	uint32_t count;
};

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

struct dwu_known_file *dwu_known_file(struct dwunw_heap *heap, const char *path)
{
	struct dwu_known_file *known;
	uint32_t count = 0;
	struct stat is;

	if (stat(path, &is))
		return NULL;
	for (known = heap->known_files; known; known = known->next, count++) {
		if (same_file(&known->is, &is))
			return known;
	}
	known = count < FILES_MAX ? calloc(1, sizeof(*known)) : NULL;
	if (!known)
		return NULL;
	known->is = is;
	known->next = heap->known_files;
	heap->known_files = known;
	return known;
}

static struct place *find(const struct dwu_known_file *known, const char *name)
{
	for (uint32_t i = 0; known && i < known->count; i++) {
		if (!strcmp(known->places[i].name, name))
			return &known->places[i];
	}
	return NULL;
}

static void keep(struct dwu_known_file *known, const struct place *place)
{
	struct place *places;

	places = realloc(known->places, (known->count + 1) * sizeof(*places));
	if (!places)
		return;
	known->places = places;
	places[known->count++] = *place;
}

/* What says something of the file, and not of this moment. */
static bool is_lasting(dwunw_status_t status)
{
	return status != DWUNW_ERR_IO && status != DWUNW_ERR_NO_MEMORY;
}

/* What the user is told: once a file where no probe may be; that there is no such
 * function when all files have been looked at. */
static void take_why(struct dwunw_heap *heap, dwunw_status_t status,
		     const char *name, const char *why)
{
	if (status == DWUNW_OK && *why)
		fprintf(stderr, "%s: note: %s\n", heap->config.tool, why);
	if (status == DWUNW_ERR_NOT_IMPLEMENTED) {
		fprintf(stderr, "%s: %s\n", heap->config.tool, why);
		why = "no probe may be there";
		/* a command line's: others may have probes, and it asked for
		 * this */
		heap->offset_refused |= !strncmp(name, "0x", 2);
	}
	if (status == DWUNW_ERR_NOT_IMPLEMENTED ||
	    (status == DWUNW_ERR_NO_DEBUG_DATA && *why))
		snprintf(heap->no_function, sizeof(heap->no_function), "%s",
			 why);
}

dwunw_status_t dwu_place_find(struct dwunw_heap *heap,
			      struct dwu_known_file *known, const char *path,
			      const char *name, uint32_t flags, uint64_t *off,
			      uint64_t *size)
{
	const struct place *old = find(known, name);
	uint32_t shortages = dwunw_shortages(NULL);
	struct dwunw_symbol_place there;
	struct place place = { .off = 0 };

	if (old) {
		*off = old->off;
		*size = old->size;
		return old->status;
	}
	place.status =
		dwunw_symbol_locate(&heap->places, path, name, flags, &there);
	take_why(heap, place.status, name, there.why);
	*off = place.off = there.off;
	*size = place.size = there.size;
	strncpy(place.name, name, NAME_MAX_SIZE - 1);
	if (known && is_lasting(place.status) && strlen(name) < NAME_MAX_SIZE &&
	    shortages == dwunw_shortages(NULL))
		keep(known, &place);
	return place.status;
}

uint32_t dwu_place_cheap(struct dwu_known_file *known, uint16_t arch,
			 const char *path, const char *name, uint64_t off,
			 uint64_t size)
{
	struct place *place = find(known, name);

	if (place && place->off != off)
		place = NULL; /* a function that the command line names */
	if (place && place->has_cheap)
		return place->cheap;
	if (!place)
		return dwunw_entry_cheap_offset_in(arch, path, off, size);
	place->cheap = dwunw_entry_cheap_offset_in(arch, path, off, size);
	place->has_cheap = true;
	return place->cheap;
}

void dwu_known_files_free(struct dwunw_heap *heap)
{
	while (heap->known_files) {
		struct dwu_known_file *known = heap->known_files;

		heap->known_files = known->next;
		free(known->places);
		free(known);
	}
}
