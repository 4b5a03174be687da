/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pidns.h - process numbers where the tool, or its target, is in a pid
 * namespace of its own (a container).
 *
 *   tool and target in one     the BPF programs ask for that one's numbers
 *   tool outside, target in    numbers are the tool's anyway
 *   target further in          its namespace and its number there, by the
 *                              NSpid of /proc/PID/status, are told to them
 */
#ifndef PIDNS_H
#define PIDNS_H

#include "capture.h"

/*
 * The namespace whose numbers the BPF programs are to use; all 0: the initial
 * one. 0; -EXDEV: /proc shows another pid namespace than the one that the tool
 * is in; -ENOENT: there is no /proc.
 */
int pidns_own(struct dwunw_namespace *own);
/* Says on stderr what such an error means; the exit status. */
int pidns_explain(const char *tool, int error);

/*
 * `pid` may be further in than the tool: tells the maps dwunw_namespaces and
 * dwunw_inner, by their descriptors. 0 or a negative errno; -ENOSPC: more
 * namespaces than there is room for.
 */
int pidns_enter(int namespaces, int inner, int32_t pid);
/* It has ended. */
void pidns_leave(int inner, int32_t pid);

/* The number that a thread has in its own namespace; tid: not known. */
int32_t pidns_inner_tid(int32_t pid, int32_t tid);
/* The thread of `pid` that has the number `inner` in its own; 0: none. */
int32_t pidns_outer_tid(int32_t pid, int32_t inner);

/* The children of that thread of a process: visit() for each. For who is told
 * that there is one, but not its number. */
void pidns_children(int32_t pid, int32_t tid,
		    void (*visit)(void *ctx, int32_t child), void *ctx);

#endif
