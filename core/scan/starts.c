/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Where functions begin, by what a loader needs of a file: e_entry, DT_INIT,
 * DT_FINI, and the arrays of functions that run before and behind main().
 *
 * For example, /bin/true of Debian 12: e_entry, 0x2000, 0x5d50, and of
 * INIT_ARRAY (0x8d70, 8 bytes) one pointer, 0x24b0. The file has it, and so has
 * the addend of the R_X86_64_RELATIVE relocation whose r_offset is 0x8d70; lld
 * writes the addend alone.
 *
 * Pointers are hostile numbers: they are told as they are, and whoever is told
 * clips them to the code.
 */
#include "starts.h"

#include "core/base/bytes.h"
#include "core/elf/dynamic.h"

enum {
	SHT_INIT_ARRAY = 14, /* then SHT_FINI_ARRAY, SHT_PREINIT_ARRAY */
	RELA64_SIZE = 24,
};

/* Sections, and pointers of an array, that are looked at. */
#define SECTION_MAX 4096u
#define ARRAY_MAX 65536u

/* Everything that one question needs; `values` by enum dwu_dynamic_value. */
struct starts {
	const struct dwunw_elf *elf;
	struct dwu_window *window;
	dwu_start_fn tell;
	void *ctx;
	uint64_t values[DWU_DYN_COUNT];
};

static bool is_wide(const struct dwunw_elf *elf)
{
	return dwu_elf_is_wide(elf->elf_class);
}

/* Relocations. Not `/`, which 64 bits have no instruction for everywhere. */
static uint64_t count(const struct starts *s)
{
	uint64_t size = s->values[DWU_DYN_RELASZ];

	return size > UINT32_MAX ? 0 : (uint32_t)size / RELA64_SIZE;
}

/* Of relocation i (gABI 4, Elf64_Rela) r_offset; or r_addend. False: none. */
static bool rela_word(struct starts *s, uint64_t i, uint8_t field,
		      uint64_t *word)
{
	return i < count(s) && dwu_dynamic_word(s->elf, s->window,
						s->values[DWU_DYN_RELA] +
							i * RELA64_SIZE + field,
						8, word);
}

/*
 * Linkers put relative relocations first and sort them by r_offset, so that
 * those of an array stand together. Where one did not, starts are missed.
 */
static void by_rela(struct starts *s, uint64_t vaddr, uint64_t size)
{
	uint64_t low = 0, high = count(s), middle, at;
	uint32_t i;

	if (s->values[DWU_DYN_RELACOUNT] - 1 < high)
		high = s->values[DWU_DYN_RELACOUNT];
	/* unsorted relocations lead somewhere, too; what is told is only where
	 * a function may begin */
	while (low < high) {
		middle = low + (high - low) / 2;
		if (!rela_word(s, middle, 0, &at))
			return;
		if (at < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	for (i = 0; i < ARRAY_MAX && rela_word(s, low, 0, &at) &&
		    at - vaddr < size && rela_word(s, low, 16, &at);
	     i++, low++)
		s->tell(s->ctx, at);
}

/* An array of pointers: as the file has them, and by RELA, which leaves them
 * to the loader. Those of REL and RELR stand in the file. */
static void by_array(struct starts *s, uint64_t vaddr, uint64_t size)
{
	uint8_t word = is_wide(s->elf) ? 8 : 4;
	uint64_t end = vaddr + size, pointer;
	uint32_t i;

	for (i = 0; i < ARRAY_MAX && vaddr < end &&
		    dwu_dynamic_word(s->elf, s->window, vaddr, word, &pointer);
	     i++, vaddr += word)
		s->tell(s->ctx, pointer);
	if (is_wide(s->elf) && size > 0)
		by_rela(s, end - size, size);
}

/* A static program has arrays, and no dynamic section. */
static void by_sections(struct starts *s)
{
	struct dwunw_section section;
	uint32_t i, name;

	for (i = 1; i < s->elf->section_count && i < SECTION_MAX; i++)
		if (dwu_elf_section_header(s->elf, s->window, i, &section,
					   &name) == DWUNW_OK &&
		    section.type - SHT_INIT_ARRAY < 3)
			by_array(s, section.vaddr, section.size);
}

/*
 * A 0 is told as well where a tag is not there: it is in no text, or its first
 * byte, which is a bound already.
 */
void dwu_starts(const struct dwunw_elf *elf, struct dwu_window *window,
		dwu_start_fn tell, void *ctx)
{
	struct starts s = {
		.elf = elf, .window = window, .tell = tell, .ctx = ctx
	};
	uint32_t i;

	dwu_dynamic_read(elf, window, s.values);
	tell(ctx, elf->entry);
	tell(ctx, s.values[DWU_DYN_INIT]);
	tell(ctx, s.values[DWU_DYN_FINI]);
	for (i = DWU_DYN_INIT_ARRAY; i < DWU_DYN_COUNT; i += 2)
		by_array(&s, s.values[i], s.values[i + 1]);
	by_sections(&s);
}
