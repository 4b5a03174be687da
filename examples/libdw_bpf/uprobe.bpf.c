/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* uprobe.bpf.c - the stack of every call of a function. */
#include "unwind_ctx.bpf.h"

SEC("uprobe")
int on_call(struct dwunw_pt_regs *ctx)
{
	if (unwind_wanted())
		get_unwind_ctx(ctx, DWUNW_EVENT_FLAG_ENTRY);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
