/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/compare.c - `dwunw rows --compare`: rows from instructions beside the
 * file's own CFI, at every instruction that has both.
 *
 * A row is right when the CFA is the same and the return address is
 *
 *	strict   in the same place;
 *	mid      or: saved, says the scan, in its register, says the CFI, and
 *	         the scan knows that it is in both (saved but not yet lost, or
 *	         loaded again);
 *	lenient  or: saved, says the scan, in its register, says the CFI.
 *
 * Call sites are counted apart: the row there is that of a return address.
 */
#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What became of an instruction; those from CLASS_STRICT on have a scan. */
enum class {
	CLASS_NONE = 0, /* not reached */
	CLASS_SKIPPED,	/* the CFI's CFA is an expression, or broken */
	CLASS_RIGHT,
	CLASS_MID,
	CLASS_LENIENT,
	CLASS_CFA,	  /* another CFA */
	CLASS_RA_PLACE,	  /* saved elsewhere */
	CLASS_RA_UNSAVED, /* saved, says the CFI alone */
	CLASS_ROOT,	  /* one of them says that there is no caller */
	CLASS_RESULT,	  /* + enum dwunw_scan_result: the scan gave no row */
	CLASS_COUNT = CLASS_RESULT + 16
};

/* Results of an address; its instruction, and the call that it ends. */
struct cell {
	uint8_t at;
	uint8_t in_call;
	uint8_t known;	/* a function that was scanned holds it */
	uint8_t data;	/* it is none, say symbols: enum data */
	uint8_t result; /* of that function: why it may lack instructions */
};

/* What MIPS16e functions load and jump by stands between them. */
enum data {
	DATA_BEGINS = 1,
	DATA_ENDS = 2,
	DATA_IS = 4
};

struct totals {
	uint64_t all;
	uint64_t strict;
	uint64_t mid;
	uint64_t lenient;
};

struct compare {
	const struct dwu_compare_options *options;
	const struct dwunw_module *module;
	const struct dwunw_module *debug; /* or NULL */
	struct dwunw_scan *scan;
	struct dwunw_row_scratch *scratch;
	struct dwunw_row truth;
	struct cell *cells;
	uint64_t base;
	uint64_t size;
	struct totals calls;
	struct totals pcs;
	uint64_t skipped;
	uint64_t classes[2][CLASS_COUNT]; /* of all, of call sites */
};

static const char *class_name(unsigned int class)
{
	static const char *const names[] = {
		"not-reached", "skipped",  "right",	 "mid",	 "lenient",
		"cfa",	       "ra-place", "ra-unsaved", "root",
	};
	static char text[64];
	size_t i;

	if (class < CLASS_RESULT)
		return names[class];
	snprintf(text, sizeof(text), "%s",
		 dwunw_scan_result_name((uint8_t)(class - CLASS_RESULT)));
	for (i = 0; text[i]; i++)
		if (text[i] == ' ')
			text[i] = '-';
	return text;
}

static struct cell *cell_at(const struct compare *c, uint64_t vaddr)
{
	return vaddr - c->base < c->size ? &c->cells[vaddr - c->base] : NULL;
}

/* The bits of a code address that are not its ISA. */
static uint64_t code_mask(const struct compare *c)
{
	return dwunw_arch_address_size(c->module->arch) == 4 ? ~1ull : ~0ull;
}

/* The CFI's row at vaddr, into c->truth. False: it has none to compare. */
static bool find_truth(struct compare *c, uint64_t vaddr)
{
	const struct dwunw_module *module = c->module;
	struct dwunw_fde fde;

	if (dwunw_module_fde(module, vaddr, &fde)) {
		module = c->debug;
		if (!module || dwunw_module_fde(module, vaddr, &fde))
			return false;
	}
	return !dwunw_fde_row(module, &fde, vaddr, c->scratch, &c->truth) &&
	       c->truth.cfa.kind == DWUNW_RULE_REGISTER &&
	       !(c->truth.flags & DWUNW_ROW_SIGNAL);
}

static bool in_register(const struct dwunw_rule *rule)
{
	return rule->kind == DWUNW_RULE_SAME ||
	       rule->kind == DWUNW_RULE_UNSPECIFIED;
}

static unsigned int compare_ra(const struct compare *c,
			       const struct dwunw_scan_point *point)
{
	uint8_t column = c->truth.ra_column;
	const struct dwunw_rule *truth = &c->truth.rules[column];
	const struct dwunw_rule *scan = &point->row->rules[column];

	if ((truth->kind == DWUNW_RULE_UNDEFINED) !=
	    (scan->kind == DWUNW_RULE_UNDEFINED))
		return CLASS_ROOT;
	if (truth->kind == DWUNW_RULE_UNDEFINED)
		return CLASS_RIGHT;
	if (in_register(truth) && scan->kind == DWUNW_RULE_OFFSET)
		return dwunw_scan_unchanged(point, column) ? CLASS_MID :
							     CLASS_LENIENT;
	if (in_register(truth) && in_register(scan))
		return CLASS_RIGHT;
	if (in_register(scan))
		return CLASS_RA_UNSAVED;
	return truth->kind == scan->kind && truth->value == scan->value &&
			       truth->reg == scan->reg ?
		       CLASS_RIGHT :
		       CLASS_RA_PLACE;
}

static unsigned int compare_point(const struct compare *c,
				  const struct dwunw_scan_point *point)
{
	uint8_t ra = c->truth.ra_column;
	int32_t n;

	if (c->truth.rules[ra].kind == DWUNW_RULE_UNDEFINED &&
	    point->result == DWUNW_SCAN_OK &&
	    point->row->rules[ra].kind == DWUNW_RULE_UNDEFINED)
		return CLASS_RIGHT;
	if (point->result != DWUNW_SCAN_OK)
		return CLASS_RESULT + point->result;
	if (point->row->rules[ra].kind == DWUNW_RULE_UNDEFINED)
		return CLASS_ROOT;
	if (!dwunw_scan_cfa_offset(point, c->truth.cfa.reg, &n) ||
	    n != -c->truth.cfa.value)
		return CLASS_CFA;
	return compare_ra(c, point);
}

static void print_rule(const struct compare *c, const struct dwunw_row *row)
{
	const struct dwunw_rule *ra = &row->rules[row->ra_column];
	const struct dwunw_arch_ops *arch = c->module->arch;

	printf("c=%s%+" PRId32 " ra=",
	       dwunw_arch_column_name(arch, row->cfa.reg), row->cfa.value);
	if (ra->kind == DWUNW_RULE_OFFSET)
		printf("c%+" PRId32, ra->value);
	else if (in_register(ra))
		printf("s");
	else if (ra->kind == DWUNW_RULE_REGISTER)
		printf("%s", dwunw_arch_column_name(arch, ra->reg));
	else
		printf(ra->kind == DWUNW_RULE_UNDEFINED ? "u" : "exp");
}

static void print_difference(const struct compare *c,
			     const struct dwunw_scan_point *point,
			     unsigned int class)
{
	printf("diff 0x%" PRIx64 " %s %s %s ", point->vaddr, class_name(class),
	       class == CLASS_MID     ? "strict" :
	       class == CLASS_LENIENT ? "mid" :
					"lenient",
	       point->in_call ? "call" : "other");
	if (point->result == DWUNW_SCAN_OK)
		print_rule(c, point->row);
	else
		printf("-");
	printf(" ; ");
	print_rule(c, &c->truth);
	putchar('\n');
}

static bool visit(void *ctx, const struct dwunw_scan_point *point)
{
	struct compare *c = ctx;
	struct cell *cell = cell_at(c, point->vaddr);
	unsigned int class = CLASS_SKIPPED;
	uint64_t vaddr = point->vaddr;

	vaddr += point->in_call ? point->size - 1u : point->isa;
	if (!cell)
		return true;
	if (find_truth(c, vaddr)) {
		class = compare_point(c, point);
		if (class > CLASS_RIGHT && c->options->verbose)
			print_difference(c, point, class);
	}
	if (point->in_call)
		cell->in_call = (uint8_t) class;
	else
		cell->at = (uint8_t) class;
	return true;
}

/* Scans the functions that hold [start, end), unless that was done. */
static void scan_range(struct compare *c, uint64_t start, uint64_t end)
{
	uint32_t flags = c->options->no_symbols ? DWUNW_SCAN_NO_SYMBOLS : 0;
	uint64_t first, last, vaddr = start & code_mask(c);
	struct dwunw_scan_insn insn;
	struct cell *cell;
	uint8_t result;

	/* what a walk knows by the address that it came by */
	dwunw_scan_decode(c->scan, c->module, vaddr, &insn);
	if (insn.isa)
		flags |= DWUNW_SCAN_MIPS16;
	while (vaddr < end) {
		cell = cell_at(c, vaddr);
		if (!cell || cell->known) {
			vaddr++;
			continue;
		}
		first = vaddr;
		last = vaddr;
		result = dwunw_scan_function(c->scan, c->module, vaddr, flags,
					     &first, &last, visit, c);
		if (last <= vaddr)
			last = vaddr + 1;
		for (; first < last; first++) {
			cell = cell_at(c, first);
			if (cell)
				cell->known = 1;
			if (cell && result)
				cell->result = result;
		}
		vaddr = last;
	}
}

static void count(struct compare *c, struct totals *totals, unsigned int class,
		  bool call)
{
	totals->all++;
	totals->strict += class == CLASS_RIGHT;
	totals->mid += class == CLASS_RIGHT || class == CLASS_MID;
	totals->lenient += class >= CLASS_RIGHT && class <= CLASS_LENIENT;
	c->classes[call][class]++;
}

static unsigned int class_of(const struct compare *c, uint64_t vaddr,
			     uint8_t class)
{
	const struct cell *cell = cell_at(c, vaddr);

	if (class == CLASS_NONE && cell && cell->result)
		return CLASS_RESULT + cell->result;
	if (class == CLASS_NONE)
		return CLASS_RESULT + DWUNW_SCAN_UNREACHED;
	return class;
}

static void missing(struct compare *c, uint64_t vaddr, unsigned int class,
		    bool call)
{
	if (c->options->verbose)
		printf("diff 0x%" PRIx64 " %s lenient %s - ; -\n", vaddr,
		       class_name(class), call ? "call" : "other");
}

/* Words of an ELF file, in its byte order. */
static uint32_t word_at(const struct dwunw_elf *elf, uint64_t off)
{
	uint8_t b[4] = { 0 };

	(void)elf->src.read(elf->src.ctx, off, b, sizeof(b));
	return elf->data == 2 ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
					(uint32_t)b[2] << 8 | b[3] :
				(uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 |
					(uint32_t)b[1] << 8 | b[0];
}

static void note_symbol(struct compare *c, uint64_t vaddr, const char *name)
{
	struct cell *cell = cell_at(c, vaddr & code_mask(c));

	if (!cell)
		return;
	if (!memcmp(name, "__pool_", 7) || !memcmp(name, "__jump_", 7))
		cell->data |= DATA_BEGINS;
	if (!memcmp(name, "__pend_", 7) || !memcmp(name, "__jend_", 7))
		cell->data |= DATA_ENDS;
}

/* GCC marks constants and switches' tables among MIPS16e code by symbols. */
static void find_data(struct compare *c)
{
	const struct dwunw_elf *elf = &c->module->elf;
	struct dwunw_section table, names;
	char name[8] = "";
	uint64_t off;
	bool data = false;

	if (!elf->mips16 || dwunw_elf_section(elf, ".symtab", &table) ||
	    dwunw_elf_section(elf, ".strtab", &names))
		return;
	for (off = 0; off + 16 <= table.size; off += 16)
		if (!elf->src.read(elf->src.ctx,
				   names.off + word_at(elf, table.off + off),
				   name, 7))
			note_symbol(c, word_at(elf, table.off + off + 4), name);
	for (off = 0; off < c->size; off++) {
		if (c->cells[off].data)
			data = c->cells[off].data & DATA_BEGINS;
		if (data)
			c->cells[off].data |= DATA_IS;
	}
}

/* Counts the instruction at vaddr, and the call that ends with it. */
static void count_insn(struct compare *c, uint64_t vaddr,
		       const struct dwunw_scan_insn *insn)
{
	const struct cell *cell = cell_at(c, vaddr);
	const struct cell *last = cell_at(c, vaddr + insn->last);
	unsigned int class;

	if (!cell || !last)
		return;
	class = class_of(c, vaddr, cell->at);
	if (class == CLASS_SKIPPED || !find_truth(c, vaddr + insn->isa)) {
		c->skipped++;
		return;
	}
	if (cell->at == CLASS_NONE)
		missing(c, vaddr, class, false);
	count(c, &c->pcs, class, false);
	if (!insn->call || last->in_call == CLASS_SKIPPED)
		return;
	class = class_of(c, vaddr, last->in_call);
	if (last->in_call == CLASS_NONE)
		missing(c, vaddr, class, true);
	count(c, &c->calls, class, true);
}

static void count_range(struct compare *c, uint64_t start, uint64_t end)
{
	struct dwunw_scan_insn insn;
	/* microMIPS functions have odd addresses, their code has not */
	uint64_t vaddr = start & code_mask(c);
	const struct cell *cell;
	uint8_t size;

	while (vaddr < (end & code_mask(c))) {
		cell = cell_at(c, vaddr);
		if (cell && (cell->data & DATA_IS)) {
			vaddr++;
			continue;
		}
		dwunw_scan_decode(c->scan, c->module, vaddr, &insn);
		size = insn.size ? insn.size : 1;
		if (insn.last)
			size = insn.last;
		if (insn.size)
			count_insn(c, vaddr, &insn);
		vaddr += size;
	}
}

/* Where the code begins, as sections tell. */
static uint64_t first_code(const struct dwunw_elf *elf)
{
	struct dwunw_section s;
	uint64_t first = UINT64_MAX;
	char name[1];
	uint32_t i;

	for (i = 1; i < elf->section_count; i++)
		if (!dwunw_elf_section_at(elf, i, &s, name, 1) &&
		    (s.flags & 4) && s.size && s.vaddr < first)
			first = s.vaddr;
	return first;
}

/* FDEs of what the linker dropped start at 0 or so. */
static bool is_code(const struct compare *c, uint64_t vaddr)
{
	struct dwunw_segment segment;

	return !dwunw_elf_segment(&c->module->elf, vaddr, &segment) &&
	       (segment.flags & 1) &&
	       vaddr >= (c->module->elf.section_count ?
				 first_code(&c->module->elf) :
				 0);
}

/* Calls `each` for every FDE; twice for none that both files have. */
static void for_each_fde(struct compare *c,
			 void (*each)(struct compare *c, uint64_t start,
				      uint64_t end))
{
	const struct dwunw_module *modules[2] = { c->module, c->debug };
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde, other;
	dwunw_status_t status;
	size_t i;

	for (i = 0; i < 4; i++) {
		const struct dwunw_module *m = modules[i / 2];

		if (!m)
			continue;
		dwunw_fde_cursor_init(&cursor, m, i % 2 ? &m->debug : &m->eh);
		for (;;) {
			status = dwunw_fde_next(&cursor, &fde);
			if (status == DWUNW_ERR_BAD_FORMAT)
				continue;
			if (status)
				break;
			if (fde.end <= fde.start || !is_code(c, fde.start) ||
			    (i == 1 && m->eh.bytes.size &&
			     !dwunw_module_fde(m, fde.start, &other) &&
			     other.cfi == &m->eh) ||
			    (i > 1 &&
			     !dwunw_module_fde(c->module, fde.start, &other)))
				continue;
			each(c, fde.start, fde.end);
		}
	}
}

static void widen(struct compare *c, uint64_t start, uint64_t end)
{
	uint64_t last = c->base + c->size;

	if (end - start > UINT32_MAX)
		return;
	if (!c->size) {
		c->base = start;
		c->size = end - start;
		return;
	}
	if (start < c->base)
		c->base = start;
	if (end > last)
		last = end;
	c->size = last - c->base;
}

static void print_totals(const struct totals *t, const char *what)
{
	double all = t->all ? (double)t->all : 1;

	printf("%-10s %8" PRIu64 "  strict %7.3f %%  mid %7.3f %%"
	       "  lenient %7.3f %%\n",
	       what, t->all, 100.0 * (double)t->strict / all,
	       100.0 * (double)t->mid / all, 100.0 * (double)t->lenient / all);
}

static void print_total(const struct totals *t, const char *what)
{
	printf("total %s %" PRIu64 " strict %" PRIu64 " mid %" PRIu64
	       " lenient %" PRIu64 "\n",
	       what, t->all, t->strict, t->mid, t->lenient);
}

static void print_result(const struct compare *c)
{
	unsigned int i;

	print_totals(&c->calls, "call sites");
	print_totals(&c->pcs, "all pcs");
	printf("skipped    %8" PRIu64 "  (no CFI, or its CFA an expression)\n",
	       c->skipped);
	for (i = CLASS_MID; i < CLASS_COUNT; i++)
		if (c->classes[0][i] || c->classes[1][i])
			printf("class %s %" PRIu64 " calls %" PRIu64 "\n",
			       class_name(i), c->classes[0][i],
			       c->classes[1][i]);
	print_total(&c->calls, "call-sites");
	print_total(&c->pcs, "pcs");
}

/* Far more than a walker has: what a tool scans is not bounded by memory. */
#define SCAN_MEMORY (4u << 20)
/* Code between the first FDE and the end of the last one. */
#define TEXT_MAX (1ull << 30)

struct dwunw_scan *dwu_scanner(void **memory)
{
	size_t size = dwunw_scan_size(SCAN_MEMORY) + DWUNW_ARENA_ALIGN;
	struct dwunw_scan *scan = NULL;
	struct dwunw_arena arena;

	*memory = dwu_cmd_alloc(1, size);
	dwunw_arena_init(&arena, *memory, size);
	if (!dwunw_scan_init(&scan, SCAN_MEMORY, &arena))
		return scan;
	dwu_cmd_error("rows: this build makes no rows from instructions");
	free(*memory);
	return NULL;
}

static int run(struct compare *c)
{
	void *memory;
	int code = CMD_FAILED;

	c->scan = dwu_scanner(&memory);
	if (!c->scan)
		return CMD_FAILED;
	c->scratch = dwu_cmd_alloc(1, dwunw_row_scratch_size());
	for_each_fde(c, widen);
	if (c->size == 0 || c->size > TEXT_MAX) {
		dwu_cmd_error("%s: has no CFI to compare with",
			      c->options->path);
	} else {
		c->cells = dwu_cmd_alloc((size_t)c->size, sizeof(*c->cells));
		find_data(c);
		for_each_fde(c, scan_range);
		for_each_fde(c, count_range);
		print_result(c);
		code = CMD_OK;
	}
	free(c->cells);
	free(c->scratch);
	free(memory);
	return code;
}

static dwunw_status_t acquire(struct dwunw_context *ctx, const char *path,
			      const struct dwunw_module **module)
{
	dwunw_status_t status = dwunw_module_cache_acquire(ctx, path, module);

	if (status)
		dwu_cmd_error_unless_logged("%s: cannot be opened: %s", path,
					    dwunw_status_name(status));
	return status;
}

int dwu_compare(struct dwunw_context *ctx,
		const struct dwu_compare_options *options)
{
	struct compare c = { .options = options };
	int code = CMD_FAILED;

	if (acquire(ctx, options->path, &c.module))
		return CMD_FAILED;
	if (!dwu_rows_unrelocated(options->path, c.module) &&
	    (!options->debug_file ||
	     !acquire(ctx, options->debug_file, &c.debug)))
		code = run(&c);
	if (c.debug)
		dwunw_module_cache_release(ctx, c.debug);
	dwunw_module_cache_release(ctx, c.module);
	return code;
}
