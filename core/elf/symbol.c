/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of an ELF symbol table, by address and by name (gABI 4, Symbol
 * Table).
 *
 *	.symtab, else .dynsym, else what PT_DYNAMIC names
 *	  -> order[]: indexes of functions, sorted by address
 *	  -> ends[]: where functions without a size end
 *	address -> the last function that starts at it or before it and reaches it
 *
 * For example, with  0x1000 40 FUNC GLOBAL read,  0x1000 40 FUNC WEAK __read
 * and 0x1028 0 FUNC LOCAL asm_loop:  0x1010 is "read" (global before weak),
 * 0x1030 is "asm_loop", up to the next symbol or the section's end.
 *
 * The table is hostile: symbols may overlap, nest, have sizes of 2^64 or names
 * that go on to the end of the file. Look-ups are bounded (LOOK_BACK,
 * LABELS_BACK), names by the string table, which is cut behind its last 0.
 */
#include "arch/arch.h"
#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/sort.h"
#include "dynamic.h"
#include "elf.h"

enum {
	STT_NOTYPE = 0,
	STT_FUNC = 2,
	STT_GNU_IFUNC = 10,
	STB_LOCAL = 0,
	SHF_EXECINSTR = 4,
	PT_LOAD = 1,
	PF_X = 1,
};

/* Starts of functions that ended before, that a look-up goes back over, however
 * many names each has. */
#define LOOK_BACK 64
/* … and symbols in all: aliases, and those without a size, labels mostly. */
#define LABELS_BACK 4096
/* Bytes up to which the shorter of two names is looked for. */
#define NAME_COMPARED 256

/* sizeof(Elf64_Sym), sizeof(Elf32_Sym); sh_entsize has nothing else to say. */
static size_t entry_size(const struct dwunw_symtab *tab)
{
	return dwu_elf_is_wide(tab->elf_class) ? 24 : 16;
}

/*
 * gABI 4, Symbol Table: Elf32_Sym has st_name, st_value, st_size, st_info,
 * st_other, st_shndx; Elf64_Sym st_name, st_info, st_other, st_shndx, st_value,
 * st_size. The name is not resolved: returns st_name.
 */
static uint32_t symbol_in(const struct dwunw_symtab *tab, const uint8_t *bytes,
			  struct dwunw_elf_symbol *sym)
{
	struct dwu_cursor c =
		dwu_cursor(bytes, entry_size(tab), tab->data == 2);
	uint32_t name = dwu_u32(&c);
	uint8_t info;

	if (dwu_elf_is_wide(tab->elf_class)) {
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
	/* the ISA of a function is no part of its address */
	sym->vaddr &= ~(uint64_t)tab->isa_mask;
	/* ELF32_ST_TYPE and ELF32_ST_BIND, alike in both classes */
	sym->type = info & 0xf;
	sym->bind = info >> 4;
	return name;
}

/* Callers know that index is below the number of whole entries in the table. */
static uint32_t symbol_at(const struct dwunw_symtab *tab, uint32_t index,
			  struct dwunw_elf_symbol *sym)
{
	return symbol_in(tab, tab->entries.data + index * entry_size(tab), sym);
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

/*
 * STT_GNU_IFUNC: its value is the resolver's, which is a function as well.
 * SHN_UNDEF is 0: an import, which is elsewhere.
 */
static bool is_function(const struct dwunw_elf_symbol *sym)
{
	return sym->shndx != 0 &&
	       (sym->type == STT_FUNC || sym->type == STT_GNU_IFUNC);
}

/*
 * Code whose functions are not all declared as such: it ends what it follows.
 *
 * Assembly without .type makes STT_NOTYPE symbols: global ones are entry
 * points, local ones labels in a function (.Lfoo never gets here), as $x and $d
 * of arm64.
 */
static bool is_start(const struct dwunw_elf_symbol *sym)
{
	return is_function(sym) || (sym->shndx != 0 && sym->bind != STB_LOCAL &&
				    sym->type == STT_NOTYPE);
}

static dwu_place_t vaddr_at(const struct dwunw_symtab *tab, uint32_t index)
{
	struct dwunw_elf_symbol sym;

	(void)symbol_at(tab, index, &sym);
	return (dwu_place_t)sym.vaddr;
}

#if !IS_ON(CONFIG_ARCH_32BIT_ONLY)
/*
 * One digit of 8 bits, the others as they are. False: all have the same.
 *
 * Counting sort: how many have each digit, where the first of each goes, then
 * all of them in the order in which they stand.
 */
static bool sort_digit(const struct dwunw_symtab *tab, const uint32_t *from,
		       uint32_t *to, uint32_t digit)
{
	uint32_t counts[256] = { 0 }, sum = 0, held, i;

	for (i = 0; i < tab->count; i++)
		counts[vaddr_at(tab, from[i]) >> digit & 0xff]++;
	for (i = 0; i < 256; i++) {
		if (counts[i] == tab->count)
			return false;
		held = counts[i];
		counts[i] = sum;
		sum += held;
	}
	for (i = 0; i < tab->count; i++)
		to[counts[vaddr_at(tab, from[i]) >> digit & 0xff]++] = from[i];
	return true;
}

/* Radix sort: large files have millions, whose heapsort takes ten seconds. */
static void sort_functions(struct dwunw_symtab *tab, uint32_t *order)
{
	uint32_t *from = order, *to = order + tab->count, *held, digit, i;

	/* Stable, from the lowest digit to the highest: Knuth 5.2.5. Digits
	 * that all addresses share are skipped, which leaves three or four
	 * passes. */
	for (digit = 0; digit < 64; digit += 8)
		if (sort_digit(tab, from, to, digit)) {
			held = from;
			from = to;
			to = held;
		}
	for (i = 0; from != order && i < tab->count; i++)
		order[i] = from[i];
}
#define ORDERS 2u
#define IN_ORDER true
#else
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

/* A router's tables are small and its memory too: no second array, in place. */
static void sort_functions(struct dwunw_symtab *tab, uint32_t *order)
{
	dwu_sort(&(struct dwu_sort){
		.ctx = &(struct ordering){ .tab = tab, .order = order },
		.count = tab->count,
		.before = before,
		.swap = swap });
}
#define ORDERS 1u
#define IN_ORDER false
#endif

/*
 * .symtab lists all functions, .dynsym those that others may call. sh_link of
 * either is its string table (gABI 4, sh_link and sh_info).
 */
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

/* `order` has room for all symbols; imports and objects are left out. */
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
	sort_functions(tab, order);
	tab->order = order;
}

/* --- where functions without a size end ------------------------------------- */

/*
 * Assembly without .size. Such a function goes on to the next symbol, or to the
 * end of its code.
 */
static bool has_no_size(const struct dwunw_elf_symbol *sym)
{
	return is_function(sym) && sym->size == 0;
}

/* Before the table is loaded: an arena is asked once. */
static uint32_t count_sizeless(const struct dwunw_symtab *tab,
			       const struct dwunw_elf *elf,
			       const struct dwunw_section *symbols,
			       uint32_t total)
{
	struct dwu_window window = { .src = &elf->src };
	size_t size = entry_size(tab);
	struct dwunw_elf_symbol sym;
	const uint8_t *bytes;
	uint32_t count = 0, i;

	for (i = 0; i < total; i++) {
		bytes = dwu_window_at(&window, symbols->off + i * size, size);
		if (!bytes)
			break;
		(void)symbol_in(tab, bytes, &sym);
		count += has_no_size(&sym);
	}
	return count;
}

/* The last of ends[] that starts before vaddr; NULL: none. */
static struct dwunw_symbol_end *end_before(const struct dwunw_symtab *tab,
					   dwu_place_t vaddr)
{
	uint32_t low = 0, high = tab->end_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if ((dwu_place_t)tab->ends[middle].start < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &tab->ends[low - 1] : NULL;
}

/* Whatever begins at `end` ends what began before it and goes further. */
static void cut(const struct dwunw_symtab *tab, dwu_place_t end)
{
	struct dwunw_symbol_end *at = end_before(tab, end);

	if (at && (dwu_place_t)at->end > end)
		at->end = end;
}

/*
 * Also for callers who know of functions that the table has not: [start, end)
 * is one, and both its ends are ends for others.
 */
void dwunw_symtab_limit(struct dwunw_symtab *tab, uint64_t start, uint64_t end)
{
	if (!tab || tab->end_count == 0)
		return;
	cut(tab, (dwu_place_t)start);
	cut(tab, (dwu_place_t)end);
}

/*
 * By address: what is looked for is near what was.
 *
 * Binary searches of neighbours touch the same cache lines.
 */
static void limit_in_order(struct dwunw_symtab *tab)
{
	struct dwunw_elf_symbol sym;
	uint32_t i;

	for (i = 0; i < tab->count; i++) {
		(void)symbol_at(tab, tab->order[i], &sym);
		dwunw_symtab_limit(tab, sym.vaddr, sym.vaddr + sym.size);
	}
}

/* Nothing goes on beyond its section or segment, named or not. */
static void limit_by_code(struct dwunw_symtab *tab, const struct dwunw_elf *elf)
{
	struct dwu_window window = { .src = &elf->src };
	struct dwunw_program_header head;
	struct dwunw_section section;
	uint32_t i, name;

	for (i = 0; i < elf->section_count; i++)
		if (dwu_elf_section_header(elf, &window, i, &section, &name) ==
			    DWUNW_OK &&
		    (section.flags & SHF_EXECINSTR) != 0)
			dwunw_symtab_limit(tab, section.vaddr,
					   section.vaddr + section.size);
	for (i = 0; i < elf->program_count; i++)
		if (dwunw_elf_program_header(elf, i, &head) == DWUNW_OK &&
		    head.type == PT_LOAD && (head.at.flags & PF_X) != 0)
			dwunw_symtab_limit(tab, head.at.vaddr,
					   head.at.vaddr + head.at.mem_size);
}

/*
 * The file may have changed since they were counted: `room` is what is there.
 *
 * ends[] is in order since order[] is; equal addresses get one entry.
 */
static void find_ends(struct dwunw_symtab *tab, const struct dwunw_elf *elf,
		      uint32_t room, uint32_t total)
{
	struct dwunw_symbol_end *ends = tab->ends;
	struct dwunw_elf_symbol sym;
	uint32_t i;

	for (i = 0; i < tab->count && tab->end_count < room; i++) {
		(void)symbol_at(tab, tab->order[i], &sym);
		if (has_no_size(&sym) &&
		    (tab->end_count == 0 ||
		     ends[tab->end_count - 1].start != sym.vaddr))
			ends[tab->end_count++] =
				(struct dwunw_symbol_end){ .start = sym.vaddr,
							   .end = UINT64_MAX };
	}
	if (tab->end_count == 0)
		return;
	if (IN_ORDER)
		limit_in_order(tab);
	for (i = 0; i < total; i++) {
		(void)symbol_at(tab, i, &sym);
		if (is_start(&sym) && !(IN_ORDER && is_function(&sym)))
			dwunw_symtab_limit(tab, sym.vaddr,
					   sym.vaddr + sym.size);
	}
	limit_by_code(tab, elf);
}

/*
 * Everything that the table keeps is taken from the arena here, after one
 * question. `total` is below 2^32 / 16, so the products do not wrap.
 */
static dwunw_status_t load(struct dwunw_symtab *tab,
			   const struct dwunw_elf *elf,
			   const struct dwunw_section *symbols,
			   const struct dwunw_section *strings, uint32_t total,
			   struct dwunw_arena *arena)
{
	uint32_t *order, sizeless = count_sizeless(tab, elf, symbols, total);
	size_t orders = (size_t)ORDERS * total;
	uint64_t need = dwu_elf_load_size(elf, symbols) +
			dwu_elf_load_size(elf, strings) +
			dwu_arena_round(orders * sizeof(*order)) +
			dwu_arena_round(sizeless * sizeof(*tab->ends));
	dwunw_status_t status;

	if (!dwu_arena_fits(arena, need))
		return DWUNW_ERR_NO_MEMORY;
	status = dwu_elf_load(elf, symbols, arena, &tab->entries);
	if (status == DWUNW_OK)
		status = dwu_elf_load(elf, strings, arena, &tab->strings);
	if (status != DWUNW_OK)
		return status;
	/* every name ends inside the table from here on: it is cut behind its
	 * last 0 */
	while (tab->strings.size > 0 &&
	       tab->strings.data[tab->strings.size - 1] != '\0')
		tab->strings.size--;
	order = dwunw_arena_alloc(arena, orders * sizeof(*order));
	tab->ends = dwunw_arena_alloc(arena, sizeless * sizeof(*tab->ends));
	if (!order || !tab->ends)
		return DWUNW_ERR_NO_MEMORY;
	order_functions(tab, order, total);
	find_ends(tab, elf, sizeless, total);
	return DWUNW_OK;
}

/* What is the ISA of a function in the low bits of its value. */
static uint8_t isa_mask(const struct dwunw_elf *elf)
{
	const struct dwunw_arch_ops *arch =
		dwu_arch_of(elf->machine, elf->elf_class, elf->data);

	return arch && arch->machine == elf->machine ? arch->isa_mask : 0;
}

/*
 * The table keeps no pointer to *elf: only to the arena, or to the source's
 * view.
 */
dwunw_status_t dwunw_symtab_open(struct dwunw_symtab *tab,
				 const struct dwunw_elf *elf,
				 struct dwunw_arena *arena)
{
	struct dwunw_section symbols, strings;
	uint32_t total;
	dwunw_status_t status;

	if (!tab || !elf || !arena)
		return DWUNW_ERR_INVALID_ARG;
	*tab = (struct dwunw_symtab){ .elf_class = elf->elf_class,
				      .data = elf->data,
				      .isa_mask = isa_mask(elf) };
	status = find_tables(elf, &symbols, &strings);
	if (status != DWUNW_OK)
		return status;
	if (symbols.size > UINT32_MAX)
		return DWUNW_ERR_BAD_FORMAT;
	total = (uint32_t)symbols.size / (uint32_t)entry_size(tab);
	if (total == 0)
		return DWUNW_ERR_NO_DEBUG_DATA;
	return load(tab, elf, &symbols, &strings, total, arena);
}

/* The first of order[] that starts after vaddr. */
static uint32_t upper_bound(const struct dwunw_symtab *tab, dwu_place_t vaddr)
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

/*
 * Of two names for one address, is `b` the one to print?
 *
 * Global before weak before local; then the shorter name ("read" before
 * "__read"). STB_GNU_UNIQUE is 10, and 10 & 3 is 2: as weak.
 */
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

/* Takes sym if it is the better one, or the first. */
static void take_better(struct dwunw_elf_symbol *best, bool *found,
			const struct dwunw_elf_symbol *sym)
{
	if (!*found || better(best, sym))
		*best = *sym;
	*found = true;
}

/*
 * Goes back from order[i - 1]; the size says where a function ends.
 *
 * A function of the nearest start wins: the innermost of nested ones, and of
 * several at one address the better one.
 */
static bool by_size(const struct dwunw_symtab *tab, dwu_place_t vaddr,
		    uint32_t i, struct dwunw_elf_symbol *sym)
{
	struct dwunw_elf_symbol other;
	dwu_place_t last = 0;
	uint32_t ended = 0, seen = 0;
	bool found = false;

	/* Functions may nest or overlap (hand-written assembly), so one that
	 * ended does not end the search; a hostile table's search ends at the
	 * bounds. */
	while (i-- > 0 && ended < LOOK_BACK && seen++ < LABELS_BACK) {
		other.name =
			name_at(tab, symbol_at(tab, tab->order[i], &other));
		if (found &&
		    (dwu_place_t)other.vaddr != (dwu_place_t)sym->vaddr)
			break;
		if (other.size == 0)
			continue;
		if (vaddr - (dwu_place_t)other.vaddr <
		    (dwu_place_t)other.size) {
			take_better(sym, &found, &other);
			continue;
		}
		ended += (dwu_place_t)other.vaddr != last;
		last = (dwu_place_t)other.vaddr;
	}
	return found;
}

/*
 * … of those without a size: end_before(vaddr + 1) is the last that starts at
 * vaddr or before it.
 */
static bool by_end(const struct dwunw_symtab *tab, dwu_place_t vaddr,
		   uint32_t i, struct dwunw_elf_symbol *sym)
{
	const struct dwunw_symbol_end *end = end_before(tab, vaddr + 1);
	struct dwunw_elf_symbol other;
	uint32_t labels = 0;
	bool found = false;

	if (!end || vaddr >= (dwu_place_t)end->end)
		return false;
	while (i-- > 0 && labels++ < LABELS_BACK) {
		other.name =
			name_at(tab, symbol_at(tab, tab->order[i], &other));
		if ((dwu_place_t)other.vaddr != (dwu_place_t)end->start)
			break;
		if (other.size == 0)
			take_better(sym, &found, &other);
	}
	return found;
}

/*
 * place == vaddr: an address beyond 32 bits is in no function of a 32-bit file.
 */
dwunw_status_t dwunw_symtab_by_vaddr(const struct dwunw_symtab *tab,
				     uint64_t vaddr,
				     struct dwunw_elf_symbol *sym)
{
	dwu_place_t place = (dwu_place_t)vaddr;
	uint32_t i;

	if (!tab || !sym)
		return DWUNW_ERR_INVALID_ARG;
	i = upper_bound(tab, place);
	if (place == vaddr &&
	    (by_size(tab, place, i, sym) || by_end(tab, place, i, sym)))
		return DWUNW_OK;
	return DWUNW_ERR_NO_DEBUG_DATA;
}

/* Of several, as a linker would: one that other files see. */
dwunw_status_t dwunw_symtab_by_name(const struct dwunw_symtab *tab,
				    const char *name,
				    struct dwunw_elf_symbol *sym)
{
	struct dwunw_elf_symbol other;
	bool found = false;
	uint32_t i, at;

	if (!tab || !name || !sym)
		return DWUNW_ERR_INVALID_ARG;
	for (i = 0; i < tab->count; i++) {
		at = symbol_at(tab, tab->order[i], &other);
		if (!name_is(tab, at, name))
			continue;
		other.name = name_at(tab, at);
		take_better(sym, &found, &other);
	}
	return found ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA;
}

dwunw_status_t dwunw_symtab_at(const struct dwunw_symtab *tab, uint32_t index,
			       struct dwunw_elf_symbol *sym)
{
	if (!tab || !sym || index >= tab->count)
		return DWUNW_ERR_INVALID_ARG;
	sym->name = name_at(tab, symbol_at(tab, tab->order[index], sym));
	return DWUNW_OK;
}
