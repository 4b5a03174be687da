/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * otlp.c - an ExportProfilesServiceRequest of OpenTelemetry, v1development, as
 * opentelemetry-proto 1.11.0 has it: a profile for each value, and a dictionary that
 * all share. Number 0 of each table is none.
 *
 * That schema is still in development: a server of another version may refuse it.
 */
#include "out.h"
#include "proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of profiles.proto, common.proto and resource.proto. */
enum {
	DATA_RESOURCES = 1,
	DATA_DICTIONARY = 2,
	DICTIONARY_MAPPINGS = 1,
	DICTIONARY_LOCATIONS = 2,
	DICTIONARY_FUNCTIONS = 3,
	DICTIONARY_LINKS = 4,
	DICTIONARY_STRINGS = 5,
	DICTIONARY_ATTRIBUTES = 6,
	DICTIONARY_STACKS = 7,
	RESOURCE_PROFILES_RESOURCE = 1,
	RESOURCE_PROFILES_SCOPES = 2,
	SCOPE_PROFILES_SCOPE = 1,
	SCOPE_PROFILES_PROFILES = 2,
	PROFILE_TYPE = 1,
	PROFILE_SAMPLES = 2,
	PROFILE_TIME = 3,
	PROFILE_DURATION = 4,
	PROFILE_PERIOD_TYPE = 5,
	PROFILE_PERIOD = 6,
	TYPE_TYPE = 1,
	TYPE_UNIT = 2,
	SAMPLE_STACK = 1,
	SAMPLE_VALUES = 4,
	MAPPING_START = 1,
	MAPPING_LIMIT = 2,
	MAPPING_OFF = 3,
	MAPPING_FILE = 4,
	MAPPING_ATTRIBUTES = 5,
	STACK_LOCATIONS = 1,
	LOCATION_MAPPING = 1,
	LOCATION_ADDRESS = 2,
	LOCATION_LINES = 3,
	LINE_FUNCTION = 1,
	LINE_LINE = 2,
	LINE_COLUMN = 3,
	FUNCTION_NAME = 1,
	FUNCTION_SYSTEM_NAME = 2,
	FUNCTION_FILE = 3,
	ATTRIBUTE_KEY = 1,
	ATTRIBUTE_VALUE = 2,
	KEY_VALUE_KEY = 1,
	KEY_VALUE_VALUE = 2,
	ANY_STRING = 1,
	RESOURCE_ATTRIBUTES = 1,
	SCOPE_NAME = 1,
	SCOPE_VERSION = 2,
};

struct otlp {
	const struct dwunw_report *report;
	struct dwu_proto dictionary;
	struct dwu_proto functions;	   /* messages of the table */
	struct dwunw_report strings;	   /* only their texts are used */
	struct dwunw_report function_keys; /* "NAME\1FILE" */
	uint32_t function_count;
	bool failed;
};

/* --- strings and functions ---------------------------------------------------------- */

static uint32_t string_of(struct otlp *otlp, const char *text)
{
	char *copy = malloc(strlen(text) + 1);
	uint32_t index = DWUNW_REPORT_NONE;

	if (copy) {
		dwu_copy_utf8(copy, text);
		index = dwu_text_index(&otlp->strings, copy);
	}
	free(copy);
	otlp->failed |= index == DWUNW_REPORT_NONE;
	return index == DWUNW_REPORT_NONE ? 0 : index;
}

static uint32_t function_of(struct otlp *otlp, const char *name,
			    const char *source)
{
	size_t size = strlen(name) + strlen(source) + 2;
	char *key = malloc(size);
	struct dwu_proto message = { 0 };
	uint32_t index = DWUNW_REPORT_NONE;

	if (key) {
		snprintf(key, size, "%s\1%s", name, source);
		index = dwu_text_index(&otlp->function_keys, key);
	}
	free(key);
	if (index == DWUNW_REPORT_NONE) {
		otlp->failed = true;
		return 0;
	}
	if (index < otlp->function_count)
		return index + 1;
	otlp->function_count++;
	dwu_proto_number(&message, FUNCTION_NAME, string_of(otlp, name));
	dwu_proto_number(&message, FUNCTION_SYSTEM_NAME, string_of(otlp, name));
	dwu_proto_number(&message, FUNCTION_FILE, string_of(otlp, source));
	dwu_proto_take(&otlp->functions, DICTIONARY_FUNCTIONS, &message);
	dwu_proto_free(&message);
	return index + 1;
}

/* --- the dictionary -------------------------------------------------------------------- */

static void put_none(struct otlp *otlp, uint32_t table)
{
	dwu_proto_bytes(&otlp->dictionary, table, NULL, 0);
}

static void put_line(struct otlp *otlp, struct dwu_proto *location,
		     const char *function, const struct dwunw_report_call *call)
{
	struct dwu_proto line = { 0 };

	dwu_proto_number(&line, LINE_FUNCTION,
			 function_of(otlp, function ? function : "[unknown]",
				     call->source ? call->source : ""));
	dwu_proto_number(&line, LINE_LINE, call->line);
	dwu_proto_number(&line, LINE_COLUMN, call->column);
	dwu_proto_take(location, LOCATION_LINES, &line);
	dwu_proto_free(&line);
}

/* Innermost first, as in pprof.c. */
static void put_location(struct otlp *otlp,
			 const struct dwunw_report_frame *frame)
{
	uint64_t place = frame->frame.module ? frame->frame.vaddr :
					       frame->frame.pc;
	struct dwu_proto location = { 0 };

	dwu_proto_number(&location, LOCATION_MAPPING, frame->frame.module);
	dwu_proto_number(&location, LOCATION_ADDRESS,
			 dwunw_frame_lookup(&frame->frame, place));
	for (uint32_t i = frame->inlined_count; i-- > 0;)
		put_line(otlp, &location, frame->inlined[i].function,
			 &frame->inlined[i]);
	if (frame->call.function || frame->call.source || frame->inlined_count)
		put_line(otlp, &location, frame->call.function, &frame->call);
	dwu_proto_take(&otlp->dictionary, DICTIONARY_LOCATIONS, &location);
	dwu_proto_free(&location);
}

/* Those of frames, and behind them those of sums that have no stack. */
static void put_locations(struct otlp *otlp)
{
	const struct dwunw_report_call none = { 0 };
	struct dwu_proto location = { 0 };

	put_none(otlp, DICTIONARY_LOCATIONS);
	for (uint32_t i = 0; i < otlp->report->frame_count; i++)
		put_location(otlp, &otlp->report->frames[i]);
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
		if (dwu_apart_name(i))
			put_line(otlp, &location, dwu_apart_name(i), &none);
		dwu_proto_take(&otlp->dictionary, DICTIONARY_LOCATIONS,
			       &location);
	}
	dwu_proto_free(&location);
}

static void put_stack(struct otlp *otlp, const uint32_t *frames, uint32_t count)
{
	struct dwu_proto stack = { 0 }, numbers = { 0 };

	for (uint32_t i = 0; i < count; i++)
		dwu_proto_varint(&numbers, frames[i] + 1ul);
	if (count)
		dwu_proto_take(&stack, STACK_LOCATIONS, &numbers);
	dwu_proto_take(&otlp->dictionary, DICTIONARY_STACKS, &stack);
	dwu_proto_free(&numbers);
	dwu_proto_free(&stack);
}

static void put_stacks(struct otlp *otlp)
{
	const struct dwunw_report *report = otlp->report;

	put_none(otlp, DICTIONARY_STACKS);
	for (uint32_t i = 0; i < report->stack_count; i++)
		put_stack(otlp, report->stacks[i].frames,
			  report->stacks[i].count);
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++) {
		uint32_t apart = report->frame_count + i;

		put_stack(otlp, &apart, 1);
	}
}

static void put_text(struct dwu_proto *message, uint32_t field,
		     const char *text)
{
	char *copy = malloc(strlen(text) + 1);

	message->failed |= !copy;
	if (!copy)
		return;
	dwu_copy_utf8(copy, text);
	dwu_proto_bytes(message, field, copy, strlen(copy));
	free(copy);
}

/* The number of an attribute is that of its file: each has one. */
static void put_build_id(struct otlp *otlp,
			 const struct dwunw_report_file *file)
{
	static const char key[] = "process.executable.build_id.gnu";
	char text[2 * DWUNW_BUILD_ID_MAX + 1] = "";
	struct dwu_proto attribute = { 0 }, value = { 0 };

	for (uint32_t i = 0; i < file->build_id_size; i++)
		snprintf(text + 2ul * i, 3, "%02x", file->build_id[i]);
	dwu_proto_number(&attribute, ATTRIBUTE_KEY, string_of(otlp, key));
	dwu_proto_bytes(&value, ANY_STRING, text, strlen(text));
	dwu_proto_take(&attribute, ATTRIBUTE_VALUE, &value);
	dwu_proto_take(&otlp->dictionary, DICTIONARY_ATTRIBUTES, &attribute);
	dwu_proto_free(&value);
	dwu_proto_free(&attribute);
}

static void put_mapping(struct otlp *otlp, uint32_t index)
{
	const struct dwunw_report_file *file = &otlp->report->files[index];
	struct dwunw_report_mapping linked = { .end = UINT64_MAX };
	struct dwu_proto mapping = { 0 }, number = { 0 };

	dwu_linked_at(otlp->report, index, &linked);
	dwu_proto_number(&mapping, MAPPING_START, linked.start);
	dwu_proto_number(&mapping, MAPPING_LIMIT, linked.end);
	dwu_proto_number(&mapping, MAPPING_OFF, linked.off);
	dwu_proto_number(&mapping, MAPPING_FILE, string_of(otlp, file->path));
	dwu_proto_varint(&number, index + 1ul);
	if (file->build_id_size)
		dwu_proto_take(&mapping, MAPPING_ATTRIBUTES, &number);
	dwu_proto_take(&otlp->dictionary, DICTIONARY_MAPPINGS, &mapping);
	dwu_proto_free(&number);
	dwu_proto_free(&mapping);
}

/* The tables of strings and functions come last: the others are looking for theirs. */
static void put_dictionary(struct otlp *otlp, struct dwu_proto *all)
{
	struct dwu_proto *to = &otlp->dictionary;
	const struct dwunw_report_store *store;

	put_none(otlp, DICTIONARY_LINKS);
	put_none(otlp, DICTIONARY_MAPPINGS);
	put_none(otlp, DICTIONARY_ATTRIBUTES);
	for (uint32_t i = 0; i < otlp->report->file_count; i++) {
		put_mapping(otlp, i);
		put_build_id(otlp, &otlp->report->files[i]);
	}
	put_locations(otlp);
	put_stacks(otlp);
	put_none(otlp, DICTIONARY_FUNCTIONS);
	dwu_proto_append(to, &otlp->functions);
	store = otlp->strings.store;
	for (uint32_t i = 0; store && i < store->text_count; i++)
		dwu_proto_bytes(to, DICTIONARY_STRINGS, store->text_at[i],
				strlen(store->text_at[i]));
	dwu_proto_take(all, DATA_DICTIONARY, to);
}

/* --- profiles ------------------------------------------------------------------------------ */

static void put_sample(struct dwu_proto *profile, uint32_t stack, int64_t value)
{
	struct dwu_proto sample = { 0 }, values = { 0 };

	if (!value)
		return;
	dwu_proto_number(&sample, SAMPLE_STACK, stack + 1ul);
	dwu_proto_varint(&values, (uint64_t)value);
	dwu_proto_take(&sample, SAMPLE_VALUES, &values);
	dwu_proto_take(profile, PROFILE_SAMPLES, &sample);
	dwu_proto_free(&values);
	dwu_proto_free(&sample);
}

static void put_type(struct otlp *otlp, struct dwu_proto *profile,
		     uint32_t field, const struct dwu_value_type *type)
{
	struct dwu_proto message = { 0 };

	dwu_proto_number(&message, TYPE_TYPE, string_of(otlp, type->type));
	dwu_proto_number(&message, TYPE_UNIT, string_of(otlp, type->unit));
	dwu_proto_take(profile, field, &message);
	dwu_proto_free(&message);
}

static void put_profile(struct otlp *otlp, struct dwu_proto *scope,
			const struct dwu_value_type *type)
{
	const struct dwunw_report *report = otlp->report;
	const struct dwunw_report_meta *meta = &report->meta;
	struct dwu_proto profile = { 0 };

	put_type(otlp, &profile, PROFILE_TYPE, type);
	for (uint32_t i = 0; i < report->entry_count; i++)
		if (dwu_entry_is_shown(report, &report->entries[i]))
			put_sample(&profile, report->entries[i].stack,
				   report->entries[i].values[type->value]);
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++)
		if (dwu_apart_name(i))
			put_sample(&profile, report->stack_count + i,
				   report->apart[i][type->value]);
	dwu_proto_fixed64(&profile, PROFILE_TIME, meta->start_realtime_ns);
	dwu_proto_number(&profile, PROFILE_DURATION,
			 meta->end_ns - meta->start_ns);
	put_type(otlp, &profile, PROFILE_PERIOD_TYPE, type);
	dwu_proto_number(&profile, PROFILE_PERIOD,
			 type->value == DWUNW_REPORT_EVENT && meta->period ?
				 meta->period :
				 1);
	dwu_proto_take(scope, SCOPE_PROFILES_PROFILES, &profile);
	dwu_proto_free(&profile);
}

/* What the report is of: its labels. */
static void put_resource(const struct dwunw_report *report,
			 struct dwu_proto *resources)
{
	struct dwu_proto resource = { 0 }, pair = { 0 }, value = { 0 };

	for (uint32_t i = 0; i < report->label_count; i++) {
		put_text(&pair, KEY_VALUE_KEY, report->labels[i].key);
		put_text(&value, ANY_STRING, report->labels[i].value);
		dwu_proto_take(&pair, KEY_VALUE_VALUE, &value);
		dwu_proto_take(&resource, RESOURCE_ATTRIBUTES, &pair);
	}
	dwu_proto_take(resources, RESOURCE_PROFILES_RESOURCE, &resource);
	dwu_proto_free(&value);
	dwu_proto_free(&pair);
	dwu_proto_free(&resource);
}

static void put_scope(struct dwu_proto *scopes)
{
	struct dwu_proto scope = { 0 };

	put_text(&scope, SCOPE_NAME, "dwunw");
	put_text(&scope, SCOPE_VERSION, dwunw_version());
	dwu_proto_take(scopes, SCOPE_PROFILES_SCOPE, &scope);
	dwu_proto_free(&scope);
}

static void put_all(struct otlp *otlp, struct dwu_proto *all)
{
	struct dwu_proto resources = { 0 }, scopes = { 0 };
	struct dwu_value_type type;

	string_of(otlp, "");
	put_resource(otlp->report, &resources);
	put_scope(&scopes);
	for (uint32_t i = 0; dwu_value_type(otlp->report, i, &type); i++)
		if (otlp->report->meta.has & 1u << type.value)
			put_profile(otlp, &scopes, &type);
	dwu_proto_take(&resources, RESOURCE_PROFILES_SCOPES, &scopes);
	dwu_proto_take(all, DATA_RESOURCES, &resources);
	put_dictionary(otlp, all);
	dwu_proto_free(&scopes);
	dwu_proto_free(&resources);
}

void dwu_write_otlp(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options)
{
	struct otlp otlp = { .report = report };
	struct dwu_proto all = { 0 };

	(void)options;
	put_all(&otlp, &all);
	if (all.failed || otlp.failed || otlp.functions.failed)
		out->short_of_memory = true;
	else
		dwu_out_bytes(out, all.bytes, all.size);
	dwu_proto_free(&all);
	dwu_proto_free(&otlp.dictionary);
	dwu_proto_free(&otlp.functions);
	dwunw_report_free(&otlp.strings);
	dwunw_report_free(&otlp.function_keys);
}
