/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * borrow_x86_64.c - see borrow.h.
 *
 *	1. the thread's stack, below its red zone: a frame as the kernel makes for a
 *	   signal handler, with what the thread has now;
 *	2. a system call, whose return address is where handlers return to: pages
 *	   for us, so that no more of the thread's stack is used;
 *	3. in these: a few instructions that call a function, keep its result, and
 *	   return as a handler does, by a second such frame.
 *
 * At each moment the thread, let alone, arrives where it was: by the frame. We see it
 * at that last system call, which is not done then, and call again or put registers
 * back at the stop that PTRACE_INTERRUPT makes. That is where the kernel decides how
 * a system call that was interrupted goes on, so one with a time-out keeps its time.
 */
#include "borrow.h"

#include "threads.h"

#include <cpuid.h>
#include <dwunw/layout.h>
#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#define CODE_SIZE 4096u
#define PUT_SIZE 16384u
#define STACK_SIZE (512u << 10)
#define PAGES_SIZE (CODE_SIZE + PUT_SIZE + STACK_SIZE)
#define RED_ZONE 128u /* psABI 3.2.2 */
#define STATE_MAX 16384u
#define HELD_MAX 8
#define WAIT_MS 10000u /* for a call */
#define FIRST_MS 20u   /* until it runs, if it makes no system call */

#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a
#define PTRACE_SETSIGMASK 0x420b
#endif
#define GET_RSEQ 0x420f /* PTRACE_GET_RSEQ_CONFIGURATION, Linux 5.13 */

/* What the kernel says to itself of a system call that a signal has interrupted:
 * include/linux/errno.h. */
enum {
	RESTARTSYS = 512,
	RESTARTNOINTR = 513,
	RESTARTNOHAND = 514,
	RESTART_BLOCK = 516,
};

/* --- the frame: arch/x86/include/uapi/asm/sigcontext.h, ucontext.h ------------------- */

struct context {
	uint64_t flags;
	uint64_t link;
	uint64_t stack;
	uint32_t stack_flags;
	uint32_t pad;
	uint64_t stack_size;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t state; /* of the processor, below */
	uint64_t reserved[8];
	uint64_t mask;
};
struct frame {
	uint64_t sigreturn;
	struct context context;
};
_Static_assert(sizeof(struct frame) == 8 + 304, "as the kernel has it");

#define CONTEXT_FLAGS 7u      /* the state is XSAVE's; ss is right */
#define NO_STACK_CHANGE 0x40u /* no mode there is: the kernel passes over it */
#define STATE_LEAST 576u      /* FXSAVE's, and the header behind it */
#define STATE_SOFTWARE 464u   /* where software has 48 bytes */
#define STATE_HEADER 512u     /* what is not as at the start */
#define STATE_MAGIC1 0x46505853u
#define STATE_MAGIC2 0x46505845u
#define STATE_AMX \
	(3ull << 17) /* which a frame has room for by arrangement only */

struct software {
	uint32_t magic;
	uint32_t extended_size;
	uint64_t features;
	uint32_t size;
	uint32_t zero[7];
};

struct borrow {
	int32_t tid;
	struct borrow_code code;
	struct user_regs_struct was;
	uint64_t mask;
	uint64_t at_stack; /* the frame on its own stack */
	uint64_t at_pages; /* and in the pages */
	uint64_t pages;	   /* 0: none */
	uint32_t put;	   /* of PUT_SIZE */
	void (*running)(void *ctx);
	void *ctx;
	bool lost; /* it runs, and does not come back */
	bool gone;
	int held[HELD_MAX]; /* signals, for later */
	int held_count;
	size_t state_size; /* as ptrace has it */
	uint32_t frame_state_size;
	_Alignas(8) uint8_t state[STATE_MAX];
	_Alignas(8) uint8_t frame_state[STATE_MAX + 4];
};

/* Where the next instruction is at that system call. */
static const uint8_t code_bytes[] = {
	0x41, 0xff, 0xd4,	/* call *%r12 */
	0x48, 0x89, 0x03,	/* mov %rax, (%rbx) */
	0x4c, 0x89, 0xf4,	/* 1: mov %r14, %rsp */
	0xb8, 15,   0,	  0, 0, /* mov $SYS_rt_sigreturn, %eax */
	0x0f, 0x05,		/* syscall */
	0xeb, 0xf4,		/* jmp 1b */
};
#define CODE_END 16u

/* --- instructions of the C library ---------------------------------------------------- */

static uint64_t find(const uint8_t *bytes, size_t size, const char *what,
		     size_t what_size, uint64_t addr)
{
	const uint8_t *at = memmem(bytes, size, what, what_size);

	return at ? addr + (uint64_t)(at - bytes) : 0;
}

bool borrow_find(struct borrow_code *code, const uint8_t *bytes, size_t size,
		 uint64_t addr)
{
	static const char returns[] = "\x0f\x05\xc3";
	static const char sigreturn[] = "\x48\xc7\xc0\x0f\0\0\0\x0f\x05";

	if (!code->syscall_return)
		code->syscall_return =
			find(bytes, size, returns, sizeof(returns) - 1, addr);
	if (!code->sigreturn)
		code->sigreturn = find(bytes, size, sigreturn,
				       sizeof(sigreturn) - 1, addr);
	return code->syscall_return && code->sigreturn;
}

/* --- the thread ---------------------------------------------------------------------- */

static bool read_at(int32_t tid, uint64_t addr, void *to, size_t size)
{
	struct iovec here = { to, size };
	struct iovec there = { (void *)(uintptr_t)addr, size };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

static bool write_at(int32_t tid, uint64_t addr, const void *from, size_t size)
{
	struct iovec here = { (void *)(uintptr_t)from, size };
	struct iovec there = { (void *)(uintptr_t)addr, size };

	return process_vm_writev(tid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

static bool get_regs(int32_t tid, struct user_regs_struct *regs)
{
	struct iovec io = { regs, sizeof(*regs) };

	return !ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) &&
	       io.iov_len == sizeof(*regs);
}

static bool set_regs(int32_t tid, const struct user_regs_struct *regs)
{
	struct iovec io = { (void *)(uintptr_t)regs, sizeof(*regs) };

	return !ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &io);
}

bool borrow_regs(int32_t tid, struct dwunw_regset *regs)
{
	struct user_regs_struct words;

	return dwunw_regset_prepare(regs, DWUNW_ARCH_X86_64) == DWUNW_OK &&
	       get_regs(tid, &words) &&
	       dwunw_layout_regs(DWUNW_ARCH_X86_64, &words, regs) == DWUNW_OK;
}

/* It returns from the call that has made it, where no FDE is. */
bool borrow_is_new(int32_t tid)
{
	struct user_regs_struct regs;

	return get_regs(tid, &regs) && !regs.rax &&
	       (regs.orig_rax == SYS_clone || regs.orig_rax == SYS_clone3);
}

/* Is it within what the kernel would send back to the sequence's start? */
static bool in_sequence(int32_t tid, uint64_t rip)
{
	struct {
		uint64_t addr;
		uint32_t size, signature, flags, pad;
	} own = { 0 };
	struct {
		uint32_t version, flags;
		uint64_t start, size, abort;
	} sequence;
	uint64_t at = 0;

	if (ptrace(GET_RSEQ, tid, sizeof(own), &own) <= 0 || !own.addr)
		return false;
	if (!read_at(tid, own.addr + 8, &at, sizeof(at)) || !at)
		return false;
	return !read_at(tid, at, &sequence, sizeof(sequence)) ||
	       rip - sequence.start < sequence.size;
}

const char *borrow_refused(int32_t tid)
{
	struct user_regs_struct regs;

	if (!get_regs(tid, &regs))
		return "its registers cannot be read";
	if (regs.cs != 0x33)
		return "it runs 32-bit code";
	return in_sequence(tid, regs.rip) ? "it is in a restartable sequence" :
					    NULL;
}

/* --- the processor's state -------------------------------------------------------------- */

/* Intel SDM 1, 13.2: where the features end that frames have. */
static uint32_t room_of(uint64_t features)
{
	uint32_t size, off, c, d, end = STATE_LEAST;

	for (uint32_t i = 2; i < 63; i++)
		if ((features >> i & 1) &&
		    __get_cpuid_count(0xd, i, &size, &off, &c, &d) &&
		    off + size > end)
			end = off + size;
	return end;
}

/* As a frame has it. False: it can't be. */
static bool take_state(struct borrow *b)
{
	struct iovec io = { b->state, sizeof(b->state) };
	struct software software = { .magic = STATE_MAGIC1 };
	const uint32_t magic2 = STATE_MAGIC2;
	uint64_t features, used;

	if (ptrace(PTRACE_GETREGSET, b->tid, NT_X86_XSTATE, &io) ||
	    io.iov_len < STATE_LEAST || io.iov_len > sizeof(b->state))
		return false;
	b->state_size = io.iov_len;
	memcpy(&features, b->state + STATE_SOFTWARE, sizeof(features));
	memcpy(&used, b->state + STATE_HEADER, sizeof(used));
	features &= ~STATE_AMX;
	b->frame_state_size = room_of(features);
	if ((used & STATE_AMX) || b->frame_state_size > b->state_size)
		return false;
	software.extended_size = b->frame_state_size + 4;
	software.features = features;
	software.size = b->frame_state_size;
	memcpy(b->frame_state, b->state, b->frame_state_size);
	memcpy(b->frame_state + STATE_SOFTWARE, &software, sizeof(software));
	memcpy(b->frame_state + b->frame_state_size, &magic2, sizeof(magic2));
	return true;
}

static void set_registers(struct context *c, const struct user_regs_struct *r)
{
	*c = (struct context){
		.flags = CONTEXT_FLAGS,
		.stack_flags = NO_STACK_CHANGE,
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rdi = r->rdi,
		.rsi = r->rsi,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.rdx = r->rdx,
		.rax = r->rax,
		.rcx = r->rcx,
		.rsp = r->rsp,
		.rip = r->rip,
		.eflags = r->eflags,
		.cs = (uint16_t)r->cs,
		.ss = (uint16_t)r->ss,
		.gs = (uint16_t)r->gs,
		.fs = (uint16_t)r->fs,
	};
}

/* As a signal handler that is transparent would have it: the kernel then calls again
 * what was interrupted. */
static void set_context(const struct borrow *b, struct context *c)
{
	const struct user_regs_struct *r = &b->was;
	long error = (long)r->orig_rax >= 0 ? -(long)r->rax : 0;

	set_registers(c, r);
	c->mask = b->mask;
	if (error == RESTARTSYS || error == RESTARTNOINTR ||
	    error == RESTARTNOHAND)
		c->rax = r->orig_rax;
	else if (error == RESTART_BLOCK)
		c->rax = SYS_restart_syscall;
	else
		return;
	c->rip -= 2; /* the instruction */
}

/* Below top; where the context is, as the kernel finds it by sp. 0: no room. */
static uint64_t put_frame(struct borrow *b, uint64_t top)
{
	uint64_t state = (top - b->frame_state_size - 4) & ~63ull;
	uint64_t at = (state - sizeof(struct context)) & ~15ull;
	struct frame frame = { .sigreturn = b->code.sigreturn };

	set_context(b, &frame.context);
	frame.context.state = state;
	return write_at(b->tid, state, b->frame_state,
			b->frame_state_size + 4) &&
			       write_at(b->tid, at - 8, &frame, sizeof(frame)) ?
		       at :
		       0;
}

/* --- running it ------------------------------------------------------------------------- */

static bool is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL ||
	       number == SIGFPE || number == SIGTRAP || number == SIGABRT ||
	       number == SIGSYS;
}

/* All but those; they are put off. */
static void block_signals(const struct borrow *b)
{
	uint64_t all = ~0ull;

	for (int i = 1; i < 32; i++)
		if (is_fault(i) && i != SIGABRT)
			all &= ~(1ull << (i - 1));
	ptrace((enum __ptrace_request)PTRACE_SETSIGMASK, b->tid, sizeof(all),
	       &all);
}

static void is_running(struct borrow *b)
{
	void (*running)(void *ctx) = b->running;

	b->running = NULL;
	if (running)
		running(b->ctx);
}

/* The stop behind a system call's entry or end, or none. A fault's number; -1: it is
 * lost. Other signals that come in spite of the mask wait. */
static int next_stop(struct borrow *b, enum __ptrace_request how, bool *stop)
{
	int status, number;

	*stop = false;
	if (ptrace(how, b->tid, NULL, NULL))
		return b->lost = b->gone = true, -1;
	status = b->running ? threads_wait(b->tid, FIRST_MS) : 0;
	is_running(b);
	status = status ? status : threads_wait(b->tid, WAIT_MS);
	if (status <= 0) {
		b->lost = true;
		b->gone = status < 0;
		return -1;
	}
	number = WSTOPSIG(status);
	*stop = threads_is_stop(status);
	if (*stop || number == (SIGTRAP | 0x80))
		return 0;
	if (is_fault(number))
		return number;
	if (b->held_count < HELD_MAX)
		b->held[b->held_count++] = number;
	return 0;
}

/* Until it stands behind the system call at `next`, for the n-th time. 0, or as
 * above. */
static int run_to(struct borrow *b, uint64_t next, int n,
		  struct user_regs_struct *regs)
{
	uint64_t end = threads_now_ms() + WAIT_MS;
	bool stop;
	int result;

	while (threads_now_ms() < end) {
		result = next_stop(b, PTRACE_SYSCALL, &stop);
		if (result)
			return result;
		if (!get_regs(b->tid, regs))
			return b->lost = true, -1;
		if (!stop && regs->rip == next && --n == 0)
			return 0;
	}
	b->lost = true;
	return -1;
}

/* A system call by the frame on its own stack; its result, or -EIO. The first one
 * leaves what was: from then on the frame says where to go. */
static long call_kernel(struct borrow *b, long number, const uint64_t args[6])
{
	struct user_regs_struct regs = b->was;

	regs.orig_rax = ~0ull;
	regs.rip = b->code.syscall_return;
	regs.rsp = b->at_stack - 8;
	regs.rax = (uint64_t)number;
	regs.rdi = args[0];
	regs.rsi = args[1];
	regs.rdx = args[2];
	regs.r10 = args[3];
	regs.r8 = args[4];
	regs.r9 = args[5];
	if (!set_regs(b->tid, &regs))
		return -EIO;
	block_signals(b);
	return run_to(b, b->code.syscall_return + 2, 2, &regs) ? -EIO :
								 (long)regs.rax;
}

static bool take_pages(struct borrow *b)
{
	const uint64_t map[6] = { 0,
				  PAGES_SIZE,
				  PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS,
				  ~0ull,
				  0 };
	uint64_t protect[6] = { 0, CODE_SIZE, PROT_READ | PROT_EXEC };
	long at = call_kernel(b, SYS_mmap, map);

	if (at < 0 && at > -4096)
		return false;
	b->pages = protect[0] = (uint64_t)at;
	b->at_pages = put_frame(b, b->pages + PAGES_SIZE);
	return b->at_pages &&
	       write_at(b->tid, b->pages, code_bytes, sizeof(code_bytes)) &&
	       !call_kernel(b, SYS_mprotect, protect);
}

struct borrow *borrow_begin(int32_t tid, const struct borrow_code *code,
			    char *why, size_t why_size)
{
	struct borrow *b = calloc(1, sizeof(*b));

	snprintf(why, why_size, "out of memory");
	if (!b)
		return NULL;
	b->tid = tid;
	b->code = *code;
	b->put = sizeof(uint64_t); /* the result */
	snprintf(why, why_size, "its registers cannot be read, or kept");
	if (get_regs(tid, &b->was) && take_state(b) &&
	    !ptrace((enum __ptrace_request)PTRACE_GETSIGMASK, tid,
		    sizeof(b->mask), &b->mask) &&
	    !ptrace(PTRACE_SETOPTIONS, tid, NULL, PTRACE_O_TRACESYSGOOD)) {
		snprintf(why, why_size, "its stack has no room");
		b->at_stack = put_frame(b, b->was.rsp - RED_ZONE);
	}
	if (!b->at_stack) {
		ptrace(PTRACE_DETACH, tid, NULL, NULL);
		free(b);
		return NULL;
	}
	if (take_pages(b))
		return b;
	snprintf(why, why_size, "it gets no pages for code (mmap, mprotect)");
	borrow_end(b);
	return NULL;
}

void borrow_on_running(struct borrow *b, void (*running)(void *ctx), void *ctx)
{
	b->running = running;
	b->ctx = ctx;
}

uint64_t borrow_put(struct borrow *b, const void *bytes, size_t size)
{
	uint64_t at = b->pages + CODE_SIZE + b->put;

	if (size > PUT_SIZE - b->put || !write_at(b->tid, at, bytes, size))
		return 0;
	b->put += (uint32_t)((size + 15) & ~15ull);
	return at;
}

bool borrow_call(struct borrow *b, uint64_t function,
		 const uint64_t args[BORROW_ARGS], uint64_t *result, char *why,
		 size_t why_size)
{
	struct user_regs_struct regs = b->was;
	uint64_t at_result = b->pages + CODE_SIZE;
	int fault;

	regs.orig_rax = ~0ull;
	regs.rip = b->pages;
	regs.rsp = (b->at_pages - 64) & ~15ull;
	regs.rbx = at_result;
	regs.r12 = function;
	regs.r14 = b->at_pages;
	regs.rdi = args[0];
	regs.rsi = args[1];
	regs.rdx = args[2];
	regs.rcx = args[3];
	regs.eflags &= ~0x500ull; /* DF, TF */
	fault = b->lost || !set_regs(b->tid, &regs) ?
			-1 :
			run_to(b, b->pages + CODE_END, 1, &regs);
	is_running(b);
	if (!fault && read_at(b->tid, at_result, result, sizeof(*result)))
		return true;
	if (fault > 0)
		snprintf(why, why_size, "signal %d in the call", fault);
	else
		snprintf(why, why_size, "%s",
			 b->gone ? "it has ended" :
				   "the call does not come back");
	return false;
}

/* Where PTRACE_INTERRUPT stops it, before it runs any instruction. */
static bool interrupt(struct borrow *b)
{
	bool stop = false;

	ptrace(PTRACE_INTERRUPT, b->tid, NULL, NULL);
	for (int i = 0; i < HELD_MAX && !stop; i++)
		if (next_stop(b, PTRACE_CONT, &stop) < 0)
			return false;
	return stop;
}

static void put_back(struct borrow *b)
{
	struct iovec io = { b->state, b->state_size };

	ptrace(PTRACE_SETREGSET, b->tid, NT_X86_XSTATE, &io);
	ptrace((enum __ptrace_request)PTRACE_SETSIGMASK, b->tid,
	       sizeof(b->mask), &b->mask);
	set_regs(b->tid, &b->was);
}

void borrow_end(struct borrow *b)
{
	const uint64_t unmap[6] = { b->pages, PAGES_SIZE };

	b->running = NULL;
	if (!b->lost && b->pages)
		(void)call_kernel(b, SYS_munmap, unmap);
	if (!b->lost && interrupt(b))
		put_back(b);
	ptrace(PTRACE_DETACH, b->tid, NULL, NULL);
	for (int i = 0; i < b->held_count; i++)
		syscall(SYS_tkill, b->tid, b->held[i]);
	free(b);
}
