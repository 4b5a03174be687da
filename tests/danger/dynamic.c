/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * dynamic FILE [flip] < LIST - dynamic symbols of a file without section
 * headers. LIST has "address name" lines of its functions, all of which it must
 * find, and no more than they are; `flip` damages each byte of PT_DYNAMIC and
 * of what it points to first, and only asks for a status.
 */
#include "tap.h"

#include <dwunw/elf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *file;
static size_t size;
static uint8_t *memory;
#define MEMORY ((size_t)64 << 20)

static void read_file(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f || fseek(f, 0, SEEK_END))
		abort();
	size = (size_t)ftell(f);
	rewind(f);
	file = malloc(size);
	memory = malloc(MEMORY);
	if (!file || !memory || fread(file, 1, size, f) != size)
		abort();
	fclose(f);
}

static dwunw_status_t open_table(struct dwunw_elf *elf,
				 struct dwunw_symtab *tab)
{
	static struct dwunw_span span;
	struct dwunw_source src;
	struct dwunw_arena arena;
	dwunw_status_t status;

	span = (struct dwunw_span){ file, size };
	dwunw_source_from_span(&src, &span);
	dwunw_arena_init(&arena, memory, MEMORY);
	status = dwunw_elf_open(elf, &src, NULL);
	return status ? status : dwunw_symtab_open(tab, elf, &arena);
}

static void look_up(const char *path)
{
	struct dwunw_elf elf;
	struct dwunw_symtab tab = { 0 };
	struct dwunw_elf_symbol sym;
	unsigned count = 0, wrong = 0;
	unsigned long long vaddr;
	char name[1024];

	is_u64(open_table(&elf, &tab), DWUNW_OK, "%s: opens", path);
	is_u64(elf.section_count, 0, "%s: has no section headers", path);
	while (scanf("%llx %1023s", &vaddr, name) == 2) {
		count++;
		if (dwunw_symtab_by_name(&tab, name, &sym) == DWUNW_OK &&
		    sym.vaddr == (vaddr & ~(elf.machine == 8 ? 1ull : 0)))
			continue;
		if (wrong++ < 5)
			printf("# %s\n", name);
	}
	is_u64(wrong, 0, "%s: finds all of %u functions", path, count);
	is_u64(tab.count >= count && tab.count < 2 * count + 2, 1, "%s: has %u",
	       path, tab.count);
}

/* Every byte of [off, off + count), as three other ones. */
static void flip(const char *path, uint64_t off, uint64_t count)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff };
	struct dwunw_elf elf;
	struct dwunw_symtab tab = { 0 };
	struct dwunw_elf_symbol sym;
	unsigned asked = 0;
	uint64_t i;
	size_t m;

	for (i = off; i < off + count && i < size; i++) {
		for (m = 0; m < sizeof(masks); m++) {
			file[i] ^= masks[m];
			if (open_table(&elf, &tab) == DWUNW_OK)
				(void)dwunw_symtab_by_name(&tab, "none", &sym);
			file[i] ^= masks[m];
			asked++;
		}
	}
	is_u64(asked > 0, 1, "%s: %u damaged tables", path, asked);
}

int main(int argc, char **argv)
{
	struct dwunw_program_header head;
	struct dwunw_symtab tab;
	struct dwunw_elf elf;
	uint32_t i;

	read_file(argv[1]);
	if (argc == 2) {
		look_up(argv[1]);
		return done();
	}
	if (open_table(&elf, &tab))
		return 1;
	for (i = 0; i < elf.program_count; i++)
		if (dwunw_elf_program_header(&elf, i, &head) == DWUNW_OK &&
		    head.type == 2)
			flip(argv[1], head.at.off, head.at.file_size);
	flip(argv[1], elf.segments ? 0 : 0x40, 1200); /* headers and hashes */
	return done();
}
