/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/compare.c - `dwunw rows --compare`: rows from instructions beside the
 * file's own CFI, at every instruction that has both.
 *
 * That of a call site is asked for as a walk asks, by the return address - 1;
 * the others are those that one exploration of each function tells. One is right when the CFA is the same and the return address is
 *
 *	strict   in the same place;
 *	mid      or: saved, says the scan, in its register, says the CFI, and
 *	         other rows of the FDE say that it is saved in that place;
 *	lenient  or: saved, says the scan, in its register, says the CFI.
 *
 * Where the two tell the CFA by different registers, a data flow of our own says
 * whether that is the same (flow.h). What the scan believes counts for nothing.
 *
 * Call sites are counted apart: the row there is that of a return address. So
 * are the registers there that callers want back: "unchanged" is right while no
 * path to the call has changed it.
 */
#include "flow.h"

#include "compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What became of an instruction. */
enum class {
	CLASS_SKIPPED = 0, /* no CFI, the CFA is an expression, or broken */
	CLASS_UNJUDGED,	   /* by a register of which nothing is known */
	CLASS_RIGHT,
	CLASS_MID,
	CLASS_LENIENT,
	CLASS_CFA,	  /* another CFA */
	CLASS_VARIES,	  /* by a register that does not tell the CFA */
	CLASS_RA_PLACE,	  /* saved elsewhere */
	CLASS_RA_UNSAVED, /* saved, says the CFI alone */
	CLASS_ROOT,	  /* one of them says that there is no caller */
	CLASS_RESULT,	  /* + enum dwunw_scan_result: the scan gave no row */
	CLASS_COUNT = CLASS_RESULT + 16
};

/* What MIPS16e functions load and jump by stands between them. */
enum data {
	DATA_BEGINS = 1,
	DATA_ENDS = 2,
	DATA_IS = 4
};

struct cell {
	uint8_t known;	/* a function that was scanned holds it */
	uint8_t result; /* of that function: why it may lack instructions */
	uint8_t data;	/* it is no code, say symbols: enum data */
};

/* What the scan says of an instruction. */
struct told {
	uint64_t vaddr;
	struct dwunw_rule cfa;
	struct dwunw_rule ra;
	uint8_t result;
};

struct totals {
	uint64_t all;
	uint64_t strict;
	uint64_t mid;
	uint64_t lenient;
};

/* Of registers that callers want back, at call sites whose row is right. */
struct register_totals {
	uint64_t all;
	uint64_t right;
	uint64_t lost; /* says the scan, which no walk is misled by */
	uint64_t wrong;
};

struct compare {
	const struct dwu_compare_options *options;
	struct dwunw_context *ctx;
	const struct dwunw_module *module;
	const struct dwunw_module *debug; /* or NULL */
	struct dwunw_scan *scan;
	struct dwunw_row_scratch *scratch;
	struct dwu_flow flow;
	struct dwunw_row row; /* the scan's */
	struct cell *cells;   /* of each byte of code */
	struct told *told;    /* by the scan, sorted by address */
	size_t told_count;
	size_t told_room;
	uint64_t first; /* where the code begins, as sections tell */
	uint64_t base;
	uint64_t size;
	uint64_t wanted; /* bit a column: callers want it back */
	struct totals calls;
	struct totals pcs;
	struct register_totals registers;
	uint64_t skipped;
	uint64_t unjudged;
	uint64_t classes[2][CLASS_COUNT]; /* of all, of call sites */
};

/* One function has no more code than this. */
#define FDE_MAX (64ull << 20)

/* An instruction to judge, or the call that it is. */
struct site {
	const struct dwunw_row *truth; /* the CFI's */
	struct dwu_flow_state state;
	uint64_t vaddr;
	uint8_t result; /* the scan's */
	bool call;
};

static const char *class_name(unsigned int class)
{
	static const char *const names[] = {
		"skipped", "unjudged", "right",	   "mid",	 "lenient",
		"cfa",	   "varies",   "ra-place", "ra-unsaved", "root",
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

static bool in_register(const struct dwunw_rule *rule)
{
	return rule->kind == DWUNW_RULE_SAME ||
	       rule->kind == DWUNW_RULE_UNSPECIFIED;
}

/* The bits of a code address that are not its ISA. */
static uint64_t code_mask(const struct compare *c)
{
	return dwunw_arch_address_size(c->module->arch) == 4 ? ~1ull : ~0ull;
}

/* --- judging --- */

/* Does a row of the FDE say that the column is saved there? */
static bool is_place(const struct compare *c, uint8_t column, int32_t value)
{
	const struct dwu_flow *f = &c->flow;
	size_t i;

	for (i = 0; i < f->row_count; i++)
		if (f->rows[i].rules[column].kind == DWUNW_RULE_OFFSET &&
		    f->rows[i].rules[column].value == value)
			return true;
	return false;
}

static unsigned int compare_ra(const struct compare *c, const struct site *site)
{
	uint8_t column = site->truth->ra_column;
	const struct dwunw_rule *truth = &site->truth->rules[column];
	const struct dwunw_rule *scan = &c->row.rules[column];

	if ((truth->kind == DWUNW_RULE_UNDEFINED) !=
	    (scan->kind == DWUNW_RULE_UNDEFINED))
		return CLASS_ROOT;
	if (truth->kind == DWUNW_RULE_UNDEFINED)
		return CLASS_RIGHT;
	if (in_register(truth) && scan->kind == DWUNW_RULE_OFFSET)
		return is_place(c, column, scan->value) ? CLASS_MID :
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

static unsigned int compare_row(const struct compare *c,
				const struct site *site)
{
	uint8_t ra = site->truth->ra_column;
	int32_t n = 0;

	if (site->result != DWUNW_SCAN_OK)
		return CLASS_RESULT + site->result;
	if (c->row.rules[ra].kind == DWUNW_RULE_UNDEFINED)
		return site->truth->rules[ra].kind == DWUNW_RULE_UNDEFINED ?
			       CLASS_RIGHT :
			       CLASS_ROOT;
	switch (dwu_flow_cfa(&c->flow, site->truth, &site->state,
			     c->row.cfa.reg, &n)) {
	case DWU_FLOW_KNOWN:
		return n == c->row.cfa.value ? compare_ra(c, site) : CLASS_CFA;
	case DWU_FLOW_VARIES:
		return CLASS_VARIES;
	default:
		return CLASS_UNJUDGED;
	}
}

/* 1: right, 0: lost, -1: wrong, 2: nothing can be said. */
static int compare_register(const struct compare *c, const struct site *site,
			    uint8_t column)
{
	const struct dwunw_rule *truth = &site->truth->rules[column];
	const struct dwunw_rule *scan = &c->row.rules[column];

	if (scan->kind == DWUNW_RULE_UNDEFINED)
		return 0;
	if (in_register(truth) && in_register(scan))
		return 1;
	if (in_register(truth) && scan->kind == DWUNW_RULE_OFFSET &&
	    is_place(c, column, scan->value))
		return 1;
	if (truth->kind != DWUNW_RULE_OFFSET)
		return 2;
	if (scan->kind == DWUNW_RULE_OFFSET)
		return scan->value == truth->value ? 1 : -1;
	if (!in_register(scan) || !site->state.entered)
		return 2;
	return site->state.changed >> column & 1 ? -1 : 1;
}

/* --- printing --- */

static void print_place(const struct compare *c, const struct dwunw_rule *rule)
{
	if (rule->kind == DWUNW_RULE_OFFSET)
		printf("c%+" PRId32, rule->value);
	else if (in_register(rule))
		printf("s");
	else if (rule->kind == DWUNW_RULE_REGISTER)
		printf("%s",
		       dwunw_arch_column_name(c->module->arch, rule->reg));
	else
		printf(rule->kind == DWUNW_RULE_UNDEFINED ? "u" : "exp");
}

static void print_rule(const struct compare *c, const struct dwunw_row *row)
{
	printf("c=%s%+" PRId32 " ra=",
	       dwunw_arch_column_name(c->module->arch, row->cfa.reg),
	       row->cfa.value);
	print_place(c, &row->rules[row->ra_column]);
}

static void print_difference(const struct compare *c, const struct site *site,
			     unsigned int class)
{
	printf("diff 0x%" PRIx64 " %s %s %s ", site->vaddr, class_name(class),
	       class == CLASS_MID     ? "strict" :
	       class == CLASS_LENIENT ? "mid" :
					"lenient",
	       site->call ? "call" : "other");
	if (site->result == DWUNW_SCAN_OK)
		print_rule(c, &c->row);
	else
		printf("-");
	printf(" ; ");
	print_rule(c, site->truth);
	putchar('\n');
}

static void print_register(const struct compare *c, const struct site *site,
			   uint8_t column)
{
	printf("register 0x%" PRIx64 " %s ", site->vaddr,
	       dwunw_arch_column_name(c->module->arch, column));
	print_place(c, &c->row.rules[column]);
	printf(" ; ");
	print_place(c, &site->truth->rules[column]);
	putchar('\n');
}

/* --- counting --- */

static void count(struct compare *c, const struct site *site,
		  unsigned int class)
{
	struct totals *totals = site->call ? &c->calls : &c->pcs;

	c->classes[site->call][class]++;
	if (class > CLASS_RIGHT && c->options->verbose)
		print_difference(c, site, class);
	totals->all++;
	totals->strict += class == CLASS_RIGHT;
	totals->mid += class == CLASS_RIGHT || class == CLASS_MID;
	totals->lenient += class >= CLASS_RIGHT && class <= CLASS_LENIENT;
}

static void count_registers(struct compare *c, const struct site *site)
{
	uint8_t i;
	int said;

	for (i = 0; i < site->truth->column_count; i++) {
		if (!(c->wanted >> i & 1) || i == site->truth->ra_column)
			continue;
		said = compare_register(c, site, i);
		if (said == 2)
			continue;
		c->registers.all++;
		c->registers.right += said == 1;
		c->registers.lost += said == 0;
		c->registers.wrong += said < 0;
		if (said < 0 && c->options->verbose)
			print_register(c, site, i);
	}
}

/* c->row is what the scan says, if site->result is OK. */
static void judge(struct compare *c, const struct site *site)
{
	unsigned int class = compare_row(c, site);

	if (class == CLASS_UNJUDGED) {
		c->unjudged++;
		c->classes[site->call][class]++;
		if (c->options->verbose)
			print_difference(c, site, class);
		return;
	}
	count(c, site, class);
	if (site->call && class >= CLASS_RIGHT && class <= CLASS_LENIENT)
		count_registers(c, site);
}

static int by_vaddr(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

/* The row of an instruction, as far as it is judged. */
static uint8_t told_row(struct compare *c, uint64_t vaddr, uint8_t ra)
{
	struct told key = { .vaddr = vaddr }, *told = NULL;
	const struct cell *cell = &c->cells[vaddr - c->base];

	if (c->told_count)
		told = bsearch(&key, c->told, c->told_count, sizeof(key),
			       by_vaddr);
	if (!told)
		return cell->result ? cell->result : DWUNW_SCAN_UNREACHED;
	c->row.cfa = told->cfa;
	c->row.ra_column = ra;
	c->row.rules[ra] = told->ra;
	return told->result;
}

/* Asks as a walk does that goes through this call. */
static uint8_t call_row(struct compare *c, uint64_t last, uint8_t isa)
{
	uint32_t flags = (c->options->no_symbols ? DWUNW_SCAN_NO_SYMBOLS : 0) |
			 (isa ? DWUNW_SCAN_MIPS16 : 0);

	return dwunw_scan_row(c->scan, c->module, last, flags, &c->row);
}

static bool has_truth(const struct dwunw_row *row)
{
	return row && row->cfa.kind == DWUNW_RULE_REGISTER &&
	       !(row->flags & DWUNW_ROW_SIGNAL);
}

/* The instruction, and the call that ends with it. */
static void judge_insn(struct compare *c, const struct dwu_flow_insn *insn)
{
	uint64_t last = insn->vaddr + insn->insn.size - 1;
	struct site site = { .truth = insn->row,
			     .vaddr = insn->vaddr,
			     .state = insn->in };

	if (!has_truth(insn->row)) {
		c->skipped++;
		return;
	}
	site.result = told_row(c, insn->vaddr, insn->row->ra_column);
	judge(c, &site);
	site.truth = dwu_flow_row(&c->flow, last);
	if (!insn->insn.call || !has_truth(site.truth))
		return;
	site.call = true;
	site.vaddr += insn->insn.last;
	site.state = insn->in_call;
	site.result = call_row(c, last, insn->insn.isa);
	judge(c, &site);
}

/* --- data among code --- */

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
	uint64_t at = (vaddr & ~1ull) - c->base;

	if (at >= c->size)
		return;
	if (!memcmp(name, "__pool_", 7) || !memcmp(name, "__jump_", 7))
		c->cells[at].data |= DATA_BEGINS;
	if (!memcmp(name, "__pend_", 7) || !memcmp(name, "__jend_", 7))
		c->cells[at].data |= DATA_ENDS;
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

/* --- FDEs --- */

static bool tell(void *ctx, const struct dwunw_scan_point *point)
{
	struct compare *c = ctx;
	struct told *told;

	if (point->in_call)
		return true;
	if (c->told_count == c->told_room) {
		c->told_room = 2 * c->told_room + 4096;
		c->told = dwu_cmd_grow(c->told, c->told_room, sizeof(*told));
	}
	told = &c->told[c->told_count++];
	*told = (struct told){ .vaddr = point->vaddr, .result = point->result };
	if (point->result == DWUNW_SCAN_OK) {
		told->cfa = point->row->cfa;
		told->ra = point->row->rules[point->row->ra_column];
	}
	return true;
}

/* Scans the functions that hold an FDE's code, unless that was done. */
static void scan_fde(struct compare *c, const struct dwunw_module *cfi,
		     const struct dwunw_fde *fde)
{
	uint32_t flags = c->options->no_symbols ? DWUNW_SCAN_NO_SYMBOLS : 0;
	uint64_t first, last, vaddr = fde->start & code_mask(c);
	struct dwunw_scan_insn insn;
	uint8_t result;

	(void)cfi;
	/* what a walk knows by the address that it came by */
	dwunw_scan_decode(c->scan, c->module, vaddr, &insn);
	if (insn.isa)
		flags |= DWUNW_SCAN_MIPS16;
	while (vaddr < fde->end) {
		if (c->cells[vaddr - c->base].known) {
			vaddr++;
			continue;
		}
		first = vaddr;
		last = vaddr;
		result = dwunw_scan_function(c->scan, c->module, vaddr, flags,
					     &first, &last, tell, c);
		if (last <= vaddr)
			last = vaddr + 1;
		for (; first < last; first++) {
			if (first - c->base >= c->size)
				continue;
			c->cells[first - c->base].known = 1;
			if (result)
				c->cells[first - c->base].result = result;
		}
		vaddr = last;
	}
}

static void judge_fde(struct compare *c, const struct dwunw_module *cfi,
		      const struct dwunw_fde *fde)
{
	size_t i;

	if (!dwu_flow_run(&c->flow, cfi, fde, c->scratch))
		return;
	for (i = 0; i < c->flow.count; i++)
		if (!(c->cells[c->flow.insns[i].vaddr - c->base].data &
		      DATA_IS))
			judge_insn(c, &c->flow.insns[i]);
}

/* 0: there are no sections. */
static uint64_t first_code(const struct dwunw_elf *elf)
{
	struct dwunw_section s;
	uint64_t first = elf->section_count ? UINT64_MAX : 0;
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
	       (segment.flags & 1) && vaddr >= c->first;
}

/*
 * What one question reads of a file is bounded (DWUNW_READ_MAX), and each FDE is
 * one: else large libraries were judged in part, and said so nowhere.
 */
static void ask_anew(const struct compare *c)
{
	const char *paths[2] = { c->options->path, c->options->debug_file };
	const struct dwunw_module *module;
	size_t i;

	for (i = 0; i < 2 && paths[i]; i++)
		if (!dwunw_module_cache_acquire(c->ctx, paths[i], &module))
			dwunw_module_cache_release(c->ctx, module);
}

/* Calls `each` for every FDE; twice for none that both files have. */
static void for_each_fde(struct compare *c,
			 void (*each)(struct compare *c,
				      const struct dwunw_module *cfi,
				      const struct dwunw_fde *fde))
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
			    fde.end - fde.start > FDE_MAX ||
			    (i == 1 && m->eh.bytes.size &&
			     !dwunw_module_fde(m, fde.start, &other) &&
			     other.cfi == &m->eh) ||
			    (i > 1 &&
			     !dwunw_module_fde(c->module, fde.start, &other)))
				continue;
			ask_anew(c);
			each(c, m, &fde);
		}
	}
}

static void widen(struct compare *c, const struct dwunw_module *cfi,
		  const struct dwunw_fde *fde)
{
	uint64_t start = fde->start & code_mask(c), last = c->base + c->size;

	(void)cfi;
	if (!c->size)
		c->base = last = start;
	if (start < c->base)
		c->base = start;
	if (fde->end > last)
		last = fde->end;
	c->size = last - c->base;
}

/* --- the result --- */

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

static void print_registers(const struct register_totals *t)
{
	printf("registers  %8" PRIu64 "  right  %7.3f %%  lost %" PRIu64
	       "  wrong %" PRIu64 "  (at call sites)\n",
	       t->all, 100.0 * (double)t->right / (t->all ? (double)t->all : 1),
	       t->lost, t->wrong);
}

static void print_result(const struct compare *c)
{
	unsigned int i;

	print_totals(&c->calls, "call sites");
	print_totals(&c->pcs, "all pcs");
	print_registers(&c->registers);
	printf("skipped    %8" PRIu64 "  (no CFI, or its CFA an expression)\n",
	       c->skipped);
	printf("unjudged   %8" PRIu64
	       "  (by a register that CFI and the code's "
	       "flow say nothing of)\n",
	       c->unjudged);
	for (i = CLASS_MID; i < CLASS_COUNT; i++)
		if (c->classes[0][i] || c->classes[1][i])
			printf("class %s %" PRIu64 " calls %" PRIu64 "\n",
			       class_name(i), c->classes[0][i],
			       c->classes[1][i]);
	print_total(&c->calls, "call-sites");
	print_total(&c->pcs, "pcs");
	printf("total registers %" PRIu64 " right %" PRIu64 " lost %" PRIu64
	       " wrong %" PRIu64 "\n",
	       c->registers.all, c->registers.right, c->registers.lost,
	       c->registers.wrong);
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
	c->wanted = dwu_flow_saved(c->module->arch);
	c->flow.scan = c->scan;
	c->flow.module = c->module;
	c->first = first_code(&c->module->elf);
	for_each_fde(c, widen);
	if (c->size == 0 || c->size > TEXT_MAX) {
		dwu_cmd_error("%s: has no CFI to compare with",
			      c->options->path);
	} else {
		c->cells = dwu_cmd_alloc((size_t)c->size, sizeof(*c->cells));
		find_data(c);
		for_each_fde(c, scan_fde);
		if (c->told_count)
			qsort(c->told, c->told_count, sizeof(*c->told),
			      by_vaddr);
		for_each_fde(c, judge_fde);
		print_result(c);
		code = CMD_OK;
	}
	dwu_flow_free(&c->flow);
	free(c->told);
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
					    dwunw_status_text(status));
	return status;
}

/* The debug file's module, if one is asked for; false: it does not serve. */
static bool acquire_debug(struct dwunw_context *ctx, struct compare *c)
{
	const char *path = c->options->debug_file, *why;

	if (!path)
		return true;
	if (acquire(ctx, path, &c->debug))
		return false;
	why = dwunw_debug_file_refused(&c->module->elf, &c->debug->elf);
	if (why)
		dwu_cmd_error("%s: %s: it is no debug file of %s", path, why,
			      c->options->path);
	return !why;
}

int dwu_compare(struct dwunw_context *ctx,
		const struct dwu_compare_options *options)
{
	struct compare c = { .options = options, .ctx = ctx };
	int code = CMD_FAILED;

	if (acquire(ctx, options->path, &c.module))
		return CMD_FAILED;
	if (!dwu_cmd_unrelocated(options->path, c.module) &&
	    acquire_debug(ctx, &c))
		code = run(&c);
	if (c.debug)
		dwunw_module_cache_release(ctx, c.debug);
	dwunw_module_cache_release(ctx, c.module);
	return code;
}
