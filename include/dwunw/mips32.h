/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dwunw/mips32.h - what a mips32 (o32) firmware on Linux has instead of a libc:
 * register layouts, raw system calls, and a backtrace of itself from within
 * its own crash handler: dwunw/firmware.h with the mappings that the kernel
 * tells of. Library: libdwunw-mips32.a.
 *
 *	static uint8_t memory[73728];
 *
 *	static void on_crash(int signal, const void *info, const void *ucontext)
 *	{
 *		struct dwunw_mips32_trace trace = {
 *			.memory = memory, .memory_size = sizeof(memory),
 *			.image = __ehdr_start, .frame = print_frame,
 *		};
 *		dwunw_mips32_backtrace(&trace, ucontext);
 *	}
 *
 * Nothing here allocates, locks, or touches memory but what it is given: all
 * of it may be called from a signal handler, on an alternate stack of
 * DWUNW_MIPS32_STACK_SIZE bytes. What reads registers takes the byte order
 * as an arch id and runs on any host; the rest is for the program itself.
 */
#ifndef DWUNW_MIPS32_H
#define DWUNW_MIPS32_H

#include <dwunw/firmware.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- registers -------------------------------------------------------------- */

/* The arch id of the program that includes this. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define DWUNW_MIPS32_ARCH DWUNW_ARCH_MIPS32EB
#else
#define DWUNW_MIPS32_ARCH DWUNW_ARCH_MIPS32EL
#endif

/*
 * The third argument of a signal handler. With SA_SIGINFO it is a ucontext;
 * without, the sigcontext itself. (Linux, arch/mips/include/uapi/asm/
 * sigcontext.h and ucontext.h, _MIPS_SIM_ABI32.) $0..$31 are 64 bits wide
 * also where registers are not. What follows is left out.
 */
struct dwunw_mips32_sigcontext {
	uint32_t regmask;
	uint32_t status;
	uint64_t pc;
	uint64_t regs[32];
};

struct dwunw_mips32_ucontext {
	uint32_t flags;
	uint32_t link;
	uint32_t stack_addr;
	uint32_t stack_size;
	uint32_t stack_flags;
	uint32_t pad; /* to the alignment of 64 bits */
	struct dwunw_mips32_sigcontext mcontext;
};

/*
 * What a call preserves, as a context switch keeps it, each register in its
 * own byte order. pc: where the thread goes on; sp: its stack pointer there.
 */
struct dwunw_mips32_saved {
	uint32_t pc;
	uint32_t sp;
	uint32_t s[8]; /* $s0..$s7 */
	uint32_t gp;
	uint32_t s8;
};

/*
 * Registers from the bytes of one of the above, in the byte order of
 * arch_id (DWUNW_ARCH_MIPS32EL, _EB); any alignment. INVALID_ARG: a NULL,
 * another arch or fewer bytes than the struct has; UNSUPPORTED_ARCH: not in
 * this build. From a saved block only what it holds is valid.
 */
dwunw_status_t dwunw_mips32_regset_from_ucontext(struct dwunw_regset *regs,
						 uint16_t arch_id,
						 const void *bytes,
						 size_t size);
dwunw_status_t dwunw_mips32_regset_from_sigcontext(struct dwunw_regset *regs,
						   uint16_t arch_id,
						   const void *bytes,
						   size_t size);
dwunw_status_t dwunw_mips32_regset_from_saved(struct dwunw_regset *regs,
					      uint16_t arch_id,
					      const void *bytes, size_t size);

/* The caller's own registers; pc is where this call returns to. */
void dwunw_mips32_save(struct dwunw_mips32_saved *saved);

/* --- system calls ----------------------------------------------------------- */

/*
 * System call `number` (4000 and up). What the kernel gives back, or minus
 * its error number, which is never below -4095.
 */
int32_t dwunw_mips32_syscall(uint32_t number, uint32_t a0, uint32_t a1,
			     uint32_t a2, uint32_t a3, uint32_t a4,
			     uint32_t a5);

/* Error numbers where they matter here (asm-generic/errno-base.h). */
#define DWUNW_MIPS32_EINTR 4
#define DWUNW_MIPS32_EFAULT 14

int32_t dwunw_mips32_open(const char *path, uint32_t flags);
int32_t dwunw_mips32_read(int32_t fd, void *dst, size_t size);
int32_t dwunw_mips32_pread(int32_t fd, void *dst, size_t size, uint64_t off);
int32_t dwunw_mips32_write(int32_t fd, const void *src, size_t size);
int32_t dwunw_mips32_close(int32_t fd);
/* The size of an open regular file, or a negative error. */
int64_t dwunw_mips32_file_size(int32_t fd);
/* Private anonymous pages, readable and writable; NULL: none. */
void *dwunw_mips32_pages(size_t size);
int32_t dwunw_mips32_unmap(void *addr, size_t size);
int32_t dwunw_mips32_getpid(void);
int32_t dwunw_mips32_kill(int32_t pid, int32_t signal);
/* Ends every thread. */
void dwunw_mips32_exit(int32_t status) __attribute__((noreturn));

/* Numbers of mips (arch/mips/include/uapi/asm/signal.h). */
#define DWUNW_MIPS32_SIGILL 4
#define DWUNW_MIPS32_SIGABRT 6
#define DWUNW_MIPS32_SIGFPE 8
#define DWUNW_MIPS32_SIGBUS 10
#define DWUNW_MIPS32_SIGSEGV 11
#define DWUNW_MIPS32_SIGUSR1 16

#define DWUNW_MIPS32_SA_SIGINFO 0x00000008u
#define DWUNW_MIPS32_SA_ONSTACK 0x08000000u
#define DWUNW_MIPS32_SA_NODEFER 0x40000000u
#define DWUNW_MIPS32_SA_RESETHAND 0x80000000u

/*
 * (signal, siginfo, ucontext) with SA_SIGINFO, else (signal, code,
 * sigcontext), `code` being 0.
 */
typedef void (*dwunw_mips32_handler_fn)(int32_t signal, const void *info,
					const void *context);

int32_t dwunw_mips32_sigaction(int32_t signal, dwunw_mips32_handler_fn handler,
			       uint32_t flags);
/* si_addr: what address a SIGSEGV or SIGBUS was about. */
uint32_t dwunw_mips32_fault_addr(const void *siginfo);

/* The walk, the kernel's signal frame, and as much again for the handler. */
#define DWUNW_MIPS32_STACK_SIZE 16384u
/* The stack of handlers with SA_ONSTACK, of this thread. */
int32_t dwunw_mips32_sigaltstack(void *stack, size_t size);

/* --- memory ----------------------------------------------------------------- */

/*
 * A dwunw_read_memory_fn for the program's own memory, ctx unused. It does
 * not fault: rt_sigprocmask(2) with a `how` that does not exist is asked
 * first, which reads the set at an address and then says EINVAL, or EFAULT.
 *
 * That needs no file descriptor (a pipe does, and a program that leaked all
 * of its own crashes because of that), no kernel option (process_vm_readv
 * does, cross memory attach, and qemu-user does not have it) and no
 * permission. It costs one call for each page. What it cannot see is
 * another thread that unmaps the bytes between the question and the copy.
 */
dwunw_status_t dwunw_mips32_read_memory(void *ctx, uint64_t addr, void *dst,
					size_t size);

/* --- the space of the program itself ------------------------------------------ */

/* How many files' tables are kept at a time. */
#define DWUNW_MIPS32_MODULE_MAX 4u

/* Zeroed: no image, and the text of /proc/self/maps. */
struct dwunw_mips32_space_config {
	/*
	 * The ELF header of the running program where it is in memory, which
	 * the linker calls __ehdr_start; its file is then not read. NULL: by
	 * the mappings alone.
	 */
	const void *image;
	/* instead of /proc/self/maps, text as that has it */
	const char *maps;
	size_t maps_size;
};

/*
 * `space` is for dwunw_walk(). Not to be moved once set up. Files are opened
 * when a walk comes by and none stays open. A file is only believed if its
 * bytes are those in memory (a firmware upgrade replaces files under running
 * programs); without a file, an ELF image in memory serves (vdso, deleted
 * files), and code with neither is searched for signal trampolines.
 */
struct dwunw_mips32_space {
	union {
		struct dwunw_space space; /* firmware.space */
		struct dwunw_firmware_space firmware;
	};
	struct dwunw_piece *pieces; /* of files, with any permissions */
	uint32_t piece_count;
	/* no mappings were read: the image, and bare code around it */
	bool maps_missing;
	uint64_t image;
	struct dwunw_firmware_code code; /* … without mappings */
};

/*
 * Takes all of the arena; what is left of it is for the tables of files, of
 * which as many are kept as fit, one at least.
 * NO_MEMORY: arena->wanted is enough for the mappings. BAD_FORMAT: a line of
 * the mappings, or the image. NO_DEBUG_DATA: neither mappings nor image.
 */
dwunw_status_t
dwunw_mips32_space_init(struct dwunw_mips32_space *space,
			const struct dwunw_mips32_space_config *config,
			struct dwunw_arena *arena);

/* The path or name of the mapping behind a frame's serial; "?": none. */
const char *dwunw_mips32_space_label(const struct dwunw_mips32_space *space,
				     uint32_t serial);

/* --- the backtrace -------------------------------------------------------------- */

#define dwunw_mips32_frame dwunw_firmware_frame

#define DWUNW_MIPS32_FRAMES 64u /* the default of max_frames */

/* Zeroed but for memory, memory_size and frame. */
struct dwunw_mips32_trace {
	/* working memory, any alignment; best static: see `wanted` */
	void *memory;
	size_t memory_size;
	/* called for each frame, from the innermost on, after the walk */
	void (*frame)(void *ctx, const struct dwunw_mips32_frame *frame);
	void *ctx;
	const void *image; /* as in dwunw_mips32_space_config */
	/* as of struct dwunw_firmware_trace: of a deeper stack the innermost and
	 * the outermost ones. 0: DWUNW_MIPS32_FRAMES; 32 bytes each */
	uint32_t max_frames;

	/* set by the call */
	uint32_t count;
	struct dwunw_stop stop;
	const char *stop_label; /* of the module where it ended */
	/* memory_size that would have been enough, if it was not */
	size_t wanted;
};

/*
 * Asked beforehand: sets trace->wanted to a memory_size with which no walk lacks
 * memory, as long as nothing else is mapped. NO_MEMORY: `memory` is too small for
 * the mappings; with `wanted` bytes this can be asked again. Else as
 * dwunw_mips32_backtrace().
 */
dwunw_status_t dwunw_mips32_memory(struct dwunw_mips32_trace *trace);

/*
 * The stack that a signal interrupted, from the third argument of a handler
 * with SA_SIGINFO. OK whenever there is a frame; NO_MEMORY: `wanted` says
 * what is enough. With OK, `wanted` is set when a file's tables did not fit,
 * and the stack ended there. DWUNW_ERR_NO_DEBUG_DATA: no /proc, no image.
 */
dwunw_status_t dwunw_mips32_backtrace(struct dwunw_mips32_trace *trace,
				      const void *ucontext);

/* The same, from any registers of this program. */
dwunw_status_t dwunw_mips32_backtrace_from(struct dwunw_mips32_trace *trace,
					   const struct dwunw_regset *regs);

/* As dwunw_firmware_frame_text() and dwunw_firmware_stop_text(). */
#define DWUNW_MIPS32_LINE_SIZE DWUNW_FIRMWARE_LINE_SIZE
size_t dwunw_mips32_frame_text(char *text, size_t size,
			       const struct dwunw_mips32_frame *frame,
			       const char *symbol, uint64_t symbol_off);
size_t dwunw_mips32_stop_text(char *text, size_t size,
			      const struct dwunw_mips32_trace *trace);

#ifdef __cplusplus
}
#endif
#endif
