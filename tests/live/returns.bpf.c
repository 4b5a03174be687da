/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Programs for tests of capture.bpf.h alone; probe.c puts them in place. */
#define DWUNW_CAPTURE_RETURNS 64
#define DWUNW_CAPTURE_PROCESS
#include "capture.bpf.h"

SEC("uprobe") int note(struct dwunw_pt_regs *ctx)
{
	dwunw_return_note(ctx);
	return 0;
}

SEC("uprobe") int drop(struct dwunw_pt_regs *ctx)
{
	dwunw_return_drop(ctx);
	return 0;
}

/* A uretprobe that nobody tells us about. */
SEC("uprobe") int nothing(struct dwunw_pt_regs *ctx)
{
	return DWUNW_PC(ctx) == 0;
}

SEC("uprobe") int at_entry(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = {
		.flags = DWUNW_EVENT_FLAG_ENTRY,
		.key = dwunw_next_key(),
	};

	return dwunw_send_stack(ctx, &args) != 0;
}

SEC("uprobe") int at_return(struct dwunw_pt_regs *ctx)
{
	struct dwunw_capture_args args = { .key = dwunw_next_key() };

	return dwunw_send_stack(ctx, &args) != 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
