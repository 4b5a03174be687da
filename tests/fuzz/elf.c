/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Any bytes as an ELF file: headers, sections, notes, symbols, module. */
#include "fuzz.h"

static void sections(const struct dwunw_elf *elf)
{
	struct dwunw_section s;
	char name[16];
	uint32_t i;

	for (i = 0; i < elf->section_count && i < 500; i++)
		if (dwunw_elf_section_at(elf, i, &s, name, sizeof(name)) ==
		    DWUNW_OK)
			LAW(strlen(name) < sizeof(name));
	if (dwunw_elf_section(elf, ".text", &s) == DWUNW_OK)
		LAW(s.size <= elf->src.size && s.off <= elf->src.size);
}

static void programs(const struct dwunw_elf *elf)
{
	struct dwunw_program_header h;
	struct dwunw_segment segment;
	uint8_t bytes[16];
	uint64_t at;
	uint32_t i;

	for (i = 0; i < elf->program_count && i < 500; i++) {
		if (dwunw_elf_program_header(elf, i, &h) != DWUNW_OK)
			continue;
		if (dwunw_elf_segment(elf, h.at.vaddr, &segment) == DWUNW_OK)
			LAW(h.at.vaddr - segment.vaddr < segment.mem_size);
		(void)dwunw_elf_vaddr_to_off(elf, h.at.vaddr, &at);
		(void)dwunw_elf_off_to_vaddr(elf, h.at.off, &at);
		(void)dwunw_elf_read(elf, h.at.vaddr, bytes, sizeof(bytes));
	}
}

static void symbols(const struct dwunw_elf *elf)
{
	struct dwunw_arena arena;
	struct dwunw_symtab tab;
	struct dwunw_elf_symbol sym, again;
	dwunw_status_t status;
	uint64_t before = 0;
	void *memory;
	uint32_t i;

	dwunw_arena_init(&arena, NULL, 0);
	status = dwunw_symtab_open(&tab, elf, &arena);
	if (status != DWUNW_ERR_NO_MEMORY || arena.wanted > FUZZ_MEMORY_MAX)
		return;
	memory = aligned_alloc(16, (arena.wanted + 15) & ~15ul);
	dwunw_arena_init(&arena, memory, arena.wanted);
	status = dwunw_symtab_open(&tab, elf, &arena);
	LAW(status != DWUNW_ERR_NO_MEMORY);
	for (i = 0; status == DWUNW_OK && i < tab.count && i < 100; i++) {
		if (dwunw_symtab_by_vaddr(&tab, before, &sym) != DWUNW_OK) {
			before += 0x40;
			continue;
		}
		LAW(sym.vaddr <= before);
		if (sym.name[0])
			LAW(dwunw_symtab_by_name(&tab, sym.name, &again) ==
			    DWUNW_OK);
		before = before * 2 + 1;
	}
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwunw_elf elf;
	struct fuzz_module m;
	uint8_t id[DWUNW_BUILD_ID_MAX];
	size_t id_size;

	fuzz_source(&m, data, size, size % 2 == 0);
	if (dwunw_elf_open(&elf, &m.src, NULL) != DWUNW_OK)
		return 0;
	sections(&elf);
	programs(&elf);
	symbols(&elf);
	if (dwunw_elf_build_id(&elf, id, &id_size) == DWUNW_OK)
		LAW(id_size > 0 && id_size <= sizeof(id));
	fuzz_close(&m);
	fuzz_open(&m, data, size, size % 2 == 0);
	fuzz_all(&m);
	fuzz_close(&m);
	return 0;
}
