/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/scan/sweep.c in a gap between two FDEs: calls that stand near it are seen, and
 * not all code is read. The text is `push %rax` all over, which has no end; calls
 * are put into it. Then functions that end with a switch, or free the arguments
 * of a call in their middle.
 */
#include "make_elf.h"
#include "tap.h"

#include "core/scan/sweep.h"

#include <stdlib.h>

#if IS_ON(CONFIG_SCAN_X86_64)

#define TEXT 0x1000u
#define SIZE 0x80000u

static uint8_t code[SIZE], file[SIZE + 4096];
static _Alignas(16) uint8_t block[0x80000];
static _Alignas(16) uint8_t memory[4096];
static struct dwu_scan_memory scan;
static struct dwunw_module module;

static void put_call(uint32_t at, uint32_t to)
{
	uint32_t by = to - (at + 5), i;

	code[at] = 0xe8;
	for (i = 0; i < 4; i++)
		code[at + 1 + i] = (uint8_t)(by >> 8 * i);
}

static void open_code(void)
{
	struct elf_spec spec = { ELF_X86_64, .no_sections = true };
	struct elf_part text = {
		.vaddr = TEXT, .bytes = code, .size = SIZE, .segment = PART_LOAD
	};
	static struct dwunw_span span;
	static struct dwunw_source src;
	static struct dwunw_arena arena;

	span.data = file;
	span.size = make_elf(file, sizeof(file), &spec, &text, 1);
	dwunw_source_from_span(&src, &span);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	if (dwunw_module_open(&module, &src, 1, &arena) != DWUNW_OK)
		abort();
	memset(&scan, 0, sizeof(scan));
	dwu_scan_memory_init(&scan, block, sizeof(block));
	if (!dwu_code_open(&scan.text, &module, TEXT))
		abort();
}

static const char *found(uint32_t place, uint32_t lo, uint32_t hi, bool gap)
{
	struct dwu_function f = { .start = lo, .end = hi, .gap = gap };
	static char text[32];

	if (!dwu_sweep(&scan, place, &f))
		return "none";
	snprintf(text, sizeof(text), "%x..%x", f.start, f.end);
	return text;
}

static void gaps(void)
{
	memset(code, 0x50, sizeof(code));
	put_call(0x3e000, 0x40020);
	put_call(0x41000, 0x40040);
	put_call(0x70000, 0x40080);
	open_code();
	is_str(found(0x40010, 0x40000, 0x40100, true), "40000..40020",
	       "a gap, to what is called from before it");
	is_str(found(0x40030, 0x40000, 0x40100, true), "40020..40040",
	       "… to what is called from behind it");
	is_str(found(0x40090, 0x40000, 0x40100, true), "40040..40100",
	       "a call far away is not looked for");
	is_str(found(0x40090, 0x40000, 0x40100, false), "40080..40100",
	       "… but where no FDEs are");
	is_str(found(0x40090, 0x40000, 0x40100, true), "40040..40100",
	       "the answer hangs on nothing that was asked before");
}

static void behind(void)
{
	memset(code, 0x50, sizeof(code));
	put_call(0x101, 0x106); /* aligned; a push behind it would open */
	memcpy(code + 0x106, "\xff\xc0", 2);
	open_code();
	is_str(found(0x110, 0, 0x200, false), "0..200",
	       "a call to what stands behind it starts no function");
}

/* [0, 0x80) is these bytes, no-ops, and calls of 0x80 for ".....". */
static const char *found_in(const char *bytes, size_t size, uint32_t place)
{
	uint32_t at;

	memset(code, 0x90, sizeof(code));
	memcpy(code, bytes, size);
	for (at = 0; at + 5 <= size; at++)
		if (memcmp(code + at, ".....", 5) == 0)
			put_call(at, 0x80);
	open_code();
	return found(place, 0, 0x200, false);
}

static void behind_jump(void)
{
	/* push %rbx; notrack jmp *%rdx; mov %edi, %eax; push %rbx; call;
	 * pop %rbx; ret */
	static const char next[] = "\x53\x3e\xff\xe2\x89\xf8\x53.....\x5b\xc3";
	/* …; mov %edi, %eax; push %rbx twice; call; add $16, %rsp; pop %rbx;
	 * ret */
	static const char arguments[] = "\x53\x3e\xff\xe2\x89\xf8\x53\x53....."
					"\x48\x83\xc4\x10\x5b\xc3";
	/* push %rbp; mov %rsp, %rbp; sub $16, %rsp; call; push %rbx twice;
	 * call; leave; ret */
	static const char behind_call[] =
		"\x55\x48\x89\xe5\x48\x83\xec\x10.....\x53\x53.....\xc9\xc3";

	is_str(found_in(next, sizeof(next) - 1, 0xc), "4..80",
	       "what opens a frame behind a switch begins a function");
	is_str(found_in(arguments, sizeof(arguments) - 1, 0xd), "0..80",
	       "… unless its calls are not aligned: it pushes arguments");
	is_str(found_in(behind_call, sizeof(behind_call) - 1, 20), "0..80",
	       "… and behind a call");
}

/*
 * 0: push %rbp; mov %rsp, %rbp; push %rbx; sub %rax, %rsp; 8: call; jmp *%rax;
 * no-ops; 10: call; jmp *%rax; no-ops; 18: lea -8(%rbp), %rsp; pop %rbx;
 * pop %rbp; ret
 */
static void behind_goto(void)
{
	static const char bytes[] =
		"\x55\x48\x89\xe5\x53\x48\x29\xc4.....\xff\xe0\x90"
		".....\xff\xe0\x90\x48\x8d\x65\xf8\x5b\x5d\xc3";

	is_str(found_in(bytes, sizeof(bytes) - 1, 0x12), "0..18",
	       "calls with sp unaligned behind a computed goto are in its frame");
	is_str(found_in(bytes, sizeof(bytes) - 1, 0x1a), "0..80",
	       "… as is what takes sp from the frame pointer it came with");
}

/*
 * push %rbx; jne 3; 3: push %rbx twice; call; add $16, %rsp; jmp 10; 10: jne 16;
 * jmp 1a; no-ops; 16: xor %eax, %eax; jmp 10; 1a: pop %rbx; ret
 */
static void arguments_freed(void)
{
	static const char bytes[] =
		"\x53\x75\x00\x53\x53.....\x48\x83\xc4\x10\xeb\x00\x75\x04"
		"\xeb\x06\x90\x90\x31\xc0\xeb\xf6\x5b\xc3";

	is_str(found_in(bytes, sizeof(bytes) - 1, 0x16), "0..80",
	       "arguments that are freed are no frame's end");
}
#endif

int main(void)
{
#if IS_ON(CONFIG_SCAN_X86_64)
	gaps();
	behind();
	behind_jump();
	behind_goto();
	arguments_freed();
	return done();
#else
	return skip_all("built without CONFIG_SCAN_X86_64");
#endif
}
