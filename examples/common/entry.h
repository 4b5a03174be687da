/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * entry.h - where to probe a function's entry cheaply.
 *
 * The kernel runs the instruction under a breakpoint by single-stepping a
 * copy, which costs microseconds, unless it is one whose effect it computes
 * itself: push, jump, call and nop on x86_64; branches and address loads on
 * arm64. glibc's free starts with `test %rdi, %rdi; je`: a probe on the je sees
 * the same arguments and the same stack at a fortieth of the price.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include <stddef.h>
#include <stdint.h>

/*
 * The offset of the first instruction of `code` (a function of `arch`, an
 * enum dwunw_arch_id, from its first byte on) that the kernel emulates, if on
 * the way there neither the first three arguments, nor the stack pointer, nor
 * the return address change, nothing is written, and no branch of `code` leads
 * back there. Else 0: the entry.
 */
uint32_t entry_cheap_offset(uint16_t arch, const uint8_t *code, size_t size);

/* The same of a file: the function at file offset `off`, of `size` bytes; 0:
 * not known. */
uint32_t entry_cheap_offset_in(uint16_t arch, const char *path, uint64_t off,
			       uint64_t size);

#endif
