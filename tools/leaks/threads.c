/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * threads.c - see threads.h. PTRACE_SEIZE and PTRACE_INTERRUPT: no signal is sent,
 * and when we end, for whatever reason, the kernel lets all of them go.
 */
#include "threads.h"

#include <dwunw/linux.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif
#define NAP_NS 50000

uint64_t threads_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool threads_is_stop(int status)
{
	return status >> 16 == PTRACE_EVENT_STOP;
}

int threads_wait(int32_t tid, uint32_t ms)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t end = threads_now_ms() + ms;
	int status;
	pid_t got;

	for (;;) {
		got = waitpid(tid, &status, __WALL | WNOHANG);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			return WIFSTOPPED(status) ? status : -1;
		if (threads_now_ms() > end)
			return 0;
		nanosleep(&nap, NULL);
	}
}

static struct thread *find(struct threads *threads, int32_t tid)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->at[i].tid == tid)
			return &threads->at[i];
	return NULL;
}

static bool grow(struct threads *threads)
{
	size_t room = threads->room ? 2 * threads->room : 64;
	struct thread *more;

	if (threads->count < threads->room)
		return true;
	more = realloc(threads->at, room * sizeof(*more));
	if (!more)
		return false;
	threads->at = more;
	threads->room = room;
	return true;
}

/* What has ended and is not reaped, as a process's first thread may be, is refused
 * like what is protected. */
static bool is_dead(int32_t pid, int32_t tid)
{
	char path[64], text[512];
	const char *state = NULL;
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/task/%" PRId32 "/stat",
		 pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = 0;
	state = strrchr(text, ')');
	return got <= 0 || !state || state[2] == 'Z' || state[2] == 'X';
}

/* One that has ended since is no error. */
static bool seize(struct threads *threads, int32_t tid)
{
	if (!grow(threads)) {
		threads->error = ENOMEM;
		return false;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL)) {
		bool dead = errno == ESRCH || is_dead(threads->pid, tid);

		threads->error = dead ? 0 : EPERM;
		threads->error_tid = tid;
		return dead;
	}
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	threads->at[threads->count++] = (struct thread){ .tid = tid };
	return true;
}

static bool visit(void *ctx, int32_t tid)
{
	return find(ctx, tid) || seize(ctx, tid);
}

/* Signals that come before are the thread's. */
static bool stop(struct threads *threads, struct thread *thread, uint64_t end)
{
	uint64_t now;
	int status;

	while (!thread->stopped && !thread->gone) {
		now = threads_now_ms();
		status = threads_wait(thread->tid,
				      now < end ? (uint32_t)(end - now) : 0);
		if (!status) {
			threads->error = ETIMEDOUT;
			threads->error_tid = thread->tid;
			return false;
		}
		thread->gone = status < 0;
		thread->stopped = !thread->gone && threads_is_stop(status);
		if (!thread->gone && !thread->stopped)
			ptrace(PTRACE_CONT, thread->tid, NULL,
			       (void *)(long)WSTOPSIG(status));
	}
	return true;
}

bool threads_stop(struct threads *threads, uint32_t ms)
{
	uint64_t end = threads_now_ms() + ms;
	size_t before;

	threads->error = 0;
	do {
		before = threads->count;
		if (dwunw_threads(threads->pid, visit, threads) != DWUNW_OK) {
			threads->error = ESRCH;
			threads->error_tid = threads->pid;
		}
		if (threads->error)
			return false;
		for (size_t i = 0; i < threads->count; i++)
			if (!stop(threads, &threads->at[i], end))
				return false;
	} while (threads->count != before);
	return true;
}

void threads_go(struct threads *threads, int32_t keep)
{
	size_t left = 0;

	for (size_t i = 0; i < threads->count; i++) {
		struct thread *thread = &threads->at[i];

		if (thread->tid == keep)
			continue;
		if (thread->stopped)
			ptrace(PTRACE_DETACH, thread->tid, NULL, NULL);
		else if (!thread->gone)
			threads->at[left++] = *thread;
	}
	threads->count = left;
}

/* One that has not stopped yet is let go by our end. */
void threads_free(struct threads *threads)
{
	threads_go(threads, 0);
	free(threads->at);
	*threads = (struct threads){ .pid = threads->pid };
}
