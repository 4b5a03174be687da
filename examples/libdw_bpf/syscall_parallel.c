/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * syscall_parallel TGID TID NAME [DEPTH] - as syscall, with one thread that
 * empties the ring buffer and four that unwind, all by one machine.
 *
 * A record is copied before it waits: its bytes in the ring buffer are the
 * kernel's again when the callback returns. One that tells of a fork, an exec
 * or an exit is taken when nothing from before it is left.
 */
#include "attach_syscall.h"
#include "object.h"
#include "streams.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define QUEUE 1024

struct dwu_record {
	void *bytes;
	size_t size;
};

static struct parallel {
	struct tool tool;
	pthread_mutex_t lock;
	pthread_mutex_t print_lock;
	pthread_cond_t more;
	pthread_cond_t less;
	struct dwu_record queue[QUEUE];
	unsigned first, count; /* in the queue */
	unsigned busy;	       /* being unwound */
	bool done;
	uint64_t no_memory;
} parallel = {
	.tool = { .name = "syscall_parallel" },
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.print_lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
	.less = PTHREAD_COND_INITIALIZER,
};

/* False: there is no more, and will not be. */
static bool take(struct dwu_record *record)
{
	pthread_mutex_lock(&parallel.lock);
	while (!parallel.count && !parallel.done)
		pthread_cond_wait(&parallel.more, &parallel.lock);
	if (!parallel.count) {
		pthread_mutex_unlock(&parallel.lock);
		return false;
	}
	*record = parallel.queue[parallel.first++ % QUEUE];
	parallel.count--;
	parallel.busy++;
	pthread_mutex_unlock(&parallel.lock);
	return true;
}

static void finish(void)
{
	pthread_mutex_lock(&parallel.lock);
	parallel.busy--;
	pthread_cond_signal(&parallel.less);
	pthread_mutex_unlock(&parallel.lock);
}

static void *work(void *own)
{
	struct tool_stack *stack = own;
	struct dwu_record record;

	while (take(&record)) {
		tool_resolve(&parallel.tool, record.bytes, record.size, stack);
		pthread_mutex_lock(&parallel.print_lock);
		tool_print(&parallel.tool, stack);
		pthread_mutex_unlock(&parallel.print_lock);
		free(record.bytes);
		finish();
	}
	return NULL;
}

static bool is_stack(const void *bytes)
{
	const struct dwunw_event_header *header = bytes;

	return header->kind == DWUNW_EVENT_STACK;
}

/* Waits for a place; `all`: until everything has been unwound. */
static void wait_for_place(bool all)
{
	while (all ? parallel.count || parallel.busy : parallel.count == QUEUE)
		pthread_cond_wait(&parallel.less, &parallel.lock);
}

static void put(struct dwu_record record)
{
	pthread_mutex_lock(&parallel.lock);
	wait_for_place(false);
	parallel.queue[(parallel.first + parallel.count++) % QUEUE] = record;
	pthread_cond_signal(&parallel.more);
	pthread_mutex_unlock(&parallel.lock);
}

static int on_record(void *ctx, void *bytes, size_t size)
{
	static struct tool_stack change;
	struct dwu_record record = { malloc(size), size };

	(void)ctx;
	if (!record.bytes) {
		parallel.no_memory++;
		return 0;
	}
	memcpy(record.bytes, bytes, size);
	if (is_stack(record.bytes)) {
		put(record);
		return 0;
	}
	pthread_mutex_lock(&parallel.lock);
	wait_for_place(true);
	pthread_mutex_unlock(&parallel.lock);
	tool_resolve(&parallel.tool, record.bytes, size, &change);
	free(record.bytes);
	return 0;
}

static int run(void)
{
	static struct tool_stack stacks[THREADS];
	pthread_t threads[THREADS];
	unsigned count = 0;
	int status;

	while (count < THREADS &&
	       !pthread_create(&threads[count], NULL, work, &stacks[count]))
		count++;
	if (!count) {
		fprintf(stderr, "%s: no thread\n", parallel.tool.name);
		return EXIT_FAILURE;
	}
	status = tool_read(&parallel.tool, on_record, NULL);
	pthread_mutex_lock(&parallel.lock);
	parallel.done = true;
	pthread_cond_broadcast(&parallel.more);
	pthread_mutex_unlock(&parallel.lock);
	while (count)
		pthread_join(threads[--count], NULL);
	if (parallel.no_memory)
		fprintf(stderr, "%s: no memory for %llu records\n",
			parallel.tool.name,
			(unsigned long long)parallel.no_memory);
	return status;
}

int main(int argc, char **argv)
{
	struct tool *tool = &parallel.tool;
	int status = tool_arguments(tool, argv, 1, "NAME");

	(void)argc;
	if (status >= 0)
		return streams_end(tool->name, status);
	status = tool_open(tool, bpf_object_start, bpf_object_size());
	if (!status)
		status = attach_syscall(tool, tool->operands[0]);
	if (!status)
		status = run();
	tool_close(tool);
	return streams_end(tool->name, status);
}
