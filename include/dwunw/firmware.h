/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/firmware.h - a program that prints its own stack when it crashes, with
 * an operating system or without: firmware, an RTOS, a bootloader. Library:
 * libdwunw-firmware.a, of each target.
 *
 *	static uint8_t memory[73728];
 *
 *	void on_exception(const struct dwunw_firmware_registers *registers)
 *	{
 *		const struct dwunw_firmware_code code = {
 *			.label = "firmware", .start = (uintptr_t)text_start,
 *			.end = (uintptr_t)text_end,
 *		};
 *		struct dwunw_firmware_trace trace = {
 *			.memory = memory, .memory_size = sizeof(memory),
 *			.codes = &code, .code_count = 1,
 *			.read_memory = read_ram, .frame = print_frame,
 *		};
 *		dwunw_firmware_backtrace(&trace, registers);
 *	}
 *
 * Nothing here allocates, locks, calls an operating system or touches memory but
 * what it is given and what `read_memory` reads: all of it may be called from an
 * exception or signal handler, on a stack of DWUNW_FIRMWARE_STACK_SIZE bytes. Of
 * a C library memcpy, memmove, memset and memcmp are needed.
 */
#ifndef DWUNW_FIRMWARE_H
#define DWUNW_FIRMWARE_H

#include <dwunw/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- registers -------------------------------------------------------------- */

/*
 * What an exception handler stores, in the words of this target: where it
 * happened, the stack pointer there, and the registers by their DWARF numbers:
 * x0..x30 of arm64, $0..$31 of mips, x0..x31 of riscv64; of x86_64 rax, rdx,
 * rcx, rbx, rsi, rdi, rbp, rsp, r8..r15. regs[] of the stack pointer is not
 * looked at, nor is what the target has no register for.
 */
struct dwunw_firmware_registers {
	uintptr_t pc;
	uintptr_t sp;
	uintptr_t regs[32];
};

/* INVALID_ARG: a NULL; UNSUPPORTED_ARCH: not in this build. */
dwunw_status_t
dwunw_firmware_regset(struct dwunw_regset *regs,
		      const struct dwunw_firmware_registers *registers);

/*
 * From the third argument of a Linux signal handler with SA_SIGINFO, a
 * ucontext_t, of which `size` bytes are there; any alignment. INVALID_ARG: a
 * NULL, or too few bytes; UNSUPPORTED_ARCH: not in this build.
 */
dwunw_status_t dwunw_firmware_regset_from_ucontext(struct dwunw_regset *regs,
						   const void *ucontext,
						   size_t size);

/* --- code --------------------------------------------------------------------- */

/*
 * One part of the program's code: an ELF image with its headers in memory, or a
 * range of bare code. Zeroed but for what is meant.
 */
struct dwunw_firmware_code {
	const char *label; /* for frame_text(); NULL: "[code]" */
	/* the ELF header where it is in memory, which the linker calls
	 * __ehdr_start: everything else is read from it. NULL: bare code */
	const void *image;
	uint64_t start; /* bare code: [start, end) */
	uint64_t end;
	/* its .eh_frame, [cfi_start, cfi_end); 0, 0: none. Code without is read
	 * by its instructions */
	uint64_t cfi_start;
	uint64_t cfi_end;
	/* its first instruction, where a stack begins; 0: not here */
	uint64_t entry;
};

/* How many parts' tables are kept at a time. */
#define DWUNW_FIRMWARE_MODULE_MAX 4u

struct dwunw_firmware_object; /* one mapping's origin */
struct dwunw_firmware_slot;   /* one open part */
struct dwunw_firmware_origin; /* how parts are opened */

/* The codes of a program, for dwunw_walk(). Not to be moved once set up. */
struct dwunw_firmware_space {
	struct dwunw_space space;
	struct dwunw_firmware_object *objects; /* as space.mappings */
	struct dwunw_firmware_slot *slots;
	const struct dwunw_firmware_origin *origin;
	dwunw_read_memory_fn read_memory;
	void *memory_ctx;
	struct dwunw_arena tables; /* what is left of the arena */
	/* bytes of tables that would have been enough, if they were not */
	size_t tables_wanted;
};

/* --- the backtrace -------------------------------------------------------------- */

struct dwunw_firmware_frame {
	struct dwunw_frame frame;
	uint32_t index;	   /* in the whole stack */
	uint32_t left_out; /* frames between the one before and this one */
	const char *label; /* of the code; "?": none */
	uint64_t off;	   /* of the pc in the image's file, or in the code */
};

#define DWUNW_FIRMWARE_FRAMES 64u /* the default of max_frames */

/* Zeroed but for memory, memory_size, codes, code_count, read_memory and frame. */
struct dwunw_firmware_trace {
	/* working memory, any alignment; best static: see
	 * dwunw_firmware_memory() */
	void *memory;
	size_t memory_size;
	const struct dwunw_firmware_code *codes;
	uint32_t code_count;
	/* frames that are reported at most, 32 bytes each; 0:
	 * DWUNW_FIRMWARE_FRAMES. Of a deeper stack, as of a recursion, the first
	 * three quarters of them are the innermost frames, the others the
	 * outermost ones. Less than 4: the innermost alone, and LIMIT */
	uint32_t max_frames;
	/* Memory of this program: stack, code and tables. It must not fault:
	 * INVALID_ARG where there is none, or where a read does something, as
	 * that of a device's register does */
	dwunw_read_memory_fn read_memory;
	void *memory_ctx;
	/* called for each frame, from the innermost on, after the walk */
	void (*frame)(void *ctx, const struct dwunw_firmware_frame *frame);
	void *ctx;
	/* memory around the codes is looked at for trampolines of signals, of
	 * which Linux does not say where they are */
	bool around;

	/* set by the call */
	uint32_t count; /* frames reported */
	/* stop.left_out: frames between the first and the last ones, which are
	 * not */
	struct dwunw_stop stop;
	const char *stop_label; /* of the code where it ended */
	/* memory_size that would have been enough, if it was not */
	size_t wanted;
};

/*
 * Asked beforehand, for example when the firmware is built or starts: sets
 * trace->wanted to a memory_size with which no walk lacks memory. Of `trace`
 * codes, max_frames, around and read_memory are looked at; `memory` is not
 * needed. It reads the codes' tables and needs as much stack as a walk.
 * INVALID_ARG: a NULL, no code, or codes that overlap; BAD_FORMAT: an image that
 * is none; UNSUPPORTED_ARCH.
 */
dwunw_status_t dwunw_firmware_memory(struct dwunw_firmware_trace *trace);

/*
 * The stack from these registers on. OK whenever there is a frame; NO_MEMORY:
 * `wanted` says what is enough. With OK, `wanted` is set when a code's tables
 * did not fit, and the stack ended there. Otherwise as dwunw_firmware_memory().
 */
dwunw_status_t
dwunw_firmware_backtrace(struct dwunw_firmware_trace *trace,
			 const struct dwunw_firmware_registers *registers);

/* The same from any registers of this program, as those of a ucontext_t. */
dwunw_status_t dwunw_firmware_backtrace_from(struct dwunw_firmware_trace *trace,
					     const struct dwunw_regset *regs);

/* The walk, an exception's registers, and as much again for the handler. */
#define DWUNW_FIRMWARE_STACK_SIZE 16384u

/*
 * "#2  0x00400a1c  app+0xa1c  name+0x14  [cfi]\n", or as much of it as fits, with
 * a line before it that says how many frames are left out; symbol may be NULL.
 * What a stop says: "stack ends: root\n". The bytes written, without the
 * terminating 0.
 */
#define DWUNW_FIRMWARE_LINE_SIZE 160u
size_t dwunw_firmware_frame_text(char *text, size_t size,
				 const struct dwunw_firmware_frame *frame,
				 const char *symbol, uint64_t symbol_off);
size_t dwunw_firmware_stop_text(char *text, size_t size,
				const struct dwunw_firmware_trace *trace);

#ifdef __cplusplus
}
#endif
#endif
