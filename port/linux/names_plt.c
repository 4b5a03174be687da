/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names of stubs that lead to other files' functions: "puts@plt". They have
 * no symbols: the code of a stub names a slot of the global offset table, the
 * relocation of that slot the function; the stubs of mips32 name the symbol
 * by its number. (x86-64 psABI 5.2, AArch64 ELF "Procedure linkage table",
 * binutils' elfxx-mips.c for .MIPS.stubs.)
 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define SECTION_MAX ((uint64_t)16 << 20)
#define NAME_SIZE_MAX 4096u

enum {
	EM_MIPS = 8,
	EM_X86_64 = 62,
	EM_AARCH64 = 183,
};

/* A section's bytes, in memory of their own. */
struct bytes {
	uint8_t *data;
	size_t size;
	uint64_t vaddr;
};

/* A slot of the global offset table and the symbol it is for. */
struct slot {
	uint64_t vaddr;
	uint32_t symbol;
};

struct dwu_plt_stub {
	uint64_t start;
	uint64_t end;
	char *name;
};

/* While the stubs are found. */
struct finder {
	const struct dwunw_elf *elf;
	struct dwu_plt *plt;
	struct bytes symbols;
	struct bytes strings;
	struct slot *slots; /* sorted */
	size_t slot_count;
	size_t room; /* of plt->stubs */
};

static bool load(const struct dwunw_elf *elf, const char *name,
		 struct bytes *bytes)
{
	struct dwunw_section section;

	*bytes = (struct bytes){ .data = NULL };
	if (dwunw_elf_section(elf, name, &section) != DWUNW_OK ||
	    !section.size || section.size > SECTION_MAX)
		return false;
	bytes->data = dwu_malloc((size_t)section.size);
	bytes->size = (size_t)section.size;
	bytes->vaddr = section.vaddr;
	if (bytes->data && elf->src.read(elf->src.ctx, section.off, bytes->data,
					 bytes->size) == DWUNW_OK)
		return true;
	free(bytes->data);
	*bytes = (struct bytes){ .data = NULL };
	return false;
}

/* `size` bytes at off, which are there. */
static uint64_t get(const struct dwunw_elf *elf, const uint8_t *at,
		    unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | at[elf->data == 2 ? i : size - 1 - i];
	return value;
}

static bool wide(const struct finder *f)
{
	return f->elf->elf_class == 2;
}

/* --- relocations --------------------------------------------------------------- */

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

static void read_relocations(struct finder *f, const char *name, bool addend)
{
	size_t word = wide(f) ? 8 : 4, size = (addend ? 3 : 2) * word;
	struct bytes table;
	struct slot *more;

	if (!load(f->elf, name, &table))
		return;
	more = dwu_realloc(f->slots,
		       (f->slot_count + table.size / size + 1) * sizeof(*more));
	for (size_t at = 0; more && table.size - at >= size; at += size) {
		uint64_t info =
			get(f->elf, table.data + at + word, (unsigned int)word);
		uint32_t symbol = (uint32_t)(wide(f) ? info >> 32 : info >> 8);

		if (symbol)
			more[f->slot_count++] = (struct slot){
				.vaddr = get(f->elf, table.data + at,
					     (unsigned int)word),
				.symbol = symbol,
			};
	}
	if (more)
		f->slots = more;
	free(table.data);
}

/* --- stubs ----------------------------------------------------------------------- */

static const char *symbol_name(const struct finder *f, uint32_t symbol)
{
	size_t size = wide(f) ? 24 : 16;
	uint64_t name;

	if (symbol >= f->symbols.size / size)
		return NULL;
	name = get(f->elf, f->symbols.data + symbol * size, 4);
	if (!name || name >= f->strings.size ||
	    !memchr(f->strings.data + name, 0, f->strings.size - (size_t)name))
		return NULL;
	return (const char *)f->strings.data + name;
}

/* For one more stub. */
static bool has_room(struct finder *f)
{
	size_t room = f->room ? 2 * f->room : 64;
	struct dwu_plt_stub *stubs;

	if (f->plt->count < f->room)
		return true;
	stubs = dwu_realloc(f->plt->stubs, room * sizeof(*stubs));
	if (!stubs)
		return false;
	f->plt->stubs = stubs;
	f->room = room;
	return true;
}

static void add_stub(struct finder *f, uint64_t start, uint64_t end,
		     uint32_t symbol)
{
	struct dwu_plt *plt = f->plt;
	const char *name = symbol_name(f, symbol);
	size_t size = name ? strnlen(name, NAME_SIZE_MAX) : 0;
	char *copy;

	if (!size || size == NAME_SIZE_MAX || !has_room(f))
		return;
	copy = dwu_malloc(size + sizeof("@plt"));
	if (!copy)
		return;
	memcpy(copy, name, size);
	memcpy(copy + size, "@plt", sizeof("@plt"));
	plt->stubs[plt->count++] = (struct dwu_plt_stub){ start, end, copy };
	plt->bytes += sizeof(*plt->stubs) + size + sizeof("@plt");
}

static void add_by_slot(struct finder *f, uint64_t start, uint64_t end,
			uint64_t vaddr)
{
	const struct slot key = { .vaddr = vaddr };
	const struct slot *slot = f->slots ?
					  bsearch(&key, f->slots, f->slot_count,
						  sizeof(key), compare_slots) :
					  NULL;

	if (slot)
		add_stub(f, start, end, slot->symbol);
}

/* [endbr64] [bnd] jmp *slot(%rip), at a multiple of 8 */
static void read_x86_64(struct finder *f, const struct bytes *code)
{
	static const uint8_t endbr[4] = { 0xf3, 0x0f, 0x1e, 0xfa };

	for (size_t at = 0; code->size - at >= 8; at += 8) {
		const uint8_t *p = code->data + at;
		size_t left = code->size - at, skip = 0;
		uint64_t disp;

		if (left >= 16 && !memcmp(p, endbr, 4))
			skip = 4;
		if (p[skip] == 0xf2)
			skip++;
		if (left < skip + 6 || p[skip] != 0xff || p[skip + 1] != 0x25)
			continue;
		disp = (uint64_t)(int64_t)(int32_t)get(f->elf, p + skip + 2, 4);
		add_by_slot(f, code->vaddr + at,
			    code->vaddr + at + (left < 16 ? left : 16),
			    code->vaddr + at + skip + 6 + disp);
	}
}

/* [bti c] adrp x16, page; ldr x17, [x16, #slot]; … */
static void read_arm64(struct finder *f, const struct bytes *code)
{
	for (size_t at = 0; code->size - at >= 8; at += 4) {
		const uint8_t *p = code->data + at;
		uint64_t adrp = get(f->elf, p, 4), ldr = get(f->elf, p + 4, 4);
		uint64_t pc = code->vaddr + at, start = pc, page;

		if ((adrp & 0x9f00001f) != 0x90000010 ||
		    (ldr & 0xffc003ff) != 0xf9400211)
			continue;
		page = (adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
		page = (page ^ 0x100000) - 0x100000; /* 21 bits, signed */
		if (at >= 4 && get(f->elf, p - 4, 4) == 0xd503245f)
			start -= 4;
		add_by_slot(f, start, pc + 16,
			    (pc & ~(uint64_t)0xfff) + (page << 12) +
				    (ldr >> 10 & 0xfff) * 8);
	}
}

/*
 * lui t7, hi; lw t9, lo(t7); … in .plt. In .MIPS.stubs: [lui t8, hi]; jalr t9
 * with the symbol's number in its delay slot: li t8, number or ori t8, t8, lo.
 */
static void read_mips(struct finder *f, const struct bytes *code)
{
	for (size_t at = 0; code->size - at >= 8; at += 4) {
		const uint8_t *p = code->data + at;
		uint32_t word = (uint32_t)get(f->elf, p, 4);
		uint32_t next = (uint32_t)get(f->elf, p + 4, 4);
		uint64_t pc = code->vaddr + at;
		uint32_t high = 0;

		if (word >> 16 == 0x3c0f && next >> 16 == 0x8df9)
			add_by_slot(f, pc, pc + 16,
				    (uint32_t)((word << 16) + (next & 0xffff) -
					       ((next & 0x8000) << 1)));
		if (word != 0x0320f809 || at < 8)
			continue;
		if (next >> 16 == 0x3718 && at >= 12)
			high = (uint32_t)get(f->elf, p - 4, 4) << 16;
		else if (next >> 16 != 0x2418 && next >> 16 != 0x3418)
			continue;
		add_stub(f, pc - (high ? 12 : 8), pc + 8,
			 high | (next & 0xffff));
	}
}

static void read_stubs(struct finder *f, const char *name)
{
	struct bytes code;

	if (!load(f->elf, name, &code))
		return;
	if (f->elf->machine == EM_X86_64)
		read_x86_64(f, &code);
	else if (f->elf->machine == EM_AARCH64)
		read_arm64(f, &code);
	else if (f->elf->machine == EM_MIPS)
		read_mips(f, &code);
	free(code.data);
}

static int compare_stubs(const void *a, const void *b)
{
	const struct dwu_plt_stub *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void dwu_plt_open(struct dwu_plt *plt, const struct dwunw_elf *elf)
{
	static const char *const sections[] = { ".plt", ".plt.sec", ".plt.got",
						".MIPS.stubs" };
	struct finder f = { .elf = elf, .plt = plt };

	*plt = (struct dwu_plt){ .stubs = NULL };
	if (load(elf, ".dynsym", &f.symbols) &&
	    load(elf, ".dynstr", &f.strings)) {
		read_relocations(&f, ".rela.plt", true);
		read_relocations(&f, ".rela.dyn", true);
		read_relocations(&f, ".rel.plt", false);
		if (f.slots)
			qsort(f.slots, f.slot_count, sizeof(*f.slots),
			      compare_slots);
		for (size_t i = 0; i < sizeof(sections) / sizeof(*sections);
		     i++)
			read_stubs(&f, sections[i]);
	}
	if (plt->count)
		qsort(plt->stubs, plt->count, sizeof(*plt->stubs),
		      compare_stubs);
	free(f.slots);
	free(f.symbols.data);
	free(f.strings.data);
}

void dwu_plt_close(struct dwu_plt *plt)
{
	while (plt->count)
		free(plt->stubs[--plt->count].name);
	free(plt->stubs);
	*plt = (struct dwu_plt){ .stubs = NULL };
}

const char *dwu_plt_find(const struct dwu_plt *plt, uint64_t vaddr,
			 uint64_t *start)
{
	size_t low = 0, high = plt->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plt->stubs[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || vaddr >= plt->stubs[low - 1].end)
		return NULL;
	*start = plt->stubs[low - 1].start;
	return plt->stubs[low - 1].name;
}
