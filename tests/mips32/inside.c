/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What a program finds when it looks at itself: registers, memory, mappings
 * and its own stack. Runs without a libc, prints TAP.
 */
#include <dwunw/mips32.h>

/* Compilers must neither merge nor copy these functions. */
#ifdef __clang__
#define FRAME __attribute__((noinline, used))
#else
#define FRAME __attribute__((noinline, noclone, used))
#endif

#define memcpy(dst, src, size) __builtin_memcpy(dst, src, size)
#define memset(dst, byte, size) __builtin_memset(dst, byte, size)
#define memcmp(a, b, size) __builtin_memcmp(a, b, size)

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

#define FRAME_MAX 96u
#define PAGE 4096u

/* --- TAP ----------------------------------------------------------------------- */

static int number, failures;

static void say(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	(void)dwunw_mips32_write(1, text, size);
}

static void say_number(uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = 0;
	do {
		digits[--at] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	say("0x");
	say(digits + at);
}

static void ok(bool good, const char *title)
{
	number++;
	failures += !good;
	say(good ? "ok " : "not ok ");
	if (number >= 10)
		(void)dwunw_mips32_write(1, &"0123456789"[number / 10], 1);
	(void)dwunw_mips32_write(1, &"0123456789"[number % 10], 1);
	say(" - ");
	say(title);
	say("\n");
}

static void is(uint64_t got, uint64_t want, const char *title)
{
	ok(got == want, title);
	if (got == want)
		return;
	say("# want ");
	say_number(want);
	say(", got ");
	say_number(got);
	say("\n");
}

/* --- what a backtrace gave ---------------------------------------------------------- */

static uint8_t memory[96 * 1024];
static uint8_t handler_stack[DWUNW_MIPS32_STACK_SIZE]
	__attribute__((aligned(16)));

static struct seen {
	struct dwunw_frame frames[FRAME_MAX];
	uint32_t count;
	uint32_t lines; /* frame_text() of each was a whole line */
	dwunw_status_t status;
	struct dwunw_stop stop;
	char stop_text[DWUNW_MIPS32_LINE_SIZE];
	size_t wanted;
} seen, other;

static void collect(void *ctx, const struct dwunw_mips32_frame *frame)
{
	struct seen *s = ctx;
	char text[DWUNW_MIPS32_LINE_SIZE];
	size_t size =
		dwunw_mips32_frame_text(text, sizeof(text), frame, "f", 4);

	s->lines += size > 20 && text[0] == '#' && text[size - 1] == '\n' &&
		    text[size] == 0;
	if (s->count < FRAME_MAX)
		s->frames[s->count++] = frame->frame;
}

static struct dwunw_mips32_trace request(struct seen *s, bool by_image)
{
	struct dwunw_mips32_trace trace = {
		.memory = memory,
		.memory_size = sizeof(memory),
		.frame = collect,
		.ctx = s,
		.image = by_image ? __ehdr_start : NULL,
	};

	s->count = 0;
	s->lines = 0;
	return trace;
}

static void keep(struct seen *s, const struct dwunw_mips32_trace *trace,
		 dwunw_status_t status)
{
	s->status = status;
	s->stop = trace->stop;
	s->wanted = trace->wanted;
	(void)dwunw_mips32_stop_text(s->stop_text, sizeof(s->stop_text), trace);
}

/* --- a chain whose end can be chosen --------------------------------------------------- */

static volatile int counter;
static void (*volatile action)(void);

FRAME static void level6(void)
{
	action();
	counter++;
}

FRAME static void level5(void)
{
	volatile int room[40];

	room[counter & 31] = 1;
	level6();
	counter += room[counter & 31];
}

FRAME static void level4(void)
{
	level5();
	counter++;
}

FRAME static void level3(void)
{
	level4();
	counter++;
}

FRAME static void level2(void)
{
	level3();
	counter++;
}

FRAME static void level1(void (*what)(void))
{
	action = what;
	level2();
	counter++;
}

static uint32_t address(const void *code)
{
	return (uint32_t)(uintptr_t)code;
}

#define CODE(function) address((const void *)(uintptr_t)(function))

/* Frame `index` is in the function at `code`, which is a short one. */
static bool in_function(const struct seen *s, uint32_t index, uint32_t code)
{
	uint64_t at;

	if (index >= s->count)
		return false;
	at = dwunw_frame_lookup(&s->frames[index], s->frames[index].pc);
	return at >= code && at - code < 200;
}

/* level6 to level1 from frame `first` on, and the next ones to _start. */
static bool whole_chain(const struct seen *s, uint32_t first)
{
	const uint32_t chain[] = {
		CODE(level6), CODE(level5), CODE(level4),
		CODE(level3), CODE(level2), CODE(level1),
	};
	uint32_t i;

	for (i = 0; i < 6; i++)
		if (!in_function(s, first + i, chain[i]))
			return false;
	return s->status == DWUNW_OK && s->stop.reason == DWUNW_STOP_ROOT &&
	       s->lines == s->count && s->count >= first + 8;
}

static void show(const struct seen *s)
{
	uint32_t i;

	for (i = 0; i < s->count; i++) {
		say("# ");
		say_number(s->frames[i].pc);
		say(" ");
		say(dwunw_how_name(s->frames[i].how));
		say("\n");
	}
	say("# ");
	say(dwunw_status_name(s->status));
	say(", ");
	say(s->stop_text);
}

static void is_chain(const struct seen *s, uint32_t first, const char *title)
{
	bool good = whole_chain(s, first);

	ok(good, title);
	if (!good)
		show(s);
}

/* --- from its own registers ----------------------------------------------------------- */

static bool by_image;

FRAME static void look_at_self(void)
{
	struct dwunw_mips32_trace trace = request(&seen, by_image);
	struct dwunw_mips32_saved saved;
	struct dwunw_regset regs;
	dwunw_status_t status;

	dwunw_mips32_save(&saved);
	status = dwunw_mips32_regset_from_saved(&regs, DWUNW_MIPS32_ARCH,
						&saved, sizeof(saved));
	if (status == DWUNW_OK)
		status = dwunw_mips32_backtrace_from(&trace, &regs);
	keep(&seen, &trace, status);
}

static void test_saved(void)
{
	volatile int round; /* one call in the code as well */
	int i, differing = 0;

	for (round = 0; round < 2; round++) {
		by_image = round == 0;
		level1(look_at_self);
		if (by_image)
			other = seen;
	}
	is_chain(&other, 1, "own registers, tables of the image in memory");
	is_chain(&seen, 1, "own registers, tables of the file");
	for (i = 0; i < (int)seen.count; i++)
		differing += memcmp(&seen.frames[i], &other.frames[i],
				    sizeof(seen.frames[i])) != 0;
	is((uint64_t)differing + (seen.count != other.count), 0,
	   "both give the same frames");
	if (differing) {
		show(&other);
		show(&seen);
	}
	is(in_function(&seen, 0, CODE(look_at_self)), true,
	   "frame 0 is the one that asked");
}

/* --- from a signal's, of both kinds of handler -------------------------------------------- */

FRAME static void fault(void)
{
	counter++;
	__asm__ volatile(".set push\n.set noreorder\nsw $0, 0($0)\nnop\n"
			 ".set pop" ::
				 : "memory");
	counter++;
}

/* Goes on behind the instruction that failed. */
static void skip(const void *sigcontext)
{
	uint32_t *low = (uint32_t *)(uintptr_t)sigcontext + 2 +
			(DWUNW_MIPS32_ARCH == DWUNW_ARCH_MIPS32EB);

	*low += 4;
}

static uint64_t fault_addr;

FRAME static void with_siginfo(int32_t signal, const void *info,
			       const void *context)
{
	struct dwunw_mips32_trace trace = request(&seen, true);

	(void)signal;
	fault_addr = dwunw_mips32_fault_addr(info);
	keep(&seen, &trace, dwunw_mips32_backtrace(&trace, context));
	skip((const uint8_t *)context + 24);
}

FRAME static void plain(int32_t signal, const void *info, const void *context)
{
	struct dwunw_mips32_trace trace = request(&seen, true);
	struct dwunw_regset regs;
	dwunw_status_t status;

	(void)signal;
	(void)info;
	status = dwunw_mips32_regset_from_sigcontext(
		&regs, DWUNW_MIPS32_ARCH, context,
		sizeof(struct dwunw_mips32_sigcontext));
	if (status == DWUNW_OK)
		status = dwunw_mips32_backtrace_from(&trace, &regs);
	keep(&seen, &trace, status);
	skip(context);
}

/* What a handler took of its stack, which was filled with a pattern. */
static uint32_t stack_used(void)
{
	uint32_t i = 0;

	while (i < sizeof(handler_stack) && handler_stack[i] == 0xa5)
		i++;
	return (uint32_t)sizeof(handler_stack) - i;
}

static void test_signals(void)
{
	uint32_t used;

	memset(handler_stack, 0xa5, sizeof(handler_stack));
	(void)dwunw_mips32_sigaltstack(handler_stack, sizeof(handler_stack));
	(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGSEGV, with_siginfo,
				     DWUNW_MIPS32_SA_SIGINFO |
					     DWUNW_MIPS32_SA_ONSTACK);
	fault_addr = 1;
	level1(fault);
	is_chain(&seen, 1, "a handler with SA_SIGINFO");
	is(in_function(&seen, 0, CODE(fault)), true, "frame 0 is the fault");
	is(fault_addr, 0, "si_addr");
	used = stack_used();
	ok(used > 1024 && used < DWUNW_MIPS32_STACK_SIZE * 3 / 4,
	   "a quarter of DWUNW_MIPS32_STACK_SIZE is left");
	say("# stack of the handler used: ");
	say_number(used);
	say(" bytes\n");

	(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGSEGV, plain,
				     DWUNW_MIPS32_SA_ONSTACK);
	seen.count = 0;
	level1(fault);
	is_chain(&seen, 1, "a handler without");
}

/* --- through a signal trampoline where there is no /proc ----------------------------- */

FRAME static void raise_usr1(void)
{
	(void)dwunw_mips32_kill(dwunw_mips32_getpid(), DWUNW_MIPS32_SIGUSR1);
	counter++;
}

FRAME static void usr1(int32_t signal, const void *info, const void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	fault();
	counter++;
}

FRAME static void without_proc(int32_t signal, const void *info,
			       const void *context)
{
	const struct dwunw_mips32_space_config config = {
		.image = __ehdr_start,
		.maps = "",
	};
	struct dwunw_walk_input input = {
		.read_memory = dwunw_mips32_read_memory,
	};
	static struct dwunw_mips32_space space;
	struct dwunw_regset regs;
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	size_t count = 0;

	(void)signal;
	(void)info;
	input.regs = &regs;
	dwunw_arena_init(&arena, memory, sizeof(memory));
	seen.status = dwunw_mips32_regset_from_ucontext(
		&regs, DWUNW_MIPS32_ARCH, context,
		sizeof(struct dwunw_mips32_ucontext));
	if (seen.status == DWUNW_OK)
		seen.status = dwunw_walker_init(&walker, 16, &arena);
	if (seen.status == DWUNW_OK)
		seen.status = dwunw_mips32_space_init(&space, &config, &arena);
	if (seen.status == DWUNW_OK)
		seen.status = dwunw_walk(walker, &space.space, &input,
					 seen.frames, FRAME_MAX, &count,
					 &seen.stop);
	seen.count = (uint32_t)count;
	seen.lines = seen.count;
	skip((const uint8_t *)context + 24);
}

static void test_without_proc(void)
{
	const uint32_t flags[] = { DWUNW_MIPS32_SA_SIGINFO, 0 };
	uint32_t i, first;

	(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGSEGV, without_proc,
				     DWUNW_MIPS32_SA_SIGINFO |
					     DWUNW_MIPS32_SA_ONSTACK);
	for (i = 0; i < 2; i++) {
		(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGUSR1, usr1,
					     flags[i]);
		seen.count = 0;
		level1(raise_usr1);
		ok(in_function(&seen, 0, CODE(fault)) &&
			   in_function(&seen, 1, CODE(usr1)) &&
			   (seen.frames[2].flags & DWUNW_FRAME_FLAG_SIGNAL) &&
			   in_function(&seen, 3, CODE(dwunw_mips32_syscall)) &&
			   seen.frames[3].how == DWUNW_HOW_SIGNAL,
		   "a trampoline of which nobody says where it is");
		for (first = 4; first < seen.count &&
				!in_function(&seen, first, CODE(level6));
		     first++)
			;
		is_chain(&seen, first, "and the chain behind it");
	}
}

/* --- a stack that is cut ---------------------------------------------------------------- */

/*
 * Moves the innermost bytes of the stack to the end of a page with none
 * behind it, and looks from there.
 */
static uint32_t cut_bytes;
static uint8_t *cut_end;

FRAME static void look_at_cut(void)
{
	struct dwunw_mips32_trace trace = request(&seen, true);
	struct dwunw_mips32_saved saved;
	struct dwunw_regset regs;
	dwunw_status_t status;

	dwunw_mips32_save(&saved);
	memcpy(cut_end - cut_bytes, (const void *)(uintptr_t)saved.sp,
	       cut_bytes);
	saved.sp = address(cut_end - cut_bytes);
	status = dwunw_mips32_regset_from_saved(&regs, DWUNW_MIPS32_ARCH,
						&saved, sizeof(saved));
	if (status == DWUNW_OK)
		status = dwunw_mips32_backtrace_from(&trace, &regs);
	keep(&seen, &trace, status);
}

/* Every length: what is found is a beginning of the whole, never else. */
static void test_cut(void)
{
	uint8_t *pages = dwunw_mips32_pages(4 * PAGE);
	uint32_t i, longest = 0, wrong = 0;

	ok(pages && dwunw_mips32_unmap(pages + 2 * PAGE, 2 * PAGE) == 0,
	   "a page with none behind it");
	if (!pages)
		return;
	cut_end = pages + 2 * PAGE;
	level1(look_at_cut);
	cut_bytes = 1200;
	for (cut_bytes = 16; cut_bytes < 1200; cut_bytes += 16) {
		level1(look_at_cut);
		if (seen.status != DWUNW_OK || seen.count == 0 ||
		    (seen.stop.reason != DWUNW_STOP_ROOT &&
		     (seen.stop.reason != DWUNW_STOP_UNREADABLE ||
		      seen.stop.addr < address(cut_end) ||
		      seen.stop.addr >= address(cut_end) + PAGE)))
			wrong++;
		if (seen.count < longest)
			wrong++;
		for (i = 1; i < seen.count && i < 6; i++) {
			const uint32_t chain[] = { CODE(level6), CODE(level5),
						   CODE(level4), CODE(level3),
						   CODE(level2), CODE(level1) };

			wrong += !in_function(&seen, i, chain[i - 1]);
		}
		longest = seen.count;
		if (wrong)
			break;
	}
	is(wrong, 0,
	   "each cut of the stack: the beginning of the chain, "
	   "and the unreadable address as its end");
	if (wrong)
		show(&seen);
	ok(longest >= 8 && seen.stop.reason == DWUNW_STOP_ROOT,
	   "and the whole chain where all of it is there");
	(void)dwunw_mips32_unmap(pages, 2 * PAGE);
}

/* --- memory ------------------------------------------------------------------------- */

static dwunw_status_t read_at(uint64_t addr, size_t size)
{
	static uint8_t bytes[3 * PAGE];

	return dwunw_mips32_read_memory(NULL, addr, bytes, size);
}

static void test_memory(void)
{
	uint8_t *pages = dwunw_mips32_pages(3 * PAGE);
	const uint64_t at = address(pages);
	uint32_t word = 0x12345678, copy = 0;

	(void)dwunw_mips32_unmap(pages + 2 * PAGE, PAGE);
	is((uint64_t)dwunw_mips32_read_memory(NULL, address(&word), &copy, 4),
	   DWUNW_OK, "reads");
	is(copy, word, "what is there");
	ok(read_at(at, 2 * PAGE) == DWUNW_OK &&
		   read_at(at + 2 * PAGE - 4, 4) == DWUNW_OK &&
		   read_at(at + PAGE - 3, 7) == DWUNW_OK,
	   "up to the end of the last page");
	ok(read_at(at + 2 * PAGE - 3, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(at + 2 * PAGE, 1) == DWUNW_ERR_INVALID_ARG &&
		   read_at(at + 4, 2 * PAGE) == DWUNW_ERR_INVALID_ARG,
	   "not a byte more");
	ok(read_at(0, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(4, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(16, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(0x7ffffffc, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(0x80000000, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(0xfffffffc, 8) == DWUNW_ERR_INVALID_ARG &&
		   read_at(0x100000000 + at, 4) == DWUNW_ERR_INVALID_ARG &&
		   read_at(UINT64_MAX - 1, 4) == DWUNW_ERR_INVALID_ARG,
	   "nothing at 0, in the kernel's half or beyond");
	(void)dwunw_mips32_unmap(pages, 2 * PAGE);
}

/* --- registers of both orders ------------------------------------------------------------ */

static void put_word(uint8_t *bytes, uint32_t value, bool big)
{
	uint32_t i;

	for (i = 0; i < 4; i++)
		bytes[big ? 3 - i : i] = (uint8_t)(value >> (8 * i));
}

/* A 64-bit field; the upper half is what a sign extension would leave. */
static void put_register(uint8_t *bytes, uint32_t value, bool big)
{
	put_word(bytes + (big ? 4 : 0), value, big);
	put_word(bytes + (big ? 0 : 4), UINT32_MAX, big);
}

static bool ucontext_in(uint16_t arch, bool big)
{
	uint8_t bytes[sizeof(struct dwunw_mips32_ucontext) + 1] = { 0 };
	uint8_t *context = bytes + 1; /* any alignment */
	const size_t size = sizeof(struct dwunw_mips32_ucontext);
	struct dwunw_regset regs;
	uint32_t i;

	put_register(context + 32, 0x80401234, big);
	for (i = 0; i < 32; i++)
		put_register(context + 40 + 8 * i, 0x90000000 + i, big);
	if (dwunw_mips32_regset_from_ucontext(&regs, arch, context, size) !=
		    DWUNW_OK ||
	    regs.pc != 0x80401234 || regs.sp != 0x9000001d || regs.arch != arch)
		return false;
	for (i = 0; i < 32; i++)
		if (regs.regs[i] != 0x90000000 + i)
			return false;
	return dwunw_mips32_regset_from_ucontext(&regs, arch, context,
						 size - 1) ==
		       DWUNW_ERR_INVALID_ARG &&
	       dwunw_mips32_regset_from_ucontext(&regs, arch, context, 0) ==
		       DWUNW_ERR_INVALID_ARG;
}

static bool saved_in(uint16_t arch, bool big)
{
	uint8_t bytes[sizeof(struct dwunw_mips32_saved)];
	struct dwunw_regset regs;
	uint32_t i;

	for (i = 0; i < sizeof(bytes) / 4; i++)
		put_word(bytes + 4 * i, 0x1000 + i, big);
	if (dwunw_mips32_regset_from_saved(&regs, arch, bytes, sizeof(bytes)) !=
	    DWUNW_OK)
		return false;
	return regs.pc == 0x1000 && regs.sp == 0x1001 &&
	       regs.regs[16] == 0x1002 && regs.regs[23] == 0x1009 &&
	       regs.regs[28] == 0x100a && regs.regs[30] == 0x100b &&
	       regs.valid ==
		       (0xffull << 16 | 1ull << 28 | 1ull << 29 | 1ull << 30);
}

static void test_registers(void)
{
	struct dwunw_regset regs;
	uint8_t bytes[512];

	ok(ucontext_in(DWUNW_ARCH_MIPS32EL, false), "a little-endian ucontext");
	ok(ucontext_in(DWUNW_ARCH_MIPS32EB, true), "a big-endian ucontext");
	ok(saved_in(DWUNW_ARCH_MIPS32EL, false) &&
		   saved_in(DWUNW_ARCH_MIPS32EB, true),
	   "what a context switch saves, in both orders");
	ok(dwunw_mips32_regset_from_ucontext(&regs, DWUNW_ARCH_X86_64, bytes,
					     sizeof(bytes)) ==
			   DWUNW_ERR_INVALID_ARG &&
		   dwunw_mips32_regset_from_ucontext(NULL, DWUNW_MIPS32_ARCH,
						     bytes, sizeof(bytes)) ==
			   DWUNW_ERR_INVALID_ARG &&
		   dwunw_mips32_regset_from_ucontext(&regs, DWUNW_MIPS32_ARCH,
						     NULL, sizeof(bytes)) ==
			   DWUNW_ERR_INVALID_ARG,
	   "not of another arch, nor of NULL");
}

/* --- mappings ------------------------------------------------------------------------------ */

static size_t length(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	return size;
}

static dwunw_status_t space_of(struct dwunw_mips32_space *space,
			       const char *text, bool image)
{
	struct dwunw_mips32_space_config config = {
		.maps = text,
		.maps_size = length(text),
		.image = image ? __ehdr_start : NULL,
	};
	struct dwunw_arena arena;

	dwunw_arena_init(&arena, memory, sizeof(memory));
	return dwunw_mips32_space_init(space, &config, &arena);
}

static const char two_lines[] =
	"00001000-00003000 r-xp 00002000 1f:02 1234   /lib/with blank.so\n"
	"00003000-00004000 rw-p 00004000 1f:02 1234   /lib/with blank.so\n"
	"70000000-70001000 r-xp 00000000 00:00 0\n"
	"7fff0000-7fff1000 r-xp 00000000 00:00 0      [vdso]";

static void test_maps(void)
{
	static const char *const bad[] = {
		"x",
		"1000\n",
		"1000-\n",
		"1000-2000",
		"2000-1000 r-xp 0 0:0 0\n",
		"11111111111111111-2 r-xp 0 0:0 0 x\n",
		"1000-2000 r-xp  0:0 0\n",
		"1000-2000 r-xp 0 0:0 0 a\n1800-2800 r-xp 0 0:0 0 b\n",
		"\n",
		"1000-1000 r-xp 0 0:0 0 a\n",
	};
	struct dwunw_mips32_space space;
	uint32_t i, accepted = 0;
	size_t cut;
	char text[sizeof(two_lines)];

	ok(space_of(&space, two_lines, false) == DWUNW_OK &&
		   space.space.count == 3 &&
		   space.space.mappings[0].start == 0x1000 &&
		   space.space.mappings[0].end == 0x3000 &&
		   space.space.mappings[0].off == 0x2000,
	   "the executable mappings of a text");
	is((uint64_t)memcmp(dwunw_mips32_space_label(&space, 1),
			    "/lib/with blank.so", 19),
	   0, "a path with a blank");
	ok(memcmp(dwunw_mips32_space_label(&space, 3), "[vdso]", 7) == 0 &&
		   memcmp(dwunw_mips32_space_label(&space, 2), "[anonymous]",
			  12) == 0 &&
		   dwunw_mips32_space_label(&space, 0)[0] == '?' &&
		   dwunw_mips32_space_label(&space, 4)[0] == '?',
	   "the others' labels");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		accepted += space_of(&space, bad[i], false) !=
			    DWUNW_ERR_BAD_FORMAT;
	is(accepted, 0, "a bad line is BAD_FORMAT");
	for (cut = 0; cut < sizeof(two_lines); cut++) {
		memcpy(text, two_lines, cut);
		text[cut] = 0;
		(void)space_of(&space, text, false);
	}
	ok(true, "a text may be cut anywhere");
	is((uint64_t)space_of(&space, "", false),
	   (uint64_t)DWUNW_ERR_NO_DEBUG_DATA, "neither mappings nor an image");
	ok(space_of(&space, "", true) == DWUNW_OK && space.maps_missing &&
		   space.space.count == 3 &&
		   memcmp(dwunw_mips32_space_label(
				  &space, space.space.mappings[1].file + 1),
			  "[image]", 8) == 0 &&
		   dwunw_space_find(&space.space, CODE(test_maps)) ==
			   &space.space.mappings[1],
	   "without mappings the image, and memory around it");
}

/* --- files that are not what is mapped -------------------------------------------------- */

static char *put_hex(char *at, uint32_t value)
{
	int shift;

	for (shift = 28; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

/* Opens what a line says of this program's first 4 KiB. */
static dwunw_status_t open_as(const char *off, const char *path,
			      uint8_t *source)
{
	static const char *const parts[] = { " r-xp ", NULL, " 00:00 0 ",
					     NULL };
	struct dwunw_mips32_space space;
	const struct dwunw_module *module;
	dwunw_status_t status;
	char text[200], *at;
	const char *from;
	uint32_t i;

	at = put_hex(text, address(__ehdr_start));
	*at++ = '-';
	at = put_hex(at, address(__ehdr_start) + PAGE);
	for (i = 0; i < 4; i++)
		for (from = i == 1 ? off :
			    i == 3 ? path :
				     parts[i];
		     *from; from++)
			*at++ = *from;
	*at = 0;
	status = space_of(&space, text, false);
	if (status != DWUNW_OK)
		return status;
	status = space.space.open_module(space.space.ctx,
					 &space.space.mappings[0], &module);
	if (status != DWUNW_OK)
		return status;
	*source = module->cfi_source;
	space.space.close_module(space.space.ctx, module);
	return DWUNW_OK;
}

static void test_files(void)
{
	uint8_t source = 0;

	ok(open_as("00000000", "/proc/self/exe", &source) == DWUNW_OK &&
		   source != DWUNW_CFI_NONE,
	   "a mapped file");
	is((uint64_t)open_as("00000004", "/proc/self/exe", &source),
	   (uint64_t)DWUNW_ERR_IO, "a file with other bytes there");
	is((uint64_t)open_as("00001000", "/nowhere/at/all", &source),
	   (uint64_t)DWUNW_ERR_IO, "no such file");
	ok(open_as("00000000", "/nowhere/at/all (deleted)", &source) ==
			   DWUNW_OK &&
		   source == DWUNW_CFI_EH_SEARCH,
	   "no such file, but an ELF header in memory");
	ok(open_as("00000000", "", &source) == DWUNW_OK &&
		   source == DWUNW_CFI_EH_SEARCH,
	   "an ELF header in anonymous memory");
}

/* --- memory of the backtrace ------------------------------------------------------------------ */

static void test_arena(void)
{
	struct dwunw_mips32_trace trace = request(&seen, true);
	struct dwunw_mips32_saved saved;
	struct dwunw_regset regs;
	size_t size, wanted = 0, differing = 0;
	dwunw_status_t status;

	dwunw_mips32_save(&saved);
	(void)dwunw_mips32_regset_from_saved(&regs, DWUNW_MIPS32_ARCH, &saved,
					     sizeof(saved));
	for (size = 0; size < sizeof(memory); size += 16) {
		trace = request(&seen, true);
		trace.memory_size = size;
		status = dwunw_mips32_backtrace_from(&trace, &regs);
		if (status == DWUNW_OK)
			break;
		if (wanted && trace.wanted != wanted)
			differing++;
		wanted = trace.wanted;
		if (status != DWUNW_ERR_NO_MEMORY || size >= wanted)
			differing++;
	}
	is(differing, 0, "each smaller memory wants the same");
	trace = request(&seen, true);
	trace.memory_size = wanted;
	ok(dwunw_mips32_backtrace_from(&trace, &regs) == DWUNW_OK,
	   "and that is enough for a frame");
	keep(&seen, &trace, DWUNW_OK);
	ok(seen.count >= 1 && seen.stop.reason == DWUNW_STOP_NO_MODULE &&
		   seen.stop.status == DWUNW_ERR_NO_MEMORY &&
		   seen.wanted > wanted &&
		   memcmp(seen.stop_text + length(seen.stop_text) - 2, "?", 1),
	   "a file's tables that do not fit end the stack, and say so");
	say("# ");
	say(seen.stop_text);
	trace = request(&seen, true);
	ok(dwunw_mips32_memory(&trace) == DWUNW_OK &&
		   trace.wanted >= seen.wanted &&
		   trace.wanted <= sizeof(memory),
	   "asked beforehand, it is no less");
	trace.memory_size = 4096;
	wanted = trace.wanted;
	ok(dwunw_mips32_memory(&trace) == DWUNW_ERR_NO_MEMORY &&
		   trace.wanted > 4096 && trace.wanted < wanted,
	   "asked with too little, what the mappings need");
	trace = request(&seen, true);
	trace.memory_size = seen.wanted;
	(void)dwunw_mips32_backtrace_from(&trace, &regs);
	ok(trace.stop.reason == DWUNW_STOP_ROOT && trace.count >= 3 &&
		   trace.wanted == 0,
	   "with what they want it is whole");
	trace = request(&seen, true);
	trace.max_frames = 2;
	ok(dwunw_mips32_backtrace_from(&trace, &regs) == DWUNW_OK &&
		   trace.count == 2 && trace.stop.reason == DWUNW_STOP_LIMIT,
	   "max_frames");
}

static void test_text(void)
{
	struct dwunw_mips32_frame frame = {
		.frame = { .pc = 0x400abc, .module = 1 },
		.label = "/usr/bin/app",
		.off = 0xabc,
	};
	static const char want[] =
		"#0  0x00400abc  app+0xabc  f+0x4  [event]\n";
	char text[80];
	size_t size, whole = sizeof(want) - 1, wrong = 0;

	ok(dwunw_mips32_frame_text(text, sizeof(text), &frame, "f", 4) ==
			   whole &&
		   memcmp(text, want, whole + 1) == 0,
	   "a frame as text");
	for (size = 0; size <= whole; size++) {
		size_t used;

		memset(text, '~', sizeof(text));
		used = dwunw_mips32_frame_text(text, size, &frame, "f", 4);
		wrong += text[size] != '~' || (size > 0 && text[used] != 0) ||
			 (size > 1 && text[used - 1] != '\n');
	}
	is(wrong, 0, "in any room");
}

/* What start.S of the example calls. */
int crash_main(int argc, char **argv);
int crash_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_registers();
	test_memory();
	test_maps();
	test_files();
	test_text();
	test_saved();
	test_signals();
	test_without_proc();
	test_cut();
	test_arena();
	say("1..");
	(void)dwunw_mips32_write(1, &"0123456789"[number / 10], 1);
	(void)dwunw_mips32_write(1, &"0123456789"[number % 10], 1);
	say("\n");
	return failures != 0;
}
