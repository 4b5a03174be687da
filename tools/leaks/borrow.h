/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * borrow.h - calls of functions in another process, by one of its threads that is
 * stopped: borrow_TARGET.c, for leaks.c.
 *
 * The thread is given what a signal handler would have: a frame with all that it had,
 * the mask of its signals among it. So when we end at any moment, it returns from the
 * call and from there to where it was, by itself. While we are there its registers
 * are put back by us, and a system call goes on as if nothing had been.
 */
#ifndef DWUNW_TOOLS_LEAKS_BORROW_H
#define DWUNW_TOOLS_LEAKS_BORROW_H

#include <dwunw/regset.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is needed of the process: instructions that its C library has anyway. */
struct borrow_code {
	uint64_t syscall_return; /* a system call, and the return to a caller */
	uint64_t sigreturn;	 /* where a signal handler returns to */
};

#define BORROW_ARGS 4

struct borrow;

/* Finds both in the bytes of code that stands at addr; true: there they are. */
bool borrow_find(struct borrow_code *code, const uint8_t *bytes, size_t size,
		 uint64_t addr);
/* The registers of a thread that is stopped. */
bool borrow_regs(int32_t tid, struct dwunw_regset *regs);
/* Is it stopped before its first instruction? */
bool borrow_is_new(int32_t tid);
/* Is it where it may not be taken from: a restartable sequence, state of the
 * processor that no frame has? NULL: it may. */
const char *borrow_refused(int32_t tid);

/* Of a thread that is stopped by PTRACE_INTERRUPT, and safe. NULL: `why` says it, and
 * the thread is as it was. */
struct borrow *borrow_begin(int32_t tid, const struct borrow_code *code,
			    char *why, size_t why_size);
/* `running`: called once when a call has made its first system call, or a moment
 * later. */
void borrow_on_running(struct borrow *borrow, void (*running)(void *ctx),
		       void *ctx);
/* Room for what is to be passed to it, of at least so many bytes; kept until the
 * end. 0: there is none, or it cannot be written. */
uint64_t borrow_put(struct borrow *borrow, const void *bytes, size_t size);
/* False: it did not return, as `why` says, and nothing more is to be called. */
bool borrow_call(struct borrow *borrow, uint64_t function,
		 const uint64_t args[BORROW_ARGS], uint64_t *result, char *why,
		 size_t why_size);
/* The thread goes on where it was. */
void borrow_end(struct borrow *borrow);

#endif
