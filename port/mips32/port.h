/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What the files of this port share. */
#ifndef DWU_MIPS32_PORT_H
#define DWU_MIPS32_PORT_H

#include <dwunw/mips32.h>

/* All that is needed of a C library; see core/base/bytes.h. */
void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
#define memcpy(dst, src, size) __builtin_memcpy(dst, src, size)
#define memset(dst, byte, size) __builtin_memset(dst, byte, size)
#define memcmp(a, b, size) __builtin_memcmp(a, b, size)

/* No function: gcc -O0 takes it for one that reads what the kernel is to fill. */
#define dwu_word(pointer) ((uint32_t)(uintptr_t)(pointer))

static inline void *dwu_pointer(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

/* The label is NUL-terminated and lives as long as the space. */
struct dwunw_mips32_object {
	const char *label; /* "" for anonymous memory */
	uint64_t start;	   /* of the mapping, which may have been widened */
	bool image;	   /* part of the program given by its header */
	bool anonymous;	   /* no file, or a pseudo-file: "", "[vdso]" */
};

/* PT_LOAD headers of an image in memory that are looked at. */
#define DWU_LOAD_MAX 8u

/* An ELF image at work: the bytes of its segments stand for the file's. */
struct dwu_image {
	uint64_t bias;
	uint64_t size; /* up to the last byte of a segment */
	uint32_t count;
	uint16_t type; /* e_type */
	struct dwunw_segment loads[DWU_LOAD_MAX];
};

/*
 * Reads the headers of an ELF file of this host's kind at addr, and takes
 * them for the header of the segment that it stands in. BAD_FORMAT: it is
 * none; INVALID_ARG: unreadable.
 */
dwunw_status_t dwu_image_open(struct dwu_image *image, uint64_t addr);

/* Where a module's bytes come from; at most one member is in use. */
struct dwu_bytes {
	int32_t fd;	/* negative: none */
	uint64_t start; /* of bare code */
	uint64_t code_size;
	struct dwu_image image;
};

/* Only `used`, of the slots, is zeroed when the tables are dropped. */
struct dwunw_mips32_slot {
	bool used;
	struct dwu_bytes bytes;
	struct dwunw_module module;
};

/* space->space.open_module and close_module; ctx is the space. */
dwunw_status_t dwu_files_open(void *ctx, struct dwunw_mapping *mapping,
			      const struct dwunw_module **module);
void dwu_files_close(void *ctx, const struct dwunw_module *module);

/*
 * Mappings and objects from maps text, or, without any, from the image.
 * They, their labels and the slots are taken from the arena.
 */
dwunw_status_t dwu_maps_load(struct dwunw_mips32_space *space,
			     const struct dwunw_mips32_space_config *config,
			     struct dwunw_arena *arena);

/* Is the page that holds addr readable? */
bool dwu_readable(uint64_t addr);

#define DWU_PAGE_SIZE 4096u /* the smallest of any mips */

#endif
