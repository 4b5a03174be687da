/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * unwind_ctx.h - what a program with unwind_ctx.bpf.h and its loader agree on.
 */
#ifndef DWUNW_UNWIND_CTX_H
#define DWUNW_UNWIND_CTX_H

#include "capture.h"

/*
 * The map of this name holds one struct unwind_options, set between
 * bpf_object__open and bpf_object__load.
 */
#define UNWIND_OPTIONS_MAP ".rodata.unwind"

/* Where get_unwind_ctx_kernel() finds the registers of user space. */
enum unwind_regs {
	/* bpf_task_pt_regs(): Linux 5.15, with BTF of the kernel; a program is
	 * not loaded by others */
	UNWIND_REGS_HELPER = 0,
	/* at the top of the kernel stack, where the layout is looked for */
	UNWIND_REGS_STACK = 1,
};

struct unwind_options {
	uint32_t tid;  /* only this thread; 0: all */
	uint32_t regs; /* enum unwind_regs */
};

#endif
