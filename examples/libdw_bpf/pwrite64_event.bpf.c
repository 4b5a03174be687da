/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* pwrite64_event.bpf.c - the stack of every pwrite64(2). */
#include "unwind_ctx.bpf.h"

SEC("tracepoint/syscalls/sys_enter_pwrite64")
int on_pwrite64(void *ctx)
{
	if (unwind_wanted())
		get_unwind_ctx_kernel(ctx);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
