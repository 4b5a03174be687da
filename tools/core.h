/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/core.h - a core file: threads, mappings, memory (core.c), and its
 * notes (core_notes.c).
 */
#ifndef DWUNW_TOOLS_CORE_H
#define DWUNW_TOOLS_CORE_H

#include "cmd.h"

/* A PT_LOAD of the core: target memory, of which `have` bytes are there. */
struct dwu_core_load {
	uint64_t addr;
	uint64_t size;
	uint64_t off;
	uint64_t have;
	uint32_t flags;
};

/* One line of NT_FILE: a piece of a file at an address. */
struct dwu_core_map {
	uint64_t start;
	uint64_t end;
	uint64_t off;
	uint32_t file;
};

/* A file that was mapped. It is opened and compared on first use. */
struct dwu_core_file {
	const char *name; /* as in the core */
	char *path;	  /* where it is looked for here */
	int fd;		  /* -1: not open */
	bool checked;
	dwunw_status_t status;
};

struct dwu_core_thread {
	int32_t tid;
	struct dwunw_regset regs;
};

/* What was read out of the auxiliary vector; 0: not there. */
struct dwu_core_auxv {
	uint64_t entry;	   /* AT_ENTRY */
	uint64_t programs; /* AT_PHDR */
	uint64_t vdso;	   /* AT_SYSINFO_EHDR */
};

struct dwu_core {
	const char *path;
	int fd;
	uint64_t size;
	struct dwunw_elf elf;
	const struct dwunw_arch_ops *arch;
	struct dwu_core_load *loads; /* by address */
	size_t load_count;
	struct dwu_core_map *maps; /* by address */
	size_t map_count;
	struct dwu_core_file *files;
	size_t file_count;
	struct dwu_core_thread *threads;
	size_t thread_count;
	struct dwu_core_auxv auxv;
	uint8_t *names; /* of NT_FILE: what file names point into */
	uint32_t note_count;
};

/* All of it, or as errno says. */
dwunw_status_t dwu_core_read(int fd, uint64_t off, void *dst, size_t size);

/* Numbers in the core's own byte order; size 1 to 8. */
uint64_t dwu_core_number(const struct dwu_core *core, const uint8_t *bytes,
			 size_t size);

/*
 * Takes threads, mappings, files and the auxiliary vector out of one PT_NOTE,
 * which is in the file. False: said what is wrong.
 */
bool dwu_core_notes(struct dwu_core *core, uint64_t off, uint64_t size);

#endif
