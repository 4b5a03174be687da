/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * trace/walk_rows.h - the parts of dwunw/rows.h:
 *
 *   walk_row.c	    a step of a walk -> a row of the kernel
 *   walk_files.c   a module's serial -> the number and identity of its file
 *   walk_spaces.c  mappings of a process -> a table of the kernel
 *   rows.c	    the maps, and all of it together
 */
#ifndef DWU_WALK_ROWS_H
#define DWU_WALK_ROWS_H

#include <dwunw/rows.h>

#include "walk.h"

/* --- walk_row.c --- */

/* What rows of this machine's target have to know of it. */
struct dwu_row_target {
	const struct dwunw_arch_ops *arch;
	uint8_t registers[DWUNW_WALK_SLOTS]; /* DWARF numbers, by slot */
	uint8_t count;
	uint8_t word; /* bytes */
	uint8_t sp;   /* DWARF number */
	bool link;    /* the return address is a register */
};

void dwu_row_target(const struct dwunw_arch_ops *arch,
		    struct dwu_row_target *target);

/*
 * The row that a step was made by, and its key, of the file with this number.
 * False: the kernel need not know (the code is in no file, or just entered). A
 * row that it cannot use says DWUNW_WALK_ASK.
 */
bool dwu_row_of_step(const struct dwu_row_target *target,
		     const struct dwunw_step *step, uint32_t number,
		     uint64_t *key, struct dwunw_walk_row *row);

/* --- walk_files.c --- */

/* Numbers from 1 on, never used again. */
struct dwu_walk_files;
struct dwu_walk_files *dwu_walk_files_new(void);
void dwu_walk_files_free(struct dwu_walk_files *files);

/* 0: there is none (any more), or no memory. */
uint32_t dwu_walk_file_number(struct dwu_walk_files *files, uint32_t serial);
/* As in the frames of events. */
uint64_t dwu_walk_file_identity(uint32_t serial);

/* --- walk_spaces.c --- */

struct dwu_walk_spaces;
int dwu_walk_spaces_open(struct dwu_walk_spaces **spaces, int values,
			 int by_pid, uint32_t count, struct dwunw_context *ctx);
void dwu_walk_spaces_close(struct dwu_walk_spaces *spaces);
int dwu_walk_space_follow(struct dwu_walk_spaces *spaces, int32_t pid);
void dwu_walk_space_forget(struct dwu_walk_spaces *spaces, int32_t pid);
/* NULL: its mappings were not read. */
const struct dwunw_arch_ops *dwu_walk_space_arch(struct dwu_walk_spaces *spaces,
						 int32_t pid);
/* The process, whose mappings are now as new as its table is to be. */
int dwu_walk_space_read(struct dwu_walk_spaces *spaces, int32_t pid);
/* A pc in code without a file that was left by its frame pointer. */
void dwu_walk_space_made_code(struct dwu_walk_spaces *spaces, int32_t pid,
			      uint64_t pc);
/* Writes its table, if that has changed. */
int dwu_walk_space_write(struct dwu_walk_spaces *spaces, int32_t pid,
			 struct dwu_walk_files *files,
			 struct dwunw_rows_counts *stats);

#endif
