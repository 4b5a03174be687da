/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/symbols.h - names for addresses, apart from unwinding.
 *
 * Local files only. What a name needs of a file is loaded when the first
 * address is asked for and kept within the configured bound.
 */
#ifndef DWUNW_SYMBOLS_H
#define DWUNW_SYMBOLS_H

#include <dwunw/dwunw_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One question. `pc` is an address as linked. Of two names for files that are
 * none, `pc` is an address at run time: DWUNW_SYMBOL_KERNEL, and what
 * dwunw_symbol_perf_map() gives.
 */
struct dwunw_symbol_input {
	const char *module_path;
	uint64_t build_id_hash; /* FNV-1a of the build id; 0: do not check */
	uint64_t pc;
};

#define DWUNW_SYMBOL_KERNEL "[kernel.kallsyms]"

#define DWUNW_SYMBOL_FLAG_FUNCTION 1u /* function and offset are set */
#define DWUNW_SYMBOL_FLAG_LINE 2u     /* file and line are set */
#define DWUNW_SYMBOL_FLAG_INLINED 4u  /* a call that was inlined */
#define DWUNW_SYMBOL_FLAG_PARTIAL 8u /* one of function and line is not known */

/*
 * A function, and where in it the address is. Where calls were inlined there,
 * file and line are those of the call, and `inlined` says what it called, and
 * so on to the innermost.
 *
 * Strings are printable (control characters of the file's names are '?') and
 * live until dwunw_symbol_resolver_shutdown(), the chain behind `inlined` until
 * the next dwunw_symbol_resolve_batch(), dwunw_symbol_frame() or
 * dwunw_symbol_offset().
 */
struct dwunw_symbol_info {
	const char *function;			 /* NULL: not known */
	const char *file;			 /* NULL: not known */
	const struct dwunw_symbol_info *inlined; /* NULL: this is innermost */
	uint64_t offset; /* pc - function's start; inlined: 0 */
	uint32_t line;	 /* 0: of no line */
	uint32_t column; /* 0: not known */
	uint32_t flags;	 /* DWUNW_SYMBOL_FLAG_* */
	int32_t status;	 /* dwunw_status_t of this element */
};

/* Zeroed: every default. */
struct dwunw_symbol_config {
	size_t size;		/* see types.h, "What may grow" */
	uint64_t memory_max;	/* bytes of tables kept; 0: 64 MiB */
	uint64_t file_size_max; /* larger files are refused; 0: 4 GiB */
	/* symbols of a stripped file: this one's, when the path matches */
	const char *debug_file;	  /* NULL: none */
	const char *debug_module; /* the path it stands for; NULL: any that
				   * has no symbols of its own */
	/* as in struct dwunw_config; all must outlive the resolver */
	const char *const *debug_dirs;
	const char *sysroot;
	/* one line on a debug file that was refused; NULL: silence */
	void (*log)(void *log_ctx, const char *line);
	void *log_ctx;
	uint32_t flags; /* DWUNW_SYMBOL_* */
};

#define DWUNW_SYMBOL_NO_LINES 1u  /* functions and offsets only: quicker */
#define DWUNW_SYMBOL_RAW_NAMES 2u /* C++ and Rust names as they are linked */

struct dwunw_symbol_store;
struct dwunw_symbol_resolver {
	struct dwunw_symbol_store *store;
	uint32_t debug_file_used; /* files that config.debug_file served */
	struct dwunw_symbol_config config;
	uint64_t reserved[8]; /* what config grows into */
};

/* cfg may be NULL. NO_MEMORY, INVALID_ARG. */
dwunw_status_t
dwunw_symbol_resolver_init(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_config *cfg);

/*
 * Answers inputs[i] in infos[i], each with its own status:
 * NO_DEBUG_DATA: no symbol there; IO, BAD_FORMAT: the file. OK unless an
 * argument is NULL (INVALID_ARG).
 */
dwunw_status_t
dwunw_symbol_resolve_batch(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_input *inputs,
			   struct dwunw_symbol_info *infos, size_t count);

/*
 * The other direction, for probes: a function's file offset in the file at
 * path. `size` (may be NULL) gets the symbol's size. NO_DEBUG_DATA: the file
 * does not define it. NOT_IMPLEMENTED: it is MIPS16 or microMIPS code, where a
 * probe would be an instruction of another set, or chosen at load time (IFUNC):
 * dwunw_symbol_locate() says which.
 */
dwunw_status_t dwunw_symbol_offset(struct dwunw_symbol_resolver *resolver,
				   const char *path, const char *function,
				   uint64_t *off, uint64_t *size);

/* Where a probe may be. */
struct dwunw_symbol_place {
	uint64_t off;  /* in the file */
	uint64_t size; /* the symbol's; 0: not known */
	char why[512]; /* a line, without its end: why none may be, a note; "" */
};

#define DWUNW_SYMBOL_START 1u	/* an offset must be a function's start */
#define DWUNW_SYMBOL_WRITTEN 2u /* C++ and Rust names as written, too */

/*
 * As dwunw_symbol_offset(), by what a user calls the place: a function as it is
 * linked; or as it is written, with or without its arguments, if a single one
 * is: "app::Handler::handle"; or its offset in the file, "0x2e40", which must be
 * that of an instruction: for a return probe that of a function's first one.
 *
 * NOT_IMPLEMENTED: no probe may be there; `why` says so in a line. So is a
 * function that is chosen at load time (IFUNC): its address is that of the
 * function which chooses. NO_DEBUG_DATA: the file has none; `why` may say more. OK
 * with a `why`: of fixed-size instructions, no symbol and no FDE tells whether a
 * function starts there, and the offset was believed.
 */
dwunw_status_t dwunw_symbol_locate(struct dwunw_symbol_resolver *resolver,
				   const char *path, const char *name,
				   uint32_t flags,
				   struct dwunw_symbol_place *place);

/*
 * The names of a frame of process pid, as a walk in `ctx` gave it: from the
 * file that is mapped there, also where it was deleted or another one has its
 * path by now; without a file, from what the process tells of code that it
 * made. pid 0: a frame of no live process, its file alone.
 *
 * info as of one element of a batch; `offset` is that of frame->pc itself. A
 * signal trampoline has no name of its own: NO_DEBUG_DATA, if its file knows
 * none. NO_DEBUG_DATA as well: nothing of exactly that file can be read.
 */
dwunw_status_t dwunw_symbol_frame(struct dwunw_symbol_resolver *resolver,
				  struct dwunw_context *ctx, int32_t pid,
				  const struct dwunw_frame *frame,
				  struct dwunw_symbol_info *info);

/*
 * The path to ask with for code that process pid made at run time: its
 * perf-PID.map, in the process's own mount and pid namespaces. What it says,
 * and the process's jitdump file, are read on whenever a batch asks.
 * INVALID_ARG: size is too small; NOT_IMPLEMENTED.
 */
dwunw_status_t dwunw_symbol_perf_map(int32_t pid, char *path, size_t size);

/* Frees every string handed out. Twice does no harm. */
void dwunw_symbol_resolver_shutdown(struct dwunw_symbol_resolver *resolver);

#ifdef __cplusplus
}
#endif
#endif
