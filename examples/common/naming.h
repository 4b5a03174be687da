/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * naming.h - names for stacks, beside the reading of events.
 *
 * The first name of a file may take a second (a debug file that is inflated).
 * So a thread of its own asks for them, at a lower priority; who reads events
 * goes on, and only a report waits. A kernel without CONFIG_FUTEX has no such
 * thread: there a new stack is named at once.
 */
#ifndef NAMING_H
#define NAMING_H

#include "stacks.h"

struct naming;

/* The resolver is that thread's own until naming_end(). 0 or a negative errno. */
int naming_start(struct naming **naming, struct dwunw_context *ctx,
		 struct dwunw_symbol_resolver *resolver);
/* A new stack of pid's, which stays where it is. Does not wait. Without memory
 * it keeps addresses only. */
void naming_add(struct naming *naming, struct stack *stack, int32_t pid);
/* Has every stack its names? */
bool naming_is_done(struct naming *naming);
/* NULL is well. */
void naming_end(struct naming *naming);

/* Has this one, for any thread to read? */
bool stack_is_named(const struct stack *stack);

#endif
