/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * command.c - a command: a program from its first allocation on, and all
 * that it starts.
 *
 * It is traced by ptrace(2), but for one purpose: to stop where a new program
 * or a new process has not run yet, so that probes are there before its first
 * allocation.
 *
 *   exec    then system call by system call, until a mapped file defines the
 *           allocator
 *   fork    the child stops before its first instruction
 *   exit    its last events are read while its mappings are there
 *
 * Nothing else stops; signals are handed on. Where several events are recorded, each
 * by a heap of its own, the first one traces, and at a stop all of them look.
 */
#include "recorder.h"

#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* System calls of a start-up at most: a program without an allocator. */
#define STEPS_MAX 4000u

/* Waits until it is traced, then becomes the command. */
static void run_child(int go, const struct dwunw_heap *heap)
{
	const struct dwunw_heap_config *config = &heap->config;
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(127);
	close(go);
	if (config->command_stdout > 0)
		dup2(config->command_stdout, STDOUT_FILENO);
	pthread_sigmask(SIG_SETMASK, &heap->signals, NULL);
	execvp(config->command[0], config->command);
	fprintf(stderr, "%s: %s: %s\n", config->tool, config->command[0],
		strerror(errno));
	_exit(127);
}

/* A stop of a process that is traced sends SIGCHLD, which is waited for: no thread
 * is to take it. */
static void child_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
}

void dwu_command_prepare(struct dwunw_heap *heap)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t child;

	child_set(&child);
	sigaction(SIGCHLD, &usual, NULL);
	pthread_sigmask(SIG_BLOCK, &child, &heap->signals);
	heap->signals_kept = true;
}

/* Who looks at reports only, a pipe for example, waits for it without a sign. */
static void say_unended(const struct dwunw_heap *heap)
{
	int status;

	if (heap->command_pid <= 0 || !heap->begun ||
	    waitpid(heap->command_pid, &status, WNOHANG | __WALL))
		return;
	fprintf(stderr,
		"note: %s, pid %" PRId32 ", has not ended; it goes on\n",
		heap->config.command[0], (int32_t)heap->command_pid);
}

void dwu_command_end(struct dwunw_heap *heap)
{
	say_unended(heap);
	if (heap->signals_kept)
		pthread_sigmask(SIG_SETMASK, &heap->signals, NULL);
}

void dwu_command_wait(int timeout_ms)
{
	struct timespec time = { .tv_nsec = timeout_ms * 1000000l };
	sigset_t child;

	child_set(&child);
	sigtimedwait(&child, NULL, &time);
}

int dwu_command_start(struct dwunw_heap *heap)
{
	long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
		       PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD;
	const char *tool = heap->config.tool;
	struct target *target;
	int go[2], error;
	pid_t pid;

	if (pipe(go))
		return dwunw_permission_explain(tool, "a pipe", errno);
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return dwunw_permission_explain(tool, "fork", errno);
	if (!pid) {
		close(go[1]);
		run_child(go[0], heap);
	}
	close(go[0]);
	heap->command_pid = pid;
	target = dwu_target_add(heap, pid);
	error = ptrace(PTRACE_SEIZE, pid, 0L, options) ? errno : 0;
	if (error || !target) {
		close(go[1]);
		return dwunw_permission_explain(tool, "ptrace", error);
	}
	/* what it does before the exec is ours, not the command's */
	target->exec_time_ns = UINT64_MAX;
	target->starting = true;
	error = write(go[1], "", 1) != 1;
	close(go[1]);
	return error;
}

int dwu_command_join(struct dwunw_heap *heap)
{
	struct dwunw_heap *first = heap->config.beside;
	struct target *target;

	heap->command_pid = first->command_pid;
	target = dwu_target_add(heap, heap->command_pid);
	if (!target)
		return dwunw_permission_explain(heap->config.tool, "a process",
						ENOMEM);
	target->exec_time_ns = UINT64_MAX;
	target->starting = true;
	heap->next = first->next;
	first->next = heap;
	return 0;
}

void dwu_command_leave(struct dwunw_heap *heap)
{
	struct dwunw_heap *at = heap->config.beside;

	while (at && at->next != heap)
		at = at->next;
	if (at)
		at->next = heap->next;
}

/* Has it mapped code since it was looked at? The kernel has told of a mapping when
 * the call that made it returns. */
static bool has_mapped(struct dwunw_heap *heap, struct target *target)
{
	uint32_t pid = (uint32_t)target->pid, generation = 0;
	bool mapped;

	if (heap->mappings_unseen)
		return true;
	if (heap->watch) {
		dwunw_map_watch_read(heap->watch);
		mapped = target->remapped;
		target->remapped = false;
		return mapped;
	}
	dwunw_bpf_map_get(dwu_map(heap, "dwunw_generations"), &pid,
			  &generation);
	mapped = generation != target->mapped;
	target->mapped = generation;
	return mapped;
}

/* A stop at which it may have an allocator at last. How to go on. */
static int look_for_allocator(struct dwunw_heap *heap, struct target *target,
			      bool mapped)
{
	if (mapped && target->starting && target->exec_time_ns != UINT64_MAX &&
	    !dwu_target_attach(heap, target))
		target->starting = false;
	if (target->refused)
		target->starting = false;
	if (target->starting && ++target->steps > STEPS_MAX) {
		fprintf(stderr, "note: pid %d starts without %s\n", target->pid,
			heap->counted.kind ? heap->counted.text :
					     "an allocator");
		target->starting = false;
	}
	heap->begun |= !target->starting;
	return target->starting ? PTRACE_SYSCALL : PTRACE_CONT;
}

/* Of a thread that is not its process's first. */
static bool is_thread(pid_t tid)
{
	int32_t tgid = dwunw_proc_of_thread(tid);

	return tgid && tgid != tid;
}

/* It has not run yet, and does so only when it has probes; a child of vfork
 * runs in its parent's memory, where they are. */
static void on_child(struct dwunw_heap *heap, pid_t parent, bool own_memory)
{
	unsigned long child = 0;
	struct target *target;

	ptrace(PTRACE_GETEVENTMSG, parent, 0L, &child);
	if (!child || is_thread((pid_t)child))
		return;
	for (; heap; heap = heap->next) {
		target = dwu_target_add(heap, (int32_t)child);
		if (target && own_memory)
			dwu_target_attach(heap, target);
	}
	/* if it has stopped already: it has been waiting for this */
	ptrace(PTRACE_CONT, (pid_t)child, 0L, 0L);
}

/* before: what its number was, if another thread's than the first. */
static int on_exec_of(struct dwunw_heap *heap, pid_t pid, unsigned long before)
{
	struct target *target = dwu_target_add(heap, pid);

	if (!target)
		return PTRACE_CONT;
	heap->command_ran = true;
	target->exec_time_ns = 0;
	if (!heap->recording) {
		heap->recording = true;
		dwu_set_switch(heap);
	}
	target->leader_execs = before == (unsigned long)pid;
	dwu_target_exec(heap, target, dwunw_heap_now());
	target->starting = true;
	target->steps = 0;
	return look_for_allocator(heap, target, true);
}

static int on_exec(struct dwunw_heap *heap, pid_t pid)
{
	unsigned long before = 0;
	int go_on = PTRACE_CONT;

	ptrace(PTRACE_GETEVENTMSG, pid, 0L, &before);
	for (; heap; heap = heap->next)
		if (on_exec_of(heap, pid, before) == PTRACE_SYSCALL)
			go_on = PTRACE_SYSCALL;
	return go_on;
}

/* Often there is nothing that the reading thread would have to be waited for. */
static bool has_read_all(struct dwunw_heap *heap)
{
	dwu_read(heap, 0);
	return heap->statistics.received ==
	       dwu_map_counter(heap, DWUNW_COUNT_EVENTS);
}

/* Its mappings are still to be read. */
static void on_exit_stop(struct dwunw_heap *heap, pid_t pid)
{
	for (; heap; heap = heap->next) {
		if (dwu_target_find(heap, pid) && !has_read_all(heap))
			dwu_read_all(heap);
		dwu_wait_for_names(heap);
	}
}

/* Does one look for its allocator, or its function, at each system call? */
static bool is_starting(struct dwunw_heap *heap, pid_t pid)
{
	const struct target *target = NULL;

	for (; heap && !(target && target->starting); heap = heap->next)
		target = dwu_target_find(heap, pid);
	return target && target->starting;
}

/* At a system call. How to go on. */
static int on_call(struct dwunw_heap *heap, pid_t pid)
{
	int go_on = PTRACE_CONT;

	for (; heap; heap = heap->next) {
		struct target *target = dwu_target_find(heap, pid);

		if (target && look_for_allocator(heap, target,
						 has_mapped(heap, target)) ==
				      PTRACE_SYSCALL)
			go_on = PTRACE_SYSCALL;
	}
	return go_on;
}

/* What to go on with; 0: it waits. */
static int on_event_stop(struct dwunw_heap *heap, pid_t pid, int event,
			 int signal)
{
	switch (event) {
	case PTRACE_EVENT_EXEC:
		return on_exec(heap, pid);
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_CLONE:
		on_child(heap, pid, true);
		break;
	case PTRACE_EVENT_VFORK:
		on_child(heap, pid, false);
		break;
	case PTRACE_EVENT_EXIT:
		on_exit_stop(heap, pid);
		break;
	case PTRACE_EVENT_STOP:
		if (signal != SIGTRAP)
			return PTRACE_LISTEN;
		if (!dwu_target_find(heap, pid) && !is_thread(pid))
			return 0;
		break;
	}
	return is_starting(heap, pid) ? PTRACE_SYSCALL : PTRACE_CONT;
}

/* The request's type is glibc's own enum, or musl's int. */
static void resume(pid_t pid, int how, long signal)
{
	switch (how) {
	case PTRACE_CONT:
		ptrace(PTRACE_CONT, pid, 0L, signal);
		break;
	case PTRACE_SYSCALL:
		ptrace(PTRACE_SYSCALL, pid, 0L, signal);
		break;
	case PTRACE_LISTEN:
		ptrace(PTRACE_LISTEN, pid, 0L, 0L);
		break;
	}
}

static void on_stop(struct dwunw_heap *heap, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	int go_on = is_starting(heap, pid) ? PTRACE_SYSCALL : PTRACE_CONT;

	if (event) {
		go_on = on_event_stop(heap, pid, event, signal);
		signal = 0;
	} else if (signal == (SIGTRAP | 0x80)) {
		signal = 0;
		go_on = on_call(heap, pid);
	}
	resume(pid, go_on, signal);
}

void dwu_command_read(struct dwunw_heap *heap)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			on_stop(heap, pid, status);
			continue;
		}
		if (pid == heap->command_pid)
			heap->command_status = status;
	}
}
