/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/cfi/row.c: every DW_CFA, random access, packing. */
#include "core/cfi/row.h"

#include "make_module.h"
#include "tap.h"

static struct made m;
static char text[4096];
static size_t used;
static unsigned int emitted, stop_after;

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used += (size_t)vsnprintf(text + used, sizeof(text) - used, format,
				  args);
	va_end(args);
	if (used >= sizeof(text))
		abort();
}

static void add_rule(const struct dwunw_arch_ops *arch,
		     const struct dwunw_row *row, const char *name,
		     const struct dwunw_rule *rule)
{
	struct dwunw_span bytes;
	size_t i;

	switch (rule->kind) {
	case DWUNW_RULE_UNSPECIFIED:
		return;
	case DWUNW_RULE_UNDEFINED:
		add(" %s=u", name);
		return;
	case DWUNW_RULE_SAME:
		add(" %s=s", name);
		return;
	case DWUNW_RULE_OFFSET:
		add(" %s=c%+d", name, rule->value);
		return;
	case DWUNW_RULE_VAL_OFFSET:
		add(" %s=v%+d", name, rule->value);
		return;
	case DWUNW_RULE_REGISTER:
		add(" %s=%s", name, dwunw_arch_column_name(arch, rule->reg));
		if (rule->value)
			add("%+d", rule->value);
		return;
	default:
		bytes = dwunw_module_expression(&m.module, row, rule);
		add(" %s=%s(", name,
		    rule->kind == DWUNW_RULE_EXPRESSION ? "exp" : "vexp");
		for (i = 0; i < bytes.size; i++)
			add("%02x", bytes.data[i]);
		add(")");
		return;
	}
}

static bool print_row(void *ctx, const struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = m.module.arch;
	uint8_t i;

	(void)ctx;
	add("%s%" PRIx64 "-%" PRIx64 ":", used ? "; " : "", row->start,
	    row->end);
	add_rule(arch, row, "cfa", &row->cfa);
	for (i = 0; i < row->column_count; i++)
		add_rule(arch, row, dwunw_arch_column_name(arch, i),
			 &row->rules[i]);
	return ++emitted != stop_after;
}

static struct dwunw_row_scratch *scratch;

static dwunw_status_t rows_of(const struct cie_spec *cie,
			      const struct fde_spec *fde, bool debug_frame,
			      struct dwunw_fde *found)
{
	struct cfi_out *s = made_begin(&m, debug_frame);
	struct fde_spec spec = *fde;
	struct dwunw_row row;

	spec.cie = put_cie(s, cie);
	spec.start = 0x1000;
	spec.size = 0x100;
	put_fde(s, &spec);
	used = 0;
	emitted = 0;
	text[0] = '\0';
	if (made_open(&m) != DWUNW_OK ||
	    dwunw_module_fde(&m.module, 0x1000, found) != DWUNW_OK)
		abort();
	return dwunw_fde_rows(&m.module, found, scratch, &row, print_row, NULL);
}

struct row_case {
	const char *title, *hex, *rows; /* NULL: BAD_FORMAT */
};

/* The CIE: cfa=rsp+8 rip=c-8, rbx same; code alignment 1, data -8. */
static const struct row_case cases[] = {
	{ "nop", "00 00", "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "nothing", "", "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "advance_loc", "41 0e 10",
	  "1000-1001: cfa=rsp+8 rbx=s rip=c-8; "
	  "1001-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "advance_loc 63", "7f 0e 10",
	  "1000-103f: cfa=rsp+8 rbx=s rip=c-8; "
	  "103f-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "advance_loc1", "02 80 0e 10",
	  "1000-1080: cfa=rsp+8 rbx=s rip=c-8; "
	  "1080-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "advance_loc2", "03 90 00 0e 10",
	  "1000-1090: cfa=rsp+8 rbx=s rip=c-8; "
	  "1090-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "advance_loc4", "04 a0 00 00 00 0e 10",
	  "1000-10a0: cfa=rsp+8 rbx=s rip=c-8; "
	  "10a0-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "MIPS_advance_loc8", "1d b0 00 00 00 00 00 00 00 0e 10",
	  "1000-10b0: cfa=rsp+8 rbx=s rip=c-8; "
	  "10b0-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "set_loc, absolute", "01 2010000000000000 0e 10",
	  "1000-1020: cfa=rsp+8 rbx=s rip=c-8; "
	  "1020-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "advance_loc 0 makes an empty row", "40 0e 10",
	  "1000-1000: cfa=rsp+8 rbx=s rip=c-8; "
	  "1000-1100: cfa=rsp+16 rbx=s rip=c-8" },
	{ "def_cfa", "0c 06 10", "1000-1100: cfa=rbp+16 rbx=s rip=c-8" },
	{ "def_cfa_sf", "12 06 7e", "1000-1100: cfa=rbp+16 rbx=s rip=c-8" },
	{ "def_cfa_register", "0d 06", "1000-1100: cfa=rbp+8 rbx=s rip=c-8" },
	{ "def_cfa_offset", "0e 80 01",
	  "1000-1100: cfa=rsp+128 rbx=s rip=c-8" },
	{ "def_cfa_offset_sf", "13 7d", "1000-1100: cfa=rsp+24 rbx=s rip=c-8" },
	{ "def_cfa_expression", "0f 02 77 10",
	  "1000-1100: cfa=exp(7710) rbx=s rip=c-8" },
	{ "an empty expression", "0f 00",
	  "1000-1100: cfa=exp() rbx=s rip=c-8" },
	{ "def_cfa of a register without a value", "0c 11 08", NULL },
	{ "def_cfa of register 2^32 + 7", "0c 87 80 80 80 10 08", NULL },
	{ "def_cfa of 2^31 bytes", "0c 07 80 80 80 80 08", NULL },
	{ "def_cfa of 2^31 - 1 bytes", "0c 07 ff ff ff ff 07",
	  "1000-1100: cfa=rsp+2147483647 rbx=s rip=c-8" },
	/* as readelf and libgcc have it, for libgcrypt's hand-written CFI */
	{ "def_cfa_register behind an expression: the offset has lived on",
	  "0f 01 30 0d 06", "1000-1100: cfa=rbp+8 rbx=s rip=c-8" },
	{ "def_cfa_offset behind an expression counts for def_cfa_register",
	  "0f 01 30 0e 10 0d 06", "1000-1100: cfa=rbp+16 rbx=s rip=c-8" },
	{ "def_cfa mends an expression", "0f 01 30 0c 07 08",
	  "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "undefined", "07 03", "1000-1100: cfa=rsp+8 rbx=u rip=c-8" },
	{ "same_value", "08 06", "1000-1100: cfa=rsp+8 rbx=s rbp=s rip=c-8" },
	{ "offset", "86 02", "1000-1100: cfa=rsp+8 rbx=s rbp=c-16 rip=c-8" },
	{ "offset_extended", "05 06 02",
	  "1000-1100: cfa=rsp+8 rbx=s rbp=c-16 rip=c-8" },
	{ "offset_extended_sf", "11 06 7e",
	  "1000-1100: cfa=rsp+8 rbx=s rbp=c+16 rip=c-8" },
	{ "GNU_negative_offset_extended", "2f 06 02",
	  "1000-1100: cfa=rsp+8 rbx=s rbp=c+16 rip=c-8" },
	{ "val_offset", "14 06 02",
	  "1000-1100: cfa=rsp+8 rbx=s rbp=v-16 rip=c-8" },
	{ "val_offset_sf", "15 06 7e",
	  "1000-1100: cfa=rsp+8 rbx=s rbp=v+16 rip=c-8" },
	{ "register", "09 03 0c", "1000-1100: cfa=rsp+8 rbx=r12 rip=c-8" },
	{ "register of none", "09 03 40", NULL },
	{ "expression", "10 03 02 77 10",
	  "1000-1100: cfa=rsp+8 rbx=exp(7710) rip=c-8" },
	{ "val_expression", "16 03 02 77 10",
	  "1000-1100: cfa=rsp+8 rbx=vexp(7710) rip=c-8" },
	{ "an expression cut", "16 03 09 77 10", NULL },
	{ "an offset of 2^63", "05 06 80 80 80 80 80 80 80 80 80 01",
	  "1000-1100: cfa=rsp+8 rbx=s rbp=c+0 rip=c-8" },
	{ "a negative offset of 2^60 * 8", "2f 06 80 80 80 80 80 80 80 80 10",
	  NULL },
	{ "an offset beyond 32 bits", "05 06 80 80 80 80 10", NULL },
	{ "rules of a register without a column",
	  "91 01 07 11 08 12 05 13 02 11 14 7f 14 15 01 09 11 03 "
	  "10 11 01 30 16 12 01 30",
	  "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "restore", "41 83 02 41 c3",
	  "1000-1001: cfa=rsp+8 rbx=s rip=c-8; "
	  "1001-1002: cfa=rsp+8 rbx=c-16 rip=c-8; "
	  "1002-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "restore of what the CIE does not mention", "86 02 c6",
	  "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "restore_extended", "83 02 06 03",
	  "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "restore leaves the CFA", "0e 20 d0",
	  "1000-1100: cfa=rsp+32 rbx=s rip=c-8" },
	{ "remember and restore state", "0a 0e 20 86 02 41 0b",
	  "1000-1001: cfa=rsp+32 rbx=s rbp=c-16 rip=c-8; "
	  "1001-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "restore_state of nothing", "0b", NULL },
	{ "restore_state twice", "0a 0b 0b", NULL },
	{ "GNU_args_size", "2e 20", "1000-1100: cfa=rsp+8 rbx=s rip=c-8" },
	{ "AARCH64_negate_ra_state elsewhere", "2d", NULL },
	{ "no such instruction", "1c", NULL },
	{ "user range", "3f", NULL },
	{ "an operand cut", "00 0e 80", NULL },
	{ "rows before a bad instruction are given", "41 0e 10 41 1c", NULL },
};

static void table(void)
{
	struct dwunw_fde fde;
	size_t i;
	dwunw_status_t status;

	for (i = 0; i < COUNT(cases); i++) {
		status = rows_of(
			&(struct cie_spec){ .program_hex = "0c 07 08 90 01 "
							   "08 03" },
			&(struct fde_spec){ .program_hex = cases[i].hex },
			false, &fde);
		/* end_record() pads with nops, which say nothing */
		is_u64(status, cases[i].rows ? DWUNW_OK : DWUNW_ERR_BAD_FORMAT,
		       "%s: status", cases[i].title);
		if (cases[i].rows)
			is_str(text, cases[i].rows, "%s: rows", cases[i].title);
	}
}

static void cies(void)
{
	static const struct {
		const char *title;
		struct cie_spec cie;
		const char *hex, *rows;
	} of[] = {
		{ "alignments 4 and 4",
		  { .code_align = 4, .data_align = 4 },
		  "42 86 02 44 13 03",
		  "1000-1008: cfa=rsp+8 rip=c+4; "
		  "1008-1018: cfa=rsp+8 rbp=c+8 rip=c+4; "
		  "1018-1100: cfa=rsp+12 rbp=c+8 rip=c+4" },
		{ "restore in a CIE",
		  { .program_hex = "0c 07 08 c3" },
		  "",
		  NULL },
		{ "restore_state in a CIE", { .program_hex = "0b" }, "", NULL },
		{ "a state that the CIE remembers is not the FDE's",
		  { .program_hex = "0c 07 08 0a" },
		  "0b",
		  NULL },
		{ "a bad CIE", { .program_hex = "1c" }, "", NULL },
		{ "a return address of no column", { .ra = 99 }, "", NULL },
		{ "another return address",
		  { .ra = 12 },
		  "",
		  "1000-1100: cfa=rsp+8 rip=c-8" },
	};
	struct dwunw_fde fde;
	dwunw_status_t status;
	size_t i;
	int debug;

	for (debug = 0; debug < 1 + IS_ON(CONFIG_CFI_DEBUG_FRAME); debug++)
		for (i = 0; i < COUNT(of); i++) {
			struct cie_spec cie = of[i].cie;

			cie.augmentation = debug ? "" : "zR";
			status = rows_of(&cie,
					 &(struct fde_spec){ .program_hex =
								     of[i].hex,
							     .no_data = debug },
					 debug, &fde);
			is_u64(status,
			       of[i].rows ? DWUNW_OK : DWUNW_ERR_BAD_FORMAT,
			       "%s%s", debug ? ".debug_frame, " : "",
			       of[i].title);
			if (of[i].rows)
				is_str(text, of[i].rows, "%s: rows",
				       of[i].title);
		}
}

static void flags(void)
{
	static const struct {
		const char *augmentation, *data;
		bool debug;
		uint8_t flags;
	} of[] = {
		{ "zR", "00", false, 0 },
		{ "zRS", "00", false, DWUNW_ROW_SIGNAL },
		{ "", "", true, DWUNW_ROW_DEBUG_FRAME },
		{ "zRS", "00", true, DWUNW_ROW_SIGNAL | DWUNW_ROW_DEBUG_FRAME },
	};
	struct dwunw_fde fde;
	struct dwunw_row row = { 0 };
	size_t i;

	for (i = 0; i < COUNT(of); i++) {
		if (of[i].debug && !IS_ON(CONFIG_CFI_DEBUG_FRAME))
			continue;
		(void)rows_of(
			&(struct cie_spec){ .augmentation = of[i].augmentation,
					    .data_hex = of[i].data },
			&(struct fde_spec){ .no_data = !of[i].augmentation[0],
					    .program_hex = "0f 01 37" },
			of[i].debug, &fde);
		is_str(text, "1000-1100: cfa=exp(37) rip=c-8",
		       "\"%s\", .%s: its expression is its section's",
		       of[i].augmentation,
		       of[i].debug ? "debug_frame" : "eh_frame");
		is_u64(dwunw_module_row(&m.module, 0x1000, scratch, &row),
		       DWUNW_OK, "its row");
		is_u64(row.flags, of[i].flags, "and the flags");
		is_u64(row.ra_column, 16, "and the return address");
	}
}

static void depth(void)
{
	char hex[3 * (2 * CONFIG_ROW_STATES + 4) + 1];
	struct dwunw_fde fde;
	unsigned int n, i;

	for (n = CONFIG_ROW_STATES - 1; n <= CONFIG_ROW_STATES + 1; n++) {
		hex[0] = '\0';
		for (i = 0; i < n; i++)
			strcat(hex, "0a ");
		for (i = 0; i < n; i++)
			strcat(hex, "0b ");
		is_u64(rows_of(&(struct cie_spec){ .version = 1 },
			       &(struct fde_spec){ .program_hex = hex }, false,
			       &fde),
		       n <= CONFIG_ROW_STATES ? DWUNW_OK : DWUNW_ERR_BAD_FORMAT,
		       "%u states remembered, of at most %d", n,
		       CONFIG_ROW_STATES);
	}
}

struct sequence {
	struct dwunw_row rows[64];
	unsigned int count;
};

static bool keep(void *ctx, const struct dwunw_row *row)
{
	struct sequence *s = ctx;

	s->rows[s->count++] = *row;
	return s->count < COUNT(s->rows);
}

static bool same_row(const struct dwunw_row *a, const struct dwunw_row *b)
{
	return a->start == b->start && a->end == b->end &&
	       !memcmp(&a->cfa, &b->cfa, sizeof(a->cfa)) &&
	       a->flags == b->flags && a->ra_column == b->ra_column &&
	       a->column_count == b->column_count &&
	       !memcmp(a->rules, b->rules,
		       a->column_count * sizeof(a->rules[0]));
}

/* The row of each address alone is the one of the sequence. */
static void random_access(void)
{
	static const char *const programs[] = {
		"41 0e 10 86 02 43 0d 06 0a 02 40 0c 07 08 c6 41 0b",
		"40 0e 10 40 0e 18 41 40 0e 20 7f 7f 7f 7f",
		"01 8010000000000000 0e 10 02 10 0e 08",
		"44 0e 10 01 0010000000000000 0e 18 48 0e 20",
		"7f 7f 7f 7f 7f 7f 0e 10", /* leaves the range */
	};
	struct dwunw_fde fde;
	struct dwunw_row row;
	static struct sequence s;
	unsigned int wrong, i, hit;
	uint64_t vaddr;
	size_t p;

	for (p = 0; p < COUNT(programs); p++) {
		(void)rows_of(&(struct cie_spec){ .version = 1 },
			      &(struct fde_spec){ .program_hex = programs[p] },
			      false, &fde);
		s.count = 0;
		(void)dwunw_fde_rows(&m.module, &fde, scratch, &row, keep, &s);
		wrong = 0;
		for (vaddr = fde.start; vaddr < fde.end; vaddr++) {
			if (dwunw_fde_row(&m.module, &fde, vaddr, scratch,
					  &row) != DWUNW_OK) {
				wrong++;
				continue;
			}
			hit = 0;
			for (i = 0; i < s.count; i++)
				hit += same_row(&s.rows[i], &row) &&
				       row.start <= vaddr && vaddr < row.end;
			wrong += hit == 0;
		}
		is_u64(wrong, 0,
		       "program %zu: each address alone has a row of "
		       "the sequence",
		       p);
		is_u64(dwunw_fde_row(&m.module, &fde, fde.start - 1, scratch,
				     &row),
		       DWUNW_ERR_INVALID_ARG, "none before the start");
		is_u64(dwunw_fde_row(&m.module, &fde, fde.end, scratch, &row),
		       DWUNW_ERR_INVALID_ARG, "none at the end");
	}
	stop_after = 1;
	(void)rows_of(&(struct cie_spec){ .version = 1 },
		      &(struct fde_spec){ .program_hex = "41 42 43" }, false,
		      &fde);
	is_u64(emitted, 1, "emit stops the run");
	stop_after = 0;
}

static void packing(void)
{
	static const struct {
		const char *title, *hex, *augmentation;
		uint16_t flags;
		uint16_t mask;
	} of[] = {
		{ "entry", "", "zR", 0, 1 },
		{ "all that are saved", "86 02 83 03 8c 04 8d 05 8e 06 8f 07",
		  "zR", 0, 0x7f },
		{ "same_value of a saved one", "08 03", "zR", 0, 1 },
		{ "the return address undefined", "07 10", "zR",
		  DWU_PACKED_ROOT, 0 },
		{ "a CFA by expression", "0f 02 77 08", "zR", DWU_PACKED_FULL,
		  1 },
		{ "a signal frame", "", "zRS", DWU_PACKED_FULL, 1 },
		{ "a scratch register saved", "80 02", "zR", DWU_PACKED_FULL,
		  1 },
		{ "a scratch register the same", "08 00", "zR", DWU_PACKED_FULL,
		  1 },
		{ "a saved one undefined", "07 03", "zR", 0, 3 },
		{ "rsp saved", "87 02", "zR", DWU_PACKED_FULL, 1 },
		{ "val_offset", "14 06 02", "zR", DWU_PACKED_FULL, 1 },
		{ "register", "09 10 00", "zR", DWU_PACKED_FULL, 0 },
		{ "the highest slot", "11 03 81 80 7f", "zR", 0, 3 },
		{ "one above", "11 03 80 80 7f", "zR", DWU_PACKED_FULL, 1 },
		{ "the lowest slot", "05 03 ff 7f", "zR", 0, 3 },
		{ "one below", "05 03 80 80 01", "zR", DWU_PACKED_FULL, 1 },
		{ "the largest CFA", "0e ff ff ff 03", "zR", 0, 1 },
		{ "a CFA of 8 MB", "0e 80 80 80 04", "zR", DWU_PACKED_FULL, 1 },
		{ "the lowest CFA", "13 80 80 c0 00", "zR", 0, 1 },
	};
	struct dwunw_fde fde;
	struct dwunw_row row = { 0 };
	struct dwunw_packed_row packed;
	size_t i;

	for (i = 0; i < COUNT(of); i++) {
		(void)rows_of(&(struct cie_spec){ .augmentation =
							  of[i].augmentation },
			      &(struct fde_spec){ .program_hex = of[i].hex },
			      false, &fde);
		is_u64(dwunw_module_row(&m.module, 0x1000, scratch, &row),
		       DWUNW_OK, "packing %s: its row", of[i].title);
		dwu_row_pack(m.module.arch, &row, &packed);
		is_u64(packed.bits & ~DWU_PACKED_MASK, of[i].flags,
		       "packing %s: flags", of[i].title);
		if (!(of[i].flags & DWU_PACKED_FULL))
			is_u64(packed.bits & DWU_PACKED_MASK, of[i].mask,
			       "packing %s: mask", of[i].title);
	}
	/* an offset that is no multiple of 4 */
	row.rules[6] =
		(struct dwunw_rule){ .kind = DWUNW_RULE_OFFSET, .value = -18 };
	dwu_row_pack(m.module.arch, &row, &packed);
	ok(packed.bits & DWU_PACKED_FULL, "packing an odd offset: FULL");
}

/* Expressions of rows that lie about where they are. */
static void expressions(void)
{
	struct dwunw_fde fde;
	struct dwunw_row row = { 0 };
	struct dwunw_rule rule = { .kind = DWUNW_RULE_EXPRESSION };
	uint64_t size;

	(void)rows_of(&(struct cie_spec){ .version = 1 },
		      &(struct fde_spec){ .program_hex = "" }, false, &fde);
	size = m.module.eh.bytes.size;
	rule.size = 4;
	rule.value = (int32_t)size - 4;
	is_u64(dwunw_module_expression(&m.module, &row, &rule).size, 4,
	       "an expression at the section's end");
	rule.value++;
	is_u64(dwunw_module_expression(&m.module, &row, &rule).size, 0,
	       "one byte further it is none");
	rule.value = -1;
	is_u64(dwunw_module_expression(&m.module, &row, &rule).size, 0,
	       "at 2^32 - 1 it is none");
	row.flags = DWUNW_ROW_DEBUG_FRAME;
	rule.value = 0;
	is_u64(dwunw_module_expression(&m.module, &row, &rule).size, 0,
	       "in a section that is not there it is none");
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	scratch = malloc(dwunw_row_scratch_size());
	table();
	cies();
	flags();
	depth();
	random_access();
	packing();
	expressions();
	free(scratch);
	return done();
}
