/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Functions of a file's ELF symbols: of one table, or of a debug file's and the
 * file's own .dynsym. Those without a size end where the other table or the
 * file's CFI knows of another function; and where .dynsym is all there is,
 * which lists some functions only, where their code does.
 *
 * For example, MiniDebugInfo has the local functions of a stripped library,
 * .dynsym the exported ones: an address in memcpy() is between two local
 * symbols, and .dynsym's "memcpy", which starts later and holds it, is the
 * name.
 */
#include "log.h"
#include "names.h"
#include "pages.h"

#include <dwunw/scan.h>
#include <stdio.h>

enum {
	EM_MIPS = 8,
	STT_FUNC = 2,
};

#define TRIES_MAX 8u
/* FDEs that are looked at. */
#define FDE_MAX (1u << 20)
/* Bytes for a scan of code to work with; and symbols that it may read in all:
 * all of them for each that has no size. */
#define SCAN_MEMORY (256u << 10)
#define READ_MAX (1u << 26)

/* What a table may take: twice what is kept of all, so that one fits. */
static uint64_t table_max(const struct dwunw_symbol_config *config)
{
	return config->memory_max * 2;
}

static void tell(const struct dwunw_symbol_config *config, const char *path,
		 uint64_t wanted)
{
	char line[DWU_LOG_LINE];

	if (!config->log || wanted <= table_max(config))
		return;
	snprintf(line, sizeof(line),
		 "%s: its symbols and their names would take %llu bytes, more "
		 "than the bound of %llu (twice memory_max): they are not used",
		 path, (unsigned long long)wanted,
		 (unsigned long long)table_max(config));
	config->log(config->log_ctx, line);
}

/* The core says what it wants; more than table_max() is told and not given. */
static dwunw_status_t read_table(struct dwunw_symtab *tab,
				 const struct dwunw_elf *elf,
				 const struct dwunw_symbol_config *config,
				 const char *path, struct dwunw_arena *arena)
{
	dwunw_status_t status;
	unsigned int tries = 0;

	do {
		dwunw_arena_reset(arena);
		status = dwunw_symtab_open(tab, elf, arena);
		if (status != DWUNW_ERR_NO_MEMORY || tries++ == TRIES_MAX)
			break;
	} while (dwu_pages_grow(arena, table_max(config)) == DWUNW_OK);
	if (status == DWUNW_ERR_NO_MEMORY)
		tell(config, path, arena->wanted);
	if (status != DWUNW_OK)
		dwu_pages_free(arena);
	return status;
}

/*
 * What starts or ends in the other table ends functions without a size in this
 * one.
 */
static void limit_by_table(struct dwunw_symtab *tab,
			   const struct dwunw_symtab *other)
{
	struct dwunw_elf_symbol symbol;

	for (uint32_t i = 0; tab->end_count && i < other->count; i++)
		if (dwunw_symtab_at(other, i, &symbol) == DWUNW_OK)
			dwunw_symtab_limit(tab, symbol.vaddr,
					   symbol.vaddr + symbol.size);
}

/* Copied into an arena: the file may be closed behind it. */
dwunw_status_t dwu_symbols_read(struct dwu_symbols *symbols,
				const struct dwunw_elf *elf,
				const struct dwunw_symbol_config *config,
				const char *path)
{
	return read_table(&symbols->tab, elf, config, path, &symbols->arena);
}

/*
 * A second table is a gain only: where it cannot be read the first one stands.
 */
void dwu_symbols_add(struct dwu_symbols *symbols, const struct dwunw_elf *elf,
		     const struct dwunw_symbol_config *config, const char *path)
{
	if (read_table(&symbols->own, elf, config, path, &symbols->own_arena) !=
	    DWUNW_OK)
		return;
	limit_by_table(&symbols->tab, &symbols->own);
	limit_by_table(&symbols->own, &symbols->tab);
}

/* FDE_MAX records; broken ones are stepped over. */
static void limit_by_cfi(struct dwu_symbols *symbols,
			 const struct dwunw_module *module,
			 const struct dwunw_cfi *cfi)
{
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	dwunw_status_t status;

	if (!cfi->bytes.size)
		return;
	dwunw_fde_cursor_init(&cursor, module, cfi);
	for (uint32_t i = 0; i < FDE_MAX; i++) {
		status = dwunw_fde_next(&cursor, &fde);
		if (status == DWUNW_ERR_BAD_FORMAT)
			continue;
		if (status != DWUNW_OK)
			break;
		dwunw_symtab_limit(&symbols->tab, fde.start, fde.end);
		dwunw_symtab_limit(&symbols->own, fde.start, fde.end);
	}
}

static bool tells_nothing(void *ctx, const struct dwunw_scan_point *point)
{
	(void)ctx;
	(void)point;
	return false;
}

/* Without a scan, or where it finds none: only the start is named. */
static uint64_t end_of(struct dwunw_scan *scan,
		       const struct dwunw_module *module, uint64_t vaddr)
{
	uint64_t start, end = 0;

	if (scan)
		(void)dwunw_scan_function(scan, module, vaddr, 0, &start, &end,
					  tells_nothing, NULL);
	return end > vaddr ? end : vaddr + 1;
}

/*
 * A scan reads all symbols to find bounds: READ_MAX bounds functions times
 * symbols.
 */
static void limit_by_code(struct dwunw_symtab *tab,
			  const struct dwunw_module *module)
{
	size_t size = dwunw_scan_size(SCAN_MEMORY);
	struct dwunw_arena arena = { .base = NULL };
	struct dwunw_scan *scan = NULL;

	if (size > 0 && (uint64_t)tab->end_count * tab->count <= READ_MAX &&
	    dwu_pages_alloc(&arena, size) == DWUNW_OK)
		(void)dwunw_scan_init(&scan, SCAN_MEMORY, &arena);
	for (uint32_t i = 0; i < tab->end_count; i++) {
		uint64_t end = end_of(scan, module, tab->ends[i].start);

		dwunw_symtab_limit(tab, end, end);
	}
	dwu_pages_free(&arena);
}

dwunw_status_t dwu_names_module(struct dwunw_module *module,
				struct dwunw_arena *arena,
				const struct dwunw_source *src,
				const struct dwunw_symbol_config *config)
{
	dwunw_status_t status;
	unsigned int tries = 0;

	do {
		dwunw_arena_reset(arena);
		status = dwunw_module_open(module, src, 1, arena);
		if (status != DWUNW_ERR_NO_MEMORY || tries++ == TRIES_MAX)
			break;
	} while (dwu_pages_grow(arena, config->memory_max) == DWUNW_OK);
	return status;
}

/*
 * Only where some function has no size. The module is opened for this, and
 * closed.
 */
void dwu_symbols_limit(struct dwu_symbols *symbols,
		       const struct dwunw_source *src, bool some,
		       const struct dwunw_symbol_config *config)
{
	struct dwunw_arena arena = { .base = NULL };
	struct dwunw_module module;

	if (!symbols->tab.end_count && !symbols->own.end_count)
		return;
	if (dwu_names_module(&module, &arena, src, config) == DWUNW_OK) {
		limit_by_cfi(symbols, &module, &module.eh);
		limit_by_cfi(symbols, &module, &module.debug);
		if (some)
			limit_by_code(&symbols->tab, &module);
	}
	dwu_pages_free(&arena);
}

/* Is b the one that says more? A size is more than none. */
static bool is_closer(const struct dwunw_elf_symbol *a,
		      const struct dwunw_elf_symbol *b)
{
	if (!a->size != !b->size)
		return b->size != 0;
	return b->vaddr > a->vaddr;
}

/*
 * Of two functions that hold vaddr, the one that starts last: MiniDebugInfo
 * leaves out what .dynsym has.
 */
dwunw_status_t dwu_symbols_by_vaddr(const struct dwu_symbols *symbols,
				    uint64_t vaddr,
				    struct dwunw_elf_symbol *symbol)
{
	struct dwunw_elf_symbol own;
	dwunw_status_t status;

	status = dwunw_symtab_by_vaddr(&symbols->tab, vaddr, symbol);
	if (!symbols->own_arena.size ||
	    dwunw_symtab_by_vaddr(&symbols->own, vaddr, &own) != DWUNW_OK ||
	    (status == DWUNW_OK && !is_closer(symbol, &own)))
		return status;
	*symbol = own;
	return DWUNW_OK;
}

/* A debug file may have it with a version only: "malloc@@GLIBC_2.2.5". */
dwunw_status_t dwu_symbols_by_name(const struct dwu_symbols *symbols,
				   const char *name,
				   struct dwunw_elf_symbol *symbol)
{
	dwunw_status_t status;

	status = dwunw_symtab_by_name(&symbols->tab, name, symbol);
	if (status != DWUNW_OK && symbols->own_arena.size)
		status = dwunw_symtab_by_name(&symbols->own, name, symbol);
	return status;
}

/* Elf32_Sym (gABI 4), mips: the ISA bit, or STO_MICROMIPS (in STO_MIPS16, too). */
static bool is_compressed(const struct dwunw_symtab *tab, uint64_t vaddr)
{
	const uint8_t *at = tab->entries.data;
	size_t big = tab->data == 2 ? 3 : 0;

	if (!tab->isa_mask || tab->elf_class != 1)
		return false;
	for (size_t left = tab->entries.size; left >= 16;
	     left -= 16, at += 16) {
		uint32_t value = (uint32_t)at[4 + (3 ^ big)] << 24 |
				 (uint32_t)at[4 + (2 ^ big)] << 16 |
				 (uint32_t)at[4 + (1 ^ big)] << 8 | at[4 + big];

		if ((value & ~1u) == vaddr && (at[12] & 0xf) == STT_FUNC &&
		    ((value & 1) || (at[13] & 0x80)))
			return true;
	}
	return false;
}

/*
 * MIPS16e or microMIPS: a breakpoint of 32 bits would be another instruction
 * there.
 */
bool dwu_symbols_compressed(const struct dwu_symbols *symbols, uint64_t vaddr)
{
	return is_compressed(&symbols->tab, vaddr) ||
	       (symbols->own_arena.size && is_compressed(&symbols->own, vaddr));
}

uint64_t dwu_symbols_size(const struct dwu_symbols *symbols)
{
	return symbols->arena.size + symbols->own_arena.size;
}

void dwu_symbols_free(struct dwu_symbols *symbols)
{
	dwu_pages_free(&symbols->arena);
	dwu_pages_free(&symbols->own_arena);
}
