/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A pc where no code is: who called it is told by the return address, if that
 * is behind a call; and CFI that leaves the return address where a call has put
 * another one.
 */
#include "make_module.h"
#include "make_walker.h"
#include "tap.h"

#define TEXT 0x1000u
#define CALLED 0x1010u /* behind a call, in a function that is a root */
#define NO_CALL 0x1030u
#define KEPT 0x1050u /* behind one; its CFI has the link register unchanged */
#define DATA 0x2000u
#define NO_FILE 0x5000u
#define SP 0x7fff0000u

struct target {
	const char *name;
	uint16_t arch;
	struct elf_spec spec;
	const char *call; /* ends at 8 bytes */
	uint8_t link;	  /* 0: on the stack */
	uint8_t ra;
};

static const struct target targets[] = {
	{ .name = "x86_64",
	  .arch = DWUNW_ARCH_X86_64,
	  .spec = { .elf_class = 2, .data = 1, .machine = 62, .type = 3 },
	  .call = "90 90 90 90 90 90 ff d0",
	  .ra = 16 },
	{ .name = "arm64",
	  .arch = DWUNW_ARCH_ARM64,
	  .spec = { .elf_class = 2, .data = 1, .machine = 183, .type = 3 },
	  .call = "1f 20 03 d5 00 00 3f d6",
	  .link = 30,
	  .ra = 30 },
	{ .name = "mips32el",
	  .arch = DWUNW_ARCH_MIPS32EL,
	  .spec = { .elf_class = 1, .data = 1, .machine = 8, .type = 3 },
	  .call = "09 f8 20 03 00 00 00 00",
	  .link = 31,
	  .ra = 31 },
	{ .name = "mips32eb",
	  .arch = DWUNW_ARCH_MIPS32EB,
	  .spec = { .elf_class = 1, .data = 2, .machine = 8, .type = 3 },
	  .call = "03 20 f8 09 00 00 00 00",
	  .link = 31,
	  .ra = 31 },
};

static struct dwunw_module module;
static uint8_t call[8];
static dwunw_status_t (*read_file)(void *ctx, uint64_t off, void *dst,
				   size_t size);

static void put_cfi(const struct target *t, struct cfi_out *s)
{
	const uint8_t root[] = { 0x07, t->ra }, kept[] = { 0x0e, 0x10 };
	uint64_t cie = put_cie(s, &(struct cie_spec){
					  .encoding = 0x1b,
					  .data_align = -4,
					  .ra = t->ra,
					  .program_hex = "0c 07 00",
				  });
	struct fde_spec fde = { .cie = cie,
				.start = TEXT,
				.size = 0x40,
				.encoding = 0x1b,
				.program = root,
				.program_size = sizeof(root) };

	put_fde(s, &fde);
	fde.start = TEXT + 0x40;
	fde.program = kept;
	put_fde(s, &fde);
	put_u32(&s->o, 0);
}

static void make_program(const struct target *t)
{
	static uint8_t text[0x80], cfi[512], file[8192];
	static _Alignas(16) uint8_t memory[16384];
	static struct dwunw_source src;
	static struct dwunw_span span;
	static uint32_t serial;
	bool big = t->spec.data == 2;
	struct cfi_out s = { .o = out_init(cfi, sizeof(cfi), big),
			     .vaddr = DATA,
			     .address_size = t->spec.elf_class == 2 ? 8 : 4 };
	struct elf_part parts[2] = { { .name = ".text",
				       .flags = 6,
				       .vaddr = TEXT,
				       .bytes = text,
				       .size = sizeof(text),
				       .segment = PART_LOAD },
				     { .name = ".eh_frame",
				       .vaddr = DATA,
				       .bytes = cfi,
				       .segment = PART_LOAD } };
	struct dwunw_arena arena;

	memset(text, 0, sizeof(text));
	(void)from_hex(t->call, call, sizeof(call));
	memcpy(text + CALLED - TEXT - sizeof(call), call, sizeof(call));
	memcpy(text + KEPT - TEXT - sizeof(call), call, sizeof(call));
	put_cfi(t, &s);
	parts[1].size = s.o.size;
	span.data = file;
	span.size = make_elf(file, sizeof(file), &t->spec, parts, 2);
	dwunw_source_from_span(&src, &span);
	dwunw_arena_init(&arena, memory, sizeof(memory));
	if (dwunw_module_open(&module, &src, ++serial, &arena) != DWUNW_OK)
		abort();
	read_file = module.elf.src.read;
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **opened)
{
	(void)ctx;
	if (mapping->file != 0)
		return DWUNW_ERR_NO_DEBUG_DATA;
	mapping->bias = 0;
	mapping->serial = module.serial;
	*opened = &module;
	return DWUNW_OK;
}

static void close_module(void *ctx, const struct dwunw_module *closed)
{
	(void)ctx;
	(void)closed;
}

struct walk_case {
	const char *title;
	uint64_t pc, ret;
	const char *want; /* "how:pc …", a guess with "?", "; reason" */
	uint64_t below;	  /* of sp: 1: cannot be read */
	bool reads;	  /* memory, where all is the call's bytes */
	bool on_stack;	  /* where the return address is on the stack only */
	bool link;	  /* where it is in a register only */
	bool no_code;	  /* of the file can be read */
};

static dwunw_status_t read_no_code(void *ctx, uint64_t off, void *dst,
				   size_t size)
{
	return size == sizeof(call) ? DWUNW_ERR_IO :
				      read_file(ctx, off, dst, size);
}

static dwunw_status_t read_call(void *ctx, uint64_t addr, void *dst,
				size_t size)
{
	uint8_t *bytes = dst;
	size_t i;

	(void)ctx;
	if (addr < NO_FILE || addr >= NO_FILE + 0x1000)
		return DWUNW_ERR_IO;
	for (i = 0; i < size; i++)
		bytes[i] = call[(addr + i) % 8];
	return DWUNW_OK;
}

static size_t walk(const struct target *t, const struct walk_case *c,
		   struct dwunw_frame *frames, struct dwunw_stop *stop)
{
	static struct dwunw_mapping mappings[3];
	uint8_t word = t->spec.elf_class == 2 ? 8 : 4, stack[128];
	struct dwunw_space space = { .mappings = mappings,
				     .count = 3,
				     .open_module = open_module,
				     .close_module = close_module };
	struct out o = out_init(stack, sizeof(stack), t->spec.data == 2);
	bool below = c->below != 1;
	struct dwunw_regset regs;
	struct dwunw_walk_input input = {
		.regs = &regs,
		.stack = { stack, SP - (below ? word : 0), sizeof(stack) },
		.read_memory = c->reads ? read_call : NULL
	};
	struct dwunw_walker *walker = make_walker(16);
	size_t count = 0;

	module.elf.src.read = c->no_code ? read_no_code : read_file;
	mappings[0] = (struct dwunw_mapping){ .start = TEXT,
					      .end = DATA,
					      .flags = DWUNW_MAPPING_EXEC };
	mappings[1] = (struct dwunw_mapping){ .start = DATA,
					      .end = DATA + 0x1000,
					      .off = 0x1000 };
	mappings[2] = (struct dwunw_mapping){ .start = NO_FILE,
					      .end = NO_FILE + 0x1000,
					      .file = 1,
					      .flags = DWUNW_MAPPING_EXEC };
	put_zeros(&o, sizeof(stack));
	if (below)
		set_uint(&o, 0, c->below, word);
	if (!t->link)
		set_uint(&o, below ? word : 0, c->ret, word);
	(void)dwunw_regset_prepare(&regs, t->arch);
	regs.pc = c->pc;
	regs.sp = SP;
	if (t->link)
		regs.regs[t->link] = c->ret;
	if (dwunw_space_init(&space) != DWUNW_OK ||
	    dwunw_walk(walker, &space, &input, frames, 8, &count, stop) !=
		    DWUNW_OK)
		abort();
	return count;
}

#define BELOW 0x77

static const struct walk_case cases[] = {
	{ "a call of a bad pointer", 0x10, CALLED, "event:10 entry:1010 ; root",
	  .below = BELOW },
	{ "… of 0", 0, CALLED, "event:0 entry:1010 ; root", .below = BELOW },
	{ "… into data of a file", DATA + 8, CALLED,
	  "event:2008 entry:1010 ; root", .below = BELOW },
	{ "… into code without a file: it may have run", NO_FILE + 8, CALLED,
	  "event:5008 ; no module", .below = BELOW },
	{ "a return address behind no call", 0x10, NO_CALL,
	  "event:10 ; no module", .below = BELOW },
	{ "… of 0", 0x10, 0, "event:10 ; no module", .below = BELOW },
	{ "… in no mapping", 0x10, 0xdead0, "event:10 ; no module",
	  .below = BELOW },
	{ "… in data", 0x10, DATA + 16, "event:10 ; no module",
	  .below = BELOW },
	{ "… at the first byte of code", 0x10, TEXT, "event:10 ; no module",
	  .below = BELOW },
	{ "… in code that cannot be read", 0x10, NO_FILE + 0x10,
	  "event:10 ; no module", .below = BELOW },
	{ "… of a file", 0x10, CALLED, "event:10 ; no module", .below = BELOW,
	  .no_code = true },
	{ "… that can", 0x10, NO_FILE + 0x10, "event:10 entry:5010 ; no module",
	  .below = BELOW, .reads = true },
	{ "… which has no call there", 0x10, NO_FILE + 0x14,
	  "event:10 ; no module", .below = BELOW, .reads = true },
	{ "a return to a bad address", 0x10, CALLED, "event:10 ; no module",
	  .below = 0x10, .on_stack = true },
	{ "a return to 0, maybe", 0, CALLED, "event:0 entry:1010? ; root",
	  .below = 0, .on_stack = true },
	{ "a return, as far as a copy of the stack tells", 0x10, CALLED,
	  "event:10 entry:1010? ; root", .below = 1, .on_stack = true },
	{ "CFI that keeps the link register, and code that does not tell", 0x10,
	  KEPT, "event:10 entry:1050 ; bad row", .below = BELOW, .link = true },
};

static void one(const struct target *t, const struct walk_case *c)
{
	struct dwunw_frame f[8];
	struct dwunw_stop stop;
	size_t count = walk(t, c, f, &stop), used = 0, i;
	char said[256];

	for (i = 0; i < count; i++)
		used += (size_t)snprintf(
			said + used, sizeof(said) - used, "%s:%" PRIx64 "%s ",
			dwunw_how_name(f[i].how), f[i].pc,
			f[i].flags & DWUNW_FRAME_FLAG_GUESS ? "?" : "");
	snprintf(said + used, sizeof(said) - used, "; %s",
		 dwunw_stop_name(stop.reason));
	is_str(said, c->want, "%s: %s", t->name, c->title);
	is_u64(stop.pc, f[count - 1].pc, "%s: … at its last frame", t->name);
}

int main(void)
{
	const struct target *t;
	size_t i, k, tried = 0;

	for (i = 0; i < COUNT(targets); i++) {
		t = &targets[i];
		if (!dwunw_arch_by_id(t->arch))
			continue;
		tried++;
		make_program(t);
		for (k = 0; k < COUNT(cases); k++)
			if (t->link ? !cases[k].on_stack : !cases[k].link)
				one(t, &cases[k]);
	}
	return tried ? done() : skip_all("none of these targets");
}
