/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * core/walk/walk.c: every reason to stop, each way to find a frame, and the same
 * frames with the row cache cold, warm, tiny and off.
 *
 * The module is mapped at 0x400000. Each of its functions has 0x10 bytes:
 */
#include "make_module.h"
#include "tap.h"

#define BIAS 0x400000u
#define SP 0x7fff00001000u

enum fn {
	PUSH,  /* rsp + 16, the return address at cfa - 8 */
	FRAME, /* rbp + 16, rbp at cfa - 16 */
	SAVES, /* rsp + 32, rbp at cfa - 16, rbx at cfa - 24 */
	ROOT,
	BAD,	    /* no such instruction */
	BAD_RECORD, /* the FDE's row program is cut */
	SIGNAL,	    /* 'S': rsp and rip as saved at cfa */
	LOOP,	    /* the CFA is rsp - 8: no progress */
	EXPRESSION, /* the CFA is *(rsp + 8) */
	BAD_EXPRESSION,
	LOST,		 /* loses rbp */
	RESTORER_BEFORE, /* CFI that ends where a restorer begins */
	RESTORER,	 /* no CFI: musl's rt_sigreturn code */
	STUB,		 /* no CFI: endbr64; bnd jmp *(…) */
	NOTHING,	 /* no CFI */
	FP,		 /* no CFI: push %rbp; mov %rsp, %rbp; … */
	SAME,		 /* the CFA is rsp: no progress from a return address */
	PLAIN,		 /* rsp + 16, and no call in it */
	CALL_REGISTER,	 /* rsp + 16; call *%rax ends at its fifth byte */
	CONTEXT,	 /* no CFI: __start_context of glibc */
	START,		 /* CFA = rsp + 16, but the file's entry point */
	BAD_SCAN,	 /* no such instruction, but the code tells */
	EXITS,	   /* rsp + 16, and ends its thread when it is returned to */
	ALIGNED,   /* no CFI: push -8(%r10); push %rbp; mov %rsp, %rbp; … */
	LAST_STUB, /* no CFI: jmp *(…) in the last 6 bytes of the segment */
	FUNCTIONS
};

#define FN(fn) (BIAS + MADE_TEXT + 0x10u * (fn))
/* what a call in fn returns to */
#define IN(fn) (FN(fn) + 5)

static struct made m;
static uint8_t code[0x10 * FUNCTIONS];

static const struct {
	const char *hex; /* NULL: no FDE */
	bool signal;
} functions[FUNCTIONS] = {
	[PUSH] = { "0e 10", false },
	[FRAME] = { "0c 06 10 86 02", false },
	[SAVES] = { "0e 20 86 02 83 03", false },
	[ROOT] = { "07 10", false },
	[BAD] = { "1c", false },
	[BAD_RECORD] = { "00 0e 80", false },
	[SIGNAL] = { "0c 07 00 11 10 00 11 07 7f", true },
	[LOOP] = { "13 01", false },
	[EXPRESSION] = { "0f 03 77 08 06", false },
	[BAD_EXPRESSION] = { "0f 01 50", false },
	[LOST] = { "07 06", false },
	[SAME] = { "0e 00", false },
	[PLAIN] = { "0e 10", false },
	[CALL_REGISTER] = { "0e 10", false },
	[START] = { "0e 10", false },
	[BAD_SCAN] = { "1c", false },
	[EXITS] = { "0e 10", false },
	[RESTORER_BEFORE] = { "0e 10", false },
};

static void make_module(void)
{
	struct cfi_out *s = made_begin(&m, false);
	uint64_t cie = put_cie(s, &(struct cie_spec){ .encoding = 0x1b });
	uint64_t signal = put_cie(s, &(struct cie_spec){ .augmentation = "zRS",
							 .encoding = 0x1b });
	/* of these a scan says nothing: 06 is no instruction of 64-bit mode;
	 * call *%rax ends at the fifth byte */
	static const uint8_t unknown[] = { BAD, BAD_RECORD, BAD_EXPRESSION };
	unsigned int i;

	memset(code, 0x90, sizeof(code));
	/* a call at the first byte, and one at the end */
	for (i = 0; i < FUNCTIONS; i++) {
		code[0x10 * i] = 0xe8;
		code[0x10 * i + 11] = 0xe8;
	}
	memset(code + 0x10 * STUB, 0x06, 0x10);
	for (i = 0; i < COUNT(unknown); i++) {
		memset(code + 0x10 * unknown[i], 0x06, 0x10);
		(void)from_hex("ff d0", code + 0x10 * unknown[i] + 3, 2);
	}
	/* xor %rsp, %rsp; call *%rax: nor here */
	memset(code + 0x10 * NOTHING, 0x06, 0x10);
	(void)from_hex("48 31 e4 ff d0", code + 0x10 * NOTHING, 5);
	memset(code + 0x10 * CALL_REGISTER, 0x90, 0x10);
	(void)from_hex("ff d0", code + 0x10 * CALL_REGISTER + 3, 2);
	memset(code + 0x10 * RESTORER, 0x90, 0x10);
	memset(code + 0x10 * RESTORER_BEFORE, 0x90, 0x10);
	memset(code + 0x10 * SIGNAL, 0x90, 0x10);
	memset(code + 0x10 * PLAIN, 0x90, 0x10);
	(void)from_hex("48 89 dc 48 8b 3c 24", code + 0x10 * CONTEXT, 7);
	memset(code + 0x10 * START, 0x06, 0x10);
	code[0x10 * START] = 0xe8;
	memset(code + 0x10 * FP, 0x06, 0x10);
	(void)from_hex("b8 3c 00 00 00 0f 05", code + 0x10 * EXITS + 5, 7);
	(void)from_hex("48 c7 c0 0f 00 00 00 0f 05", code + 0x10 * RESTORER, 9);
	(void)from_hex("f3 0f 1e fa f2 ff 25 01 02 03 04", code + 0x10 * STUB,
		       11);
	(void)from_hex("55 48 89 e5", code + 0x10 * FP, 4);
	memset(code + 0x10 * ALIGNED, 0x06, 0x10);
	(void)from_hex("41 ff 72 f8 55 48 89 e5", code + 0x10 * ALIGNED, 8);
	(void)from_hex("ff 25 01 02 03 04", code + sizeof(code) - 6, 6);
	m.code = code;
	m.code_size = sizeof(code);
	for (i = 0; i < FUNCTIONS; i++)
		if (functions[i].hex)
			put_fde(s, &(struct fde_spec){
					   .cie = functions[i].signal ? signal :
									cie,
					   .start = MADE_TEXT + 0x10 * i,
					   .size = 0x10,
					   .encoding = 0x1b,
					   .program_hex = functions[i].hex });
	if (made_open(&m) != DWUNW_OK)
		abort();
	m.module.elf.entry = MADE_TEXT + 0x10 * START;
	m.module.elf.type = 2; /* ET_EXEC */
}

static int held;
static unsigned int opened;

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	(void)ctx;
	opened++;
	if (mapping->file == 1)
		return DWUNW_ERR_IO;
	held++;
	mapping->bias = BIAS;
	mapping->serial = 1;
	*module = &m.module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *module)
{
	(void)ctx;
	held -= module == &m.module;
}

#define NO_FILE 0x500000u
#define TRAMPOLINE 0x7fffffffe000u
/* one directly behind a mapping with a file, where pc - 1 is */
#define NEIGHBOUR (BIAS + MADE_TEXT + 0x1000)
#define FRAMES 32

static struct dwunw_mapping mappings[] = {
	{ .start = BIAS + MADE_TEXT,
	  .end = BIAS + MADE_TEXT + 0x1000,
	  .off = 0,
	  .flags = DWUNW_MAPPING_EXEC },
	{ .start = NEIGHBOUR,
	  .end = NEIGHBOUR + 0x1000,
	  .flags = DWUNW_MAPPING_TRAMPOLINE | DWUNW_MAPPING_EXEC },
	{ .start = NO_FILE,
	  .end = NO_FILE + 0x1000,
	  .file = 1,
	  .flags = DWUNW_MAPPING_EXEC },
	{ .start = TRAMPOLINE,
	  .end = TRAMPOLINE + 0x1000,
	  .flags = DWUNW_MAPPING_TRAMPOLINE | DWUNW_MAPPING_EXEC },
};
static struct dwunw_space space = { .mappings = mappings,
				    .count = COUNT(mappings),
				    .open_module = open_module,
				    .close_module = close_module };

struct walk_case {
	const char *title;
	uint64_t pc, rbp, words[12];
	const char *want; /* "how:pc … ; reason" */
	uint32_t flags;
	int32_t entry_offset;
	uint64_t sp;	     /* 0: SP */
	uint64_t stack_size; /* 0: all 12 words */
	struct dwunw_event_return returns[2];
	uint32_t return_count;
	uint64_t stop_addr; /* 0: not looked at */
};

static void print(const struct dwunw_frame *frames, size_t count,
		  const struct dwunw_stop *stop, char *text, size_t room)
{
	size_t used = 0, i;

	for (i = 0; i < count; i++)
		used += (size_t)snprintf(
			text + used, room - used, "%s%s:%" PRIx64 "%s%s ",
			dwunw_how_name(frames[i].how),
			frames[i].flags & DWUNW_FRAME_FLAG_BAD_CFI ? "B" : "",
			frames[i].pc,
			frames[i].flags & DWUNW_FRAME_FLAG_SIGNAL ? "S" : "",
			frames[i].flags & DWUNW_FRAME_FLAG_INTERRUPTED ? "I" :
									 "");
	snprintf(text + used, room - used, "; %s",
		 dwunw_stop_name(stop->reason));
}

static const struct walk_case cases[] = {
	{ "two frames to the root",
	  IN(PUSH),
	  0,
	  { 1, IN(ROOT) },
	  .want = "event:401005 cfi:401035 ; root" },
	{ "a return address of 0 is no root",
	  IN(PUSH),
	  0,
	  { 1, 0 },
	  .want = "event:401005 ; zero return" },
	{ "… unless it was read for what ends its thread",
	  IN(PUSH),
	  0,
	  { 1, IN(EXITS), 3, 0 },
	  .want = "event:401005 cfi:401165 ; root" },
	{ "… nor is one of a caller that is further in",
	  IN(PUSH),
	  0,
	  { 0, IN(LOOP) },
	  .want = "event:401005 cfi:401075 ; no progress" },
	{ "a file's first function is the root, whatever its CFI says",
	  IN(PUSH),
	  0,
	  { 1, IN(START), 0, 0 },
	  .want = "event:401005 cfi:401145 ; root" },
	{ "a return address that is not behind a call",
	  IN(PUSH),
	  0,
	  { 1, IN(PUSH), 1, IN(PLAIN), 1, IN(ROOT) },
	  .want = "event:401005 cfi:401005 ; no call",
	  .stop_addr = IN(PLAIN) },
	{ "… behind a call through a register",
	  IN(PUSH),
	  0,
	  { 1, IN(CALL_REGISTER), 1, IN(ROOT) },
	  .want = "event:401005 cfi:401125 cfi:401035 ; root" },
	{ "… in frame 0 it is none",
	  IN(PLAIN),
	  0,
	  { 1, IN(ROOT) },
	  .want = "event:401115 cfi:401035 ; root" },
	{ "the start of a context",
	  IN(PUSH),
	  0,
	  { 1, FN(CONTEXT), 1 },
	  .want = "event:401005 cfi:401130 ; context" },
	{ "bad CFI, and code that tells",
	  IN(BAD_SCAN),
	  0,
	  { IN(ROOT) },
	  .want = "event:401155 scanB:401035 ; root" },
	{ "by the frame pointer of the CFI",
	  IN(FRAME),
	  SP + 16,
	  { 1, 2, SP + 48, IN(FRAME), 5, 6, 7, IN(ROOT) },
	  .want = "event:401015 cfi:401015 cfi:401035 ; root" },
	{ "a saved rbp reaches the frame that needs it",
	  IN(SAVES),
	  7,
	  { 1, 0xb, SP + 48, IN(FRAME), 4, 5, 6, IN(ROOT) },
	  .want = "event:401025 cfi:401015 cfi:401035 ; root" },
	{ "a return address behind the last instruction of its caller",
	  IN(PUSH),
	  0,
	  { 1, FN(PUSH) + 16, 2, IN(ROOT) },
	  .want = "event:401005 cfi:401010 cfi:401035 ; root" },
	{ "no such mapping",
	  0x123456,
	  0,
	  { 0 },
	  .want = "event:123456 ; no module" },
	{ "a mapping whose file does not open",
	  IN(PUSH),
	  0,
	  { 1, NO_FILE + 1 },
	  .want = "event:401005 cfi:500001 ; no module" },
	{ "a caller in no mapping is told",
	  IN(PUSH),
	  0,
	  { 1, 0xdead },
	  .want = "event:401005 ; no code",
	  .stop_addr = 0xdead },
	{ "no row",
	  IN(PUSH),
	  0,
	  { 1, IN(NOTHING) },
	  .want = "event:401005 cfi:4010e5 ; no row" },
	{ "a bad instruction",
	  IN(BAD),
	  0,
	  { 1, 2 },
	  .want = "event:401045 ; bad row" },
	{ "a program that is cut",
	  IN(PUSH),
	  0,
	  { 1, IN(BAD_RECORD) },
	  .want = "event:401005 cfi:401055 ; bad row" },
	{ "a bad expression",
	  IN(BAD_EXPRESSION),
	  0,
	  { 1, 2 },
	  .want = "event:401095 ; bad row" },
	{ "an expression",
	  IN(EXPRESSION),
	  0,
	  { 1, SP + 32, 3, IN(ROOT) },
	  .want = "event:401085 cfi:401035 ; root" },
	{ "a stack that is not all there",
	  IN(PUSH),
	  0,
	  { 1, IN(PUSH), 3, IN(ROOT) },
	  .want = "event:401005 cfi:401005 ; unreadable",
	  .stack_size = 24,
	  .stop_addr = SP + 24 },
	{ "a stack that was capped",
	  IN(PUSH),
	  0,
	  { 1, IN(PUSH), 3, IN(ROOT) },
	  .want = "event:401005 cfi:401005 ; truncated",
	  .flags = DWUNW_WALK_CAPPED,
	  .stack_size = 31,
	  .stop_addr = SP + 24 },
	{ "a register that was lost is needed",
	  IN(LOST),
	  SP,
	  { IN(FRAME) },
	  .want = "event:4010a5 cfi:401015 ; no register" },
	{ "a register that was lost is not needed",
	  IN(LOST),
	  SP,
	  { IN(PUSH), 1, IN(ROOT) },
	  .want = "event:4010a5 cfi:401005 cfi:401035 ; root" },
	{ "no progress",
	  IN(LOOP),
	  0,
	  { 1, 2 },
	  .want = "event:401075 ; no progress",
	  .sp = SP + 16 },
	{ "no progress in an outer frame",
	  IN(FRAME),
	  SP + 8,
	  { 1, SP, IN(FRAME), 0 },
	  .want = "event:401015 cfi:401015 ; no progress" },
	{ "a CFA that stays where it is",
	  IN(PUSH),
	  0,
	  { 1, IN(SAME), 3, 4 },
	  .want = "event:401005 cfi:401105 ; no progress" },
	{ "a return behind a stub's first byte, whose row may be cached",
	  IN(PUSH),
	  0,
	  { 1, FN(STUB) + 1, 2, 3 },
	  .want = "event:401005 ; no call" },
	{ "a uretprobe's trampoline",
	  IN(PUSH),
	  0,
	  { 1, TRAMPOLINE },
	  .want = "event:401005 ; trampoline" },
	{ "a trampoline whose return is known",
	  IN(PUSH),
	  0,
	  { 1, TRAMPOLINE, 3, IN(ROOT) },
	  .want = "event:401005 cfi:401005 cfi:401035 ; root",
	  .returns = { { SP, 1 }, { SP + 8, IN(PUSH) } },
	  .return_count = 2 },
	{ "a trampoline directly behind a module",
	  IN(PUSH),
	  0,
	  { 1, NEIGHBOUR, 3, IN(ROOT) },
	  .want = "event:401005 cfi:401005 cfi:401035 ; root",
	  .returns = { { SP, 1 }, { SP + 8, IN(PUSH) } },
	  .return_count = 2 },
	{ "a trampoline directly behind a module, its return not known",
	  IN(PUSH),
	  0,
	  { 1, NEIGHBOUR },
	  .want = "event:401005 ; trampoline" },
	{ "a trampoline and the return of another",
	  IN(PUSH),
	  0,
	  { 1, TRAMPOLINE },
	  .want = "event:401005 ; trampoline",
	  .returns = { { SP, 1 }, { SP + 16, IN(PUSH) } },
	  .return_count = 2 },
	{ "a known return to nowhere",
	  IN(PUSH),
	  0,
	  { 1, TRAMPOLINE },
	  .want = "event:401005 ; no code",
	  .returns = { { SP + 8, 0xdead } },
	  .return_count = 1 },
	{ "a trampoline mapping that is not there",
	  IN(PUSH),
	  0,
	  { 1, 0xdead },
	  .want = "event:401005 cfi:401035 ; root",
	  .returns = { { SP + 8, IN(ROOT) } },
	  .return_count = 1 },
	{ "entry, in a function without CFI",
	  IN(NOTHING),
	  0,
	  { IN(ROOT) },
	  .want = "event:4010e5 entry:401035 ; root",
	  .flags = DWUNW_WALK_ENTRY },
	{ "entry, in no module",
	  0xdead,
	  0,
	  { IN(ROOT) },
	  .want = "event:dead entry:401035 ; root",
	  .flags = DWUNW_WALK_ENTRY },
	{ "entry, in no module, which returns to 0",
	  0xdead,
	  0,
	  { 0 },
	  .want = "event:dead ; zero return",
	  .flags = DWUNW_WALK_ENTRY },
	{ "entry, 16 bytes pushed since",
	  IN(NOTHING),
	  0,
	  { 1, 2, IN(ROOT) },
	  .want = "event:4010e5 entry:401035 ; root",
	  .flags = DWUNW_WALK_ENTRY,
	  .entry_offset = 16 },
	{ "entry is before the CFI",
	  IN(FRAME),
	  1,
	  { IN(ROOT) },
	  .want = "event:401015 entry:401035 ; root",
	  .flags = DWUNW_WALK_ENTRY },
	{ "entry, of the first frame only",
	  IN(NOTHING),
	  0,
	  { IN(NOTHING), 1 },
	  .want = "event:4010e5 entry:4010e5 ; no row",
	  .flags = DWUNW_WALK_ENTRY },
	{ "a signal frame by its CFI",
	  IN(PUSH),
	  0,
	  { 1, FN(SIGNAL) + 1, FN(PUSH), SP + 48, 0, 0, 0, IN(ROOT) },
	  .want = "event:401005 cfi:401061S cfi:401000I cfi:401035 ; root" },
	{ "its CFI begins at the trampoline, or right before it",
	  IN(PUSH),
	  0,
	  { 1, IN(SIGNAL), FN(PUSH), SP + 48, 0, 0, 0, IN(ROOT) },
	  .want = "event:401005 ; no call",
	  .stop_addr = IN(SIGNAL) },
	{ "where the program begins is returned to by nobody",
	  IN(PUSH),
	  0,
	  { 1, FN(START) + 2, 0, 0 },
	  .want = "event:401005 ; no call",
	  .stop_addr = FN(START) + 2 },
	{ "… also where a call stands before it: that is not its own",
	  IN(PUSH),
	  0,
	  { 1, FN(START), 0, 0 },
	  .want = "event:401005 cfi:401140 ; no row" },
	{ "a function that nothing calls is returned to by nobody",
	  IN(PUSH),
	  0,
	  { 1, FN(ROOT) + 1, 0, 0 },
	  .want = "event:401005 ; no call",
	  .stop_addr = FN(ROOT) + 1 },
	{ "… nor behind its first instructions",
	  IN(PUSH),
	  0,
	  { 1, FN(ROOT) + 7, 0, 0 },
	  .want = "event:401005 ; no call",
	  .stop_addr = FN(ROOT) + 7 },
	{ "a signal frame that leads to a lower stack",
	  IN(SIGNAL),
	  0,
	  { FN(PUSH), SP - 16, 1, 2 },
	  .want = "event:401065S cfi:401000I ; unreadable" },
	{ "a stub without CFI",
	  FN(STUB),
	  0,
	  { IN(ROOT) },
	  .want = "event:4010d0 leaf:401035 ; root" },
	{ "a stub is only known where the pc is exact",
	  IN(PUSH),
	  0,
	  { 1, FN(STUB), 2, 3 },
	  .want = "event:401005 ; no call" },
	{ "a stub in the segment's last bytes",
	  BIAS + MADE_TEXT + sizeof(code) - 6,
	  0,
	  { IN(ROOT) },
	  .want = "event:40118a leaf:401035 ; root" },
	{ "a frame pointer without CFI",
	  FN(FP) + 8,
	  SP + 8,
	  { 1, SP + 32, IN(PUSH), 3, IN(ROOT) },
	  .want = "event:4010f8 fp:401005 cfi:401035 ; root" },
	{ "… in a frame that is aligned anew: the caller's is elsewhere",
	  FN(ALIGNED) + 12,
	  SP + 8,
	  { 1, SP + 32, IN(PUSH), 3, IN(ROOT) },
	  .want = "event:40117c ; no row" },
	{ "a frame pointer that leads to no code",
	  FN(FP) + 8,
	  SP + 8,
	  { 1, SP + 32, 0xdead },
	  .want = "event:4010f8 ; no code" },
};

static void walk_one(const struct walk_case *c, struct dwunw_walker *walker,
		     size_t max, char *text, size_t room,
		     struct dwunw_stop *stop)
{
	uint8_t stack[sizeof(c->words)], *exact;
	struct out o = out_init(stack, sizeof(stack), false);
	struct dwunw_frame frames[FRAMES];
	struct dwunw_regset regs;
	struct dwunw_walk_input input = { .regs = &regs,
					  .flags = c->flags,
					  .entry_offset = c->entry_offset,
					  .returns = c->returns,
					  .return_count = c->return_count };
	size_t i, size = c->stack_size ? (size_t)c->stack_size : sizeof(stack),
		  count = 0;

	for (i = 0; i < COUNT(c->words); i++)
		put_u64(&o, c->words[i]);
	exact = malloc(size);
	memcpy(exact, stack, size);
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = c->pc;
	regs.sp = c->sp ? c->sp : SP;
	regs.regs[6] = c->rbp;
	input.stack = (struct dwunw_snapshot){ exact, SP, size };
	if (dwunw_walk(walker, &space, &input, frames, max, &count, stop) !=
	    DWUNW_OK)
		abort();
	print(frames, count, stop, text, room);
	free(exact);
}

static struct dwunw_walker *walker_of(uint32_t entries)
{
	size_t size = dwunw_walker_size(entries);
	struct dwunw_arena arena;
	struct dwunw_walker *walker;
	void *memory = aligned_alloc(16, (size + 15) & ~(size_t)15);

	dwunw_arena_init(&arena, memory, size);
	if (dwunw_walker_init(&walker, entries, &arena) != DWUNW_OK)
		abort();
	if ((void *)walker != memory)
		abort(); /* free(walker) gives it back */
	return walker;
}

static void table(void)
{
	static const uint32_t sizes[] = { 0, 1, 2, 4096 };
	struct dwunw_walker *walkers[COUNT(sizes)];
	struct dwunw_walk_stats stats;
	struct dwunw_stop stop, again;
	char text[512], other[512];
	size_t i, k, differing = 0, tried = 0;
	int round;

	for (k = 0; k < COUNT(sizes); k++)
		walkers[k] = walker_of(sizes[k]);
	for (i = 0; i < COUNT(cases); i++) {
		if (strstr(cases[i].want, " scan") &&
		    !IS_ON(CONFIG_SCAN_X86_64))
			continue; /* by the code */
		if (strstr(cases[i].title, "expression") &&
		    !IS_ON(CONFIG_CFI_EXPRESSIONS))
			continue;
		tried++;
		walk_one(&cases[i], walkers[0], FRAMES, text, sizeof(text),
			 &stop);
		is_str(text, cases[i].want, "%s", cases[i].title);
		if (cases[i].stop_addr)
			is_u64(stop.addr, cases[i].stop_addr, "%s: the address",
			       cases[i].title);
		for (k = 0; k < COUNT(sizes); k++)
			for (round = 0; round < 3; round++) {
				walk_one(&cases[i], walkers[k], FRAMES, other,
					 sizeof(other), &again);
				if (strcmp(text, other) != 0 ||
				    memcmp(&stop, &again, sizeof(stop)) != 0)
					note("differs: %s, %u entries, round "
					     "%d: %s",
					     cases[i].title, sizes[k], round,
					     other),
						differing++;
			}
	}
	is_u64(differing, 0,
	       "frames and stops are the same with a row cache "
	       "of 0, 1, 2, 4096 entries, cold and warm");
	is_u64((uint64_t)held, 0, "every module that was opened was closed");
	dwunw_walker_stats(walkers[3], &stats);
	ok(stats.cache_hits > stats.rows || !IS_ON(CONFIG_ROW_CACHE),
	   "the warm cache was used: %" PRIu64 " hits, %" PRIu64 " rows",
	   stats.cache_hits, stats.rows);
	dwunw_walker_stats(walkers[0], &stats);
	is_u64(stats.cache_hits, 0, "the one that is off was not");
	is_u64(stats.walks, tried * 4, "walks are counted");
	ok(stats.frames > 0 && stats.reads > 0 && stats.mapping_searches > 0 &&
		   stats.opens > 0,
	   "and frames, reads, searches, opens");
	for (k = 0; k < COUNT(sizes); k++)
		free(walkers[k]);
}

/* A register that could not be read and is needed later: which one? */
static void lost_address(void)
{
	static const struct walk_case c = {
		"lost",	       IN(SAVES),	7, { IN(FRAME), 2, 3 }, "",
		.sp = SP - 24, .stack_size = 24
	};
	struct dwunw_walker *walker = walker_of(64);
	struct dwunw_stop cold, warm;
	char text[512];

	walk_one(&c, walker, FRAMES, text, sizeof(text), &cold);
	is_str(text, "event:401025 cfi:401015 ; no register",
	       "a register that could not be read");
	walk_one(&c, walker, FRAMES, text, sizeof(text), &warm);
	is_u64(warm.addr, cold.addr, "is told the same, cached or not");
	free(walker);
}

static void limits(void)
{
	static const struct walk_case c = { "",
					    IN(PUSH),
					    0,
					    { 1, IN(PUSH), 3, IN(PUSH), 5,
					      IN(PUSH), 7, IN(ROOT) },
					    .want = "" };
	static const char *const want[] = {
		"event:401005 ; limit",
		"event:401005 cfi:401005 ; limit",
		"event:401005 cfi:401005 cfi:401005 ; limit",
		"event:401005 cfi:401005 cfi:401005 cfi:401005 ; limit",
		"event:401005 cfi:401005 cfi:401005 cfi:401005 cfi:401035 ; "
		"limit",
		"event:401005 cfi:401005 cfi:401005 cfi:401005 cfi:401035 ; "
		"root",
	};
	struct dwunw_walker *walker = walker_of(16);
	struct dwunw_stop stop;
	char text[512];
	size_t max;

	for (max = 1; max <= COUNT(want); max++) {
		walk_one(&c, walker, max, text, sizeof(text), &stop);
		is_str(text, want[max - 1], "five frames in room for %zu", max);
	}
	free(walker);
}

#define DEEP 20

/* Of `whole`, the first ones and the last ones; true: so it is. */
static bool are_ends(const struct dwunw_frame *whole, size_t whole_count,
		     const struct dwunw_frame *f, size_t count, size_t first,
		     uint32_t left_out)
{
	if (left_out + count != whole_count)
		return false;
	if (left_out == 0)
		return memcmp(f, whole, count * sizeof(*f)) == 0;
	return count > first && memcmp(f, whole, first * sizeof(*f)) == 0 &&
	       memcmp(f + first, whole + first + left_out,
		      (count - first) * sizeof(*f)) == 0;
}

/* Room for any number of frames of a recursion: the first and the last ones. */
static void ends(void)
{
	struct dwunw_walker *walker = walker_of(16);
	struct dwunw_frame whole[DEEP + 2], f[DEEP + 2];
	struct dwunw_regset regs;
	struct dwunw_stop stop, all;
	struct dwunw_walk_input input = { .regs = &regs };
	uint8_t stack[16 * (DEEP + 1)];
	struct out o = out_init(stack, sizeof(stack), false);
	size_t count = 0, whole_count = 0, max, first;
	uint64_t wrong = 0, refused = 0, tried = 0;
	int i;

	for (i = 0; i < DEEP; i++) {
		put_u64(&o, (uint64_t)i);
		put_u64(&o, i + 1 < DEEP ? IN(PUSH) : IN(ROOT));
	}
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = IN(PUSH);
	regs.sp = SP;
	input.stack = (struct dwunw_snapshot){ stack, SP, sizeof(stack) };
	(void)dwunw_walk(walker, &space, &input, whole, DEEP + 2, &whole_count,
			 &all);
	is_u64(whole_count, DEEP + 1, "a recursion has this many frames");
	input.flags = DWUNW_WALK_ENDS;
	for (max = 1; max <= DEEP + 2; max++)
		for (first = 0; first <= max; first++) {
			input.first_frames = (uint16_t)first;
			if (dwunw_walk(walker, &space, &input, f, max, &count,
				       &stop) != DWUNW_OK) {
				refused += first + 2 > max;
				wrong += first + 2 <= max;
				continue;
			}
			tried++;
			wrong += first + 2 > max || stop.reason != all.reason ||
				 !are_ends(whole, whole_count, f, count, first,
					   stop.left_out);
		}
	is_u64(wrong, 0,
	       "the first and the last frames are those of the whole stack, "
	       "in %" PRIu64 " rooms, %" PRIu64 " refused",
	       tried, refused);
	input.first_frames = 0;
	(void)dwunw_walk(walker, &space, &input, f, 2, &count, &stop);
	ok(count == 2 && f[1].pc == IN(ROOT),
	   "with room for two, the last frame is the root");
	free(walker);
}

static void frames(void)
{
	static const struct walk_case c = {
		"", IN(PUSH), 0, { 1, IN(FRAME), 3, 4 }, .want = ""
	};
	struct dwunw_walker *walker = walker_of(16);
	struct dwunw_frame f[4];
	struct dwunw_regset regs;
	struct dwunw_stop stop;
	struct dwunw_walk_input input = { .regs = &regs };
	uint8_t stack[32];
	struct out o = out_init(stack, sizeof(stack), false);
	size_t count = 0, i;

	for (i = 0; i < 4; i++)
		put_u64(&o, c.words[i]);
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = c.pc;
	regs.sp = SP;
	input.stack = (struct dwunw_snapshot){ stack, SP, sizeof(stack) };
	(void)dwunw_walk(walker, &space, &input, f, 4, &count, &stop);
	is_u64(count, 2, "two frames");
	is_u64(f[0].vaddr, f[0].pc - BIAS, "the address as linked");
	is_u64(f[0].cfa, SP + 16, "the CFA");
	is_u64(f[1].cfa, 0, "not known: 0");
	is_u64(f[1].module, 1, "the module");
	is_u64(stop.reason, DWUNW_STOP_UNREADABLE, "unreadable");
	is_u64(stop.pc, f[1].pc, "the stop is at the last frame");
	is_u64(stop.vaddr, f[1].vaddr, "as linked");
	is_u64(stop.module, 1, "and in its module");

	input.stack.size = 0;
	is_u64(dwunw_walk(walker, &space, &input, f, 4, &count, &stop),
	       DWUNW_OK, "without any memory there is still a frame");
	is_u64(count, 1, "one");
	is_u64(f[0].flags, DWUNW_FRAME_FLAG_PARTIAL, "that is partial");
	is_u64(f[0].module, 1, "with its module");
	is_u64(stop.reason, DWUNW_STOP_UNREADABLE, "since nothing is readable");

	is_u64(dwunw_walk(walker, &space, &input, f, 0, &count, &stop),
	       DWUNW_ERR_INVALID_ARG, "room for no frame");
	is_u64(dwunw_walk(walker, &space, NULL, f, 1, &count, &stop),
	       DWUNW_ERR_INVALID_ARG, "no input");
	is_u64(dwunw_walk(walker, NULL, &input, f, 1, &count, &stop),
	       DWUNW_ERR_INVALID_ARG, "no space");
	is_u64(dwunw_walk(NULL, &space, &input, f, 1, &count, &stop),
	       DWUNW_ERR_INVALID_ARG, "no walker");
	regs.version++;
	is_u64(dwunw_walk(walker, &space, &input, f, 1, &count, &stop),
	       DWUNW_ERR_INVALID_ARG, "another version of registers");
	regs.version--;
	regs.arch = 99;
	is_u64(dwunw_walk(walker, &space, &input, f, 1, &count, &stop),
	       DWUNW_ERR_UNSUPPORTED_ARCH, "an arch that nobody knows");
	free(walker);
}

/* musl's restorer: CFI of the function before must not be taken for it. */
static void restorer(void)
{
	uint8_t stack[512];
	struct out o = out_init(stack, sizeof(stack), false);
	struct dwunw_walker *walker = walker_of(16);
	struct dwunw_frame f[FRAMES];
	struct dwunw_regset regs;
	struct dwunw_stop stop;
	struct dwunw_walk_input input = { .regs = &regs };
	char text[256];
	size_t count = 0;
	int round;

	put_zeros(&o, sizeof(stack));
	set_uint(&o, 0, 1, 8);
	set_uint(&o, 8, FN(RESTORER), 8); /* returned to by the handler */
	/* sp is SP + 16 then: rsp and rip in struct ucontext */
	set_uint(&o, 16 + 40 + 8 * 15, SP + 400, 8);
	set_uint(&o, 16 + 40 + 8 * 16, FN(PUSH), 8);
	set_uint(&o, 16 + 40 + 8 * 18, 0x33, 8); /* cs */
	set_uint(&o, 408, IN(ROOT), 8);
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = IN(PUSH);
	regs.sp = SP;
	input.stack = (struct dwunw_snapshot){ stack, SP, sizeof(stack) };
	for (round = 0; round < 2; round++) {
		(void)dwunw_walk(walker, &space, &input, f, FRAMES, &count,
				 &stop);
		print(f, count, &stop, text, sizeof(text));
		is_str(text,
		       "event:401005 cfi:4010c0S signal:401000I "
		       "cfi:401035 ; root",
		       "a restorer without CFI, behind "
		       "a function with, %s",
		       round ? "warm" : "cold");
	}
	free(walker);
}

/*
 * A return address that is the restorer's, or its second instruction's, where
 * no signal's frame stands; and one where what tells cannot be read.
 */
static void no_signal_frame(void)
{
	static const struct {
		uint64_t addr;
		uint8_t cs;
		size_t size;
		const char *want;
	} tried[] = {
		{ FN(RESTORER), 0x2b, 512, "event:401005 ; no call" },
		{ FN(RESTORER) + 7, 0x33, 512, "event:401005 ; no call" },
		{ FN(RESTORER), 0x33, 16 + 40 + 8 * 18,
		  "event:401005 cfi:4010c0S signal:401000I ; truncated" },
	};
	uint8_t stack[512];
	struct out o = out_init(stack, sizeof(stack), false);
	struct dwunw_walker *walker = walker_of(16);
	struct dwunw_frame f[FRAMES];
	struct dwunw_regset regs;
	struct dwunw_stop stop;
	struct dwunw_walk_input input = { .regs = &regs,
					  .flags = DWUNW_WALK_CAPPED };
	char text[256];
	size_t count = 0, i, k;

	put_zeros(&o, sizeof(stack));
	set_uint(&o, 0, 1, 8);
	set_uint(&o, 16 + 40 + 8 * 15, SP + 400, 8);
	set_uint(&o, 16 + 40 + 8 * 16, FN(PUSH), 8);
	set_uint(&o, 408, IN(ROOT), 8);
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = IN(PUSH);
	regs.sp = SP;
	for (i = 0; i < 2 * COUNT(tried); i++) {
		k = i / 2;
		set_uint(&o, 8, tried[k].addr, 8);
		set_uint(&o, 16 + 40 + 8 * 18, tried[k].cs, 8);
		input.stack =
			(struct dwunw_snapshot){ stack, SP, tried[k].size };
		(void)dwunw_walk(walker, &space, &input, f, FRAMES, &count,
				 &stop);
		print(f, count, &stop, text, sizeof(text));
		is_str(text, tried[k].want, "no signal's frame, %zu, %s", k,
		       i % 2 ? "warm" : "cold");
	}
	is_u64(f[0].flags, 0, "what the copy shows is none");
	is_u64(f[1].flags, DWUNW_FRAME_FLAG_SIGNAL | DWUNW_FRAME_FLAG_GUESS,
	       "a trampoline whose frame cannot be seen is a guess");
	is_u64(f[2].flags,
	       DWUNW_FRAME_FLAG_INTERRUPTED | DWUNW_FRAME_FLAG_GUESS,
	       "and so is what is behind it");
	free(walker);
}

/* Interrupted between the restorer's two instructions. */
static void restorer_midway(void)
{
	uint8_t stack[512];
	struct out o = out_init(stack, sizeof(stack), false);
	struct dwunw_walker *walker = walker_of(0);
	struct dwunw_frame f[FRAMES];
	struct dwunw_regset regs;
	struct dwunw_stop stop;
	struct dwunw_walk_input input = { .regs = &regs };
	char text[256];
	size_t count = 0;

	put_zeros(&o, sizeof(stack));
	set_uint(&o, 40 + 8 * 15, SP + 400, 8);
	set_uint(&o, 40 + 8 * 16, FN(PUSH), 8);
	set_uint(&o, 408, IN(ROOT), 8);
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = FN(RESTORER) + 7; /* syscall */
	regs.sp = SP;
	input.stack = (struct dwunw_snapshot){ stack, SP, sizeof(stack) };
	(void)dwunw_walk(walker, &space, &input, f, FRAMES, &count, &stop);
	print(f, count, &stop, text, sizeof(text));
	is_str(text, "event:4010c7S signal:401000I cfi:401035 ; root",
	       "a restorer's second instruction");
	free(walker);
}

/* The snapshot is looked at first, then the memory, through one reader. */
static unsigned int asked;

static dwunw_status_t read_memory(void *ctx, uint64_t addr, void *dst,
				  size_t size)
{
	struct out o = out_init(dst, size, false); /* the target's order */

	asked++;
	if (size != 8 || addr != *(uint64_t *)ctx)
		return DWUNW_ERR_INVALID_ARG;
	put_u64(&o, IN(ROOT));
	return DWUNW_OK;
}

static void memory(void)
{
	uint8_t stack[16];
	struct out o = out_init(stack, sizeof(stack), false);
	struct dwunw_walker *walker = walker_of(0);
	struct dwunw_frame f[FRAMES];
	struct dwunw_regset regs;
	struct dwunw_stop stop;
	uint64_t there = SP + 24;
	struct dwunw_walk_input input = { .regs = &regs,
					  .read_memory = read_memory,
					  .memory_ctx = &there };
	char text[256];
	size_t count = 0;

	put_u64(&o, 1);
	put_u64(&o, IN(PUSH));
	(void)dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	regs.pc = IN(PUSH);
	regs.sp = SP;
	input.stack = (struct dwunw_snapshot){ stack, SP, sizeof(stack) };
	(void)dwunw_walk(walker, &space, &input, f, FRAMES, &count, &stop);
	print(f, count, &stop, text, sizeof(text));
	is_str(text, "event:401005 cfi:401005 cfi:401035 ; root",
	       "a snapshot, and memory behind it");
	is_u64(asked, 1, "memory is asked once");
	there = 0;
	(void)dwunw_walk(walker, &space, &input, f, FRAMES, &count, &stop);
	print(f, count, &stop, text, sizeof(text));
	is_str(text, "event:401005 cfi:401005 ; unreadable", "and may refuse");
	is_u64(stop.addr, SP + 24, "at that address");
	free(walker);
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	make_module();
	if (dwunw_space_init(&space) != DWUNW_OK)
		abort();
	table();
	lost_address();
	limits();
	ends();
	frames();
	restorer();
	no_signal_frame();
	restorer_midway();
	memory();
	is_u64((uint64_t)held, 0, "no module is held at the end");
	return done();
}
