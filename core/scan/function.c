/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Address -> the function around it, by what the file lists, the best first:
 * symbols of a known size, an FDE, the target's own table (.pdr), a list of
 * starts; else the gap between what is known, in which a sweep of the code
 * looks for it.
 *
 * For example, a stripped library without CFI: e_entry and DT_INIT are starts,
 * sections are bounds; address 0x5a10 lies in [0x5000, 0x9000) of .text, and
 * dwu_sweep() finds [0x59e0, 0x5a40).
 *
 * Each list makes [lo, hi), which holds the place, smaller; what it says is
 * clipped to the text first. A wrong table gives a wrong function, whose scan
 * then contradicts itself or is refuted by the walk; it cannot lead out of the
 * file.
 */
#include "function.h"

#include "core/base/bytes.h"
#include "core/cfi/index.h"
#include "core/elf/dynamic.h"
#include "core/elf/elf.h"
#include "starts.h"
#include "sweep.h"

enum {
	STT_FUNC = 2,
	STT_GNU_IFUNC = 10,
	OTHER_ISA = 0xf0, /* of st_other: a processor's own bits (gABI 4) */
};

/* Bytes of a table that are looked at. */
#define RECORD_MAX (32u << 20)
/* A file has CFI if it has more than an FDE for so many bytes of code. Others
 * have some of a few functions (libgcc's, in musl's libc.so). */
#define FDE_SHARE 2048u
/* A gap between two FDEs is one if it is less of all code. */
#define GAP_SHARE 4u

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
	/* those of the table being read that are in memory */
	uint32_t record;
	uint32_t records;
	bool listed;	/* lo is a function's start by a list of all */
	bool gap;	/* [lo, hi) is between two FDEs, or smaller */
	uint8_t lo_isa; /* by a pointer to lo */
	uint8_t isa;
};

/* Places in the text; what stands before or behind it counts as its ends. */
static uint32_t clip(const struct bounds *b, uint64_t vaddr)
{
	const struct dwu_text *text = &b->memory->text;
	dwu_place_t off = (dwu_place_t)(vaddr - text->vaddr);

	if (off <= text->size)
		return (uint32_t)off;
	return (dwu_place_t)vaddr < (dwu_place_t)text->vaddr ? 0 : text->size;
}

/*
 * A function starts there: it bounds the one that is looked for from below (the
 * place itself may be a start) or from above.
 */
static void start_at(struct bounds *b, uint32_t start)
{
	if (start <= b->place && start > b->lo) {
		b->lo = start;
		b->lo_isa = 0;
		b->listed = false;
	}
	if (start > b->place && start < b->hi)
		b->hi = start;
}

/*
 * A function is [start, end); the place is in it or beside it. If it is empty
 * it only begins there.
 *
 * Of several that hold it (nested, or an alias of another size) the one that
 * starts last counts.
 */
static void range_at(struct bounds *b, uint32_t start, uint32_t end)
{
	start_at(b, start);
	if (start == end)
		return;
	if (end <= b->place) {
		start_at(b, end);
	} else if (start <= b->place && (b->end == 0 || start >= b->start)) {
		b->start = start;
		b->end = end;
	}
}

static void section_at(struct bounds *b, const struct dwunw_section *s)
{
	range_at(b, clip(b, s->vaddr), clip(b, s->vaddr + s->size));
}

/* --- sections ---------------------------------------------------------------- */

/* No function goes on from one section into the next. */
static void by_sections(struct bounds *b)
{
	struct dwunw_section s;
	uint32_t i = 1;

	while (dwu_code_section(&b->memory->text, &i, &s)) {
		start_at(b, clip(b, s.vaddr));
		start_at(b, clip(b, s.vaddr + s.size));
	}
}

/*
 * e_entry, DT_INIT, arrays: where they point to a function begins, of the ISA
 * that bit 0 says.
 */
static void by_pointer(void *ctx, uint64_t pointer)
{
	const struct dwunw_arch_ops *arch;
	struct bounds *b = ctx;
	uint32_t start;

	arch = dwu_arch(b->module->arch);
	start = dwu_code_place(&b->memory->text, pointer & arch->pc_mask);
	start_at(b, start);
	if (start == b->lo)
		b->lo_isa = dwu_isa(arch, pointer);
}

/* --- tables ---------------------------------------------------------------------- */

/*
 * Record i of a table; NULL behind the last. A large table costs its reads, so
 * these fill the memory that marks what is visited, while nothing is.
 *
 * i only grows, so the table is read once, RECORD_MAX bytes at most.
 */
static const uint8_t *record(struct bounds *b,
			     const struct dwunw_section *table, uint32_t i,
			     uint32_t size)
{
	const struct dwunw_source *src = &b->module->elf.src;
	uint8_t *room = (uint8_t *)b->memory->visited;
	uint32_t left = RECORD_MAX;

	if (table->size < RECORD_MAX)
		left = (uint32_t)table->size;
	left = left / size - i;
	if (left == 0)
		return NULL;
	if (i == 0 || i - b->record >= b->records) {
		b->record = i;
		b->records = b->memory->visited_count / 8 / size;
		if (b->records > left)
			b->records = left;
		if (src->read(src->ctx, table->off + i * size, room,
			      b->records * size) != DWUNW_OK)
			return NULL;
	}
	return room + (i - b->record) * size;
}

/* Does the file have addresses of 64 bits? */
static bool is_wide(const struct dwunw_elf *elf)
{
	return dwu_elf_is_wide(elf->elf_class);
}

/*
 * Where an entry's function is, by st_value and st_size, which are side by side
 * in both classes, in different places (gABI 4, Elf32_Sym and Elf64_Sym).
 */
struct range {
	uint32_t start;
	uint32_t end;
	bool empty;
	uint8_t isa;
};

/*
 * False: it is over before `lo`, or begins at `hi` or behind it.
 *
 * Most symbols are far away: this is asked of each, the rest of few.
 */
static bool symbol_near(const struct bounds *b, const uint8_t *bytes,
			uint32_t lo, uint32_t hi, struct range *at)
{
	const struct dwunw_elf *elf = &b->module->elf;
	uint8_t word = is_wide(elf) ? 8 : 4;
	struct dwu_cursor c =
		dwu_cursor(bytes + word, 2u * word, elf->data == 2);
	uint64_t vaddr = dwu_uint(&c, word), size;

	at->isa = dwu_isa(b->module->arch, vaddr);
	vaddr &= dwu_arch(b->module->arch)->pc_mask;
	at->start = clip(b, vaddr);
	if (at->start >= hi)
		return false;
	size = dwu_uint(&c, word);
	at->end = clip(b, vaddr + size);
	at->empty = size == 0;
	return at->end >= lo;
}

/* Is it a function, of code that we know? */
static bool symbol_function(const struct dwunw_module *module,
			    const uint8_t *bytes, struct range *at)
{
	const struct dwunw_arch_ops *arch = dwu_arch(module->arch);
	const struct dwunw_elf *elf = &module->elf;
	struct dwu_cursor c =
		dwu_cursor(bytes + (is_wide(elf) ? 4 : 12), 4, elf->data == 2);
	uint8_t type = dwu_u8(&c) & 0xf;
	uint8_t other = dwu_u8(&c) & OTHER_ISA;

	/* bits of the value tell the ISA as well, also one that is not known:
	 * see the end of dwu_function_find() */
	at->isa |= arch->isa_mask && (other == arch->file->isa_other[0] ||
				      other == arch->file->isa_other[1]);
	return (type == STT_FUNC || type == STT_GNU_IFUNC) && dwu_u16(&c) != 0;
}

/*
 * Every entry is looked at, once a scan, but hardly more than its address:
 * sorting them would need memory for all. A size of 0 says where a function
 * begins; in .dynsym, which lists only some functions, not that it ends where
 * the next one does.
 */
static void by_symbols(struct bounds *b, const struct dwunw_section *table,
		       bool all)
{
	const uint32_t lo = b->lo, hi = b->hi;
	const uint32_t size = is_wide(&b->module->elf) ? 24 : 16;
	const uint8_t *bytes;
	struct range at;
	uint32_t i;

	for (i = 0; (bytes = record(b, table, i, size)); i++) {
		if (!symbol_near(b, bytes, lo, hi, &at) ||
		    !symbol_function(b->module, bytes, &at))
			continue;
		range_at(b, at.start, at.end);
		if (at.start == (b->end ? b->start : b->lo))
			b->isa = at.isa;
		b->listed |= at.empty && all && at.start == b->lo;
	}
}

/*
 * By the target's own table of functions, if the file has one.
 *
 * mips32: .pdr has a procedure descriptor of 32 bytes for each function, with
 * its address first (gas).
 */
static void by_function_table(struct bounds *b)
{
	const struct dwunw_arch_ops *arch = dwu_arch(b->module->arch);
	struct dwunw_section table;
	const uint8_t *bytes;
	struct dwu_cursor c;
	uint32_t i, start, addr;

	if (!arch->file->function_table ||
	    dwunw_elf_section(&b->module->elf, arch->file->function_table,
			      &table))
		return;
	for (i = 0; (bytes = record(b, &table, i, arch->file->function_size));
	     i++) {
		c = dwu_cursor(bytes, 4, b->module->elf.data == 2);
		addr = dwu_u32(&c);
		start = clip(b, addr & arch->pc_mask);
		start_at(b, start);
		if (start != b->lo)
			continue;
		b->listed = true;
		b->isa = dwu_isa(arch, addr);
	}
}

/*
 * Does control run on from [at, to), a function with CFI, to what stands behind
 * it? glibc's clone() has none around its system call, where two stacks meet.
 *
 * In glibc that is the code from cfi_endproc, before the system call, to
 * cfi_startproc, in the child.
 */
static bool falls_into(struct dwu_text *text, uint32_t at, uint32_t to)
{
	struct dwu_op op;

	text->window.size = 0;
	op.insn.size = 0;
	while (at < to) {
		dwu_code_read(text, at, &op);
		at = dwu_behind(&op);
	}
	return at == to && op.insn.size != 0 && !op.insn.pad &&
	       !(op.insn.flow & ~DWU_FLOW_BRANCH);
}

/* An FDE's [start, end) is a function, as is what control runs on into. */
static void fde_at(struct bounds *b, const struct dwunw_fde *fde)
{
	const struct dwunw_arch_ops *arch = dwu_arch(b->module->arch);
	uint32_t start = clip(b, fde->start & arch->pc_mask);
	uint32_t end = clip(b, fde->end & arch->pc_mask), lo = b->lo;
	uint8_t isa = dwu_isa(arch, fde->start);

	range_at(b, start, end);
	if (b->end && b->start == start)
		b->isa |= isa;
	if (end > b->place || end <= lo)
		return;
	b->memory->text.isa = isa;
	if (!falls_into(&b->memory->text, start, end))
		return;
	b->lo = start;
	b->listed = true;
	b->isa = isa;
}

/*
 * The FDEs around the place: one search in a sorted table. One that holds it is
 * the function unless a symbol says otherwise; else the gap between them bounds
 * it.
 *
 * A gap is believed in a file with an FDE for each FDE_SHARE bytes of code, and
 * if it is no larger than 1/GAP_SHARE of it: a file of few FDEs has gaps that
 * say nothing.
 */
static void by_cfi(struct bounds *b, const struct dwunw_cfi *cfi)
{
	const struct dwunw_arch_ops *arch = dwu_arch(b->module->arch);
	uint64_t vaddr = b->memory->text.vaddr + b->place, start;
	struct dwunw_fde fde;
	uint32_t i, tries;

	if (cfi->bytes.size == 0 || !dwu_index_sorted(b->module, cfi))
		return;
	i = dwu_index_after(b->module, cfi, vaddr | arch->isa_mask);
	if (dwu_index_start(b->module, cfi, i, &start))
		start_at(b, clip(b, start & arch->pc_mask));
	for (tries = 0; i > 0 && tries < DWU_LOOK_BACK; tries++)
		if (dwu_index_fde(b->module, cfi, --i, &fde) == DWUNW_OK)
			fde_at(b, &fde);
	b->gap |= b->hi - b->lo <= b->memory->text.size / GAP_SHARE &&
		  dwu_index_start(b->module, cfi,
				  b->memory->text.size / FDE_SHARE, &start);
}

/*
 * What the linker or the compiler has listed, the most exact first.
 *
 * A symbol goes before an FDE, which may cover a part of a function or a whole
 * PLT; the target's table is read only where there is neither.
 */
static void by_lists(struct bounds *b, const struct dwunw_section *tables)
{
	bool all = tables[0].size != 0;
	uint32_t start = b->start, end = b->end;

	b->end = 0;
	by_symbols(b, &tables[all ? 0 : 1], all);
	if (b->end == 0 && !b->listed && end == 0)
		by_function_table(b);
	if (b->end == 0 && !b->listed) {
		b->start = start;
		b->end = end;
	}
}

/*
 * DWUNW_SCAN_NO_SYMBOLS leaves out symbols and CFI, for tests: what is left is
 * what a file that was stripped of all of them has.
 */
static void find_bounds(struct bounds *b, uint32_t flags)
{
	static const char *const names[] = { ".symtab", ".dynsym", ".init",
					     ".fini" };
	struct dwunw_section s[4], strings;

	if (!(flags & DWUNW_SCAN_NO_SYMBOLS)) {
		by_cfi(b, &b->module->eh);
		by_cfi(b, &b->module->debug);
	}
	by_sections(b);
	dwu_starts(&b->module->elf, &b->memory->text.window, by_pointer, b);
	if (dwu_elf_sections(&b->module->elf, names, s, 4) != DWUNW_OK)
		memset(s, 0, sizeof(s));
	if (b->module->elf.section_count == 0)
		(void)dwu_dynamic_symbols(&b->module->elf, &s[1], &strings);
	if (!(flags & DWUNW_SCAN_NO_SYMBOLS))
		by_lists(b, s);
	/* one function each, made of parts of many files */
	section_at(b, &s[2]);
	section_at(b, &s[3]);
	/* whatever read tables has moved the window of code */
	b->memory->text.window.size = 0;
}

/* --- the program's first function ----------------------------------------------- */

static bool visit_return(void *ctx, const struct dwu_scan_at *at)
{
	bool *returns = ctx;

	*returns |= at->moment == DWU_LEAVING;
	return !*returns;
}

/*
 * Does control run on into `to` from the entry point? That has a name of its
 * own in glibc's ld.so, _dl_start_user, and is the same function.
 */
static bool runs_into(struct dwu_text *text, uint32_t entry, uint32_t to)
{
	bool called = false; /* what did not return, maybe */
	struct dwu_op op;
	uint32_t at = entry;

	while (at < to) {
		dwu_code_read(text, at, &op);
		at = dwu_behind(&op);
		if (op.insn.size == 0 ||
		    op.insn.flow & ~(DWU_FLOW_CALL | DWU_FLOW_BRANCH))
			return false;
		if (!op.insn.pad)
			called = op.insn.flow == DWU_FLOW_CALL &&
				 op.target != at;
	}
	return at == to && !called;
}

/*
 * Nothing called the program's first function, so it returns to nobody. That
 * tells it from the start of .text, which linkers put into e_entry of a library.
 */
static void find_entry(struct dwu_scan_memory *memory,
		       struct dwu_function *function)
{
	struct dwu_text *text = &memory->text;
	uint64_t vaddr = text->module->elf.entry &
			 dwu_arch(text->arch)->pc_mask;
	uint32_t entry = dwu_code_place(text, vaddr);
	bool returns = false;

	if (!dwu_elf_is_started(&text->module->elf) ||
	    function->start - entry >= DWU_ENTRY_SIZE ||
	    !runs_into(text, entry, function->start))
		return;
	function->start = entry;
	(void)dwu_scan_explore(memory, function, DWU_NOWHERE, visit_return,
			       &returns);
	function->entry = !returns;
}

/*
 * text->isa: `b.isa` is what a symbol, an FDE or a pointer said; the flag what
 * the pc said. A sweep then reads code of that ISA.
 */
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
	find_bounds(&b, flags);
	b.isa |= b.lo_isa;
	if (b.isa && !(IS_ON(CONFIG_SCAN_TWO_ISAS) && module->elf.mips16))
		return DWUNW_SCAN_UNDECODABLE;
	*function = (struct dwu_function){
		.start = b.lo, .end = b.hi, .isa = b.isa, .gap = b.gap
	};
	if (b.end != 0) {
		function->start = b.start;
		function->end = b.end;
	} else if (!b.listed && !dwu_sweep(memory, b.place, function)) {
		return DWUNW_SCAN_UNBOUNDED;
	}
	function->sure = IS_ON(CONFIG_SCAN_PUSHED_RA) &&
			 (b.end != 0 || b.listed || function->start == b.lo);
	find_entry(memory, function);
	return DWUNW_SCAN_OK;
}
