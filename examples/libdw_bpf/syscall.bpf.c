/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * syscall.bpf.c - the stack of every call of one system call: by a kprobe on
 * its function in the kernel, or by its tracepoint where there are no kprobes.
 */
#include "unwind_ctx.bpf.h"

SEC("kprobe")
int on_function(void *ctx)
{
	if (unwind_wanted())
		get_unwind_ctx_kernel(ctx);
	return 0;
}

SEC("tracepoint")
int on_event(void *ctx)
{
	if (unwind_wanted())
		get_unwind_ctx_kernel(ctx);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
