/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * run.c - the run of a leak tool: reading, and a report at each interval.
 */
#include "leak.h"

#include "interrupt.h"
#include "name_match.h"
#include "objects.h"
#include "suppress.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* config.on_block, for --trace */
static void print_call(void *ctx, const struct dwunw_event_header *event,
		       bool freed)
{
	(void)ctx;
	if (freed)
		printf("free pid %" PRIu32 " tid %" PRIu32 " address = %" PRIx64
		       "\n",
		       event->pid, event->tid, event->cookie);
	else
		printf("alloc pid %" PRIu32 " tid %" PRIu32 " size = %" PRIu64
		       ", result = %" PRIx64 "\n",
		       event->pid, event->tid, event->value, event->cookie);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool stack_is_wanted(void *ctx, const struct dwunw_stack *stack)
{
	const struct leak *leak = ctx;
	const char *only = leak->only;

	for (uint32_t i = 0; only && i < stack->count; i++) {
		const struct dwunw_named_frame *frame = &stack->frames[i];

		if ((frame->function && name_matches(only, frame->function)) ||
		    name_matches(only, base_name(frame->module)))
			return true;
	}
	return !only;
}

static void report(struct leak *leak, bool last)
{
	bool text = !leak_stdout_is_taken(leak), files = false;

	for (uint32_t i = 0; i < DWUNW_REPORT_FORMAT_END; i++)
		files |= leak->exports[i] && *leak->exports[i];
	if (!text && !last && !files && !leak->exports[DWUNW_REPORT_AS_JSON] &&
	    !leak->record && !leak->on_report)
		return;
	if (dwunw_heap_report(leak->heap, &leak->view, leak->show_allocs,
			      &leak->report)) {
		fprintf(stderr, "%s: out of memory: no report\n",
			leak->config.tool);
		leak->export_failed = true;
		return;
	}
	leak->report.meta.last = last;
	if (leak->suppressions &&
	    !suppress_file(leak->config.tool, leak->suppressions,
			   &leak->report))
		leak->export_failed = true;
	if (leak->baseline && !suppress_known(leak->config.tool, leak->baseline,
					      &leak->report, &leak->left))
		leak->export_failed = true;
	leak_recording_step(leak);
	leak_export(leak);
	if (leak->on_report)
		leak->on_report(leak);
	if (text && leak->print)
		leak->print(leak);
	fflush(stdout);
	dwunw_heap_forget(leak->heap);
}

/* Has it recorded for so long as was asked for? */
static bool is_over(const struct leak *leak, uint64_t begun)
{
	return leak->duration_ns &&
	       dwunw_heap_now() - begun >= leak->duration_ns;
}

/* One round of each event. False: what is followed has ended. */
static bool read_all(struct leak *leak)
{
	bool goes_on = false;

	for (; leak; leak = leak->next)
		goes_on |= dwunw_heap_read(leak->heap);
	return goes_on;
}

static bool has_begun(const struct leak *leak)
{
	while (leak && !dwunw_heap_has_begun(leak->heap))
		leak = leak->next;
	return leak;
}

static void report_all(struct leak *leak)
{
	for (; leak; leak = leak->next) {
		dwunw_heap_settle(leak->heap);
		report(leak, false);
	}
}

/* All stop before the first is reported. */
static void report_last(struct leak *leak, bool goes_on)
{
	for (struct leak *at = leak; at; at = at->next)
		dwunw_heap_stop(at->heap);
	for (; leak; leak = leak->next) {
		/* nobody is left to free what is young: what ends at once leaks */
		if (!goes_on)
			leak->view.min_age_ns = 0;
		if (dwunw_heap_has_begun(leak->heap))
			report(leak, true);
	}
}

static void record(struct leak *leak)
{
	uint64_t begun = dwunw_heap_now(), next = begun + leak->interval_ns;
	uint32_t done = 0;
	bool goes_on = true;

	while (!interrupted() && goes_on && !is_over(leak, begun)) {
		goes_on = read_all(leak);
		if (leak->poll && leak->poll(leak))
			leak->print(leak);
		if (!has_begun(leak)) {
			begun = dwunw_heap_now();
			next = begun + leak->interval_ns;
		}
		if (dwunw_heap_now() < next || !goes_on)
			continue;
		next += leak->interval_ns;
		if (leak->intervals && ++done == leak->intervals)
			break;
		report_all(leak);
	}
	report_last(leak, goes_on);
}

/*
 * A command writes to stdout as well, and what reads a report there is not to get
 * both: what the command writes goes to stderr then, or, with --output, to stdout
 * alone. 0, or told.
 */
static int divide_output(struct leak *leak)
{
	struct dwunw_heap_config *config = &leak->config;

	if (leak_stdout_is_taken(leak))
		config->command_stdout = STDERR_FILENO;
	if (!leak->output)
		return 0;
	config->command_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (config->command_stdout > 0 && freopen(leak->output, "we", stdout))
		return 0;
	fprintf(stderr, "%s: --output %s: %s\n", config->tool, leak->output,
		strerror(errno));
	return EXIT_FAILURE;
}

void leak_set_objects(struct dwunw_heap_config *config)
{
	size_t *size = &config->object_size;
	size_t *walk_size = &config->walk_object_size;

	if (!IS_ON(CONFIG_TOOL_SMALL) && config->event) {
		config->object = leak_unpack(dwunw_count_object,
					     dwunw_count_object_end, size);
		config->walk_object = leak_unpack(dwunw_count_walk_object,
						  dwunw_count_walk_object_end,
						  walk_size);
		return;
	}
	if (IS_ON(CONFIG_BPF_LOADER_NONE))
		return;
	config->object =
		leak_unpack(dwunw_heap_object, dwunw_heap_object_end, size);
	config->walk_object = leak_unpack(dwunw_walk_object,
					  dwunw_walk_object_end, walk_size);
}

/* 0; else the exit status, told. */
static int open_one(struct leak *leak, struct leak *first)
{
	struct dwunw_heap_config *config = &leak->config;
	int status;

	leak_set_objects(config);
	config->by_thread = leak->view.by_thread;
	config->on_block = leak->trace ? print_call : NULL;
	config->beside = leak == first ? NULL : first->heap;
	leak->view.is_wanted = stack_is_wanted;
	leak->view.ctx = leak;
	status = leak_recording_prepare(leak);
	return status ? status : dwunw_heap_open(&leak->heap, config);
}

/* The exit status of all; each has said what is wrong. */
static int end_of(struct leak *leak)
{
	int status = 0;

	for (; leak; leak = leak->next) {
		int own;

		if (!leak->config.pid_count)
			dwunw_heap_say_unused(leak->heap);
		own = dwunw_heap_status(leak->heap);
		status = status ? status : own;
	}
	return status;
}

static void close_one(struct leak *leak)
{
	dwunw_report_free(&leak->report);
	dwunw_heap_close(leak->heap);
}

static int run_programs(struct leak *leak)
{
	bool failed = false, left = false;
	int status = 0;

	for (struct leak *at = leak; !status && at; at = at->next)
		status = open_one(at, leak);
	if (!status)
		status = leak_recording_begin(leak);
	if (!status) {
		for (struct leak *at = leak; at; at = at->next)
			at->report.meta.start_ns = dwunw_heap_now();
		fprintf(stderr, "recording\n");
		record(leak);
		status = end_of(leak);
	}
	for (struct leak *at = leak; at; at = at->next)
		leak_recording_close(at);
	/* the first is closed last: it has the command */
	for (struct leak *at = leak->next; at; at = at->next) {
		close_one(at);
		failed |= at->export_failed;
	}
	close_one(leak);
	failed |= leak->export_failed;
	left = leak->left;
	if (!status && failed)
		status = EXIT_FAILURE;
	return !status && left ? SUPPRESS_LEFT : status;
}

/* What a small build has no programs for. */
static bool is_left_out(const struct leak *leak)
{
	return IS_ON(CONFIG_TOOL_SMALL) &&
	       (leak->config.event || leak->next || !leak_is_of_programs(leak));
}

int leak_run(struct leak *leak)
{
	int status = divide_output(leak);

	if (status)
		return status;
	if (is_left_out(leak)) {
		fprintf(stderr,
			"%s: %s: not in this build, which has the "
			"allocations of programs alone (CONFIG_TOOL_SMALL)\n",
			leak->config.tool,
			leak_is_of_programs(leak) ? "-e" : "--kernel");
		return EXIT_FAILURE;
	}
	interrupt_watch();
	return IS_ON(CONFIG_TOOL_SMALL) || leak_is_of_programs(leak) ?
		       run_programs(leak) :
		       leak_run_kernel(leak);
}
