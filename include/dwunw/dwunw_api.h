/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/dwunw_api.h - the front door.
 *
 * dwunw turns one captured register set into the call stack it came from.
 * A tool on Linux needs four calls:
 *
 *	struct dwunw_context ctx;
 *	dwunw_init(&ctx);
 *	… dwunw_capture(&ctx, &request, &count) for every event …
 *	dwunw_shutdown(&ctx);
 *
 * Below it lies a freestanding core (elf.h, module.h, walk.h) that needs no
 * context, no libc and no operating system; the context belongs to the port
 * and owns what the core must not know: files, processes, a module cache.
 */
#ifndef DWUNW_API_H
#define DWUNW_API_H

#include <dwunw/unwind.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header; DWUNW_VERSION is "MAJOR.MINOR.PATCH". While MAJOR is 0, a
 * caller is compiled anew for another MINOR. */
#define DWUNW_VERSION_MAJOR 0
#define DWUNW_VERSION_MINOR 2
#define DWUNW_VERSION_PATCH 0
#define DWUNW_VERSION_TEXT(major, minor, patch) #major "." #minor "." #patch
#define DWUNW_VERSION_OF(major, minor, patch) \
	DWUNW_VERSION_TEXT(major, minor, patch)
#define DWUNW_VERSION                                              \
	DWUNW_VERSION_OF(DWUNW_VERSION_MAJOR, DWUNW_VERSION_MINOR, \
			 DWUNW_VERSION_PATCH)

/* DWUNW_VERSION of the library that is linked. Static. */
const char *dwunw_version(void);

/* The default of dwunw_config.module_cache_capacity. */
#define DWUNW_MODULE_CACHE_CAPACITY 16u

/* dwunw_config.row_cache_entries: no row cache at all. */
#define DWUNW_ROW_CACHE_OFF UINT32_MAX

/*
 * Zeroed, every field has its default. A copy is kept; what its pointers
 * point to must outlive the context.
 */
struct dwunw_config {
	size_t size; /* see types.h, "What may grow" */
	/* files kept open for their tables; 0: the default, above */
	uint32_t module_cache_capacity;
	/* a power of two; 0: the build's default; or ROW_CACHE_OFF */
	uint32_t row_cache_entries;
	/* processes whose mappings are kept; 0: 256; least used goes first */
	uint32_t process_capacity;
	uint32_t reserved;
	/* files larger than this are refused, in bytes; 0: build's default */
	uint64_t file_size_max;
	/* bytes of a file's tables in memory, and of what is used of its
	 * .eh_frame; of all files together four times that. 0:
	 * DWUNW_TABLES_MAX. A file with larger ones has none */
	uint64_t tables_max;
	/* one line of text on what went wrong where; NULL: silence. It runs
	 * under locks and must not call the library */
	void (*log)(void *log_ctx, const char *line);
	void *log_ctx;
	/* where debug files are looked for, before /usr/lib/debug; ends with
	 * NULL; NULL: nowhere else */
	const char *const *debug_dirs;
	/* a tree that holds files unstripped at the same paths; each must be
	 * of the same build to be used. NULL: none */
	const char *sysroot;
};

struct dwunw_port;

/* Zero-initialised or fresh from the stack; not to be moved once set up. */
struct dwunw_context {
	struct dwunw_port *port;
	bool module_cache_ready;
	struct dwunw_config config;
	uint64_t reserved[8]; /* what config grows into */
};

/* dwunw_init_with() and every default. */
dwunw_status_t dwunw_init(struct dwunw_context *ctx);

/* INVALID_ARG: a NULL or a field out of range; NO_MEMORY. */
dwunw_status_t dwunw_init_with(struct dwunw_context *ctx,
			       const struct dwunw_config *config);

/* Flushes the module cache and gives everything back. Twice does no harm. */
void dwunw_shutdown(struct dwunw_context *ctx);

/*
 * A file's module, opened or found again. The key is device, inode, size and
 * change time; the path is only how to get there. Two states: active, with
 * references, and warm, without, kept until a new file needs the slot (the
 * warm slot released longest ago goes first).
 *
 * CACHE_FULL: every slot is active. IO, BAD_FORMAT, UNSUPPORTED_ARCH,
 * NO_MEMORY: as dwunw_module_open(). INVALID_ARG: not a regular file, or
 * larger than the configured limit.
 */
dwunw_status_t dwunw_module_cache_acquire(struct dwunw_context *ctx,
					  const char *path,
					  const struct dwunw_module **module);
void dwunw_module_cache_release(struct dwunw_context *ctx,
				const struct dwunw_module *module);
/* Drops every warm module. */
void dwunw_module_cache_flush(struct dwunw_context *ctx);

/* The cache as it is now. */
struct dwunw_cache_stats {
	uint32_t capacity;
	uint32_t active;
	uint32_t warm;
	uint32_t reserved;
	uint64_t opens;	    /* files opened and parsed */
	uint64_t hits;	    /* found again */
	uint64_t evictions; /* warm ones reclaimed */
	uint64_t bytes;	    /* of all arenas */
};
void dwunw_module_cache_stats(const struct dwunw_context *ctx,
			      struct dwunw_cache_stats *stats);

/*
 * The path by which the file with that serial was first opened, for
 * printing; NULL: no such file. Valid until dwunw_shutdown().
 */
const char *dwunw_module_label(const struct dwunw_context *ctx,
			       uint32_t serial);

/*
 * What stands for the content of that file, the same in every process, run and
 * host: dwunw_elf_identity(), made when it was first opened. 0: no such file, or
 * it could not be read.
 */
uint64_t dwunw_module_identity(const struct dwunw_context *ctx,
			       uint32_t serial);
/* Its size in bytes, as it was then. 0: no such file. */
uint64_t dwunw_module_size(const struct dwunw_context *ctx, uint32_t serial);
/* Its build id to id, which has DWUNW_BUILD_ID_MAX bytes; how many it has. 0: no
 * such file, or it has none. */
size_t dwunw_module_build_id(const struct dwunw_context *ctx, uint32_t serial,
			     uint8_t *id);

/*
 * The name of a stack: dwunw_stack_id_add() over all frames, the innermost first.
 * Equal for the frames of a copy, of a walk in the kernel, and of another
 * process or host, if their files are the same. Code without a file has only its
 * run-time address: such a stack has another id in another process. 0: no
 * frames.
 */
uint64_t dwunw_stack_id(const struct dwunw_context *ctx,
			const struct dwunw_frame *frames, size_t count);

#ifdef __cplusplus
}
#endif
#endif
