/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Prints the stack of every thread of a process, one line each:
 *
 *	TID PC PC PC …
 *
 * With `live` as second argument it reads memory live, after the thread was
 * let go. With `hammer` it only stops and lets go, as long as there is one.
 */
#include <stdio.h>
#include <stdlib.h>

#include <dwunw/linux.h>

#define FRAMES 1024u

struct run {
	struct dwunw_context ctx;
	int32_t pid;
	bool live;
	bool failed;
};

static bool unwind(struct run *run, struct dwunw_stack_reader *reader,
		   const struct dwunw_regset *regs)
{
	static struct dwunw_frame frames[FRAMES];
	struct dwunw_unwind_request request = {
		.regs = regs,
		.frames = frames,
		.max_frames = FRAMES,
		.pid = run->pid,
		.read_memory = run->live ? NULL : dwunw_stack_reader_read,
		.memory_ctx = reader,
	};
	size_t count;
	dwunw_status_t status = dwunw_capture(&run->ctx, &request, &count);
	char text[512];

	if (status != DWUNW_OK) {
		fprintf(stderr, "%d: %s\n", (int)reader->tid,
			dwunw_status_name(status));
		return false;
	}
	printf("%d", (int)reader->tid);
	for (size_t i = 0; i < count; i++)
		printf(" %llx", (unsigned long long)frames[i].pc);
	printf("\n");
	if (request.stop.reason != DWUNW_STOP_ROOT)
		fprintf(stderr, "%d: %s\n", (int)reader->tid,
			dwunw_stop_text(&run->ctx, &request.stop, text,
					sizeof(text)));
	return true;
}

static bool visit(void *ctx, int32_t tid)
{
	struct dwunw_stack_reader reader;
	struct dwunw_regset regs;
	struct run *run = ctx;
	bool good;

	dwunw_stack_reader_init(&reader, run->pid, tid);
	if (dwunw_stack_reader_attach(&reader) != DWUNW_OK) {
		fprintf(stderr, "%d: not attached\n", (int)tid);
		run->failed = true;
		return true;
	}
	good = dwunw_stack_reader_regs(&reader, &regs) == DWUNW_OK;
	if (run->live)
		dwunw_stack_reader_detach(&reader);
	good = good && unwind(run, &reader, &regs);
	dwunw_stack_reader_detach(&reader);
	run->failed |= !good;
	return true;
}

static void hammer(int32_t pid)
{
	struct dwunw_stack_reader reader;
	unsigned count = 0;

	dwunw_stack_reader_init(&reader, pid, pid);
	while (dwunw_stack_reader_attach(&reader) == DWUNW_OK) {
		dwunw_stack_reader_detach(&reader);
		count++;
	}
	printf("%u\n", count);
}

int main(int argc, char **argv)
{
	struct run run = { .pid = argc > 1 ? atoi(argv[1]) : 0,
			   .live = argc > 2 };

	if (argc > 2 && argv[2][0] == 'h') {
		hammer(run.pid);
		return 0;
	}
	if (dwunw_init(&run.ctx) != DWUNW_OK ||
	    dwunw_threads(run.pid, visit, &run) != DWUNW_OK)
		run.failed = true;
	dwunw_shutdown(&run.ctx);
	return run.failed;
}
