/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/cmd.h - what the parts of the `dwunw` command share.
 */
#ifndef DWUNW_TOOLS_CMD_H
#define DWUNW_TOOLS_CMD_H

#include "option.h"

#include <dwunw/linux.h>
#include <dwunw/symbols.h>

/* Exit codes: done; something could not be done; the command line is wrong. */
enum {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2
};

/*
 * Text of somebody else's choice to stdout: names may hold any byte, and what
 * could drive a terminal or begin a line becomes '?'.
 */
void dwu_cmd_put(const char *text);

/*
 * "dwunw: …" to stderr, as dwu_cmd_put(), a newline added; stdout is flushed
 * before.
 */
void dwu_cmd_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* A dwunw_config.log that prints errors. */
void dwu_cmd_log(void *ctx, const char *line);

/*
 * dwu_cmd_error(), unless something was logged since the last call of this:
 * the log says the same more exactly.
 */
void dwu_cmd_error_unless_logged(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* --debug-dir DIR, any number of times, --sysroot DIR and --memory-max SIZE. */
struct dwu_cmd_files {
	const char **debug_dirs; /* ends with NULL; NULL: none given */
	size_t count;
	const char *sysroot; /* NULL: not given */
	uint64_t memory_max; /* of names; half of it for a file's tables. 0: the
			      * library's */
};

/* Their rows of a table that fills a struct which begins with a struct
 * dwu_cmd_files. They warn of what is no directory. */
#define DWU_CMD_FILES_ROWS                                        \
	{ .name = "memory-max",                                   \
	  .kind = OPTION_SIZE64,                                  \
	  .to = offsetof(struct dwu_cmd_files, memory_max),       \
	  .min = 1u << 20,                                        \
	  .max = (uint64_t)1 << 40 },                             \
		{ .name = "debug-dir",                            \
		  .kind = OPTION_OTHER,                           \
		  .allowed = "a directory",                       \
		  .take = dwu_cmd_debug_dir },                    \
	{                                                         \
		.name = "sysroot", .kind = OPTION_OTHER,          \
		.allowed = "a directory", .take = dwu_cmd_sysroot \
	}
bool dwu_cmd_debug_dir(void *files, const char *path);
bool dwu_cmd_sysroot(void *files, const char *path);
void dwu_cmd_files_free(struct dwu_cmd_files *files);

/* calloc() and realloc() that end the command when memory is out. */
void *dwu_cmd_alloc(size_t count, size_t size);
void *dwu_cmd_grow(void *old, size_t count, size_t size);

/*
 * The ELF image that is only in the target's memory: its bytes, copied, and
 * what was made of them.
 */
struct dwu_vdso {
	struct dwunw_span bytes;
	uint8_t *copy;
	uint8_t *symbols_memory;
	uint8_t *module_memory;
	struct dwunw_symtab symbols;
	struct dwunw_module module;
	bool has_symbols;
};

/*
 * Copies [addr, addr + size) of the target and opens it. IO: not readable;
 * otherwise as dwunw_module_open(). dwu_vdso_free() after either.
 */
dwunw_status_t dwu_vdso_open(struct dwu_vdso *vdso, uint64_t addr,
			     uint64_t size, uint32_t serial,
			     dwunw_read_memory_fn read, void *ctx);
void dwu_vdso_free(struct dwu_vdso *vdso);

/* What stands at a pc. */
struct dwu_place {
	char file[4096];	     /* of a core: its symbols; "": no file */
	char label[4096];	     /* for printing; "": not mapped */
	const struct dwu_vdso *vdso; /* instead of a file, or NULL */
};

/* Prints stacks, one after another. */
struct dwu_printer {
	struct dwunw_context *ctx;
	struct dwunw_symbol_resolver names;
	struct dwunw_frame *frames;
	size_t frame_count;
	bool full_paths;
	int32_t pid; /* of a live process; 0: a core */
	/* what is mapped at a frame's pc */
	void (*locate)(void *locate_ctx, uint64_t pc, struct dwu_place *place);
	void *locate_ctx;
};

dwunw_status_t dwu_printer_init(struct dwu_printer *printer,
				struct dwunw_context *ctx);
void dwu_printer_free(struct dwu_printer *printer);

/*
 * Fills the printer's frames for request, whatever their number; *count of
 * them. As dwunw_capture().
 */
dwunw_status_t dwu_printer_capture(struct dwu_printer *printer,
				   struct dwunw_unwind_request *request,
				   size_t *count);

/* "TID n:", a line for each frame, and why they end if not at the root. */
void dwu_printer_print(struct dwu_printer *printer, int32_t tid,
		       const struct dwunw_unwind_request *request,
		       size_t count);

/* "function+0x2a" or "function (inlined)"; " file:line:column" or nothing. */
void dwu_cmd_print_name(const struct dwunw_symbol_info *info);
void dwu_cmd_print_line(const struct dwunw_symbol_info *info);

/* What `dwunw stack --core` was asked for. */
struct dwu_core_options {
	const char *core;
	const char *exe;     /* NULL: where the core says */
	const char *sysroot; /* before every path in the core; "": none */
};
int dwu_core_print(const struct dwu_core_options *options,
		   struct dwu_printer *printer);

/*
 * An object file or a kernel module says nothing of addresses before it is
 * linked: each section begins at 0, and where an FDE begins is a relocation.
 * Rows would be printed under addresses that are nobody's. True: it is one,
 * which has been said.
 */
bool dwu_cmd_unrelocated(const char *path, const struct dwunw_module *module);

#endif
