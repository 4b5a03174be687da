/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak_dwunw_user.c - upstream memleak's tool on dwunw.
 *
 *   memleak_dwunw.bpf.c         in the kernel: live blocks, events
 *   memleak_dwunw_kernel.bpf.c  the same of the kernel's own allocations
 *   arguments.c                 the command line
 *   attach.c, targets.c         which processes, where the probes are
 *   command.c                   -c: from the first allocation on
 *   unwind.c                    dwunw-added 5: an event to a stack with names
 *   report.c, export.c          live blocks by stack
 *   kernel.c                    the run without -p and -c
 *   this file                   the run with them
 */
#include "interrupt.h"
#include "streams.h"
#include "tool.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The buffer is read so often, or when a quarter of it is full. */
#define READ_MS 20

/* A child has stopped: the wait for events ends. */
static void on_child(int number)
{
	(void)number;
}

static void keep_log(void *ctx, const char *line)
{
	struct tool *tool = ctx;

	snprintf(tool->last_log, sizeof(tool->last_log), "%s", line);
	if (tool->arguments.verbose || strstr(line, "the bound"))
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

/* dwunw-added 4: the library, where upstream opens syms_cache. */
static int open_dwunw(struct tool *tool)
{
	struct dwunw_config config = {
		.log = keep_log,
		.log_ctx = tool,
		.tables_max = tool->arguments.memory_max / 2,
	};
	struct dwunw_symbol_config symbols = {
		.memory_max = tool->arguments.memory_max,
		.log = tell_bound,
		.debug_file = tool->arguments.debug_file,
	};
	const struct dwunw_limits limits = { 0 };
	dwunw_status_t status = dwunw_limit(&limits);

	if (!status)
		status = dwunw_init_with(&tool->dwunw, &config);
	if (!status)
		status = dwunw_symbol_resolver_init(&tool->resolver, &symbols);
	if (!status)
		status = dwunw_symbol_resolver_init(&tool->places, &symbols);
	if (!status &&
	    naming_start(&tool->naming, &tool->dwunw, &tool->resolver))
		status = DWUNW_ERR_NO_MEMORY;
	tool->stacks.max = tool->arguments.stack_storage;
	tool->frames = calloc(tool->arguments.depth, sizeof(*tool->frames));
	if (!status && tool->frames)
		return 0;
	fprintf(stderr, TOOL ": dwunw: %s\n", dwunw_status_text(status));
	return EXIT_FAILURE;
}

static int configure(struct tool *tool)
{
	const struct arguments *arguments = &tool->arguments;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	/* dwunw-added 3: what bpf/capture.h wants to know */
	struct dwunw_capture_options capture = {
		.stack_cap = arguments->stack_cap,
		.perf = arguments->perf_buffer,
		.wakeup_size = arguments->ring_size / 4,
		.namespace_dev = tool->namespace.dev,
		.namespace_ino = tool->namespace.ino,
		.follow = tool->follow,
		.own_pid = (uint32_t)getpid(),
		.slots = cpus < 2  ? 4 :
			 cpus > 62 ? 64 :
				     (uint32_t)cpus + 2,
	};
	struct memleak_options options = {
		.min_size = arguments->min_size,
		.max_size = arguments->max_size,
		.sample_every = arguments->sample_every,
		.sample_bytes = arguments->sample_bytes,
		.depth = arguments->depth,
		.trace_frees = arguments->trace,
		/* a second, in units of 2^30 ns */
		.budget = (uint32_t)((double)arguments->budget * 1.073741824),
	};
	struct dwunw_loader *loader = tool->loader;

	capture.cgroup = tool->cgroup.cgroup;
	capture.cgroup_level = tool->cgroup.cgroup_level;
	if (dwunw_loader_set_value(loader, DWUNW_CAPTURE_OPTIONS_MAP, &capture,
				   sizeof(capture)) ||
	    dwunw_loader_set_value(loader, MEMLEAK_OPTIONS_MAP, &options,
				   sizeof(options)) ||
	    dwunw_loader_set_entries(loader, "dwunw_slots", capture.slots) ||
	    dwunw_loader_set_entries(loader, "live", arguments->live_max))
		return -ENOENT;
	return dwunw_loader_set_events(loader, "dwunw_events",
				       arguments->perf_buffer,
				       arguments->ring_size);
}

/* dwunw-added 6: exec, exit and fork as events; changed mappings as those, or
 * where it can be by records that cost less. */
static int follow_processes(struct tool *tool, const char **missing)
{
	int error =
		dwunw_loader_attach_subsystem(tool->loader, "sched", missing);

	if (error)
		return error;
	if (!tool->arguments.perf_probes &&
	    !dwunw_map_watch_open(&tool->watch, target_remapped, tool))
		return 0;
	return dwunw_loader_attach_subsystem(tool->loader, "syscalls", missing);
}

/* Which processes the programs take of themselves: a child from its first
 * instruction on. */
static int choose_follow(struct tool *tool)
{
	const struct arguments *arguments = &tool->arguments;

	if (arguments->command) /* stops where something begins */
		return 0;
	if (arguments->all)
		tool->follow = DWUNW_FOLLOW_ALL;
	else if (arguments->cgroup)
		tool->follow = DWUNW_FOLLOW_CGROUP;
	else if (arguments->follow_forks)
		tool->follow = DWUNW_FOLLOW_CHILDREN;
	tool->wide = tool->follow != DWUNW_FOLLOW_GIVEN;
	return arguments->cgroup ?
		       cgroup_find(arguments->cgroup, &tool->cgroup) :
		       0;
}

/* Probes that children inherit are in nobody else's process. Where those are not
 * to be had, they are in each that maps the file, and the programs look who it
 * is. */
static void choose_probes(struct tool *tool)
{
	int error;

	if (tool->follow == DWUNW_FOLLOW_CHILDREN) {
		error = dwunw_loader_use_inherited(tool->loader);
		tool->inherited = !error;
		if (!error)
			return;
		fprintf(stderr,
			"note: no probes that children inherit (tracefs: %s): "
			"they are in every process\n",
			strerror(-error));
	}
	tool->multi = !tool->arguments.perf_probes &&
		      dwunw_loader_use_multi(tool->loader);
}

static int load(struct tool *tool)
{
	size_t size = (size_t)(memleak_dwunw_object_end - memleak_dwunw_object);
	const char *missing = "";
	int error = dwunw_pidns_own(&tool->namespace);

	if (error)
		return dwunw_pidns_explain(TOOL, error);
	error = choose_follow(tool);
	if (error)
		return error;
	error = dwunw_loader_open(&tool->loader, memleak_dwunw_object, size,
				  tool->arguments.verbose);
	if (!error)
		error = configure(tool);
	if (!error)
		choose_probes(tool);
	if (!error)
		error = dwunw_loader_load(tool->loader);
	if (error)
		return dwunw_permission_explain(
			TOOL, "the BPF programs were not loaded", -error);
	error = dwunw_inbox_open(&tool->inbox, tool->loader, unwind_event,
				 tool);
	if (error)
		return dwunw_permission_explain(
			TOOL, "the event buffer was not opened", -error);
	error = follow_processes(tool, &missing);
	if (error)
		fprintf(stderr,
			"note: no %s (%s): changed mappings are noticed "
			"later\n",
			missing, strerror(-error));
	return 0;
}

/* 0; else an exit status, told. */
static int start_pid(struct tool *tool, int32_t pid)
{
	struct target *target;
	int status;

	if (kill(pid, 0) && errno == ESRCH) {
		fprintf(stderr, TOOL ": no process %" PRId32 "\n", pid);
		return EXIT_FAILURE;
	}
	target = target_add(tool, pid);
	if (!target)
		return dwunw_permission_explain(TOOL, "a process", ENOMEM);
	status = target_attach(tool, target);
	if (!status)
		fprintf(stderr,
			"Attaching to pid %" PRId32 ", Ctrl+C to quit.\n", pid);
	return status < 0 ? EXIT_FAILURE : status;
}

/* One that cannot be followed does not keep the others from it. */
static int start_pids(struct tool *tool)
{
	const struct arguments *arguments = &tool->arguments;
	uint32_t good = 0;
	int first = 0;

	for (uint32_t i = 0; i < arguments->pid_count; i++) {
		int status = start_pid(tool, arguments->pids[i]);

		good += !status;
		if (!status)
			continue;
		first = first ? first : status;
		target_remove(tool, arguments->pids[i]);
	}
	if (!good)
		return first;
	if (good < arguments->pid_count)
		fprintf(stderr,
			TOOL ": without %" PRIu32 " of the %" PRIu32
			     " processes of -p\n",
			arguments->pid_count - good, arguments->pid_count);
	if (tool->follow == DWUNW_FOLLOW_CHILDREN)
		targets_find_children(tool);
	attach_say_unused(tool);
	return 0;
}

static void record(struct tool *tool, bool on)
{
	tool->recording = on;
	set_switch(tool);
}

/* --- the run --------------------------------------------------------------- */

/*
 * Calls that were under way still return and send theirs, on a busy machine
 * some time later: all is here when nothing has been on its way for 60 ms.
 */
static void read_last_events(struct tool *tool)
{
	int quiet = 0;

	record(tool, false);
	for (int tries = 0; tries < 100 && quiet < 6; tries++) {
		uint64_t before = tool->statistics.received;

		dwunw_inbox_read(tool->inbox, 10);
		if (tool->statistics.received == before &&
		    before == map_counter(tool, DWUNW_COUNT_EVENTS))
			quiet++;
		else
			quiet = 0;
	}
}

static void run(struct tool *tool)
{
	const struct arguments *arguments = &tool->arguments;
	uint64_t interval = arguments->interval_ns;
	uint64_t next = now_ns() + interval;
	uint32_t alive = 1, done = 0;

	while (!interrupted() && !tool->failed && alive) {
		dwunw_inbox_read(tool->inbox, READ_MS);
		targets_see_mappings(tool); /* dwunw-added 6 */
		targets_look(tool);
		forget_keys(tool);
		if (tool->command_pid)
			command_read(tool);
		alive = targets_alive(tool);
		if (arguments->all || arguments->cgroup)
			alive = 1; /* others may come */
		if (now_ns() < next || !alive)
			continue;
		next += interval;
		if (arguments->intervals && ++done == arguments->intervals)
			break;
		wait_for_names(tool);
		report(tool, false);
	}
	read_last_events(tool);
	wait_for_names(tool);
	report(tool, true);
}

static int start(struct tool *tool)
{
	if (tool->arguments.all || tool->arguments.cgroup)
		return targets_find(tool);
	if (!tool->arguments.command)
		return start_pids(tool);
	/* nothing has run yet: what is seen is whole from the start */
	record(tool, true);
	return command_start(tool);
}

static int exit_status(const struct tool *tool)
{
	if (tool->failed) {
		fprintf(stderr, TOOL ": dwunw failed, and --dwunw-mode=force "
				     "allows nothing else\n");
		return EXIT_FAILURE;
	}
	if (tool->export_failed || tool->command_refused)
		return EXIT_FAILURE;
	if (tool->command_pid && WIFEXITED(tool->command_status) &&
	    WEXITSTATUS(tool->command_status) == 127)
		return 127;
	return 0;
}

static void shut_down(struct tool *tool)
{
	naming_end(tool->naming);
	dwunw_inbox_close(tool->inbox);
	dwunw_loader_close(tool->loader);
	dwunw_map_watch_close(tool->watch); /* dwunw-added 6 */
	stacks_free(&tool->stacks);
	dwunw_symbol_resolver_shutdown(&tool->resolver); /* dwunw-added 4 */
	dwunw_symbol_resolver_shutdown(&tool->places);
	dwunw_shutdown(&tool->dwunw); /* dwunw-added 4 */
	free(tool->frames);
	free(tool->threads);
	free(tool->wide_files);
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

int main(int argc, char **argv)
{
	static struct tool tool;
	struct sigaction child = { .sa_handler = on_child };
	int status = parse_arguments(&tool.arguments, argv);

	(void)argc;
	if (status >= 0)
		return streams_end(TOOL, status);
	interrupt_watch();
	if (!traces_programs(&tool.arguments))
		return streams_end(TOOL, trace_kernel(&tool.arguments));
	sigaction(SIGCHLD, &child, NULL);
	allow_files();
	status = open_dwunw(&tool);
	if (!status)
		status = load(&tool);
	if (!status)
		status = start(&tool);
	if (!status) {
		record(&tool, true);
		fprintf(stderr, "recording\n");
		run(&tool);
		if (!tool.arguments.pid_count)
			attach_say_unused(&tool);
		status = exit_status(&tool);
	}
	shut_down(&tool);
	return streams_end(TOOL, status);
}
