/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * baseline.c - entries whose stacks are in a file of folded stacks, which a report of
 * before has written. By names: another build has other addresses.
 */
#include "out.h"

#include <stdlib.h>
#include <string.h>

struct baseline {
	struct dwunw_report texts; /* only its texts are used */
	uint32_t known;		   /* the first so many are of the file */
	char *text;		   /* of the stack at hand */
	size_t size;
	size_t room;
	bool failed;
};

static bool take(void *ctx, const void *bytes, size_t size)
{
	struct baseline *baseline = ctx;
	size_t room = 2 * (baseline->size + size + 64);
	char *text;

	if (baseline->size + size >= baseline->room) {
		text = realloc(baseline->text, room);
		if (!text)
			return false;
		baseline->text = text;
		baseline->room = room;
	}
	memcpy(baseline->text + baseline->size, bytes, size);
	baseline->size += size;
	baseline->text[baseline->size] = 0;
	return true;
}

/* --- the file -------------------------------------------------------------------- */

/* Where the stack ends: before the last blank, behind which a number is. NULL: there is
 * none. */
static const char *end_of(const char *line, const char *end)
{
	const char *at = end;

	while (at > line && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (at == end)
		return NULL;
	if (at > line && at[-1] == '-')
		at--;
	return at > line + 1 && at[-1] == ' ' ? at - 1 : NULL;
}

static bool take_line(struct baseline *baseline, const char *line,
		      const char *end)
{
	const char *stack;

	while (end > line && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	if (line == end || *line == '#')
		return true;
	stack = end_of(line, end);
	if (!stack)
		return false;
	baseline->size = 0;
	if (!take(baseline, line, (size_t)(stack - line)) ||
	    dwu_text_index(&baseline->texts, baseline->text) ==
		    DWUNW_REPORT_NONE)
		baseline->failed = true;
	return true;
}

/* 0, or the number of the first line that is none. */
static uint32_t take_lines(struct baseline *baseline, const char *lines,
			   size_t size)
{
	const char *end = lines + size;

	for (uint32_t number = 1; lines < end; number++) {
		const char *next = memchr(lines, '\n', (size_t)(end - lines));

		if (!take_line(baseline, lines, next ? next : end))
			return number;
		lines = next ? next + 1 : end;
	}
	return 0;
}

/* --- entries ------------------------------------------------------------------------ */

static bool is_known(void *ctx, const struct dwunw_report *report,
		     const struct dwunw_report_entry *entry)
{
	struct baseline *baseline = ctx;
	struct dwunw_report_output output = { take, baseline };
	struct dwu_out out = { .to = &output };
	uint32_t index;

	baseline->size = 0;
	dwu_folded_entry(&out, report, entry);
	if (dwu_out_end(&out) != DWUNW_OK) {
		baseline->failed = true;
		return false;
	}
	index = dwu_text_index(&baseline->texts, baseline->text);
	baseline->failed |= index == DWUNW_REPORT_NONE;
	return index < baseline->known;
}

static uint32_t count_shown(const struct dwunw_report *report)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < report->entry_count; i++)
		count += dwu_entry_is_shown(report, &report->entries[i]) &&
			 dwu_entry_has_any(report, &report->entries[i]);
	return count;
}

dwunw_status_t dwunw_report_take_known(struct dwunw_report *report,
				       const char *lines, size_t size,
				       uint32_t *line, uint32_t *left)
{
	struct baseline baseline = { .failed = false };
	dwunw_status_t status = DWUNW_OK;

	*line = take_lines(&baseline, lines, size);
	if (*line) {
		status = DWUNW_ERR_BAD_FORMAT;
	} else {
		baseline.known = baseline.texts.store ?
					 baseline.texts.store->text_count :
					 0;
		dwu_take_out(report, DWUNW_REPORT_KNOWN, is_known, &baseline);
	}
	*left = count_shown(report);
	if (!status && baseline.failed)
		status = DWUNW_ERR_NO_MEMORY;
	dwunw_report_free(&baseline.texts);
	free(baseline.text);
	return status;
}
