/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The crash handler of a firmware: prints the stack that a fault interrupted,
 * with names where the program's own file can be read and still has them.
 */
#include "firmware.h"

/* The ELF header of this program in memory; the linker knows where. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

/*
 * All the memory there is: nothing is allocated once it has crashed. Scans of
 * instructions take what the library was configured with, 48 KiB by
 * port/mips32/defconfig; a trace that lacks some says how much.
 */
#ifndef SCAN_MEMORY_KB
#define SCAN_MEMORY_KB 48
#endif
static uint8_t crash_stack[DWUNW_MIPS32_STACK_SIZE]
	__attribute__((aligned(16)));
static uint8_t crash_memory[(SCAN_MEMORY_KB + 24) * 1024]
	__attribute__((aligned(16)));
static uint8_t symbol_memory[64 * 1024] __attribute__((aligned(16)));

struct names {
	int32_t fd;
	bool known;
	struct dwunw_elf elf;
	struct dwunw_symtab table;
};

static void print(const char *text, size_t size)
{
	while (size > 0) {
		int32_t done = dwunw_mips32_write(2, text, size);

		if (done <= 0)
			return;
		text += done;
		size -= (size_t)done;
	}
}

static void print_string(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	print(text, size);
}

static void print_wanted(size_t bytes)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + bytes % 10);
	while (bytes /= 10);
	print_string(": too little memory; wanted, bytes: ");
	print(digits + at, sizeof(digits) - at);
}

static dwunw_status_t read_self(void *ctx, uint64_t off, void *dst, size_t size)
{
	const struct names *names = ctx;

	return dwunw_mips32_pread(names->fd, dst, size, off) == (int32_t)size ?
		       DWUNW_OK :
		       DWUNW_ERR_IO;
}

/* Names are a luxury: without them the addresses are printed alone. */
static void open_names(struct names *names)
{
	struct dwunw_source src = { .read = read_self, .ctx = names };
	struct dwunw_arena arena;
	int64_t size;

	names->known = false;
	names->fd = dwunw_mips32_open("/proc/self/exe", 0);
	size = names->fd < 0 ? -1 : dwunw_mips32_file_size(names->fd);
	if (size <= 0)
		return;
	src.size = (uint64_t)size;
	dwunw_arena_init(&arena, symbol_memory, sizeof(symbol_memory));
	names->known = dwunw_elf_open(&names->elf, &src, &arena) == DWUNW_OK &&
		       dwunw_symtab_open(&names->table, &names->elf, &arena) ==
			       DWUNW_OK;
}

static void print_frame(void *ctx, const struct dwunw_mips32_frame *frame)
{
	const struct names *names = ctx;
	struct dwunw_elf_symbol symbol = { 0 };
	char text[DWUNW_MIPS32_LINE_SIZE];
	uint64_t lookup = dwunw_frame_lookup(&frame->frame, frame->frame.vaddr);

	if (!names->known || (frame->frame.flags & DWUNW_FRAME_FLAG_SIGNAL) ||
	    dwunw_symtab_by_vaddr(&names->table, lookup, &symbol) != DWUNW_OK)
		symbol.name = NULL;
	print(text,
	      dwunw_mips32_frame_text(text, sizeof(text), frame, symbol.name,
				      frame->frame.vaddr - symbol.vaddr));
}

static void on_crash(int32_t signal, const void *info, const void *context)
{
	static struct names names;
	struct dwunw_mips32_trace trace = {
		.memory = crash_memory,
		.memory_size = sizeof(crash_memory),
		.image = __ehdr_start,
		.frame = print_frame,
		.ctx = &names,
	};
	char text[DWUNW_MIPS32_LINE_SIZE];
	dwunw_status_t status;

	(void)info;
	print_string(signal == DWUNW_MIPS32_SIGSEGV ? "SIGSEGV\n" : "SIGBUS\n");
	open_names(&names);
	status = dwunw_mips32_backtrace(&trace, context);
	if (status == DWUNW_OK) {
		print(text, dwunw_mips32_stop_text(text, sizeof(text), &trace));
	} else {
		print_string("no stack");
		if (status == DWUNW_ERR_NO_MEMORY)
			print_wanted(trace.wanted);
		else
			print_string(": its mappings cannot be read");
		print_string("\n");
	}
	dwunw_mips32_exit(128 + signal);
}

void trace_install(void)
{
	const uint32_t flags = DWUNW_MIPS32_SA_SIGINFO |
			       DWUNW_MIPS32_SA_ONSTACK |
			       DWUNW_MIPS32_SA_RESETHAND;

	(void)dwunw_mips32_sigaltstack(crash_stack, sizeof(crash_stack));
	(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGSEGV, on_crash, flags);
	(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGBUS, on_crash, flags);
}
