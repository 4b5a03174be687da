/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * recorder.c - the run: the library and the programs are loaded, what is to be
 * followed is found, events are read.
 */
#include "recorder.h"

#include "unwind_ctx.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The buffer is read so often, or when a quarter of it is full. */
#define READ_MS 20

uint64_t dwunw_heap_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void keep_log(void *ctx, const char *line)
{
	struct dwunw_heap *heap = ctx;

	snprintf(heap->last_log, sizeof(heap->last_log), "%s", line);
	if (heap->config.verbose || strstr(line, "the bound"))
		fprintf(stderr, "dwunw: %s\n", line);
}

/* Of names, in the thread that looks for them. */
static void tell_bound(void *ctx, const char *line)
{
	(void)ctx;
	if (strstr(line, "the bound"))
		fprintf(stderr, "dwunw: %s\n", line);
}

/* --- set-up ---------------------------------------------------------------- */

/* As many as the largest map of them has (bpf/capture.bpf.h). */
#define PROCESSES_HELD 16384u

/* dwunw-added 4: the library, where upstream opens syms_cache. */
static int open_dwunw(struct dwunw_heap *heap)
{
	struct dwunw_config library = {
		.log = keep_log,
		.log_ctx = heap,
		.tables_max = heap->config.memory_max / 2,
		/* each that is followed is held, and costs what it has mapped */
		.process_capacity = PROCESSES_HELD,
	};
	struct dwunw_symbol_config symbols = {
		.memory_max = heap->config.memory_max,
		.log = tell_bound,
		.debug_file = heap->config.debug_file,
	};
	const struct dwunw_limits limits = { 0 };
	dwunw_status_t status = dwunw_limit(&limits);

	if (!status)
		status = dwunw_init_with(&heap->dwunw, &library);
	if (!status)
		status = dwunw_symbol_resolver_init(&heap->resolver, &symbols);
	if (!status)
		status = dwunw_symbol_resolver_init(&heap->places, &symbols);
	if (!status &&
	    dwunw_naming_start(&heap->naming, &heap->dwunw, &heap->resolver))
		status = DWUNW_ERR_NO_MEMORY;
	heap->stacks.max = heap->config.stack_storage;
	heap->frame_room = dwu_walk_frames(&heap->config);
	heap->frames = calloc(heap->frame_room, sizeof(*heap->frames));
	if (!status && heap->frames)
		return 0;
	fprintf(stderr, "%s: dwunw: %s\n", heap->config.tool,
		dwunw_status_text(status));
	return EXIT_FAILURE;
}

/* Hash maps have buckets for all that they may get, whatever they have. */
static int size_maps(struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	struct dwunw_loader *loader = heap->loader;
	uint32_t spans = DWUNW_HEAP_SPANS_MAX;

	if (heap->counted.kind) /* no blocks, and few maps that may get many */
		return 0;
	if (dwunw_loader_set_entries(loader, "live", config->live_max))
		return -ENOENT;
	while (spans > 2048 && spans > config->live_max / 2)
		spans /= 2;
	if (spans && dwunw_loader_set_entries(loader, "spans", spans))
		return -ENOENT;
	if (!DWUNW_HEAP_PROCESSES || config->all || config->cgroup)
		return 0;
	if (dwunw_loader_set_entries(loader, "dwunw_generations",
				     DWUNW_HEAP_PROCESSES) ||
	    dwunw_loader_set_entries(loader, "dwunw_born",
				     DWUNW_HEAP_PROCESSES))
		return -ENOENT;
	return 0;
}

static uint32_t ring_size(const struct dwunw_heap_config *config, bool walk)
{
	if (config->ring_size)
		return config->ring_size;
	return walk ? DWUNW_HEAP_WALK_RING_SIZE : DWUNW_HEAP_RING_SIZE;
}

static int configure(struct dwunw_heap *heap, bool walk)
{
	const struct dwunw_heap_config *config = &heap->config;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	/* dwunw-added 3: what bpf/capture.h wants to know */
	struct dwunw_capture_options capture = {
		.stack_cap = config->stack_cap,
		.perf = config->perf_buffer,
		.wakeup_size = ring_size(config, walk) / 4,
		.namespace_dev = heap->namespace.dev,
		.namespace_ino = heap->namespace.ino,
		.follow = heap->follow,
		.own_pid = (uint32_t)getpid(),
		.slots = cpus < 2  ? 4 :
			 cpus > 62 ? 64 :
				     (uint32_t)cpus + 2,
	};
	struct dwunw_heap_options options = {
		.min_size = config->min_size,
		.max_size = config->max_size,
		.sample_every = config->sample_every,
		.sample_bytes = config->sample_bytes,
		.depth = config->depth,
		.trace_frees = config->on_block || config->on_flow,
		.user_regs = heap->user_regs,
		/* a second, in units of 2^30 ns */
		.budget = (uint32_t)((double)config->budget * 1.073741824),
	};
	struct dwunw_loader *loader = heap->loader;
	int error = dwu_event_prepare(heap);

	if (error)
		return error;
	if (walk && dwu_walk_prepare(heap))
		return -ENOENT;
	capture.cgroup = heap->cgroup.cgroup;
	capture.cgroup_level = heap->cgroup.cgroup_level;
	if (dwunw_loader_set_value(loader, DWUNW_CAPTURE_OPTIONS_MAP, &capture,
				   sizeof(capture)) ||
	    dwunw_loader_set_value(loader, DWUNW_HEAP_OPTIONS_MAP, &options,
				   sizeof(options)) ||
	    dwunw_loader_set_entries(loader, "dwunw_slots", capture.slots) ||
	    size_maps(heap))
		return -ENOENT;
	return dwunw_loader_set_events(loader, "dwunw_events",
				       config->perf_buffer,
				       ring_size(config, walk));
}

/* dwunw-added 6: exec, exit and fork as events; changed mappings as those, or
 * where it can be by records that cost less. */
static int follow_processes(struct dwunw_heap *heap, const char **missing)
{
	int error =
		dwunw_loader_attach_subsystem(heap->loader, "sched", missing);

	if (error)
		return error;
	if (!heap->config.perf_probes &&
	    !dwunw_map_watch_open(&heap->watch, dwu_target_remapped, heap))
		return 0;
	if (heap->rows) /* they are there already */
		return 0;
	return dwunw_loader_attach_subsystem(heap->loader, "syscalls", missing);
}

/* Which processes the programs take of themselves: a child from its first
 * instruction on. */
static int choose_follow(struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;

	if (config->command) /* stops where something begins */
		return 0;
	if (config->all)
		heap->follow = DWUNW_FOLLOW_ALL;
	else if (config->cgroup)
		heap->follow = DWUNW_FOLLOW_CGROUP;
	else if (config->follow_forks)
		heap->follow = DWUNW_FOLLOW_CHILDREN;
	heap->wide = heap->follow != DWUNW_FOLLOW_GIVEN;
	return config->cgroup ? dwu_cgroup_find(config->tool, config->cgroup,
						&heap->cgroup) :
				0;
}

/* Probes that children inherit are in nobody else's process. Where those are not
 * to be had, they are in each that maps the file, and the programs look who it
 * is. */
static void choose_probes(struct dwunw_heap *heap)
{
	int error;

	if (heap->follow == DWUNW_FOLLOW_CHILDREN) {
		error = dwunw_loader_use_inherited(heap->loader);
		heap->inherited = !error;
		if (!error)
			return;
		fprintf(stderr,
			"note: no probes that children inherit (tracefs: %s): "
			"they are in every process\n",
			strerror(-error));
	}
	heap->multi = !heap->config.perf_probes &&
		      dwunw_loader_use_multi(heap->loader);
}

/* One of the two objects, into the kernel. */
static int load_object(struct dwunw_heap *heap, bool walk)
{
	const struct dwunw_heap_config *config = &heap->config;
	int error;

	error = dwunw_loader_open(
		&heap->loader, walk ? config->walk_object : config->object,
		walk ? config->walk_object_size : config->object_size,
		config->verbose);
	if (!error)
		error = configure(heap, walk);
	if (!error)
		choose_probes(heap);
	return error ? error : dwunw_loader_load(heap->loader);
}

/* Inside the kernel the registers of user space are the kernel's to tell, or, by
 * one without that helper, looked for on its stack. */
static int load_either(struct dwunw_heap *heap, bool walk)
{
	int error = load_object(heap, walk);

	if (!error || heap->user_regs || !heap->counted.kind)
		return error;
	dwunw_loader_close(heap->loader);
	heap->loader = NULL;
	heap->user_regs = UNWIND_REGS_STACK;
	return load_object(heap, walk);
}

/* 0; else why the kernel does not walk, in words. */
static const char *load_walk(struct dwunw_heap *heap, char *why, size_t size)
{
	const char *refused = dwu_walk_refused(heap), *missing = NULL;
	int error;

	if (refused)
		return refused;
	error = load_either(heap, true);
	if (error)
		snprintf(why, size,
			 "its program is not allowed, or needs a newer kernel "
			 "(%s)",
			 strerror(-error));
	else
		error = dwu_walk_open(heap, &missing);
	if (!error)
		return NULL;
	if (missing && error == -ENOENT)
		snprintf(why, size,
			 "this kernel does not tell of new mappings (no %s)",
			 missing);
	else if (missing)
		snprintf(why, size,
			 "%s of tracefs cannot be had, by which the kernel "
			 "tells of new mappings (%s)",
			 missing, strerror(-error));
	else if (!why[0])
		snprintf(why, size, "%s", strerror(-error));
	dwu_walk_close(heap);
	dwunw_loader_close(heap->loader);
	heap->loader = NULL;
	return why;
}

/* The walk in the kernel if it can be had, else copies. */
static int load_programs(struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	const char *refused = NULL;
	char why[160] = "";
	int error;

	if (config->walk != DWUNW_HEAP_COPY) {
		refused = load_walk(heap, why, sizeof(why));
		if (!refused)
			return 0;
	}
	if (config->walk == DWUNW_HEAP_KERNEL) {
		fprintf(stderr, "%s: %s: %s\n", config->tool, config->walk_word,
			refused);
		return EXIT_FAILURE;
	}
	error = load_either(heap, false);
	if (error)
		return dwunw_permission_explain(
			config->tool, "the BPF programs were not loaded",
			-error);
	if (refused)
		fprintf(stderr,
			"note: stacks are copied, not walked in the "
			"kernel: %s\n",
			refused);
	return 0;
}

/* In place of programs. */
static int load_samples(struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	int error;

	if (heap->counted.kind || config->pid_count != 1 ||
	    config->follow_forks || config->mode < DWUNW_HEAP_FORCE ||
	    config->mode > DWUNW_HEAP_ALONE) {
		fprintf(stderr,
			"%s: samples without BPF are of one process's "
			"allocations, and of whole stacks only\n",
			config->tool);
		return 2;
	}
	error = dwu_source_open_samples(heap);
	return error ? dwunw_permission_explain(
			       config->tool, "perf samples are not to be had",
			       -error) :
		       0;
}

static int load(struct dwunw_heap *heap)
{
	const char *missing = "";
	int error = dwunw_pidns_own(&heap->namespace);

	if (error)
		return dwunw_pidns_explain(heap->config.tool, error);
	if (heap->config.sampled)
		return load_samples(heap);
	error = choose_follow(heap);
	if (!error)
		error = load_programs(heap);
	if (error)
		return error;
	error = dwunw_inbox_open(&heap->inbox, heap->loader, dwu_unwind_event,
				 heap);
	if (error)
		return dwunw_permission_explain(
			heap->config.tool, "the event buffer was not opened",
			-error);
	error = follow_processes(heap, &missing);
	heap->mappings_unseen = error != 0;
	if (error)
		fprintf(stderr,
			"note: no %s (%s): changed mappings are noticed "
			"later\n",
			missing, strerror(-error));
	return dwu_events_start(heap);
}

/* Or why not, told. */
static bool is_process(const struct dwunw_heap *heap, int32_t pid)
{
	int32_t tgid = dwunw_proc_of_thread(pid);
	const char *tool = heap->config.tool;

	if (kill(pid, 0) && errno == ESRCH)
		fprintf(stderr, "%s: no process %" PRId32 "\n", tool, pid);
	else if (tgid && tgid != pid)
		fprintf(stderr,
			"%s: %" PRId32 " is a thread of process %" PRId32 "\n",
			tool, pid, tgid);
	else if (pid == getpid())
		fprintf(stderr, "%s: process %" PRId32 " is this one itself\n",
			tool, pid);
	else if (dwunw_proc_leader_ended(pid) && dwunw_proc_threads(pid) <= 1)
		fprintf(stderr,
			"%s: process %" PRId32 " has ended (a zombie)\n", tool,
			pid);
	else
		return true;
	return false;
}

/* proc_pid_stat(5), field 3: T by a signal, t by a debugger. */
static void say_stopped(const struct dwunw_heap *heap, int32_t pid)
{
	char text[1024];
	const char *state = dwunw_proc_stat(pid, 3, text, sizeof(text));

	if (state && (*state == 'T' || *state == 't'))
		fprintf(stderr,
			"%s: process %" PRId32 " is stopped: nothing happens "
			"in it until it goes on (kill -CONT %" PRId32 ", or "
			"its debugger)\n",
			heap->config.tool, pid, pid);
}

/* 0; else an exit status, told. */
static int start_pid(struct dwunw_heap *heap, int32_t pid)
{
	struct target *target;
	int status;

	if (!is_process(heap, pid))
		return EXIT_FAILURE;
	target = dwu_target_add(heap, pid);
	if (!target)
		return dwunw_permission_explain(heap->config.tool, "a process",
						ENOMEM);
	status = dwu_target_attach(heap, target);
	if (!status) {
		fprintf(stderr,
			"Attaching to pid %" PRId32 ", Ctrl+C to quit.\n", pid);
		say_stopped(heap, pid);
	}
	return status < 0 ? EXIT_FAILURE : status;
}

/* One that cannot be followed does not keep the others from it. */
static int start_pids(struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	uint32_t good = 0, repeated = 0;
	int first = 0;

	for (uint32_t i = 0; i < config->pid_count; i++) {
		int status = 0;

		if (dwu_target_find(heap, config->pids[i]))
			repeated++; /* the same twice: followed already */
		else
			status = start_pid(heap, config->pids[i]);

		good += !status;
		if (!status)
			continue;
		first = first ? first : status;
		dwu_target_remove(heap, config->pids[i]);
	}
	if (!good)
		return first;
	if (good < config->pid_count)
		fprintf(stderr,
			"%s: without %" PRIu32 " of the %" PRIu32
			" processes of %s\n",
			config->tool, config->pid_count - good,
			config->pid_count, config->words.pids);
	if (heap->follow == DWUNW_FOLLOW_CHILDREN)
		dwu_targets_find_children(heap);
	dwunw_heap_say_unused(heap);
	return 0;
}

static void record(struct dwunw_heap *heap, bool on)
{
	if (heap->recording && !on)
		heap->stopped_ns = dwunw_heap_now();
	heap->recording = on;
	dwu_set_switch(heap);
}

/*
 * Calls that were under way still return and send theirs, on a busy machine
 * some time later: all is here when nothing has been on its way for 60 ms. What
 * is in the buffer is waited for, however long the thread that reads it waits for
 * a processor.
 */
static void read_last_events(struct dwunw_heap *heap)
{
	int quiet = 0;

	record(heap, false);
	for (int tries = 0; tries < 100 && quiet < 6; tries++) {
		uint64_t before = heap->statistics.received;

		dwu_read(heap, 10);
		if (heap->statistics.received !=
		    dwu_map_counter(heap, DWUNW_COUNT_EVENTS))
			dwu_read_all(heap);
		if (heap->statistics.received == before &&
		    before == dwu_map_counter(heap, DWUNW_COUNT_EVENTS))
			quiet++;
		else
			quiet = 0;
	}
}

static int start(struct dwunw_heap *heap)
{
	if (heap->config.all || heap->config.cgroup)
		return dwu_targets_find(heap);
	if (!heap->config.command)
		return start_pids(heap);
	/* nothing has run yet: what is seen is whole from the start. Other events
	 * than allocations are counted from its exec on */
	if (!heap->counted.kind)
		record(heap, true);
	return heap->config.beside ? dwu_command_join(heap) :
				     dwu_command_start(heap);
}

/* A process costs about 20 descriptors. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void set_defaults(struct dwunw_heap_config *config)
{
	if (!config->max_size)
		config->max_size = UINT64_MAX;
	if (!config->sample_every)
		config->sample_every = 1;
	if (!config->stack_storage)
		config->stack_storage = 10240;
	if (!config->depth)
		config->depth = 127;
	if (!config->stack_cap)
		config->stack_cap = DWUNW_CAPTURE_STACK_CAP;
	if (!config->live_max)
		config->live_max = DWUNW_LIVE_MAX;
}

static void set_event(struct dwunw_heap *heap)
{
	if (!heap->config.event)
		return;
	heap->counted = *heap->config.event;
	if (!heap->counted.frequency)
		heap->counted.frequency = 1;
	if (dwu_is_of_calls(&heap->counted))
		heap->config.file = heap->counted.file;
}

/* --- as a tool sees it ------------------------------------------------------- */

int dwunw_heap_open(struct dwunw_heap **result,
		    const struct dwunw_heap_config *config)
{
	struct dwunw_heap *heap = calloc(1, sizeof(*heap));
	int status;

	*result = heap;
	if (!heap)
		return dwunw_permission_explain(config->tool, "memory", ENOMEM);
	if (DWUNW_STRUCT_FROM(&heap->config, ctx, config) != DWUNW_OK) {
		fprintf(stderr,
			"dwunw_heap_open: the configuration's size is %zu, of "
			"this version %zu\n",
			config->size, sizeof(heap->config));
		return 2;
	}
	set_defaults(&heap->config);
	set_event(heap);
	allow_files();
	if (!dwu_flows_begin(heap) || !dwu_sums_begin(heap))
		return dwunw_permission_explain(config->tool, "memory", ENOMEM);
	if (heap->config.command && !heap->config.beside)
		dwu_command_prepare(heap);
	status = open_dwunw(heap);
	if (!status)
		status = load(heap);
	if (!status)
		status = start(heap);
	if (!status && !(heap->config.command && heap->counted.kind))
		record(heap, true);
	return status;
}

/* A process of a command that has stopped waits for us. */
static void wait_for_events(struct dwunw_heap *heap)
{
	uint64_t before = heap->statistics.received;

	if (heap->config.beside) {
		dwu_read(heap, 0);
		return;
	}
	if (!heap->command_pid) {
		dwu_read(heap, READ_MS);
		return;
	}
	dwu_read(heap, 0);
	if (heap->statistics.received == before)
		dwu_command_wait(READ_MS);
}

/* Not with the next report only: until then blocks would be missed. */
static void tell_live_full(struct dwunw_heap *heap)
{
	if (heap->told_live ||
	    !dwu_map_counter(heap, DWUNW_HEAP_COUNT_LIVE_FULL))
		return;
	heap->told_live = true;
	fprintf(stderr,
		"dwunw: the map of live blocks is full (%" PRIu32
		"): new blocks are missed until others are freed; --max-live N "
		"makes it larger\n",
		heap->config.live_max);
}

struct dwunw_context *dwunw_heap_context(struct dwunw_heap *heap)
{
	return &heap->dwunw;
}

bool dwunw_heap_has_begun(const struct dwunw_heap *heap)
{
	return !heap->command_pid || heap->begun;
}

bool dwunw_heap_read(struct dwunw_heap *heap)
{
	uint32_t alive;

	wait_for_events(heap);
	dwu_targets_see_mappings(heap); /* dwunw-added 6 */
	dwu_targets_look(heap);
	dwu_forget_keys(heap);
	tell_live_full(heap);
	if (heap->command_pid && !heap->config.beside)
		dwu_command_read(heap);
	alive = dwu_targets_alive(heap);
	if (heap->config.all || heap->config.cgroup)
		alive = 1; /* others may come */
	return alive && !heap->failed;
}

/* What samples have lost, of all that has come: new stacks among it, too. */
void dwunw_heap_settle(struct dwunw_heap *heap)
{
	dwu_wait_for_names(heap);
	for (int tries = 0; heap->samples && tries < 10; tries++) {
		dwu_samples_missing(heap->samples, &heap->lost);
		if (dwunw_naming_is_done(heap->naming))
			break;
		dwu_wait_for_names(heap);
	}
}

void dwunw_heap_stop(struct dwunw_heap *heap)
{
	read_last_events(heap);
	dwunw_heap_settle(heap);
	tell_live_full(heap);
}

/* A report without any probe would say that nothing leaks. Processes by number
 * were refused at the start. */
static bool is_without_probes(const struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;

	if (heap->statistics.probes)
		return false;
	if (heap->counted.kind) {
		fprintf(stderr, "%s: nothing was counted: %s%s%s%s\n",
			config->tool, *heap->no_function ? "" : "no file with ",
			heap->counted.text, *heap->no_function ? ": " : "",
			*heap->no_function ? heap->no_function : " was mapped");
		return true;
	}
	fprintf(stderr,
		"%s: nothing was recorded: %s mapped no file that "
		"defines malloc\n",
		config->tool, config->command ? "the command" : "no process");
	dwu_say_names(config);
	return true;
}

int dwunw_heap_status(const struct dwunw_heap *heap)
{
	if (heap->failed) {
		fprintf(stderr,
			"%s: dwunw failed, and %s allows nothing else\n",
			heap->config.tool, heap->config.words.mode);
		return EXIT_FAILURE;
	}
	if (heap->command_refused)
		return EXIT_FAILURE;
	if (heap->offset_refused && heap->statistics.probes)
		return EXIT_FAILURE;
	if (heap->command_pid && !heap->command_ran)
		return 127; /* said by the child */
	return is_without_probes(heap) ? EXIT_FAILURE : 0;
}

void dwunw_heap_close(struct dwunw_heap *heap)
{
	if (!heap)
		return;
	dwunw_naming_end(heap->naming);
	dwu_source_close(heap);
	dwunw_map_watch_close(heap->watch); /* dwunw-added 6 */
	dwunw_stacks_free(&heap->stacks);
	dwunw_symbol_resolver_shutdown(&heap->resolver); /* dwunw-added 4 */
	dwunw_symbol_resolver_shutdown(&heap->places);
	dwunw_shutdown(&heap->dwunw); /* dwunw-added 4 */
	free(heap->frames);
	free(heap->threads);
	free(heap->last_blocks);
	dwu_sums_free(heap);
	free(heap->wide_files);
	dwu_known_files_free(heap);
	dwu_targets_free(heap);
	if (heap->config.beside)
		dwu_command_leave(heap);
	else
		dwu_command_end(heap);
	free(heap);
}
