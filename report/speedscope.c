/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * speedscope.c - speedscope's file format: frames once, and a profile for each
 * value that the report has.
 */
#include "out.h"

#include <inttypes.h>
#include <stdlib.h>

/* A weight is never negative there: of a difference what grew and what shrank
 * are two profiles. */
struct speedscope {
	struct dwu_out *out;
	const struct dwunw_report *report;
	uint32_t *first; /* of a frame: the index of its function, after which
			  * come the calls that were inlined there */
	uint32_t count;
	uint32_t profiles;
};

static void put_frame(struct speedscope *speedscope, const char *name,
		      const char *source, uint32_t line)
{
	struct dwu_out *out = speedscope->out;

	dwu_out_text(out, speedscope->count ? ",{\"name\":" : "{\"name\":");
	dwu_out_json(out, name);
	if (source) {
		dwu_out_text(out, ",\"file\":");
		dwu_out_json(out, source);
		if (line)
			dwu_out_print(out, ",\"line\":%" PRIu32, line);
	}
	dwu_out_char(out, '}');
	speedscope->count++;
}

static void put_frames(struct speedscope *speedscope)
{
	const struct dwunw_report *report = speedscope->report;
	char text[300];

	for (uint32_t i = 0; i < report->frame_count; i++) {
		const struct dwunw_report_frame *frame = &report->frames[i];
		const char *file = dwu_file_of(report, frame);

		speedscope->first[i] = speedscope->count;
		put_frame(speedscope,
			  dwu_frame_name(report, frame, text, sizeof(text)),
			  frame->call.source ? frame->call.source :
			  *file		     ? file :
					       NULL,
			  frame->call.line);
		for (uint32_t k = 0; k < frame->inlined_count; k++) {
			const struct dwunw_report_call *call =
				&frame->inlined[k];

			put_frame(speedscope,
				  call->function ? call->function : "[unknown]",
				  call->source, call->line);
		}
	}
	speedscope->first[report->frame_count] = speedscope->count;
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++)
		if (dwu_apart_name(i))
			put_frame(speedscope, dwu_apart_name(i), NULL, 0);
}

/* Outermost first. */
static void put_sample(struct speedscope *speedscope,
		       const struct dwunw_report_stack *stack)
{
	const char *comma = "";

	dwu_out_char(speedscope->out, '[');
	for (uint32_t i = stack->count; i-- > 0;) {
		uint32_t at = stack->frames[i];
		uint32_t last = speedscope->report->frames[at].inlined_count;

		for (uint32_t k = 0; k <= last; k++) {
			dwu_out_print(speedscope->out, "%s%" PRIu32, comma,
				      speedscope->first[at] + k);
			comma = ",";
		}
	}
	dwu_out_char(speedscope->out, ']');
}

static int64_t weight_of(const int64_t *values, uint32_t value, int sign)
{
	int64_t weight = values[value] * sign;

	return weight > 0 ? weight : 0;
}

/* Frames, or weights. Their sum. */
static int64_t put_samples(struct speedscope *speedscope, uint32_t value,
			   int sign, bool weights)
{
	const struct dwunw_report *report = speedscope->report;
	struct dwu_out *out = speedscope->out;
	const char *comma = "";
	uint32_t apart = speedscope->first[report->frame_count];
	int64_t sum = 0;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];
		int64_t weight = weight_of(entry->values, value, sign);

		if (!weight || !dwu_entry_is_shown(report, entry))
			continue;
		dwu_out_text(out, comma);
		if (weights)
			dwu_out_print(out, "%" PRId64, weight);
		else
			put_sample(speedscope, &report->stacks[entry->stack]);
		sum += weight;
		comma = ",";
	}
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
		int64_t weight = weight_of(report->apart[i], value, sign);

		if (!dwu_apart_name(i))
			continue;
		apart++;
		if (!weight)
			continue;
		dwu_out_text(out, comma);
		if (weights)
			dwu_out_print(out, "%" PRId64, weight);
		else
			dwu_out_print(out, "[%" PRIu32 "]", apart - 1);
		sum += weight;
		comma = ",";
	}
	return sum;
}

static const char *unit_of(const struct dwunw_report *report, uint32_t value)
{
	if (value == DWUNW_REPORT_EVENT)
		return report->meta.unit ? report->meta.unit : "none";
	return value == DWUNW_REPORT_LIVE_BYTES ||
			       value == DWUNW_REPORT_ALLOCATED_BYTES ||
			       value == DWUNW_REPORT_FREED_BYTES ||
			       value == DWUNW_REPORT_TEMPORARY_BYTES ?
		       "bytes" :
		       "none";
}

static void put_profile(struct speedscope *speedscope, uint32_t value, int sign)
{
	struct dwu_out *out = speedscope->out;
	int64_t sum;

	dwu_out_print(
		out,
		"%s{\"type\":\"sampled\",\"name\":\"%s%s\",\"unit\":\"%s\","
		"\"startValue\":0,\"samples\":[",
		speedscope->profiles++ ? "," : "",
		dwunw_report_value_name(value), sign < 0 ? " less" : "",
		unit_of(speedscope->report, value));
	put_samples(speedscope, value, sign, false);
	dwu_out_text(out, "],\"weights\":[");
	sum = put_samples(speedscope, value, sign, true);
	dwu_out_print(out, "],\"endValue\":%" PRId64 "}", sum);
}

/* The value that a viewer shows first is the first one. */
static void put_profiles(struct speedscope *speedscope)
{
	const struct dwunw_report *report = speedscope->report;
	uint32_t first = dwu_main_value(report);

	put_profile(speedscope, first, 1);
	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++)
		if (i != first && report->meta.has & 1u << i)
			put_profile(speedscope, i, 1);
	if (report->meta.difference)
		put_profile(speedscope, first, -1);
}

void dwu_write_speedscope(struct dwu_out *out,
			  const struct dwunw_report *report,
			  const struct dwunw_report_options *options)
{
	struct speedscope speedscope = { .out = out, .report = report };

	(void)options;
	speedscope.first =
		calloc(report->frame_count + 1ul, sizeof(*speedscope.first));
	if (!speedscope.first) {
		out->short_of_memory = true;
		return;
	}
	dwu_out_text(out, "{\"$schema\":\"https://www.speedscope.app/"
			  "file-format-schema.json\",\"shared\":{\"frames\":[");
	put_frames(&speedscope);
	dwu_out_text(out, "]},\"profiles\":[");
	put_profiles(&speedscope);
	dwu_out_print(out,
		      "],\"activeProfileIndex\":0,\"exporter\":\"dwunw %s\"}\n",
		      dwunw_version());
	free(speedscope.first);
}
