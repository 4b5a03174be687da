/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tool.h - what the tools of this directory share: a BPF object in the kernel,
 * a process that is followed with its children, stacks on stdout.
 *
 *	tool_arguments() tool_open() … attach … tool_run() tool_close()
 *
 * Functions that return int give 0 or an exit status, with the reason on
 * stderr; tool_arguments() gives -1 to go on.
 */
#ifndef TOOL_H
#define TOOL_H

#include "capture.h"

#include <dwunw/libdw_bpf.h>
#include <dwunw/symbols.h>

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#define TOOL_DEPTH_MAX 1024

/* --regs */
enum tool_regs {
	TOOL_REGS_HELPER,
	TOOL_REGS_STACK
};

struct tool {
	const char *name;
	int32_t tgid;
	int32_t tid;		 /* 0: every thread */
	const char *operands[2]; /* between TID and DEPTH */
	int max_depth;
	uint32_t regs;			  /* enum tool_regs */
	struct dwunw_namespace namespace; /* the tool's; 0: the initial one */

	machine_t *machine;
	struct dwunw_symbol_resolver symbols;
	struct bpf_object *object;
	struct bpf_link *links[16];
	uint32_t link_count;

	uint64_t received;
	uint64_t not_unwound;
	uint64_t whole; /* to the thread's start */
	uint64_t cut;	/* by DEPTH */
};

/* One stack, and room for its frames. */
struct tool_stack {
	struct unwind_ctx uc;
	struct stacktrace st;
	uint64_t ips[TOOL_DEPTH_MAX];
	struct dwunw_frame frames[TOOL_DEPTH_MAX];
	int status;
};

/* "[--regs=helper|stack] TGID TID OPERAND… [DEPTH]"; `operands` names them. */
int tool_arguments(struct tool *tool, char **argv, unsigned operand_count,
		   const char *operands);

/*
 * Loads the object and attaches its programs of sections "tracepoint/…". Where
 * the kernel has no helper for registers, their place on the stack is used.
 */
int tool_open(struct tool *tool, const void *object, size_t size);

/* Another link, kept until the end; NULL: errno and `what` are printed. */
int tool_keep(struct tool *tool, struct bpf_link *link, const char *what);
/* A program to a perf event, which it then owns; a negative one is an errno.
 * NULL with errno. */
struct bpf_link *tool_event(struct tool *tool, const char *program, int fd);

/* Unwinds a record; and follows children by records of kind FORK. */
void tool_resolve(struct tool *tool, const void *bytes, size_t size,
		  struct tool_stack *stack);
/* Names and prints, counts. One thread at a time. */
void tool_print(struct tool *tool, const struct tool_stack *stack);

/* Hands every record to on_record until SIGINT or SIGTERM. */
int tool_read(struct tool *tool, ring_buffer_sample_fn on_record, void *ctx);
/* The same, printing them. */
int tool_run(struct tool *tool);

/* Prints what was counted. NULL members are well. */
void tool_close(struct tool *tool);

#endif
