/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names for addresses: one table for each path, of DWARF and of ELF symbols;
 * the least recently used one goes first. Names handed out are copies of their
 * own, kept until shutdown.
 *
 *	table: DWARF (file open) -> levels: function, file, line, inlined calls
 *	       else Go's .gopclntab, else a PLT stub "puts@plt"
 *	       else ELF symbols of the file, its debug file, MiniDebugInfo
 *	       told: perf-PID.map, jit-PID.dump, /proc/kallsyms
 *
 * For example, { "/usr/bin/t", pc 0x1154 }: the table of /usr/bin/t is opened
 * (unit and line table are parsed when the first address of the unit is asked
 * for), and the answer is "main" at t.c:9; its info->inlined is "f" at t.c:4,
 * and that one's is "g" at t.c:2, which is where 0x1154 is.
 *
 * Files are the target's: tables take memory_max together, one file twice that,
 * a question reads DWUNW_READ_MAX; what is beyond is told in a line, once a
 * file.
 */
#include "log.h"
#include "modules.h"
#include "names.h"
#include "pages.h"
#include "shortage.h"

#include <stdio.h>

#include <stdlib.h>
#include <string.h>

enum {
	PT_DYNAMIC = 2,
};

#define FILE_SIZE_DEFAULT ((uint64_t)4 << 30)
#define TABLE_MAX 4096u /* also of files without symbols */
#define NAME_MAX_SIZE 65536u
#define NAME_BUCKETS 1024u

/* Tables that keep their files open, for what is still to be read. */
#define OPEN_MAX 32u

/* An ELF file that is open. */
struct opened {
	struct dwu_file file;
	struct dwunw_elf elf;
};

struct table {
	struct table *next;
	char *path;
	struct dwu_file_id id;
	struct dwu_file_id asked; /* its id when it was mapped; dev 0: id */
	struct opened opened;	  /* while there is more to read */
	struct dwu_lines lines;
	struct dwu_told told; /* instead of a file */
	struct dwu_plt plt;
	struct dwu_go go;
	bool is_told;
	bool has_lines;
	bool has_symbols; /* read, or tried */
	bool told_exceeded;
	bool told_lines; /* that its DWARF is too large */
	bool lacking;	 /* files could not be opened: too many were */
	struct dwu_symbols symbols;
	uint64_t batch; /* in which the file was last looked at */
	uint64_t build_id_hash;
	dwunw_status_t status;
	dwunw_status_t symbols_status;
};

/* Inlined calls of one batch; more when that is full. */
#define CHAIN_BLOCK 256u
struct chain {
	struct chain *next;
	uint32_t used;
	struct dwunw_symbol_info infos[CHAIN_BLOCK];
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
	struct chain *chains; /* the one in use first */
	struct dwu_lines_ctx lines;
	struct dwunw_arena scratch;
	struct name *names[NAME_BUCKETS];
};

/* --- names ---------------------------------------------------------------------- */

/*
 * Each text is kept once, so callers may compare pointers; memory_max bounds
 * them all.
 */
static const char *keep_printable(struct dwunw_symbol_resolver *resolver,
				  const char *text, size_t size)
{
	struct dwunw_symbol_store *store = resolver->store;
	struct name **bucket =
		&store->names[dwu_hash(text, size) % NAME_BUCKETS];
	struct name *name;

	for (name = *bucket; name; name = name->next)
		if (!strncmp(name->text, text, size) && !name->text[size])
			return name->text;
	if (store->name_bytes + size > resolver->config.memory_max)
		return NULL;
	name = dwu_malloc(sizeof(*name) + size + 1);
	if (!name)
		return NULL;
	memcpy(name->text, text, size);
	name->text[size] = 0;
	name->next = *bucket;
	*bucket = name;
	store->name_bytes += sizeof(*name) + size + 1;
	return name->text;
}

/*
 * Printable, whatever the file says, since names are for printing. NULL: no
 * memory, or more names than the configured bound of memory.
 */
static const char *keep_text(struct dwunw_symbol_resolver *resolver,
			     const char *text)
{
	const char *kept;
	char *copy;

	if (dwu_is_printable(text))
		return keep_printable(resolver, text, strlen(text));
	copy = dwu_strdup(text);
	if (!copy)
		return NULL;
	dwu_make_printable(copy);
	kept = keep_printable(resolver, copy, strlen(copy));
	free(copy);
	return kept;
}

static const char *keep_path(void *ctx, const char *text)
{
	return keep_text(ctx, text);
}

/* C++ and Rust names become readable here, unless RAW_NAMES. */
static const char *keep_function(void *ctx, const char *text)
{
	struct dwunw_symbol_resolver *resolver = ctx;
	char *plain = NULL;
	const char *kept;

	if (IS_ON(CONFIG_DEMANGLE) &&
	    !(resolver->config.flags & DWUNW_SYMBOL_RAW_NAMES))
		plain = dwu_demangle(text);
	kept = keep_text(resolver, plain ? plain : text);
	free(plain);
	return kept;
}

/*
 * A name in .symtab may end in its version, after '@'.
 *
 * For example, "malloc@@GLIBC_2.2.5" is kept as "malloc"; "@plt" is added
 * elsewhere.
 */
static const char *keep_symbol(struct dwunw_symbol_resolver *resolver,
			       const char *text)
{
	size_t size = strnlen(text, NAME_MAX_SIZE);
	const char *at = size ? memchr(text + 1, '@', size - 1) : NULL;
	const char *kept;
	char *copy;

	if (at)
		size = (size_t)(at - text);
	copy = dwu_strndup(text, size);
	if (!copy)
		return NULL;
	kept = keep_function(resolver, copy);
	free(copy);
	return kept;
}

/* All names that were handed out are gone with it. */
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

/* `bytes` are instead of the file; NULL: it is opened. */
static dwunw_status_t open_elf(const struct dwunw_symbol_resolver *resolver,
			       const char *path,
			       const struct dwu_module_is *bytes,
			       struct opened *opened)
{
	struct dwunw_source src;
	dwunw_status_t status = DWUNW_OK;

	if (bytes && bytes->bytes.size)
		dwu_file_from_bytes(&opened->file, bytes->bytes, bytes->id.ino);
	else
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

/* Not stripped: it lists all functions. */
static bool has_symtab(const struct dwunw_elf *elf)
{
	struct dwunw_section section;

	return dwunw_elf_section(elf, ".symtab", &section) == DWUNW_OK;
}

/* Has it symbols for a loader, section headers or not? */
static bool is_dynamic(const struct dwunw_elf *elf)
{
	struct dwunw_program_header head;
	struct dwunw_section section;
	uint32_t i;

	if (elf->section_count)
		return dwunw_elf_section(elf, ".dynsym", &section) == DWUNW_OK;
	for (i = 0; i < elf->program_count; i++)
		if (dwunw_elf_program_header(elf, i, &head) == DWUNW_OK &&
		    head.type == PT_DYNAMIC)
			return true;
	return false;
}

/*
 * Does the configured debug file speak for this one? Where no path says so,
 * it does when both are of one build, or there are no other symbols at all.
 */
static bool debug_file_fits(const struct dwunw_symbol_resolver *resolver,
			    const struct table *table,
			    const struct dwunw_elf *elf,
			    const struct dwunw_elf *debug)
{
	const char *module = resolver->config.debug_module;

	if (module)
		return !strcmp(module, table->path);
	if (has_symtab(elf))
		return false;
	return dwu_build_same(elf, debug) || !is_dynamic(elf);
}

/* The one that the user has given goes before any that is found. */
static bool read_debug_file(struct dwunw_symbol_resolver *resolver,
			    struct table *table, const struct dwunw_elf *elf)
{
	const char *path = resolver->config.debug_file;
	struct opened debug;
	bool done = false;

	if (!path || open_elf(resolver, path, NULL, &debug) != DWUNW_OK)
		return false;
	if (debug_file_fits(resolver, table, elf, &debug.elf))
		done = dwu_symbols_read(&table->symbols, &debug.elf,
					&resolver->config, path) == DWUNW_OK;
	dwu_file_close(&debug.file);
	resolver->debug_file_used += done;
	return done;
}

/* For dwu_debug_find(): `table` must stay while it searches. */
static void search_of(const struct dwunw_symbol_resolver *resolver,
		      const struct table *table, enum dwu_debug_need need,
		      struct dwu_debug_search *search)
{
	*search = (struct dwu_debug_search){
		.elf = &table->opened.elf,
		.file = &table->opened.file,
		.path = table->path,
		.dirs = resolver->config.debug_dirs,
		.sysroot = resolver->config.sysroot,
		.log = resolver->config.log,
		.log_ctx = resolver->config.log_ctx,
		.file_size_max = resolver->config.file_size_max,
		.need = need,
	};
}

/* The symbols of its debug file, if there is one and it has none itself. */
static bool find_symbols(const struct dwunw_symbol_resolver *resolver,
			 struct table *table)
{
	struct dwu_debug_search search;
	struct dwu_debug debug;
	bool done;

	search_of(resolver, table, DWU_DEBUG_SYMBOLS, &search);
	if (!dwu_debug_find(&search, &debug))
		return false;
	done = dwu_symbols_read(&table->symbols, &debug.elf, &resolver->config,
				table->path) == DWUNW_OK;
	if (done)
		dwu_symbols_add(&table->symbols, &table->opened.elf,
				&resolver->config, table->path);
	dwu_debug_close(&debug);
	return done;
}

/* What store->table_bytes is counted by, before and after each change. */
static uint64_t table_size(const struct table *table)
{
	uint64_t size = dwu_symbols_size(&table->symbols) + table->lines.bytes +
			table->plt.bytes + table->go.size;

	if (IS_ON(CONFIG_NAMES_TEXT))
		size += dwu_codemap_bytes(&table->told.code);
	return size;
}

/* Kept in memory: half of memory_max at most. */
static void open_go(const struct dwunw_symbol_resolver *resolver,
		    struct table *table)
{
	const struct dwunw_symbol_config *config = &resolver->config;
	uint64_t max = config->memory_max / 2;
	struct dwunw_section section;
	char line[DWU_LOG_LINE];

	if (dwu_go_open(&table->go, &table->opened.elf, max) || !config->log ||
	    dwunw_elf_section(&table->opened.elf, ".gopclntab", &section) !=
		    DWUNW_OK ||
	    section.size <= max)
		return;
	snprintf(line, sizeof(line),
		 "%s: its .gopclntab has %llu bytes, more than the bound of "
		 "%llu (half of memory_max): it is not used",
		 table->path, (unsigned long long)section.size,
		 (unsigned long long)max);
	config->log(config->log_ctx, line);
}

/* The ELF symbols; not before they are asked for. */
static void need_symbols(struct dwunw_symbol_resolver *resolver,
			 struct table *table)
{
	uint64_t before = table_size(table);
	bool own;

	if (table->has_symbols)
		return;
	table->has_symbols = true;
	table->symbols_status = DWUNW_OK;
	own = !read_debug_file(resolver, table, &table->opened.elf) &&
	      !find_symbols(resolver, table);
	if (own)
		table->symbols_status =
			dwu_symbols_read(&table->symbols, &table->opened.elf,
					 &resolver->config, table->path);
	dwu_symbols_limit(&table->symbols, &table->opened.elf.src,
			  own && !has_symtab(&table->opened.elf),
			  &resolver->config);
	if (IS_ON(CONFIG_NAMES_PLT))
		dwu_plt_open(&table->plt, &table->opened.elf);
	if (IS_ON(CONFIG_NAMES_GO))
		open_go(resolver, table);
	resolver->store->table_bytes += table_size(table) - before;
}

/* The file's own DWARF, or that of the file at path. */
static bool open_lines_of(struct dwunw_symbol_resolver *resolver,
			  struct table *table, const char *path, bool own)
{
	struct dwu_debug debug = { .file.fd = -1 };

	if (dwu_file_open(&debug.file, "", path, DWU_FOLLOW_ALL,
			  resolver->config.file_size_max) != DWUNW_OK)
		return false;
	dwu_file_source(&debug.file, &debug.src);
	if (dwunw_elf_open(&debug.elf, &debug.src, NULL) != DWUNW_OK ||
	    !(own ? dwu_file_id_same(&debug.file.id, &table->id) :
		    debug_file_fits(resolver, table, &table->opened.elf,
				    &debug.elf))) {
		dwu_debug_close(&debug);
		return false;
	}
	return dwu_lines_open(&table->lines, &resolver->store->lines, &debug,
			      path) == DWUNW_OK;
}

/*
 * The first of: the given debug file, the file itself, a debug file that is
 * found.
 */
static void open_lines(struct dwunw_symbol_resolver *resolver,
		       struct table *table)
{
	const char *path = resolver->config.debug_file;
	struct dwu_debug_search search;
	struct dwu_debug debug;

	if (!IS_ON(CONFIG_NAMES_LINES) ||
	    (resolver->config.flags & DWUNW_SYMBOL_NO_LINES))
		return;
	search_of(resolver, table, DWU_DEBUG_LINES, &search);
	search.log = NULL; /* the symbols' search says it, once */
	table->has_lines =
		(path && open_lines_of(resolver, table, path, false)) ||
		open_lines_of(resolver, table, table->path, true) ||
		(dwu_debug_find(&search, &debug) &&
		 dwu_lines_open(&table->lines, &resolver->store->lines, &debug,
				table->path) == DWUNW_OK);
}

/* Only what is new is read (names_text.c). */
static void read_told(struct dwunw_symbol_resolver *resolver,
		      struct table *table)
{
	uint64_t before = table_size(table);

	if (!IS_ON(CONFIG_NAMES_TEXT))
		return;
	dwu_told_read(&table->told, table->path);
	table->status = table->told.status;
	resolver->store->table_bytes += table_size(table) - before;
}

/*
 * Lines or symbols: what there is of the file is opened, or read.
 *
 * A file with DWARF stays open, and its symbols are read when they are asked
 * for; of one without, symbols are read now, and it is closed.
 */
static void load(struct dwunw_symbol_resolver *resolver, struct table *table,
		 const struct dwu_module_is *is)
{
	table->is_told = IS_ON(CONFIG_NAMES_TEXT) && dwu_told_is(table->path);
	if (table->is_told) {
		read_told(resolver, table);
		return;
	}
	table->status = open_elf(resolver, table->path, is, &table->opened);
	if (table->status != DWUNW_OK)
		return;
	table->id = table->opened.file.id;
	table->build_id_hash = dwu_build_id_hash(&table->opened.elf);
	if (!is || !is->bytes.size)
		open_lines(resolver, table);
	resolver->store->table_bytes += table->lines.bytes;
	if (table->has_lines)
		return;
	need_symbols(resolver, table);
	dwu_file_close(&table->opened.file);
}

/*
 * The ELF file and its debug file are closed; levels that were handed out stay.
 */
static void close_lines(struct table *table)
{
	if (!IS_ON(CONFIG_NAMES_LINES) || !table->has_lines)
		return;
	dwu_lines_close(&table->lines);
	dwu_file_close(&table->opened.file);
	table->has_lines = false;
}

/* Its process may be gone later: what can be kept without a file is read. */
static void close_files(struct dwunw_symbol_resolver *resolver,
			struct table *table)
{
	if (!table->has_lines)
		return;
	need_symbols(resolver, table);
	resolver->store->table_bytes -= table->lines.bytes;
	close_lines(table);
}

/* --- tables ------------------------------------------------------------------------ */

/* Names stay; they belong to the store. */
static void free_table(struct dwunw_symbol_store *store, struct table *table)
{
	store->table_bytes -= table_size(table);
	store->table_count--;
	dwu_symbols_free(&table->symbols);
	if (IS_ON(CONFIG_NAMES_TEXT))
		dwu_told_close(&table->told);
	if (IS_ON(CONFIG_NAMES_PLT))
		dwu_plt_close(&table->plt);
	if (IS_ON(CONFIG_NAMES_GO))
		dwu_go_close(&table->go);
	close_lines(table);
	free(table->path);
	free(table);
}

/*
 * All but the first, which is in use.
 *
 * Ends: each turn frees a table.
 */
static void keep_within(struct dwunw_symbol_resolver *resolver)
{
	struct dwunw_symbol_store *store = resolver->store;
	struct table *table;
	uint32_t open = 0;

	for (table = store->first; table; table = table->next)
		if (table->has_lines && ++open > OPEN_MAX)
			close_files(resolver, table);
	while (store->first && store->first->next &&
	       (store->table_bytes > resolver->config.memory_max ||
		store->table_count > TABLE_MAX)) {
		struct table **last = &store->first->next;

		while ((*last)->next)
			last = &(*last)->next;
		table = *last;
		*last = NULL;
		free_table(store, table);
	}
}

/* By that file, or by the path. */
static bool is_wanted(const struct table *table, const char *path,
		      const struct dwu_module_is *is)
{
	if (!is)
		return path && !strcmp(table->path, path);
	return table->status == DWUNW_OK && !table->is_told &&
	       (dwu_file_id_same(&table->id, &is->id) ||
		dwu_file_id_same(&table->asked, &is->id));
}

/* Takes it out of the list. */
static struct table *take(struct dwunw_symbol_store *store, const char *path,
			  const struct dwu_module_is *is)
{
	struct table **at = &store->first;
	struct table *table;

	while (*at && !is_wanted(*at, path, is))
		at = &(*at)->next;
	table = *at;
	if (table)
		*at = table->next;
	return table;
}

/*
 * Looked at once in a batch. A file that cannot be seen any more (its process
 * is gone) keeps the table it had.
 *
 * `lacking`: something of it could not be opened for want of descriptors, so it
 * is read anew, now that there may be some.
 */
static bool is_current(struct dwunw_symbol_resolver *resolver,
		       struct table *table)
{
	struct dwu_file_id id;

	if (table->batch == resolver->store->batch)
		return true;
	table->batch = resolver->store->batch;
	if (table->is_told) {
		read_told(resolver, table);
		return true;
	}
	if (dwu_file_stat(table->path, &id) != DWUNW_OK)
		return true;
	return !table->lacking && dwu_file_id_same(&id, &table->id);
}

/*
 * A file that cannot be opened has a table as well, with its status: it is
 * tried once a batch, and not again while stat() cannot find it.
 */
static struct table *new_table(struct dwunw_symbol_resolver *resolver,
			       const char *path, const struct dwu_module_is *is)
{
	struct dwunw_symbol_store *store = resolver->store;
	struct table *table = dwu_calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->path = dwu_strdup(path);
	if (!table->path) {
		free(table);
		return NULL;
	}
	table->batch = store->batch;
	store->table_count++;
	load(resolver, table, is);
	return table;
}

/* First in the list from now on; NULL: no memory. Valid until the next one. */
static struct table *first_in_list(struct dwunw_symbol_resolver *resolver,
				   struct table *table)
{
	if (!table)
		return NULL;
	table->next = resolver->store->first;
	resolver->store->first = table;
	keep_within(resolver);
	return table;
}

/* The table of path, loaded. */
static struct table *table_of(struct dwunw_symbol_resolver *resolver,
			      const char *path, const struct dwu_module_is *is)
{
	struct dwunw_symbol_store *store = resolver->store;
	struct table *table = take(store, path, NULL);

	if (table && !is_current(resolver, table)) {
		free_table(store, table);
		table = NULL;
	}
	if (!table)
		table = new_table(resolver, path, is);
	return first_in_list(resolver, table);
}

/* --- public -------------------------------------------------------------------------- */

dwunw_status_t
dwunw_symbol_resolver_init(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_config *cfg)
{
	if (!resolver)
		return DWUNW_ERR_INVALID_ARG;
	*resolver = (struct dwunw_symbol_resolver){ 0 };
	if (cfg && DWUNW_STRUCT_FROM(&resolver->config, flags, cfg) != DWUNW_OK)
		return DWUNW_ERR_INVALID_ARG;
	if (!resolver->config.memory_max)
		resolver->config.memory_max = DWUNW_MEMORY_MAX;
	if (!resolver->config.file_size_max)
		resolver->config.file_size_max = FILE_SIZE_DEFAULT;
	resolver->store = dwu_calloc(1, sizeof(*resolver->store));
	return resolver->store ? DWUNW_OK : DWUNW_ERR_NO_MEMORY;
}

/* "name@plt", as it is linked. */
static bool by_stub(struct dwunw_symbol_resolver *resolver,
		    const struct table *table, uint64_t vaddr,
		    struct dwunw_symbol_info *info,
		    struct dwunw_elf_symbol *symbol)
{
	if (!IS_ON(CONFIG_NAMES_PLT))
		return false;
	symbol->name = dwu_plt_find(&table->plt, vaddr, &symbol->vaddr);
	if (symbol->name && !info->function)
		info->function = keep_path(resolver, symbol->name);
	return symbol->name && info->function;
}

/* Go has functions, files and lines in one table, and it survives stripping. */
static bool by_go(struct dwunw_symbol_resolver *resolver,
		  const struct table *table, uint64_t vaddr,
		  struct dwunw_symbol_info *info)
{
	struct dwu_go_place place;

	if (!IS_ON(CONFIG_NAMES_GO) || !dwu_go_find(&table->go, vaddr, &place))
		return false;
	if (!info->function)
		info->function = keep_text(resolver, place.function);
	info->offset = vaddr - place.start;
	if (place.file && !info->file &&
	    !(resolver->config.flags & DWUNW_SYMBOL_NO_LINES)) {
		info->file = keep_text(resolver, place.file);
		info->line = place.line;
	}
	return info->function;
}

/*
 * The best name of the ELF symbols.
 *
 * In this order: Go's table, PLT stubs, symbols.
 */
static dwunw_status_t by_symbol(struct dwunw_symbol_resolver *resolver,
				struct table *table, uint64_t vaddr,
				struct dwunw_symbol_info *info)
{
	struct dwunw_elf_symbol symbol;
	dwunw_status_t status;

	need_symbols(resolver, table);
	if (by_go(resolver, table, vaddr, info))
		return DWUNW_OK;
	/* before symbols without a size, which reach over the stubs */
	if (!by_stub(resolver, table, vaddr, info, &symbol)) {
		status = table->symbols_status;
		if (status == DWUNW_OK)
			status = dwu_symbols_by_vaddr(&table->symbols, vaddr,
						      &symbol);
		if (status != DWUNW_OK)
			return status;
	}
	if (!info->function)
		info->function = keep_symbol(resolver, symbol.name);
	if (!info->function)
		return DWUNW_ERR_NO_MEMORY;
	info->offset = vaddr - symbol.vaddr;
	return DWUNW_OK;
}

/* For inlined calls; they live until the next batch. */
static struct dwunw_symbol_info *new_info(struct dwunw_symbol_store *store)
{
	struct chain *chain = store->chains;

	if (!chain || chain->used == CHAIN_BLOCK) {
		chain = dwu_malloc(sizeof(*chain));
		if (!chain)
			return NULL;
		chain->next = store->chains;
		chain->used = 0;
		store->chains = chain;
	}
	return &chain->infos[chain->used++];
}

/*
 * The last one serves the next batch.
 *
 * It has room for most batches, so that no memory is taken for each.
 */
static void drop_chains(struct dwunw_symbol_store *store, bool all)
{
	while (store->chains && (all || store->chains->next)) {
		struct chain *chain = store->chains;

		store->chains = chain->next;
		free(chain);
	}
	if (store->chains)
		store->chains->used = 0;
}

/* What is known, for callers who print less. */
static void set_flags(struct dwunw_symbol_info *info)
{
	if (info->function)
		info->flags |= DWUNW_SYMBOL_FLAG_FUNCTION;
	if (info->file)
		info->flags |= DWUNW_SYMBOL_FLAG_LINE;
	if (!info->function || !info->file)
		info->flags |= DWUNW_SYMBOL_FLAG_PARTIAL;
}

/* All fields: info may have been used before. */
static void set_level(struct dwunw_symbol_info *info,
		      const struct dwu_level *level)
{
	*info = (struct dwunw_symbol_info){
		.function = level->function,
		.file = level->file,
		.line = level->line,
		.column = level->column,
		.flags = level->inlined ? DWUNW_SYMBOL_FLAG_INLINED : 0,
	};
}

/* A name that the linker saw, of exactly that function, takes its place. */
static void name_in_full(struct dwunw_symbol_resolver *resolver,
			 struct table *table, uint64_t start,
			 struct dwunw_symbol_info *info)
{
	struct dwunw_elf_symbol symbol;
	const char *name;

	need_symbols(resolver, table);
	if (table->symbols_status != DWUNW_OK ||
	    dwu_symbols_by_vaddr(&table->symbols, start, &symbol) != DWUNW_OK ||
	    symbol.vaddr != start || symbol.name[0] != '_' ||
	    (symbol.name[1] != 'Z' && symbol.name[1] != 'R'))
		return;
	name = keep_symbol(resolver, symbol.name);
	if (name)
		info->function = name;
}

/*
 * Levels from the innermost outwards become a chain inwards.
 *
 * info is the outermost function; info->inlined leads to the calls inside of
 * it.
 */
static void by_levels(struct dwunw_symbol_resolver *resolver,
		      struct table *table, uint64_t vaddr,
		      const struct dwu_level *levels, uint32_t count,
		      struct dwunw_symbol_info *info)
{
	const struct dwunw_symbol_info *inner = NULL;

	for (uint32_t i = 0; i + 1 < count; i++) {
		struct dwunw_symbol_info *next = new_info(resolver->store);

		if (!next)
			break;
		set_level(next, &levels[i]);
		set_flags(next);
		next->inlined = inner;
		inner = next;
	}
	levels += count - 1;
	set_level(info, levels);
	info->inlined = inner;
	info->offset = vaddr - levels->start;
	/* a part that was moved in front of its function, or assembly */
	if (!info->function || (vaddr < levels->start && !levels->inlined))
		(void)by_symbol(resolver, table, vaddr, info);
	else if (levels->bare && !levels->inlined)
		name_in_full(resolver, table, levels->start, info);
	if (!info->function) /* a line, and nothing that it is in */
		info->offset = 0;
	set_flags(info);
}

/* Once a file: names without lines look as if there were none. */
static void tell_lines(const struct dwunw_symbol_resolver *resolver,
		       struct table *table, uint64_t vaddr)
{
	const struct dwunw_symbol_config *config = &resolver->config;
	char line[DWU_LOG_LINE];

	if (table->told_lines || !config->log)
		return;
	table->told_lines = true;
	snprintf(line, sizeof(line),
		 "%s: its DWARF, or the unit of 0x%llx, takes more memory than "
		 "there is, or than the bound of %llu bytes (memory_max): it "
		 "is not used",
		 table->path, (unsigned long long)vaddr,
		 (unsigned long long)config->memory_max);
	config->log(config->log_ctx, line);
}

/* DWARF where it says something, else the symbols. */
static dwunw_status_t by_table(struct dwunw_symbol_resolver *resolver,
			       struct table *table, uint64_t vaddr,
			       struct dwunw_symbol_info *info)
{
	struct dwu_level levels[DWU_INLINED_MAX];
	uint64_t before = table->lines.bytes;
	dwunw_status_t status;
	uint32_t count = 0;

	if (IS_ON(CONFIG_NAMES_LINES) && table->has_lines) {
		status = dwu_lines_find(&table->lines, &resolver->store->lines,
					vaddr, resolver->config.memory_max / 2,
					levels, &count);
		resolver->store->table_bytes += table->lines.bytes - before;
		if (status == DWUNW_OK) {
			by_levels(resolver, table, vaddr, levels, count, info);
			return DWUNW_OK;
		}
		if (status == DWUNW_ERR_NO_MEMORY)
			tell_lines(resolver, table, vaddr);
	}
	status = by_symbol(resolver, table, vaddr, info);
	if (status == DWUNW_OK)
		set_flags(info);
	return status;
}

/* Code that a process has made, and the kernel's: addresses as they run. */
static dwunw_status_t by_text(struct dwunw_symbol_resolver *resolver,
			      const struct table *table, uint64_t addr,
			      struct dwunw_symbol_info *info)
{
	uint64_t start;
	const char *name = dwu_codemap_find(&table->told.code, addr, &start);

	if (!name)
		return DWUNW_ERR_NO_DEBUG_DATA;
	info->function = keep_function(resolver, name);
	if (!info->function)
		return DWUNW_ERR_NO_MEMORY;
	info->offset = addr - start;
	set_flags(info);
	return DWUNW_OK;
}

/* A build id that the caller has must be the file's. */
static dwunw_status_t in_table(struct dwunw_symbol_resolver *resolver,
			       struct table *table,
			       const struct dwunw_symbol_input *input,
			       struct dwunw_symbol_info *info)
{
	if (table->status != DWUNW_OK)
		return table->status;
	if (input->build_id_hash &&
	    input->build_id_hash != table->build_id_hash)
		return DWUNW_ERR_NO_DEBUG_DATA;
	return IS_ON(CONFIG_NAMES_TEXT) && table->is_told ?
		       by_text(resolver, table, input->pc, info) :
		       by_table(resolver, table, input->pc, info);
}

/* Who asks learns why there is no name. */
static void tell_exceeded(const struct dwunw_symbol_resolver *resolver,
			  struct table *table)
{
	const struct dwunw_symbol_config *config = &resolver->config;
	char line[DWU_LOG_LINE];

	if (table->told_exceeded || !config->log ||
	    !(dwu_file_exceeded(&table->opened.file) ||
	      (table->has_lines && dwu_file_exceeded(&table->lines.debug.file))))
		return;
	table->told_exceeded = true;
	snprintf(line, sizeof(line),
		 "%s: more than %llu bytes would be read of it for one name, "
		 "the bound: it has none",
		 table->path, (unsigned long long)DWUNW_READ_MAX);
	config->log(config->log_ctx, line);
}

/* What was not found for want of descriptors is looked for again. */
static dwunw_status_t ask_table(struct dwunw_symbol_resolver *resolver,
				struct table *table,
				const struct dwunw_symbol_input *input,
				struct dwunw_symbol_info *info,
				uint32_t shortages)
{
	dwunw_status_t status;

	if (!table)
		return DWUNW_ERR_NO_MEMORY;
	dwu_file_begin(&table->opened.file);
	status = in_table(resolver, table, input, info);
	tell_exceeded(resolver, table);
	table->lacking |= dwu_file_shortages() != shortages;
	return status;
}

/* One of a batch, by path alone. */
static dwunw_status_t resolve(struct dwunw_symbol_resolver *resolver,
			      const struct dwunw_symbol_input *input,
			      struct dwunw_symbol_info *info)
{
	uint32_t shortages = dwu_file_shortages();

	if (!input->module_path)
		return DWUNW_ERR_INVALID_ARG;
	return ask_table(resolver, table_of(resolver, input->module_path, NULL),
			 input, info, shortages);
}

/* The resolver may have been moved since. */
static void begin(struct dwunw_symbol_resolver *resolver)
{
	struct dwunw_symbol_store *store = resolver->store;

	store->batch++;
	drop_chains(store, false);
	store->lines = (struct dwu_lines_ctx){
		.config = &resolver->config,
		.scratch = &store->scratch,
		.keep_function = keep_function,
		.keep_path = keep_path,
		.keep_ctx = resolver,
	};
}

dwunw_status_t
dwunw_symbol_resolve_batch(struct dwunw_symbol_resolver *resolver,
			   const struct dwunw_symbol_input *inputs,
			   struct dwunw_symbol_info *infos, size_t count)
{
	if (!resolver || !resolver->store || (count && (!inputs || !infos)))
		return DWUNW_ERR_INVALID_ARG;
	begin(resolver);
	for (size_t i = 0; i < count; i++) {
		infos[i] = (struct dwunw_symbol_info){ 0 };
		infos[i].status = resolve(resolver, &inputs[i], &infos[i]);
	}
	return DWUNW_OK;
}

/* Has that very file a table? Then it is the first of the list. */
bool dwu_symbols_known(struct dwunw_symbol_resolver *resolver,
		       const struct dwu_module_is *is)
{
	struct table *table = take(resolver->store, NULL, is);

	return first_in_list(resolver, table) != NULL;
}

/*
 * Of the file that was mapped (is), if its path still leads there. After an
 * upgrade the path has another file: NO_DEBUG_DATA instead of its names.
 */
dwunw_status_t dwu_symbols_ask(struct dwunw_symbol_resolver *resolver,
			       const struct dwunw_symbol_input *input,
			       const struct dwu_module_is *is,
			       struct dwunw_symbol_info *info)
{
	uint32_t shortages = dwu_file_shortages();
	struct table *table = NULL;

	begin(resolver);
	if (is)
		table = first_in_list(resolver,
				      take(resolver->store, NULL, is));
	if (!table)
		table = table_of(resolver, input->module_path, is);
	if (table && is && table->status == DWUNW_OK) {
		if (!dwu_file_id_held(&table->id, &is->id))
			return DWUNW_ERR_NO_DEBUG_DATA;
		table->asked = is->id;
	}
	return ask_table(resolver, table, input, info, shortages);
}

dwunw_status_t dwunw_symbol_perf_map(int32_t pid, char *path, size_t size)
{
	return IS_ON(CONFIG_NAMES_TEXT) ? dwu_jit_path(pid, path, size) :
					  DWUNW_ERR_NOT_IMPLEMENTED;
}

/* A debug file's segments hold no bytes: the offset is the file's own. */
static dwunw_status_t ask_place(struct dwunw_symbol_resolver *resolver,
				struct table *table,
				struct dwu_place_question *question)
{
	uint32_t shortages = dwu_file_shortages();
	struct opened opened;
	dwunw_status_t status;

	if (table->is_told)
		return DWUNW_ERR_NO_DEBUG_DATA;
	if (table->status != DWUNW_OK)
		return table->status;
	dwu_file_begin(&table->opened.file);
	need_symbols(resolver, table);
	table->lacking |= dwu_file_shortages() != shortages;
	if (table->symbols_status == DWUNW_OK)
		question->symbols = &table->symbols;
	else if (table->symbols_status != DWUNW_ERR_NO_DEBUG_DATA)
		return table->symbols_status;
	status = open_elf(resolver, question->path, NULL, &opened);
	if (status != DWUNW_OK)
		return status;
	question->elf = &opened.elf;
	status = dwu_place_ask(question);
	dwu_file_close(&opened.file);
	return status;
}

dwunw_status_t dwunw_symbol_locate(struct dwunw_symbol_resolver *resolver,
				   const char *path, const char *name,
				   uint32_t flags,
				   struct dwunw_symbol_place *place)
{
	struct dwu_place_question question = {
		.path = path, .name = name, .flags = flags, .place = place
	};
	struct table *table;

	if (!resolver || !resolver->store || !path || !name || !place)
		return DWUNW_ERR_INVALID_ARG;
	*place = (struct dwunw_symbol_place){ .off = 0 };
	question.config = &resolver->config;
	begin(resolver);
	table = table_of(resolver, path, NULL);
	return table ? ask_place(resolver, table, &question) :
		       DWUNW_ERR_NO_MEMORY;
}

dwunw_status_t dwunw_symbol_offset(struct dwunw_symbol_resolver *resolver,
				   const char *path, const char *function,
				   uint64_t *off, uint64_t *size)
{
	struct dwunw_symbol_place place;
	dwunw_status_t status;

	/* such a name would be taken for an offset */
	if (!off || !function || !strncmp(function, "0x", 2))
		return off && function ? DWUNW_ERR_NO_DEBUG_DATA :
					 DWUNW_ERR_INVALID_ARG;
	status = dwunw_symbol_locate(resolver, path, function, 0, &place);
	if (status != DWUNW_OK)
		return status;
	*off = place.off;
	if (size)
		*size = place.size;
	return DWUNW_OK;
}

/* Names, chains and tables are gone; NULL and twice are well. */
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
	drop_chains(store, true);
	dwu_pages_free(&store->scratch);
	free(store);
	resolver->store = NULL;
}
