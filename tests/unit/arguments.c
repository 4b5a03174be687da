/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* What is called with a NULL, or with nothing, refuses it. */
#include <dwunw/dwarf.h>
#include <dwunw/scan.h>
#include <dwunw/walk.h>

#include "tap.h"

#define REFUSES(call) ok((call) == DWUNW_ERR_INVALID_ARG, "%s", #call)

static struct dwunw_elf elf;
static struct dwunw_module module;
static struct dwunw_arena arena;
static uint8_t bytes[64];

static void files(void)
{
	const struct dwunw_source none = { .size = 0 };
	struct dwunw_section section;
	struct dwunw_segment segment;
	char name[8];
	uint64_t off;
	size_t size;

	REFUSES(dwunw_elf_open(NULL, &none, NULL));
	REFUSES(dwunw_elf_open(&elf, NULL, NULL));
	REFUSES(dwunw_elf_open(&elf, &none, NULL));
	REFUSES(dwunw_elf_section(NULL, "", &section));
	REFUSES(dwunw_elf_section(&elf, NULL, &section));
	REFUSES(dwunw_elf_section(&elf, "", NULL));
	REFUSES(dwunw_elf_section_at(NULL, 0, &section, name, 8));
	REFUSES(dwunw_elf_section_at(&elf, 0, NULL, name, 8));
	REFUSES(dwunw_elf_section_at(&elf, 0, &section, NULL, 8));
	REFUSES(dwunw_elf_section_at(&elf, 0, &section, name, 0));
	REFUSES(dwunw_elf_program_header(NULL, 0, NULL));
	REFUSES(dwunw_elf_program_header(&elf, 0, NULL));
	REFUSES(dwunw_elf_segment(NULL, 0, &segment));
	REFUSES(dwunw_elf_segment(&elf, 0, NULL));
	REFUSES(dwunw_elf_off_to_vaddr(NULL, 0, &off));
	REFUSES(dwunw_elf_off_to_vaddr(&elf, 0, NULL));
	REFUSES(dwunw_elf_build_id(NULL, bytes, &size));
	REFUSES(dwunw_elf_build_id(&elf, NULL, &size));
	REFUSES(dwunw_elf_build_id(&elf, bytes, NULL));
}

static void symbols(void)
{
	struct dwunw_symtab tab = { .count = 0 };
	struct dwunw_elf_symbol sym;

	REFUSES(dwunw_symtab_open(NULL, &elf, &arena));
	REFUSES(dwunw_symtab_open(&tab, NULL, &arena));
	REFUSES(dwunw_symtab_open(&tab, &elf, NULL));
	REFUSES(dwunw_symtab_at(NULL, 0, &sym));
	REFUSES(dwunw_symtab_at(&tab, 0, NULL));
	REFUSES(dwunw_symtab_at(&tab, 0, &sym));
	REFUSES(dwunw_symtab_by_vaddr(NULL, 0, &sym));
	REFUSES(dwunw_symtab_by_vaddr(&tab, 0, NULL));
	REFUSES(dwunw_symtab_by_name(NULL, "", &sym));
	REFUSES(dwunw_symtab_by_name(&tab, NULL, &sym));
	REFUSES(dwunw_symtab_by_name(&tab, "", NULL));
}

static void modules(void)
{
	const struct dwunw_source none = { .size = 0 };
	struct dwunw_module_files of = { .file = NULL };
	struct dwunw_fde fde;

	REFUSES(dwunw_module_open_files(NULL, &of, 1, &arena));
	REFUSES(dwunw_module_open_files(&module, NULL, 1, &arena));
	REFUSES(dwunw_module_open_files(&module, &of, 1, &arena));
	of.file = &none;
	REFUSES(dwunw_module_open_files(&module, &of, 1, &arena));
	REFUSES(dwunw_module_open(&module, &none, 1, NULL));
	REFUSES(dwunw_module_open(&module, &none, 0, &arena));
	REFUSES(dwunw_module_fde(NULL, 0, &fde));
	REFUSES(dwunw_module_fde(&module, 0, NULL));
}

#if IS_ON(CONFIG_NAMES_LINES)
static void lines(void)
{
	static struct dwunw_arena scratch;
	struct dwunw_dwarf dwarf = { .address_size = 8 };
	struct dwunw_module_files of = { .file = NULL };
	struct dwunw_units units;
	struct dwunw_unit unit = { .dwarf = &dwarf };
	struct dwunw_calls calls;
	struct dwunw_lines rows;
	char text[8];

	REFUSES(dwunw_dwarf_open(NULL, &of, &arena));
	REFUSES(dwunw_dwarf_open(&dwarf, NULL, &arena));
	REFUSES(dwunw_dwarf_open(&dwarf, &of, &arena));
	REFUSES(dwunw_dwarf_list(NULL, &arena, &scratch));
	REFUSES(dwunw_dwarf_list(&dwarf, NULL, &scratch));
	REFUSES(dwunw_dwarf_list(&dwarf, &arena, NULL));
	REFUSES(dwunw_dwarf_text(NULL, 0, text, 8));
	REFUSES(dwunw_dwarf_text(&dwarf, 0, NULL, 8));
	REFUSES(dwunw_dwarf_text(&dwarf, 0, text, 0));
	REFUSES(dwunw_units_open(NULL, &dwarf, 0, &arena, &scratch));
	REFUSES(dwunw_units_open(&units, NULL, 0, &arena, &scratch));
	REFUSES(dwunw_units_open(&units, &dwarf, 0, NULL, &scratch));
	REFUSES(dwunw_units_open(&units, &dwarf, 0, &arena, NULL));
	REFUSES(dwunw_unit_open(NULL, &dwarf, 0, &arena, &scratch));
	REFUSES(dwunw_unit_open(&unit, NULL, 0, &arena, &scratch));
	REFUSES(dwunw_unit_open(&unit, &dwarf, 0, NULL, &scratch));
	REFUSES(dwunw_unit_open(&unit, &dwarf, 0, &arena, NULL));
	REFUSES(dwunw_unit_open_dwo(NULL, &dwarf, &unit, &arena, &scratch));
	REFUSES(dwunw_unit_open_dwo(&unit, NULL, &unit, &arena, &scratch));
	REFUSES(dwunw_unit_open_dwo(&unit, &dwarf, NULL, &arena, &scratch));
	REFUSES(dwunw_unit_open_dwo(&unit, &dwarf, &unit, NULL, &scratch));
	REFUSES(dwunw_unit_open_dwo(&unit, &dwarf, &unit, &arena, NULL));
	REFUSES(dwunw_calls_open(NULL, &unit, &arena, &scratch));
	REFUSES(dwunw_calls_open(&calls, NULL, &arena, &scratch));
	REFUSES(dwunw_calls_open(&calls, &unit, NULL, &scratch));
	REFUSES(dwunw_calls_open(&calls, &unit, &arena, NULL));
	REFUSES(dwunw_call_name(NULL, 0, &scratch, text, 8));
	REFUSES(dwunw_call_name(&unit, 0, NULL, text, 8));
	REFUSES(dwunw_call_name(&unit, 0, &scratch, NULL, 8));
	REFUSES(dwunw_call_name(&unit, 0, &scratch, text, 0));
	REFUSES(dwunw_lines_open(NULL, &unit, 1, &arena, &scratch));
	REFUSES(dwunw_lines_open(&rows, NULL, 1, &arena, &scratch));
	REFUSES(dwunw_lines_open(&rows, &unit, 1, NULL, &scratch));
	REFUSES(dwunw_lines_open(&rows, &unit, 1, &arena, NULL));
	REFUSES(dwunw_lines_path(NULL, &unit, 0, text, 8));
	REFUSES(dwunw_lines_path(&rows, NULL, 0, text, 8));
	REFUSES(dwunw_lines_path(&rows, &unit, 0, NULL, 8));
	REFUSES(dwunw_lines_path(&rows, &unit, 0, text, 0));
}
#endif

static void walks(void)
{
	struct dwunw_walker *walker = (void *)bytes; /* is not looked at */
	struct dwunw_walk_input input = { .regs = NULL }, full;
	struct dwunw_space space = { .count = 0 };
	struct dwunw_frame frame;
	struct dwunw_regset regs;
	struct dwunw_stop stop;
	size_t count;

	memset(&regs, 0, sizeof(regs));
	full = input;
	full.regs = &regs;
	REFUSES(dwunw_walk(NULL, &space, &full, &frame, 1, &count, &stop));
	REFUSES(dwunw_walk(walker, NULL, &full, &frame, 1, &count, &stop));
	REFUSES(dwunw_walk(walker, &space, NULL, &frame, 1, &count, &stop));
	REFUSES(dwunw_walk(walker, &space, &input, &frame, 1, &count, &stop));
	REFUSES(dwunw_walk(walker, &space, &full, NULL, 1, &count, &stop));
	REFUSES(dwunw_walk(walker, &space, &full, &frame, 0, &count, &stop));
	REFUSES(dwunw_walk(walker, &space, &full, &frame, 1, NULL, &stop));
	REFUSES(dwunw_walk(walker, &space, &full, &frame, 1, &count, NULL));
	REFUSES(dwunw_walker_init(NULL, 0, &arena));
	REFUSES(dwunw_walker_init(&walker, 0, NULL));
	REFUSES(dwunw_walker_init(&walker, 3, &arena));
	REFUSES(dwunw_space_init(NULL));
	REFUSES(dwunw_space_init(&space));
	dwunw_walker_stats(NULL, NULL);
}

static void scans(void)
{
	struct dwunw_scan *scan;

	REFUSES(dwunw_scan_init(NULL, 16384, &arena));
	REFUSES(dwunw_scan_init(&scan, 16384, NULL));
	REFUSES(dwunw_scan_init(&scan, 0, &arena));
	REFUSES(dwunw_scan_init(&scan, SIZE_MAX, &arena));
}

int main(void)
{
	files();
	symbols();
	modules();
#if IS_ON(CONFIG_NAMES_LINES)
	lines();
#endif
	walks();
	if (IS_ON(CONFIG_SCAN_ROWS))
		scans();
	return done();
}
