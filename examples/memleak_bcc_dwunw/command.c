/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * command.c - -c 'CMD ARGS': a program from its first allocation on, and all
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
 * Nothing else stops; signals are handed on.
 */
#include "tool.h"

#include <dwunw/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 256
/* System calls of a start-up at most: a program without an allocator. */
#define STEPS_MAX 4000u

/* 'a "b c" d\ e' to words, in place. -1: too many, or a quote is open. */
static int split(char *text, char **words)
{
	char *from = text, *to = text, quote = 0;
	int count = 0;

	for (;;) {
		while (*from == ' ' || *from == '\t' || *from == '\n')
			from++;
		if (!*from)
			break;
		if (count == WORDS - 1)
			return -1;
		words[count++] = to;
		for (; *from && (quote || !strchr(" \t\n", *from)); from++) {
			if (quote ? *from == quote :
				    *from == '\'' || *from == '"')
				quote = quote ? 0 : *from;
			else if (*from == '\\' && quote != '\'' && from[1])
				*to++ = *++from;
			else
				*to++ = *from;
		}
		if (quote)
			return -1;
		from += *from != 0;
		*to++ = 0;
	}
	words[count] = NULL;
	return count ? count : -1;
}

/* Waits until it is traced, then becomes the command. */
static void run_child(int go, char **words)
{
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(127);
	close(go);
	execvp(words[0], words);
	fprintf(stderr, TOOL ": %s: %s\n", words[0], strerror(errno));
	_exit(127);
}

int command_start(struct tool *tool)
{
	long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
		       PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD;
	char *words[WORDS], *text = strdup(tool->arguments.command);
	struct target *target;
	int go[2], error;
	pid_t pid;

	if (!text || split(text, words) < 0 || pipe(go)) {
		fprintf(stderr, TOOL ": -c: not a command\n");
		free(text);
		return 2;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return dwunw_permission_explain(TOOL, "fork", errno);
	if (!pid) {
		close(go[1]);
		run_child(go[0], words);
	}
	close(go[0]);
	free(text);
	tool->command_pid = pid;
	target = target_add(tool, pid);
	error = ptrace(PTRACE_SEIZE, pid, 0L, options) ? errno : 0;
	if (error || !target) {
		close(go[1]);
		return dwunw_permission_explain(TOOL, "ptrace", error);
	}
	/* what it does before the exec is ours, not the command's */
	target->exec_time_ns = UINT64_MAX;
	target->starting = true;
	error = write(go[1], "", 1) != 1;
	close(go[1]);
	return error;
}

/* A stop at which it may have an allocator at last. How to go on. */
static int look_for_allocator(struct tool *tool, struct target *target)
{
	if (target->starting && target->exec_time_ns != UINT64_MAX &&
	    !target_attach(tool, target))
		target->starting = false;
	if (target->refused)
		target->starting = false;
	if (target->starting && ++target->steps > STEPS_MAX) {
		fprintf(stderr, "note: pid %d starts without an allocator\n",
			target->pid);
		target->starting = false;
	}
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
static void on_child(struct tool *tool, pid_t parent, bool own_memory)
{
	unsigned long child = 0;
	struct target *target;

	ptrace(PTRACE_GETEVENTMSG, parent, 0L, &child);
	if (!child || is_thread((pid_t)child))
		return;
	target = target_add(tool, (int32_t)child);
	if (target && own_memory)
		target_attach(tool, target);
	/* if it has stopped already: it has been waiting for this */
	ptrace(PTRACE_CONT, (pid_t)child, 0L, 0L);
}

static int on_exec(struct tool *tool, pid_t pid)
{
	struct target *target = target_add(tool, pid);

	if (!target)
		return PTRACE_CONT;
	target->exec_time_ns = 0;
	target_exec(tool, target, now_ns());
	target->starting = true;
	target->steps = 0;
	return look_for_allocator(tool, target);
}

/* What to go on with; 0: it waits. */
static int on_event_stop(struct tool *tool, pid_t pid, int event, int signal)
{
	struct target *target;

	switch (event) {
	case PTRACE_EVENT_EXEC:
		return on_exec(tool, pid);
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_CLONE:
		on_child(tool, pid, true);
		break;
	case PTRACE_EVENT_VFORK:
		on_child(tool, pid, false);
		break;
	case PTRACE_EVENT_EXIT: /* its mappings are still to be read */
		if (target_find(tool, pid))
			dwunw_inbox_read_all(tool->inbox);
		wait_for_names(tool);
		break;
	case PTRACE_EVENT_STOP:
		if (signal != SIGTRAP)
			return PTRACE_LISTEN;
		if (!target_find(tool, pid) && !is_thread(pid))
			return 0;
		break;
	}
	target = target_find(tool, pid);
	return target && target->starting ? PTRACE_SYSCALL : PTRACE_CONT;
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

static void on_stop(struct tool *tool, pid_t pid, int status)
{
	struct target *target = target_find(tool, pid);
	int signal = WSTOPSIG(status), event = status >> 16;
	int go_on = target && target->starting ? PTRACE_SYSCALL : PTRACE_CONT;

	if (event) {
		go_on = on_event_stop(tool, pid, event, signal);
		signal = 0;
	} else if (signal == (SIGTRAP | 0x80)) {
		signal = 0;
		if (target)
			go_on = look_for_allocator(tool, target);
	}
	resume(pid, go_on, signal);
}

void command_read(struct tool *tool)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			on_stop(tool, pid, status);
			continue;
		}
		if (pid == tool->command_pid)
			tool->command_status = status;
	}
}
