/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * closer.h - descriptors whose close(2) takes long, closed by threads.
 *
 * When a BPF link on a uprobe is closed the kernel waits until no CPU runs its
 * program any more: about 20 ms, for each link. Closes at the same time share
 * that wait, so several threads are faster than one, even on a single CPU.
 */
#ifndef DWU_CLOSER_H
#define DWU_CLOSER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define DWU_CLOSER_THREADS 24u

struct dwu_closer {
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_cond_t done;
	int *fds; /* under lock, as the rest */
	uint32_t count;
	uint32_t room;
	uint32_t busy; /* threads that are closing one */
	uint32_t threads;
	bool end;
	pthread_t thread[DWU_CLOSER_THREADS];
};

void dwu_closer_open(struct dwu_closer *closer);
/* Takes fd; where there are no threads and no memory it is closed here. */
void dwu_closer_add(struct dwu_closer *closer, int fd);
/* Until all of them are closed. */
void dwu_closer_wait(struct dwu_closer *closer);
/* The same, and the threads end. */
void dwu_closer_end(struct dwu_closer *closer);

#endif
