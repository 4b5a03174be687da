/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names for addresses: one symbol table for each path, the least recently
 * used one goes first. Names handed out are copies of their own.
 */
#include "debug.h"

#include <dwunw/symbols.h>

#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((uint64_t)64 << 20)
#define FILE_SIZE_DEFAULT ((uint64_t)4 << 30)
#define TABLE_MAX 4096u /* also of files without symbols */
#define NAME_MAX_SIZE 65536u
#define NAME_BUCKETS 1024u

struct table {
	struct table *next;
	char *path;
	struct dwu_file_id id;
	struct dwunw_symtab tab;
	struct dwunw_symtab own; /* .dynsym, where tab is a debug file's */
	struct dwunw_arena arena;
	struct dwunw_arena own_arena;
	uint64_t batch; /* in which the file was last looked at */
	uint64_t build_id_hash;
	dwunw_status_t status;
};

/* One name, in the bucket of its hash. */
struct name {
	struct name *next;
	char text[];
};

struct dwunw_symbol_store {
	struct table *first; /* least recently used last */
	uint32_t table_count;
	uint64_t table_bytes;
	uint64_t name_bytes;
	uint64_t batch;
	struct name *names[NAME_BUCKETS];
};

/* --- names ---------------------------------------------------------------------- */

/* A name in .symtab may end in its version, after '@'. */
static size_t name_size(const char *text)
{
	size_t size = strnlen(text, NAME_MAX_SIZE);
	const char *at = size ? memchr(text + 1, '@', size - 1) : NULL;

	return at ? (size_t)(at - text) : size;
}

/* NULL: no memory, or more names than the configured bound of memory. */
static const char *keep_name(struct dwunw_symbol_resolver *resolver,
			     const char *text)
{
	struct dwunw_symbol_store *store = resolver->store;
	size_t size = name_size(text);
	struct name **bucket =
		&store->names[dwu_hash(text, size) % NAME_BUCKETS];
	struct name *name;

	for (name = *bucket; name; name = name->next)
		if (!strncmp(name->text, text, size) && !name->text[size])
			return name->text;
	if (store->name_bytes + size > resolver->config.memory_max)
		return NULL;
	name = malloc(sizeof(*name) + size + 1);
	if (!name)
		return NULL;
	memcpy(name->text, text, size);
	name->text[size] = 0;
	name->next = *bucket;
	*bucket = name;
	store->name_bytes += sizeof(*name) + size + 1;
	return name->text;
}

static void free_names(struct dwunw_symbol_store *store)
{
	for (uint32_t i = 0; i < NAME_BUCKETS; i++)
		while (store->names[i]) {
			struct name *name = store->names[i];

			store->names[i] = name->next;
			free(name);
		}
}

/* --- one file --------------------------------------------------------------------- */

/* An ELF file that is open for the time of a call. */
struct opened {
	struct dwu_file file;
	struct dwunw_elf elf;
};

static dwunw_status_t open_elf(const struct dwunw_symbol_resolver *resolver,
			       const char *path, struct opened *opened)
{
	struct dwunw_source src;
	dwunw_status_t status;

	status = dwu_file_open(&opened->file, "", path, DWU_FOLLOW_ALL,
			       resolver->config.file_size_max);
	if (status != DWUNW_OK)
		return status;
	dwu_file_source(&opened->file, &src);
	status = dwunw_elf_open(&opened->elf, &src, NULL);
	if (status != DWUNW_OK)
		dwu_file_close(&opened->file);
	return status;
}

static dwunw_status_t read_symtab(const struct dwunw_elf *elf,
				  struct dwunw_symtab *tab,
				  struct dwunw_arena *arena)
{
	dwunw_status_t status;
	unsigned int tries = 0;

	do {
		dwunw_arena_reset(arena);
		status = dwunw_symtab_open(tab, elf, arena);
		if (status != DWUNW_ERR_NO_MEMORY || tries++ == 8)
			break;
	} while (dwu_pages_grow(arena) == DWUNW_OK);
	return status;
}

static dwunw_status_t read_symbols(struct table *table,
				   const struct dwunw_elf *elf)
{
	return read_symtab(elf, &table->tab, &table->arena);
}

static bool has_symtab(const struct dwunw_elf *elf)
{
	struct dwunw_section section;

	return dwunw_elf_section(elf, ".symtab", &section) == DWUNW_OK;
}

/*
 * Does the configured debug file speak for this one? Where no path says so,
 * equal build ids do, or that there are no other symbols at all.
 */
static bool debug_file_fits(const struct dwunw_symbol_resolver *resolver,
			    const struct table *table,
			    const struct dwunw_elf *elf,
			    const struct dwunw_elf *debug)
{
	const char *module = resolver->config.debug_module;
	struct dwunw_section section;

	if (module)
		return !strcmp(module, table->path);
	if (has_symtab(elf))
		return false;
	return dwu_build_id_compare(elf, debug) == 0 ||
	       dwunw_elf_section(elf, ".dynsym", &section) != DWUNW_OK;
}

static bool read_debug_file(const struct dwunw_symbol_resolver *resolver,
			    struct table *table, const struct dwunw_elf *elf)
{
	const char *path = resolver->config.debug_file;
	struct opened debug;
	bool done = false;

	if (!path || open_elf(resolver, path, &debug) != DWUNW_OK)
		return false;
	if (debug_file_fits(resolver, table, elf, &debug.elf))
		done = read_symbols(table, &debug.elf) == DWUNW_OK;
	dwu_file_close(&debug.file);
	return done;
}

/* The symbols of its debug file, if there is one and it has none itself. */
static bool find_symbols(const struct dwunw_symbol_resolver *resolver,
			 struct table *table, const struct opened *opened)
{
	const struct dwu_debug_search search = {
		.elf = &opened->elf,
		.file = &opened->file,
		.path = table->path,
		.dirs = resolver->config.debug_dirs,
		.sysroot = resolver->config.sysroot,
		.log = resolver->config.log,
		.log_ctx = resolver->config.log_ctx,
		.file_size_max = resolver->config.file_size_max,
		.need = DWU_DEBUG_SYMBOLS,
	};
	struct dwu_debug debug;
	bool done;

	if (!dwu_debug_find(&search, &debug))
		return false;
	done = read_symbols(table, &debug.elf) == DWUNW_OK;
	if (done && read_symtab(&opened->elf, &table->own, &table->own_arena) !=
			    DWUNW_OK)
		dwu_pages_free(&table->own_arena);
	dwu_debug_close(&debug);
	return done;
}

static void load(const struct dwunw_symbol_resolver *resolver,
		 struct table *table)
{
	struct opened opened;

	table->status = open_elf(resolver, table->path, &opened);
	if (table->status != DWUNW_OK)
		return;
	table->id = opened.file.id;
	table->build_id_hash = dwu_build_id_hash(&opened.elf);
	if (!read_debug_file(resolver, table, &opened.elf) &&
	    !find_symbols(resolver, table, &opened))
		table->status = read_symbols(table, &opened.elf);
	if (table->status != DWUNW_OK)
		dwu_pages_free(&table->arena);
	dwu_file_close(&opened.file);
}

/* --- tables ------------------------------------------------------------------------ */

static uint64_t table_size(const struct table *table)
{
	return table->arena.size + table->own_arena.size;
}

static void free_table(struct dwunw_symbol_store *store, struct table *table)
{
	store->table_bytes -= table_size(table);
	store->table_count--;
	dwu_pages_free(&table->arena);
	dwu_pages_free(&table->own_arena);
	free(table->path);
	free(table);
}

/* All but the first, which is in use. */
static void keep_within(struct dwunw_symbol_resolver *resolver)
{
	struct dwunw_symbol_store *store = resolver->store;

	while (store->first && store->first->next &&
	       (store->table_bytes > resolver->config.memory_max ||
		store->table_count > TABLE_MAX)) {
		struct table **last = &store->first->next;

		while ((*last)->next)
			last = &(*last)->next;
		free_table(store, *last);
		*last = NULL;
	}
}

/* Takes it out of the list. */
static struct table *take(struct dwunw_symbol_store *store, const char *path)
{
	struct table **at = &store->first;
	struct table *table;

	while (*at && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	table = *at;
	if (table)
		*at = table->next;
	return table;
}

/*
 * Looked at once in a batch. A file that cannot be seen any more (its process
 * is gone) keeps the table it had.
 */
static bool is_current(const struct dwunw_symbol_store *store,
		       struct table *table)
{
	struct dwu_file_id id;

	if (table->batch == store->batch)
		return true;
	table->batch = store->batch;
	if (dwu_file_stat(table->path, &id) != DWUNW_OK)
		return true;
	return dwu_file_id_same(&id, &table->id);
}

static struct table *new_table(struct dwunw_symbol_resolver *resolver,
			       const char *path)
{
	struct dwunw_symbol_store *store = resolver->store;
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->path = strdup(path);
	if (!table->path) {
		free(table);
		return NULL;
	}
	table->batch = store->batch;
	load(resolver, table);
	store->table_bytes += table_size(table);
	store->table_count++;
	return table;
}

/* The table of path, loaded; NULL: no memory. Valid until the next call. */
static struct table *table_of(struct dwunw_symbol_resolver *resolver,
			      const char *path)
{
	struct dwunw_symbol_store *store = resolver->store;
	struct table *table = take(store, path);

	if (table && !is_current(store, table)) {
		free_table(store, table);
		table = NULL;
	}
	if (!table)
		table = new_table(resolver, path);
	if (!table)
		return NULL;
	table->next = store->first;
	store->first = table;
	keep_within(resolver);
	return table;
}

/* --- public -------------------------------------------------------------------------- */

dwunw_status_t
dwunw_symbol_resolver_init(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_config *cfg)
{
	if (!resolver)
		return DWUNW_ERR_INVALID_ARG;
	*resolver = (struct dwunw_symbol_resolver){ 0 };
	if (cfg)
		resolver->config = *cfg;
	if (!resolver->config.memory_max)
		resolver->config.memory_max = MEMORY_MAX;
	if (!resolver->config.file_size_max)
		resolver->config.file_size_max = FILE_SIZE_DEFAULT;
	resolver->store = calloc(1, sizeof(*resolver->store));
	return resolver->store ? DWUNW_OK : DWUNW_ERR_NO_MEMORY;
}

/*
 * Of two functions that hold vaddr, the one that starts last: MiniDebugInfo
 * leaves out what .dynsym has.
 */
static dwunw_status_t by_vaddr(const struct table *table, uint64_t vaddr,
			       struct dwunw_elf_symbol *symbol)
{
	struct dwunw_elf_symbol own;
	dwunw_status_t status;

	status = dwunw_symtab_by_vaddr(&table->tab, vaddr, symbol);
	if (!table->own_arena.size ||
	    dwunw_symtab_by_vaddr(&table->own, vaddr, &own) != DWUNW_OK ||
	    (status == DWUNW_OK && own.vaddr <= symbol->vaddr))
		return status;
	*symbol = own;
	return DWUNW_OK;
}

/* A debug file may have it with a version only: "malloc@@GLIBC_2.2.5". */
static dwunw_status_t by_name(const struct table *table, const char *name,
			      struct dwunw_elf_symbol *symbol)
{
	dwunw_status_t status;

	status = dwunw_symtab_by_name(&table->tab, name, symbol);
	if (status != DWUNW_OK && table->own_arena.size)
		status = dwunw_symtab_by_name(&table->own, name, symbol);
	return status;
}

static dwunw_status_t resolve(struct dwunw_symbol_resolver *resolver,
			      const struct dwunw_symbol_input *input,
			      struct dwunw_symbol_info *info)
{
	struct dwunw_elf_symbol symbol;
	struct table *table;
	dwunw_status_t status;

	if (!input->module_path)
		return DWUNW_ERR_INVALID_ARG;
	table = table_of(resolver, input->module_path);
	if (!table)
		return DWUNW_ERR_NO_MEMORY;
	if (table->status != DWUNW_OK)
		return table->status;
	if (input->build_id_hash &&
	    input->build_id_hash != table->build_id_hash)
		return DWUNW_ERR_NO_DEBUG_DATA;
	status = by_vaddr(table, input->pc, &symbol);
	if (status != DWUNW_OK)
		return status;
	info->function = keep_name(resolver, symbol.name);
	if (!info->function)
		return DWUNW_ERR_NO_MEMORY;
	info->offset = input->pc - symbol.vaddr;
	info->flags = DWUNW_SYMBOL_FLAG_FUNCTION;
	return DWUNW_OK;
}

dwunw_status_t
dwunw_symbol_resolve_batch(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_input *inputs,
			   struct dwunw_symbol_info *infos, size_t count)
{
	if (!resolver || !resolver->store || (count && (!inputs || !infos)))
		return DWUNW_ERR_INVALID_ARG;
	resolver->store->batch++;
	for (size_t i = 0; i < count; i++) {
		infos[i] = (struct dwunw_symbol_info){ 0 };
		infos[i].status = resolve(resolver, &inputs[i], &infos[i]);
	}
	return DWUNW_OK;
}

/* A debug file's segments hold no bytes: the offset is the file's own. */
dwunw_status_t dwunw_symbol_offset(struct dwunw_symbol_resolver *resolver,
				   const char *path, const char *function,
				   uint64_t *off, uint64_t *size)
{
	struct dwunw_elf_symbol symbol;
	struct opened opened;
	struct table *table;
	dwunw_status_t status;

	if (!resolver || !resolver->store || !path || !function || !off)
		return DWUNW_ERR_INVALID_ARG;
	resolver->store->batch++;
	table = table_of(resolver, path);
	if (!table)
		return DWUNW_ERR_NO_MEMORY;
	status = table->status;
	if (status == DWUNW_OK)
		status = by_name(table, function, &symbol);
	if (status == DWUNW_OK)
		status = open_elf(resolver, path, &opened);
	if (status != DWUNW_OK)
		return status;
	status = dwunw_elf_vaddr_to_off(&opened.elf, symbol.vaddr, off);
	dwu_file_close(&opened.file);
	if (status == DWUNW_OK && size)
		*size = symbol.size;
	return status;
}

void dwunw_symbol_resolver_shutdown(struct dwunw_symbol_resolver *resolver)
{
	struct dwunw_symbol_store *store = resolver ? resolver->store : NULL;

	if (!store)
		return;
	while (store->first) {
		struct table *table = store->first;

		store->first = table->next;
		free_table(store, table);
	}
	free_names(store);
	free(store);
	resolver->store = NULL;
}
