/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * run.h - what the programs of the executed truth have in common.
 *
 * A shape is a function whose frame or flow is of one kind. It does some work,
 * calls next() one or more times and uses something of its own behind it.
 * next() picks another shape of the program at random, so that every kind of
 * frame is seen below every other one.
 */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __clang__
#define KEEP __attribute__((noinline))
#else
#define KEEP __attribute__((noipa))
#endif
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

typedef unsigned (*shape_fn)(unsigned depth, unsigned x);

struct shape_list {
	const shape_fn *shapes;
	unsigned count;
};

/* Those of the files that a program is linked of; the others are NULL. */
extern const struct shape_list args_list __attribute__((weak));
extern const struct shape_list calls_list __attribute__((weak));
extern const struct shape_list frames_list __attribute__((weak));
extern const struct shape_list jumps_list __attribute__((weak));
extern const struct shape_list libc_list __attribute__((weak));
extern const struct shape_list paths_list __attribute__((weak));
extern const struct shape_list shares_list __attribute__((weak));

extern volatile unsigned sink;
extern volatile unsigned zero; /* always 0, which no compiler knows */

/* Calls any shape, or leaf() where depth is used up. */
unsigned next(unsigned depth, unsigned x);
unsigned leaf(unsigned x);
/* The next random number. */
unsigned pick(unsigned bound);
/* Makes memory live: the compiler does not know what it does. */
void touch(void *p, size_t size, unsigned x);

/* Runs random stacks until the recorder ends it, or `rounds` are over. */
void run(unsigned rounds);

/* setjmp and longjmp of our own: start.S */
struct place {
	uintptr_t words[24];
};
int place_mark(struct place *place) __attribute__((returns_twice));
void place_go(struct place *place) __attribute__((noreturn));

#endif
