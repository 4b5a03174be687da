/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The mappings of one process at one time, and the modules behind them.
 *
 *	/proc/PID/maps -> mappings (code), pieces (all of files), places (which file)
 *	mapping -> place -> open file -> module (cache) -> bias -> serial, for good
 *
 * A file is opened through the target's own root, so that what is opened is
 * what is mapped; by which way else, enum way says. For example, /app/lib.so of
 * a container is /proc/4711/root/app/lib.so here; if it was deleted since,
 * /proc/4711/map_files/START-END still has it, with privileges.
 *
 * An image is read once and never changed but for biases, serials and statuses,
 * which are set once. Threads that walk hold a reference.
 */
#include "context.h"
#include "host.h"
#include "reader.h"
#include "shortage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Threads looked at when the first one of a process has ended. */
#define THREADS_MAX 4096u

/* A dwunw_space's own callback. */
static void close_module(void *ctx, const struct dwunw_module *module)
{
	const struct dwu_image *image = ctx;

	dwunw_module_cache_release(image->ctx, module);
}

static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module);

/* --- images ------------------------------------------------------------------- */

/* Modules are the cache's: they were given back by the walks. */
void dwu_image_free(struct dwu_image *image)
{
	if (!image)
		return;
	free(image->space.mappings);
	free(image->pieces);
	free(image->places);
	free(image->text);
	free(image->root);
	free(image);
}

void dwu_image_drop(struct dwu_image *image)
{
	if (image && !--image->refs)
		dwu_image_free(image);
}

/* Any thread; the last reference frees. */
void dwu_image_release(struct dwu_image *image)
{
	pthread_mutex_t *lock = &image->ctx->port->processes.lock;

	pthread_mutex_lock(lock);
	dwu_image_drop(image);
	pthread_mutex_unlock(lock);
}

struct dwu_image *dwu_image_new(struct dwunw_context *ctx, uint16_t arch)
{
	struct dwu_image *image = dwu_calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->ctx = ctx;
	image->refs = 1;
	image->space = (struct dwunw_space){
		.generation = ++ctx->port->processes.generation,
		.arch = dwunw_arch_by_id(arch),
		.open_module = open_module,
		.close_module = close_module,
		.ctx = image,
	};
	return image;
}

/* DWU_MAPS_SIZE_MAX bounds what a process of a million mappings costs. */
static dwunw_status_t read_maps(struct dwu_image *image, size_t *size)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)image->via);
	return dwu_text_read(path, DWU_MAPS_SIZE_MAX, &image->text, size);
}

/* A visit that looks for a thread which still has the memory. */
struct search {
	struct dwu_image *image;
	size_t size;
	uint32_t visits;
};

static bool has_maps(void *ctx, int32_t tid)
{
	struct search *search = ctx;

	free(search->image->text);
	search->image->text = NULL;
	search->image->via = tid;
	if (read_maps(search->image, &search->size) == DWUNW_OK && search->size)
		return false;
	return ++search->visits < THREADS_MAX;
}

/*
 * The maps of a process whose first thread has ended are empty, as all that
 * hangs on its memory; its other threads have them.
 */
static dwunw_status_t read_any_maps(struct dwu_image *image, size_t *size)
{
	dwunw_status_t status = read_maps(image, size);
	struct search search = { .image = image };

	if (status != DWUNW_OK || *size)
		return status;
	dwunw_threads(image->pid, has_maps, &search);
	*size = search.size;
	errno = ESRCH;
	return search.size ? DWUNW_OK : DWUNW_ERR_IO;
}

static bool same_file(const struct dwu_place *p, const struct dwu_place *q)
{
	return p->kind == q->kind && p->dev == q->dev && p->ino == q->ino &&
	       !strcmp(p->path, q->path);
}

/* Same file at the same place: what was found out of it still holds. */
static bool same_place(const struct dwu_image *a, const struct dwunw_mapping *x,
		       const struct dwu_image *b, const struct dwunw_mapping *y)
{
	const struct dwu_place *p = &a->places[x->file];
	const struct dwu_place *q = &b->places[y->file];

	return x->start == y->start && x->end == y->end && x->off == y->off &&
	       same_file(p, q) &&
	       (p->kind != DWU_PLACE_MOVED ||
		same_file(&a->places[p->owner], &b->places[q->owner]));
}

/* What was learnt of mappings that are still there. */
void dwu_image_inherit(struct dwu_image *image, const struct dwu_image *old)
{
	pthread_mutex_lock(&image->ctx->port->modules.lock);
	for (uint32_t i = 0; i < image->space.count; i++) {
		struct dwunw_mapping *to = &image->space.mappings[i];
		const struct dwunw_mapping *from =
			dwunw_space_find(&old->space, to->start);

		if (!from || !same_place(image, to, old, from) ||
		    from->serial != old->places[from->file].serial)
			continue;
		image->places[to->file].serial = old->places[from->file].serial;
		to->bias = from->bias;
		to->serial = from->serial;
	}
	pthread_mutex_unlock(&image->ctx->port->modules.lock);
}

/* Mappings may change between two reads of the text: then once more. */
dwunw_status_t dwu_image_load(struct dwunw_context *ctx, int32_t pid,
			      struct dwu_image **image)
{
	dwunw_status_t status = DWUNW_ERR_NO_MEMORY;

	*image = NULL;
	for (unsigned int tries = 0; tries < 3; tries++) {
		size_t size = 0;

		dwu_image_free(*image);
		*image = dwu_image_new(ctx, dwu_host_arch());
		if (!*image)
			return DWUNW_ERR_NO_MEMORY;
		(*image)->pid = pid;
		(*image)->via = pid;
		status = read_any_maps(*image, &size);
		if (status == DWUNW_OK)
			status = dwu_maps_parse(*image, size);
		if (status != DWUNW_ERR_BAD_FORMAT &&
		    status != DWUNW_ERR_INVALID_ARG)
			break;
	}
	if (status == DWUNW_OK)
		return status;
	dwu_image_free(*image);
	*image = NULL;
	return status;
}

/* --- one module ------------------------------------------------------------------ */

struct dwunw_mapping dwu_image_origin(const struct dwu_image *image,
				      const struct dwunw_mapping *mapping)
{
	const struct dwu_place *place = &image->places[mapping->file];
	struct dwunw_mapping origin = *mapping;

	if (place->kind == DWU_PLACE_MOVED) {
		origin.file = place->owner;
		origin.start = image->pieces[place->owner].start;
		origin.end = image->pieces[place->owner].end;
		origin.off = image->pieces[place->owner].off;
	}
	return origin;
}

/* \012 is a newline in the path; the kernel escapes nothing else. */
static void unescape(char *path)
{
	char *to = path;

	for (; *path; to++) {
		if (!strncmp(path, "\\012", 4)) {
			*to = '\n';
			path += 4;
		} else {
			*to = *path++;
		}
	}
	*to = 0;
}

/* What the kernel adds to the path of a file that has no name any more. */
static void strip_deleted(char *path)
{
	static const char suffix[] = " (deleted)";
	size_t size = strlen(path), cut = sizeof(suffix) - 1;

	if (size > cut && !strcmp(path + size - cut, suffix))
		path[size - cut] = 0;
}

/* The way to a file that is tried, in this order. */
enum way {
	WAY_ROOT,     /* in the target's root, as printed */
	WAY_STRIPPED, /* without the escapes and " (deleted)" */
	WAY_MAP_FILE, /* the mapped file itself: needs privileges */
	WAY_EXE,      /* the program's own file, if it is that one */
	WAY_OURS,     /* in our root: what a chroot hides from the target */
	WAY_COUNT
};

struct way_path {
	char root[64 + DWU_PATH_MAX];
	char path[DWU_PATH_MAX];
	enum dwu_follow follow;
};

/*
 * False: there is no such way.
 *
 * For a recording (image->root) only the first two ways are there.
 */
static bool way_to(const struct dwu_image *image,
		   const struct dwunw_mapping *mapping, enum way way,
		   struct way_path *to)
{
	const char *path = image->places[mapping->file].path;
	size_t size = sizeof(to->path);

	if (strlen(path) >= size || (image->root && way > WAY_STRIPPED))
		return false;
	to->follow = DWU_FOLLOW_NONE;
	snprintf(to->path, size, "%s", path);
	if (image->root)
		snprintf(to->root, sizeof(to->root), "%s", image->root);
	else
		snprintf(to->root, sizeof(to->root), "/proc/%d/root",
			 (int)image->via);
	if (way == WAY_STRIPPED || way == WAY_OURS) {
		unescape(to->path);
		strip_deleted(to->path);
	}
	if (way == WAY_STRIPPED)
		return strcmp(to->path, path) != 0;
	if (way == WAY_OURS)
		strcpy(to->root, "/");
	if (way == WAY_MAP_FILE) {
		snprintf(to->path, size, "/proc/%d/map_files/%llx-%llx",
			 (int)image->via, (unsigned long long)mapping->start,
			 (unsigned long long)mapping->end);
		to->root[0] = 0;
		to->follow = DWU_FOLLOW_ALL;
	}
	if (way == WAY_EXE) {
		snprintf(to->path, size, "/proc/%d/exe", (int)image->via);
		to->root[0] = 0;
		to->follow = DWU_FOLLOW_ALL;
	}
	/* a recording's files may be links by now; nothing there is secret */
	if (image->root)
		to->follow = DWU_FOLLOW_ALL;
	return true;
}

/*
 * Overlay and btrfs show one device in maps and another one in stat: only
 * what map_files names may differ in that.
 */
static bool is_mapped_file(const struct dwu_image *image,
			   const struct dwu_place *place, enum way way,
			   const struct dwu_file_id *id)
{
	if (image->root)
		return true;
	if (way == WAY_MAP_FILE)
		return true;
	return id->ino == place->ino && id->dev == place->dev;
}

/* A file that did not answer once is not asked again. */
static bool has_hung(const struct dwu_place *place)
{
	return __atomic_load_n(&place->hung, __ATOMIC_RELAXED);
}

/*
 * Opens the file behind a mapping. IO: there is none any more, or it cannot
 * be told from another one. `to` gets the way taken.
 */
static dwunw_status_t open_file(const struct dwu_image *image,
				const struct dwunw_mapping *mapping,
				struct dwu_file *file, struct way_path *to)
{
	const struct dwu_place *place = &image->places[mapping->file];
	dwunw_status_t status = DWUNW_ERR_IO;
	bool another = false;
	int reason = ENOENT;

	if (has_hung(place)) {
		errno = ETIMEDOUT;
		return DWUNW_ERR_IO;
	}
	for (enum way way = WAY_ROOT; way < WAY_COUNT; way++) {
		if (reason == ETIMEDOUT || !way_to(image, mapping, way, to))
			continue;
		status = dwu_file_open(file, to->root, to->path, to->follow,
				       image->ctx->config.file_size_max);
		if (status == DWUNW_OK &&
		    is_mapped_file(image, place, way, &file->id))
			return DWUNW_OK;
		if (status != DWUNW_ERR_IO)
			another = true;
		else if (reason == ENOENT)
			reason = errno;
		dwu_file_close(file);
	}
	if (reason == ETIMEDOUT)
		__atomic_store_n(&image->places[mapping->file].hung, true,
				 __ATOMIC_RELAXED);
	dwu_log(image->ctx, "pid %d: %s: %s", (int)image->pid, place->path,
		status == DWUNW_ERR_INVALID_ARG ?
			"not a regular file, or too large" :
		another ? "another file has its name now" :
			  dwu_error_text(reason));
	errno = reason;
	return status == DWUNW_ERR_INVALID_ARG ? status : DWUNW_ERR_IO;
}

/* The label is the path as the target has it. */
static dwunw_status_t open_place_file(struct dwu_image *image,
				      const struct dwunw_mapping *mapping,
				      const struct dwunw_module **module)
{
	const char *label = image->places[mapping->file].path;
	struct dwu_file file;
	struct way_path to;
	dwunw_status_t status = open_file(image, mapping, &file, &to);

	return status == DWUNW_OK ?
		       dwu_modules_open(image->ctx, &file, label, module) :
		       status;
}

/* From the process, or from what the recording has of it. */
static dwunw_status_t read_vdso(const struct dwu_image *image,
				const struct dwunw_mapping *mapping, void *dst,
				size_t size)
{
	if (!image->root)
		return dwu_memory_read(image->via, mapping->start, dst, size);
	if (image->vdso.size < size)
		return DWUNW_ERR_NO_DEBUG_DATA;
	memcpy(dst, image->vdso.data, size);
	return DWUNW_OK;
}

/* A vdso has no file: its bytes are copied, 256 KiB of them at most. */
static dwunw_status_t open_place_vdso(struct dwu_image *image,
				      const struct dwunw_mapping *mapping,
				      const struct dwunw_module **module)
{
	uint64_t size = mapping->end - mapping->start;
	dwunw_status_t status;
	void *bytes;

	if (image->root && size > image->vdso.size)
		size = image->vdso.size;
	if (!size)
		return DWUNW_ERR_NO_DEBUG_DATA;
	if (size > DWU_BLOB_SIZE_MAX)
		return DWUNW_ERR_INVALID_ARG;
	bytes = dwu_malloc((size_t)size);
	if (!bytes)
		return DWUNW_ERR_NO_MEMORY;
	status = read_vdso(image, mapping, bytes, (size_t)size);
	if (status == DWUNW_OK)
		return dwu_modules_open_bytes(
			image->ctx, (struct dwunw_span){ bytes, (size_t)size },
			"[vdso]", module);
	dwu_log(image->ctx, "pid %d: [vdso] at 0x%llx: %s", (int)image->pid,
		(unsigned long long)mapping->start, dwunw_status_text(status));
	free(bytes);
	return status;
}

/*
 * Bias first, then serial: whoever sees the serial sees the bias. Both are
 * set once, as other threads walk; a file that was written to meanwhile is
 * another one, which the next image of the process can say.
 */
static dwunw_status_t publish(struct dwu_image *image,
			      struct dwunw_mapping *mapping,
			      const struct dwunw_module *module)
{
	struct dwu_place *place = &image->places[mapping->file];
	uint64_t bias;
	dwunw_status_t status;

	if (mapping->serial == module->serial)
		return DWUNW_OK;
	if (mapping->serial) {
		dwu_log(image->ctx, "pid %d: %s: changed since it was mapped",
			(int)image->pid, place->path);
		place->serial = 0;
		return DWUNW_ERR_IO;
	}
	status = dwunw_elf_bias(&module->elf, image->pieces, image->piece_count,
				mapping->start, &bias);
	/* code of somebody else's between the pieces of a file */
	if (status != DWUNW_OK && place->kind == DWU_PLACE_MOVED)
		return DWUNW_ERR_NO_DEBUG_DATA;
	if (status != DWUNW_OK) {
		dwu_log(image->ctx,
			"pid %d: %s: no segment for its mapping at 0x%llx, or "
			"more than one",
			(int)image->pid, place->path,
			(unsigned long long)mapping->start);
		return status;
	}
	place->serial = module->serial;
	/* read only after serial; a 64-bit atomic is a library call on mips32 */
	mapping->bias = bias;
	__atomic_store_n(&mapping->serial, module->serial, __ATOMIC_RELEASE);
	return DWUNW_OK;
}

/* By the cache, else by way of the file. */
static dwunw_status_t find_module(struct dwu_image *image,
				  const struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	const struct dwu_place *place = &image->places[mapping->file];
	struct dwunw_mapping origin = dwu_image_origin(image, mapping);

	*module = dwu_modules_find(&image->ctx->port->modules, place->serial);
	if (*module)
		return DWUNW_OK;
	if (place->status != DWUNW_OK)
		return place->status;
	if (image->places[origin.file].kind == DWU_PLACE_FILE)
		return open_place_file(image, &origin, module);
	if (place->kind == DWU_PLACE_VDSO)
		return open_place_vdso(image, mapping, module);
	return DWUNW_ERR_NO_DEBUG_DATA;
}

/* With modules.lock held. */
static dwunw_status_t open_place(struct dwu_image *image,
				 struct dwunw_mapping *mapping,
				 const struct dwunw_module **module)
{
	struct dwu_place *place = &image->places[mapping->file];
	bool tried = place->status != DWUNW_OK;
	uint32_t shortages = dwu_file_shortages();
	dwunw_status_t status = find_module(image, mapping, module);

	if (status == DWUNW_OK)
		status = publish(image, mapping, *module);
	/* a full cache is not the file's fault, nor are too many open files */
	if (status != DWUNW_OK && status != DWUNW_ERR_CACHE_FULL &&
	    dwu_file_shortages() == shortages)
		place->status = status;
	if (status == DWUNW_ERR_IO && !tried)
		__atomic_add_fetch(&image->failures, 1, __ATOMIC_RELAXED);
	return status;
}

/*
 * A dwunw_space's own callback. *module is held by the caller where this is OK.
 */
static dwunw_status_t open_module(void *ctx, struct dwunw_mapping *mapping,
				  const struct dwunw_module **module)
{
	struct dwu_image *image = ctx;
	pthread_mutex_t *lock = &image->ctx->port->modules.lock;
	dwunw_status_t status;

	pthread_mutex_lock(lock);
	status = open_place(image, mapping, module);
	pthread_mutex_unlock(lock);
	if (status != DWUNW_OK && *module) {
		close_module(image, *module);
		*module = NULL;
	}
	return status;
}

/* For walks of a stopped thread: would opening it take time? */
bool dwu_image_opened(struct dwu_image *image,
		      const struct dwunw_mapping *mapping)
{
	pthread_mutex_t *lock = &image->ctx->port->modules.lock;
	const struct dwu_place *place = &image->places[mapping->file];
	const struct dwunw_module *module;
	bool tried;

	pthread_mutex_lock(lock);
	tried = place->status != DWUNW_OK || place->kind == DWU_PLACE_NOTHING;
	module = dwu_modules_find(&image->ctx->port->modules, place->serial);
	pthread_mutex_unlock(lock);
	if (module)
		close_module(image, module);
	return tried || module;
}

/* A path here that leads to the file now, for names. */
dwunw_status_t dwu_image_file(const struct dwu_image *image,
			      const struct dwunw_mapping *mapping, char *path,
			      size_t size)
{
	struct dwunw_mapping origin = dwu_image_origin(image, mapping);
	struct dwu_file file;
	struct way_path to;
	dwunw_status_t status = open_file(image, &origin, &file, &to);
	int length;

	path[0] = 0;
	if (status != DWUNW_OK)
		return status;
	dwu_file_close(&file);
	length = snprintf(path, size, "%s%s",
			  strcmp(to.root, "/") ? to.root : "", to.path);
	if (length >= 0 && (size_t)length < size)
		return DWUNW_OK;
	path[0] = 0;
	return DWUNW_ERR_INVALID_ARG;
}
