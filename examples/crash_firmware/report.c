/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The stack as text, with all memory set aside beforehand. */
#include "program.h"

/*
 * All the memory there is: nothing is allocated once it has crashed. Scans of
 * instructions take what the library was configured with, 48 KiB by
 * port/firmware/defconfig; the first line of a run says how much is wanted.
 */
#ifndef SCAN_MEMORY_KB
#define SCAN_MEMORY_KB 48
#endif
static uint8_t memory[(SCAN_MEMORY_KB + 48) * 1024]
	__attribute__((aligned(16)));

static void print_frame(void *ctx, const struct dwunw_firmware_frame *frame)
{
	char text[DWUNW_FIRMWARE_LINE_SIZE];

	(void)ctx;
	machine_print(text, dwunw_firmware_frame_text(text, sizeof(text), frame,
						      NULL, 0));
}

static struct dwunw_firmware_trace new_trace(void)
{
	struct dwunw_firmware_trace trace = {
		.memory = memory,
		.memory_size = sizeof(memory),
		.read_memory = machine_read,
		.frame = print_frame,
		.around = machine_has_signals(),
	};

	trace.codes = machine_code(&trace.code_count);
	return trace;
}

static void print_string(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	machine_print(text, size);
}

static void print_line(const char *text, size_t bytes)
{
	char digits[24];
	size_t at = sizeof(digits);

	digits[--at] = '\n';
	do
		digits[--at] = (char)('0' + bytes % 10);
	while (bytes /= 10);
	print_string(text);
	machine_print(digits + at, sizeof(digits) - at);
}

void report_wanted(void)
{
	struct dwunw_firmware_trace trace = new_trace();

	if (dwunw_firmware_memory(&trace) == DWUNW_OK)
		print_line("a stack wants, bytes: ", trace.wanted);
	else
		print_string("no stack: the code cannot be read\n");
}

void report_stack(const struct dwunw_regset *regs)
{
	struct dwunw_firmware_trace trace = new_trace();
	char text[DWUNW_FIRMWARE_LINE_SIZE];
	dwunw_status_t status = dwunw_firmware_backtrace_from(&trace, regs);

	if (status == DWUNW_OK)
		machine_print(text, dwunw_firmware_stop_text(text, sizeof(text),
							     &trace));
	else if (status == DWUNW_ERR_NO_MEMORY)
		print_line("no stack: too little memory; wanted, bytes: ",
			   trace.wanted);
	else
		print_string("no stack: the code cannot be read\n");
}
