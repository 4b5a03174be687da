/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Why a stack ended and how a frame was found, in words for people. */
#include "port.h"

#include <stdio.h>

enum {
	EM_MIPS = 8,
	EM_X86_64 = 62,
	EM_AARCH64 = 183,
};

/* gABI, e_machine: what is met on Linux. */
static const struct {
	uint16_t machine;
	const char *name;
} machines[] = {
	{ 2, "sparc" },	  { 3, "i386" },	{ 4, "m68k" },
	{ 8, "mips" },	  { 15, "parisc" },	{ 20, "ppc" },
	{ 21, "ppc64" },  { 22, "s390" },	{ 40, "arm (32 bits)" },
	{ 42, "sh" },	  { 43, "sparc64" },	{ 50, "ia64" },
	{ 62, "x86_64" }, { 183, "arm64" },	{ 188, "tilepro" },
	{ 195, "arc" },	  { 243, "riscv" },	{ 247, "bpf" },
	{ 252, "csky" },  { 258, "loongarch" }, { 0x9026, "alpha" },
};

/* What of mips' e_flags tells code apart (binutils, include/elf/mips.h). */
static const char *mips_name(const struct dwunw_elf *elf)
{
	if (elf->flags & 0x02000000)
		return "mips with microMIPS instructions";
	if (elf->flags >> 28 >= 9)
		return "mips release 6";
	if (elf->elf_class == 2)
		return "mips n64";
	if (elf->flags & 0x20)
		return "mips n32";
	if ((elf->flags & 0xe000) == 0x2000)
		return "mips o64";
	if (elf->flags & 0xe000)
		return "mips EABI";
	return "mips";
}

const char *dwunw_elf_target(const struct dwunw_elf *elf)
{
	size_t i;

	if (!elf)
		return "?";
	if (elf->machine == EM_MIPS)
		return mips_name(elf);
	if (elf->machine == EM_X86_64 && elf->elf_class == 1)
		return "x32 (x86_64 with addresses of 32 bits)";
	if (elf->machine == EM_AARCH64 && elf->data == 2)
		return "arm64, big-endian";
	if (elf->machine == EM_AARCH64 && elf->elf_class == 1)
		return "arm64 ILP32 (addresses of 32 bits)";
	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == elf->machine)
			return machines[i].name;
	return "an unknown machine";
}

const char *dwunw_status_text(dwunw_status_t status)
{
	switch (status) {
	case DWUNW_OK:
		return "no error";
	case DWUNW_ERR_INVALID_ARG:
		return "not what can be asked for";
	case DWUNW_ERR_UNSUPPORTED_ARCH:
		return "of a machine that this build cannot unwind";
	case DWUNW_ERR_NOT_IMPLEMENTED:
		return "not in this build, or of a later version";
	case DWUNW_ERR_IO:
		return "cannot be read";
	case DWUNW_ERR_BAD_FORMAT:
		return "damaged, or not of the format";
	case DWUNW_ERR_NO_DEBUG_DATA:
		return "nothing is known of it";
	case DWUNW_ERR_CACHE_FULL:
		return "all places for it are in use";
	case DWUNW_ERR_NO_MEMORY:
		return "out of memory";
	case DWUNW_ERR_ATTACH_DENIED:
		return "not permitted";
	}
	return "an unknown error";
}

/* --- what is beyond a bound ------------------------------------------------ */

/* The length of the record at off, and where its CIE is; 0: not readable. */
static uint64_t record_length(const struct dwunw_module *module,
			      const struct dwunw_cfi *cfi, uint64_t off,
			      uint64_t *cie)
{
	bool big = module->elf.data == 2;
	uint64_t length = 0, id = 0;
	uint8_t bytes[8];

	if (off > cfi->bytes.size || cfi->bytes.size - off < sizeof(bytes) ||
	    (cfi->lender &&
	     !cfi->lender->fill(cfi->lender->ctx, off, sizeof(bytes))))
		return 0;
	for (size_t i = 0; i < 4; i++) {
		length = length << 8 | cfi->bytes.data[off + (big ? i : 3 - i)];
		id = id << 8 | cfi->bytes.data[off + 4 + (big ? i : 3 - i)];
	}
	*cie = cfi->debug_frame ? id : id ? off + 4 - id : off;
	return length < 4 ? 0 : length - 4;
}

const char *dwunw_cfi_text(const struct dwunw_module *module,
			   const struct dwunw_cfi *cfi, uint64_t off,
			   char *text, size_t size)
{
	uint64_t cie = off, max = DWUNW_FDE_MAX, length;

	if (!text || !size)
		return "";
	text[0] = 0;
	if (!module || !cfi)
		return text;
	length = record_length(module, cfi, off, &cie);
	if (length && cie != off && length <= max) {
		off = cie;
		max = DWUNW_CIE_MAX;
		length = record_length(module, cfi, off, &cie);
	}
	if (length > max)
		snprintf(text, size,
			 "the %s at 0x%llx of %s has %llu bytes, more than the "
			 "bound of %llu",
			 max == DWUNW_CIE_MAX ? "CIE" : "FDE",
			 (unsigned long long)off,
			 cfi->debug_frame ? ".debug_frame" : ".eh_frame",
			 (unsigned long long)length, (unsigned long long)max);
	return text;
}

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
