/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report.c - live blocks by stack, in upstream's form; what was lost.
 */
#include "frames.h"
#include "memleak.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void print_frames(const struct dwunw_stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct dwunw_named_frame *named = &stack->frames[i];
		char how[32];

		named_frame_print_inlined(stdout, named);
		printf("\t%" PRIu32 " [<%016" PRIx64 ">] ", i, named->frame.pc);
		if (named->function)
			printf("%s+0x%" PRIx64, named->function, named->offset);
		else if (named->module[0])
			printf("0x%" PRIx64, named->frame.vaddr);
		else
			printf("<null sym>");
		named_frame_print_line(stdout, named);
		if (named->module[0])
			named_frame_print_module(stdout, named, " ");
		/* dwunw-added 10 */
		if (dwunw_frame_text(&named->frame, how, sizeof(how))[0])
			printf(" (%s)", how);
		putchar('\n');
	}
	stack_print_end(stdout, stack); /* dwunw-added 10: why it is short */
}

void print_report(struct leak *leak, const struct dwunw_totals *totals)
{
	struct dwunw_heap_counts counts;
	uint32_t count = totals->count < leak->top ? totals->count : leak->top;
	time_t wall = time(NULL);
	char clock[16];

	dwunw_heap_count(leak->heap, &counts);
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&wall));
	printf("[%s] Top %" PRIu32 " stacks with outstanding allocations%s:\n",
	       clock, count,
	       leak_is_estimated(leak) ? " (estimated from samples)" : "");
	for (uint32_t i = 0; i < count; i++) {
		leak_print_total(leak, &totals->at[i], &counts);
		print_frames(totals->at[i].stack);
	}
	leak_print_rest(leak, totals, &counts);
}
