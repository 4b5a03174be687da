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

static void record(struct leak *leak)
{
	uint64_t begun = dwunw_heap_now(), next = begun + leak->interval_ns;
	uint32_t done = 0;
	bool goes_on = true;

	while (!interrupted() && goes_on && !is_over(leak, begun)) {
		goes_on = dwunw_heap_read(leak->heap);
		if (leak->poll && leak->poll(leak))
			leak->print(leak);
		if (!dwunw_heap_has_begun(leak->heap)) {
			begun = dwunw_heap_now();
			next = begun + leak->interval_ns;
		}
		if (dwunw_heap_now() < next || !goes_on)
			continue;
		next += leak->interval_ns;
		if (leak->intervals && ++done == leak->intervals)
			break;
		dwunw_heap_settle(leak->heap);
		report(leak, false);
	}
	dwunw_heap_stop(leak->heap);
	/* nobody is left to free what is young: what ends at once leaks, too */
	if (!goes_on)
		leak->view.min_age_ns = 0;
	if (dwunw_heap_has_begun(leak->heap))
		report(leak, true);
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

static int run_programs(struct leak *leak)
{
	struct dwunw_heap_config *config = &leak->config;
	int status;

	leak_set_objects(config);
	config->by_thread = leak->view.by_thread;
	config->on_block = leak->trace ? print_call : NULL;
	status = leak_recording_prepare(leak);
	if (status)
		return status;
	status = dwunw_heap_open(&leak->heap, config);
	if (!status)
		status = leak_recording_begin(leak);
	if (!status) {
		leak->report.meta.start_ns = dwunw_heap_now();
		fprintf(stderr, "recording\n");
		record(leak);
		if (!config->pid_count)
			dwunw_heap_say_unused(leak->heap);
		status = dwunw_heap_status(leak->heap);
	}
	leak_recording_close(leak);
	dwunw_report_free(&leak->report);
	dwunw_heap_close(leak->heap);
	if (!status && leak->export_failed)
		status = EXIT_FAILURE;
	return !status && leak->left ? SUPPRESS_LEFT : status;
}

/* What a small build has no programs for. */
static bool is_left_out(const struct leak *leak)
{
	return IS_ON(CONFIG_TOOL_SMALL) &&
	       (leak->config.event || !leak_is_of_programs(leak));
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
			leak->config.event ? "-e" : "--kernel");
		return EXIT_FAILURE;
	}
	interrupt_watch();
	leak->view.is_wanted = stack_is_wanted;
	leak->view.ctx = leak;
	return IS_ON(CONFIG_TOOL_SMALL) || leak_is_of_programs(leak) ?
		       run_programs(leak) :
		       leak_run_kernel(leak);
}
