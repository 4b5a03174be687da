/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * uprobe_multi.h - uprobes as BPF links instead of perf events: a hit calls
 * the program without the layer of trace events in between.
 *
 * Taken from Linux 6.13 on only. It is there since 6.6, but until 6.10 a
 * process's link saw one of its threads. Programs have to be loaded for it and
 * then are for nothing else. Numbers and structs are those of bpf(2), which
 * this machine's headers may be too old for.
 */
#ifndef UPROBE_MULTI_H
#define UPROBE_MULTI_H

#include <dwunw/trace.h>

/* expected_attach_type of the programs: BPF_TRACE_UPROBE_MULTI, and
 * BPF_TRACE_UPROBE_SESSION, which is one for both entry and return. */
#define DWU_UPROBE_MULTI_TYPE 48u
#define DWU_UPROBE_SESSION_TYPE 57u

bool dwu_uprobe_multi_is_supported(void);

/* For a program of that type: a link's descriptor, or a negative errno.
 * Closing it detaches. */
int dwu_uprobe_multi_link(int program, uint32_t type,
			  const struct dwunw_uprobe_place *place);
/* A program of that type that does nothing: its descriptor, or an errno. */
int dwu_uprobe_multi_empty(uint32_t type);

#endif
