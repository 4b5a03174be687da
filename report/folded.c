/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * folded.c - flamegraph.pl's stacks: "program;outermost;…;innermost VALUE".
 */
#include "out.h"

#include <inttypes.h>

/* ';' is the format's own. The value is behind the last blank, so that blanks of
 * names stay; a line has no other end. */
static void put_name(struct dwu_out *out, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		dwu_out_char(out, c == ';'		? ':' :
				  c < 0x20 || c == 0x7f ? '?' :
							  *name);
	}
}

/* A frame, and each call that was inlined there as one of its own. */
static void put_frame(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_frame *frame)
{
	char text[300];

	dwu_out_char(out, ';');
	put_name(out, dwu_frame_name(report, frame, text, sizeof(text)));
	for (uint32_t i = 0; i < frame->inlined_count; i++) {
		const char *function = frame->inlined[i].function;

		dwu_out_char(out, ';');
		put_name(out, function ? function : "[unknown]");
	}
}

/* Apart PROGRAM-PID, and a thread's NAME-TID as a frame of its own. */
static void put_whose(struct dwu_out *out,
		      const struct dwunw_report_entry *entry)
{
	put_name(out, *entry->program ? entry->program : "?");
	if (entry->apart)
		dwu_out_print(out, "-%" PRIu32, entry->apart);
	if (!entry->tid)
		return;
	dwu_out_char(out, ';');
	put_name(out, entry->thread);
	dwu_out_print(out, "-%" PRIu32, entry->tid);
}

void dwu_folded_entry(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_entry *entry)
{
	const struct dwunw_report_stack *stack = &report->stacks[entry->stack];

	put_whose(out, entry);
	for (uint32_t k = stack->count; k-- > 0;)
		put_frame(out, report, &report->frames[stack->frames[k]]);
}

void dwu_write_folded(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_options *options)
{
	uint32_t value = dwu_main_value(report);

	(void)options;
	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];

		if (!dwu_entry_is_shown(report, entry) || !entry->values[value])
			continue;
		dwu_folded_entry(out, report, entry);
		dwu_out_print(out, " %" PRId64 "\n", entry->values[value]);
	}
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++)
		if (dwu_apart_name(i) && report->apart[i][value])
			dwu_out_print(out, "%s %" PRId64 "\n",
				      dwu_apart_name(i),
				      report->apart[i][value]);
}
