/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * write.c - the formats by their numbers, and what callers see of them.
 */
#include "out.h"

#include <dwunw/linux.h>

#define TOP_DEFAULT 10u

#ifdef CONFIG_REPORT_FORMATS
#define OF_OTHERS(write) write
#else
#define OF_OTHERS(write) NULL
#endif

static const struct {
	const char *name;
	dwu_write_fn write; /* NULL: not in this build */
} formats[DWUNW_REPORT_FORMAT_END] = {
	[DWUNW_REPORT_AS_TEXT] = { "text", dwu_write_text },
	[DWUNW_REPORT_AS_FOLDED] = { "folded", dwu_write_folded },
	[DWUNW_REPORT_AS_JSON] = { "json", OF_OTHERS(dwu_write_json) },
	[DWUNW_REPORT_AS_PPROF] = { "pprof", OF_OTHERS(dwu_write_pprof) },
	[DWUNW_REPORT_AS_HTML] = { "html", OF_OTHERS(dwu_write_html) },
	[DWUNW_REPORT_AS_HEAPTRACK] = { "heaptrack",
					OF_OTHERS(dwu_write_heaptrack) },
	[DWUNW_REPORT_AS_SPEEDSCOPE] = { "speedscope",
					 OF_OTHERS(dwu_write_speedscope) },
	[DWUNW_REPORT_AS_METRICS] = { "metrics", OF_OTHERS(dwu_write_metrics) },
	[DWUNW_REPORT_AS_OTLP] = { "otlp", OF_OTHERS(dwu_write_otlp) },
};

const char *dwunw_report_format_name(uint32_t format)
{
	return format < DWUNW_REPORT_FORMAT_END ? formats[format].name : NULL;
}

static bool take_options(struct dwunw_report_options *copy,
			 const struct dwunw_report_options *given)
{
	*copy = (struct dwunw_report_options){ 0 };
	if (given && dwunw_struct_from(copy, sizeof(*copy), sizeof(*copy),
				       given) != DWUNW_OK)
		return false;
	if (!copy->top)
		copy->top = TOP_DEFAULT;
	return true;
}

static void begin(struct dwu_out *out, const struct dwunw_report_output *to)
{
	out->to = to;
	out->used = 0;
	out->failed = out->short_of_memory = out->in_page = false;
}

dwunw_status_t dwunw_report_write(const struct dwunw_report *report,
				  uint32_t format,
				  const struct dwunw_report_options *options,
				  const struct dwunw_report_output *output)
{
	struct dwunw_report_options copy;
	struct dwu_out out;

	if (format >= DWUNW_REPORT_FORMAT_END || !formats[format].write ||
	    !take_options(&copy, options))
		return DWUNW_ERR_INVALID_ARG;
	if (report->failed)
		return DWUNW_ERR_NO_MEMORY;
	begin(&out, output);
	formats[format].write(&out, report, &copy);
	return dwu_out_end(&out);
}

dwunw_status_t
dwunw_report_write_entry(const struct dwunw_report *report, uint32_t entry,
			 const struct dwunw_report_output *output)
{
	struct dwu_out out;

	if (entry >= report->entry_count)
		return DWUNW_ERR_INVALID_ARG;
	begin(&out, output);
	dwu_write_entry(&out, report, entry);
	return dwu_out_end(&out);
}

dwunw_status_t
dwunw_report_write_stack(const struct dwunw_report *report, uint32_t stack,
			 const struct dwunw_report_options *options,
			 const struct dwunw_report_output *output)
{
	struct dwunw_report_options copy;
	struct dwu_out out;

	if (stack >= report->stack_count || !take_options(&copy, options))
		return DWUNW_ERR_INVALID_ARG;
	begin(&out, output);
	dwu_write_stack(&out, report, stack, &copy);
	return dwu_out_end(&out);
}

dwunw_status_t
dwunw_report_write_rest(const struct dwunw_report *report,
			const struct dwunw_report_options *options,
			const struct dwunw_report_output *output)
{
	struct dwunw_report_options copy;
	struct dwu_out out;

	if (!take_options(&copy, options))
		return DWUNW_ERR_INVALID_ARG;
	begin(&out, output);
	dwu_write_rest(&out, report, &copy);
	return dwu_out_end(&out);
}
