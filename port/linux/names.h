/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * names.h - where names come from, behind dwunw/symbols.h.
 *
 *	names_lines     DWARF of one file -> function, file, line, inlined calls
 *	names_files     the other files that DWARF refers to
 *	names_dwp       one of those: split DWARF of many units
 *	names_elf       ELF symbols
 *	names_place     where a probe may be
 *	names_plt       stubs of the procedure linkage table -> name@plt
 *	names_go        Go's .gopclntab
 *	names_code      functions of code that comes and goes
 *	names_perfmap   text of perf-PID.map and /proc/kallsyms -> those
 *	names_text      which files of a process those are
 *	names_jitdump   jit-PID.dump -> those
 *	demangle        C++ and Rust
 */
#ifndef DWU_NAMES_H
#define DWU_NAMES_H

#include "debug.h"
#include "modules.h"

#include <dwunw/dwarf.h>
#include <dwunw/symbols.h>

/* A name or path that is kept until shutdown; NULL: no memory. */
typedef const char *dwu_keep_fn(void *ctx, const char *text);

/* Levels of inlined calls that are told; outer ones are left out. */
#define DWU_INLINED_MAX 64u

/* --- symbols.c ---------------------------------------------------------------- */

/* Are there tables of exactly that file? Then its path is of no matter. */
bool dwu_symbols_known(struct dwunw_symbol_resolver *resolver,
		       const struct dwu_module_is *is);
/*
 * As dwunw_symbol_resolve_batch() with one question; of exactly that file,
 * wherever it was found. is: NULL: whatever the path leads to.
 */
dwunw_status_t dwu_symbols_ask(struct dwunw_symbol_resolver *resolver,
			       const struct dwunw_symbol_input *input,
			       const struct dwu_module_is *is,
			       struct dwunw_symbol_info *info);

/* --- names_lines.c ------------------------------------------------------------ */

struct dwu_unit_names;
struct dwu_dwp;

/* A file with DWARF in it, and those of its units that were asked about. */
struct dwu_lines {
	struct dwu_debug debug;	    /* the file, open */
	struct dwunw_arena content; /* unpacked sections */
	struct dwunw_arena index;   /* by .debug_aranges */
	struct dwunw_arena whole;   /* by all units, when that had no answer */
	struct dwunw_arena list;
	struct dwunw_dwarf dwarf;
	struct dwunw_units quick;
	struct dwunw_units all;
	struct dwu_unit_names *units;
	struct dwu_lines *alt; /* what it shares with others, or NULL */
	struct dwu_dwp *dwp;   /* units that were split off, or NULL */
	uint64_t bytes;	       /* that all of it holds */
	bool has_dwp;	       /* looked for */
	bool has_quick;
	bool has_all;
	bool too_large; /* all units, for memory_max */
};

/* What all files of a resolver share. */
struct dwu_lines_ctx {
	const struct dwunw_symbol_config *config;
	struct dwunw_arena *scratch;
	dwu_keep_fn *keep_function;
	dwu_keep_fn *keep_path;
	void *keep_ctx;
};

/* --- names_content.c ---------------------------------------------------------- */

/* Address space that an arena begins with; what it does not use is given back. */
#define DWU_UNIT_ROOM ((size_t)4 << 20)
#define DWU_SMALL_ROOM ((size_t)1 << 20)

/* Something that fills an arena, and may ask for a larger one. */
typedef dwunw_status_t dwu_fill_fn(void *what, struct dwunw_arena *arena,
				   struct dwunw_arena *scratch);

/* Calls fn until its arenas are large enough; max: bytes of either of them. */
dwunw_status_t dwu_fill(dwu_fill_fn *fn, void *what, struct dwunw_arena *arena,
			size_t room, struct dwunw_arena *scratch, uint64_t max);

/*
 * Takes the open debug file over, whatever the status, and keeps it open.
 * path: for messages; NULL: none. A file that it shares its DWARF with is not
 * looked for.
 * NO_DEBUG_DATA: it has no DWARF.
 */
dwunw_status_t dwu_content_open(struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx,
				struct dwu_debug *debug, const char *path);
/* Of what dwu_content_open() has opened, and of a list of its units. */
void dwu_content_close(struct dwu_lines *lines);

/* --- names_lines.c ------------------------------------------------------------- */

/* dwu_content_open(), and the file that it shares its DWARF with. */
dwunw_status_t dwu_lines_open(struct dwu_lines *lines,
			      const struct dwu_lines_ctx *ctx,
			      struct dwu_debug *debug, const char *path);
void dwu_lines_close(struct dwu_lines *lines);

/* One level: a function, and where in it. */
struct dwu_level {
	const char *function; /* NULL: not known */
	const char *file;     /* NULL: not known */
	uint64_t start;	      /* of the function */
	uint32_t line;
	uint32_t column;
	bool inlined;
	bool bare; /* function is without its namespace and arguments */
};

/*
 * The levels of vaddr, the innermost first. NO_DEBUG_DATA: nothing is known
 * of it. max_bytes: units that were not used for long are forgotten.
 */
dwunw_status_t dwu_lines_find(struct dwu_lines *lines,
			      const struct dwu_lines_ctx *ctx, uint64_t vaddr,
			      uint64_t max_bytes, struct dwu_level *levels,
			      uint32_t *count);

/* --- names_files.c ------------------------------------------------------------- */

/* From malloc, open; NULL: it refers to none, or there is none. */
struct dwu_lines *dwu_names_alt(const struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx);
/* What a skeleton unit stands for, of the .dwp or a .dwo; `lines` must outlive
 * it. */
struct dwu_lines *dwu_names_dwo(struct dwu_lines *lines,
				const struct dwu_lines_ctx *ctx,
				const struct dwunw_unit *unit);

/* --- names_dwp.c --------------------------------------------------------------- */

/* Takes the open file over, whatever comes of it. NULL: it is no .dwp. */
struct dwu_dwp *dwu_dwp_open(const struct dwu_lines_ctx *ctx,
			     struct dwu_debug *debug);
void dwu_dwp_close(struct dwu_dwp *dwp);
/* dwu_file_begin() of its file. */
void dwu_dwp_begin(struct dwu_dwp *dwp);
uint64_t dwu_dwp_bytes(const struct dwu_dwp *dwp);
/* A unit by its id, from malloc, without what it shares. NULL: not there. */
struct dwu_lines *dwu_dwp_unit(const struct dwu_dwp *dwp, uint64_t id);

/* --- names_elf.c --------------------------------------------------------------- */

/* Functions of one file. Zeroed: none. */
struct dwu_symbols {
	struct dwunw_symtab tab;
	struct dwunw_symtab own; /* .dynsym, where tab is a debug file's */
	struct dwunw_arena arena;
	struct dwunw_arena own_arena;
};

/* As dwunw_symtab_open(), in memory of its own. */
dwunw_status_t dwu_symbols_read(struct dwu_symbols *symbols,
				const struct dwunw_elf *elf,
				const struct dwunw_symbol_config *config,
				const char *path);
/* The table of another file of the same build, if it has one. */
void dwu_symbols_add(struct dwu_symbols *symbols, const struct dwunw_elf *elf,
		     const struct dwunw_symbol_config *config,
		     const char *path);
/* Functions without a size end where the CFI of this file says so; and where its
 * code does, if the table has some of its functions only. */
void dwu_symbols_limit(struct dwu_symbols *symbols,
		       const struct dwunw_source *src, bool some,
		       const struct dwunw_symbol_config *config);
/* A module of the file, in memory of its own, which is freed whatever comes of
 * it. */
dwunw_status_t dwu_names_module(struct dwunw_module *module,
				struct dwunw_arena *arena,
				const struct dwunw_source *src,
				const struct dwunw_symbol_config *config);
/* As dwunw_symtab_by_vaddr() and dwunw_symtab_by_name(). */
dwunw_status_t dwu_symbols_by_vaddr(const struct dwu_symbols *symbols,
				    uint64_t vaddr,
				    struct dwunw_elf_symbol *symbol);
dwunw_status_t dwu_symbols_by_name(const struct dwu_symbols *symbols,
				   const char *name,
				   struct dwunw_elf_symbol *symbol);
/* Is there a function of MIPS16 or microMIPS? */
bool dwu_symbols_compressed(const struct dwu_symbols *symbols, uint64_t vaddr);
uint64_t dwu_symbols_size(const struct dwu_symbols *symbols);
void dwu_symbols_free(struct dwu_symbols *symbols);

/* --- names_plt.c --------------------------------------------------------------- */

struct dwu_plt_stub;

struct dwu_plt {
	struct dwu_plt_stub *stubs; /* sorted by start */
	size_t count;
	uint64_t bytes; /* that all of it holds */
};

/* Finds what there is; a file without stubs has none. */
void dwu_plt_open(struct dwu_plt *plt, const struct dwunw_elf *elf);
void dwu_plt_close(struct dwu_plt *plt);
/* NULL: none is there. */
const char *dwu_plt_find(const struct dwu_plt *plt, uint64_t vaddr,
			 uint64_t *start);

/* --- names_go.c ----------------------------------------------------------------- */

/* A .gopclntab in memory. Offsets are from its start. */
struct dwu_go {
	uint8_t *data;
	uint64_t size; /* 0: none */
	uint64_t text; /* address of the code, from 1.18 on */
	uint64_t count;
	uint64_t functab;
	uint64_t funcs;
	uint64_t names;
	uint64_t units;
	uint64_t files;
	uint64_t pctab;
	uint32_t version; /* the Go it came with: 2, 16, 18, 20 */
	uint8_t field;	  /* bytes of a field of functab */
	uint8_t word;
	uint8_t quantum;
	bool big;
};

struct dwu_go_place {
	const char *function;
	const char *file; /* NULL: not known */
	uint64_t start;
	uint32_t line;
};

/* False: the file has none, one of more than max bytes, or a broken one. */
bool dwu_go_open(struct dwu_go *go, const struct dwunw_elf *elf, uint64_t max);
/* The same of go->data, where size, big and text are set. */
bool dwu_go_read(struct dwu_go *go);
void dwu_go_close(struct dwu_go *go);
/* False: no function is there. Strings are in the table. */
bool dwu_go_find(const struct dwu_go *go, uint64_t vaddr,
		 struct dwu_go_place *place);

/* --- names_code.c --------------------------------------------------------------- */

struct dwu_code;

/* Functions by their addresses at run time; the text has their names. */
struct dwu_codemap {
	char *text;
	struct dwu_code *items; /* [0, settled) sorted, then as they came */
	size_t text_size;
	size_t text_room;
	uint32_t count;
	uint32_t settled;
	uint32_t room;
	uint32_t number;
	bool sizeless; /* each ends where the next one starts */
};

/* More names than that are refused. */
#define DWU_CODE_TEXT_MAX ((size_t)64 << 20)

/* Keeps a name. False: no memory, or too many. */
bool dwu_codemap_text(struct dwu_codemap *map, const char *text, size_t size,
		      uint32_t *name);
/*
 * A function that is there from now on. An empty name: nothing is there any
 * more. False: no memory, or too many.
 */
bool dwu_codemap_add(struct dwu_codemap *map, uint64_t start, uint64_t size,
		     uint32_t name);
/* Sorts them; or does so where enough were added to be worth it. */
void dwu_codemap_settle(struct dwu_codemap *map);
void dwu_codemap_grown(struct dwu_codemap *map);
/* NULL: none is there. */
const char *dwu_codemap_find(const struct dwu_codemap *map, uint64_t addr,
			     uint64_t *start);
/* What it takes of memory. */
uint64_t dwu_codemap_bytes(const struct dwu_codemap *map);
void dwu_codemap_free(struct dwu_codemap *map);

/* --- names_perfmap.c ------------------------------------------------------------ */

/*
 * Takes the functions of the whole lines, which are cut into strings; one
 * that makes no sense is passed over. False: one could not be kept.
 */
bool dwu_perf_map_parse(struct dwu_codemap *map, char *text, size_t size);
bool dwu_kallsyms_parse(struct dwu_codemap *map, char *text, size_t size);

/* --- names_text.c -------------------------------------------------------------- */

/* A file of a process's own that grows, as far as it was read. */
struct dwu_growing {
	struct dwu_file_id id;
	uint64_t off;	  /* 0: nothing yet */
	uint8_t last[64]; /* the bytes before off: they do not change */
};

/* What a process has told of the code that it makes, or the kernel of its. */
struct dwu_told {
	struct dwu_codemap code;
	struct dwu_growing map;
	struct dwu_growing dump;
	char *dump_path; /* in the process's root; NULL: none is known */
	uint64_t dump_ino;
	int64_t searched; /* when a dump was looked for, seconds */
	uint64_t start_time;
	dwunw_status_t status;
	/* nothing more is read: a part cannot be, so what holds is not known */
	bool lost;
};

/* As dwunw_symbol_perf_map(). */
dwunw_status_t dwu_jit_path(int32_t pid, char *path, size_t size);
/* Is that such a path, or the kernel's? */
bool dwu_told_is(const char *path);
/*
 * Reads what is new, all of it the first time; of the kernel once. What a
 * process left behind when it ended stays. told->status: ATTACH_DENIED: it
 * belongs to somebody else; NO_DEBUG_DATA: nothing is told, or not in a form
 * that could be read, or the kernel tells no addresses.
 */
void dwu_told_read(struct dwu_told *told, const char *path);
void dwu_told_close(struct dwu_told *told);

/* --- names_jitdump.c ------------------------------------------------------------ */

/* Finds the dump by the marker that the process maps. */
void dwu_jitdump_search(struct dwu_told *told, int pid);
/* Takes the records that are new. False: one of them makes no sense. */
bool dwu_jitdump_read(struct dwu_told *told, const struct dwunw_source *src,
		      uint64_t *off);

/* --- demangle.c ---------------------------------------------------------------- */

/* From malloc; NULL: not a name of C++ or Rust, or not in this build. */
char *dwu_demangle(const char *name);
/* … without its arguments and what it returns. */
char *dwu_demangle_bare(const char *name);

/* --- names_place.c -------------------------------------------------------------- */

/* What dwunw_symbol_locate() was asked. */
struct dwu_place_question {
	const struct dwu_symbols *symbols; /* NULL: there are none */
	const struct dwunw_elf *elf;	   /* the file itself */
	const struct dwunw_symbol_config *config;
	const char *path;
	const char *name;
	uint32_t flags;
	struct dwunw_symbol_place *place; /* zeroed */
};
dwunw_status_t dwu_place_ask(const struct dwu_place_question *question);

#endif
