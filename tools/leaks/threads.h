/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* threads.h - all threads of a process, stopped by ptrace(2) and let go. */
#ifndef DWUNW_TOOLS_LEAKS_THREADS_H
#define DWUNW_TOOLS_LEAKS_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread {
	int32_t tid;
	bool stopped; /* else it is seized, and will be */
	bool gone;
};
struct threads {
	int32_t pid;
	struct thread *at;
	size_t count;
	size_t room;
	int error; /* why a thread cannot be stopped: an errno */
	int32_t error_tid;
};

/*
 * All that there are, and that they start meanwhile, within so many milliseconds.
 * False: some are not, as `error` says (ETIMEDOUT: it sleeps in the kernel, where
 * nothing interrupts it); threads_go() then as well.
 */
bool threads_stop(struct threads *threads, uint32_t ms);
/* All that are stopped but `keep` (0: none) go on as if nothing had been. */
void threads_go(struct threads *threads, int32_t keep);
void threads_free(struct threads *threads);

/* The next stop of a thread that is traced, as wait(2) has it. 0: none in so many
 * milliseconds; -1: it has ended. */
int threads_wait(int32_t tid, uint32_t ms);
/* Is that the stop that PTRACE_INTERRUPT makes, or one of the whole process? */
bool threads_is_stop(int status);
uint64_t threads_now_ms(void);

#endif
