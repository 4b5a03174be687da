/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void flush(struct dwu_out *out)
{
	if (out->used && !out->failed &&
	    !out->to->write(out->to->ctx, out->bytes, out->used))
		out->failed = true;
	out->used = 0;
}

void dwu_out_bytes(struct dwu_out *out, const void *bytes, size_t size)
{
	const uint8_t *next = bytes;

	while (size) {
		size_t part = sizeof(out->bytes) - out->used;

		if (part > size)
			part = size;
		memcpy(out->bytes + out->used, next, part);
		out->used += part;
		next += part;
		size -= part;
		if (out->used == sizeof(out->bytes))
			flush(out);
	}
}

void dwu_out_text(struct dwu_out *out, const char *text)
{
	dwu_out_bytes(out, text, strlen(text));
}

void dwu_out_char(struct dwu_out *out, char c)
{
	dwu_out_bytes(out, &c, 1);
}

void dwu_out_print(struct dwu_out *out, const char *format, ...)
{
	char text[512];
	va_list args;
	int used;

	va_start(args, format);
	used = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (used < 0 || (size_t)used >= sizeof(text))
		out->failed = true;
	else
		dwu_out_bytes(out, text, (size_t)used);
}

dwunw_status_t dwu_out_end(struct dwu_out *out)
{
	flush(out);
	if (out->short_of_memory)
		return DWUNW_ERR_NO_MEMORY;
	return out->failed ? DWUNW_ERR_IO : DWUNW_OK;
}

/* Unicode 15, table 3-7: no longer forms, no surrogates, nothing above U+10FFFF. */
size_t dwu_utf8_size(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	unsigned char low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
	size_t size = c[0] < 0x80		  ? 1 :
		      c[0] >= 0xc2 && c[0] < 0xe0 ? 2 :
		      c[0] >= 0xe0 && c[0] < 0xf0 ? 3 :
		      c[0] >= 0xf0 && c[0] < 0xf5 ? 4 :
						    0;

	for (size_t i = 1; i < size; i++) {
		if (c[i] < (i == 1 ? low : 0x80) ||
		    c[i] > (i == 1 ? high : 0xbf))
			return 0;
	}
	return size;
}

/* Those of UTF-8's second block as well. */
static bool is_control(const char *text, size_t size)
{
	unsigned char c = (unsigned char)text[0];

	return c < 0x20 || c == 0x7f ||
	       (size == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0);
}

void dwu_out_json(struct dwu_out *out, const char *text)
{
	dwu_out_char(out, '"');
	while (*text) {
		size_t size = dwu_utf8_size(text);
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			dwu_out_print(out, "\\%c", c);
		else if (!size || (c == '<' && out->in_page) ||
			 is_control(text, size))
			dwu_out_print(out, "\\u%04x",
				      size == 2 ? (unsigned char)text[1] : c);
		else
			dwu_out_bytes(out, text, size);
		text += size ? size : 1;
	}
	dwu_out_char(out, '"');
}

void dwu_out_name(struct dwu_out *out, const char *text)
{
	while (*text) {
		size_t size = dwu_utf8_size(text);

		if (is_control(text, size))
			dwu_out_char(out, '?');
		else
			dwu_out_bytes(out, text, size ? size : 1);
		text += size ? size : 1;
	}
}

const char *dwu_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *dwu_file_of(const struct dwunw_report *report,
			const struct dwunw_report_frame *frame)
{
	return frame->frame.module ?
		       report->files[frame->frame.module - 1].path :
		       "";
}

const char *dwu_frame_name(const struct dwunw_report *report,
			   const struct dwunw_report_frame *frame, char *text,
			   size_t size)
{
	const char *file = dwu_base_name(dwu_file_of(report, frame));

	if (frame->call.function)
		return frame->call.function;
	snprintf(text, size, "[%s]", *file ? file : "unknown");
	return text;
}

const char *dwu_apart_name(uint32_t kind)
{
	return kind == DWUNW_REPORT_UNKNOWN ? "[no_stack]" :
	       kind == DWUNW_REPORT_UNKEPT  ? "[not_kept]" :
					      NULL;
}

bool dwu_entry_has_any(const struct dwunw_report *report,
		       const struct dwunw_report_entry *entry)
{
	const int64_t *values = entry->values;

	if (report->meta.has & 1u << DWUNW_REPORT_LIVE_BYTES)
		return values[DWUNW_REPORT_LIVE_BLOCKS] ||
		       values[DWUNW_REPORT_LIVE_BYTES];
	return values[DWUNW_REPORT_SAMPLES] || values[DWUNW_REPORT_EVENT] ||
	       values[DWUNW_REPORT_ALLOCATIONS];
}

uint32_t dwu_main_value(const struct dwunw_report *report)
{
	uint32_t has = report->meta.has;

	if (has & 1u << DWUNW_REPORT_LIVE_BYTES)
		return DWUNW_REPORT_LIVE_BYTES;
	if (has & 1u << DWUNW_REPORT_ALLOCATED_BYTES)
		return DWUNW_REPORT_ALLOCATED_BYTES;
	if (has & 1u << DWUNW_REPORT_EVENT)
		return DWUNW_REPORT_EVENT;
	return DWUNW_REPORT_SAMPLES;
}

void dwu_copy_utf8(char *to, const char *text)
{
	while (*text) {
		size_t size = dwu_utf8_size(text);

		if (size)
			memcpy(to, text, size);
		else
			*to = '?';
		to += size ? size : 1;
		text += size ? size : 1;
	}
	*to = 0;
}
