/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names of stubs that lead to other files' functions: "puts@plt". They have no
 * symbols: the code of a stub names a slot of the global offset table, the
 * relocation of that slot the function; the stubs of mips32 name the symbol by
 * its number. What a stub looks like is the target's (arch/hosted.h).
 *
 * For example, x86_64, /bin/true: .plt has at 0x2030 jmp *0x6fca(%rip), which
 * is slot 0x9000; .rela.plt has R_X86_64_JUMP_SLOT { 0x9000, symbol 1 };
 * .dynsym[1] is "free". So [0x2030, 0x2040) is "free@plt".
 *
 * Sections are read whole, SECTION_MAX bytes of each at most; names are copied.
 */
#include "names.h"
#include "shortage.h"

#include "arch/hosted.h"

#include <stdlib.h>
#include <string.h>

#define SECTION_MAX ((uint64_t)16 << 20)
#define NAME_SIZE_MAX 4096u

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
	const struct dwu_stub_form *form;
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

/* ELFCLASS64: Elf64_Rela, Elf64_Sym. */
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

/*
 * gABI 4, Relocation: r_offset, r_info, r_addend where there is one. The symbol
 * is the upper part of r_info: 32 bits of 64, 24 of 32.
 */
static void read_relocations(struct finder *f, const char *name, bool addend)
{
	size_t word = wide(f) ? 8 : 4, size = (addend ? 3 : 2) * word;
	struct bytes table;
	struct slot *more;

	if (!load(f->elf, name, &table))
		return;
	more = dwu_realloc(f->slots, (f->slot_count + table.size / size + 1) *
					     sizeof(*more));
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

/*
 * st_name of a .dynsym entry; NULL: there is no such symbol, or no name that
 * ends.
 */
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

/* Without memory a stub has no name, and nothing else is lost. */
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

/*
 * The slot that the code names must be one of a relocation: data that looks
 * like a stub names none.
 */
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

/*
 * Each place where a stub may begin, `step` bytes apart: a section may have
 * fill in it.
 */
static void read_stubs(struct finder *f, const char *name)
{
	const struct dwu_stub_form *form = f->form;
	struct dwu_stub_code code = {
		.big_endian = f->elf->data == 2,
	};
	struct dwu_stub stub;
	struct bytes bytes;

	if (!load(f->elf, name, &bytes))
		return;
	code.bytes = bytes.data;
	code.size = bytes.size;
	code.vaddr = bytes.vaddr;
	for (size_t at = 0; code.size - at >= 8; at += form->step) {
		stub = (struct dwu_stub){ .slot = 0 };
		if (!form->stub(&code, at, &stub))
			continue;
		if (stub.slot)
			add_by_slot(f, stub.start, stub.end, stub.slot);
		else
			add_stub(f, stub.start, stub.end, stub.symbol);
	}
	free(bytes.data);
}

static int compare_stubs(const void *a, const void *b)
{
	const struct dwu_plt_stub *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Nothing to close where nothing was found. */
void dwu_plt_open(struct dwu_plt *plt, const struct dwunw_elf *elf)
{
	static const char *const sections[] = { ".plt", ".plt.sec",
						".plt.got" };
	const struct dwu_hosted *hosted = dwu_hosted_of(
		dwunw_arch_by_elf(elf->machine, elf->elf_class, elf->data));
	struct finder f = { .elf = elf, .plt = plt };

	*plt = (struct dwu_plt){ .stubs = NULL };
	if (!hosted || !hosted->stubs)
		return;
	f.form = hosted->stubs;
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
		if (f.form->section)
			read_stubs(&f, f.form->section);
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

/* The last stub that starts at vaddr or before it, if it reaches that far. */
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
