/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#define SAME_MS 500

static volatile sig_atomic_t seen;
static struct timespec first;

/* One Ctrl-C, or one kill, may come twice: timeout(1) sends the signal to the
 * program and then to its group, a shell hands on what the terminal has sent. */
static bool is_the_same(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - first.tv_sec) * 1000 +
		       (now.tv_nsec - first.tv_nsec) / 1000000 <
	       SAME_MS;
}

/* The second one is what it is by default: whatever hangs, it ends, and who
 * waits for it sees the signal. */
static void on_interrupt(int number)
{
	if (seen && is_the_same())
		return;
	if (seen) {
		signal(number, SIG_DFL);
		raise(number);
	}
	clock_gettime(CLOCK_MONOTONIC, &first);
	seen = 1;
}

void interrupt_watch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	/* what is under way goes on, but for waits (signal(7)) */
	struct sigaction action = { .sa_handler = on_interrupt,
				    .sa_flags = SA_RESTART };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] == SIGHUP && !sigaction(SIGHUP, NULL, &before) &&
		    before.sa_handler == SIG_IGN)
			continue;
		sigaction(numbers[i], &action, NULL);
	}
}

bool interrupted(void)
{
	return seen;
}
