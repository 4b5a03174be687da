/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * inherited.h - uprobes of a process that its children have from their first
 * instruction on, and nobody else has.
 *
 * A perf event of the uprobe PMU names its file by a pointer, which a child
 * cannot inherit; BPF links are a process's or everybody's. An event of a
 * tracefs uprobe (probe_events.h) is inherited by whatever a thread starts,
 * through exec as well, and its breakpoints are in no other process.
 */
#ifndef INHERITED_H
#define INHERITED_H

#include "uprobe_multi.h"

struct dwu_inherited;

/* 0 or a negative errno: there is no tracefs, or no right to write there. */
int dwu_inherited_open(struct dwu_inherited **inherited);

/*
 * Calls the program, of a descriptor, at the place in place->pid and in what it
 * starts from now on. Again for another process: at a hit the program runs
 * once. 0 or a negative errno: -ESRCH, it has no threads.
 */
int dwu_inherited_attach(struct dwu_inherited *inherited, int program,
			 const struct dwunw_uprobe_place *place);

/*
 * A thread has started a process. True: it has all that the thread has. False: its
 * starter was seen too late for that to be sure, and its probes may go when
 * another of its family ends: it is to be attached to as well.
 */
bool dwu_inherited_child(struct dwu_inherited *inherited, int32_t child,
			 int32_t parent_tid);

/* The process has ended and has started none: what it had goes. With those of
 * a process the probes of all that it has started go. */
void dwu_inherited_detach(struct dwu_inherited *inherited, int32_t pid);

/* NULL is well. */
void dwu_inherited_close(struct dwu_inherited *inherited);

#endif
