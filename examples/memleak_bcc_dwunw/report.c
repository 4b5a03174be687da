/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report.c - live blocks by stack, in upstream's form; what was lost.
 */
#include "memleak.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static bool is_shown(const struct dwunw_report *report, uint32_t entry)
{
	return !report->stacks[report->entries[entry].stack].of_thread;
}

/* Entries that are of no thread's own memory, and no more than asked for. */
static uint32_t count_shown(const struct leak *leak)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < leak->report.entry_count; i++)
		count += is_shown(&leak->report, i);
	return count < leak->report_options.top ? count :
						  leak->report_options.top;
}

void print_report(struct leak *leak)
{
	struct dwunw_report_output output = leak_output(stdout);
	const struct dwunw_report *report = &leak->report;
	uint32_t count = count_shown(leak), printed = 0;
	time_t wall = time(NULL);
	char clock[16];

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&wall));
	printf("[%s] Top %" PRIu32 " stacks with outstanding allocations%s:\n",
	       clock, count,
	       report->meta.estimated ? " (estimated from samples)" : "");
	for (uint32_t i = 0; printed < count; i++) {
		if (!is_shown(report, i))
			continue;
		dwunw_report_write_entry(report, i, &output);
		/* dwunw-added 10: evidence, and why a stack is short */
		dwunw_report_write_stack(report, report->entries[i].stack,
					 &leak->report_options, &output);
		printed++;
	}
	dwunw_report_write_rest(report, &leak->report_options, &output);
	leak_print_statistics(leak);
}
