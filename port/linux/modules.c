/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The module cache: a file's tables, kept in slots.
 *
 *	empty -> active (refs > 0) -> warm (refs 0) -> active or reclaimed
 *
 * A serial belongs to a content (dwu_file_id) for good, so rows remembered by
 * (serial, address) stay true when the module was reclaimed and comes back.
 *
 * For example, libc.so.6 of 200 processes is opened once: device, inode, size
 * and time of change are the same, so all have serial 7. When slots or memory
 * (bytes_max) run out, the module that has been warm for longest goes; its rows
 * in the row cache stay true, since 7 will be libc.so.6 again or nothing.
 *
 * Files are the target's: what is parsed, kept and told of each is bounded
 * (tables_max, DWUNW_READ_MAX, DWU_LABEL_BYTES_MAX), and a file that exceeds
 * them is used with its segments alone. modules.lock is held by callers, but
 * for the public functions.
 */
#include "context.h"
#include "debug.h"
#include "pages.h"
#include "shortage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An arena larger than this is not kept for the slot's next file. */
#define ARENA_KEEP ((size_t)4 << 20)

/* `capacity` slots, and no file: memory is taken as files are opened. */
dwunw_status_t dwu_modules_init(struct dwu_modules *modules, uint32_t capacity)
{
	modules->slots = dwu_calloc(capacity, sizeof(*modules->slots));
	if (!modules->slots)
		return DWUNW_ERR_NO_MEMORY;
	modules->capacity = capacity;
	for (uint32_t i = 0; i < capacity; i++)
		modules->slots[i].file.fd = -1;
	if (!pthread_mutex_init(&modules->lock, NULL)) {
		if (!pthread_mutex_init(&modules->lent_lock, NULL))
			return DWUNW_OK;
		pthread_mutex_destroy(&modules->lock);
	}
	free(modules->slots);
	modules->slots = NULL;
	return DWUNW_ERR_NO_MEMORY;
}

static void free_arena(struct dwu_modules *modules, struct dwu_slot *slot)
{
	modules->arena_bytes -= slot->arena.size;
	dwu_pages_free(&slot->arena);
}

/* Keeps the arena for the next one. */
static void empty_slot(struct dwu_modules *modules, struct dwu_slot *slot)
{
	dwu_lent_close(&slot->lent);
	dwu_file_close(&slot->file);
	slot->module = (struct dwunw_module){ 0 };
	slot->refs = 0;
	if (slot->arena.size > ARENA_KEEP)
		free_arena(modules, slot);
	else
		dwunw_arena_reset(&slot->arena);
}

void dwu_modules_free(struct dwu_modules *modules)
{
	if (!modules->slots)
		return;
	for (uint32_t i = 0; i < modules->capacity; i++) {
		empty_slot(modules, &modules->slots[i]);
		free_arena(modules, &modules->slots[i]);
	}
	for (uint32_t i = 0; i < modules->identity_count; i++)
		free(modules->identities[i].label);
	for (uint32_t i = 0; i < modules->blob_count; i++)
		free((void *)(uintptr_t)modules->blobs[i].bytes.data);
	free(modules->identities);
	free(modules->slots);
	free(modules->blocks);
	modules->blocks = NULL;
	pthread_mutex_destroy(&modules->lock);
	pthread_mutex_destroy(&modules->lent_lock);
	modules->slots = NULL;
}

/* --- content -> serial -------------------------------------------------------- */

/* The chain of serials whose identity hashes there, newest first. */
static uint32_t *bucket_of(struct dwu_modules *modules,
			   const struct dwu_file_id *id)
{
	/* the fields leave no padding, so the bytes are the value */
	_Static_assert(sizeof(*id) == 40, "padding in dwu_file_id");
	return &modules->buckets[dwu_hash(id, sizeof(*id)) %
				 DWU_IDENTITY_BUCKETS];
}

/*
 * 0: the content was never opened. A chain holds each serial once, so it ends.
 */
static uint32_t find_identity(struct dwu_modules *modules,
			      const struct dwu_file_id *id)
{
	uint32_t serial = *bucket_of(modules, id);

	while (serial &&
	       !dwu_file_id_same(&modules->identities[serial - 1].id, id))
		serial = modules->identities[serial - 1].next;
	return serial;
}

/* The array may move: pointers to identities are good under the lock only. */
static bool room_for_identity(struct dwu_modules *modules)
{
	uint32_t room = modules->identity_room ? modules->identity_room * 2 :
						 64;
	struct dwu_identity *identities;

	if (modules->identity_count < modules->identity_room)
		return true;
	identities =
		dwu_realloc(modules->identities, room * sizeof(*identities));
	if (!identities)
		return false;
	modules->identities = identities;
	modules->identity_room = room;
	return true;
}

/* NULL once too much is kept: the labels are the target's choice. */
static char *keep_label(struct dwu_modules *modules, const char *label)
{
	size_t size = strlen(label) + 1;

	if (size > DWU_LABEL_BYTES_MAX - modules->label_bytes)
		return NULL;
	modules->label_bytes += size;
	return dwu_strdup(label);
}

/*
 * The module with serial last_serial + 1 was opened. Beyond the table, files
 * get a new serial each time they are opened.
 */
static void add_identity(struct dwu_modules *modules,
			 const struct dwu_slot *slot, const char *label)
{
	struct dwu_identity *identity;
	size_t build_id_size = 0;
	const struct dwu_file_id *id = &slot->file.id;
	uint32_t serial = ++modules->last_serial;
	uint32_t *bucket = bucket_of(modules, id);

	if (modules->identity_count != serial - 1 ||
	    modules->identity_count >= DWU_IDENTITY_MAX ||
	    !room_for_identity(modules))
		return;
	identity = &modules->identities[serial - 1];
	*identity = (struct dwu_identity){
		.id = *id,
		.label = keep_label(modules, label),
		.next = *bucket,
	};
	if (dwunw_elf_build_id(&slot->module.elf, identity->build_id,
			       &build_id_size) == DWUNW_OK)
		identity->build_id_size = (uint32_t)build_id_size;
	*bucket = serial;
	modules->identity_count++;
}

static uint64_t read_content(const struct dwu_slot *slot)
{
	uint64_t content;

	return dwunw_elf_identity(&slot->module.elf, &content) == DWUNW_OK ?
		       content :
		       0;
}

static void keep_content(struct dwu_modules *modules, uint32_t serial,
			 uint64_t content)
{
	modules->identities[serial - 1].content = content;
	modules->identities[serial - 1].asked = true;
}

/* --- slots --------------------------------------------------------------------- */

/*
 * One more user, and a new question to the file (DWUNW_READ_MAX counts anew).
 */
static const struct dwunw_module *take(struct dwu_modules *modules,
				       struct dwu_slot *slot)
{
	modules->hits++;
	slot->refs++;
	dwu_file_begin(&slot->file);
	return &slot->module;
}

/* Linear: slots are few (16 by default). */
const struct dwunw_module *dwu_modules_find(struct dwu_modules *modules,
					    uint32_t serial)
{
	for (uint32_t i = 0; serial && i < modules->capacity; i++)
		if (modules->slots[i].module.serial == serial)
			return take(modules, &modules->slots[i]);
	return NULL;
}

/* It is not there any more when somebody asks. */
static void take_content(struct dwu_modules *modules, struct dwu_slot *slot)
{
	uint32_t serial = slot->module.serial;

	if (!serial || serial > modules->identity_count ||
	    modules->identities[serial - 1].asked)
		return;
	dwu_file_begin(&slot->file);
	keep_content(modules, serial, read_content(slot));
}

/* The one that has been warm for longest, now empty; NULL: none is. */
static struct dwu_slot *evict(struct dwu_modules *modules)
{
	struct dwu_slot *oldest = NULL;

	for (uint32_t i = 0; i < modules->capacity; i++) {
		struct dwu_slot *slot = &modules->slots[i];

		if (slot->module.serial && !slot->refs &&
		    (!oldest || slot->released < oldest->released))
			oldest = slot;
	}
	if (oldest) {
		take_content(modules, oldest);
		empty_slot(modules, oldest);
		modules->evictions++;
	}
	return oldest;
}

/* An empty slot; NULL: all are active. */
static struct dwu_slot *slot_to_use(struct dwu_modules *modules)
{
	for (uint32_t i = 0; i < modules->capacity; i++)
		if (!modules->slots[i].module.serial)
			return &modules->slots[i];
	return evict(modules);
}

/* Tables in arenas, and what was lent of .eh_frames (lend.c). */
static uint64_t bytes_of(const struct dwu_modules *modules)
{
	return modules->arena_bytes +
	       __atomic_load_n(&modules->lent_bytes, __ATOMIC_RELAXED);
}

/* Empty slots keep their arenas for the next file: those go first. */
static bool free_empty(struct dwu_modules *modules)
{
	for (uint32_t i = 0; i < modules->capacity; i++) {
		struct dwu_slot *slot = &modules->slots[i];

		if (!slot->module.serial && slot->arena.size) {
			free_arena(modules, slot);
			return true;
		}
	}
	return false;
}

/* Ends: each turn frees an arena, or a module, or nothing is left to free. */
static void keep_within(struct dwu_modules *modules)
{
	while (bytes_of(modules) > modules->bytes_max &&
	       (free_empty(modules) || evict(modules)))
		;
}

/*
 * The core says how much is enough, so a second try is the last but one.
 *
 * `max` is tables_max: what is wanted is the file's choice.
 */
static dwunw_status_t parse_files(struct dwu_slot *slot,
				  const struct dwunw_module_files *files,
				  uint32_t serial, uint64_t max)
{
	dwunw_status_t status;
	unsigned int tries = 0;

	/* mostly enough; without memory the core says what it wants */
	if (!slot->arena.base)
		(void)dwu_pages_alloc(&slot->arena, 1);
	do {
		dwunw_arena_reset(&slot->arena);
		status = dwunw_module_open_files(&slot->module, files, serial,
						 &slot->arena);
		if (status != DWUNW_ERR_NO_MEMORY || tries++ == 8)
			break;
	} while (dwu_pages_grow(&slot->arena, max) == DWUNW_OK);
	return status;
}

/* For messages alone; 0: there is none. */
static unsigned long long section_size(const struct dwunw_elf *elf,
				       const char *name)
{
	struct dwunw_section section;

	return dwunw_elf_section(elf, name, &section) == DWUNW_OK ?
		       (unsigned long long)section.size :
		       0;
}

/* wanted: bytes of memory; 0: it was reading them that took too much. */
static void tell_tables(struct dwunw_context *ctx, const struct dwunw_elf *elf,
			const char *label, size_t wanted)
{
	if (!wanted) {
		dwu_log(ctx,
			"%s: more than %llu bytes would be read of it, the "
			"bound: its tables are not used",
			label, (unsigned long long)DWUNW_READ_MAX);
		return;
	}
	dwu_log(ctx,
		"%s: its tables (.eh_frame of %llu bytes, .eh_frame_hdr %llu, "
		".debug_frame %llu) would take %llu bytes of memory, more than "
		"the bound of %llu (tables_max): they are not used",
		label, section_size(elf, ".eh_frame"),
		section_size(elf, ".eh_frame_hdr"),
		section_size(elf, ".debug_frame"), (unsigned long long)wanted,
		(unsigned long long)ctx->config.tables_max);
}

/*
 * With its segments alone: its code is still looked at.
 *
 * For example, a file with .debug_frame of 2 GB: no CFI, but its code is
 * scanned, and its frames have names.
 */
static dwunw_status_t parse_bare(struct dwunw_context *ctx,
				 struct dwu_slot *slot,
				 const struct dwunw_source *src,
				 uint32_t serial, const char *label)
{
	struct dwunw_module *module = &slot->module;
	struct dwunw_elf *elf = &module->elf;
	size_t wanted = dwu_file_exceeded(&slot->file) ? 0 : slot->arena.wanted;
	dwunw_status_t status;

	dwu_file_begin(&slot->file);
	dwu_lent_close(&slot->lent);
	*module = (struct dwunw_module){ .serial = serial };
	status = dwu_pages_alloc(&slot->arena,
				 DWUNW_SEGMENTS_MAX * sizeof(*elf->segments));
	if (status == DWUNW_OK)
		status = dwunw_elf_open(elf, src, &slot->arena);
	if (status != DWUNW_OK)
		return status;
	module->arch = dwunw_elf_arch(elf);
	tell_tables(ctx, elf, label, wanted);
	return module->arch ? DWUNW_OK : DWUNW_ERR_UNSUPPORTED_ARCH;
}

/* What of an open module is not used, and the walk does not show why. */
static void tell_unused(struct dwunw_context *ctx,
			const struct dwunw_module *module, const char *label)
{
	const struct dwunw_elf *elf = &module->elf;
	const struct dwunw_cfi *cfi = &module->eh;
	struct dwunw_fde_cursor cursor;
	struct dwunw_fde fde;
	char why[192] = "";

	if (elf->section_off && elf->section_off < elf->src.size &&
	    !elf->section_count)
		dwu_log(ctx,
			"%s: its section headers are not used: damaged, or "
			"more than the bound of %u",
			label, DWUNW_SECTIONS_MAX);
	if (!cfi->bytes.size || cfi->lender || module->hdr.count ||
	    cfi->index_count)
		return;
	dwunw_fde_cursor_init(&cursor, module, cfi);
	if (dwunw_fde_next(&cursor, &fde) == DWUNW_ERR_BAD_FORMAT)
		dwunw_cfi_text(module, cfi, fde.off, why, sizeof(why));
	if (why[0])
		dwu_log(ctx, "%s: no FDE can be used: %s", label, why);
}

/* Why a debug file that was found is not used. */
static void log_refused(void *ctx, const char *line)
{
	dwu_log(ctx, "%s", line);
}

/* With the .debug_frame of a debug file, where it has none of its own. */
static dwunw_status_t parse(struct dwunw_context *ctx, struct dwu_slot *slot,
			    uint32_t serial, const char *path)
{
	struct dwunw_module_files files = { .inflate = dwu_unpack };
	struct dwu_debug_search search = {
		.file = &slot->file,
		.path = path,
		.dirs = ctx->config.debug_dirs,
		.sysroot = ctx->config.sysroot,
		.log = log_refused,
		.log_ctx = ctx,
		.file_size_max = ctx->config.file_size_max,
		.need = DWU_DEBUG_CFI,
	};
	struct dwunw_source src;
	struct dwunw_elf elf;
	struct dwu_debug debug;
	dwunw_status_t status;

	dwu_lent_open(&slot->lent, ctx, &slot->file, path);
	files.lender = &slot->lent.lender;
	dwu_file_source(&slot->file, &src);
	files.file = &src;
	search.elf = &elf;
	if (IS_ON(CONFIG_CFI_DEBUG_FRAME) &&
	    dwunw_elf_open(&elf, &src, NULL) == DWUNW_OK &&
	    dwu_debug_find(&search, &debug))
		files.debug = &debug.src;
	status = parse_files(slot, &files, serial, ctx->config.tables_max);
	if (files.debug)
		dwu_debug_close(&debug);
	if ((status == DWUNW_ERR_NO_MEMORY &&
	     slot->arena.wanted > ctx->config.tables_max) ||
	    dwu_file_exceeded(&slot->file))
		status = parse_bare(ctx, slot, &src, serial, path);
	return status;
}

/* The line says which bound, or what it is instead. */
static const char *why_refused(dwunw_status_t status,
			       const struct dwunw_elf *elf, char *text,
			       size_t size)
{
	switch (status) {
	case DWUNW_ERR_BAD_FORMAT:
		if (elf->segment_count <= DWUNW_SEGMENTS_MAX)
			return "not an ELF file, or a damaged one";
		snprintf(text, size,
			 "has %u PT_LOADs, more than the bound of %u",
			 elf->segment_count, DWUNW_SEGMENTS_MAX);
		return text;
	case DWUNW_ERR_UNSUPPORTED_ARCH:
		snprintf(text, size,
			 "code of %s, which this build cannot unwind",
			 dwunw_elf_target(elf));
		return text;
	case DWUNW_ERR_NO_MEMORY:
		return "no memory for its tables";
	default:
		return dwunw_status_text(status);
	}
}

/* *file is the slot's from here on, closed where the file cannot be used. */
static dwunw_status_t fill(struct dwunw_context *ctx, struct dwu_slot *slot,
			   const struct dwu_file *file, const char *label)
{
	struct dwu_modules *modules = &ctx->port->modules;
	uint32_t known = find_identity(modules, &file->id);
	uint32_t serial = known ? known : modules->last_serial + 1;
	dwunw_status_t status;
	char text[128];

	slot->file = *file;
	dwu_file_map(&slot->file);
	if (!modules->blocks)
		modules->blocks = dwu_calloc(1, sizeof(*modules->blocks));
	dwu_file_buffer(&slot->file, modules->blocks);
	modules->arena_bytes -= slot->arena.size;
	status = serial ? parse(ctx, slot, serial, label) : DWUNW_ERR_NO_MEMORY;
	modules->arena_bytes += slot->arena.size;
	if (status == DWUNW_OK) {
		if (!known)
			add_identity(modules, slot, label);
		slot->refs = 1;
		modules->opens++;
		tell_unused(ctx, &slot->module, label);
		dwu_file_buffer(&slot->file, NULL);
		return DWUNW_OK;
	}
	dwu_log(ctx, "%s: %s, %llu bytes", label,
		why_refused(status, &slot->module.elf, text, sizeof(text)),
		(unsigned long long)file->id.size);
	empty_slot(modules, slot);
	return status;
}

/* Known content in a slot is a hit, and the new descriptor is closed. */
dwunw_status_t dwu_modules_open(struct dwunw_context *ctx,
				struct dwu_file *file, const char *label,
				const struct dwunw_module **module)
{
	struct dwu_modules *modules = &ctx->port->modules;
	struct dwu_slot *slot;
	dwunw_status_t status;

	*module = dwu_modules_find(modules, find_identity(modules, &file->id));
	if (*module) {
		dwu_file_close(file);
		return DWUNW_OK;
	}
	slot = slot_to_use(modules);
	if (!slot) {
		dwu_log(ctx, "%s: all %u slots of the module cache are in use",
			label, (unsigned int)modules->capacity);
		dwu_file_close(file);
		return DWUNW_ERR_CACHE_FULL;
	}
	status = fill(ctx, slot, file, label);
	*module = status == DWUNW_OK ? &slot->module : NULL;
	return status;
}

/* The index of the blob with these bytes, now kept; blob_count: no room. */
static uint32_t keep_bytes(struct dwu_modules *modules, struct dwunw_span bytes)
{
	uint32_t i = 0;

	for (; i < modules->blob_count; i++) {
		struct dwunw_span kept = modules->blobs[i].bytes;

		if (kept.size == bytes.size &&
		    !memcmp(kept.data, bytes.data, bytes.size)) {
			free((void *)(uintptr_t)bytes.data);
			return i;
		}
	}
	if (i < DWU_BLOB_MAX)
		modules->blobs[modules->blob_count++].bytes = bytes;
	else
		free((void *)(uintptr_t)bytes.data);
	return i;
}

/*
 * A vdso: there is no file, so its bytes are its identity. DWU_BLOB_MAX
 * different ones.
 */
dwunw_status_t dwu_modules_open_bytes(struct dwunw_context *ctx,
				      struct dwunw_span bytes,
				      const char *label,
				      const struct dwunw_module **module)
{
	struct dwu_modules *modules = &ctx->port->modules;
	uint32_t i = keep_bytes(modules, bytes);
	struct dwu_file file;

	*module = NULL;
	if (i == DWU_BLOB_MAX) {
		dwu_log(ctx, "%s: more than %u different ones", label,
			DWU_BLOB_MAX);
		return DWUNW_ERR_NO_MEMORY;
	}
	dwu_file_from_bytes(&file, modules->blobs[i].bytes, i);
	return dwu_modules_open(ctx, &file, label, module);
}

/* `module` is the first member of its slot. */
static struct dwu_slot *slot_of(struct dwu_modules *modules,
				const struct dwunw_module *module)
{
	for (uint32_t i = 0; i < modules->capacity; i++)
		if (&modules->slots[i].module == module)
			return &modules->slots[i];
	return NULL;
}

/* The last user makes it warm. That may be the moment to free others. */
static void give_back(struct dwu_modules *modules, struct dwu_slot *slot)
{
	if (slot && slot->refs && !--slot->refs) {
		slot->released = ++modules->clock;
		keep_within(modules);
	}
}

void dwu_modules_cfi_text(struct dwu_modules *modules, uint32_t serial,
			  uint64_t vaddr, char *text, size_t size)
{
	const struct dwunw_module *module;
	struct dwunw_fde fde;

	text[0] = 0;
	pthread_mutex_lock(&modules->lock);
	module = dwu_modules_find(modules, serial);
	if (module) {
		if (dwunw_module_fde(module, vaddr, &fde) ==
		    DWUNW_ERR_BAD_FORMAT)
			dwunw_cfi_text(module, fde.cfi, fde.off, text, size);
		give_back(modules, slot_of(modules, module));
	}
	pthread_mutex_unlock(&modules->lock);
}

/* --- public ---------------------------------------------------------------------- */

/* By path, for tools. The module is the caller's until it is released. */
dwunw_status_t dwunw_module_cache_acquire(struct dwunw_context *ctx,
					  const char *path,
					  const struct dwunw_module **module)
{
	struct dwu_file file;
	dwunw_status_t status;

	if (module)
		*module = NULL;
	if (!ctx || !ctx->port || !path || !module)
		return DWUNW_ERR_INVALID_ARG;
	status = dwu_file_open(&file, "", path, DWU_FOLLOW_ALL,
			       ctx->config.file_size_max);
	if (status != DWUNW_OK) {
		dwu_log(ctx, "%s: %s", path, dwu_file_why(status));
		return status;
	}
	pthread_mutex_lock(&ctx->port->modules.lock);
	status = dwu_modules_open(ctx, &file, path, module);
	pthread_mutex_unlock(&ctx->port->modules.lock);
	return status;
}

void dwunw_module_cache_release(struct dwunw_context *ctx,
				const struct dwunw_module *module)
{
	struct dwu_modules *modules;

	if (!ctx || !ctx->port || !module)
		return;
	modules = &ctx->port->modules;
	pthread_mutex_lock(&modules->lock);
	give_back(modules, slot_of(modules, module));
	pthread_mutex_unlock(&modules->lock);
}

/* All that nobody uses; serials and labels stay. */
void dwunw_module_cache_flush(struct dwunw_context *ctx)
{
	struct dwu_modules *modules;

	if (!ctx || !ctx->port)
		return;
	modules = &ctx->port->modules;
	pthread_mutex_lock(&modules->lock);
	for (uint32_t i = 0; i < modules->capacity; i++) {
		struct dwu_slot *slot = &modules->slots[i];

		if (!slot->refs) {
			take_content(modules, slot);
			empty_slot(modules, slot);
			free_arena(modules, slot);
		}
	}
	pthread_mutex_unlock(&modules->lock);
}

void dwunw_module_cache_stats(const struct dwunw_context *ctx,
			      struct dwunw_cache_stats *stats)
{
	struct dwu_modules *modules;

	if (!stats)
		return;
	*stats = (struct dwunw_cache_stats){ 0 };
	if (!ctx || !ctx->port)
		return;
	modules = &ctx->port->modules;
	pthread_mutex_lock(&modules->lock);
	stats->capacity = modules->capacity;
	stats->opens = modules->opens;
	stats->hits = modules->hits;
	stats->evictions = modules->evictions;
	stats->bytes = bytes_of(modules);
	for (uint32_t i = 0; i < modules->capacity; i++) {
		const struct dwu_slot *slot = &modules->slots[i];

		stats->active += slot->refs > 0;
		stats->warm += slot->module.serial && !slot->refs;
	}
	pthread_mutex_unlock(&modules->lock);
}

/* What is known of a file, by the serial of its frames; all 0: nothing. */
static struct dwu_identity identity_of(const struct dwunw_context *ctx,
				       uint32_t serial)
{
	struct dwu_identity identity = { .label = NULL };
	struct dwu_modules *modules;

	if (!ctx || !ctx->port || !serial)
		return identity;
	modules = &ctx->port->modules;
	pthread_mutex_lock(&modules->lock);
	if (serial <= modules->identity_count)
		identity = modules->identities[serial - 1];
	pthread_mutex_unlock(&modules->lock);
	return identity;
}

/*
 * The path under which the content was first seen. It lives as long as the
 * context.
 */
const char *dwunw_module_label(const struct dwunw_context *ctx, uint32_t serial)
{
	return identity_of(ctx, serial).label;
}

/* The slot of a file whose content nobody has asked for, held; NULL: it is known. */
static struct dwu_slot *slot_to_ask(struct dwu_modules *modules,
				    uint32_t serial)
{
	const struct dwunw_module *module;

	if (serial > modules->identity_count ||
	    modules->identities[serial - 1].asked)
		return NULL;
	module = dwu_modules_find(modules, serial);
	return module ? slot_of(modules, module) : NULL;
}

/* Its code may be long to read: others go on meanwhile. */
uint64_t dwunw_module_identity(const struct dwunw_context *ctx, uint32_t serial)
{
	struct dwu_modules *modules;
	struct dwu_slot *slot;
	uint64_t content;

	if (!ctx || !ctx->port || !serial)
		return 0;
	modules = &ctx->port->modules;
	pthread_mutex_lock(&modules->lock);
	slot = slot_to_ask(modules, serial);
	pthread_mutex_unlock(&modules->lock);
	if (!slot)
		return identity_of(ctx, serial).content;
	content = read_content(slot);
	pthread_mutex_lock(&modules->lock);
	keep_content(modules, serial, content);
	give_back(modules, slot);
	pthread_mutex_unlock(&modules->lock);
	return content;
}

uint64_t dwunw_module_size(const struct dwunw_context *ctx, uint32_t serial)
{
	return identity_of(ctx, serial).id.size;
}

size_t dwunw_module_build_id(const struct dwunw_context *ctx, uint32_t serial,
			     uint8_t *id)
{
	struct dwu_identity identity = identity_of(ctx, serial);

	memcpy(id, identity.build_id, identity.build_id_size);
	return identity.build_id_size;
}

/* Linear, over up to 65,536: asked once for a file of an event. */
uint32_t dwu_modules_with(struct dwunw_context *ctx, uint64_t content)
{
	struct dwu_modules *modules = &ctx->port->modules;
	uint32_t count;

	pthread_mutex_lock(&modules->lock);
	count = modules->identity_count;
	pthread_mutex_unlock(&modules->lock);
	for (uint32_t serial = 1; content && serial <= count; serial++)
		if (dwunw_module_identity(ctx, serial) == content)
			return serial;
	return 0;
}

/*
 * SPEC.md has the sum: by content and address as linked, so equal stacks of
 * different processes have equal ids.
 */
uint64_t dwunw_stack_id(const struct dwunw_context *ctx,
			const struct dwunw_frame *frames, size_t count)
{
	uint64_t id = 0, file = 0;
	uint32_t serial = 0;

	for (size_t i = 0; frames && i < count; i++) {
		if (frames[i].module != serial) {
			serial = frames[i].module;
			file = dwunw_module_identity(ctx, serial);
		}
		id = dwunw_stack_id_add(id, file, frames[i].vaddr,
					dwunw_frame_is_exact(&frames[i]));
	}
	return id;
}

bool dwu_modules_is(struct dwunw_context *ctx, uint32_t serial,
		    struct dwu_module_is *is)
{
	struct dwu_modules *modules = &ctx->port->modules;
	const struct dwu_identity *identity;
	bool known;

	*is = (struct dwu_module_is){ .label = NULL };
	pthread_mutex_lock(&modules->lock);
	known = serial && serial <= modules->identity_count;
	if (known) {
		identity = &modules->identities[serial - 1];
		is->id = identity->id;
		is->label = identity->label;
		if (is->id.dev == UINT64_MAX &&
		    is->id.ino < modules->blob_count)
			is->bytes = modules->blobs[is->id.ino].bytes;
	}
	pthread_mutex_unlock(&modules->lock);
	return known;
}
