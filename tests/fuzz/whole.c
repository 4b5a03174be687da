/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The whole way: an ELF file, mappings, registers and a stack -> frames, names,
 * lines. A byte of the target, one of flags, the pc's offset in the file and the
 * link register's, 16 bits each; the stack; the file.
 */
#include "chunks.h"
#include "kept.h"

CHUNKS(6, 2)

#define BASE 0x400000u
#define STACK 0x7fff0000u
enum {
	FRAMES = 32
};

struct result {
	struct dwunw_frame frames[FRAMES];
	struct dwunw_stop stop;
	size_t count;
};

static const uint16_t archs[] = { DWUNW_ARCH_X86_64, DWUNW_ARCH_ARM64,
				  DWUNW_ARCH_MIPS32EL, DWUNW_ARCH_MIPS32EB };

static uint16_t u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static void registers(struct dwunw_regset *regs, uint16_t arch,
		      const uint8_t *head)
{
	LAW(!dwunw_regset_prepare(regs, arch));
	for (unsigned int i = 0; i < 32; i++)
		regs->regs[i] = STACK + 16 * i;
	regs->pc = BASE + u16(head + 2);
	regs->sp = STACK;
	if (arch == DWUNW_ARCH_X86_64) {
		regs->regs[7] = STACK;
		regs->regs[16] = regs->pc;
	} else if (arch == DWUNW_ARCH_ARM64) {
		regs->regs[31] = STACK;
		regs->regs[30] = BASE + u16(head + 4);
	} else {
		regs->regs[29] = STACK;
		regs->regs[31] = BASE + u16(head + 4);
		regs->regs[25] = regs->pc;
	}
}

/* A file that is mapped in one piece, or in two with other rights. */
static size_t maps(char *text, size_t room, size_t size, uint8_t flags)
{
	unsigned int end = BASE + (((unsigned int)size + 0xfff) & ~0xfffu);
	int used = snprintf(text, room, "%08x-%08x r-xp 00000000 00:01 7 /%d\n",
			    BASE, flags & 1 ? BASE + 0x1000 : end, KEPT_FD);

	if ((flags & 1) && end > BASE + 0x1000)
		used += snprintf(text + used, room - (size_t)used,
				 "%08x-%08x r%cxp 00001000 00:01 7 /%d\n",
				 BASE + 0x1000, end, flags & 2 ? 'w' : '-',
				 KEPT_FD);
	used += snprintf(text + used, room - (size_t)used,
			 "%08x-%08x rwxp 00000000 00:00 0\n", end,
			 end + 0x1000);
	return (size_t)used;
}

static void unwind(struct dwunw_context *ctx, struct dwunw_process *process,
		   struct dwunw_span stack, const uint8_t *head,
		   struct result *result)
{
	struct dwunw_unwind_request request = {
		.space = dwunw_process_space(process),
		.frames = result->frames,
		.max_frames = FRAMES,
		.options = (head[1] & 4 ? DWUNW_OPTION_ENTRY : 0) |
			   (head[1] & 8 ? DWUNW_OPTION_CAPPED : 0),
		.stack = { .bytes = stack.data,
			   .addr = STACK,
			   .size = stack.size },
		.read_memory = head[1] & 16 ? fuzz_read : NULL,
	};
	struct dwunw_regset regs;

	memset(result, 0, sizeof(*result));
	registers(&regs, archs[head[0] % COUNT(archs)], head);
	request.regs = &regs;
	request.frames = result->frames;
	LAW(!dwunw_capture(ctx, &request, &result->count));
	result->stop = request.stop;
	LAW(result->count > 0 && result->count <= FRAMES);
	LAW(result->stop.pc == result->frames[result->count - 1].pc);
}

static void ask(struct dwunw_context *ctx, struct dwunw_process *process,
		struct dwunw_span stack, const uint8_t *head)
{
	static struct result first, again;
	struct dwunw_symbol_resolver names;
	char text[4096];

	unwind(ctx, process, stack, head, &first);
	unwind(ctx, process, stack, head, &again);
	LAW(first.count == again.count &&
	    first.stop.reason == again.stop.reason);
	for (size_t i = 0; i < first.count; i++)
		LAW(first.frames[i].pc == again.frames[i].pc &&
		    first.frames[i].how == again.frames[i].how);
	kept_printable(dwunw_stop_text(ctx, &first.stop, text, sizeof(text)));
	LAW(text[0] || first.stop.reason == DWUNW_STOP_ROOT);
	LAW(!dwunw_symbol_resolver_init(&names, NULL));
	kept_names(&names, ctx, 0, first.frames, first.count);
	dwunw_symbol_resolver_shutdown(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dwunw_config config = { .row_cache_entries = 64 };
	struct dwunw_context ctx = { 0 };
	struct dwunw_process *process;
	struct dwunw_span stack, file;
	char text[512];
	size_t off = 6;

	if (size < 8)
		return 0;
	stack = chunk_next(data, size, &off);
	file = chunk_next(data, size, &off);
	if (!file.size)
		return 0;
	kept_file(0, file.data, file.size);
	LAW(!dwunw_init_with(&ctx, &config));
	LAW(!dwunw_process_from_maps(&ctx, archs[data[0] % COUNT(archs)], text,
				     maps(text, sizeof(text), file.size,
					  data[1]),
				     KEPT_ROOT, &process));
	ask(&ctx, process, stack, data);
	dwunw_process_close(process);
	dwunw_shutdown(&ctx);
	return 0;
}
