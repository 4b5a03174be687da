/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* tool.c - see tool.h. */
#include "tool.h"

#include "interrupt.h"
#include "option.h"
#include "streams.h"
#include "unwind_ctx.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_MS 200

/* --- arguments -------------------------------------------------------------- */

#define AT(field) offsetof(struct tool, field)
static const struct option_row rows[] = {
	{ .name = "regs",
	  .kind = OPTION_CHOICE,
	  .to = AT(regs),
	  .allowed = "helper|stack" },
	{ .kind = OPTION_END },
};
static const struct option_row operand_rows[] = {
	{ .name = "TGID",
	  .kind = OPTION_NUMBER,
	  .to = AT(tgid),
	  .min = 1,
	  .max = INT32_MAX },
	{ .name = "TID",
	  .kind = OPTION_NUMBER,
	  .to = AT(tid),
	  .max = INT32_MAX },
	{ .name = "DEPTH",
	  .kind = OPTION_NUMBER,
	  .to = AT(max_depth),
	  .min = 1,
	  .max = TOOL_DEPTH_MAX },
};

static int take_operands(struct tool *tool,
			 const struct option_program *program, char **argv,
			 unsigned count, unsigned operand_count)
{
	if (count < 2 + operand_count)
		return option_wrong(program, "too few operands");
	if (count > 3 + operand_count)
		return option_wrong(program, "'%s' is one too many",
				    argv[3 + operand_count]);
	if (!option_operand(program, &operand_rows[0], tool, argv[0]) ||
	    !option_operand(program, &operand_rows[1], tool, argv[1]))
		return OPTION_WRONG;
	for (unsigned i = 0; i < operand_count; i++)
		tool->operands[i] = argv[2 + i];
	if (count == 3 + operand_count &&
	    !option_operand(program, &operand_rows[2], tool,
			    argv[2 + operand_count]))
		return OPTION_WRONG;
	return -1;
}

int tool_arguments(struct tool *tool, char **argv, unsigned operand_count,
		   const char *operands)
{
	struct option_program program = { .name = tool->name, .rows = rows };
	int count, status;
	char usage[512];

	snprintf(usage, sizeof(usage),
		 "usage: %s [--regs=helper|stack] TGID TID %s%s[DEPTH]\n"
		 "       -h, --help, -V, --version\n"
		 "TID 0: every thread. Children are followed. SIGINT ends it.\n"
		 "DEPTH: frames of a stack, at most %d (127).\n"
		 "--regs: registers by the kernel's helper, or from where its "
		 "stack has them.\n",
		 tool->name, operands, *operands ? " " : "", TOOL_DEPTH_MAX);
	program.help = usage;
	tool->max_depth = 127;
	status = option_parse(&program, tool, argv, &count);
	if (status < 0)
		status = take_operands(tool, &program, argv + 1,
				       (unsigned)count, operand_count);
	return status;
}

/* --- the object ------------------------------------------------------------- */

static int quiet(enum libbpf_print_level level, const char *format,
		 va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format,
			  va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Events carry this tool's numbers; children are followed by the programs. */
static int set_capture(struct tool *tool)
{
	struct dwunw_capture_options capture = {
		.stack_cap = DWUNW_CAPTURE_STACK_CAP,
		.slots = DWUNW_CAPTURE_SLOTS,
		.namespace_dev = tool->namespace.dev,
		.namespace_ino = tool->namespace.ino,
		.follow = DWUNW_FOLLOW_CHILDREN,
	};
	struct bpf_map *map = bpf_object__find_map_by_name(
		tool->object, DWUNW_CAPTURE_OPTIONS_MAP);

	return map ? bpf_map__set_initial_value(map, &capture,
						sizeof(capture)) :
		     -ENOENT;
}

/* 0 or a negative errno. */
static int load(struct tool *tool, const void *object, size_t size,
		uint32_t regs)
{
	struct unwind_options options = { .tid = (uint32_t)tool->tid,
					  .regs = regs };
	struct bpf_object_open_opts open = { .sz = sizeof(open),
					     .object_name = "libdw_bpf" };
	struct bpf_map *map;
	int error;

	if (tool->tid && tool->namespace.ino)
		options.tid =
			(uint32_t)dwunw_pidns_inner_tid(tool->tgid, tool->tid);
	tool->object = bpf_object__open_mem(object, size, &open);
	if (!tool->object)
		return -errno;
	map = bpf_object__find_map_by_name(tool->object, UNWIND_OPTIONS_MAP);
	error = map ? bpf_map__set_initial_value(map, &options,
						 sizeof(options)) :
		      -ENOENT;
	if (!error)
		error = set_capture(tool);
	if (!error)
		error = bpf_object__load(tool->object);
	if (!error)
		return 0;
	bpf_object__close(tool->object);
	tool->object = NULL;
	return error;
}

/* What a kernel without the helper says of it is expected, and not shown. */
static int load_either(struct tool *tool, const void *object, size_t size)
{
	int error = -ENOTSUP;

	libbpf_set_print(quiet);
	if (tool->regs != TOOL_REGS_STACK)
		error = load(tool, object, size, UNWIND_REGS_HELPER);
	libbpf_set_print(print_warnings);
	if (error)
		error = load(tool, object, size, UNWIND_REGS_STACK);
	return error;
}

static int map_fd(const struct tool *tool, const char *name)
{
	return bpf_object__find_map_fd_by_name(tool->object, name);
}

static void follow(struct tool *tool, uint32_t tgid)
{
	const uint32_t generation = 1;
	uint32_t known;

	if (!dwunw_bpf_map_get(map_fd(tool, "dwunw_generations"), &tgid,
			       &known))
		return;
	if (tool->namespace.ino)
		dwunw_pidns_enter(map_fd(tool, "dwunw_namespaces"),
				  map_fd(tool, "dwunw_inner"), (int32_t)tgid);
	dwunw_bpf_map_set(map_fd(tool, "dwunw_generations"), &tgid,
			  &generation);
}

int tool_keep(struct tool *tool, struct bpf_link *link, const char *what)
{
	size_t room = sizeof(tool->links) / sizeof(tool->links[0]);

	if (!link)
		return dwunw_permission_explain(tool->name, what, errno);
	if (tool->link_count == room) {
		bpf_link__destroy(link);
		return dwunw_permission_explain(tool->name, what, ENOSPC);
	}
	tool->links[tool->link_count++] = link;
	return 0;
}

/* libbpf itself finds an event only where tracefs or sysfs is mounted. */
static struct bpf_link *attach_event(struct bpf_program *program, int fd)
{
	struct bpf_link *link;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	link = bpf_program__attach_perf_event(program, fd);
	if (!link)
		close(fd);
	return link;
}

struct bpf_link *tool_event(struct tool *tool, const char *name, int fd)
{
	struct bpf_program *program;

	program = bpf_object__find_program_by_name(tool->object, name);
	if (program)
		return attach_event(program, fd);
	if (fd >= 0)
		close(fd);
	errno = ENOENT;
	return NULL;
}

static int attach_tracepoints(struct tool *tool)
{
	static const char prefix[] = "tracepoint/";
	struct bpf_program *program;

	bpf_object__for_each_program(program, tool->object)
	{
		const char *section = bpf_program__section_name(program);
		const char *event = section + sizeof(prefix) - 1;
		int error;

		if (strncmp(section, prefix, sizeof(prefix) - 1))
			continue;
		error = tool_keep(tool,
				  attach_event(program,
					       dwunw_tracepoint_open(event)),
				  event);
		if (error)
			return error;
	}
	return 0;
}

static void print_log(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "note: %s\n", line);
}

int tool_open(struct tool *tool, const void *object, size_t size)
{
	const struct dwunw_limits limits = { 0 };
	int error = dwunw_pidns_own(&tool->namespace);

	if (error)
		return dwunw_pidns_explain(tool->name, error);
	if (dwunw_limit(&limits) != DWUNW_OK)
		return dwunw_permission_explain(tool->name, "starting a helper",
						errno);
	error = load_either(tool, object, size);
	if (error)
		return dwunw_permission_explain(
			tool->name, "loading the BPF programs", -error);
	tool->machine = machine__new();
	if (tool->machine)
		machine__context(tool->machine)->config.log = print_log;
	if (!tool->machine ||
	    dwunw_symbol_resolver_init(&tool->symbols, NULL) != DWUNW_OK)
		return dwunw_permission_explain(tool->name, "starting", ENOMEM);
	error = bpf_unwind_ctx__thread_map(tool->machine, tool->tgid,
					   tool->tid);
	if (error) {
		fprintf(stderr, "%s: process %d: %s\n", tool->name,
			(int)tool->tgid,
			kill(tool->tgid, 0) && errno == ESRCH ?
				"no such process" :
				dwunw_status_text((dwunw_status_t)error));
		return EXIT_FAILURE;
	}
	interrupt_watch();
	follow(tool, (uint32_t)tool->tgid);
	return attach_tracepoints(tool);
}

/* --- stacks ----------------------------------------------------------------- */

static void follow_one(void *ctx, int32_t child)
{
	follow(ctx, (uint32_t)child);
}

/*
 * A FORK record's cookie is the new task: a process, unless it is a thread. The
 * programs have followed it since it began, but for one in another namespace
 * further in than this tool's: 0.
 */
static void follow_child(struct tool *tool, const void *bytes)
{
	const struct dwunw_event_header *header = bytes;
	uint32_t born = (uint32_t)header->cookie;
	char path[64];

	if (!born) {
		dwunw_pidns_children(
			(int32_t)header->pid,
			dwunw_pidns_outer_tid((int32_t)header->pid,
					      (int32_t)header->tid),
			follow_one, tool);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task/%" PRIu32,
		 header->pid, born);
	if (access(path, F_OK))
		follow(tool, born);
	else
		dwunw_bpf_map_remove(map_fd(tool, "dwunw_born"), &born);
}

void tool_resolve(struct tool *tool, const void *bytes, size_t size,
		  struct tool_stack *stack)
{
	stack->uc = (struct unwind_ctx){ .data = bytes, .size = size };
	stack->st = (struct stacktrace){
		.max_depth = tool->max_depth,
		.ips = stack->ips,
		.frames = stack->frames,
	};
	stack->status = bpf_unwind_ctx__resolve_callchain(
		&stack->st, tool->machine, &stack->uc);
	if (!stack->status && stack->uc.kind == DWUNW_EVENT_FORK)
		follow_child(tool, bytes);
}

/* The ip as the file has it is where its symbol is looked for. */
static void print_frame(struct tool *tool, const struct tool_stack *stack,
			int index)
{
	struct dwunw_context *ctx = machine__context(tool->machine);
	const struct dwunw_frame *frame = &stack->frames[index];
	const char *label = dwunw_module_label(ctx, frame->module);
	struct dwunw_symbol_info info = { 0 };
	char how[32];

	dwunw_symbol_frame(&tool->symbols, ctx, (int32_t)stack->uc.tgid, frame,
			   &info);
	info.offset -= frame->pc - stack->ips[index];
	printf("\t#%-2d 0x%012" PRIx64 " %s", index, stack->ips[index],
	       info.function ? info.function : "?");
	if (info.function)
		printf("+0x%" PRIx64, info.offset);
	if (label) {
		const char *slash = strrchr(label, '/');

		fputs(" [", stdout);
		put_name(stdout, slash ? slash + 1 : label);
		putchar(']');
	}
	if (dwunw_frame_text(frame, how, sizeof(how))[0])
		printf(" (%s)", how);
	putchar('\n');
}

static void print_end(struct tool *tool, const struct tool_stack *stack)
{
	const struct dwunw_stop *stop = &stack->st.stop;
	char text[512];

	switch (stop->reason) {
	case DWUNW_STOP_ROOT:
		tool->whole++;
		return;
	case DWUNW_STOP_CONTEXT:
		tool->whole++;
		break;
	case DWUNW_STOP_LIMIT:
		tool->cut++;
		printf("\tends here: DEPTH\n");
		return;
	default:
		break;
	}
	printf("\tends here: %s\n",
	       dwunw_stop_text(machine__context(tool->machine), stop, text,
			       sizeof(text)));
}

void tool_print(struct tool *tool, const struct tool_stack *stack)
{
	const struct unwind_ctx *uc = &stack->uc;

	if (stack->status) {
		tool->received++;
		tool->not_unwound++;
		fprintf(stderr, "%s: process %" PRIu32 ": %s\n", tool->name,
			uc->tgid,
			dwunw_status_text((dwunw_status_t)stack->status));
		return;
	}
	if (uc->kind != DWUNW_EVENT_STACK)
		return;
	tool->received++;
	printf("%s %" PRIu32 "/%" PRIu32 " %" PRIu64 ".%06" PRIu64 "\n",
	       uc->name, uc->tgid, uc->tid, uc->ts / 1000000000,
	       uc->ts / 1000 % 1000000);
	for (int i = 0; i < stack->st.depth; i++)
		print_frame(tool, stack, i);
	print_end(tool, stack);
	fflush(stdout);
}

/* --- reading ---------------------------------------------------------------- */

int tool_read(struct tool *tool, ring_buffer_sample_fn on_record, void *ctx)
{
	struct ring_buffer *ring;
	int result = 0;

	ring = ring_buffer__new(map_fd(tool, "dwunw_events"), on_record, ctx,
				NULL);
	if (!ring)
		return dwunw_permission_explain(tool->name, "the ring buffer",
						errno);
	fprintf(stderr, "%s: ready\n", tool->name);
	while (!interrupted() && (result >= 0 || result == -EINTR))
		result = ring_buffer__poll(ring, POLL_MS);
	ring_buffer__free(ring);
	if (result >= 0 || result == -EINTR)
		return 0;
	return dwunw_permission_explain(tool->name, "the ring buffer", -result);
}

static int on_record(void *ctx, void *bytes, size_t size)
{
	static struct tool_stack stack;
	struct tool *tool = ctx;

	tool_resolve(tool, bytes, size, &stack);
	tool_print(tool, &stack);
	return 0;
}

int tool_run(struct tool *tool)
{
	return tool_read(tool, on_record, tool);
}

static uint64_t counter(const struct tool *tool, uint32_t index)
{
	uint64_t value = 0;

	dwunw_bpf_map_get(map_fd(tool, "dwunw_counters"), &index, &value);
	return value;
}

static void print_counts(const struct tool *tool)
{
	int error = 0;

	if (dwunw_shortages(&error))
		printf("%s, %" PRIu32
		       " times: names or frames may be missing\n",
		       strerror(error), dwunw_shortages(NULL));
	printf("stacks %" PRIu64 ", whole %" PRIu64 ", cut by DEPTH %" PRIu64
	       ", not unwound %" PRIu64 "\n",
	       tool->received, tool->whole, tool->cut, tool->not_unwound);
	printf("lost %" PRIu64 " (no scratch slot %" PRIu64
	       ", buffer full %" PRIu64 ", no registers %" PRIu64 ")\n",
	       counter(tool, DWUNW_COUNT_CALLS) -
		       counter(tool, DWUNW_COUNT_EVENTS),
	       counter(tool, DWUNW_COUNT_DROP_SLOT),
	       counter(tool, DWUNW_COUNT_DROP_BUFFER),
	       counter(tool, DWUNW_COUNT_DROP_TOOL));
}

void tool_close(struct tool *tool)
{
	while (tool->link_count)
		bpf_link__destroy(tool->links[--tool->link_count]);
	if (tool->object && tool->machine)
		print_counts(tool);
	bpf_object__close(tool->object);
	dwunw_symbol_resolver_shutdown(&tool->symbols);
	machine__delete(tool->machine);
}
