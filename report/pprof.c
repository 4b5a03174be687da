/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * pprof.c - profile.proto of github.com/google/pprof, packed.
 *
 * Addresses are as linked, and a mapping is where its file says: profiles of
 * several processes and hosts add up so, and addr2line takes what is printed.
 */
#include "out.h"
#include "proto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME_NANOS = 9,
	PROFILE_DURATION_NANOS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_TYPE = 14,
	TYPE_TYPE = 1,
	TYPE_UNIT = 2,
	SAMPLE_LOCATION = 1,
	SAMPLE_VALUE = 2,
	SAMPLE_LABEL = 3,
	LABEL_KEY = 1,
	LABEL_TEXT = 2,
	LABEL_NUMBER = 3,
	MAPPING_ID = 1,
	MAPPING_START = 2,
	MAPPING_LIMIT = 3,
	MAPPING_OFF = 4,
	MAPPING_FILE = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FUNCTIONS = 7,
	MAPPING_HAS_FILES = 8,
	MAPPING_HAS_LINES = 9,
	MAPPING_HAS_INLINED = 10,
	LOCATION_ID = 1,
	LOCATION_MAPPING = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4,
	LINE_FUNCTION = 1,
	LINE_LINE = 2,
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
	FUNCTION_FILE = 4,
};

/* A function by its name's and its file's numbers. */
struct function_key {
	uint32_t name;
	uint32_t file;
};

struct profile {
	const struct dwunw_report *report;
	struct dwu_proto all;
	struct dwu_proto part;
	struct dwu_proto inner;
	struct dwunw_report strings; /* only its texts are used */
	struct dwu_table functions;
	struct function_key *function_at;
	uint32_t function_count;
	bool *used;	/* frames of entries that are shown */
	uint8_t *known; /* of files: what is known of their code */
	char *text;
	size_t text_size;
};

#define KNOWN_FUNCTION 1u
#define KNOWN_FILE 2u
#define KNOWN_LINE 4u
#define KNOWN_INLINED 8u

/* Which values are in it, in the order of Go's. */
static const struct {
	uint32_t value;
	const char *type;
	const char *unit;
} types[] = {
	{ DWUNW_REPORT_ALLOCATIONS, "alloc_objects", "count" },
	{ DWUNW_REPORT_ALLOCATED_BYTES, "alloc_space", "bytes" },
	{ DWUNW_REPORT_LIVE_BLOCKS, "inuse_objects", "count" },
	{ DWUNW_REPORT_LIVE_BYTES, "inuse_space", "bytes" },
	{ DWUNW_REPORT_SAMPLES, "samples", "count" },
	{ DWUNW_REPORT_EVENT, NULL, NULL },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

bool dwu_value_type(const struct dwunw_report *report, uint32_t index,
		    struct dwu_value_type *type)
{
	const struct dwunw_report_meta *meta = &report->meta;

	if (index >= TYPES)
		return false;
	type->value = types[index].value;
	type->type = types[index].type ? types[index].type :
		     meta->event       ? meta->event :
					 "event";
	type->unit = types[index].unit ? types[index].unit :
		     meta->unit	       ? meta->unit :
					 "count";
	return true;
}

static bool has(const struct profile *profile, size_t type)
{
	return profile->report->meta.has & 1u << types[type].value;
}

/* --- strings ------------------------------------------------------------------ */

/* Its number in the table of strings; 0: "". */
static uint32_t string_of(struct profile *profile, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t index;

	if (size > profile->text_size) {
		char *grown = realloc(profile->text, 2 * size);

		if (!grown) {
			profile->all.failed = true;
			return 0;
		}
		profile->text = grown;
		profile->text_size = 2 * size;
	}
	dwu_copy_utf8(profile->text, text);
	index = dwu_text_index(&profile->strings, profile->text);
	profile->all.failed |= index == DWUNW_REPORT_NONE;
	return index == DWUNW_REPORT_NONE ? 0 : index;
}

static void put_strings(struct profile *profile)
{
	const struct dwunw_report_store *store = profile->strings.store;

	for (uint32_t i = 0; store && i < store->text_count; i++)
		dwu_proto_bytes(&profile->all, PROFILE_STRING,
				store->text_at[i], strlen(store->text_at[i]));
}

/* --- functions and locations ------------------------------------------------------ */

/* The table of functions is looked up with the profile's own array. */
struct asked_function {
	const struct function_key *at;
	struct function_key key;
};

static bool same_function(const struct dwunw_report *report, uint32_t index,
			  const void *wanted)
{
	const struct asked_function *asked = wanted;

	(void)report;
	return asked->at[index].name == asked->key.name &&
	       asked->at[index].file == asked->key.file;
}

static void put_function(struct profile *profile, uint32_t index,
			 struct function_key key)
{
	struct dwu_proto message = { 0 };

	dwu_proto_number(&message, FUNCTION_ID, index + 1);
	dwu_proto_number(&message, FUNCTION_NAME, key.name);
	dwu_proto_number(&message, FUNCTION_SYSTEM_NAME, key.name);
	dwu_proto_number(&message, FUNCTION_FILE, key.file);
	dwu_proto_take(&profile->all, PROFILE_FUNCTION, &message);
	dwu_proto_free(&message);
}

/* Its id; written where it is new. */
static uint32_t function_of(struct profile *profile, const char *name,
			    const char *source)
{
	struct asked_function asked = { profile->function_at,
					{ string_of(profile, name),
					  string_of(profile, source) } };
	uint64_t hash = dwu_hash_step(asked.key.name, asked.key.file);
	struct dwu_slot *slot = dwu_table_find(&profile->strings,
					       &profile->functions, hash,
					       same_function, &asked);
	uint32_t index;

	if (slot && slot->index)
		return slot->index;
	index = slot ? dwu_append(&profile->strings, &profile->function_at,
				  &profile->function_count,
				  sizeof(*profile->function_at)) :
		       DWUNW_REPORT_NONE;
	if (index == DWUNW_REPORT_NONE) {
		profile->all.failed = true;
		return 0;
	}
	profile->function_at[index] = asked.key;
	dwu_table_put(&profile->functions, slot, hash, index);
	put_function(profile, index, asked.key);
	return index + 1;
}

static void put_line(struct profile *profile, const char *function,
		     const struct dwunw_report_call *call)
{
	dwu_proto_number(&profile->inner, LINE_FUNCTION,
			 function_of(profile, function,
				     call->source ? call->source : ""));
	dwu_proto_number(&profile->inner, LINE_LINE, call->line);
	dwu_proto_take(&profile->part, LOCATION_LINE, &profile->inner);
}

static void note_known(struct profile *profile,
		       const struct dwunw_report_frame *frame)
{
	const struct dwunw_report_call *call = &frame->call;

	if (frame->frame.module)
		profile->known[frame->frame.module - 1] |=
			(call->function ? KNOWN_FUNCTION : 0) |
			(call->source ? KNOWN_FILE : 0) |
			(call->line ? KNOWN_LINE : 0) |
			(frame->inlined_count ? KNOWN_INLINED : 0);
}

/* Innermost first; without names no line at all, so that pprof looks for them. */
static void put_lines(struct profile *profile,
		      const struct dwunw_report_frame *frame)
{
	const char *function = frame->call.function;

	if (!function && !frame->call.source && !frame->inlined_count)
		return;
	for (uint32_t i = frame->inlined_count; i-- > 0;) {
		const struct dwunw_report_call *call = &frame->inlined[i];

		put_line(profile, call->function ? call->function : "[unknown]",
			 call);
	}
	put_line(profile, function ? function : "[unknown]", &frame->call);
}

static void put_location(struct profile *profile, uint32_t index)
{
	const struct dwunw_report_frame *frame =
		&profile->report->frames[index];
	uint64_t place = frame->frame.module ? frame->frame.vaddr :
					       frame->frame.pc;

	note_known(profile, frame);
	dwu_proto_number(&profile->part, LOCATION_ID, index + 1ul);
	dwu_proto_number(&profile->part, LOCATION_MAPPING, frame->frame.module);
	dwu_proto_number(&profile->part, LOCATION_ADDRESS,
			 dwunw_frame_lookup(&frame->frame, place));
	put_lines(profile, frame);
	dwu_proto_take(&profile->all, PROFILE_LOCATION, &profile->part);
}

/* A location for what has no stack: behind those of frames. */
static void put_apart_location(struct profile *profile, uint32_t kind)
{
	const struct dwunw_report_call none = { 0 };

	dwu_proto_number(&profile->part, LOCATION_ID,
			 profile->report->frame_count + 1ul + kind);
	put_line(profile, dwu_apart_name(kind), &none);
	dwu_proto_take(&profile->all, PROFILE_LOCATION, &profile->part);
}

/* --- mappings ----------------------------------------------------------------- */

bool dwu_linked_at(const struct dwunw_report *report, uint32_t file,
		   struct dwunw_report_mapping *linked)
{
	bool found = false;

	for (uint32_t i = 0; i < report->mapping_count; i++) {
		const struct dwunw_report_mapping *mapping =
			&report->mappings[i];
		uint64_t start = mapping->start - mapping->bias;
		uint64_t end = mapping->end - mapping->bias;

		if (mapping->file != file)
			continue;
		if (!found || start < linked->start) {
			linked->start = start;
			linked->off = mapping->off;
		}
		if (!found || end > linked->end)
			linked->end = end;
		found = true;
	}
	return found;
}

static void put_build_id(struct profile *profile,
			 const struct dwunw_report_file *file)
{
	char text[2 * DWUNW_BUILD_ID_MAX + 1] = "";

	for (uint32_t i = 0; i < file->build_id_size; i++)
		snprintf(text + 2ul * i, 3, "%02x", file->build_id[i]);
	dwu_proto_number(&profile->part, MAPPING_BUILD_ID,
			 string_of(profile, text));
}

static void put_mapping(struct profile *profile, uint32_t index)
{
	const struct dwunw_report_file *file = &profile->report->files[index];
	struct dwunw_report_mapping linked = { .end = UINT64_MAX };
	uint8_t known = profile->known[index];

	dwu_linked_at(profile->report, index, &linked);
	dwu_proto_number(&profile->part, MAPPING_ID, index + 1ul);
	dwu_proto_number(&profile->part, MAPPING_START, linked.start);
	dwu_proto_number(&profile->part, MAPPING_LIMIT, linked.end);
	dwu_proto_number(&profile->part, MAPPING_OFF, linked.off);
	dwu_proto_number(&profile->part, MAPPING_FILE,
			 string_of(profile, file->path));
	put_build_id(profile, file);
	dwu_proto_number(&profile->part, MAPPING_HAS_FUNCTIONS,
			 (known & KNOWN_FUNCTION) != 0);
	dwu_proto_number(&profile->part, MAPPING_HAS_FILES,
			 (known & KNOWN_FILE) != 0);
	dwu_proto_number(&profile->part, MAPPING_HAS_LINES,
			 (known & KNOWN_LINE) != 0);
	dwu_proto_number(&profile->part, MAPPING_HAS_INLINED,
			 (known & KNOWN_INLINED) != 0);
	dwu_proto_take(&profile->all, PROFILE_MAPPING, &profile->part);
}

/* The file of a stack's main, or of its outermost code with a file. True: it has a
 * main. */
static bool file_of_main(const struct dwunw_report *report,
			 const struct dwunw_report_stack *stack, uint32_t *file)
{
	for (uint32_t i = 0; i < stack->count; i++) {
		const struct dwunw_report_frame *frame =
			&report->frames[stack->frames[i]];

		if (!frame->frame.module)
			continue;
		*file = frame->frame.module - 1;
		if (frame->call.function &&
		    !strcmp(frame->call.function, "main"))
			return true;
	}
	return false;
}

/* pprof takes the first for the program itself: that of the first stack with a
 * main (threads have none), else of the first stack's outermost code. */
static uint32_t program_file(const struct dwunw_report *report)
{
	uint32_t first = 0, found;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		found = 0;
		if (file_of_main(report,
				 &report->stacks[report->entries[i].stack],
				 &found))
			return found;
		first = i ? first : found;
	}
	return first;
}

static void put_mappings(struct profile *profile)
{
	uint32_t first = program_file(profile->report);

	if (first < profile->report->file_count)
		put_mapping(profile, first);
	for (uint32_t i = 0; i < profile->report->file_count; i++)
		if (i != first)
			put_mapping(profile, i);
}

/* --- samples ------------------------------------------------------------------ */

static void put_values(struct profile *profile, const int64_t *values)
{
	for (size_t i = 0; i < TYPES; i++)
		if (has(profile, i))
			dwu_proto_varint(&profile->inner,
					 (uint64_t)values[types[i].value]);
	dwu_proto_take(&profile->part, SAMPLE_VALUE, &profile->inner);
}

static void put_label(struct profile *profile, const char *key,
		      const char *text, uint64_t number)
{
	dwu_proto_number(&profile->inner, LABEL_KEY, string_of(profile, key));
	dwu_proto_number(&profile->inner, LABEL_TEXT, string_of(profile, text));
	dwu_proto_number(&profile->inner, LABEL_NUMBER, number);
	dwu_proto_take(&profile->part, SAMPLE_LABEL, &profile->inner);
}

static void put_sample(struct profile *profile,
		       const struct dwunw_report_entry *entry)
{
	const struct dwunw_report_stack *stack =
		&profile->report->stacks[entry->stack];

	for (uint32_t i = 0; i < stack->count; i++)
		dwu_proto_varint(&profile->inner, stack->frames[i] + 1ul);
	dwu_proto_take(&profile->part, SAMPLE_LOCATION, &profile->inner);
	put_values(profile, entry->values);
	if (entry->apart)
		put_label(profile, "pid", "", entry->apart);
	if (entry->tid) {
		put_label(profile, "tid", "", entry->tid);
		put_label(profile, "thread", entry->thread, 0);
	}
	if (*entry->program && profile->report->process_count > 1)
		put_label(profile, "program", entry->program, 0);
	dwu_proto_take(&profile->all, PROFILE_SAMPLE, &profile->part);
}

/* What has no stack. */
static void put_apart(struct profile *profile, uint32_t kind)
{
	const int64_t *values = profile->report->apart[kind];
	int64_t any = 0;

	for (uint32_t i = 0; i < DWUNW_REPORT_VALUE_END; i++)
		any |= values[i];
	if (!any || !dwu_apart_name(kind))
		return;
	put_apart_location(profile, kind);
	dwu_proto_varint(&profile->inner,
			 profile->report->frame_count + 1ul + kind);
	dwu_proto_take(&profile->part, SAMPLE_LOCATION, &profile->inner);
	put_values(profile, values);
	dwu_proto_take(&profile->all, PROFILE_SAMPLE, &profile->part);
}

static void put_samples(struct profile *profile)
{
	const struct dwunw_report *report = profile->report;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_stack *stack =
			&report->stacks[report->entries[i].stack];

		if (!dwu_entry_is_shown(report, &report->entries[i]))
			continue;
		put_sample(profile, &report->entries[i]);
		for (uint32_t k = 0; k < stack->count; k++)
			profile->used[stack->frames[k]] = true;
	}
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++)
		put_apart(profile, i);
	for (uint32_t i = 0; i < report->frame_count; i++)
		if (profile->used[i])
			put_location(profile, i);
}

/* --- all of it ------------------------------------------------------------------ */

static void put_type(struct profile *profile, uint32_t field, const char *type,
		     const char *unit)
{
	dwu_proto_number(&profile->part, TYPE_TYPE, string_of(profile, type));
	dwu_proto_number(&profile->part, TYPE_UNIT, string_of(profile, unit));
	dwu_proto_take(&profile->all, field, &profile->part);
}

/* The last one that is there is what a viewer shows first. */
static void put_types(struct profile *profile)
{
	const struct dwunw_report_meta *meta = &profile->report->meta;
	struct dwu_value_type one, last = { .type = "", .unit = "" };

	string_of(profile, "");
	for (uint32_t i = 0; dwu_value_type(profile->report, i, &one); i++) {
		if (!has(profile, i))
			continue;
		last = one;
		put_type(profile, PROFILE_SAMPLE_TYPE, last.type, last.unit);
	}
	if (meta->has & 1u << DWUNW_REPORT_LIVE_BYTES)
		put_type(profile, PROFILE_PERIOD_TYPE, "space", "bytes");
	else
		put_type(profile, PROFILE_PERIOD_TYPE, last.type, last.unit);
	dwu_proto_number(&profile->all, PROFILE_PERIOD,
			 meta->period ? meta->period : 1);
	dwu_proto_number(&profile->all, PROFILE_DEFAULT_TYPE,
			 string_of(profile, last.type));
}

static void put_comment(struct profile *profile, const char *text)
{
	dwu_proto_number(&profile->all, PROFILE_COMMENT,
			 string_of(profile, text));
}

/* What was recorded by whom, and what was lost. */
static void put_comments(struct profile *profile)
{
	const struct dwunw_report *report = profile->report;
	const char *version = report->meta.version ? report->meta.version : "";
	char text[512];

	if (!strncmp(version, "dwunw ", 6)) /* a recording's has the name */
		version += 6;
	snprintf(text, sizeof(text), "%s %s, %s",
		 report->meta.tool ? report->meta.tool : "dwunw", version,
		 report->meta.estimated ? "estimated from samples" :
		 report->meta.event	? report->meta.event :
					  "each allocation");
	put_comment(profile, text);
	for (uint32_t i = 0; i < report->label_count; i++) {
		snprintf(text, sizeof(text), "%.200s=%.200s",
			 report->labels[i].key, report->labels[i].value);
		put_comment(profile, text);
	}
	for (uint32_t i = DWUNW_REPORT_COUNT_OVER_BUDGET;
	     i <= DWUNW_REPORT_COUNT_CALLS_FULL; i++) {
		if (!report->counts[i])
			continue;
		snprintf(text, sizeof(text), "lost: %s %" PRIu64,
			 dwunw_report_count_name(i), report->counts[i]);
		put_comment(profile, text);
	}
}

static void put_all(struct profile *profile)
{
	const struct dwunw_report_meta *meta = &profile->report->meta;

	put_types(profile);
	put_samples(profile);
	put_mappings(profile);
	put_comments(profile);
	dwu_proto_number(&profile->all, PROFILE_TIME_NANOS,
			 meta->start_realtime_ns);
	dwu_proto_number(&profile->all, PROFILE_DURATION_NANOS,
			 meta->end_ns - meta->start_ns);
	put_strings(profile);
}

static void free_profile(struct profile *profile)
{
	dwu_proto_free(&profile->all);
	dwu_proto_free(&profile->part);
	dwu_proto_free(&profile->inner);
	dwunw_report_free(&profile->strings);
	free(profile->functions.slots);
	free(profile->function_at);
	free(profile->used);
	free(profile->known);
	free(profile->text);
}

void dwu_write_pprof(struct dwu_out *out, const struct dwunw_report *report,
		     const struct dwunw_report_options *options)
{
	struct profile profile = { .report = report };

	(void)options;
	profile.used = calloc(report->frame_count + 1ul, 1);
	profile.known = calloc(report->file_count + 1ul, 1);
	if (profile.used && profile.known)
		put_all(&profile);
	if (!profile.used || !profile.known || profile.all.failed)
		out->short_of_memory = true;
	else
		dwu_gzip(out, profile.all.bytes, profile.all.size);
	free_profile(&profile);
}
