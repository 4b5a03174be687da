/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The machine is a board of qemu without an operating system: RAM, an UART, and
 * an exception vector (start_TARGET.S). Each way to crash comes in turn; after its
 * report the program begins again with the next one.
 */
#include "board.h"
#include "program.h"

/* Where the linker has put what (bare.ld). */
extern const char code_start[], code_end[], cfi_start[], cfi_end[], ram_start[],
	ram_end[], _start[];

/* What board_exception() of start_TARGET.S is given: the registers. */
void bare_main(void);
void bare_exception(const struct dwunw_firmware_registers *registers);

static const char *const modes[] = { "null", "wild", "deep" };
static uint32_t turn;

/* Only RAM: reading a device may do something. */
dwunw_status_t machine_read(void *ctx, uint64_t addr, void *dst, size_t size)
{
	uintptr_t start = (uintptr_t)ram_start, end = (uintptr_t)ram_end;

	(void)ctx;
	if (addr < start || addr > end || size > end - addr)
		return DWUNW_ERR_INVALID_ARG;
	__builtin_memcpy(dst, (const void *)(uintptr_t)addr, size);
	return DWUNW_OK;
}

void machine_print(const char *text, size_t size)
{
	for (; size > 0; size--)
		board_put(*text++);
}

const struct dwunw_firmware_code *machine_code(uint32_t *count)
{
	static struct dwunw_firmware_code code;

	code = (struct dwunw_firmware_code){
		.label = "firmware",
		.start = (uintptr_t)code_start,
		.end = (uintptr_t)code_end,
		.cfi_start = (uintptr_t)cfi_start,
		.cfi_end = (uintptr_t)cfi_end,
		.entry = (uintptr_t)_start,
	};
	*count = 1;
	return &code;
}

bool machine_has_signals(void)
{
	return false;
}

static void say(const char *text)
{
	while (*text)
		board_put(*text++);
}

FRAME void bare_main(void)
{
	if (turn == 0)
		report_wanted();
	if (turn == sizeof(modes) / sizeof(modes[0])) {
		say("end\n");
		board_off();
	}
	say("exception: ");
	say(modes[turn]);
	say("\n");
	(void)program_run(modes[turn++]);
	say("nothing went wrong\n");
	board_off();
}

void bare_exception(const struct dwunw_firmware_registers *registers)
{
	struct dwunw_regset regs;

	if (dwunw_firmware_regset(&regs, registers) == DWUNW_OK)
		report_stack(&regs);
}
