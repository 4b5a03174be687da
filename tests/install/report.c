/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A tool on libdwunw-report.a alone, as a caller builds it: one stack, folded. */
#include <dwunw/report.h>
#include <stdio.h>

static bool write_out(void *ctx, const void *bytes, size_t size)
{
	return fwrite(bytes, 1, size, ctx) == size;
}

int main(void)
{
	struct dwunw_report_output output = { write_out, stdout };
	struct dwunw_report report = { .meta.has = 1u
						   << DWUNW_REPORT_LIVE_BYTES };
	struct dwunw_symbol_info info = { .function = "leak" };
	struct dwunw_report_stack like = { .end = "" };
	struct dwunw_frame frame = { .pc = 1, .vaddr = 1 };
	uint32_t index = dwunw_report_add_frame(&report, &frame,
						DWUNW_REPORT_NONE, &info);
	uint32_t entry = dwunw_report_add_entry(
		&report, dwunw_report_add_stack(&report, &index, 1, &like), 0,
		0, 0);

	dwunw_report_add_value(&report, entry, DWUNW_REPORT_LIVE_BYTES, 42);
	if (dwunw_report_write(&report, DWUNW_REPORT_AS_FOLDED, NULL, &output))
		return 1;
	dwunw_report_free(&report);
	return 0;
}
