/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "probes.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const uint8_t memleak_object[], memleak_object_end[];

/* What is probed, and by which program of memleak.bpf.c or part of
 * sampled.c. */
static const struct {
	const char *function;
	const char *program;
	enum sampled_kind sampled;
	bool returns;
	bool rare; /* not every C library has one */
} table[] = {
	{ "malloc", "malloc_enter", SAMPLED_MALLOC, true, false },
	{ "calloc", "calloc_enter", SAMPLED_CALLOC, true, false },
	{ "realloc", "realloc_enter", SAMPLED_REALLOC, true, false },
	{ "posix_memalign", "posix_memalign_enter", SAMPLED_POSIX_MEMALIGN,
	  true, false },
	{ "aligned_alloc", "aligned_alloc_enter", SAMPLED_ALIGNED_ALLOC, true,
	  false },
	{ "memalign", "aligned_alloc_enter", SAMPLED_ALIGNED_ALLOC, true,
	  false },
	{ "valloc", "malloc_enter", SAMPLED_MALLOC, true, true },
	{ "pvalloc", "malloc_enter", SAMPLED_MALLOC, true, true },
	{ "mmap", "mmap_enter", SAMPLED_MMAP, true, false },
	{ "mremap", "mremap_enter", SAMPLED_MREMAP, true, false },
	{ "free", "free_enter", SAMPLED_FREE, false, false },
	{ "munmap", "munmap_enter", SAMPLED_MUNMAP, false, false },
};
#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

bool probes_function(const char *name)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (!strcmp(table[i].function, name))
			return true;
	return false;
}

/* --- BPF --------------------------------------------------------------- */

static int configure(struct dwunw_loader *loader,
		     const struct probe_options *options)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	bool perf = options->capture == CAPTURE_BPF_PERF;
	struct dwunw_capture_options capture = {
		.stack_cap = options->stack_cap,
		.perf = perf,
		.namespace_dev = options->namespace.dev,
		.namespace_ino = options->namespace.ino,
		.slots = cpus < 2  ? 4 :
			 cpus > 62 ? 64 :
				     (uint32_t)cpus + 2,
	};
	struct memleak_options memleak = { .fp_walk = options->fp_walk };

	if (dwunw_loader_set_value(loader, DWUNW_CAPTURE_OPTIONS_MAP, &capture,
				   sizeof(capture)) ||
	    dwunw_loader_set_value(loader, MEMLEAK_OPTIONS_MAP, &memleak,
				   sizeof(memleak)) ||
	    dwunw_loader_set_entries(loader, "dwunw_slots", capture.slots) ||
	    dwunw_loader_set_entries(loader, "live", options->live_max))
		return -ENOENT;
	return dwunw_loader_set_events(loader, "dwunw_events", perf,
				       options->ring_size);
}

/* Without them a stack is only looked up anew when an address is in no known
 * mapping: generation 0. */
static void follow_process(struct dwunw_loader *loader, int32_t pid)
{
	uint32_t tgid = (uint32_t)pid, first = 1;
	const char *missing = "";
	int error = dwunw_loader_attach_tracepoints(loader, &missing);

	if (error)
		fprintf(stderr,
			"note: no %s (%s): changed mappings are noticed "
			"later\n",
			missing, strerror(-error));
	else
		dwunw_bpf_map_set(dwunw_loader_map(loader, "dwunw_generations"),
				  &tgid, &first);
}

static int load_bpf(struct probes *probes, const struct probe_options *options,
		    dwunw_loader_event_fn on_event, void *ctx)
{
	size_t size = (size_t)(memleak_object_end - memleak_object);
	int error;

	error = dwunw_loader_open(&probes->loader, memleak_object, size,
				  options->verbose);
	if (!error)
		error = configure(probes->loader, options);
	if (!error)
		error = dwunw_loader_load(probes->loader);
	if (error)
		return dwunw_permission_explain(
			"memleak_user", "the BPF programs were not loaded",
			-error);
	error = dwunw_inbox_open(&probes->inbox, probes->loader, on_event, ctx);
	if (error)
		return dwunw_permission_explain(
			"memleak_user", "the event buffer was not opened",
			-error);
	if (options->namespace.ino)
		error = dwunw_pidns_enter(
			dwunw_loader_map(probes->loader, "dwunw_namespaces"),
			dwunw_loader_map(probes->loader, "dwunw_inner"),
			options->pid);
	if (error)
		return dwunw_permission_explain(
			"memleak_user", "the target's pid namespace", -error);
	follow_process(probes->loader, options->pid);
	return 0;
}

/* --- either -------------------------------------------------------------- */

int probes_load(struct probes *probes, const struct probe_options *options,
		dwunw_loader_event_fn on_event, void *ctx)
{
	struct sampled_config config = {
		.pid = options->pid,
		.stack_size = options->stack_cap,
		.ring_size = options->ring_size,
		.live_max = options->live_max,
		.on_event = on_event,
		.ctx = ctx,
	};
	int error;

	if (options->capture != CAPTURE_PERF)
		return load_bpf(probes, options, on_event, ctx);
	error = sampled_open(&probes->sampled, &config);
	return error ? dwunw_permission_explain(
			       "memleak_user", "perf samples are not to be had",
			       -error) :
		       0;
}

/* 0 or a negative errno. */
static int attach_one(struct probes *probes, size_t row, bool at_return,
		      int32_t pid, const char *path, uint64_t off)
{
	if (probes->sampled)
		return sampled_probe(probes->sampled,
				     at_return ? SAMPLED_RETURN :
						 table[row].sampled,
				     path, off);
	return dwunw_loader_attach_uprobe(
		probes->loader, at_return ? "alloc_exit" : table[row].program,
		at_return, probes->everywhere ? -1 : pid, path, off);
}

static bool find_function(struct probe_options *options,
			  struct dwunw_symbol_resolver *resolver,
			  const char *path, bool program, const char *name,
			  uint64_t *off)
{
	dwunw_status_t status;

	if (dwunw_given_find(&options->given, path, program, name, off))
		return true;
	status = dwunw_symbol_offset(resolver, path, name, off, NULL);
	return !dwunw_given_unprobed(status, "memleak_user", name, path) &&
	       !status;
}

/* Is some function where no probe may be? Without it the others would tell of
 * leaks that are none. */
static bool is_unprobed(struct dwunw_symbol_resolver *resolver,
			const char *path)
{
	uint64_t off;

	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (dwunw_given_unprobed(
			    dwunw_symbol_offset(resolver, path,
						table[i].function, &off, NULL),
			    "memleak_user", table[i].function, path))
			return true;
	return false;
}

/* All functions of one file that defines malloc. */
static int attach_file(struct probes *probes, struct probe_options *options,
		       struct dwunw_symbol_resolver *resolver, const char *path,
		       bool program)
{
	uint64_t offs[TABLE_COUNT] = { 0 };

	if (is_unprobed(resolver, path))
		return EXIT_FAILURE;
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		bool known = false;
		int error = 0;

		if (!find_function(options, resolver, path, program,
				   table[i].function, &offs[i])) {
			if (!table[i].rare)
				fprintf(stderr, "note: no %s in %s\n",
					table[i].function, path);
			continue;
		}
		/* aliases: glibc's aligned_alloc is its memalign */
		for (size_t k = 0; k < i; k++)
			known |= offs[k] == offs[i];
		if (known)
			continue;
		/* The return probe first: an entry that is seen returns. */
		if (table[i].returns)
			error = attach_one(probes, i, true, options->pid, path,
					   offs[i]);
		if (!error)
			error = attach_one(probes, i, false, options->pid, path,
					   offs[i]);
		if (error) {
			fprintf(stderr, "probe on %s at 0x%" PRIx64 " in %s\n",
				table[i].function, offs[i], path);
			return dwunw_permission_explain(
				"memleak_user", "the probe was not attached",
				-error);
		}
	}
	snprintf(probes->files[probes->file_count++], 256, "%s", path);
	fprintf(stderr, "probes on %s\n", path);
	return 0;
}

static bool has_probes(const struct probes *probes, const char *path)
{
	for (uint32_t i = 0; i < probes->file_count; i++) {
		if (!strcmp(probes->files[i], path))
			return true;
	}
	return probes->file_count == PROBED_FILES;
}

static int no_malloc(const char *looked_at)
{
	fprintf(stderr,
		"memleak_user: no mapped file defines malloc; looked at:\n%s"
		"a stripped program: name a file with its symbols by "
		"--debug-file FILE,\nor the functions by --symbol "
		"malloc=0xOFFSET[@FILE] --symbol free=0xOFFSET …\n"
		"(offsets in the file)\n",
		looked_at);
	return EXIT_FAILURE;
}

int probes_attach(struct probes *probes, struct probe_options *options,
		  struct dwunw_process *process,
		  struct dwunw_symbol_resolver *resolver)
{
	const struct dwunw_space *space;
	char path[256], last[256] = "", looked_at[4096] = "";
	bool program = true;
	int status;

	if (dwunw_proc_leader_ended(options->pid))
		probes_leader_ended(probes);
	if (!dwunw_returns_allowed("memleak_user",
				   probes->everywhere ? -1 : options->pid))
		return EXIT_FAILURE;
	space = dwunw_process_space(process);
	for (uint32_t i = 0; i < space->count; i++) {
		const struct dwunw_mapping *mapping = &space->mappings[i];
		size_t used = strlen(looked_at);
		uint64_t off;

		if (dwunw_process_file(process, mapping, path, sizeof(path)) ||
		    !strcmp(path, last))
			continue;
		strcpy(last, path);
		snprintf(looked_at + used, sizeof(looked_at) - used, "\t%s\n",
			 path);
		if (find_function(options, resolver, path, program, "malloc",
				  &off) &&
		    !has_probes(probes, path)) {
			status = attach_file(probes, options, resolver, path,
					     program);
			if (status)
				return status;
		}
		program = false;
	}
	if (!probes->file_count)
		return no_malloc(looked_at);
	status = probes->sampled ? sampled_start(probes->sampled) : 0;
	return status ? dwunw_permission_explain("memleak_user",
						 "the probes were not attached",
						 -status) :
			0;
}

static void set_switch(struct probes *probes)
{
	struct dwunw_allocator_switch now = { probes->recording, probes->wide };
	uint32_t zero = 0;

	dwunw_bpf_map_set(dwunw_loader_map(probes->loader,
					   DWUNW_ALLOCATOR_SWITCH_MAP),
			  &zero, &now);
}

void probes_record(struct probes *probes, bool on)
{
	probes->recording = on;
	if (probes->sampled)
		sampled_record(probes->sampled, on);
	else
		set_switch(probes);
}

void probes_leader_ended(struct probes *probes)
{
	if (probes->sampled || probes->wide) /* samples have each thread's */
		return;
	/* each of the other threads is given its own, if that can be */
	probes->everywhere = dwunw_loader_use_inherited(probes->loader) != 0;
	probes->wide = true;
	probes->file_count = 0;
	set_switch(probes);
}

void probes_read(struct probes *probes, int timeout_ms)
{
	if (probes->sampled)
		sampled_read(probes->sampled, timeout_ms);
	else
		dwunw_inbox_read(probes->inbox, timeout_ms);
}

/* Read until nothing was under way: then calls = events + drops. */
void probes_counters(struct probes *probes, uint64_t *counters)
{
	int fd;

	if (probes->sampled) {
		sampled_counters(probes->sampled, counters);
		return;
	}
	fd = dwunw_loader_map(probes->loader, "dwunw_counters");
	for (int tries = 0; tries < 100; tries++) {
		for (uint32_t i = 0; i < DWUNW_COUNT_END; i++)
			dwunw_bpf_map_get(fd, &i, &counters[i]);
		if (counters[DWUNW_COUNT_CALLS] ==
		    counters[DWUNW_COUNT_EVENTS] +
			    counters[DWUNW_COUNT_DROP_SLOT] +
			    counters[DWUNW_COUNT_DROP_BUFFER] +
			    counters[DWUNW_COUNT_DROP_TOOL])
			return;
	}
}

uint64_t probes_doubt_ns(const struct probes *probes)
{
	return probes->sampled ? sampled_doubt_ns(probes->sampled) : 0;
}

/* By batches: next-key iteration starts over when its key was just freed. */
void probes_live(struct probes *probes, uint64_t time_ns,
		 void (*visit)(void *ctx, const struct live_block *block),
		 void *ctx)
{
	static struct live_block blocks[8192];
	static uint64_t addrs[8192];
	uint64_t position = 0;
	uint32_t count;
	int fd, more, first = 1;

	if (probes->sampled) {
		sampled_live(probes->sampled, time_ns, visit, ctx);
		return;
	}
	fd = dwunw_loader_map(probes->loader, "live");
	do {
		count = 8192;
		more = dwunw_bpf_map_batch(fd, &position, first, addrs, blocks,
					   &count);
		for (uint32_t k = 0; k < count; k++) {
			if (blocks[k].time_ns < time_ns)
				dwunw_bpf_map_remove(fd, &addrs[k]);
			else
				visit(ctx, &blocks[k]);
		}
		first = 0;
	} while (more > 0);
}

uint64_t probes_map_bytes(const struct probes *probes)
{
	return probes->sampled ? sampled_bytes(probes->sampled) :
				 dwunw_loader_map_bytes(probes->loader);
}

void probes_free(struct probes *probes)
{
	sampled_close(probes->sampled);
	dwunw_inbox_close(probes->inbox);
	dwunw_loader_close(probes->loader);
}
