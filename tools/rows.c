/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/rows.c - `dwunw rows`: the unwind rows of an ELF file, as text.
 *
 * The default is what readelf --debug-dump=frames-interp prints: per FDE a
 * head line, a line of column names, and a line for each row with
 *
 *	u    undefined, or no rule	c+N  saved at CFA + N
 *	s    same value			v+N  is CFA + N
 *	r3 (rbx)  is that register	exp  saved at an expression's result
 *					vexp is an expression's result
 *
 * --raw, for programs, tells "undefined" from "no rule" (then no column):
 *
 *	F .eh_frame 18 c5020 d0c20
 *	R c5020 c5026 r7+16 r16=c-8 r3=u r6=r9 r12=e:9108
 *
 * --scan prints rows made from instructions in the same forms, for each function
 * with `scan` in place of the section. --compare: see compare.c.
 *
 * Both end a row in which the return address is signed (arm64) with
 * `ra_signed`, which readelf does not show.
 */
#include "commands.h"
#include "compare.h"
#include "help.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ET_REL = 1
}; /* gABI 4, e_type */

struct rows {
	struct dwu_cmd_files files; /* DWU_CMD_FILES_ROWS */
	const char *path;
	const struct dwunw_module *module;
	struct dwunw_row_scratch *scratch;
	struct dwunw_row row;
	struct dwunw_fde fde;
	uint64_t columns; /* bit n: some row of the FDE has column n */
	int width;	  /* hex digits of an address */
	bool raw;
	bool expressions;
	bool failed;
	bool printed; /* a scanned function */
	bool compare;
	bool scan;
	char told[192]; /* the last record beyond a bound */
	uint64_t again; /* how many were so since */
	struct dwu_compare_options compared;
	struct dwunw_scan *scanner;
	struct dwunw_row *scanned; /* of one function */
	size_t scanned_count;
	size_t scanned_room;
};

static const char *section_name(const struct dwunw_cfi *cfi)
{
	return cfi->debug_frame ? ".debug_frame" : ".eh_frame";
}

static void print_bytes(struct dwunw_span bytes, char *text, size_t size)
{
	size_t used = 0;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < bytes.size && used + 3 <= size; i++)
		used += (size_t)snprintf(text + used, size - used, "%02x",
					 bytes.data[i]);
}

/* Two digits a byte; rules say at most 65,535 bytes. */
#define RULE_TEXT_SIZE (2u * 65536u + 16u)

static void format_expression(struct rows *rows, const struct dwunw_row *row,
			      const struct dwunw_rule *rule, const char *name,
			      char *text)
{
	struct dwunw_span bytes;
	int used;

	if (!rows->raw && !rows->expressions) {
		snprintf(text, RULE_TEXT_SIZE, "%s", name);
		return;
	}
	bytes = dwunw_module_expression(rows->module, row, rule);
	if (rule->size && !bytes.size) {
		dwu_cmd_error("%s: expression of the row at 0x%" PRIx64
			      " lies outside %s",
			      rows->path, row->start,
			      section_name(rows->fde.cfi));
		rows->failed = true;
	}
	used = snprintf(text, RULE_TEXT_SIZE, "%s:", name);
	print_bytes(bytes, text + used, RULE_TEXT_SIZE - (size_t)used);
}

static void format_rule_register(const struct rows *rows,
				 const struct dwunw_rule *rule, char *text)
{
	const struct dwunw_arch_ops *arch = rows->module->arch;
	int used = snprintf(text, RULE_TEXT_SIZE, "r%u",
			    dwunw_arch_column_reg(arch, rule->reg));

	if (!rows->raw)
		snprintf(text + used, RULE_TEXT_SIZE - (size_t)used, " (%s)",
			 dwunw_arch_column_name(arch, rule->reg));
}

static void format_rule(struct rows *rows, const struct dwunw_row *row,
			const struct dwunw_rule *rule, char *text)
{
	switch (rule->kind) {
	case DWUNW_RULE_SAME:
		snprintf(text, RULE_TEXT_SIZE, "s");
		break;
	case DWUNW_RULE_OFFSET:
		snprintf(text, RULE_TEXT_SIZE, "c%+" PRId32, rule->value);
		break;
	case DWUNW_RULE_VAL_OFFSET:
		snprintf(text, RULE_TEXT_SIZE, "v%+" PRId32, rule->value);
		break;
	case DWUNW_RULE_REGISTER:
		format_rule_register(rows, rule, text);
		break;
	case DWUNW_RULE_EXPRESSION:
		format_expression(rows, row, rule, rows->raw ? "e" : "exp",
				  text);
		break;
	case DWUNW_RULE_VAL_EXPRESSION:
		format_expression(rows, row, rule, rows->raw ? "ve" : "vexp",
				  text);
		break;
	default:
		snprintf(text, RULE_TEXT_SIZE, "u");
	}
}

static void format_cfa(struct rows *rows, const struct dwunw_row *row,
		       char *text)
{
	const struct dwunw_arch_ops *arch = rows->module->arch;

	if (row->cfa.kind != DWUNW_RULE_REGISTER)
		format_expression(rows, row, &row->cfa, rows->raw ? "e" : "exp",
				  text);
	else if (rows->raw)
		snprintf(text, RULE_TEXT_SIZE, "r%u%+" PRId32,
			 dwunw_arch_column_reg(arch, row->cfa.reg),
			 row->cfa.value);
	else
		snprintf(text, RULE_TEXT_SIZE, "%s%+" PRId32,
			 dwunw_arch_column_name(arch, row->cfa.reg),
			 row->cfa.value);
}

static char rule_text[RULE_TEXT_SIZE];

static void end_row(const struct dwunw_row *row)
{
	puts(row->flags & DWUNW_ROW_RA_SIGNED ? " ra_signed" : "");
}

static void print_raw(struct rows *rows, const struct dwunw_row *row)
{
	uint8_t column;

	format_cfa(rows, row, rule_text);
	printf("R %" PRIx64 " %" PRIx64 " %s", row->start, row->end, rule_text);
	for (column = 0; column < row->column_count; column++) {
		if (row->rules[column].kind == DWUNW_RULE_UNSPECIFIED)
			continue;
		format_rule(rows, row, &row->rules[column], rule_text);
		printf(" r%u=%s",
		       dwunw_arch_column_reg(rows->module->arch, column),
		       rule_text);
	}
	end_row(row);
}

static void print_columns(const struct rows *rows)
{
	uint8_t column;

	printf("   LOC%*s CFA     ", rows->width - 6, "");
	for (column = 0; column < DWUNW_COLUMN_MAX; column++) {
		if (!(rows->columns >> column & 1))
			continue;
		printf(" %-5s", column == rows->row.ra_column ?
					"ra" :
					dwunw_arch_column_name(
						rows->module->arch, column));
	}
	putchar('\n');
}

static void print_row(struct rows *rows, const struct dwunw_row *row)
{
	uint8_t column;

	format_cfa(rows, row, rule_text);
	printf("%0*" PRIx64 " %-8s", rows->width, row->start, rule_text);
	for (column = 0; column < row->column_count; column++) {
		if (!(rows->columns >> column & 1))
			continue;
		format_rule(rows, row, &row->rules[column], rule_text);
		printf(" %-5s", rule_text);
	}
	end_row(row);
}

static void note_columns(struct rows *rows, const struct dwunw_row *row)
{
	uint8_t column;

	for (column = 0; column < row->column_count; column++)
		if (row->rules[column].kind != DWUNW_RULE_UNSPECIFIED)
			rows->columns |= (uint64_t)1 << column;
}

static bool emit_columns(void *ctx, const struct dwunw_row *row)
{
	note_columns(ctx, row);
	return true;
}

static bool emit_row(void *ctx, const struct dwunw_row *row)
{
	struct rows *rows = ctx;

	if (rows->raw)
		print_raw(rows, row);
	else
		print_row(rows, row);
	return true;
}

static void print_head(const struct rows *rows)
{
	const struct dwunw_fde *fde = &rows->fde;

	if (rows->raw)
		printf("F %s %" PRIx64 " %" PRIx64 " %" PRIx64 "\n",
		       section_name(fde->cfi), fde->off, fde->start, fde->end);
	else
		printf("\n%08" PRIx64 " FDE cie=%08" PRIx64 " pc=%0*" PRIx64
		       "..%0*" PRIx64 "\n",
		       fde->off, fde->cie_off, rows->width, fde->start,
		       rows->width, fde->end);
}

static void bad_fde(struct rows *rows, dwunw_status_t status)
{
	dwu_cmd_error("%s: FDE at 0x%" PRIx64 " of %s (pc 0x%" PRIx64
		      "..0x%" PRIx64 "): %s",
		      rows->path, rows->fde.off, section_name(rows->fde.cfi),
		      rows->fde.start, rows->fde.end,
		      dwunw_status_text(status));
	rows->failed = true;
}

static void print_fde(struct rows *rows)
{
	dwunw_status_t status = DWUNW_OK;

	print_head(rows);
	rows->columns = 0;
	if (!rows->raw) {
		status = dwunw_fde_rows(rows->module, &rows->fde, rows->scratch,
					&rows->row, emit_columns, rows);
		print_columns(rows);
	}
	if (!status)
		status = dwunw_fde_rows(rows->module, &rows->fde, rows->scratch,
					&rows->row, emit_row, rows);
	if (status)
		bad_fde(rows, status);
}

static void end_told(struct rows *rows)
{
	if (rows->again)
		dwu_cmd_error("%s: %" PRIu64 " more FDEs are not used: %s",
			      rows->path, rows->again, rows->told);
	rows->again = 0;
}

/* Of the FDEs of a CIE that is too large only the first is told. */
static void bad_record(struct rows *rows, const struct dwunw_cfi *cfi,
		       dwunw_status_t status)
{
	char why[sizeof(rows->told)];

	rows->failed = true;
	dwunw_cfi_text(rows->module, cfi, rows->fde.off, why, sizeof(why));
	if (why[0] && !strcmp(why, rows->told)) {
		rows->again++;
		return;
	}
	end_told(rows);
	memcpy(rows->told, why, sizeof(why));
	dwu_cmd_error("%s: record at 0x%" PRIx64 " of %s cannot be read: %s",
		      rows->path, rows->fde.off, section_name(cfi),
		      why[0] ? why : dwunw_status_text(status));
}

static void print_section(struct rows *rows, const struct dwunw_cfi *cfi)
{
	struct dwunw_fde_cursor cursor;
	dwunw_status_t status;

	if (!cfi->bytes.size)
		return;
	if (!rows->raw)
		printf("Contents of the %s section:\n", section_name(cfi));
	dwunw_fde_cursor_init(&cursor, rows->module, cfi);
	for (;;) {
		memset(&rows->fde, 0, sizeof(rows->fde));
		status = dwunw_fde_next(&cursor, &rows->fde);
		if (status == DWUNW_ERR_NO_DEBUG_DATA)
			break;
		if (status) {
			bad_record(rows, cfi, status);
			/* the cursor stays where no record can follow */
			if (status != DWUNW_ERR_BAD_FORMAT)
				break;
			continue;
		}
		print_fde(rows);
	}
	end_told(rows);
	if (!rows->raw)
		putchar('\n');
}

static void print_pc(struct rows *rows, uint64_t pc)
{
	dwunw_status_t status;

	char why[192] = "";

	status = dwunw_module_fde(rows->module, pc, &rows->fde);
	if (status == DWUNW_ERR_BAD_FORMAT)
		dwunw_cfi_text(rows->module, rows->fde.cfi, rows->fde.off, why,
			       sizeof(why));
	if (status) {
		dwu_cmd_error("%s: no FDE covers 0x%" PRIx64 ": %s", rows->path,
			      pc, why[0] ? why : dwunw_status_text(status));
		rows->failed = true;
		return;
	}
	status = dwunw_module_row(rows->module, pc, rows->scratch, &rows->row);
	if (status) {
		bad_fde(rows, status);
		return;
	}
	if (!rows->raw)
		printf("Contents of the %s section:\n",
		       section_name(rows->fde.cfi));
	print_head(rows);
	rows->columns = 0;
	note_columns(rows, &rows->row);
	if (!rows->raw)
		print_columns(rows);
	emit_row(rows, &rows->row);
}

/* Of a file that was cut, the section headers at its end are gone first. */
static void no_rows(struct rows *rows, const char *what)
{
	const struct dwunw_elf *elf = &rows->module->elf;

	dwu_cmd_error("%s: has %s%s", rows->path, what,
		      elf->section_off > elf->src.size ?
			      "; it is truncated: its section headers would "
			      "be behind its end" :
			      "");
	rows->failed = true;
}

/* --- rows from instructions --------------------------------------------------- */

static bool take_point(void *ctx, const struct dwunw_scan_point *point)
{
	struct rows *rows = ctx;

	if (point->in_call || point->result != DWUNW_SCAN_OK)
		return true;
	if (rows->scanned_count == rows->scanned_room) {
		rows->scanned_room = 2 * rows->scanned_room + 256;
		rows->scanned = dwu_cmd_grow(rows->scanned, rows->scanned_room,
					     sizeof(*rows->scanned));
	}
	rows->scanned[rows->scanned_count++] = *point->row;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct dwunw_row *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Neighbours that say the same become one. */
static size_t merge(struct dwunw_row *rows, size_t count)
{
	struct dwunw_row held;
	size_t i, kept = 0;

	for (i = 0; i < count; i++) {
		held = rows[i];
		if (kept > 0 && rows[kept - 1].end == held.start) {
			held.start = rows[kept - 1].start;
			rows[kept - 1].end = held.end;
			if (!memcmp(&rows[kept - 1], &held, sizeof(held)))
				continue;
			rows[kept - 1].end = rows[i].start;
		}
		rows[kept++] = rows[i];
	}
	return kept;
}

/* The function around vaddr. Returns its end, or vaddr if there is none. */
static uint64_t print_scanned(struct rows *rows, uint64_t vaddr, uint32_t flags)
{
	uint64_t start = vaddr, end = vaddr;
	uint8_t result;
	size_t i;

	rows->scanned_count = 0;
	if (rows->compared.no_symbols)
		flags |= DWUNW_SCAN_NO_SYMBOLS;
	result = dwunw_scan_function(rows->scanner, rows->module, vaddr, flags,
				     &start, &end, take_point, rows);
	if (end <= vaddr)
		return vaddr;
	rows->printed = true;
	if (rows->scanned_count)
		qsort(rows->scanned, rows->scanned_count,
		      sizeof(*rows->scanned), by_start);
	rows->scanned_count = merge(rows->scanned, rows->scanned_count);
	if (rows->raw)
		printf("F scan 0 %" PRIx64 " %" PRIx64 "\n", start, end);
	else
		printf("\nscan pc=%0*" PRIx64 "..%0*" PRIx64 "%s%s\n",
		       rows->width, start, rows->width, end, result ? " " : "",
		       result ? dwunw_scan_result_name(result) : "");
	rows->columns = 0;
	for (i = 0; i < rows->scanned_count; i++)
		note_columns(rows, &rows->scanned[i]);
	rows->row.ra_column = rows->scanned_count ? rows->scanned[0].ra_column :
						    UINT8_MAX;
	if (!rows->raw)
		print_columns(rows);
	for (i = 0; i < rows->scanned_count; i++)
		emit_row(rows, &rows->scanned[i]);
	return end;
}

static void print_scanned_range(struct rows *rows, uint64_t start, uint64_t end)
{
	uint64_t vaddr = start, next;

	while (vaddr < end) {
		next = print_scanned(rows, vaddr, 0);
		vaddr = next > vaddr ? next : vaddr + 1;
	}
}

/* Of the sections with code; of the segments, where no section is known. */
static void print_scanned_file(struct rows *rows)
{
	const struct dwunw_elf *elf = &rows->module->elf;
	struct dwunw_program_header h;
	struct dwunw_section s;
	bool any = false;
	uint32_t i;

	for (i = 1; i < elf->section_count; i++) {
		if (dwunw_elf_section_at(elf, i, &s, (char[1]){ 0 }, 1) ||
		    !(s.flags & 4) || !s.size)
			continue;
		any = true;
		print_scanned_range(rows, s.vaddr, s.vaddr + s.size);
	}
	for (i = 0; !any && i < elf->program_count; i++)
		if (!dwunw_elf_program_header(elf, i, &h) && h.type == 1 &&
		    (h.at.flags & 1))
			print_scanned_range(rows, h.at.vaddr,
					    h.at.vaddr + h.at.file_size);
}

/* As a register has it: bit 0 says MIPS16e. */
static bool print_scanned_at(struct rows *rows, uint64_t pc)
{
	if (rows->module->elf.mips16 && (pc & 1))
		return print_scanned(rows, pc - 1, DWUNW_SCAN_MIPS16) >= pc;
	return print_scanned(rows, pc, 0) != pc;
}

static void print_scan(struct rows *rows, const uint64_t *pc)
{
	void *memory;

	rows->scanner = dwu_scanner(&memory);
	if (!rows->scanner) {
		rows->failed = true;
		return;
	}
	if (!pc) {
		print_scanned_file(rows);
		if (!rows->printed)
			no_rows(rows, "no function that could be found");
	} else if (!print_scanned_at(rows, *pc)) {
		dwu_cmd_error("%s: no function is found around 0x%" PRIx64,
			      rows->path, *pc);
		rows->failed = true;
	}
	free(rows->scanned);
	free(memory);
}

static int print_file(struct rows *rows, const uint64_t *pc)
{
	struct dwunw_context ctx = { 0 };
	struct dwunw_config config = { .log = dwu_cmd_log,
				       .debug_dirs = rows->files.debug_dirs,
				       .sysroot = rows->files.sysroot,
				       .tables_max =
					       rows->files.memory_max / 2 };
	dwunw_status_t status;

	status = dwunw_init_with(&ctx, &config);
	if (status) {
		dwu_cmd_error("cannot start: %s", dwunw_status_text(status));
		return CMD_FAILED;
	}
	if (rows->compare) {
		int code;

		rows->compared.path = rows->path;
		code = dwu_compare(&ctx, &rows->compared);
		dwunw_shutdown(&ctx);
		return code;
	}
	status = dwunw_module_cache_acquire(&ctx, rows->path, &rows->module);
	if (status) {
		dwu_cmd_error_unless_logged("%s: cannot be opened: %s",
					    rows->path,
					    dwunw_status_text(status));
		dwunw_shutdown(&ctx);
		return CMD_FAILED;
	}
	if (dwu_cmd_unrelocated(rows->path, rows->module)) {
		dwunw_module_cache_release(&ctx, rows->module);
		dwunw_shutdown(&ctx);
		return CMD_FAILED;
	}
	rows->scratch = dwu_cmd_alloc(1, dwunw_row_scratch_size());
	rows->width = 2 * dwunw_arch_address_size(rows->module->arch);
	if (rows->scan) {
		print_scan(rows, pc);
	} else if (pc) {
		print_pc(rows, *pc);
	} else {
		print_section(rows, &rows->module->eh);
		print_section(rows, &rows->module->debug);
		if (!rows->module->eh.bytes.size &&
		    !rows->module->debug.bytes.size)
			no_rows(rows, "no call frame information");
	}
	free(rows->scratch);
	dwunw_module_cache_release(&ctx, rows->module);
	dwunw_shutdown(&ctx);
	return rows->failed ? CMD_FAILED : CMD_OK;
}

#define FLAG(option, field)                          \
	{                                            \
		.name = option, .kind = OPTION_FLAG, \
		.to = offsetof(struct rows, field)   \
	}
static const struct option_row option_rows[] = {
	FLAG("raw", raw),
	FLAG("expressions", expressions),
	FLAG("scan", scan),
	FLAG("compare", compare),
	FLAG("no-symbols", compared.no_symbols),
	FLAG("verbose", compared.verbose),
	{ .name = "debug-file",
	  .kind = OPTION_TEXT,
	  .to = offsetof(struct rows, compared.debug_file) },
	DWU_CMD_FILES_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "rows",
	.help = HELP_OF(HELP_ROWS_USAGE, HELP_ROWS),
	.rows = option_rows,
};

/* An option that would change nothing. */
static const char *useless(const struct rows *rows)
{
	if (!rows->compare && rows->compared.debug_file)
		return "--debug-file is of --compare";
	if (!rows->compare && rows->compared.verbose)
		return "--verbose is of --compare";
	if (!rows->compare && !rows->scan && rows->compared.no_symbols)
		return "--no-symbols is of --scan and --compare";
	return NULL;
}

static int run(struct rows *rows, char **argv)
{
	int count, status = option_parse(&program, rows, argv, &count);
	const char *what;
	uint64_t pc = 0;

	if (status >= 0)
		return status;
	if (!count)
		return option_wrong(&program, "which ELF file?");
	if (count > 2)
		return option_wrong(&program, "'%s' is one too many", argv[3]);
	if (count > 1 && !option_number(argv[2], &pc))
		return option_wrong(&program, "'%s' is no address", argv[2]);
	what = useless(rows);
	if (what)
		return option_wrong(&program, "%s", what);
	rows->path = argv[1];
	return print_file(rows, count > 1 ? &pc : NULL);
}

int dwu_cmd_rows(int argc, char **argv)
{
	struct rows rows = { 0 };
	int code = run(&rows, argv);

	(void)argc;
	dwu_cmd_files_free(&rows.files);
	return code;
}
