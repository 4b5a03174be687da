/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Why a stack ended and how a frame was found, in words for people: what tools
 * print below a stack. For example, NO_ROW with scan RA_LOST at 0x1b2c of
 * libc.musl.so is "no unwind information for 0x1b2c in /lib/libc.musl.so
 * (instructions: ra lost)". A root has no text: nothing is missing.
 *
 * doc/troubleshooting.md quotes these lines and says what to do about each.
 * Paths are the target's, so the line is made printable.
 */
#include "context.h"

#include <stdio.h>

/* Where the last frame is: "0x1b2c in /lib/libc.musl.so". */
static void place_text(const struct dwunw_context *ctx,
		       const struct dwunw_stop *stop, char *text, size_t size)
{
	const char *label = dwunw_module_label(ctx, stop->module);

	if (!stop->module)
		snprintf(text, size, "0x%llx", (unsigned long long)stop->pc);
	else if (label)
		snprintf(text, size, "0x%llx in %s",
			 (unsigned long long)stop->vaddr, label);
	else
		snprintf(text, size, "0x%llx in file %u",
			 (unsigned long long)stop->vaddr, stop->module);
}

/*
 * The last frame's pc is outside of all that can be unwound; why, says its
 * status.
 */
static void no_module_text(const struct dwunw_stop *stop, const char *place,
			   char *text, size_t size)
{
	unsigned long long pc = stop->pc;

	if (stop->module) {
		snprintf(text, size, "%s is no code", place);
		return;
	}
	switch (stop->status) {
	case DWUNW_OK:
		snprintf(text, size, "0x%llx is in no mapping", pc);
		break;
	case DWUNW_ERR_NO_DEBUG_DATA:
		snprintf(text, size, "0x%llx is in memory without a file", pc);
		break;
	default:
		snprintf(text, size, "the file at 0x%llx cannot be used: %s",
			 pc, dwunw_status_text((dwunw_status_t)stop->status));
	}
}

/* "" for the usual: the event's own frame, and those by CFI. */
const char *dwunw_frame_text(const struct dwunw_frame *frame, char *text,
			     size_t size)
{
	bool told, guess;

	if (!text || !size)
		return "";
	text[0] = 0;
	if (!frame)
		return text;
	told = frame->how > DWUNW_HOW_CFI;
	guess = frame->how != DWUNW_HOW_FP &&
		(frame->flags & DWUNW_FRAME_FLAG_GUESS);
	snprintf(text, size, "%s%s%s%s", told ? dwunw_how_name(frame->how) : "",
		 frame->flags & DWUNW_FRAME_FLAG_BAD_CFI ? ", bad cfi" : "",
		 told && guess ? ", " : "", guess ? "guess" : "");
	return text;
}

/* Of a file that is still open, and of an FDE beyond a bound, that. */
static void bad_row_text(const struct dwunw_context *ctx,
			 const struct dwunw_stop *stop, const char *place,
			 char *text, size_t size)
{
	dwunw_status_t status = (dwunw_status_t)stop->status;
	char why[192] = "";

	if (ctx && ctx->port && status == DWUNW_ERR_BAD_FORMAT)
		dwu_modules_cfi_text(&ctx->port->modules, stop->module,
				     stop->vaddr, why, sizeof(why));
	snprintf(text, size, "bad unwind information (%s) for %s",
		 why[0] ? why : dwunw_status_text(status), place);
}

/* text is the caller's, cut at size - 1 bytes, and returned. */
const char *dwunw_stop_text(const struct dwunw_context *ctx,
			    const struct dwunw_stop *stop, char *text,
			    size_t size)
{
	unsigned long long addr;
	char place[DWU_LOG_LINE];

	if (!text || !size)
		return "";
	text[0] = 0;
	if (!stop)
		return text;
	addr = stop->addr;
	place_text(ctx, stop, place, sizeof(place));
	switch (stop->reason) {
	case DWUNW_STOP_ROOT:
		break;
	case DWUNW_STOP_LIMIT:
		snprintf(text, size, "no room for more frames, at %s", place);
		break;
	case DWUNW_STOP_NO_MODULE:
		no_module_text(stop, place, text, size);
		break;
	case DWUNW_STOP_NO_ROW:
		snprintf(text, size, "no unwind information for %s%s%s%s",
			 place, stop->scan ? " (instructions: " : "",
			 stop->scan ? dwunw_scan_result_name(stop->scan) : "",
			 stop->scan ? ")" : "");
		break;
	case DWUNW_STOP_BAD_ROW:
		bad_row_text(ctx, stop, place, text, size);
		break;
	case DWUNW_STOP_UNREADABLE:
		snprintf(text, size,
			 "memory at 0x%llx cannot be read, needed at %s", addr,
			 place);
		break;
	case DWUNW_STOP_TRUNCATED:
		snprintf(text, size,
			 "0x%llx is beyond the copied stack, needed at %s",
			 addr, place);
		break;
	case DWUNW_STOP_NO_REGISTER:
		snprintf(text, size, "a register was lost before %s", place);
		break;
	case DWUNW_STOP_NO_PROGRESS:
		snprintf(text, size,
			 "the caller's frame would not be further out, at %s",
			 place);
		break;
	case DWUNW_STOP_TRAMPOLINE:
		snprintf(text, size,
			 "a uretprobe of another tool hides the caller, at %s",
			 place);
		break;
	case DWUNW_STOP_CONTEXT:
		snprintf(text, size, "the start of a context, at %s", place);
		break;
	case DWUNW_STOP_ZERO_RETURN:
		snprintf(text, size, "the return address is 0, at %s", place);
		break;
	case DWUNW_STOP_NO_CODE:
		snprintf(text, size,
			 "the return address 0x%llx is in no code, at %s", addr,
			 place);
		break;
	case DWUNW_STOP_NO_CALL:
		snprintf(text, size,
			 "the return address 0x%llx is not behind a call, "
			 "at %s",
			 addr, place);
		break;
	case DWUNW_STOP_TIME:
		snprintf(text, size,
			 "memory at 0x%llx was not there in time, needed at %s",
			 addr, place);
		break;
	default:
		snprintf(text, size, "stop reason %u at %s", stop->reason,
			 place);
	}
	dwu_make_printable(text);
	return text;
}
