/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Functions of an ELF symbol table, by address and by name (gABI 4). */
#include "arena.h"
#include "bytes.h"
#include "dynamic.h"
#include "elf.h"
#include "sort.h"

enum {
	STT_FUNC = 2,
	STT_GNU_IFUNC = 10,
	EM_MIPS = 8,
};

/* Aliases, and functions that ended before, that a look-up goes back over. */
#define LOOK_BACK 64
/* Bytes up to which the shorter of two names is looked for. */
#define NAME_COMPARED 256

static size_t entry_size(const struct dwunw_symtab *tab)
{
	return tab->elf_class == 2 ? 24 : 16;
}

/* The name is not resolved: returns st_name. */
static uint32_t symbol_at(const struct dwunw_symtab *tab, uint32_t index,
			  struct dwunw_elf_symbol *sym)
{
	struct dwu_cursor c =
		dwu_cursor(tab->entries.data + index * entry_size(tab),
			   entry_size(tab), tab->data == 2);
	uint32_t name = dwu_u32(&c);
	uint8_t info;

	if (tab->elf_class == 2) {
		info = dwu_u8(&c);
		(void)dwu_u8(&c);
		sym->shndx = dwu_u16(&c);
		sym->vaddr = dwu_u64(&c);
		sym->size = dwu_u64(&c);
	} else {
		sym->vaddr = dwu_u32(&c);
		sym->size = dwu_u32(&c);
		info = dwu_u8(&c);
		(void)dwu_u8(&c);
		sym->shndx = dwu_u16(&c);
	}
	/* the ISA bit of MIPS16 and microMIPS functions is no address */
	if (tab->machine == EM_MIPS)
		sym->vaddr &= ~1ull;
	sym->type = info & 0xf;
	sym->bind = info >> 4;
	return name;
}

/* dwunw_symtab_open() has made sure that the last string ends. */
static const char *name_at(const struct dwunw_symtab *tab, uint32_t name)
{
	if (name >= tab->strings.size)
		return "";
	return (const char *)tab->strings.data + name;
}

/* Costs what the wanted name is long, whatever the table's names are. */
static bool name_is(const struct dwunw_symtab *tab, uint32_t name,
		    const char *wanted)
{
	size_t at = name;

	for (; at < tab->strings.size; at++, wanted++) {
		if ((char)tab->strings.data[at] != *wanted)
			return false;
		if (!*wanted)
			return true;
	}
	return false;
}

static bool is_function(const struct dwunw_elf_symbol *sym)
{
	return sym->shndx != 0 &&
	       (sym->type == STT_FUNC || sym->type == STT_GNU_IFUNC);
}

static uint64_t vaddr_at(const struct dwunw_symtab *tab, uint32_t index)
{
	struct dwunw_elf_symbol sym;

	(void)symbol_at(tab, index, &sym);
	return sym.vaddr;
}

/* A symbol table while its functions are put in order. */
struct ordering {
	const struct dwunw_symtab *tab;
	uint32_t *order;
};

static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct ordering *o = ctx;

	return vaddr_at(o->tab, o->order[a]) < vaddr_at(o->tab, o->order[b]);
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	const struct ordering *o = ctx;
	uint32_t held = o->order[a];

	o->order[a] = o->order[b];
	o->order[b] = held;
}

static dwunw_status_t find_tables(const struct dwunw_elf *elf,
				  struct dwunw_section *symbols,
				  struct dwunw_section *strings)
{
	char name[1];
	dwunw_status_t status =
		dwu_elf_section_by_type(elf, DWU_SHT_SYMTAB, symbols);

	if (status == DWUNW_OK && symbols->size == 0)
		status = dwu_elf_section_by_type(elf, DWU_SHT_DYNSYM, symbols);
	if (status == DWUNW_OK && elf->section_count == 0) {
		status = dwu_dynamic_symbols(elf, symbols, strings);
		return status == DWUNW_OK && symbols->size == 0 ?
			       DWUNW_ERR_NO_DEBUG_DATA :
			       status;
	}
	if (status != DWUNW_OK)
		return status;
	if (symbols->size == 0)
		return DWUNW_ERR_NO_DEBUG_DATA;
	status = dwunw_elf_section_at(elf, symbols->link, strings, name, 1);
	if (status != DWUNW_OK || strings->off > elf->src.size ||
	    strings->size > elf->src.size - strings->off)
		return DWUNW_ERR_BAD_FORMAT;
	return DWUNW_OK;
}

static void order_functions(struct dwunw_symtab *tab, uint32_t *order,
			    uint32_t total)
{
	struct dwunw_elf_symbol sym;
	uint32_t i;

	for (i = 0; i < total; i++) {
		(void)symbol_at(tab, i, &sym);
		if (is_function(&sym))
			order[tab->count++] = i;
	}
	dwu_sort(&(struct dwu_sort){
		.ctx = &(struct ordering){ .tab = tab, .order = order },
		.count = tab->count,
		.before = before,
		.swap = swap });
	tab->order = order;
}

dwunw_status_t dwunw_symtab_open(struct dwunw_symtab *tab,
				 const struct dwunw_elf *elf,
				 struct dwunw_arena *arena)
{
	struct dwunw_section symbols, strings;
	uint32_t *order, total;
	uint64_t need;
	dwunw_status_t status;

	if (!tab || !elf || !arena)
		return DWUNW_ERR_INVALID_ARG;
	*tab = (struct dwunw_symtab){ .elf_class = elf->elf_class,
				      .data = elf->data,
				      .machine = elf->machine };
	status = find_tables(elf, &symbols, &strings);
	if (status != DWUNW_OK)
		return status;
	if (symbols.size > UINT32_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	total = (uint32_t)symbols.size / (uint32_t)entry_size(tab);
	if (total == 0)
		return DWUNW_ERR_NO_DEBUG_DATA;
	need = dwu_elf_load_size(elf, &symbols) +
	       dwu_elf_load_size(elf, &strings) +
	       dwu_arena_round(total * sizeof(*order));
	if (!dwu_arena_fits(arena, need))
		return DWUNW_ERR_NO_MEMORY;
	status = dwu_elf_load(elf, &symbols, arena, &tab->entries);
	if (status == DWUNW_OK)
		status = dwu_elf_load(elf, &strings, arena, &tab->strings);
	if (status != DWUNW_OK)
		return status;
	while (tab->strings.size > 0 &&
	       tab->strings.data[tab->strings.size - 1] != '\0')
		tab->strings.size--;
	order = dwunw_arena_alloc(arena, total * sizeof(*order));
	if (!order)
		return DWUNW_ERR_NO_MEMORY;
	order_functions(tab, order, total);
	return DWUNW_OK;
}

/* The first of order[] that starts after vaddr. */
static uint32_t upper_bound(const struct dwunw_symtab *tab, uint64_t vaddr)
{
	uint32_t low = 0, high = tab->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (vaddr_at(tab, tab->order[middle]) <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of two names for one address, is `b` the one to print? */
static bool better(const struct dwunw_elf_symbol *a,
		   const struct dwunw_elf_symbol *b)
{
	static const uint8_t rank[4] = { 0, 2, 1, 0 }; /* local global weak */
	uint8_t rank_a = rank[a->bind & 3], rank_b = rank[b->bind & 3];
	size_t i = 0;

	if (rank_a != rank_b)
		return rank_b > rank_a;
	while (i < NAME_COMPARED && a->name[i] && b->name[i])
		i++;
	return a->name[i] && !b->name[i];
}

/* `last` is where the last function that starts at vaddr or before starts. */
static bool holds(const struct dwunw_elf_symbol *sym, uint64_t vaddr,
		  uint64_t last)
{
	return sym->size == 0 ? sym->vaddr == last :
				vaddr - sym->vaddr < sym->size;
}

dwunw_status_t dwunw_symtab_by_vaddr(const struct dwunw_symtab *tab,
				     uint64_t vaddr,
				     struct dwunw_elf_symbol *sym)
{
	struct dwunw_elf_symbol other;
	uint64_t last;
	bool found = false;
	uint32_t i, tries;

	if (!tab || !sym)
		return DWUNW_ERR_INVALID_ARG;
	i = upper_bound(tab, vaddr);
	if (i == 0)
		return DWUNW_ERR_NO_DEBUG_DATA;
	last = vaddr_at(tab, tab->order[i - 1]);
	for (tries = 0; i > 0 && tries < LOOK_BACK; tries++) {
		i--;
		other.name = name_at(tab, symbol_at(tab, tab->order[i],
						    &other));
		if (found && other.vaddr != sym->vaddr)
			break;
		if (!holds(&other, vaddr, last))
			continue;
		if (!found || better(sym, &other))
			*sym = other;
		found = true;
	}
	return found ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA;
}

dwunw_status_t dwunw_symtab_by_name(const struct dwunw_symtab *tab,
				    const char *name,
				    struct dwunw_elf_symbol *sym)
{
	uint32_t i, at;

	if (!tab || !name || !sym)
		return DWUNW_ERR_INVALID_ARG;
	for (i = 0; i < tab->count; i++) {
		at = symbol_at(tab, tab->order[i], sym);
		if (name_is(tab, at, name)) {
			sym->name = name_at(tab, at);
			return DWUNW_OK;
		}
	}
	return DWUNW_ERR_NO_DEBUG_DATA;
}
