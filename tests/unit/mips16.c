/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * MIPS16e code beside mips32 code, in both byte orders: bit 0 of an address
 * says which of the two is there, and no symbol does.
 *
 * The program, by the architecture's manuals (MIPS32 II-A, IV-a):
 */
#include <dwunw/scan.h>

#include "make_module.h"
#include "make_walker.h"
#include "tap.h"

#define TEXT 0x1000u

static const struct {
	uint32_t at;
	const char *hex; /* words of 8 digits, halves of 4 */
} lines[] = {
	/* CALLER, mips32 */
	{ 0x1000, "27bdffe0 afbf001c" }, /* addiu $sp, -32; sw $ra, 28($sp) */
	{ 0x1008, "74000410 00000000" }, /* jalx CALLEE; nop */
	{ 0x1010, "8fbf001c 03e00008" }, /* lw $ra, 28($sp); jr $ra */
	{ 0x1018, "27bd0020" },		 /* addiu $sp, 32 */
	/* LEAF, mips32 */
	{ 0x1020, "03e00008 00000000" }, /* jr $ra; nop */
	/* CALLEE, MIPS16e: a frame of 32 bytes and *0x1060 */
	{ 0x1040, "b208 64f4" },	   /* lw $v0, POOL; save 32, $ra, … */
	{ 0x1044, "673d e147 65b9" },	   /* $sp = $s1 = $sp - $v0 */
	{ 0x104a, "1c00 0420 6500" },	   /* jalx LAST; nop */
	{ 0x1050, "b204 e145 65b9" },	   /* $sp = $s1 += *POOL */
	{ 0x1056, "6474 e8a0 6500 0000" }, /* restore; jrc $ra */
	{ 0x1060, "00001000" },		   /* POOL */
	/* SWITCH, MIPS16e */
	{ 0x1064, "64c4 ec80" }, /* save 32, $ra; jrc $a0 */
	/* the table: to 1070, far away, 1074, 1070; as code the second one
	 * moves $sp */
	{ 0x1068, "0009 6305 000d 0009" },
	{ 0x1070, "6444 e8a0" },	   /* restore 32, $ra; jrc $ra */
	{ 0x1074, "1c00 0420 6500 17fa" }, /* jalx LAST; nop; b 1070 */
	{ 0x107c, "6500 6500" },
	/* LAST, mips32 */
	{ 0x1080, "27bdffe8 afbf0014" }, /* addiu $sp, -24; sw $ra, 20($sp) */
	{ 0x1088, "8fbf0014 03e00008" }, /* lw $ra, 20($sp); jr $ra */
	{ 0x1090, "27bd0018" },		 /* addiu $sp, 24 */
	{ 0x109c, "00000000" },
};

/* What differs between the modules made. */
struct program {
	bool big;
	bool not_mips16; /* e_flags do not say so */
	uint32_t cfi;	 /* of CALLEE, from here on; 0: none */
};

static uint8_t text[0x100];
static uint8_t file[4096];
static _Alignas(16) uint8_t arena_memory[16384];
static struct dwunw_module module;
static uint32_t serial;
static const char *order;

/* Bytes of a line in the order of its target, a word or a half at a time. */
static void put_line(struct out *o, const char *hex)
{
	size_t digits;

	for (; *hex; hex += digits) {
		hex += strspn(hex, " ");
		digits = strcspn(hex, " ");
		put_uint(o, strtoul(hex, NULL, 16), (unsigned int)digits / 2);
	}
}

static void make_program(const struct program *p)
{
	struct elf_spec spec = { .elf_class = 1,
				 .data = p->big ? 2 : 1,
				 .machine = 8,
				 .type = 2,
				 .flags = p->not_mips16 ? 0 : 0x04000000,
				 .no_sections = !p->cfi };
	uint8_t frame[256];
	struct cfi_out cfi = { .o = out_init(frame, sizeof(frame), p->big),
			       .debug_frame = true,
			       .address_size = 4 };
	static struct dwunw_source src;
	static struct dwunw_span span;
	struct dwunw_arena arena;
	struct out o = out_init(text, sizeof(text), p->big);
	uint64_t cie;
	size_t i;

	for (i = 0; i < COUNT(lines); i++) {
		put_zeros(&o, lines[i].at - TEXT - o.size);
		put_line(&o, lines[i].hex);
	}
	if (p->cfi) {
		/* def_cfa $29, 0; 4 bytes on: def_cfa $17, 4128, $31 saved */
		cie = put_cie(&cfi,
			      &(struct cie_spec){ .augmentation = "\0",
						  .data_align = -4,
						  .ra = 31,
						  .program_hex = "0c 1d 00" });
		put_fde(&cfi,
			&(struct fde_spec){
				.cie = cie,
				.start = p->cfi,
				.size = 0x20,
				.no_data = true,
				.program_hex =
					"44 0e 20 9f 01 44 0c 11 a0 20" });
	}
	struct elf_part parts[2] = {
		{ .name = ".text",
		  .flags = 6,
		  .vaddr = TEXT,
		  .bytes = text,
		  .size = o.size,
		  .segment = PART_LOAD },
		{ .name = ".debug_frame", .bytes = frame, .size = cfi.o.size },
	};

	span.data = file;
	span.size = make_elf(file, sizeof(file), &spec, parts, p->cfi ? 2 : 1);
	dwunw_source_from_span(&src, &span);
	dwunw_arena_init(&arena, arena_memory, sizeof(arena_memory));
	if (dwunw_module_open(&module, &src, ++serial, &arena) != DWUNW_OK)
		abort();
	order = p->big ? "big-endian" : "little-endian";
}

/* --- functions without symbols -------------------------------------------------- */

static bool any_point(void *ctx, const struct dwunw_scan_point *point)
{
	(void)ctx;
	(void)point;
	return true;
}

static struct dwunw_scan *scanner(void)
{
	static _Alignas(16) uint8_t memory[1 << 17];
	struct dwunw_arena arena;
	struct dwunw_scan *scan;

	memset(memory, 0, sizeof(memory));
	dwunw_arena_init(&arena, memory, sizeof(memory));
	if (dwunw_scan_init(&scan, 1 << 16, &arena) != DWUNW_OK)
		abort();
	return scan;
}

static void functions(void)
{
	static const struct {
		const char *name;
		uint32_t at, isa, start, end;
	} want[] = {
		{ "CALLER", 0x1010, 0, 0x1000, 0x1020 },
		{ "LEAF", 0x1024, 0, 0x1020, 0x1040 },
		{ "CALLEE", 0x1050, DWUNW_SCAN_MIPS16, 0x1040, 0x1064 },
		{ "SWITCH", 0x1078, DWUNW_SCAN_MIPS16, 0x1064, 0x1080 },
		{ "LAST", 0x1084, 0, 0x1080, 0x10a0 },
	};
	struct dwunw_scan *scan = scanner();
	uint64_t start, end;
	size_t i;

	for (i = 0; i < COUNT(want); i++) {
		start = end = 0;
		(void)dwunw_scan_function(scan, &module, want[i].at,
					  want[i].isa, &start, &end, any_point,
					  NULL);
		is_u64(start, want[i].start, "%s: %s begins", order,
		       want[i].name);
		is_u64(end, want[i].end, "… and ends");
	}
}

static void rows(void)
{
	struct dwunw_scan *scan = scanner();
	struct dwunw_row row;

	is_u64(dwunw_scan_row(scan, &module, 0x104f, DWUNW_SCAN_MIPS16, &row),
	       DWUNW_SCAN_OK, "%s: a row of CALLEE", order);
	is_u64((uint64_t)row.cfa.value, 32 + 0x1000,
	       "… whose frame has a size that was loaded");
	is_u64((uint64_t)-row.rules[31].value, 4, "… with $ra below the CFA");
	is_u64(dwunw_scan_row(scan, &module, 0x1079, DWUNW_SCAN_MIPS16, &row),
	       DWUNW_SCAN_OK, "%s: a row of SWITCH, behind its table", order);
	is_u64((uint64_t)row.cfa.value, 32, "… and its frame");
}

/* --- walks ---------------------------------------------------------------------- */

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **opened)
{
	(void)ctx;
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

#define SP 0x7fff0000u

static uint8_t stack[0x3000];

/* "event:1084 scan:1050 scan:1010 ; zero return" */
static const char *walk(struct dwunw_walker *walker, uint64_t pc, uint64_t s1,
			uint64_t ra)
{
	static char said[256];
	struct dwunw_mapping mapping = { .start = TEXT,
					 .end = TEXT + 0x1000,
					 .flags = DWUNW_MAPPING_EXEC };
	struct dwunw_space space = { .mappings = &mapping,
				     .count = 1,
				     .open_module = open_module,
				     .close_module = close_module };
	struct dwunw_regset regs;
	struct dwunw_walk_input input = {
		.regs = &regs, .stack = { stack, SP, sizeof(stack) }
	};
	struct dwunw_frame frames[8];
	struct dwunw_stop stop;
	size_t count = 0, used = 0, i;

	(void)dwunw_regset_prepare(&regs, dwunw_arch_id(module.arch));
	regs.pc = pc;
	regs.sp = SP;
	regs.regs[29] = SP;
	regs.regs[31] = ra;
	regs.regs[17] = s1;
	if (dwunw_space_init(&space) != DWUNW_OK ||
	    dwunw_walk(walker, &space, &input, frames, 8, &count, &stop) !=
		    DWUNW_OK)
		return "no walk";
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(said + used, sizeof(said) - used,
					 "%s:%" PRIx64 " ",
					 dwunw_how_name(frames[i].how),
					 frames[i].pc);
	snprintf(said + used, sizeof(said) - used, "; %s",
		 dwunw_stop_name(stop.reason));
	return said;
}

static void set_word(uint32_t at, uint32_t value, bool big)
{
	struct out o = out_init(stack + at, 4, big);

	put_u32(&o, value);
}

static void walks(bool big)
{
	static const uint32_t sizes[] = { 0, 1, 64 };
	struct dwunw_walker *walker;
	size_t i;

	/* LAST, called by CALLEE, called by CALLER */
	memset(stack, 0, sizeof(stack));
	set_word(20, 0x1051, big);
	set_word(24 + 32 + 0x1000 - 4, 0x1010, big);
	for (i = 0; i < COUNT(sizes); i++) {
		walker = make_walker(sizes[i]);
		is_str(walk(walker, 0x1088, 0, 0),
		       "event:1088 scan:1050 scan:1010 ; zero return",
		       "%s, %u rows cached: out of one isa into the other",
		       order, sizes[i]);
		is_str(walk(walker, 0x1088, 0, 0),
		       "event:1088 scan:1050 scan:1010 ; zero return",
		       "… and again");
		is_str(walk(walker, 0x1041, 0, 0x1010),
		       "event:1040 scan:1010 ; zero return",
		       "… from MIPS16e code, whose pc is told without bit 0");
		is_str(walk(walker, 0x1040, 0, 0x1010),
		       "event:1040 link:1010 ; zero return",
		       "… which is another row than that of mips32 code there");
		is_str(walk(walker, 0x1041, 0, 0x1010),
		       "event:1040 scan:1010 ; zero return",
		       "… which is kept apart");
	}
}

/* FDEs may begin at a function's address with bit 0 or without. */
static void cfi_walks(bool big, uint32_t first)
{
	struct program p = { .big = big, .cfi = first };
	struct dwunw_walker *walker = make_walker(64);

	make_program(&p);
	memset(stack, 0, sizeof(stack));
	is_str(walk(walker, 0x1041, 0, 0x1010),
	       "event:1040 cfi:1010 ; zero return",
	       "%s, an FDE at %x: a function's first instruction", order,
	       first);
	set_word(28, 0x1010, big);
	is_str(walk(walker, 0x1045, 0, 0), "event:1044 cfi:1010 ; zero return",
	       "… the first one of a row");
	memset(stack, 0, sizeof(stack));
	set_word(0x1020 - 4, 0x1010, big);
	is_str(walk(walker, 0x1049, SP, 0), "event:1048 cfi:1010 ; zero return",
	       "… of the next one");
	set_word(20, 0x1051, big);
	set_word(0x1100 + 0x1020 - 4, 0x1010, big);
	is_str(walk(walker, 0x1088, SP + 0x1100, 0),
	       "event:1088 scan:1050 cfi:1010 ; zero return",
	       "… and behind a call");
}

/* What bit 0 stands for in a file that has no MIPS16e code is microMIPS. */
static void micromips(bool big)
{
	struct program p = { .big = big, .not_mips16 = true };
	struct dwunw_row row;

	make_program(&p);
	is_u64(dwunw_scan_row(scanner(), &module, 0x104f, DWUNW_SCAN_MIPS16,
			      &row),
	       DWUNW_SCAN_UNDECODABLE, "%s: microMIPS is not decoded", order);
	is_u64(dwunw_scan_row(scanner(), &module, 0x100f, 0, &row),
	       DWUNW_SCAN_OK, "… mips32 code beside it is");
}

int main(void)
{
	struct program p = { 0 };
	unsigned int big;

	if (dwunw_scan_size(1 << 16) == 0 || !IS_ON(CONFIG_SCAN_MIPS32) ||
	    !IS_ON(CONFIG_SCAN_MIPS16) ||
	    !dwunw_arch_by_id(DWUNW_ARCH_MIPS32EL))
		return skip_all("this build has no scans of MIPS16e");
	for (big = 0; big < 2; big++) {
		p.big = big;
		make_program(&p);
		functions();
		rows();
		walks(big);
		if (IS_ON(CONFIG_CFI_DEBUG_FRAME)) {
			cfi_walks(big, 0x1040);
			cfi_walks(big, 0x1041);
		}
		micromips(big);
	}
	return done();
}
