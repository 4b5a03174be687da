/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * suppress.c - entries that a file of LeakSanitizer's format names are taken out:
 * "leak:PATTERN" a line, # begins a comment.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

struct pattern {
	const char *text;
	size_t size;
};

struct patterns {
	struct pattern *at;
	uint32_t count;
};

static size_t trim(const char **text, size_t size)
{
	while (size && (**text == ' ' || **text == '\t')) {
		(*text)++;
		size--;
	}
	while (size && ((*text)[size - 1] == ' ' || (*text)[size - 1] == '\t' ||
			(*text)[size - 1] == '\r'))
		size--;
	return size;
}

/* One line; false: it is neither a pattern nor a comment. */
static bool take_line(struct patterns *patterns, const char *line, size_t size)
{
	static const char kind[] = "leak:";

	size = trim(&line, size);
	if (!size || *line == '#')
		return true;
	if (size <= sizeof(kind) - 1 || memcmp(line, kind, sizeof(kind) - 1) ||
	    memchr(line, 0, size))
		return false;
	patterns->at[patterns->count++] =
		(struct pattern){ line + sizeof(kind) - 1,
				  size - (sizeof(kind) - 1) };
	return true;
}

static uint32_t count_lines(const char *lines, size_t size)
{
	uint32_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += lines[i] == '\n';
	return count;
}

/* 0: all of it is read; else the line that is wrong. */
static uint32_t take_lines(struct patterns *patterns, const char *lines,
			   size_t size)
{
	uint32_t number = 1;

	while (size) {
		const char *end = memchr(lines, '\n', size);
		size_t length = end ? (size_t)(end - lines) : size;

		if (!take_line(patterns, lines, length))
			return number;
		lines += length + (end != NULL);
		size -= length + (end != NULL);
		number++;
	}
	return 0;
}

/* Does the part of a pattern without a * begin there? */
static bool begins(const char *name, const char *part, size_t size)
{
	return !strncmp(name, part, size);
}

static const char *find_part(const char *name, const char *part, size_t size)
{
	for (;; name++) {
		if (begins(name, part, size))
			return name;
		if (!*name)
			return NULL;
	}
}

/*
 * As LeakSanitizer's TemplateMatch(): the parts between * in their order, anywhere,
 * but for ^ and $.
 */
static bool matches(const struct pattern *pattern, const char *name)
{
	const char *part = pattern->text, *end = part + pattern->size;
	bool at_start = *part == '^';

	part += at_start;
	while (part < end) {
		const char *star = memchr(part, '*', (size_t)(end - part));
		bool last = !star && end[-1] == '$';
		size_t size = (size_t)((star ? star : end - last) - part);
		const char *there;

		if (last && !size)
			return !at_start || !*name;
		if (last && !at_start) {
			size_t length = strlen(name);

			return length >= size &&
			       begins(name + length - size, part, size);
		}
		there = at_start ? (begins(name, part, size) ? name : NULL) :
				   find_part(name, part, size);
		if (!there)
			return false;
		name = there + size;
		at_start = false;
		if (last)
			return !*name;
		part = star ? star + 1 : end;
	}
	return true;
}

static bool any_matches(const struct patterns *patterns, const char *name)
{
	for (uint32_t i = 0; name && i < patterns->count; i++)
		if (matches(&patterns->at[i], name))
			return true;
	return false;
}

static bool call_matches(const struct patterns *patterns,
			 const struct dwunw_report_call *call)
{
	return any_matches(patterns, call->function) ||
	       any_matches(patterns, call->source);
}

static bool frame_matches(const struct dwunw_report *report,
			  const struct patterns *patterns,
			  const struct dwunw_report_frame *frame)
{
	if (frame->frame.module &&
	    any_matches(patterns, report->files[frame->frame.module - 1].path))
		return true;
	if (call_matches(patterns, &frame->call))
		return true;
	for (uint32_t i = 0; i < frame->inlined_count; i++)
		if (call_matches(patterns, &frame->inlined[i]))
			return true;
	return false;
}

/* Each frame is looked at once, however many stacks have it. */
static bool *match_frames(const struct dwunw_report *report,
			  const struct patterns *patterns)
{
	bool *matched = calloc(report->frame_count + 1ul, sizeof(*matched));

	for (uint32_t i = 0; matched && i < report->frame_count; i++)
		matched[i] =
			frame_matches(report, patterns, &report->frames[i]);
	return matched;
}

static bool stack_matches(const struct dwunw_report_stack *stack,
			  const bool *matched)
{
	for (uint32_t i = 0; i < stack->count; i++)
		if (matched[stack->frames[i]])
			return true;
	return false;
}

static bool is_suppressed(void *matched, const struct dwunw_report *report,
			  const struct dwunw_report_entry *entry)
{
	return stack_matches(&report->stacks[entry->stack], matched);
}

void dwu_take_out(struct dwunw_report *report, uint32_t apart,
		  bool (*is_out)(void *ctx, const struct dwunw_report *report,
				 const struct dwunw_report_entry *entry),
		  void *ctx)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < report->entry_count; i++) {
		struct dwunw_report_entry *entry = &report->entries[i];

		if (!is_out(ctx, report, entry)) {
			report->entries[kept++] = *entry;
			continue;
		}
		for (uint32_t k = 0; k < DWUNW_REPORT_VALUE_END; k++)
			report->apart[apart][k] += entry->values[k];
		dwu_free_entry(entry);
	}
	report->entry_count = kept;
	if (report->store)
		dwu_index_entries(report);
}

dwunw_status_t dwunw_report_suppress(struct dwunw_report *report,
				     const char *lines, size_t size,
				     uint32_t *line)
{
	struct patterns patterns = { NULL, 0 };
	bool *matched = NULL;
	dwunw_status_t status = DWUNW_ERR_NO_MEMORY;

	*line = 0;
	patterns.at = calloc(count_lines(lines, size), sizeof(*patterns.at));
	if (patterns.at)
		*line = take_lines(&patterns, lines, size);
	if (*line)
		status = DWUNW_ERR_BAD_FORMAT;
	else if (patterns.at)
		matched = match_frames(report, &patterns);
	if (matched) {
		dwu_take_out(report, DWUNW_REPORT_SUPPRESSED, is_suppressed,
			     matched);
		status = DWUNW_OK;
	}
	free(matched);
	free(patterns.at);
	return status;
}
