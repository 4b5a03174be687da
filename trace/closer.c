/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A queue of descriptors and up to DWU_CLOSER_THREADS threads that close them:
 * closing a BPF link waits some 20 ms in the kernel, and many at a time wait
 * together.
 *
 * For example, detaching from a process with 60 probes: 60 x dwu_closer_add(),
 * then one dwu_closer_wait() of about 60 ms instead of 1.2 s.
 *
 * Threads are made when there is work for them and kept. On a kernel without
 * futexes there are none, and add() closes by itself.
 */
#include "closer.h"

#include <dwunw/linux.h>
#include <dwunw/trace.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

void dwu_closer_open(struct dwu_closer *closer)
{
	*closer = (struct dwu_closer){ .end = false };
	pthread_mutex_init(&closer->lock, NULL);
	pthread_cond_init(&closer->more, NULL);
	pthread_cond_init(&closer->done, NULL);
}

/* Under lock, but for the close. */
static void close_last(struct dwu_closer *closer)
{
	int fd = closer->fds[--closer->count];

	closer->busy++;
	pthread_mutex_unlock(&closer->lock);
	close(fd);
	pthread_mutex_lock(&closer->lock);
	closer->busy--;
	if (!closer->count && !closer->busy)
		pthread_cond_broadcast(&closer->done);
}

/* Ends when it is told to and nothing is left to close. */
static void *work(void *ctx)
{
	struct dwu_closer *closer = ctx;

	prctl(PR_SET_NAME, "closer");
	pthread_mutex_lock(&closer->lock);
	while (closer->count || !closer->end) {
		if (closer->count)
			close_last(closer);
		else
			pthread_cond_wait(&closer->more, &closer->lock);
	}
	pthread_mutex_unlock(&closer->lock);
	return NULL;
}

/* One more, if there is work for it. Signals are for the threads of before. */
static void need_thread(struct dwu_closer *closer)
{
	sigset_t all, old;

	if (closer->threads == DWU_CLOSER_THREADS ||
	    closer->threads >= closer->count + closer->busy ||
	    !dwunw_has_futex())
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	closer->threads += !pthread_create(&closer->thread[closer->threads],
					   NULL, work, closer);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* False: the caller closes. The array only grows; 4 bytes a descriptor. */
static bool queue(struct dwu_closer *closer, int fd)
{
	if (closer->count == closer->room) {
		uint32_t room = 2 * closer->room + 64;
		int *fds = realloc(closer->fds, room * sizeof(*fds));

		if (!fds)
			return false;
		closer->fds = fds;
		closer->room = room;
	}
	closer->fds[closer->count++] = fd;
	need_thread(closer);
	if (closer->threads)
		pthread_cond_signal(&closer->more);
	else
		closer->count--;
	return closer->threads;
}

void dwu_closer_add(struct dwu_closer *closer, int fd)
{
	bool queued;

	pthread_mutex_lock(&closer->lock);
	queued = queue(closer, fd);
	pthread_mutex_unlock(&closer->lock);
	if (!queued)
		close(fd);
}

/*
 * `busy` too: a descriptor that is being closed is in no queue any more, and
 * its probe may still be there.
 */
void dwu_closer_wait(struct dwu_closer *closer)
{
	pthread_mutex_lock(&closer->lock);
	while (closer->count || closer->busy)
		pthread_cond_wait(&closer->done, &closer->lock);
	pthread_mutex_unlock(&closer->lock);
}

void dwu_closer_end(struct dwu_closer *closer)
{
	dwu_closer_wait(closer);
	pthread_mutex_lock(&closer->lock);
	closer->end = true;
	pthread_cond_broadcast(&closer->more);
	pthread_mutex_unlock(&closer->lock);
	for (uint32_t i = 0; i < closer->threads; i++)
		pthread_join(closer->thread[i], NULL);
	pthread_mutex_destroy(&closer->lock);
	pthread_cond_destroy(&closer->more);
	pthread_cond_destroy(&closer->done);
	free(closer->fds);
}
