/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * attach.c - where the probes of one process are: every mapped file that
 * defines an allocator, and each function once.
 */
#include "recorder.h"

#include <dwunw/regset.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind {
	C_FUNCTION,
	CXX_OPERATOR /* where an allocator brings its own */
};

/* What is probed, as which call. Patterns change C names. */
static const struct function_row {
	const char *name;
	enum dwu_call call;
	bool returns;
	enum kind kind;
} table[] = {
	{ "malloc", DWU_CALL_MALLOC, true, C_FUNCTION },
	{ "calloc", DWU_CALL_CALLOC, true, C_FUNCTION },
	{ "realloc", DWU_CALL_REALLOC, true, C_FUNCTION },
	{ "mmap", DWU_CALL_MMAP, true, C_FUNCTION },
	{ "mremap", DWU_CALL_MREMAP, true, C_FUNCTION },
	{ "posix_memalign", DWU_CALL_POSIX_MEMALIGN, true, C_FUNCTION },
	{ "memalign", DWU_CALL_ALIGNED_ALLOC, true, C_FUNCTION },
	{ "aligned_alloc", DWU_CALL_ALIGNED_ALLOC, true, C_FUNCTION },
	{ "valloc", DWU_CALL_MALLOC, true, C_FUNCTION },
	{ "pvalloc", DWU_CALL_MALLOC, true, C_FUNCTION },
	{ "free", DWU_CALL_FREE, false, C_FUNCTION },
	{ "munmap", DWU_CALL_MUNMAP, false, C_FUNCTION },
	{ "_Znwm", DWU_CALL_MALLOC, true, CXX_OPERATOR },
	{ "_Znam", DWU_CALL_MALLOC, true, CXX_OPERATOR },
	{ "_ZnwmRKSt9nothrow_t", DWU_CALL_MALLOC, true, CXX_OPERATOR },
	{ "_ZnamRKSt9nothrow_t", DWU_CALL_MALLOC, true, CXX_OPERATOR },
	{ "_Znwj", DWU_CALL_MALLOC, true, CXX_OPERATOR },
	{ "_Znaj", DWU_CALL_MALLOC, true, CXX_OPERATOR },
	{ "_ZdlPv", DWU_CALL_FREE, false, CXX_OPERATOR },
	{ "_ZdaPv", DWU_CALL_FREE, false, CXX_OPERATOR },
	{ "_ZdlPvm", DWU_CALL_FREE, false, CXX_OPERATOR },
	{ "_ZdaPvm", DWU_CALL_FREE, false, CXX_OPERATOR },
	{ "_ZdlPvj", DWU_CALL_FREE, false, CXX_OPERATOR },
	{ "_ZdaPvj", DWU_CALL_FREE, false, CXX_OPERATOR },
};
#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

#if defined(__x86_64__)
#define HOST_ARCH DWUNW_ARCH_X86_64
#elif defined(__aarch64__)
#define HOST_ARCH DWUNW_ARCH_ARM64
#else
#define HOST_ARCH DWUNW_ARCH_NONE
#endif

/* A file that is looked at. */
struct file {
	struct dwunw_heap *heap;
	struct target *target;
	const char *path;
	struct dwu_known_file *known; /* NULL: it is read each time */
	bool program;		      /* the target's own */
	int32_t pid; /* whose probes: the target's, -1: all that map it */
	const char *pattern;
	bool unprobed;
	uint64_t offs[TABLE_COUNT *
		      (DWUNW_HEAP_PATTERNS + 1)]; /* those with probes */
	uint32_t off_count;
};

/* The name by the pattern: its * is the function's usual name. */
static void full_name(const char *pattern, const char *name, char *text,
		      size_t size)
{
	const char *star = strchr(pattern, '*');

	snprintf(text, size, "%.*s%s%s", (int)(star - pattern), pattern, name,
		 star + 1);
}

static bool find_function(struct file *file, const char *name, uint64_t *off,
			  uint64_t *size)
{
	struct dwunw_heap_config *config = &file->heap->config;
	dwunw_status_t status;
	char full[96];

	full_name(file->pattern, name, full, sizeof(full));
	if (dwunw_given_find(&config->given, file->path, file->program, full,
			     off))
		snprintf(full, sizeof(full), "0x%" PRIx64, *off);
	status = dwu_place_find(file->heap, file->known, file->path, full,
				DWUNW_SYMBOL_START, off, size);
	file->unprobed |= status == DWUNW_ERR_NOT_IMPLEMENTED;
	return status == DWUNW_OK;
}

/* Is some function where no probe may be? Without it the others would tell of
 * leaks that are none. */
static bool is_unprobed(struct file *file)
{
	uint64_t off, size;

	for (size_t i = 0; i < TABLE_COUNT && !file->unprobed; i++)
		if (table[i].kind == C_FUNCTION)
			find_function(file, table[i].name, &off, &size);
	return file->unprobed;
}

bool dwunw_heap_probes(const struct dwunw_heap_config *config, const char *name)
{
	char full[96];

	for (size_t i = 0; i < TABLE_COUNT; i++) {
		if (!config->pattern_count && !strcmp(table[i].name, name))
			return true;
		for (uint32_t k = 0; k < config->pattern_count; k++) {
			full_name(config->patterns[k].text, table[i].name, full,
				  sizeof(full));
			if (!strcmp(full, name))
				return true;
		}
	}
	return false;
}

/* jemalloc, tcmalloc, mimalloc: their operator new does not call malloc. */
static bool has_own_operators(const struct file *file)
{
	static const char *const marks[] = { "mallctl", "je_mallctl",
					     "tc_malloc", "mi_malloc" };
	struct file any = *file;
	uint64_t off, size;

	any.pattern = "*";
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (find_function(&any, marks[i], &off, &size))
			return true;
	}
	return false;
}

static bool is_known(const struct file *file, uint64_t off)
{
	for (uint32_t i = 0; i < file->off_count; i++) {
		if (file->offs[i] == off)
			return true;
	}
	return false;
}

/* The return probe first: an entry that is seen returns. */
static int attach_function(struct file *file, const struct function_row *row,
			   uint64_t off)
{
	struct dwunw_heap *heap = file->heap;
	int32_t pid = file->pid;
	int error = 0;

	if (row->returns)
		error = dwu_source_probe(heap, DWU_CALL_RETURN, pid, file->path,
					 off);
	if (!error)
		error = dwu_source_probe(heap, row->call, pid, file->path, off);
	if (!error)
		heap->statistics.probes += 1 + row->returns;
	return error;
}

static uint32_t cheap_offset(const struct file *file, const char *name,
			     uint64_t off, uint64_t size)
{
	char full[96];

	full_name(file->pattern, name, full, sizeof(full));
	return dwu_place_cheap(file->known, HOST_ARCH, file->path, full, off,
			       size);
}

/* 0, or an errno: told. */
static int attach_row(struct file *file, const struct function_row *row)
{
	struct dwunw_heap *heap = file->heap;
	uint64_t off, size;
	uint32_t later = 0;
	int error;

	/* aliases: glibc's aligned_alloc is its memalign */
	if (!find_function(file, row->name, &off, &size) || is_known(file, off))
		return 0;
	file->offs[file->off_count++] = off;
	if (!heap->config.entry_only)
		later = cheap_offset(file, row->name, off, size);
	error = attach_function(file, row, off + later);
	if (error && later) { /* not an instruction, for this kernel */
		later = 0;
		error = attach_function(file, row, off);
	}
	if (!error) {
		heap->statistics.cheap_probes += later != 0;
		if (heap->config.verbose)
			fprintf(stderr, "probe: %s+0x%" PRIx32 " in %s\n",
				row->name, later, file->path);
		return 0;
	}
	heap->statistics.failed_probes++;
	fprintf(stderr, "probe on %s at 0x%" PRIx64 " in %s: %s\n", row->name,
		off, file->path, strerror(-error));
	return -error;
}

/* All functions by one pattern. -1: it defines no allocator of that name. */
static int attach_pattern(struct file *file, const char *pattern)
{
	bool operators = false;
	uint64_t off, size;
	int error = 0, first;

	file->pattern = pattern;
	if (!find_function(file, "malloc", &off, &size) && !file->unprobed)
		return -1;
	if (is_unprobed(file))
		return EOPNOTSUPP;
	if (!strcmp(pattern, "*"))
		operators = has_own_operators(file);
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		if (table[i].kind == CXX_OPERATOR && !operators)
			continue;
		first = attach_row(file, &table[i]);
		error = error ? error : first;
	}
	return error;
}

/* --- probes in every process that maps a file ------------------------------ */

static bool is_among(const struct probed_file *files, uint32_t count,
		     const char *path)
{
	struct stat file;

	if (stat(path, &file))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (files[i].ino == file.st_ino && files[i].dev == file.st_dev)
			return true;
	}
	return false;
}

/* From now on who is followed is looked at with each hit. */
static void note_wide(struct dwunw_heap *heap, const char *path)
{
	struct probed_file *files = realloc(
		heap->wide_files, (heap->wide_count + 1) * sizeof(*files));
	struct stat file;

	if (files)
		heap->wide_files = files;
	if (files && !stat(path, &file))
		files[heap->wide_count++] =
			(struct probed_file){ file.st_dev, file.st_ino };
	heap->wide = true;
	dwu_set_switch(heap);
}

/* A program that was executed has been running without them. */
static void note_late(struct dwunw_heap *heap, const struct target *target,
		      const char *path)
{
	uint64_t late = dwunw_heap_now() - target->exec_time_ns;

	if (heap->command_pid || !target->exec_time_ns)
		return;
	heap->statistics.late_programs++;
	heap->statistics.late_ns += late;
	fprintf(stderr,
		"note: pid %" PRId32 " (%s): probes on %s came %" PRIu64
		" ms after its exec: what it allocated before is missed\n",
		target->pid, target->comm, path, late / 1000000);
}

/* The target has probes on it. */
static int take_file(struct probed_files *files, const char *path)
{
	struct stat file;

	if (files->count < TARGET_FILES && !stat(path, &file))
		files->at[files->count++] =
			(struct probed_file){ file.st_dev, file.st_ino };
	return 0;
}

/* It has probes for that file, some of its threads since now. */
static void take_events(struct target *target, const char *path)
{
	target->events_full |= target->events.count == TARGET_FILES;
	take_file(&target->events, path);
	target->events_ns = dwunw_heap_now();
}

/* A perf event is a thread's, and the first one has ended: each of the others is
 * given its own. Their children have them, too, which nobody asked for. */
static void use_inherited(struct dwunw_heap *heap)
{
	if (heap->samples || heap->multi || heap->inherited || heap->wide ||
	    dwunw_loader_use_inherited(heap->loader))
		return;
	heap->inherited = true;
	heap->wide = true;
	dwu_set_switch(heap);
}

/* Its probes are those of every process that maps the file. */
static bool is_everywhere(const struct dwunw_heap *heap,
			  const struct target *target)
{
	return !heap->samples && !heap->inherited &&
	       (heap->wide || target->leaderless);
}

/* The function of config.event. -1: the file has none of that name. */
static int attach_event(struct file *file)
{
	struct dwunw_heap *heap = file->heap;
	const struct dwunw_heap_event *event = &heap->counted;
	dwunw_status_t status;
	uint64_t off;
	int error;

	status = dwu_event_place(heap, file->known, file->path, &off);
	if (status == DWUNW_ERR_NOT_IMPLEMENTED) /* told */
		return EOPNOTSUPP;
	if (status != DWUNW_OK)
		return -1;
	error = dwu_event_probe(heap, file->pid, file->path, off);
	if (!error)
		return 0;
	heap->statistics.failed_probes++;
	fprintf(stderr, "probe on %s at 0x%" PRIx64 " in %s: %s\n", event->name,
		off, file->path, strerror(-error));
	return -error;
}

/* As attach_pattern(), by all patterns that were given. */
static int attach_patterns(struct file *file)
{
	struct dwunw_heap_config *config = &file->heap->config;
	int status = -1;

	if (!config->pattern_count)
		return attach_pattern(file, "*");
	for (uint32_t i = 0; i < config->pattern_count; i++) {
		int one = attach_pattern(file, config->patterns[i].text);

		config->patterns[i].found |= one >= 0;
		status = one >= 0 && status <= 0 ? one : status;
	}
	return status;
}

/* 0, an errno, told; -1: there is nothing in it to be probed. */
static int attach_file(struct dwunw_heap *heap, struct target *target,
		       const char *path, bool program)
{
	struct file file = { .heap = heap,
			     .target = target,
			     .path = path,
			     .program = program,
			     .pid = target->pid };
	int status;

	if (is_among(target->events.at, target->events.count, path))
		return take_file(&target->files, path);
	if (is_everywhere(heap, target)) {
		file.pid = -1;
		if (is_among(heap->wide_files, heap->wide_count, path))
			return take_file(&target->files, path);
	}
	file.known = dwu_known_file(heap, path);
	status = heap->counted.kind ? attach_event(&file) :
				      attach_patterns(&file);
	if (status == -1)
		return status;
	if (file.pid < 0 && !status)
		note_wide(heap, path);
	note_late(heap, target, path);
	if (heap->inherited || heap->samples || (heap->multi && file.pid >= 0))
		take_events(target, path);
	take_file(&target->files, path);
	if (!status)
		fprintf(stderr, "probes on %s\n", path);
	return status;
}

static bool has_probes(const struct target *target, const char *path)
{
	return is_among(target->files.at, target->files.count, path);
}

/* One that began while its parent's were put may have some, and one whose starter
 * was not known yet may lose some: it is given all again. */
void dwu_attach_child(struct dwunw_heap *heap, struct target *child,
		      const struct dwunw_event_header *fork)
{
	struct target *parent = dwu_target_find(heap, (int32_t)fork->pid);

	child->parent = (int32_t)fork->pid;
	if (!heap->inherited)
		return;
	if (dwunw_loader_child(heap->loader, child->pid, (int32_t)fork->tid) &&
	    parent && fork->time_ns > parent->events_ns) {
		child->events = parent->events;
		child->events_ns = parent->events_ns;
		return;
	}
	child->remapped = true;
	heap->remapped = true;
}

/* config.file: this file, by its path or by the end of its path. */
static bool is_object(const struct dwunw_heap_config *config, const char *path)
{
	size_t length, size = strlen(path);
	struct stat one, other;

	if (!config->file)
		return true;
	length = strlen(config->file);
	if (size >= length && !strcmp(path + size - length, config->file) &&
	    (size == length || config->file[0] == '/' ||
	     path[size - length - 1] == '/'))
		return true;
	return !stat(path, &one) && !stat(config->file, &other) &&
	       one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

/* Probes on files that it may not even map cost all others. */
static bool may_be_everywhere(const struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;

	return config->everywhere || config->all || config->cgroup;
}

static int refuse_everywhere(const struct dwunw_heap *heap,
			     struct target *target)
{
	fprintf(stderr,
		"%s: pid %" PRId32
		": its mappings can't be read, and the probes "
		"would be in every process that maps a C library: --everywhere "
		"allows that\n",
		heap->config.tool, target->pid);
	target->refused = true;
	return EXIT_FAILURE;
}

/* Its mappings can't be read: every libc that programs have here. Those that it
 * does not map cost nothing. */
static int attach_unseen(struct dwunw_heap *heap, struct target *target)
{
	static const char *const usual[] = {
#if defined(__x86_64__)
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib/ld-musl-x86_64.so.1",
#elif defined(__aarch64__)
		"/lib/aarch64-linux-gnu/libc.so.6",
		"/lib/ld-musl-aarch64.so.1",
#endif
		"/lib64/libc.so.6",
		"/lib/libc.so.6",
		"/lib/libc.so"
	};
	const char *object = heap->config.file;
	int status = -1;

	if (target->files.count)
		return 0;
	if (is_everywhere(heap, target) && !may_be_everywhere(heap))
		return refuse_everywhere(heap, target);
	heap->file_found = true;
	if (object && strchr(object, '/'))
		return attach_file(heap, target, object, false);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		char *path = realpath(usual[i], NULL); /* one, by many names */
		int one = -1;

		if (path && !has_probes(target, path))
			one = attach_file(heap, target, path, false);
		free(path);
		status = one >= 0 && status <= 0 ? one : status;
	}
	return status;
}

void dwu_say_names(const struct dwunw_heap_config *config)
{
	if (config->words.names)
		fprintf(stderr, "of another name: %s\n", config->words.names);
	fprintf(stderr,
		"stripped: --debug-file FILE, or\n"
		"--symbol malloc=0xOFFSET[@FILE] --symbol free=0xOFFSET … "
		"(offsets in the file)\n");
}

static void say_no_function(const struct dwunw_heap *heap,
			    const struct target *target, const char *looked_at)
{
	fprintf(stderr, "%s: pid %d: %s: %s; looked at:\n%s", heap->config.tool,
		target->pid, heap->counted.text,
		!heap->file_found  ? "no mapped file is that" :
		*heap->no_function ? heap->no_function :
				     "that file has no such function",
		looked_at);
}

static void say_none(const struct dwunw_heap *heap, const struct target *target,
		     const char *looked_at)
{
	const struct dwunw_heap_config *config = &heap->config;
	const char *object = config->file;
	char names[DWUNW_HEAP_PATTERNS * (PATTERN_SIZE + 12)] = "malloc";

	if (heap->counted.kind) {
		say_no_function(heap, target, looked_at);
		return;
	}
	for (uint32_t i = 0; i < config->pattern_count; i++) {
		size_t used = i ? strlen(names) : 0;

		snprintf(names + used, sizeof(names) - used, "%s",
			 used ? ", " : "");
		full_name(config->patterns[i].text, "malloc",
			  names + strlen(names), 64);
	}
	if (object && !heap->file_found)
		fprintf(stderr,
			"%s: pid %d: %s %s: no mapped file is that; looked "
			"at:\n%s",
			config->tool, target->pid, config->words.file, object,
			looked_at);
	else
		fprintf(stderr,
			"%s: pid %d: no mapped file%s%s%s%s defines %s; looked "
			"at:\n%s",
			config->tool, target->pid, object ? " of " : "",
			object ? config->words.file : "", object ? " " : "",
			object ? object : "", names, looked_at);
	if (!object || heap->file_found)
		dwu_say_names(config);
}

void dwunw_heap_say_unused(const struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;

	if (heap->counted.kind)
		return;
	if (config->file && !heap->file_found)
		fprintf(stderr, "%s: %s %s: not used: no mapped file is that\n",
			config->tool, config->words.file, config->file);
	for (uint32_t i = 0; i < config->pattern_count; i++) {
		if (!config->patterns[i].found)
			fprintf(stderr,
				"%s: %s %s: not used: no mapped file has such a "
				"malloc\n",
				config->tool, config->words.patterns,
				config->patterns[i].text);
	}
	dwunw_given_unused(&config->given, config->tool);
	dwunw_given_debug_unused(config->debug_file,
				 heap->places.debug_file_used, config->tool);
}

int dwu_attach_files(struct dwunw_heap *heap, struct target *target)
{
	const struct dwunw_heap_event *event = &heap->counted;
	const struct dwunw_space *space;
	char path[512], last[512] = "", looked_at[2048] = "";
	bool program = true;
	int status = 0;

	if (event->kind && !dwu_is_of_calls(event))
		return 0;
	if (target->leaderless)
		use_inherited(heap);
	target->refused = event->kind != DWUNW_HEAP_UPROBE &&
			  !dwunw_returns_allowed(heap->config.tool,
						 is_everywhere(heap, target) ?
							 -1 :
							 target->pid);
	if (target->refused)
		return EXIT_FAILURE;
	if (target->lost_rights)
		return attach_unseen(heap, target);
	space = dwunw_process_space(target->process);
	for (uint32_t i = 0; i < space->count; i++) {
		size_t used = strlen(looked_at);
		int one;

		if (dwunw_process_file(target->process, &space->mappings[i],
				       path, sizeof(path)) ||
		    !strcmp(path, last))
			continue;
		strcpy(last, path);
		snprintf(looked_at + used, sizeof(looked_at) - used, "\t%s\n",
			 path);
		if (is_object(&heap->config, path)) {
			heap->file_found = true;
			one = has_probes(target, path) ?
				      0 :
				      attach_file(heap, target, path, program);
			status = one > 0 && !status ? one : status;
		}
		program = false;
	}
	if (!status)
		status = -dwu_source_start(heap);
	if (status == EOPNOTSUPP) /* told of each place */
		return EXIT_FAILURE;
	if (status)
		return dwunw_permission_explain(
			heap->config.tool, "a probe was not attached", status);
	if (!target->files.count && !target->starting)
		say_none(heap, target, looked_at);
	return target->files.count ? 0 : -1;
}
