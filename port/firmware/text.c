/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A frame and a stop as lines of text, without a printf. */
#include "port.h"

/* Of an address. */
#define ADDR_DIGITS (2 * (uint32_t)sizeof(uintptr_t))

struct out {
	char *text;
	size_t size;
	size_t used;
};

static void put_char(struct out *o, char c)
{
	if (o->used + 1 < o->size)
		o->text[o->used++] = c;
}

static void put(struct out *o, const char *s)
{
	while (*s)
		put_char(o, *s++);
}

/* At least `width` hexadecimal digits. */
static void put_hex(struct out *o, uint64_t value, uint32_t width)
{
	uint32_t digits = 1;

	while (digits < 16 && value >> (4 * digits))
		digits++;
	put(o, "0x");
	for (; width > digits; width--)
		put_char(o, '0');
	while (digits > 0)
		put_char(o, "0123456789abcdef"[value >> (4 * --digits) & 15]);
}

static uint32_t put_decimal(struct out *o, uint32_t value)
{
	char digits[10];
	uint32_t count = 0, i;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (i = count; i > 0; i--)
		put_char(o, digits[i - 1]);
	return count;
}

/* The last part of a path. */
static const char *base(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '/' && path[1])
			last = path + 1;
	return last;
}

/* The line ends as a line also where it was cut. */
static size_t finish(struct out *o)
{
	if (o->size == 0)
		return 0;
	if (o->used + 1 >= o->size && o->used > 0)
		o->used--;
	put_char(o, '\n');
	o->text[o->used] = 0;
	return o->used;
}

size_t dwunw_firmware_frame_text(char *text, size_t size,
				 const struct dwunw_firmware_frame *frame,
				 const char *symbol, uint64_t symbol_off)
{
	struct out o = { .text = text, .size = size };

	if (frame->left_out) {
		put(&o, "... ");
		(void)put_decimal(&o, frame->left_out);
		put(&o, " frames left out\n");
	}
	put_char(&o, '#');
	if (put_decimal(&o, frame->index) < 2)
		put_char(&o, ' ');
	put_char(&o, ' ');
	put_hex(&o, frame->frame.pc, ADDR_DIGITS);
	put(&o, "  ");
	put(&o, base(frame->label));
	if (frame->label[0] != '?') {
		put_char(&o, '+');
		put_hex(&o, frame->off, 0);
	}
	if (symbol) {
		put(&o, "  ");
		put(&o, symbol);
		put_char(&o, '+');
		put_hex(&o, symbol_off, 0);
	}
	put(&o, "  [");
	put(&o, dwunw_how_name(frame->frame.how));
	if (frame->frame.flags & DWUNW_FRAME_FLAG_BAD_CFI)
		put(&o, ", bad cfi");
	if (frame->frame.how != DWUNW_HOW_FP &&
	    (frame->frame.flags & DWUNW_FRAME_FLAG_GUESS))
		put(&o, ", guess");
	put_char(&o, ']');
	if (frame->frame.flags & DWUNW_FRAME_FLAG_SIGNAL)
		put(&o, " signal trampoline");
	return finish(&o);
}

static const char *status_words(int32_t status)
{
	switch (status) {
	case DWUNW_ERR_NO_MEMORY:
		return "no memory";
	case DWUNW_ERR_UNSUPPORTED_ARCH:
		return "another machine";
	case DWUNW_ERR_NOT_IMPLEMENTED:
		return "not in this build";
	case DWUNW_ERR_BAD_FORMAT:
		return "damaged";
	default:
		return "cannot be read";
	}
}

static void put_status(struct out *o, int32_t status, size_t wanted)
{
	if (status == DWUNW_OK)
		return;
	put(o, " (");
	put(o, status_words(status));
	if (status == DWUNW_ERR_NO_MEMORY) {
		put(o, ", wants ");
		(void)put_decimal(o, (uint32_t)wanted);
		put(o, " bytes");
	}
	put_char(o, ')');
}

static void put_reason(struct out *o, const struct dwunw_stop *stop,
		       uint32_t count, size_t wanted)
{
	put(o, dwunw_stop_name(stop->reason));
	switch (stop->reason) {
	case DWUNW_STOP_LIMIT:
		put(o, " of ");
		(void)put_decimal(o, count + stop->left_out);
		put(o, " frames");
		break;
	case DWUNW_STOP_UNREADABLE:
	case DWUNW_STOP_TRUNCATED:
	case DWUNW_STOP_NO_CODE:
	case DWUNW_STOP_NO_CALL:
		put_char(o, ' ');
		put_hex(o, stop->addr, ADDR_DIGITS);
		break;
	case DWUNW_STOP_NO_MODULE:
	case DWUNW_STOP_BAD_ROW:
		put_status(o, stop->status, wanted);
		break;
	default:
		break;
	}
}

size_t dwu_stop_text(char *text, size_t size, const struct dwunw_stop *stop,
		     uint32_t count, size_t wanted, const char *label)
{
	struct out o = { .text = text, .size = size };

	put(&o, "stack ends: ");
	put_reason(&o, stop, count, wanted);
	if (stop->reason != DWUNW_STOP_ROOT &&
	    stop->reason != DWUNW_STOP_LIMIT) {
		put(&o, ", at ");
		put_hex(&o, stop->pc, ADDR_DIGITS);
		put(&o, " of ");
		put(&o, base(label));
	}
	return finish(&o);
}

size_t dwunw_firmware_stop_text(char *text, size_t size,
				const struct dwunw_firmware_trace *trace)
{
	return dwu_stop_text(text, size, &trace->stop, trace->count,
			     trace->wanted, trace->stop_label);
}
