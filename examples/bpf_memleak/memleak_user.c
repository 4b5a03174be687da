/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * memleak_user.c - who allocated what was not freed: a whole dwunw tool.
 *
 *   memleak.bpf.c   in the kernel: events, and the map of live blocks
 *   sampled.c       the same without BPF, from perf samples
 *   probes.c        puts one of them on the target's allocator
 *   this file       each event by dwunw_consume() to frames
 *   heap/           different stacks, and which one a block's key means
 *   report.c        live blocks by stack, counters
 */
#include "interrupt.h"
#include "memleak.h"
#include "streams.h"
#include "tool.h"

#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- events ------------------------------------------------------------- */

static void keep_fp_walk(struct tool *tool, const uint8_t *bytes, size_t size)
{
	const struct dwunw_event_header *header = &tool->event.header;
	struct dwunw_stack_key *key =
		dwunw_stacks_find_key(&tool->stacks, header->key);
	size_t off = sizeof(*header) + 8ul * header->reg_count;

	if (!key || key->stack->fp || size < off + header->stack_size)
		return;
	key->stack->fp = malloc(header->stack_size + 1);
	if (!key->stack->fp)
		return;
	memcpy(key->stack->fp, bytes + off, header->stack_size);
	key->stack->fp_count = header->stack_size / 8;
}

static void keep_stack(struct tool *tool, size_t count,
		       const struct dwunw_stop *stop)
{
	const struct dwunw_event_header *header = &tool->event.header;
	struct dwunw_stack *stack;
	bool is_new;

	stack = dwunw_stacks_intern(&tool->stacks, tool->frames, count,
				    (int32_t)header->pid, &is_new);
	if (is_new) {
		dwunw_stack_set_end(stack, &tool->ctx, stop);
		dwunw_naming_add(tool->naming, stack, (int32_t)header->pid);
	}
	if (!stack || !dwunw_stacks_put_key(&tool->stacks, header->key,
					    header->time_ns, stack))
		tool->not_unwound++;
	if (tool->options.verbose)
		printf("[dwunw] pid=%" PRIu32 " tid=%" PRIu32
		       " frames=%zu bytes=%" PRIu32 " stop=%s\n",
		       header->pid, header->tid, count, header->size,
		       dwunw_stop_name(stop->reason));
}

/* After an exec: the new program may bring an allocator of its own. */
static void attach_again(struct tool *tool)
{
	tool->new_program = false;
	if (!dwunw_process_open(&tool->ctx, tool->options.pid,
				&tool->process) &&
	    !dwunw_process_refresh(tool->process))
		probes_attach(&tool->probes, &tool->options, tool->process,
			      &tool->places);
}

/* One event: its stack bytes are gone when this returns. */
static void on_event(void *ctx, void *bytes, size_t size)
{
	struct tool *tool = ctx;
	struct dwunw_stop stop;
	dwunw_status_t status;
	size_t count = 0;

	tool->received++;
	status = dwunw_consume(&tool->ctx, bytes, size, &tool->event,
			       tool->frames, FRAMES, &count, &stop);
	if (status) {
		if (!tool->not_unwound++)
			fprintf(stderr, "note: an event of pid %d: %s\n",
				tool->options.pid, dwunw_status_text(status));
		return;
	}
	switch (tool->event.header.kind) {
	case DWUNW_EVENT_STACK:
		tool->stack_events++;
		tool->stack_event_bytes += size;
		keep_stack(tool, count, &stop);
		break;
	case MEMLEAK_EVENT_FP:
		keep_fp_walk(tool, bytes, size);
		break;
	case DWUNW_EVENT_EXIT:
		tool->leader_ends = true;
		break;
	case DWUNW_EVENT_EXEC:
		tool->exec_time_ns = tool->event.header.time_ns;
		tool->new_program = true;
		break;
	}
}

/* --- the run ------------------------------------------------------------ */

static void print_log(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "note: %s\n", line);
}

static int set_up(struct tool *tool)
{
	struct dwunw_config config = { .log = print_log,
				       .tables_max = tool->memory_max / 2 };
	struct dwunw_symbol_config symbols = { .debug_file = tool->debug_file,
					       .memory_max = tool->memory_max };
	const struct dwunw_limits limits = { 0 };
	int32_t pid = tool->options.pid;
	dwunw_status_t status;
	int error = dwunw_pidns_own(&tool->options.namespace);

	if (error)
		return dwunw_pidns_explain("memleak_user", error);
	status = dwunw_limit(&limits);
	if (!status)
		status = dwunw_init_with(&tool->ctx, &config);
	if (!status)
		status = dwunw_symbol_resolver_init(&tool->resolver, &symbols);
	if (!status)
		status = dwunw_symbol_resolver_init(&tool->places, &symbols);
	if (!status &&
	    dwunw_naming_start(&tool->naming, &tool->ctx, &tool->resolver))
		status = DWUNW_ERR_NO_MEMORY;
	if (!status)
		status = dwunw_process_open(&tool->ctx, pid, &tool->process);
	if (status) {
		fprintf(stderr, "memleak_user: pid %d: %s\n", pid,
			dwunw_status_text(status));
		return status == DWUNW_ERR_ATTACH_DENIED ?
			       dwunw_permission_explain(
				       "memleak_user", "its mappings", EACCES) :
			       EXIT_FAILURE;
	}
	error = probes_load(&tool->probes, &tool->options, on_event, tool);
	if (!error)
		error = probes_attach(&tool->probes, &tool->options,
				      tool->process, &tool->places);
	if (!error) {
		dwunw_given_unused(&tool->options.given, "memleak_user");
		dwunw_given_debug_unused(tool->debug_file,
					 tool->places.debug_file_used,
					 "memleak_user");
	}
	return error;
}

/*
 * Calls that were under way still return and send theirs, on a busy machine
 * some time later: all is here when nothing has been on its way for 60 ms.
 */
static void read_last_events(struct tool *tool)
{
	uint64_t counters[DWUNW_COUNT_END] = { 0 };
	int quiet = 0;

	for (int tries = 0; tries < 100 && quiet < 6; tries++) {
		uint64_t before = tool->received;

		probes_read(&tool->probes, 10);
		probes_counters(&tool->probes, counters);
		if (tool->received == before &&
		    tool->received == counters[DWUNW_COUNT_EVENTS])
			quiet++;
		else
			quiet = 0;
	}
}

/* Events are read meanwhile. */
static void wait_for_names(struct tool *tool)
{
	while (!dwunw_naming_is_done(tool->naming))
		probes_read(&tool->probes, 5);
}

/* The event of its end comes before the thread is a zombie: looked at until it
 * is. */
static void see_leader(struct tool *tool)
{
	if (!tool->leader_ends || !dwunw_proc_leader_ended(tool->options.pid))
		return;
	tool->leader_ends = false;
	probes_leader_ended(&tool->probes);
	attach_again(tool);
}

static void run(struct tool *tool)
{
	uint64_t interval = tool->interval_ns;
	uint64_t next = dwunw_heap_now() + interval;
	struct pollfd target = { .events = POLLIN };
	uint32_t done = 0;

	target.fd = (int)syscall(SYS_pidfd_open, tool->options.pid, 0);
	probes_record(&tool->probes, true);
	fprintf(stderr, "recording pid %" PRId32 "\n", tool->options.pid);
	while (!interrupted() && poll(&target, 1, 0) == 0) {
		probes_read(&tool->probes, 50);
		see_leader(tool);
		if (dwunw_heap_now() < next)
			continue;
		next += interval;
		if (tool->new_program)
			attach_again(tool);
		if (tool->reports && ++done == tool->reports)
			break;
		wait_for_names(tool);
		report(tool);
	}
	probes_record(&tool->probes, false);
	read_last_events(tool);
	wait_for_names(tool);
	report(tool);
	if (poll(&target, 1, 0))
		printf("pid %d has ended\n", tool->options.pid);
	close(target.fd);
}

static void shut_down(struct tool *tool)
{
	dwunw_naming_end(tool->naming);
	probes_free(&tool->probes);
	dwunw_stacks_free(&tool->stacks);
	dwunw_symbol_resolver_shutdown(&tool->resolver);
	dwunw_symbol_resolver_shutdown(&tool->places);
	dwunw_shutdown(&tool->ctx);
}

int main(int argc, char **argv)
{
	static struct tool tool;
	int status = parse_options(&tool, argv);

	(void)argc;
	if (status >= 0)
		return streams_end("memleak_user", status);
	interrupt_watch();
	status = set_up(&tool);
	if (!status)
		run(&tool);
	shut_down(&tool);
	return streams_end("memleak_user", status);
}
