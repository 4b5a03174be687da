/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "function.h"

#include "bytes.h"
#include "dynamic.h"
#include "elf.h"
#include "sweep.h"

enum {
	STT_FUNC = 2,
	STT_GNU_IFUNC = 10,
	EM_MIPS = 8,
	STO_MIPS16 = 0xf0, /* binutils, elf/mips.h */
	STO_MICROMIPS = 0x80,
	PDR_SIZE = 32, /* binutils, gas/config/tc-mips.c: the procedure table */
};

/* Records of a table that are looked at. */
#define RECORD_MAX (1u << 20)

/* What is known so far: the function lies in [lo, hi) of the text. */
struct bounds {
	struct dwu_scan_memory *memory;
	const struct dwunw_module *module;
	uint32_t place; /* what is looked for */
	uint32_t lo;
	uint32_t hi;
	/* the latest function that is known to hold it; end 0: none */
	uint32_t start;
	uint32_t end;
	bool listed; /* lo is a function's start by a list of all */
	uint8_t isa;
};

/* Places in the text; what stands before or behind it counts as its ends. */
static uint32_t clip(const struct bounds *b, uint64_t vaddr)
{
	const struct dwu_text *text = &b->memory->text;
	uint64_t off = vaddr - text->vaddr;

	if (off <= text->size)
		return (uint32_t)off;
	return vaddr < text->vaddr ? 0 : text->size;
}

static void start_at(struct bounds *b, uint32_t start)
{
	if (start <= b->place && start > b->lo) {
		b->lo = start;
		b->listed = false;
	}
	if (start > b->place && start < b->hi)
		b->hi = start;
}

/* A function is [vaddr, end); the place is in it or beside it. If it is empty
 * it only begins there. */
static void range_at(struct bounds *b, uint64_t vaddr, uint64_t end_vaddr)
{
	uint32_t start = clip(b, vaddr), end = clip(b, end_vaddr);

	start_at(b, start);
	if (vaddr == end_vaddr)
		return;
	if (end <= b->place) {
		start_at(b, end);
	} else if (start <= b->place && (b->end == 0 || start >= b->start)) {
		b->start = start;
		b->end = end;
	}
}

/* --- sections ---------------------------------------------------------------- */

static void by_sections(struct bounds *b)
{
	struct dwunw_section s;
	uint32_t i = 1;

	while (dwu_code_section(&b->memory->text, &i, &s)) {
		start_at(b, clip(b, s.vaddr));
		start_at(b, clip(b, s.vaddr + s.size));
	}
}

/* --- tables ---------------------------------------------------------------------- */

/* Record i of a table; NULL behind the last. */
static const uint8_t *record(struct bounds *b,
			     const struct dwunw_section *table, uint32_t i,
			     uint32_t size)
{
	if (i >= RECORD_MAX || (i + 1) * size > table->size)
		return NULL;
	return dwu_window_at(&b->memory->text.window, table->off + i * size,
			     size);
}

struct symbol {
	uint64_t vaddr;
	uint64_t size;
	bool function;
	uint8_t isa;
};

/* Does the file have addresses of 64 bits? */
static bool is_wide(const struct dwunw_elf *elf)
{
	return !IS_ON(CONFIG_SCAN_MIPS32_ALONE) && elf->elf_class == 2;
}

/* One entry of a symbol table (gABI 4, Elf32_Sym and Elf64_Sym). */
static struct symbol symbol_of(const struct dwunw_elf *elf,
			       const uint8_t *bytes)
{
	bool wide = is_wide(elf);
	struct dwu_cursor c = dwu_cursor(bytes, wide ? 24 : 16, elf->data == 2);
	struct symbol s = { 0 };
	uint8_t type, other;

	(void)dwu_u32(&c);
	if (!wide) {
		s.vaddr = dwu_u32(&c);
		s.size = dwu_u32(&c);
	}
	type = dwu_u8(&c) & 0xf;
	other = dwu_u8(&c);
	s.function = dwu_u16(&c) != 0;
	if (wide) {
		s.vaddr = dwu_u64(&c);
		s.size = dwu_u64(&c);
	}
	/* bit 0 of the value tells MIPS16e as well, and microMIPS */
	s.isa = elf->machine == EM_MIPS &&
		((other & STO_MIPS16) == STO_MIPS16 || (s.vaddr & 1) != 0);
	s.function &= !(s.isa && (other & STO_MIPS16) == STO_MICROMIPS);
	s.function &= type == STT_FUNC || type == STT_GNU_IFUNC;
	return s;
}

/*
 * Every entry is looked at, once a scan: sorting them would need memory for
 * all. A size of 0 says where a function begins; in .dynsym, which lists
 * only some functions, not that it ends where the next one does.
 */
static void by_symbols(struct bounds *b, const struct dwunw_section *table,
		       bool all)
{
	const struct dwunw_elf *elf = &b->module->elf;
	const uint8_t *bytes;
	struct symbol s;
	uint32_t i, start;

	for (i = 0; (bytes = record(b, table, i, is_wide(elf) ? 24 : 16));
	     i++) {
		s = symbol_of(elf, bytes);
		if (!s.function)
			continue;
		s.vaddr &= dwu_scan_arch(b->module->arch)->pc_mask;
		start = clip(b, s.vaddr);
		range_at(b, s.vaddr, s.vaddr + s.size);
		if (start == (b->end ? b->start : b->lo))
			b->isa = s.isa;
		b->listed |= s.size == 0 && all && start == b->lo;
	}
}

/* The first word of an entry of mips' .pdr is the function's address. */
static void by_pdr(struct bounds *b, const struct dwunw_section *table)
{
	const struct dwunw_arch_ops *arch = dwu_scan_arch(b->module->arch);
	const uint8_t *bytes;
	struct dwu_cursor c;
	uint32_t i, start, addr;

	for (i = 0; (bytes = record(b, table, i, PDR_SIZE)); i++) {
		c = dwu_cursor(bytes, PDR_SIZE, b->module->elf.data == 2);
		addr = dwu_u32(&c);
		start = clip(b, addr & arch->pc_mask);
		start_at(b, start);
		if (start != b->lo)
			continue;
		b->listed = true;
		b->isa = dwu_isa(arch, addr);
	}
}

static void by_cfi(struct bounds *b, const struct dwunw_cfi *cfi)
{
	const struct dwunw_arch_ops *arch = dwu_scan_arch(b->module->arch);
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	dwunw_status_t status;
	uint64_t start;
	uint32_t i;

	if (cfi->bytes.size == 0)
		return;
	dwunw_fde_cursor_init(&cursor, b->module, cfi);
	for (i = 0; i < RECORD_MAX; i++) {
		status = dwunw_fde_next(&cursor, &fde);
		if (status == DWUNW_ERR_BAD_FORMAT)
			continue;
		if (status != DWUNW_OK)
			break;
		start = fde.start & arch->pc_mask;
		range_at(b, start, fde.end & arch->pc_mask);
		if (b->end && b->start == clip(b, start))
			b->isa |= dwu_isa(arch, fde.start);
	}
}

/* What the linker or the compiler has listed, the most exact first. */
static void by_lists(struct bounds *b)
{
	static const char *const names[] = { ".symtab", ".dynsym", ".pdr" };
	struct dwunw_section tables[3];
	bool all;

	if (dwu_elf_sections(&b->module->elf, names, tables, 3) != DWUNW_OK)
		return;
	all = tables[0].size != 0;
	by_symbols(b, &tables[all ? 0 : 1], all);
	if (b->end == 0 && !b->listed)
		by_pdr(b, &tables[2]);
	if (b->end == 0 && !b->listed) {
		by_cfi(b, &b->module->eh);
		by_cfi(b, &b->module->debug);
	}
	b->memory->text.window.size = 0;
}

uint8_t dwu_function_find(struct dwu_scan_memory *memory,
			  const struct dwunw_module *module, uint64_t vaddr,
			  uint32_t flags, struct dwu_function *function)
{
	struct dwu_text *text = &memory->text;
	struct bounds b = { .memory = memory,
			    .module = module,
			    .isa = (flags & DWUNW_SCAN_MIPS16) != 0 };

	if (!module->arch->scan)
		return DWUNW_SCAN_OFF;
	if (!dwu_code_open(text, module, vaddr))
		return DWUNW_SCAN_UNBOUNDED;
	b.place = (uint32_t)(vaddr - text->vaddr);
	b.hi = text->size;
	by_sections(&b);
	if (!(flags & DWUNW_SCAN_NO_SYMBOLS))
		by_lists(&b);
	if (b.isa && !(IS_ON(CONFIG_SCAN_MIPS16) && module->elf.mips16))
		return DWUNW_SCAN_UNDECODABLE;
	*function = (struct dwu_function){ .start = b.lo,
					   .end = b.hi,
					   .isa = b.isa };
	if (b.end != 0) {
		function->start = b.start;
		function->end = b.end;
	} else if (!b.listed && !dwu_sweep(memory, b.place, function)) {
		return DWUNW_SCAN_UNBOUNDED;
	}
	vaddr = module->elf.entry & dwu_scan_arch(module->arch)->pc_mask;
	function->entry = dwu_code_place(text, vaddr) == function->start &&
			  dwu_elf_is_started(&module->elf);
	return DWUNW_SCAN_OK;
}
