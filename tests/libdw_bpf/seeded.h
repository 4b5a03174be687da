/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * seeded.h - put before port/linux/libdw_bpf.c, takes its locks away: what is
 * reported then is what they prevent.
 */
#include <pthread.h>

static inline int not_locked(pthread_mutex_t *lock)
{
	return lock ? 0 : 1;
}
#define pthread_mutex_lock not_locked
#define pthread_mutex_unlock not_locked
