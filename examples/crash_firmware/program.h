/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A program that goes wrong, and who reports it: on Linux, or on nothing. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <dwunw/firmware.h>

/* Compilers must neither merge nor copy these functions. */
#ifdef __clang__
#define FRAME __attribute__((noinline, used))
#else
#define FRAME __attribute__((noinline, noclone, used))
#endif

/* Crashes, six calls below this one: "null" by a store to where nothing is,
 * "wild" by a call of that, "deep" at the end of a recursion. */
int program_run(const char *mode);
bool program_knows(const char *mode);

/* --- the report ------------------------------------------------------------------ */

/* What the machine has: memory that may be read, and where text goes. */
dwunw_status_t machine_read(void *ctx, uint64_t addr, void *dst, size_t size);
void machine_print(const char *text, size_t size);
/* The program's code, one part at least, *count of them. */
const struct dwunw_firmware_code *machine_code(uint32_t *count);
/* Are there signal trampolines, and nobody says where? */
bool machine_has_signals(void);

/* The bytes that a report wants, as a line; before anything goes wrong. */
void report_wanted(void);
/* The stack of these registers. */
void report_stack(const struct dwunw_regset *regs);

#endif
