/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * tools/stack.c - `dwunw stack`: every thread of a live process.
 */
#include "cmd.h"
#include "commands.h"
#include "help.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A live process and its threads. */
struct live {
	struct dwunw_context *ctx;
	struct dwunw_process *process;
	int32_t pid;
	int32_t *tids;
	size_t tid_count;
	size_t tid_room;
	bool printed; /* a stack */
};

static void locate(void *ctx, uint64_t pc, struct dwu_place *place)
{
	struct live *live = ctx;
	const struct dwunw_space *space = dwunw_process_space(live->process);
	const struct dwunw_mapping *map;

	map = space ? dwunw_space_find(space, pc) : NULL;
	if (map)
		snprintf(place->label, sizeof(place->label), "%s",
			 dwunw_process_path(live->process, map));
}

static bool add_tid(void *ctx, int32_t tid)
{
	struct live *live = ctx;

	if (live->tid_count == live->tid_room) {
		live->tid_room = live->tid_room ? 2 * live->tid_room : 64;
		live->tids = dwu_cmd_grow(live->tids, live->tid_room,
					  sizeof(*live->tids));
	}
	live->tids[live->tid_count++] = tid;
	return true;
}

static void say_why(const struct live *live, int32_t tid, dwunw_status_t status,
		    int error)
{
	const char *name = dwunw_status_text(status);
	char why[512];

	if (status == DWUNW_ERR_ATTACH_DENIED)
		dwunw_denied_text(tid, why, sizeof(why));
	else if (status == DWUNW_ERR_IO && error == ETIMEDOUT)
		snprintf(why, sizeof(why),
			 "it sleeps in the kernel, where "
			 "nothing interrupts it");
	else if (status == DWUNW_ERR_IO && error == EBUSY)
		snprintf(why, sizeof(why),
			 "the machine is too busy to look at it in time: a "
			 "larger --timeout helps");
	else if (status == DWUNW_ERR_UNSUPPORTED_ARCH)
		snprintf(why, sizeof(why),
			 "its registers are those of another instruction set "
			 "than this build's (a 32-bit program?)");
	else
		snprintf(why, sizeof(why), "%s",
			 status == DWUNW_ERR_IO && error ? strerror(error) :
							   name);
	dwu_cmd_error("thread %" PRId32 " of process %" PRId32
		      " cannot be unwound: %s",
		      tid, live->pid, why);
}

/* A thread that ends meanwhile is no error. */
static int print_thread(struct live *live, struct dwu_printer *printer,
			int32_t tid)
{
	struct dwunw_unwind_request request = { .pid = live->pid, .tid = tid };
	dwunw_status_t status;
	size_t count = 0;
	int error;

	errno = 0;
	status = dwu_printer_capture(printer, &request, &count);
	error = errno;
	if (!status) {
		dwu_printer_print(printer, tid, &request, count);
		live->printed = true;
		return CMD_OK;
	}
	printf("TID %" PRId32 ":\n", tid);
	if (status == DWUNW_ERR_IO && (error == ESRCH || error == ENOENT)) {
		printf("    has exited\n");
		return CMD_OK;
	}
	say_why(live, tid, status, error);
	return CMD_FAILED;
}

static int print_process(struct live *live, struct dwu_printer *printer)
{
	dwunw_status_t status;
	int code = CMD_OK;
	size_t i;

	errno = 0;
	status = dwunw_process_open(live->ctx, live->pid, &live->process);
	if (!status)
		status = dwunw_threads(live->pid, add_tid, live);
	if (status) {
		dwu_cmd_error_unless_logged("process %" PRId32 ": %s",
					    live->pid,
					    dwunw_status_text(status));
		return CMD_FAILED;
	}
	printer->pid = live->pid;
	printer->locate = locate;
	printer->locate_ctx = live;
	printf("PID %" PRId32 " - process\n", live->pid);
	for (i = 0; i < live->tid_count; i++)
		if (print_thread(live, printer, live->tids[i]))
			code = CMD_FAILED;
	if (live->printed || code)
		return code;
	dwu_cmd_error("process %" PRId32 ": has exited", live->pid);
	return CMD_FAILED;
}

static int print_live(struct dwunw_context *ctx, struct dwu_printer *printer,
		      int32_t pid)
{
	struct live live = { .ctx = ctx, .pid = pid };
	int code = print_process(&live, printer);

	free(live.tids);
	return code;
}

/* The command line. */
struct stack_options {
	struct dwu_cmd_files files; /* DWU_CMD_FILES_ROWS */
	struct dwu_core_options core;
	uint64_t timeout_ns; /* OPTION_MS */
	uint32_t pid;
	bool full_paths;
};

/* Of a live process; a core does not wait for anybody. */
static dwunw_status_t limit(const struct stack_options *options)
{
	const struct dwunw_limits limits = {
		.stop_ms = (uint32_t)(options->timeout_ns / 1000000),
		.read_ms = (uint32_t)(options->timeout_ns / 1000000),
	};

	return options->core.core ? DWUNW_OK : dwunw_limit(&limits);
}

static int run(const struct stack_options *options, int32_t pid)
{
	struct dwunw_config config = { .log = dwu_cmd_log,
				       .debug_dirs = options->files.debug_dirs,
				       .sysroot = options->files.sysroot,
				       .tables_max =
					       options->files.memory_max / 2 };
	struct dwunw_context ctx = { 0 };
	struct dwu_printer printer = { 0 };
	dwunw_status_t status;
	int code = CMD_FAILED;

	status = limit(options);
	if (!status)
		status = dwunw_init_with(&ctx, &config);
	if (!status)
		status = dwu_printer_init(&printer, &ctx);
	printer.full_paths = options->full_paths;
	if (status)
		dwu_cmd_error("cannot start: %s", dwunw_status_text(status));
	else if (options->core.core)
		code = dwu_core_print(&options->core, &printer);
	else
		code = print_live(&ctx, &printer, pid);
	dwu_printer_free(&printer);
	dwunw_shutdown(&ctx);
	dwunw_limit(NULL);
	return code;
}

static const struct option_row rows[] = {
	{ .name = "core",
	  .kind = OPTION_TEXT,
	  .to = offsetof(struct stack_options, core.core) },
	{ .name = "timeout",
	  .kind = OPTION_MS,
	  .to = offsetof(struct stack_options, timeout_ns),
	  .min = 1000000,
	  .max = 600000000000 },
	{ .name = "paths",
	  .kind = OPTION_FLAG,
	  .to = offsetof(struct stack_options, full_paths) },
	DWU_CMD_FILES_ROWS,
	{ .kind = OPTION_END },
};
static const struct option_row pid_row = {
	.name = "PID",
	.kind = OPTION_NUMBER,
	.to = offsetof(struct stack_options, pid),
	.min = 1,
	.max = INT32_MAX,
};
static const struct option_program program = {
	.name = "dwunw",
	.command = "stack",
	.help = HELP_OF(HELP_STACK_USAGE, HELP_STACK),
	.rows = rows,
};

static int parse(struct stack_options *options, char **argv)
{
	int count, status = option_parse(&program, options, argv, &count);

	if (status >= 0)
		return status;
	if (count > 1)
		return option_wrong(&program, "'%s' is one too many", argv[2]);
	if (!options->core.core) {
		if (!count)
			return option_wrong(&program, "which process?");
		if (!option_operand(&program, &pid_row, options, argv[1]))
			return CMD_USAGE;
		return run(options, (int32_t)options->pid);
	}
	options->core.exe = argv[1];
	/* a core's files are the sysroot's own */
	if (options->files.sysroot)
		options->core.sysroot = options->files.sysroot;
	options->files.sysroot = NULL;
	return run(options, 0);
}

int dwu_cmd_stack(int argc, char **argv)
{
	struct stack_options options = { .core.sysroot = "" };
	int code = parse(&options, argv);

	(void)argc;
	dwu_cmd_files_free(&options.files);
	return code;
}
