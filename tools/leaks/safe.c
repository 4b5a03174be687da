/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * safe.c - see safe.h.
 *
 * Functions are known by their names. The C library's own that no symbol names are
 * judged by the exported one that leads to them; a run of frames in it whose first
 * one has no name is not believed, but for the outermost, which starts threads.
 */
#include "safe.h"

#include "borrow.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FRAMES_MAX 1024

enum place {
	OTHER = 0,
	LOADER,
	LIBC,
	ALLOCATOR, /* a library that is one */
	RECORDER
};

/* What the frames of a thread tell. */
struct seen {
	bool loader;
	bool recorder;
	bool complete;
	struct dwunw_stop stop;
};

static struct dwunw_frame frames[FRAMES_MAX];

static const char *const allocators[] = { "*malloc.so*", "*malloc-*.so*",
					  "*malloc_*.so*", "libmemkind*",
					  NULL };
/* Functions that hold what dlopen() or we take, or that leave the process. */
static const char *const busy[] = { "malloc",
				    "calloc",
				    "realloc",
				    "reallocarray",
				    "free",
				    "cfree",
				    "valloc",
				    "pvalloc",
				    "*memalign",
				    "aligned_alloc",
				    "mallopt",
				    "mallinfo*",
				    "malloc_*",
				    "__libc_*alloc",
				    "__libc_free*",
				    "_int_*",
				    "*fork",
				    "clone",
				    "__clone*",
				    "clone3",
				    "*posix_spawn*",
				    "system",
				    "popen",
				    "pclose",
				    "pthread_create*",
				    "pthread_exit",
				    "pthread_key_*",
				    "*atfork*",
				    "exit",
				    "_exit",
				    "quick_exit",
				    "at_quick_exit",
				    "atexit",
				    "__cxa_atexit",
				    "__cxa_finalize",
				    "abort",
				    "dlopen",
				    "dlmopen",
				    "dlclose",
				    "dlsym",
				    "dlvsym",
				    "dladdr*",
				    "dlinfo",
				    "dlerror",
				    "dl_iterate_phdr",
				    "_dl_*",
				    "__libc_dl*",
				    "iconv*",
				    "execv*",
				    "sbrk",
				    "brk",
				    NULL };

static bool is_like(const char *const *patterns, const char *name)
{
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, name, 0))
			return true;
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum place place_of(const struct safe *safe, const char *path)
{
	const char *name = base_name(path);

	if (safe->recorder && !fnmatch(safe->recorder, name, 0))
		return RECORDER;
	if (!fnmatch("ld-*.so*", name, 0) || !fnmatch("ld.so*", name, 0) ||
	    !fnmatch("libdl[.-]*", name, 0))
		return LOADER;
	if (!fnmatch("libc.so.6*", name, 0) || !fnmatch("libc-2*", name, 0) ||
	    !fnmatch("libpthread[.-]*", name, 0))
		return LIBC;
	return is_like(allocators, name) ? ALLOCATOR : OTHER;
}

bool safe_open(struct safe *safe, int32_t pid)
{
	const struct dwunw_symbol_config names = {
		.flags = DWUNW_SYMBOL_NO_LINES | DWUNW_SYMBOL_RAW_NAMES,
	};
	dwunw_status_t status = dwunw_init(&safe->ctx);

	safe->pid = pid;
	if (status == DWUNW_OK)
		status = dwunw_symbol_resolver_init(&safe->resolver, &names);
	if (status == DWUNW_OK)
		status = dwunw_process_open(&safe->ctx, pid, &safe->process);
	if (status == DWUNW_ERR_ATTACH_DENIED)
		dwunw_denied_text(pid, safe->why, sizeof(safe->why));
	else
		snprintf(safe->why, sizeof(safe->why), "%s",
			 status == DWUNW_ERR_IO ? "no such process" :
						  dwunw_status_text(status));
	return status == DWUNW_OK;
}

void safe_close(struct safe *safe)
{
	dwunw_symbol_resolver_shutdown(&safe->resolver);
	dwunw_shutdown(&safe->ctx);
}

const struct dwunw_mapping *safe_mapping(struct safe *safe, const char *like)
{
	const struct dwunw_space *space;
	const char *path;

	if (dwunw_process_refresh(safe->process) != DWUNW_OK)
		return NULL;
	space = dwunw_process_space(safe->process);
	for (uint32_t i = 0; i < space->count; i++) {
		path = dwunw_process_path(safe->process, &space->mappings[i]);
		if (*path == '/' && !fnmatch(like, base_name(path), 0))
			return &space->mappings[i];
	}
	return NULL;
}

/* --- a thread ------------------------------------------------------------------------- */

static bool walk(struct safe *safe, int32_t tid, size_t *count,
		 struct dwunw_stop *stop)
{
	struct dwunw_regset regs;
	struct dwunw_unwind_request request = {
		.regs = &regs,
		.pid = safe->pid,
		.tid = tid,
		.frames = frames,
		.max_frames = FRAMES_MAX,
	};

	*count = 0;
	if (!borrow_regs(tid, &regs) ||
	    dwunw_capture(&safe->ctx, &request, count) != DWUNW_OK)
		return false;
	*stop = request.stop;
	return *count > 0;
}

static enum place place_at(const struct safe *safe, size_t i)
{
	const struct dwunw_space *space = dwunw_process_space(safe->process);
	const struct dwunw_mapping *mapping =
		dwunw_space_find(space, frames[i].pc);

	return mapping ? place_of(safe,
				  dwunw_process_path(safe->process, mapping)) :
			 OTHER;
}

/* False: its stack cannot be read at all. */
static bool look(struct safe *safe, int32_t tid, size_t *count,
		 struct seen *seen)
{
	*seen = (struct seen){ 0 };
	if (!walk(safe, tid, count, &seen->stop))
		return false;
	seen->complete = dwunw_stop_is_complete(seen->stop.reason);
	for (size_t i = 0; i < *count; i++) {
		enum place place = place_at(safe, i);

		seen->loader |= place == LOADER;
		seen->recorder |= place == RECORDER;
	}
	return true;
}

/* NULL: it has none. */
static const char *name_of(struct safe *safe, size_t i)
{
	struct dwunw_symbol_info info;

	if (dwunw_symbol_frame(&safe->resolver, &safe->ctx, safe->pid,
			       &frames[i], &info) != DWUNW_OK ||
	    info.status != DWUNW_OK || !info.function)
		return NULL;
	return info.function;
}

static bool say(struct safe *safe, int32_t tid, const char *where,
		const char *what)
{
	snprintf(safe->why, sizeof(safe->why), "thread %" PRId32 " %s%s", tid,
		 where, what);
	return false;
}

/* The frames of a thread, innermost first. */
static bool frames_are_free(struct safe *safe, int32_t tid, size_t count)
{
	bool nameless = false; /* the one before, in libc */

	for (size_t i = 0; i < count; i++) {
		enum place place = place_at(safe, i);
		const char *name;

		if (place == ALLOCATOR)
			return say(safe, tid, "is in the allocator", "");
		if (frames[i].flags &
		    (DWUNW_FRAME_FLAG_SIGNAL | DWUNW_FRAME_FLAG_GUESS))
			return say(safe, tid,
				   "is in a signal handler, or in code without "
				   "unwind information",
				   "");
		if (place != LIBC && nameless)
			return say(safe, tid, "is in an unnamed function of ",
				   "libc");
		name = name_of(safe, i);
		nameless = place == LIBC && !name;
		/* what starts a thread stands last */
		if (name && is_like(busy, name) && i + 1 < count)
			return say(safe, tid, "is in ", name);
	}
	return true;
}

static bool say_short(struct safe *safe, int32_t tid,
		      const struct dwunw_stop *stop)
{
	char why[160];

	return say(safe, tid, "has no whole stack: ",
		   dwunw_stop_text(&safe->ctx, stop, why, sizeof(why)));
}

static bool is_free(struct safe *safe, int32_t tid)
{
	struct dwunw_stop stop;
	const char *refused = borrow_refused(tid);
	size_t count;

	if (refused)
		return say(safe, tid, ": ", refused);
	if (!walk(safe, tid, &count, &stop))
		return say(safe, tid, "cannot be unwound", "");
	if (!dwunw_stop_is_complete(stop.reason))
		return say_short(safe, tid, &stop);
	return frames_are_free(safe, tid, count);
}

/* --- all of them ------------------------------------------------------------------------ */

int32_t safe_thread(struct safe *safe, const struct threads *threads,
		    int32_t after)
{
	int32_t first = 0, next = 0;
	struct seen seen;
	size_t count;

	dwunw_process_refresh(safe->process);
	for (size_t i = 0; i < threads->count; i++) {
		int32_t tid = threads->at[i].tid;

		if (threads->at[i].gone)
			continue;
		if (look(safe, tid, &count, &seen) && seen.loader) {
			say(safe, tid, "is in the loader", "");
			return 0;
		}
		if (seen.recorder || !seen.complete || (next && first))
			continue;
		if (!(tid > after ? next : first) && is_free(safe, tid))
			*(tid > after ? &next : &first) = tid;
	}
	return next ? next : first;
}

bool safe_is_left(struct safe *safe, const struct threads *threads)
{
	struct seen seen;
	size_t count;

	dwunw_process_refresh(safe->process);
	for (size_t i = 0; i < threads->count; i++) {
		if (threads->at[i].gone)
			continue;
		if (!look(safe, threads->at[i].tid, &count, &seen))
			return say(safe, threads->at[i].tid,
				   "cannot be unwound", "");
		if (!seen.complete && !borrow_is_new(threads->at[i].tid))
			return say_short(safe, threads->at[i].tid, &seen.stop);
		if (seen.recorder)
			return say(safe, threads->at[i].tid,
				   "is in the recorder", "");
	}
	return true;
}
