/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the files of this port share, and what a port beside it (port/mips32/) may
 * use: it then says by a struct dwunw_firmware_origin where bytes come from.
 *
 * HOST_LAYOUT is the header of this machine, HOST_NAME its prefix there,
 * DWU_HOST_ARCH its arch id.
 */
#ifndef DWU_FIRMWARE_PORT_H
#define DWU_FIRMWARE_PORT_H

#include <dwunw/firmware.h>
#include <dwunw/layout.h>

#include HOST_LAYOUT

#define HOST__(name, what) DWUNW_##name##_##what
#define HOST_(name, what) HOST__(name, what)
#define HOST(what) HOST_(HOST_NAME, what)

#define HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define HOST_IS_WIDE (UINTPTR_MAX > UINT32_MAX)

/* All that is needed of a C library; see core/base/bytes.h. */
void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memset(void *dst, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
#define memcpy(dst, src, size) __builtin_memcpy(dst, src, size)
#define memset(dst, byte, size) __builtin_memset(dst, byte, size)
#define memcmp(a, b, size) __builtin_memcmp(a, b, size)

static inline void *dwu_pointer(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

#define DWU_PAGE_SIZE 4096u /* the smallest of any target */

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

/* Where a module's bytes come from; the space is who reads the memory. */
struct dwu_bytes {
	const struct dwunw_firmware_space *space;
	int32_t fd; /* the origin's own; negative: none */
	struct dwunw_firmware_code bare;
	struct dwu_image image;
};

/* The label is NUL-terminated and lives as long as the space. */
struct dwunw_firmware_object {
	const char *label; /* "" for anonymous memory */
	uint64_t start;	   /* of the mapping, which may have been widened */
	bool image;	   /* part of the program given by its header */
	bool anonymous;	   /* no file, or a pseudo-file: "", "[vdso]" */
	const struct dwunw_firmware_code *code; /* NULL: none of the caller's */
};

/* Only `used`, of the slots, is zeroed when the tables are dropped. */
struct dwunw_firmware_slot {
	bool used;
	struct dwu_bytes bytes;
	struct dwunw_module module;
};

/* How the bytes behind a mapping are found, and given back. */
struct dwunw_firmware_origin {
	/* sets bytes and src, which reads them */
	dwunw_status_t (*open)(struct dwunw_firmware_space *space,
			       const struct dwunw_mapping *mapping,
			       struct dwu_bytes *bytes,
			       struct dwunw_source *src);
	/* of an open one, run-time address minus address as linked */
	dwunw_status_t (*bias)(const struct dwunw_firmware_space *space,
			       const struct dwunw_firmware_slot *slot,
			       const struct dwunw_mapping *mapping,
			       uint64_t *bias);
	/* the bytes of a module whose tables were kept, once more */
	dwunw_status_t (*reopen)(struct dwunw_firmware_space *space,
				 const struct dwunw_mapping *mapping,
				 struct dwunw_firmware_slot *slot);
	/* gives back what stays open no longer than a walk needs it */
	void (*close)(struct dwu_bytes *bytes);
};

dwunw_status_t dwu_read(const struct dwunw_firmware_space *space, uint64_t addr,
			void *dst, size_t size);

/*
 * Reads the headers of an ELF file of this host's kind at addr, and takes
 * them for the header of the segment that it stands in. BAD_FORMAT: it is
 * none; INVALID_ARG: unreadable.
 */
dwunw_status_t dwu_image_open(const struct dwunw_firmware_space *space,
			      struct dwu_image *image, uint64_t addr);

/* Is the segment code? */
bool dwu_is_code(const struct dwunw_segment *load);

/* Registers from fields of 8 bytes in the byte order of arch_id, as this host's
 * ucontext_t has them; of 32 bits the low half counts. */
dwunw_status_t dwu_regset_from_fields(struct dwunw_regset *regs,
				      uint16_t arch_id, const uint8_t *fields);

/* bytes, from an image at addr. */
dwunw_status_t dwu_use_image(struct dwu_bytes *bytes, uint64_t addr,
			     struct dwunw_source *src);

/* … from bare code: a file is made up that has it as its only code. */
void dwu_use_bare(struct dwu_bytes *bytes,
		  const struct dwunw_firmware_code *code,
		  struct dwunw_source *src);

/* space->space.open_module and close_module; ctx is the space. */
dwunw_status_t dwu_modules_open(void *ctx, struct dwunw_mapping *mapping,
				const struct dwunw_module **module);
void dwu_modules_close(void *ctx, const struct dwunw_module *module);
/* Bytes of tables that the module of a mapping wants; `slot` is used for that. */
size_t dwu_module_tables(struct dwunw_firmware_space *space,
			 struct dwunw_mapping *mapping,
			 struct dwunw_firmware_slot *slot);

/* A space of this host whose bytes come from `origin`: the first call. */
void dwu_space_begin(struct dwunw_firmware_space *space,
		     const struct dwunw_firmware_origin *origin);
/* … whose mappings are there: what is left of the arena is for tables. The last
 * call. INVALID_ARG: mappings that are empty or overlap. */
dwunw_status_t dwu_space_finish(struct dwunw_firmware_space *space,
				struct dwunw_arena *arena);

/* Room for `count` mappings, their objects and the slots, and `more` bytes behind
 * them; NULL: the arena's `wanted` says what is enough. */
void *dwu_space_room(struct dwunw_firmware_space *space, uint32_t count,
		     size_t more, struct dwunw_arena *arena);
/* One more mapping, into that room. */
struct dwunw_firmware_object *
dwu_space_keep(struct dwunw_firmware_space *space,
	       const struct dwunw_mapping *mapping, const char *label);

/* More codes are a mistake. */
#define DWU_CODES_MAX 256u
/* All calls in one: a space of codes. `space` has read_memory; its other fields
 * are 0. */
dwunw_status_t dwu_space_codes(struct dwunw_firmware_space *space,
			       const struct dwunw_firmware_code *codes,
			       uint32_t count, bool around,
			       struct dwunw_arena *arena);
/* Bytes of tables that the greediest of them wants. */
size_t dwu_codes_tables(struct dwunw_firmware_space *space,
			const struct dwunw_firmware_code *codes,
			uint32_t count);

/* The label of a mapping's object; "[anonymous]". */
const char *dwu_label_of(const struct dwunw_firmware_object *object);

/* A walk; whoever asks for it makes the space, in what is left of the arena. */
struct dwu_job {
	dwunw_status_t (*make_space)(struct dwu_job *job,
				     struct dwunw_arena *arena);
	void *ctx; /* make_space()'s own */
	struct dwunw_firmware_space *space;
	void *memory;
	size_t memory_size;
	uint32_t max_frames;
	void (*frame)(void *ctx, const struct dwunw_firmware_frame *frame);
	void *frame_ctx;
	/* set by the call: as those of a trace */
	uint32_t count;
	struct dwunw_stop stop;
	const char *stop_label;
	size_t wanted;
};
/* INVALID_ARG: a NULL; else as dwunw_firmware_backtrace(). */
dwunw_status_t dwu_job_run(struct dwu_job *job,
			   const struct dwunw_regset *regs);
/* Makes the space alone, in the job's memory. NO_MEMORY: job->wanted. */
dwunw_status_t dwu_job_space(struct dwu_job *job);
/* memory_size that is enough, with tables of so many bytes at a time. */
size_t dwu_job_size(struct dwu_job *job, size_t tables);

size_t dwu_stop_text(char *text, size_t size, const struct dwunw_stop *stop,
		     uint32_t count, size_t wanted, const char *label);

#endif
